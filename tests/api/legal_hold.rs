//! Legal holds: recorded under the region's law, told as their time goes to those who care for the person, and ended.
use super::bed::problems;
use super::disclose::{ask, behind, count, texts};
use super::handoff::{announce, at, on_the_way, open_door, to, told, watch, went};
use crate::disclose_keys::{dumped, shapes};
use crate::house::program::Program;
use crate::house::traffic::until;
use crate::house::{Answer, Client, Db, House, ISSUER};
use crate::policy::law::keeps_to;
use crisis_hub::clock::Clock;
use crisis_hub::domain::id::{BedUnitId, PathwayId};
use serde_json::{Value, json};

on_both!(
    a_region_says_whose_law_it_keeps_to,
    an_operator_names_it_at_the_console,
    a_hold_goes_with_the_person_and_its_clock_warns,
    police_and_those_who_do_not_care_for_people_are_told_nothing,
    what_cannot_be_recorded_changes_nothing,
    a_second_does_not_stand_beside_it,
    nothing_of_what_it_is_lies_open,
);

pub const HOLD: &str = "id version beganAt expiresAt percentOver percentTold dueAt endedAt";

/// Records a hold that begins now, less what a test says otherwise.
pub async fn record(house: &House, client: &Client, handoff: &str, status: &str, more: Value) -> Answer {
    let document = format!(
        "mutation($input: RecordLegalHoldInput!) {{ recordLegalHold(input: $input) {{ legalHold {{ {HOLD} }}
            problems {{ code message path current {{ id }} }} replayed }} }}"
    );
    let mut input = json!({ "handoffId": handoff, "status": status, "beganAt": house.clock.now().to_string() });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document, json!({ "input": input })).await
}

/// The same, which goes well.
pub async fn recorded(house: &House, client: &Client, handoff: &str, status: &str, more: Value) -> Value {
    let said = record(house, client, handoff, status, more).await;
    assert_eq!(problems(&said, "recordLegalHold"), [""; 0], "{:#}", said.body);
    said.data("/recordLegalHold/legalHold").clone()
}

pub async fn end(client: &Client, handoff: &str, hold: &Value, reason: &str) -> Answer {
    let document = format!(
        "mutation($input: EndLegalHoldInput!) {{ endLegalHold(input: $input) {{ legalHold {{ {HOLD} }}
            problems {{ code current {{ id }} }} replayed }} }}"
    );
    client.ask(&document, json!({ "input": { "handoffId": handoff, "legalHoldId": hold, "reason": reason } })).await
}

/// The hold that stands, as somebody reads it of a handoff.
pub async fn stands(client: &Client, handoff: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Handoff {{ legalHold {{ {HOLD} }} }} }} }}");
    client.ask(&query, json!({ "id": handoff })).await.data("/node/legalHold").clone()
}

/// Every kind that the log tells somebody, from its beginning.
pub async fn kinds(client: &Client) -> Vec<String> {
    let query = "query($after: Cursor) { events(first: 100, after: $after) { edges { node { kind } } pageInfo { hasNextPage endCursor } } }";
    let (mut kinds, mut after) = (Vec::new(), Value::Null);
    loop {
        let said = client.ask(query, json!({ "after": after })).await;
        let edges = said.data("/events/edges").as_array().unwrap();
        kinds.extend(edges.iter().map(|edge| edge["node"]["kind"].as_str().unwrap().to_owned()));
        after = said.data("/events/pageInfo/endCursor").clone();
        if said.data("/events/pageInfo/hasNextPage") == false {
            return kinds;
        }
    }
}

const LAW: &str = "{ regions { code jurisdiction { code title majorityYears { number source { law check } }
    guardianMinutes { number } receivers { says source { law check } } transport { says } notices { says source { check } }
    minorConsent { services fromYears says source { law check } } legalStatuses { code title mapsTo ages startedBy
        clock { minutes minutesMax runsFrom warnAtPercent source { law check } } papers { title source { check } }
        source { law check } } } } }";

