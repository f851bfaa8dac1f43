//! Permits: one yes for one row, spent by the write.
mod calls;
mod coordinate;
mod keep;
mod law;
mod places;
mod push;
mod sealed;
mod told;

pub use calls::*;
pub use coordinate::*;
pub use keep::*;
pub use law::*;
pub use places::*;
pub use push::*;
pub use sealed::*;
pub use told::*;

use super::rules::{self, Action, Reach};
use super::viewer::{Machine, Viewer};
use crate::domain::bed::BedUnit;
use crate::domain::entry::{Details, Entry, Version};
use crate::domain::grant::{Grant, HolderKind};
use crate::domain::id::{BedUpdateRequestId, GrantId, NoticeId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::notice::Notice;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::role::Role;
use crate::domain::team::Team;
use std::marker::PhantomData;
use uuid::Uuid;

/// Proof that one action on one row, at one version, was allowed. Only this room makes one.
#[derive(Debug)]
#[must_use = "a permit is spent by the write it allows"]
pub struct Permit<A> {
    row: Uuid,
    version: Version,
    stamp: Stamp,
    action: PhantomData<A>,
}

/// Who did what to which row: what the audit writes down.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// The grant acted under; none for a machine.
    pub grant: Option<GrantId>,
    /// The machine, if it was one.
    pub machine: Option<Machine>,
    /// What was done.
    pub action: Action,
    /// To what kind of row.
    pub noun: Noun,
    /// To whose row.
    pub owner: OrganizationId,
}

/// Not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the role's grant does not reach this")]
pub struct Refused;

/// An action that a permit can be for.
pub trait Acts: Send + Sync + 'static {
    /// The action.
    const ACTION: Action;
}

