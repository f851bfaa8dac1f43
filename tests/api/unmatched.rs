//! Whoever finds no place is seen looking for one, and that there was none is the hub's word.
use super::bed::{REPORT, numbers, problems};
use super::handoff::{told, watch};
use super::offer::{Asked, close, episode, offered};
use crate::house::{Answer, Client, Db, House};
use serde_json::{Value, json};

on_both!(
    nobody_to_ask_is_a_fact_and_a_search_all_the_same,
    who_knows_of_a_place_says_so_and_asks_nobody,
    it_has_its_askers_and_its_limits,
);

async fn open(client: &Client, more: Value) -> Answer {
    let document =
        "mutation($input: OpenEpisodeInput!) { openEpisode(input: $input) { episode { id version state settlement
        personAgreed dueAt openedAt handoffs { id } need { ageBand } sender { id } } problems { code } replayed } }";
    let mut input = json!({ "need": { "age": 34 }, "personAgreed": true });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(document, json!({ "input": input })).await
}

async fn opened(client: &Client, more: Value) -> Value {
    let said = open(client, more).await;
    assert_eq!(problems(&said, "openEpisode"), [""; 0], "{:#}", said.body);
    said.data("/openEpisode/episode").clone()
}

async fn nobody_to_ask_is_a_fact_and_a_search_all_the_same(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let asked = Asked::open(&house, 0).await;
    let (sender, line) = (house.client("emergency_department-2"), house.client("line_988-c"));
    let (mut here, mut there) = (watch(&sender).await, watch(&line).await);
    let search = opened(&sender, json!({ "idempotencyKey": "o" })).await;
    let id = search["id"].as_str().unwrap().to_owned();
    assert_eq!((&search["state"], &search["settlement"]), (&json!("SEEKING"), &json!("SENDER_CHOOSES")));
    assert_eq!((&search["handoffs"], &search["need"]["ageBand"]), (&json!([]), &json!("ADULT")));
    let again = open(&sender, json!({ "idempotencyKey": "o" })).await;
    assert_eq!(again.data("/openEpisode/episode/id"), &json!(id));
    assert_eq!(again.data("/openEpisode/replayed"), &json!(true));
    // Both are told, and whoever coordinates reads it among what is open.
    assert_eq!(told(&mut here, &id, "EPISODE_UNMATCHED").await, ["EPISODE_UNMATCHED"]);
    assert_eq!(told(&mut there, &id, "EPISODE_UNMATCHED").await, ["EPISODE_UNMATCHED"]);
    assert_eq!(episode(&line, &id).await["state"], "SEEKING");
    // Its wait is told like any other.
    house.clock.advance(4 * 60 + 1);
    assert_eq!(told(&mut there, &id, "EPISODE_WAITING").await, ["EPISODE_WAITING"]);
    assert_eq!(episode(&house.client("line_988-c"), &id).await["waitedHours"], 4);
    // A place comes free, and the search goes on with it.
    let unit = house.world.agencies[0].ward();
    house.client("intake").ask(REPORT, numbers(unit, 10, 6)).await.data("");
    house.deliver().await;
    let to = json!({ "to": asked.one(&house), "need": { "age": 34 }, "episodeId": id });
    let (same, handoffs) = offered(&house.client("emergency_department-2"), to).await;
    assert_eq!((same, handoffs.len()), (id, 1));
    house.close().await;
}

async fn who_knows_of_a_place_says_so_and_asks_nobody(db: Db) {
    let house = House::open(db).await;
    Asked::open(&house, 4).await;
    let sender = house.client("emergency_department-2");
    let mut events = watch(&sender).await;
    let search = opened(&sender, json!({ "settlement": "FIRST_ACCEPT" })).await;
    let id = search["id"].as_str().unwrap();
    assert_eq!(told(&mut events, id, "EPISODE_OPENED").await, ["EPISODE_OPENED"]);
    assert_eq!(search["settlement"], "FIRST_ACCEPT");
    assert_eq!(problems(&close(&sender, id, "FOUND_ELSEWHERE").await, "closeEpisode"), [""; 0]);
    // Free places for others are none for an adolescent.
    let search = opened(&sender, json!({ "need": { "age": 15 } })).await;
    let id = search["id"].as_str().unwrap();
    assert_eq!(told(&mut events, id, "EPISODE_UNMATCHED").await, ["EPISODE_UNMATCHED"]);
    house.close().await;
}

async fn it_has_its_askers_and_its_limits(db: Db) {
    let house = House::open(db).await;
    for blind in ["peer", "advocate", "council", "analyst", "agency_admin", "hub_operator"] {
        assert_eq!(open(&house.client(blind), json!({})).await.code(), "FORBIDDEN", "{blind}");
    }
    let sender = house.client("officer-2");
    for bad in [json!({ "need": { "age": 200 } }), json!({ "settlement": "COIN" }), json!({ "idempotencyKey": "" })] {
        assert_eq!(open(&sender, bad.clone()).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    let id = opened(&sender, json!({ "idempotencyKey": "o" })).await["id"].as_str().unwrap().to_owned();
    let other = open(&sender, json!({ "idempotencyKey": "o", "personAgreed": false })).await;
    assert_eq!(problems(&other, "openEpisode"), ["IDEMPOTENCY_CONFLICT"]);
    for stranger in ["emergency_department", "officer", "intake-far"] {
        let stranger = house.client(stranger);
        assert!(episode(&stranger, &id).await.is_null());
        assert_eq!(close(&stranger, &id, "MISTAKE").await.code(), "NOT_FOUND");
    }
    house.close().await;
}
