//! WHAT IS TRUE. Pure values and decisions.
//!
//! **Invariant**: no async, no SQL, no GraphQL, no clock; time and ids come in as arguments.
pub mod code;
pub mod id;
pub mod time;
pub mod text;
pub mod geo;
pub mod role;
pub mod event;
pub mod entry;
pub mod region;
pub mod organization;
pub mod facility;
pub mod service;
pub mod bed;
pub mod need;
pub mod grant;
