//! GraphQL over HTTP, as its draft says it: which media type, which request, which status.
//!
//! **Invariant**: pure functions of what came in; no routing, no I/O, and no document is executed here.
mod accept;
mod answer;
mod json;
mod read;
#[cfg(test)]
mod tests;

pub use accept::{Media, negotiate};
pub use answer::{Answer, Fault, answer, event, is_request_error, payload};
pub use json::{Unreadable, read_json};
pub use read::{Incoming, Ready, Source, read_get, read_post};
