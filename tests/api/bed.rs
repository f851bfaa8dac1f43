//! Bed units: reported, seen by role, watched.
use crate::house::{Answer, Client, Db, House};
use serde_json::{Value, json};

on_both!(a_report_goes_through_every_room_and_out_by_sse_and_socket);

pub const REPORT: &str = "mutation($input: ReportBedsInput!) { reportBeds(input: $input) {
    bedUnits { id version net shownAs freshness asOf } problems { code message path current { id } } replayed } }";
pub const WATCH: &str =
    "subscription($filter: BedUnitFilter, $after: Cursor) { bedsChanged(filter: $filter, after: $after) {
    cursor eventId change unitId unit { id label version shownAs net freshness } } }";

/// One unit's numbers.
pub fn numbers(unit: impl ToString, staffed: u32, occupied: u32) -> Value {
    json!({ "input": { "units": [{ "unitId": unit.to_string(), "staffed": staffed, "occupied": occupied }] } })
}

async fn a_report_goes_through_every_room_and_out_by_sse_and_socket(db: Db) {
    let house = House::open(db).await;
    let chairs = house.world.agencies[0].chairs();
    let mut watching = house.client("officer").sse(WATCH, json!({})).await;
    let (name, first) = watching.next().await.unwrap();
    assert_eq!(name, "next");
    assert!(first["data"]["bedsChanged"]["cursor"].is_string(), "{first:#}");
    assert!(first["data"]["bedsChanged"]["change"].is_null());
    let mut socket = house.client("intake").ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.subscribe("a", WATCH, json!({})).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");

    let said = house.client("intake").ask(REPORT, numbers(chairs, 8, 5)).await;
    assert_eq!(said.data("/reportBeds/problems"), &json!([]));
    assert_eq!(said.data("/reportBeds/bedUnits/0/net"), 3);
    assert_eq!(said.data("/reportBeds/bedUnits/0/shownAs"), "AVAILABLE");

    let told = watching.change("bedsChanged").await;
    assert_eq!(told["unitId"], chairs.to_string());
    assert_eq!(told["change"], "CHANGED");
    assert_eq!(told["unit"]["shownAs"], "AVAILABLE");
    assert_eq!(told["unit"]["net"], Value::Null, "an officer is shown no numbers");
    let told = socket.next().await.unwrap();
    assert_eq!(told["payload"]["data"]["bedsChanged"]["unit"]["net"], 3);
    house.close().await;
}

on_both!(
    one_bad_report_of_many_changes_nothing,
    a_whole_facility_is_still_correct_in_one_tap,
    a_request_takes_one_to_two_hundred_units_each_once,
    a_report_out_of_its_time_is_refused_by_its_code,
    numbers_out_of_range_are_refused_and_over_capacity_is_shown,
    the_same_request_twenty_times_at_once_is_one_effect,
    a_key_with_another_body_is_a_conflict,
    two_who_report_one_unit_at_once_are_both_taken_in_order,
);

/// Problem codes of a payload.
pub fn problems<'a>(said: &'a Answer, field: &str) -> Vec<&'a str> {
    let listed = said.data(&format!("/{field}/problems")).as_array().unwrap_or_else(|| panic!("{:#}", said.body));
    listed.iter().map(|problem| problem["code"].as_str().unwrap()).collect()
}

/// A unit as its own agency's intake sees it.
pub async fn unit(client: &Client, id: impl ToString) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on BedUnit { id version label shownAs freshness net overCapacity
        asOf agingAt staleAt expiresAt waitlist lastReported { net asOf } report { id staffed occupied waitlist }
        pause { reason until } retired dropOff } } }";
    client.ask(query, json!({ "id": id.to_string() })).await.data("/node").clone()
}

pub fn minutes_from_now(house: &House, minutes: i64) -> String {
    use crisis_hub::clock::Clock;
    house.clock.now().plus_minutes(minutes).to_string()
}