async fn a_region_says_whose_law_it_keeps_to(db: Db) {
    let house = House::open(db).await;
    let officer = house.client("officer-2");
    assert_eq!(officer.ask(LAW, json!({})).await.data("/regions/0/jurisdiction"), &Value::Null);
    keeps_to(&house, "US-VA").await;
    house.deliver().await;
    let said = officer.ask(LAW, json!({})).await;
    let law = said.data("/regions/0/jurisdiction").clone();
    assert_eq!((&law["code"], &law["majorityYears"]["number"]), (&json!("US-VA"), &json!(18)));
    let statuses = law["legalStatuses"].as_array().unwrap();
    let eco = statuses.iter().find(|status| status["code"] == "ECO").unwrap();
    assert_eq!(
        (&eco["mapsTo"], &eco["clock"]["minutes"], &eco["clock"]["warnAtPercent"]),
        (&json!("INVOLUNTARY"), &json!(480), &json!([50, 75, 90]))
    );
    for status in statuses {
        assert_eq!(status["source"]["check"], "check with counsel");
        assert!(status["source"]["law"].as_str().unwrap().starts_with("Va. Code"));
    }
    // It stays with the region, and nobody takes one that there is not.
    let unknown = crisis_hub::app::console::name_jurisdiction(house.hub(), "near", "US-ZZ").await;
    assert!(unknown.unwrap_err().to_string().contains("US-FL, US-VA"));
    let mut house = house;
    house.restart().await;
    assert_eq!(
        house.client("officer-2").ask(LAW, json!({})).await.data("/regions/0/jurisdiction/code"),
        &json!("US-VA")
    );
    house.close().await;
}

async fn an_operator_names_it_at_the_console(db: Db) {
    let mut house = House::open(db).await;
    let program = Program::of(&mut house).await;
    let grant = async |subject: &str, code: &str| {
        let who = ["--issuer", ISSUER, "--subject", subject, "--role", "HUB_OPERATOR", "--region", "near"];
        program.run("grant", &[&who[..], &["--jurisdiction", code]].concat()).await
    };
    let (good, said) = grant("first", "US-ZZ").await;
    assert!(!good && said.contains("US-FL, US-VA"), "{said}");
    let (good, said) = grant("second", "US-FL").await;
    assert!(good, "{said}");
    house.start().await;
    let said = house.client("council").ask(LAW, json!({})).await;
    assert_eq!(said.data("/regions/0/jurisdiction/code"), &json!("US-FL"));
    // Whoever was refused was granted nothing.
    assert_eq!(house.client("first").ask(LAW, json!({})).await.code(), "UNAUTHENTICATED");
    assert!(house.client("second").ask(LAW, json!({})).await.data("/regions").is_array());
    house.close().await;
}

/// Somebody whom the second agency's officer brings to the first's chairs, under an emergency custody order of Virginia.
pub async fn in_custody(house: &House, door: (BedUnitId, PathwayId)) -> (String, Value) {
    keeps_to(house, "US-VA").await;
    let officer = house.client("officer-2");
    let id = on_the_way(&officer, door).await;
    let hold = recorded(house, &officer, &id, "ECO", json!({})).await;
    // Whoever watches from here on is told of what comes after.
    house.deliver().await;
    (id, hold)
}

