//! WHAT IS TRUE. Pure values and decisions.
//!
//! **Invariant**: no async, no SQL, no GraphQL, no clock; time and ids come in as arguments.
pub mod bed;
pub mod call;
pub mod chain;
pub mod code;
pub mod due;
pub mod entry;
pub mod episode;
pub mod event;
pub mod facility;
pub mod follow_up;
pub mod geo;
pub mod grant;
pub mod handoff;
pub mod hold;
pub mod hours;
pub mod id;
pub mod language;
pub mod look;
pub mod need;
pub mod notice;
pub mod on_call;
pub mod organization;
pub mod pathway;
pub mod poll;
pub mod push;
pub mod region;
pub mod respond;
pub mod role;
pub mod sealed;
pub mod service;
pub mod team;
pub mod text;
pub mod time;
pub mod travel;
