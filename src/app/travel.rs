//! Travel times: a region's table, replaced as a whole.
use super::Hub;
use super::error::Error;
use crate::domain::entry::{Changed, Entry, ExternalId, Origin, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{FacilityId, RegionId};
use crate::domain::region::RegionDetails;
use crate::domain::travel::{TravelTimes, TravelTimesDetails};
use crate::policy::{Scope, Viewer, permit};
use crate::store::{Committed, Tx};
use std::collections::{HashMap, HashSet};

/// Loads a region's table.
#[derive(Clone, Debug)]
pub struct LoadTravelTimes {
    /// The region.
    pub region: RegionId,
    /// The whole table.
    pub details: TravelTimesDetails,
    /// Say what would change, and change nothing.
    pub dry_run: bool,
}

/// The facilities of a region, for those who name them in a file.
pub struct Facilities {
    ours: HashSet<FacilityId>,
    theirs: HashMap<ExternalId, FacilityId>,
}

impl Facilities {
    /// The facilities of a region that the viewer sees and that are not withdrawn.
    pub fn of(hub: &Hub, viewer: &Viewer, region: RegionId) -> Self {
        let (scope, board) = (Scope::of(viewer), hub.board().now());
        let (mut ours, mut theirs) = (HashSet::new(), HashMap::new());
        for facility in board.entries::<FacilityDetails>(&scope).filter(|facility| facility.region == region) {
            ours.insert(facility.id);
            theirs.extend(facility.external_ids.iter().map(|id| (id.clone(), facility.id)));
        }
        Self { ours, theirs }
    }

    /// The facility of this id, if it is one of the region's.
    pub fn ours(&self, id: FacilityId) -> Option<FacilityId> {
        self.ours.get(&id).copied()
    }

    /// The facility that another system knows by this id.
    pub fn theirs(&self, id: &ExternalId) -> Option<FacilityId> {
        self.theirs.get(id).copied()
    }
}

/// Replaces a region's table, and answers whether it says anything else than before.
pub async fn load(hub: &Hub, viewer: &Viewer, input: LoadTravelTimes) -> Result<bool, Error> {
    let input = &input;
    if input.dry_run {
        let (scope, board) = (Scope::of(viewer), hub.board().now());
        let mut tables = board.entries::<TravelTimesDetails>(&scope).filter(|table| table.region == input.region);
        return Ok(tables.next().is_none_or(|table| table.details != input.details));
    }
    let written = hub.store().write(viewer, |tx| load_in(tx, viewer, input)).await?;
    Ok(written.is_some_and(|table| {
        hub.board().learn(&table);
        true
    }))
}

async fn load_in(tx: Tx, viewer: &Viewer, input: &LoadTravelTimes) -> Result<Committed<Option<TravelTimes>>, Error> {
    // The region's lock: two first tables of one region would be two rows.
    let region = tx.entry::<RegionDetails>(input.region).await?.ok_or(Error::NotFound)?;
    let (permit, changed) = if let Some(table) = tx.travel_times(region.id).await? {
        let permit = permit::edit(viewer, &table, Some(&input.details))?;
        (permit, table.edit(input.details.clone(), Provenance::Import, tx.now())?)
    } else {
        let id = tx.id();
        let permit = permit::add::<TravelTimesDetails>(viewer, id, region.id, region.owner)?;
        let origin = Origin { region: region.id, owner: region.owner, provenance: Provenance::Import };
        (permit, Some(Entry::create(id, origin, input.details.clone(), Vec::new(), tx.now())?))
    };
    if let Some(changed) = &changed {
        tx.save(permit, changed).await?;
    }
    Ok(tx.commit(changed.map(Changed::into_state)).await?)
}
