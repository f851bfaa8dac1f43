//! What goes out: a status, a media type and a body that tell a request error from a field error.
use super::Media;
use crate::graphql::guard::{Refused, brief};
use crate::graphql::limits::Limits;
use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use axum::http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;

/// An answer, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `Allow`, where the method was wrong.
    pub allow: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request that is answered without being executed.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    status: StatusCode,
    error: Box<ServerError>,
    allow: Option<&'static str>,
    /// True if the request was well-formed and its document is at fault: plain JSON then says 200.
    of_document: bool,
}

impl Fault {
    /// A refusal of the request, with one of the published error codes.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let mut error = ServerError::new(message, None);
        error.extensions.get_or_insert_default().set("code", code);
        Self { status, error: Box::new(error), allow: None, of_document: false }
    }

    /// A method that cannot carry the request; `allow` lists those that can.
    pub fn method(message: &'static str, allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", message) }
    }

    /// An `Accept` header that names nothing the hub writes; answered in plain JSON.
    pub fn not_acceptable() -> Self {
        let message = "accept application/graphql-response+json, application/json or text/event-stream";
        Self::new(StatusCode::NOT_ACCEPTABLE, "BAD_USER_INPUT", message)
    }

    /// The published error code.
    pub fn code(&self) -> String {
        match self.error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
            Some(Value::String(code)) => code.clone(),
            _ => "INTERNAL".to_owned(),
        }
    }

    /// What is wrong, for the caller.
    pub fn message(&self) -> &str {
        &self.error.message
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
    }

    pub(super) fn request(refused: &Refused) -> Self {
        let status = match refused {
            Refused::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut fault = Self::new(status, refused.code(), refused.to_string());
        fault.error.locations.extend(refused.at());
        fault
    }

    /// The answer to a client that accepts `media`.
    pub fn answer(self, media: Media, trace: &str, limits: &Limits) -> Answer {
        let response = Response::from_errors(vec![*self.error]);
        if self.of_document {
            return answer(media, response, trace, limits);
        }
        // A stream that never began is no stream.
        let media = if media == Media::EventStream { Media::Json } else { media };
        let body = payload(response, trace, limits);
        Answer { status: self.status, content_type: media.content_type(), allow: self.allow, body }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let of_document = !matches!(refused, Refused::TooLarge { .. });
        Self { of_document, ..Self::request(&refused) }
    }
}

/// The answer to an executed, or not validated, document in the media type that was negotiated.
pub fn answer(media: Media, response: Response, trace: &str, limits: &Limits) -> Answer {
    let refused = is_request_error(&response);
    let json = payload(response, trace, limits);
    let (status, body) = match media {
        Media::GraphQlResponse if refused => (StatusCode::BAD_REQUEST, json),
        Media::GraphQlResponse | Media::Json => (StatusCode::OK, json),
        Media::EventStream => (StatusCode::OK, [event("next", &json), event("complete", b"")].concat()),
    };
    Answer { status, content_type: media.content_type(), allow: None, body }
}

/// One event of a stream; `data` is JSON without line breaks, as `payload` writes it.
pub fn event(kind: &str, data: &[u8]) -> Vec<u8> {
    [b"event: ", kind.as_bytes(), b"\ndata: ", data, b"\n\n"].concat()
}

/// The JSON of a response: each error has a published code and the trace id, and a request error has no `data`.
pub fn payload(mut response: Response, trace: &str, limits: &Limits) -> Vec<u8> {
    let refused = is_request_error(&response);
    if refused {
        response.errors.truncate(limits.errors_max);
    }
    for error in &mut response.errors {
        sign(error, refused, trace);
    }
    let body =
        Body { errors: &response.errors, data: (!refused).then_some(&response.data), extensions: &response.extensions };
    serde_json::to_vec(&body)
        .unwrap_or_else(|_| br#"{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}"#.to_vec())
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, Value>,
}

/// Nothing was executed: no data, and no error that belongs to a field.
pub fn is_request_error(response: &Response) -> bool {
    response.is_err() && response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty())
}

/// What the library says about an input that it could not coerce while executing.
const OF_INPUT: [&str; 4] = ["Failed to parse \"", "Expected input type \"", "Invalid value for ", "The \""];

/// Gives an error its code and trace id. The hub's own errors come with a code; the library's, without one, are about
/// the document or an input, or else a mistake of ours that is nobody's business.
fn sign(error: &mut ServerError, refused: bool, trace: &str) {
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    if extensions.get("code").is_none() {
        if refused || OF_INPUT.iter().any(|start| error.message.starts_with(start)) {
            extensions.set("code", "BAD_USER_INPUT");
            error.message = brief(&error.message, 300);
        } else {
            extensions.set("code", "INTERNAL");
            "internal error".clone_into(&mut error.message);
        }
    }
    if let Some(Value::String(code)) = extensions.get("code") {
        metrics::counter!("hub_errors_total", "code" => code.clone()).increment(1);
    }
    extensions.set("traceId", trace);
}
