//! Bed units and time: numbers grow old, pauses end, and the log tells of it.
use super::bed::{REPORT, WATCH, numbers, problems, unit};
use crate::house::{Db, House};
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    numbers_grow_old_and_are_no_longer_shown,
    turning_old_is_an_event_that_arrives,
    with_another_interval_numbers_turn_old_anew,
    a_paused_unit_says_so_and_past_its_end_asks_to_be_called,
    a_watcher_of_a_filter_hears_of_entering_and_leaving_it,
);

const PAUSE: &str = "mutation($input: PauseBedUnitInput!) { pauseBedUnit(input: $input) {
    bedUnit { id shownAs net pause { reason until } } problems { code path } replayed } }";
const RESUME: &str = "mutation($input: ResumeBedUnitInput!) { resumeBedUnit(input: $input) {
    bedUnit { id shownAs net pause { reason } } problems { code } replayed } }";

async fn numbers_grow_old_and_are_no_longer_shown(db: Db) {
    let house = House::open(db).await;
    let (intake, officer) = (house.client("intake"), house.client("officer"));
    let id = house.world.agencies[0].chairs();
    let never = unit(&intake, id).await;
    assert_eq!(
        (&never["freshness"], &never["shownAs"], &never["net"]),
        (&json!("EXPIRED"), &json!("CALL"), &Value::Null)
    );
    assert_eq!(problems(&intake.ask(REPORT, numbers(id, 8, 2)).await, "reportBeds"), [""; 0]);
    // The unit's interval is an hour: aging after one, stale after two, expired after four.
    for (minutes, freshness, net, shown) in [
        (0, "FRESH", json!(6), "AVAILABLE"),
        (59, "FRESH", json!(6), "AVAILABLE"),
        (2, "AGING", json!(6), "AVAILABLE"),
        (60, "STALE", Value::Null, "CALL"),
        (118, "STALE", Value::Null, "CALL"),
        (2, "EXPIRED", Value::Null, "CALL"),
    ] {
        house.clock.advance(minutes);
        let seen = unit(&intake, id).await;
        assert_eq!(seen["freshness"], freshness, "{seen:#}");
        assert_eq!((&seen["net"], &seen["shownAs"]), (&net, &json!(shown)), "{freshness}");
        assert_eq!(seen["lastReported"]["net"], 6, "{freshness}: the last number stays, with its time");
        assert_eq!(seen["lastReported"]["asOf"], seen["asOf"]);
        let coarse = unit(&officer, id).await;
        assert_eq!((&coarse["freshness"], &coarse["shownAs"]), (&json!(freshness), &json!(shown)));
        assert!(coarse["agingAt"].is_string() && coarse["staleAt"].is_string() && coarse["expiresAt"].is_string());
    }
    house.close().await;
}

async fn turning_old_is_an_event_that_arrives(db: Db) {
    let house = House::open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs());
    let report = intake.ask(REPORT, numbers(id, 8, 2)).await;
    assert_eq!(problems(&report, "reportBeds"), [""; 0]);
    house.deliver().await;
    let mut watching = house.client("officer").sse(WATCH, json!({})).await;
    assert_eq!(watching.next().await.unwrap().0, "next");
    let query = "subscription { events(kinds: [BEDS_AGED]) { cursor change event { kind nodeId nodeVersion } } }";
    let mut aged = intake.sse(query, json!({})).await;
    assert_eq!(aged.next().await.unwrap().0, "next");
    let mut version = report.data("/reportBeds/bedUnits/0/version").as_i64().unwrap();
    for (minutes, freshness, shown) in [(61, "AGING", "AVAILABLE"), (60, "STALE", "CALL"), (120, "EXPIRED", "CALL")] {
        house.clock.advance(minutes);
        let told = watching.change("bedsChanged").await;
        assert_eq!((&told["unitId"], &told["change"]), (&json!(id.to_string()), &json!("CHANGED")));
        assert_eq!((&told["unit"]["freshness"], &told["unit"]["shownAs"]), (&json!(freshness), &json!(shown)));
        version += 1;
        let event = aged.change("events").await;
        assert_eq!(event["event"], json!({ "kind": "BEDS_AGED", "nodeId": id.to_string(), "nodeVersion": version }));
    }
    house.close().await;
}

