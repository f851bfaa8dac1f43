//! WHO IS ASKING. Turns a bearer token into an [`Identity`]: a JWT by its issuer's keys, an opaque token by asking
//! its issuer.
//!
//! **Invariant**: it proves who somebody is and never what they may do. A token chooses nothing: not its key, not its
//! algorithm, not an address to call. Nothing of a token reaches a log or an error.
mod cache;
mod claims;
mod fetch;
pub mod identity;
mod introspect;
mod keys;
pub mod settings;
pub mod verify;

#[cfg(test)]
#[expect(clippy::missing_panics_doc, reason = "a test's tool: it panics as a test does")]
pub mod forge;
#[cfg(test)]
mod tests;

pub use identity::{ClaimedGrant, Identity};
pub use settings::{BadSetting, Issuer};
pub use verify::{Refused, Verifier};
