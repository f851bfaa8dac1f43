//! Verbs of who is on call for a unit or a mobile team.
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::entry::Version;
use crate::domain::handoff::Destination;
use crate::domain::id::{GlobalId, OnCallId, OrganizationId, RegionId};
use crate::domain::on_call::{OnCall, OnCallStep};
use crate::policy::calls::sees_on_call;
use crate::policy::{Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use std::collections::HashMap;

/// Says who is on call for a unit or a team.
#[derive(Clone, Debug)]
pub struct SetOnCall {
    /// Of which unit or team.
    pub whose: Destination,
    /// The steps, all of them; none, and nobody is called.
    pub steps: Vec<OnCallStep>,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Says who is on call for a unit or a team, in place of whoever was.
pub async fn set(hub: &Hub, viewer: &Viewer, input: SetOnCall) -> Result<Outcome<OnCall>, Error> {
    log::known(viewer)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| set_in(tx, viewer, input)).await
}

/// Where a unit or a team belongs, and whether it is withdrawn. Its lock keeps the chain still.
async fn place_of(tx: &Tx, whose: Destination) -> Result<((RegionId, OrganizationId), bool), Error> {
    match whose {
        Destination::Unit(id) => {
            let unit = tx.bed_unit(id).await?.ok_or(Error::NotFound)?;
            Ok(((unit.entry.region, unit.entry.owner), unit.entry.retired))
        }
        Destination::Team(id) => {
            let team = tx.team(id).await?.ok_or(Error::NotFound)?;
            Ok(((team.entry.region, team.entry.owner), team.entry.retired))
        }
    }
}

async fn set_in(tx: Tx, viewer: &Viewer, input: &SetOnCall) -> Result<Committed<OnCall>, Error> {
    let (place, retired) = place_of(&tx, input.whose).await?;
    let stands = tx.on_call_of(input.whose).await?;
    let id = stands.as_ref().map_or_else(|| tx.id(), |chain| chain.id);
    let permit = permit::set_on_call(viewer, place, id, stands.as_ref())?;
    if retired {
        let current: GlobalId = match input.whose {
            Destination::Unit(id) => id.into(),
            Destination::Team(id) => id.into(),
        };
        return Err(Error::Refused(vec![Problem::new(ProblemCode::Retired).with_current(current)]));
    }
    let version = stands.as_ref().map_or(0, |chain| chain.version);
    if input.expected_version.is_some_and(|expected| expected != version) {
        let problem = Problem::new(ProblemCode::StaleVersion);
        let problem = if stands.is_some() { problem.with_current(id) } else { problem };
        return Err(Error::Refused(vec![problem]));
    }
    let steps = input.steps.clone();
    let changed = match &stands {
        Some(chain) => chain.change(steps, tx.now())?,
        None => OnCall::name(id, place, input.whose, steps, tx.now())?,
    };
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// Chains by id, in the order asked; none for each that is absent, or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[OnCallId]) -> Result<Vec<Option<OnCall>>, Error> {
    log::known(viewer)?;
    let (found, scope) = (hub.store().read(viewer).await?.on_calls(ids).await?, Scope::of(viewer));
    let one = |id: &OnCallId| found.iter().find(|one| one.id == *id && sees_on_call(&scope, one)).cloned();
    let opened = |chain: Option<OnCall>| chain.map(|chain| hub.store().opened_chain(chain)).transpose();
    Ok(ids.iter().map(one).map(opened).collect::<Result<_, _>>()?)
}

/// The chains of units and teams; those absent, or not the viewer's to see, are left out.
pub async fn of(hub: &Hub, viewer: &Viewer, whose: &[Destination]) -> Result<HashMap<Destination, OnCall>, Error> {
    log::known(viewer)?;
    let (found, scope) = (hub.store().read(viewer).await?.on_calls_of(whose).await?, Scope::of(viewer));
    let seen = found.into_iter().filter(|chain| sees_on_call(&scope, chain));
    let opened = seen.map(|chain| Ok((chain.whose, hub.store().opened_chain(chain)?)));
    opened.collect()
}
