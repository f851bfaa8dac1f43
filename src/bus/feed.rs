//! The feed: brings the log to this node, in order, without holes.
use super::bell::Bell;
use super::in_time;
use crate::domain::event::{Event, Told};
use crate::policy::{Machine, Viewer};
use crate::store::{Error, Store};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

/// How many events are read at once.
const BATCH: u64 = 500;

/// Who follows the log in memory.
pub trait Follower: Send + Sync + 'static {
    /// Takes events in order, and tells what each changed.
    fn follow(&self, events: Vec<Event>) -> impl Future<Output = Result<Vec<Told>, Error>> + Send;
    /// The number of the last event taken.
    fn number(&self) -> i64;
}

/// Tells this node's subscribers what happened, batch by batch.
#[derive(Clone)]
pub struct Feed(broadcast::Sender<Arc<[Told]>>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::Sender::new(64))
    }
}

impl Feed {
    /// Listens from now on. A listener that falls behind is told that it has, and begins again from its cursor.
    pub fn listen(&self) -> broadcast::Receiver<Arc<[Told]>> {
        self.0.subscribe()
    }

    /// Runs for good: on each ring, and once a second, reads what is new and tells it.
    pub async fn run<F: Follower>(self, store: Store, bell: Bell, follower: Arc<F>) {
        loop {
            match in_time(self.pass(&store, &*follower)).await {
                Ok(read) if read >= BATCH => {}
                Ok(_) => bell.wait().await,
                Err(error) => {
                    tracing::warn!(%error, "the log cannot be read; trying again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    async fn pass<F: Follower>(&self, store: &Store, follower: &F) -> Result<u64, Error> {
        let last = follower.number();
        let reader = store.read(&Viewer::machine(Machine::Follower)).await?;
        let events = reader.events_after(last, BATCH).await?;
        drop(reader);
        // Numbers are dense: a hole would mean that the log is not what was written.
        if events.iter().zip(last + 1..).any(|(event, number)| event.number != number) {
            return Err(Error::Corrupt { table: "event", what: "hole" });
        }
        let read = u64::try_from(events.len()).unwrap_or(0);
        if read > 0 {
            let told: Arc<[Told]> = follower.follow(events).await?.into();
            let _ = self.0.send(told);
        }
        Ok(read)
    }
}
