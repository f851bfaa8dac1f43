//! The sweeper: tells the log what time alone has changed.
use super::Hub;
use super::error::Error;
use crate::policy::{Machine, Viewer, permit};
use crate::store::Committed;

/// Most units that one pass tells of.
const BATCH: u64 = 100;

/// Tells of units whose numbers turned aging, stale or expired, and of pauses past their expected end.
///
/// Firing removes the alarm and writes the event in one transaction, so each is told exactly once, whichever node does it.
pub async fn pass(hub: &Hub) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    let told = hub
        .store()
        .write(me, |tx| async move {
            let due = tx.due_units(tx.now(), BATCH).await?;
            let mut told = Vec::new();
            for unit in tx.bed_units(&due).await? {
                let now = tx.now();
                tx.forget_due(unit.id(), now).await?;
                let aged = unit.tell_time(now).or_else(|| unit.tell_pause_over(now));
                if let Some(changed) = aged.filter(|changed| !changed.state().entry.retired) {
                    tx.save(permit::tell_time(me, &unit)?, &changed).await?;
                    told.push(changed.into_state());
                }
            }
            Ok::<Committed<_>, Error>(tx.commit(told).await?)
        })
        .await?;
    hub.board().learn_units(&told);
    Ok(told.len())
}
