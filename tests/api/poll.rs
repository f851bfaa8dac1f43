//! Polls: units asked to confirm their numbers, and who has answered.
use super::bed::{REPORT, numbers, problems};
use super::notice::coordinate;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::role::Role;
use serde_json::{Value, json};

on_both!(
    whoever_is_asked_sees_it_and_answers_by_reporting,
    coordinators_ask_the_region_and_administrators_their_own,
    units_are_chosen_by_name_by_facility_or_by_kind,
    a_request_to_units_has_bounds,
    the_same_request_twenty_times_at_once_asks_once,
    first_answers_outlive_later_reports_and_a_restart,
    open_requests_come_first_and_old_ones_go,
);

const ASK: &str = "mutation($input: RequestBedUpdateInput!) { requestBedUpdate(input: $input) {
    bedUpdateRequest { id askedAt dueAt open drill marker askedCount answeredCount } problems { code path current { id } } replayed } }";
const REQUEST: &str =
    "query($id: ID!) { node(id: $id) { ... on BedUpdateRequest { id version askedAt dueAt open note drill marker
    organization { id } answers { answeredAt unit { id } } askedCount answeredCount answeredInTimeCount } } }";

async fn ask(client: &Client, input: Value) -> Answer {
    client.ask(ASK, json!({ "input": input })).await
}

async fn asked(house: &House, person: &str, input: Value) -> String {
    let answer = ask(&house.client(person), input).await;
    assert_eq!(problems(&answer, "requestBedUpdate"), [""; 0], "{:#}", answer.body);
    house.deliver().await;
    answer.data("/requestBedUpdate/bedUpdateRequest/id").as_str().unwrap().to_owned()
}

async fn request(client: &Client, id: &str) -> Value {
    client.ask(REQUEST, json!({ "id": id })).await.data("/node").clone()
}

/// What a unit says of its own request.
async fn wanted(client: &Client, unit: impl ToString) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on BedUnit { updateRequestedAt updateDueBy updateMarker } } }";
    client.ask(query, json!({ "id": unit.to_string() })).await.data("/node").clone()
}

const NOT_WANTED: fn() -> Value = || json!({ "updateRequestedAt": null, "updateDueBy": null, "updateMarker": null });

