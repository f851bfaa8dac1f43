//! What a scope covers: of which regions and agencies, and from where it is seen.
use super::rules::{Action, Reach};
use super::viewer::Viewer;
use crate::domain::id::{GrantId, OrganizationId, RegionId};
use crate::domain::role::Role;

/// Which regions a scope covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Regions {
    /// None.
    None,
    /// One.
    One(RegionId),
    /// All.
    All,
}

/// Which rows of a table that has owners a scope covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    /// None.
    None,
    /// The viewer's own grant.
    Own(GrantId),
    /// One agency's.
    Agency(OrganizationId),
    /// All.
    All,
}

/// Whose follow-ups a scope covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcomes {
    /// Nobody's.
    None,
    /// Those that an agency sees to.
    Done(OrganizationId),
    /// Those after the handoffs of an agency.
    Agency(OrganizationId),
    /// All.
    All,
}

impl Outcomes {
    pub(super) fn of(viewer: &Viewer) -> Self {
        match (viewer.reach(Action::ReadOutcomes), viewer.organization()) {
            (Reach::Hub, _) => Self::All,
            // Who may see to them and not read on is a peer: what the other agency sees to is told to peers by consent.
            (Reach::Agency, Some(own)) if viewer.stands_as(Role::Peer) => Self::Done(own),
            (Reach::Agency, Some(own)) => Self::Agency(own),
            _ => Self::None,
        }
    }

    pub(super) fn cover(self, owner: OrganizationId, party: Option<OrganizationId>) -> bool {
        match self {
            Self::None => false,
            Self::Done(by) => by == owner,
            Self::Agency(id) => id == owner || Some(id) == party,
            Self::All => true,
        }
    }
}

/// From where something between agencies is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// By an agency that it is between.
    Party,
    /// By an agency that coordinates the region.
    Coordinator,
    /// By an agency that is told by the person's consent.
    Told,
}

impl Rows {
    /// Whether they hold what is between two agencies.
    pub(super) fn are_between(self, one: OrganizationId, other: Option<OrganizationId>) -> bool {
        match self {
            Self::None | Self::Own(_) => false,
            Self::Agency(id) => id == one || Some(id) == other,
            Self::All => true,
        }
    }
}
