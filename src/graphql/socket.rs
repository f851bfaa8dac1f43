//! One WebSocket session: the `graphql-transport-ws` protocol, with every wait bounded.
//!
//! A session reads and writes in one loop. Each operation runs in a task of its own behind a short queue, so a busy one
//! never keeps the others, or the reading, waiting.
use super::limits::Limits;
use super::over_http::{Fault, Incoming, payload, read_json};
use super::seen::Asking;
use super::tables::{Served, Tables};
use super::{Operation, Schema};
use crate::app::Hub;
use crate::config::Socket as Bounds;
use crate::policy::Viewer;
use async_graphql::Value;
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::OperationType;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::StreamExt;
use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::Instrument;

/// Messages that wait between an operation and the socket.
const QUEUE: usize = 16;
/// Longest operation id that is looked at, in bytes.
const ID_BYTES_MAX: usize = 128;

/// Why a socket closes when the hub restarts: each subscription's last message has its cursor.
const RESTARTING: &str = "the hub is restarting: go on after each subscription's last cursor";

/// Why a socket closes when its viewer no longer stands.
const ENDED: &str = "the token or the grant has ended";

/// The key of `connection_init`'s payload, and the header, by which the holder of several grants chooses one.
pub const GRANT: &str = "crisis-hub-grant";

/// What a socket says of who it is, in its upgrade or in `connection_init`.
#[derive(Clone, Debug, Default)]
pub struct Hello {
    /// What stands in `Authorization`.
    pub bearer: Option<String>,
    /// The grant to act under.
    pub grant: Option<String>,
}

/// A socket that may stay.
pub struct Admitted {
    /// Who it is.
    pub viewer: Viewer,
    /// Its place among the viewer's sockets, given back when dropped.
    pub place: Box<dyn Any + Send>,
    /// Resolves when its token is no longer believed.
    pub disproved: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Turns what a socket says of who it is into a viewer, or into how it is closed.
pub type SignIn = Arc<dyn Fn(Hello) -> Pin<Box<dyn Future<Output = Result<Admitted, Close>> + Send>> + Send + Sync>;

/// Whether one more operation of a viewer may run now, or the seconds to wait.
pub type MayRun = Arc<dyn Fn(&Viewer) -> Result<(), u64> + Send + Sync>;

/// What a session works with.
#[derive(Clone)]
pub struct Session {
    /// The schema.
    pub schema: Schema,
    /// The hub.
    pub hub: Hub,
    /// Where subscribers sit.
    pub tables: Tables,
    /// Limits of an operation.
    pub limits: Arc<Limits>,
    /// Limits of a socket.
    pub bounds: Bounds,
    /// How a bearer becomes a viewer.
    pub sign_in: SignIn,
    /// Whether one more operation may run now for this viewer, or the seconds to wait.
    pub may_run: MayRun,
    /// Resolves when the hub shuts down.
    pub closing: tokio::sync::watch::Receiver<bool>,
    /// How long operations may still run then.
    pub drain: Duration,
}

/// A close code and its reason, of at most 123 bytes.
pub type Close = (u16, String);

enum Out {
    /// A message, and the cursor just after it.
    Next(Name, Bytes, Option<Arc<str>>),
    Error(Name, Bytes),
    Done(Name),
    /// The hub restarts: the operation has been told everything before this cursor.
    Left(Name, Option<Arc<str>>),
    Close(Close),
}

/// An operation's id, and which of those that had it: a client may use an id again as soon as it is free, and what the
/// one before it still had to say must not reach the next.
#[derive(Clone, Debug)]
struct Name {
    id: String,
    turn: u64,
}

/// An operation that runs.
struct Runs {
    turn: u64,
    task: AbortHandle,
    /// The cursor of the last message that was sent whole.
    told: Option<Arc<str>>,
}

struct Running {
    viewer: Option<Viewer>,
    place: Option<Box<dyn Any + Send>>,
    disproved: Pin<Box<dyn Future<Output = ()> + Send>>,
    operations: HashMap<String, Runs>,
    turns: u64,
    out: mpsc::Sender<Out>,
    /// When the socket must end, since the hub restarts.
    leaving: Option<Instant>,
    /// Where its subscriptions stood then.
    left: Vec<Option<Arc<str>>>,
}

impl Running {
    fn has(&self, name: &Name) -> bool {
        self.operations.get(&name.id).is_some_and(|runs| runs.turn == name.turn)
    }

