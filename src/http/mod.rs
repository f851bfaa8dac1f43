//! The doors: routes, sign-in, rates, health, shutdown.
//!
//! **Invariant**: a request has a viewer before anything of it is run, and nothing of it is logged but its route, its
//! status and its trace id.
mod address;
mod door;
mod gateway;
mod graphql;
mod health;
mod listener;
mod origin;
mod rates;
mod tls;
mod trace;

pub use door::{Door, Parts};
pub use health::{Measured, describe};
pub use tls::Tls;

use crate::config::{Connections, Shutdown};
use axum::extract::{ConnectInfo, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use listener::{Peer, Unhurried};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

/// Every route of the API.
pub fn routes(door: Door) -> Router {
    let metrics = door.metrics_here();
    let mut routes = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).options(origin::options))
        .route_layer(middleware::from_fn(trace::begin))
        .route("/schema.graphql", get(sdl))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/", get(landing));
    if metrics {
        routes = routes.route("/metrics", get(render));
    }
    let allow = middleware::from_fn_with_state(door.clone(), origin::allow);
    routes.with_state(door).layer(CatchPanicLayer::new()).layer(allow)
}

/// The route of metrics alone, for a listener of its own.
pub fn metrics_routes(door: Door) -> Router {
    Router::new().route("/metrics", get(render)).with_state(door)
}

/// Serves until told to close; then for a while to those who have not noticed, then until open requests have ended.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    routes: Router,
    mut closing: watch::Receiver<bool>,
    lines: Connections,
    bounds: Shutdown,
) -> std::io::Result<()> {
    let (notice, drain) = (Duration::from_secs(bounds.notice_seconds), Duration::from_secs(bounds.drain_seconds));
    let mut listener = Unhurried::new(listener, tls);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(lines.head_seconds));
    let (places, open, ending) = (Arc::new(Semaphore::new(lines.most)), TaskTracker::new(), watch::Sender::new(false));
    let mut closed = std::pin::pin!(async move {
        let _ = closing.wait_for(|closing| *closing).await;
        tokio::time::sleep(notice).await;
    });
    loop {
        let (place, (line, peer)) = tokio::select! {
            () = &mut closed => break,
            // Whoever finds no place waits in the kernel's own line.
            accepted = async { (places.clone().acquire_owned().await, listener.accept().await) } => accepted,
        };
        let service = TowerToHyperService::new(routes.clone().layer(Extension(ConnectInfo(Peer(peer)))));
        let (served, mut ending) = (http.serve_connection(TokioIo::new(line), service), ending.subscribe());
        open.spawn(async move {
            let (_place, mut served) = (place, std::pin::pin!(served.with_upgrades()));
            tokio::select! {
                _ = &mut served => return,
                _ = ending.wait_for(|ending| *ending) => served.as_mut().graceful_shutdown(),
            }
            let _ = served.await;
        });
    }
    drop(listener);
    // Sockets and streams end within their drain; a second more, for the last words to leave.
    ending.send_replace(true);
    open.close();
    let _ = tokio::time::timeout(drain + Duration::from_secs(1), open.wait()).await;
    Ok(())
}

async fn sdl(State(door): State<Door>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], door.sdl().to_owned()).into_response()
}

async fn ready(State(door): State<Door>) -> Response {
    let why = door.unready().await;
    if why.is_empty() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, why.join("\n") + "\n").into_response()
    }
}

async fn render(State(door): State<Door>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], door.metrics().await).into_response()
}

async fn landing() -> Response {
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let page = include_str!("../pages/home.html");
    (headers, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use crate::graphql::operations;

    #[test]
    fn the_page_asks_by_trusted_documents() {
        let page = include_str!("../pages/home.html");
        for name in ["bed_board", "bed_board_changes"] {
            let (_, document) = operations::all().find(|(_, operation)| operation.name == name).unwrap();
            assert!(page.contains(document.text), "{name}");
        }
    }
}
