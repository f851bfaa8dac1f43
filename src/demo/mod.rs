//! THE DEMO. A region to look at: real geography and real numbers under invented names.
//!
//! **Invariant**: invented behavior is never played on a real organization; nothing here is reachable from `serve`.
pub mod alive;
pub mod cut;
mod dice;
mod invented;
pub mod issuer;
pub mod keys;
mod names;
mod numbers;
mod pathways;
pub mod personas;
mod plan;
pub mod region;
mod staff;
pub mod teams;
pub mod world;
