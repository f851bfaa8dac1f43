//! The doors: routes, sign-in, rates, health, shutdown.
//!
//! **Invariant**: a request has a viewer before anything of it is run, and nothing of it is logged but its route, its
//! status and its trace id.
mod door;
mod gateway;
mod graphql;
mod health;
mod listener;
mod tls;
mod trace;

pub use door::{Door, Parts};
pub use health::{Measured, describe};
pub use tls::Tls;

use crate::config::Shutdown;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use listener::{Peer, Unhurried};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

/// Every route of the API.
pub fn routes(door: Door) -> Router {
    let metrics = door.metrics_here();
    let mut routes = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).options(graphql::options))
        .route_layer(middleware::from_fn(trace::begin))
        .route("/schema.graphql", get(sdl))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/", get(landing));
    if metrics {
        routes = routes.route("/metrics", get(render));
    }
    routes.with_state(door).layer(CatchPanicLayer::new())
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
    bounds: Shutdown,
) -> std::io::Result<()> {
    let mut last = closing.clone();
    let (notice, drain) = (Duration::from_secs(bounds.notice_seconds), Duration::from_secs(bounds.drain_seconds));
    let service = routes.into_make_service_with_connect_info::<Peer>();
    let server = axum::serve(Unhurried::new(listener, tls)?, service).with_graceful_shutdown(async move {
        let _ = closing.wait_for(|closing| *closing).await;
        tokio::time::sleep(notice).await;
    });
    // Sockets and streams end within their drain; a second more, for the last words to leave.
    let most = notice + drain + Duration::from_secs(1);
    tokio::select! {
        served = server => served,
        () = async { let _ = last.wait_for(|closing| *closing).await; tokio::time::sleep(most).await } => Ok(()),
    }
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
    fn the_page_asks_by_a_trusted_document() {
        let page = include_str!("../pages/home.html");
        let (_, board) = operations::all().find(|(_, operation)| operation.name == "bed_board").unwrap();
        assert!(page.contains(board.text));
    }
}
