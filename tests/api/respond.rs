//! Who can talk and who can come: named before any place.
use super::bed::problems;
use super::team::{busy, says, told, with};
use crate::house::{Answer, Db, House};
use serde_json::{Value, json};

on_both!(a_search_begins_with_who_can_talk_and_who_can_come, a_line_says_when_it_is_open_and_whom_it_is_for,);

pub(super) const SEARCH: &str = "query($need: NeedInput!, $county: String, $first: Int, $after: Cursor) {
    bedSearch(need: $need, inCounty: $county, first: $first, after: $after) {
        talkNow { service { id name } directLine textLine openUntil fit reasons { criterion fit says } }
        canCome { team { id label status freeInMinutes } fit reasons { criterion fit says } }
        edges { cursor } asOf { cursor } pageInfo { hasNextPage } } }";
const SERVICE: &str =
    "mutation($input: SaveServiceInput!) { saveService(input: $input) { service { id directLine textLine openNow
    youthCapable hours { aroundTheClock open { weekday from to } } } problems { code } } }";

fn reason<'a>(answer: &'a Value, criterion: &str) -> Option<&'a str> {
    let reasons = answer["reasons"].as_array().unwrap();
    reasons.iter().find(|reason| reason["criterion"] == criterion).map(|reason| reason["fit"].as_str().unwrap())
}

fn coming(said: &Answer) -> Vec<&str> {
    let teams = said.data("/bedSearch/canCome").as_array().unwrap();
    teams.iter().map(|come| come["team"]["label"].as_str().unwrap()).collect()
}

async fn a_search_begins_with_who_can_talk_and_who_can_come(db: Db) {
    let house = House::open(db).await;
    let crews = [house.client("mobile_team"), house.client("mobile_team-2")];
    for (label, agency, word) in [
        ("late", 0, Some(("ON_SCENE", Some(90)))),
        ("soon", 1, Some(("EN_ROUTE", Some(10)))),
        ("some time", 0, Some(("ASSIGNED", None))),
        ("free", 1, Some(("AVAILABLE", None))),
        ("out", 0, Some(("OUT", None))),
        ("silent", 0, None),
    ] {
        let team = house.team(&house.world.agencies[agency], label).await;
        let Some((status, minutes)) = word else { continue };
        let input = minutes.map_or_else(|| says(team, status), |minutes| busy(team, status, minutes));
        told(&crews[agency], input).await;
    }
    house.deliver().await;
    for person in ["officer", "ems", "dispatcher", "line_988", "peer", "intake"] {
        let said = house.client(person).ask(SEARCH, json!({ "need": { "age": 30 }, "county": "12086" })).await;
        assert_eq!(coming(&said), ["free", "soon", "late", "some time"], "{person}");
        let teams = said.data("/bedSearch/canCome");
        assert_eq!((&teams[0]["fit"], &teams[1]["fit"]), (&json!("MET"), &json!("UNKNOWN")));
        assert_eq!((reason(&teams[0], "CAPACITY"), reason(&teams[0], "CATCHMENT")), (Some("MET"), Some("MET")));
    }
    let officer = house.client("officer");
    let near = |need: Value, county: Value| json!({ "need": need, "county": county });
    // The home county stands in for a county that is not given; where neither is known, each team is asked.
    let home = officer.ask(SEARCH, near(json!({ "homeCounty": "12086" }), Value::Null)).await;
    assert_eq!(coming(&home), ["free", "soon", "late", "some time"]);
    assert!(coming(&officer.ask(SEARCH, near(json!({ "homeCounty": "12086" }), json!("12099"))).await).is_empty());
    let nowhere = officer.ask(SEARCH, near(json!({}), Value::Null)).await;
    assert_eq!(coming(&nowhere).len(), 4);
    for come in nowhere.data("/bedSearch/canCome").as_array().unwrap() {
        assert_eq!(reason(come, "CATCHMENT"), Some("UNKNOWN"));
        let says: Vec<_> = come["reasons"].as_array().unwrap().iter().map(|reason| reason["says"].clone()).collect();
        assert!(says.contains(&json!("Ask whether the team covers this place.")), "{come:#}");
    }
    // Language and age are told as reasons; a team that is not for the person comes last.
    let child = officer.ask(SEARCH, near(json!({ "age": 9, "language": "ht" }), json!("12086"))).await;
    assert_eq!(reason(&child.data("/bedSearch/canCome")[0], "LANGUAGE"), Some("UNKNOWN"));
    assert_eq!(reason(&child.data("/bedSearch/canCome")[0], "AGE"), Some("MET"));
    assert_eq!(officer.ask(SEARCH, near(json!({}), json!("Miami"))).await.code(), "BAD_USER_INPUT");
    let council = house.client("council").ask(SEARCH, near(json!({}), json!("12086"))).await;
    assert!(coming(&council).is_empty() && council.data("/bedSearch/edges") == &json!([]));
    assert!(coming(&house.client("officer-far").ask(SEARCH, near(json!({}), json!("12086"))).await).is_empty());
    // A cursor is good for the county it was made for.
    let page = house.client("intake").ask(SEARCH, json!({ "need": {}, "county": "12086", "first": 1 })).await;
    let after = page.data("/bedSearch/edges/0/cursor");
    let other = json!({ "need": {}, "county": "12011", "first": 1, "after": after });
    assert_eq!(house.client("intake").ask(SEARCH, other).await.code(), "CURSOR_EXPIRED");
    house.close().await;
}

