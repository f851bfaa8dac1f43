//! Verbs of browsers that people are reached at: each registers and takes back their own.
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::entry::Changed;
use crate::domain::id::PushSubscriptionId;
use crate::domain::push::{PER_PERSON_MAX, PushHosts, PushKeys, PushState, PushSubscription};
use crate::domain::text::{Flaw, FlawKind};
use crate::policy::{Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};

/// What a network settles of Web Push.
#[derive(Clone, Debug, Default)]
pub struct PushRules {
    /// The push services that the hub writes to.
    pub hosts: PushHosts,
    /// The hub's public key, as browsers take it; none where the hub writes to no browser.
    pub key: Option<String>,
}

impl PushRules {
    /// The rules of settings that were checked: what is no push service is none.
    pub fn of(hosts: &[String], key: Option<&str>) -> Self {
        Self { hosts: PushHosts::parse(hosts).unwrap_or_default(), key: key.map(ToOwned::to_owned) }
    }
}

/// Registers a browser of the viewer's own.
#[derive(Clone, Debug)]
pub struct RegisterPush {
    /// Its address and its keys.
    pub keys: PushKeys,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Takes back a browser of the viewer's own.
#[derive(Clone, Debug)]
pub struct RemovePush {
    /// Which.
    pub subscription: PushSubscriptionId,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Registers a browser of the viewer's own; the same browser again is renewed.
pub async fn register(hub: &Hub, viewer: &Viewer, input: RegisterPush) -> Result<Outcome<PushSubscription>, Error> {
    log::known(viewer)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| register_in(tx, hub, viewer, input)).await
}

async fn register_in(
    tx: Tx,
    hub: &Hub,
    viewer: &Viewer,
    input: &RegisterPush,
) -> Result<Committed<PushSubscription>, Error> {
    let grant = viewer.grant().cloned().ok_or(Error::Forbidden)?;
    let (id, keys) = (tx.id::<PushSubscriptionId>(), &input.keys);
    let new = permit::register_push(viewer, id)?;
    keys.check()?;
    let refused = |code, field| Error::Refused(vec![Problem::new(code).at(&[field])]);
    let host = hub.rules().push.hosts.host_of(&keys.endpoint);
    let host = host.ok_or_else(|| refused(ProblemCode::UnknownPushService, "endpoint"))?.to_owned();
    let digest = hub.store().push_digest(grant.id, keys)?;
    let held = tx.pushes_of(grant.id).await?;
    let same = held.iter().find(|one| one.digest == digest);
    let no_point = Flaw { field: "p256dh", kind: FlawKind::Malformed, min: 0, max: 0 };
    let sealed = hub.store().close_push(same.map_or(id, |one| one.id), grant.id, keys)?.ok_or(no_point)?;
    let now = tx.now();
    let (permit, changed) = match same {
        Some(one) => (permit::change_push(viewer, one)?, one.renew(sealed, now)),
        None if held.len() >= PER_PERSON_MAX => return Err(refused(ProblemCode::PushLimit, "endpoint")),
        None => {
            let subscription = PushSubscription {
                id,
                region: grant.region,
                owner: grant.organization,
                grant: grant.id,
                version: 0,
                host,
                state: PushState::Active,
                digest,
                sealed: Some(sealed),
                created_at: now,
                ended_at: None,
            };
            (new, subscription.register(now))
        }
    };
    tx.save(permit, &changed).await?;
    let changed = changed.into_state();
    remember(&tx, input.keyed.as_ref(), [changed.id]).await?;
    Ok(tx.commit(changed).await?)
}

/// Takes back a browser of the viewer's own: nobody is reached at it any more, and its keys are gone. Said again, it changes
/// nothing.
pub async fn remove(hub: &Hub, viewer: &Viewer, input: RemovePush) -> Result<Outcome<PushSubscription>, Error> {
    log::known(viewer)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| remove_in(tx, viewer, input)).await
}

async fn remove_in(tx: Tx, viewer: &Viewer, input: &RemovePush) -> Result<Committed<PushSubscription>, Error> {
    let known = tx.push_subscription(input.subscription).await?.ok_or(Error::NotFound)?;
    let permit = permit::change_push(viewer, &known)?;
    let changed = known.end(PushState::Removed, tx.now());
    if let Some(changed) = &changed {
        tx.save(permit, changed).await?;
    }
    remember(&tx, input.keyed.as_ref(), [known.id]).await?;
    Ok(tx.commit(changed.map_or(known, Changed::into_state)).await?)
}

/// Browsers by id, in the order asked; none for each that is absent, or not the viewer's to see.
pub async fn get(
    hub: &Hub,
    viewer: &Viewer,
    ids: &[PushSubscriptionId],
) -> Result<Vec<Option<PushSubscription>>, Error> {
    log::known(viewer)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (found, scope) = (hub.store().read(viewer).await?.push_subscriptions(ids).await?, Scope::of(viewer));
    let one = |id: &PushSubscriptionId| found.iter().find(|one| one.id == *id && scope.sees_push(one)).cloned();
    Ok(ids.iter().map(one).collect())
}

/// The browsers that the viewer is reached at under this grant.
pub async fn own(hub: &Hub, viewer: &Viewer) -> Result<Vec<PushSubscription>, Error> {
    log::known(viewer)?;
    let Some(grant) = viewer.grant_id() else { return Ok(Vec::new()) };
    let (found, scope) = (hub.store().read(viewer).await?.pushes_of(grant).await?, Scope::of(viewer));
    Ok(found.into_iter().filter(|one| scope.sees_push(one)).collect())
}
