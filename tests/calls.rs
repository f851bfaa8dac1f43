//! People are called for the answers that are awaited of them: by mail and by gateway, in their order and at their time.
use crate::api::bed::problems;
use crate::api::handoff::{go, on_the_way, open_door, watch, went};
use crate::api::offer::{Asked, input, offered, yes};
use crate::api::on_call::set;
use crate::api::ring::{self, calls, step};
use crate::house::sinks::{Gateway, MailServer};
use crate::house::{Answer, Client, Db, House, Sse};
use crisis_hub::domain::time::At;
use serde_json::{Value, json};
use std::time::Duration;

on_both!(
    a_chain_is_gone_through_in_its_order_and_at_its_time,
    who_has_seen_it_keeps_the_others_asleep_until_the_answer_is_due,
    whoever_cannot_be_reached_does_not_keep_the_next_one_waiting,
    the_gateway_is_told_in_the_form_of_standard_webhooks,
    an_announcement_is_seen_within_two_minutes_or_somebody_is_called,
);

pub const PUBLIC: &str = "https://hub.house.example";
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A house with a mail server and a gateway outside, an officer's need, and who is asked.
pub struct Street {
    pub house: House,
    pub mail: MailServer,
    pub gateway: Gateway,
}

impl Street {
    pub async fn open(db: Db) -> Self {
        let (mail, gateway) = (MailServer::open().await, Gateway::open().await);
        let house = House::with(db, |config| {
            config.calls.public_url = PUBLIC.into();
            config.calls.smtp_url = mail.url().into();
            config.calls.mail_from = "Crisis Hub <hub@hub.house.example>".into();
            config.calls.webhook_url = gateway.url();
            config.calls.webhook_secret = SECRET.into();
        })
        .await;
        Self { house, mail, gateway }
    }

    pub fn to(&self) -> Vec<String> {
        self.mail.mails().into_iter().map(|mail| mail.to).collect()
    }

    /// Waits until so many mails have come, and a while longer for one too many.
    async fn mails(&self, count: usize) {
        until(|| self.mail.mails().len() >= count).await;
        still().await;
        assert_eq!(self.mail.mails().len(), count, "{:?}", self.to());
    }
}

async fn until(done: impl Fn() -> bool) {
    for _ in 0..400 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not come");
}

/// Long enough for two looks of the caller.
async fn still() {
    tokio::time::sleep(Duration::from_millis(1_200)).await;
}

async fn chained(house: &House, steps: Value) {
    for unit in &house.world.agencies[0].units {
        let said = set(&house.client("intake"), *unit, steps.clone(), json!({})).await;
        assert_eq!(problems(&said, "setOnCall"), [""; 0], "{:#}", said.body);
    }
}

async fn call(client: &Client, id: &str) -> Value {
    ring::call(client, &json!(id)).await
}

/// Waits until so many steps of a call are behind it: what is rung is written down a moment later.
async fn rung(client: &Client, id: &str, steps: usize) {
    crate::house::traffic::until("the step is written down", async || {
        call(client, id).await["steps"].as_array().unwrap().len() == steps
    })
    .await;
}

async fn acknowledge(client: &Client, id: &str) -> Answer {
    let document = "mutation($input: AcknowledgeCallInput!) { acknowledgeCall(input: $input) { call { version state }
        problems { code current { id } } replayed } }";
    client.ask(document, json!({ "input": { "callId": id } })).await
}

/// What is told of calls, up to one kind.
async fn told(events: &mut Sse, last: &str) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    while kinds.last().is_none_or(|kind| kind != last) {
        let event = events.next().await.unwrap().1["data"]["events"]["event"].clone();
        let kind = event["kind"].as_str().unwrap_or_default();
        if kind.starts_with("CALL_") {
            kinds.push(kind.to_owned());
        }
    }
    kinds
}

fn at(instant: &Value) -> At {
    crate::api::handoff::at(instant)
}

/// Minutes from when people were called to each step.
fn minutes(call: &Value) -> Vec<i64> {
    let asked = at(&call["askedAt"]);
    call["steps"].as_array().unwrap().iter().map(|step| at(&step["at"]).micros_since(asked) / 60_000_000).collect()
}

