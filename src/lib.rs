//! Crisis Hub: the rooms, in reading order.
pub mod clock;
pub mod demo;
pub mod domain;
pub mod exchange;
pub mod policy;
