//! Referral pathways: edited by their own agency, matched for whoever may send by them.
use super::bed::{REPORT, numbers, problems};
use crate::house::{Client, Db, House};
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    a_pathway_is_its_own_agencys,
    what_cannot_be_a_pathway_is_said_and_changes_nothing,
    those_who_may_send_are_told_by_which_pathways_and_why,
    a_pathway_answers_what_a_unit_would_be_asked,
    a_pathway_has_hours_and_dates,
);

const SAVE: &str = "mutation($input: SavePathwayInput!) { savePathway(input: $input) {
    pathway { id version name mode retired fromRoles papers decideMinutes selfReferralCall effectiveFrom organization { id }
        service { id } fallbacks { id } criteria { age { min max } legalStatus acuity behaviors24h pregnant language homeCounty
            payer mobility } hours { aroundTheClock timeZone } openNow externalIds { value } }
    problems { code path message current { id } } replayed } }";
const LIST: &str =
    "query($filter: PathwayFilter) { pathways(filter: $filter, first: 100) { edges { node { id name } } } }";
const MATCH: &str = "query($need: NeedInput!, $near: PointInput) { matchPathways(need: $need, near: $near) {
    pathway { id name mode } unit { id label } distanceKm fit reasons { criterion fit says } } }";
const SEARCH: &str = "query($need: NeedInput!) { bedSearch(need: $need) {
    edges { fit unit { id label } pathway { id } reasons { criterion fit says } } } }";

/// A pathway to the receiving center of the first agency, with some more said.
fn to_amber(house: &House, more: Value) -> Value {
    let service = house.world.agencies[0].service.to_string();
    let mut input =
        json!({ "name": "Amber drop-off", "serviceId": service, "fromRoles": ["OFFICER", "EMS"], "mode": "ANNOUNCE" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "input": input })
}

async fn saved(client: &Client, input: Value) -> Value {
    let said = client.ask(SAVE, input).await;
    assert_eq!(problems(&said, "savePathway"), [""; 0]);
    said.data("/savePathway/pathway").clone()
}

async fn matches(house: &House, person: &str, need: Value) -> Vec<Value> {
    let said = house.client(person).ask(MATCH, json!({ "need": need })).await;
    said.data("/matchPathways").as_array().unwrap().clone()
}

async fn names(client: &Client, filter: Value) -> Vec<String> {
    let said = client.ask(LIST, json!({ "filter": filter })).await;
    let edges = said.data("/pathways/edges").as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()).collect()
}

fn point<'a>(of: &'a Value, criterion: &str) -> Option<&'a str> {
    let all: Vec<&Value> =
        of["reasons"].as_array().unwrap().iter().filter(|one| one["criterion"] == criterion).collect();
    assert!(all.len() < 2, "{criterion} is said twice: {of:#}");
    all.first().map(|one| one["fit"].as_str().unwrap())
}

