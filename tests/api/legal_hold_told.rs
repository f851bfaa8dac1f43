//! Who is told of a legal hold as the person's search goes on: another hold in its place, many at once, those who are only asked.
use super::bed::problems;
use super::disclose::{ask, texts};
use super::handoff::{on_the_way, open_door, read, told, watch, went};
use super::legal_hold::{HOLD, end, in_custody, kinds, record, recorded, stands};
use super::offer::{Asked, episode, input, offered};
use crate::house::traffic::until;
use crate::house::{Db, House};
use crate::policy::law::keeps_to;
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    another_takes_its_place,
    sent_again_or_at_once_it_is_one,
    it_ends_with_the_search,
    it_ends_for_whoever_has_the_person_where_the_sender_is_silent,
    who_is_only_asked_is_told_while_asked,
);

async fn another_takes_its_place(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (id, custody) = in_custody(&house, door).await;
    let intake = house.client("intake");
    let mut events = watch(&intake).await;
    house.clock.advance(200);
    // A judge's order over a long weekend: as long as it says, which is longer than 72 hours.
    let monday = house.clock.now().plus_minutes(5 * 24 * 60).to_string();
    let more = json!({ "supersedes": true, "expiresAt": monday });
    let detained = recorded(&house, &intake, &id, "TDO", more).await;
    assert_eq!((&detained["expiresAt"], detained["id"] == custody["id"]), (&json!(monday), false));
    assert_eq!(told(&mut events, custody["id"].as_str().unwrap(), "LEGAL_HOLD_ENDED").await, ["LEGAL_HOLD_ENDED"]);
    assert_eq!(stands(&intake, &id).await["id"], detained["id"]);
    // The clock of the first is over: its half has passed, and nobody is told.
    house.clock.advance(100);
    house.deliver().await;
    let node = format!("query($id: ID!) {{ node(id: $id) {{ ... on LegalHold {{ {HOLD} }} }} }}");
    let first = intake.ask(&node, json!({ "id": custody["id"] })).await;
    assert_eq!((first.data("/node/percentTold"), first.data("/node/dueAt")), (&json!(0), &Value::Null));
    let words = ask(&intake, &[&id], &["LEGAL"], "TREATMENT").await;
    assert_eq!(texts(&words).len(), 3, "custody, its end, and the order");
    house.close().await;
}

