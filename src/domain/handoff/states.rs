//! How a handoff moves: one table, from which every move is looked up.
//!
//! Its published form is `schema/handoff-states.txt`, generated from here.
use crate::domain::code::{Coded, codes};

codes! {
    /// Where a handoff stands.
    HandoffState {
        /// A place has been asked for; the receiver has not looked yet.
        Offered "OFFERED",
        /// The receiver has seen the offer, and decides.
        Acknowledged "ACKNOWLEDGED",
        /// The receiver has asked the sender for something first; the time to decide stands still.
        NeedsInformation "NEEDS_INFORMATION",
        /// The receiver would take the person later, and says when it looks again.
        Waitlisted "WAITLISTED",
        /// The receiver takes the person; the sender has not chosen yet.
        Agreed "AGREED",
        /// The place is theirs; the person has not set out.
        Accepted "ACCEPTED",
        /// The person is on the way.
        EnRoute "EN_ROUTE",
        /// The person is at the door.
        Arrived "ARRIVED",
        /// Whoever brought the person has handed over; the receiver has not said so yet.
        HandedOver "HANDED_OVER",
        /// The receiver has taken over; whoever brought the person has not said so yet.
        Received "RECEIVED",
        /// Both have said that the person is in the receiver's care, or the receiver has and the other was silent.
        Transferred "TRANSFERRED",
        /// The receiver sent the person on, with a reason.
        Redirected "REDIRECTED",
        /// It ended on the way, with a reason.
        Failed "FAILED",
        /// The receiver does not take the person, with a reason.
        Declined "DECLINED",
        /// The receiver never answered the offer.
        Expired "EXPIRED",
        /// The sender needs the place no more, with a reason.
        Withdrawn "WITHDRAWN",
        /// A word that was awaited never came.
        Lapsed "LAPSED",
    }
    /// What moves a handoff.
    HandoffStep {
        /// The receiver has seen the offer.
        Acknowledge "ACKNOWLEDGE",
        /// The receiver asks for something before it decides.
        Ask "ASK",
        /// The sender has sent what was asked for.
        Answer "ANSWER",
        /// The receiver puts the person on its list.
        Waitlist "WAITLIST",
        /// The receiver takes the person, and the sender has the choice.
        Agree "AGREE",
        /// The receiver takes the person, and that settles it.
        Accept "ACCEPT",
        /// The sender chooses this receiver, and that settles it.
        Choose "CHOOSE",
        /// The receiver does not take the person.
        Decline "DECLINE",
        /// The sender needs the place no more; or the hub says so, because another was chosen.
        Withdraw "WITHDRAW",
        /// The person sets out.
        Depart "DEPART",
        /// The person is at the door.
        Arrive "ARRIVE",
        /// Somebody spoke with somebody.
        Contact "CONTACT",
        /// It is said who drives.
        Drive "DRIVE",
        /// Police are asked to come.
        AskPolice "ASK_POLICE",
        /// The transfer of care is confirmed.
        Confirm "CONFIRM",
        /// The receiver sends the person on.
        Redirect "REDIRECT",
        /// It ends on the way.
        Fail "FAIL",
        /// Its clock has run out long ago, and nobody has said anything.
        GiveUp "GIVE_UP",
    }
    /// Who moves a handoff.
    Party {
        /// The agency that sends the person.
        Sender "SENDER",
        /// The agency that receives the person.
        Receiver "RECEIVER",
        /// The hub, when a clock has run out.
        Hub "HUB",
    }
}

/// Where a step by a party leads from a state; `None` where it leads nowhere.
///
/// Nothing leads on from the receiver's word but the sender's: what becomes of somebody in care is no part of a handoff, so no
/// officer can read it here (45 CFR 164.512(f)).
pub fn next(from: HandoffState, step: HandoffStep, by: Party) -> Option<HandoffState> {
    use HandoffState as S;
    use HandoffStep as T;
    use Party as P;
    Some(match (from, step, by) {
        (S::Offered, T::Acknowledge, P::Receiver) => S::Acknowledged,
        (S::Offered | S::Acknowledged | S::Waitlisted, T::Ask, P::Receiver) => S::NeedsInformation,
        (S::NeedsInformation, T::Answer, P::Sender) => S::Acknowledged,
        (S::Offered | S::Acknowledged | S::NeedsInformation | S::Waitlisted, T::Waitlist, P::Receiver) => S::Waitlisted,
        (S::Offered | S::Acknowledged | S::NeedsInformation | S::Waitlisted, T::Agree, P::Receiver) => S::Agreed,
        (S::Offered | S::Acknowledged | S::NeedsInformation | S::Waitlisted, T::Accept, P::Receiver)
        | (S::Agreed, T::Choose, P::Sender) => S::Accepted,
        // A yes that nobody has chosen can be taken back, with a reason.
        (from, T::Decline, P::Receiver) if from.is_offer() => S::Declined,
        (from, T::Withdraw, P::Sender | P::Hub) if from.is_offer() => S::Withdrawn,
        // A word beside the way: nothing moves, and no clock with it.
        (from, T::Contact | T::AskPolice, P::Sender | P::Receiver) if from.is_open() => from,
        (from @ (S::Accepted | S::EnRoute), T::Drive, P::Sender | P::Receiver) => from,
        // A team sets out itself, and a facility may fetch somebody.
        (S::Accepted, T::Depart, P::Sender | P::Receiver) => S::EnRoute,
        (S::Accepted | S::EnRoute, T::Arrive, P::Sender | P::Receiver) => S::Arrived,
        (S::Arrived, T::Confirm, P::Sender) => S::HandedOver,
        (S::Arrived, T::Confirm, P::Receiver) => S::Received,
        (S::HandedOver, T::Confirm, P::Receiver) | (S::Received, T::Confirm, P::Sender) => S::Transferred,
        // Who has taken somebody over has refused nobody.
        (S::Accepted | S::EnRoute | S::Arrived | S::HandedOver, T::Redirect, P::Receiver) => S::Redirected,
        (S::Accepted | S::EnRoute | S::Arrived | S::HandedOver, T::Fail, P::Sender | P::Receiver) => S::Failed,
        // The receiver's word is enough; the sender's is not.
        (S::Received, T::GiveUp, P::Hub) => S::Transferred,
        (S::Offered | S::Acknowledged | S::Waitlisted, T::GiveUp, P::Hub) => S::Expired,
        (
            S::NeedsInformation | S::Agreed | S::Accepted | S::EnRoute | S::Arrived | S::HandedOver,
            T::GiveUp,
            P::Hub,
        ) => S::Lapsed,
        _ => return None,
    })
}

