//! Imports: takes what a foreign source says of organizations and their facilities.
//!
//! **Invariant**: what the source says again changes nothing; what somebody here has edited or withdrawn is left alone
//! and reported; an organization and its facilities are taken in one write; no run withdraws more than a tenth of what
//! the source gave and still stands, unless it is told how many may go.
mod desk;

use super::directory::{self, SaveEntry};
use super::{Error, Hub};
use crate::domain::code::codes;
use crate::domain::entry::{Details, Entry, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{GlobalId, Noun, OrganizationId, RegionId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::region::RegionDetails;
use crate::policy::Viewer;
use crate::store::Imported;
use desk::Stop;
use std::collections::{HashMap, HashSet};

/// Organizations of one write.
const BATCH: usize = 200;
/// What the importer remembers of a row that it has withdrawn, instead of a fingerprint.
const WITHDRAWN: &str = "";

/// One record of a source, with its stable key there.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign<D> {
    /// Its key within the source.
    pub source_id: String,
    /// What the source says of it; nothing when it says that it is no more.
    pub said: Option<Said<D>>,
}

/// What a source says of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Said<D> {
    /// Digest of what is said: equal means that nothing has changed.
    pub fingerprint: String,
    /// The details.
    pub details: D,
}

/// An organization of a source and its facilities, which are never taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Agency {
    /// The organization.
    pub organization: Foreign<OrganizationDetails>,
    /// Its facilities.
    pub facilities: Vec<Foreign<FacilityDetails>>,
}

/// Where an import goes.
#[derive(Clone, Debug)]
pub enum Goal {
    /// A region that is there.
    Region(RegionId),
    /// A region to be set up first.
    New(RegionDetails),
}

/// One import.
#[derive(Clone, Debug)]
pub struct ImportDirectory {
    /// The source's name, which its keys belong to; also the system of external ids.
    pub source: String,
    /// The region.
    pub goal: Goal,
    /// What the source says; each key once.
    pub agencies: Vec<Agency>,
    /// The source has said everything: what it no longer names is withdrawn.
    pub complete: bool,
    /// How many organizations and facilities may be withdrawn beyond a tenth of what the source gave; 0 for none.
    pub may_retire: usize,
    /// Do everything and keep nothing.
    pub dry_run: bool,
}

codes! {
    /// Why a record was left alone.
    Why {
        /// Somebody here has edited it since.
        EditedHere "EDITED_HERE",
        /// Somebody here has withdrawn it, or the organization that it belongs to.
        WithdrawnHere "WITHDRAWN_HERE",
        /// It was imported into another region.
        OtherRegion "OTHER_REGION",
        /// It belongs to another organization here than the source says now.
        OtherOrganization "OTHER_ORGANIZATION",
        /// The source no longer has it, but it runs facilities that somebody here has entered or edited.
        StillRuns "STILL_RUNS",
        /// The source no longer has it, but bed units stand on it here.
        UnitsStand "UNITS_STAND",
        /// The source says that it is another kind of agency, at which nobody holds roles that are granted here: revoke those
        /// grants first.
        GrantsDoNotFit "GRANTS_DO_NOT_FIT",
    }
}

/// A record that was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its key within the source.
    pub source_id: String,
    /// The row here.
    pub row: GlobalId,
    /// Why.
    pub why: Why,
}

/// What became of one noun's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Added.
    pub created: u64,
    /// Edited.
    pub updated: u64,
    /// Nothing to do.
    pub unchanged: u64,
    /// Left alone.
    pub conflicts: u64,
    /// Withdrawn.
    pub retired: u64,
    /// Never added, since the source says that they are closed.
    pub closed: u64,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Of organizations.
    pub organizations: Counts,
    /// Of facilities.
    pub facilities: Counts,
    /// Records that were left alone.
    pub conflicts: Vec<Conflict>,
}

impl<D> Foreign<D> {
    fn fingerprint(&self) -> &str {
        self.said.as_ref().map_or(WITHDRAWN, |said| &said.fingerprint)
    }
}

/// Takes what a source says. `on_batch` hears how many organizations are done.
pub async fn directory(
    hub: &Hub,
    viewer: &Viewer,
    mut input: ImportDirectory,
    on_batch: &(dyn Fn(usize) + Sync),
) -> Result<Done, Error> {
    let agencies = std::mem::take(&mut input.agencies);
    let agencies = match &input.goal {
        Goal::Region(region) => with_missing(hub, viewer, &input, *region, agencies).await?,
        Goal::New(details) if !input.dry_run => {
            let add = SaveEntry::new(None, details.clone(), Provenance::Manual);
            let region = directory::save(hub, viewer, add).await?.changed.ok_or(Error::NotFound)?;
            input.goal = Goal::Region(region.id);
            agencies
        }
        Goal::New(_) => agencies,
    };
    let (input, mut done) = (&input, Done::default());
    for batch in agencies.chunks(BATCH) {
        let written = hub.store().write(viewer, |tx| desk::write(tx, viewer, input, batch)).await;
        let taken = match written {
            Ok(taken) => {
                hub.board().learn_all(taken.organizations);
                hub.board().learn_all(taken.facilities);
                taken.done
            }
            Err(Stop::Rehearsed(done)) => *done,
            Err(Stop::Failed(error)) => return Err(error),
        };
        done.organizations.add(taken.organizations);
        done.facilities.add(taken.facilities);
        done.conflicts.extend(taken.conflicts);
        on_batch(batch.len());
    }
    Ok(done)
}

