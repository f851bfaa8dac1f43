//! Rows of sealed entries and of the data keys that they are under.
use super::directory::coded;
use super::disclosure::Recorded;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use super::vault::{self, DataKey, KeyId, Secret};
use crate::domain::code::Coded;
use crate::domain::handoff::Handoff;
use crate::domain::id::{GrantId, HandoffEntryId, HandoffId, NounId, OrganizationId, RegionId};
use crate::domain::sealed::{Content, EntryFacts, HandoffEntry, Tier};
use crate::domain::time::At;
use crate::policy::permit::NoteHandoff;
use entity::handoff_entry::{ActiveModel, Column, Entity, Model};
use entity::handoff_key;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel};
use secrecy::zeroize::Zeroizing;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

const TABLE: &str = "handoff_entry";

impl KeptBy<NoteHandoff> for HandoffEntry {}

/// What an entry says, opened.
#[derive(Clone)]
pub struct Opened {
    /// What may be known of it unopened.
    pub facts: EntryFacts,
    /// What it says.
    pub content: Content,
}

/// A row less what is sealed in it: a hundred handoffs' entries are many megabytes.
#[derive(FromQueryResult)]
struct Unopened {
    id: Uuid,
    handoff_id: Uuid,
    region_id: Uuid,
    tier: String,
    author_id: Uuid,
    grant_id: Uuid,
    at: i64,
    part2: bool,
    packet_id: Option<Uuid>,
}

impl Unopened {
    const COLUMNS: [Column; 9] = [
        Column::Id,
        Column::HandoffId,
        Column::RegionId,
        Column::Tier,
        Column::AuthorId,
        Column::GrantId,
        Column::At,
        Column::Part2,
        Column::PacketId,
    ];

    fn facts(self) -> Result<EntryFacts, Error> {
        Ok(EntryFacts {
            id: HandoffEntryId::of(self.id),
            handoff: HandoffId::of(self.handoff_id),
            region: RegionId::of(self.region_id),
            tier: coded(TABLE, &self.tier)?,
            author: OrganizationId::of(self.author_id),
            grant: GrantId::of(self.grant_id),
            at: At::from_micros(self.at),
            part2: self.part2,
            packet: self.packet_id.map(HandoffEntryId::of),
        })
    }
}

impl Kept for HandoffEntry {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        let Model { id, handoff_id, region_id, tier, author_id, grant_id, at, part2, packet_id, sealed, .. } = row;
        let facts = Unopened { id, handoff_id, region_id, tier, author_id, grant_id, at, part2, packet_id };
        Ok(Self { facts: facts.facts()?, sealed })
    }

    fn row(&self) -> ActiveModel {
        let facts = &self.facts;
        let row = Model {
            id: facts.id.key(),
            handoff_id: facts.handoff.key(),
            region_id: facts.region.key(),
            version: Self::VERSION,
            tier: facts.tier.code().into(),
            author_id: facts.author.key(),
            grant_id: facts.grant.key(),
            at: facts.at.micros(),
            part2: facts.part2,
            packet_id: facts.packet.map(NounId::key),
            sealed: self.sealed.clone(),
        };
        row.into_active_model().reset_all()
    }
}

impl Tx {
    /// Seals what an entry says under its handoff's data key, which is made with the first entry. The handoff is locked.
    pub async fn close_entry(&self, of: &Handoff, facts: &EntryFacts, says: &Content) -> Result<Vec<u8>, Error> {
        let data_key = self.sealing_key(of).await?;
        let plain = serde_json::to_vec(says).map(Zeroizing::new);
        let plain = plain.map_err(|_| Error::Corrupt { table: TABLE, what: "entry" })?;
        vault::close_entry(&data_key, facts, &plain)
    }

    /// A handoff's data key, to seal something new under; it is made with the first, and never again once that is shredded.
    pub(super) async fn sealing_key(&self, of: &Handoff) -> Result<Secret, Error> {
        if of.times.text_shredded_at.is_some() {
            return Err(Error::Closed("what was written in the handoff is shredded".into()));
        }
        match self.data_key(of.id).await? {
            Some(DataKey::Key(key)) => return Ok(key),
            Some(DataKey::Destroyed) => return Err(Error::Closed("the handoff's key is destroyed".into())),
            None => {}
        }
        let (id, data_key, wrapped) = self.store().new_data_key(of, vault::generation(self.connection()).await?)?;
        let row = handoff_key::Model {
            handoff_id: of.id.key(),
            month: id.month.to_string(),
            generation: i32::try_from(id.generation).unwrap_or(i32::MAX),
            key_id: id.to_string(),
            wrapped,
        };
        let row = row.into_active_model().reset_all();
        handoff_key::Entity::insert(row).exec_without_returning(self.connection()).await?;
        Ok(data_key)
    }

