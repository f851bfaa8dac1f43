//! The closed lists of mobile teams.
use crate::domain::code::codes;

codes! {
    /// What a team says of itself.
    TeamStatus {
        /// Free to come.
        Available "AVAILABLE",
        /// Has been given somebody to go to.
        Assigned "ASSIGNED",
        /// On its way.
        EnRoute "EN_ROUTE",
        /// With somebody.
        OnScene "ON_SCENE",
        /// Not on duty.
        Out "OUT",
    }
    /// How a team is shown.
    TeamShownAs {
        /// Free to come.
        Available "AVAILABLE",
        /// Has been given somebody to go to.
        Assigned "ASSIGNED",
        /// On its way.
        EnRoute "EN_ROUTE",
        /// With somebody.
        OnScene "ON_SCENE",
        /// Not on duty.
        Out "OUT",
        /// Nobody knows: its heartbeat was missed, or it never said anything.
        Unknown "UNKNOWN",
    }
}

impl TeamStatus {
    /// Whether the team is at work for somebody, and may say when it expects to be free.
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Assigned | Self::EnRoute | Self::OnScene)
    }
}

impl TeamShownAs {
    /// Whether the team can be asked to come, now or when it is free.
    pub fn may_come(self) -> bool {
        !matches!(self, Self::Out | Self::Unknown)
    }
}

impl From<TeamStatus> for TeamShownAs {
    fn from(status: TeamStatus) -> Self {
        match status {
            TeamStatus::Available => Self::Available,
            TeamStatus::Assigned => Self::Assigned,
            TeamStatus::EnRoute => Self::EnRoute,
            TeamStatus::OnScene => Self::OnScene,
            TeamStatus::Out => Self::Out,
        }
    }
}