async fn with_another_interval_numbers_turn_old_anew(db: Db) {
    let house = House::open(db).await;
    let (intake, agency) = (house.client("intake"), house.world.agencies[0].clone());
    intake.ask(REPORT, numbers(agency.chairs(), 8, 2)).await.data("");
    house.deliver().await;
    let mut watching = house.client("officer").sse(WATCH, json!({})).await;
    assert_eq!(watching.next().await.unwrap().0, "next");
    house.clock.advance(61);
    assert_eq!(watching.change("bedsChanged").await["unit"]["freshness"], "AGING");
    let edit = "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { bedUnit { freshness } problems { code } } }";
    let input = json!({ "input": { "id": agency.chairs().to_string(), "label": "Amber chairs", "licensed": 12,
        "facilityId": agency.facility.to_string(), "serviceId": agency.service.to_string(), "dropOff": true,
        "updateIntervalMinutes": 240 } });
    let said = house.client("agency_admin").ask(edit, input).await;
    assert_eq!(said.data("/saveBedUnit/bedUnit/freshness"), "FRESH");
    assert_eq!(watching.change("bedsChanged").await["unit"]["freshness"], "FRESH");
    house.clock.advance(180);
    assert_eq!(watching.change("bedsChanged").await["unit"]["freshness"], "AGING");
    house.close().await;
}

async fn a_paused_unit_says_so_and_past_its_end_asks_to_be_called(db: Db) {
    let house = House::open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs());
    intake.ask(REPORT, numbers(id, 8, 2)).await.data("");
    let until = |minutes| house.clock.now().plus_minutes(minutes).to_string();
    let pause =
        |until: String| json!({ "input": { "bedUnitId": id.to_string(), "reason": "STAFFING", "until": until } });
    for bad in [until(-1), until(31 * 24 * 60)] {
        let said = intake.ask(PAUSE, pause(bad.clone())).await;
        assert_eq!(said.code(), "BAD_USER_INPUT", "{bad}");
    }
    assert_eq!(house.client("intake-2").ask(PAUSE, pause(until(30))).await.code(), "FORBIDDEN");
    assert_eq!(house.client("intake-far").ask(PAUSE, pause(until(30))).await.code(), "NOT_FOUND");
    assert_eq!(unit(&intake, id).await["shownAs"], "AVAILABLE");
    let said = intake.ask(PAUSE, pause(until(30))).await;
    assert_eq!(said.data("/pauseBedUnit/bedUnit/shownAs"), "PAUSED");
    assert!(said.data("/pauseBedUnit/bedUnit/net").is_null(), "a paused unit shows no bare number");
    assert_eq!(said.data("/pauseBedUnit/bedUnit/pause/reason"), "STAFFING");
    house.deliver().await;
    let pause = async |person: &str| unit(&house.client(person), id).await["pause"].clone();
    assert_eq!(pause("mobile_team").await["reason"], "STAFFING");
    let coarse = pause("officer").await;
    assert!(coarse["reason"].is_null() && coarse["until"].is_string(), "until when, and not why: {coarse}");
    let mut watching = house.client("officer").sse(WATCH, json!({})).await;
    assert_eq!(watching.next().await.unwrap().0, "next");
    house.clock.advance(31);
    // It does not reopen by itself.
    let told = watching.change("bedsChanged").await;
    assert_eq!(told["unit"]["shownAs"], "CALL");
    let seen = unit(&intake, id).await;
    assert_eq!((&seen["shownAs"], &seen["net"]), (&json!("CALL"), &Value::Null));
    let said = intake.ask(RESUME, json!({ "input": { "bedUnitId": id.to_string() } })).await;
    assert_eq!(
        (said.data("/resumeBedUnit/bedUnit/shownAs"), said.data("/resumeBedUnit/bedUnit/net")),
        (&json!("AVAILABLE"), &json!(6))
    );
    assert!(said.data("/resumeBedUnit/bedUnit/pause").is_null());
    let told = watching.change("bedsChanged").await;
    assert_eq!(told["unit"]["shownAs"], "AVAILABLE");
    house.close().await;
}

async fn a_watcher_of_a_filter_hears_of_entering_and_leaving_it(db: Db) {
    let house = House::open(db).await;
    let (intake, agency) = (house.client("intake"), house.world.agencies[0].clone());
    let filter = json!({ "filter": { "shownAs": ["AVAILABLE"] } });
    let mut watching = house.client("mobile_team").sse(WATCH, filter).await;
    assert_eq!(watching.next().await.unwrap().0, "next");
    for (occupied, change) in [(2, "ENTERED"), (3, "CHANGED"), (8, "LEFT")] {
        intake.ask(REPORT, numbers(agency.ward(), 8, occupied)).await.data("");
        let told = watching.change("bedsChanged").await;
        assert_eq!((&told["change"], &told["unitId"]), (&json!(change), &json!(agency.ward().to_string())));
        assert_eq!(told["unit"].is_null(), change == "LEFT", "of what left, the id alone");
    }
    // An officer is told nothing of a unit that takes no drop-offs.
    let mut officer = house.client("officer").sse(WATCH, json!({})).await;
    assert_eq!(officer.next().await.unwrap().0, "next");
    intake.ask(REPORT, numbers(agency.ward(), 8, 1)).await.data("");
    intake.ask(REPORT, numbers(agency.chairs(), 8, 1)).await.data("");
    assert_eq!(officer.change("bedsChanged").await["unitId"], agency.chairs().to_string());
    house.close().await;
}