    fn ends(&mut self, name: &Name) -> bool {
        self.has(name) && self.operations.remove(&name.id).is_some()
    }
}

impl Running {
    /// How a socket closes when the hub restarts and nothing runs on it any more. A reason has at most 123 bytes.
    fn left(&self) -> Result<(), Close> {
        if self.leaving.is_none() || !self.operations.is_empty() {
            return Ok(());
        }
        Err((
            1001,
            match &*self.left {
                [Some(cursor)] => format!("the hub is restarting; go on after {cursor}"),
                _ => RESTARTING.to_owned(),
            },
        ))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.operations.values().for_each(|runs| runs.task.abort());
    }
}

impl Session {
    /// Serves one socket to its end.
    pub async fn serve(self, mut socket: WebSocket, trace: Arc<str>) {
        metrics::gauge!("hub_sockets").increment(1.0);
        let close = self.talk(&mut socket, &trace).await;
        if let Some((code, reason)) = close {
            let frame = CloseFrame { code, reason: reason.into() };
            let _ = tokio::time::timeout(Duration::from_secs(1), socket.send(Message::Close(Some(frame)))).await;
        }
        metrics::gauge!("hub_sockets").decrement(1.0);
    }

    async fn talk(&self, socket: &mut WebSocket, trace: &Arc<str>) -> Option<Close> {
        let (out, mut outgoing) = mpsc::channel(QUEUE);
        let mut running = Running {
            viewer: None,
            place: None,
            disproved: Box::pin(std::future::pending()),
            operations: HashMap::new(),
            turns: 0,
            out,
            leaving: None,
            left: Vec::new(),
        };
        let born = Instant::now();
        let init_by = born + Duration::from_secs(self.bounds.init_seconds);
        let dies = born + Duration::from_secs(self.bounds.life_minutes_max * 60);
        let every = Duration::from_secs(self.bounds.ping_seconds);
        let mut ping = tokio::time::interval_at(born + every, every);
        let mut heard = born;
        let mut closing = self.closing.clone();
        // Waits that outlive a message are made once: making and dropping their timers costs more than a message does.
        let mut late = std::pin::pin!(tokio::time::sleep_until(init_by));
        let mut dead = std::pin::pin!(tokio::time::sleep_until(dies));
        let mut closed = std::pin::pin!(async { drop(closing.wait_for(|closing| *closing).await) });
        let mut unseated: Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = None;
        loop {
            if let (None, Some(viewer)) = (&unseated, running.viewer.clone()) {
                unseated = Some(Box::pin(async move { self.tables.ended(&viewer).await }));
            }
            let ended = tokio::select! {
                message = socket.recv() => {
                    heard = Instant::now();
                    match message {
                        None | Some(Err(_) | Ok(Message::Close(_))) => return None,
                        Some(Ok(Message::Text(text))) => self.hear(socket, &mut running, text.as_bytes(), trace).await,
                        Some(Ok(Message::Binary(_))) => Err((4400, "send text messages".into())),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                    }
                }
                Some(out) = outgoing.recv() => self.tell(socket, &mut running, out).await,
                () = &mut late, if running.viewer.is_none() => Err((4408, "send connection_init sooner".into())),
                () = &mut dead => Err((1001, "sockets are closed after an hour: come back with your cursors".into())),
                _ = ping.tick() => match heard.elapsed() > every * 2 {
                    true => Err((4408, "no answer to pings".into())),
                    false => self.send(socket, Message::Ping(Bytes::new())).await,
                },
                () = &mut closed, if running.leaving.is_none() => {
                    running.leaving = Some(Instant::now() + self.drain);
                    Ok(())
                }
                () = tokio::time::sleep_until(running.leaving.unwrap_or(dies)), if running.leaving.is_some() => Err((1001, RESTARTING.into())),
                () = gone(&mut unseated) => Err((4401, ENDED.into())),
                () = &mut running.disproved => Err((4401, ENDED.into())),
            };
            if let Err(close) = ended.and_then(|()| running.left()) {
                return Some(close);
            }
        }
    }

    async fn send(&self, socket: &mut WebSocket, message: Message) -> Result<(), Close> {
        match tokio::time::timeout(Duration::from_secs(self.bounds.send_seconds_max), socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err((1006, String::new())),
            Err(_) => Err((4413, "you read too slowly".into())),
        }
    }

