//! Tables: subscribers with the same document, variables and scope sit together. The document runs once an event for the
//! table, and its bytes are shared.
//!
//! A newcomer catches up alone, from its cursor to near where the board stands, and sits down: what it still misses it
//! reads, and what the table sends up to there is dropped, so nothing is missed and nothing comes twice. Nobody is skipped:
//! who falls behind is sent away with a cursor.
use super::error::from_app;
use super::seen::Asking;
use super::source::{Kind, Sent, Source, Told, closes};
use super::{Operation, Schema, limits::Limits, over_http};
use crate::app::{self, Hub};
use crate::bus::feed::Feed;
use crate::domain::event::{EventKind, Fact, Happening};
use crate::policy::{Scope, Viewer};
use async_graphql::{Pos, Response};
use async_stream::stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// Places in a table's queue: what its slowest subscriber may be behind.
const BEHIND_MAX: usize = 256;
/// Messages of one place: those that were ready together, as after an import. A queue of single messages would be shorter
/// than one batch of the feed, and who reads promptly would be sent away.
const PLACE_MAX: usize = 64;

/// One message of a table, ready to send.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its place; none for a message that only says what is wrong.
    pub sent: Option<Sent>,
    /// The execution result, as JSON.
    pub body: Bytes,
}

/// What a subscriber is sent.
#[derive(Clone, Debug)]
pub enum Served {
    /// A message.
    Frame(Frame),
    /// The subscription could not be begun: request errors, as JSON.
    Refused(Bytes),
    /// The subscriber fell behind: come back with this cursor.
    TooSlow(Option<Arc<str>>),
    /// The viewer no longer stands: the token ended or the grant was revoked.
    Unseated,
    /// The hub restarts, and everything before this was told: come back with this cursor.
    Closing(Option<Arc<str>>),
}

/// A place at a table: what it sends from here, and up to where the newcomer has had it otherwise.
struct Place {
    table: broadcast::Receiver<Frames>,
    upto: i64,
}

/// Messages that were ready together.
type Frames = Arc<[Frame]>;

#[derive(PartialEq, Eq, Hash, Clone)]
struct Key {
    operation: (over_http::Source, Option<String>, String),
    scope: Arc<Scope>,
}

/// The tables of one node.
#[derive(Clone)]
pub struct Tables(Arc<Room>);

struct Room {
    schema: Schema,
    limits: Arc<Limits>,
    hub: Hub,
    feed: Feed,
    heartbeat: Duration,
    closing: watch::Receiver<bool>,
    tables: Mutex<HashMap<Key, broadcast::Sender<Frames>>>,
    revocations: watch::Sender<u64>,
}

impl Tables {
    /// Opens the room and begins to watch for revocations.
    pub fn open(
        schema: Schema,
        limits: Arc<Limits>,
        hub: Hub,
        feed: Feed,
        heartbeat: Duration,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let (tables, revocations) = (Mutex::default(), watch::Sender::new(0));
        let room = Room { schema, limits, hub, feed, heartbeat, closing, tables, revocations };
        let tables = Self(Arc::new(room));
        tokio::spawn(watch_revocations(Arc::downgrade(&tables.0), tables.0.feed.listen()));
        tables
    }

