//! Pages of other web origins: which may call, and what their browser is told.
use super::door::Door;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Pages of other origins may not call: a browser would send what its user is signed in with.
pub(super) fn is_known(door: &Door, headers: &HeaderMap) -> bool {
    match origin(headers) {
        None => !headers.contains_key(header::ORIGIN),
        Some(origin) => {
            let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
            let own = origin.split_once("://").is_some_and(|(_, from)| Some(from) == host);
            own || door.0.parts.config.origins.iter().any(|known| known == origin)
        }
    }
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).and_then(|value| value.to_str().ok())
}

/// Lets pages of a known origin read the answer, whatever it says.
pub(super) async fn allow(State(door): State<Door>, request: Request, next: Next) -> Response {
    let known = request.headers().get(header::ORIGIN).filter(|_| is_known(&door, request.headers())).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = known {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }
    response
}

/// What a browser may send for a page of a known origin.
pub(super) async fn options(State(door): State<Door>, headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if headers.contains_key(header::ORIGIN) && is_known(&door, &headers) {
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        let allowed = HeaderValue::from_static("authorization, content-type, accept, crisis-hub-grant");
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}