impl HandoffStep {
    /// Whether it is a word beside the way: it moves nothing, and no clock.
    pub fn is_beside(self) -> bool {
        matches!(self, Self::Contact | Self::Drive | Self::AskPolice)
    }
}

/// Whether a step is ever a party's.
pub fn is_ever(step: HandoffStep, by: Party) -> bool {
    HandoffState::ALL.iter().any(|from| next(*from, step, by).is_some())
}

impl HandoffState {
    /// Whose word is awaited; nobody's when it has ended. On the way to a place it is the sender's; where a team comes, its own:
    /// see [`Handoff::awaits`](super::Handoff::awaits).
    pub fn awaits(self) -> Option<Party> {
        match self {
            Self::NeedsInformation | Self::Agreed | Self::Accepted | Self::EnRoute | Self::Received => {
                Some(Party::Sender)
            }
            Self::Offered | Self::Acknowledged | Self::Waitlisted | Self::Arrived | Self::HandedOver => {
                Some(Party::Receiver)
            }
            Self::Transferred
            | Self::Redirected
            | Self::Failed
            | Self::Declined
            | Self::Expired
            | Self::Withdrawn
            | Self::Lapsed => None,
        }
    }

    /// Whether it is an offer that nothing has settled yet.
    pub fn is_offer(self) -> bool {
        matches!(self, Self::Offered | Self::Acknowledged | Self::NeedsInformation | Self::Waitlisted | Self::Agreed)
    }

    /// Whether the sender has no answer yet, or a yes to choose from: those count among the offers of an episode.
    pub fn is_live_offer(self) -> bool {
        self.is_offer() && self != Self::Waitlisted
    }

    /// Whether anything can still happen.
    pub fn is_open(self) -> bool {
        self.awaits().is_some()
    }
}

/// The table as published: a line a move.
pub fn table() -> String {
    let mut text = String::from(
        "# How a handoff moves. Generated: crisis-hub schema --handoffs > schema/handoff-states.txt\n\
         # From, whose word is awaited, step, by whom, to. TRAVELER: the sender; where a team comes, the receiver.\n\n",
    );
    for from in HandoffState::ALL {
        let awaits = match from {
            HandoffState::Accepted | HandoffState::EnRoute => "TRAVELER",
            from => from.awaits().map_or("-", Coded::code),
        };
        for (step, by) in HandoffStep::ALL.iter().flat_map(|step| Party::ALL.iter().map(move |by| (*step, *by))) {
            if let Some(to) = next(*from, step, by) {
                let line = format!("{:17} {awaits:9} {:12} {:9} {}\n", from.code(), step.code(), by.code(), to.code());
                text.push_str(&line);
            }
        }
        if !from.is_open() {
            text.push_str(&format!("{:17} {awaits:9} ended: {}\n", from.code(), from.doc()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn moves() -> impl Iterator<Item = (HandoffState, HandoffStep, Party, HandoffState)> {
        HandoffState::ALL.iter().flat_map(|from| {
            let steps = HandoffStep::ALL.iter().flat_map(|step| Party::ALL.iter().map(move |by| (*step, *by)));
            steps.filter_map(move |(step, by)| Some((*from, step, by, next(*from, step, by)?)))
        })
    }

    #[test]
    fn every_open_state_has_an_owner_and_ends_by_itself() {
        for state in HandoffState::ALL {
            let given_up = next(*state, HandoffStep::GiveUp, Party::Hub);
            assert_eq!(state.is_open(), given_up.is_some_and(|to| !to.is_open()), "{state:?}");
        }
    }

    #[test]
    fn every_state_is_reached_and_no_ended_one_is_left() {
        // Announced, or offered.
        let mut reached = BTreeSet::from([HandoffState::Accepted, HandoffState::Offered]);
        while let Some(to) = moves().find(|(from, .., to)| reached.contains(from) && !reached.contains(to)) {
            reached.insert(to.3);
        }
        assert_eq!(reached, HandoffState::ALL.iter().copied().collect());
        assert!(moves().all(|(from, ..)| from.is_open()));
    }

    #[test]
    fn nobody_moves_for_another() {
        for (from, step, by, _) in moves() {
            match step {
                HandoffStep::Answer | HandoffStep::Choose => assert_eq!(by, Party::Sender),
                HandoffStep::Acknowledge
                | HandoffStep::Ask
                | HandoffStep::Waitlist
                | HandoffStep::Agree
                | HandoffStep::Accept
                | HandoffStep::Decline
                | HandoffStep::Redirect => assert_eq!(by, Party::Receiver),
                HandoffStep::GiveUp => assert_eq!(by, Party::Hub),
                HandoffStep::Withdraw => assert_ne!(by, Party::Receiver),
                _ => assert_ne!(by, Party::Hub, "{from:?}"),
            }
        }
    }
}
