//! WHO MAY. Pure.
//!
//! **Invariant**: every yes of the hub is made in this room, and nothing here reads or writes anything.
pub mod calls;
pub mod keep;
pub mod law;
pub mod may;
pub mod permit;
mod rows;
pub mod rules;
pub mod scope;
mod table;
pub mod tiers;
pub mod told;
pub mod view;
pub mod viewer;

pub use permit::{Permit, Refused, Stamp};
pub use rules::{Action, Reach};
pub use scope::{Scope, Stand};
pub use viewer::{Machine, Viewer};
