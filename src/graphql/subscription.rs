//! The subscription root: the log, as far as a viewer may see, from a place on.
use super::bed::BedUnit;
use super::error::{coded, from_app};
use super::input::BedUnitFilter;
use super::log::Event;
use super::scalars::{Code, Cursor, Uuid, id};
use super::seen::{Asking, asking};
use super::source::{Sent, Source};
use crate::app;
use crate::app::cursor::Mark;
use crate::app::filter::{self, UnitFilter};
use crate::domain::code::codes;
use crate::domain::event::{EventKind, Told};
use crate::domain::id::{BedUnitId, NounId};
use async_graphql::{Context, Error, ID, SimpleObject, Subscription};
use futures_util::Stream;
use std::sync::Arc;

codes! {
    /// How an object stands to a subscription after an event.
    Change {
        /// It matches now and did not before.
        Entered "ENTERED",
        /// It matched before and still does.
        Changed "CHANGED",
        /// It no longer matches, or is no longer yours to see: only its id is given.
        Left "LEFT",
    }
}

/// What cursors of the plain log are bound to.
pub const EVENTS_BOUND: &str = "events";

/// What cursors of a filter of units are bound to.
pub fn beds_bound(filter: &UnitFilter) -> String {
    format!("beds:{filter:?}")
}

/// A unit of your filter has changed; or, with `change` null, a heartbeat: everything up to `cursor` has been told.
#[derive(Clone, SimpleObject)]
pub struct BedsChanged {
    /// Go on after this place when you come back.
    cursor: Cursor,
    /// The event's id, the same at every delivery; null in a heartbeat.
    event_id: Option<Uuid>,
    /// How the unit stands to the filter now; null in a heartbeat.
    change: Option<Code<Change>>,
    /// The unit's id; null in a heartbeat.
    unit_id: Option<ID>,
    /// The unit as it stood just after the event; null in a heartbeat, and when it left.
    unit: Option<BedUnit>,
}

/// An event of the log; or, with `event` null, a heartbeat: everything up to `cursor` has been told.
#[derive(Clone, SimpleObject)]
pub struct EventTold {
    /// Go on after this place when you come back.
    cursor: Cursor,
    /// The event's id, the same at every delivery; null in a heartbeat.
    event_id: Option<Uuid>,
    /// Always CHANGED; null in a heartbeat.
    change: Option<Code<Change>>,
    /// The event; null in a heartbeat.
    event: Option<Event>,
}

/// Everything that can be watched.
pub struct Subscription;

/// Everything that can be watched.
#[Subscription]
impl Subscription {
    /// Units of a filter as they change, in order, at least once each: drop what has an `eventId` you have had. A first
    /// message without `change` says where you stand; such heartbeats come again every 15 s.
    async fn beds_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which units; all that you may see when not given.")] filter: Option<BedUnitFilter>,
        #[graphql(
            desc = "After this place: a message's `cursor`, or `asOf.cursor` of `bedUnits` with the same filter. From now when not given."
        )]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = BedsChanged> + use<>, Error> {
        let filter = filter.unwrap_or_default().read()?;
        let bound = beds_bound(&filter);
        told(
            ctx,
            bound,
            after,
            move |asking: &Asking, told: &Told, cursor: Cursor| {
                let seen = asking.look();
                let unit = told.after.as_ref()?.id();
                let message = |change, unit_seen| beds_message(cursor, told, unit, change, unit_seen);
                Some(match filter.told(&seen.board, &seen.scope, told)? {
                    filter::Seen::Entered(view) => message(Change::Entered, Some(BedUnit::new(view, &seen))),
                    filter::Seen::Changed(view) => message(Change::Changed, Some(BedUnit::new(view, &seen))),
                    filter::Seen::Left => message(Change::Left, None),
                })
            },
            |cursor| BedsChanged { cursor, event_id: None, change: None, unit_id: None, unit: None },
        )
        .await
    }

    /// Every event that you may see, in order, at least once each. Heartbeats as with `bedsChanged`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these kinds.")] kinds: Option<Vec<Code<EventKind>>>,
        #[graphql(
            desc = "After this place: a message's `cursor`, `events { endCursor }`, or `asOf.cursor` of a list. From now when not given."
        )]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = EventTold> + use<>, Error> {
        told(
            ctx,
            EVENTS_BOUND.into(),
            after,
            move |asking: &Asking, told: &Told, cursor: Cursor| {
                let happening = &told.event.happening;
                let wanted = kinds.as_ref().is_none_or(|kinds| kinds.contains(&Code(happening.kind)));
                let visible = wanted && asking.seen.scope.sees(happening.region, happening.owner, happening.audience);
                visible.then(|| EventTold {
                    cursor,
                    event_id: Some(Uuid(told.event.id.key())),
                    change: Some(Code(Change::Changed)),
                    event: Some((&told.event).into()),
                })
            },
            |cursor| EventTold { cursor, event_id: None, change: None, event: None },
        )
        .await
    }
}

fn beds_message(cursor: Cursor, told: &Told, unit_id: BedUnitId, change: Change, unit: Option<BedUnit>) -> BedsChanged {
    let event_id = Some(Uuid(told.event.id.key()));
    BedsChanged { cursor, event_id, change: Some(Code(change)), unit_id: Some(id(unit_id)), unit }
}

/// The messages that a source of events becomes. Each is noted as sent, so that whoever seats subscribers knows its place.
async fn told<M, T, H>(
    ctx: &Context<'_>,
    bound: String,
    after: Option<Cursor>,
    message: T,
    heartbeat: H,
) -> Result<impl Stream<Item = M> + use<M, T, H>, Error>
where
    M: Send + 'static,
    T: Fn(&Asking, &Told, Cursor) -> Option<M> + Send + Sync + 'static,
    H: Fn(Cursor) -> M + Send + Sync + 'static,
{
    let asking = asking(ctx).clone();
    let Some(source) = ctx.data_opt::<Source>().cloned() else {
        return Err(coded(super::error::ErrorCode::BadUserInput, "subscribe over WebSocket or Server-Sent Events"));
    };
    // A table begins where the log stands; only a newcomer has a place of its own.
    let after = after.map(|cursor| cursor.0).filter(|_| !source.is_live());
    let place = app::log::place(&asking.hub, &asking.viewer, &bound, after.as_deref()).await;
    let place = place.map_err(|error| from_app(&error))?;
    Ok(async_stream::stream! {
        let mut batches = std::pin::pin!(source.batches(asking.hub.clone(), asking.viewer.clone(), place));
        let mut last = place;
        while let Some(batch) = futures_util::StreamExt::next(&mut batches).await {
            for told in batch.iter() {
                last = Mark { number: told.event.number, id: told.event.id };
                let cursor = asking.hub.seal().log_cursor(&bound, last, asking.hub.clock().now());
                if let Some(item) = message(&asking, told, Cursor(cursor.clone())) {
                    source.note(Sent { number: last.number, cursor: Arc::from(cursor), heartbeat: false });
                    yield item;
                }
            }
            if batch.is_empty() {
                let cursor = asking.hub.seal().log_cursor(&bound, last, asking.hub.clock().now());
                source.note(Sent { number: last.number, cursor: Arc::from(&*cursor), heartbeat: true });
                yield heartbeat(Cursor(cursor));
            }
        }
    })
}
