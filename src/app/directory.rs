//! Verbs of the directory: regions, organizations, facilities, services.
use super::Hub;
use super::error::Error;
use super::keyed::{remember, replayed_one};
use super::outcome::{Outcome, Problem, ProblemCode};
use crate::board::Names;
use crate::domain::code::Coded;
use crate::domain::entry::{Changed, Entry, ExternalId, Origin, Provenance, Version};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{GlobalId, NounId, OrganizationId, RegionId, ServiceId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::region::RegionDetails;
use crate::domain::role::Role;
use crate::domain::service::ServiceDetails;
use crate::policy::permit::{self, Saves};
use crate::policy::{Permit, Scope, Viewer, rules};
use crate::store::{Committed, Kept, KeptBy, Keyed, Listed, Tx};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

/// Most entries that one write saves.
pub const ENTRIES_MAX: usize = 500;

/// Adds, edits or withdraws an entry.
#[derive(Clone, Debug)]
pub struct SaveEntry<D: Saves> {
    /// The entry; none adds one.
    pub id: Option<D::Id>,
    /// The owner of a new entry; the viewer's own agency when not given.
    pub owner: Option<OrganizationId>,
    /// The region of a new entry; the owner's when not given.
    pub region: Option<RegionId>,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// What is said about it.
    pub details: D,
    /// Ids of the same thing elsewhere; taken when it is added.
    pub external_ids: Vec<ExternalId>,
    /// Withdraw it.
    pub retire: bool,
    /// Where the details come from.
    pub provenance: Provenance,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

impl<D: Saves> SaveEntry<D> {
    /// A new entry, or new details of one.
    pub fn new(id: Option<D::Id>, details: D, provenance: Provenance) -> Self {
        let nothing = Vec::new();
        Self {
            id,
            owner: None,
            region: None,
            expected_version: None,
            details,
            external_ids: nothing,
            retire: false,
            provenance,
            keyed: None,
        }
    }
}

/// A noun that the verbs of this file save.
pub trait Entered: Names + Saves + Listed {
    /// What else has to be there before an entry is saved, and whose it is; nobody's when nothing has to.
    fn needs(
        &self,
        _tx: &Tx,
        _id: Option<Self::Id>,
    ) -> impl Future<Output = Result<Option<OrganizationId>, Error>> + Send {
        std::future::ready(Ok(None))
    }

    /// What keeps an entry, which is locked, from becoming this.
    fn barred(&self, _tx: &Tx, _entry: &Entry<Self>) -> impl Future<Output = Result<Option<Problem>, Error>> + Send {
        std::future::ready(Ok(None))
    }
}

impl Entered for RegionDetails {
    async fn needs(&self, tx: &Tx, id: Option<RegionId>) -> Result<Option<OrganizationId>, Error> {
        match tx.region_by_code(&self.code).await?.filter(|known| Some(known.id) != id) {
            Some(known) => {
                let taken = Problem::new(ProblemCode::CodeTaken).at(&["code"]).with_current(known.id);
                Err(Error::Refused(vec![taken]))
            }
            None => Ok(None),
        }
    }
}
impl Entered for OrganizationDetails {
    /// What an agency becomes may not leave anybody with a role that cannot be held there. They are revoked first, by
    /// somebody who has looked at them: a slip of the pen in a file or a form must not unseat a night shift.
    async fn barred(&self, tx: &Tx, entry: &Entry<Self>) -> Result<Option<Problem>, Error> {
        let was = &entry.details;
        if (was.kind, was.criminal_justice_agency) == (self.kind, self.criminal_justice_agency) {
            return Ok(None);
        }
        let mut roles: Vec<Role> = tx.grants_at(entry.id).await?.iter().map(|grant| grant.role).collect();
        roles.retain(|role| !rules::fits(*role, self));
        if roles.is_empty() {
            return Ok(None);
        }
        let field = if was.kind == self.kind { "criminalJusticeAgency" } else { "kind" };
        let codes: BTreeSet<&str> = roles.iter().map(|role| role.code()).collect();
        let (many, codes) = (roles.len(), Vec::from_iter(codes).join(", "));
        let says =
            format!("Nobody holds these roles at such an agency: {codes}. Revoke the grants of them first: {many}.");
        Ok(Some(Problem::new(ProblemCode::GrantsDoNotFit).at(&[field]).saying(says).with_current(entry.id)))
    }
}

impl Entered for FacilityDetails {}
impl Entered for ServiceDetails {
    async fn needs(&self, tx: &Tx, _id: Option<ServiceId>) -> Result<Option<OrganizationId>, Error> {
        let Some(facility) = self.facility else { return Ok(None) };
        Ok(Some(standing::<FacilityDetails>(tx, facility, "facilityId").await?.owner))
    }
}

/// An entry that something new is to stand on; a withdrawn one carries nothing.
pub(super) async fn standing<D: Entered>(tx: &Tx, id: D::Id, field: &str) -> Result<Entry<D>, Error>
where
    Entry<D>: Kept,
{
    let entry = tx.consult::<D>(id).await?.ok_or(Error::NotFound)?;
    if entry.retired {
        let withdrawn = Problem::new(ProblemCode::Retired).at(&[field]).with_current(named::<D>(id));
        return Err(Error::Refused(vec![withdrawn]));
    }
    Ok(entry)
}

/// Saves an entry and answers it as it stands.
pub async fn save<D: Entered>(hub: &Hub, viewer: &Viewer, input: SaveEntry<D>) -> Result<Outcome<Arc<Entry<D>>>, Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    let input = &input;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            let saved = saved(&tx, viewer, input).await?;
            Ok::<Committed<_>, Error>(tx.commit(saved).await?)
        })
        .await;
    Outcome::settle(written.map(|(entry, replayed)| {
        hub.board().learn(&entry);
        Outcome::done(Arc::new(entry), replayed)
    }))
}

