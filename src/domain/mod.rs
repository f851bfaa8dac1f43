//! WHAT IS TRUE. Pure values and decisions.
//!
//! **Invariant**: no async, no SQL, no GraphQL, no clock; time and ids come in as arguments.
pub mod code;
pub mod id;
pub mod role;
pub mod time;
