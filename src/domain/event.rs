//! Events: numbered facts in coded fields, with no text in them.
use super::bed::{Moved, UnitFact};
use super::call::CallFact;
use super::chain::ChainEnd;
use super::code::codes;
use super::entry::Version;
use super::episode::EpisodeFact;
use super::facility::Zone;
use super::follow_up::FollowUpFact;
use super::handoff::HandoffFact;
use super::hold::{HoldState, ReleaseReason};
use super::id::{BedUnitId, EventId, FacilityId, GrantId, Noun, NounId, OrganizationId, RegionId};
use super::notice::NoticeFact;
use super::on_call::OnCallFact;
use super::organization::OrganizationKind;
use super::pathway::Terms;
use super::poll::RequestFact;
use super::push::PushFact;
use super::role::Role;
use super::sealed::{ConsentFact, EntryFact};
use super::service::ServiceKind;
use super::team::TeamFact;
use super::time::At;
use uuid::Uuid;

codes! {
    /// What kind of thing happened.
    EventKind {
        /// A region was set up or edited.
        RegionSaved "REGION_SAVED",
        /// An organization was added, edited or withdrawn.
        OrganizationSaved "ORGANIZATION_SAVED",
        /// A facility was added, edited or withdrawn.
        FacilitySaved "FACILITY_SAVED",
        /// A service was added, edited or withdrawn.
        ServiceSaved "SERVICE_SAVED",
        /// A referral pathway was added, edited or withdrawn.
        PathwaySaved "PATHWAY_SAVED",
        /// A bed unit was added, edited or withdrawn.
        BedUnitSaved "BED_UNIT_SAVED",
        /// A unit's numbers were reported.
        BedsReported "BEDS_REPORTED",
        /// A unit's numbers grew older: aging, stale or expired.
        BedsAged "BEDS_AGED",
        /// A unit paused.
        BedUnitPaused "BED_UNIT_PAUSED",
        /// A unit's pause ended: reopened by its staff, or past its expected end and asking.
        BedUnitPauseEnded "BED_UNIT_PAUSE_ENDED",
        /// A region's travel times were loaded.
        TravelTimesLoaded "TRAVEL_TIMES_LOADED",
        /// Places kept on a unit, or taken by who came on a hold.
        BedHoldsChanged "BED_HOLDS_CHANGED",
        /// A place was held.
        BedHeld "BED_HELD",
        /// A hold was given more time.
        BedHoldExtended "BED_HOLD_EXTENDED",
        /// A hold was given back, or taken back by the unit's agency.
        BedHoldReleased "BED_HOLD_RELEASED",
        /// Somebody came on a hold.
        BedHoldArrived "BED_HOLD_ARRIVED",
        /// A hold's end has passed.
        BedHoldExpired "BED_HOLD_EXPIRED",
        /// The search for somebody's place began.
        EpisodeOpened "EPISODE_OPENED",
        /// Others are asked for somebody, or what is sought has changed.
        EpisodeWentOn "EPISODE_WENT_ON",
        /// It is settled where somebody goes.
        EpisodeSettled "EPISODE_SETTLED",
        /// Somebody needs another place: they were sent on, or nobody drove.
        EpisodeReopened "EPISODE_REOPENED",
        /// Nobody who was asked takes somebody: the sender has to ask elsewhere.
        EpisodeOutOfOffers "EPISODE_OUT_OF_OFFERS",
        /// Somebody has waited for a place for another 4, 12 or 24 hours.
        EpisodeWaiting "EPISODE_WAITING",
        /// The search for somebody's place ended.
        EpisodeEnded "EPISODE_ENDED",
        /// A handoff was announced, and is accepted.
        HandoffAnnounced "HANDOFF_ANNOUNCED",
        /// A receiver was asked whether it takes somebody.
        HandoffOffered "HANDOFF_OFFERED",
        /// The receiver has seen the offer.
        HandoffAcknowledged "HANDOFF_ACKNOWLEDGED",
        /// The receiver asked for something before it decides.
        HandoffAsked "HANDOFF_ASKED",
        /// The sender sent what was asked for.
        HandoffAnswered "HANDOFF_ANSWERED",
        /// The receiver put the person on its list.
        HandoffWaitlisted "HANDOFF_WAITLISTED",
        /// The receiver takes the person, and the sender has the choice.
        HandoffAgreed "HANDOFF_AGREED",
        /// It is settled that the person comes here.
        HandoffAccepted "HANDOFF_ACCEPTED",
        /// The receiver does not take the person.
        HandoffDeclined "HANDOFF_DECLINED",
        /// The offer was taken back, or another was chosen.
        HandoffWithdrawn "HANDOFF_WITHDRAWN",
        /// The receiver never answered the offer.
        HandoffExpired "HANDOFF_EXPIRED",
        /// The person set out.
        HandoffDeparted "HANDOFF_DEPARTED",
        /// The person was at the door.
        HandoffArrived "HANDOFF_ARRIVED",
        /// One party confirmed the transfer.
        HandoffConfirmed "HANDOFF_CONFIRMED",
        /// The person is in the receiver's care.
        HandoffTransferred "HANDOFF_TRANSFERRED",
        /// The receiver sent the person on.
        HandoffRedirected "HANDOFF_REDIRECTED",
        /// A handoff ended on the way.
        HandoffFailed "HANDOFF_FAILED",
        /// A word about a handoff is late.
        HandoffLate "HANDOFF_LATE",
        /// A word about a handoff never came.
        HandoffLapsed "HANDOFF_LAPSED",
        /// It was said who drives, or who is asked to.
        HandoffTransportSet "HANDOFF_TRANSPORT_SET",
        /// The time for the transport to come has passed.
        HandoffTransportLate "HANDOFF_TRANSPORT_LATE",
        /// People of both parties, or the receiver and the person, have spoken.
        HandoffContacted "HANDOFF_CONTACTED",
        /// Police were asked to come, for somebody's safety.
        HandoffPoliceAsked "HANDOFF_POLICE_ASKED",
        /// A follow-up was planned.
        FollowUpPlanned "FOLLOW_UP_PLANNED",
        /// Somebody tried to follow up.
        FollowUpAttempted "FOLLOW_UP_ATTEMPTED",
        /// A follow-up is late.
        FollowUpLate "FOLLOW_UP_LATE",
        /// A follow-up ended.
        FollowUpEnded "FOLLOW_UP_ENDED",
        /// Somebody reminded the party whose word about a handoff is awaited.
        HandoffNudged "HANDOFF_NUDGED",
        /// A sealed entry was added to a handoff.
        HandoffNoted "HANDOFF_NOTED",
        /// A person's consent was recorded.
        ConsentRecorded "CONSENT_RECORDED",
        /// A person's consent was revoked.
        ConsentRevoked "CONSENT_REVOKED",
        /// An agency said who is on call for a unit or a team of its own.
        OnCallSet "ON_CALL_SET",
        /// An answer is awaited of a unit or a team, and its people are called.
        CallStarted "CALL_STARTED",
        /// One of them was called.
        CallSent "CALL_SENT",
        /// One of them could not be reached.
        CallFailed "CALL_FAILED",
        /// One of them has seen it.
        CallAcknowledged "CALL_ACKNOWLEDGED",
        /// Nobody is left to call, and there is no answer.
        CallExhausted "CALL_EXHAUSTED",
        /// The answer was given.
        CallAnswered "CALL_ANSWERED",
        /// No answer is awaited any more.
        CallEnded "CALL_ENDED",
        /// Somebody registered a browser that they are reached at.
        PushRegistered "PUSH_REGISTERED",
        /// Somebody is reached at a browser no more.
        PushEnded "PUSH_ENDED",
        /// A mobile team was added, edited or withdrawn.
        TeamSaved "TEAM_SAVED",
        /// A team said another status, or when it will be free.
        TeamStatusSet "TEAM_STATUS_SET",
        /// A team was heard again and had nothing new to say.
        TeamHeard "TEAM_HEARD",
        /// A team missed its heartbeat: its status is unknown.
        TeamLost "TEAM_LOST",
        /// Somebody was granted a role.
        RoleGranted "ROLE_GRANTED",
        /// A grant was revoked.
        GrantRevoked "GRANT_REVOKED",
        /// A notice was posted.
        NoticePosted "NOTICE_POSTED",
        /// A notice was withdrawn before its end.
        NoticeWithdrawn "NOTICE_WITHDRAWN",
        /// An agency acknowledged a notice.
        NoticeAcknowledged "NOTICE_ACKNOWLEDGED",
        /// Units were asked to confirm their numbers now.
        BedUpdateRequested "BED_UPDATE_REQUESTED",
        /// The chain that binds the audit and the ledger of disclosures has grown. Hub operators alone are told.
        AuditChained "AUDIT_CHAINED",
    }
}

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