/// Saves entries in one write, all of them or none, and answers them in the order of the input.
pub async fn save_many<D: Entered>(
    hub: &Hub,
    viewer: &Viewer,
    inputs: Vec<SaveEntry<D>>,
) -> Result<Outcome<Vec<Arc<Entry<D>>>>, Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    if inputs.len() > ENTRIES_MAX {
        return Err(Error::BadInput(format!("send at most {ENTRIES_MAX} entries")));
    }
    let inputs = &inputs;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            let mut entries = Vec::with_capacity(inputs.len());
            for input in inputs {
                entries.push(saved(&tx, viewer, input).await?.0);
            }
            Ok::<Committed<_>, Error>(tx.commit(entries).await?)
        })
        .await;
    Outcome::settle(written.map(|entries| {
        hub.board().learn_all(entries.iter().cloned());
        Outcome::done(entries.into_iter().map(Arc::new).collect(), false)
    }))
}

async fn saved<D: Entered>(tx: &Tx, viewer: &Viewer, input: &SaveEntry<D>) -> Result<(Entry<D>, bool), Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    if let Some(id) = replayed_one(tx, input.keyed.as_ref()).await? {
        return Ok((tx.entry::<D>(id).await?.ok_or(Error::NotFound)?, true));
    }
    let entry = match input.id {
        Some(id) => existing(tx, viewer, input, id).await?,
        None if input.retire => {
            return Err(Error::BadInput("`retire` needs the `id` of what it withdraws".into()));
        }
        None => added(tx, viewer, input).await?,
    };
    remember(tx, input.keyed.as_ref(), [named::<D>(entry.id)]).await?;
    Ok((entry, false))
}

pub(super) fn named<D: Saves>(id: D::Id) -> GlobalId {
    GlobalId { noun: D::Id::NOUN, key: id.key() }
}

