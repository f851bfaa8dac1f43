//! The harness: the real node over a fresh database, behind a real listener, with the test's own time and ids.
mod client;
mod database;
pub mod follow;
pub mod model;
pub mod program;
pub mod push;
pub mod sinks;
pub mod traffic;
pub mod world;

pub use client::{Answer, Client, Sse, Ws};
pub use database::{Db, Place, given};
pub use world::{Agency, World};

use crate::forge::{Draft, Key, key_set};
use crisis_hub::app::{Hub, console, grant};
use crisis_hub::clock::{Clock, Ids};
use crisis_hub::config::Config;
use crisis_hub::domain::grant::{Grant, HolderKind, Principal};
use crisis_hub::domain::id::OrganizationId;
use crisis_hub::domain::role::Role;
use crisis_hub::domain::time::At;
use crisis_hub::login::Issuer;
use crisis_hub::node::{self, Node, Sources};
use crisis_hub::store::Store;
use jsonwebtoken::Algorithm;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The issuer of the house's tokens.
pub const ISSUER: &str = "https://id.house.invalid";
/// What its tokens are for.
pub const AUDIENCE: &str = "https://hub.house.invalid";

/// The test's time: it stands still but for a microsecond at each look, until it is advanced.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// The time at which every test begins.
    pub fn at_start() -> Self {
        Self(AtomicI64::new(At::parse("2026-03-01T07:00:00Z").unwrap().micros()))
    }

    pub fn advance(&self, minutes: i64) {
        self.advance_micros(minutes * 60_000_000);
    }

    pub fn advance_micros(&self, micros: i64) {
        self.0.fetch_add(micros, SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> At {
        At::from_micros(self.0.fetch_add(1, SeqCst))
    }
}

/// Ids from a counter: the same in every run.
#[derive(Debug, Default)]
pub struct SeededIds(AtomicU64);

impl SeededIds {
    /// Ids that go on where others ended.
    pub fn after(made: u64) -> Self {
        Self(AtomicU64::new(made))
    }

    /// How many were made.
    pub fn made(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

impl Ids for SeededIds {
    fn key(&self, at: At) -> uuid::Uuid {
        let n = self.0.fetch_add(1, SeqCst);
        let mut random = [0_u8; 10];
        // The log's cursors look at the last bytes of an id.
        random[2..].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        let millis = u64::try_from(at.micros() / 1_000).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// One hub at work.
pub struct House {
    pub db: Db,
    pub config: Config,
    pub clock: Arc<TestClock>,
    pub key: Arc<Key>,
    pub address: SocketAddr,
    pub world: World,
    node: Option<Node>,
    server: Option<JoinHandle<()>>,
    sources: Arc<dyn Fn() -> Sources + Send + Sync>,
    place: Arc<database::Place>,
}

impl House {
    /// A hub with the world of `world.rs`, on one database.
    pub async fn open(db: Db) -> Self {
        Self::with(db, |_| {}).await
    }

    /// The same with other settings.
    pub async fn with(db: Db, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(TestClock::at_start());
        let (place, world, ids) = database::Place::furnished(db, &clock).await;
        let (place, ids) = (Arc::new(place), Arc::new(ids));
        let mut config = Config::defaults().unwrap();
        config.database_url = place.url.clone().into();
        config.redis_url = place.redis_url.clone().into();
        config.keys_file = place.keys();
        config.rates.person_per_minute = 1_000_000;
        config.rates.application_per_minute = 1_000_000;
        config.rates.stranger_per_minute = 1_000_000;
        config.socket.waiting_per_address_max = 1_000_000;
        config.socket.per_person_max = 1_000_000;
        config.socket.streams_per_person_max = 1_000_000;
        // The house's time leaps for a living.
        config.retention.leap_hours = 0;
        change(&mut config);
        let (its_clock, its_ids) = (clock.clone(), ids.clone());
        let sources: Arc<dyn Fn() -> Sources + Send + Sync> =
            Arc::new(move || Sources { clock: its_clock.clone(), ids: its_ids.clone(), correctable: None });
        let key = Arc::new(Key::new("house", Algorithm::ES256));
        let (node, address, server) = start(&config, &*sources, &key).await;
        let house =
            Self { db, config, clock, key, address, world, node: Some(node), server: Some(server), sources, place };
        house.deliver().await;
        house
    }

    /// A second node over the same database.
    pub async fn neighbor(&self) -> (Node, SocketAddr) {
        let (node, address, server) = start(&self.config, &*self.sources, &self.key).await;
        // It ends with its node's runtime.
        drop(server);
        (node, address)
    }

    /// A second node with a clock of its own.
    pub async fn neighbor_with(&self, clock: Arc<dyn Clock>) -> (Node, SocketAddr) {
        let mine = self.sources.clone();
        let sources = move || Sources { clock: clock.clone(), ..mine() };
        let (node, address, server) = start(&self.config, &sources, &self.key).await;
        drop(server);
        (node, address)
    }

    pub fn hub(&self) -> &Hub {
        &self.node.as_ref().unwrap().hub
    }

    pub fn store(&self) -> &Store {
        self.hub().store()
    }

    /// How many tables this node's subscribers sit at.
    pub fn tables(&self) -> usize {
        self.node.as_ref().unwrap().tables.count()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token that names a person (`sub`), good for twelve hours of the test's time.
    pub fn token(&self, subject: &str) -> String {
        self.draft(subject).sign(&self.key)
    }

    /// A token to be changed before it is signed.
    pub fn draft(&self, subject: &str) -> Draft {
        let now = self.clock.now().micros() / 1_000_000;
        Draft::good(ISSUER, AUDIENCE, &self.key, now)
            .claim("sub", subject.into())
            .claim("exp", (now + 12 * 3_600).into())
    }

    /// Somebody with a role at an agency, by a grant made now.
    pub async fn grant(&self, subject: &str, role: Role, organization: OrganizationId) -> Grant {
        let principal = Principal { issuer: ISSUER.into(), subject: subject.into(), kind: HolderKind::Person };
        let input = grant::GrantRole { principal, role, organization: Some(organization), until: None, keyed: None };
        grant::grant_role(self.hub(), &console::viewer(), input).await.unwrap().changed.unwrap()
    }

    /// A client with the token of one of the world's people: `officer`, `intake`, `intake-2` ...
    pub fn client(&self, person: &str) -> Client {
        Client::new(self.address, Some(self.token(person)))
    }

    /// A client without a token.
    pub fn nobody(&self) -> Client {
        Client::new(self.address, None)
    }

    /// Waits until everything written is numbered and this node's board has it.
    pub async fn deliver(&self) {
        traffic::caught_up(self.hub()).await;
    }

    /// Stops the node and starts another over the same database.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// Stops the node and leaves no connection to the database.
    pub async fn halt(&mut self) {
        let store = self.store().clone();
        self.stop().await;
        store.close().await;
    }

    /// Where the data is kept, for tests that put an older copy in its place.
    pub fn place(&self) -> &database::Place {
        &self.place
    }

    pub async fn start(&mut self) {
        let (node, address, server) = start(&self.config, &*self.sources, &self.key).await;
        (self.node, self.address, self.server) = (Some(node), address, Some(server));
    }

    async fn stop(&mut self) {
        if let Some(node) = self.node.take() {
            node.close();
            if let Some(server) = self.server.take() {
                server.abort();
                let _ = server.await;
            }
        }
    }

    /// Ends the test: nothing waits in the outbox and every promise is kept.
    pub async fn close(self) {
        self.deliver().await;
        self.verified().await;
    }

    pub async fn verified(&self) {
        for finding in self.store().verify().await.unwrap() {
            assert_eq!(finding.broken, 0, "{}", finding.promise);
        }
    }
}

/// The verbs alone, at a time that the test keeps in its hand.
pub async fn hub_alone_at(db: Db, clock: Arc<TestClock>) -> (Hub, World, database::Place) {
    let (place, world, ids) = database::Place::furnished(db, &clock).await;
    (alone(&place, clock, ids).await, world, place)
}

/// The same, in a place with nothing in it.
pub async fn hub_alone_in(place: database::Place, clock: Arc<TestClock>) -> (Hub, World, database::Place) {
    let hub = alone(&place, clock, SeededIds::default()).await;
    let world = World::build(&hub).await;
    (hub, world, place)
}

async fn alone(place: &database::Place, clock: Arc<TestClock>, ids: SeededIds) -> Hub {
    let mut config = Config::defaults().unwrap();
    config.database_url = place.url.clone().into();
    let sources = Sources { clock, ids: Arc::new(ids), correctable: None };
    Hub::open(node::open_store(&config, &sources, true).await.unwrap()).await.unwrap()
}

/// The verbs alone: a hub without relay, feed or sweeper, over a fresh database with the world in it.
pub async fn hub_alone(db: Db) -> (Hub, World, database::Place) {
    hub_alone_at(db, Arc::new(TestClock::at_start())).await
}

async fn start(
    config: &Config,
    sources: &(dyn Fn() -> Sources + Send + Sync),
    key: &Key,
) -> (Node, SocketAddr, JoinHandle<()>) {
    let store = node::open_store(config, &sources(), true).await.unwrap();
    // As an operator does before the first node of a PostgreSQL database.
    if !config.keys_file.exists() {
        store.make_ring(&config.keys_file).await.unwrap();
    }
    let issuer: Issuer = serde_json::from_value(serde_json::json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"],
        "keys": { "jwks": serde_json::from_str::<serde_json::Value>(&key_set(&[key])).unwrap() },
    }))
    .unwrap();
    let mut issuers = config.issuers.clone();
    issuers.push(issuer);
    let node = Node::start(config.clone(), sources(), store, issuers, false, None).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (routes, closing, bounds) = (node.routes.clone(), node.closing(), config.shutdown);
    let served = crisis_hub::http::serve(listener, None, routes, closing, config.connections, bounds);
    let server = tokio::spawn(async move { served.await.unwrap() });
    (node, address, server)
}
