//! Imports: takes what a foreign source says of organizations and their facilities.
//!
//! **Invariant**: what the source says again changes nothing; what somebody here has edited or withdrawn is left alone
//! and reported; an organization and its facilities are taken in one write; no run withdraws more than a tenth of what
//! the source gave.
use super::Hub;
use super::directory::{self, Entered, SaveEntry};
use super::error::Error;
use crate::domain::code::codes;
use crate::domain::entry::{Entry, ExternalId, Origin, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{FacilityId, GlobalId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::region::RegionDetails;
use crate::policy::{Viewer, permit};
use crate::store::{Committed, Imported, Kept, KeptBy, MayConflict, Tx};
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
        let written = hub.store().write(viewer, |tx| write(tx, viewer, input, batch)).await;
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
    let mut going = 0;
    let mut places: HashMap<String, usize> =
        agencies.iter().enumerate().map(|(at, agency)| (agency.organization.source_id.clone(), at)).collect();
    for known in &standing {
        let key = (known.row.noun, known.source_id.clone());
        if closed.contains(&key) {
            going += 1;
        } else if input.complete && !named.contains(&key) {
            going += 1;
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
    if going * 10 > standing.len() {
        return Err(Error::BadInput(format!(
            "refused, nothing has changed: {going} of the {} organizations and facilities that {} gave this region would \
             be withdrawn, and one import withdraws at most a tenth; is the file whole, and its filter the same?",
            standing.len(),
            input.source
        )));
    }
    Ok(agencies)
}

/// Why a write ended without a commit.
enum Stop {
    /// It was a rehearsal: the transaction is rolled back.
    Rehearsed(Box<Done>),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl MayConflict for Stop {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_conflict())
    }
}

/// What one write has taken.
#[derive(Default)]
struct Taken {
    done: Done,
    organizations: Vec<Entry<OrganizationDetails>>,
    facilities: Vec<Entry<FacilityDetails>>,
    remember: Vec<Imported>,
}

/// A noun that imports take.
trait Importable: Entered {
    fn place(taken: &mut Taken) -> (&mut Counts, &mut Vec<Entry<Self>>);
}

impl Importable for OrganizationDetails {
    fn place(taken: &mut Taken) -> (&mut Counts, &mut Vec<Entry<Self>>) {
        (&mut taken.done.organizations, &mut taken.organizations)
    }
}

impl Importable for FacilityDetails {
    fn place(taken: &mut Taken) -> (&mut Counts, &mut Vec<Entry<Self>>) {
        (&mut taken.done.facilities, &mut taken.facilities)
    }
}

async fn write(tx: Tx, viewer: &Viewer, input: &ImportDirectory, batch: &[Agency]) -> Result<Committed<Taken>, Stop> {
    let region = match &input.goal {
        Goal::Region(region) => *region,
        Goal::New(details) => {
            let id: RegionId = tx.id();
            let origin =
                Origin { region: id, owner: OrganizationId::of(uuid::Uuid::nil()), provenance: Provenance::Manual };
            let permit = permit::add::<RegionDetails>(viewer, id, id, origin.owner)?;
            directory::add(&tx, permit, id, origin, details, Vec::new()).await?.id
        }
    };
    let facilities = batch.iter().flat_map(|agency| &agency.facilities).map(|record| record.source_id.as_str());
    let ids: Vec<&str> = batch.iter().map(|agency| agency.organization.source_id.as_str()).chain(facilities).collect();
    let known = tx.imported(&input.source, &ids).await?.into_iter();
    let known = known.map(|known| ((known.row.noun, known.source_id.clone()), known)).collect();
    let mut desk = Desk { tx: &tx, viewer, source: &input.source, region, known, taken: Taken::default() };
    for agency in batch {
        desk.agency(agency).await?;
    }
    let taken = desk.taken;
    tx.remember_imports(&input.source, &taken.remember).await?;
    if input.dry_run {
        return Err(Stop::Rehearsed(Box::new(taken.done)));
    }
    Ok(tx.commit(taken).await?)
}

/// What to do with a record whose row is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    Edit,
    Retire,
    LeaveAlone(Why),
}

/// Decides what a record changes of its row, from what the importer remembers of it.
fn step<D: crate::domain::entry::Details>(
    record: &Foreign<D>,
    remembered: &str,
    row: &Entry<D>,
    region: RegionId,
    owner: Option<OrganizationId>,
) -> Step {
    match &record.said {
        _ if record.fingerprint() == remembered => Step::Nothing,
        _ if row.region != region => Step::LeaveAlone(Why::OtherRegion),
        _ if owner.is_some_and(|owner| owner != row.owner) => Step::LeaveAlone(Why::OtherOrganization),
        _ if row.provenance != Provenance::Import => Step::LeaveAlone(Why::EditedHere),
        None if row.retired => Step::Nothing,
        None => Step::Retire,
        Some(_) if row.retired && remembered != WITHDRAWN => Step::LeaveAlone(Why::WithdrawnHere),
        Some(_) => Step::Edit,
    }
}

impl<D> Foreign<D> {
    fn fingerprint(&self) -> &str {
        self.said.as_ref().map_or(WITHDRAWN, |said| &said.fingerprint)
    }
}

/// One write's records at work.
struct Desk<'a> {
    tx: &'a Tx,
    viewer: &'a Viewer,
    source: &'a str,
    region: RegionId,
    known: HashMap<(Noun, String), Imported>,
    taken: Taken,
}

