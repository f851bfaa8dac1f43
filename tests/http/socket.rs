//! One socket's life: every way to misuse the protocol has its close code.
use super::{REPORT, head, report};
use crate::house::{Db, House, Ws};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

on_both!(
    whoever_breaks_the_protocol_is_closed_with_its_code,
    a_socket_that_says_nothing_is_closed,
    a_socket_runs_twenty_operations_and_no_more,
    a_socket_ends_with_its_token,
    a_silent_socket_is_pinged,
    an_operation_on_a_socket_answers_and_completes,
    a_bad_operation_ends_itself_and_not_the_socket,
);

async fn open(house: &House, person: &str) -> Ws {
    let mut socket = house.client(person).ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket
}

fn subscribe(id: &str) -> Value {
    json!({ "id": id, "type": "subscribe", "payload": { "query": "subscription { events { cursor } }" } })
}

async fn whoever_breaks_the_protocol_is_closed_with_its_code(db: Db) {
    let house = House::open(db).await;
    let before = head(&house).await;
    let mutation =
        json!({ "id": "a", "type": "subscribe", "payload": { "query": REPORT, "variables": report(&house) } });
    let mut early = Ws::raw(house.address, &[]).await;
    early.send(mutation).await;
    assert_eq!(early.closed().await.0, 4401, "subscribe before connection_init");
    assert_eq!(head(&house).await, before, "and it was executed");

    let mut twice = open(&house, "intake").await;
    twice.send(json!({ "type": "connection_init" })).await;
    assert_eq!(twice.closed().await.0, 4429);

    let mut same = open(&house, "intake").await;
    same.send(subscribe("a")).await;
    assert_eq!(same.next().await.unwrap()["type"], "next");
    same.send(subscribe("a")).await;
    assert_eq!(same.closed().await.0, 4409);

    for bad in [
        "{",
        "[]",
        "\"ping\"",
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"start","id":"a"}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","id":""}"#,
        r#"{"type":"subscribe","id":7}"#,
        r#"{"type":"next","id":"a"}"#,
        r#"{"type":"complete"}"#,
    ] {
        let mut socket = open(&house, "intake").await;
        socket.send_text(bad.into()).await;
        assert_eq!(socket.closed().await.0, 4400, "{bad}");
    }
    let mut long = open(&house, "intake").await;
    long.send(subscribe(&"i".repeat(129))).await;
    assert_eq!(long.closed().await.0, 4400);
    let deep = format!(r#"{{"type":"ping","payload":{}1{}}}"#, "[".repeat(3_000), "]".repeat(3_000));
    let mut nested = open(&house, "intake").await;
    nested.send_text(deep).await;
    assert_eq!(nested.closed().await.0, 4400);
    let mut binary = open(&house, "intake").await;
    binary.send_raw(Message::Binary(b"{}".to_vec().into())).await;
    assert_eq!(binary.closed().await.0, 4400);

    let mut large = open(&house, "intake").await;
    large.send(json!({ "type": "ping", "payload": { "pad": "p".repeat(64 * 1024) } })).await;
    assert!([1009, 1006, 1002].contains(&large.closed().await.0), "a message over 64 KiB");
    let mut most = open(&house, "intake").await;
    most.send(json!({ "type": "ping", "payload": { "pad": "p".repeat(63 * 1024) } })).await;
    assert_eq!(most.next().await.unwrap()["type"], "pong");

    for payload in
        [json!({ "Authorization": "Bearer x.y.z" }), json!({ "Authorization": "Basic eA==" }), json!({}), Value::Null]
    {
        let mut forged = Ws::raw(house.address, &[]).await;
        forged.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(forged.closed().await.0, 4403, "{payload}");
    }
    let mut listed = Ws::raw(house.address, &[]).await;
    listed.send(json!({ "type": "connection_init", "payload": [] })).await;
    assert_eq!(listed.closed().await.0, 4400);
    // The oracle: the token in the upgrade's header is as good.
    let bearer = format!("Bearer {}", house.token("intake"));
    let mut headed = Ws::raw(house.address, &[("authorization", &bearer)]).await;
    headed.send(json!({ "type": "connection_init" })).await;
    assert_eq!(headed.next().await.unwrap()["type"], "connection_ack");
    house.close().await;
}

async fn a_socket_that_says_nothing_is_closed(db: Db) {
    let house = House::with(db, |config| config.socket.init_seconds = 1).await;
    let mut silent = Ws::raw(house.address, &[]).await;
    let mut chatty = Ws::raw(house.address, &[]).await;
    chatty.send(json!({ "type": "ping" })).await;
    assert_eq!(chatty.next().await.unwrap()["type"], "pong");
    let begun = std::time::Instant::now();
    assert_eq!(silent.closed().await.0, 4408);
    assert_eq!(chatty.closed().await.0, 4408, "talk is no connection_init");
    assert!(begun.elapsed() < Duration::from_secs(4));
    let mut said = open(&house, "officer").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    said.send(json!({ "type": "ping" })).await;
    assert_eq!(said.next().await.unwrap()["type"], "pong", "whoever said hello stays");
    house.close().await;
}

