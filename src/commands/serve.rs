//! `serve`: a node until it is told to stop.
use super::Done;
use crisis_hub::config::Config;
use crisis_hub::http;
use crisis_hub::node::{self, Node, Sources};
use crisis_hub::store::NETWORK;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::process::ExitCode;
use tokio::net::TcpListener;

/// Bounds of the histogram of requests: a search takes a millisecond, an operation at most 5 s.
const REQUEST_SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Renders metrics, if this process has not got a recorder already.
pub(super) fn metrics() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new();
    let seconds = Matcher::Full("hub_request_seconds".into());
    let metrics = builder.set_buckets_for_metric(seconds, &REQUEST_SECONDS).ok()?.install_recorder().ok()?;
    http::describe();
    Some(metrics)
}

pub(super) async fn serve() -> Done {
    // First, or what is measured meanwhile is lost.
    let metrics = metrics();
    let config = Config::read()?;
    let sources = Sources::of_host();
    let store = node::open_store_of(NETWORK, &config, &sources, false).await?;
    if config.issuers.is_empty() {
        tracing::warn!(
            "no identity provider: set `issuers` (README, \"Who is asking\"); until then everybody is answered UNAUTHENTICATED"
        );
    }
    let missing = config.calls.missing();
    if !missing.is_empty() {
        tracing::info!(%missing, "people on call are not reached by every channel (README, \"Who is called\")");
    }
    let issuers = config.issuers.clone();
    let (listen, metrics_listen) = (config.listen, config.metrics_listen.clone());
    let node = Node::start(config, sources, store, issuers, false, metrics).await?;
    if !metrics_listen.is_empty() {
        let (listener, routes) = (TcpListener::bind(&metrics_listen).await?, node.metrics_routes.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
    }
    let listener = TcpListener::bind(listen).await?;
    tracing::info!(listen = %listener.local_addr()?, "ready");
    node.serve(listener, stopped()).await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Resolves when the process is told to stop.
pub(super) async fn stopped() {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    let term = async {
        match &mut term {
            Some(term) => drop(term.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = term => {}
    }
}