    /// How many tables there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Resolves when a viewer no longer stands.
    pub async fn ended(&self, viewer: &Viewer) {
        let mut revocations = self.0.revocations.subscribe();
        ended(&self.0, viewer, &mut revocations).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, broadcast::Sender<Frames>>> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats a viewer: what was missed first, then the table's messages, until the viewer leaves or no longer stands.
    pub fn seat(
        &self,
        operation: Operation,
        viewer: Viewer,
        trace: Arc<str>,
    ) -> impl Stream<Item = Served> + Send + use<> {
        let room = self.0.clone();
        let tables = self.clone();
        stream! {
            let _counted = Counted::new();
            let mut closing = room.closing.clone();
            // Who looks on at the searches of others is written down before anything is told.
            let looks_on = if operation.units_alone { Ok(viewer) } else { app::coordinate::watch(&room.hub, viewer).await };
            let viewer = match looks_on {
                Ok(viewer) => viewer,
                Err(error) => {
                    begun("refused");
                    let refused = Response::from_errors(vec![from_app(&error).into_server_error(Pos::default())]);
                    yield Served::Refused(over_http::payload(refused, &trace, &room.limits).into());
                    return;
                }
            };
            let place = Arc::<OnceLock<Place>>::default();
            let stands = || app::grant::stands(&room.hub, &viewer);
            let mut last: Option<Arc<str>> = None;
            let mut caught_up = false;
            {
                // What a newcomer's own run holds, it gives back before it sits down for good.
                let source = Source::new(Kind::Missed(tables.chair(&place, &operation, &viewer)));
                let mut missed = std::pin::pin!(run(&room, &operation, &viewer, source, &trace));
                loop {
                    let frame = tokio::select! {
                        biased;
                        frame = missed.next() => frame,
                        // There may be far to catch up: whoever comes back goes on from here.
                        () = closes(&mut closing) => {
                            yield Served::Closing(last);
                            return;
                        }
                    };
                    let Some(frame) = frame else { break };
                    if !stands() {
                        yield Served::Unseated;
                        return;
                    }
                    let Some(sent) = frame.sent.clone() else {
                        begun("refused");
                        yield Served::Refused(frame.body);
                        return;
                    };
                    if last.is_none() {
                        begun("ok");
                    }
                    last = Some(sent.cursor);
                    caught_up = sent.heartbeat;
                    yield Served::Frame(frame);
                }
            }
            drop(operation);
            let Some(place) = Arc::into_inner(place).and_then(OnceLock::into_inner).filter(|_| caught_up) else {
                // The log could not be read to the end: going on from here would leave a hole.
                yield Served::TooSlow(last);
                return;
            };
            let mut live = std::pin::pin!(tables.live(place, viewer, last));
            while let Some(served) = live.next().await {
                yield served;
            }
        }
    }

    /// What a table sends to one who has caught up to a number.
    fn live(
        &self,
        Place { mut table, upto }: Place,
        viewer: Viewer,
        mut last: Option<Arc<str>>,
    ) -> impl Stream<Item = Served> + Send + use<> {
        let room = self.0.clone();
        stream! {
            let (mut revocations, closing) = (room.revocations.subscribe(), room.closing.clone());
            let stands = || app::grant::stands(&room.hub, &viewer);
            // One wait for the whole seat: made anew for each frame, its timer would cost more than the frame.
            let mut over = std::pin::pin!(ended(&room, &viewer, &mut revocations));
            loop {
                let frames = tokio::select! {
                    biased;
                    () = &mut over => {
                        yield Served::Unseated;
                        return;
                    }
                    frames = table.recv() => frames,
                };
                match frames {
                    Ok(frames) => for frame in frames.iter() {
                        if frame.sent.as_ref().is_some_and(|sent| sent.is_had(upto)) {
                            continue;
                        }
                        if !stands() {
                            yield Served::Unseated;
                            return;
                        }
                        last = frame.sent.as_ref().map(|sent| sent.cursor.clone()).or(last);
                        yield Served::Frame(frame.clone());
                    },
                    Err(broadcast::error::RecvError::Closed) if is_closing(&closing) => {
                        yield Served::Closing(last);
                        return;
                    }
                    Err(_) => {
                        metrics::counter!("hub_subscribers_too_slow_total").increment(1);
                        yield Served::TooSlow(last);
                        return;
                    }
                }
            }
        }
    }

    /// How a newcomer sits down when it has nearly caught up; it answers where the log stands then.
    fn chair(
        &self,
        place: &Arc<OnceLock<Place>>,
        operation: &Operation,
        viewer: &Viewer,
    ) -> Arc<dyn Fn() -> i64 + Send + Sync> {
        let (tables, place) = (self.clone(), Arc::downgrade(place));
        let (operation, viewer) = (operation.clone(), viewer.clone());
        Arc::new(move || {
            let table = tables.join(&operation, &viewer);
            // Whatever the table sent before this moment, the board had folded before it was sent.
            let upto = tables.0.hub.board().now().number();
            if let Some(place) = place.upgrade() {
                let _ = place.set(Place { table, upto });
            }
            upto
        })
    }

    /// Takes a place at the table of an operation, setting it if there is none.
    fn join(&self, operation: &Operation, viewer: &Viewer) -> broadcast::Receiver<Frames> {
        let key =
            Key { operation: operation.identity(), scope: Arc::new(Scope::of(viewer).watched(!operation.units_alone)) };
        let mut tables = self.lock();
        if let Some(table) = tables.get(&key) {
            return table.subscribe();
        }
        let (frames, seat) = broadcast::channel(BEHIND_MAX);
        tables.insert(key.clone(), frames.clone());
        let told = Arc::new(Mutex::new(Some(self.0.feed.listen())));
        drop(tables);
        let source = Source::new(Kind::Live(told, self.0.heartbeat, self.0.closing.clone()));
        tokio::spawn(serve(self.clone(), key, operation.clone(), viewer.clone(), frames, source));
        seat
    }
}

/// Counts a subscription that has begun, or could not.
fn begun(outcome: &'static str) {
    metrics::counter!("hub_requests_total", "kind" => "subscription", "outcome" => outcome).increment(1);
}

/// One running subscription among those that are counted.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("hub_subscribers").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("hub_subscribers").decrement(1.0);
    }
}

