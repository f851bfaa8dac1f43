//! What every route works with.
use super::health::{Asked, Measured};
use crate::app::Hub;
use crate::config::Config;
use crate::graphql::Schema;
use crate::graphql::limits::Limits;
use crate::graphql::socket::Session;
use crate::graphql::tables::Tables;
use crate::login::Verifier;
use crate::policy::Viewer;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// What a door is made of.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// The hub.
    pub hub: Hub,
    /// The schema.
    pub schema: Schema,
    /// Where subscribers sit.
    pub tables: Tables,
    /// Who proves tokens.
    pub verifier: Verifier,
    /// What renders metrics.
    pub metrics: Option<PrometheusHandle>,
    /// When the database's clock was last measured, where it is.
    pub clock: Option<Arc<Measured>>,
    /// Told when the hub closes.
    pub closing: watch::Receiver<bool>,
    /// Whether everything is invented.
    pub demo: bool,
}

/// What every route works with.
#[derive(Clone)]
pub struct Door(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) parts: Parts,
    pub(super) limits: Arc<Limits>,
    pub(super) asked: Asked,
    pub(super) sockets: TaskTracker,
    sdl: String,
    people: DefaultKeyedRateLimiter<uuid::Uuid>,
    applications: DefaultKeyedRateLimiter<uuid::Uuid>,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
}

fn per_minute<K: std::hash::Hash + Eq + Clone>(n: u32) -> DefaultKeyedRateLimiter<K> {
    RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)))
}

impl Door {
    /// Opens the door.
    pub fn new(parts: Parts) -> Self {
        let rates = parts.config.rates;
        let door = Self(Arc::new(Inner {
            limits: Arc::new(parts.config.limits.clone()),
            asked: Asked::default(),
            sockets: TaskTracker::new(),
            sdl: parts.schema.sdl(),
            people: per_minute(rates.person_per_minute),
            applications: per_minute(rates.application_per_minute),
            strangers: per_minute(rates.stranger_per_minute),
            parts,
        }));
        tokio::spawn(forget_the_silent(Arc::downgrade(&door.0)));
        door
    }

    pub(super) fn sdl(&self) -> &str {
        &self.0.sdl
    }

    pub(super) fn metrics_here(&self) -> bool {
        self.0.parts.config.metrics_listen.is_empty()
    }

    /// Whether the node is about to end: what would stay is refused.
    pub(super) fn closing(&self) -> bool {
        *self.0.parts.closing.borrow()
    }

    /// Counts a request of a viewer; the seconds to wait when there were too many.
    pub(super) fn count(&self, viewer: &Viewer, from: IpAddr) -> Result<(), u64> {
        use crate::domain::id::NounId;
        let clock = DefaultClock::default();
        let checked = match viewer.grant_id() {
            None => self.0.strangers.check_key(&from),
            Some(grant) if viewer.by_application() => self.0.applications.check_key(&grant.key()),
            Some(grant) => self.0.people.check_key(&grant.key()),
        };
        checked.map_err(|not_until| {
            metrics::counter!("hub_rate_limited_total").increment(1);
            not_until.wait_time_from(clock.now()).as_secs() + 1
        })
    }

    /// Resolves when every socket has been closed; the node is closing.
    pub async fn emptied(&self) {
        self.0.sockets.close();
        self.0.sockets.wait().await;
    }

    /// What one socket works with.
    pub(super) fn session(&self, peer: IpAddr) -> Session {
        let (door, counting) = (self.clone(), self.clone());
        let parts = &self.0.parts;
        Session {
            schema: parts.schema.clone(),
            hub: parts.hub.clone(),
            tables: parts.tables.clone(),
            limits: self.0.limits.clone(),
            bounds: parts.config.socket,
            sign_in: Arc::new(move |bearer| {
                let door = door.clone();
                Box::pin(async move {
                    let viewer = door.sign_in(bearer.as_deref(), None).await.ok()?;
                    (!viewer.is_nobody()).then_some(viewer)
                })
            }),
            may_run: Arc::new(move |viewer| counting.count(viewer, peer).is_ok()),
            closing: parts.closing.clone(),
            drain: Duration::from_secs(parts.config.shutdown.drain_seconds),
        }
    }
}

async fn forget_the_silent(door: std::sync::Weak<Inner>) {
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
        let Some(door) = door.upgrade() else { return };
        // What nobody scrapes would grow.
        if let Some(metrics) = &door.parts.metrics {
            metrics.run_upkeep();
        }
        door.people.retain_recent();
        door.applications.retain_recent();
        door.strangers.retain_recent();
    }
}
