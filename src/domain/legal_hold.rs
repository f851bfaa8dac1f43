//! Legal holds: until when somebody may be kept who does not stay of their own will. Under which status is sealed; here stand
//! its instants alone, for the hub to watch. It belongs to the person's search, and goes with it from handoff to handoff.
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{EpisodeId, LegalHoldId, Noun, NounId, OrganizationId, RegionId};
use super::jurisdiction::LegalClock;
use super::pairs;
use super::text::{self, Flaw};
use super::time::At;

/// How far back a hold may have begun when it is recorded, in minutes: a month.
const BACK_MINUTES_MAX: i64 = 31 * 24 * 60;
/// The percent at which its time is over.
const OVER: u8 = 100;

/// One legal hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalHold {
    /// Its id.
    pub id: LegalHoldId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed, or been told.
    pub version: Version,
    /// The search that it belongs to.
    pub episode: EpisodeId,
    /// The agency that recorded it.
    pub recorder: OrganizationId,
    /// When it began.
    pub began_at: At,
    /// When its time is over.
    pub expires_at: At,
    /// At how many percent people are warned, in order.
    pub warn_at: Vec<u8>,
    /// How many percent have been told; none at first.
    pub told: u8,
    /// When the next of them is told.
    pub due_at: Option<At>,
    /// When it ended.
    pub ended_at: Option<At>,
}

/// What the log keeps of a legal hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LegalHoldFact {
    /// The search that it belongs to.
    pub episode: EpisodeId,
    /// How many percent of its time have been told.
    pub percent: u8,
}

/// What is recorded.
#[derive(Clone, Copy, Debug)]
pub struct NewLegalHold {
    /// Its id.
    pub id: LegalHoldId,
    /// The region.
    pub region: RegionId,
    /// The search that it belongs to.
    pub episode: EpisodeId,
    /// The agency that records it.
    pub recorder: OrganizationId,
    /// When it began.
    pub began_at: At,
    /// When its time is over, where the order says so.
    pub expires_at: Option<At>,
}

/// Why no clock begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// It begins in the future.
    InFuture,
    /// An instant is out of its range.
    Flaw(Flaw),
}

impl From<Flaw> for NotBegun {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

impl LegalHold {
    /// Begins a clock, and tells agencies.
    pub fn begin(
        new: NewLegalHold,
        clock: &LegalClock,
        to: &[OrganizationId],
        now: At,
    ) -> Result<Vec<Changed<Self>>, NotBegun> {
        let minutes = |from: At, to: At| to.micros_since(from).div_euclid(60_000_000);
        if new.began_at > now {
            return Err(NotBegun::InFuture);
        }
        text::within("beganAt, in minutes before now,", minutes(new.began_at, now), 0, BACK_MINUTES_MAX)?;
        let expires_at = new.expires_at.unwrap_or(new.began_at.plus_minutes(i64::from(clock.minutes)));
        let (runs, most) = (minutes(new.began_at, expires_at), i64::from(clock.minutes_max));
        text::within("expiresAt, in minutes after beganAt,", runs, 1, most)?;
        let hold = Self {
            id: new.id,
            region: new.region,
            version: 0,
            episode: new.episode,
            recorder: new.recorder,
            began_at: new.began_at,
            expires_at,
            warn_at: clock.warn_at.clone(),
            told: 0,
            due_at: None,
            ended_at: None,
        };
        Ok(Self { due_at: hold.next_mark(), ..hold }.told(EventKind::LegalHoldBegan, to, now))
    }

    /// Tells agencies how much of its time is over. What was passed meanwhile is not told mark by mark. `None` before its time.
    pub fn tell_time(&self, to: &[OrganizationId], now: At) -> Option<Vec<Changed<Self>>> {
        self.due_at.filter(|due| *due <= now)?;
        let told = self.marks().take_while(|mark| self.mark_at(*mark) <= now).last()?;
        let next = Self { told, ..self.clone() };
        let kind = if told == OVER { EventKind::LegalHoldExpired } else { EventKind::LegalHoldWarned };
        Some(Self { due_at: next.next_mark(), ..next }.told(kind, to, now))
    }

    /// Ends it, and tells agencies; `None` when it has ended.
    pub fn end(&self, to: &[OrganizationId], now: At) -> Option<Vec<Changed<Self>>> {
        let ended = Self { due_at: None, ended_at: Some(now), ..self.clone() };
        self.ended_at.is_none().then(|| ended.told(EventKind::LegalHoldEnded, to, now))
    }

    /// How many percent of its time are over, at most 100.
    pub fn percent_at(&self, now: At) -> u8 {
        let (over, whole) =
            (now.micros_since(self.began_at).max(0), self.expires_at.micros_since(self.began_at).max(1));
        let percent = i128::from(over) * 100 / i128::from(whole);
        u8::try_from(percent).unwrap_or(OVER).min(OVER)
    }

    fn marks(&self) -> impl Iterator<Item = u8> {
        self.warn_at.iter().copied().chain([OVER])
    }