async fn a_hold_goes_with_the_person_and_its_clock_warns(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let mut at_the_desk = watch(&house.client("intake")).await;
    let (first, hold) = in_custody(&house, door).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let hold_id = hold["id"].as_str().unwrap();
    assert_eq!(at(&hold["expiresAt"]), at(&hold["beganAt"]).plus_minutes(480));
    assert_eq!(at(&hold["dueAt"]), at(&hold["beganAt"]).plus_minutes(240));
    assert_eq!((&hold["percentTold"], &hold["endedAt"]), (&json!(0), &Value::Null));
    // Whoever is told of it finds the person.
    let node = "query($id: ID!) { node(id: $id) { ... on LegalHold { handoff { id unit { id } } } } }";
    for person in ["intake", "officer-2"] {
        let said = house.client(person).ask(node, json!({ "id": hold_id })).await;
        assert_eq!(said.data("/node/handoff/id"), &json!(first), "{person}");
    }
    // The desk reads its instants, and opens what it is; the officer reads again what they wrote.
    assert_eq!(stands(&intake, &first).await["id"], hold["id"]);
    let legal = "mutation($input: DiscloseInput!) { disclose(input: $input) { entries { ... on PlainEntry { text legalHold {
        jurisdiction status title mapsTo beganAt expiresAt } legalHoldEnded } ... on Part2Entry { redisclosureNotice } } problems { code } } }";
    let input = json!({ "handoffIds": [first], "tiers": ["LEGAL"], "purpose": "TREATMENT" });
    let said = intake.ask(legal, json!({ "input": input })).await;
    let status = said.data("/disclose/entries/0/legalHold").clone();
    assert_eq!((&status["status"], &status["jurisdiction"]), (&json!("ECO"), &json!("US-VA")));
    assert_eq!((&status["mapsTo"], &status["expiresAt"]), (&json!("INVOLUNTARY"), &hold["expiresAt"]));
    assert!(said.data("/disclose/entries/0/text").as_str().unwrap().contains("Emergency custody order"));
    assert_eq!(texts(&ask(&officer, &[&first], &["LEGAL"], "OWN_RECORD").await).len(), 1);

    // Half of it is over; the receiver sends the person on, and knows of it no more.
    house.clock.advance(240);
    assert_eq!(told(&mut at_the_desk, hold_id, "LEGAL_HOLD_WARNED").await, ["LEGAL_HOLD_BEGAN", "LEGAL_HOLD_WARNED"]);
    let half = stands(&intake, &first).await;
    assert_eq!((&half["percentTold"], &half["percentOver"]), (&json!(50), &json!(50)));
    went(&officer, "arriveHandoff", &first, json!({})).await;
    went(&intake, "redirectHandoff", &first, json!({ "reason": "MEDICAL" })).await;
    assert_eq!(stands(&intake, &first).await, Value::Null);
    assert_eq!(stands(&officer, &first).await["id"], hold["id"]);
    // The next one who gets the person gets the clock.
    let search = {
        let query = "query($id: ID!) { node(id: $id) { ... on Handoff { episode { id } } } }";
        officer.ask(query, json!({ "id": first })).await.data("/node/episode/id").clone()
    };
    let said = announce(&officer, to(door, json!({ "episodeId": search }))).await;
    let second =
        said.data("/announceHandoff/handoff/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned();
    assert_eq!(stands(&intake, &second).await["id"], hold["id"]);
    house.clock.advance(120);
    assert_eq!(told(&mut at_the_desk, hold_id, "LEGAL_HOLD_WARNED").await, ["LEGAL_HOLD_WARNED"]);
    assert_eq!(stands(&intake, &second).await["percentTold"], 75);
    house.clock.advance(72);
    assert_eq!(told(&mut at_the_desk, hold_id, "LEGAL_HOLD_WARNED").await, ["LEGAL_HOLD_WARNED"]);
    assert_eq!(stands(&intake, &second).await["percentTold"], 90);
    house.clock.advance(48);
    assert_eq!(told(&mut at_the_desk, hold_id, "LEGAL_HOLD_EXPIRED").await, ["LEGAL_HOLD_EXPIRED"]);
    let over = stands(&intake, &second).await;
    assert_eq!((&over["percentTold"], &over["dueAt"], &over["endedAt"]), (&json!(100), &Value::Null, &Value::Null));
    // It stands, expired, until somebody says how it ended.
    let ended = end(&intake, &second, &hold["id"], "CONVERTED_VOLUNTARY").await;
    assert!(ended.data("/endLegalHold/legalHold/endedAt").is_string(), "{:#}", ended.body);
    assert_eq!(told(&mut at_the_desk, hold_id, "LEGAL_HOLD_ENDED").await, ["LEGAL_HOLD_ENDED"]);
    assert_eq!(stands(&intake, &second).await, Value::Null);
    let input = json!({ "handoffIds": [second], "tiers": ["LEGAL"], "purpose": "TREATMENT" });
    let said = intake.ask(legal, json!({ "input": input })).await;
    assert_eq!(said.data("/disclose/entries/0/legalHoldEnded"), "CONVERTED_VOLUNTARY");
    assert_eq!(problems(&end(&intake, &second, &hold["id"], "RELEASED").await, "endLegalHold"), ["WRONG_STATE"]);
    house.close().await;
}

