//! Sign-in: from a bearer token to a viewer, once a request.
use super::door::Door;
use crate::app::Hub;
use crate::app::grant::{Claimant, viewer_of};
use crate::domain::code::Coded;
use crate::domain::grant::{HolderKind, Principal};
use crate::domain::id::{GlobalId, GrantId, OrganizationId};
use crate::domain::organization::OrganizationDetails;
use crate::graphql::socket::{Admitted, Close};
use crate::login::{Identity, Refused};
use crate::policy::{Machine, Scope, Viewer};
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

/// Why nobody could be signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSignedIn {
    /// The token is not accepted.
    Refused,
    /// Whoever would prove it, or the database, cannot be asked now.
    Unavailable,
    /// Too many tokens of this address were refused, and this one was too or was not looked at: come back in so many seconds.
    TooMany(u64),
}

impl Door {
    /// The viewer of a request: nobody without a token, and an error with a bad one.
    pub(super) async fn sign_in(
        &self,
        authorization: Option<&str>,
        chosen: Option<GrantId>,
        from: IpAddr,
    ) -> Result<Viewer, NotSignedIn> {
        let Some(authorization) = authorization else { return Ok(Viewer::nobody()) };
        let identity = self.prove(authorization, from).await?;
        let claimant = claimant(&self.0.parts.hub, identity, chosen);
        viewer_of(&self.0.parts.hub, &claimant).await.map_err(|error| {
            tracing::warn!(%error, "a principal could not be signed in");
            NotSignedIn::Unavailable
        })
    }

    /// Who a bearer speaks for. What was proven a moment ago costs nothing, and a signature is proven here for little: a
    /// stranger who shares an address with an agency keeps neither out, and only what is refused counts. A token that its
    /// issuer must be asked about is not looked at while its address is barred, or a stranger would question the issuer.
    async fn prove(&self, authorization: &str, from: IpAddr) -> Result<Identity, NotSignedIn> {
        let (verifier, rates) = (&self.0.parts.verifier, &self.0.rates);
        let token = bearer(authorization).unwrap_or_default();
        if let Some(identity) = verifier.known(token).await {
            return Ok(identity);
        }
        let may_prove = || if verifier.must_ask(token) { rates.may_ask(from) } else { Ok(()) };
        may_prove().map_err(NotSignedIn::TooMany)?;
        let _turn = rates.turn(from, verifier.must_wait(token)).await.ok_or(NotSignedIn::Unavailable)?;
        // Those before it in the line may have been refused meanwhile.
        may_prove().map_err(NotSignedIn::TooMany)?;
        verifier.verify(token).await.map_err(|refused| {
            metrics::counter!("hub_tokens_refused_total", "why" => refused.to_string()).increment(1);
            if refused == Refused::Unavailable {
                return NotSignedIn::Unavailable;
            }
            // Signed, and too late: nobody guessed it. Whoever held it is told to renew it, and it bars no neighbor.
            if refused == Refused::Expired && !verifier.must_ask(token) {
                return NotSignedIn::Refused;
            }
            rates.refused(from).map_or_else(NotSignedIn::TooMany, |()| NotSignedIn::Refused)
        })
    }

    /// Resolves when a bearer that was accepted is no longer: its issuer has revoked it, or the key that signed it.
    pub(super) fn disproved(&self, authorization: Option<String>) -> impl Future<Output = ()> + Send + use<> {
        let door = self.clone();
        let every = Duration::from_secs(self.0.parts.config.socket.proof_seconds);
        async move {
            let Some(authorization) = authorization else { return std::future::pending().await };
            loop {
                tokio::time::sleep(every).await;
                // An issuer that cannot be asked now has not taken anything back.
                match door.0.parts.verifier.verify(bearer(&authorization).unwrap_or_default()).await {
                    Ok(_) | Err(Refused::Unavailable) => {}
                    Err(_) => return,
                }
            }
        }
    }

    /// Admits a socket that says who it is, or says how it is closed.
    pub(super) async fn admit_socket(
        &self,
        bearer: Option<String>,
        grant: Option<String>,
        from: IpAddr,
    ) -> Result<Admitted, Close> {
        let chosen = chosen(grant.as_deref()).map_err(|()| (4400, BAD_GRANT.to_owned()))?;
        let viewer = match self.sign_in(bearer.as_deref(), chosen, from).await {
            Ok(viewer) if viewer.is_nobody() => Err((4403, "nobody is signed in by this token".to_owned())),
            Ok(viewer) => Ok(viewer),
            Err(NotSignedIn::Refused) => Err((4403, "this token is not accepted".to_owned())),
            Err(NotSignedIn::Unavailable) => Err((1013, "you cannot be signed in now: try again later".to_owned())),
            Err(NotSignedIn::TooMany(seconds)) => {
                Err((1013, format!("too many refused tokens from your address: try again in {seconds} s")))
            }
        }?;
        let place = self.0.rates.socket(&viewer);
        let place =
            place.map_err(|most| (1013, format!("at most {most} sockets are open under one grant: close one")))?;
        Ok(Admitted { viewer, place: Box::new(place), disproved: Box::pin(self.disproved(bearer)) })
    }
}

/// What is said to whoever chooses a grant by what is no id of one.
pub(super) const BAD_GRANT: &str = "Crisis-Hub-Grant is the id of one of your grants";

/// The grant that a holder of several chooses.
pub(super) fn chosen(grant: Option<&str>) -> Result<Option<GrantId>, ()> {
    grant.map(|id| GlobalId::parse(id).and_then(GlobalId::as_noun).ok_or(())).transpose()
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
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
            Self::TooMany(_) => ErrorCode::RateLimited.code(),
        }
    }
}