async fn whoever_is_asked_sees_it_and_answers_by_reporting(db: Db) {
    let house = House::open(db).await;
    coordinate(&house).await;
    let [ours, theirs] = house.world.agencies.clone();
    for unit in [ours.chairs(), theirs.chairs(), theirs.ward()] {
        let person = if unit == ours.chairs() { "intake" } else { "intake-2" };
        house.client(person).ask(REPORT, numbers(unit, 8, 3)).await.data("");
    }
    house.clock.advance(10);
    let mut watching = house
        .client("intake-2")
        .sse(
            "subscription { events(kinds: [BED_UPDATE_REQUESTED]) { cursor change event { kind nodeId } } }",
            json!({}),
        )
        .await;
    watching.next().await.unwrap();
    let units = [ours.chairs(), theirs.chairs(), theirs.ward()].map(|unit| unit.to_string());
    let id =
        asked(&house, "line_988", json!({ "unitIds": units, "note": "Storm count, please.", "drill": true })).await;
    assert_eq!(watching.change("events").await["event"], json!({ "kind": "BED_UPDATE_REQUESTED", "nodeId": id }));
    let seen = request(&house.client("intake-2"), &id).await;
    assert_eq!(
        (&seen["note"], &seen["drill"], &seen["marker"]),
        (&json!("Storm count, please."), &json!(true), &json!("DRILL"))
    );
    assert_eq!((&seen["askedCount"], &seen["answeredCount"], &seen["open"]), (&json!(3), &json!(0), &json!(true)));
    assert_eq!(seen["organization"]["id"], ours.organization.to_string());

    // Its own agency is asked; whoever else sees the unit is not told.
    let own = wanted(&house.client("intake-2"), theirs.ward()).await;
    assert_eq!(
        (&own["updateRequestedAt"], &own["updateDueBy"], &own["updateMarker"]),
        (&seen["askedAt"], &seen["dueAt"], &json!("DRILL"))
    );
    for person in ["intake", "line_988", "mobile_team-2", "analyst"] {
        assert_eq!(wanted(&house.client(person), theirs.ward()).await, NOT_WANTED(), "{person}");
    }

    // New numbers and "still correct" both answer; the other unit has still to.
    house.client("intake-2").ask(REPORT, numbers(theirs.chairs(), 8, 4)).await.data("");
    let confirm = json!({ "input": { "units": [{ "unitId": theirs.ward().to_string(), "stillCorrect": true }] } });
    house.client("intake-2").ask(REPORT, confirm).await.data("");
    house.deliver().await;
    let seen = request(&house.client("line_988"), &id).await;
    assert_eq!((&seen["answeredCount"], &seen["answeredInTimeCount"]), (&json!(2), &json!(2)));
    for answer in seen["answers"].as_array().unwrap() {
        let ours = answer["unit"]["id"] == ours.chairs().to_string();
        assert_eq!(answer["answeredAt"].is_null(), ours, "{seen:#}");
    }
    assert_eq!(wanted(&house.client("intake-2"), theirs.ward()).await, NOT_WANTED());
    house.clock.advance(31);
    house.client("intake").ask(REPORT, numbers(ours.chairs(), 8, 4)).await.data("");
    house.deliver().await;
    let seen = request(&house.client("line_988"), &id).await;
    assert_eq!(
        (&seen["answeredCount"], &seen["answeredInTimeCount"], &seen["open"]),
        (&json!(3), &json!(2), &json!(false))
    );

    // Each sees the units that they see, and who sees none sees nothing.
    assert_eq!(request(&house.client("officer-2"), &id).await["askedCount"], 2, "drop-off units");
    for person in ["council", "intake-far", "agency_admin-far"] {
        assert_eq!(request(&house.client(person), &id).await, Value::Null, "{person}");
    }
    let ward = asked(&house, "agency_admin-2", json!({ "unitIds": [theirs.ward().to_string()] })).await;
    assert_eq!(request(&house.client("officer"), &ward).await, Value::Null);
    house.close().await;
}

async fn coordinators_ask_the_region_and_administrators_their_own(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let (own, other) =
        (json!({ "unitIds": [ours.chairs().to_string()] }), json!({ "unitIds": [theirs.chairs().to_string()] }));
    let far = json!({ "unitIds": [house.world.far.chairs().to_string()] });
    let code = async |person: &str, input: &Value| {
        let answer = ask(&house.client(person), input.clone()).await;
        if answer.body.get("errors").is_some() { answer.code().to_owned() } else { "done".into() }
    };
    for coordinating in [false, true] {
        if coordinating {
            coordinate(&house).await;
        }
        for role in Role::ALL {
            let person = role.code().to_lowercase();
            let coordinator = coordinating && matches!(role, Role::Line988 | Role::Dispatcher | Role::AgencyAdmin);
            let expected = match role {
                // A drop-off unit is not theirs to see: a peer and an advocate see public ones, and a peer their own.
                Role::Council | Role::Advocate => ("NOT_FOUND", "NOT_FOUND"),
                Role::Peer => ("FORBIDDEN", "NOT_FOUND"),
                _ if coordinator => ("done", "done"),
                Role::AgencyAdmin => ("done", "FORBIDDEN"),
                _ => ("FORBIDDEN", "FORBIDDEN"),
            };
            assert_eq!(code(&person, &own).await, expected.0, "{role:?}, its own, coordinating: {coordinating}");
            assert_eq!(code(&person, &other).await, expected.1, "{role:?}, another's, coordinating: {coordinating}");
            if *role != Role::HubOperator {
                assert_eq!(code(&person, &far).await, "NOT_FOUND", "{role:?}");
            }
        }
    }
    assert_eq!(ask(&house.nobody(), own).await.code(), "UNAUTHENTICATED");
    // One unit out of reach, and nobody is asked.
    let both = json!({ "unitIds": [ours.chairs().to_string(), theirs.chairs().to_string()] });
    assert_eq!(code("agency_admin-2", &both).await, "FORBIDDEN");
    house.close().await;
}