macro_rules! acts {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => { $($(#[doc = $doc])+ #[derive(Debug)] pub struct $name; impl Acts for $name { const ACTION: Action = Action::$name; })+ };
}

acts! {
    /// Setting up a region.
    SaveRegion
    /// Saving an organization.
    SaveOrganization
    /// Saving a facility.
    SaveFacility
    /// Saving a service.
    SaveService
    /// Saving a referral pathway.
    SavePathway
    /// Saving a bed unit.
    SaveBedUnit
    /// Reporting a unit's numbers.
    ReportBeds
    /// Pausing or resuming a unit.
    PauseUnit
    /// Loading a region's travel times.
    LoadTravelTimes
    /// Placing or changing a hold, for its holder or for the unit's agency.
    HoldBed
    /// Sending somebody, and saying for the sender or the receiver how it goes on.
    SendHandoff
    /// Planning a follow-up, and saying how it went.
    FollowUpHandoff
    /// Planning a follow-up after a call.
    FollowUpCall
    /// Recording a legal hold, and saying how it ended.
    KeepLegalHold
    /// Looking at an open search of others, as a coordinator.
    ReadOpenEpisodes
    /// Reminding the party of a handoff whose word is awaited.
    NudgeHandoff
    /// Writing a sealed entry of a handoff.
    NoteHandoff
    /// Opening sealed entries of a handoff.
    Disclose
    /// Recording or revoking a person's consent.
    KeepConsent
    /// Telling an agency of a threat.
    DiscloseThreat
    /// Reading a threat that was told.
    ReadThreats
    /// Reading what was opened in a medical emergency.
    ReadEmergencies
    /// Reviewing it.
    ReviewEmergency
    /// Saying who is on call for a unit or a team.
    SetOnCall
    /// Preserving what is written in a handoff, and lifting that.
    PreserveHandoff
    /// Shredding what is written in a handoff.
    ShredText
    /// Calling a unit's or a team's people.
    PlaceCall
    /// Saying that a call has been seen.
    AcknowledgeCall
    /// Registering a browser of one's own, and taking it back.
    RegisterPush
    /// Saving a mobile team.
    SaveTeam
    /// Saying for a team whether it is free.
    SetTeamStatus
    /// Granting a role.
    GrantRole
    /// Revoking a grant.
    RevokeGrant
    /// Telling the log what time has changed.
    TellTime
    /// Posting and withdrawing a notice.
    PostNotice
    /// Acknowledging a notice.
    AcknowledgeNotice
    /// Asking units to confirm their numbers.
    RequestBedUpdate
}

impl<A> Permit<A> {
    /// The row it is for.
    pub fn row(&self) -> Uuid {
        self.row
    }
    /// The version it saw; 0 for a row that is not there yet.
    pub fn version(&self) -> Version {
        self.version
    }
    /// What the audit writes down.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }
}

/// A row as policy looks at it.
#[derive(Clone, Copy)]
struct Row {
    noun: Noun,
    key: Uuid,
    version: Version,
    region: RegionId,
    owner: OrganizationId,
}

/// Whether an action of the viewer reaches a unit, whose kind the reach may narrow.
fn reaches_unit(viewer: &Viewer, action: Action, unit: &BedUnit) -> bool {
    let entry = &unit.entry;
    match viewer.reach(action) {
        Reach::DropOff => unit.definition().drop_off && viewer.region() == Some(entry.region),
        _ => reaches(viewer, None, action, entry.region, entry.owner),
    }
}

/// Whether an action of the viewer reaches a row, when an agency is designated to coordinate its region.
pub(super) fn reaches(
    viewer: &Viewer,
    coordinator: Option<OrganizationId>,
    action: Action,
    region: RegionId,
    owner: OrganizationId,
) -> bool {
    match viewer.reach_with(action, coordinator) {
        Reach::Nowhere | Reach::Own | Reach::DropOff | Reach::Public => false,
        Reach::Agency => viewer.organization() == Some(owner) && viewer.region() == Some(region),
        Reach::Region => viewer.region() == Some(region),
        Reach::Hub => true,
    }
}

fn permit<A: Acts>(viewer: &Viewer, row: Row) -> Result<Permit<A>, Refused> {
    permit_with(viewer, None, row)
}

fn permit_with<A: Acts>(viewer: &Viewer, coordinator: Option<OrganizationId>, row: Row) -> Result<Permit<A>, Refused> {
    if viewer.read_only() || !reaches(viewer, coordinator, A::ACTION, row.region, row.owner) {
        return Err(Refused);
    }
    let stamp = Stamp {
        grant: viewer.grant_id(),
        machine: viewer.as_machine(),
        action: A::ACTION,
        noun: row.noun,
        owner: row.owner,
    };
    Ok(Permit { row: row.key, version: row.version, stamp, action: PhantomData })
}

/// A directory noun and the permit that saving it takes.
pub trait Saves: Details {
    /// The permit's action.
    type Action: Acts;

    /// Whether an edit to these details touches what operators alone may change.
    fn is_for_operators(&self, _edited: &Self) -> bool {
        false
    }
}

impl Saves for crate::domain::region::RegionDetails {
    type Action = SaveRegion;
}
impl Saves for crate::domain::organization::OrganizationDetails {
    type Action = SaveOrganization;

    // What an agency is decides what its people may be and see: it does not make itself something else.
    fn is_for_operators(&self, edited: &Self) -> bool {
        Self { name: edited.name.clone(), ..self.clone() } != *edited
    }
}
impl Saves for crate::domain::facility::FacilityDetails {
    type Action = SaveFacility;
}
impl Saves for crate::domain::service::ServiceDetails {
    type Action = SaveService;
}
impl Saves for crate::domain::pathway::PathwayDetails {
    type Action = SavePathway;
}
impl Saves for crate::domain::travel::TravelTimesDetails {
    type Action = LoadTravelTimes;
}
impl Saves for crate::domain::bed::BedUnitDetails {
    type Action = SaveBedUnit;
}
impl Saves for crate::domain::team::TeamDetails {
    type Action = SaveTeam;
}

/// May the viewer add this entry?
pub fn add<D: Saves>(
    viewer: &Viewer,
    id: D::Id,
    region: RegionId,
    owner: OrganizationId,
) -> Result<Permit<D::Action>, Refused> {
    // An agency is added by an operator: its administrator cannot exist before it.
    if D::Id::NOUN == Noun::Organization && viewer.stands_as(Role::AgencyAdmin) {
        return Err(Refused);
    }
    permit(viewer, Row { noun: D::Id::NOUN, key: id.key(), version: 0, region, owner })
}

/// May the viewer edit this entry to these details, or withdraw it?
pub fn edit<D: Saves>(viewer: &Viewer, entry: &Entry<D>, edited: Option<&D>) -> Result<Permit<D::Action>, Refused> {
    let over = edited.is_some_and(|edited| entry.details.is_for_operators(edited));
    if over && viewer.stands_as(Role::AgencyAdmin) {
        return Err(Refused);
    }
    permit(
        viewer,
        Row {
            noun: D::Id::NOUN,
            key: entry.id.key(),
            version: entry.version,
            region: entry.region,
            owner: entry.owner,
        },
    )
}

fn unit<A: Acts>(viewer: &Viewer, unit: &BedUnit) -> Result<Permit<A>, Refused> {
    let entry = &unit.entry;
    permit(
        viewer,
        Row {
            noun: Noun::BedUnit,
            key: entry.id.key(),
            version: entry.version,
            region: entry.region,
            owner: entry.owner,
        },
    )
}

/// May the viewer report this unit's numbers?
pub fn report_beds(viewer: &Viewer, of: &BedUnit) -> Result<Permit<ReportBeds>, Refused> {
    unit(viewer, of)
}

/// May the viewer pause or resume this unit?
pub fn pause_unit(viewer: &Viewer, of: &BedUnit) -> Result<Permit<PauseUnit>, Refused> {
    unit(viewer, of)
}

/// May the viewer tell the log what time has changed on this unit?
pub fn tell_time(viewer: &Viewer, of: &BedUnit) -> Result<Permit<TellTime>, Refused> {
    unit(viewer, of)
}

fn team<A: Acts>(viewer: &Viewer, team: &Team) -> Result<Permit<A>, Refused> {
    let entry = &team.entry;
    let (key, version) = (entry.id.key(), entry.version);
    permit(viewer, Row { noun: Noun::Team, key, version, region: entry.region, owner: entry.owner })
}

/// May the viewer say for this team whether it is free?
pub fn set_team_status(viewer: &Viewer, of: &Team) -> Result<Permit<SetTeamStatus>, Refused> {
    team(viewer, of)
}

/// May the viewer tell the log that this team was lost?
pub fn tell_lost(viewer: &Viewer, of: &Team) -> Result<Permit<TellTime>, Refused> {
    team(viewer, of)
}

fn row_of(grant: &Grant) -> Row {
    Row {
        noun: Noun::Grant,
        key: grant.id.key(),
        version: grant.version,
        region: grant.region,
        owner: grant.organization,
    }
}

/// Why a grant is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoGrant {
    /// It is not the viewer's to make.
    Refused,
    /// Nobody holds this role at an agency of this kind.
    Misfit,
}

/// Whether an administrator's reach ends before a grant: nobody but an operator or the console makes operators, or grants
/// to applications across agencies.
pub(super) fn is_over(viewer: &Viewer, grant: &Grant) -> bool {
    viewer.stands_as(Role::AgencyAdmin)
        && (matches!(grant.role, Role::HubOperator | Role::Council | Role::Analyst)
            || grant.principal.kind == HolderKind::Application)
}

/// May the viewer make this grant, and can its role be held at the agency?
pub fn grant_role(viewer: &Viewer, grant: &Grant, at: &OrganizationDetails) -> Result<Permit<GrantRole>, NoGrant> {
    let permit = permit(viewer, row_of(grant)).ok().filter(|_| !is_over(viewer, grant)).ok_or(NoGrant::Refused)?;
    if rules::fits(grant.role, at) { Ok(permit) } else { Err(NoGrant::Misfit) }
}

/// May the viewer revoke this grant? An agency's administrator does not revoke an operator's.
pub fn revoke_grant(viewer: &Viewer, grant: &Grant) -> Result<Permit<RevokeGrant>, Refused> {
    if viewer.stands_as(Role::AgencyAdmin) && grant.role == Role::HubOperator {
        return Err(Refused);
    }
    permit(viewer, row_of(grant))
}

/// The row of something that the viewer's own agency does.
fn row_at_home(viewer: &Viewer, home: &Organization, noun: Noun, key: Uuid, version: Version) -> Result<Row, Refused> {
    let own = viewer.organization() == Some(home.id);
    own.then_some(Row { noun, key, version, region: home.region, owner: home.id }).ok_or(Refused)
}

/// May the viewer post a notice for their own agency, `home`?
pub fn post_notice(viewer: &Viewer, home: &Organization, id: NoticeId) -> Result<Permit<PostNotice>, Refused> {
    permit_with(viewer, home.coordinator(), row_at_home(viewer, home, Noun::Notice, id.key(), 0)?)
}

/// May the viewer withdraw this notice? Only its own agency does.
pub fn withdraw_notice(viewer: &Viewer, home: &Organization, notice: &Notice) -> Result<Permit<PostNotice>, Refused> {
    if notice.author.organization != home.id {
        return Err(Refused);
    }
    let row = row_at_home(viewer, home, Noun::Notice, notice.id.key(), notice.version)?;
    permit_with(viewer, home.coordinator(), row)
}

/// May the viewer acknowledge this notice for their own agency, `home`? It is that agency's doing, whoever posted it.
pub fn acknowledge_notice(
    viewer: &Viewer,
    home: &Organization,
    notice: &Notice,
) -> Result<Permit<AcknowledgeNotice>, Refused> {
    permit(viewer, row_at_home(viewer, home, Noun::Notice, notice.id.key(), notice.version)?)
}

/// May the viewer ask these units, each of them, to confirm their numbers for their own agency, `home`?
pub fn request_bed_update(
    viewer: &Viewer,
    home: &Organization,
    id: BedUpdateRequestId,
    units: &[BedUnit],
) -> Result<Permit<RequestBedUpdate>, Refused> {
    let (coordinator, action) = (home.coordinator(), Action::RequestBedUpdate);
    if !units.iter().all(|unit| reaches(viewer, coordinator, action, unit.entry.region, unit.entry.owner)) {
        return Err(Refused);
    }
    permit_with(viewer, coordinator, row_at_home(viewer, home, Noun::BedUpdateRequest, id.key(), 0)?)
}

/// Whose units the viewer may ask to confirm their numbers: one agency's, or with `None` any that they see.
pub fn may_ask(viewer: &Viewer, home: &Organization) -> Result<Option<OrganizationId>, Refused> {
    match viewer.reach_with(Action::RequestBedUpdate, home.coordinator()) {
        Reach::Region | Reach::Hub => Ok(None),
        Reach::Agency => Ok(Some(home.id)),
        Reach::Nowhere | Reach::Own | Reach::DropOff | Reach::Public => Err(Refused),
    }
}