async fn one_bad_report_of_many_changes_nothing(db: Db) {
    let house = House::open(db).await;
    let intake = house.client("intake");
    let [ours, theirs] = &house.world.agencies;
    let good = json!({ "unitId": ours.chairs().to_string(), "staffed": 4, "occupied": 1 });
    let late = json!({ "unitId": ours.ward().to_string(), "staffed": 4, "occupied": 1,
        "asOf": minutes_from_now(&house, -60 * 24 * 8) });
    let said = intake.ask(REPORT, json!({ "input": { "units": [good, late] } })).await;
    assert_eq!(problems(&said, "reportBeds"), ["AS_OF_TOO_OLD"]);
    assert_eq!(said.data("/reportBeds/problems/0/path"), &json!(["units", "1", "asOf"]));
    assert_eq!(said.data("/reportBeds/problems/0/current/id"), &json!(ours.ward().to_string()));
    assert!(said.data("/reportBeds/bedUnits").is_null());

    // Another agency's unit is visible to intake, and not theirs to report.
    let foreign = json!({ "unitId": theirs.chairs().to_string(), "staffed": 4, "occupied": 1 });
    let said = intake.ask(REPORT, json!({ "input": { "units": [good, foreign] } })).await;
    assert_eq!(said.code(), "FORBIDDEN");
    let far = json!({ "unitId": house.world.far.chairs().to_string(), "staffed": 4, "occupied": 1 });
    let said = intake.ask(REPORT, json!({ "input": { "units": [good, far] } })).await;
    assert_eq!(said.code(), "NOT_FOUND");
    house.deliver().await;
    assert!(unit(&intake, ours.chairs()).await["asOf"].is_null(), "a part of a refused request was kept");

    let both = json!([good, { "unitId": ours.ward().to_string(), "staffed": 6, "occupied": 6 }]);
    let said = intake.ask(REPORT, json!({ "input": { "units": both } })).await;
    assert_eq!(problems(&said, "reportBeds"), [""; 0]);
    assert_eq!(said.data("/reportBeds/bedUnits/0/net"), 3);
    assert_eq!(said.data("/reportBeds/bedUnits/1/shownAs"), "FULL");
    house.close().await;
}

async fn a_whole_facility_is_still_correct_in_one_tap(db: Db) {
    let house = House::open(db).await;
    let (intake, agency) = (house.client("intake"), house.world.agencies[0].clone());
    let tap = json!({ "input": { "facilityId": agency.facility.to_string() } });
    let said = intake.ask(REPORT, tap.clone()).await;
    assert_eq!(problems(&said, "reportBeds"), ["NOTHING_TO_CONFIRM"; 3]);
    for (id, occupied) in agency.units.iter().zip([1, 2, 3]) {
        intake.ask(REPORT, numbers(id, 5, occupied)).await.data("");
    }
    house.clock.advance(90);
    assert_eq!(unit(&intake, agency.chairs()).await["freshness"], "AGING");
    let said = intake.ask(REPORT, tap).await;
    assert_eq!(problems(&said, "reportBeds"), [""; 0]);
    let units = said.data("/reportBeds/bedUnits").as_array().unwrap();
    assert_eq!(units.len(), 3);
    assert!(units.iter().all(|unit| unit["freshness"] == "FRESH"), "{units:#?}");
    for (id, net) in agency.units.iter().zip([4, 3, 2]) {
        assert_eq!(unit(&intake, id).await["net"], net);
    }
    let theirs = json!({ "input": { "facilityId": house.world.agencies[1].facility.to_string() } });
    assert_eq!(intake.ask(REPORT, theirs).await.code(), "FORBIDDEN");
    let far = json!({ "input": { "facilityId": house.world.far.facility.to_string() } });
    assert_eq!(intake.ask(REPORT, far).await.code(), "NOT_FOUND");
    house.close().await;
}

async fn a_request_takes_one_to_two_hundred_units_each_once(db: Db) {
    let house = House::open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs().to_string());
    let line = json!({ "unitId": id, "staffed": 1, "occupied": 0 });
    for (count, why) in [(0, "none"), (201, "too many"), (2, "one twice")] {
        let said = intake.ask(REPORT, json!({ "input": { "units": vec![line.clone(); count] } })).await;
        assert_eq!(said.code(), "BAD_USER_INPUT", "{why}");
    }
    for input in [
        json!({}),
        json!({ "units": [line], "facilityId": house.world.agencies[0].facility.to_string() }),
        json!({ "units": [{ "unitId": id, "staffed": 1 }] }),
        json!({ "units": [{ "unitId": id, "stillCorrect": true, "staffed": 1, "occupied": 1 }] }),
    ] {
        assert_eq!(intake.ask(REPORT, json!({ "input": input })).await.code(), "BAD_USER_INPUT", "{input}");
    }
    assert!(unit(&intake, &id).await["asOf"].is_null());
    house.close().await;
}

