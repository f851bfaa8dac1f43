//! Handoffs: a person on the way from one agency into the care of another. Here stands what both may know: places, states,
//! clocks; nothing of who the person is.
mod codes;
mod states;
mod summary;
#[cfg(test)]
mod tests;

pub use codes::*;
pub use states::{HandoffState, HandoffStep, Party, is_ever, next, table};
pub use summary::{AgeBand, NeedSummary};

use super::bed::BedUnit;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{BedHoldId, BedUnitId, GrantId, HandoffId, Noun, NounId, OrganizationId, PathwayId, RegionId};
use super::pathway::Pathway;
use super::service::ServiceKind;
use super::text::{self, Flaw};
use super::time::At;

/// Within how many minutes of arrival those who brought the person are to be free again: the Crisis Now standard.
pub const CLEAR_MINUTES: i64 = 10;
/// How long the receiver's word waits for the sender's, in minutes.
pub const CONFIRM_MINUTES: i64 = 15;
/// How long after its clock has run out a handoff is given up, in minutes.
pub const GIVE_UP_MINUTES: i64 = 240;
/// Characters of a short code.
const CODE_CHARS: u32 = 6;
/// What short codes are written in: Crockford's base 32, which has no letters that are mistaken for digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// One handoff.
#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    /// Its id.
    pub id: HandoffId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// What people call it on the radio.
    pub code: String,
    /// The agency that sends the person.
    pub sender: OrganizationId,
    /// The agency that receives the person.
    pub receiver: OrganizationId,
    /// The grant that it was announced under.
    pub sent_by: Option<GrantId>,
    /// The call sign of the field unit that it was announced for, by its dispatcher.
    pub on_behalf_of: Option<String>,
    /// What both may know of the need.
    pub need: NeedSummary,
    /// By which pathway, and by which version of its terms.
    pub pathway: (PathwayId, Version),
    /// Where to.
    pub unit: BedUnitId,
    /// The place that is kept; none where none was free.
    pub hold: Option<BedHoldId>,
    /// Where it stands.
    pub state: HandoffState,
    /// When the person is expected.
    pub arrive_by: At,
    /// Until when the word that is awaited is expected; none when it has ended.
    pub due_at: Option<At>,
    /// The word that is awaited is late, and the log has told so.
    pub late: bool,
    /// What happened when.
    pub times: Times,
    /// How it ended, where a reason belongs to it.
    pub ending: Option<Ending>,
}

/// What happened when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Times {
    /// It was announced.
    pub announced_at: At,
    /// The person set out.
    pub departed_at: Option<At>,
    /// The person was at the door.
    pub arrived_at: Option<At>,
    /// The sender confirmed the transfer.
    pub sender_confirmed_at: Option<At>,
    /// The receiver confirmed the transfer.
    pub receiver_confirmed_at: Option<At>,
    /// It ended.
    pub ended_at: Option<At>,
}

/// The coded state of a handoff, as the log keeps it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HandoffFact {
    /// The agency that receives the person.
    pub receiver: OrganizationId,
    /// The level of care that is sought.
    pub level_of_care: Option<ServiceKind>,
    /// By which pathway, and by which version of its terms.
    pub pathway: (PathwayId, Version),
    /// Where to.
    pub unit: BedUnitId,
    /// The place that is kept.
    pub hold: Option<BedHoldId>,
    /// Where it stands.
    pub state: HandoffState,
    /// When the person is expected.
    pub arrive_by: At,
    /// Until when the word that is awaited is expected.
    pub due_at: Option<At>,
    /// That word is late.
    pub late: bool,
    /// What happened when.
    pub times: Times,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// What is announced.
#[derive(Clone, Debug)]
pub struct NewHandoff {
    /// Its id.
    pub id: HandoffId,
    /// The agency that sends the person.
    pub sender: OrganizationId,
    /// The grant that it is announced under.
    pub sent_by: Option<GrantId>,
    /// The call sign of the field unit that it is announced for.
    pub on_behalf_of: Option<String>,
    /// What both may know of the need.
    pub need: NeedSummary,
    /// In how many minutes the person is expected; as the pathway says when not given.
    pub arrive_minutes: Option<u32>,
    /// The place that is kept.
    pub hold: Option<BedHoldId>,
}

/// A move, with the reason that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The person sets out.
    Depart,
    /// The person is at the door.
    Arrive,
    /// The transfer of care is confirmed.
    Confirm,
    /// The receiver sends the person on.
    Redirect(RedirectReason),
    /// It ends on the way.
    Fail(FailReason),
}

/// Why a handoff does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveRefused {
    /// It does not stand where this move begins, or the move is the other party's.
    WrongState,
    /// It has changed since it was read.
    StaleVersion,
}

impl Move {
    /// The step that it is.
    pub fn step(self) -> HandoffStep {
        match self {
            Self::Depart => HandoffStep::Depart,
            Self::Arrive => HandoffStep::Arrive,
            Self::Confirm => HandoffStep::Confirm,
            Self::Redirect(_) => HandoffStep::Redirect,
            Self::Fail(_) => HandoffStep::Fail,
        }
    }

    fn ending(self) -> Option<Ending> {
        match self {
            Self::Depart | Self::Arrive | Self::Confirm => None,
            Self::Redirect(reason) => Some(Ending::Redirected(reason)),
            Self::Fail(reason) => Some(Ending::Failed(reason)),
        }
    }
}

