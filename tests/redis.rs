//! Redis carries the news and nothing else: killed, absent, flushed, hung, lied to, it costs nobody an event.
use crate::api::bed::WATCH;
use crate::house::program::free_address;
use crate::house::traffic::{Dice, caught_up, scale, staff};
use crate::house::{Db, House, Sse, traffic};
use crisis_hub::app::{Hub, bed};
use serde_json::json;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

on_both!(redis_may_die_and_lie_without_cost);

/// A subscriber is told within this, whatever Redis does.
const WITHIN: Duration = Duration::from_secs(2);

/// A Redis of the test's own.
struct Redis {
    address: SocketAddr,
    child: Option<Child>,
}

impl Redis {
    async fn start(&mut self) {
        let server = crate::house::given("HUB_TEST_REDIS_SERVER");
        let port = self.address.port().to_string();
        let mut command = Command::new(server);
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        self.child = Some(command.stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap());
        traffic::until("redis is up", async || self.connection().await.is_some()).await;
    }

    async fn kill(&mut self) {
        self.child.take().unwrap().kill().await.unwrap();
    }

    /// Stops it without ending it: connections stay open and nothing is answered.
    async fn hang(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }

    async fn connection(&self) -> Option<redis::aio::MultiplexedConnection> {
        let client = redis::Client::open(format!("redis://{}", self.address)).unwrap();
        client.get_multiplexed_async_connection().await.ok()
    }

    async fn run(&self, command: &[&str]) -> redis::Value {
        let mut connection = self.connection().await.unwrap();
        let mut cmd = redis::cmd(command[0]);
        for word in &command[1..] {
            cmd.arg(*word);
        }
        cmd.query_async(&mut connection).await.unwrap()
    }
}

/// Writers and watchers on every node, and the slowest delivery so far.
struct Scene<'h> {
    house: &'h House,
    hubs: Vec<Hub>,
    watching: Vec<Sse>,
    dice: Dice,
    written: usize,
}

impl Scene<'_> {
    /// Writes at each node in turn; each write is taken at once, and told at every node in time.
    async fn write_and_be_told(&mut self, what: &str, least: usize, lasting: Duration) {
        let (began, mut writes, mut slowest, mut slowest_write) = (Instant::now(), 0, Duration::ZERO, Duration::ZERO);
        while writes < least || began.elapsed() < lasting {
            let hub = &self.hubs[writes % self.hubs.len()];
            let unit = self.house.world.agencies[0].units[writes % 3];
            let input = traffic::reports(&[unit], || self.dice.census());
            let begun = Instant::now();
            let views = bed::report(hub, &staff(hub, "intake"), input).await.unwrap().changed.unwrap();
            slowest_write = slowest_write.max(begun.elapsed());
            let (id, version) = (unit.to_string(), views[0].version());
            let written = Instant::now();
            for watching in &mut self.watching {
                let told = watching.change("bedsChanged").await;
                assert_eq!(
                    (told["unit"]["id"].as_str(), told["unit"]["version"].as_i64()),
                    (Some(&*id), Some(version))
                );
                slowest = slowest.max(written.elapsed());
            }
            writes += 1;
        }
        println!(
            "{:?}, {what}: {writes} writes, slowest {slowest_write:.1?}, told within {slowest:.1?}",
            self.house.db
        );
        assert!(slowest <= WITHIN, "{what}: told after {slowest:?}");
        assert!(slowest_write <= WITHIN, "{what}: written after {slowest_write:?}");
        self.written += writes;
    }
}

async fn redis_may_die_and_lie_without_cost(db: Db) {
    let mut redis = Redis { address: free_address(), child: None };
    let url = format!("redis://{}", redis.address);
    // It is not there when the nodes start.
    let house = House::with(db, |config| config.redis_url = url.into()).await;
    let (hubs, addresses, _other) = house.hubs().await;
    let mut watching = Vec::new();
    for (hub, address) in hubs.iter().zip(addresses) {
        caught_up(hub).await;
        let mut client = house.client("intake");
        client.address = address;
        let mut sse = client.sse(WATCH, json!({})).await;
        sse.next().await.unwrap();
        watching.push(sse);
    }
    let absent = Duration::from_secs(if scale() > 1 { 60 } else { 4 });
    let moment = Duration::from_millis(500);
    let mut scene = Scene { house: &house, hubs, watching, dice: Dice::new(3), written: 0 };
    scene.write_and_be_told("not there at the start", 10, moment).await;
    redis.start().await;
    scene.write_and_be_told("come up", 10, Duration::from_secs(2)).await;
    for _ in 0..2 * scale() {
        redis.kill().await;
        scene.write_and_be_told("killed", 10, moment).await;
        redis.start().await;
        scene.write_and_be_told("back", 10, moment).await;
    }
    redis.kill().await;
    scene.write_and_be_told("absent", 10, absent).await;
    redis.start().await;
    redis.run(&["FLUSHALL"]).await;
    scene.write_and_be_told("flushed", 10, moment).await;
    redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    scene.write_and_be_told("its subscribers cut off", 10, moment).await;
    redis.hang("-STOP").await;
    scene.write_and_be_told("hung", 10, absent).await;
    redis.hang("-CONT").await;
    lie(&redis, &house).await;
    scene.write_and_be_told("lied to", 10, moment).await;
    assert!(scene.written >= 80);
    house.close().await;
}

/// Forged envelopes: garbage, wrong numbers, huge, and very many.
async fn lie(redis: &Redis, house: &House) {
    let channel = format!("crisis-hub:{}", crisis_hub::domain::id::NounId::key(house.world.region).simple());
    let number = house.hub().board().now().number();
    let envelope = |number: i64| json!({ "number": number, "id": uuid::Uuid::nil(), "kind": "BEDS_REPORTED", "row": "bed_unit_0", "version": 9, "audience": 31 });
    for lie in [
        String::new(),
        "\0\u{1}garbage {".into(),
        envelope(i64::MAX).to_string(),
        envelope(-1).to_string(),
        envelope(1).to_string(),
        envelope(number + 1_000).to_string(),
        "x".repeat(8 << 20),
        "[".repeat(1 << 20),
    ] {
        redis.run(&["PUBLISH", &channel, &lie]).await;
        redis.run(&["PUBLISH", "crisis-hub:", &lie]).await;
        redis.run(&["PUBLISH", "crisis-hub:nowhere", &lie]).await;
    }
    let mut connection = redis.connection().await.unwrap();
    let mut pipe = redis::pipe();
    for n in 0..5_000 {
        pipe.publish(&channel, envelope(n).to_string()).ignore();
    }
    pipe.query_async::<()>(&mut connection).await.unwrap();
}
