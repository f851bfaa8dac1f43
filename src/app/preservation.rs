//! Verbs of preservation: an agency's privacy office keeps what is written in a handoff beyond its retention, and lifts that.
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::entry::Version;
use crate::domain::handoff::Handoff;
use crate::domain::id::{HandoffId, PreservationId};
use crate::domain::preservation::{NewPreservation, Preservation, PreservationReason};
use crate::domain::time::At;
use crate::policy::keep::sees_preservation;
use crate::policy::{Scope, Viewer, permit};
pub use crate::store::PreservationFilter;
use crate::store::{Committed, Keyed, Tx};

/// Preserves what is written in a handoff.
#[derive(Clone, Debug)]
pub struct PreserveHandoff {
    /// The handoff.
    pub handoff: HandoffId,
    /// Why.
    pub reason: PreservationReason,
    /// Until when; until it is lifted when not given.
    pub until: Option<At>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Lifts a preservation.
#[derive(Clone, Debug)]
pub struct LiftPreservation {
    /// Which.
    pub preservation: PreservationId,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Preserves what is written in a handoff of the viewer's agency.
pub async fn preserve(hub: &Hub, viewer: &Viewer, input: PreserveHandoff) -> Result<Outcome<Preservation>, Error> {
    log::known(viewer)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| preserve_in(tx, viewer, input)).await
}

async fn preserve_in(tx: Tx, viewer: &Viewer, input: &PreserveHandoff) -> Result<Committed<Preservation>, Error> {
    let handoff = found(&tx, viewer, input.handoff).await?.ok_or(Error::NotFound)?;
    let id = tx.id();
    let now = tx.now();
    let permit = permit::preserve(viewer, &handoff, id, now)?;
    // One that lasts longer is placed beside it, so that it can be made longer without an instant between.
    let lasts = |stands: &Preservation| stands.until.is_none_or(|until| input.until.is_some_and(|new| new <= until));
    let before = tx.preservations_of(handoff.id, now).await?;
    if let Some(stands) = before.iter().find(|stands| lasts(stands)) {
        let problem = Problem::new(ProblemCode::AlreadyPreserved).at(&["handoffId"]).with_current(stands.id);
        return Err(Error::Refused(vec![problem]));
    }
    // To whoever does not preserve it, it is as over as if nobody did.
    let stands = !before.is_empty() && handoff.text_kept;
    if (handoff.times.text_shredded_at.is_some() && !stands) || !tx.is_kept(&handoff).await? {
        return Err(Error::Refused(vec![Problem::new(ProblemCode::RetentionEnded).at(&["handoffId"])]));
    }
    let (owner, placed_by) = viewer.organization().zip(viewer.grant_id()).ok_or(Error::Forbidden)?;
    let new = NewPreservation { id, owner, placed_by, reason: input.reason, until: input.until };
    let changed = Preservation::place(new, &handoff, now)?;
    tx.save(permit, &changed).await?;
    // Whoever destroys the handoff's month does not take it.
    tx.carry_key_on(handoff.id).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// The handoff, locked: as the viewer sees it, or for a privacy office that preserves what it does not read.
async fn found(tx: &Tx, viewer: &Viewer, id: HandoffId) -> Result<Option<Handoff>, Error> {
    match permit::privacy_office(viewer) {
        Some(own) => Ok(tx.handoff_of_party(id, own).await?),
        None => Ok(tx.handoff(id).await?),
    }
}

/// Lifts a preservation of the viewer's agency: what is over is shredded from now on.
pub async fn lift(hub: &Hub, viewer: &Viewer, input: LiftPreservation) -> Result<Outcome<Preservation>, Error> {
    log::known(viewer)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| lift_in(tx, viewer, input)).await
}

async fn lift_in(tx: Tx, viewer: &Viewer, input: &LiftPreservation) -> Result<Committed<Preservation>, Error> {
    let preservation = tx.preservation(input.preservation).await?.ok_or(Error::NotFound)?;
    let permit = permit::lift(viewer, &preservation)?;
    let refused = |code| Error::Refused(vec![Problem::new(code).at(&["preservationId"]).with_current(preservation.id)]);
    if input.expected_version.is_some_and(|version| version != preservation.version) {
        return Err(refused(ProblemCode::StaleVersion));
    }
    let changed = preservation.lift(tx.now()).ok_or_else(|| refused(ProblemCode::WrongState))?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [preservation.id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// Preservations by id, in the order asked; none for each that is absent, or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[PreservationId]) -> Result<Vec<Option<Preservation>>, Error> {
    log::known(viewer)?;
    let (found, scope) = (hub.store().read(viewer).await?.preservations(ids).await?, Scope::of(viewer));
    let one = |id: &PreservationId| found.iter().find(|one| one.id == *id && sees_preservation(&scope, one)).copied();
    Ok(ids.iter().map(one).collect())
}

/// Preservations of a filter between two ids, latest first; its first `most`, or with `from_end` its last.
pub async fn list(
    hub: &Hub,
    viewer: &Viewer,
    filter: &PreservationFilter,
    between: (Option<PreservationId>, Option<PreservationId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<Preservation>, Error> {
    log::known(viewer)?;
    let (reader, scope) = (hub.store().read(viewer).await?, Scope::of(viewer));
    let found = reader.list_preservations(filter, between, most, from_end).await?;
    Ok(found.into_iter().filter(|one| sees_preservation(&scope, one)).collect())
}