impl Counts {
    fn add(&mut self, more: Self) {
        let Self { created, updated, unchanged, conflicts, retired, closed } = more;
        self.created += created;
        self.updated += updated;
        self.unchanged += unchanged;
        self.conflicts += conflicts;
        self.retired += retired;
        self.closed += closed;
    }
}

/// Adds what a complete source no longer names, as gone; refused when more would be withdrawn than one run may.
async fn with_missing(
    hub: &Hub,
    viewer: &Viewer,
    input: &ImportDirectory,
    region: RegionId,
    mut agencies: Vec<Agency>,
) -> Result<Vec<Agency>, Error> {
    let reader = hub.store().read(viewer).await?;
    let mut owners: HashMap<GlobalId, OrganizationId> = HashMap::new();
    let organizations = reader.entries::<OrganizationDetails>().await?;
    owners.extend(organizations.iter().filter(|row| row.region == region).map(|row| (row.id.into(), row.id)));
    let facilities = reader.entries::<FacilityDetails>().await?;
    owners.extend(facilities.iter().filter(|row| row.region == region).map(|row| (row.id.into(), row.owner)));
    let mut ours: HashSet<GlobalId> = HashSet::new();
    ours.extend(organizations.iter().filter(|row| can_go(row)).map(|row| GlobalId::from(row.id)));
    ours.extend(facilities.iter().filter(|row| can_go(row)).map(|row| GlobalId::from(row.id)));
    let imported = reader.imported(&input.source).await?;
    let names: HashMap<GlobalId, &str> = imported.iter().map(|known| (known.row, known.source_id.as_str())).collect();
    // In this region, and not withdrawn by an import already.
    let standing: Vec<&Imported> =
        imported.iter().filter(|known| known.fingerprint != WITHDRAWN && owners.contains_key(&known.row)).collect();

    let (mut named, mut closed) = (HashSet::new(), HashSet::new());
    for agency in &agencies {
        let Foreign { source_id, said } = &agency.organization;
        let records = agency.facilities.iter().map(|f| (Noun::Facility, f.source_id.clone(), f.said.is_some()));
        for (noun, id, open) in records.chain([(Noun::Organization, source_id.clone(), said.is_some())]) {
            if open { &mut named } else { &mut closed }.insert((noun, id));
        }
    }
    // What somebody here has edited or withdrawn stays as it is, run after run: it is no part of what may go.
    let (mut going, given) = (0, standing.iter().filter(|known| ours.contains(&known.row)).count());
    let mut places: HashMap<String, usize> =
        agencies.iter().enumerate().map(|(at, agency)| (agency.organization.source_id.clone(), at)).collect();
    for known in &standing {
        let key = (known.row.noun, known.source_id.clone());
        let gone = input.complete && !named.contains(&key);
        going += usize::from((gone || closed.contains(&key)) && ours.contains(&known.row));
        if gone && !closed.contains(&key) {
            let owner = owners.get(&known.row).and_then(|owner| names.get(&GlobalId::from(*owner)));
            let owner = owner.map_or_else(|| known.source_id.clone(), |owner| (*owner).to_owned());
            let at = *places.entry(owner.clone()).or_insert_with(|| {
                let organization = Foreign { source_id: owner, said: None };
                agencies.push(Agency { organization, facilities: Vec::new() });
                agencies.len() - 1
            });
            if let Some(agency) = agencies.get_mut(at).filter(|_| known.row.noun == Noun::Facility) {
                agency.facilities.push(Foreign { source_id: known.source_id.clone(), said: None });
            }
        }
    }
    if going * 10 > given && going > input.may_retire {
        return Err(Error::BadInput(format!(
            "refused, nothing has changed: {going} of the {given} organizations and facilities that {} gave this region \
             would be withdrawn, and one import withdraws at most a tenth; if the file is whole and its filter the same, \
             say --allow-retire {going}",
            input.source
        )));
    }
    Ok(agencies)
}

/// Whether an import may withdraw a row: it made it, and it still stands.
fn can_go<D: Details>(row: &Entry<D>) -> bool {
    !row.retired && row.provenance == Provenance::Import
}
