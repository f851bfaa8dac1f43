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
        /// Nobody is named who answers for having sent somebody on.
        SupervisorClock "SUPERVISOR_CLOCK",
        /// A follow-up is late.
        FollowUpClock "FOLLOW_UP_CLOCK",
        /// Some of a legal hold's time is over.
        LegalHoldClock "LEGAL_HOLD_CLOCK",
        /// A minor's guardian was not reached in time.
        GuardianClock "GUARDIAN_CLOCK",
        /// A consent that tells an agency of a handoff begins, or ends.
        ConsentClock "CONSENT_CLOCK",
        /// The review of what was opened in a medical emergency is late.
        EmergencyReview "EMERGENCY_REVIEW",
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
            Self::HandoffClock | Self::TransportClock | Self::SupervisorClock => Noun::Handoff,
            Self::FollowUpClock => Noun::FollowUp,
            Self::LegalHoldClock => Noun::LegalHold,
            Self::GuardianClock => Noun::Guardian,
            Self::ConsentClock => Noun::Consent,
            Self::EmergencyReview => Noun::EmergencyDisclosure,
            Self::EpisodeClock => Noun::Episode,
            Self::CallStep => Noun::Call,
        }
    }

    /// Every alarm about a noun.
    pub fn about(noun: Noun) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| kind.noun() == noun)
    }
}
