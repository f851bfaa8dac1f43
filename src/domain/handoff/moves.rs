//! What a party says of a handoff, and what time says when nobody does.
use super::offer::{Acceptance, Choice, Refusal, Waitlist};
use super::{
    AcceptanceCondition, CHOICE_MINUTES, CLEAR_MINUTES, CONFIRM_MINUTES, ContactKind, Destination, Door, Ending,
    FailReason, GIVE_UP_MINUTES, Handoff, HandoffState, HandoffStep, InformationItem, Party, PoliceAsked,
    RedirectReason, SafetyTrigger, Supervisor, Times, TransportWord, WithdrawReason, next,
};
use crate::domain::entry::{Changed, Version};
use crate::domain::event::EventKind;
use crate::domain::time::At;

/// A move, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// The receiver has seen the offer.
    Acknowledge,
    /// The receiver asks for something before it decides.
    Ask(Vec<InformationItem>),
    /// The sender has sent what was asked for.
    Answer,
    /// The receiver puts the person on its list.
    Waitlist(Waitlist),
    /// The receiver takes the person.
    Accept(Acceptance),
    /// The sender chooses this receiver.
    Choose(Choice),
    /// The receiver does not take the person.
    Decline(Refusal),
    /// The offer is taken back.
    Withdraw(WithdrawReason),
    /// The person sets out.
    Depart,
    /// The person is at the door.
    Arrive,
    /// Somebody spoke with somebody.
    Contact(ContactKind),
    /// It is said who drives.
    Drive(TransportWord),
    /// Police are asked to come, with the person's agreement or without.
    AskPolice(SafetyTrigger, bool),
    /// The transfer of care is confirmed, with what was seen at the door.
    Confirm(Door),
    /// The receiver sends the person on; and who answers for that, where it is said at once.
    Redirect(RedirectReason, Option<String>),
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
    /// The receiver's yes depends on what nobody has said is met.
    ConditionsOpen,
    /// A house that the person calls by themself says nothing of their health.
    ClinicalReason,
}

impl Move {
    /// Whether it says, or asks for, something of the person's health.
    fn is_clinical(&self) -> bool {
        let any = |conditions: &[AcceptanceCondition]| conditions.iter().any(|condition| condition.is_clinical());
        match self {
            Self::Decline(no) => no.reason.is_clinical() || any(&no.could_accept_if),
            Self::Accept(yes) => any(&yes.conditions),
            Self::Ask(items) => items.iter().any(|item| item.is_clinical()),
            _ => false,
        }
    }

    fn ending(&self) -> Option<Ending> {
        match self {
            Self::Redirect(reason, _) => Some(Ending::Redirected(*reason)),
            Self::Fail(reason) => Some(Ending::Failed(*reason)),
            Self::Decline(refusal) => Some(Ending::Declined(refusal.reason)),
            Self::Withdraw(reason) => Some(Ending::Withdrawn(*reason)),
            Self::Acknowledge
            | Self::Ask(_)
            | Self::Answer
            | Self::Waitlist(_)
            | Self::Accept(_)
            | Self::Choose(_)
            | Self::Depart
            | Self::Arrive
            | Self::Contact(_)
            | Self::Drive(_)
            | Self::AskPolice(..)
            | Self::Confirm(_) => None,
        }
    }
}

impl Handoff {
    /// The step that a move is, of this handoff: a yes settles it where the first one does and nothing depends on more.
    pub fn step(&self, to: &Move) -> HandoffStep {
        match to {
            Move::Acknowledge => HandoffStep::Acknowledge,
            Move::Ask(_) => HandoffStep::Ask,
            Move::Answer => HandoffStep::Answer,
            Move::Waitlist(_) => HandoffStep::Waitlist,
            Move::Accept(yes) => {
                let first = self.offer.as_ref().is_some_and(|offer| offer.coded.first_accept);
                if first && yes.conditions.is_empty() { HandoffStep::Accept } else { HandoffStep::Agree }
            }
            Move::Choose(_) => HandoffStep::Choose,
            Move::Decline(_) => HandoffStep::Decline,
            Move::Withdraw(_) => HandoffStep::Withdraw,
            Move::Depart => HandoffStep::Depart,
            Move::Arrive => HandoffStep::Arrive,
            Move::Contact(_) => HandoffStep::Contact,
            Move::Drive(_) => HandoffStep::Drive,
            Move::AskPolice(..) => HandoffStep::AskPolice,
            Move::Confirm(_) => HandoffStep::Confirm,
            Move::Redirect(..) => HandoffStep::Redirect,
            Move::Fail(_) => HandoffStep::Fail,
        }
    }