async fn a_chain_is_gone_through_in_its_order_and_at_its_time(db: Db) {
    let street = Street::open(db).await;
    let house = &street.house;
    let asked = Asked::open(house, 4).await;
    let steps = json!([
        step("EMAIL", "nurse@amber.example", "ASKED", 0),
        step("WEBHOOK", "+13055550142", "HALF", 0),
        step("BOARD", "", "DUE", 0),
        step("EMAIL", "boss@amber.example", "DUE", 10),
    ]);
    chained(house, steps).await;
    let (intake, sender) = (house.client("intake"), house.client("emergency_department-2"));
    let (mut here, mut there) = (watch(&house.client("agency_admin")).await, watch(&sender).await);
    // Words of the need, which no message may have in it.
    let need = json!({ "need": { "age": 34, "legalStatus": "INVOLUNTARY", "safetyFlags": ["SUICIDE"] } });
    let (_, handoffs) = offered(&sender, input(asked.one(house), need)).await;
    street.mails(1).await;
    let open = calls(&intake).await;
    let id = open[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((open.len(), &open[0]["handoffId"], &open[0]["word"]), (1, &json!(handoffs[0]), &json!("ACKNOWLEDGE")));
    assert_eq!(
        at(&open[0]["dueAt"]).micros_since(at(&open[0]["askedAt"])) / 60_000_000,
        29,
        "30 less the moment between"
    );
    assert_eq!(street.to(), ["nurse@amber.example"]);
    house.clock.advance(14);
    still().await;
    assert_eq!(street.gateway.requests().len(), 0, "half the time has not passed");
    house.clock.advance(1);
    until(|| street.gateway.requests().len() == 1).await;
    rung(&intake, &id, 2).await;
    house.clock.advance(15);
    still().await;
    assert_eq!(street.mail.mails().len(), 1);
    house.clock.advance(9);
    still().await;
    assert_eq!(street.mail.mails().len(), 1);
    house.clock.advance(1);
    street.mails(2).await;
    assert_eq!(street.to(), ["nurse@amber.example", "boss@amber.example"]);
    let gone = call(&intake, &id).await;
    assert_eq!(minutes(&gone), [0, 15, 30, 40], "{gone:#}");
    assert!(gone["steps"].as_array().unwrap().iter().all(|step| step["sent"] == true), "{gone:#}");
    house.clock.advance(5);
    let all = told(&mut here, "CALL_EXHAUSTED").await;
    assert_eq!(all, ["CALL_STARTED", "CALL_SENT", "CALL_SENT", "CALL_SENT", "CALL_SENT", "CALL_EXHAUSTED"]);
    // Who waits is told that people are called and that nobody is left, and of nobody who they are.
    assert_eq!(told(&mut there, "CALL_EXHAUSTED").await, ["CALL_STARTED", "CALL_EXHAUSTED"]);
    let seen = call(&sender, &id).await;
    assert_eq!((&seen["state"], &seen["steps"], &seen["nextAt"]), (&json!("EXHAUSTED"), &Value::Null, &Value::Null));
    assert_eq!(calls(&sender).await.len(), 1);
    for stranger in ["officer", "agency_admin-2", "council", "intake-far", "hub_operator"] {
        let stranger = house.client(stranger);
        assert_eq!((calls(&stranger).await.len(), call(&stranger, &id).await), (0, Value::Null));
    }
    assert_eq!(acknowledge(&sender, &id).await.code(), "FORBIDDEN");
    // An answer ends it, and the next answer is called for in its own time.
    went(&intake, "acknowledgeOffer", &handoffs[0], json!({})).await;
    street.mails(3).await;
    assert_eq!(call(&intake, &id).await["state"], "ANSWERED");
    assert_eq!(problems(&acknowledge(&intake, &id).await, "acknowledgeCall"), ["WRONG_STATE"]);
    assert_eq!(calls(&intake).await[0]["word"], "DECIDE");
    went(&intake, "acceptOffer", &handoffs[0], yes()).await;
    told(&mut here, "CALL_ANSWERED").await;
    told(&mut here, "CALL_ANSWERED").await;
    assert_eq!(calls(&intake).await.len(), 0);
    says_only_what_it_may(&street, &handoffs);
    street.house.close().await;
}

/// Every message, byte for byte, less what names the message itself.
fn says_only_what_it_may(street: &Street, handoffs: &[String]) {
    for mail in street.mail.mails() {
        assert_eq!(mail.body(), "An answer is due at Amber ward\r\n\r\nhttps://hub.house.example\r\n");
        assert_eq!(mail.header("Subject"), "An answer is due at Amber ward");
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        let id = mail.header("Message-ID");
        assert!(id.starts_with("<call_") && id.ends_with("@hub.house.example>"), "{id}");
        let names: Vec<&str> =
            mail.text.split_once("\r\n\r\n").unwrap().0.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(names.len(), 9, "a header too many: {names:?}");
    }
    let bodies = street.gateway.requests().into_iter().map(|request| format!("{:?} {}", request.headers, request.body));
    let all: Vec<String> = street.mail.mails().into_iter().map(|mail| mail.text).chain(bodies).collect();
    for text in all {
        for canary in ["INVOLUNTARY", "SUICIDE", "Dr. Amber", "handoff", "episode", "Basalt"] {
            assert!(!text.contains(canary), "{canary} is in\n{text}");
        }
        assert!(!handoffs.iter().any(|id| text.contains(id.trim_start_matches("handoff_"))), "{text}");
    }
}

async fn who_has_seen_it_keeps_the_others_asleep_until_the_answer_is_due(db: Db) {
    let street = Street::open(db).await;
    let house = &street.house;
    let asked = Asked::open(house, 4).await;
    let steps = json!([step("EMAIL", "one@amber.example", "ASKED", 0), step("EMAIL", "two@amber.example", "HALF", 0)]);
    chained(house, steps).await;
    let sender = house.client("emergency_department-2");
    let (_, handoffs) = offered(&sender, input(asked.one(house), json!({}))).await;
    street.mails(1).await;
    let intake = house.client("intake");
    let id = calls(&intake).await[0]["id"].as_str().unwrap().to_owned();
    for stranger in ["intake-2", "officer", "council", "intake-far"] {
        assert!(
            ["FORBIDDEN", "NOT_FOUND"].contains(&acknowledge(&house.client(stranger), &id).await.code()),
            "{stranger}"
        );
    }
    let peer = house.client("peer");
    let seen = acknowledge(&peer, &id).await;
    assert_eq!(seen.data("/acknowledgeCall/call/state"), "ACKNOWLEDGED");
    let again = acknowledge(&intake, &id).await;
    assert_eq!(again.data("/acknowledgeCall/call/version"), seen.data("/acknowledgeCall/call/version"), "said twice");
    house.clock.advance(29);
    street.mails(1).await;
    // Seen and not answered: when the answer is due, the next one is woken.
    house.clock.advance(1);
    street.mails(2).await;
    assert_eq!(street.to(), ["one@amber.example", "two@amber.example"]);
    let on = call(&intake, &id).await;
    assert_eq!((&on["state"], minutes(&on)), (&json!("CALLING"), vec![0, 30]));
    // The offer is taken back: nobody is called any more.
    went(&sender, "withdrawOffer", &handoffs[0], json!({ "reason": "MISTAKE" })).await;
    let ended = async || call(&intake, &id).await["state"] == "ENDED";
    while !ended().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    house.clock.advance(60);
    street.mails(2).await;
    street.house.close().await;
}

async fn whoever_cannot_be_reached_does_not_keep_the_next_one_waiting(db: Db) {
    // Nobody listens at the mail's port, and there is no gateway.
    let nobody = crate::house::program::free_address();
    let house = House::with(db, |config| {
        config.calls.public_url = PUBLIC.into();
        config.calls.smtp_url = format!("smtp://{nobody}").into();
        config.calls.mail_from = "hub@hub.house.example".into();
    })
    .await;
    let asked = Asked::open(&house, 4).await;
    let steps = json!([
        step("EMAIL", "nurse@amber.example", "ASKED", 0),
        step("WEBHOOK", "+13055550142", "HALF", 0),
        step("BOARD", "", "DUE", 60),
    ]);
    chained(&house, steps).await;
    let mut events = watch(&house.client("agency_admin")).await;
    offered(&house.client("emergency_department-2"), input(asked.one(&house), json!({}))).await;
    let kinds = told(&mut events, "CALL_SENT").await;
    assert_eq!(
        kinds,
        ["CALL_STARTED", "CALL_FAILED", "CALL_FAILED", "CALL_SENT"],
        "at once, though its time had not come"
    );
    let open = calls(&house.client("intake")).await;
    let how = |n: usize| (open[0]["steps"][n]["channel"].clone(), open[0]["steps"][n]["failure"].clone());
    assert_eq!(how(0), (json!("EMAIL"), json!("UNREACHABLE")));
    assert_eq!(how(1), (json!("WEBHOOK"), json!("NOT_CONFIGURED")));
    assert_eq!(how(2), (json!("BOARD"), Value::Null));
    assert_eq!(minutes(&open[0]), [0, 0, 0]);
    // A dead mail server is no reason to send nobody here.
    let ready = reqwest::get(format!("{}/health/ready", house.url())).await.unwrap();
    assert_eq!(ready.status(), 200);
    house.close().await;
}

async fn the_gateway_is_told_in_the_form_of_standard_webhooks(db: Db) {
    use base64::Engine;
    use hmac::{Hmac, KeyInit, Mac};
    let street = Street::open(db).await;
    let house = &street.house;
    let asked = Asked::open(house, 4).await;
    let steps = json!([
        step("WEBHOOK", "+13055550142", "ASKED", 0),
        step("EMAIL", "gone@amber.example", "ASKED", 0),
        step("EMAIL", "nurse@amber.example", "ASKED", 0),
    ]);
    chained(house, steps).await;
    // It sends on, which is not followed; and the first mailbox is no more.
    street.gateway.answer(307);
    street.mail.refuse(550);
    let mut events = watch(&house.client("agency_admin")).await;
    offered(&house.client("emergency_department-2"), input(asked.one(house), json!({}))).await;
    assert_eq!(told(&mut events, "CALL_EXHAUSTED").await.iter().filter(|kind| *kind == "CALL_FAILED").count(), 3);
    let open = calls(&house.client("intake")).await;
    let why: Vec<&Value> = open[0]["steps"].as_array().unwrap().iter().map(|step| &step["failure"]).collect();
    assert_eq!(why, ["REFUSED", "REFUSED", "REFUSED"]);
    let requests = street.gateway.requests();
    assert_eq!(requests.len(), 1, "it was followed");
    let header = |name: &str| requests[0].headers[name].to_str().unwrap();
    let id = format!("{}.0", open[0]["id"].as_str().unwrap());
    assert_eq!((header("webhook-id"), header("content-type")), (&*id, "application/json"));
    let body: Value = serde_json::from_str(&requests[0].body).unwrap();
    let expected = json!({ "type": "answer.due", "id": id, "to": "+13055550142", "text": "An answer is due at Amber ward",
        "url": PUBLIC });
    assert_eq!(body, expected);
    // As a gateway verifies it, with what the standard says and nothing of ours.
    let key = base64::engine::general_purpose::STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = format!("{id}.{}.{}", header("webhook-timestamp"), requests[0].body);
    let signature = |text: &str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(text.as_bytes());
        format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes()))
    };
    assert_eq!(header("webhook-signature"), signature(&signed));
    assert_ne!(header("webhook-signature"), signature(&signed.replace("0142", "0143")));
    let sent = header("webhook-timestamp").parse::<i64>().unwrap();
    assert_eq!(sent, at(&open[0]["steps"][0]["at"]).micros() / 1_000_000);
    street.house.close().await;
}