    fn mark_at(&self, percent: u8) -> At {
        let whole = i128::from(self.expires_at.micros_since(self.began_at));
        let part = whole * i128::from(percent) / 100;
        self.began_at.plus_micros(i64::try_from(part).unwrap_or(i64::MAX))
    }

    fn next_mark(&self) -> Option<At> {
        self.marks().find(|mark| *mark > self.told).map(|mark| self.mark_at(mark))
    }

    /// Told to those of agencies who may know of legal holds: percent and ids, and nothing of what it is.
    fn told(self, kind: EventKind, to: &[OrganizationId], at: At) -> Vec<Changed<Self>> {
        let next = |hold: &Self| Self { version: hold.version + 1, ..hold.clone() };
        pairs::told(self, to, next, |hold, owner, party| Happening {
            kind,
            noun: Noun::LegalHold,
            key: hold.id.key(),
            version: hold.version,
            region: hold.region,
            owner,
            party,
            audience: Audience::PARTIES,
            at,
            fact: Fact::LegalHold(LegalHoldFact { episode: hold.episode, percent: hold.told }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jurisdiction::tests::clock;
    use uuid::Uuid;

    fn agency(n: u128) -> OrganizationId {
        OrganizationId::of(Uuid::from_u128(n))
    }

    fn at(minutes: i64) -> At {
        At::from_micros(0).plus_minutes(minutes)
    }

    fn new(began_at: At, expires_at: Option<At>) -> NewLegalHold {
        NewLegalHold {
            id: LegalHoldId::of(Uuid::nil()),
            region: RegionId::of(Uuid::nil()),
            episode: EpisodeId::of(Uuid::nil()),
            recorder: agency(1),
            began_at,
            expires_at,
        }
    }

    fn last(changes: Vec<Changed<LegalHold>>) -> LegalHold {
        changes.into_iter().next_back().unwrap().into_state()
    }

    #[test]
    fn it_warns_at_each_mark_and_once_at_its_end() {
        use EventKind::{LegalHoldExpired as Expired, LegalHoldWarned as Warned};
        let mut hold = last(LegalHold::begin(new(at(0), None), &clock(480), &[agency(1)], at(10)).unwrap());
        let mut told = Vec::new();
        while let Some(due) = hold.due_at {
            assert!(hold.tell_time(&[agency(1)], due.plus_micros(-1)).is_none(), "before its time");
            let changes = hold.tell_time(&[agency(1)], due).unwrap();
            let (kind, minute) = (changes[0].happening().kind, due.micros_since(at(0)) / 60_000_000);
            hold = last(changes);
            told.push((kind, hold.told, minute));
        }
        assert_eq!(told, [(Warned, 50, 240), (Warned, 75, 360), (Warned, 90, 432), (Expired, 100, 480)]);
        // It stands, expired, until somebody says how it ended.
        assert_eq!((hold.ended_at, hold.percent_at(at(600))), (None, 100));
        let ended = last(hold.end(&[agency(1)], at(600)).unwrap());
        assert_eq!(ended.ended_at, Some(at(600)));
        assert!(ended.end(&[agency(1)], at(601)).is_none());
    }

    #[test]
    fn what_was_passed_before_anybody_recorded_it_is_told_at_once_and_as_one() {
        let late = last(LegalHold::begin(new(at(0), None), &clock(480), &[agency(1)], at(370)).unwrap());
        assert!(late.due_at.unwrap() < at(370));
        let warned = last(late.tell_time(&[agency(1)], at(370)).unwrap());
        assert_eq!((warned.told, warned.due_at), (75, Some(at(432))));
        let over = last(LegalHold::begin(new(at(0), None), &clock(480), &[agency(1)], at(500)).unwrap());
        assert_eq!(last(over.tell_time(&[agency(1)], at(500)).unwrap()).due_at, None);
    }

    #[test]
    fn each_agency_is_told_once_in_as_few_events_as_can_be() {
        let all: Vec<_> = (1..=4).map(agency).collect();
        for many in 1..=4 {
            let changes = LegalHold::begin(new(at(0), None), &clock(480), &all[..many], at(0)).unwrap();
            let told = changes.iter().map(Changed::happening).flat_map(|one| [Some(one.owner), one.party]);
            assert_eq!(told.flatten().collect::<Vec<_>>(), all[..many]);
            let versions: Vec<_> = changes.iter().map(|change| change.state().version).collect();
            assert_eq!(versions, (1..=i64::try_from(many.div_ceil(2)).unwrap()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_lies_ahead_and_what_no_order_says_is_no_clock() {
        let begin = |began, expires| LegalHold::begin(new(began, expires), &clock(480), &[agency(1)], at(100_000));
        assert_eq!(begin(at(100_001), None).unwrap_err(), NotBegun::InFuture);
        for (began, expires) in [
            (at(0), None),
            (at(99_000), Some(at(99_000))),
            (at(99_000), Some(at(98_000))),
            (at(99_000), Some(at(99_000 + 961))),
        ] {
            assert!(matches!(begin(began, expires), Err(NotBegun::Flaw(_))));
        }
        // As long as an order may let it run, and no longer.
        assert_eq!(last(begin(at(99_000), Some(at(99_960))).unwrap()).expires_at, at(99_960));
    }
}
