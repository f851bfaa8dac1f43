//! How a handoff moves: one table, from which every move is looked up.
//!
//! Its published form is `schema/handoff-states.txt`, generated from here.
use crate::domain::code::{Coded, codes};

codes! {
    /// Where a handoff stands.
    HandoffState {
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
        /// Nobody said how it ended.
        Lapsed "LAPSED",
    }
    /// What moves a handoff.
    HandoffStep {
        /// The person sets out.
        Depart "DEPART",
        /// The person is at the door.
        Arrive "ARRIVE",
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
        (S::Accepted, T::Depart, P::Sender) => S::EnRoute,
        (S::Accepted | S::EnRoute, T::Arrive, P::Sender | P::Receiver) => S::Arrived,
        (S::Arrived, T::Confirm, P::Sender) => S::HandedOver,
        (S::Arrived, T::Confirm, P::Receiver) => S::Received,
        (S::HandedOver, T::Confirm, P::Receiver) | (S::Received, T::Confirm, P::Sender) => S::Transferred,
        // Who has taken somebody over has refused nobody.
        (S::Accepted | S::EnRoute | S::Arrived | S::HandedOver, T::Redirect, P::Receiver) => S::Redirected,
        (S::Accepted | S::EnRoute | S::Arrived | S::HandedOver, T::Fail, P::Sender | P::Receiver) => S::Failed,
        // The receiver's word is enough; the sender's is not.
        (S::Received, T::GiveUp, P::Hub) => S::Transferred,
        (S::Accepted | S::EnRoute | S::Arrived | S::HandedOver, T::GiveUp, P::Hub) => S::Lapsed,
        _ => return None,
    })
}

/// Whether a step is ever a party's.
pub fn is_ever(step: HandoffStep, by: Party) -> bool {
    HandoffState::ALL.iter().any(|from| next(*from, step, by).is_some())
}

impl HandoffState {
    /// Whose word is awaited; nobody's when it has ended.
    pub fn awaits(self) -> Option<Party> {
        match self {
            Self::Accepted | Self::EnRoute | Self::Received => Some(Party::Sender),
            Self::Arrived | Self::HandedOver => Some(Party::Receiver),
            Self::Transferred | Self::Redirected | Self::Failed | Self::Lapsed => None,
        }
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
         # From, whose word is awaited, step, by whom, to.\n\n",
    );
    for from in HandoffState::ALL {
        let awaits = from.awaits().map_or("-", Coded::code);
        for (step, by) in HandoffStep::ALL.iter().flat_map(|step| Party::ALL.iter().map(move |by| (*step, *by))) {
            if let Some(to) = next(*from, step, by) {
                let line = format!("{:12} {awaits:9} {:9} {:9} {}\n", from.code(), step.code(), by.code(), to.code());
                text.push_str(&line);
            }
        }
        if !from.is_open() {
            text.push_str(&format!("{:12} {awaits:9} ended: {}\n", from.code(), from.doc()));
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
        let mut reached = BTreeSet::from([HandoffState::Accepted]);
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
                HandoffStep::Depart => assert_eq!(by, Party::Sender),
                HandoffStep::Redirect => assert_eq!(by, Party::Receiver),
                HandoffStep::GiveUp => assert_eq!(by, Party::Hub),
                _ => assert_ne!(by, Party::Hub, "{from:?}"),
            }
        }
    }
}
