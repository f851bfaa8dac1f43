//! Who is counted by what: strangers and what is refused by their address, everybody else by their grants.
use super::{REPORT, report};
use crate::house::{AUDIENCE, Client, Db, House, Ws};
use axum::Router;
use axum::routing::post;
use crisis_hub::app::{console, grant};
use crisis_hub::clock::Clock;
use crisis_hub::domain::grant::{HolderKind, Principal};
use crisis_hub::domain::role::Role;
use crisis_hub::login::Issuer;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

on_both!(
    forgers_wait_and_their_neighbors_do_not,
    a_stranger_questions_an_issuer_a_few_times,
    a_token_that_has_run_out_bars_no_neighbor,
    operations_that_the_guard_refuses_are_counted,
    a_person_has_a_few_sockets_and_streams,
    a_stranger_holds_few_sockets,
    the_holder_of_two_grants_chooses_one_on_a_socket_too,
    an_issuer_that_cannot_be_asked_refuses_nobody,
    a_token_that_its_issuer_revokes_ends_what_it_began,
    a_stream_ends_after_its_time_with_its_cursor,
    a_body_that_does_not_come_is_not_waited_for,
    a_head_that_does_not_come_is_not_waited_for,
    other_upgrades_are_declined,
);

const ME: &str = "{ viewer { role } }";
const WATCH: &str = "subscription { events { cursor } }";

async fn hello(address: std::net::SocketAddr, payload: Value) -> Ws {
    let mut socket = Ws::raw(address, &[]).await;
    socket.send(json!({ "type": "connection_init", "payload": payload })).await;
    socket
}

/// An issuer of opaque tokens: it says of each whether it is active, and counts how often it was asked.
#[derive(Clone, Default)]
struct Opaque {
    active: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Opaque {
    const ISSUER: &str = "https://opaque.house.invalid";

    /// Begins to answer; what the hub's settings say of it.
    async fn serve(&self) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (here, at) = (self.clone(), listener.local_addr().unwrap());
        let answer = move || {
            here.asked.fetch_add(1, SeqCst);
            let answer = json!({ "active": here.active.load(SeqCst), "iss": Self::ISSUER, "aud": AUDIENCE, "sub": "opal",
                "token_type": "Bearer", "exp": 4_000_000_000_u64 });
            std::future::ready(([("content-type", "application/json")], answer.to_string()))
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/introspect", post(answer))).await });
        let ask = json!({ "url": format!("http://{at}/introspect"), "client_id": "hub", "client_secret": "hush" });
        let issuer = json!({ "issuer": Self::ISSUER, "audience": AUDIENCE, "keys": { "introspection": ask } });
        serde_json::from_value(issuer).unwrap()
    }
}

/// A house that bears ten refused tokens a minute from one address, and one more issuer of its own.
async fn questioned(db: Db) -> (House, Opaque) {
    let opaque = Opaque::default();
    let issuer = opaque.serve().await;
    let house = House::with(db, |config| {
        config.rates.stranger_per_minute = 10;
        config.issuers.push(issuer);
    });
    (house.await, opaque)
}

/// Asks with a refused token until its address is told to wait.
async fn forge(house: &House, token: &str) {
    let forger = Client::new(house.address, Some(token.into()));
    for _ in 0..=15 {
        let said = forger.ask(ME, json!({})).await;
        if said.status != 401 {
            assert_eq!((said.status, said.code()), (429, "RATE_LIMITED"));
            assert!(said.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
            return;
        }
    }
    panic!("sixteen tokens were refused and nobody was told to wait");
}

async fn forgers_wait_and_their_neighbors_do_not(db: Db) {
    let (house, opaque) = questioned(db).await;
    forge(&house, "x.y.z").await;
    let mut socket = hello(house.address, json!({ "Authorization": "Bearer x.y.z" })).await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 1013, "{reason}");
    // A token never seen before, from the forger's address: its signature is its own proof.
    let intake = house.client("intake");
    intake.ask(ME, json!({})).await.data("");
    assert_eq!(house.client("officer").ws().await.next().await.unwrap()["type"], "connection_ack");
    // What would cost its issuer a question is not looked at.
    let mut socket = hello(house.address, json!({ "Authorization": "Bearer 2YotnFZFEjr1zCsicMWpAA" })).await;
    assert_eq!(socket.closed().await.0, 1013);
    assert_eq!(opaque.asked.load(SeqCst), 0, "a barred address questions an issuer");
}

async fn a_stranger_questions_an_issuer_a_few_times(db: Db) {
    let (house, opaque) = questioned(db).await;
    for n in 0..30 {
        let forger = Client::new(house.address, Some(format!("guess-{n}")));
        let said = forger.ask(ME, json!({})).await;
        assert!([401, 429].contains(&said.status), "{}", said.status);
    }
    let asked = opaque.asked.load(SeqCst);
    assert!((10..=12).contains(&asked), "the issuer was asked {asked} times");
    house.client("intake").ask(ME, json!({})).await.data("");
}

async fn a_token_that_has_run_out_bars_no_neighbor(db: Db) {
    let (house, opaque) = questioned(db).await;
    let an_hour_ago = house.clock.now().micros() / 1_000_000 - 3_600;
    let late = house.draft("intake").claim("exp", an_hour_ago.into()).sign(&house.key);
    for _ in 0..30 {
        assert_eq!(Client::new(house.address, Some(late.clone())).ask(ME, json!({})).await.status, 401);
    }
    let neighbor = Client::new(house.address, Some("2YotnFZFEjr1zCsicMWpAA".into()));
    assert_eq!(neighbor.ask(ME, json!({})).await.status, 401);
    assert_eq!(opaque.asked.load(SeqCst), 1, "its issuer is not asked about it");
}

async fn operations_that_the_guard_refuses_are_counted(db: Db) {
    let house = House::with(db, |config| config.rates.person_per_minute = 5).await;
    let mut socket = house.client("intake").ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    let mut codes = Vec::new();
    for _ in 0..10 {
        socket.subscribe("a", "{", json!({})).await;
        let told = socket.next().await.unwrap();
        codes.push(told["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned());
    }
    assert_eq!((codes[0].as_str(), codes[9].as_str()), ("BAD_USER_INPUT", "RATE_LIMITED"), "{codes:?}");
}

async fn a_person_has_a_few_sockets_and_streams(db: Db) {
    let house = House::with(db, |config| {
        config.socket.per_person_max = 2;
        config.socket.streams_per_person_max = 2;
    })
    .await;
    let intake = house.client("intake");
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut socket = intake.ws().await;
        assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
        open.push(socket);
    }
    let (code, reason) = intake.ws().await.closed().await;
    assert!(code == 1013 && reason.contains("at most 2"), "{code} {reason}");
    assert_eq!(house.client("officer").ws().await.next().await.unwrap()["type"], "connection_ack");
    open.pop();
    let begun = Instant::now();
    while intake.ws().await.next().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "a closed socket is still counted");
    }

