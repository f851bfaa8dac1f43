//! The packet of a search: what its sender writes once, sealed anew into each handoff of it, those of later offers too.
use super::error::Error;
use super::keyed::{Again, once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::code::Coded;
use crate::domain::handoff::Handoff;
use crate::domain::id::{EpisodeId, HandoffEntryId, OrganizationId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::sealed::{Content, ENTRIES_MAX, EntryFacts, HandoffEntry, PACKET_MAX, Tier};
use crate::domain::time::At;
use crate::policy::Viewer;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::store::{self, Committed, Keyed, Tx};
use std::collections::BTreeSet;

/// Writes an entry once for a whole search.
#[derive(Clone)]
pub struct PacketNote {
    /// Which search.
    pub episode: EpisodeId,
    /// Of which tier.
    pub tier: Tier,
    /// What it says.
    pub content: Content,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Writes an entry into every open handoff of a search of the viewer's agency; whoever is asked later gets it with the offer.
pub async fn note(hub: &Hub, viewer: &Viewer, input: PacketNote) -> Result<Outcome<Vec<EntryFacts>>, Error> {
    log::known(viewer)?;
    input.content.check(input.tier)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| note_in(tx, viewer, input)).await
}

impl Again for Vec<EntryFacts> {
    type Id = HandoffEntryId;

    async fn again(tx: &Tx, ids: &[HandoffEntryId]) -> Result<Option<Self>, Error> {
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids {
            entries.push(tx.handoff_entry(*id).await?.ok_or(Error::NotFound)?.facts);
        }
        Ok(Some(entries))
    }
}

async fn note_in(tx: Tx, viewer: &Viewer, input: &PacketNote) -> Result<Committed<Vec<EntryFacts>>, Error> {
    let (author, grant) = viewer.organization().zip(viewer.grant_id()).ok_or(Error::Forbidden)?;
    let home = tx.consult::<OrganizationDetails>(author).await?.ok_or(Error::NotFound)?;
    let episode = tx.episode(input.episode).await?.ok_or(Error::NotFound)?;
    // A coordinator looks on at a search, and writes nothing in it.
    if episode.sender != author {
        return Err(Error::Forbidden);
    }
    let mut handoffs = tx.handoffs_of(episode.id).await?;
    let refused = |code| Error::Refused(vec![Problem::new(code).at(&["episodeId"]).with_current(episode.id)]);
    for handoff in handoffs.iter().take(1) {
        // Whether they may write at all is asked before it is said how the search stands.
        drop(permit::note(viewer, &home, handoff, tx.id(), input.tier)?);
    }
    let all: Vec<_> = handoffs.iter().map(|handoff| handoff.id).collect();
    handoffs.retain(|handoff| handoff.state.is_open());
    if handoffs.is_empty() {
        return Err(refused(ProblemCode::WrongState));
    }
    let (packet, at) = (tx.id(), tx.now());
    let before = tx.entries_of(&all, Tier::ALL).await?;
    let own = || before.iter().filter(|entry| entry.author == author);
    let many = own().filter_map(|entry| entry.packet).collect::<BTreeSet<_>>().len();
    let is_full = |of: &Handoff| own().filter(|entry| entry.handoff == of.id).count() >= ENTRIES_MAX;
    if many >= PACKET_MAX || handoffs.iter().any(is_full) {
        return Err(refused(ProblemCode::OutOfRange));
    }
    let mut written = Vec::with_capacity(handoffs.len());
    for handoff in &handoffs {
        if !tx.is_openable(handoff).await? {
            return Err(refused(ProblemCode::RetentionEnded));
        }
        // The first of them gives the packet its name.
        let id = if written.is_empty() { packet } else { tx.id() };
        let facts = EntryFacts {
            id,
            handoff: handoff.id,
            region: handoff.region,
            tier: input.tier,
            author,
            grant,
            at,
            part2: input.tier.is_part2(home.details.part2_program),
            packet: Some(packet),
        };
        let permit = permit::note(viewer, &home, handoff, id, input.tier)?;
        let sealed = tx.close_entry(handoff, &facts, &input.content).await?;
        tx.save(permit, &HandoffEntry::note(facts, sealed, handoff, at)).await?;
        written.push(facts);
    }
    remember(&tx, input.keyed.as_ref(), written.iter().map(|entry| entry.id)).await?;
    Ok(tx.commit(written).await?)
}

/// Carries the packet of a search into its new handoffs, whose offers are saved: each entry once, with the tier, the label, the
/// author and the instant of the one that was written. What cannot be opened or sealed is left
/// out.
pub(super) async fn carry(
    tx: &Tx,
    permit: &Permit<SendHandoff>,
    (sender, before): (OrganizationId, &[Handoff]),
    new: &[Handoff],
    now: At,
) -> Result<(), Error> {
    if before.is_empty() {
        return Ok(());
    }
    let packet = tx.packet(sender, before).await?;
    if let Some(error) = packet.unreadable() {
        tracing::error!(%error, "not all of a search's packet could be opened: the search goes on without the rest");
    }
    for to in new {
        let sealed = match tx.seal_packet(&packet, to).await {
            // A person's search does not wait for what is written of it.
            Err(error @ (store::Error::Corrupt { .. } | store::Error::Closed(_))) => {
                tracing::error!(%error, "a search's packet could not be sealed: the search goes on without it");
                return Ok(());
            }
            sealed => sealed?,
        };
        for entry in sealed {
            let permit = permit::carry(permit, entry.facts.id);
            tx.save(permit, &HandoffEntry::note(entry.facts, entry.sealed, to, now)).await?;
        }
    }
    Ok(())
}
