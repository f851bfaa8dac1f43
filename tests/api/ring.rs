//! How the people of a unit or a team are rung: for the walks, at the places where a receiver lets a clock run.
use super::bed::problems;
use super::on_call::set_of;
use crate::house::{Client, Sse};
use serde_json::{Value, json};
use std::time::Duration;

const CALL: &str = "id version handoffId unit { id label } team { id label } receiver { id } word state askedAt dueAt
    acknowledgedAt nextAt steps { channel at sent failure } endedAt";

/// One step of a chain.
pub fn step(channel: &str, address: &str, from: &str, after_minutes: u32) -> Value {
    let mut step = json!({ "channel": channel, "from": from, "afterMinutes": after_minutes });
    if !address.is_empty() {
        step["address"] = address.into();
    }
    step
}

/// Says who is on call for a unit (`unitId`) or a team (`teamId`).
pub async fn on_call(client: &Client, whose: Value, steps: Value) {
    let said = set_of(client, whose, steps, json!({})).await;
    assert_eq!(problems(&said, "setOnCall"), [""; 0], "{:#}", said.body);
}

pub async fn calls(client: &Client) -> Vec<Value> {
    client.ask(&format!("{{ openCalls {{ {CALL} }} }}"), json!({})).await.data("/openCalls").as_array().unwrap().clone()
}

pub async fn call(client: &Client, id: &Value) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Call {{ {CALL} }} }} }}");
    client.ask(&query, json!({ "id": id })).await.data("/node").clone()
}

/// The open call about a handoff for a word, once it has gone so many steps.
pub async fn rung(client: &Client, handoff: &str, word: &str, steps: usize) -> Value {
    let mut open = Vec::new();
    for _ in 0..400 {
        open = calls(client).await;
        let about = |one: &&Value| one["handoffId"] == handoff && one["word"] == word;
        let gone = |one: &&Value| one["steps"].as_array().is_some_and(|gone| gone.len() == steps);
        if let Some(call) = open.iter().find(about).filter(gone) {
            return call.clone();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no {steps} steps for {word}: {open:#?}");
}

/// Waits until a call is in a state.
pub async fn becomes(client: &Client, id: &Value, state: &str) -> Value {
    let mut now = Value::Null;
    for _ in 0..400 {
        now = call(client, id).await;
        if now["state"] == state {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it is not {state}: {now:#}");
}

/// Somebody says that they have seen a call.
pub async fn seen(client: &Client, id: &Value) {
    let document =
        "mutation($input: AcknowledgeCallInput!) { acknowledgeCall(input: $input) { call { state acknowledgedAt }
        problems { code } } }";
    let said = client.ask(document, json!({ "input": { "callId": id } })).await;
    assert_eq!(said.data("/acknowledgeCall/call/state"), "ACKNOWLEDGED", "{:#}", said.body);
    assert!(said.data("/acknowledgeCall/call/acknowledgedAt").is_string());
}

/// The channels of a call's steps, all of which were sent.
pub fn channels(call: &Value) -> Vec<&str> {
    let steps = call["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["sent"] == true && step["failure"].is_null()), "{call:#}");
    steps.iter().map(|step| step["channel"].as_str().unwrap()).collect()
}

/// What is told of a handoff and of calls, in its order, up to one kind.
pub async fn told_all(events: &mut Sse, handoff: &str, last: &str) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    while kinds.last().is_none_or(|kind| kind != last) {
        let event = events.next().await.unwrap().1["data"]["events"]["event"].clone();
        let kind = event["kind"].as_str().unwrap_or_default();
        if event["nodeId"] == handoff || kind.starts_with("CALL_") {
            kinds.push(kind.to_owned());
        }
    }
    kinds
}
