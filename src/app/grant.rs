//! Verbs of grants, and how a principal becomes a viewer.
use super::Hub;
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use crate::domain::entry::Changed;
use crate::domain::grant::{Grant, GrantOrigin, HolderKind, Principal};
use crate::domain::id::{GrantId, OrganizationId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::policy::permit::{self, NoGrant};
use crate::policy::{Machine, Viewer};
use crate::store::{Committed, Keyed, Tx};

/// Who a token was proved to speak for, and what its issuer is trusted to say of them.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// The person or the application.
    pub principal: Principal,
    /// The application that asks for a person, by its client id.
    pub client: Option<String>,
    /// The token changes nothing.
    pub read_only: bool,
    /// When the token ends.
    pub expires_at: At,
    /// The role and the agency that mapped claims give.
    pub claimed: Option<(Role, OrganizationId)>,
    /// The grant to act under, when the principal holds several.
    pub chosen: Option<GrantId>,
}

/// The viewer that a principal is: by a grant that holds, or by what their issuer is trusted to claim.
///
/// A principal whose grants were all revoked stays nobody, whatever the claims say.
pub async fn viewer_of(hub: &Hub, claimant: &Claimant) -> Result<Viewer, Error> {
    let now = hub.clock().now();
    let board = hub.board().now();
    // What an issuer once claimed stands for as long as it still claims that.
    let claimed = |grant: &Grant| {
        grant.origin != GrantOrigin::Claim || claimant.claimed == Some((grant.role, grant.organization))
    };
    let grant = board
        .grants_of(&claimant.principal, now)
        .find(|grant| claimant.chosen.is_none_or(|id| id == grant.id) && claimed(grant));
    let grant = match (grant, claimant.claimed) {
        (Some(grant), _) => Some(Grant::clone(grant)),
        (None, Some(claimed)) if !board.knows(&claimant.principal) => admit(hub, claimant, claimed).await?,
        (None, _) => None,
    };
    let application = match &claimant.client {
        Some(client) if claimant.principal.kind == HolderKind::Person => {
            let principal = Principal {
                issuer: claimant.principal.issuer.clone(),
                subject: client.clone(),
                kind: HolderKind::Application,
            };
            // Of several, the one of the user's own agency, else of their region.
            let of = grant.as_ref();
            let apart = |held: &Grant| {
                let (organization, region) = (of.map(|of| of.organization), of.map(|of| of.region));
                (organization != Some(held.organization), region != Some(held.region))
            };
            let held = board.grants_of(&principal, now).min_by_key(|held| apart(held)).map(|held| Grant::clone(held));
            if held.is_none() && board.knows(&principal) {
                return Ok(Viewer::nobody());
            }
            held
        }
        _ => None,
    };
    Ok(grant.map_or_else(Viewer::nobody, |grant| {
        let agency = Some(grant.organization).filter(|agency| hub.board().now().watches_region(*agency));
        Viewer::holder(grant, application, claimant.read_only, claimant.expires_at).designated(agency)
    }))
}

/// Makes the grant that mapped claims give at first sight.
async fn admit(
    hub: &Hub,
    claimant: &Claimant,
    (role, organization): (Role, OrganizationId),
) -> Result<Option<Grant>, Error> {
    let doorway = &Viewer::machine(Machine::Doorway);
    let grant = hub
        .store()
        .write(doorway, |tx| async move {
            let known = tx.grants_of(&claimant.principal).await?;
            if !known.is_empty() {
                let held = known.into_iter().find(|grant| grant.holds(tx.now()));
                return Ok::<Committed<_>, Error>(tx.commit(held).await?);
            }
            let Some(agency) = tx.consult::<OrganizationDetails>(organization).await? else {
                return Ok(tx.commit(None).await?);
            };
            let grant = Grant {
                id: tx.id(),
                version: 0,
                principal: claimant.principal.clone(),
                role,
                organization,
                region: agency.region,
                until: None,
                origin: GrantOrigin::Claim,
                created_at: tx.now(),
                revoked_at: None,
            };
            let Ok(permit) = permit::grant_role(doorway, &grant, &agency.details) else {
                // A claim that cannot be true at this agency gives nothing.
                return Ok(tx.commit(None).await?);
            };
            let changed = grant.create(tx.now())?;
            tx.save(permit, &changed).await?;
            Ok(tx.commit(Some(changed.into_state())).await?)
        })
        .await?;
    if let Some(grant) = &grant {
        hub.board().learn_grant(grant);
    }
    Ok(grant)
}

