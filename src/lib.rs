//! Crisis Hub: the rooms, in reading order. Each opens with its invariant: what must never be found there.

pub mod domain;

pub mod policy;

pub mod clock;

pub mod store;

pub mod bus;

pub mod board;

pub mod app;

pub mod messenger;

pub mod login;

pub mod graphql;

pub mod exchange;

pub mod demo;

pub mod config;

pub mod http;

pub mod node;
