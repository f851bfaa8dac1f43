//! Scopes: which rows a viewer may see.
use super::rules::{Action, Reach};
use super::viewer::Viewer;
use crate::domain::episode::Episode;
use crate::domain::event::{Audience, Happening};
use crate::domain::grant::Grant;
use crate::domain::handoff::Handoff;
use crate::domain::hold::Hold;
use crate::domain::id::{GrantId, OrganizationId, RegionId};
use crate::domain::role::Role;

/// Which rows a viewer may see. Only [`Scope::of`] makes one.
///
/// Two viewers with equal scopes are shown the same, byte for byte: that is what lets them share a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    region: Regions,
    shared: Audience,
    own: Option<(OrganizationId, Audience)>,
    census: Reach,
    coarse: bool,
    police: bool,
    holds: Rows,
    handoffs: Rows,
    disclosures: Rows,
    on_call: Rows,
    calls: Rows,
    grants: Rows,
    audit: Rows,
}

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

impl Rows {
    /// Whether they hold what is between two agencies.
    fn are_between(self, one: OrganizationId, other: Option<OrganizationId>) -> bool {
        match self {
            Self::None | Self::Own(_) => false,
            Self::Agency(id) => id == one || Some(id) == other,
            Self::All => true,
        }
    }
}

impl Scope {
    /// What a viewer may see.
    pub fn of(viewer: &Viewer) -> Self {
        let reach = |action| viewer.reach(action);
        let units = reach(Action::ReadAvailability);
        let census = reach(Action::ReadCensus);
        let teams = reach(Action::ReadTeams);
        let shared = directory_bit(reach(Action::ReadDirectory))
            .and(unit_bits(units))
            .and(team_bits(teams))
            .and(notice_bit(reach(Action::ReadNotices)))
            .and(grant_bits(reach(Action::ReadGrants)));
        let own = Audience::NOBODY
            .and(if census == Reach::Agency { Audience::CARE } else { Audience::NOBODY })
            .and(if reach(Action::ReadGrants) == Reach::Agency { Audience::AGENCY } else { Audience::NOBODY });
        let region = match (units.max(teams).max(reach(Action::ReadDirectory)), viewer.region()) {
            (Reach::Hub, _) => Regions::All,
            (_, Some(region)) => Regions::One(region),
            (_, None) => Regions::None,
        };
        Self {
            region,
            shared,
            // An agency that adds nothing to what is seen must not split a table.
            own: viewer.organization().filter(|_| own != Audience::NOBODY).map(|organization| (organization, own)),
            census,
            coarse: units == Reach::DropOff,
            police: viewer.stands_as(Role::Officer) || viewer.stands_as(Role::Dispatcher),
            holds: rows(reach(Action::ReadHolds), viewer),
            handoffs: rows(reach(Action::ReadHandoffs), viewer),
            disclosures: rows(reach(Action::ReadDisclosures), viewer),
            on_call: rows(reach(Action::ReadOnCall), viewer),
            calls: rows(reach(Action::ReadCalls), viewer),
            grants: rows(reach(Action::ReadGrants), viewer),
            audit: rows(reach(Action::ReadAudit), viewer),
        }
    }

    /// What of it can be watched. Holds, grants and audit lines are asked for, never told: whose they are splits no table.
    /// Handoffs are told to those who watch the log; whose they are splits no table of units.
    #[must_use]
    pub fn watched(self, with_handoffs: bool) -> Self {
        let (handoffs, police) = if with_handoffs { (self.handoffs, self.police) } else { (Rows::None, false) };
        let none = Rows::None;
        let told = Self { holds: none, handoffs, disclosures: none, grants: none, audit: none, police, ..self };
        Self { on_call: none, calls: none, ..told }
    }

    /// Which regions it covers.
    pub fn regions(&self) -> Regions {
        self.region
    }

    /// The audiences it belongs to in its region.
    pub fn shared(&self) -> Audience {
        self.shared
    }

    /// The agency whose rows it sees more of, and as which audience.
    pub fn own(&self) -> Option<(OrganizationId, Audience)> {
        self.own
    }

    /// Whose holds it covers: those on an agency's units, and those kept for it.
    pub fn holds(&self) -> Rows {
        self.holds
    }

    /// Whether it covers a hold.
    pub fn sees_hold(&self, hold: &Hold) -> bool {
        self.is_here(hold.region) && self.holds.are_between(hold.owner, Some(hold.holder))
    }

