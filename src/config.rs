//! Settings: `deploy/hub.toml`, a file of the operator's, and `HUB_*` variables, read once into one checked struct.
//!
//! **Invariant**: nothing else in the hub reads the environment, and no secret has a `Debug`.
mod calls;
mod jurisdictions;
mod masked;
use masked::masked;
pub use {calls::Calls, jurisdictions::law};

use crate::domain::hold::{self, HoldLimits};
use crate::domain::retention::RetentionLimits;
use crate::graphql::limits::Limits;
use crate::login::Issuer;
use crate::store::{Dialect, PoolSize};
use figment::providers::{Env, Format, Serialized, Toml};
use figment::{Figment, Provider, value::Dict, value::Value};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

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
    /// The file of the keys that what is sealed is opened with.
    pub keys_file: std::path::PathBuf,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where metrics listen; with the API when empty.
    pub metrics_listen: String,
    /// The path of a PEM certificate chain; empty for plain HTTP.
    pub tls_certificate: String,
    /// The path of its key.
    pub tls_key: String,
    /// An OpenTelemetry collector's base URL; empty for none.
    pub otlp_endpoint: String,
    /// Proxies whose `X-Forwarded-For` is believed: addresses, or networks such as 10.0.0.0/8.
    pub trusted_proxies: Vec<String>,
    /// Web origins that may call.
    pub origins: Vec<String>,
    /// Issuers of bearer tokens.
    pub issuers: Vec<Issuer>,
    /// Connections of callers.
    pub connections: Connections,
    /// Connections to the database.
    pub pool: Pool,
    /// Limits of one request.
    pub limits: Limits,
    /// Limits of one socket.
    pub socket: Socket,
    /// Rates.
    pub rates: Rates,
    /// When the node is not ready.
    pub health: Health,
    /// How the node ends.
    pub shutdown: Shutdown,
    /// Holds.
    pub holds: HoldLimits,
    /// How long what is written of people stays.
    pub retention: RetentionLimits,
    /// How people are called.
    pub calls: Calls,
}

/// Connections of callers.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connections {
    /// Most at once; sockets, once open, are not among them.
    pub most: usize,
    /// Seconds for a request's head to come, also the next one's of a connection that is kept.
    pub head_seconds: u64,
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
    /// Seconds after which a token is proven again.
    pub proof_seconds: u64,
    /// Most sockets of one address that have not said who they are.
    pub waiting_per_address_max: usize,
    /// Most sockets under one person's grant.
    pub per_person_max: usize,
    /// Most sockets under one application's grant.
    pub per_application_max: usize,
    /// Most streams (SSE) under one person's grant.
    pub streams_per_person_max: usize,
    /// Most streams (SSE) under one application's grant.
    pub streams_per_application_max: usize,
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
    /// Tokens of one address that are proven at once.
    pub proofs_at_once: usize,
}

/// When a node is not ready, and when somebody should look.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Seconds that an event may wait for its number.
    pub relay_seconds_max: u64,
    /// Seconds that the board may be behind the log.
    pub feed_seconds_max: u64,
    /// Seconds that the database's clock may move between two measurements without a warning.
    pub clock_jump_seconds_max: u64,
    /// Seconds between the database's clock and the host's without a warning.
    pub clock_apart_seconds_max: u64,
    /// Seconds that measuring the database's clock may fail.
    pub clock_silent_seconds_max: u64,
}

/// How a node ends.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// Seconds between the signal and the last new connection.
    pub notice_seconds: u64,
    /// Seconds that running requests and subscribers have.
    pub drain_seconds: u64,
}

