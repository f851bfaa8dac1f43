//! Whoever may not refuse says who answers for it: a supervisor is named with a redirection, or within the hour.
use super::bed::problems;
use super::handoff::{at, go, on_the_way, open_door, told, watch, went};
use super::offer::{Asked, input, offered, yes};
use crate::house::traffic::{log_of, staff, until};
use crate::house::{Answer, Client, Db, House};
use serde_json::{Value, json};

on_both!(a_supervisor_is_named_within_the_hour, nobody_named_is_told_as_a_fact, names_are_those_of_care_alone);

const SHOWN: &str = "id state redirectReason endedAt supervisor supervisorDueAt supervisorNamedAt";

async fn name(client: &Client, handoff: &str, more: Value) -> Answer {
    let document = format!(
        "mutation($input: NameSupervisorInput!) {{ nameSupervisor(input: $input) {{ handoff {{ {SHOWN} }}
            problems {{ code path current {{ id }} }} replayed }} }}"
    );
    let mut input = json!({ "handoffId": handoff, "name": "Nurse Canary" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document, json!({ "input": input })).await
}

async fn shown(client: &Client, handoff: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Handoff {{ {SHOWN} }} }} }}");
    client.ask(&query, json!({ "id": handoff })).await.data("/node").clone()
}

async fn a_supervisor_is_named_within_the_hour(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    let id = on_the_way(&team, door).await;
    assert_eq!(problems(&name(&intake, &id, json!({})).await, "nameSupervisor"), ["WRONG_STATE"], "it goes on");
    let mut events = watch(&team).await;
    went(&intake, "redirectHandoff", &id, json!({ "reason": "MEDICAL" })).await;
    let awaited = shown(&team, &id).await;
    assert_eq!(at(&awaited["supervisorDueAt"]), at(&awaited["endedAt"]).plus_minutes(60));
    assert_eq!((&awaited["supervisor"], &awaited["supervisorNamedAt"]), (&Value::Null, &Value::Null));
    for (stranger, code) in [
        ("mobile_team-2", "FORBIDDEN"),
        ("officer-2", "FORBIDDEN"),
        ("intake-far", "NOT_FOUND"),
        ("agency_admin", "NOT_FOUND"),
    ] {
        assert_eq!(name(&house.client(stranger), &id, json!({})).await.code(), code, "{stranger}");
    }
    for bad in [" ", &"n".repeat(121), "a\u{7}"] {
        assert_eq!(name(&intake, &id, json!({ "name": bad })).await.code(), "BAD_USER_INPUT");
    }
    house.clock.advance(59);
    let named = name(&intake, &id, json!({ "idempotencyKey": "s" })).await;
    assert_eq!(named.data("/nameSupervisor/handoff/supervisor"), "Nurse Canary");
    assert_eq!(
        name(&intake, &id, json!({ "idempotencyKey": "s" })).await.data("/nameSupervisor/replayed"),
        &json!(true)
    );
    assert_eq!(problems(&name(&intake, &id, json!({})).await, "nameSupervisor"), ["WRONG_STATE"], "once");
    let kinds = told(&mut events, &id, "HANDOFF_SUPERVISOR_NAMED").await;
    assert_eq!(kinds, ["HANDOFF_REDIRECTED", "HANDOFF_SUPERVISOR_NAMED"]);
    house.clock.advance(120);
    // With the redirection itself, there is nothing left to say; and no clock.
    let other = on_the_way(&house.client("mobile_team-2"), door).await;
    let at_once = json!({ "reason": "UNSAFE", "supervisorName": "Nurse Canary" });
    went(&intake, "redirectHandoff", &other, at_once).await;
    let at_once = shown(&intake, &other).await;
    assert_eq!((&at_once["supervisor"], &at_once["supervisorNamedAt"]), (&json!("Nurse Canary"), &at_once["endedAt"]));
    house.clock.advance(61);
    house.deliver().await;
    let facts = serde_json::to_string(
        &log_of(house.store(), &staff(house.hub(), "intake"))
            .await
            .iter()
            .map(|e| format!("{e:?}"))
            .collect::<Vec<_>>(),
    )
    .unwrap();
    assert!(!facts.contains("Canary") && facts.contains("HandoffSupervisorNamed"), "a name is in the log");
    assert!(!facts.contains("HandoffSupervisorUnnamed"));
    house.close().await;
}

async fn nobody_named_is_told_as_a_fact(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    went(&officer, "arriveHandoff", &id, json!({})).await;
    went(&intake, "redirectHandoff", &id, json!({ "reason": "UNSAFE" })).await;
    house.deliver().await;
    let mut events = watch(&officer).await;
    house.clock.advance(59);
    let mut open = intake.sse("subscription { handoffsChanged { change handoffId } }", json!({})).await;
    open.next().await.unwrap();
    house.clock.advance(2);
    assert_eq!(told(&mut events, &id, "HANDOFF_SUPERVISOR_UNNAMED").await, ["HANDOFF_SUPERVISOR_UNNAMED"]);
    assert_eq!(problems(&name(&intake, &id, json!({})).await, "nameSupervisor"), ["WRONG_STATE"]);
    // It is told once, and to those who watch what is open not again.
    house.clock.advance(600);
    let other = on_the_way(&house.client("officer-2"), door).await;
    assert_eq!(open.change("handoffsChanged").await["handoffId"], json!(other));
    house.deliver().await;
    let unnamed = |fact: &str| fact.contains("unnamed: true");
    let facts: Vec<String> =
        log_of(house.store(), &staff(house.hub(), "intake")).await.iter().map(|event| format!("{event:?}")).collect();
    assert_eq!(facts.iter().filter(|fact| unnamed(fact)).count(), 1, "a coded fact, once");
    // Whoever was asked, and said yes, may send somebody on without a name.
    let asked = Asked::open(&house, 4).await;
    let sender = house.client("emergency_department-2");
    let (_, handoffs) = offered(&sender, input(asked.one(&house), json!({ "settlement": "FIRST_ACCEPT" }))).await;
    let intake = house.client("intake");
    went(&intake, "acceptOffer", &handoffs[0], yes()).await;
    went(&intake, "redirectHandoff", &handoffs[0], json!({ "reason": "MEDICAL" })).await;
    assert!(shown(&intake, &handoffs[0]).await["supervisorDueAt"].is_null());
    house.close().await;
}

async fn names_are_those_of_care_alone(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    let named = json!({ "reason": "MEDICAL", "supervisorName": "Nurse Canary" });
    let said = go(&house.client("intake"), "redirectHandoff", &id, named).await;
    assert_eq!(problems(&said, "redirectHandoff"), [""; 0]);
    for care in ["intake", "peer", "line_988", "mobile_team-2", "emergency_department-2"] {
        assert_eq!(shown(&house.client(care), &id).await["supervisor"], "Nurse Canary", "{care}");
    }
    for police in ["officer-2", "dispatcher-2"] {
        let seen = shown(&house.client(police), &id).await;
        assert_eq!(
            (&seen["redirectReason"], &seen["supervisor"], &seen["supervisorDueAt"]),
            (&json!("MEDICAL"), &Value::Null, &Value::Null),
            "{police}"
        );
    }
    house.clock.advance(91 * 24 * 60);
    let intake = house.client("intake");
    until("the name is shredded", async || shown(&intake, &id).await["supervisor"].is_null()).await;
    assert!(shown(&intake, &id).await["supervisorNamedAt"].is_string(), "that somebody was named stays");
    house.close().await;
}
