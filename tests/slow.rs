//! Readers who stop reading: sent away, and nobody else notices.
use crate::api::bed::REPORT;
use crate::house::program::Program;
use crate::house::traffic::Dice;
use crate::house::world::facility;
use crate::house::{Client, Db, House, traffic};
use crisis_hub::app::console;
use crisis_hub::app::directory::{self, SaveEntry};
use crisis_hub::domain::entry::Provenance;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

on_both!(a_reader_who_stops_reading_is_sent_away_alone);

/// A wide document, so that a socket's buffers fill soon; a comment makes it its own.
fn wide(mark: &str) -> String {
    let unit = "unit { id version label shownAs freshness net overCapacity asOf agingAt staleAt expiresAt waitlist licensed \
        specialties voluntary facility { id name street city organization { id name } } service { id name kind languages } \
        organization { id name } pause { reason } lastReported { net asOf } }";
    let units: Vec<String> = (0..12).map(|n| format!("u{n}: {unit}")).collect();
    format!("subscription {mark} {{ bedsChanged {{ cursor eventId change {} }} }}", units.join(" "))
}

const NARROW: &str = "subscription { bedsChanged { cursor eventId change unit { id version } } }";

/// More comes at once than a table's queue is long: nobody who reads is sent away. On one thread, so that a table that did
/// not stop for its readers would have told everything before the first of them could read.
#[tokio::test]
async fn a_prompt_reader_is_told_of_all_that_comes_at_once() {
    const WRITES: usize = 4;
    const EACH: usize = 150;
    let house = House::open(Db::Sqlite).await;
    let mut socket = house.client("intake").ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.subscribe("1", "subscription { events(kinds: [FACILITY_SAVED]) { eventId } }", json!({})).await;
    assert_eq!(socket.next().await.unwrap()["payload"]["data"]["events"]["eventId"], Value::Null);
    let owner = house.world.agencies[0].organization;
    let write = async |n: usize| {
        let entry = |m: usize| {
            let details = facility(&format!("Place {n} {m}"), 25.8, -80.2);
            SaveEntry { owner: Some(owner), ..SaveEntry::new(None, details, Provenance::Manual) }
        };
        directory::save_many(house.hub(), &console::viewer(), (0..EACH).map(entry).collect()).await.unwrap()
    };
    // Together: they share a commit, and so a batch of the feed.
    futures_util::future::join_all((0..WRITES).map(write)).await;
    let mut told = HashSet::new();
    while told.len() < WRITES * EACH {
        let message = socket.next().await.expect("a prompt reader was sent away");
        let event = message["payload"]["data"]["events"]["eventId"].clone();
        if !event.is_null() {
            assert!(told.insert(event.to_string()), "told twice");
        }
    }
    house.close().await;
}

/// How many bytes wait between the hub and one of its clients, as the kernel counts them.
fn held(hub: u16, client: u16) -> u64 {
    let waiting = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (here, there, _, queues) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let is = |address: &str, port: u16| address.ends_with(&format!(":{port:04X}"));
        let (sent, _) = queues.split_once(':')?;
        (is(here, hub) && is(there, client)).then(|| u64::from_str_radix(sent, 16).unwrap())
    };
    std::fs::read_to_string("/proc/net/tcp").expect("Linux counts them there").lines().find_map(waiting).unwrap_or(0)
}