/// Who is told of something: bits, so that one comparison answers on every road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Audience(i16);

impl Audience {
    /// Nobody.
    pub const NOBODY: Self = Self(0);
    /// Everyone in the region.
    pub const DIRECTORY: Self = Self(1);
    /// First responders: units that take drop-offs.
    pub const FIRST_RESPONDER: Self = Self(2);
    /// Peers and advocates: units open to the public.
    pub const COMMUNITY: Self = Self(4);
    /// Care roles: every unit.
    pub const CARE: Self = Self(8);
    /// The agency's own administration.
    pub const AGENCY: Self = Self(16);
    /// Everybody who may ask a mobile team to come.
    pub const TEAMS: Self = Self(32);
    /// Everyone who reads notices.
    pub const NOTICE: Self = Self(64);
    /// The two agencies that something is between.
    pub const PARTIES: Self = Self(128);
    /// Those who coordinate the region, while the search that it belongs to is open.
    pub const COORDINATORS: Self = Self(256);
    /// Everybody with any of the bits.
    pub const ALL: Self = Self(511);

    /// Both audiences together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Whether the two have anybody in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    /// The bits as stored.
    pub const fn bits(self) -> i16 {
        self.0
    }
    /// Reads stored bits.
    pub fn from_bits(bits: i16) -> Self {
        Self(bits & Self::ALL.bits())
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
    /// A sealed entry of a handoff, less what it says.
    HandoffEntry(EntryFact),
    /// A consent as it stands.
    Consent(Box<ConsentFact>),
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
            | Self::HandoffEntry(_)
            | Self::Consent(_)
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
