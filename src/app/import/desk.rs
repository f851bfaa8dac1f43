//! One write of an import: what each record does to its row.
use super::{Agency, Conflict, Counts, Done, Foreign, Goal, ImportDirectory, Said, WITHDRAWN, Why};
use crate::app::Error;
use crate::app::directory::{self, Entered};
use crate::domain::entry::{Details, Entry, ExternalId, Origin, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{FacilityId, GlobalId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::region::RegionDetails;
use crate::policy::{Viewer, permit};
use crate::store::{Committed, Imported, Kept, KeptBy, MayConflict, Tx};
use std::collections::HashMap;

/// Why a write ended without a commit.
pub(super) enum Stop {
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
pub(super) struct Taken {
    pub(super) done: Done,
    pub(super) organizations: Vec<Entry<OrganizationDetails>>,
    pub(super) facilities: Vec<Entry<FacilityDetails>>,
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

pub(super) async fn write(
    tx: Tx,
    viewer: &Viewer,
    input: &ImportDirectory,
    batch: &[Agency],
) -> Result<Committed<Taken>, Stop> {
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
fn step<D: Details>(
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
            // Beds do not vanish from the board because a file says so: somebody here has entered them.
            Step::Retire if self.tx.units_stand_on(directory::named::<D>(id)).await? => {
                self.leave_alone(record, directory::named::<D>(id), Why::UnitsStand);
                return Ok(());
            }
            Step::Retire => None,
        };
        let permit = permit::edit(self.viewer, &row, details)?;
        let (row, changed) = match directory::change(self.tx, permit, row, details, Provenance::Import).await {
            // Nothing of it was written; it is reported at each run until somebody here has settled it.
            Err(Error::Refused(_)) => {
                self.leave_alone(record, directory::named::<D>(id), Why::GrantsDoNotFit);
                return Ok(());
            }
            changed => changed?,
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::organization::OrganizationKind;
    use crate::domain::time::At;
    use uuid::Uuid;

    fn details() -> OrganizationDetails {
        OrganizationDetails {
            name: "Amber Fern".into(),
            kind: OrganizationKind::Hospital,
            part2_program: false,
            covered_entity: false,
            criminal_justice_agency: false,
            coordinating: false,
        }
    }

    fn row() -> Entry<OrganizationDetails> {
        let (region, owner) = (RegionId::of(Uuid::from_u128(1)), OrganizationId::of(Uuid::from_u128(2)));
        let origin = Origin { region, owner, provenance: Provenance::Import };
        Entry::create(owner, origin, details(), Vec::new(), At::from_micros(1)).unwrap().into_state()
    }

    fn says(fingerprint: &str) -> Foreign<OrganizationDetails> {
        let said = Said { fingerprint: fingerprint.into(), details: details() };
        Foreign { source_id: "7".into(), said: Some(said) }
    }

    #[test]
    fn what_is_said_again_does_nothing_whatever_the_row_is() {
        let mut row = row();
        (row.retired, row.provenance) = (true, Provenance::Manual);
        assert_eq!(step(&says("a"), "a", &row, RegionId::of(Uuid::nil()), None), Step::Nothing);
    }

    #[test]
    fn only_what_the_import_itself_made_is_changed() {
        let (ours, gone) = (row(), Foreign { said: None, ..says("") });
        let here = |row: &Entry<_>, record: &Foreign<_>, remembered| step(record, remembered, row, ours.region, None);
        let manual = Entry { provenance: Provenance::Manual, ..ours.clone() };
        let withdrawn = Entry { retired: true, ..ours.clone() };
        assert_eq!(here(&ours, &says("b"), "a"), Step::Edit);
        assert_eq!(here(&ours, &gone, "a"), Step::Retire);
        assert_eq!(here(&manual, &says("b"), "a"), Step::LeaveAlone(Why::EditedHere));
        assert_eq!(here(&manual, &gone, "a"), Step::LeaveAlone(Why::EditedHere));
        // Withdrawn by somebody here it stays so; withdrawn by an import it comes back.
        assert_eq!(here(&withdrawn, &says("b"), "a"), Step::LeaveAlone(Why::WithdrawnHere));
        assert_eq!(here(&withdrawn, &says("b"), WITHDRAWN), Step::Edit);
        assert_eq!(here(&withdrawn, &gone, "a"), Step::Nothing);
    }

    #[test]
    fn what_stands_elsewhere_is_left_alone() {
        let (ours, other) = (row(), OrganizationId::of(Uuid::from_u128(9)));
        let elsewhere = RegionId::of(Uuid::nil());
        assert_eq!(step(&says("b"), "a", &ours, elsewhere, None), Step::LeaveAlone(Why::OtherRegion));
        let moved = step(&says("b"), "a", &ours, ours.region, Some(other));
        assert_eq!(moved, Step::LeaveAlone(Why::OtherOrganization));
    }
}
