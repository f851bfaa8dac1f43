//! Crisis Hub: the rooms, in reading order.
pub mod clock;
pub mod domain;
pub mod policy;
pub mod store;
pub mod bus;
pub mod board;
pub mod app;
