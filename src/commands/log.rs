//! What the program says of itself: lines on standard error, and traces to a collector.
use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::time::Duration;
use tokio::runtime::Handle;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, filter, fmt};

/// Longest wait for the collector.
const COLLECTOR_WAIT: Duration = Duration::from_secs(5);

/// Begins to log, and to trace when a collector is named. What is returned still holds traces when the program ends.
pub(crate) fn open(level: &str, json: bool, collector: &str) -> Option<SdkTracerProvider> {
    let filter = EnvFilter::try_from_env("HUB_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A line that cannot be written, on a full disk say, is no reason to panic.
    let lines = fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let lines = if json {
        lines.json().flatten_event(true).with_current_span(false).boxed()
    } else {
        lines.with_target(false).boxed()
    };
    let traces = (!collector.is_empty()).then(|| exporter(collector));
    let (traces, why) = match traces.transpose() {
        Ok(traces) => (traces, None),
        Err(error) => (None, Some(error)),
    };
    let layer = traces.as_ref().map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer("crisis-hub"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            // Spans alone: what a line says, a database's error say, may hold more than a collector should.
            .with_filter(filter::filter_fn(|metadata| {
                metadata.is_span() && metadata.target().starts_with("crisis_hub")
            }))
    });
    tracing_subscriber::registry().with(layer).with(lines.with_filter(filter)).init();
    if let Some(error) = why {
        tracing::warn!(%error, "traces are not exported: look at `otlp_endpoint`");
    }
    traces
}

fn exporter(collector: &str) -> Result<SdkTracerProvider, Box<dyn std::error::Error>> {
    let http =
        reqwest::Client::builder().timeout(COLLECTOR_WAIT).redirect(reqwest::redirect::Policy::none()).build()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(OnRuntime { http, runtime: Handle::current() })
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .with_timeout(COLLECTOR_WAIT)
        .build()?;
    let resource = Resource::builder_empty().with_service_name("crisis-hub").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Sends on the program's runtime: the exporter has a thread of its own, where no sockets wait.
#[derive(Debug)]
struct OnRuntime {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let mut answer = http.execute(request.try_into()?).await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                *headers = std::mem::take(answer.headers_mut());
            }
            Ok::<_, HttpError>(response.body(answer.bytes().await?)?)
        });
        sent.await?
    }
}
