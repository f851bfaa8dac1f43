//! People are reached at their browsers: by Web Push, which the browser alone reads and which says whose it is.
use crate::api::bed::problems;
use crate::api::handoff::watch;
use crate::api::offer::{Asked, input, offered};
use crate::api::ring::{self, rung, step, told_all};
use crate::calls::PUBLIC;
use crate::disclose_keys::{dumped, shapes};
use crate::house::push::{Browser, PushService};
use crate::house::traffic::staff;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::clock::Clock;
use crisis_hub::messenger::new_push_key;
use serde_json::{Value, json};

on_both!(
    somebody_is_reached_at_their_browser,
    one_browser_of_several_is_enough,
    nothing_of_a_browser_is_told_or_kept_in_plain,
);

/// A house that pushes, and the push service that it writes to.
pub struct Pushing {
    pub house: House,
    pub service: PushService,
    pub asked: Asked,
    pub key: String,
}

const SUBJECT: &str = "mailto:hub@hub.house.example";

impl Pushing {
    pub async fn open(db: Db) -> Self {
        let (service, (private, key)) = (PushService::open().await, new_push_key().unwrap());
        let house = House::with(db, |config| {
            config.calls.public_url = PUBLIC.into();
            config.calls.push_key = private.into();
            config.calls.push_subject = SUBJECT.into();
            config.calls.push_hosts = vec![service.origin()];
        })
        .await;
        let asked = Asked::open(&house, 9).await;
        Self { house, service, asked, key }
    }

    /// Says who is on call for the ward, and asks it for somebody: the handoff.
    pub async fn asks(&self, steps: Value) -> String {
        let ward = self.house.world.agencies[0].ward();
        ring::on_call(&self.house.client("intake"), json!({ "unitId": ward.to_string() }), steps).await;
        let sender = self.house.client("emergency_department-2");
        offered(&sender, input(self.asked.one(&self.house), json!({}))).await.1.remove(0)
    }
}

pub async fn register(client: &Client, browser: &Browser, more: Value) -> Answer {
    let document = "mutation($input: RegisterPushInput!) { registerPush(input: $input) {
        pushSubscription { id version host state createdAt endedAt } problems { code path message } replayed } }";
    let mut input = browser.json();
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(document, json!({ "input": input })).await
}

/// Registers a browser, and answers its registration.
pub async fn registered(client: &Client, browser: &Browser) -> Value {
    let said = register(client, browser, json!({})).await;
    assert_eq!(problems(&said, "registerPush"), [""; 0], "{:#}", said.body);
    said.data("/registerPush/pushSubscription").clone()
}

/// A step of a chain that pushes to somebody: the address is their grant.
pub async fn push_to(client: &Client, from: &str) -> Value {
    let me = client.ask("{ viewer { grant { id } } }", json!({})).await;
    step("PUSH", me.data("/viewer/grant/id").as_str().unwrap(), from, 0)
}

async fn somebody_is_reached_at_their_browser(db: Db) {
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    let nurse = house.client("intake");
    assert_eq!(nurse.ask("{ pushKey }", json!({})).await.data("/pushKey"), &json!(pushing.key));
    let (browser, other) = (service.browser("nurses"), service.browser("somebody-elses"));
    let new = registered(&nurse, &browser).await;
    assert_eq!((&new["state"], &new["version"], &new["endedAt"]), (&json!("ACTIVE"), &json!(1), &Value::Null));
    assert_eq!(new["host"], json!(service.origin().strip_prefix("http://").unwrap()));
    let mut events = watch(&house.client("agency_admin")).await;
    let handoff = pushing.asks(json!([push_to(&nurse, "ASKED").await, step("BOARD", "", "HALF", 0)])).await;
    let call = rung(&nurse, &handoff, "ACKNOWLEDGE", 1).await;
    assert_eq!(ring::channels(&call), ["PUSH"]);
    let pushed = service.pushed();
    assert_eq!(pushed.len(), 1);
    // For its eyes alone, and in it no more than in a mail.
    let read: Value = serde_json::from_str(&browser.reads(&pushed[0]).unwrap()).unwrap();
    let expected = json!({ "type": "answer.due", "id": format!("{}.0", call["id"].as_str().unwrap()),
        "text": "An answer is due at Amber ward", "url": PUBLIC });
    assert_eq!(read, expected);
    assert_eq!(other.reads(&pushed[0]), None, "another browser read it");
    let mut changed = pushed[0].clone();
    *changed.body.last_mut().unwrap() ^= 1;
    assert_eq!(browser.reads(&changed), None, "what was changed on the way was read");
    // As a push service verifies whose it is: by the key that the browser was subscribed with.
    let (claims, key) = pushed[0].vapid();
    let (now, exp) = (house.clock.now().micros() / 1_000_000, claims["exp"].as_i64().unwrap());
    assert_eq!((&claims["aud"], &claims["sub"], key), (&json!(service.origin()), &json!(SUBJECT), pushing.key.clone()));
    assert!((3_600..=24 * 3_600).contains(&(exp - now)), "believed for {} s", exp - now);
    assert_eq!(claims.as_object().unwrap().len(), 3, "{claims}");
    assert_eq!((pushed[0].path.as_str(), pushed[0].header("urgency")), ("/push/nurses", "high"));
    assert_eq!((pushed[0].header("ttl"), pushed[0].header("topic").len()), ("900", 32));
    ring::seen(&nurse, &call["id"]).await;
    let kinds = told_all(&mut events, "", "CALL_ACKNOWLEDGED").await;
    assert_eq!(kinds, ["CALL_STARTED", "CALL_SENT", "CALL_ACKNOWLEDGED"]);
    pushing.house.close().await;
}

