//! WHO MAY. Pure.
//!
//! **Invariant**: every yes of the hub is made in this room, and nothing here reads or writes anything.
pub mod calls;
pub mod may;
pub mod permit;
pub mod rules;
pub mod scope;
mod table;
pub mod tiers;
pub mod view;
pub mod viewer;

pub use permit::{Permit, Refused, Stamp};
pub use rules::{Action, Reach};
pub use scope::{Scope, Stand};
pub use viewer::{Machine, Viewer};