async fn units_are_chosen_by_name_by_facility_or_by_kind(db: Db) {
    let house = House::open(db).await;
    coordinate(&house).await;
    let [ours, theirs] = house.world.agencies.clone();
    let count = async |person: &str, input: Value| {
        let id = asked(&house, person, input).await;
        request(&house.client("analyst"), &id).await["askedCount"].as_i64().unwrap()
    };
    assert_eq!(count("line_988", json!({ "facilityId": theirs.facility.to_string() })).await, 3);
    assert_eq!(count("line_988", json!({ "countiesFips": ["12086"] })).await, 6);
    assert_eq!(count("line_988", json!({ "countiesFips": ["12086"], "levelsOfCare": ["RECEIVING_23H"] })).await, 6);
    assert_eq!(count("dispatcher", json!({ "levelsOfCare": ["RECEIVING_23H"] })).await, 2, "drop-off units");
    assert_eq!(count("agency_admin-2", json!({ "countiesFips": ["12086"] })).await, 3, "of one's own");
    for none in [
        json!({ "countiesFips": ["12011"] }),
        json!({ "countiesFips": ["12086"], "levelsOfCare": ["PSYCH_INPATIENT"] }),
    ] {
        assert_eq!(ask(&house.client("line_988"), none.clone()).await.code(), "BAD_USER_INPUT", "{none}");
    }
    assert_eq!(ask(&house.client("intake"), json!({ "countiesFips": ["12086"] })).await.code(), "FORBIDDEN");
    let theirs = json!({ "facilityId": theirs.facility.to_string() });
    assert_eq!(ask(&house.client("intake"), theirs.clone()).await.code(), "FORBIDDEN");
    assert_eq!(ask(&house.client("agency_admin-far"), theirs).await.code(), "NOT_FOUND");
    let retire = "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { problems { code } } }";
    let input = json!({ "input": { "id": ours.ward().to_string(), "label": "w", "facilityId": ours.facility.to_string(),
        "serviceId": ours.service.to_string(), "licensed": 1, "retire": true } });
    house.client("agency_admin").ask(retire, input).await.data("");
    let units = [ours.chairs().to_string(), ours.ward().to_string()];
    let answer = ask(&house.client("line_988"), json!({ "unitIds": units })).await;
    assert_eq!(problems(&answer, "requestBedUpdate"), ["RETIRED"]);
    assert_eq!(answer.data("/requestBedUpdate/problems/0/path"), &json!(["unitIds", "1"]));
    assert_eq!(count("line_988", json!({ "facilityId": ours.facility.to_string() })).await, 2);
    house.close().await;
}

async fn a_request_to_units_has_bounds(db: Db) {
    let house = House::open(db).await;
    let (admin, unit) = (house.client("agency_admin"), house.world.agencies[0].chairs().to_string());
    for input in [
        json!({}),
        json!({ "unitIds": [] }),
        json!({ "unitIds": vec![unit.clone(); 201] }),
        json!({ "unitIds": [unit, unit] }),
        json!({ "unitIds": [unit], "facilityId": house.world.agencies[0].facility.to_string() }),
        json!({ "unitIds": [unit], "countiesFips": ["12086"] }),
        json!({ "countiesFips": ["12"] }),
        json!({ "unitIds": [unit], "answerWithinMinutes": 4 }),
        json!({ "unitIds": [unit], "answerWithinMinutes": 1_441 }),
        json!({ "unitIds": [unit], "note": "n".repeat(501) }),
        json!({ "unitIds": [unit], "note": "two\nlines" }),
    ] {
        assert_eq!(ask(&admin, input.clone()).await.code(), "BAD_USER_INPUT", "{input}");
    }
    assert_eq!(wanted(&admin, &unit).await, NOT_WANTED(), "a refused request asked");
    for minutes in [5, 1_440] {
        asked(&house, "agency_admin", json!({ "unitIds": [unit], "answerWithinMinutes": minutes })).await;
    }
    house.close().await;
}

