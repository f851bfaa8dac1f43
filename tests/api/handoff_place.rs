//! The place that a handoff keeps, and whose audit says what its parties did.
use super::bed::{REPORT, numbers, problems, unit};
use super::handoff::{announce, at, on_the_way, open_door, read, to, told, watch, went};
use crate::house::{Db, House};
use serde_json::{Value, json};

on_both!(
    a_full_unit_refuses_nobody_and_a_late_arrival_takes_a_place,
    one_person_takes_one_place,
    silence_takes_back_no_arrival,
    those_on_the_way_use_up_no_agencys_tries,
    what_a_party_does_is_in_its_own_agencys_audit,
);

async fn a_full_unit_refuses_nobody_and_a_late_arrival_takes_a_place(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 6, 6).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let full = on_the_way(&officer, door).await;
    assert_eq!(read(&officer, &full).await["holdId"], Value::Null);
    assert_eq!(went(&intake, "arriveHandoff", &full, json!({})).await["state"], "ARRIVED");
    // A place is free, and kept for two and a half hours; the person comes after that.
    intake.ask(REPORT, numbers(door.0, 6, 5)).await.data("");
    let late = on_the_way(&officer, door).await;
    assert_eq!(unit(&intake, door.0).await["net"], 0);
    house.clock.advance(151);
    intake.ask(REPORT, numbers(door.0, 6, 5)).await.data("");
    assert_eq!(unit(&intake, door.0).await["net"], 1, "the place is offered again");
    let there = went(&intake, "arriveHandoff", &late, json!({})).await;
    assert_eq!(unit(&intake, door.0).await["net"], 0, "and now somebody is in it");
    assert!(there["holdId"].is_string());
    house.close().await;
}

async fn one_person_takes_one_place(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let net = async || unit(&intake, door.0).await["net"].clone();
    // Said of the hold and of the handoff: one arrival.
    let id = on_the_way(&officer, door).await;
    let hold = read(&officer, &id).await["holdId"].clone();
    intake.ask(super::hold::ARRIVE, json!({ "input": { "holdId": hold } })).await.data("");
    assert_eq!(net().await, 4);
    let there = went(&officer, "arriveHandoff", &id, json!({})).await;
    assert_eq!((&there["holdId"], net().await), (&hold, json!(4)));
    // Sent on from the door: nobody is there any more, and the place is free.
    went(&intake, "redirectHandoff", &id, json!({ "reason": "MEDICAL" })).await;
    assert_eq!(net().await, 5);
    // A place that was held before is gone on with, and kept as long as the pathway says.
    let held = super::hold::hold(&officer, door.0).await;
    let said = announce(&officer, to(door, json!({ "holdId": held }))).await;
    assert_eq!((said.data("/announceHandoff/handoff/holdId"), net().await), (&json!(held), json!(4)));
    let until = "query($id: ID!) { node(id: $id) { ... on BedHold { until } } }";
    let until = officer.ask(until, json!({ "id": held })).await.data("/node/until").clone();
    assert!(at(&until) >= at(said.data("/announceHandoff/handoff/arriveBy")).plus_minutes(30));
    for bad in [json!(held), hold] {
        assert_eq!(announce(&officer, to(door, json!({ "holdId": bad }))).await.code(), "BAD_USER_INPUT");
    }
    let other = super::hold::hold(&house.client("ems"), door.0).await;
    assert_eq!(announce(&officer, to(door, json!({ "holdId": other }))).await.code(), "NOT_FOUND", "another agency's");
    house.close().await;
}

async fn silence_takes_back_no_arrival(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    let hold = read(&house.client("officer-2"), &id).await["holdId"].clone();
    house.client("intake").ask(super::hold::ARRIVE, json!({ "input": { "holdId": hold } })).await.data("");
    // Nobody says so of the handoff, and the unit reports nothing new.
    for (minutes, told_of) in [(150, "HANDOFF_LATE"), (241, "HANDOFF_LAPSED")] {
        let mut events = watch(&house.client("intake")).await;
        house.clock.advance(minutes);
        told(&mut events, &id, told_of).await;
    }
    house.deliver().await;
    let intake = house.client("intake");
    let query = "query($id: ID!) { node(id: $id) { ... on BedUnit { arrivedSinceReport } } }";
    let said = intake.ask(query, json!({ "id": door.0.to_string() })).await;
    assert_eq!(said.data("/node/arrivedSinceReport"), &json!(1), "somebody is in the place");
    house.close().await;
}

async fn those_on_the_way_use_up_no_agencys_tries(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 20, 4).await;
    let officer = house.client("officer-2");
    for _ in 0..7 {
        on_the_way(&officer, door).await;
    }
    super::hold::hold(&officer, door.0).await;
    // But nobody takes the region's places by announcing.
    house.client("intake").ask(REPORT, numbers(door.0, 200, 4)).await.data("");
    for _ in 7..100 {
        on_the_way(&officer, door).await;
    }
    let one_more = announce(&officer, to(door, json!({}))).await;
    assert_eq!(problems(&one_more, "announceHandoff"), ["HOLD_LIMIT"]);
    on_the_way(&house.client("officer"), door).await;
    house.close().await;
}

async fn what_a_party_does_is_in_its_own_agencys_audit(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    went(&house.client("intake"), "redirectHandoff", &id, json!({ "reason": "UNSAFE" })).await;
    let trail = "{ auditTrail(first: 100) { edges { node { action nodeId } } } }";
    for (admin, own) in [("agency_admin-2", "SEND_HANDOFF"), ("agency_admin", "RECEIVE_HANDOFF")] {
        let said = house.client(admin).ask(trail, json!({})).await;
        let edges = said.data("/auditTrail/edges").as_array().unwrap();
        let of_it = edges.iter().filter(|edge| edge["node"]["nodeId"] == json!(id));
        let actions: Vec<&str> = of_it.map(|edge| edge["node"]["action"].as_str().unwrap()).collect();
        assert_eq!(actions, [own], "{admin}");
    }
    house.close().await;
}