async fn existing<D: Entered>(tx: &Tx, viewer: &Viewer, input: &SaveEntry<D>, id: D::Id) -> Result<Entry<D>, Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    let details = (!input.retire).then_some(&input.details);
    let owner = match details {
        Some(details) => details.needs(tx, Some(id)).await?,
        None => None,
    };
    let entry = tx.entry::<D>(id).await?.ok_or(Error::NotFound)?;
    let permit = permit::edit(viewer, &entry, details)?;
    if owner.is_some_and(|owner| owner != entry.owner) {
        return Err(Error::NotFound);
    }
    if input.expected_version.is_some_and(|expected| expected != entry.version) {
        let stale = Problem::new(ProblemCode::StaleVersion).at(&["expectedVersion"]).with_current(named::<D>(id));
        return Err(Error::Refused(vec![stale]));
    }
    if input.retire && tx.units_stand_on(named::<D>(id)).await? {
        let needed = "Bed units stand on it: withdraw them, or move them, first.".into();
        let refused = Problem::new(ProblemCode::WrongState).at(&["retire"]).saying(needed).with_current(named::<D>(id));
        return Err(Error::Refused(vec![refused]));
    }
    Ok(change(tx, permit, entry, details, input.provenance).await?.0)
}

/// Edits an entry within a write, or withdraws it when there is nothing to say of it; answers whether it changed.
/// Refused, with nothing written, when it may not become that.
pub(super) async fn change<D: Entered>(
    tx: &Tx,
    permit: Permit<D::Action>,
    entry: Entry<D>,
    details: Option<&D>,
    provenance: Provenance,
) -> Result<(Entry<D>, bool), Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    if let Some(details) = details
        && let Some(problem) = details.barred(tx, &entry).await?
    {
        return Err(Error::Refused(vec![problem]));
    }
    let changed = match details {
        Some(details) => entry.edit(details.clone(), provenance, tx.now())?,
        None => entry.retire(tx.now()),
    };
    match changed {
        Some(changed) => {
            tx.save(permit, &changed).await?;
            Ok((Changed::into_state(changed), true))
        }
        None => Ok((entry, false)),
    }
}

async fn added<D: Entered>(tx: &Tx, viewer: &Viewer, input: &SaveEntry<D>) -> Result<Entry<D>, Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    let id: D::Id = tx.id();
    let (region, owner) = belongs(tx, viewer, input, id).await?;
    let permit = permit::add::<D>(viewer, id, region, owner)?;
    if input.details.needs(tx, None).await?.is_some_and(|needed| needed != owner) {
        return Err(Error::NotFound);
    }
    let origin = Origin { region, owner, provenance: input.provenance };
    add(tx, permit, id, origin, &input.details, input.external_ids.clone()).await
}

/// Adds an entry within a write.
pub(super) async fn add<D: Entered>(
    tx: &Tx,
    permit: Permit<D::Action>,
    id: D::Id,
    origin: Origin,
    details: &D,
    external_ids: Vec<ExternalId>,
) -> Result<Entry<D>, Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    let changed = Entry::create(id, origin, details.clone(), external_ids, tx.now())?;
    tx.save(permit, &changed).await?;
    Ok(changed.into_state())
}

/// The region and the owner of a new entry: a region and an organization are their own.
async fn belongs<D: Entered>(
    tx: &Tx,
    viewer: &Viewer,
    input: &SaveEntry<D>,
    id: D::Id,
) -> Result<(RegionId, OrganizationId), Error> {
    use crate::domain::id::Noun;
    match D::Id::NOUN {
        Noun::Region => Ok((RegionId::of(id.key()), OrganizationId::of(uuid::Uuid::nil()))),
        Noun::Organization => {
            let region = input.region.or(viewer.region()).ok_or_else(|| Error::BadInput("name the region".into()))?;
            tx.consult::<RegionDetails>(region).await?.ok_or(Error::NotFound)?;
            Ok((region, OrganizationId::of(id.key())))
        }
        _ => {
            let owner =
                input.owner.or(viewer.organization()).ok_or_else(|| Error::BadInput("name the organization".into()))?;
            Ok((standing::<OrganizationDetails>(tx, owner, "organizationId").await?.region, owner))
        }
    }
}

/// One entry; `None` when absent or not the viewer's to see.
pub fn one<D: Names>(hub: &Hub, viewer: &Viewer, id: D::Id) -> Option<Arc<Entry<D>>> {
    hub.board().now().entry(&Scope::of(viewer), id)
}
