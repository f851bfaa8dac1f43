//! Crisis Hub: the rooms, in reading order.
pub mod app;
pub mod board;
pub mod bus;
pub mod clock;
pub mod domain;
pub mod login;
pub mod graphql;
pub mod policy;
pub mod store;
