//! WHERE IT IS KEPT. The only room with sea_orm and entity.
//!
//! **Invariant**: no row is read without a scope and none is written without a permit; the connection never leaves `tx.rs`
//! and what this room keeps for itself (the log's numbers, the audit, keys of one day).
mod audit;
mod backlog;
pub mod backup;
mod bed;
mod call;
pub mod chain;
mod consent;
mod dialect;
mod directory;
mod disclosure;
mod due;
mod episode;
mod error;
mod follow_up;
mod grant;
mod handoff;
mod hold;
mod idempotency;
mod import;
mod later;
mod meta;
mod notice;
mod on_call;
pub mod outbox;
mod pathway;
mod poll;
mod push;
mod scoped;
mod sealed;
mod team;
mod travel;
mod turns;
mod tx;
pub mod vault;
mod verify;

pub use audit::AuditLine;
pub use backlog::Backlog;
pub use bed::ReportsAsked;
pub use dialect::{Dialect, PoolSize};
pub use directory::Listed;
pub use disclosure::Recorded;
pub use episode::{EpisodeFilter, Waiting};
pub use error::{Error, MayConflict};
pub use follow_up::FollowUpFilter;
pub use handoff::HandoffFilter;
pub use hold::HoldFilter;
pub use idempotency::{Keyed, Replay};
pub use import::Imported;
pub use meta::{DEMO, NETWORK, SchemaState};
pub use scoped::Scoped;
pub use sealed::Opened;
pub use tx::{Committed, Kept, KeptBy, Reader, Store, Tx};
pub use verify::Finding;
