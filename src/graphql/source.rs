//! Where a subscription's events come from: the log for a newcomer, the feed for a table.
use crate::app::cursor::Mark;
use crate::app::{self, Hub};
use crate::domain::event;
use crate::policy::Viewer;
use async_stream::stream;
use futures_util::Stream;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// Events that a newcomer catches up with at once.
const CATCH_UP: u64 = 500;
/// Events that a newcomer still misses when it sits down: the table keeps what it sends meanwhile, and keeps little.
const NEARLY_THERE: i64 = 64;

/// Where a subscription's events come from.
#[derive(Clone)]
pub struct Source {
    kind: Kind,
    sent: Arc<Mutex<VecDeque<Sent>>>,
}

#[derive(Clone)]
pub(super) enum Kind {
    /// The log, from the subscriber's place up to where it sat down; then one heartbeat.
    Missed(Arc<dyn Fn() -> i64 + Send + Sync>),
    /// What the feed tells, with a heartbeat every so often. Listening began when the table was set, before
    /// anybody who sits at it looked where the board stands.
    Live(Arc<Mutex<Option<Told>>>, Duration, watch::Receiver<bool>),
}

/// What the feed tells a table.
pub(super) type Told = broadcast::Receiver<Arc<[event::Told]>>;

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
    pub(super) fn is_had(&self, number: i64) -> bool {
        if self.heartbeat { self.number < number } else { self.number <= number }
    }
}

impl Source {
    pub(super) fn new(kind: Kind) -> Self {
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

    pub(super) fn noted(&self) -> Option<Sent> {
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
                Kind::Missed(sit_down) => {
                    let (mut number, mut upto) = (place.number, None);
                    loop {
                        let stands = hub.board().now().number();
                        if upto.is_none() && stands - number <= NEARLY_THERE {
                            upto = Some(sit_down());
                        }
                        let goal = upto.unwrap_or(stands);
                        if number >= goal {
                            break;
                        }
                        let Ok(missed) = app::log::missed(&hub, &viewer, number, CATCH_UP).await else { return };
                        let Some(last) = missed.last().map(|told| told.event.number) else { return };
                        number = last.min(goal);
                        let due: Vec<event::Told> = missed.into_iter().filter(|told| told.event.number <= goal).collect();
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

/// Resolves when the hub is told to close.
pub(super) async fn closes(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}
