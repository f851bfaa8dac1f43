//! One running node: the store opened, the board loaded, the relay, the feed and the sweeper at work, the door open.
//!
//! **Invariant**: rooms are wired together here and nowhere else.
use crate::app::call::Caller;
use crate::app::push::PushRules;
use crate::app::retention::Belief;
use crate::app::{self, Hub, Rules};
use crate::bus::bell::Bell;
use crate::bus::{feed::Feed, relay};
use crate::clock::{Clock, HubClock, Ids, RandomIds};
use crate::config::{Config, Connections, Health, Shutdown};
use crate::domain::time::At;
use crate::graphql::Schema;
use crate::graphql::tables::Tables;
use crate::http::{self, Door, Measured, Parts, Tls};
use crate::login::{Issuer, Verifier};
use crate::messenger::Messenger;
use crate::store::{Dialect, SchemaState, Store};
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How often the database's clock is measured.
const CLOCK_EVERY: Duration = Duration::from_secs(10);
/// How often it is tried anew at once.
const CLOCK_TRIES: u32 = 3;
/// Longest round trip to the database that says anything of its clock.
const ROUND_TRIP_MICROS_MAX: i64 = 200_000;
/// How often what time has changed is told.
const SWEEP_EVERY: Duration = Duration::from_millis(500);

