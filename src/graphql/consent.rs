//! Consents in the schema.
use super::directory::Organization;
use super::scalars::{Code, DateTime, codes, id};
use super::seen::{Seen, pace};
use crate::domain::id::OrganizationId;
use crate::domain::sealed::{self, ConsentGiven, ConsentKind, Purpose, Signer, Tier};
use async_graphql::{ID, Object};

/// What a person agreed that one agency may tell others, within one handoff. It is revoked for good; what is asked after that
/// is no longer told.
#[derive(Clone)]
pub struct Consent {
    consent: sealed::Consent,
    seen: Seen,
}

impl Consent {
    pub(super) fn new(consent: sealed::Consent, seen: &Seen) -> Self {
        Self { consent, seen: seen.clone() }
    }

    fn agency(&self, of: OrganizationId) -> Option<Organization> {
        self.seen.entry(of).map(|entry| Organization::new(entry, &self.seen))
    }
}

/// What a person agreed that one agency may tell others, within one handoff. It is revoked for good; what is asked after that
/// is no longer told.
#[Object]
impl Consent {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.consent.id)
    }
    /// Raised by every change.
    async fn version(&self) -> i64 {
        self.consent.version
    }
    /// The handoff, for `node`.
    async fn handoff_id(&self) -> ID {
        id(self.consent.handoff)
    }
    /// What it is.
    async fn kind(&self) -> Code<ConsentKind> {
        Code(self.consent.terms.kind)
    }
    /// The agency whose entries may be told.
    async fn from(&self) -> Option<Organization> {
        pace().await;
        self.agency(self.consent.terms.from)
    }
    /// The agencies that may be told, as far as you see them.
    async fn to(&self) -> Vec<Organization> {
        pace().await;
        self.consent.terms.to.iter().filter_map(|agency| self.agency(*agency)).collect()
    }
    /// Which tiers.
    async fn tiers(&self) -> Vec<Code<Tier>> {
        codes(&self.consent.terms.tiers)
    }
    /// For which purposes.
    async fn purposes(&self) -> Vec<Code<Purpose>> {
        codes(&self.consent.terms.purposes)
    }
    /// In which capacity it was signed.
    async fn signer(&self) -> Code<Signer> {
        Code(self.consent.terms.signer)
    }
    /// How it was given.
    async fn given(&self) -> Code<ConsentGiven> {
        Code(self.consent.terms.given)
    }
    /// From when it stands.
    async fn starts_at(&self) -> DateTime {
        DateTime(self.consent.terms.starts_at)
    }
    /// Until when it stands.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.consent.terms.expires_at)
    }
    /// Since when it is revoked.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.consent.terms.revoked_at.map(DateTime)
    }
    /// The agency that recorded it.
    async fn recorder(&self) -> Option<Organization> {
        pace().await;
        self.agency(self.consent.recorder)
    }
    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.consent.recorded_at)
    }
}