    /// Moves it, for one of its parties, or for the hub where another receiver was chosen.
    pub fn go(&self, to: &Move, by: Party, now: At) -> Result<Changed<Self>, MoveRefused> {
        let step = self.step(to);
        let state = next(self.state, step, by).ok_or(MoveRefused::WrongState)?;
        let offer = self.offer.as_ref().map(|offer| &offer.coded);
        match to {
            Move::Choose(choice)
                if !choice.conditions_met && offer.is_some_and(|offer| !offer.conditions.is_empty()) =>
            {
                return Err(MoveRefused::ConditionsOpen);
            }
            to if to.is_clinical() && offer.is_some_and(|offer| offer.self_referral) => {
                return Err(MoveRefused::ClinicalReason);
            }
            _ => {}
        }
        let mut moved = self.clone();
        moved.note(to, by, now);
        if step.is_beside() {
            return Ok(Self { version: self.version + 1, ..moved }.changed(kind_of(step, state), now));
        }
        // Settled from here on, with all the time that the way takes.
        if state == HandoffState::Accepted {
            moved.times.settled_at = Some(now);
            let minutes = self.offer.as_ref().map_or(0, |offer| offer.coded.arrive_minutes);
            moved.arrive_by = now.plus_minutes(i64::from(minutes));
        }
        let moved = Self { ending: to.ending(), ..moved.in_state(state, now) };
        Ok(moved.changed(kind_of(step, state), now))
    }

    /// Writes down what a move says.
    fn note(&mut self, to: &Move, by: Party, now: At) {
        let times = &mut self.times;
        match (to, by) {
            (Move::Acknowledge, _) => times.acknowledged_at = Some(now),
            (Move::Accept(_), _) => times.agreed_at = Some(now),
            (Move::Depart, _) => {
                times.departed_at = Some(now);
                self.course.set_out(now);
            }
            (Move::Arrive, _) => {
                times.arrived_at = Some(now);
                self.course.set_out(now);
            }
            (Move::Confirm(door), by) => {
                match by {
                    Party::Receiver => times.receiver_confirmed_at = Some(now),
                    Party::Sender | Party::Hub => times.sender_confirmed_at = Some(now),
                }
                self.course.at_the_door(*door, by);
            }
            // Whoever may not refuse says who answers for it; whoever was asked may.
            (Move::Redirect(_, name), _) if self.offer.is_none() || name.is_some() => {
                self.supervisor = Some(Supervisor::of_redirection(name.as_ref(), now));
            }
            (Move::Contact(kind), by) => self.course.speak(*kind, by, now),
            (Move::Drive(word), _) => self.course.drive(*word, times.departed_at, now),
            (Move::AskPolice(trigger, agreed), _) => {
                self.course.police = Some(PoliceAsked { trigger: *trigger, person_agreed: *agreed, at: now });
            }
            _ => {}
        }
        // Whoever answers has looked.
        if matches!(to, Move::Ask(_) | Move::Waitlist(_) | Move::Accept(_) | Move::Decline(_)) {
            times.acknowledged_at = times.acknowledged_at.or(Some(now));
        }
        let Some(offer) = &mut self.offer else { return };
        let coded = &mut offer.coded;
        match to {
            Move::Ask(items) => coded.ask(items, self.state == HandoffState::Waitlisted, now),
            Move::Answer => {
                coded.answer(now);
                self.arrive_by = coded.decide_by.plus_minutes(i64::from(coded.arrive_minutes));
            }
            Move::Waitlist(list) => coded.waitlist = Some(*list),
            Move::Accept(yes) => {
                coded.conditions.clone_from(&yes.conditions);
                offer.accepted_by = Some(yes.by.clone());
            }
            Move::Decline(refusal) => {
                coded.could_accept_if.clone_from(&refusal.could_accept_if);
                coded.bed_was_shown_available = Some(refusal.bed_was_shown_available);
            }
            _ => {}
        }
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
        let due_at = Some(self.given_up_at(due.max(now)));
        Some(
            Self { late: true, due_at, version: self.version + 1, ..self.clone() }.changed(EventKind::HandoffLate, now),
        )
    }

    /// How long after a word is late it is waited for no more.
    fn given_up_at(&self, late_at: At) -> At {
        match (&self.offer, self.state) {
            // Who has not even looked when it should have decided does not answer: the sender asks elsewhere.
            (Some(offer), HandoffState::Offered) => offer.coded.decide_by.max(late_at.plus_minutes(1)),
            // Where somebody is to come at once, a late yes is no help: the sender asks the next team.
            (Some(offer), HandoffState::Acknowledged) if self.to.team().is_some() => {
                late_at.plus_minutes(i64::from(offer.coded.decide_minutes))
            }
            _ => late_at.plus_minutes(GIVE_UP_MINUTES),
        }
    }

