//! The room's promises, against real keys and a real issuer over HTTP.
mod forged;
mod introspection;
mod rotation;

use super::forge::Key;
use super::settings::{Algorithm, Issuer, KeySource};
use crate::clock::Clock;
use crate::domain::time::At;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const ISSUER: &str = "https://id.example/realm";
pub(super) const AUDIENCE: &str = "https://hub.example";
pub(super) const NOW: i64 = 1_800_000_000;

/// A clock that stands until it is moved.
pub(super) struct Still(AtomicI64);

impl Still {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW)))
    }

    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, SeqCst);
    }
}

impl Clock for Still {
    fn now(&self) -> At {
        At::default().plus_seconds(self.0.load(SeqCst))
    }
}

/// Settings with every default.
fn settings(issuer: &str, algorithms: &[Algorithm], keys: KeySource) -> Issuer {
    let base = json!({ "issuer": issuer, "audience": AUDIENCE, "keys": { "jwks": { "keys": [] } } });
    Issuer { algorithms: algorithms.to_vec(), keys, ..serde_json::from_value(base).unwrap() }
}

fn inline(keys: &[&Key]) -> KeySource {
    KeySource::Jwks(serde_json::from_str(&super::forge::key_set(keys)).unwrap())
}

/// How the issuer behaves.
#[derive(Clone)]
enum Mood {
    Answers(String),
    Fails,
    Stalls,
    Redirects,
}

/// A sound answer, but for its size.
fn huge(answer: &str) -> Mood {
    Mood::Answers(format!("{answer}{}", " ".repeat(256 * 1024)))
}

/// An issuer on this machine that answers every path alike, except `/elsewhere`, which a redirect leads to.
struct Local {
    address: String,
    calls: AtomicUsize,
    last: Mutex<String>,
    mood: Mutex<Mood>,
    elsewhere: AtomicUsize,
}

impl Local {
    async fn start(mood: Mood) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = Arc::new(Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            calls: AtomicUsize::new(0),
            last: Mutex::new(String::new()),
            mood: Mutex::new(mood),
            elsewhere: AtomicUsize::new(0),
        });
        let routes = axum::Router::new().route("/elsewhere", axum::routing::any(elsewhere)).fallback(answer);
        let routes = routes.with_state(Arc::clone(&local));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        local
    }

    fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }
}

async fn elsewhere(State(local): State<Arc<Local>>) -> StatusCode {
    local.elsewhere.fetch_add(1, SeqCst);
    StatusCode::OK
}

async fn answer(State(local): State<Arc<Local>>, headers: HeaderMap, body: Bytes) -> Response {
    local.calls.fetch_add(1, SeqCst);
    let authorization = headers.get(header::AUTHORIZATION).map_or("", |value| value.to_str().unwrap());
    *local.last.lock().unwrap() = format!("{authorization} {}", String::from_utf8_lossy(&body));
    let mood = local.mood.lock().unwrap().clone();
    match mood {
        Mood::Answers(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Mood::Fails => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Redirects => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Mood::Stalls => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            StatusCode::OK.into_response()
        }
    }
}
