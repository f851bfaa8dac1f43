//! The end of a node: those who watch are told what was queued, and where to go on.
use super::Writers;
use crate::crash::Acknowledged;
use crate::house::follow::{Came, EVENTS, Follower, RESTARTING, Road};
use crate::house::program::Program;
use crate::house::traffic::until;
use crate::house::{Client, Db, House, Ws};
use crisis_hub::domain::id::NounId;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

on_both!(a_node_that_ends_tells_everybody_where_to_go_on);

const FOLLOWERS: usize = 6;

/// Reads a socket to its end: each subscription's last cursor, the close code and its reason.
async fn last_words(mut socket: Ws) -> (HashMap<String, String>, u16, String) {
    let mut cursors = HashMap::new();
    loop {
        match socket.frame().await {
            Some(Message::Text(text)) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                let Some(id) = message["id"].as_str() else { continue };
                assert_eq!(message["type"], "next", "{message:#}");
                let cursor = message["payload"]["data"]["events"]["cursor"].as_str().unwrap();
                cursors.insert(id.to_owned(), cursor.to_owned());
            }
            Some(Message::Close(Some(frame))) => return (cursors, frame.code.into(), frame.reason.to_string()),
            Some(Message::Ping(_) | Message::Pong(_)) => {}
            other => panic!("it ended without a word: {other:?}"),
        }
    }
}

async fn watching(client: &Client, subscriptions: usize) -> Ws {
    let mut socket = client.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    for n in 0..subscriptions {
        socket.subscribe(&n.to_string(), EVENTS, json!({})).await;
        assert_eq!(socket.next().await.unwrap()["type"], "next");
    }
    socket
}

/// Follows until the node ends it.
async fn follow(mut follower: Follower, client: Client, road: Road) -> (Follower, String) {
    let mut open = follower.open(&client, road).await.unwrap();
    loop {
        if let Came::Over(why) = follower.next(&mut open).await {
            return (follower, why);
        }
    }
}

async fn a_node_that_ends_tells_everybody_where_to_go_on(db: Db) {
    let mut house = House::open(db).await;
    let start = house.hub().board().now().number();
    let mut program = Program::of(&mut house).await;
    program.start().await;
    let intake = Client::new(program.address, Some(house.token_of_today("intake")));
    let other = Client::new(program.address, Some(house.token_of_today("intake-2")));
    let mut followers = Vec::new();
    for n in 0..FOLLOWERS {
        let mut follower = Follower::of_events();
        follower.finish(&intake, Road::Sse).await;
        followers.push(tokio::spawn(follow(follower, intake.clone(), [Road::Sse, Road::Ws][n % 2])));
    }
    let (one, three, none) = (watching(&intake, 1).await, watching(&intake, 3).await, watching(&intake, 0).await);
    let [ours, theirs] = [0, 1].map(|n| house.world.agencies[n].units.clone());
    let writers = Writers::begin(&[
        (intake.clone(), ours[0]),
        (intake.clone(), ours[1 % ours.len()]),
        (other.clone(), theirs[0]),
        (other.clone(), theirs[1 % theirs.len()]),
    ]);
    let words = [one, three, none].map(|socket| tokio::spawn(last_words(socket)));
    until("thirty reports are acknowledged", async || writers.taken().len() >= 30).await;

    let began = Instant::now();
    program.signal("TERM").await;
    let closing = async {
        loop {
            let answer = reqwest::get(format!("http://{}/health/ready", program.address)).await.unwrap();
            if answer.status().as_u16() == 503 {
                return answer.text().await.unwrap();
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), closing).await.expect("it says it is ready"), "closing\n");
    // Nobody new stays: a socket, or a stream.
    assert!(intake.try_ws().await.is_none(), "a new socket was opened");
    let late = intake.request(reqwest::Method::POST).header("content-type", "application/json");
    let late = late.header("accept", "text/event-stream").body(json!({ "query": EVENTS }).to_string());
    let late = intake.send(late).await;
    assert_eq!((late.status, late.code()), (503, "UNAVAILABLE"));

    let [one, three, none] = words;
    let (cursors, code, reason) = one.await.unwrap();
    assert_eq!((code, reason), (1001, format!("the hub is restarting; go on after {}", cursors["0"])));
    let (cursors, code, reason) = three.await.unwrap();
    assert_eq!((cursors.len(), code), (3, 1001), "{reason}");
    assert_eq!(none.await.unwrap().1, 1001);
    let mut ended = Vec::new();
    for follower in followers {
        let (follower, why) = follower.await.unwrap();
        assert!(RESTARTING.contains(&&*why), "{why}");
        ended.push(follower);
    }
    let status = program.ended().await;
    let took = began.elapsed();
    assert!(status.success(), "{status}\n{}", program.words());
    let acknowledged = writers.end().await;

    program.start().await;
    for (n, follower) in ended.iter_mut().enumerate() {
        follower.finish(&intake, [Road::Ws, Road::Sse][n % 2]).await;
    }
    program.stop().await;
    house.start().await;
    house.deliver().await;
    let ids = compare(&house, start, &acknowledged, &ended).await;
    println!("{db:?}: ended in {took:.1?} under load; {} acknowledged, {} in the log", acknowledged.len(), ids);
    house.close().await;
}

/// What was acknowledged is in the log, and what followers saw is its end; how many events there were.
async fn compare(house: &House, start: i64, acknowledged: &[Acknowledged], ended: &[Follower]) -> usize {
    let log = crate::house::traffic::log(house.store()).await;
    let told: HashMap<_, _> =
        log.iter().filter(|e| e.number > start).map(|e| (crate::crash::row(e), crate::crash::staffed(e))).collect();
    for one in acknowledged {
        assert_eq!(told.get(&(one.unit.clone(), one.version)), Some(&one.staffed), "lost: {one:?}");
    }
    let ids: Vec<String> =
        log.iter().filter(|event| event.number > start).map(|event| event.id.key().to_string()).collect();
    for follower in ended {
        // Each began at a place of its own.
        let seen = follower.ids();
        let from = ids.iter().position(|id| id == seen[0]).expect("they were told of what the log does not hold");
        let missed = || log.iter().filter(|event| !seen.contains(&&*event.id.key().to_string())).collect::<Vec<_>>();
        assert!(seen.len() > 10 && ids[from..] == *seen, "told {seen:?} of {:?}, not {:#?}", &ids[from..], missed());
    }
    ids.len()
}
