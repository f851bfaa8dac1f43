//! Verbs of calls: people are told that an answer is awaited of their unit, and say that they have seen it.
mod browsers;
mod caller;
mod carry;

pub use caller::{Caller, Sending};
pub use carry::{Browser, Carried, Carrier, Letter, To};

use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, by_handoff, log};
use crate::domain::call::Call;
use crate::domain::id::{CallId, HandoffId};
use crate::policy::calls::{self, CallView};
use crate::policy::{Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use std::collections::HashMap;

/// Most open calls of one list.
pub const OPEN_MAX: u64 = 100;

/// Says that a call has been seen.
#[derive(Clone, Debug)]
pub struct AcknowledgeCall {
    /// Which.
    pub call: CallId,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Says for the called agency that somebody has seen it; said again, it changes nothing.
pub async fn acknowledge(hub: &Hub, viewer: &Viewer, input: AcknowledgeCall) -> Result<Outcome<CallView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| acknowledge_in(tx, viewer, input)).await?;
    done.seen(|call| calls::call(&Scope::of(viewer), call))
}

async fn acknowledge_in(tx: Tx, viewer: &Viewer, input: &AcknowledgeCall) -> Result<Committed<Call>, Error> {
    let by = viewer.grant_id().ok_or(Error::Forbidden)?;
    let call = tx.call(input.call).await?.ok_or(Error::NotFound)?;
    let permit = permit::acknowledge_call(viewer, &call)?;
    let over = |_| Error::Refused(vec![Problem::new(ProblemCode::WrongState).with_current(call.id)]);
    let changed = call.acknowledge(by, tx.now()).map_err(over)?;
    if let Some(changed) = &changed {
        tx.save(permit, changed).await?;
    }
    remember(&tx, input.keyed.as_ref(), [call.id]).await?;
    let call = changed.map_or(call, crate::domain::entry::Changed::into_state);
    Ok(tx.commit(call).await?)
}

/// The calls about handoffs, ended ones too, latest first.
pub async fn of_handoffs(
    hub: &Hub,
    viewer: &Viewer,
    of: &[HandoffId],
) -> Result<HashMap<HandoffId, Vec<CallView>>, Error> {
    log::known(viewer)?;
    let (found, scope) = (hub.store().read(viewer).await?.calls_of(of).await?, Scope::of(viewer));
    Ok(by_handoff(found.into_iter().filter_map(|call| calls::call(&scope, call)), |view| view.call().handoff))
}

/// Calls by id, in the order asked; none for each that is absent, or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[CallId]) -> Result<Vec<Option<CallView>>, Error> {
    log::known(viewer)?;
    let (found, scope) = (hub.store().read(viewer).await?.calls(ids).await?, Scope::of(viewer));
    let one = |id: &CallId| found.iter().find(|call| call.id == *id).cloned();
    Ok(ids.iter().map(|id| calls::call(&scope, one(id)?)).collect())
}

/// The calls that wait for an answer and that the viewer sees, latest first; at most [`OPEN_MAX`].
pub async fn open(hub: &Hub, viewer: &Viewer) -> Result<Vec<CallView>, Error> {
    log::known(viewer)?;
    let (found, scope) = (hub.store().read(viewer).await?.open_calls(OPEN_MAX).await?, Scope::of(viewer));
    Ok(found.into_iter().filter_map(|call| calls::call(&scope, call)).collect())
}
