//! What every route works with.
use super::address;
use super::health::{Asked, Measured};
use super::listener::Peer;
use super::rates::{Held, Rates};
use crate::app::Hub;
use crate::config::Config;
use crate::graphql::Schema;
use crate::graphql::limits::Limits;
use crate::graphql::socket::{Hello, Session};
use crate::graphql::tables::Tables;
use crate::login::Verifier;
use axum::http::HeaderMap;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
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
    pub(super) rates: Rates,
    proxies: Vec<IpNet>,
}

impl Door {
    /// Opens the door.
    pub fn new(parts: Parts) -> Self {
        let door = Self(Arc::new(Inner {
            limits: Arc::new(parts.config.limits.clone()),
            asked: Asked::default(),
            sockets: TaskTracker::new(),
            sdl: parts.schema.sdl(),
            rates: Rates::new(parts.config.rates, parts.config.socket),
            proxies: parts.config.proxies().unwrap_or_default(),
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

    /// The address by which a request is counted.
    pub(super) fn caller(&self, peer: Peer, headers: &HeaderMap) -> IpAddr {
        address::caller(peer.0.ip(), headers, &self.0.proxies)
    }

    /// Resolves when every socket has been closed; the node is closing.
    pub async fn emptied(&self) {
        self.0.sockets.close();
        self.0.sockets.wait().await;
    }

    /// What one socket works with: its address, its place among those that have not said who they are, and what its
    /// upgrade said of its bearer and grant.
    pub(super) fn session(&self, from: IpAddr, waiting: Held<IpAddr>, upgrade: Hello) -> Session {
        let (door, counting) = (self.clone(), self.clone());
        let waiting = Arc::new(Mutex::new(Some(waiting)));
        let parts = &self.0.parts;
        Session {
            schema: parts.schema.clone(),
            hub: parts.hub.clone(),
            tables: parts.tables.clone(),
            limits: self.0.limits.clone(),
            bounds: parts.config.socket,
            sign_in: Arc::new(move |hello| {
                let (door, waiting, upgrade) = (door.clone(), waiting.clone(), upgrade.clone());
                Box::pin(async move {
                    let bearer = hello.bearer.or(upgrade.bearer);
                    let admitted = door.admit_socket(bearer, hello.grant.or(upgrade.grant), from).await?;
                    waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
                    Ok(admitted)
                })
            }),
            may_run: Arc::new(move |viewer| counting.0.rates.count(viewer, from)),
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
        door.rates.forget_the_silent();
    }
}
