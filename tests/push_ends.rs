//! Browsers at which nobody is reached any more: gone, taken back, of a revoked grant, of another agency; and what is no browser.
use crate::api::bed::problems;
use crate::api::grant::revoke;
use crate::api::handoff::{at, watch};
use crate::api::ring::{self, rung, step, told_all};
use crate::house::{Answer, Client, Db, Sse};
use crate::push::{Pushing, push_to, register, registered};
use serde_json::{Value, json};

on_both!(
    a_browser_that_its_push_service_knows_no_more_is_written_to_no_more,
    who_takes_a_browser_back_is_reached_there_no_more,
    a_browser_goes_with_its_grant,
    a_browser_is_its_own_persons,
    what_is_no_browser_is_refused_and_changes_nothing,
);

async fn remove(client: &Client, id: &Value) -> Answer {
    let document = "mutation($input: RemovePushInput!) { removePush(input: $input) {
        pushSubscription { id version state endedAt } problems { code } replayed } }";
    client.ask(document, json!({ "input": { "pushSubscriptionId": id } })).await
}

async fn own(client: &Client) -> Vec<Value> {
    let said = client.ask("{ pushSubscriptions { id state } }", json!({})).await;
    said.data("/pushSubscriptions").as_array().unwrap().clone()
}

async fn browser(client: &Client, id: &Value) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on PushSubscription { id version state endedAt } } }";
    client.ask(query, json!({ "id": id })).await.data("/node").clone()
}

/// A chain that pushes to somebody, and a board half an hour later; the call when it has gone both steps, and when the second was.
async fn fails(pushing: &Pushing, nurse: &Client) -> Value {
    let handoff = pushing.asks(json!([push_to(nurse, "ASKED").await, step("BOARD", "", "DUE", 0)])).await;
    let call = rung(&pushing.house.client("intake"), &handoff, "ACKNOWLEDGE", 2).await;
    assert_eq!((&call["steps"][0]["failure"], &call["steps"][1]["sent"]), (&json!("NOT_REGISTERED"), &json!(true)));
    assert!(at(&call["steps"][1]["at"]) < at(&call["dueAt"]), "the next one did not wait");
    call
}

async fn told_of_browsers(events: &mut Sse, last: &str) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    while kinds.last().is_none_or(|kind| kind != last) {
        let event = events.next().await.unwrap().1["data"]["events"]["event"].clone();
        let kind = event["kind"].as_str().unwrap_or_default();
        if kind.starts_with("PUSH_") {
            kinds.push(kind.to_owned());
        }
    }
    kinds
}

async fn a_browser_that_its_push_service_knows_no_more_is_written_to_no_more(db: Db) {
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    let nurse = house.client("intake");
    let (mut events, mut browsers) =
        (watch(&house.client("agency_admin")).await, watch(&house.client("agency_admin")).await);
    for (status, secret) in [(410, "uninstalled"), (404, "reset")] {
        let gone = service.browser(secret);
        let new = registered(&nurse, &gone).await;
        service.answer(&gone, status);
        fails(&pushing, &nurse).await;
        let ended = browser(&nurse, &new["id"]).await;
        assert_eq!((&ended["state"], ended["endedAt"].is_string()), (&json!("EXPIRED"), true), "{status}");
        assert_eq!(own(&nurse).await.len(), 0);
    }
    let kinds = told_all(&mut events, "", "CALL_SENT").await;
    assert_eq!(kinds, ["CALL_STARTED", "CALL_FAILED", "CALL_SENT"]);
    let told = told_of_browsers(&mut browsers, "PUSH_ENDED").await;
    assert_eq!(told, ["PUSH_REGISTERED", "PUSH_ENDED"]);
    // Nobody writes there again; one that is gone keeps no other waiting.
    assert_eq!(service.pushed().len(), 2, "that it is gone may not pass");
    let (gone, there) = (service.browser("gone"), service.browser("there"));
    for browser in [&gone, &there] {
        registered(&nurse, browser).await;
    }
    service.answer(&gone, 410);
    let handoff = pushing.asks(json!([push_to(&nurse, "ASKED").await])).await;
    assert_eq!(ring::channels(&rung(&nurse, &handoff, "ACKNOWLEDGE", 1).await), ["PUSH"]);
    assert_eq!((own(&nurse).await.len(), service.pushed().len()), (1, 4));
    pushing.house.close().await;
}

async fn who_takes_a_browser_back_is_reached_there_no_more(db: Db) {
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    let (nurse, other) = (house.client("intake"), house.client("peer"));
    let new = registered(&nurse, &service.browser("desk")).await;
    for stranger in ["peer", "agency_admin", "officer", "intake-2", "intake-far"] {
        let stranger = house.client(stranger);
        assert_eq!(browser(&stranger, &new["id"]).await, Value::Null);
        assert_eq!(remove(&stranger, &new["id"]).await.code(), "NOT_FOUND");
    }
    assert_eq!((own(&nurse).await.len(), own(&other).await.len()), (1, 0));
    let said = remove(&nurse, &new["id"]).await;
    let gone = said.data("/removePush/pushSubscription").clone();
    assert_eq!((&gone["state"], &gone["version"]), (&json!("REMOVED"), &json!(2)));
    let again = remove(&nurse, &new["id"]).await;
    assert_eq!(again.data("/removePush/pushSubscription/version"), &json!(2), "said again, it changes nothing");
    fails(&pushing, &nurse).await;
    assert_eq!(service.pushed().len(), 0);
    pushing.house.close().await;
}