impl Desk<'_> {
    async fn agency(&mut self, agency: &Agency) -> Result<(), Error> {
        let Agency { organization, facilities } = agency;
        let Some(id) = self.known::<OrganizationDetails>(organization).map(|known| OrganizationId::of(known.row.key))
        else {
            let Some(said) = &organization.said else {
                // Never taken, and every facility of it is gone.
                self.taken.done.organizations.closed += 1;
                self.taken.done.facilities.closed += u64::try_from(facilities.len()).unwrap_or(u64::MAX);
                return Ok(());
            };
            let id: OrganizationId = self.tx.id();
            self.add(organization, said, id, id).await?;
            return self.facilities(facilities, id, false).await;
        };
        let more = facilities.iter().any(|f| f.said.is_some() && self.known::<FacilityDetails>(f).is_none());
        if organization.said.is_some() {
            self.renew(organization, id, None).await?;
            let row = if more { self.tx.entry::<OrganizationDetails>(id).await? } else { None };
            return self.facilities(facilities, id, row.is_some_and(|row| row.retired)).await;
        }
        self.facilities(facilities, id, false).await?;
        let done = self.known(organization).is_some_and(|known| known.fingerprint == WITHDRAWN);
        if done || self.tx.facilities_of(id).await?.is_empty() {
            return self.renew(organization, id, None).await;
        }
        self.leave_alone::<OrganizationDetails>(organization, id.into(), Why::StillRuns);
        Ok(())
    }

    async fn facilities(
        &mut self,
        records: &[Foreign<FacilityDetails>],
        owner: OrganizationId,
        withdrawn: bool,
    ) -> Result<(), Error> {
        for record in records {
            match (self.known::<FacilityDetails>(record).map(|known| FacilityId::of(known.row.key)), &record.said) {
                (Some(id), _) => self.renew(record, id, Some(owner)).await?,
                (None, None) => self.taken.done.facilities.closed += 1,
                (None, Some(_)) if withdrawn => {
                    self.leave_alone::<FacilityDetails>(record, owner.into(), Why::WithdrawnHere);
                }
                (None, Some(said)) => self.add(record, said, self.tx.id(), owner).await?,
            }
        }
        Ok(())
    }

    fn known<D: Importable>(&self, record: &Foreign<D>) -> Option<&Imported> {
        self.known.get(&(D::Id::NOUN, record.source_id.clone()))
    }

    fn leave_alone<D: Importable>(&mut self, record: &Foreign<D>, row: GlobalId, why: Why) {
        D::place(&mut self.taken).0.conflicts += 1;
        self.taken.done.conflicts.push(Conflict { source_id: record.source_id.clone(), row, why });
    }

    fn remember<D: Importable>(&mut self, record: &Foreign<D>, id: D::Id) {
        let (source_id, fingerprint) = (record.source_id.clone(), record.fingerprint().to_owned());
        let row = GlobalId { noun: D::Id::NOUN, key: id.key() };
        self.taken.remember.push(Imported { source_id, row, fingerprint });
    }

    async fn add<D: Importable>(
        &mut self,
        record: &Foreign<D>,
        said: &Said<D>,
        id: D::Id,
        owner: OrganizationId,
    ) -> Result<(), Error>
    where
        Entry<D>: Kept + KeptBy<D::Action>,
    {
        let permit = permit::add::<D>(self.viewer, id, self.region, owner)?;
        let origin = Origin { region: self.region, owner, provenance: Provenance::Import };
        let external = ExternalId { system: self.source.to_owned(), value: record.source_id.clone() };
        let entry = directory::add(self.tx, permit, id, origin, &said.details, vec![external]).await?;
        let (counts, entries) = D::place(&mut self.taken);
        counts.created += 1;
        entries.push(entry);
        self.remember(record, id);
        Ok(())
    }

    async fn renew<D: Importable>(
        &mut self,
        record: &Foreign<D>,
        id: D::Id,
        owner: Option<OrganizationId>,
    ) -> Result<(), Error>
    where
        Entry<D>: Kept + KeptBy<D::Action>,
    {
        let remembered = self.known::<D>(record).map_or(WITHDRAWN, |known| &known.fingerprint).to_owned();
        if record.fingerprint() == remembered {
            D::place(&mut self.taken).0.unchanged += 1;
            return Ok(());
        }
        let row = self.tx.entry::<D>(id).await?.ok_or(Error::NotFound)?;
        let details = match step(record, &remembered, &row, self.region, owner) {
            Step::LeaveAlone(why) => {
                self.leave_alone(record, GlobalId { noun: D::Id::NOUN, key: id.key() }, why);
                return Ok(());
            }
            Step::Nothing => {
                D::place(&mut self.taken).0.unchanged += 1;
                return Ok(());
            }
            Step::Edit => record.said.as_ref().map(|said| &said.details),
            Step::Retire => None,
        };
        let permit = permit::edit(self.viewer, &row)?;
        let (row, changed) = directory::change(self.tx, permit, row, details, Provenance::Import).await?;
        let (counts, entries) = D::place(&mut self.taken);
        match (changed, details) {
            (false, _) => counts.unchanged += 1,
            (true, Some(_)) => counts.updated += 1,
            (true, None) => counts.retired += 1,
        }
        entries.push(row);
        self.remember(record, id);
        Ok(())
    }
}
