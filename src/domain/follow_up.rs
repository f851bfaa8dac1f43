//! Follow-ups: what becomes of somebody after a handoff, and who sees to it. Police and dispatchers read nothing of it
//! (45 CFR 164.512(f)).
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::Handoff;
use super::id::{FollowUpId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use super::retention::RetentionLimits;
use super::text::{self, Flaw};
use super::time::At;

/// Most follow-ups that a pathway lets follow.
pub const FOLLOW_UPS_MAX: usize = 3;
/// Latest that a follow-up is planned for, in hours: thirty days, the longest window by which follow-up is measured (HEDIS FUH).
pub const WITHIN_HOURS_MAX: u32 = 720;
/// How long after its time a follow-up is waited for, in minutes: a week.
const GIVE_UP_MINUTES: i64 = 7 * 24 * 60;
/// Most attempts of one follow-up: whoever was not reached by then is UNREACHED.
pub const ATTEMPTS_MAX: u32 = 50;
/// Latest that a follow-up after a call is planned for, in hours: the line itself calls the next day, others within three.
const AFTER_CALL_HOURS_MAX: [u32; 2] = [24, 72];
/// Most follow-ups that are due for one person after calls, as one agency knows the person.
pub const OF_PERSON_MAX: u64 = 3;
/// Most follow-ups after calls that are due for one agency: more is no week's work, but a key that got lost.
pub const AFTER_CALLS_MAX: u64 = 2_000;

codes! {
    /// Who follows up.
    FollowUpBy {
        /// A peer.
        Peer "PEER",
        /// A clinic, or whoever treats the person from here on.
        Clinic "CLINIC",
        /// The mobile team.
        Team "TEAM",
        /// The 988 line.
        Line988 "LINE_988",
    }
    /// Where a follow-up stands.
    FollowUpState {
        /// It is to be done.
        Due "DUE",
        /// The person was reached, and is connected with what comes next.
        Connected "CONNECTED",
        /// The person was reached, and is not connected.
        NotConnected "NOT_CONNECTED",
        /// The person could not be reached.
        Unreached "UNREACHED",
        /// Nobody said how it went.
        Lapsed "LAPSED",
    }
    /// How an attempt went.
    FollowUpOutcome {
        /// Nobody was reached yet; it is tried again.
        Attempted "ATTEMPTED",
        /// The person was reached, and is connected with what comes next.
        Connected "CONNECTED",
        /// The person was reached, and is not connected.
        NotConnected "NOT_CONNECTED",
        /// The person could not be reached, and nobody tries again.
        Unreached "UNREACHED",
    }
}

/// What a pathway lets follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FollowUpTerm {
    /// Who follows up, of the agency that received the person.
    pub by: FollowUpBy,
    /// Within how many hours of the transfer.
    pub within_hours: u32,
}

/// Whom an agency follows up after a call: a keyed digest of the agency's own reference. No two agencies' are alike, and nobody
/// reads the reference from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonRef(pub [u8; 32]);

/// One follow-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Its id.
    pub id: FollowUpId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// After which handoff; none where a call needed no handoff.
    pub handoff: Option<HandoffId>,
    /// The agency that sees to it.
    pub owner: OrganizationId,
    /// The handoff's other agency.
    pub party: Option<OrganizationId>,
    /// Whom, after a call; none once that is shredded.
    pub person: Option<PersonRef>,
    /// Who follows up.
    pub by: FollowUpBy,
    /// Where it stands.
    pub state: FollowUpState,
    /// When it was planned.
    pub planned_at: At,
    /// By when it is to be done.
    pub done_by: At,
    /// Until when a word is awaited; none when it has ended.
    pub due_at: Option<At>,
    /// It is late, and the log has told so.
    pub late: bool,
    /// How often somebody tried.
    pub attempts: u32,
    /// When it ended.
    pub ended_at: Option<At>,
}

/// The coded state of a follow-up, as the log keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FollowUpFact {
    /// After which handoff; none where a call needed no handoff.
    pub handoff: Option<HandoffId>,
    /// Who follows up.
    pub by: FollowUpBy,
    /// Where it stands.
    pub state: FollowUpState,
    /// By when it is to be done.
    pub done_by: At,
    /// It is late.
    pub late: bool,
    /// How often somebody tried.
    pub attempts: u32,
}

/// Why how it went is not taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRecorded {
    /// It has ended.
    Ended,
    /// It was tried as often as it is: say how it ended.
    TriedOften,
}

/// What is planned after a call that needed no handoff.
#[derive(Clone, Copy, Debug)]
pub struct AfterCall {
    /// Its id.
    pub id: FollowUpId,
    /// The region.
    pub region: RegionId,
    /// The agency that took the call.
    pub owner: OrganizationId,
    /// Whom.
    pub person: PersonRef,
}

