//! Now and new: the only sources of time and of ids.
//!
//! **Invariant**: nothing else in the hub asks the host for the time or for randomness.
use crate::domain::{id::NounId, time::At};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
    offset: Mutex<Offset>,
    measured: AtomicBool,
    latest: AtomicI64,
}

/// How far time stands from the steady clock: raised at once, lowered little by little.
///
/// Time that stood still until a lower clock came by would end no hold and age no number. While it is lowered an hour
/// lasts a tenth longer: a slower clock makes numbers look fresher than they are, so it is not much slower.
#[derive(Clone, Copy, Debug, Default)]
struct Offset {
    /// Where it goes.
    goal: i64,
    /// Where it stood, in microseconds, at an instant of the steady clock.
    from: (i64, i64),
}

impl Offset {
    /// Where it stands at an instant of the steady clock.
    fn at(self, steady: i64) -> i64 {
        let (stood, since) = self.from;
        self.goal.max(stood.saturating_sub(steady.saturating_sub(since).max(0) / SLOWER_BY))
    }

    /// Goes to another offset: forward at once, back slowly.
    fn go(&mut self, goal: i64, steady: i64) {
        *self = Self { goal, from: (self.at(steady), steady) };
    }

    /// Stands at least here now, and goes where it went.
    fn raise(&mut self, least: i64, steady: i64) {
        self.from = (self.at(steady).max(least), steady);
    }
}

/// One part in so many by which time runs slower while it is lowered.
const SLOWER_BY: i64 = 10;

impl Default for HubClock {
    fn default() -> Self {
        Self::of_host_apart(0)
    }
}

/// The host's clock.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the host")]
fn host() -> At {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    At::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl HubClock {
    /// The clock of a host that is so many microseconds ahead of this one: what a badly set machine would have.
    pub fn of_host_apart(micros: i64) -> Self {
        Self {
            born: Instant::now(),
            born_micros: host().micros().saturating_add(micros),
            offset: Mutex::default(),
            measured: AtomicBool::new(false),
            latest: AtomicI64::new(i64::MIN),
        }
    }

    /// Goes on from an instant that this hub has already written, if it would begin before it.
    pub fn not_before(&self, high_water: At) {
        let steady = self.steady();
        self.offset().raise(high_water.micros_since(steady), steady.micros());
    }

    /// The host's clock at birth, moved on by the monotonic clock: what an offset is measured against.
    pub fn steady(&self) -> At {
        At::from_micros(self.born_micros)
            .plus_micros(i64::try_from(self.born.elapsed().as_micros()).unwrap_or(i64::MAX))
    }

    /// Takes the offset to the database's clock, in microseconds, as just measured. The first is taken at once: nobody has
    /// been told the time by a wrong clock yet.
    pub fn set_offset_micros(&self, micros: i64) {
        let (steady, first) = (self.steady().micros(), !self.measured.swap(true, SeqCst));
        let mut offset = self.offset();
        if first {
            *offset = Offset { goal: micros, from: (micros, steady) };
        } else {
            offset.go(micros, steady);
        }
    }

    /// How far the hub's time stands from the steady clock, in microseconds.
    pub fn offset_micros(&self) -> i64 {
        let steady = self.steady().micros();
        self.offset().at(steady)
    }

    /// How far the hub's time stands from the host's clock as it is set now, in microseconds.
    pub fn apart_micros(&self) -> i64 {
        self.steady().plus_micros(self.offset_micros()).micros_since(host())
    }

    /// Where the database has no clock: the host's, as far as it has gone ahead (a machine that slept).
    pub fn catch_up_with_host(&self) {
        let steady = self.steady();
        let ahead = host().micros_since(steady).max(0);
        let mut offset = self.offset();
        if ahead > offset.goal {
            offset.go(ahead, steady.micros());
        }
    }

    fn offset(&self) -> MutexGuard<'_, Offset> {
        self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for HubClock {
    fn now(&self) -> At {
        let steady = self.steady();
        let read = steady.plus_micros(self.offset().at(steady.micros())).micros();
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
        clock.set_offset_micros(0);
        clock.set_offset_micros(-3_600_000_000);
        assert!(clock.now() >= first);
        clock.not_before(first.plus_minutes(60));
        let ahead = clock.now();
        assert!(ahead >= first.plus_minutes(60));
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.now() > ahead, "time goes on from there");
    }

    #[test]
    fn what_a_badly_set_host_says_at_first_is_put_right_at_once() {
        let hour = 3_600_000_000;
        for apart in [hour, -hour] {
            let (clock, good) = (HubClock::of_host_apart(apart), HubClock::default());
            clock.set_offset_micros(good.steady().micros_since(clock.steady()));
            assert!(clock.now().micros_since(good.now()).abs() < 1_000_000, "{apart}");
        }
    }

    #[test]
    fn a_lower_clock_is_met_slowly_and_time_never_stands() {
        let (hour, mut offset, mut before) = (3_600_000_000, Offset::default(), i64::MIN);
        offset.raise(hour, 0);
        assert_eq!(offset.at(0), hour);
        let mut check = |offset: Offset, steady: i64| {
            let now = steady + offset.at(steady);
            assert!(now > before, "at {steady}");
            before = now;
        };
        for second in 0..=36_000 {
            check(offset, second * 1_000_000);
        }
        assert_eq!(offset.at(36_000_000_000), 0, "met after ten hours");
        // Forward at once, and back to a clock that is behind without a jump.
        offset.go(hour, 36_000_000_001);
        assert_eq!(offset.at(36_000_000_001), hour);
        check(offset, 36_000_000_001);
        offset.go(-hour, 36_000_000_002);
        for second in 0..=80_000 {
            check(offset, 36_000_000_003 + second * 1_000_000);
        }
        assert_eq!(offset.at(36_000_000_003 + 80_000_000_000), -hour);
        // Measured again and again meanwhile, it goes on as it went.
        let mut measured = Offset::default();
        measured.raise(hour, 0);
        for steady in 1..=100 {
            measured.go(0, steady * 10_000_000);
        }
        assert_eq!(measured.at(1_000_000_000), hour - 100_000_000);
    }
}
