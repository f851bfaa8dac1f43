//! Everything that is tested from outside: the real program over HTTP, WebSocket and SSE, on both databases.
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

/// The login room's own tool for tests, used from here too.
#[path = "../src/login/forge.rs"]
mod forge;
mod house;

#[macro_use]
mod api;
mod board;
mod calls;
mod calls_again;
mod calls_crash;
mod chain;
mod crash;
mod crash_handoff;
mod cursors;
mod demo;
mod disclose_keys;
mod episodes_model;
mod events;
mod holds;
mod holds_model;
mod http;
mod locks;
mod login;
mod migration;
mod nodes;
mod ops;
mod policy;
mod push;
mod push_ends;
mod redis;
mod resume;
mod retention_crash;
mod schema;
mod slow;
mod staff;
mod streams;
mod tidy;
