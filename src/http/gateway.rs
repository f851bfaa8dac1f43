//! Sign-in: from a bearer token to a viewer, once a request.
use super::door::Door;
use crate::app::Hub;
use crate::app::grant::{Claimant, viewer_of};
use crate::domain::code::Coded;
use crate::domain::grant::{HolderKind, Principal};
use crate::domain::id::{GlobalId, GrantId, OrganizationId};
use crate::domain::organization::OrganizationDetails;
use crate::login::{Identity, Refused};
use crate::policy::{Machine, Scope, Viewer};

/// Why nobody could be signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSignedIn {
    /// The token is not accepted.
    Refused,
    /// Whoever would prove it, or the database, cannot be asked now.
    Unavailable,
}

impl Door {
    /// The viewer of a request: nobody without a token, and an error with a bad one.
    pub(super) async fn sign_in(
        &self,
        authorization: Option<&str>,
        chosen: Option<GrantId>,
    ) -> Result<Viewer, NotSignedIn> {
        let Some(authorization) = authorization else { return Ok(Viewer::nobody()) };
        let (scheme, token) = authorization.split_once(' ').ok_or(NotSignedIn::Refused)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(NotSignedIn::Refused);
        }
        let identity = self.0.parts.verifier.verify(token.trim()).await.map_err(|refused| {
            metrics::counter!("hub_tokens_refused_total", "why" => refused.to_string()).increment(1);
            if refused == Refused::Unavailable { NotSignedIn::Unavailable } else { NotSignedIn::Refused }
        })?;
        let claimant = claimant(&self.0.parts.hub, identity, chosen);
        viewer_of(&self.0.parts.hub, &claimant).await.map_err(|error| {
            tracing::warn!(%error, "a principal could not be signed in");
            NotSignedIn::Unavailable
        })
    }
}

fn claimant(hub: &Hub, identity: Identity, chosen: Option<GrantId>) -> Claimant {
    // A client that speaks for itself is an application.
    let kind =
        if identity.client.as_ref() == Some(&identity.subject) { HolderKind::Application } else { HolderKind::Person };
    let claimed = identity.hint.and_then(|hint| Some((hint.role, organization(hub, &hint.organization)?)));
    Claimant {
        principal: Principal { issuer: identity.issuer.to_string(), subject: identity.subject, kind },
        client: identity.client,
        read_only: identity.read_only,
        expires_at: identity.expires_at,
        claimed,
        chosen,
    }
}

/// The agency that a mapped claim names: by the hub's own id, or as `system:value`.
fn organization(hub: &Hub, text: &str) -> Option<OrganizationId> {
    if let Some(id) = GlobalId::parse(text).and_then(GlobalId::as_noun) {
        return Some(id);
    }
    let (system, value) = text.split_once(':')?;
    let (board, doorway) = (hub.board().now(), Scope::of(&Viewer::machine(Machine::Doorway)));
    let known = |id: &crate::domain::entry::ExternalId| id.system == system && id.value == value;
    let mut named = board.entries::<OrganizationDetails>(&doorway).filter(|entry| entry.external_ids.iter().any(known));
    // Two agencies under one id: the claim names neither.
    match (named.next(), named.next()) {
        (Some(only), None) => Some(only.id),
        _ => None,
    }
}

impl NotSignedIn {
    /// The published code.
    pub(super) fn code(self) -> &'static str {
        use crate::graphql::error::ErrorCode;
        match self {
            Self::Refused => ErrorCode::Unauthenticated.code(),
            Self::Unavailable => ErrorCode::Unavailable.code(),
        }
    }
}