async fn a_pathway_is_its_own_agencys(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    for person in ["intake", "officer", "hub_operator", "council"] {
        let said = house.client(person).ask(SAVE, to_amber(&house, json!({}))).await;
        assert_eq!(said.code(), "FORBIDDEN", "{person}");
    }
    let (admin, other) = (house.client("agency_admin"), house.client("agency_admin-2"));
    // Another agency's service, and one of another region.
    assert_eq!(other.ask(SAVE, to_amber(&house, json!({}))).await.code(), "NOT_FOUND");
    let far = json!({ "serviceId": house.world.far.service.to_string() });
    assert_eq!(admin.ask(SAVE, to_amber(&house, far)).await.code(), "NOT_FOUND");

    let terms = json!({ "papers": ["MEDICATION_LIST", "FACE_SHEET", "FACE_SHEET"], "decideMinutes": 10,
        "selfReferralCall": true, "externalIds": [{ "system": "mou", "value": "2026-7" }],
        "criteria": { "age": { "min": 18 }, "legalStatus": ["VOLUNTARY"], "behaviors24h": ["SELF_HARM"], "pregnant": false,
            "language": ["es"], "homeCounty": ["12086"], "payer": ["MEDICAID"] },
        "hours": { "aroundTheClock": true }, "idempotencyKey": "k" });
    let first = saved(&admin, to_amber(&house, terms.clone())).await;
    let again = admin.ask(SAVE, to_amber(&house, terms.clone())).await;
    assert_eq!((again.data("/savePathway/replayed"), again.data("/savePathway/pathway")), (&json!(true), &first));
    let other_key = to_amber(&house, json!({ "idempotencyKey": "k" }));
    assert_eq!(problems(&admin.ask(SAVE, other_key).await, "savePathway"), ["IDEMPOTENCY_CONFLICT"]);
    let said = json!({ "age": { "min": 18, "max": null }, "legalStatus": ["VOLUNTARY"], "acuity": null,
        "behaviors24h": ["SELF_HARM"], "pregnant": false, "language": ["es"], "homeCounty": ["12086"], "payer": ["MEDICAID"],
        "mobility": null });
    assert_eq!(first["criteria"], said);
    assert_eq!((&first["papers"], &first["openNow"]), (&json!(["FACE_SHEET", "MEDICATION_LIST"]), &json!(true)));
    assert_eq!(first["organization"]["id"], json!(ours.organization.to_string()));

    // Edited under its version, with another to turn to next.
    let second = saved(&other, {
        let mut theirs_own = to_amber(&house, json!({ "name": "Basalt door" }));
        theirs_own["input"]["serviceId"] = json!(theirs.service.to_string());
        theirs_own
    })
    .await;
    let edit = json!({ "id": first["id"], "expectedVersion": 1, "fallbackIds": [second["id"]] });
    let edited = saved(&admin, to_amber(&house, edit.clone())).await;
    assert_eq!((&edited["version"], &edited["fallbacks"][0]["id"]), (&json!(2), &second["id"]));
    let stale = admin.ask(SAVE, to_amber(&house, edit)).await;
    assert_eq!(problems(&stale, "savePathway"), ["STALE_VERSION"]);
    assert_eq!(stale.data("/savePathway/problems/0/current/id"), &first["id"]);
    assert_eq!(other.ask(SAVE, to_amber(&house, json!({ "id": first["id"] }))).await.code(), "FORBIDDEN");

    // Everybody of the region reads it; nobody of another.
    assert_eq!(names(&house.client("officer"), json!({})).await, ["Amber drop-off", "Basalt door"]);
    assert_eq!(
        names(&house.client("officer"), json!({ "organizationId": theirs.organization.to_string() })).await,
        ["Basalt door"]
    );
    assert_eq!(names(&house.client("officer"), json!({ "fromRole": "LINE_988" })).await, [""; 0]);
    assert_eq!(names(&house.client("officer-far"), json!({})).await, [""; 0]);
    let withdrawn = saved(&other, {
        let mut retire = to_amber(&house, json!({ "name": "Basalt door", "id": second["id"], "retire": true }));
        retire["input"]["serviceId"] = json!(theirs.service.to_string());
        retire
    })
    .await;
    assert_eq!(withdrawn["retired"], true);
    assert_eq!(names(&house.client("officer"), json!({})).await, ["Amber drop-off"]);
    house.deliver().await;
    let kinds = "query { events(first: 100) { edges { node { kind nodeId nodeVersion } } } }";
    let told = house.client("officer").ask(kinds, json!({})).await;
    let edges = told.data("/events/edges").as_array().unwrap().iter().map(|edge| edge["node"].clone());
    let of_first: Vec<Value> = edges.filter(|node| node["nodeId"] == first["id"]).collect();
    assert_eq!(of_first.len(), 2, "{of_first:?}");
    assert!(of_first.iter().all(|node| node["kind"] == "PATHWAY_SAVED"));
    house.close().await;
}

