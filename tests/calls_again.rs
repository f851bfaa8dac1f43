//! What may pass is tried once more before somebody counts as not reached; what will not pass is not.
use crate::api::handoff::watch;
use crate::api::offer::{Asked, input, offered};
use crate::api::on_call::set;
use crate::api::ring::{self, calls, step};
use crate::calls::{PUBLIC, Street};
use crate::house::{Client, Db, House};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

on_both!(what_may_pass_is_tried_once_more, one_who_never_answers_is_not_waited_for_longer_than_a_step);

/// A chain of two, and somebody is asked for: the call, once it has gone both steps.
async fn rung(street: &Street, steps: Value) -> (Client, Value) {
    let house = &street.house;
    let asked = Asked::open(house, 4).await;
    let ward = house.world.agencies[0].ward();
    set(&house.client("intake"), ward, steps, json!({})).await.data("");
    let (_, handoffs) = offered(&house.client("emergency_department-2"), input(asked.one(house), json!({}))).await;
    let intake = house.client("intake");
    for _ in 0..1_600 {
        let open = calls(&intake).await;
        let about = open.iter().find(|call| call["handoffId"] == handoffs[0]);
        if let Some(call) = about.filter(|call| call["steps"].as_array().unwrap().len() == 2) {
            return (intake, call.clone());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{:#?}", calls(&intake).await);
}

fn failures(call: &Value) -> Vec<&Value> {
    call["steps"].as_array().unwrap().iter().map(|step| &step["failure"]).collect()
}

async fn what_may_pass_is_tried_once_more(db: Db) {
    let street = Street::open(db).await;
    // A mail server that is greylisting, and a gateway that is starting.
    street.mail.refuse_once(451);
    street.gateway.answer_once(503);
    let steps = json!([step("EMAIL", "nurse@amber.example", "ASKED", 0), step("WEBHOOK", "+13055550142", "ASKED", 0)]);
    let mut events = watch(&street.house.client("agency_admin")).await;
    let (intake, call) = rung(&street, steps).await;
    assert_eq!(failures(&call), [&Value::Null, &Value::Null], "{call:#}");
    assert_eq!((street.mail.asked(), street.to()), (2, vec!["nurse@amber.example".to_owned()]));
    // Whoever was asked twice knows it by its name.
    let requests = street.gateway.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].headers["webhook-id"], requests[1].headers["webhook-id"]);
    assert_eq!(
        (&requests[0].body, &requests[0].headers["webhook-signature"]),
        (&requests[1].body, &requests[1].headers["webhook-signature"])
    );
    let kinds = ring::told_all(&mut events, "", "CALL_SENT").await;
    assert_eq!(kinds, ["CALL_STARTED", "CALL_SENT"]);
    let kinds = ring::told_all(&mut events, "", "CALL_SENT").await;
    assert_eq!(kinds, ["CALL_SENT"], "the first tries are told nobody");
    // Twice is all: the step fails, and the next one of the chain does not wait.
    ring::seen(&intake, &call["id"]).await;
    street.mail.refuse(450);
    street.gateway.answer(500);
    let (_, call) = rung(
        &street,
        json!([step("EMAIL", "nurse@amber.example", "ASKED", 0), step("WEBHOOK", "+13055550142", "HALF", 0),]),
    )
    .await;
    assert_eq!(failures(&call), ["REFUSED", "REFUSED"]);
    assert_eq!((street.mail.asked(), street.gateway.requests().len()), (4, 4));
    // What will not pass is not tried again.
    street.mail.refuse(550);
    street.gateway.answer(400);
    let (_, call) = rung(
        &street,
        json!([step("EMAIL", "gone@amber.example", "ASKED", 0), step("WEBHOOK", "+13055550142", "HALF", 0),]),
    )
    .await;
    assert_eq!(failures(&call), ["REFUSED", "REFUSED"]);
    assert_eq!((street.mail.asked(), street.gateway.requests().len()), (5, 5));
    street.house.close().await;
}

async fn one_who_never_answers_is_not_waited_for_longer_than_a_step(db: Db) {
    let street = Street::open(db).await;
    // The gateway takes it and says nothing; asked again, it has it.
    street.gateway.answer_once(0);
    let steps = json!([step("WEBHOOK", "+13055550142", "ASKED", 0), step("EMAIL", "nurse@amber.example", "ASKED", 0)]);
    let began = Instant::now();
    let (_, call) = rung(&street, steps).await;
    let waited = began.elapsed();
    assert_eq!(failures(&call), [&Value::Null, &Value::Null], "{call:#}");
    assert_eq!((street.gateway.requests().len(), street.mail.mails().len()), (2, 1), "sent by nobody else meanwhile");
    println!("{db:?}: sent after {waited:?}, with one answer that never came");
    assert!(waited < Duration::from_secs(30), "{waited:?}");
    street.house.close().await;
}

/// Nobody listens where mail goes: nothing is left of the lease when the step has failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_down_is_tried_twice_within_the_step() {
    let nobody = crate::house::program::free_address();
    let house = House::with(Db::Sqlite, |config| {
        config.calls.public_url = PUBLIC.into();
        config.calls.webhook_url = format!("http://{nobody}/hub");
        config.calls.webhook_secret = crate::calls::SECRET.into();
    })
    .await;
    let asked = Asked::open(&house, 4).await;
    let steps = json!([step("WEBHOOK", "+13055550142", "ASKED", 0), step("BOARD", "", "DUE", 0)]);
    set(&house.client("intake"), house.world.agencies[0].ward(), steps, json!({})).await.data("");
    let (_, handoffs) = offered(&house.client("emergency_department-2"), input(asked.one(&house), json!({}))).await;
    let call = ring::rung(&house.client("intake"), &handoffs[0], "ACKNOWLEDGE", 2).await;
    assert_eq!(failures(&call), [&json!("UNREACHABLE"), &Value::Null]);
    house.close().await;
}
