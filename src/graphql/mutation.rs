//! The mutation root: one input, one payload.
use super::bed::BedUnit;
use super::directory::{ExternalIdInput, Facility, Organization, Service, parse_fips};
use super::error::{Answer, ErrorCode, coded, from_app};
use super::log::Grant;
use super::query::{Node, find};
use super::scalars::{Code, DateTime, parse_id};
use super::seen::{Asking, asking};
use crate::app::bed::{About, ReportBeds, SaveUnit, SetPause, UnitReport};
use crate::app::directory::{Entered, SaveEntry};
use crate::app::{self, Outcome, ProblemCode};
use crate::domain::bed::{
    Accepting, BedUnitDetails, BlockReason, Blocked, Census, Countable, GenderPolicy, HoldPolicy, PauseReason,
    Security, Specialty, UnitDefinition,
};
use crate::domain::entry::{Entry, ExternalId, Provenance};
use crate::domain::facility::{FacilityDetails, Zone};
use crate::domain::grant::{HolderKind, Principal};
use crate::domain::id::NounId;
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::role::Role;
use crate::domain::service::{ServiceDetails, ServiceKind};
use crate::policy::view::BedUnitView;
use crate::store::{Kept, KeptBy, Keyed};
use async_graphql::{Context, Error, ID, InputObject, Object, SimpleObject};
use std::sync::Arc;

/// An expected refusal: nothing has changed.
#[derive(Clone, SimpleObject)]
pub struct Problem {
    /// Which.
    code: Code<ProblemCode>,
    /// What to do, in a sentence.
    message: String,
    /// The input that it is about, as a path into `input`.
    path: Vec<String>,
    /// What is true now, if you may see it.
    current: Option<Node>,
}