    /// Tells the log that the time for the transport to come has passed. `None` while it runs.
    pub fn tell_transport(&self, now: At) -> Option<Changed<Self>> {
        let course = self.course.transport_overdue(now).filter(|_| self.transport_due_at().is_some())?;
        let told = Self { course, version: self.version + 1, ..self.clone() };
        Some(told.changed(EventKind::HandoffTransportLate, now))
    }

    /// By when the transport is waited for; never once the person is under way.
    pub fn transport_due_at(&self) -> Option<At> {
        self.course.transport.filter(|_| self.state == HandoffState::Accepted)?.due_at()
    }

    /// Whose word is awaited; nobody's when it has ended.
    pub fn awaits(&self) -> Option<Party> {
        match (self.state, self.to) {
            (HandoffState::Accepted | HandoffState::EnRoute, Destination::Team(_)) => Some(Party::Receiver),
            (state, _) => state.awaits(),
        }
    }

    /// Refuses what is decided on an older version.
    pub fn expect(&self, version: Option<Version>) -> Result<(), MoveRefused> {
        match version {
            Some(expected) if expected != self.version => Err(MoveRefused::StaleVersion),
            _ => Ok(()),
        }
    }

    fn in_state(&self, state: HandoffState, now: At) -> Self {
        use HandoffState as S;
        let offer = self.offer.as_ref().map(|offer| &offer.coded);
        let due_at = match state {
            // Nothing leads back to where an offer begins.
            S::Offered => self.due_at,
            S::Acknowledged => offer.map(|offer| offer.decide_by.max(now)),
            S::NeedsInformation => offer.map(|offer| now.plus_minutes(i64::from(offer.decide_minutes))),
            S::Waitlisted => offer.and_then(|offer| offer.waitlist).map(|list| list.review_at.max(now)),
            S::Agreed => Some(now.plus_minutes(CHOICE_MINUTES)),
            S::Accepted | S::EnRoute => Some(self.arrive_by.max(now)),
            S::Arrived => Some(now.plus_minutes(CLEAR_MINUTES)),
            // Still the door-to-clear clock: it is the receiver who has not spoken.
            S::HandedOver => self.due_at,
            S::Received => Some(now.plus_minutes(CONFIRM_MINUTES)),
            S::Transferred | S::Redirected | S::Failed | S::Declined | S::Expired | S::Withdrawn | S::Lapsed => None,
        };
        let times = Times { ended_at: (!state.is_open()).then_some(now), ..self.times };
        // A word that came late came; the next one is awaited anew. Setting out is not arriving.
        let late = self.late && matches!(state, S::EnRoute | S::HandedOver);
        let due_at = if late { self.due_at } else { due_at };
        Self { state, due_at, late, times, version: self.version + 1, ..self.clone() }
    }
}

fn kind_of(step: HandoffStep, to: HandoffState) -> EventKind {
    match (step, to) {
        (_, HandoffState::Transferred) => EventKind::HandoffTransferred,
        (HandoffStep::Acknowledge, _) => EventKind::HandoffAcknowledged,
        (HandoffStep::Ask, _) => EventKind::HandoffAsked,
        (HandoffStep::Answer, _) => EventKind::HandoffAnswered,
        (HandoffStep::Waitlist, _) => EventKind::HandoffWaitlisted,
        (HandoffStep::Agree, _) => EventKind::HandoffAgreed,
        (HandoffStep::Accept | HandoffStep::Choose, _) => EventKind::HandoffAccepted,
        (HandoffStep::Decline, _) => EventKind::HandoffDeclined,
        (HandoffStep::Withdraw, _) => EventKind::HandoffWithdrawn,
        (HandoffStep::Depart, _) => EventKind::HandoffDeparted,
        (HandoffStep::Arrive, _) => EventKind::HandoffArrived,
        (HandoffStep::Contact, _) => EventKind::HandoffContacted,
        (HandoffStep::Drive, _) => EventKind::HandoffTransportSet,
        (HandoffStep::AskPolice, _) => EventKind::HandoffPoliceAsked,
        (HandoffStep::Confirm, _) => EventKind::HandoffConfirmed,
        (HandoffStep::Redirect, _) => EventKind::HandoffRedirected,
        (HandoffStep::Fail, _) => EventKind::HandoffFailed,
        (HandoffStep::GiveUp, HandoffState::Expired) => EventKind::HandoffExpired,
        (HandoffStep::GiveUp, _) => EventKind::HandoffLapsed,
    }
}