async fn police_and_those_who_do_not_care_for_people_are_told_nothing(db: Db) {
    let house = House::open(db).await;
    keeps_to(&house, "US-VA").await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    // The desk records it: police of the other agency brought the person, and read nothing of it.
    let hold = recorded(&house, &house.client("intake"), &id, "ECO", json!({})).await;
    house.clock.advance(481);
    until("it has expired", async || stands(&house.client("intake"), &id).await["percentTold"] == 100).await;
    house.deliver().await;
    let node = format!("query($id: ID!) {{ node(id: $id) {{ ... on LegalHold {{ {HOLD} }} }} }}");
    let legal = |kind: &String| kind.starts_with("LEGAL_HOLD");
    for (person, reads) in [
        ("intake", true),
        ("emergency_department", true),
        ("mobile_team-2", true),
        ("ems-2", true),
        ("line_988", true),
        ("intake-2", true),
        ("officer", false),
        ("officer-2", false),
        ("dispatcher", false),
        ("dispatcher-2", false),
        ("peer", false),
        ("advocate", false),
        ("council", false),
        ("analyst", false),
        ("agency_admin", false),
        ("agency_admin-2", false),
        ("hub_operator", false),
        ("intake-far", false),
    ] {
        let client = house.client(person);
        let seen = client.ask(&node, json!({ "id": hold["id"] })).await;
        let some = person != "officer";
        // Officers of the agency that recorded it read it, and are told nothing of it all the same.
        assert_eq!(seen.data("/node").is_null(), !reads && some, "{person}: {:#}", seen.body);
        let of_handoff = client
            .ask("query($id: ID!) { node(id: $id) { ... on Handoff { legalHold { id } } } }", json!({ "id": id }))
            .await;
        let here = of_handoff.data("/node/legalHold").is_null();
        assert_eq!(here, !reads && some, "{person}: {:#}", of_handoff.body);
        let told = kinds(&client).await;
        assert_eq!(told.iter().filter(|kind| legal(kind)).count(), if reads { 2 } else { 0 }, "{person}: {told:?}");
    }
    // What it was told late, it was told once: half, three quarters and nine tenths had passed.
    assert_eq!(
        kinds(&house.client("intake")).await.into_iter().filter(legal).collect::<Vec<_>>(),
        ["LEGAL_HOLD_BEGAN", "LEGAL_HOLD_EXPIRED"]
    );
    // An officer does not end what they do not see, and learns no more by trying.
    let refused = end(&house.client("officer-2"), &id, &hold["id"], "RELEASED").await;
    assert_eq!(problems(&refused, "endLegalHold"), ["WRONG_STATE"]);
    // Nor does the audit of their agency say anything of it.
    let trail = "{ auditTrail(first: 100) { edges { node { action nodeId } } } }";
    for person in ["agency_admin-2", "officer-2"] {
        let said = house.client(person).ask(trail, json!({})).await;
        let edges = said.data("/auditTrail/edges").as_array().unwrap();
        assert!(!edges.iter().any(|edge| edge["node"]["nodeId"] == hold["id"]), "{person}: {:#}", said.body);
    }
    house.close().await;
}

async fn what_cannot_be_recorded_changes_nothing(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    let head = async || {
        house.deliver().await;
        house.hub().board().now().number()
    };
    let before = head().await;
    let code = async |client: &Client, status: &str, more: Value| {
        let said = record(&house, client, &id, status, more).await;
        let codes: Vec<String> = problems(&said, "recordLegalHold").into_iter().map(str::to_owned).collect();
        assert_eq!(codes.len(), 1, "{:#}", said.body);
        assert!(said.data("/recordLegalHold/legalHold").is_null());
        codes[0].clone()
    };
    assert_eq!(code(&officer, "ECO", json!({})).await, "NO_JURISDICTION");
    keeps_to(&house, "US-FL").await;
    let kept = head().await;
    assert_eq!(kept, before + 1);
    let hold = "BAKER_ACT_LAW_ENFORCEMENT";
    for (status, more, problem) in [
        ("ECO", json!({}), "UNKNOWN_LEGAL_STATUS"),
        ("VOLUNTARY", json!({}), "UNKNOWN_LEGAL_STATUS"),
        ("baker", json!({}), "UNKNOWN_LEGAL_STATUS"),
        (hold, json!({ "beganAt": house.clock.now().plus_minutes(1).to_string() }), "BEGINS_IN_FUTURE"),
    ] {
        assert_eq!(code(&intake, status, more.clone()).await, problem, "{status} {more}");
    }
    for (person, status, more, code) in [
        (
            "intake",
            hold,
            json!({ "beganAt": house.clock.now().plus_minutes(-32 * 24 * 60).to_string() }),
            "BAD_USER_INPUT",
        ),
        ("intake", hold, json!({ "expiresAt": house.clock.now().plus_minutes(-1).to_string() }), "BAD_USER_INPUT"),
        (
            "intake",
            hold,
            json!({ "expiresAt": house.clock.now().plus_minutes(8 * 24 * 60).to_string() }),
            "BAD_USER_INPUT",
        ),
        ("intake", hold, json!({ "beganAt": "2026-03-01T07:00:00" }), "BAD_USER_INPUT"),
        // The law lets an officer start one on what they saw, and not by a professional's certificate.
        ("officer-2", "BAKER_ACT_PROFESSIONAL", json!({}), "FORBIDDEN"),
        ("line_988", hold, json!({}), "FORBIDDEN"),
        ("mobile_team-2", hold, json!({}), "FORBIDDEN"),
        ("ems-2", hold, json!({}), "FORBIDDEN"),
        ("dispatcher-2", hold, json!({}), "FORBIDDEN"),
        ("peer", hold, json!({}), "FORBIDDEN"),
        // An officer writes as the sender: here, of the receiver.
        ("officer", hold, json!({}), "FORBIDDEN"),
        ("advocate-2", hold, json!({}), "NOT_FOUND"),
        ("council", hold, json!({}), "NOT_FOUND"),
        ("intake-far", hold, json!({}), "NOT_FOUND"),
    ] {
        assert_eq!(record(&house, &house.client(person), &id, status, more).await.code(), code, "{person} {status}");
    }
    assert_eq!(head().await, kept, "something was written");
    let behind = behind(&house).await;
    assert_eq!((count(&behind, "legal_hold").await, count(&behind, "handoff_entry").await), (0, 0));
    behind.close().await.unwrap();
    house.close().await;
}

