//! The only place where a verb's error becomes a GraphQL error.
use crate::app;
use crate::domain::code::codes;
use async_graphql::ErrorExtensions;

codes! {
    /// Codes of `errors[].extensions.code`.
    ErrorCode {
        /// Nobody is asking, or their grant no longer holds.
        Unauthenticated "UNAUTHENTICATED",
        /// Visible, but not allowed.
        Forbidden "FORBIDDEN",
        /// Absent, or not visible to the viewer.
        NotFound "NOT_FOUND",
        /// An input cannot be taken.
        BadUserInput "BAD_USER_INPUT",
        /// Too many requests: see Retry-After.
        RateLimited "RATE_LIMITED",
        /// The body is too large.
        PayloadTooLarge "PAYLOAD_TOO_LARGE",
        /// The operation asks for more than a limit allows.
        LimitExceeded "LIMIT_EXCEEDED",
        /// The cursor is too old, of another log, or for another filter.
        CursorExpired "CURSOR_EXPIRED",
        /// The hub cannot answer now: try again.
        Unavailable "UNAVAILABLE",
        /// A fault of the hub: tell its operator the trace id.
        Internal "INTERNAL",
    }
}

/// The trace id of one request, which its errors and log lines share.
#[derive(Clone, Debug)]
pub struct Trace(pub std::sync::Arc<str>);

/// What a nullable field answers: an error nulls the field itself and leaves its siblings.
///
/// `Result<Option<T>>` would null the parent.
pub type Answer<T> = Option<Result<T, async_graphql::Error>>;

/// An error of one code.
pub fn coded(code: ErrorCode, message: impl Into<String>) -> async_graphql::Error {
    use crate::domain::code::Coded;
    async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", code.code()))
}

/// A verb's error as a GraphQL error; a fault is logged here, once, and answered without its insides.
pub fn from_app(error: &app::Error) -> async_graphql::Error {
    let code = match error {
        app::Error::Unauthenticated => ErrorCode::Unauthenticated,
        app::Error::Forbidden => ErrorCode::Forbidden,
        app::Error::NotFound => ErrorCode::NotFound,
        app::Error::BadInput(_) => ErrorCode::BadUserInput,
        app::Error::CursorExpired => ErrorCode::CursorExpired,
        app::Error::Refused(_) => ErrorCode::BadUserInput,
        app::Error::Store(store) => return fault(store),
    };
    coded(code, error.to_string())
}

fn fault(error: &crate::store::Error) -> async_graphql::Error {
    use crate::store::Error as E;
    tracing::error!(error = %error, source = std::error::Error::source(error).map(tracing::field::display), "the store failed");
    match error {
        E::Conflict | E::Unavailable(_) | E::Late | E::Closed(_) => {
            coded(ErrorCode::Unavailable, "the hub cannot answer now: send the same request again in a moment")
        }
        _ => coded(ErrorCode::Internal, "a fault of the hub: tell its operator the trace id"),
    }
}

/// A verb's answer as a nullable field's.
pub fn answer<T>(result: Result<T, app::Error>) -> Answer<T> {
    Some(result.map_err(|error| from_app(&error)))
}

/// A verb's answer that may be absent.
pub fn maybe<T>(result: Result<Option<T>, app::Error>) -> Answer<T> {
    result.map_err(|error| from_app(&error)).transpose()
}