/// A connection whose far end soon has to wait.
async fn connection(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(address).await.unwrap()
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

/// Two who begin, and then read nothing: one over WebSocket, ten times over one socket; one over SSE.
struct Slow {
    ws: Socket,
    sse: TcpStream,
}

impl Slow {
    async fn begin(address: SocketAddr, token: &str) -> Self {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut ws, _) = tokio_tungstenite::client_async(request, connection(address).await).await.unwrap();
        let text = |value: Value| Message::Text(value.to_string().into());
        let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } });
        ws.send(text(init)).await.unwrap();
        for n in 0..10 {
            let payload = json!({ "query": wide("SlowSocket") });
            ws.send(text(json!({ "id": n.to_string(), "type": "subscribe", "payload": payload }))).await.unwrap();
        }
        let mut sse = connection(address).await;
        let body = json!({ "query": wide("SlowStream") }).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\naccept: text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        sse.write_all(head.as_bytes()).await.unwrap();
        Self { ws, sse }
    }

    /// Waits until the hub has let both go: how long after their buffers were full, and the most memory it held.
    async fn watch(&self, program: &Program) -> ([Duration; 2], u64) {
        let ports = [self.ws.get_ref(), &self.sse].map(|stream| stream.local_addr().unwrap().port());
        let (mut full, mut gone, mut most) = ([(Instant::now(), 0); 2], [None; 2], 0);
        traffic::until("both were sent away", async || {
            most = most.max(program.memory());
            for (port, full) in ports.iter().zip(&mut full) {
                let held = held(program.address.port(), *port);
                if held > full.1 {
                    *full = (Instant::now(), held);
                }
            }
            let left = [program.metric("hub_sockets").await == 0.0, program.metric("hub_tables").await <= 1.0];
            for (left, gone) in left.into_iter().zip(&mut gone) {
                *gone = gone.or_else(|| left.then(Instant::now));
            }
            gone.iter().all(Option::is_some)
        })
        .await;
        ([0, 1].map(|n| gone[n].unwrap().saturating_duration_since(full[n].0)), most)
    }

    /// What was on its way comes first, then the end.
    async fn ended(mut self) {
        let code = loop {
            match tokio::time::timeout(PATIENCE, self.ws.next()).await.expect("the socket is still open") {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            }
        };
        assert!(matches!(code, None | Some(4413)), "{code:?}");
        let ended = tokio::time::timeout(PATIENCE, self.sse.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "the stream is still open");
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

async fn a_reader_who_stops_reading_is_sent_away_alone(db: Db) {
    let mut house = House::open(db).await;
    let mut program = Program::of(&mut house).await;
    program.start().await;
    let token = house.token_of_today("intake");
    let client = Client::new(program.address, Some(token.clone()));
    let others: Vec<_> = futures_util::future::join_all((0..5).map(|_| client.sse(NARROW, json!({})))).await;
    let slow = Slow::begin(program.address, &token).await;
    traffic::until("everybody sits", async || program.metric("hub_tables").await >= 3.0).await;

    let (before, stop) = (program.memory(), Arc::new(AtomicBool::new(false)));
    let written = tokio::spawn(write(client.clone(), house.world.agencies[0].units.clone(), stop.clone()));
    let reading: Vec<_> = others.into_iter().map(|sse| tokio::spawn(read(sse, stop.clone()))).collect();
    let (took, most) = slow.watch(&program).await;
    stop.store(true, SeqCst);
    let written = written.await.unwrap();
    // One last change, so that the readers see that it is over.
    let last = report(&client, &house.world.agencies[0].units, &mut Dice::new(99)).await;
    let (mut slowest, mut all) = (Duration::ZERO, written);
    all.extend(last.into_iter().map(|change| (change, Instant::now())));
    for reader in reading {
        let read = reader.await.unwrap();
        for (change, at) in &all {
            let told = read.get(change).unwrap_or_else(|| panic!("not told of {change:?}"));
            slowest = slowest.max(told.saturating_duration_since(*at));
        }
    }
    let grown = (most - before) >> 20;
    println!(
        "{db:?}: {} changes, slow socket and stream gone {took:.1?} after they were full, others told within {slowest:.1?}, memory +{grown} MiB",
        all.len()
    );
    assert!(took.iter().all(|took| *took <= Duration::from_secs(15)), "{took:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(grown < 96, "{grown} MiB");

    slow.ended().await;
    program.kill().await;
    house.start().await;
    house.close().await;
}

type Change = (String, i64);

/// Reports three units at once; which versions they have now.
async fn report(client: &Client, units: &[crisis_hub::domain::id::BedUnitId], dice: &mut Dice) -> Vec<Change> {
    let lines: Vec<Value> = units
        .iter()
        .map(|unit| json!({ "unitId": unit.to_string(), "staffed": dice.count(12), "occupied": dice.count(12) }))
        .collect();
    let answer = client.ask(REPORT, json!({ "input": { "units": lines } })).await;
    let units = answer.data("/reportBeds/bedUnits").as_array().unwrap();
    units.iter().map(|unit| (unit["id"].as_str().unwrap().to_owned(), unit["version"].as_i64().unwrap())).collect()
}

async fn write(
    client: Client,
    units: Vec<crisis_hub::domain::id::BedUnitId>,
    stop: Arc<AtomicBool>,
) -> Vec<(Change, Instant)> {
    let (mut dice, mut written) = (Dice::new(5), Vec::new());
    while !stop.load(SeqCst) {
        let changes = report(&client, &units, &mut dice).await;
        written.extend(changes.into_iter().map(|change| (change, Instant::now())));
    }
    written
}

/// Reads until nothing more comes after the writing has stopped.
async fn read(mut sse: crate::house::Sse, stop: Arc<AtomicBool>) -> HashMap<Change, Instant> {
    let mut told = HashMap::new();
    loop {
        let Ok(next) = tokio::time::timeout(Duration::from_secs(2), sse.next()).await else {
            if stop.load(SeqCst) {
                return told;
            }
            continue;
        };
        let (_, data) = next.expect("a reader who reads is not sent away");
        let message = &data["data"]["bedsChanged"];
        assert!(message.is_object(), "{data:#}");
        if let Some(version) = message["unit"]["version"].as_i64() {
            told.insert((message["unit"]["id"].as_str().unwrap().to_owned(), version), Instant::now());
        }
    }
}
