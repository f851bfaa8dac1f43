//! The sweeper: tells the log what time alone has changed.
use super::Hub;
use super::error::Error;
use crate::domain::bed::DueKind;
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
                // Another node may have told of it while this one waited for the unit.
                let due = tx.take_due(unit.id(), now).await?;
                let is = |kind| due.contains(&kind);
                let aged = if is(DueKind::Freshness) { unit.tell_time(now) } else { None };
                let aged = aged.or_else(|| if is(DueKind::PauseEnd) { unit.tell_pause_over(now) } else { None });
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
