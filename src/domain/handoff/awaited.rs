//! Which word a receiver owes next, and until when: what its people are called for.
use super::{CLEAR_MINUTES, Handoff, HandoffState};
use crate::domain::code::codes;
use crate::domain::time::At;

codes! {
    /// A word that a receiver owes.
    AwaitedWord {
        /// That somebody has seen the announcement: `acknowledgeCall` says so.
        Seen "SEEN",
        /// That somebody has seen the offer.
        Acknowledge "ACKNOWLEDGE",
        /// Yes or no.
        Decide "DECIDE",
        /// What has become of the place on the list.
        Review "REVIEW",
        /// That the person at the door is in the receiver's care.
        TakeOver "TAKE_OVER",
    }
}

/// Within how many minutes somebody at the receiver is to have seen an announcement.
pub const SEEN_MINUTES: i64 = 2;

/// One word that a receiver owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Which.
    pub word: AwaitedWord,
    /// By when; none when that has passed and is kept nowhere.
    pub due_at: Option<At>,
}

impl Handoff {
    /// The word that the receiver's people are called for as the handoff stands; `None` while the sender has the next one, or
    /// nobody has.
    pub fn awaited_of_receiver(&self) -> Option<Awaited> {
        use HandoffState as S;
        // Once a word is late, the handoff's own clock is set to when it is given up.
        let clock = self.due_at.filter(|_| !self.late);
        let (word, due_at) = match self.state {
            // What was offered was answered before it came so far.
            S::Accepted | S::EnRoute if self.offer.is_some() => return None,
            S::Accepted | S::EnRoute => (AwaitedWord::Seen, Some(self.times.announced_at.plus_minutes(SEEN_MINUTES))),
            S::Offered => (AwaitedWord::Acknowledge, clock),
            S::Acknowledged => (AwaitedWord::Decide, clock),
            S::Waitlisted => (AwaitedWord::Review, clock),
            // A team that has come is with the person: nobody has to be woken for it.
            S::Arrived | S::HandedOver if self.to.team().is_some() => return None,
            S::Arrived | S::HandedOver => {
                let door = self.times.arrived_at.map(|at| at.plus_minutes(CLEAR_MINUTES));
                (AwaitedWord::TakeOver, door.or(clock))
            }
            S::NeedsInformation | S::Agreed | S::Received => return None,
            S::Transferred | S::Redirected | S::Failed | S::Declined | S::Expired | S::Withdrawn | S::Lapsed => {
                return None;
            }
        };
        Some(Awaited { word, due_at })
    }
}