impl Handoff {
    /// Announces a handoff to a unit by a pathway: it is accepted as it is made.
    pub fn announce(new: NewHandoff, pathway: &Pathway, unit: &BedUnit, now: At) -> Result<Changed<Self>, Flaw> {
        let terms = &pathway.details.terms;
        let minutes = new.arrive_minutes.unwrap_or(terms.arrive_minutes);
        text::within("arriveMinutes", i64::from(minutes), 0, i64::from(terms.arrive_minutes))?;
        text::maybe_line("onBehalfOf", new.on_behalf_of.as_ref(), 40)?;
        let arrive_by = now.plus_minutes(i64::from(minutes));
        let handoff = Self {
            id: new.id,
            region: unit.entry.region,
            version: 1,
            code: short_code(new.id),
            sender: new.sender,
            receiver: unit.entry.owner,
            sent_by: new.sent_by,
            on_behalf_of: new.on_behalf_of,
            need: new.need,
            pathway: (pathway.id, pathway.version),
            unit: unit.id(),
            hold: new.hold,
            state: HandoffState::Accepted,
            arrive_by,
            due_at: Some(arrive_by),
            late: false,
            times: Times { announced_at: now, ..Times::default() },
            ending: None,
        };
        Ok(handoff.changed(EventKind::HandoffAnnounced, now))
    }

    /// Moves it, for one of its parties.
    pub fn go(&self, to: Move, by: Party, now: At) -> Result<Changed<Self>, MoveRefused> {
        let state = next(self.state, to.step(), by).ok_or(MoveRefused::WrongState)?;
        let mut moved = Self { ending: to.ending(), ..self.in_state(state, now) };
        match (to, by) {
            (Move::Depart, _) => moved.times.departed_at = Some(now),
            (Move::Arrive, _) => moved.times.arrived_at = Some(now),
            (Move::Confirm, Party::Receiver) => moved.times.receiver_confirmed_at = Some(now),
            (Move::Confirm, _) => moved.times.sender_confirmed_at = Some(now),
            (Move::Redirect(_) | Move::Fail(_), _) => {}
        }
        Ok(moved.changed(kind_of(to.step(), state), now))
    }

    /// Tells the log that its clock has run out: that a word is late, and long after that how it ends without one. `None`
    /// while the clock runs.
    pub fn tell_time(&self, now: At) -> Option<Changed<Self>> {
        let due = self.due_at.filter(|due| *due <= now)?;
        let state = next(self.state, HandoffStep::GiveUp, Party::Hub)?;
        // The receiver's word stands: the sender's silence confirms it, and is nobody's lateness.
        if self.late || state == HandoffState::Transferred {
            return Some(self.in_state(state, now).changed(kind_of(HandoffStep::GiveUp, state), now));
        }
        let due_at = Some(due.max(now).plus_minutes(GIVE_UP_MINUTES));
        Some(
            Self { late: true, due_at, version: self.version + 1, ..self.clone() }.changed(EventKind::HandoffLate, now),
        )
    }

    /// Refuses what is decided on an older version.
    pub fn expect(&self, version: Option<Version>) -> Result<(), MoveRefused> {
        match version {
            Some(expected) if expected != self.version => Err(MoveRefused::StaleVersion),
            _ => Ok(()),
        }
    }

    fn in_state(&self, state: HandoffState, now: At) -> Self {
        let due_at = match state {
            HandoffState::Accepted | HandoffState::EnRoute => Some(self.arrive_by.max(now)),
            HandoffState::Arrived => Some(now.plus_minutes(CLEAR_MINUTES)),
            // Still the door-to-clear clock: it is the receiver who has not spoken.
            HandoffState::HandedOver => self.due_at,
            HandoffState::Received => Some(now.plus_minutes(CONFIRM_MINUTES)),
            HandoffState::Transferred | HandoffState::Redirected | HandoffState::Failed | HandoffState::Lapsed => None,
        };
        let times = Times { ended_at: (!state.is_open()).then_some(now), ..self.times };
        // A word that came late came; the next one is awaited anew. Setting out is not arriving.
        let late = self.late && matches!(state, HandoffState::EnRoute | HandoffState::HandedOver);
        let due_at = if late { self.due_at } else { due_at };
        Self { state, due_at, late, times, version: self.version + 1, ..self.clone() }
    }

    /// Told to both its parties, and to nobody else.
    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let fact = HandoffFact {
            receiver: self.receiver,
            level_of_care: self.need.level_of_care,
            pathway: self.pathway,
            unit: self.unit,
            hold: self.hold,
            state: self.state,
            arrive_by: self.arrive_by,
            due_at: self.due_at,
            late: self.late,
            times: self.times,
            ending: self.ending,
        };
        let happening = Happening {
            kind,
            noun: Noun::Handoff,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.sender,
            party: Some(self.receiver),
            audience: Audience::PARTIES,
            at,
            fact: Fact::Handoff(Box::new(fact)),
        };
        Changed::new(self, happening)
    }
}

fn kind_of(step: HandoffStep, to: HandoffState) -> EventKind {
    match (step, to) {
        (_, HandoffState::Transferred) => EventKind::HandoffTransferred,
        (HandoffStep::Depart, _) => EventKind::HandoffDeparted,
        (HandoffStep::Arrive, _) => EventKind::HandoffArrived,
        (HandoffStep::Confirm, _) => EventKind::HandoffConfirmed,
        (HandoffStep::Redirect, _) => EventKind::HandoffRedirected,
        (HandoffStep::Fail, _) => EventKind::HandoffFailed,
        (HandoffStep::GiveUp, _) => EventKind::HandoffLapsed,
    }
}

/// What people call a handoff: the random end of its id, in letters that can be read out. Two that are open in a region at
/// once may share one in about a billion.
fn short_code(id: HandoffId) -> String {
    let bits = id.key().as_u128();
    let letter = |place: u32| ALPHABET.get(usize::try_from((bits >> (5 * place)) & 31).unwrap_or(0)).copied();
    (0..CODE_CHARS).rev().filter_map(letter).map(char::from).collect()
}
