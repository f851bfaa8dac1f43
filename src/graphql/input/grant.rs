//! What is said of grants.
use super::{keyed, maybe_named};
use crate::app::{self, grant::GrantRole};
use crate::domain::grant::{HolderKind, Principal};
use crate::domain::role::Role;
use crate::graphql::error::from_app;
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Grants a role at an agency.
#[derive(Clone, Debug, InputObject)]
pub struct GrantRoleInput {
    /// The issuer, exactly as in its tokens; your own when not given.
    issuer: Option<String>,
    /// The issuer's name for the person, or the application's client id.
    subject: String,
    /// Person or application; PERSON when not given.
    holder: Option<Code<HolderKind>>,
    /// The role.
    role: Code<Role>,
    /// The agency; your own when not given.
    organization_id: Option<ID>,
    /// Until when; no end when not given.
    until: Option<DateTime>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Revokes a grant.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeGrantInput {
    /// The grant.
    pub(in crate::graphql) grant_id: ID,
}

/// Reads a grant.
pub(in crate::graphql) fn grant(asking: &Asking, input: GrantRoleInput) -> Result<GrantRole, Error> {
    let keyed = keyed(asking, "grantRole", input.idempotency_key.as_deref(), &input)?;
    let own = asking.viewer.grant().map(|grant| grant.principal.issuer.clone());
    let issuer = input.issuer.or(own).ok_or_else(|| from_app(&app::Error::Unauthenticated))?;
    let principal =
        Principal { issuer, subject: input.subject, kind: input.holder.map_or(HolderKind::Person, |c| c.0) };
    let organization = maybe_named(input.organization_id.as_ref())?;
    Ok(GrantRole { principal, role: input.role.0, organization, until: input.until.map(|at| at.0), keyed })
}
