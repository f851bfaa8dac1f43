//! Events: numbered facts in coded fields, with no text in them.
pub use super::audience::Audience;
use super::bed::{Moved, UnitFact};
use super::call::CallFact;
use super::chain::ChainEnd;
use super::emergency::EmergencyFact;
use super::entry::Version;
use super::episode::EpisodeFact;
pub use super::event_kind::EventKind;
use super::facility::Zone;
use super::follow_up::FollowUpFact;
use super::guardian::GuardianFact;
use super::handoff::HandoffFact;
use super::hold::{HoldState, ReleaseReason};
use super::id::{BedUnitId, EventId, FacilityId, GrantId, Noun, NounId, OrganizationId, RegionId};
use super::legal_hold::LegalHoldFact;
use super::notice::NoticeFact;
use super::on_call::OnCallFact;
use super::organization::OrganizationKind;
use super::pathway::Terms;
use super::poll::RequestFact;
use super::preservation::PreservationFact;
use super::push::PushFact;
use super::role::Role;
use super::sealed::{ConsentFact, EntryFact};
use super::service::ServiceKind;
use super::share::ShareFact;
use super::team::TeamFact;
use super::threat::ThreatFact;
use super::time::At;
use uuid::Uuid;

impl EventKind {
    /// The version of this kind's fact that is written now.
    pub fn version(self) -> i32 {
        match self {
            // 2: with the places kept, who came on a hold, and whether a pause's end has been told.
            Self::BedUnitSaved
            | Self::BedsReported
            | Self::BedsAged
            | Self::BedUnitPaused
            | Self::BedUnitPauseEnded
            | Self::BedHoldsChanged => 2,
            _ => 1,
        }
    }
}

/// The coded fields of what happened. A closed type without text, so nothing else fits.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Fact {
    /// A region changed.
    Region {},
    /// An organization as saved.
    Organization {
        /// What it is.
        kind: OrganizationKind,
        /// Whether it coordinates the region.
        coordinating: bool,
        /// Whether it is withdrawn.
        retired: bool,
    },
    /// A facility as saved.
    Facility {
        /// Its county, as a Census FIPS code.
        county_fips: Option<u32>,
        /// What kind of country it stands in.
        zone: Zone,
        /// Whether it is withdrawn.
        retired: bool,
    },
    /// A service as saved.
    Service {
        /// Where it is offered.
        facility: Option<FacilityId>,
        /// The level of care.
        kind: ServiceKind,
        /// Whether first responders are never refused.
        no_refusal: bool,
        /// Whether it is withdrawn.
        retired: bool,
    },
    /// A referral pathway with all its terms.
    Pathway {
        /// The terms.
        terms: Box<Terms>,
        /// Whether it is withdrawn.
        retired: bool,
    },
    /// A bed unit with all its coded state.
    Unit(Box<UnitFact>),
    /// A region's travel times, as loaded.
    TravelTimes {
        /// How many zones.
        zones: u32,
        /// How many times.
        times: u32,
        /// Whether they are withdrawn.
        retired: bool,
    },
    /// A hold as it stands.
    Hold {
        /// On which unit.
        unit: BedUnitId,
        /// For which agency.
        holder: OrganizationId,
        /// Where it stands.
        state: HoldState,
        /// Until when it keeps, or kept, its place.
        until: At,
        /// Why it was given or taken back.
        reason: Option<ReleaseReason>,
    },
    /// A handoff with all its coded state.
    Handoff(Box<HandoffFact>),
    /// The search for somebody's place with all its coded state.
    Episode(Box<EpisodeFact>),
    /// A follow-up as it stands.
    FollowUp(FollowUpFact),
    /// A legal hold, less what it is.
    LegalHold(LegalHoldFact),
    /// The step of reaching a minor's guardian, less who that is.
    Guardian(GuardianFact),
    /// A sealed entry of a handoff, less what it says.
    HandoffEntry(EntryFact),
    /// A consent as it stands.
    Consent(Box<ConsentFact>),
    /// A preservation as it stands.
    Preservation(PreservationFact),
    /// A share as it stands.
    HandoffShare(ShareFact),
    /// A threat that was told, less what it says.
    ThreatDisclosure(ThreatFact),
    /// An opening in a medical emergency as it stands, less what was said with it.
    EmergencyDisclosure(EmergencyFact),
    /// How many are on call for a unit or a team, and by which channels.
    OnCall(OnCallFact),
    /// The calls about one awaited answer, as they stand.
    Call(Box<CallFact>),
    /// A browser that somebody is reached at, less where that is.
    Push(PushFact),
    /// A mobile team with all its coded state.
    Team(Box<TeamFact>),
    /// A grant as it stands.
    Grant {
        /// The role.
        role: Role,
        /// Until when it holds.
        until: Option<At>,
        /// Since when it is revoked.
        revoked_at: Option<At>,
        /// The grant itself, for those who hold it.
        grant: GrantId,
    },
    /// A notice as it stands, less its words.
    Notice(Box<NoticeFact>),
    /// A request that units confirm their numbers now, less its words.
    BedUpdateRequest(Box<RequestFact>),
    /// Where the chain ended that binds the audit and the ledger.
    AuditChain(ChainEnd),
}