async fn one_browser_of_several_is_enough(db: Db) {
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    let nurse = house.client("intake");
    let (desk, phone) = (service.browser("desk"), service.browser("phone"));
    for browser in [&desk, &phone] {
        registered(&nurse, browser).await;
    }
    service.answer(&desk, 500);
    let handoff = pushing.asks(json!([push_to(&nurse, "ASKED").await])).await;
    let call = rung(&nurse, &handoff, "ACKNOWLEDGE", 1).await;
    assert_eq!(ring::channels(&call), ["PUSH"]);
    let to = |path: &str| service.pushed().iter().filter(|pushed| pushed.path == path).count();
    assert_eq!(
        (to("/push/desk"), to("/push/phone")),
        (2, 1),
        "what may pass is tried once more, and that browser alone"
    );
    // None is reached: the step fails, and the browsers stay registered.
    service.answer(&phone, 403);
    let handoff = pushing.asks(json!([push_to(&nurse, "ASKED").await, step("BOARD", "", "DUE", 0)])).await;
    let call = rung(&nurse, &handoff, "ACKNOWLEDGE", 2).await;
    assert_eq!((&call["steps"][0]["failure"], &call["steps"][1]["sent"]), (&json!("REFUSED"), &json!(true)));
    assert_eq!((to("/push/desk"), to("/push/phone")), (4, 2));
    let own = nurse.ask("{ pushSubscriptions { state } }", json!({})).await;
    assert_eq!(own.data("/pushSubscriptions").as_array().unwrap().len(), 2);
    pushing.house.close().await;
}

async fn nothing_of_a_browser_is_told_or_kept_in_plain(db: Db) {
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    let nurse = house.client("intake");
    let browser = service.browser("zephyr-canary-of-the-nurse");
    let keyed = json!({ "idempotencyKey": "k" });
    let said = register(&nurse, &browser, keyed.clone()).await;
    assert_eq!(said.data("/registerPush/replayed"), false);
    let again = register(&nurse, &browser, keyed).await;
    assert_eq!(again.data("/registerPush/replayed"), true);
    let json = browser.json();
    let auth = json["auth"].as_str().unwrap().to_owned();
    let mut answers = format!("{} {}", said.body, again.body);
    // Every way of being refused.
    for bad in [
        json!({ "endpoint": "https://evil.example/zephyr-canary-of-the-nurse" }),
        json!({ "endpoint": "https://zephyr-canary-of-the-nurse@fcm.googleapis.com/a" }),
        json!({ "p256dh": "zephyr-canary-of-the-nurse" }),
        json!({ "auth": "zephyr-canary-of-the-nurse" }),
    ] {
        answers += &register(&nurse, &browser, bad).await.body.to_string();
    }
    let handoff = pushing.asks(json!([push_to(&nurse, "ASKED").await])).await;
    rung(&nurse, &handoff, "ACKNOWLEDGE", 1).await;
    answers += &nurse
        .ask("{ pushSubscriptions { id host state } auditTrail { edges { node { action nodeId } } } }", json!({}))
        .await
        .body
        .to_string();
    house.deliver().await;
    let reader = house.store().read(&staff(house.hub(), "agency_admin")).await.unwrap();
    let log = format!("{:?}", reader.events_after(0, 1_000_000).await.unwrap());
    assert!(log.contains("PushRegistered"), "the log does not tell of it");
    drop(reader);
    let disk = dumped(house.place()).await;
    for canary in ["zephyr-canary-of-the-nurse", auth.as_str()] {
        assert!(!log.contains(canary) && !answers.contains(canary), "{canary} is in the log, or in an answer");
        for shape in shapes(canary) {
            let found = disk.windows(shape.len()).any(|bytes| bytes == shape.as_bytes());
            assert!(!found, "{canary} lies in the database as {shape}");
        }
    }
    // The oracle: what is kept in plain is found.
    assert!(disk.windows(10).any(|bytes| bytes == b"Amber ward"));
    pushing.house.close().await;
}
