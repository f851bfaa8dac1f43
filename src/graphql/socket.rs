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
use async_graphql::parser::types::OperationType;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::StreamExt;
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

/// Turns what `connection_init` says of its bearer into a viewer; `None` refuses the socket.
pub type SignIn = Arc<dyn Fn(Option<String>) -> Pin<Box<dyn Future<Output = Option<Viewer>> + Send>> + Send + Sync>;

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
    /// Whether one more operation may run now for this viewer.
    pub may_run: Arc<dyn Fn(&Viewer) -> bool + Send + Sync>,
    /// Resolves when the hub shuts down.
    pub closing: tokio::sync::watch::Receiver<bool>,
    /// How long operations may still run then.
    pub drain: Duration,
}

/// A close code and its reason.
type Close = (u16, String);

enum Out {
    Next(Name, Bytes),
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

struct Running {
    viewer: Option<Viewer>,
    operations: HashMap<String, (u64, AbortHandle)>,
    turns: u64,
    out: mpsc::Sender<Out>,
    /// When the socket must end, since the hub restarts.
    leaving: Option<Instant>,
    /// Where its subscriptions stood then.
    left: Vec<Option<Arc<str>>>,
}

impl Running {
    fn has(&self, name: &Name) -> bool {
        self.operations.get(&name.id).is_some_and(|(turn, _)| *turn == name.turn)
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
        self.operations.values().for_each(|(_, operation)| operation.abort());
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
        let mut running =
            Running { viewer: None, operations: HashMap::new(), turns: 0, out, leaving: None, left: Vec::new() };
        let born = Instant::now();
        let init_by = born + Duration::from_secs(self.bounds.init_seconds);
        let dies = born + Duration::from_secs(self.bounds.life_minutes_max * 60);
        let every = Duration::from_secs(self.bounds.ping_seconds);
        let mut ping = tokio::time::interval_at(born + every, every);
        let mut heard = born;
        let mut closing = self.closing.clone();
        loop {
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
                () = tokio::time::sleep_until(init_by), if running.viewer.is_none() => Err((4408, "send connection_init sooner".into())),
                () = tokio::time::sleep_until(dies) => Err((1001, "sockets are closed after an hour: come back with your cursors".into())),
                _ = ping.tick() => match heard.elapsed() > every * 2 {
                    true => Err((4408, "no answer to pings".into())),
                    false => self.send(socket, Message::Ping(Bytes::new())).await,
                },
                () = async { drop(closing.wait_for(|closing| *closing).await) }, if running.leaving.is_none() => {
                    running.leaving = Some(Instant::now() + self.drain);
                    Ok(())
                }
                () = tokio::time::sleep_until(running.leaving.unwrap_or(dies)), if running.leaving.is_some() => Err((1001, RESTARTING.into())),
                () = self.unseated(running.viewer.as_ref()), if running.viewer.is_some() => Err((4401, "the token or the grant has ended".into())),
            };
            if let Err(close) = ended.and_then(|()| running.left()) {
                return Some(close);
            }
        }
    }

    /// Resolves when the viewer no longer stands.
    async fn unseated(&self, viewer: Option<&Viewer>) {
        match viewer {
            Some(viewer) => self.tables.ended(viewer).await,
            None => std::future::pending().await,
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
            Out::Next(name, body) if running.has(&name) => framed("next", &name.id, Some(&body)),
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
                if let Some((_, operation)) = running.operations.remove(&id) {
                    operation.abort();
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
        let bearer = match payload {
            Some(Value::Object(fields)) => fields.iter().find_map(|(name, value)| match value {
                Value::String(text) if name.eq_ignore_ascii_case("authorization") => Some(text.clone()),
                _ => None,
            }),
            None | Some(Value::Null) => None,
            Some(_) => return Err((4400, "the payload of connection_init is an object".into())),
        };
        let viewer = (self.sign_in)(bearer).await.ok_or((4403, "this token is not accepted".to_owned()))?;
        running.viewer = Some(viewer);
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
            let operation = Incoming::from_value(payload.unwrap_or_default(), &session.limits);
            match operation.and_then(|incoming| Operation::new(incoming, &session.limits)) {
                Err(fault) => {
                    let _ = out.send(Out::Error(name, errors(fault, &trace, &session.limits))).await;
                }
                Ok(operation) => session.run(name, operation, viewer, &out, trace).await,
            }
        };
        let task = tokio::spawn(task.instrument(tracing::error_span!("operation", trace = %of)));
        running.operations.insert(id, (running.turns, task.abort_handle()));
        Ok(())
    }

    async fn run(&self, name: Name, operation: Operation, viewer: Viewer, out: &mpsc::Sender<Out>, trace: Arc<str>) {
        if !(self.may_run)(&viewer) {
            let fault =
                Fault::new(axum::http::StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "too many requests: slow down");
            let _ = out.send(Out::Error(name, errors(fault, &trace, &self.limits))).await;
            return;
        }
        if operation.kind != OperationType::Subscription {
            let request = operation.request(&self.limits).data(Asking::new(&self.hub, viewer));
            let response = self.schema.execute(operation.kind, request).await;
            let refused = super::over_http::is_request_error(&response);
            let body = Bytes::from(payload(response, &trace, &self.limits));
            let last =
                if refused { Out::Error(name.clone(), only_errors(&body)) } else { Out::Next(name.clone(), body) };
            let _ = out.send(last).await;
            let _ = out.send(Out::Done(name)).await;
            return;
        }
        let mut served = std::pin::pin!(self.tables.seat(operation, viewer, trace));
        while let Some(served) = served.next().await {
            let told = match served {
                Served::Frame(frame) => Out::Next(name.clone(), frame.body),
                Served::Refused(body) => Out::Error(name.clone(), only_errors(&body)),
                Served::TooSlow(cursor) => {
                    Out::Close((4413, format!("too slow; go on after {}", cursor.as_deref().unwrap_or(""))))
                }
                Served::Unseated => Out::Close((4401, "the token or the grant has ended".into())),
                Served::Closing(cursor) => Out::Left(name.clone(), cursor),
            };
            if out.send(told).await.is_err() {
                return;
            }
        }
        let _ = out.send(Out::Done(name)).await;
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
