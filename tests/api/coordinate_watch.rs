//! A coordinator's people watch the region: one line says so, what ends has left, and a designation withdrawn ends it there.
use super::coordinate::looks;
use super::handoff::{read, went};
use super::offer::{Asked, close, episode, input, offered};
use crate::house::traffic::staff;
use crate::house::{Db, House, Sse};
use crisis_hub::app;
use crisis_hub::domain::id::{HandoffId, OrganizationId};
use serde_json::{Value, json};

on_both!(
    every_open_handoff_is_told_and_leaves_and_one_line_says_who_looked_on,
    a_designation_withdrawn_ends_what_is_told_and_read,
);

const WATCH: &str = "subscription($after: Cursor) { handoffsChanged(after: $after) { cursor change handoffId
    handoff { state offer { acceptedBy } episode { id } } } }";
const LOG: &str = "subscription($after: Cursor) { events(after: $after) { cursor change event { kind nodeId } } }";
const SAVE: &str = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) {
    organization { coordinating } problems { code } } }";

async fn designate(house: &House, agency: OrganizationId, coordinating: bool) {
    let input = json!({ "id": agency.to_string(), "name": "Dolomite Line", "kind": "TRIBAL", "coveredEntity": true,
        "coordinating": coordinating });
    let saved = house.client("hub_operator").ask(SAVE, json!({ "input": input })).await;
    assert_eq!(saved.data("/saveOrganization/organization/coordinating"), &json!(coordinating), "{:#}", saved.body);
}

/// The kinds of what is told of a row, until one.
async fn kinds(told: &mut Sse, id: &str, last: &str) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    while kinds.last().is_none_or(|kind| kind != last) {
        let event = told.change("events").await["event"].clone();
        if event["nodeId"] == id {
            kinds.push(event["kind"].as_str().unwrap().to_owned());
        }
    }
    kinds
}

async fn every_open_handoff_is_told_and_leaves_and_one_line_says_who_looked_on(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let asked = Asked::open(&house, 4).await;
    let (line, sender) = (house.client("line_988-c"), house.client("emergency_department-2"));
    let mut told = line.sse(WATCH, json!({})).await;
    let first = told.next().await.unwrap().1["data"]["handoffsChanged"].clone();
    let mut log = line.sse(LOG, json!({})).await;
    log.next().await.unwrap();
    let (id, handoffs) = offered(&sender, input(asked.three(&house), json!({}))).await;
    for _ in &handoffs {
        let change = told.change("handoffsChanged").await;
        assert_eq!((&change["change"], &change["handoff"]["state"]), (&json!("ENTERED"), &json!("OFFERED")));
        assert_eq!(change["handoff"]["episode"]["id"], json!(id));
    }
    went(&line, "nudgeHandoff", &handoffs[0], json!({})).await;
    assert_eq!(told.change("handoffsChanged").await["change"], json!("CHANGED"));
    went(&house.client("intake"), "acceptOffer", &handoffs[0], super::offer::yes()).await;
    let agreed = told.change("handoffsChanged").await;
    assert_eq!(
        (&agreed["handoff"]["state"], &agreed["handoff"]["offer"]["acceptedBy"]),
        (&json!("AGREED"), &Value::Null)
    );
    close(&sender, &id, "FOUND_ELSEWHERE").await.data("");
    let mut left = Vec::new();
    for _ in &handoffs {
        let change = told.change("handoffsChanged").await;
        assert_eq!((&change["change"], &change["handoff"]), (&json!("LEFT"), &Value::Null));
        left.push(change["handoffId"].as_str().unwrap().to_owned());
    }
    left.sort_unstable();
    let mut all = handoffs.clone();
    all.sort_unstable();
    assert_eq!(left, all);
    assert_eq!(kinds(&mut log, &id, "EPISODE_ENDED").await, ["EPISODE_OPENED", "EPISODE_ENDED"]);
    // Two subscriptions, a line each, that every agency of the region reads; the messages leave none.
    let watched = |lines: &[(Value, Value, Value, Value, Value)]| lines.iter().filter(|line| line.4 == "WATCH").count();
    for person in ["agency_admin", "agency_admin-2"] {
        let lines = looks(&house.client(person)).await;
        assert_eq!(watched(&lines), 2, "{person}: {lines:?}");
        // The nudge shows both parties' handoff once, and the sender's search beside it.
        assert_eq!(lines.len(), if person == "agency_admin" { 3 } else { 4 }, "{person}: {lines:?}");
        let region = json!(house.world.region.to_string());
        assert!(lines.iter().filter(|line| line.4 == "WATCH").all(|line| line.2 == region), "{lines:?}");
    }
    assert_eq!(watched(&looks(&house.client("agency_admin-far")).await), 0);
    // Coming back is another look; what stood open meanwhile and ended is told to its end.
    drop(told);
    let mut back = line.sse(WATCH, json!({ "after": first["cursor"] })).await;
    let entered = back.change("handoffsChanged").await;
    assert_eq!((&entered["change"], &entered["handoff"]), (&json!("ENTERED"), &Value::Null), "it is over by now");
    assert_eq!(watched(&looks(&house.client("agency_admin")).await), 3);
    // Units are watched without a line.
    line.sse("subscription { bedsChanged { cursor } }", json!({})).await.next().await.unwrap();
    assert_eq!(watched(&looks(&house.client("agency_admin")).await), 3);
    house.close().await;
}

