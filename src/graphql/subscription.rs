//! The subscription root: the log, as far as a viewer may see, from a place on.
use super::bed::BedUnit;
use super::error::{Answer, coded, from_app};
use super::handoff::{self, Handoff};
use super::input::BedUnitFilter;
use super::input::handoff::HandoffsWatched;
use super::log::Event;
use super::scalars::{Code, Cursor, Uuid, id};
use super::seen::{Asking, Seen, asking};
use super::source::{Sent, Source};
use crate::app;
use crate::app::cursor::Mark;
use crate::app::filter::{self, UnitFilter};
use crate::domain::code::codes;
use crate::domain::event::{EventKind, Fact, Told};
use crate::domain::handoff::HandoffFact;
use crate::domain::id::{BedUnitId, HandoffId, HandoffShareId, Noun, NounId};
use crate::domain::share::{ShareChange, ShareFact};
use async_graphql::{Context, Error, ID, Object, SimpleObject, Subscription};
use futures_util::Stream;
use std::collections::HashSet;
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
    /// The event's id, the same at every delivery; null in a heartbeat. Where one edit is told for several units, each of
    /// the messages has an id of its own.
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

/// An open handoff of your agency has changed; or, with `change` null, a heartbeat: everything up to `cursor` has been told.
#[derive(Clone)]
pub struct HandoffsChanged {
    cursor: Cursor,
    news: Option<(uuid::Uuid, Change, HandoffId)>,
}

/// An open handoff of your agency has changed; or, with `change` null, a heartbeat: everything up to `cursor` has been told.
#[Object]
impl HandoffsChanged {
    /// Go on after this place when you come back.
    async fn cursor(&self) -> &Cursor {
        &self.cursor
    }
    /// The event's id, the same at every delivery; null in a heartbeat.
    async fn event_id(&self) -> Option<Uuid> {
        self.news.map(|(event, ..)| Uuid(event))
    }
    /// ENTERED when it was announced or offered, LEFT when it ended, however it did; of one that you are told of by consent when
    /// that begins and ends. Null in a heartbeat.
    async fn change(&self) -> Option<Code<Change>> {
        self.news.map(|(_, change, _)| Code(change))
    }
    /// The handoff's id; null in a heartbeat.
    async fn handoff_id(&self) -> Option<ID> {
        self.news.map(|(_, _, handoff)| id(handoff))
    }
    /// The handoff as it stands when this is told, which may be after later changes; null in a heartbeat, and when it left:
    /// read it by `node` to see how it ended. Null to coordinators when its search has ended meanwhile: a LEFT follows.
    async fn handoff(&self, ctx: &Context<'_>) -> Answer<Handoff> {
        match self.news? {
            (_, Change::Left, _) => None,
            (.., changed) => handoff::handoff(ctx, changed).await,
        }
    }
}

/// How an event changes the handoffs that are open.
fn of_open(event: &crate::domain::event::Event, fact: &HandoffFact) -> Change {
    match event.happening.kind {
        _ if !fact.state.is_open() => Change::Left,
        EventKind::HandoffAnnounced | EventKind::HandoffOffered => Change::Entered,
        _ => Change::Changed,
    }
}

/// How an event changes the handoffs that an agency is told of by consent.
fn of_told(fact: &ShareFact) -> Change {
    match fact.change {
        ShareChange::Entered => Change::Entered,
        ShareChange::Changed => Change::Changed,
        ShareChange::Left => Change::Left,
    }
}

/// Everything that can be watched.
pub struct Subscription;