/// Runs a table until the last subscriber has left.
async fn serve(
    tables: Tables,
    key: Key,
    operation: Operation,
    viewer: Viewer,
    table: broadcast::Sender<Frames>,
    source: Source,
) {
    let room = tables.0.clone();
    let messages = run(&room, &operation, &viewer, source, "subscription").ready_chunks(PLACE_MAX);
    let mut messages = std::pin::pin!(messages);
    while let Some(frames) = messages.next().await {
        let alone = table.send(frames.into()).is_err();
        if alone {
            let mut open = tables.lock();
            // Somebody may have sat down since.
            if table.receiver_count() == 0 {
                open.remove(&key);
                return;
            }
        }
    }
    tables.lock().remove(&key);
}

fn run<'a>(
    room: &'a Room,
    operation: &Operation,
    viewer: &Viewer,
    source: Source,
    trace: &str,
) -> impl Stream<Item = Frame> + Send + use<'a> {
    let asking = Asking::live(&room.hub, viewer.clone());
    let request = operation.request().data(asking).data(source.clone());
    let (limits, trace) = (room.limits.clone(), trace.to_owned());
    room.schema.stream(request).map(move |response| {
        let sent = source.noted();
        Frame { sent, body: over_http::payload(response, &trace, &limits).into() }
    })
}

fn is_closing(closing: &watch::Receiver<bool>) -> bool {
    *closing.borrow()
}

/// Resolves when the viewer no longer stands.
async fn ended(room: &Room, viewer: &Viewer, revocations: &mut watch::Receiver<u64>) {
    loop {
        let left = viewer.until().map_or(i64::MAX, |until| until.micros_since(room.hub.clock().now()));
        if left <= 0 || !app::grant::stands(&room.hub, viewer) {
            return;
        }
        // The hub's time may be moved by tests and by its database: look again at least every second near the end.
        let wait = Duration::from_micros(u64::try_from(left).unwrap_or(0)).min(Duration::from_secs(1));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = revocations.changed() => if changed.is_err() { return },
        }
    }
}

/// Whether somebody may stand no longer, or no longer where they stood: a grant is revoked, or an agency coordinates nothing.
fn ends_standing(happening: &Happening) -> bool {
    match happening.fact {
        Fact::Organization { coordinating, retired, .. } => retired || !coordinating,
        _ => happening.kind == EventKind::GrantRevoked,
    }
}

async fn watch_revocations(room: std::sync::Weak<Room>, mut told: Told) {
    loop {
        let revoked = match told.recv().await {
            Ok(batch) => batch.iter().any(|t| ends_standing(&t.event.happening)),
            Err(broadcast::error::RecvError::Lagged(_)) => true,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let Some(room) = room.upgrade() else { return };
        if revoked {
            room.revocations.send_modify(|count| *count += 1);
        }
    }
}
