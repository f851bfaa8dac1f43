//! What can be said of a handoff, whose word it is, and where it leads; and the steps of a sequence.
use super::model::{Agency, Goal, Handoff, Minutes, Way, is_asked};
use super::places::ToHold;
use crisis_hub::domain::episode::{EpisodeEnd, Settlement};
use crisis_hub::domain::follow_up::{FollowUpBy, FollowUpOutcome};
use crisis_hub::domain::handoff::{ContactKind, FailReason, HandoffState, Party};
use crisis_hub::domain::team::TeamStatus;

use HandoffState as S;

/// A word about a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Acknowledge,
    Ask,
    Answer,
    /// The receiver looks again in so many minutes.
    Waitlist(Minutes),
    /// A yes, which may depend on more.
    Accept {
        depends: bool,
    },
    /// The choice, and whether what the yes depends on is met.
    Choose {
        met: bool,
    },
    Decline,
    Withdraw,
    Depart,
    Arrive,
    Contact(ContactKind),
    AskPolice {
        agreed: bool,
    },
    Drive(Drives),
    /// And whether a peer was at the door.
    Confirm {
        peer: Option<bool>,
    },
    Redirect,
    Fail(FailReason),
}

/// Who drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drives {
    pub by: Option<Agency>,
    pub assigned: bool,
    pub minutes: u32,
}

/// One of whom is asked.
#[derive(Clone, Copy, Debug)]
pub struct To {
    pub goal: Goal,
    pub way: Way,
    pub travel: Option<u32>,
}

/// One step of a sequence.
#[derive(Clone, Debug)]
pub enum Step {
    Report {
        unit: usize,
        staffed: u32,
        occupied: u32,
    },
    Announce {
        unit: usize,
        way: Way,
        search: Option<usize>,
        travel: Option<u32>,
        hold: Option<usize>,
    },
    Offer {
        to: Vec<To>,
        search: Option<usize>,
        settlement: Option<Settlement>,
        changed: bool,
    },
    Say {
        by: Agency,
        handoff: usize,
        word: Word,
        stale: bool,
    },
    Nudge {
        by: Agency,
        handoff: usize,
    },
    Plan {
        by: Agency,
        handoff: usize,
        with: FollowUpBy,
        hours: u32,
    },
    Record {
        by: Agency,
        follow_up: usize,
        outcome: FollowUpOutcome,
        stale: bool,
    },
    TeamSays {
        by: Agency,
        team: usize,
        status: TeamStatus,
        free_in: Option<u32>,
    },
    Close {
        by: Agency,
        search: usize,
        why: EpisodeEnd,
    },
    Keep {
        unit: usize,
        minutes: u32,
    },
    ChangeHold {
        by: Agency,
        hold: usize,
        to: ToHold,
    },
    Wait(Minutes),
    Sweep,
    /// Both.
    Pass(Minutes),
}

impl Word {
    /// Whose word it can ever be.
    pub fn is_of(self, party: Party) -> bool {
        match self {
            Self::Answer | Self::Choose { .. } | Self::Withdraw => party == Party::Sender,
            Self::Depart | Self::Arrive | Self::Confirm { .. } | Self::Fail(_) => party != Party::Hub,
            _ if self.is_beside() => party != Party::Hub,
            _ => party == Party::Receiver,
        }
    }

    /// Whether it is said beside the way: nothing moves by it, and no clock.
    pub fn is_beside(self) -> bool {
        matches!(self, Self::Contact(_) | Self::AskPolice { .. } | Self::Drive(_))
    }

    /// Where it leads; nowhere from most places.
    pub fn leads(self, of: &Handoff, by: Party) -> Option<S> {
        let (from, asked) = (of.state, is_asked(of.state));
        let on_the_way = matches!(from, S::Accepted | S::EnRoute);
        let answerable = asked && from != S::Agreed;
        let to = match (self, by) {
            (Self::Acknowledge, Party::Receiver) if from == S::Offered => S::Acknowledged,
            (Self::Ask, Party::Receiver) if answerable && from != S::NeedsInformation => S::NeedsInformation,
            (Self::Answer, Party::Sender) if from == S::NeedsInformation => S::Acknowledged,
            (Self::Waitlist(_), Party::Receiver) if answerable => S::Waitlisted,
            (Self::Accept { depends }, Party::Receiver) if answerable => {
                let first = of.asked.as_ref().is_some_and(|asked| asked.first_accept);
                if first && !depends { S::Accepted } else { S::Agreed }
            }
            (Self::Choose { .. }, Party::Sender) if from == S::Agreed => S::Accepted,
            (Self::Decline, Party::Receiver) if asked => S::Declined,
            (Self::Withdraw, Party::Sender) if asked => S::Withdrawn,
            (Self::Depart, Party::Sender | Party::Receiver) if from == S::Accepted => S::EnRoute,
            (Self::Arrive, Party::Sender | Party::Receiver) if on_the_way => S::Arrived,
            (Self::Drive(_), _) if on_the_way => from,
            (Self::Contact(_) | Self::AskPolice { .. }, _) if of.awaits().is_some() => from,
            (Self::Confirm { .. }, Party::Sender) if from == S::Arrived => S::HandedOver,
            (Self::Confirm { .. }, Party::Receiver) if from == S::Arrived => S::Received,
            (Self::Confirm { .. }, Party::Receiver) if from == S::HandedOver => S::Transferred,
            (Self::Confirm { .. }, Party::Sender) if from == S::Received => S::Transferred,
            (Self::Redirect, Party::Receiver) if on_the_way || matches!(from, S::Arrived | S::HandedOver) => {
                S::Redirected
            }
            // Who has taken somebody over has them: there is no way on which it could end.
            (Self::Fail(_), _) if on_the_way || matches!(from, S::Arrived | S::HandedOver) => S::Failed,
            _ => return None,
        };
        Some(to)
    }
}