async fn an_announcement_is_seen_within_two_minutes_or_somebody_is_called(db: Db) {
    let street = Street::open(db).await;
    let house = &street.house;
    let door = open_door(house, 9, 4).await;
    chained(house, json!([step("BOARD", "", "ASKED", 0), step("EMAIL", "nurse@amber.example", "DUE", 0)])).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let first = on_the_way(&officer, door).await;
    until_open(&intake, 1).await;
    let seen = calls(&intake).await[0].clone();
    assert_eq!((&seen["word"], &seen["handoffId"]), (&json!("SEEN"), &json!(first)));
    // Somebody says so, and nobody is called, however long the way is.
    acknowledge(&intake, seen["id"].as_str().unwrap()).await.data("");
    house.clock.advance(20);
    street.mails(0).await;
    // Of the second, nobody does.
    let second = on_the_way(&officer, door).await;
    until_open(&intake, 2).await;
    house.clock.advance(2);
    street.mails(1).await;
    // At the door it is the receiver's to take over, and that is called for anew: the board first.
    went(&officer, "arriveHandoff", &second, json!({})).await;
    let words = async || calls(&intake).await.iter().map(|call| call["word"].clone()).collect::<Vec<_>>();
    while !words().await.contains(&json!("TAKE_OVER")) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    house.clock.advance(9);
    street.mails(1).await;
    assert_eq!(problems(&go(&intake, "confirmTransfer", &second, json!({})).await, "confirmTransfer"), [""; 0]);
    house.clock.advance(30);
    street.mails(1).await;
    street.house.close().await;
}

async fn until_open(client: &Client, count: usize) {
    for _ in 0..200 {
        if calls(client).await.len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#?}", calls(client).await);
}

/// A SQLite database has one node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_call_once() {
    let street = Street::open(Db::Postgres).await;
    let house = &street.house;
    let asked = Asked::open(house, 9).await;
    chained(
        house,
        json!([step("EMAIL", "one@amber.example", "ASKED", 0), step("EMAIL", "two@amber.example", "HALF", 0)]),
    )
    .await;
    let (_node, _) = house.neighbor().await;
    let (_other, _) = house.neighbor().await;
    let sender = house.client("emergency_department-2");
    for _ in 0..8 {
        offered(&sender, input(asked.one(house), json!({}))).await;
    }
    street.mails(8).await;
    house.clock.advance(15);
    street.mails(16).await;
    let ids: std::collections::BTreeSet<String> =
        street.mail.mails().iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    assert_eq!(ids.len(), 16, "one was sent twice");
    street.house.close().await;
}
