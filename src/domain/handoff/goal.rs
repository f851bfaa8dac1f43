//! Where a handoff leads: to a place, or to a team that comes.
use crate::domain::bed::BedUnit;
use crate::domain::id::{BedUnitId, OrganizationId, RegionId, TeamId};
use crate::domain::team::Team;

/// Where a handoff leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// To a unit, which the person goes to.
    Unit(BedUnitId),
    /// To a mobile team, which comes.
    Team(TeamId),
}

/// A destination, with whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Where.
    pub to: Destination,
    /// The agency that receives the person.
    pub receiver: OrganizationId,
    /// The region.
    pub region: RegionId,
}

impl Destination {
    /// The unit; none where a team comes.
    pub fn unit(self) -> Option<BedUnitId> {
        match self {
            Self::Unit(unit) => Some(unit),
            Self::Team(_) => None,
        }
    }

    /// The team; none where the person goes to a place.
    pub fn team(self) -> Option<TeamId> {
        match self {
            Self::Unit(_) => None,
            Self::Team(team) => Some(team),
        }
    }
}

impl From<&BedUnit> for Goal {
    fn from(unit: &BedUnit) -> Self {
        Self { to: Destination::Unit(unit.id()), receiver: unit.entry.owner, region: unit.entry.region }
    }
}

impl From<&Team> for Goal {
    fn from(team: &Team) -> Self {
        Self { to: Destination::Team(team.id()), receiver: team.entry.owner, region: team.entry.region }
    }
}
