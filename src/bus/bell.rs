//! The bell: wakes the nodes when the log has grown, by Redis or in process.
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{PushInfo, PushKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// The pattern of the hub's channels: one a region.
const CHANNELS: &str = "crisis-hub:*";

/// What is published of one event: ids, kind, number and audience; never a fact.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Envelope {
    /// The event's place in the log.
    pub number: i64,
    /// The event's id.
    pub id: uuid::Uuid,
    /// What kind of thing happened.
    pub kind: &'static str,
    /// To which row.
    pub row: String,
    /// The row's version after it.
    pub version: i64,
    /// Who is told, as audience bits.
    pub audience: i16,
    /// The region, which names the channel.
    #[serde(skip)]
    pub region: uuid::Uuid,
}

/// Batches that wait for Redis; later ones are dropped, for nobody needs old news of a log.
const WAITING_MAX: usize = 16;

/// Wakes whoever waits for the log.
#[derive(Clone)]
pub struct Bell {
    here: Arc<Notify>,
    /// To Redis, apart: whoever numbers the log does not wait for it.
    away: Option<mpsc::Sender<Vec<Envelope>>>,
}

impl Bell {
    /// A bell within one process.
    pub fn in_process() -> Self {
        Self { here: Arc::new(Notify::new()), away: None }
    }

    /// A bell that rings on every node that shares a Redis. It comes up even while Redis is away.
    pub fn over_redis(url: &str) -> Result<Self, redis::RedisError> {
        let here = Arc::new(Notify::new());
        let separator = if url.contains('?') { '&' } else { '?' };
        // Pushes need RESP3.
        let client = redis::Client::open(format!("{url}{separator}protocol=resp3"))?;
        let (pushed, mut pushes) = mpsc::unbounded_channel::<PushInfo>();
        let config = ConnectionManagerConfig::new()
            .set_push_sender(pushed)
            .set_automatic_resubscription()
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(2)))
            .set_max_delay(Duration::from_secs(1));
        let redis = ConnectionManager::new_lazy_with_config(client, config)?;
        let (woken, mut listening) = (here.clone(), redis.clone());
        tokio::spawn(async move {
            // The subscription is renewed by itself after it has once been made.
            while let Err(error) = listening.psubscribe(CHANNELS).await {
                tracing::warn!(error = %error.category(), "redis is away: the log is looked at once a second");
                up(false);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            up(true);
            while let Some(push) = pushes.recv().await {
                match push.kind {
                    PushKind::Disconnection => up(false),
                    PushKind::PMessage | PushKind::PSubscribe => up(true),
                    _ => {}
                }
                if matches!(push.kind, PushKind::PMessage | PushKind::Disconnection | PushKind::PSubscribe) {
                    woken.notify_one();
                }
            }
        });
        let (away, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(publish(redis, waiting));
        Ok(Self { here, away: Some(away) })
    }

    /// Rings for some events. Nothing is lost when Redis is away: nodes look by themselves.
    pub fn ring(&self, envelopes: Vec<Envelope>) {
        self.here.notify_one();
        if self.away.as_ref().is_some_and(|away| away.try_send(envelopes).is_err()) {
            metrics::counter!("hub_redis_publish_failures_total").increment(1);
        }
    }

    /// Waits for the bell, at most a second.
    pub async fn wait(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.here.notified()).await;
    }

    /// Whether events also go out by Redis.
    pub fn publishes(&self) -> bool {
        self.away.is_some()
    }
}

/// Notes whether news comes by Redis.
fn up(is: bool) {
    metrics::gauge!("hub_redis_up").set(f64::from(u8::from(is)));
}

async fn publish(mut redis: ConnectionManager, mut waiting: mpsc::Receiver<Vec<Envelope>>) {
    while let Some(envelopes) = waiting.recv().await {
        let mut pipe = redis::pipe();
        for envelope in envelopes {
            if let Ok(text) = serde_json::to_string(&envelope) {
                pipe.publish(format!("crisis-hub:{}", envelope.region.simple()), text).ignore();
            }
        }
        if let Err(error) = pipe.query_async::<()>(&mut redis).await {
            metrics::counter!("hub_redis_publish_failures_total").increment(1);
            tracing::debug!(error = %error.category(), "redis is away");
        }
    }
}
