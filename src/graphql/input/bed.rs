//! What is said of units.
use super::{externals, keyed, maybe_named, named};
use crate::app::bed::{About, ReportBeds, SaveUnit, SetPause, UnitReport};
use crate::domain::bed::{
    Accepting, BedUnitDetails, BlockReason, Blocked, Census, Countable, GenderPolicy, HoldPolicy, PauseReason,
    Security, Specialty, UnitDefinition,
};
use crate::domain::entry::Provenance;
use crate::domain::service::{ServiceDetails, ServiceKind};
use crate::graphql::directory::ExternalIdInput;
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

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
    /// Ids of the same unit in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
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

/// Reads a report.
pub(in crate::graphql) fn report_beds(asking: &Asking, input: ReportBedsInput) -> Result<ReportBeds, Error> {
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

/// Reads a unit's definition.
pub(in crate::graphql) fn save_unit(asking: &Asking, input: SaveBedUnitInput) -> Result<SaveUnit, Error> {
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
        external_ids: externals(input.external_ids),
        retire: input.retire,
        provenance: Provenance::Manual,
        keyed,
    })
}

/// Reads a pause.
pub(in crate::graphql) fn pause(asking: &Asking, input: PauseBedUnitInput) -> Result<SetPause, Error> {
    let keyed = keyed(asking, "pauseBedUnit", input.idempotency_key.as_deref(), &input)?;
    Ok(SetPause { unit: named(&input.bed_unit_id)?, pause: Some((input.reason.0, input.until.0)), keyed })
}

/// Reads the end of a pause.
pub(in crate::graphql) fn resume(asking: &Asking, input: ResumeBedUnitInput) -> Result<SetPause, Error> {
    let keyed = keyed(asking, "resumeBedUnit", input.idempotency_key.as_deref(), &input)?;
    Ok(SetPause { unit: named(&input.bed_unit_id)?, pause: None, keyed })
}
