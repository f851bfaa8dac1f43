//! The rows of the hub.