/// Grants a role at an agency.
#[derive(Clone, Debug)]
pub struct GrantRole {
    /// Who is to hold it.
    pub principal: Principal,
    /// The role.
    pub role: Role,
    /// The agency; the viewer's own when not given.
    pub organization: Option<OrganizationId>,
    /// Until when.
    pub until: Option<At>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Grants a role within the viewer's reach.
pub async fn grant_role(hub: &Hub, viewer: &Viewer, input: GrantRole) -> Result<Outcome<Grant>, Error> {
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| grant_in(tx, viewer, input)).await?;
    Ok(learned(hub, done))
}

async fn grant_in(tx: Tx, viewer: &Viewer, input: &GrantRole) -> Result<Committed<Grant>, Error> {
    let (grant, agency) = new_grant(&tx, viewer, input).await?;
    let permit = permit::grant_role(viewer, &grant, &agency).map_err(|no| match no {
        NoGrant::Refused => Error::Forbidden,
        NoGrant::Misfit => Error::Refused(vec![Problem::new(ProblemCode::RoleDoesNotFit).at(&["role"])]),
    })?;
    let same =
        |held: &Grant| held.role == grant.role && held.organization == grant.organization && held.holds(tx.now());
    if let Some(held) = tx.grants_of(&grant.principal).await?.iter().find(|held| same(held)) {
        return Err(Error::Refused(vec![Problem::new(ProblemCode::AlreadyGranted).with_current(held.id)]));
    }
    let changed = grant.create(tx.now())?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [changed.state().id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

async fn new_grant(tx: &Tx, viewer: &Viewer, input: &GrantRole) -> Result<(Grant, OrganizationDetails), Error> {
    let organization =
        input.organization.or(viewer.organization()).ok_or_else(|| Error::BadInput("name the organization".into()))?;
    let agency = tx.consult::<OrganizationDetails>(organization).await?.ok_or(Error::NotFound)?;
    let origin = if viewer.as_machine().is_some() { GrantOrigin::Console } else { GrantOrigin::Admin };
    let (role, until) = (input.role, input.until);
    let principal = input.principal.clone();
    let grant = Grant {
        id: tx.id(),
        version: 0,
        principal,
        role,
        organization,
        region: agency.region,
        until,
        origin,
        created_at: tx.now(),
        revoked_at: None,
    };
    Ok((grant, agency.details))
}

fn learned(hub: &Hub, done: Outcome<Grant>) -> Outcome<Grant> {
    done.changed.iter().for_each(|grant| hub.board().learn_grant(grant));
    done
}

/// Revokes a grant, for good: later writes of its holder are refused at once, reads on this node at once, and on other
/// nodes as soon as the log brings it.
pub async fn revoke_grant(hub: &Hub, viewer: &Viewer, id: GrantId) -> Result<Outcome<Grant>, Error> {
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            let grant = tx.grant(id).await?.ok_or(Error::NotFound)?;
            let permit = permit::revoke_grant(viewer, &grant)?;
            let changed = grant.revoke(tx.now());
            if let Some(changed) = &changed {
                tx.save(permit, changed).await?;
            }
            Ok::<Committed<_>, Error>(
                tx.commit(Outcome::done(changed.map_or(grant, Changed::into_state), false)).await?,
            )
        })
        .await;
    Ok(learned(hub, Outcome::settle(written)?))
}

/// Whether every grant that the viewer stands on still holds, and the designation that lets them look on at others, by what
/// this node knows.
pub fn stands(hub: &Hub, viewer: &Viewer) -> bool {
    let (board, now) = (hub.board().now(), hub.clock().now());
    viewer.until().is_none_or(|until| now < until)
        && viewer.stands_on().all(|grant| board.grant(grant.id).is_some_and(|grant| grant.holds(now)))
        && viewer.coordinates().is_none_or(|agency| board.watches_region(agency))
}