async fn what_cannot_be_a_pathway_is_said_and_changes_nothing(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    house.deliver().await;
    let before = house.hub().board().now().number();
    for bad in [
        json!({ "name": "" }),
        json!({ "name": "n".repeat(121) }),
        json!({ "fromRoles": [] }),
        json!({ "fromRoles": ["COUNCIL"] }),
        json!({ "fromRoles": ["PEER"] }),
        json!({ "fromRoles": ["SHERIFF"] }),
        json!({ "acknowledgeMinutes": 0 }),
        json!({ "holdMinutes": 2_881 }),
        json!({ "criteria": { "age": { "min": 65, "max": 18 } } }),
        json!({ "criteria": { "homeCounty": ["Dade"] } }),
        json!({ "criteria": { "language": ["Spanish"] } }),
        json!({ "hours": { "timeZone": "Mars/Olympus", "open": [] } }),
        json!({ "effectiveFrom": "2026-11-24T10:00:00" }),
        json!({ "effectiveFrom": "2026-11-24T10:00:00Z", "effectiveUntil": "2026-11-24T10:00:00Z" }),
        json!({ "retire": true }),
    ] {
        assert_eq!(admin.ask(SAVE, to_amber(&house, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    assert_eq!(admin.ask(SAVE, to_amber(&house, json!({ "fallbackIds": ["nonsense"] }))).await.code(), "NOT_FOUND");
    house.deliver().await;
    assert_eq!(house.hub().board().now().number(), before);

    let one = saved(&admin, to_amber(&house, json!({}))).await["id"].clone();
    for fallbacks in [json!([one, one]), json!(vec![one.clone(); 11])] {
        let said = admin.ask(SAVE, to_amber(&house, json!({ "fallbackIds": fallbacks }))).await;
        assert_eq!(said.code(), "BAD_USER_INPUT");
    }
    let itself = admin.ask(SAVE, to_amber(&house, json!({ "id": one, "fallbackIds": [one] }))).await;
    assert_eq!(itself.code(), "BAD_USER_INPUT");
    // Whoever may refuse is asked, not told.
    let mobile = house.mobile(&house.world.agencies[0]).await.to_string();
    let edit = "mutation($input: SaveServiceInput!) { saveService(input: $input) { problems { code } } }";
    let may_refuse = json!({ "input": { "id": mobile, "name": "Mobile", "kind": "MOBILE", "noRefusal": false } });
    admin.ask(edit, may_refuse).await.data("");
    let said = admin.ask(SAVE, to_amber(&house, json!({ "serviceId": mobile }))).await;
    assert_eq!(problems(&said, "savePathway"), ["WRONG_STATE"]);
    assert_eq!(said.data("/savePathway/problems/0/current/id"), &json!(mobile));
    house.close().await;
}

async fn those_who_may_send_are_told_by_which_pathways_and_why(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    for (intake, agency) in [("intake", &ours), ("intake-2", &theirs)] {
        for id in &agency.units {
            house.client(intake).ask(REPORT, numbers(id, 9, 2)).await.data("");
        }
    }
    let (admin, other) = (house.client("agency_admin"), house.client("agency_admin-2"));
    let adults = json!({ "criteria": { "age": { "min": 18, "max": 64 }, "payer": ["MEDICAID"] } });
    let amber = saved(&admin, to_amber(&house, adults)).await;
    let mut asked = to_amber(&house, json!({ "name": "Basalt request", "mode": "REQUEST" }));
    asked["input"]["serviceId"] = json!(theirs.service.to_string());
    asked["input"]["fromRoles"] = json!(["OFFICER", "EMERGENCY_DEPARTMENT"]);
    let basalt = saved(&other, asked).await;

    // What is announced comes first where both fit; what does not fit comes last.
    let ids = |matched: &[Value]| matched.iter().map(|one| one["pathway"]["id"].clone()).collect::<Vec<_>>();
    let fitting = matches(&house, "officer", json!({ "age": 30 })).await;
    assert_eq!(ids(&fitting), [amber["id"].clone(), basalt["id"].clone()]);
    assert_eq!((point(&fitting[0], "AGE"), point(&fitting[0], "CAPACITY")), (Some("MET"), Some("MET")));
    // A first responder is led to where drop-offs are taken, and is never asked who pays.
    assert_eq!(fitting[0]["unit"]["id"], json!(ours.chairs().to_string()));
    assert_eq!(point(&fitting[0], "PAYER"), None);
    let old = matches(&house, "officer", json!({ "age": 70 })).await;
    assert_eq!(ids(&old), [basalt["id"].clone(), amber["id"].clone()]);
    assert_eq!((old[1]["fit"].as_str(), point(&old[1], "AGE")), (Some("NOT_MET"), Some("NOT_MET")));
    assert_eq!(matches(&house, "officer", json!({ "levelOfCare": "SOBERING" })).await, [Value::Null; 0]);
    // By role: the emergency department may only ask, the peer may not send at all.
    assert_eq!(ids(&matches(&house, "emergency_department", json!({})).await), [basalt["id"].clone()]);
    for person in ["peer", "council", "agency_admin", "officer-far"] {
        assert_eq!(matches(&house, person, json!({})).await, [Value::Null; 0], "{person}");
    }
    let pays = house.client("officer").ask(MATCH, json!({ "need": { "payer": "MEDICAID" } })).await;
    assert_eq!(pays.code(), "BAD_USER_INPUT");
    let near = json!({ "need": { "age": 30 }, "near": { "latitude": 25.78, "longitude": -80.20 } });
    let said = house.client("officer").ask(MATCH, near).await;
    assert_eq!(said.data("/matchPathways/0/distanceKm"), &json!(0.0));
    house.close().await;
}

async fn a_pathway_answers_what_a_unit_would_be_asked(db: Db) {
    let house = House::open(db).await;
    let chairs = house.world.agencies[0].chairs();
    house.client("intake").ask(REPORT, numbers(chairs, 9, 2)).await.data("");
    let need = json!({ "age": 30, "acuity": "HIGH", "pregnant": true, "withdrawalRisk": "SEVERE" });
    let found = async || {
        let said = house.client("ems").ask(SEARCH, json!({ "need": need })).await;
        let edges = said.data("/bedSearch/edges").as_array().unwrap().clone();
        edges.into_iter().find(|edge| edge["unit"]["id"] == json!(chairs.to_string())).unwrap()
    };
    let before = found().await;
    assert_eq!((&before["pathway"], before["fit"].as_str()), (&Value::Null, Some("UNKNOWN")));
    assert_eq!((point(&before, "ACUITY"), point(&before, "PREGNANCY")), (Some("UNKNOWN"), Some("UNKNOWN")));
    let admin = house.client("agency_admin");
    let takes = json!({ "criteria": { "acuity": ["HIGH", "MODERATE"], "pregnant": true } });
    let pathway = saved(&admin, to_amber(&house, takes)).await;
    let answered = found().await;
    assert_eq!((&answered["pathway"]["id"], answered["fit"].as_str()), (&pathway["id"], Some("MET")));
    assert_eq!((point(&answered, "ACUITY"), point(&answered, "PREGNANCY")), (Some("MET"), Some("MET")));
    // The same evaluator: a match says of the same unit what the search says.
    let matched = matches(&house, "ems", need.clone()).await;
    assert_eq!((&matched[0]["fit"], &matched[0]["reasons"]), (&answered["fit"], &answered["reasons"]));
    // A role that may not send by it is asked as before.
    let said = house.client("mobile_team").ask(SEARCH, json!({ "need": need })).await;
    assert!(said.data("/bedSearch/edges").as_array().unwrap().iter().all(|edge| edge["pathway"].is_null()));
    // What a pathway does not take is not taken, whatever its unit is set up for; and the other way about.
    let refuses = json!({ "id": pathway["id"], "criteria": { "withdrawalRisk": ["NONE", "LOW"] } });
    saved(&admin, to_amber(&house, refuses)).await;
    assert_eq!(point(&found().await, "WITHDRAWAL"), Some("NOT_MET"));
    saved(&admin, to_amber(&house, json!({ "id": pathway["id"], "criteria": { "age": { "min": 12 } } }))).await;
    let child = house.client("ems").ask(SEARCH, json!({ "need": { "age": 13 } })).await;
    assert_eq!(point(child.data("/bedSearch/edges/0"), "AGE"), Some("NOT_MET"), "the unit is for adults");
    // The better of two, with the unit: which of them answers what the unit would be asked.
    let takes = json!({ "id": pathway["id"], "criteria": { "acuity": ["HIGH"], "pregnant": true } });
    saved(&admin, to_amber(&house, takes)).await;
    let silent = saved(&admin, to_amber(&house, json!({ "name": "Amber, silent" }))).await;
    let best = found().await;
    assert_eq!((&best["pathway"]["id"], best["fit"].as_str()), (&pathway["id"], Some("MET")));
    assert_eq!(matches(&house, "ems", need.clone()).await[0]["pathway"]["id"], pathway["id"]);
    let gone = json!({ "id": silent["id"], "name": "Amber, silent", "retire": true });
    saved(&admin, to_amber(&house, gone)).await;
    // What it would have answered a minute ago, with the pathways of then.
    house.deliver().await;
    let then = house.clock.now().to_string();
    house.clock.advance(1);
    let past = "query($need: NeedInput!, $at: DateTime) { bedSearch(need: $need, at: $at) { edges { fit unit { id } pathway { id } } } }";
    let said = house.client("ems").ask(past, json!({ "need": need, "at": then })).await;
    let edges = said.data("/bedSearch/edges").as_array().unwrap();
    let edge = edges.iter().find(|edge| edge["unit"]["id"] == json!(chairs.to_string())).unwrap();
    assert_eq!((&edge["pathway"]["id"], edge["fit"].as_str()), (&pathway["id"], Some("MET")));
    let wider = saved(&admin, to_amber(&house, json!({ "name": "Amber, all comers" }))).await;
    saved(&admin, to_amber(&house, json!({ "id": pathway["id"], "criteria": { "acuity": ["LOW"] } }))).await;
    assert_eq!(found().await["pathway"]["id"], wider["id"]);
    house.close().await;
}

async fn a_pathway_has_hours_and_dates(db: Db) {
    let house = House::open(db).await;
    house.client("intake").ask(REPORT, numbers(house.world.agencies[0].chairs(), 9, 2)).await.data("");
    let admin = house.client("agency_admin");
    let (now, need) = (house.clock.now(), json!({ "age": 30 }));
    let within = json!({ "effectiveFrom": now.plus_minutes(10).to_string(), "effectiveUntil": now.plus_minutes(20).to_string() });
    let pathway = saved(&admin, to_amber(&house, within)).await;
    assert_eq!(pathway["openNow"], false);
    assert_eq!(matches(&house, "officer", need.clone()).await, [Value::Null; 0], "not yet");
    house.clock.advance(10);
    assert_eq!(matches(&house, "officer", need.clone()).await.len(), 1);
    house.clock.advance(10);
    assert_eq!(matches(&house, "officer", need.clone()).await, [Value::Null; 0], "over");
    // A week in which it is never open; then one without an hour closed.
    let never = json!({ "timeZone": "America/New_York", "open": [] });
    let closed = to_amber(&house, json!({ "id": pathway["id"], "hours": never }));
    let said = admin.ask(SAVE, closed).await;
    assert_eq!(said.code(), "BAD_USER_INPUT", "a week has a span");
    let zone =
        jiff::Timestamp::from_microsecond(house.clock.now().micros()).unwrap().in_tz("America/New_York").unwrap();
    let names = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
    let today = usize::try_from(zone.weekday().to_monday_zero_offset()).unwrap();
    let on = |day: usize| {
        json!({ "id": pathway["id"], "hours": { "timeZone": "America/New_York",
            "open": [{ "weekday": names[day % 7], "from": "00:00", "to": "00:00" }] } })
    };
    assert_eq!(saved(&admin, to_amber(&house, on(today + 3))).await["openNow"], false);
    let shut = matches(&house, "officer", need.clone()).await;
    assert_eq!((shut[0]["fit"].as_str(), point(&shut[0], "HOURS")), (Some("NOT_MET"), Some("NOT_MET")));
    assert_eq!(saved(&admin, to_amber(&house, on(today))).await["openNow"], true);
    let open = matches(&house, "officer", need).await;
    assert_eq!((open[0]["fit"].as_str(), point(&open[0], "HOURS")), (Some("MET"), Some("MET")));
    house.close().await;
}