async fn a_second_does_not_stand_beside_it(db: Db) {
    let house = House::open(db).await;
    keeps_to(&house, "US-FL").await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    let head = async || {
        house.deliver().await;
        house.hub().board().now().number()
    };
    let hold = "BAKER_ACT_LAW_ENFORCEMENT";
    let stands = recorded(&house, &intake, &id, hold, json!({})).await;
    assert_eq!(at(&stands["expiresAt"]), at(&stands["beganAt"]).plus_minutes(72 * 60));
    let after = head().await;
    let said = record(&house, &intake, &id, hold, json!({})).await;
    assert_eq!(problems(&said, "recordLegalHold"), ["LEGAL_HOLD_STANDS"]);
    assert_eq!(said.data("/recordLegalHold/problems/0/current/id"), &stands["id"]);
    // To the officer, who does not read it, it is not shown; nor do they put theirs in its place.
    for more in [json!({}), json!({ "supersedes": true })] {
        let said = record(&house, &officer, &id, hold, more).await;
        assert_eq!(problems(&said, "recordLegalHold"), ["LEGAL_HOLD_STANDS"]);
        assert_eq!(said.data("/recordLegalHold/problems/0/current"), &Value::Null);
    }
    assert_eq!(head().await, after, "something was written");
    let behind = behind(&house).await;
    assert_eq!(count(&behind, "handoff_entry").await, 1);
    behind.close().await.unwrap();
    house.close().await;
}

async fn nothing_of_what_it_is_lies_open(db: Db) {
    let house = House::open(db).await;
    keeps_to(&house, "US-FL").await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    let keyed = json!({ "idempotencyKey": "q" });
    let hold = recorded(&house, &officer, &id, "BAKER_ACT_LAW_ENFORCEMENT", keyed).await;
    let refused = record(&house, &officer, &id, "MARCHMAN_PROTECTIVE_CUSTODY", json!({ "idempotencyKey": "r" })).await;
    assert_eq!(problems(&refused, "recordLegalHold"), ["LEGAL_HOLD_STANDS"]);
    assert_eq!(problems(&end(&intake, &id, &hold["id"], "CONVERTED_VOLUNTARY").await, "endLegalHold"), [""; 0]);
    house.deliver().await;
    let bytes = dumped(house.place()).await;
    assert!(bytes.len() > 50_000, "nothing was searched");
    let found = |shape: &str| bytes.windows(shape.len()).any(|window| window == shape.as_bytes());
    assert!(found("LEGAL_HOLD_BEGAN"), "the log is not where it was searched");
    for canary in ["BAKER_ACT", "Baker Act", "MARCHMAN", "CONVERTED_VOLUNTARY", "own will"] {
        for shape in shapes(canary) {
            assert!(!found(&shape), "the database holds {shape}");
        }
    }
    house.close().await;
}