macro_rules! payload {
    ($(#[doc = $doc:literal])+ $name:ident $field:ident $type:ty) => {
        $(#[doc = $doc])+
        #[derive(Clone, SimpleObject)]
        pub struct $name {
            /// What was changed; null when nothing was.
            $field: Option<$type>,
            /// Why nothing was changed; empty when all went well.
            problems: Vec<Problem>,
            /// The same request had been done before: this is its effect, read again.
            replayed: bool,
        }
        impl $name {
            fn settle<T>(asking: &Asking, outcome: Result<Outcome<T>, app::Error>, changed: impl FnOnce(T) -> $type) -> Answer<Self> {
                Some(match outcome {
                    Err(error) => Err(from_app(&error)),
                    Ok(outcome) => problems(asking, outcome.problems).map(|problems| Self {
                        $field: outcome.changed.map(changed),
                        problems,
                        replayed: outcome.replayed,
                    }),
                })
            }
        }
    };
}

payload! {
    /// What `reportBeds` did.
    ReportBedsPayload bed_units Vec<BedUnit>
}
payload! {
    /// What a change to a unit did.
    BedUnitPayload bed_unit BedUnit
}
payload! {
    /// What `saveOrganization` did.
    OrganizationPayload organization Organization
}
payload! {
    /// What `saveFacility` did.
    FacilityPayload facility Facility
}
payload! {
    /// What `saveService` did.
    ServicePayload service Service
}
payload! {
    /// What a change to a grant did.
    GrantPayload grant Grant
}

fn problems(asking: &Asking, problems: Vec<app::Problem>) -> Result<Vec<Problem>, Error> {
    // What is true now is read after the refusal, not as of the operation's beginning.
    let now = Asking { seen: asking.look(), ..asking.clone() };
    let mut told = Vec::with_capacity(problems.len());
    for problem in problems {
        let current = match problem.current {
            Some(id) => find(&now, &ID(id.to_string())).map_err(|error| from_app(&error))?,
            None => None,
        };
        told.push(Problem { code: Code(problem.code), message: problem.message, path: problem.path, current });
    }
    Ok(told)
}

/// Places that cannot be used for one reason.
#[derive(Clone, Debug, InputObject)]
pub struct BlockedInput {
    /// How many, 1 to 10,000.
    count: u32,
    /// Why.
    reason: Code<BlockReason>,
}

/// The numbers of one unit.
#[derive(Clone, Debug, InputObject)]
pub struct UnitReportInput {
    /// The unit.
    unit_id: ID,
    /// When the numbers were true: now when not given, at most 60 s ahead, at most 7 days back.
    as_of: Option<DateTime>,
    /// The last numbers are still correct; leave the numbers out.
    #[graphql(default)]
    still_correct: bool,
    /// Places with staff, 0 to 10,000.
    staffed: Option<u32>,
    /// Places in use, 0 to 10,000.
    occupied: Option<u32>,
    /// Places that cannot be used, one line a reason.
    #[graphql(validator(max_items = 6))]
    blocked: Option<Vec<BlockedInput>>,
    /// Discharges expected within four hours.
    #[graphql(default)]
    pending_discharge: u32,
    /// People waiting.
    #[graphql(default)]
    waitlist: u32,
    /// Whether the unit takes people now; YES when not given.
    accepting: Option<Code<Accepting>>,
}

/// Reports of one unit or of many: all are taken, or none.
#[derive(Clone, Debug, InputObject)]
pub struct ReportBedsInput {
    /// The units, 1 to 200; or give `facilityId`.
    units: Option<Vec<UnitReportInput>>,
    /// Every unit of this facility: the last numbers are still correct.
    facility_id: Option<ID>,
    /// With `facilityId`: when they were found correct; now when not given.
    as_of: Option<DateTime>,
    /// Where the numbers come from; MANUAL when not given.
    provenance: Option<Code<Provenance>>,
    /// Your key for this request, at most 128 characters: sent again within 24 hours, it is done once.
    idempotency_key: Option<String>,
}

/// Pauses a unit.
#[derive(Clone, Debug, InputObject)]
pub struct PauseBedUnitInput {
    /// The unit.
    bed_unit_id: ID,
    /// Why.
    reason: Code<PauseReason>,
    /// When it is expected to end, at most 30 days ahead; from then on the unit asks to be called.
    until: DateTime,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Ends a unit's pause.
#[derive(Clone, Debug, InputObject)]
pub struct ResumeBedUnitInput {
    /// The unit.
    bed_unit_id: ID,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Adds, edits or withdraws a unit of your agency. An edit replaces the whole definition.
#[derive(Clone, Debug, InputObject)]
pub struct SaveBedUnitInput {
    /// The unit; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION. Reports and aging count as versions too.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Its name, as staff say it, at most 120 characters.
    label: String,
    /// Where it is: a facility of your agency.
    facility_id: ID,
    /// What it offers: a service of your agency.
    service_id: ID,
    /// What it counts; BED when not given.
    counts: Option<Code<Countable>>,
    /// Youngest age taken, 0 to 120.
    age_min: Option<u16>,
    /// Oldest age taken, 0 to 120.
    age_max: Option<u16>,
    /// How it places people by gender; ANY when not given.
    gender_policy: Option<Code<GenderPolicy>>,
    /// How secure it is; OPEN when not given.
    security: Option<Code<Security>>,
    /// Takes people who come of their own will.
    #[graphql(default = true)]
    voluntary: bool,
    /// Takes people under an involuntary hold.
    #[graphql(default)]
    involuntary: bool,
    /// What it is set up for.
    #[graphql(validator(max_items = 20))]
    specialties: Option<Vec<Code<Specialty>>>,
    /// Licensed places, 0 to 10,000.
    licensed: u32,
    /// How often its numbers are due, 1 to 10,080 minutes; by the service's level of care when not given.
    update_interval_minutes: Option<u32>,
    /// Who may hold a place; OPEN for drop-off units and ON_ACCEPT for others when not given.
    hold_policy: Option<Code<HoldPolicy>>,
    /// Takes drop-offs by first responders.
    #[graphql(default)]
    drop_off: bool,
    /// Open to the public: walk-in or self-referral.
    #[graphql(default)]
    open_to_public: bool,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Adds (operators) or edits an agency. An edit replaces the whole entry.
#[derive(Clone, Debug, InputObject)]
pub struct SaveOrganizationInput {
    /// The agency; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Region of a new agency; your own when not given.
    region_id: Option<ID>,
    /// Its name, at most 200 characters.
    name: String,
    /// What it is.
    kind: Code<OrganizationKind>,
    /// A program under 42 CFR Part 2.
    #[graphql(default)]
    part2_program: bool,
    /// A covered entity under HIPAA.
    #[graphql(default)]
    covered_entity: bool,
    /// A criminal-justice agency.
    #[graphql(default)]
    criminal_justice_agency: bool,
    /// Designated to coordinate its region: operators alone may change it.
    #[graphql(default)]
    coordinating: bool,
    /// Ids of the same agency in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Adds, edits or withdraws a place of your agency. An edit replaces the whole entry.
#[derive(Clone, Debug, InputObject)]
pub struct SaveFacilityInput {
    /// The place; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Its name, at most 200 characters.
    name: String,
    /// Street address.
    street: Option<String>,
    /// City.
    city: Option<String>,
    /// State, two letters.
    state: Option<String>,
    /// ZIP code.
    zip: Option<String>,
    /// County (Census FIPS code of five digits).
    county_fips: Option<String>,
    /// Where it stands.
    point: Option<super::input::PointInput>,
    /// What kind of country it stands in; URBAN when not given.
    zone: Option<Code<Zone>>,
    /// IANA time zone of its wall times, such as America/New_York.
    time_zone: String,
    /// The line that staff answer at night (E.164).
    direct_line: Option<String>,
    /// Has an entrance for first responders.
    #[graphql(default)]
    first_responder_door: bool,
    /// People may walk in.
    #[graphql(default)]
    walk_in: bool,
    /// Step-free access; leave out when not known.
    wheelchair_accessible: Option<bool>,
    /// Ids of the same place in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Adds, edits or withdraws a service of your agency. An edit replaces the whole entry.
#[derive(Clone, Debug, InputObject)]
pub struct SaveServiceInput {
    /// The service; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Its name, at most 200 characters.
    name: String,
    /// Where it is offered: a facility of your agency; none for a line or a mobile team.
    facility_id: Option<ID>,
    /// The level of care.
    kind: Code<ServiceKind>,
    /// First responders are never refused.
    #[graphql(default)]
    no_refusal: bool,
    /// Wants medical clearance before arrival.
    #[graphql(default)]
    medical_clearance_required: bool,
    /// Takes people who come of their own will.
    #[graphql(default = true)]
    voluntary: bool,
    /// Takes people under an involuntary hold.
    #[graphql(default)]
    involuntary: bool,
    /// Youngest age taken, 0 to 120.
    age_min: Option<u16>,
    /// Oldest age taken, 0 to 120.
    age_max: Option<u16>,
    /// Languages spoken (ISO 639-1), at most 50.
    languages: Option<Vec<String>>,
    /// Counties served (Census FIPS codes of five digits); any when not given.
    catchment_fips: Option<Vec<String>>,
    /// Ids of the same service in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Grants a role at an agency.
#[derive(Clone, Debug, InputObject)]
pub struct GrantRoleInput {
    /// The issuer, exactly as in its tokens; your own when not given.
    issuer: Option<String>,
    /// The issuer's name for the person, or the application's client id.
    subject: String,
    /// Person or application; PERSON when not given.
    holder: Option<Code<HolderKind>>,
    /// The role.
    role: Code<Role>,
    /// The agency; your own when not given.
    organization_id: Option<ID>,
    /// Until when; no end when not given.
    until: Option<DateTime>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Revokes a grant.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeGrantInput {
    /// The grant.
    grant_id: ID,
}

/// Reads the key of a request: the digest is of the input as this hub understood it.
fn keyed(
    asking: &Asking,
    operation: &'static str,
    key: Option<&str>,
    input: &impl std::fmt::Debug,
) -> Result<Option<Keyed>, Error> {
    let Some(key) = key else { return Ok(None) };
    crate::domain::text::line("idempotencyKey", key, 128)
        .map_err(|flaw| coded(ErrorCode::BadUserInput, flaw.to_string()))?;
    let stands_on: Vec<String> = asking.viewer.stands_on().map(|grant| grant.id.to_string()).collect();
    let digest = asking.hub.seal().digest(operation, &format!("{input:?}"));
    Ok(Some(Keyed { principal: stands_on.join(" "), operation, key: key.to_owned(), digest }))
}

/// An id in a mutation: one that is no id of the noun names nothing.
fn named<I: NounId>(id: &ID) -> Result<I, Error> {
    parse_id(id).ok_or_else(|| from_app(&app::Error::NotFound))
}

fn maybe_named<I: NounId>(id: Option<&ID>) -> Result<Option<I>, Error> {
    id.map(named).transpose()
}

fn all_fips(codes: Option<Vec<String>>) -> Result<Vec<u32>, Error> {
    let bad = || coded(ErrorCode::BadUserInput, "a county is a Census FIPS code of five digits, such as 12086");
    codes.unwrap_or_default().iter().map(|code| parse_fips(code).ok_or_else(bad)).collect()
}

fn externals(ids: Option<Vec<ExternalIdInput>>) -> Vec<ExternalId> {
    ids.unwrap_or_default().into_iter().map(|id| ExternalId { system: id.system, value: id.value }).collect()
}

fn unit_report(input: UnitReportInput) -> Result<UnitReport, Error> {
    let bad = |message: &str| Err(coded(ErrorCode::BadUserInput, message));
    let census = match (input.still_correct, input.staffed, input.occupied) {
        (true, None, None) => None,
        (true, ..) => return bad("with `stillCorrect`, leave `staffed` and `occupied` out"),
        (false, Some(staffed), Some(occupied)) => Some(Census {
            staffed,
            occupied,
            blocked: input
                .blocked
                .unwrap_or_default()
                .iter()
                .map(|b| Blocked { count: b.count, reason: b.reason.0 })
                .collect(),
            pending_discharge: input.pending_discharge,
            waitlist: input.waitlist,
            accepting: input.accepting.map_or(Accepting::Yes, |code| code.0),
        }),
        _ => return bad("send `staffed` and `occupied`, or `stillCorrect: true`"),
    };
    Ok(UnitReport { unit: named(&input.unit_id)?, as_of: input.as_of.map(|at| at.0), census })
}

fn report_beds(asking: &Asking, input: ReportBedsInput) -> Result<ReportBeds, Error> {
    let keyed = keyed(asking, "reportBeds", input.idempotency_key.as_deref(), &input)?;
    let as_of = input.as_of.map(|at| at.0);
    let about = match (input.units, &input.facility_id) {
        (Some(units), None) if as_of.is_none() => {
            About::Units(units.into_iter().map(unit_report).collect::<Result<_, _>>()?)
        }
        (None, Some(facility)) => About::StillCorrect(named(facility)?, as_of),
        _ => return Err(coded(ErrorCode::BadUserInput, "send `units`, or `facilityId` with or without `asOf`")),
    };
    Ok(ReportBeds { about, provenance: input.provenance.map_or(Provenance::Manual, |code| code.0), keyed })
}

fn save_unit(asking: &Asking, input: SaveBedUnitInput) -> Result<SaveUnit, Error> {
    let keyed = keyed(asking, "saveBedUnit", input.idempotency_key.as_deref(), &input)?;
    let service = named(&input.service_id)?;
    let kind = asking.seen.entry::<ServiceDetails>(service).map(|service| service.details.kind);
    let mut specialties: Vec<Specialty> =
        input.specialties.unwrap_or_default().into_iter().map(|code| code.0).collect();
    specialties.sort_unstable();
    specialties.dedup();
    let definition = UnitDefinition {
        facility: named(&input.facility_id)?,
        service,
        counts: input.counts.map_or(Countable::Bed, |c| c.0),
        age_min: input.age_min,
        age_max: input.age_max,
        gender: input.gender_policy.map_or(GenderPolicy::Any, |c| c.0),
        security: input.security.map_or(Security::Open, |c| c.0),
        voluntary: input.voluntary,
        involuntary: input.involuntary,
        specialties,
        licensed: input.licensed,
        sla_minutes: input
            .update_interval_minutes
            .unwrap_or_else(|| kind.map_or(240, ServiceKind::update_interval_minutes)),
        hold_policy: input
            .hold_policy
            .map_or(if input.drop_off { HoldPolicy::Open } else { HoldPolicy::OnAccept }, |c| c.0),
        drop_off: input.drop_off,
        public: input.open_to_public,
    };
    Ok(SaveUnit {
        unit: maybe_named(input.id.as_ref())?,
        expected_version: input.expected_version,
        details: BedUnitDetails { label: input.label, definition },
        retire: input.retire,
        provenance: Provenance::Manual,
        keyed,
    })
}

/// Everything that can be changed.
pub struct Mutation;

impl Mutation {
    async fn save<D: Entered>(
        asking: &Asking,
        input: Result<SaveEntry<D>, Error>,
    ) -> Result<Result<Outcome<Arc<Entry<D>>>, app::Error>, Error>
    where
        Entry<D>: Kept + KeptBy<D::Action>,
    {
        Ok(app::directory::save(&asking.hub, &asking.viewer, input?).await)
    }
}

macro_rules! given {
    ($input:expr) => {
        match $input {
            Ok(input) => input,
            Err(error) => return Some(Err(error)),
        }
    };
}

/// Everything that can be changed.
#[Object]
impl Mutation {
    /// Reports the numbers of one unit, of up to 200, or says of a whole facility that the last numbers are still correct.
    /// All are taken, or none.
    async fn report_beds(&self, ctx: &Context<'_>, input: ReportBedsInput) -> Answer<ReportBedsPayload> {
        let asking = asking(ctx);
        let input = given!(report_beds(asking, input));
        let outcome = app::bed::report(&asking.hub, &asking.viewer, input).await;
        let seen = asking.look();
        let units = |views: Vec<BedUnitView>| views.into_iter().map(|view| BedUnit::new(view, &seen)).collect();
        ReportBedsPayload::settle(asking, outcome, units)
    }

    /// Pauses a unit of your agency, with a reason and an expected end.
    async fn pause_bed_unit(&self, ctx: &Context<'_>, input: PauseBedUnitInput) -> Answer<BedUnitPayload> {
        let asking = asking(ctx);
        let keyed = given!(keyed(asking, "pauseBedUnit", input.idempotency_key.as_deref(), &input));
        let unit = given!(named(&input.bed_unit_id));
        let input = SetPause { unit, pause: Some((input.reason.0, input.until.0)), keyed };
        let outcome = app::bed::set_pause(&asking.hub, &asking.viewer, input).await;
        BedUnitPayload::settle(asking, outcome, |view| BedUnit::new(view, &asking.look()))
    }

    /// Ends the pause of a unit of your agency.
    async fn resume_bed_unit(&self, ctx: &Context<'_>, input: ResumeBedUnitInput) -> Answer<BedUnitPayload> {
        let asking = asking(ctx);
        let keyed = given!(keyed(asking, "resumeBedUnit", input.idempotency_key.as_deref(), &input));
        let unit = given!(named(&input.bed_unit_id));
        let outcome = app::bed::set_pause(&asking.hub, &asking.viewer, SetPause { unit, pause: None, keyed }).await;
        BedUnitPayload::settle(asking, outcome, |view| BedUnit::new(view, &asking.look()))
    }

    /// Adds, edits or withdraws a unit of your agency.
    async fn save_bed_unit(&self, ctx: &Context<'_>, input: SaveBedUnitInput) -> Answer<BedUnitPayload> {
        let asking = asking(ctx);
        let input = given!(save_unit(asking, input));
        let outcome = app::bed::save(&asking.hub, &asking.viewer, input).await;
        BedUnitPayload::settle(asking, outcome, |view| BedUnit::new(view, &asking.look()))
    }

    /// Adds (operators) or edits an agency.
    async fn save_organization(&self, ctx: &Context<'_>, input: SaveOrganizationInput) -> Answer<OrganizationPayload> {
        let asking = asking(ctx);
        let outcome = given!(Self::save(asking, organization(asking, input)).await);
        OrganizationPayload::settle(asking, outcome, |entry| Organization::new(entry, &asking.look()))
    }

    /// Adds, edits or withdraws a place of your agency.
    async fn save_facility(&self, ctx: &Context<'_>, input: SaveFacilityInput) -> Answer<FacilityPayload> {
        let asking = asking(ctx);
        let outcome = given!(Self::save(asking, facility(asking, input)).await);
        FacilityPayload::settle(asking, outcome, |entry| Facility::new(entry, &asking.look()))
    }

    /// Adds, edits or withdraws a service of your agency.
    async fn save_service(&self, ctx: &Context<'_>, input: SaveServiceInput) -> Answer<ServicePayload> {
        let asking = asking(ctx);
        let outcome = given!(Self::save(asking, service(asking, input)).await);
        ServicePayload::settle(asking, outcome, |entry| Service::new(entry, &asking.look()))
    }

    /// Grants a role: administrators within their agency, operators anywhere.
    async fn grant_role(&self, ctx: &Context<'_>, input: GrantRoleInput) -> Answer<GrantPayload> {
        let asking = asking(ctx);
        let input = given!(grant(asking, input));
        let outcome = app::grant::grant_role(&asking.hub, &asking.viewer, input).await;
        GrantPayload::settle(asking, outcome, |grant| Grant { grant, seen: asking.seen.clone() })
    }

    /// Revokes a grant for good. Its holder's reads, writes and subscriptions end at once.
    async fn revoke_grant(&self, ctx: &Context<'_>, input: RevokeGrantInput) -> Answer<GrantPayload> {
        let asking = asking(ctx);
        let id = given!(named(&input.grant_id));
        let outcome = app::grant::revoke_grant(&asking.hub, &asking.viewer, id).await;
        GrantPayload::settle(asking, outcome, |grant| Grant { grant, seen: asking.seen.clone() })
    }
}

fn organization(asking: &Asking, input: SaveOrganizationInput) -> Result<SaveEntry<OrganizationDetails>, Error> {
    let keyed = keyed(asking, "saveOrganization", input.idempotency_key.as_deref(), &input)?;
    let details = OrganizationDetails {
        name: input.name,
        kind: input.kind.0,
        part2_program: input.part2_program,
        covered_entity: input.covered_entity,
        criminal_justice_agency: input.criminal_justice_agency,
        coordinating: input.coordinating,
    };
    let mut save = SaveEntry::new(maybe_named(input.id.as_ref())?, details, Provenance::Manual);
    save.region = maybe_named(input.region_id.as_ref())?;
    (save.expected_version, save.retire, save.keyed) = (input.expected_version, input.retire, keyed);
    save.external_ids = externals(input.external_ids);
    Ok(save)
}

fn facility(asking: &Asking, input: SaveFacilityInput) -> Result<SaveEntry<FacilityDetails>, Error> {
    let keyed = keyed(asking, "saveFacility", input.idempotency_key.as_deref(), &input)?;
    let details = FacilityDetails {
        name: input.name,
        street: input.street,
        city: input.city,
        state: input.state,
        zip: input.zip,
        county_fips: all_fips(input.county_fips.map(|code| vec![code]))?.pop(),
        point: input.point.map(super::input::PointInput::read).transpose()?,
        zone: input.zone.map_or(Zone::Urban, |c| c.0),
        time_zone: input.time_zone,
        direct_line: input.direct_line,
        first_responder_door: input.first_responder_door,
        walk_in: input.walk_in,
        wheelchair_accessible: input.wheelchair_accessible,
    };
    let mut save = SaveEntry::new(maybe_named(input.id.as_ref())?, details, Provenance::Manual);
    (save.expected_version, save.retire, save.keyed) = (input.expected_version, input.retire, keyed);
    save.external_ids = externals(input.external_ids);
    Ok(save)
}

fn service(asking: &Asking, input: SaveServiceInput) -> Result<SaveEntry<ServiceDetails>, Error> {
    let keyed = keyed(asking, "saveService", input.idempotency_key.as_deref(), &input)?;
    let details = ServiceDetails {
        name: input.name,
        facility: maybe_named(input.facility_id.as_ref())?,
        kind: input.kind.0,
        no_refusal: input.no_refusal,
        medical_clearance_required: input.medical_clearance_required,
        voluntary: input.voluntary,
        involuntary: input.involuntary,
        age_min: input.age_min,
        age_max: input.age_max,
        languages: input.languages.unwrap_or_default(),
        catchment_fips: all_fips(input.catchment_fips)?,
    };
    let mut save = SaveEntry::new(maybe_named(input.id.as_ref())?, details, Provenance::Manual);
    (save.expected_version, save.retire, save.keyed) = (input.expected_version, input.retire, keyed);
    save.external_ids = externals(input.external_ids);
    Ok(save)
}

fn grant(asking: &Asking, input: GrantRoleInput) -> Result<app::grant::GrantRole, Error> {
    let keyed = keyed(asking, "grantRole", input.idempotency_key.as_deref(), &input)?;
    let own = asking.viewer.grant().map(|grant| grant.principal.issuer.clone());
    let issuer = input.issuer.or(own).ok_or_else(|| from_app(&app::Error::Unauthenticated))?;
    let principal =
        Principal { issuer, subject: input.subject, kind: input.holder.map_or(HolderKind::Person, |c| c.0) };
    let organization = maybe_named(input.organization_id.as_ref())?;
    Ok(app::grant::GrantRole { principal, role: input.role.0, organization, until: input.until.map(|at| at.0), keyed })
}