    let mut streams = [intake.sse(WATCH, json!({})).await, intake.sse(WATCH, json!({})).await];
    let body = json!({ "query": WATCH }).to_string();
    let third = async || {
        let request = intake.request(Method::POST).header("content-type", "application/json");
        intake.send(request.header("accept", "text/event-stream").body(body.clone())).await
    };
    let said = third().await;
    assert_eq!((said.status, said.code()), (429, "LIMIT_EXCEEDED"));
    assert_eq!(streams[0].next().await.unwrap().0, "next");
    house.close().await;
}

async fn a_stranger_holds_few_sockets(db: Db) {
    let house = House::with(db, |config| config.socket.waiting_per_address_max = 2).await;
    let _silent = [Ws::raw(house.address, &[]).await, Ws::raw(house.address, &[]).await];
    let refused = Ws::try_raw(house.address, &[]).await;
    assert!(refused.err().unwrap().to_string().contains("429"));
    tokio::time::sleep(Duration::from_secs(house.config.socket.init_seconds + 2)).await;
    // Whoever has said who they are waits no more.
    let mut known = Vec::new();
    for _ in 0..4 {
        let mut socket = house.client("intake").ws().await;
        assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
        known.push(socket);
    }
    house.close().await;
}

async fn the_holder_of_two_grants_chooses_one_on_a_socket_too(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let mut grants = Vec::new();
    for (role, agency) in [(Role::Intake, &ours), (Role::Peer, &theirs)] {
        grants.push((house.grant("two", role, agency.organization).await.id.to_string(), role));
    }
    house.deliver().await;
    let bearer = format!("Bearer {}", house.token("two"));
    for (id, role) in &grants {
        let mut by_payload = hello(house.address, json!({ "Authorization": bearer, "Crisis-Hub-Grant": id })).await;
        let mut by_header = Ws::raw(house.address, &[("authorization", &bearer), ("crisis-hub-grant", id)]).await;
        by_header.send(json!({ "type": "connection_init" })).await;
        for socket in [&mut by_payload, &mut by_header] {
            assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
            socket.subscribe("a", ME, json!({})).await;
            let told = socket.next().await.unwrap();
            assert_eq!(told["payload"]["data"]["viewer"]["role"], format!("{role:?}").to_uppercase(), "{told:#}");
        }
    }
    for bad in ["", "x", &ours.organization.to_string()] {
        let mut socket = hello(house.address, json!({ "Authorization": bearer, "Crisis-Hub-Grant": bad })).await;
        assert_eq!(socket.closed().await.0, 4400, "{bad}");
    }
    house.close().await;
}

