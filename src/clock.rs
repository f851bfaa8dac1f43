//! Now and new: the only sources of time and of ids.
//!
//! **Invariant**: nothing else in the hub asks the host for the time or for randomness.
use crate::domain::{id::NounId, time::At};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

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

/// The host's clock, moved by a measured offset and held so that it never runs back.
#[derive(Debug, Default)]
pub struct HubClock {
    offset_micros: AtomicI64,
    latest: AtomicI64,
}

impl HubClock {
    /// A clock that starts no earlier than `high_water`, the latest instant this hub has written.
    pub fn starting_at(high_water: At) -> Arc<Self> {
        Arc::new(Self { offset_micros: AtomicI64::new(0), latest: AtomicI64::new(high_water.micros()) })
    }

    /// Takes the offset to the database's clock, in microseconds, as just measured.
    pub fn set_offset_micros(&self, micros: i64) {
        self.offset_micros.store(micros, SeqCst);
    }

    /// The offset to the database's clock, in microseconds.
    pub fn offset_micros(&self) -> i64 {
        self.offset_micros.load(SeqCst)
    }

    /// The host's own clock, unmoved: what an offset is measured against.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the host")]
    pub fn host(&self) -> At {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        At::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Clock for HubClock {
    fn now(&self) -> At {
        let read = self.host().plus_micros(self.offset_micros()).micros();
        let before = self.latest.fetch_max(read, SeqCst);
        At::from_micros(before.max(read))
    }
}
