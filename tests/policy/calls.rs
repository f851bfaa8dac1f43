//! Samples of what is said of who is on call, and of calls.
use super::samples::{Needs, Sample, sample};
use crate::house::House;
use crate::house::traffic::staff;
use crisis_hub::app::{call, on_call};
use crisis_hub::domain::call::CallChannel;
use crisis_hub::domain::id::{BedUnitId, CallId, HandoffId, NounId};
use crisis_hub::domain::on_call::{CallFrom, OnCallStep};
use crisis_hub::policy::rules::Action;
use serde_json::json;
use std::time::Duration;

pub const CALLS: &[Sample] = &[
    sample(
        "Query.openCalls",
        Needs::Known,
        "{ openCalls { id state word handoffId unit { id label } receiver { id name } steps { channel } } }",
        |_| json!({}),
    ),
    sample(
        "Mutation.setOnCall",
        Needs::Unit(Action::SetOnCall),
        "mutation($input: SetOnCallInput!) { setOnCall(input: $input) { onCall { id } problems { code current { id } } } }",
        // Nobody: whoever is announced to the unit after it calls nobody.
        |named| json!({ "input": { "unitId": named.unit.to_string(), "steps": [] } }),
    ),
    sample(
        "Mutation.acknowledgeCall",
        Needs::Call,
        "mutation($input: AcknowledgeCallInput!) { acknowledgeCall(input: $input) { call { id } problems { code current { id } } } }",
        |named| json!({ "input": { "callId": named.call.to_string() } }),
    ),
];

/// Somebody is on call for a unit, a day after an answer was asked for.
pub async fn on_call(house: &House, unit: BedUnitId) {
    let last = OnCallStep {
        channel: CallChannel::Board,
        address: None,
        label: None,
        from: CallFrom::Asked,
        after_minutes: 1_440,
    };
    let input = on_call::SetOnCall { unit, steps: vec![last], expected_version: None, keyed: None };
    on_call::set(house.hub(), &staff(house.hub(), "intake"), input).await.unwrap().changed.unwrap();
}

/// The call about a handoff, when the hub has begun it.
pub async fn call_about(house: &House, handoff: HandoffId) -> CallId {
    for _ in 0..400 {
        let open = call::open(house.hub(), &staff(house.hub(), "intake")).await.unwrap();
        if let Some(found) = open.iter().find(|view| view.call().handoff == handoff) {
            return found.call().id;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nobody is called about {}", handoff.key());
}