async fn a_socket_runs_twenty_operations_and_no_more(db: Db) {
    let house = House::open(db).await;
    let mut socket = open(&house, "intake").await;
    for n in 0..20 {
        socket.send(subscribe(&n.to_string())).await;
        assert_eq!(socket.next().await.unwrap()["id"], n.to_string());
    }
    // One that is completed makes room for another.
    socket.send(json!({ "id": "0", "type": "complete" })).await;
    socket.send(subscribe("20")).await;
    assert_eq!(socket.next().await.unwrap()["id"], "20");
    socket.send(subscribe("21")).await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 4429, "{reason}");
    house.close().await;
}

async fn a_socket_ends_with_its_token(db: Db) {
    use crisis_hub::clock::Clock;
    let house = House::open(db).await;
    let now = house.clock.now().micros() / 1_000_000;
    let short = house.draft("intake").claim("exp", json!(now + 60)).sign(&house.key);
    let short = crate::house::Client::new(house.address, Some(short));
    let mut socket = short.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.send(subscribe("a")).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");
    let mut stream = short.sse("subscription { events { cursor } }", json!({})).await;
    assert_eq!(stream.next().await.unwrap().0, "next");
    let mut other = open(&house, "intake").await;
    house.clock.advance(3);
    let begun = std::time::Instant::now();
    assert_eq!(socket.closed().await.0, 4401);
    let (_, last) = stream.next().await.unwrap();
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last:#}");
    assert_eq!(stream.next().await.unwrap().0, "complete");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    other.send(json!({ "type": "ping" })).await;
    assert_eq!(other.next().await.unwrap()["type"], "pong", "a longer token lives on");
    house.close().await;
}

async fn a_silent_socket_is_pinged(db: Db) {
    let house = House::with(db, |config| {
        config.socket.ping_seconds = 1;
        config.socket.heartbeat_seconds = 1;
    })
    .await;
    let mut socket = open(&house, "intake").await;
    let frame = socket.frame().await;
    assert!(matches!(frame, Some(Message::Ping(_))), "{frame:?}");
    let mut watching = open(&house, "officer").await;
    watching.send(subscribe("a")).await;
    let mut last = watching.next().await.unwrap()["payload"]["data"]["events"]["cursor"].clone();
    for _ in 0..2 {
        let beat = watching.next().await.unwrap()["payload"]["data"]["events"]["cursor"].clone();
        assert!(beat.is_string(), "a heartbeat says where one stands: {last}");
        last = beat;
    }
    house.close().await;
}

async fn an_operation_on_a_socket_answers_and_completes(db: Db) {
    let house = House::open(db).await;
    let before = head(&house).await;
    let mut socket = open(&house, "intake").await;
    socket.subscribe("q", "{ viewer { role } }", json!({})).await;
    let told = socket.next().await.unwrap();
    assert_eq!((&told["type"], &told["payload"]["data"]["viewer"]["role"]), (&json!("next"), &json!("INTAKE")));
    assert_eq!(socket.next().await.unwrap(), json!({ "id": "q", "type": "complete" }));
    socket.subscribe("m", REPORT, report(&house)).await;
    assert_eq!(socket.next().await.unwrap()["payload"]["data"]["reportBeds"]["problems"], json!([]));
    assert_eq!(socket.next().await.unwrap(), json!({ "id": "m", "type": "complete" }));
    assert_eq!(head(&house).await, before + 1);
    // A busy subscription keeps nobody waiting.
    for n in 0..19 {
        socket.send(subscribe(&n.to_string())).await;
        assert_eq!(socket.next().await.unwrap()["type"], "next");
    }
    socket.subscribe("q", "{ viewer { role } }", json!({})).await;
    assert_eq!(socket.next().await.unwrap()["id"], "q");
    house.close().await;
}

async fn a_bad_operation_ends_itself_and_not_the_socket(db: Db) {
    let house = House::open(db).await;
    let mut socket = open(&house, "intake").await;
    for (payload, code) in [
        (json!({ "query": "{" }), "BAD_USER_INPUT"),
        (json!({ "query": "{ nothingOfThisName }" }), "BAD_USER_INPUT"),
        (json!({}), "BAD_USER_INPUT"),
        (json!(["{ viewer { role } }"]), "BAD_USER_INPUT"),
        (json!({ "query": "subscription { events { cursor } bedsChanged { cursor } }" }), "BAD_USER_INPUT"),
        (json!({ "query": "subscription { events(after: \"forged\") { cursor } }" }), "CURSOR_EXPIRED"),
    ] {
        socket.send(json!({ "id": "a", "type": "subscribe", "payload": payload })).await;
        let told = socket.next().await.unwrap();
        assert_eq!((&told["id"], &told["type"]), (&json!("a"), &json!("error")), "{payload}: {told:#}");
        assert_eq!(told["payload"][0]["extensions"]["code"], code, "{payload}");
        // The id is free again.
    }
    socket.subscribe("a", "{ viewer { role } }", json!({})).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");
    house.close().await;
}
