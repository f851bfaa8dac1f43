//! A grant revoked during traffic: no later answer, no later delivery.
use super::bed::{REPORT, numbers};
use super::grant::revoke;
use crate::house::{Client, Db, House};
use crisis_hub::domain::role::Role;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

on_both!(revoked_during_traffic_nothing_more_is_answered_or_delivered);

const WATCH: &str = "subscription { bedsChanged { cursor eventId change unitId } }";
const WATCH_LOG: &str = "subscription { events { cursor eventId change event { kind } } }";

/// Every event of the log that an operator sees: its place by its id, and the place of the last revocation.
async fn log(house: &House) -> (BTreeMap<String, usize>, usize) {
    let operator = house.client("hub_operator");
    let query = "query($after: Cursor) { events(after: $after, first: 100) { pageInfo { endCursor hasNextPage }
        edges { node { eventId kind } } } }";
    let (mut places, mut revoked, mut after) = (BTreeMap::new(), None, Value::Null);
    loop {
        let said = operator.ask(query, json!({ "after": after })).await;
        for edge in said.data("/events/edges").as_array().unwrap() {
            let place = places.len();
            if edge["node"]["kind"] == "GRANT_REVOKED" {
                revoked = Some(place);
            }
            places.insert(edge["node"]["eventId"].as_str().unwrap().to_owned(), place);
        }
        if said.data("/events/pageInfo/hasNextPage") == false {
            return (places, revoked.expect("the revocation is in the log"));
        }
        after = said.data("/events/pageInfo/endCursor").clone();
    }
}

/// Follows a subscription to its end: the event ids that came, and how it ended.
async fn follow_socket(client: Client, document: &str) -> (Vec<String>, u16) {
    let mut socket = client.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.subscribe("a", document, json!({})).await;
    let mut ids = Vec::new();
    loop {
        match socket.next().await {
            Ok(told) => ids.extend(event_id(&told["payload"]["data"])),
            Err(code) => return (ids, code),
        }
    }
}

async fn follow_stream(client: Client, document: &str) -> (Vec<String>, String) {
    let mut stream = client.sse(document, json!({})).await;
    let (mut ids, mut last) = (Vec::new(), String::new());
    while let Some((name, told)) = stream.next().await {
        if name == "next" {
            ids.extend(event_id(&told["data"]));
            last = told["errors"][0]["extensions"]["code"].as_str().unwrap_or("").to_owned();
        }
    }
    (ids, last)
}

fn event_id(data: &Value) -> Option<String> {
    let message = data.as_object()?.values().next()?;
    Some(message["eventId"].as_str()?.to_owned())
}

async fn revoked_during_traffic_nothing_more_is_answered_or_delivered(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let grant = house.grant("nora", Role::Intake, ours.organization).await.id;
    house.deliver().await;
    let (nora, stop, revoked) = (house.client("nora"), AtomicBool::new(false), AtomicBool::new(false));
    let (before, after, late) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));

    let mut followers = tokio::task::JoinSet::new();
    for document in [WATCH, WATCH_LOG, WATCH, WATCH_LOG] {
        let (socket, stream) = (nora.clone(), nora.clone());
        followers.spawn(async move {
            let (ids, code) = follow_socket(socket, document).await;
            (ids, code.to_string())
        });
        followers.spawn(async move { follow_stream(stream, document).await });
    }
    // Somebody at the same table, whom the revocation does not concern.
    let mut witness = house.client("intake").sse(WATCH, json!({})).await;
    assert_eq!(witness.next().await.unwrap().0, "next");

    let reading = async {
        while !stop.load(SeqCst) {
            let begun_after = revoked.load(SeqCst);
            let said = nora.ask("{ viewer { role } bedUnits { edges { node { id } } } }", json!({})).await;
            let answered = !said.body["data"]["bedUnits"].is_null() || !said.body["data"]["viewer"].is_null();
            match (begun_after, answered) {
                (true, true) => late.fetch_add(1, SeqCst),
                (true, false) => after.fetch_add(1, SeqCst),
                (false, _) => before.fetch_add(usize::from(answered), SeqCst),
            };
        }
    };
    let writing = async {
        while !stop.load(SeqCst) {
            let begun_after = revoked.load(SeqCst);
            let said = nora.ask(REPORT, numbers(ours.chairs(), 9, 1)).await;
            let taken = said.body["data"]["reportBeds"]["bedUnits"].is_array();
            assert!(!(begun_after && taken), "a write after the revocation: {:#}", said.body);
        }
    };
    let traffic = async {
        let others = house.client("intake-2");
        while !stop.load(SeqCst) {
            others.ask(REPORT, numbers(theirs.chairs(), 9, 2)).await.data("");
        }
    };
    let revoking = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        revoke(&house.client("agency_admin"), grant).await;
        revoked.store(true, SeqCst);
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        stop.store(true, SeqCst);
    };
    tokio::join!(reading, reading_again(&nora, &stop, &revoked, &late), writing, traffic, revoking);

    let (before, after) = (before.into_inner(), after.into_inner());
    assert!(before > 3 && after > 3, "{before} answers before and {after} refusals after: too little traffic to tell");
    assert_eq!(late.into_inner(), 0, "answers to requests that began after the revocation");
    house.deliver().await;
    let (places, revocation) = log(&house).await;
    let events_after = places.len() - revocation - 1;
    assert!(events_after > 5, "only {events_after} events after the revocation");
    let mut delivered = 0;
    while let Some(followed) = tokio::time::timeout(Duration::from_secs(10), followers.join_next()).await.unwrap() {
        let (ids, ended) = followed.unwrap();
        assert!(["4401", "UNAUTHENTICATED"].contains(&ended.as_str()), "ended with {ended}");
        delivered += ids.len();
        for id in ids {
            assert!(places[&id] < revocation, "event {} was delivered, the revocation is {revocation}", places[&id]);
        }
    }
    assert!(delivered > 20, "only {delivered} deliveries before the revocation");
    // The witness is told what happened after.
    loop {
        let told = witness.change("bedsChanged").await;
        if places[told["eventId"].as_str().unwrap()] > revocation {
            break;
        }
    }
    house.close().await;
}

/// A second reader, by the log.
async fn reading_again(nora: &Client, stop: &AtomicBool, revoked: &AtomicBool, late: &AtomicUsize) {
    while !stop.load(SeqCst) {
        let begun_after = revoked.load(SeqCst);
        let said = nora.ask("{ events(first: 5) { edges { node { eventId } } } }", json!({})).await;
        late.fetch_add(usize::from(begun_after && !said.body["data"]["events"].is_null()), SeqCst);
    }
}