impl Fact {
    /// Whether its row is withdrawn; `None` where a fact does not say.
    pub fn retired(&self) -> Option<bool> {
        match self {
            Self::Organization { retired, .. }
            | Self::Facility { retired, .. }
            | Self::Service { retired, .. }
            | Self::Pathway { retired, .. }
            | Self::TravelTimes { retired, .. } => Some(*retired),
            Self::Unit(unit) => Some(unit.retired),
            Self::Team(team) => Some(team.retired),
            Self::Region {}
            | Self::Hold { .. }
            | Self::Handoff(_)
            | Self::Episode(_)
            | Self::FollowUp(_)
            | Self::LegalHold(_)
            | Self::Guardian(_)
            | Self::HandoffEntry(_)
            | Self::Consent(_)
            | Self::Preservation(_)
            | Self::HandoffShare(_)
            | Self::ThreatDisclosure(_)
            | Self::EmergencyDisclosure(_)
            | Self::OnCall(_)
            | Self::Call(_)
            | Self::Push(_)
            | Self::Grant { .. }
            | Self::Notice(_)
            | Self::BedUpdateRequest(_)
            | Self::AuditChain(_) => None,
        }
    }
}

/// What a change says happened, before the log gives it an id and a number.
#[derive(Clone, Debug)]
pub struct Happening {
    /// What kind of thing.
    pub kind: EventKind,
    /// To what kind of row.
    pub noun: Noun,
    /// To which row.
    pub key: Uuid,
    /// The row's version after it.
    pub version: Version,
    /// In which region.
    pub region: RegionId,
    /// To whose row.
    pub owner: OrganizationId,
    /// The other agency that is told, where something is between two.
    pub party: Option<OrganizationId>,
    /// Who is told.
    pub audience: Audience,
    /// When.
    pub at: At,
    /// The coded fields.
    pub fact: Fact,
}

/// One entry of the log.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place in the one total order; dense, from 1.
    pub number: i64,
    /// Its id, the same at every delivery.
    pub id: EventId,
    /// What happened.
    pub happening: Happening,
}

/// One event as a node tells it: with every unit that it moved.
#[derive(Clone, Debug)]
pub struct Told {
    /// The event.
    pub event: Event,
    /// The event just before it; none at the log's beginning.
    pub previous: Option<EventId>,
    /// The unit that it is about, or the units that stand on the entry of the directory that it is about.
    pub units: Vec<Moved>,
}

impl Told {
    /// The id of what it tells of one unit, the same at every delivery: the event's own where it is about that unit, else
    /// one made of both, for one event of the directory may be news of many units.
    pub fn id_of(&self, unit: BedUnitId) -> Uuid {
        let event = self.event.id.key();
        if self.event.happening.noun == Noun::BedUnit { event } else { Uuid::new_v5(&event, unit.key().as_bytes()) }
    }
}
