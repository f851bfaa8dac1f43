//! The API's wire: documents are bounded and checked here before anything is executed.
//!
//! **Invariant**: thin. Nothing is decided here that `app` or `policy` decides; no SQL, no clock.
pub mod guard;
pub mod limits;
pub mod operations;
pub mod over_http;
