//! Whether the node can be sent requests, and what it measures of itself when somebody looks.
use super::door::Door;
use crate::app::health::{self, Standing};
use crate::domain::code::Coded;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for the database.
const DATABASE_WAIT: Duration = Duration::from_secs(2);
/// However many ask, the database is asked once in this time.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// When the database's clock was last measured.
#[derive(Debug)]
pub struct Measured(Mutex<Instant>);

impl Default for Measured {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Measured {
    /// Notes a measurement.
    pub fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn silent(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// What the database answered, and when it was asked.
#[derive(Default)]
pub(super) struct Asked(tokio::sync::Mutex<Option<(Instant, Option<Standing>)>>);

impl Door {
    /// How the node stands; nothing when the database does not answer.
    async fn standing(&self) -> Option<Standing> {
        let mut asked = self.0.asked.0.lock().await;
        if let Some((at, standing)) = *asked
            && at.elapsed() < ASK_EVERY
        {
            return standing;
        }
        let answer = tokio::time::timeout(DATABASE_WAIT, health::standing(&self.0.parts.hub)).await;
        let standing = answer.ok().and_then(Result::ok);
        *asked = Some((Instant::now(), standing));
        standing
    }

    /// Why the node should be sent no requests; empty when it should.
    pub(super) async fn unready(&self) -> Vec<String> {
        let parts = &self.0.parts;
        if *parts.closing.borrow() {
            return vec!["closing".into()];
        }
        let (limits, mut why) = (&parts.config.health, Vec::new());
        match self.standing().await {
            None => why.push("the database does not answer".into()),
            Some(standing) => {
                let late = |seconds: f64, most: u64| seconds > most as f64;
                if late(standing.relay_seconds, limits.relay_seconds_max) {
                    let (waiting, seconds) = (standing.waiting, standing.relay_seconds);
                    why.push(format!(
                        "the relay is behind: {waiting} events wait for a number, the oldest {seconds:.0} s"
                    ));
                }
                if late(standing.feed_seconds, limits.feed_seconds_max) {
                    let (behind, seconds) = (standing.behind, standing.feed_seconds);
                    why.push(format!(
                        "the feed is behind: {behind} events have not come here, the oldest {seconds:.0} s old"
                    ));
                }
            }
        }
        let silent = parts.clock.as_ref().map_or(Duration::ZERO, |measured| measured.silent());
        if silent > Duration::from_secs(limits.clock_silent_seconds_max) {
            why.push(format!("the database's clock has not been measured for {} s", silent.as_secs()));
        }
        why
    }

    /// Every metric, with those that are measured when somebody looks.
    pub(super) async fn metrics(&self) -> String {
        let parts = &self.0.parts;
        let Some(metrics) = &parts.metrics else { return String::new() };
        let standing = self.standing().await;
        metrics::gauge!("hub_database_up").set(f64::from(u8::from(standing.is_some())));
        if let Some(standing) = standing {
            metrics::gauge!("hub_relay_waiting").set(standing.waiting as f64);
            metrics::gauge!("hub_relay_lag_seconds").set(standing.relay_seconds);
            metrics::gauge!("hub_feed_behind").set(standing.behind as f64);
            metrics::gauge!("hub_sweep_lag_seconds").set(standing.sweep_seconds);
        }
        metrics::gauge!("hub_log_number").set(parts.hub.board().now().number() as f64);
        metrics::gauge!("hub_tables").set(parts.tables.count() as f64);
        let (units, holds) = health::shown(&parts.hub);
        metrics::gauge!("hub_holds_active").set(f64::from(holds));
        for (freshness, units) in units {
            metrics::gauge!("hub_units", "freshness" => freshness.code()).set(units as f64);
        }
        metrics.render()
    }
}

/// Says what each metric means, to whoever reads `/metrics`; what is counted begins at 0, and is not just absent.
pub fn describe() {
    for gauge in ["hub_sockets", "hub_subscribers", "hub_tables"] {
        metrics::gauge!(gauge).set(0.0);
    }
    for counter in [
        "hub_rate_limited_total",
        "hub_subscribers_too_slow_total",
        "hub_write_retries_total",
        "hub_calls_not_started_total",
        "hub_texts_shredded_total",
    ] {
        metrics::counter!(counter).absolute(0);
    }
    describe_gauge!("hub_log_number", "The number of the last event that this node's board has followed");
    describe_gauge!("hub_relay_waiting", "Events written that wait for their number");
    describe_gauge!("hub_relay_lag_seconds", Unit::Seconds, "How long the oldest event without a number has waited");
    describe_gauge!("hub_feed_behind", "Numbered events that this node's board has not followed");
    describe_gauge!("hub_sweep_lag_seconds", Unit::Seconds, "How long the oldest alarm (aging, expiry) is overdue");
    describe_gauge!("hub_clock_offset_seconds", Unit::Seconds, "The database's clock less this node's own");
    describe_gauge!("hub_clock_apart_seconds", Unit::Seconds, "The hub's time less the host's clock as it is set now");
    describe_counter!(
        "hub_clock_warnings_total",
        "Times that the clock jumped, stood far apart, or leapt by more than a day, by reason"
    );
    describe_gauge!("hub_database_up", "1 when the database answered the last question, else 0");
    describe_gauge!("hub_redis_up", "1 when Redis is connected, else 0; absent without Redis");
    describe_counter!(
        "hub_redis_publish_failures_total",
        "Batches of news that Redis did not take; nothing is lost by it"
    );
    describe_gauge!("hub_sockets", "Open WebSockets");
    describe_gauge!("hub_subscribers", "Running subscriptions, over WebSocket and SSE");
    describe_gauge!("hub_tables", "Groups of subscribers that share a document, variables and scope");
    describe_counter!("hub_subscribers_too_slow_total", "Subscribers sent away because they read too slowly");
    describe_counter!(
        "hub_requests_total",
        "Operations, by kind (query, mutation, subscription, unread) and outcome (ok, error, refused)"
    );
    describe_histogram!("hub_request_seconds", Unit::Seconds, "Time to run a query or a mutation, by kind");
    describe_counter!("hub_errors_total", "Errors answered, by published code");
    describe_counter!("hub_rate_limited_total", "Requests refused because there were too many");
    describe_counter!("hub_tokens_refused_total", "Bearer tokens refused, by reason");
    describe_counter!("hub_write_retries_total", "Writes tried again because another came first");
    describe_gauge!("hub_holds_active", "Holds that stand now");
    describe_gauge!(
        "hub_audit_chain_number",
        "The last link of the audit's chain: it grows with the audit and the ledger"
    );
    describe_gauge!("hub_calls_under_way", "Awaited answers for which people are called now, counted every 10 s");
    describe_counter!("hub_calls_sent_total", "Steps of calls that were sent, by channel");
    describe_counter!("hub_calls_retried_total", "Messages of calls that were tried a second time, by channel");
    describe_counter!("hub_calls_failed_total", "Steps of calls that reached nobody, by channel and reason");
    describe_counter!(
        "hub_calls_not_started_total",
        "Answers for which nobody was called: their unit had too many calls"
    );
    describe_counter!("hub_texts_shredded_total", "Handoffs whose texts were shredded at the end of their retention");
    describe_gauge!("hub_units", "Bed units on the board, by freshness");
}
