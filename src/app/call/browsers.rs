//! Whom a step reaches: an address, or the browsers of a person.
use super::carry::{Browser, To};
use crate::app::error::Error;
use crate::domain::call::{Call, CallChannel};
use crate::domain::id::{GlobalId, GrantId, PushSubscriptionId};
use crate::domain::on_call::{OfStaff, OnCallStep};
use crate::domain::push::PushState;
use crate::domain::time::At;
use crate::policy::{Viewer, permit};
use crate::store::Tx;

/// Where a step goes; `None` when it reaches nobody.
pub(super) async fn reached(
    tx: &Tx,
    me: &Viewer,
    call: &Call,
    step: &OnCallStep,
    now: At,
) -> Result<Option<To>, Error> {
    let Some(address) = &step.address else { return Ok(None) };
    if step.channel != CallChannel::Push {
        return Ok(Some(To::Address(address.clone())));
    }
    let browsers = browsers_of(tx, me, call, address, now).await?;
    Ok((!browsers.is_empty()).then_some(To::Browsers(browsers)))
}

/// The browsers of a person of the called agency, by the grant that the step names. Where that holds no more, they end.
async fn browsers_of(tx: &Tx, me: &Viewer, call: &Call, of: &OfStaff, now: At) -> Result<Vec<Browser>, Error> {
    let Some(id) = GlobalId::parse(of.expose()).and_then(GlobalId::as_noun::<GrantId>) else { return Ok(Vec::new()) };
    let grant = tx.grant_as_it_is(id).await?;
    // Whoever names somebody of another agency reaches nobody.
    let Some(grant) = grant.filter(|grant| grant.organization == call.receiver) else { return Ok(Vec::new()) };
    let (holds, mut browsers) = (grant.holds(now), Vec::new());
    for one in tx.pushes_as_they_are(id).await? {
        if holds {
            if let Some(keys) = tx.opened_push(&one)? {
                browsers.push(Browser { id: one.id, keys });
            }
        } else if let Some(ended) = one.end(PushState::Revoked, now) {
            tx.save(permit::end_push(me, &one)?, &ended).await?;
        }
    }
    Ok(browsers)
}

/// Browsers that their push services know no more are written to no more.
pub(super) async fn end_gone(tx: &Tx, me: &Viewer, gone: &[PushSubscriptionId]) -> Result<(), Error> {
    for id in gone {
        if let Some(known) = tx.push_subscription(*id).await?
            && let Some(ended) = known.end(PushState::Expired, tx.now())
        {
            tx.save(permit::end_push(me, &known)?, &ended).await?;
        }
    }
    Ok(())
}
