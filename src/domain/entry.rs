//! Directory entries: what organizations, facilities, services and bed units have in common.
use super::code::codes;
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{NounId, OrganizationId, RegionId};
use super::text::Flaw;
use super::time::At;

/// How often a row has changed: 1 when it is made, and one more with each change.
pub type Version = i64;

codes! {
    /// Where a value came from.
    Provenance {
        /// A person typed it.
        Manual "MANUAL",
        /// An admission, discharge and transfer feed.
        Adt "ADT",
        /// A computer-aided dispatch system.
        Cad "CAD",
        /// An electronic health record.
        Ehr "EHR",
        /// A file or a registry that was imported.
        Import "IMPORT",
        /// The hub itself.
        System "SYSTEM",
    }
}

/// An id that another system uses for the same thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId {
    /// The system's name, such as `hifld` or `npi`; at most 64 characters.
    pub system: String,
    /// The id there; at most 200 characters.
    pub value: String,
}

/// The editable part of one kind of directory entry.
pub trait Details: Clone + PartialEq + Send + Sync + 'static {
    /// The id of such an entry.
    type Id: NounId;
    /// The event of a change to it.
    const SAVED: EventKind;
    /// Checks each limit.
    fn check(&self) -> Result<(), Flaw>;
    /// Its coded fields, for the log.
    fn fact(&self, retired: bool) -> Fact;
    /// These details with the coded fields that a fact tells; `None` when it tells of another noun.
    fn told(&self, fact: &Fact) -> Option<Self>;
    /// Who may see such an entry, as audience bits.
    fn audience(&self) -> Audience {
        Audience::DIRECTORY
    }
}

/// One entry of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<D: Details> {
    /// Its id.
    pub id: D::Id,
    /// The region it belongs to.
    pub region: RegionId,
    /// The agency that may edit it.
    pub owner: OrganizationId,
    /// How often it has changed.
    pub version: Version,
    /// What its agency says about it.
    pub details: D,
    /// Ids of the same thing elsewhere.
    pub external_ids: Vec<ExternalId>,
    /// Withdrawn: kept for references, hidden from search.
    pub retired: bool,
    /// Where its details came from.
    pub provenance: Provenance,
    /// When it last changed.
    pub updated_at: At,
}

/// A new state together with its event; made by `domain` alone.
#[derive(Clone, Debug)]
pub struct Changed<T> {
    state: T,
    happening: Happening,
}

impl<T> Changed<T> {
    pub(in crate::domain) fn new(state: T, happening: Happening) -> Self {
        Self { state, happening }
    }
    /// The change, told to an audience more.
    pub(in crate::domain) fn told_also(mut self, audience: Audience) -> Self {
        self.happening.audience = self.happening.audience.and(audience);
        self
    }
    /// The state after the change.
    pub fn state(&self) -> &T {
        &self.state
    }
    /// What happened, for the log.
    pub fn happening(&self) -> &Happening {
        &self.happening
    }
    /// The state after the change, owned.
    pub fn into_state(self) -> T {
        self.state
    }
}

/// Who owns a new entry and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The region.
    pub region: RegionId,
    /// The agency.
    pub owner: OrganizationId,
    /// Where the details come from.
    pub provenance: Provenance,
}

impl<D: Details> Entry<D> {
    /// Makes a new entry at version 1.
    pub fn create(
        id: D::Id,
        origin: Origin,
        details: D,
        external_ids: Vec<ExternalId>,
        at: At,
    ) -> Result<Changed<Self>, Flaw> {
        details.check()?;
        let entry = Self {
            id,
            region: origin.region,
            owner: origin.owner,
            version: 1,
            details,
            external_ids,
            retired: false,
            provenance: origin.provenance,
            updated_at: at,
        };
        Ok(entry.saved(at))
    }

    /// Takes new details; `None` when nothing differs, and a retired entry comes back.
    pub fn edit(&self, details: D, provenance: Provenance, at: At) -> Result<Option<Changed<Self>>, Flaw> {
        details.check()?;
        if details == self.details && !self.retired {
            return Ok(None);
        }
        Ok(Some(Self { details, provenance, retired: false, ..self.clone() }.next(at)))
    }

    /// Withdraws the entry; `None` when it already is.
    pub fn retire(&self, at: At) -> Option<Changed<Self>> {
        (!self.retired).then(|| Self { retired: true, ..self.clone() }.next(at))
    }

    /// The entry as something that happened left it: coded fields as the fact tells them, words as they are here.
    pub fn as_told(&self, happening: &Happening) -> Option<Self> {
        Some(Self {
            region: happening.region,
            owner: happening.owner,
            version: happening.version,
            details: self.details.told(&happening.fact)?,
            retired: happening.fact.retired().unwrap_or(self.retired),
            updated_at: happening.at,
            ..self.clone()
        })
    }

    fn next(self, at: At) -> Changed<Self> {
        Self { version: self.version + 1, updated_at: at, ..self }.saved(at)
    }

    fn saved(self, at: At) -> Changed<Self> {
        let happening = Happening {
            kind: D::SAVED,
            noun: D::Id::NOUN,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.owner,
            party: None,
            audience: self.details.audience(),
            at,
            fact: self.details.fact(self.retired),
        };
        Changed::new(self, happening)
    }
}
