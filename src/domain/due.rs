//! What time alone will change: the hub's alarms, each about one noun.
use super::code::{Coded, codes};
use super::id::Noun;

codes! {
    /// What an alarm is for.
    DueKind {
        /// A unit's numbers grow older.
        Freshness "FRESHNESS",
        /// A unit's pause reaches its expected end.
        PauseEnd "PAUSE_END",
        /// The first of a unit's holds ends.
        HoldEnd "HOLD_END",
        /// A team misses its heartbeat.
        TeamHeartbeat "TEAM_HEARTBEAT",
        /// A word about a handoff is late.
        HandoffClock "HANDOFF_CLOCK",
        /// The transport of a handoff is late.
        TransportClock "TRANSPORT_CLOCK",
        /// A follow-up is late.
        FollowUpClock "FOLLOW_UP_CLOCK",
        /// Somebody waits for a place.
        EpisodeClock "EPISODE_CLOCK",
        /// The next of a chain is to be called.
        CallStep "CALL_STEP",
    }
}

impl DueKind {
    /// What its alarms are about.
    pub fn noun(self) -> Noun {
        match self {
            Self::Freshness | Self::PauseEnd | Self::HoldEnd => Noun::BedUnit,
            Self::TeamHeartbeat => Noun::Team,
            Self::HandoffClock | Self::TransportClock => Noun::Handoff,
            Self::FollowUpClock => Noun::FollowUp,
            Self::EpisodeClock => Noun::Episode,
            Self::CallStep => Noun::Call,
        }
    }

    /// Every alarm about a noun.
    pub fn about(noun: Noun) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| kind.noun() == noun)
    }
}