    /// Whose handoffs it covers: those that an agency sends, and those that it receives.
    pub fn handoffs(&self) -> Rows {
        self.handoffs
    }

    /// Which lines of the ledger it covers: those of what an agency wrote, and of what its people opened.
    pub fn disclosures(&self) -> Rows {
        self.disclosures
    }

    /// Whose people on call it covers: those of an agency's units.
    pub fn on_call(&self) -> Rows {
        self.on_call
    }

    /// Which calls it covers: those of an agency's people.
    pub fn calls(&self) -> Rows {
        self.calls
    }

    /// Whether it covers a handoff.
    pub fn sees_handoff(&self, handoff: &Handoff) -> bool {
        self.is_here(handoff.region) && self.handoffs.are_between(handoff.sender, Some(handoff.receiver))
    }

    /// Whether it covers an episode: those of an agency that seeks.
    pub fn sees_episode(&self, episode: &Episode) -> bool {
        self.is_here(episode.region) && self.handoffs.are_between(episode.sender, None)
    }

    /// Whether it is told of something that happened.
    pub fn sees_event(&self, happening: &Happening) -> bool {
        let Happening { region, owner, party, audience, .. } = *happening;
        let between = || self.is_here(region) && self.handoffs.are_between(owner, party);
        self.sees(region, owner, audience) || (audience.meets(Audience::PARTIES) && between())
    }

    pub(super) fn is_here(&self, region: RegionId) -> bool {
        match self.region {
            Regions::None => false,
            Regions::One(own) => own == region,
            Regions::All => true,
        }
    }

    /// Which grants it covers.
    pub fn grants(&self) -> Rows {
        self.grants
    }

    /// Which audit lines it covers.
    pub fn audit(&self) -> Rows {
        self.audit
    }

    /// Whether it sees a row of a region, an owner and an audience.
    pub fn sees(&self, region: RegionId, owner: OrganizationId, audience: Audience) -> bool {
        self.is_here(region)
            && (self.shared.meets(audience) || self.own.is_some_and(|(org, more)| org == owner && more.meets(audience)))
    }

    /// Whether it covers a grant.
    pub fn sees_grant(&self, grant: &Grant) -> bool {
        match self.grants {
            Rows::None => false,
            Rows::Own(id) => id == grant.id,
            Rows::Agency(id) => id == grant.organization,
            Rows::All => true,
        }
    }

    /// How far it reads the census.
    pub fn census(&self) -> Reach {
        self.census
    }

    /// Whether it is of police or their dispatchers, whoever's application they use.
    pub(super) fn police(&self) -> bool {
        self.police
    }

    /// Whether it is shown AVAILABLE, CALL or FULL alone.
    pub(super) fn coarse(&self) -> bool {
        self.coarse
    }
}

fn directory_bit(reach: Reach) -> Audience {
    if reach == Reach::Nowhere { Audience::NOBODY } else { Audience::DIRECTORY }
}

fn notice_bit(reach: Reach) -> Audience {
    if reach == Reach::Nowhere { Audience::NOBODY } else { Audience::NOTICE }
}

fn unit_bits(reach: Reach) -> Audience {
    match reach {
        Reach::Nowhere | Reach::Own | Reach::Agency => Audience::NOBODY,
        Reach::DropOff => Audience::FIRST_RESPONDER,
        Reach::Public => Audience::COMMUNITY,
        Reach::Region | Reach::Hub => Audience::CARE,
    }
}

fn team_bits(reach: Reach) -> Audience {
    match reach {
        Reach::Region | Reach::Hub => Audience::TEAMS,
        Reach::Nowhere | Reach::Own | Reach::DropOff | Reach::Public | Reach::Agency => Audience::NOBODY,
    }
}

fn grant_bits(reach: Reach) -> Audience {
    if reach == Reach::Hub { Audience::AGENCY } else { Audience::NOBODY }
}

fn rows(reach: Reach, viewer: &Viewer) -> Rows {
    match reach {
        Reach::Hub => Rows::All,
        Reach::Agency => viewer.organization().map_or(Rows::None, Rows::Agency),
        Reach::Own => viewer.grant_id().map_or(Rows::None, Rows::Own),
        Reach::Nowhere | Reach::DropOff | Reach::Public | Reach::Region => Rows::None,
    }
}
