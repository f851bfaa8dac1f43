//! Two nodes over one PostgreSQL and one Redis: either may go, the other goes on, and whoever watches misses nothing.
use crate::api::bed::{REPORT, numbers};
use crate::house::follow::{Came, Follower, Road};
use crate::house::program::Program;
use crate::house::traffic::{Dice, log, scale};
use crate::house::{Client, Db, House};
use crisis_hub::domain::event::Event;
use crisis_hub::domain::id::{BedUnitId, NounId};
use serde_json::Value;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const WRITERS: usize = 6;
const FOLLOWERS: usize = 4;

/// Both programs, and what goes on around them.
struct Pair {
    house: House,
    nodes: [Program; 2],
    start: i64,
    over: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    writers: Vec<tokio::task::JoinHandle<Vec<(String, i64)>>>,
    followers: Vec<tokio::task::JoinHandle<Follower>>,
}

impl Pair {
    async fn open() -> Self {
        let mut house = House::open(Db::Postgres).await;
        let start = house.hub().board().now().number();
        let first = Program::of(&mut house).await;
        let mut nodes = [first.beside(), first];
        for node in &mut nodes {
            node.start().await;
        }
        let (over, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let addresses = [nodes[0].address, nodes[1].address];
        let tokens = ["intake", "intake-2"].map(|person| house.token_of_today(person));
        // From before anything is written, so that what each sees is all of it.
        let mut followers = Vec::new();
        for n in 0..FOLLOWERS {
            let mut follower = Follower::of_events();
            follower.finish(&Client::new(addresses[n % 2], Some(tokens[0].clone())), Road::Sse).await;
            followers.push(tokio::spawn(follow(follower, addresses, tokens[0].clone(), n, over.clone())));
        }
        let writers = (0..WRITERS)
            .map(|n| {
                let agency = &house.world.agencies[n % 2];
                let unit = agency.units[n / 2];
                let (token, over, taken) = (tokens[n % 2].clone(), over.clone(), taken.clone());
                tokio::spawn(write(addresses, token, unit, n, over, taken))
            })
            .collect();
        Self { house, nodes, start, over, taken, writers, followers }
    }

    /// Waits until so many more changes have been acknowledged.
    async fn more(&self, changes: usize) {
        let enough = self.taken.load(SeqCst) + changes;
        crate::house::traffic::until("writes go on", async || self.taken.load(SeqCst) >= enough).await;
    }

    /// Ends everything and compares what was acknowledged, and what was seen, with the log.
    async fn close(mut self, what: &str) {
        self.more(20).await;
        self.over.store(true, SeqCst);
        let mut acknowledged = Vec::new();
        for writer in self.writers {
            acknowledged.extend(writer.await.unwrap());
        }
        let (mut seen, mut again, mut connections) = (Vec::new(), 0, 0);
        let client = Client::new(self.nodes[0].address, Some(self.house.token_of_today("intake")));
        for follower in self.followers {
            let mut follower = follower.await.unwrap();
            follower.finish(&client, Road::Sse).await;
            (again, connections) = (again + follower.again, connections + follower.connections);
            seen.push(follower);
        }
        self.nodes[0].verify().await;
        for node in &mut self.nodes {
            node.stop().await;
        }
        self.house.start().await;
        self.house.deliver().await;
        let log = log(self.house.store()).await;
        let told: HashSet<(String, i64)> = log.iter().map(row).collect();
        for row in &acknowledged {
            assert!(told.contains(row), "acknowledged, and not in the log: {row:?}");
        }
        let ids: Vec<String> =
            log.iter().filter(|event| event.number > self.start).map(|event| event.id.key().to_string()).collect();
        for follower in &seen {
            assert_eq!(follower.ids(), ids, "what a follower saw is not the log");
        }
        println!(
            "{what}: {} acknowledged, lost 0; {} events, {FOLLOWERS} followers over {connections} connections to two nodes: \
             missing 0, {again} came twice",
            acknowledged.len(),
            ids.len(),
        );
        self.house.close().await;
    }
}

fn row(event: &Event) -> (String, i64) {
    let happening = &event.happening;
    let id = crisis_hub::domain::id::GlobalId { noun: happening.noun, key: happening.key };
    (id.to_string(), happening.version)
}

/// Reports to whichever node answers.
async fn write(
    addresses: [SocketAddr; 2],
    token: String,
    unit: BedUnitId,
    seed: usize,
    over: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
) -> Vec<(String, i64)> {
    let clients = addresses.map(|address| Client::new(address, Some(token.clone())));
    let (mut dice, mut acknowledged) = (Dice::new(seed as u64), Vec::new());
    while !over.load(SeqCst) {
        let client = dice.pick(&clients);
        let body = serde_json::json!({ "query": REPORT, "variables": numbers(unit, dice.count(20), 0) }).to_string();
        let request = client.request(reqwest::Method::POST).header("content-type", "application/json").body(body);
        let Ok(answer) = request.send().await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let Ok(text) = answer.text().await else { continue };
        let answer: Value = serde_json::from_str(&text).unwrap();
        // While a node comes and goes it may say that it cannot answer: then nothing is owed.
        if let Some(unit) = answer["data"]["reportBeds"]["bedUnits"].get(0) {
            acknowledged.push((unit["id"].as_str().unwrap().to_owned(), unit["version"].as_i64().unwrap()));
            taken.fetch_add(1, SeqCst);
        }
    }
    acknowledged
}

/// Watches the log on one node, then the other, going on from its cursor.
async fn follow(
    mut follower: Follower,
    addresses: [SocketAddr; 2],
    token: String,
    n: usize,
    over: Arc<AtomicBool>,
) -> Follower {
    let clients = addresses.map(|address| Client::new(address, Some(token.clone())));
    let (mut dice, mut turn) = (Dice::new(900 + n as u64), n);
    while !over.load(SeqCst) {
        turn += 1;
        let road = [Road::Sse, Road::Ws][turn / 2 % 2];
        let Some(mut open) = follower.open(&clients[turn % 2], road).await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        for _ in 0..20 + dice.roll(200) {
            let next = tokio::time::timeout(Duration::from_millis(500), follower.next(&mut open)).await;
            if matches!(next, Err(_) | Ok(Came::Over(_))) || over.load(SeqCst) {
                break;
            }
        }
    }
    follower
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_of_two_nodes_is_killed_and_the_other_goes_on() {
    let mut pair = Pair::open().await;
    let mut dice = Dice::new(23);
    for kill in 0..4 * scale() {
        pair.more(20 + dice.roll(40)).await;
        pair.nodes[kill % 2].kill().await;
        // Nobody brings it back at once: the other one carries everything.
        pair.more(20).await;
        pair.nodes[kill % 2].start().await;
    }
    pair.close(&format!("{} kills", 4 * scale())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_is_not_noticed() {
    let mut pair = Pair::open().await;
    for round in 0..2 * scale() {
        for n in 0..2 {
            pair.more(30).await;
            pair.nodes[(round + n) % 2].stop().await;
            pair.more(10).await;
            pair.nodes[(round + n) % 2].start().await;
        }
    }
    pair.close(&format!("{} restarts", 4 * scale())).await;
}