impl FollowUpTerm {
    /// Checks each limit of what a pathway lets follow.
    pub fn check(terms: &[Self]) -> Result<(), Flaw> {
        let most = i64::try_from(FOLLOW_UPS_MAX).unwrap_or(i64::MAX);
        text::within("followUps", i64::try_from(terms.len()).unwrap_or(i64::MAX), 0, most)?;
        terms.iter().try_for_each(|term| {
            text::within("withinHours", i64::from(term.within_hours), 1, i64::from(WITHIN_HOURS_MAX))
        })
    }
}

impl FollowUp {
    /// Plans one after a handoff, for one of its agencies.
    pub fn plan(
        id: FollowUpId,
        of: &Handoff,
        owner: OrganizationId,
        term: FollowUpTerm,
        now: At,
    ) -> Result<Changed<Self>, Flaw> {
        FollowUpTerm::check(&[term])?;
        let party = if owner == of.receiver { of.sender } else { of.receiver };
        let planned = Self::due(id, of.region, owner, term, now);
        let planned = Self { handoff: Some(of.id), party: Some(party), ..planned };
        Ok(planned.changed(EventKind::FollowUpPlanned, now))
    }

    /// Plans one after a call that needed no handoff, with the person's agreement.
    pub fn plan_after_call(new: AfterCall, term: FollowUpTerm, now: At) -> Result<Changed<Self>, Flaw> {
        let [line, others] = AFTER_CALL_HOURS_MAX;
        let most = if term.by == FollowUpBy::Line988 { line } else { others };
        text::within("withinHours", i64::from(term.within_hours), 1, i64::from(most))?;
        let planned = Self::due(new.id, new.region, new.owner, term, now);
        Ok(Self { person: Some(new.person), ..planned }.changed(EventKind::FollowUpPlanned, now))
    }

    fn due(id: FollowUpId, region: RegionId, owner: OrganizationId, term: FollowUpTerm, now: At) -> Self {
        let done_by = now.plus_minutes(i64::from(term.within_hours) * 60);
        Self {
            id,
            region,
            version: 1,
            handoff: None,
            owner,
            party: None,
            person: None,
            by: term.by,
            state: FollowUpState::Due,
            planned_at: now,
            done_by,
            due_at: Some(done_by),
            late: false,
            attempts: 0,
            ended_at: None,
        }
    }

    /// Forgets whom it was about; `None` while that is not over, and where it is forgotten.
    pub fn forget(&self, limits: RetentionLimits, now: At) -> Option<Changed<Self>> {
        let over = self.ended_at.is_some_and(|ended| ended <= limits.over(now));
        let forgotten = || Self { person: None, version: self.version + 1, ..*self };
        (over && self.person.is_some()).then(|| forgotten().changed(EventKind::FollowUpForgotten, now))
    }

    /// Takes down how an attempt went.
    pub fn record(&self, outcome: FollowUpOutcome, now: At) -> Result<Changed<Self>, NotRecorded> {
        if self.state != FollowUpState::Due {
            return Err(NotRecorded::Ended);
        }
        if outcome == FollowUpOutcome::Attempted && self.attempts >= ATTEMPTS_MAX {
            return Err(NotRecorded::TriedOften);
        }
        let next = Self { attempts: self.attempts.saturating_add(1), version: self.version + 1, ..*self };
        let (state, kind) = match outcome {
            FollowUpOutcome::Attempted => return Ok(next.changed(EventKind::FollowUpAttempted, now)),
            FollowUpOutcome::Connected => (FollowUpState::Connected, EventKind::FollowUpEnded),
            FollowUpOutcome::NotConnected => (FollowUpState::NotConnected, EventKind::FollowUpEnded),
            FollowUpOutcome::Unreached => (FollowUpState::Unreached, EventKind::FollowUpEnded),
        };
        Ok(Self { state, due_at: None, ended_at: Some(now), ..next }.changed(kind, now))
    }

    /// Tells the log that it is late; a week after that, that nobody said how it went. `None` while its clock runs.
    pub fn tell_time(&self, now: At) -> Option<Changed<Self>> {
        self.due_at.filter(|due| *due <= now)?;
        let next = Self { version: self.version + 1, ..*self };
        if self.late {
            let ended = Self { state: FollowUpState::Lapsed, due_at: None, ended_at: Some(now), ..next };
            return Some(ended.changed(EventKind::FollowUpEnded, now));
        }
        let due_at = Some(now.plus_minutes(GIVE_UP_MINUTES));
        Some(Self { late: true, due_at, ..next }.changed(EventKind::FollowUpLate, now))
    }