/// Everything that can be watched.
#[Subscription]
impl Subscription {
    /// Units of a filter as they change, in order, at least once each: drop what has an `eventId` you have had. An edit of
    /// a service, a facility or an organization is told for each unit that stands on it. A first message without `change`
    /// says where you stand; such heartbeats come again every 15 s.
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
            move |asking: &Asking, told: &Told| {
                let seen = asking.look();
                let news = filter.told(&seen.scope, told).into_iter();
                news.map(|(unit, how)| (told.id_of(unit), unit, standing(how, &seen))).collect()
            },
            |cursor, news: Option<(uuid::Uuid, BedUnitId, (Change, Option<BedUnit>))>| match news {
                Some((event, unit_id, (change, unit))) => {
                    let (event_id, unit_id) = (Some(Uuid(event)), Some(id(unit_id)));
                    BedsChanged { cursor, event_id, change: Some(Code(change)), unit_id, unit }
                }
                None => BedsChanged { cursor, event_id: None, change: None, unit_id: None, unit: None },
            },
        )
        .await
    }

    /// The open handoffs that your agency sends or receives, and where it coordinates the region every open one, as they
    /// change, in order, at least once each. Those that your agency is told of by consent of the person enter with the consent, go
    /// on changing with what becomes of the person, and leave once, when the consent is revoked or ends. Heartbeats as with
    /// `bedsChanged`.
    async fn handoffs_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which handoffs; all that you may see when not given.")] filter: Option<HandoffsWatched>,
        #[graphql(
            desc = "After this place: a message's `cursor`, or `asOf.cursor` of `handoffs`. From now when not given."
        )]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = HandoffsChanged> + use<>, Error> {
        let filter = filter.unwrap_or_default().read();
        told(
            ctx,
            EVENTS_BOUND.into(),
            after,
            move |asking: &Asking, told: &Told| {
                let happening = &told.event.happening;
                let news = match &happening.fact {
                    // What happens to it later than its end, such as the end of its text, is no news: it has left already.
                    Fact::Handoff(fact) if fact.times.ended_at.is_some_and(|ended| ended < happening.at) => None,
                    Fact::Handoff(fact) if filter.matches(happening.owner, fact) => {
                        Some((of_open(&told.event, fact), HandoffId::of(happening.key)))
                    }
                    // Who reads the handoffs of a party has this one anyway.
                    Fact::HandoffShare(fact)
                        if fact.is_partys(happening.owner) && asking.seen.scope.reads_handoffs_of(happening.owner) =>
                    {
                        None
                    }
                    Fact::HandoffShare(fact) if filter.matches_share(fact) => Some((of_told(fact), fact.handoff)),
                    _ => None,
                };
                let news = news.filter(|_| asking.seen.scope.sees_event(happening));
                news.map(|(change, handoff)| (told.event.id.key(), change, handoff)).into_iter().collect()
            },
            |cursor, news| HandoffsChanged { cursor, news },
        )
        .await
    }

    /// Every event that you may see, in order, at least once each. Heartbeats as with `bedsChanged`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these kinds.")] kinds: Option<Vec<Code<EventKind>>>,
        #[graphql(
            desc = "After this place: a message's `cursor`, `events { pageInfo { endCursor } }`, or `asOf.cursor` of any list but `bedUnits`. From now when not given."
        )]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = EventTold> + use<>, Error> {
        told(
            ctx,
            EVENTS_BOUND.into(),
            after,
            move |asking: &Asking, told: &Told| {
                let happening = &told.event.happening;
                let wanted = kinds.as_ref().is_none_or(|kinds| kinds.contains(&Code(happening.kind)));
                let scope = &asking.seen.scope;
                let told_no_more = scope.is_told_no_more(happening, asking.hub.clock().now());
                let visible = wanted && scope.sees_event(happening) && !told_no_more;
                visible.then(|| (told.event.id.key(), Event::from(&told.event))).into_iter().collect()
            },
            |cursor, news: Option<(uuid::Uuid, Event)>| match news {
                Some((id, event)) => {
                    let change = Some(Code(Change::Changed));
                    EventTold { cursor, event_id: Some(Uuid(id)), change, event: Some(event) }
                }
                None => EventTold { cursor, event_id: None, change: None, event: None },
            },
        )
        .await
    }
}

/// How a unit stands to a filter now, with the unit itself where it may still be shown.
fn standing(how: filter::Seen, seen: &Seen) -> (Change, Option<BedUnit>) {
    match how {
        filter::Seen::Entered(view) => (Change::Entered, Some(BedUnit::new(view, seen))),
        filter::Seen::Changed(view) => (Change::Changed, Some(BedUnit::new(view, seen))),
        filter::Seen::Left => (Change::Left, None),
    }
}

/// The place just before an event.
fn before(told: &Told) -> Mark {
    told.previous.map_or_else(Mark::beginning, |id| Mark { number: told.event.number - 1, id })
}

/// Which events of a batch tell of a share that has ended since: of such its end alone is told, to whoever was away as to whoever
/// comes later. Where that cannot be read now, nothing of them is told but their end.
async fn ended(asking: &Asking, batch: &[Told]) -> HashSet<uuid::Uuid> {
    let scope = &asking.seen.scope;
    let shares = batch.iter().filter(|told| {
        let happening = &told.event.happening;
        let of_share = happening.noun == Noun::HandoffShare && happening.kind != EventKind::HandoffShareEnded;
        of_share && scope.sees_event(happening)
    });
    let shares = shares.map(|told| (told.event.id.key(), HandoffShareId::of(told.event.happening.key)));
    let shares: Vec<(uuid::Uuid, HandoffShareId)> = shares.collect();
    if shares.is_empty() {
        return HashSet::new();
    }
    let of: Vec<HandoffShareId> = shares.iter().map(|(_, share)| *share).collect();
    let ended = app::share::ended(&asking.hub, &of).await.unwrap_or(of);
    shares.into_iter().filter(|(_, share)| ended.contains(share)).map(|(event, _)| event).collect()
}

/// The messages that a source of events becomes: one for each piece of an event's `news`, and heartbeats, which have none.
/// Each is noted as sent, so that whoever seats subscribers knows its place.
async fn told<N, M, T, H>(
    ctx: &Context<'_>,
    bound: String,
    after: Option<Cursor>,
    news: T,
    message: H,
) -> Result<impl Stream<Item = M> + use<N, M, T, H>, Error>
where
    N: Send + 'static,
    M: Send + 'static,
    T: Fn(&Asking, &Told) -> Vec<N> + Send + Sync + 'static,
    H: Fn(Cursor, Option<N>) -> M + Send + Sync + 'static,
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
        let cursor = |at: Mark| asking.hub.seal().log_cursor(&bound, at, asking.hub.clock().now());
        while let Some(batch) = futures_util::StreamExt::next(&mut batches).await {
            let ended = ended(&asking, &batch).await;
            for told in batch.iter() {
                last = Mark { number: told.event.number, id: told.event.id };
                let mut news = news(&asking, told);
                news.retain(|_| !ended.contains(&told.event.id.key()));
                let mut news = news.into_iter();
                while let Some(piece) = news.next() {
                    // Whoever goes away amid the news of one event comes back before it, and is told all of it again.
                    let cursor = cursor(if news.len() > 0 { before(told) } else { last });
                    source.note(Sent { number: last.number, cursor: Arc::from(&*cursor), heartbeat: false });
                    yield message(Cursor(cursor), Some(piece));
                }
            }
            if batch.is_empty() {
                let cursor = cursor(last);
                source.note(Sent { number: last.number, cursor: Arc::from(&*cursor), heartbeat: true });
                yield message(Cursor(cursor), None);
            }
        }
    })
}
