//! Retention: how long what is written of a person stays, and what becomes of it then.
use super::entry::Changed;
use super::event::EventKind;
use super::handoff::Handoff;
use super::sealed::READ_AFTER_END_DAYS;
use super::time::At;

/// How long a passed month's keys are kept beyond it, in days: longer than any write lasts that has wrapped under them.
pub const MONTH_GRACE_DAYS: i64 = 7;

/// Most days after a handoff's end until its texts are shredded: a month in which what a court asks for late is preserved.
const DAYS_MAX: i64 = 120;

/// Most hours that nothing is shredded after a leap: a month.
const LEAP_HOURS_MAX: u32 = 720;
/// The hub looks at the time each minute; what is further apart is a leap, in days.
const LEAP_DAYS: i64 = 1;

/// How long what is written of a person stays.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionLimits {
    /// How many days after a handoff's end its texts are shredded: none that somebody may still open are.
    pub days: u32,
    /// Keys of months that have passed are destroyed when nothing is under them any more, where the ring is the hub's own file.
    pub destroys_keys: bool,
    /// How many hours nothing is shredded after the hub's time leapt ahead, so that somebody can put a wrong clock right.
    pub leap_hours: u32,
}

impl Default for RetentionLimits {
    fn default() -> Self {
        Self { days: u32::try_from(READ_AFTER_END_DAYS).unwrap_or(u32::MAX), destroys_keys: true, leap_hours: 24 }
    }
}

impl RetentionLimits {
    /// What is wrong with which setting.
    pub fn wrong(&self) -> Option<&'static str> {
        // What is opened until the ninetieth day is not shredded before. Longer than a month after it there is nobody to
        // stay for: what has to is preserved.
        let fine = (READ_AFTER_END_DAYS..=DAYS_MAX).contains(&i64::from(self.days));
        match (fine, self.leap_hours <= LEAP_HOURS_MAX) {
            (false, _) => Some("retention.days is 90 to 120: what has to stay longer is preserved, handoff by handoff"),
            (true, false) => Some("retention.leap_hours is at most 720"),
            (true, true) => None,
        }
    }

    /// The latest end of a handoff whose texts are over at an instant.
    pub fn over(&self, now: At) -> At {
        now.plus_minutes(-i64::from(self.days) * 24 * 60)
    }
}

/// Whether the time is believed by what cannot be undone: a clock that was set months ahead by mistake shreds nobody's record.
#[derive(Clone, Copy, Debug)]
pub struct Belief {
    seen: At,
    from: At,
}

impl Belief {
    /// The time as it was when the log was last written to.
    pub fn since(seen: At) -> Self {
        Self { seen, from: seen }
    }

    /// Looks at the time. Answers from when it is believed, where it has leapt since it was looked at last.
    pub fn look(&mut self, limits: &RetentionLimits, now: At) -> Option<At> {
        let leapt = now > self.seen.plus_minutes(LEAP_DAYS * 24 * 60) && limits.leap_hours > 0;
        self.seen = now;
        if leapt {
            self.from = now.plus_minutes(i64::from(limits.leap_hours) * 60);
        }
        leapt.then_some(self.from)
    }

    /// Whether what was looked at last is believed.
    pub fn holds(&self) -> bool {
        self.from <= self.seen
    }
}

impl Handoff {
    /// When the time ended in which what is written of the person is opened, where it has: the same instant whether it was
    /// shredded then or an agency preserves it, for that is the agency's own to know.
    pub fn retention_ended(&self, now: At) -> Option<At> {
        let over = self.times.ended_at.map(|ended| ended.plus_minutes(READ_AFTER_END_DAYS * 24 * 60));
        over.filter(|over| *over <= now).or(self.times.text_shredded_at)
    }

    /// Ends the retention of what is written of the person: words and names go, what is coded stays. Of what is `kept`, by an
    /// agency that preserves it, the end is told all the same, and at the same time. `None` while it goes on, and once it is done.
    pub fn shred(&self, limits: RetentionLimits, kept: bool, now: At) -> Option<Changed<Self>> {
        let over = self.times.ended_at.is_some_and(|ended| ended <= limits.over(now));
        (over && self.times.text_shredded_at.is_none()).then(|| {
            let mut ended = Self { version: self.version + 1, text_kept: kept, ..self.clone() };
            ended.times.text_shredded_at = Some(now);
            let left = if kept { ended } else { ended.let_go() };
            left.changed(EventKind::HandoffShredded, now)
        })
    }

    /// What is left of one whose words and names go. Of what was preserved this is nobody's to be told.
    #[must_use]
    pub fn let_go(&self) -> Self {
        let mut left = Self { on_behalf_of: None, text_kept: false, ..self.clone() };
        if let Some(offer) = &mut left.offer {
            offer.accepted_by = None;
        }
        if let Some(supervisor) = &mut left.supervisor {
            supervisor.name = None;
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_is_believed_when_somebody_had_time_to_look() {
        let (limits, start) = (RetentionLimits::default(), At::from_micros(0));
        let at = |hours: i64| start.plus_minutes(hours * 60);
        let mut belief = Belief::since(start);
        assert!(belief.look(&limits, at(24)).is_none() && belief.holds());
        // The hub was off for two days, or its clock was set.
        assert_eq!(belief.look(&limits, at(72)), Some(at(96)));
        assert!(!belief.holds() && belief.look(&limits, at(95)).is_none() && !belief.holds());
        assert!(belief.look(&limits, at(96)).is_none() && belief.holds());
        // Another leap is waited for anew, and none where it is not asked for.
        assert_eq!(belief.look(&limits, at(9_000)), Some(at(9_024)));
        let unasked = RetentionLimits { leap_hours: 0, ..limits };
        let mut belief = Belief::since(start);
        assert!(belief.look(&unasked, at(9_000)).is_none() && belief.holds());
        assert!(RetentionLimits { leap_hours: 721, ..limits }.wrong().is_some());
    }

    #[test]
    fn nothing_is_shredded_while_somebody_may_open_it() {
        let wrong = |days| RetentionLimits { days, ..RetentionLimits::default() }.wrong().is_some();
        assert_eq!([1, 89, 90, 120, 121].map(wrong), [true, true, false, false, true]);
        assert!(RetentionLimits::default().wrong().is_none());
    }
}