    /// Told to those of both agencies who read outcomes.
    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let fact = FollowUpFact {
            handoff: self.handoff,
            by: self.by,
            state: self.state,
            done_by: self.done_by,
            late: self.late,
            attempts: self.attempts,
        };
        let happening = Happening {
            kind,
            noun: Noun::FollowUp,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.owner,
            party: self.party,
            audience: Audience::PARTIES,
            at,
            fact: Fact::FollowUp(fact),
        };
        Changed::new(self, happening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(hours: i64) -> At {
        At::from_micros(0).plus_minutes(hours * 60)
    }

    fn planned() -> FollowUp {
        FollowUp {
            id: FollowUpId::of(Uuid::nil()),
            region: RegionId::of(Uuid::nil()),
            version: 1,
            handoff: Some(HandoffId::of(Uuid::nil())),
            owner: OrganizationId::of(Uuid::from_u128(2)),
            party: Some(OrganizationId::of(Uuid::from_u128(1))),
            person: None,
            by: FollowUpBy::Peer,
            state: FollowUpState::Due,
            planned_at: at(0),
            done_by: at(24),
            due_at: Some(at(24)),
            late: false,
            attempts: 0,
            ended_at: None,
        }
    }

    #[test]
    fn an_attempt_is_counted_and_moves_no_clock() {
        let tried = planned().record(FollowUpOutcome::Attempted, at(3)).unwrap().into_state();
        assert_eq!((tried.attempts, tried.due_at, tried.state), (1, Some(at(24)), FollowUpState::Due));
        let ended = tried.record(FollowUpOutcome::Connected, at(5)).unwrap().into_state();
        assert_eq!((ended.attempts, ended.state, ended.due_at), (2, FollowUpState::Connected, None));
        assert_eq!(ended.record(FollowUpOutcome::Unreached, at(6)).unwrap_err(), NotRecorded::Ended);
        assert!(ended.tell_time(at(1_000)).is_none());
    }

    #[test]
    fn nobody_is_tried_without_end() {
        let mut tried = planned();
        for _ in 0..ATTEMPTS_MAX {
            tried = tried.record(FollowUpOutcome::Attempted, at(1)).unwrap().into_state();
        }
        assert_eq!(tried.record(FollowUpOutcome::Attempted, at(1)).unwrap_err(), NotRecorded::TriedOften);
        let ended = tried.record(FollowUpOutcome::Unreached, at(1)).unwrap().into_state();
        assert_eq!((ended.state, ended.attempts), (FollowUpState::Unreached, ATTEMPTS_MAX + 1));
    }

    #[test]
    fn who_was_called_is_forgotten_when_that_is_over() {
        let new = AfterCall {
            id: FollowUpId::of(Uuid::nil()),
            region: RegionId::of(Uuid::nil()),
            owner: OrganizationId::of(Uuid::nil()),
            person: PersonRef([7; 32]),
        };
        let limits = RetentionLimits::default();
        for (by, most) in [(FollowUpBy::Line988, 24), (FollowUpBy::Team, 72), (FollowUpBy::Clinic, 72)] {
            let plan = |within_hours| FollowUp::plan_after_call(new, FollowUpTerm { by, within_hours }, at(0));
            assert!(plan(most).is_ok() && plan(most + 1).is_err() && plan(0).is_err(), "{by:?}");
        }
        let term = FollowUpTerm { by: FollowUpBy::Line988, within_hours: 24 };
        let planned = FollowUp::plan_after_call(new, term, at(0)).unwrap().into_state();
        assert!(planned.forget(limits, at(100_000)).is_none(), "it is due");
        let ended = planned.record(FollowUpOutcome::Connected, at(1)).unwrap().into_state();
        assert!(ended.forget(limits, at(90 * 24)).is_none());
        let forgotten = ended.forget(limits, at(90 * 24 + 1)).unwrap().into_state();
        assert_eq!((forgotten.person, forgotten.state), (None, FollowUpState::Connected));
        assert!(forgotten.forget(limits, at(100_000)).is_none());
    }

    #[test]
    fn silence_is_told_once_and_ends_a_week_later() {
        let planned = planned();
        assert!(planned.tell_time(at(24).plus_micros(-1)).is_none());
        let late = planned.tell_time(at(24)).unwrap().into_state();
        assert!(late.late && late.state == FollowUpState::Due && late.tell_time(at(25)).is_none());
        // Late is not over.
        assert!(late.record(FollowUpOutcome::Connected, at(30)).is_ok());
        let ended = late.tell_time(at(24 + 168)).unwrap().into_state();
        assert_eq!((ended.state, ended.ended_at), (FollowUpState::Lapsed, Some(at(24 + 168))));
    }
}
