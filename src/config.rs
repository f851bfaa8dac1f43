//! Settings: `deploy/hub.toml`, a file of the operator's, and `HUB_*` variables, read once into one checked struct.
//!
//! **Invariant**: nothing else in the hub reads the environment, and no secret has a `Debug`.
use crate::domain::hold::{self, HoldLimits};
use crate::graphql::limits::Limits;
use crate::login::Issuer;
use crate::store::{Dialect, PoolSize};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::SocketAddr;

/// Every setting's default, with its reason.
const DEFAULTS: &str = include_str!("../deploy/hub.toml");

/// The settings of one node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the data is: `sqlite:` or `postgres:`.
    pub database_url: SecretString,
    /// Redis, or empty.
    pub redis_url: SecretString,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where metrics listen; with the API when empty.
    pub metrics_listen: String,
    /// Web origins that may call.
    pub origins: Vec<String>,
    /// Issuers of bearer tokens.
    pub issuers: Vec<Issuer>,
    /// Connections.
    pub pool: Pool,
    /// Limits of one request.
    pub limits: Limits,
    /// Limits of one socket.
    pub socket: Socket,
    /// Rates.
    pub rates: Rates,
    /// Holds.
    pub holds: HoldLimits,
}

/// Connections to the database.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Most connections, 1 to 1,000.
    pub connections_max: u32,
    /// Longest wait for one, in milliseconds.
    pub wait_ms_max: u64,
    /// Longest wait for a row that another write holds, in milliseconds.
    pub lock_ms_max: u64,
    /// Longest time of one statement, in milliseconds.
    pub statement_ms_max: u64,
    /// Longest time that a transaction may stand open with nothing to do, in milliseconds.
    pub idle_ms_max: u64,
}

/// Limits of one socket.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// Seconds until `connection_init`.
    pub init_seconds: u64,
    /// Most subscriptions at once.
    pub subscriptions_max: usize,
    /// Largest message, in bytes.
    pub message_bytes_max: usize,
    /// Seconds between heartbeats of a silent subscription.
    pub heartbeat_seconds: u64,
    /// Seconds between pings.
    pub ping_seconds: u64,
    /// Minutes that a socket may stay.
    pub life_minutes_max: u64,
    /// Seconds that one write may block.
    pub send_seconds_max: u64,
}

/// Requests a minute.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Of a person.
    pub person_per_minute: u32,
    /// Of an application.
    pub application_per_minute: u32,
    /// Of an address without a valid token.
    pub stranger_per_minute: u32,
}

/// A setting that cannot be taken, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// It cannot be read.
    #[error("settings: {0}")]
    Unreadable(Box<figment::Error>),
    /// It is outside its range.
    #[error("settings: {0}")]
    OutOfRange(&'static str),
    /// An issuer's settings do not do.
    #[error("settings: {0}")]
    Issuer(#[from] crate::login::BadSetting),
}

impl From<figment::Error> for BadConfig {
    fn from(error: figment::Error) -> Self {
        Self::Unreadable(Box::new(error))
    }
}

impl Config {
    /// Reads and checks the settings of this process.
    pub fn read() -> Result<Self, BadConfig> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = Env::var("HUB_CONFIG") {
            figment = figment.merge(Toml::file_exact(file));
        }
        Self::with_variables(figment)
    }

    /// The settings of a demo: the defaults over its own database, and `HUB_*` variables above. A file named by
    /// HUB_CONFIG is a real network's and not read.
    pub fn read_for_demo(database_url: &str) -> Result<Self, BadConfig> {
        Self::with_variables(Figment::from(Toml::string(DEFAULTS)).merge(("database_url", database_url)))
    }

    fn with_variables(figment: Figment) -> Result<Self, BadConfig> {
        // HUB_TEST_* belongs to the tests, HUB_LOG to the log.
        let ours = Env::prefixed("HUB_")
            .filter(|key| !key.starts_with("test_") && key != "config" && key != "log")
            .split("__");
        Self::of(&figment.merge(ours))
    }

    /// The defaults alone.
    pub fn defaults() -> Result<Self, BadConfig> {
        Self::of(&Figment::from(Toml::string(DEFAULTS)))
    }

    fn of(figment: &Figment) -> Result<Self, BadConfig> {
        let config: Self = figment.extract()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), BadConfig> {
        let range = |fine: bool, message| if fine { Ok(()) } else { Err(BadConfig::OutOfRange(message)) };
        range(
            Dialect::of(self.database_url.expose_secret()).is_some(),
            "database_url begins with sqlite: or postgres:",
        )?;
        range((1..=1_000).contains(&self.pool.connections_max), "pool.connections_max is 1 to 1000")?;
        range((1..=1_000).contains(&self.limits.page_max), "limits.page_max is 1 to 1000")?;
        range(self.limits.page_default <= self.limits.page_max, "limits.page_default is at most limits.page_max")?;
        range((1..=100).contains(&self.limits.depth_max), "limits.depth_max is 1 to 100")?;
        range(self.limits.nesting_max <= 64, "limits.nesting_max is at most 64: the parser's stack ends")?;
        range(self.socket.heartbeat_seconds >= 1, "socket.heartbeat_seconds is at least 1")?;
        range(self.socket.ping_seconds >= 1, "socket.ping_seconds is at least 1")?;
        range(self.rates.person_per_minute >= 1 && self.rates.stranger_per_minute >= 1, "rates are at least 1")?;
        range(self.rates.application_per_minute >= 1, "rates are at least 1")?;
        let holds = &self.holds;
        range(
            (1..=holds.minutes_max).contains(&holds.minutes_default),
            "holds.minutes_default is 1 to holds.minutes_max",
        )?;
        range(holds.minutes_max <= holds.owner_minutes_max, "holds.minutes_max is at most holds.owner_minutes_max")?;
        range(holds.owner_minutes_max <= hold::MINUTES_MAX, "holds.owner_minutes_max is at most 1440: one day")?;
        range(holds.per_agency_max <= 1_000, "holds.per_agency_max is at most 1000")?;
        range(
            self.metrics_listen.is_empty() || self.metrics_listen.parse::<SocketAddr>().is_ok(),
            "metrics_listen is an address and a port",
        )?;
        self.issuers.iter().try_for_each(Issuer::check)?;
        Ok(())
    }

    /// The connections as the store takes them.
    pub fn pool_size(&self) -> PoolSize {
        let Pool { connections_max, wait_ms_max, lock_ms_max, statement_ms_max, idle_ms_max } = self.pool;
        PoolSize { connections_max, wait_ms_max, lock_ms_max, statement_ms_max, idle_ms_max }
    }

    /// Redis, if there is one.
    pub fn redis(&self) -> Option<&str> {
        Some(self.redis_url.expose_secret()).filter(|url| !url.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_published_limits() {
        let config = Config::defaults().unwrap();
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.socket.subscriptions_max, 20);
        assert_eq!(config.rates.person_per_minute, 600);
    }
}
