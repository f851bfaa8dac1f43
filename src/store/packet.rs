//! The packet of a search: opened once, and sealed anew for each handoff that it is carried into; the words never leave this
//! room.
use super::error::Error;
use super::tx::Tx;
use super::vault::{self, DataKey};
use crate::domain::code::Coded;
use crate::domain::handoff::Handoff;
use crate::domain::id::{HandoffEntryId, NounId, OrganizationId};
use crate::domain::sealed::{EntryFacts, HandoffEntry, Tier};
use entity::handoff_entry::Column;
use secrecy::zeroize::Zeroizing;
use std::collections::BTreeMap;

/// What a sender wrote once for a whole search, opened. It has no `Debug`, and nothing of it is answered.
#[derive(Default)]
pub struct Packet {
    entries: BTreeMap<HandoffEntryId, (EntryFacts, Zeroizing<Vec<u8>>)>,
    unreadable: Option<Error>,
}

impl Packet {
    /// Why not all of it could be opened, where that is so.
    pub fn unreadable(&self) -> Option<&Error> {
        self.unreadable.as_ref()
    }
}

impl Tx {
    /// Opens the packet that a sender wrote into the handoffs of a search, each entry of it once. What cannot be opened is left
    /// out: a person's search does not wait for it.
    pub async fn packet(&self, sender: OrganizationId, of: &[Handoff]) -> Result<Packet, Error> {
        let ids: Vec<_> = of.iter().map(|handoff| handoff.id).collect();
        let mut facts = self.entries_of(&ids, Tier::ALL).await?;
        facts.retain(|entry| entry.packet.is_some() && entry.author == sender);
        let mut packet = Packet::default();
        for from in of {
            // Of an entry whose handoff is shredded, or its month destroyed, another handoff may have one still.
            let is_missing = |entry: &&EntryFacts| {
                entry.handoff == from.id && entry.packet.is_some_and(|name| !packet.entries.contains_key(&name))
            };
            let missing: Vec<_> = facts.iter().filter(is_missing).map(|entry| entry.id.key()).collect();
            if missing.is_empty() {
                continue;
            }
            let key = match self.data_key(from.id).await {
                Ok(Some(DataKey::Key(key))) => key,
                Ok(_) => continue,
                Err(error @ (Error::Corrupt { .. } | Error::Closed(_))) => {
                    packet.unreadable = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            for entry in self.look::<HandoffEntry>(self.dialect().any_of(Column::Id, &missing)).await? {
                match (entry.facts.packet, vault::open_entry(&key, &entry.facts, &entry.sealed)) {
                    (Some(name), Ok(plain)) => drop(packet.entries.insert(name, (entry.facts, plain))),
                    (_, Err(error)) => packet.unreadable = Some(error),
                    (None, Ok(_)) => {}
                }
            }
        }
        Ok(packet)
    }

    /// Seals a packet for another handoff of its search, which is locked or new: with the tier, the label, the author and the
    /// instant of what was written.
    pub async fn seal_packet(&self, packet: &Packet, to: &Handoff) -> Result<Vec<HandoffEntry>, Error> {
        if packet.entries.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.sealing_key(to).await?;
        let seal = |(written, plain): &(EntryFacts, Zeroizing<Vec<u8>>)| {
            let facts = EntryFacts { id: self.id(), handoff: to.id, ..*written };
            Ok(HandoffEntry { facts, sealed: vault::close_entry(&key, &facts, plain)? })
        };
        packet.entries.values().map(seal).collect()
    }
}
