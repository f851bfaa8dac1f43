//! The machine that shreds: what was written of a person goes when its retention has ended, and the months' keys after it.
//!
//! Deleting and the event are one transaction, under the handoff's lock: each is shredded once, whichever node does it, and a
//! node that is killed in the middle has done nothing.
use super::Hub;
use super::error::Error;
use crate::domain::id::{FollowUpId, HandoffId};
pub use crate::domain::retention::Belief;
use crate::policy::{Machine, Viewer, permit};
use crate::store::{self, Committed};

/// Most handoffs that one write shreds: nobody's write waits long behind it.
const BATCH: u64 = 50;

/// One pass: shreds a batch of what is over; when nothing is left, looks to the months' keys. Answers how many were shredded,
/// none at the end.
pub async fn pass(hub: &Hub) -> Result<usize, Error> {
    let now = hub.clock().now();
    let over = hub.rules().retention.over(now);
    let (mut shredded, mut unreadable) = (0, Vec::new());
    loop {
        let due = hub.store().to_shred(over, BATCH, &unreadable).await?;
        let before = unreadable.len();
        shredded += match shred(hub, &due).await {
            // One row that cannot be read must not keep the others.
            Err(Error::Store(store::Error::Corrupt { .. })) => one_by_one(hub, &due, &mut unreadable).await?,
            other => other?,
        };
        // Nor must a whole batch of them keep those behind it.
        if shredded > 0 || unreadable.len() == before {
            break;
        }
    }
    let forgotten = forget(hub, &hub.store().to_forget(over, BATCH).await?).await?;
    let let_go = let_go(hub, &hub.store().to_let_go(now, BATCH).await?).await?;
    if shredded + forgotten + let_go == 0 {
        keys(hub).await?;
        let copies = hub.store().forget_copies(over).await?;
        if copies > 0 {
            tracing::warn!(
                copies,
                "copies of the database from before a migration are deleted: their retention has ended"
            );
        }
    }
    Ok(shredded + forgotten + let_go)
}

/// Makes sure, after passes that shredded, that nothing of it lies on in the database's own log. Answers whether it could.
pub async fn wipe(hub: &Hub) -> bool {
    match hub.store().empty_log().await {
        Ok(done) => done,
        Err(error) => {
            tracing::warn!(%error, "what was shredded may lie on in the database's log; trying again");
            false
        }
    }
}

/// Shreds what is written in some handoffs, each by itself, and notes which cannot be read.
async fn one_by_one(hub: &Hub, due: &[HandoffId], unreadable: &mut Vec<HandoffId>) -> Result<usize, Error> {
    let mut shredded = 0;
    for one in due {
        shredded += match shred(hub, &[*one]).await {
            Err(Error::Store(error @ store::Error::Corrupt { .. })) => {
                tracing::error!(%error, handoff = %one, "a row cannot be read; what is written there is not shredded");
                unreadable.push(*one);
                0
            }
            other => other?,
        };
    }
    Ok(shredded)
}

/// Forgets whom some follow-ups after calls were about.
async fn forget(hub: &Hub, due: &[FollowUpId]) -> Result<usize, Error> {
    if due.is_empty() {
        return Ok(0);
    }
    let (me, limits) = (&Viewer::machine(Machine::Retention), hub.rules().retention);
    let store = hub.store().apart();
    let write = store.write(me, |tx| async move {
        let follow_ups = tx.follow_ups(due).await?;
        let (now, mut forgotten) = (tx.now(), 0);
        for follow_up in &follow_ups {
            if let Some(changed) = follow_up.forget(limits, now) {
                tx.save(permit::forget(me, follow_up)?, &changed).await?;
                forgotten += 1;
            }
        }
        Ok::<Committed<_>, Error>(tx.commit(forgotten).await?)
    });
    write.await
}

/// Shreds what was preserved in some handoffs beyond its retention, and is no longer.
async fn let_go(hub: &Hub, due: &[HandoffId]) -> Result<usize, Error> {
    if due.is_empty() {
        return Ok(0);
    }
    let me = &Viewer::machine(Machine::Retention);
    let store = hub.store().apart();
    let write = store.write(me, |tx| async move {
        let handoffs = tx.handoffs(due).await?;
        let kept = tx.preserved_among(due, tx.now()).await?;
        let mut gone = 0;
        for handoff in handoffs.iter().filter(|handoff| handoff.text_kept && !kept.contains(&handoff.id)) {
            tx.let_go(&handoff.let_go()).await?;
            gone += 1;
        }
        Ok::<Committed<_>, Error>(tx.commit(gone).await?)
    });
    let gone: usize = write.await?;
    metrics::counter!("hub_texts_shredded_total").increment(gone as u64);
    Ok(gone)
}

/// Ends the retention of what is written in some handoffs, all at once.
async fn shred(hub: &Hub, due: &[HandoffId]) -> Result<usize, Error> {
    if due.is_empty() {
        return Ok(0);
    }
    let (me, limits) = (&Viewer::machine(Machine::Retention), hub.rules().retention);
    let store = hub.store().apart();
    let write = store.write(me, |tx| async move {
        let handoffs = tx.handoffs(due).await?;
        // Asked when they are locked: whoever preserves one waits for its lock, or has it.
        let now = tx.now();
        let kept = tx.preserved_among(due, now).await?;
        let mut shredded = 0;
        for handoff in &handoffs {
            // Another node may have done it while this one waited.
            if let Some(changed) = handoff.shred(limits, kept.contains(&handoff.id), now) {
                tx.save(permit::shred(me, handoff)?, &changed).await?;
                shredded += 1;
            }
        }
        Ok::<Committed<_>, Error>(tx.commit(shredded).await?)
    });
    let shredded: usize = write.await?;
    metrics::counter!("hub_texts_shredded_total").increment(shredded as u64);
    Ok(shredded)
}

/// Carries on what is kept beyond its month, and destroys the keys of passed months that nothing is under any more.
async fn keys(hub: &Hub) -> Result<(), Error> {
    let store = hub.store().apart();
    let mut after = None;
    loop {
        let (last, carried) = store.carry_keys_on(after, BATCH).await?;
        if carried > 0 {
            tracing::info!(carried, "keys of handoffs that are kept beyond their month are under a later month's");
        }
        match last {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    if hub.rules().retention.destroys_keys && store.ring_is_own()? {
        for month in store.destroy_passed_months().await? {
            tracing::warn!(%month, "the keys of a passed month are destroyed: destroy or replace other copies of the ring");
        }
    }
    Ok(())
}
