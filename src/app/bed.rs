//! Verbs of bed units.
use super::directory::standing;
use super::error::Error;
use super::keyed::{Again, once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::bed::{BedUnit, BedUnitDetails, Census, NewReport, PauseReason, Report, ReportRefused};
use crate::domain::entry::{Changed, Entry, ExternalId, Origin, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{BedUnitId, FacilityId, OrganizationId, RegionId};
use crate::domain::service::ServiceDetails;
use crate::domain::time::At;
use crate::policy::view::BedUnitView;
use crate::policy::{Scope, Viewer, permit};
pub use crate::store::ReportsAsked;
use crate::store::{Committed, Keyed, Tx};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most units that one `reportBeds` takes.
pub const UNITS_MAX: usize = 200;

/// What one `reportBeds` says.
#[derive(Clone, Debug)]
pub struct ReportBeds {
    /// The units, or the facility whose last numbers are all still correct.
    pub about: About,
    /// Where the numbers come from.
    pub provenance: Provenance,
    /// The client's key and the digest of the input.
    pub keyed: Option<Keyed>,
}

/// What a report is about.
#[derive(Clone, Debug)]
pub enum About {
    /// Units, each with its numbers; at most [`UNITS_MAX`].
    Units(Vec<UnitReport>),
    /// Every unit of a facility: the last numbers are still correct.
    StillCorrect(FacilityId, Option<At>),
}

/// The numbers of one unit.
#[derive(Clone, Debug)]
pub struct UnitReport {
    /// The unit.
    pub unit: BedUnitId,
    /// When they were true; now when not given.
    pub as_of: Option<At>,
    /// The numbers; none says that the last ones are still correct.
    pub census: Option<Census>,
}

/// Takes reports of one or many units: all of them, or none.
pub async fn report(hub: &Hub, viewer: &Viewer, input: ReportBeds) -> Result<Outcome<Vec<BedUnitView>>, Error> {
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| report_in(tx, viewer, input)).await?;
    done.seen(|units| {
        hub.board().learn_units(&units);
        Some(views(hub, viewer, units))
    })
}

impl Again for Vec<BedUnit> {
    type Id = BedUnitId;

    async fn again(tx: &Tx, ids: &[BedUnitId]) -> Result<Option<Self>, Error> {
        in_order(tx, ids).await.map(Some)
    }
}

async fn report_in(tx: Tx, viewer: &Viewer, input: &ReportBeds) -> Result<Committed<Vec<BedUnit>>, Error> {
    let wanted = wanted(&tx, &input.about).await?;
    let mut problems = Vec::new();
    let mut units = Vec::with_capacity(wanted.len());
    for (place, (unit, wanted)) in wanted.into_iter().enumerate() {
        let permit = permit::report_beds(viewer, &unit)?;
        let new = NewReport { id: tx.id(), as_of: wanted.as_of, provenance: input.provenance, census: wanted.census };
        match unit.report(new, tx.now()) {
            Ok(Some(changed)) => {
                tx.save(permit, &changed).await?;
                units.push(changed.into_state());
            }
            Ok(None) => units.push(unit),
            Err(refused) => problems.push(problem(refused, place, unit.id())),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    remember(&tx, input.keyed.as_ref(), units.iter().map(BedUnit::id)).await?;
    Ok(tx.commit(units).await?)
}

/// Units, locked in the order of their ids, answered in the order asked.
async fn in_order(tx: &Tx, ids: &[BedUnitId]) -> Result<Vec<BedUnit>, Error> {
    let mut units: HashMap<_, _> = tx.bed_units(ids).await?.into_iter().map(|unit| (unit.id(), unit)).collect();
    ids.iter().map(|id| units.remove(id).ok_or(Error::NotFound)).collect()
}

/// The units, each with what is said of it, in the order of the input.
async fn wanted(tx: &Tx, about: &About) -> Result<Vec<(BedUnit, UnitReport)>, Error> {
    let limit = |n: usize| {
        (1..=UNITS_MAX)
            .contains(&n)
            .then_some(())
            .ok_or_else(|| Error::BadInput(format!("send 1 to {UNITS_MAX} units")))
    };
    match about {
        About::Units(reports) => {
            limit(reports.len())?;
            let ids: Vec<BedUnitId> = reports.iter().map(|report| report.unit).collect();
            // Which of two numbers is right, only the sender knows.
            if ids.iter().collect::<HashSet<_>>().len() != ids.len() {
                return Err(Error::BadInput("name each unit once".into()));
            }
            Ok(in_order(tx, &ids).await?.into_iter().zip(reports.iter().cloned()).collect())
        }
        About::StillCorrect(facility, as_of) => {
            tx.consult::<FacilityDetails>(*facility).await?.ok_or(Error::NotFound)?;
            let units = tx.bed_units_at(*facility).await?;
            limit(units.len())?;
            Ok(units
                .into_iter()
                .map(|unit| (unit.id(), unit))
                .map(|(id, unit)| (unit, UnitReport { unit: id, as_of: *as_of, census: None }))
                .collect())
        }
    }
}

fn problem(refused: ReportRefused, place: usize, unit: BedUnitId) -> Problem {
    let place = place.to_string();
    let at = |code, field: &str| Problem::new(code).at(&["units", &place, field]).with_current(unit);
    match refused {
        ReportRefused::OlderThanStored => at(ProblemCode::OlderThanStored, "asOf"),
        ReportRefused::InFuture => at(ProblemCode::AsOfInFuture, "asOf"),
        ReportRefused::TooOld => at(ProblemCode::AsOfTooOld, "asOf"),
        ReportRefused::NothingToConfirm => at(ProblemCode::NothingToConfirm, "stillCorrect"),
        ReportRefused::Retired => at(ProblemCode::Retired, "unitId"),
        ReportRefused::Flawed(flaw) => at(ProblemCode::OutOfRange, flaw.field).saying(flaw.to_string()),
    }
}

fn views(hub: &Hub, viewer: &Viewer, units: Vec<BedUnit>) -> Vec<BedUnitView> {
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    units.into_iter().filter_map(|unit| crate::policy::view::bed_unit(&scope, Arc::new(unit), now)).collect()
}

/// Pauses a unit, or ends its pause.
#[derive(Clone, Debug)]
pub struct SetPause {
    /// The unit.
    pub unit: BedUnitId,
    /// Why and until when; none ends the pause.
    pub pause: Option<(PauseReason, At)>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Pauses a unit with a reason and an expected end, or ends its pause.
pub async fn set_pause(hub: &Hub, viewer: &Viewer, input: SetPause) -> Result<Outcome<BedUnitView>, Error> {
    let input = &input;
    let pause = |tx: Tx| async move {
        let unit = tx.bed_unit(input.unit).await?.ok_or(Error::NotFound)?;
        let permit = permit::pause_unit(viewer, &unit)?;
        let changed = match input.pause {
            Some((reason, until)) => Some(unit.pause(reason, until, tx.now())?),
            None => unit.resume(tx.now()),
        };
        finish(tx, permit, unit, changed, input.keyed.as_ref()).await
    };
    shown(hub, viewer, once(hub, viewer, input.keyed.as_ref(), pause).await?)
}

async fn finish<A: permit::Acts>(
    tx: Tx,
    permit: permit::Permit<A>,
    unit: BedUnit,
    changed: Option<Changed<BedUnit>>,
    keyed: Option<&Keyed>,
) -> Result<Committed<BedUnit>, Error>
where
    BedUnit: crate::store::KeptBy<A>,
{
    if let Some(changed) = &changed {
        tx.save(permit, changed).await?;
    }
    remember(&tx, keyed, [unit.id()]).await?;
    Ok(tx.commit(changed.map_or(unit, Changed::into_state)).await?)
}

fn shown(hub: &Hub, viewer: &Viewer, done: Outcome<BedUnit>) -> Result<Outcome<BedUnitView>, Error> {
    done.seen(|unit| {
        hub.board().learn_units([&unit]);
        views(hub, viewer, vec![unit]).pop()
    })
}

/// Adds or edits a unit.
#[derive(Clone, Debug)]
pub struct SaveUnit {
    /// The unit; none adds one.
    pub unit: Option<BedUnitId>,
    /// The version that the client read; any when not given.
    pub expected_version: Option<i64>,
    /// What the agency says about it.
    pub details: BedUnitDetails,
    /// Ids in other systems, of a new unit.
    pub external_ids: Vec<ExternalId>,
    /// Withdraw it.
    pub retire: bool,
    /// Where the details come from.
    pub provenance: Provenance,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Adds, edits or withdraws a unit of the viewer's own agency.
pub async fn save(hub: &Hub, viewer: &Viewer, input: SaveUnit) -> Result<Outcome<BedUnitView>, Error> {
    let input = &input;
    shown(hub, viewer, once(hub, viewer, input.keyed.as_ref(), |tx| save_in(tx, viewer, input)).await?)
}

async fn save_in(tx: Tx, viewer: &Viewer, input: &SaveUnit) -> Result<Committed<BedUnit>, Error> {
    match input.unit {
        Some(id) => {
            // Before the unit: rows are locked in one order.
            let place = if input.retire { None } else { Some(place(&tx, &input.details).await?) };
            let unit = tx.bed_unit(id).await?.ok_or(Error::NotFound)?;
            let permit = permit::edit(viewer, &unit.entry, (!input.retire).then_some(&input.details))?;
            if place.is_some_and(|(_, owner)| owner != unit.entry.owner) {
                return Err(Error::NotFound);
            }
            let changed = edited(&tx, input, &unit)?;
            finish(tx, permit, unit, changed, input.keyed.as_ref()).await
        }
        None if input.retire => Err(Error::BadInput("`retire` needs the `id` of what it withdraws".into())),
        None => {
            let unit = add(&tx, viewer, &input.details, input.external_ids.clone(), input.provenance).await?;
            remember(&tx, input.keyed.as_ref(), [unit.id()]).await?;
            Ok(tx.commit(unit).await?)
        }
    }
}

/// Adds units in one write, all of them or none, and answers them in the order of the input.
pub async fn add_many(
    hub: &Hub,
    viewer: &Viewer,
    units: Vec<BedUnitDetails>,
    provenance: Provenance,
) -> Result<Outcome<Vec<BedUnitView>>, Error> {
    if units.len() > UNITS_MAX {
        return Err(Error::BadInput(format!("send at most {UNITS_MAX} units")));
    }
    let units = &units;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            let mut added = Vec::with_capacity(units.len());
            for details in units {
                added.push(add(&tx, viewer, details, Vec::new(), provenance).await?);
            }
            Ok::<Committed<_>, Error>(tx.commit(added).await?)
        })
        .await;
    Outcome::settle(written.map(|added| {
        hub.board().learn_units(&added);
        Outcome::done(views(hub, viewer, added), false)
    }))
}

fn edited(tx: &Tx, input: &SaveUnit, unit: &BedUnit) -> Result<Option<Changed<BedUnit>>, Error> {
    if input.expected_version.is_some_and(|expected| expected != unit.version()) {
        return Err(Error::Refused(vec![
            Problem::new(ProblemCode::StaleVersion).at(&["expectedVersion"]).with_current(unit.id()),
        ]));
    }
    if input.retire {
        return Ok(unit.retire(tx.now()));
    }
    Ok(unit.edit(input.details.clone(), input.provenance, tx.now())?)
}

/// The facility and the service have to be there, and one agency's: its region and it.
async fn place(tx: &Tx, details: &BedUnitDetails) -> Result<(RegionId, OrganizationId), Error> {
    let definition = &details.definition;
    let facility = standing::<FacilityDetails>(tx, definition.facility, "facilityId").await?;
    let service = standing::<ServiceDetails>(tx, definition.service, "serviceId").await?;
    if service.owner == facility.owner { Ok((facility.region, facility.owner)) } else { Err(Error::NotFound) }
}

async fn add(
    tx: &Tx,
    viewer: &Viewer,
    details: &BedUnitDetails,
    external_ids: Vec<ExternalId>,
    provenance: Provenance,
) -> Result<BedUnit, Error> {
    let (region, owner) = place(tx, details).await?;
    let id: BedUnitId = tx.id();
    let permit = permit::add::<BedUnitDetails>(viewer, id, region, owner)?;
    let origin = Origin { region, owner, provenance };
    let changed = BedUnit::create(Entry::create(id, origin, details.clone(), external_ids, tx.now())?);
    tx.save(permit, &changed).await?;
    Ok(changed.into_state())
}

/// Reports of units, latest first, for those who may read their census.
pub async fn reports(
    hub: &Hub,
    viewer: &Viewer,
    asked: &[ReportsAsked],
) -> Result<HashMap<ReportsAsked, Vec<Report>>, Error> {
    log::known(viewer)?;
    Ok(hub.store().read(viewer).await?.bed_reports(asked).await?)
}
