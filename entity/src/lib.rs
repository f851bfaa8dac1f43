//! The hub's rows, one table a file.
//!
//! **Invariant**: no methods, no serde, no GraphQL. Instants are microseconds since 1970; lists are JSON text; codes are text.
pub mod audit_chain;
pub mod audit_entry;
pub mod audit_link;
pub mod bed_hold;
pub mod bed_report;
pub mod bed_unit;
pub mod bed_update_request;
pub mod call;
pub mod consent;
pub mod counter;
pub mod disclosure;
pub mod due;
pub mod episode;
pub mod event;
pub mod facility;
pub mod follow_up;
pub mod grant;
pub mod handoff;
pub mod handoff_entry;
pub mod handoff_key;
pub mod idempotency;
pub mod import_row;
pub mod meta;
pub mod notice;
pub mod notice_acknowledgement;
pub mod on_call;
pub mod organization;
pub mod pathway;
pub mod push_subscription;
pub mod region;
pub mod service;
pub mod team;
pub mod travel_times;
