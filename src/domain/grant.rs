//! Grants: who may act, in which role, for which agency, until when.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{GrantId, Noun, NounId, OrganizationId, RegionId};
use super::role::Role;
use super::text::{self, Flaw};
use super::time::At;

codes! {
    /// Who holds a grant.
    HolderKind {
        /// A person, by an identity provider's issuer and subject.
        Person "PERSON",
        /// An application, by issuer and client id: it never does more than its user may, and never more than its own grant.
        Application "APPLICATION",
    }
    /// How a grant came to be.
    GrantOrigin {
        /// By a claim that an issuer is trusted for.
        Claim "CLAIM",
        /// By an agency's administrator or an operator.
        Admin "ADMIN",
        /// At the hub's own console.
        Console "CONSOLE",
    }
}

/// Who a token speaks for: the issuer's name for somebody.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Principal {
    /// The issuer, exactly as in its tokens.
    pub issuer: String,
    /// The issuer's name for the person, or the application's client id.
    pub subject: String,
    /// Person or application.
    pub kind: HolderKind,
}

impl std::fmt::Debug for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A subject may be an e-mail address: it stays out of logs.
        f.debug_struct("Principal").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What one principal may do: one role at one agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// How often it has changed.
    pub version: Version,
    /// Who holds it.
    pub principal: Principal,
    /// The role.
    pub role: Role,
    /// The agency.
    pub organization: OrganizationId,
    /// The agency's region.
    pub region: RegionId,
    /// Until when it holds.
    pub until: Option<At>,
    /// How it came to be.
    pub origin: GrantOrigin,
    /// When it was made.
    pub created_at: At,
    /// Since when it is revoked; for good.
    pub revoked_at: Option<At>,
}

impl Grant {
    /// Makes a grant at version 1.
    pub fn create(self, now: At) -> Result<Changed<Self>, Flaw> {
        text::line("issuer", &self.principal.issuer, 255)?;
        text::line("subject", &self.principal.subject, 255)?;
        let ahead = self.until.map_or(0, |until| until.micros_since(now).div_euclid(60_000_000));
        text::within("until, in minutes from now,", ahead, 0, 10 * 366 * 24 * 60)?;
        let grant = Self { version: 1, created_at: now, revoked_at: None, ..self };
        Ok(grant.changed(EventKind::RoleGranted, now))
    }

    /// Whether it holds at an instant.
    pub fn holds(&self, now: At) -> bool {
        self.revoked_at.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Revokes it for good; `None` when it already is.
    pub fn revoke(&self, now: At) -> Option<Changed<Self>> {
        self.revoked_at.is_none().then(|| {
            Self { revoked_at: Some(now), version: self.version + 1, ..self.clone() }
                .changed(EventKind::GrantRevoked, now)
        })
    }

    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let happening = Happening {
            kind,
            noun: Noun::Grant,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.organization,
            party: None,
            audience: Audience::AGENCY,
            at,
            fact: Fact::Grant { role: self.role, until: self.until, revoked_at: self.revoked_at, grant: self.id },
        };
        Changed::new(self, happening)
    }
}