async fn a_browser_goes_with_its_grant(db: Db) {
    use crisis_hub::domain::role::Role;
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    let grant = house.grant("nora", Role::Intake, house.world.agencies[0].organization).await;
    house.deliver().await;
    let nora = house.client("nora");
    let new = registered(&nora, &service.browser("noras")).await;
    let step_to_nora = push_to(&nora, "ASKED").await;
    assert_eq!(step_to_nora["address"], json!(grant.id.to_string()));
    revoke(&house.client("agency_admin"), grant.id).await;
    house.verified().await;
    // The very chain still names her, and nobody is reached.
    let handoff = pushing.asks(json!([step_to_nora, step("BOARD", "", "DUE", 0)])).await;
    let call = rung(&house.client("intake"), &handoff, "ACKNOWLEDGE", 2).await;
    assert_eq!(call["steps"][0]["failure"], "NOT_REGISTERED");
    assert_eq!(service.pushed().len(), 0);
    assert_eq!(register(&nora, &service.browser("another"), json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(browser(&house.client("agency_admin"), &new["id"]).await, Value::Null);
    // What is promised of all rows is looked at here: no key is left of one that has ended.
    pushing.house.close().await;
}

async fn a_browser_is_its_own_persons(db: Db) {
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    // Somebody of another agency is named in a chain: the hub reaches nobody, and their browser stays theirs.
    let theirs = house.client("intake-2");
    registered(&theirs, &service.browser("theirs")).await;
    let named = push_to(&theirs, "ASKED").await;
    let handoff = pushing.asks(json!([named, step("BOARD", "", "DUE", 0)])).await;
    let call = rung(&house.client("intake"), &handoff, "ACKNOWLEDGE", 2).await;
    assert_eq!((&call["steps"][0]["failure"], service.pushed().len()), (&json!("NOT_REGISTERED"), 0));
    assert_eq!(own(&theirs).await.len(), 1);
    for stranger in ["officer", "dispatcher", "council", "hub_operator", "line_988"] {
        let said = register(&house.client(stranger), &service.browser("x"), json!({})).await;
        assert_eq!(said.code(), "FORBIDDEN", "{stranger}");
    }
    pushing.house.close().await;
}

async fn what_is_no_browser_is_refused_and_changes_nothing(db: Db) {
    let pushing = Pushing::open(db).await;
    let (house, service) = (&pushing.house, &pushing.service);
    let nurse = house.client("intake");
    let browser = service.browser("desk");
    house.deliver().await;
    let before = house.hub().board().now().number();
    let origin = service.origin();
    for elsewhere in [
        "https://evil.example/push/desk".to_owned(),
        "https://fcm.googleapis.com/fcm/send/a".into(),
        "http://127.0.0.1:1/push/desk".into(),
        "http://169.254.169.254/latest/meta-data".into(),
        format!("{origin}@evil.example/push/desk"),
        format!("{}/push/desk", origin.replace("http:", "https:")),
        origin.clone(),
    ] {
        let said = register(&nurse, &browser, json!({ "endpoint": elsewhere })).await;
        assert_eq!(problems(&said, "registerPush"), ["UNKNOWN_PUSH_SERVICE"], "{elsewhere}");
    }
    let p256dh = browser.json()["p256dh"].as_str().unwrap().to_owned();
    // A point that is not on the curve.
    let off = format!("{}{}", &p256dh[..80], if p256dh.ends_with("AAAAAAA") { "BBBBBBA" } else { "AAAAAAA" });
    for (field, bad) in [
        ("endpoint", json!({ "endpoint": "" })),
        ("endpoint", json!({ "endpoint": "a".repeat(1_001) })),
        ("p256dh", json!({ "p256dh": "" })),
        ("p256dh", json!({ "p256dh": format!("{p256dh}=") })),
        ("p256dh", json!({ "p256dh": off })),
        ("auth", json!({ "auth": "AAAA" })),
        ("auth", json!({ "auth": "!" })),
    ] {
        let said = register(&nurse, &browser, bad.clone()).await;
        assert_eq!(said.code(), "BAD_USER_INPUT", "{bad}");
        assert!(said.body.to_string().contains(field), "{bad}: {:#}", said.body);
    }
    house.deliver().await;
    assert_eq!(house.hub().board().now().number(), before, "something has changed");
    // The same browser again is the same; a sixth is one too many.
    let first = registered(&nurse, &browser).await;
    let again = registered(&nurse, &browser).await;
    assert_eq!((&again["id"], &again["version"]), (&first["id"], &json!(2)));
    for n in 1..5 {
        registered(&nurse, &service.browser(&format!("browser-{n}"))).await;
    }
    let sixth = register(&nurse, &service.browser("sixth"), json!({})).await;
    assert_eq!(problems(&sixth, "registerPush"), ["PUSH_LIMIT"]);
    assert_eq!(own(&nurse).await.len(), 5);
    remove(&nurse, &first["id"]).await.data("");
    registered(&nurse, &service.browser("sixth")).await;
    // Two at once are not one too many.
    remove(&nurse, &own(&nurse).await[0]["id"]).await.data("");
    let (left, right) = (service.browser("left"), service.browser("right"));
    let (one, two) = tokio::join!(register(&nurse, &left, json!({})), register(&nurse, &right, json!({})));
    let mut codes = [problems(&one, "registerPush").join(" "), problems(&two, "registerPush").join(" ")];
    codes.sort();
    assert_eq!(codes, ["", "PUSH_LIMIT"]);
    pushing.house.close().await;
}
