//! Samples of what is said of who is on call, and of calls.
use super::samples::{Needs, Sample, sample};
use crate::house::House;
use crate::house::traffic::staff;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisis_hub::app::{call, on_call, push};
use crisis_hub::domain::call::CallChannel;
use crisis_hub::domain::handoff::Destination;
use crisis_hub::domain::id::{BedUnitId, CallId, HandoffId, NounId, PushSubscriptionId};
use crisis_hub::domain::on_call::{CallFrom, OnCallStep};
use crisis_hub::domain::push::PushKeys;
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
    sample("Query.pushKey", Needs::Known, "{ pushKey }", |_| json!({})),
    sample("Query.pushSubscriptions", Needs::Known, "{ pushSubscriptions { id host state createdAt } }", |_| json!({})),
    sample(
        "Mutation.registerPush",
        Needs::Own(Action::RegisterPush),
        "mutation($input: RegisterPushInput!) { registerPush(input: $input) { pushSubscription { id } problems { code } } }",
        |_| json!({ "input": { "endpoint": "https://fcm.googleapis.com/fcm/send/own", "p256dh": P256DH, "auth": AUTH } }),
    ),
    sample(
        "Mutation.removePush",
        Needs::Push,
        "mutation($input: RemovePushInput!) { removePush(input: $input) { pushSubscription { id } problems { code current { id } } } }",
        |named| json!({ "input": { "pushSubscriptionId": named.push.to_string() } }),
    ),
];

/// The keys of the browser in RFC 8291's example.
const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

/// A browser of the desk.
pub async fn browser(house: &House) -> PushSubscriptionId {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let endpoint = "https://fcm.googleapis.com/fcm/send/named".to_owned();
    let keys = PushKeys { endpoint, p256dh: bytes(P256DH), auth: bytes(AUTH) };
    let input = push::RegisterPush { keys, keyed: None };
    push::register(house.hub(), &staff(house.hub(), "intake"), input).await.unwrap().changed.unwrap().id
}

/// Somebody is on call for a unit, a day after an answer was asked for.
pub async fn on_call(house: &House, unit: BedUnitId) {
    let last = OnCallStep {
        channel: CallChannel::Board,
        address: None,
        label: None,
        from: CallFrom::Asked,
        after_minutes: 1_440,
    };
    let input =
        on_call::SetOnCall { whose: Destination::Unit(unit), steps: vec![last], expected_version: None, keyed: None };
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