async fn a_report_out_of_its_time_is_refused_by_its_code(db: Db) {
    let house = House::open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs().to_string());
    let report =
        |as_of: String| json!({ "input": { "units": [{ "unitId": id, "staffed": 9, "occupied": 1, "asOf": as_of }] } });
    let confirm = json!({ "input": { "units": [{ "unitId": id, "stillCorrect": true }] } });
    assert_eq!(problems(&intake.ask(REPORT, confirm).await, "reportBeds"), ["NOTHING_TO_CONFIRM"]);
    let taken = minutes_from_now(&house, -10);
    assert_eq!(problems(&intake.ask(REPORT, report(taken.clone())).await, "reportBeds"), [""; 0]);
    // The very same report again, as a feed resends it, is no news and no refusal.
    let version = unit(&intake, &id).await["version"].clone();
    assert_eq!(problems(&intake.ask(REPORT, report(taken.clone())).await, "reportBeds"), [""; 0]);
    assert_eq!(unit(&intake, &id).await["version"], version);
    let mut other = report(taken);
    other["input"]["units"][0]["occupied"] = json!(2);
    assert_eq!(problems(&intake.ask(REPORT, other).await, "reportBeds"), ["OLDER_THAN_STORED"]);
    for (as_of, code) in
        [(minutes_from_now(&house, -11), "OLDER_THAN_STORED"), (minutes_from_now(&house, 2), "AS_OF_IN_FUTURE")]
    {
        let said = intake.ask(REPORT, report(as_of.clone())).await;
        assert_eq!(problems(&said, "reportBeds"), [code], "{as_of}");
        assert_eq!(said.data("/reportBeds/problems/0/current/id"), &json!(id));
    }
    // Two clocks may differ by a minute; what comes from ahead counts as now.
    let said = intake.ask(REPORT, report(minutes_from_now(&house, 0))).await;
    assert_eq!(problems(&said, "reportBeds"), [""; 0]);
    for naive in ["2026-03-01T07:05:00", "2026-03-01", "07:05", "yesterday", ""] {
        let said = intake.ask(REPORT, report(naive.into())).await;
        assert_eq!(said.code(), "BAD_USER_INPUT", "{naive:?}");
    }
    house.close().await;
}

async fn numbers_out_of_range_are_refused_and_over_capacity_is_shown(db: Db) {
    let house = House::open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs().to_string());
    let report = |fields: Value| {
        let mut line = json!({ "unitId": id, "staffed": 5, "occupied": 1 });
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ "input": { "units": [line] } })
    };
    for fields in [
        json!({ "staffed": 10_001 }),
        json!({ "staffed": 3_000_000_000_u64 }),
        json!({ "occupied": 10_001 }),
        json!({ "pendingDischarge": 10_001 }),
        json!({ "waitlist": 10_001 }),
        json!({ "blocked": [{ "count": 0, "reason": "STAFFING" }] }),
        json!({ "blocked": [{ "count": 1, "reason": "STAFFING" }, { "count": 1, "reason": "STAFFING" }] }),
    ] {
        let said = intake.ask(REPORT, report(fields.clone())).await;
        assert_eq!(problems(&said, "reportBeds"), ["OUT_OF_RANGE"], "{fields}");
    }
    for fields in [
        json!({ "staffed": -1 }),
        json!({ "staffed": 1.5 }),
        json!({ "staffed": "5" }),
        json!({ "accepting": "MAYBE" }),
        json!({ "unheardOf": 1 }),
    ] {
        let said = intake.ask(REPORT, report(fields.clone())).await;
        assert_eq!(said.code(), "BAD_USER_INPUT", "{fields}");
    }
    assert!(unit(&intake, &id).await["asOf"].is_null(), "a refused report was kept");
    let said = intake.ask(REPORT, report(json!({ "staffed": 3, "occupied": 5, "waitlist": 2 }))).await;
    assert_eq!(problems(&said, "reportBeds"), [""; 0]);
    let seen = unit(&intake, &id).await;
    assert_eq!((&seen["overCapacity"], &seen["net"], &seen["shownAs"]), (&json!(true), &json!(0), &json!("FULL")));
    assert_eq!(seen["waitlist"], 2);
    assert_eq!(unit(&house.client("officer"), &id).await["overCapacity"], Value::Null, "that would be a number");
    house.close().await;
}

