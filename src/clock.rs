//! Now and new: the only sources of time and of ids.
//!
//! **Invariant**: nothing else in the hub asks the host for the time or for randomness.
use crate::domain::{id::NounId, time::At};
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Instant;

/// The hub's one time.
pub trait Clock: Send + Sync {
    /// The instant now; never earlier than an instant answered before.
    fn now(&self) -> At;
}

/// The only maker of ids.
pub trait Ids: Send + Sync {
    /// A new key, ordered by `at`.
    fn key(&self, at: At) -> uuid::Uuid;
}

impl dyn Ids {
    /// A new id of one noun.
    pub fn make<I: NounId>(&self, at: At) -> I {
        I::of(self.key(at))
    }
}

/// Random UUIDv7 keys.
#[derive(Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn key(&self, at: At) -> uuid::Uuid {
        let millis = u64::try_from(at.micros().div_euclid(1_000)).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
    }
}

/// The host's monotonic clock, moved by a measured offset and held so that it never runs back.
///
/// Setting the host's clock changes nothing while the hub runs.
#[derive(Debug)]
pub struct HubClock {
    born: Instant,
    born_micros: i64,
    offset_micros: AtomicI64,
    latest: AtomicI64,
}

impl Default for HubClock {
    fn default() -> Self {
        Self {
            born: Instant::now(),
            born_micros: host().micros(),
            offset_micros: AtomicI64::new(0),
            latest: AtomicI64::new(i64::MIN),
        }
    }
}

/// The host's clock.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the host")]
fn host() -> At {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    At::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl HubClock {
    /// Starts no earlier than an instant that this hub has already written.
    pub fn not_before(&self, high_water: At) {
        self.latest.fetch_max(high_water.micros(), SeqCst);
    }

    /// The host's clock at birth, moved on by the monotonic clock: what an offset is measured against.
    pub fn steady(&self) -> At {
        At::from_micros(self.born_micros)
            .plus_micros(i64::try_from(self.born.elapsed().as_micros()).unwrap_or(i64::MAX))
    }

    /// Takes the offset to the database's clock, in microseconds, as just measured.
    pub fn set_offset_micros(&self, micros: i64) {
        self.offset_micros.store(micros, SeqCst);
    }

    /// The offset to the database's clock, in microseconds.
    pub fn offset_micros(&self) -> i64 {
        self.offset_micros.load(SeqCst)
    }

    /// How far the hub's time stands from the host's clock as it is set now, in microseconds.
    pub fn apart_micros(&self) -> i64 {
        self.steady().plus_micros(self.offset_micros()).micros_since(host())
    }

    /// Where the database has no clock: the host's, as far as it has gone ahead (a machine that slept).
    pub fn catch_up_with_host(&self) {
        let ahead = host().micros_since(self.steady());
        self.offset_micros.fetch_max(ahead.max(0), SeqCst);
    }
}

impl Clock for HubClock {
    fn now(&self) -> At {
        let read = self.steady().plus_micros(self.offset_micros()).micros();
        let before = self.latest.fetch_max(read, SeqCst);
        At::from_micros(before.max(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_back() {
        let clock = HubClock::default();
        let first = clock.now();
        clock.set_offset_micros(-3_600_000_000);
        assert!(clock.now() >= first);
        clock.not_before(first.plus_minutes(60));
        assert!(clock.now() >= first.plus_minutes(60));
    }
}