async fn the_same_request_twenty_times_at_once_asks_once(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    let input = json!({ "facilityId": house.world.agencies[0].facility.to_string(), "idempotencyKey": "once" });
    let all = futures_util::future::join_all((0..20).map(|_| ask(&admin, input.clone()))).await;
    let first = all[0].data("/requestBedUpdate/bedUpdateRequest/id");
    assert!(all.iter().all(|said| said.data("/requestBedUpdate/bedUpdateRequest/id") == first));
    assert_eq!(all.iter().filter(|said| said.data("/requestBedUpdate/replayed") == false).count(), 1);
    let mut other = input;
    other["drill"] = json!(true);
    assert_eq!(problems(&ask(&admin, other).await, "requestBedUpdate"), ["IDEMPOTENCY_CONFLICT"]);
    house.close().await;
}

async fn first_answers_outlive_later_reports_and_a_restart(db: Db) {
    let mut house = House::open(db).await;
    let agency = house.world.agencies[0].clone();
    let id = asked(&house, "agency_admin", json!({ "facilityId": agency.facility.to_string() })).await;
    let intake = house.client("intake");
    intake.ask(REPORT, numbers(agency.chairs(), 8, 3)).await.data("");
    house.deliver().await;
    let first = request(&intake, &id).await;
    house.clock.advance(45);
    for occupied in [4, 5] {
        intake.ask(REPORT, numbers(agency.chairs(), 8, occupied)).await.data("");
    }
    house.deliver().await;
    let later = request(&intake, &id).await;
    assert_eq!(later["answers"], first["answers"], "who answered in time did");
    assert_eq!(later["answeredInTimeCount"], 1);
    house.restart().await;
    assert_eq!(request(&house.client("intake"), &id).await, later);
    // On every node.
    if db == Db::Postgres {
        let (neighbor, address) = house.neighbor().await;
        let there = Client::new(address, Some(house.token("intake")));
        assert_eq!(request(&there, &id).await, later);
        let second = asked(&house, "agency_admin", json!({ "unitIds": [agency.ward().to_string()] })).await;
        there.ask(REPORT, numbers(agency.ward(), 8, 3)).await.data("");
        house.deliver().await;
        crate::house::traffic::caught_up(&neighbor.hub).await;
        let here = request(&house.client("intake"), &second).await;
        assert_eq!(here["answeredCount"], 1);
        assert_eq!(request(&there, &second).await, here);
    }
    house.close().await;
}

async fn open_requests_come_first_and_old_ones_go(db: Db) {
    let house = House::open(db).await;
    let unit = house.world.agencies[0].chairs().to_string();
    let ask = async |minutes: i64| {
        asked(&house, "agency_admin", json!({ "unitIds": [unit], "answerWithinMinutes": minutes })).await
    };
    let (long, short, middle) = (ask(600).await, ask(5).await, ask(15).await);
    house.clock.advance(10);
    let page = "query($after: Cursor) { bedUpdateRequests(first: 2, after: $after) { asOf { cursor }
        pageInfo { hasNextPage endCursor } edges { node { id open } } } }";
    let listed = |said: &Answer| -> Vec<String> {
        let edges = said.data("/bedUpdateRequests/edges").as_array().unwrap();
        edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let officer = house.client("officer");
    let first = officer.ask(page, json!({})).await;
    assert_eq!(listed(&first), [&*middle, &*long]);
    // What has come due since moves no row between pages.
    house.clock.advance(9);
    let after = json!({ "after": first.data("/bedUpdateRequests/pageInfo/endCursor") });
    assert_eq!(listed(&officer.ask(page, after).await), [&*short]);
    assert_eq!(listed(&officer.ask(page, json!({})).await), [&*long, &*middle]);
    assert_eq!(listed(&house.client("officer-far").ask(page, json!({})).await), [""; 0]);
    let asked = wanted(&house.client("intake"), &unit).await;
    assert!(!asked["updateRequestedAt"].is_null(), "overdue is still asked");
    house.clock.advance(7 * 24 * 60);
    assert_eq!(request(&house.client("intake"), &long).await, Value::Null, "kept for 7 days");
    assert_eq!(wanted(&house.client("intake"), &unit).await, NOT_WANTED());
    house.close().await;
}