async fn a_line_says_when_it_is_open_and_whom_it_is_for(db: Db) {
    let house = House::open(db).await;
    let (admin, officer) = (house.client("agency_admin"), house.client("officer"));
    let line = |name: &str, fields: Value| {
        with(
            json!({ "input": { "name": name, "kind": "CALL", "directLine": "+13055550180", "languages": ["en"] } }),
            fields,
        )
    };
    // The test begins on Sunday 2026-03-01 at 02:00 in New York.
    let night =
        json!({ "timeZone": "America/New_York", "open": [{ "weekday": "SATURDAY", "from": "18:00", "to": "04:00" }] });
    let day =
        json!({ "timeZone": "America/New_York", "open": [{ "weekday": "SUNDAY", "from": "09:00", "to": "17:00" }] });
    let anytime = json!({ "aroundTheClock": true });
    for (name, fields) in [
        ("anytime", json!({ "hours": anytime, "youthCapable": true, "textLine": "741741", "languages": ["en", "es"] })),
        ("night", json!({ "hours": night, "ageMin": 18 })),
        ("day", json!({ "hours": day })),
        ("who knows", json!({})),
        ("silent", json!({ "directLine": null })),
        ("another county", json!({ "hours": anytime, "catchmentFips": ["12099"] })),
        ("telehealth", json!({ "hours": anytime, "kind": "URGENT_OUTPATIENT" })),
        ("mobile", json!({ "hours": anytime, "kind": "MOBILE" })),
    ] {
        let said = admin.ask(SERVICE, line(name, fields)).await;
        assert_eq!(problems(&said, "saveService"), [""; 0], "{name}");
        let open = match name {
            "day" => json!(false),
            "who knows" | "silent" => Value::Null,
            _ => json!(true),
        };
        assert_eq!(said.data("/saveService/service/openNow"), &open, "{name}");
    }
    for bad in [
        json!({ "directLine": "305-555-0180" }),
        json!({ "directLine": "988" }),
        json!({ "textLine": "HOME" }),
        json!({ "textLine": "12" }),
    ] {
        assert_eq!(admin.ask(SERVICE, line("bad", bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    house.deliver().await;
    let names = |said: &Answer| -> Vec<String> {
        let lines = said.data("/bedSearch/talkNow").as_array().unwrap();
        lines.iter().map(|line| line["service"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let said = officer.ask(SEARCH, json!({ "need": { "age": 30, "homeCounty": "12086" } })).await;
    let mut listed = names(&said);
    // Lines before everything else, what is known before what has to be asked; the rest by id.
    assert_eq!(listed[2..], ["telehealth", "who knows"]);
    listed.sort_unstable();
    assert_eq!(listed, ["anytime", "night", "telehealth", "who knows"]);
    let lines = said.data("/bedSearch/talkNow").as_array().unwrap();
    let named = |name: &str| lines.iter().find(|line| line["service"]["name"] == name).unwrap();
    let anytime = named("anytime");
    assert_eq!(
        (&anytime["textLine"], &anytime["openUntil"], &anytime["fit"]),
        (&json!("741741"), &Value::Null, &json!("MET"))
    );
    assert_eq!(named("night")["openUntil"], "2026-03-01T09:00:00.000000Z");
    assert_eq!((reason(&lines[3], "HOURS"), &lines[3]["fit"]), (Some("UNKNOWN"), &json!("UNKNOWN")));
    let child = officer.ask(SEARCH, json!({ "need": { "age": 12, "language": "es" }, "county": "12086" })).await;
    assert_eq!(names(&child)[0], "anytime", "{:#}", child.body);
    assert!(!names(&child).contains(&"night".to_owned()), "it is for adults");
    assert_eq!(reason(&child.data("/bedSearch/talkNow")[0], "AGE"), Some("MET"));
    // Three hours later the night is over, and the lines of the day are not yet open.
    house.clock.advance(180);
    assert!(!names(&officer.ask(SEARCH, json!({ "need": { "age": 30 } })).await).contains(&"night".to_owned()));
    house.close().await;
}