    async fn tell(&self, socket: &mut WebSocket, running: &mut Running, out: Out) -> Result<(), Close> {
        let text = match out {
            Out::Next(name, body, cursor) if running.has(&name) => {
                let text = framed("next", &name.id, Some(&body));
                let sent = self.send(socket, Message::Text(text.into())).await;
                let told = running.operations.get_mut(&name.id).map(|runs| &mut runs.told);
                return match (sent, told) {
                    (Ok(()), Some(told)) => {
                        *told = cursor.or(told.take());
                        Ok(())
                    }
                    // What has not left whole is not told: go on after what was.
                    (Err((4413, _)), Some(Some(told))) => Err((4413, format!("too slow; go on after {told}"))),
                    (sent, _) => sent,
                };
            }
            Out::Error(name, body) if running.ends(&name) => framed("error", &name.id, Some(&body)),
            Out::Done(name) if running.ends(&name) => framed("complete", &name.id, None),
            Out::Close(close) => return Err(close),
            // It is not complete: the client comes back for the rest.
            Out::Left(name, cursor) => {
                if running.ends(&name) {
                    running.left.push(cursor);
                }
                return Ok(());
            }
            // The client completed it meanwhile.
            Out::Next(..) | Out::Error(..) | Out::Done(_) => return Ok(()),
        };
        self.send(socket, Message::Text(text.into())).await
    }