async fn a_designation_withdrawn_ends_what_is_told_and_read(db: Db) {
    let house = House::open(db).await;
    let dolomite = house.coordinator().await;
    let asked = Asked::open(&house, 9).await;
    let (line, sender) = (house.client("line_988-c"), house.client("emergency_department-2"));
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    house.deliver().await;
    assert!(!episode(&line, &id).await.is_null());
    let mut told = line.sse(LOG, json!({})).await;
    let cursor = told.next().await.unwrap().1["data"]["events"]["cursor"].clone();
    let mut socket = line.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.subscribe("a", WATCH, json!({})).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");
    // Somebody who stood at the desk before the withdrawal, on a node that has not heard of it.
    let stale = staff(house.hub(), "line_988-c").designated(Some(dolomite));
    let key: HandoffId = crisis_hub::domain::id::GlobalId::parse(&handoffs[0]).unwrap().as_noun().unwrap();
    assert!(app::handoff::get(house.hub(), &stale, &[key]).await.unwrap()[0].is_some());

    designate(&house, dolomite, false).await;
    let (later, _) = offered(&sender, input(asked.one(&house), json!({}))).await;
    house.deliver().await;
    // Nothing numbered after the withdrawal came, and each subscription says why it ended.
    let (mut seen, mut last) = (Vec::new(), Value::Null);
    while let Some((name, message)) = told.next().await {
        if name == "next" {
            seen.push(message["data"]["events"]["event"].clone());
            last = message;
        }
    }
    assert_eq!(last["errors"][0]["extensions"]["code"], json!("UNAUTHENTICATED"), "{last:#}");
    assert!(!seen.iter().any(|event| event["nodeId"] == json!(later)), "{seen:?}");
    let closed = loop {
        match socket.next().await {
            Ok(message) => assert!(!message.to_string().contains("ENTERED"), "{message:#}"),
            Err(code) => break code,
        }
    };
    assert_eq!(closed, 4401);
    // And the next read shows nothing, nor does a reminder reach it.
    assert!(episode(&line, &id).await.is_null() && read(&line, &handoffs[0]).await.is_null());
    assert_eq!(super::handoff::go(&line, "nudgeHandoff", &handoffs[0], json!({})).await.code(), "NOT_FOUND");
    assert!(app::handoff::get(house.hub(), &stale, &[key]).await.unwrap()[0].is_none(), "each look asks the database");
    let mut again = line.sse(LOG, json!({ "after": cursor })).await;
    loop {
        let message = again.next().await.unwrap().1["data"]["events"].clone();
        if message["change"].is_null() {
            break;
        }
        let kind = message["event"]["kind"].as_str().unwrap();
        assert!(!kind.starts_with("EPISODE") && !kind.starts_with("HANDOFF"), "{message:#}");
    }
    // Given back, it holds again.
    designate(&house, dolomite, true).await;
    house.deliver().await;
    assert!(!episode(&line, &id).await.is_null());
    house.close().await;
}