async fn the_same_request_twenty_times_at_once_is_one_effect(db: Db) {
    let house = House::open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs());
    let before = unit(&intake, id).await["version"].as_i64().unwrap();
    let mut input = numbers(id, 8, 2);
    input["input"]["idempotencyKey"] = json!("once");
    let all = futures_util::future::join_all((0..20).map(|_| intake.ask(REPORT, input.clone()))).await;
    let mut fresh = 0;
    for said in &all {
        assert_eq!(problems(said, "reportBeds"), [""; 0]);
        let seen = said.data("/reportBeds/bedUnits/0");
        assert_eq!((&seen["id"], &seen["version"]), (&json!(id.to_string()), &json!(before + 1)), "{seen}");
        fresh += usize::from(said.data("/reportBeds/replayed") == false);
    }
    assert_eq!(fresh, 1, "one did it, nineteen were told so");
    let query = "query($id: ID!) { node(id: $id) { ... on BedUnit { version reports { id } } } }";
    let kept = intake.ask(query, json!({ "id": id.to_string() })).await;
    assert_eq!(kept.data("/node/reports").as_array().unwrap().len(), 1);
    house.clock.advance(25 * 60);
    let said = house.client("intake").ask(REPORT, input).await;
    assert_eq!(said.data("/reportBeds/replayed"), false, "a key is kept for a day");
    house.close().await;
}

async fn a_key_with_another_body_is_a_conflict(db: Db) {
    let house = House::open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs());
    let keyed = |occupied: u32| {
        let mut input = numbers(id, 8, occupied);
        input["input"]["idempotencyKey"] = json!("k");
        input
    };
    assert_eq!(problems(&intake.ask(REPORT, keyed(2)).await, "reportBeds"), [""; 0]);
    let said = intake.ask(REPORT, keyed(3)).await;
    assert_eq!(problems(&said, "reportBeds"), ["IDEMPOTENCY_CONFLICT"]);
    assert_eq!(unit(&intake, id).await["net"], 6);
    // A colleague's key is the colleague's own.
    let said = house.client("agency_admin").ask(REPORT, keyed(4)).await;
    assert_eq!((problems(&said, "reportBeds"), said.data("/reportBeds/replayed")), (vec![], &json!(false)));
    assert_eq!(unit(&intake, id).await["net"], 4);
    let mut long = keyed(2);
    long["input"]["idempotencyKey"] = json!("k".repeat(129));
    assert_eq!(intake.ask(REPORT, long).await.code(), "BAD_USER_INPUT");
    // Revoked in between, a replay tells nothing either.
    assert_eq!(house.client("intake-2").ask(REPORT, keyed(2)).await.code(), "FORBIDDEN");
    house.close().await;
}

async fn two_who_report_one_unit_at_once_are_both_taken_in_order(db: Db) {
    let house = House::open(db).await;
    let id = house.world.agencies[0].chairs();
    let (one, two) = (house.client("intake"), house.client("agency_admin"));
    let before = unit(&one, id).await["version"].as_i64().unwrap();
    let writes = (0..16).map(|n| {
        let client = if n % 2 == 0 { &one } else { &two };
        client.ask(REPORT, numbers(id, 20, n))
    });
    let all = futures_util::future::join_all(writes).await;
    let mut versions = Vec::new();
    for said in &all {
        // Whoever began first and came last reports an older instant: the later numbers stand.
        match problems(said, "reportBeds").as_slice() {
            [] => versions.push(said.data("/reportBeds/bedUnits/0/version").as_i64().unwrap()),
            refused => assert_eq!(refused, ["OLDER_THAN_STORED"]),
        }
    }
    versions.sort_unstable();
    let taken = i64::try_from(versions.len()).unwrap();
    assert_eq!(versions, (before + 1..=before + taken).collect::<Vec<_>>(), "each write is a version of its own");
    assert_eq!(unit(&one, id).await["version"], before + taken);
    house.close().await;
}
