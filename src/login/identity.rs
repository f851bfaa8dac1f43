//! Who a token speaks for.
//!
//! **Invariant**: only references; no name, no address, and no right to anything.
use crate::domain::{role::Role, time::At};
use std::{fmt, sync::Arc};

/// Who a token speaks for, as its issuer says.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issuer that vouches.
    pub issuer: Arc<str>,
    /// The issuer's reference of the person or machine: 1 to 255 bytes, without control characters.
    pub subject: String,
    /// The application that holds the token, if the issuer names it.
    pub client: Option<String>,
    /// The token's own `exp`; by the clock skew it may be just past.
    pub expires_at: At,
    /// The token may read only.
    pub read_only: bool,
    /// What the token claims about role and organization; worth nothing without a grant.
    pub hint: Option<ClaimedGrant>,
}

/// A role at an organization, as a token's claims map to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedGrant {
    /// The role.
    pub role: Role,
    /// The organization's external id.
    pub organization: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("issuer", &self.issuer)
            .field("subject", &"[hidden]")
            .field("client", &self.client)
            .field("expires_at", &self.expires_at)
            .field("read_only", &self.read_only)
            .field("hint", &self.hint)
            .finish()
    }
}