async fn sent_again_or_at_once_it_is_one(db: Db) {
    let house = House::open(db).await;
    keeps_to(&house, "US-VA").await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    let began = json!({ "beganAt": house.clock.now().to_string(), "idempotencyKey": "h" });
    let sent =
        futures_util::future::join_all((0..12).map(|_| record(&house, &intake, &id, "ECO", began.clone()))).await;
    let ids: std::collections::BTreeSet<String> =
        sent.iter().map(|said| said.data("/recordLegalHold/legalHold/id").to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(sent.iter().filter(|said| said.data("/recordLegalHold/replayed") == false).count(), 1);
    let other = record(&house, &intake, &id, "TDO", began).await;
    assert_eq!(problems(&other, "recordLegalHold"), ["IDEMPOTENCY_CONFLICT"]);
    // Both parties at once, of another person: one stands, and the rest are told so.
    let second = on_the_way(&officer, door).await;
    let both = [&officer, &intake, &officer, &intake, &officer, &intake];
    let sent =
        futures_util::future::join_all(both.map(|client| record(&house, client, &second, "ECO", json!({})))).await;
    let stood: Vec<_> = sent.iter().map(|said| problems(said, "recordLegalHold")).collect();
    assert_eq!(stood.iter().filter(|codes| codes.is_empty()).count(), 1, "{stood:?}");
    assert_eq!(stood.iter().filter(|codes| **codes == ["LEGAL_HOLD_STANDS"]).count(), 5, "{stood:?}");
    // And ended by one of those who say so at once.
    let hold = stands(&house.client("emergency_department"), &second).await;
    let ends = [&intake; 5].map(|client| end(client, &second, &hold["id"], "RELEASED"));
    let ended = futures_util::future::join_all(ends).await;
    assert_eq!(ended.iter().filter(|said| problems(said, "endLegalHold").is_empty()).count(), 1);
    house.close().await;
}

async fn it_ends_with_the_search(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (id, hold) = in_custody(&house, door).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let mut events = watch(&intake).await;
    went(&officer, "arriveHandoff", &id, json!({})).await;
    went(&intake, "confirmTransfer", &id, json!({})).await;
    went(&officer, "confirmTransfer", &id, json!({})).await;
    assert_eq!(told(&mut events, hold["id"].as_str().unwrap(), "LEGAL_HOLD_ENDED").await, ["LEGAL_HOLD_ENDED"]);
    assert_eq!(stands(&intake, &id).await, Value::Null);
    let late = record(&house, &intake, &id, "ECO", json!({})).await;
    assert_eq!(problems(&late, "recordLegalHold"), ["WRONG_STATE"]);
    // Ninety days on, nobody reads that there was one.
    let node = format!("query($id: ID!) {{ node(id: $id) {{ ... on LegalHold {{ {HOLD} }} }} }}");
    assert!(intake.ask(&node, json!({ "id": hold["id"] })).await.data("/node/endedAt").is_string());
    house.clock.advance(90 * 24 * 60);
    assert!(house.client("intake").ask(&node, json!({ "id": hold["id"] })).await.data("/node").is_null());
    house.close().await;
}

async fn it_ends_for_whoever_has_the_person_where_the_sender_is_silent(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (id, _) = in_custody(&house, door).await;
    went(&house.client("officer-2"), "arriveHandoff", &id, json!({})).await;
    let intake = house.client("intake");
    let took = went(&intake, "confirmTransfer", &id, json!({})).await;
    assert_eq!(took["state"], "RECEIVED");
    house.clock.advance(16);
    until("nobody waits for the sender", async || read(&intake, &id).await["state"] == "TRANSFERRED").await;
    house.deliver().await;
    assert!(kinds(&intake).await.contains(&"LEGAL_HOLD_ENDED".to_owned()), "{:?}", kinds(&intake).await);
    house.close().await;
}

async fn who_is_only_asked_is_told_while_asked(db: Db) {
    let house = House::open(db).await;
    keeps_to(&house, "US-VA").await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let mut at_amber = watch(&amber).await;
    // Two units of one agency and one of the sender's own: each agency is told once.
    let (search, handoffs) = offered(&sender, input(asked.three(&house), json!({}))).await;
    let hold = recorded(&house, &sender, &handoffs[0], "TDO", json!({})).await;
    let hold_id = hold["id"].as_str().unwrap();
    assert_eq!((told(&mut at_amber, hold_id, "LEGAL_HOLD_BEGAN").await.len(), &hold["version"]), (1, &json!(1)));
    assert_eq!(stands(&amber, &handoffs[0]).await["id"], hold["id"]);
    for handoff in &handoffs[..2] {
        went(&amber, "declineOffer", handoff, json!({ "reason": "ACUITY" })).await;
    }
    assert_eq!(stands(&amber, &handoffs[0]).await, Value::Null, "who did not take the person reads it no more");
    house.clock.advance(36 * 60);
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    until("half is told", async || stands(&sender, &handoffs[2]).await["percentTold"] == 50).await;
    house.deliver().await;
    let legal = |kinds: Vec<String>| kinds.into_iter().filter(|kind| kind.starts_with("LEGAL")).collect::<Vec<_>>();
    assert_eq!(legal(kinds(&amber).await), ["LEGAL_HOLD_BEGAN"]);
    assert_eq!(legal(kinds(&sender).await), ["LEGAL_HOLD_BEGAN", "LEGAL_HOLD_WARNED"]);
    // Asked again, with nobody else under way, it says how the hold ended.
    assert_eq!(episode(&sender, &search).await["state"], "SEEKING");
    let ended = end(&sender, &handoffs[2], &hold["id"], "EXPIRED").await;
    assert_eq!(problems(&ended, "endLegalHold"), [""; 0]);
    house.close().await;
}
