//! WHO IS TOLD.
//!
//! **Invariant**: the log is the truth. What arrives by Redis is a wake-up and nothing more; a node believes only what it
//! reads from its own log.
pub mod bell;
pub mod feed;
pub mod relay;
