//! Time as the past is played: it steps from act to act, and ends at the present.
use crate::clock::Clock;
use crate::domain::time::At;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

/// A clock that stands in the past but for a microsecond at each look, until it is moved on.
pub struct PlayClock {
    at: AtomicI64,
    present: Arc<dyn Clock>,
}

impl PlayClock {
    /// Stands at an instant before the present of another clock.
    pub fn starting(at: At, present: Arc<dyn Clock>) -> Self {
        Self { at: AtomicI64::new(at.min(present.now()).micros()), present }
    }

    /// Goes on to an instant; never back, and never past the present.
    pub fn go_to(&self, at: At) {
        self.at.fetch_max(at.min(self.present()).micros(), SeqCst);
    }

    /// Where it stands.
    pub fn at(&self) -> At {
        At::from_micros(self.at.load(SeqCst))
    }

    /// The instant at which the past ends.
    pub fn present(&self) -> At {
        self.present.now()
    }
}

impl Clock for PlayClock {
    fn now(&self) -> At {
        At::from_micros(self.at.fetch_add(1, SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HubClock;

    #[test]
    fn the_past_is_stepped_through_and_ends_at_the_present() {
        let host = Arc::new(HubClock::default());
        let start = host.now().plus_minutes(-60);
        let clock = PlayClock::starting(start, host.clone());
        assert_eq!([clock.now(), clock.now()], [start, start.plus_micros(1)]);
        clock.go_to(start.plus_minutes(10));
        clock.go_to(start.plus_minutes(5));
        assert_eq!(clock.at(), start.plus_minutes(10));
        clock.go_to(start.plus_minutes(600));
        assert!(clock.at() <= host.now() && clock.at() > start.plus_minutes(59));
    }
}