/// How often what waits is taken into the chain of the audit.
const CHAIN_EVERY: Duration = Duration::from_secs(1);
/// How long a batch that was shredded leaves the writer to others before the next.
const RETAIN_PAUSE: Duration = Duration::from_millis(100);
/// How long a full batch leaves the writer to others before the next.
const CHAIN_PAUSE: Duration = Duration::from_millis(10);
/// How often it is looked whether the log is to be told where the chain ends.
const CHAIN_TELL_EVERY: Duration = Duration::from_secs(30);
/// Most messages that are on their way at once.
const SENDING_MAX: usize = 32;
/// After how many looks the calls under way are counted.
const MEASURED_EVERY: u64 = 20;

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// The store said no.
    #[error("the database: {0}")]
    Store(#[from] crate::store::Error),
    /// The schema is not the program's.
    #[error("{0}")]
    Schema(&'static str),
    /// An issuer's settings do not do.
    #[error("{0}")]
    Issuer(#[from] crate::login::BadSetting),
    /// Redis' address cannot be read.
    #[error("redis_url: {0}")]
    Redis(#[from] redis::RedisError),
    /// The ring of keys is not there, or not this database's.
    #[error("keys: {0}")]
    Keys(#[from] crate::store::vault::NoVault),
    /// How people are called cannot be done so.
    #[error("{0}")]
    Calls(#[from] crate::messenger::BadCalls),
    /// The jurisdictions that are compiled in are none.
    #[error("{0}")]
    Law(#[from] crate::config::BadConfig),
    /// A file or an address cannot be used.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Where time and ids come from: the host in production, the test in tests.
pub struct Sources {
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// New.
    pub ids: Arc<dyn Ids>,
    /// The clock to correct by the database's, in production.
    pub correctable: Option<Arc<HubClock>>,
}

impl Sources {
    /// The host's clock and random ids.
    pub fn of_host() -> Self {
        let clock = Arc::new(HubClock::default());
        Self { clock: clock.clone(), ids: Arc::new(RandomIds), correctable: Some(clock) }
    }
}

/// One running node.
pub struct Node {
    /// The verbs' hub.
    pub hub: Hub,
    /// The routes of its API.
    pub routes: Router,
    /// The routes of its metrics, when they have a listener of their own.
    pub metrics_routes: Router,
    /// Where its subscribers sit.
    pub tables: Tables,
    door: Door,
    tls: Option<Tls>,
    lines: Connections,
    bounds: Shutdown,
    closing: watch::Sender<bool>,
    work: Vec<JoinHandle<()>>,
}

/// Opens the store that the settings name, with a schema that this program can use.
///
/// SQLite is migrated here, after a copy beside it; PostgreSQL by `migrate` alone, unless `migrate` says so.
pub async fn open_store(config: &Config, sources: &Sources, migrate: bool) -> Result<Store, CannotStart> {
    prepared(connected(config, sources).await?, config, sources, migrate).await
}

/// Opens the store like [`open_store`] and claims it for an edition; the other edition's database is not touched.
pub async fn open_store_of(
    edition: &str,
    config: &Config,
    sources: &Sources,
    migrate: bool,
) -> Result<Store, CannotStart> {
    let store = connected(config, sources).await?;
    store.check_edition(edition).await?;
    let store = prepared(store, config, sources, migrate).await?;
    store.claim_edition(edition).await?;
    Ok(store)
}

async fn connected(config: &Config, sources: &Sources) -> Result<Store, CannotStart> {
    let url = config.database_url.expose_secret();
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.contains(":memory:")) {
        let path = std::path::Path::new(path.trim_start_matches("//").split('?').next().unwrap_or(path));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
    }
    Ok(Store::open(url, config.pool_size(), sources.clock.clone(), sources.ids.clone()).await?)
}

async fn prepared(store: Store, config: &Config, sources: &Sources, migrate: bool) -> Result<Store, CannotStart> {
    let dialect = Dialect::of(config.database_url.expose_secret());
    match store.schema_state().await? {
        SchemaState::Current => {}
        SchemaState::Ahead => {
            return Err(CannotStart::Schema("the database was made by a newer crisis-hub: run that one"));
        }
        SchemaState::Behind if migrate => store.migrate().await?,
        SchemaState::Behind if dialect == Some(Dialect::Sqlite) => {
            store.keep_copy().await?;
            store.migrate().await?;
        }
        SchemaState::Behind => {
            return Err(CannotStart::Schema("the database's schema is older: run `crisis-hub migrate` once"));
        }
    }
    if let Some(clock) = &sources.correctable {
        // Measured first: the log may be ahead of a host that is behind, and then time goes on from the log.
        measure(&store, clock).await?;
        clock.not_before(store.high_water().await?);
    }
    Ok(store)
}

async fn measure(store: &Store, clock: &HubClock) -> Result<(), crate::store::Error> {
    for _ in 0..CLOCK_TRIES {
        match store.clock_micros(|| clock.steady()).await? {
            // Half the round trip: the answer was true somewhere in between.
            Some((before, micros, after)) if after.micros_since(before) <= ROUND_TRIP_MICROS_MAX => {
                clock.set_offset_micros(micros - i64::midpoint(before.micros(), after.micros()));
                break;
            }
            // Somewhere in a long wait is nowhere: measured again, and at last not at all this time.
            Some(_) => {}
            None => {
                clock.catch_up_with_host();
                break;
            }
        }
    }
    metrics::gauge!("hub_clock_offset_seconds").set(clock.offset_micros() as f64 / 1e6);
    metrics::gauge!("hub_clock_apart_seconds").set(clock.apart_micros() as f64 / 1e6);
    Ok(())
}

/// Warns when the clock jumped since the last measurement, or stands far from the host's.
fn judge(clock: &HubClock, before: i64, limits: &Health) {
    let seconds = |micros: i64| micros.abs() as f64 / 1e6;
    for (why, apart, most) in [
        ("jump", seconds(clock.offset_micros() - before), limits.clock_jump_seconds_max),
        ("apart", seconds(clock.apart_micros()), limits.clock_apart_seconds_max),
    ] {
        if apart > most as f64 {
            metrics::counter!("hub_clock_warnings_total", "why" => why).increment(1);
            tracing::warn!(why, seconds = apart, "the database's clock and the host's do not go together");
        }
    }
}

impl Node {
    /// Starts a node over an opened store.
    pub async fn start(
        config: Config,
        sources: Sources,
        store: Store,
        issuers: Vec<Issuer>,
        demo: bool,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self, CannotStart> {
        // The one node of a SQLite database, and a demo, make their keys by themselves; nodes that share a database share a ring.
        let alone = demo || store.dialect() == Dialect::Sqlite;
        store.open_vault(&config.keys_file, alone).await?;
        let messenger = Messenger::open(&config.calls)?;
        let push = PushRules::of(&config.calls.push_hosts, messenger.push_key());
        let rules = Rules { holds: config.holds, law: crate::config::law()?, retention: config.retention, push };
        let hub = Hub::with(store.clone(), rules).await?;
        let (feed, limits) = (Feed::default(), Arc::new(config.limits.clone()));
        let bell = config.redis().map_or_else(|| Ok(Bell::in_process()), Bell::over_redis)?;
        let (closing, closed) = watch::channel(false);
        let schema = Schema::traced(&limits, demo, !config.otlp_endpoint.is_empty());
        let heartbeat = Duration::from_secs(config.socket.heartbeat_seconds);
        let tables = Tables::open(schema.clone(), limits, hub.clone(), feed.clone(), heartbeat, closed.clone());
        let verifier = Verifier::new(issuers, sources.clock.clone())?;
        // Before anything of this run's is in the log.
        let written = hub.store().read(&app::console::viewer()).await?.written_at().await?;
        let belief = Belief::since(written.unwrap_or_else(|| hub.clock().now()));
        let mut work = vec![
            tokio::spawn(relay::run(store.apart(), bell.clone())),
            tokio::spawn(feed.run(store.apart(), bell, hub.board().clone())),
            tokio::spawn(sweep(hub.clone())),
            tokio::spawn(retain(hub.clone(), belief)),
            tokio::spawn(lay_chain(hub.clone())),
            tokio::spawn(tell_chain(hub.clone())),
            tokio::spawn(call(Caller::new(hub.clone(), Arc::new(messenger)))),
        ];
        let measured = sources.correctable.map(|clock| {
            let measured = Arc::new(Measured::default());
            work.push(tokio::spawn(keep_time(store, clock, measured.clone(), config.health)));
            measured
        });
        let tls = (!config.tls_certificate.is_empty()).then(|| Tls::open(&config.tls_certificate, &config.tls_key));
        let tls = tls.transpose()?;
        work.extend(tls.clone().map(|tls| tokio::spawn(tls.follow())));
        let (seats, lines, bounds) = (tables.clone(), config.connections, config.shutdown);
        let parts = Parts {
            config,
            hub: hub.clone(),
            schema,
            tables: seats,
            verifier,
            metrics,
            clock: measured,
            closing: closed,
            demo,
        };
        let door = Door::new(parts);
        let (routes, metrics_routes) = (http::routes(door.clone()), http::metrics_routes(door.clone()));
        Ok(Self { hub, routes, metrics_routes, tables, door, tls, lines, bounds, closing, work })
    }

    /// Serves until [`Node::close`] or the far end of `until`.
    pub async fn serve(&self, listener: TcpListener, until: impl Future<Output = ()>) -> std::io::Result<()> {
        let routes = self.routes.clone();
        let served = http::serve(listener, self.tls.clone(), routes, self.closing.subscribe(), self.lines, self.bounds);
        let mut served = std::pin::pin!(served);
        tokio::select! {
            done = &mut served => return done,
            () = until => self.close(),
        }
        // Sockets have left the server's sight; they end by themselves within their drain.
        let (served, ()) = tokio::join!(served, async {
            let most = Duration::from_secs(self.bounds.drain_seconds + 1);
            let _ = tokio::time::timeout(most, self.door.emptied()).await;
        });
        served
    }

    /// Told when the node closes.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Tells everybody to go home: sockets are closed with their cursors.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.close();
        self.work.iter().for_each(JoinHandle::abort);
    }
}

async fn sweep(hub: Hub) {
    loop {
        match app::sweep::pass(&hub).await {
            Ok(0) => tokio::time::sleep(SWEEP_EVERY).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "what time has changed could not be told; trying again");
                tokio::time::sleep(SWEEP_EVERY * 2).await;
            }
        }
    }
}

/// Shreds what is over, and looks to the months' keys: once a minute of the hub's time, and on until nothing is left; not while
/// the time is not believed.
async fn retain(hub: Hub, mut belief: Belief) {
    // What an earlier run of the program shredded may lie on as well.
    let (mut next, mut lies_on) = (At::default(), true);
    loop {
        let now = hub.clock().now();
        if now < next {
            tokio::time::sleep(SWEEP_EVERY).await;
            continue;
        }
        if let Some(from) = belief.look(&hub.rules().retention, now) {
            metrics::counter!("hub_clock_warnings_total", "why" => "leap").increment(1);
            tracing::warn!(%now, %from, "the time has leapt: nothing is shredded until then; if the clock is wrong, stop the hub and set it");
        }
        if !belief.holds() {
            next = now.plus_minutes(1);
            continue;
        }
        match app::retention::pass(&hub).await {
            Ok(0) => {
                lies_on = lies_on && !app::retention::wipe(&hub).await;
                next = now.plus_minutes(1);
            }
            // Whoever comes from years without it is shredded for a while: everybody else goes first.
            Ok(_) => {
                lies_on = true;
                tokio::time::sleep(RETAIN_PAUSE).await;
            }
            Err(error) => {
                tracing::warn!(%error, "what is over could not be shredded; trying again");
                next = now.plus_minutes(1);
            }
        }
    }
}

async fn lay_chain(hub: Hub) {
    loop {
        let pause = match app::chain::lay(&hub).await {
            Ok(laid) if laid >= app::chain::BATCH_MAX => CHAIN_PAUSE,
            Ok(_) => CHAIN_EVERY,
            Err(error) => {
                tracing::warn!(%error, "the chain of the audit could not be laid on; trying again");
                CHAIN_EVERY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn tell_chain(hub: Hub) {
    loop {
        tokio::time::sleep(CHAIN_TELL_EVERY).await;
        if let Err(error) = app::chain::tell(&hub).await {
            tracing::warn!(%error, "where the chain of the audit ends could not be told; trying again");
        }
    }
}

/// Calls people: what is on its way keeps neither the log nor others waiting, and ends with the node.
async fn call(caller: Caller) {
    let (caller, mut sending, mut looks) = (Arc::new(caller), JoinSet::new(), 0_u64);
    loop {
        while sending.try_join_next().is_some() {}
        let more = caller.follow().await;
        let taken = caller.take(SENDING_MAX.saturating_sub(sending.len())).await;
        let busy = matches!(more, Ok(true));
        if let Some(error) = more.err() {
            tracing::warn!(%error, "who is to be called could not be read; trying again");
        }
        match taken {
            Ok(letters) => letters.into_iter().for_each(|letter| {
                let caller = caller.clone();
                sending.spawn(async move {
                    if let Err(error) = caller.send(letter).await {
                        // It is sent again when its time is over.
                        tracing::warn!(%error, "how a call went could not be written down");
                    }
                });
            }),
            Err(error) => tracing::warn!(%error, "people could not be called; trying again"),
        }
        if looks.is_multiple_of(MEASURED_EVERY)
            && let Err(error) = caller.measure().await
        {
            tracing::debug!(%error, "calls could not be counted");
        }
        looks += 1;
        if !busy {
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    }
}

async fn keep_time(store: Store, clock: Arc<HubClock>, measured: Arc<Measured>, limits: Health) {
    loop {
        tokio::time::sleep(CLOCK_EVERY).await;
        let before = clock.offset_micros();
        match measure(&store, &clock).await {
            Ok(()) => {
                measured.note();
                judge(&clock, before, &limits);
            }
            Err(error) => tracing::warn!(%error, "the database's clock could not be measured"),
        }
    }
}
