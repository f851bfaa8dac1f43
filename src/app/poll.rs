//! Verbs of polls: units asked to confirm their numbers now.
use super::Hub;
use super::bed::UNITS_MAX;
use super::error::Error;
use super::keyed::{once, remember};
use super::notice::{author, home};
use super::outcome::{Outcome, Problem, ProblemCode};
use crate::domain::bed::BedUnit;
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{BedUnitId, BedUpdateRequestId, FacilityId};
use crate::domain::organization::Organization;
use crate::domain::poll::{Ask, BedUpdateRequest};
use crate::domain::service::ServiceKind;
use crate::policy::view::{self, RequestView};
use crate::policy::{Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use std::collections::HashSet;
use std::sync::Arc;

/// Asks units to confirm their numbers now.
#[derive(Clone, Debug)]
pub struct RequestBedUpdate {
    /// Which units.
    pub of: Asked,
    /// What is asked of them.
    pub ask: Ask,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Which units are asked; at most [`UNITS_MAX`].
#[derive(Clone, Debug)]
pub enum Asked {
    /// These.
    Units(Vec<BedUnitId>),
    /// Every unit of a facility.
    Facility(FacilityId),
    /// Every unit that the viewer may ask in one of some counties and of one of some levels of care; an empty list is any.
    Such(Vec<u32>, Vec<ServiceKind>),
}

/// Asks units to confirm their numbers now: all of them, or none.
pub async fn request(hub: &Hub, viewer: &Viewer, input: RequestBedUpdate) -> Result<Outcome<RequestView>, Error> {
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| request_in(tx, viewer, input)).await?;
    done.seen(|request| {
        let request = Arc::new(request);
        hub.board().learn_request(&request);
        view::bed_update_request(&Scope::of(viewer), request)
    })
}

async fn request_in(tx: Tx, viewer: &Viewer, input: &RequestBedUpdate) -> Result<Committed<BedUpdateRequest>, Error> {
    let home = home(&tx, viewer).await?;
    let units = units(&tx, viewer, &home, &input.of).await?;
    let id: BedUpdateRequestId = tx.id();
    let permit = permit::request_bed_update(viewer, &home, id, &units)?;
    withdrawn(&input.of, &units)?;
    // Asked after the units were locked: a report that waits for them comes after the question.
    let changed = BedUpdateRequest::ask(id, author(viewer)?, &units, input.ask.clone(), tx.now())?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// The units, locked in the order of their ids.
async fn units(tx: &Tx, viewer: &Viewer, home: &Organization, of: &Asked) -> Result<Vec<BedUnit>, Error> {
    let units = match of {
        Asked::Units(ids) => {
            limit(ids.len())?;
            if ids.iter().collect::<HashSet<_>>().len() != ids.len() {
                return Err(Error::BadInput("name each unit once".into()));
            }
            let units = tx.bed_units(ids).await?;
            if units.len() == ids.len() { units } else { return Err(Error::NotFound) }
        }
        Asked::Facility(facility) => {
            tx.entry::<FacilityDetails>(*facility).await?.ok_or(Error::NotFound)?;
            permit::may_ask(viewer, home)?;
            tx.bed_units_at(*facility).await?
        }
        Asked::Such(counties_fips, levels_of_care) => {
            let owner = permit::may_ask(viewer, home)?;
            tx.bed_units_of(owner, counties_fips, levels_of_care, UNITS_MAX as u64 + 1).await?
        }
    };
    limit(units.len())?;
    Ok(units)
}

fn limit(units: usize) -> Result<(), Error> {
    let fits = (1..=UNITS_MAX).contains(&units);
    fits.then_some(()).ok_or_else(|| Error::BadInput(format!("ask 1 to {UNITS_MAX} units")))
}

/// A withdrawn unit has nothing to confirm.
fn withdrawn(of: &Asked, units: &[BedUnit]) -> Result<(), Error> {
    let Asked::Units(ids) = of else { return Ok(()) };
    let retired: HashSet<BedUnitId> = units.iter().filter(|unit| unit.entry.retired).map(BedUnit::id).collect();
    let problems: Vec<Problem> = (0_usize..)
        .zip(ids)
        .filter(|(_, id)| retired.contains(id))
        .map(|(place, id)| Problem::new(ProblemCode::Retired).at(&["unitIds", &place.to_string()]).with_current(*id))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Refused(problems)) }
}
