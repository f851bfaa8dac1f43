//! The trace of a request: one id for its errors, its log lines and its spans.
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use std::sync::Arc;
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The trace id of one request.
#[derive(Clone, Debug)]
pub(super) struct Trace(pub(super) Arc<str>);

/// Gives a request its trace: the caller's when `traceparent` names one, else a new one.
pub(super) async fn begin(mut request: Request, next: Next) -> Response {
    // At the level of errors, so that a log that tells of errors alone still says whose they are.
    let span = tracing::error_span!(
        "request",
        otel.kind = "server",
        method = request.method().as_str(),
        route = request.uri().path(),
        status = field::Empty,
        trace = field::Empty,
    );
    let caller = traceparent(request.headers());
    if let Some(caller) = &caller {
        let _ = span.set_parent(Context::new().with_remote_span_context(caller.clone()));
    }
    // Where traces are exported the exporter has made the id.
    let exported = span.context().span().span_context().trace_id();
    let id = match (exported, caller) {
        (TraceId::INVALID, Some(caller)) => caller.trace_id(),
        (TraceId::INVALID, None) => TraceId::from_bytes(rand::random()),
        (exported, _) => exported,
    };
    let id: Arc<str> = id.to_string().into();
    span.record("trace", &*id);
    request.extensions_mut().insert(Trace(id));
    async move {
        let response = next.run(request).await;
        Span::current().record("status", response.status().as_u16());
        tracing::debug!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await
}

/// What a W3C `traceparent` says: `00-<trace>-<parent>-<flags>`, all in lower-case hexadecimal digits.
fn traceparent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut given = headers.get_all("traceparent").iter();
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    let parts: Vec<&str> = only.to_str().ok()?.split('-').collect();
    // A later version may say more, after what this one knows.
    let &[version, trace, parent, flags, ref more @ ..] = &*parts else { return None };
    let hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    let known = hex(version, 2) && version != "ff" && (version != "00" || more.is_empty());
    if !(known && hex(trace, 32) && hex(parent, 16) && hex(flags, 2)) {
        return None;
    }
    let (trace, parent) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(parent).ok()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    Some(SpanContext::new(trace, parent, flags, true, TraceState::default())).filter(SpanContext::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_traceparent_names_a_trace() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", text.parse().unwrap());
            traceparent(&headers).map(|context| context.trace_id().to_string())
        };
        assert_eq!(read(&format!("00-{trace}-{parent}-01")).as_deref(), Some(trace));
        assert_eq!(read(&format!("cc-{trace}-{parent}-01-more")).as_deref(), Some(trace));
        for bad in [
            format!("00-{trace}-{parent}-01-more"),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-{parent}"),
            format!("00-{trace}x-{parent}-01"),
            String::new(),
        ] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