/// A setting that cannot be taken, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// It cannot be read.
    #[error("settings: {0}")]
    Unreadable(Box<figment::Error>),
    /// Some are outside their range.
    #[error("settings: {0}")]
    OutOfRange(String),
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
        Self::of(&with_variables(of_files()))
    }

    /// Each setting that this process reads, as it would be written, and where it comes from; secrets are masked.
    pub fn told() -> Vec<Told> {
        let figment = with_variables(of_files());
        let mut told = Vec::new();
        if let Ok(all) = figment.extract::<Dict>() {
            tell(&figment, "", &all, &mut told);
        }
        told
    }

    /// The settings of a demo: the defaults over its own database, and `HUB_*` variables above. A file named by
    /// HUB_CONFIG is a real network's and not read.
    pub fn read_for_demo(database_url: &str) -> Result<Self, BadConfig> {
        // Not pairs, which figment would hold above the variables.
        let own = Figment::from(defaults()).merge(Serialized::default("database_url", database_url));
        // Nobody balances a demo's load.
        let own = own.merge(Serialized::default("shutdown.notice_seconds", 0));
        // Everybody who looks at a demo shares its few personas.
        let many = ["per_person_max", "per_application_max", "streams_per_person_max", "streams_per_application_max"];
        let many = many.iter().map(|name| Serialized::default(&format!("socket.{name}"), 5_000));
        Self::of(&with_variables(many.fold(own, Figment::merge)))
    }

    /// The defaults alone.
    pub fn defaults() -> Result<Self, BadConfig> {
        Self::of(&Figment::from(defaults()))
    }

    fn of(figment: &Figment) -> Result<Self, BadConfig> {
        let config: Self = figment.extract()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), BadConfig> {
        let wrong = self.wrong();
        if wrong.is_empty() { Ok(()) } else { Err(BadConfig::OutOfRange(wrong.join("; "))) }?;
        self.issuers.iter().try_for_each(Issuer::check)?;
        Ok(())
    }

    /// What is wrong with which setting.
    fn wrong(&self) -> Vec<&'static str> {
        let (socket, rates, health, shutdown) = (&self.socket, &self.rates, &self.health, &self.shutdown);
        let url = |text: &str| text.is_empty() || text.starts_with("http://") || text.starts_with("https://");
        let (holds, day) = (&self.holds, 1..=86_400);
        let ranges = [
            (Dialect::of(self.database_url.expose_secret()).is_some(), "database_url begins with sqlite: or postgres:"),
            (!self.keys_file.as_os_str().is_empty(), "keys_file names a file"),
            ((1..=1_000).contains(&self.pool.connections_max), "pool.connections_max is 1 to 1000"),
            ((1..=600_000).contains(&self.pool.wait_ms_max), "pool.wait_ms_max is 1 to 600000"),
            ((1..=1_000).contains(&self.limits.page_max), "limits.page_max is 1 to 1000"),
            (self.limits.page_default <= self.limits.page_max, "limits.page_default is at most limits.page_max"),
            ((1..=100).contains(&self.limits.depth_max), "limits.depth_max is 1 to 100"),
            (self.limits.nesting_max <= 64, "limits.nesting_max is at most 64: the parser's stack ends"),
            (day.contains(&socket.heartbeat_seconds), "socket.heartbeat_seconds is 1 to 86400"),
            (day.contains(&socket.ping_seconds), "socket.ping_seconds is 1 to 86400"),
            ((1..=1_000_000).contains(&self.connections.most), "connections.most is 1 to 1000000"),
            (day.contains(&self.connections.head_seconds), "connections.head_seconds is 1 to 86400"),
            (day.contains(&self.limits.query_seconds), "limits.query_seconds is 1 to 86400"),
            (day.contains(&self.limits.body_seconds), "limits.body_seconds is 1 to 86400"),
            (day.contains(&socket.proof_seconds), "socket.proof_seconds is 1 to 86400"),
            ((1..=1_440).contains(&socket.life_minutes_max), "socket.life_minutes_max is 1 to 1440"),
            (socket.waiting_per_address_max >= 1, "socket.waiting_per_address_max is at least 1"),
            (socket.per_person_max >= 1, "socket.per_person_max is at least 1"),
            (socket.per_application_max >= 1, "socket.per_application_max is at least 1"),
            (socket.streams_per_person_max >= 1, "socket.streams_per_person_max is at least 1"),
            (socket.streams_per_application_max >= 1, "socket.streams_per_application_max is at least 1"),
            ((1..=1_000).contains(&rates.proofs_at_once), "rates.proofs_at_once is 1 to 1000"),
            (self.proxies().is_some(), "trusted_proxies are addresses, or networks such as 10.0.0.0/8"),
            (rates.person_per_minute >= 1, "rates.person_per_minute is at least 1"),
            (rates.application_per_minute >= 1, "rates.application_per_minute is at least 1"),
            (rates.stranger_per_minute >= 1, "rates.stranger_per_minute is at least 1"),
            (
                self.metrics_listen.is_empty() || self.metrics_listen.parse::<SocketAddr>().is_ok(),
                "metrics_listen is an address and a port",
            ),
            (
                self.tls_certificate.is_empty() == self.tls_key.is_empty(),
                "tls_certificate and tls_key are set together",
            ),
            (url(&self.otlp_endpoint), "otlp_endpoint begins with http:// or https://"),
            (day.contains(&health.relay_seconds_max), "health.relay_seconds_max is 1 to 86400"),
            (day.contains(&health.feed_seconds_max), "health.feed_seconds_max is 1 to 86400"),
            (day.contains(&health.clock_jump_seconds_max), "health.clock_jump_seconds_max is 1 to 86400"),
            (day.contains(&health.clock_apart_seconds_max), "health.clock_apart_seconds_max is 1 to 86400"),
            (
                // It is measured every 10 s.
                (20..=86_400).contains(&health.clock_silent_seconds_max),
                "health.clock_silent_seconds_max is 20 to 86400",
            ),
            (
                (1..=holds.minutes_max).contains(&holds.minutes_default),
                "holds.minutes_default is 1 to holds.minutes_max",
            ),
            (holds.minutes_max <= holds.owner_minutes_max, "holds.minutes_max is at most holds.owner_minutes_max"),
            (holds.owner_minutes_max <= hold::MINUTES_MAX, "holds.owner_minutes_max is at most 1440: one day"),
            (holds.per_agency_max <= 1_000, "holds.per_agency_max is at most 1000"),
            (shutdown.notice_seconds <= 600, "shutdown.notice_seconds is at most 600"),
            ((1..=600).contains(&shutdown.drain_seconds), "shutdown.drain_seconds is 1 to 600"),
        ];
        let ranges = ranges.into_iter().filter(|(fine, _)| !fine).map(|(_, wrong)| wrong);
        ranges.chain(self.calls.wrong()).chain(self.retention.wrong()).collect()
    }

    /// The networks of the trusted proxies; none when one of them cannot be read.
    pub fn proxies(&self) -> Option<Vec<IpNet>> {
        let network = |text: &String| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        self.trusted_proxies.iter().map(network).collect()
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

/// One setting as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name, with its section.
    pub name: String,
    /// Its value, without secrets.
    pub value: String,
    /// Where it comes from: empty for the built-in default.
    pub from: String,
}