    async fn hear(
        &self,
        socket: &mut WebSocket,
        running: &mut Running,
        text: &[u8],
        trace: &Arc<str>,
    ) -> Result<(), Close> {
        let bad = |why: &str| Err((4400, why.to_owned()));
        // The message's own object, its payload, and the payload's variables.
        let Ok(Value::Object(mut message)) = read_json(text, self.limits.variables_nesting_max + 3) else {
            return bad("a message is one JSON object");
        };
        let Some(Value::String(kind)) = message.swap_remove("type") else { return bad("a message has a type") };
        let id = match message.swap_remove("id") {
            Some(Value::String(id)) if !id.is_empty() && id.len() <= ID_BYTES_MAX => Some(id),
            None => None,
            Some(_) => return bad("an id is a string of 1 to 128 bytes"),
        };
        let payload = message.swap_remove("payload");
        match (kind.as_str(), id) {
            ("connection_init", None) => self.init(socket, running, payload).await,
            ("ping", None) => self.send(socket, Message::Text(r#"{"type":"pong"}"#.into())).await,
            ("pong", None) => Ok(()),
            ("subscribe", Some(id)) => self.subscribe(running, id, payload, trace),
            ("complete", Some(id)) => {
                if let Some(runs) = running.operations.remove(&id) {
                    runs.task.abort();
                }
                Ok(())
            }
            _ => bad("unknown message"),
        }
    }

    async fn init(&self, socket: &mut WebSocket, running: &mut Running, payload: Option<Value>) -> Result<(), Close> {
        if running.viewer.is_some() {
            return Err((4429, "connection_init comes once".into()));
        }
        let fields = match payload {
            Some(Value::Object(fields)) => fields,
            None | Some(Value::Null) => IndexMap::new(),
            Some(_) => return Err((4400, "the payload of connection_init is an object".into())),
        };
        let said = |key: &str| {
            fields.iter().find_map(|(name, value)| match value {
                Value::String(text) if name.eq_ignore_ascii_case(key) => Some(text.clone()),
                _ => None,
            })
        };
        let admitted = (self.sign_in)(Hello { bearer: said("authorization"), grant: said(GRANT) }).await?;
        running.viewer = Some(admitted.viewer);
        (running.place, running.disproved) = (Some(admitted.place), admitted.disproved);
        self.send(socket, Message::Text(r#"{"type":"connection_ack"}"#.into())).await
    }

    fn subscribe(
        &self,
        running: &mut Running,
        id: String,
        payload: Option<Value>,
        trace: &Arc<str>,
    ) -> Result<(), Close> {
        let Some(viewer) = running.viewer.clone() else { return Err((4401, "send connection_init first".into())) };
        if running.leaving.is_some() {
            // It has not begun: the client asks again when it is back.
            return Ok(());
        }
        if running.operations.contains_key(&id) {
            return Err((4409, "an operation with this id is running".into()));
        }
        if running.operations.len() >= self.bounds.subscriptions_max {
            return Err((4429, format!("a socket runs at most {} operations at once", self.bounds.subscriptions_max)));
        }
        let out = running.out.clone();
        running.turns += 1;
        let (session, trace, name) = (self.clone(), trace.clone(), Name { id: id.clone(), turn: running.turns });
        let of = trace.clone();
        let task = async move {
            // Before anything of it is read: what is refused has cost its reading.
            let admitted = (session.may_run)(&viewer).map_err(|seconds| {
                let message = format!("too many requests: try again in {seconds} s");
                Fault::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message)
            });
            let incoming = admitted.and_then(|()| Incoming::from_value(payload.unwrap_or_default(), &session.limits));
            match incoming.and_then(|incoming| session.schema.pass(incoming, &session.limits)) {
                Err(fault) => {
                    let _ = out.send(Out::Error(name, errors(fault, &trace, &session.limits))).await;
                }
                Ok(operation) => session.run(name, operation, viewer, &out, trace).await,
            }
        };
        let task = tokio::spawn(task.instrument(tracing::error_span!("operation", trace = %of)));
        let runs = Runs { turn: running.turns, task: task.abort_handle(), told: None };
        running.operations.insert(id, runs);
        Ok(())
    }

    async fn run(&self, name: Name, operation: Operation, viewer: Viewer, out: &mpsc::Sender<Out>, trace: Arc<str>) {
        if operation.kind() != OperationType::Subscription {
            let request = operation.request().data(Asking::new(&self.hub, viewer));
            let last = match self.schema.execute(operation.kind(), request).await {
                Err(fault) => Out::Error(name.clone(), errors(fault, &trace, &self.limits)),
                Ok(response) if super::over_http::is_request_error(&response) => {
                    let body = Bytes::from(payload(response, &trace, &self.limits));
                    Out::Error(name.clone(), only_errors(&body))
                }
                Ok(response) => Out::Next(name.clone(), payload(response, &trace, &self.limits).into(), None),
            };
            let _ = out.send(last).await;
            let _ = out.send(Out::Done(name)).await;
            return;
        }
        let mut served = std::pin::pin!(self.tables.seat(operation, viewer, trace));
        while let Some(served) = served.next().await {
            let told = match served {
                Served::Frame(frame) => Out::Next(name.clone(), frame.body, frame.sent.map(|sent| sent.cursor)),
                Served::Refused(body) => Out::Error(name.clone(), only_errors(&body)),
                Served::TooSlow(cursor) => {
                    Out::Close((4413, format!("too slow; go on after {}", cursor.as_deref().unwrap_or(""))))
                }
                Served::Unseated => Out::Close((4401, ENDED.into())),
                Served::Closing(cursor) => Out::Left(name.clone(), cursor),
            };
            if out.send(told).await.is_err() {
                return;
            }
        }
        let _ = out.send(Out::Done(name)).await;
    }
}

/// Resolves when the viewer no longer stands; never while there is none.
async fn gone(unseated: &mut Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>>) {
    match unseated {
        Some(unseated) => unseated.await,
        None => std::future::pending().await,
    }
}

/// A message of the protocol around a body that is JSON already.
fn framed(kind: &str, id: &str, body: Option<&Bytes>) -> String {
    let id = serde_json::to_string(id).unwrap_or_default();
    match body.and_then(|body| std::str::from_utf8(body).ok()) {
        Some(body) => format!(r#"{{"id":{id},"type":"{kind}","payload":{body}}}"#),
        None => format!(r#"{{"id":{id},"type":"{kind}"}}"#),
    }
}

fn errors(fault: Fault, trace: &str, limits: &Limits) -> Bytes {
    only_errors(&fault.answer(super::over_http::Media::GraphQlResponse, trace, limits).body.into())
}

/// The list of errors of a result: what the protocol's `error` message carries.
fn only_errors(body: &Bytes) -> Bytes {
    let read = serde_json::from_slice::<serde_json::Value>(body).ok();
    let errors = read.and_then(|mut body| body.get_mut("errors").map(serde_json::Value::take));
    errors.and_then(|errors| serde_json::to_vec(&errors).ok()).unwrap_or_else(|| b"[]".to_vec()).into()
}