    /// Opens the entries that the ledger has written down, and no others, in the order of their handoffs and in each as they
    /// were written; and says which handoffs' keys are destroyed.
    pub async fn open_entries(&self, recorded: &Recorded) -> Result<(Vec<Opened>, BTreeSet<HandoffId>), Error> {
        let of: BTreeSet<HandoffId> = recorded.about().iter().map(|(handoff, _)| *handoff).collect();
        let data_keys = self.data_keys(&of.iter().copied().collect::<Vec<_>>()).await?;
        let is_open = |of: &HandoffId| matches!(data_keys.get(of), Some(DataKey::Key(_)));
        let keys: Vec<_> = recorded.about().iter().filter(|(of, _)| is_open(of)).map(|(_, id)| id.key()).collect();
        let mut opened = Vec::with_capacity(keys.len());
        for entry in self.look::<HandoffEntry>(self.dialect().any_of(Column::Id, &keys)).await? {
            let Some(DataKey::Key(data_key)) = data_keys.get(&entry.facts.handoff) else { continue };
            let plain = vault::open_entry(data_key, &entry.facts, &entry.sealed)?;
            let content = serde_json::from_slice(&plain);
            let content = content.map_err(|_| Error::Corrupt { table: TABLE, what: "entry" })?;
            opened.push(Opened { facts: entry.facts, content });
        }
        opened.sort_unstable_by_key(|entry| (entry.facts.handoff, entry.facts.at, entry.facts.id));
        let shredded = of.into_iter().filter(|of| !is_open(of)).collect();
        Ok((opened, shredded))
    }

    /// Whether a handoff has a key that can still be unwrapped, or none yet.
    pub async fn is_openable(&self, of: &Handoff) -> Result<bool, Error> {
        Ok(!matches!(self.data_key(of.id).await?, Some(DataKey::Destroyed)))
    }

    /// One entry, for whoever wrote it.
    pub async fn handoff_entry(&self, id: HandoffEntryId) -> Result<Option<HandoffEntry>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }

    /// What may be known of the entries of handoffs in some tiers, in the order of their ids.
    pub async fn entries_of(&self, of: &[HandoffId], tiers: &[Tier]) -> Result<Vec<EntryFacts>, Error> {
        let keys: Vec<_> = of.iter().map(|id| id.key()).collect();
        let which = self.dialect().any_of(Column::HandoffId, &keys);
        let which = which.add(Column::Tier.is_in(tiers.iter().map(|tier| tier.code())));
        facts(self.glance::<Entity, Unopened>(which, Unopened::COLUMNS).await?)
    }

    pub(super) async fn data_key(&self, of: HandoffId) -> Result<Option<DataKey>, Error> {
        Ok(self.data_keys(&[of]).await?.remove(&of))
    }

    async fn data_keys(&self, of: &[HandoffId]) -> Result<HashMap<HandoffId, DataKey>, Error> {
        match self.unwrapped(of).await {
            // A rotation has just wrapped one anew, and forgotten the key that it was under.
            Err(Error::Closed(_)) => self.unwrapped(of).await,
            other => other,
        }
    }

    async fn unwrapped(&self, of: &[HandoffId]) -> Result<HashMap<HandoffId, DataKey>, Error> {
        let keys: Vec<_> = of.iter().map(|id| id.key()).collect();
        let rows = self.beside::<handoff_key::Entity>(self.dialect().any_of(handoff_key::Column::HandoffId, &keys));
        let unwrapped = rows.await?.into_iter().map(|row| {
            let of = HandoffId::of(row.handoff_id);
            let id = KeyId::parse(&row.key_id).ok_or(Error::Corrupt { table: "handoff_key", what: "key id" })?;
            Ok((of, self.store().unwrap_key(of, id, &row.wrapped)?))
        });
        unwrapped.collect()
    }
}

fn facts(rows: Vec<Unopened>) -> Result<Vec<EntryFacts>, Error> {
    let mut facts = rows.into_iter().map(Unopened::facts).collect::<Result<Vec<_>, _>>()?;
    facts.sort_unstable_by_key(|entry| entry.id);
    Ok(facts)
}

impl Reader {
    /// What may be known of the entries of handoffs, without what they say, in the order of their ids.
    pub async fn entries_within(&self, of: &[HandoffId]) -> Result<Vec<EntryFacts>, Error> {
        let keys: Vec<_> = of.iter().map(|id| id.key()).collect();
        let which = self.dialect().any_of(Column::HandoffId, &keys);
        facts(self.glance::<Entity, Unopened>(which, Unopened::COLUMNS).await?)
    }

    /// What may be known of entries by id; those absent or not of the viewer's handoffs are left out.
    pub async fn handoff_entries(&self, ids: &[HandoffEntryId]) -> Result<Vec<EntryFacts>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        let entries = self.all::<HandoffEntry>(self.dialect().any_of(Column::Id, &keys)).await?;
        Ok(entries.into_iter().map(|entry| entry.facts).collect())
    }
}
