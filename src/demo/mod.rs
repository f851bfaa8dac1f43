//! THE DEMO. A region to look at: real geography and real numbers under invented names.
//!
//! **Invariant**: invented behavior is never played on a real organization; nothing here is reachable from `serve`.
pub mod cut;
mod names;
pub mod region;