async fn an_issuer_that_cannot_be_asked_refuses_nobody(db: Db) {
    const GONE: &str = "https://gone.house.invalid";
    let house = House::with(db, |config| {
        let issuer = json!({ "issuer": GONE, "audience": AUDIENCE, "algorithms": ["ES256"],
            "keys": { "jwks_url": "http://127.0.0.1:9/jwks" } });
        config.issuers.push(serde_json::from_value(issuer).unwrap());
    })
    .await;
    let token = house.draft("intake").claim("iss", json!(GONE)).sign(&house.key);
    let said = Client::new(house.address, Some(token.clone())).ask(ME, json!({})).await;
    assert_eq!((said.status, said.code()), (503, "UNAVAILABLE"));
    let mut socket = hello(house.address, json!({ "Authorization": format!("Bearer {token}") })).await;
    assert_eq!(socket.closed().await.0, 1013);
    house.close().await;
}

async fn a_token_that_its_issuer_revokes_ends_what_it_began(db: Db) {
    let opaque = Opaque::default();
    opaque.active.store(true, SeqCst);
    let issuer = opaque.serve().await;
    let house = House::with(db, |config| {
        config.socket.proof_seconds = 1;
        config.issuers.push(issuer);
    })
    .await;
    let principal = Principal { issuer: Opaque::ISSUER.into(), subject: "opal".into(), kind: HolderKind::Person };
    let organization = Some(house.world.agencies[0].organization);
    let input = grant::GrantRole { principal, role: Role::Intake, organization, until: None, keyed: None };
    grant::grant_role(house.hub(), &console::viewer(), input).await.unwrap().changed.unwrap();
    let opal = Client::new(house.address, Some("2YotnFZFEjr1zCsicMWpAA".into()));
    let mut socket = opal.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    let mut stream = opal.sse(WATCH, json!({})).await;
    assert_eq!(stream.next().await.unwrap().0, "next");
    // An answer is believed for 30 s.
    house.clock.advance(1);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await.unwrap()["type"], "pong", "still active");
    opaque.active.store(false, SeqCst);
    house.clock.advance(1);
    assert_eq!(socket.closed().await.0, 4401);
    let last = loop {
        let (name, data) = stream.next().await.unwrap();
        if data.get("errors").is_some() {
            break (name, data);
        }
    };
    assert_eq!(last.1["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last:?}");
    house.close().await;
}

async fn a_stream_ends_after_its_time_with_its_cursor(db: Db) {
    let house = House::with(db, |config| config.socket.life_minutes_max = 0).await;
    let intake = house.client("intake");
    let mut stream = intake.sse(WATCH, json!({})).await;
    let mut last = None;
    while let Some((name, data)) = stream.next().await {
        assert_eq!(name, "next", "a client would not come back after `complete`");
        last = Some(data);
    }
    let error = &last.unwrap()["errors"][0]["extensions"];
    assert_eq!(error["code"], "UNAVAILABLE", "{error:#}");
    assert!(error.get("cursor").is_some());
    house.close().await;
}

/// Sends bytes and reads to the end.
async fn raw(house: &House, sent: &str) -> String {
    let mut line = TcpStream::connect(house.address).await.unwrap();
    line.write_all(sent.as_bytes()).await.unwrap();
    let mut said = String::new();
    let read = line.read_to_string(&mut said);
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("the connection is held").unwrap();
    said
}

async fn a_body_that_does_not_come_is_not_waited_for(db: Db) {
    let house = House::with(db, |config| config.limits.body_seconds = 1).await;
    let (token, body) = (house.token("intake"), json!({ "query": REPORT, "variables": report(&house) }).to_string());
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        house.address,
        body.len()
    );
    let said = raw(&house, &format!("{head}{}", &body[..20])).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(raw(&house, &format!("{head}{body}")).await.starts_with("HTTP/1.1 200"));
    house.close().await;
}

async fn a_head_that_does_not_come_is_not_waited_for(db: Db) {
    let house = House::with(db, |config| {
        config.connections.head_seconds = 1;
        config.connections.most = 2;
    })
    .await;
    let begun = Instant::now();
    let slow = "GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ";
    // The third has no place until another has gone.
    let held = futures_util::future::join_all((0..3).map(|_| raw(&house, slow))).await;
    assert!(held.iter().all(|said| !said.contains(" 200 ")), "{held:?}");
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    house.client("intake").ask(ME, json!({})).await.data("");
    house.close().await;
}

async fn other_upgrades_are_declined(db: Db) {
    let house = House::open(db).await;
    let intake = house.client("intake");
    let request = intake.get(&[("query", ME)]).header("connection", "upgrade").header("upgrade", "h2c");
    assert_eq!(intake.send(request).await.data("/viewer/role"), "INTAKE");
    house.close().await;
}
