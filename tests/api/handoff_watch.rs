//! Handoffs watched: both parties are told, each as much as it may read, and nobody else anything.
use super::bed::{REPORT, numbers};
use super::handoff::{at, on_the_way, open_door, went};
use crate::house::{Client, Db, House, Sse};
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    both_parties_are_told_from_the_announcement_to_the_end,
    what_is_told_is_as_the_board_is_now,
    whoever_comes_back_misses_nothing,
    colleagues_at_one_table_read_what_each_may,
    nobody_else_is_told,
);

const WATCH: &str = "subscription($filter: HandoffsWatched, $after: Cursor) {
    handoffsChanged(filter: $filter, after: $after) { cursor eventId change handoffId handoff { id state need { ageBand } } } }";

async fn watch(client: &Client, variables: Value) -> (Sse, Value) {
    let mut told = client.sse(WATCH, variables).await;
    let first = next(&mut told).await;
    (told, first)
}

async fn next(told: &mut Sse) -> Value {
    told.next().await.expect("it ended").1["data"]["handoffsChanged"].clone()
}

/// The next message that is no heartbeat: what it says of which handoff, and how that stands.
async fn change(told: &mut Sse, id: &str) -> (String, Value) {
    loop {
        let message = next(told).await;
        if let Some(change) = message["change"].as_str() {
            assert_eq!(message["handoffId"], json!(id));
            assert!(message["eventId"].is_string());
            return (change.to_owned(), message["handoff"]["state"].clone());
        }
    }
}

async fn both_parties_are_told_from_the_announcement_to_the_end(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let here = json!({ "filter": { "unitId": door.0.to_string() } });
    let away = json!({ "filter": { "unitId": house.world.agencies[0].guest().to_string() } });
    let (mut car, first) = watch(&officer, json!({})).await;
    assert!(first["change"].is_null() && first["cursor"].is_string(), "{first}");
    let (mut desk, _) = watch(&intake, here).await;
    let (mut other, _) = watch(&intake, away.clone()).await;
    let id = on_the_way(&officer, door).await;
    for told in [&mut car, &mut desk] {
        assert_eq!(change(told, &id).await, ("ENTERED".into(), json!("ACCEPTED")));
    }
    for (client, field, state) in [
        (&officer, "departHandoff", "EN_ROUTE"),
        (&officer, "arriveHandoff", "ARRIVED"),
        (&intake, "confirmTransfer", "RECEIVED"),
    ] {
        went(client, field, &id, json!({})).await;
        for told in [&mut car, &mut desk] {
            assert_eq!(change(told, &id).await, ("CHANGED".into(), json!(state)));
        }
    }
    went(&officer, "confirmTransfer", &id, json!({})).await;
    for told in [&mut car, &mut desk] {
        assert_eq!(change(told, &id).await, ("LEFT".into(), Value::Null));
    }
    // Another unit's watchers were told of none of it.
    let (_, since) = watch(&intake, json!({ "filter": away["filter"], "after": first["cursor"] })).await;
    assert!(since["change"].is_null(), "{since}");
    house.clock.advance(1);
    assert!(next(&mut other).await["change"].is_null());
    house.close().await;
}

async fn what_is_told_is_as_the_board_is_now(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let watch = "subscription { handoffsChanged { change handoff { id unit { net asOf } } } }";
    let mut told = intake.sse(watch, json!({})).await;
    next(&mut told).await;
    // Reported long after the watching began.
    house.clock.advance(60);
    house.client("intake").ask(REPORT, numbers(door.0, 9, 2)).await.data("");
    house.deliver().await;
    on_the_way(&officer, door).await;
    let message = told.change("handoffsChanged").await;
    let unit = &message["handoff"]["unit"];
    let reported = at(&unit["asOf"]) > house.clock.now().plus_minutes(-1);
    assert_eq!((&unit["net"], reported), (&json!(6), true), "{message:#}");
    house.close().await;
}

async fn whoever_comes_back_misses_nothing(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let list = "{ handoffs { edges { node { id } } asOf { cursor } } }";
    let listed = intake.ask(list, json!({})).await;
    let as_of = listed.data("/handoffs/asOf/cursor").clone();
    let id = on_the_way(&officer, door).await;
    house.deliver().await;
    let (told, first) = watch(&intake, json!({ "after": as_of })).await;
    assert_eq!((&first["change"], &first["handoffId"]), (&json!("ENTERED"), &json!(id)));
    let place = first["cursor"].clone();
    drop(told);
    went(&officer, "arriveHandoff", &id, json!({})).await;
    went(&intake, "redirectHandoff", &id, json!({ "reason": "MEDICAL" })).await;
    house.deliver().await;
    let (mut told, first) = watch(&intake, json!({ "after": place })).await;
    // As it stands when it is told: sent on by now.
    assert_eq!((&first["change"], &first["handoff"]["state"]), (&json!("CHANGED"), &json!("REDIRECTED")));
    assert_eq!(change(&mut told, &id).await, ("LEFT".into(), Value::Null));
    let forged = intake.try_sse(WATCH, json!({ "after": "forged" })).await.unwrap().next().await.unwrap().1;
    assert_eq!(forged["errors"][0]["extensions"]["code"], "CURSOR_EXPIRED");
    house.close().await;
}

async fn colleagues_at_one_table_read_what_each_may(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let people = ["ems-2", "officer-2", "dispatcher-2"];
    let mut watching = Vec::new();
    for person in people {
        watching.push(watch(&house.client(person), json!({})).await.0);
    }
    on_the_way(&house.client("officer-2"), door).await;
    for (told, person) in watching.iter_mut().zip(people) {
        let message = loop {
            let message = next(told).await;
            if !message["change"].is_null() {
                break message;
            }
        };
        assert_eq!(message["handoff"]["need"].is_object(), person == "ems-2", "{person}: {message}");
    }
    house.close().await;
}

async fn nobody_else_is_told(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let strangers = ["council", "advocate", "agency_admin", "hub_operator", "intake-far"];
    let mut since = Vec::new();
    for person in strangers {
        since.push(watch(&house.client(person), json!({})).await.1["cursor"].clone());
    }
    let id = on_the_way(&house.client("officer-2"), door).await;
    went(&house.client("intake"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    house.deliver().await;
    for (person, after) in strangers.iter().zip(since) {
        let (_, first) = watch(&house.client(person), json!({ "after": after })).await;
        assert!(first["change"].is_null(), "{person} is told {first}");
    }
    house.close().await;
}
