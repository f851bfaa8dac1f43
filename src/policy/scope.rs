//! Scopes: which rows a viewer may see.
use super::law::Clocks;
pub use super::rows::{Outcomes, Regions, Rows, Stand};
use super::rules::{Action, Reach};
use super::told::{Threats, Told};
use super::viewer::Viewer;
use crate::domain::episode::Episode;
use crate::domain::event::{Audience, Happening};
use crate::domain::follow_up::FollowUp;
use crate::domain::grant::Grant;
use crate::domain::handoff::Handoff;
use crate::domain::hold::Hold;
use crate::domain::id::{Noun, OrganizationId, RegionId};
use crate::domain::push::PushSubscription;
use crate::domain::role::Role;
use crate::domain::time::At;

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
    outcomes: Outcomes,
    consents: Rows,
    entries: Rows,
    told: Told,
    threats: Threats,
    emergencies: Rows,
    at: Option<At>,
    legal_holds: Clocks,
    guardians: Clocks,
    open: bool,
    disclosures: Rows,
    preservations: Rows,
    on_call: Rows,
    calls: Rows,
    push: Rows,
    grants: Rows,
    audit: Rows,
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
            outcomes: Outcomes::of(viewer),
            consents: rows(reach(Action::KeepConsent), viewer),
            entries: entries(viewer),
            told: Told::of(viewer),
            threats: Threats::of(viewer),
            emergencies: rows(reach(Action::ReadEmergencies), viewer),
            at: None,
            legal_holds: Clocks::of(viewer, reach(Action::ReadLegalHolds)),
            // Whoever reads what a handoff needs, which says how old the person is.
            guardians: Clocks::of(viewer, reach(Action::ReadHandoffs)),
            open: viewer.coordinates().is_some(),
            disclosures: rows(reach(Action::ReadDisclosures), viewer),
            preservations: rows(reach(Action::ReadPreservations), viewer),
            on_call: rows(reach(Action::ReadOnCall), viewer),
            calls: rows(reach(Action::ReadCalls), viewer),
            push: rows(reach(Action::ReadPush), viewer),
            grants: rows(reach(Action::ReadGrants), viewer),
            audit: rows(reach(Action::ReadAudit), viewer),
        }
    }

    /// What of it can be watched. Holds, grants and audit lines are asked for, never told: whose they are splits no table.
    /// Handoffs are told to those who watch the log; whose they are splits no table of units.
    #[must_use]
    pub fn watched(self, with_handoffs: bool) -> Self {
        let (none, open) = (Rows::None, self.open && with_handoffs);
        let (handoffs, outcomes, police) = match with_handoffs {
            true => (self.handoffs, self.outcomes, self.police),
            false => (none, Outcomes::None, false),
        };
        let (consents, entries, told, threats, emergencies) = match with_handoffs {
            true => (self.consents, self.entries, self.told, self.threats, self.emergencies),
            false => (none, none, Told::Nothing, Threats::None, none),
        };
        let clocks = |clocks| if with_handoffs { clocks } else { Clocks::None };
        let (legal_holds, guardians) = (clocks(self.legal_holds), clocks(self.guardians));
        let told = Self {
            police,
            handoffs,
            outcomes,
            consents,
            entries,
            told,
            threats,
            emergencies,
            legal_holds,
            guardians,
            open,
            ..self
        };
        Self {
            holds: none,
            disclosures: none,
            preservations: none,
            on_call: none,
            calls: none,
            push: none,
            grants: none,
            audit: none,
            ..told
        }
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

    /// Whether it covers the open searches of its region, and every handoff of them, whoever is a party.
    pub fn open_episodes(&self) -> bool {
        self.open
    }

    /// Which lines of the ledger it covers: those of what an agency wrote, and of what its people opened.
    pub fn disclosures(&self) -> Rows {
        self.disclosures
    }

    /// Whose preservations it covers: those that an agency placed.
    pub fn preservations(&self) -> Rows {
        self.preservations
    }

    /// Whose people on call it covers: those of an agency's units.
    pub fn on_call(&self) -> Rows {
        self.on_call
    }

    /// Which calls it covers: those of an agency's people.
    pub fn calls(&self) -> Rows {
        self.calls
    }

    /// Whose browsers it covers: those registered under a grant.
    pub fn push(&self) -> Rows {
        self.push
    }

    /// Whether it covers a browser that somebody is reached at.
    pub fn sees_push(&self, of: &PushSubscription) -> bool {
        self.is_here(of.region) && (self.push == Rows::All || self.push == Rows::Own(of.grant))
    }

    /// Whose legal holds it covers.
    pub fn legal_holds(&self) -> Clocks {
        self.legal_holds
    }

    /// Whose steps of reaching a minor's guardian it covers.
    pub fn guardians(&self) -> Clocks {
        self.guardians
    }

    /// Whose follow-ups it covers.
    pub fn outcomes(&self) -> Outcomes {
        self.outcomes
    }

    /// Of whose handoffs it covers the consents: who keeps them is told of them, and no police.
    pub fn consents(&self) -> Rows {
        self.consents
    }

    /// Of whose handoffs it is told that an entry was written: whoever could open one of the other agency's is, and no police.
    pub fn entries(&self) -> Rows {
        self.entries
    }

    /// What it is told by consents.
    pub fn told(&self) -> Told {
        self.told
    }

    /// Which threats it covers.
    pub fn threats(&self) -> Threats {
        self.threats
    }

    /// Which openings in medical emergencies it covers: those of what an agency wrote, and those by its people.
    pub fn emergencies(&self) -> Rows {
        self.emergencies
    }

    /// The same scope as of an instant: what is told by consent is told while the consent stands, and at no instant at all
    /// where none is said.
    #[must_use]
    pub fn at(self, now: At) -> Self {
        Self { at: Some(now), ..self }
    }

    /// The instant that it looks at.
    pub fn looks_at(&self) -> Option<At> {
        self.at
    }

    /// Whether it covers a follow-up.
    pub fn sees_follow_up(&self, follow_up: &FollowUp) -> bool {
        self.is_here(follow_up.region) && self.outcomes.cover(follow_up.owner, follow_up.party)
    }

    /// From where it sees a handoff; `None` when it does not. Whether the handoff's search is open, the store has looked up:
    /// it hands out no other.
    pub fn stand_to_handoff(&self, handoff: &Handoff) -> Option<Stand> {
        let party = self.handoffs.are_between(handoff.sender, Some(handoff.receiver));
        self.stand(handoff.region, party, true)
    }

    /// From where it sees an episode: those of an agency that seeks, and to a coordinator open ones; `None` when it does not.
    pub fn stand_to_episode(&self, episode: &Episode) -> Option<Stand> {
        self.stand(episode.region, self.handoffs.are_between(episode.sender, None), episode.is_open())
    }

    fn stand(&self, region: RegionId, party: bool, open: bool) -> Option<Stand> {
        match (self.is_here(region), party) {
            (false, _) => None,
            (true, true) => Some(Stand::Party),
            (true, false) => (self.open && open).then_some(Stand::Coordinator),
        }
    }

    /// Whether it is told of something that happened only because its agency coordinates the region.
    pub fn sees_as_coordinator(&self, happening: &Happening) -> bool {
        let Happening { region, owner, party, audience, .. } = *happening;
        self.open
            && audience.meets(Audience::COORDINATORS)
            && self.is_here(region)
            && !self.handoffs.are_between(owner, party)
    }

    /// Whether it is told of something that happened.
    pub fn sees_event(&self, happening: &Happening) -> bool {
        let Happening { region, owner, party, audience, .. } = *happening;
        let between = || {
            self.is_here(region)
                && match happening.noun {
                    Noun::FollowUp => self.outcomes.cover(owner, party),
                    Noun::LegalHold => self.legal_holds.are_told(owner, party),
                    Noun::Guardian => self.guardians.are_told(owner, party),
                    Noun::Consent => self.consents.are_between(owner, party),
                    Noun::HandoffEntry => self.entries.are_between(owner, party),
                    _ => self.handoffs.are_between(owner, party),
                }
        };
        self.sees(region, owner, audience)
            || (audience.meets(Audience::PARTIES) && between())
            || self.sees_as_coordinator(happening)
            || (self.is_here(region) && self.told.covers(owner, audience))
            || (self.is_here(region) && audience.meets(Audience::THREATS) && self.threats.cover(owner, party))
            || (self.is_here(region)
                && audience.meets(Audience::EMERGENCIES)
                && self.emergencies.are_between(owner, party))
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

/// That something was written says that somebody is cared for: whoever reads again no more than what they wrote themselves, or
/// what the person agrees to, is not told of it.
fn entries(viewer: &Viewer) -> Rows {
    let apart = [Role::Officer, Role::Dispatcher, Role::Peer];
    match apart.iter().any(|role| viewer.stands_as(*role)) {
        true => Rows::None,
        false => rows(viewer.reach(Action::ReadHandoffs), viewer),
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
