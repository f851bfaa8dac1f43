//! Tables: subscribers with the same document, variables and scope sit together. The document runs once an event for the
//! table, and its bytes are shared.
//!
//! A newcomer catches up alone, from its cursor to where the board stands, then joins: what the table sends up to there is
//! dropped, so nothing is missed and nothing comes twice. Nobody is skipped: who falls behind is sent away with a cursor.
use super::seen::Asking;
use super::{Operation, Schema, limits::Limits, over_http};
use crate::app::cursor::Mark;
use crate::app::{self, Hub};
use crate::bus::feed::Feed;
use crate::domain::event::{self, EventKind};
use crate::policy::{Scope, Viewer};
use async_stream::stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// Messages that a table keeps for its slowest subscriber.
const BEHIND_MAX: usize = 256;
/// Events that a newcomer catches up with at once.
const CATCH_UP: u64 = 500;

/// Where a subscription's events come from.
#[derive(Clone)]
pub struct Source {
    kind: Kind,
    sent: Arc<Mutex<VecDeque<Sent>>>,
}

#[derive(Clone)]
enum Kind {
    /// The log, from the subscriber's place up to a number; then one heartbeat.
    Missed(i64),
    /// What the feed tells, with a heartbeat every so often. Listening began when the table was set, before
    /// anybody who sits at it looked where the board stands.
    Live(Arc<Mutex<Option<Told>>>, Duration, watch::Receiver<bool>),
}

/// What the feed tells a table.
type Told = broadcast::Receiver<Arc<[event::Told]>>;

/// The place of one message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its number in the log.
    pub number: i64,
    /// Where to go on from: just after it, or before its event while more is to come of that.
    pub cursor: Arc<str>,
    /// Whether it only says where the subscriber stands.
    pub heartbeat: bool,
}

impl Sent {
    /// Whether a newcomer who caught up to `number` has had it.
    fn is_had(&self, number: i64) -> bool {
        if self.heartbeat { self.number < number } else { self.number <= number }
    }
}

impl Source {
    fn new(kind: Kind) -> Self {
        Self { kind, sent: Arc::default() }
    }

    /// Whether it tells what happens from now on, and not what was missed.
    pub fn is_live(&self) -> bool {
        matches!(self.kind, Kind::Live(..))
    }

    /// Notes the place of the message that comes next.
    pub fn note(&self, sent: Sent) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push_back(sent);
    }

    fn noted(&self) -> Option<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Batches of events; an empty one is a heartbeat.
    pub fn batches(
        &self,
        hub: Hub,
        viewer: Viewer,
        place: Mark,
    ) -> impl Stream<Item = Arc<[event::Told]>> + Send + use<> {
        let kind = self.kind.clone();
        stream! {
            match kind {
                Kind::Missed(upto) => {
                    let mut number = place.number;
                    while number < upto {
                        let Ok(missed) = app::log::missed(&hub, &viewer, number, CATCH_UP).await else { return };
                        let Some(last) = missed.last().map(|told| told.event.number) else { return };
                        number = last;
                        let due: Vec<event::Told> = missed.into_iter().filter(|told| told.event.number <= upto).collect();
                        yield Arc::from(due);
                    }
                    yield Arc::from([]);
                }
                Kind::Live(told, every, mut closing) => {
                    let Some(mut told) = told.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
                    // Whatever the feed tells others: it may be nothing that this table shows.
                    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
                    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                    loop {
                        let batch = tokio::select! {
                            batch = told.recv() => batch.ok(),
                            _ = beat.tick() => Some(Arc::from([])),
                            () = closes(&mut closing) => {
                                // What the feed has told already, then where everybody stands, then nothing more.
                                while let Ok(batch) = told.try_recv() {
                                    yield batch;
                                }
                                yield Arc::from([]);
                                return;
                            }
                        };
                        match batch {
                            Some(batch) => yield batch,
                            None => return,
                        }
                    }
                }
            }
        }
    }
}

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
    tables: Mutex<HashMap<Key, broadcast::Sender<Frame>>>,
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

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, broadcast::Sender<Frame>>> {
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
            let table = tables.join(&operation, &viewer);
            // Whatever the table sent before this moment, the board had folded before it was sent.
            let upto = room.hub.board().now().number();
            let stands = || app::grant::stands(&room.hub, &viewer);
            let mut last: Option<Arc<str>> = None;
            let mut caught_up = false;
            {
                // What a newcomer's own run holds, it gives back before it sits down for good.
                let source = Source::new(Kind::Missed(upto));
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
            if !caught_up {
                // The log could not be read to the end: going on from here would leave a hole.
                yield Served::TooSlow(last);
                return;
            }
            let mut live = std::pin::pin!(tables.live(table, viewer, upto, last));
            while let Some(served) = live.next().await {
                yield served;
            }
        }
    }

    /// What a table sends to one who has caught up to a number.
    fn live(
        &self,
        mut table: broadcast::Receiver<Frame>,
        viewer: Viewer,
        upto: i64,
        mut last: Option<Arc<str>>,
    ) -> impl Stream<Item = Served> + Send + use<> {
        let room = self.0.clone();
        stream! {
            let (mut revocations, closing) = (room.revocations.subscribe(), room.closing.clone());
            let stands = || app::grant::stands(&room.hub, &viewer);
            // One wait for the whole seat: made anew for each frame, its timer would cost more than the frame.
            let mut over = std::pin::pin!(ended(&room, &viewer, &mut revocations));
            loop {
                let frame = tokio::select! {
                    biased;
                    () = &mut over => {
                        yield Served::Unseated;
                        return;
                    }
                    frame = table.recv() => frame,
                };
                match frame {
                    Ok(frame) if frame.sent.as_ref().is_some_and(|sent| sent.is_had(upto)) => {}
                    Ok(_) if !stands() => {
                        yield Served::Unseated;
                        return;
                    }
                    Ok(frame) => {
                        if let Some(sent) = &frame.sent {
                            last = Some(sent.cursor.clone());
                        }
                        yield Served::Frame(frame);
                    }
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

    /// Takes a place at the table of an operation, setting it if there is none.
    fn join(&self, operation: &Operation, viewer: &Viewer) -> broadcast::Receiver<Frame> {
        let key = Key { operation: operation.identity(), scope: Arc::new(Scope::of(viewer).watched()) };
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
    frames: broadcast::Sender<Frame>,
    source: Source,
) {
    let room = tables.0.clone();
    let mut messages = std::pin::pin!(run(&room, &operation, &viewer, source, "subscription"));
    while let Some(frame) = messages.next().await {
        let alone = frames.send(frame).is_err();
        if alone {
            let mut open = tables.lock();
            // Somebody may have sat down since.
            if frames.receiver_count() == 0 {
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
    let asking = Asking::new(&room.hub, viewer.clone());
    let request = operation.request().data(asking).data(source.clone());
    let (limits, trace) = (room.limits.clone(), trace.to_owned());
    room.schema.stream(request).map(move |response| {
        let sent = source.noted();
        Frame { sent, body: over_http::payload(response, &trace, &limits).into() }
    })
}

/// Resolves when the hub is told to close.
async fn closes(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
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

async fn watch_revocations(room: std::sync::Weak<Room>, mut told: Told) {
    loop {
        let revoked = match told.recv().await {
            Ok(batch) => batch.iter().any(|t| t.event.happening.kind == EventKind::GrantRevoked),
            Err(broadcast::error::RecvError::Lagged(_)) => true,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let Some(room) = room.upgrade() else { return };
        if revoked {
            room.revocations.send_modify(|count| *count += 1);
        }
    }
}
