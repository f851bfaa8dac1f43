//! The relay: numbers what waits in the outbox, then rings.
use super::bell::{Bell, Envelope};
use super::in_time;
use crate::domain::code::Coded;
use crate::domain::event::Event;
use crate::domain::id::{GlobalId, NounId};
use crate::policy::{Machine, Viewer};
use crate::store::outbox::BATCH_MAX;
use crate::store::{Dialect, Error, Store};
use std::time::Duration;

/// Runs on every node, for good: the counter's row lock elects who numbers.
pub async fn run(store: Store, bell: Bell) {
    let written = store.written();
    let mut published = None;
    loop {
        match in_time(pass(&store, &bell, &mut published)).await {
            // A full batch: there may be more.
            Ok(n) if n >= u64::from(BATCH_MAX) => {}
            Ok(_) => {
                let _ = tokio::time::timeout(Duration::from_secs(1), written.notified()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the relay could not number events; it tries again");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Numbers one batch and rings for it. Each node publishes what it numbered; `published` is where a lone writer stands.
async fn pass(store: &Store, bell: &Bell, published: &mut Option<i64>) -> Result<u64, Error> {
    let (from, numbered) = store.number_waiting().await?;
    if !bell.publishes() {
        // On SQLite the writer numbers, so there is always something to ring for.
        if numbered > 0 || store.dialect() == Dialect::Sqlite {
            bell.ring(Vec::new());
        }
        return Ok(numbered);
    }
    let reader = store.read(&Viewer::machine(Machine::Follower)).await?;
    let (from, most) = match (store.dialect(), *published) {
        (Dialect::Postgres, _) => (from, numbered),
        (Dialect::Sqlite, Some(number)) => (number, u64::from(BATCH_MAX)),
        (Dialect::Sqlite, None) => (reader.head().await?, u64::from(BATCH_MAX)),
    };
    let events = if most == 0 { Vec::new() } else { reader.events_after(from, most).await? };
    *published = Some(events.last().map_or(from, |event| event.number));
    if !events.is_empty() {
        bell.ring(events.iter().map(envelope).collect());
    }
    Ok(u64::try_from(events.len()).unwrap_or(0))
}

fn envelope(event: &Event) -> Envelope {
    let happening = &event.happening;
    Envelope {
        number: event.number,
        id: event.id.key(),
        kind: happening.kind.code(),
        row: GlobalId { noun: happening.noun, key: happening.key }.to_string(),
        version: happening.version,
        audience: happening.audience.bits(),
        region: happening.region.key(),
    }
}