fn defaults() -> impl Provider {
    Toml::string(DEFAULTS)
}

fn of_files() -> Figment {
    let figment = Figment::from(defaults());
    match Env::var("HUB_CONFIG") {
        Some(file) => figment.merge(Toml::file_exact(file)),
        None => figment,
    }
}

fn with_variables(figment: Figment) -> Figment {
    // HUB_TEST_* belongs to the tests, HUB_LOG to the log.
    let ours =
        Env::prefixed("HUB_").filter(|key| !key.starts_with("test_") && key != "config" && key != "log").split("__");
    figment.merge(ours)
}

fn tell(figment: &Figment, section: &str, settings: &Dict, told: &mut Vec<Told>) {
    for (key, value) in settings {
        let name = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        if let Value::Dict(_, inner) = value {
            tell(figment, &name, inner, told);
            continue;
        }
        let source = figment.find_metadata(&name);
        let from = source.filter(|metadata| metadata.name != "TOML source string").map(|metadata| {
            match metadata.source.as_ref().and_then(figment::Source::file_path) {
                Some(file) => file.display().to_string(),
                None => format!("HUB_{}", name.to_uppercase().replace('.', "__")),
            }
        });
        told.push(Told { value: masked(&name, value), from: from.unwrap_or_default(), name });
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

    #[test]
    fn every_wrong_setting_is_named() {
        let mut config = Config::defaults().unwrap();
        config.tls_key = "key.pem".into();
        config.health.clock_silent_seconds_max = 1;
        config.shutdown.drain_seconds = 0;
        let wrong = config.check().unwrap_err().to_string();
        for name in ["tls_certificate", "health.clock_silent_seconds_max", "shutdown.drain_seconds"] {
            assert!(wrong.contains(name), "{wrong}");
        }
    }
}
