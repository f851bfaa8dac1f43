//! How a handoff's state decides what is written into it and opened of it.
use super::{NOTES_AFTER_END_MINUTES, READ_AFTER_END_DAYS};
use crate::domain::code::codes;
use crate::domain::handoff::{Handoff, HandoffState};
use crate::domain::id::OrganizationId;
use crate::domain::time::At;

codes! {
    /// How a handoff stands to what is sealed in it, for one of its agencies.
    Standing {
        /// A place is asked for; nothing is settled.
        Asked "ASKED",
        /// The receiver takes the person: on the way, at the door, or being handed over.
        UnderWay "UNDER_WAY",
        /// It ended less than a day ago.
        Ended "ENDED",
        /// It ended less than 90 days ago.
        Kept "KEPT",
        /// The agency was asked and did not take the person: what it was told for its answer is its own no more.
        OnlyAsked "ONLY_ASKED",
        /// It ended 90 days ago or more, or what was written in it is shredded.
        Over "OVER",
    }
}

impl Standing {
    /// Whether anything is opened.
    pub fn opens(self) -> bool {
        match self {
            Self::Asked | Self::UnderWay | Self::Ended | Self::Kept => true,
            Self::OnlyAsked | Self::Over => false,
        }
    }

    /// Whether anything is written.
    pub fn takes_notes(self) -> bool {
        match self {
            Self::Asked | Self::UnderWay | Self::Ended => true,
            Self::Kept | Self::OnlyAsked | Self::Over => false,
        }
    }
}

/// What a handoff's state means for what is sealed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asked,
    UnderWay,
    /// It ended, and its receiver had taken the person.
    Taken,
    /// It ended, and its receiver had not.
    NotTaken,
}

fn stage(state: HandoffState, settled: bool) -> Stage {
    use HandoffState as S;
    match state {
        S::Offered | S::Acknowledged | S::NeedsInformation | S::Waitlisted | S::Agreed => Stage::Asked,
        S::Accepted | S::EnRoute | S::Arrived | S::HandedOver | S::Received => Stage::UnderWay,
        S::Transferred | S::Redirected | S::Failed => Stage::Taken,
        S::Declined | S::Expired | S::Withdrawn | S::Lapsed if settled => Stage::Taken,
        S::Declined | S::Expired | S::Withdrawn | S::Lapsed => Stage::NotTaken,
    }
}

/// How a handoff stands at an instant to what is sealed in it, for an agency.
pub fn standing(of: &Handoff, agency: OrganizationId, now: At) -> Standing {
    let past = || match of.times.ended_at {
        _ if of.times.text_shredded_at.is_some() => Standing::Over,
        Some(ended) if now >= ended.plus_minutes(READ_AFTER_END_DAYS * 24 * 60) => Standing::Over,
        Some(ended) if now >= ended.plus_minutes(NOTES_AFTER_END_MINUTES) => Standing::Kept,
        _ => Standing::Ended,
    };
    match stage(of.state, of.times.settled_at.is_some()) {
        Stage::Asked => Standing::Asked,
        Stage::UnderWay => Standing::UnderWay,
        Stage::NotTaken if of.receiver == agency && of.sender != agency => Standing::OnlyAsked,
        Stage::Taken | Stage::NotTaken => past(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::code::Coded;

    #[test]
    fn what_is_open_is_asked_or_under_way_and_what_has_ended_is_neither() {
        for (state, settled) in HandoffState::ALL.iter().flat_map(|state| [(*state, false), (*state, true)]) {
            let open = matches!(stage(state, settled), Stage::Asked | Stage::UnderWay);
            assert_eq!(open, state.is_open(), "{state:?}");
            assert_eq!(stage(state, settled) == Stage::Asked, state.is_offer(), "{state:?}");
        }
    }
}
