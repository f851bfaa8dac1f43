//! Reading the log and the audit.
use super::Hub;
use super::coordinate;
use super::cursor::{self, Mark};
use super::error::Error;
use crate::domain::event::{Event, Told};
use crate::domain::id::AuditEntryId;
use crate::policy::Viewer;
use crate::store::AuditLine;

/// Refuses nobody: every read but the schema's needs a viewer.
pub fn known(viewer: &Viewer) -> Result<(), Error> {
    if viewer.is_nobody() { Err(Error::Unauthenticated) } else { Ok(()) }
}

/// Events after a cursor that the viewer may see, in order, and where the reading stands.
pub async fn events(
    hub: &Hub,
    viewer: &Viewer,
    bound: &str,
    after: Option<&str>,
    most: u64,
) -> Result<(Vec<Event>, Mark), Error> {
    known(viewer)?;
    let reader = hub.store().read(viewer).await?;
    let head = cursor::head(&reader).await?;
    let from = match after {
        Some(after) => cursor::log_number(&reader, hub.seal(), bound, after, hub.clock().now()).await?,
        None => 0,
    };
    let events = reader.events_after(from, most).await?;
    drop(reader);
    Ok((coordinate::seen_in_log(hub, viewer, events).await?, head))
}

/// Where this node's board stands in the log.
pub fn here(hub: &Hub) -> Mark {
    let board = hub.board().now();
    board.last_event().map_or_else(Mark::beginning, |id| Mark { number: board.number(), id })
}

/// The place that a cursor names; without one, where this node's board stands: what comes after has not been told here.
pub async fn place(hub: &Hub, viewer: &Viewer, bound: &str, after: Option<&str>) -> Result<Mark, Error> {
    known(viewer)?;
    let Some(after) = after else { return Ok(here(hub)) };
    let reader = hub.store().read(viewer).await?;
    let number = cursor::log_number(&reader, hub.seal(), bound, after, hub.clock().now()).await?;
    let id = reader.mark(number).await?.map_or(Mark::beginning().id, |(id, _)| id);
    Ok(Mark { number, id })
}

/// What a subscriber missed: a batch of what the viewer may see after a number, as it was told.
pub async fn missed(hub: &Hub, viewer: &Viewer, after: i64, most: u64) -> Result<Vec<Told>, Error> {
    let everything = Viewer::machine(crate::policy::Machine::Follower);
    known(viewer)?;
    let reader = hub.store().read(&everything).await?;
    let events = reader.events_after(after, most).await?;
    Ok(hub.board().tell_again(&reader, events).await?)
}

/// The audit that the viewer may see between two lines, latest first; its first `most` lines, or with `from_end` its last.
pub async fn audit(
    hub: &Hub,
    viewer: &Viewer,
    (below, above): (Option<AuditEntryId>, Option<AuditEntryId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<AuditLine>, Error> {
    known(viewer)?;
    Ok(hub.store().read(viewer).await?.audit(below, above, most, from_end).await?)
}
