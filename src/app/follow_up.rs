//! Verbs of follow-ups: what is done for somebody after a handoff, planned with it or later, and how it went.
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log, share};
use crate::domain::entry::Changed;
use crate::domain::follow_up::{
    AFTER_CALLS_MAX, AfterCall, FOLLOW_UPS_MAX, FollowUp, FollowUpOutcome, FollowUpTerm, NotRecorded, OF_PERSON_MAX,
};
use crate::domain::handoff::{Handoff, HandoffState};
use crate::domain::id::{FollowUpId, HandoffId};
use crate::domain::text;
use crate::domain::time::At;
use crate::policy::permit;
use crate::policy::view::{self, FollowUpView};
use crate::policy::{Scope, Viewer};
pub use crate::store::FollowUpFilter;
use crate::store::{Committed, Keyed, Tx};

/// Most characters of an agency's own reference of a person.
const REFERENCE_MAX: usize = 128;
/// Most follow-ups after one handoff: those of the pathway, and as many of each agency's own.
const AFTER_ONE_MAX: usize = 3 * FOLLOW_UPS_MAX;

/// Plans a follow-up after a handoff.
#[derive(Clone, Debug)]
pub struct PlanFollowUp {
    /// After which handoff.
    pub handoff: HandoffId,
    /// Who follows up, and within how many hours.
    pub term: FollowUpTerm,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Plans a follow-up after a call that needed no handoff.
#[derive(Clone)]
pub struct PlanAfterCall {
    /// The agency's own reference of the person; it is kept as a digest alone.
    pub reference: String,
    /// The person agreed to be called.
    pub person_agreed: bool,
    /// Who follows up, and within how many hours.
    pub term: FollowUpTerm,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Says how a follow-up went.
#[derive(Clone, Debug)]
pub struct RecordFollowUp {
    /// The follow-up.
    pub follow_up: FollowUpId,
    /// The version that the client read; any when not given.
    pub expected_version: Option<i64>,
    /// How it went.
    pub outcome: FollowUpOutcome,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// What the pathway lets follow begins when the person is in the receiver's care.
pub(super) async fn follows(tx: &Tx, after: &Handoff, now: At) -> Result<(), Error> {
    for planned in begun(tx, after, now)? {
        tx.save(permit::follow(planned.state())?, &planned).await?;
    }
    Ok(())
}

/// The same, where nobody said the last word but the hub.
pub(super) async fn follows_silence(tx: &Tx, me: &Viewer, after: &Handoff, now: At) -> Result<(), Error> {
    for planned in begun(tx, after, now)? {
        let permit = permit::tell_new_follow_up(me, planned.state())?;
        tx.save(permit, &planned).await?;
    }
    Ok(())
}

/// At the instant of the transfer: the log is in the order of its instants.
fn begun(tx: &Tx, after: &Handoff, now: At) -> Result<Vec<Changed<FollowUp>>, Error> {
    let terms = after.course.follow_ups.iter().filter(|_| after.state == HandoffState::Transferred);
    let plan = |term: &FollowUpTerm| Ok(FollowUp::plan(tx.id(), after, after.receiver, *term, now)?);
    terms.map(plan).collect()
}

/// Plans a follow-up for the viewer's agency, after a handoff in which the person came into care.
pub async fn plan(hub: &Hub, viewer: &Viewer, input: PlanFollowUp) -> Result<Outcome<FollowUpView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| plan_in(tx, viewer, input)).await?;
    done.seen(|follow_up| view::follow_up(&Scope::of(viewer), follow_up))
}

async fn plan_in(tx: Tx, viewer: &Viewer, input: &PlanFollowUp) -> Result<Committed<FollowUp>, Error> {
    // Locked, so that whoever else plans one waits to count.
    let handoff = tx.handoff(input.handoff).await?.ok_or(Error::NotFound)?;
    let id = tx.id();
    let permit = permit::plan_follow_up(viewer, &handoff, id)?;
    let refused = |code| Error::Refused(vec![Problem::new(code).at(&["handoffId"]).with_current(handoff.id)]);
    if !matches!(handoff.state, HandoffState::Received | HandoffState::Transferred) {
        return Err(refused(ProblemCode::WrongState));
    }
    if tx.follow_ups_of(handoff.id).await?.len() >= AFTER_ONE_MAX {
        return Err(refused(ProblemCode::OutOfRange));
    }
    let owner = viewer.organization().ok_or(Error::Forbidden)?;
    let planned = FollowUp::plan(id, &handoff, owner, input.term, tx.now())?;
    tx.save(permit, &planned).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(planned.into_state()).await?)
}

/// Plans a follow-up for the viewer's agency, after a call that needed no handoff.
pub async fn plan_after_call(hub: &Hub, viewer: &Viewer, input: PlanAfterCall) -> Result<Outcome<FollowUpView>, Error> {
    log::known(viewer)?;
    text::line("personReference", &input.reference, REFERENCE_MAX)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| plan_after_call_in(tx, hub, viewer, input)).await?;
    done.seen(|follow_up| view::follow_up(&Scope::of(viewer), follow_up))
}

async fn plan_after_call_in(
    tx: Tx,
    hub: &Hub,
    viewer: &Viewer,
    input: &PlanAfterCall,
) -> Result<Committed<FollowUp>, Error> {
    let id = tx.id();
    let (owner, region, permit) = permit::follow_up_call(viewer, id)?;
    let refused = |code, path: &str| Error::Refused(vec![Problem::new(code).at(&[path])]);
    if !input.person_agreed {
        let says = "The person has to agree to be called: without that nobody is followed up.".to_owned();
        let problem = Problem::new(ProblemCode::ConsentRequired).at(&["personAgreed"]).saying(says);
        return Err(Error::Refused(vec![problem]));
    }
    let person = hub.store().person_ref(owner, &input.reference)?;
    let (due, of_person) = tx.due_after_calls(owner, person).await?;
    if due >= AFTER_CALLS_MAX || of_person >= OF_PERSON_MAX {
        return Err(refused(ProblemCode::OutOfRange, "personReference"));
    }
    let planned = FollowUp::plan_after_call(AfterCall { id, region, owner, person }, input.term, tx.now())?;
    tx.save(permit, &planned).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(planned.into_state()).await?)
}

/// Says how a follow-up of the viewer's agency went.
pub async fn record(hub: &Hub, viewer: &Viewer, input: RecordFollowUp) -> Result<Outcome<FollowUpView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| record_in(tx, viewer, input)).await?;
    done.seen(|follow_up| view::follow_up(&Scope::of(viewer), follow_up))
}

async fn record_in(tx: Tx, viewer: &Viewer, input: &RecordFollowUp) -> Result<Committed<FollowUp>, Error> {
    let follow_up = tx.follow_up(input.follow_up).await?.ok_or(Error::NotFound)?;
    let permit = permit::record_follow_up(viewer, &follow_up)?;
    let refused = |code| Error::Refused(vec![Problem::new(code).at(&["followUpId"]).with_current(follow_up.id)]);
    if input.expected_version.is_some_and(|version| version != follow_up.version) {
        return Err(refused(ProblemCode::StaleVersion));
    }
    let changed = follow_up.record(input.outcome, tx.now()).map_err(|why| match why {
        NotRecorded::Ended => refused(ProblemCode::WrongState),
        NotRecorded::TriedOften => refused(ProblemCode::OutOfRange),
    })?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [follow_up.id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// Follow-ups by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[FollowUpId]) -> Result<Vec<Option<FollowUpView>>, Error> {
    log::known(viewer)?;
    let reader = hub.store().read(viewer).await?;
    let found = share::follow_ups(hub, viewer, &reader, reader.follow_ups(ids).await?).await?;
    let one = |id: &FollowUpId| found.iter().find(|view| view.follow_up().id == *id).copied();
    Ok(ids.iter().map(one).collect())
}

/// Follow-ups of a filter between two ids, latest first; its first `most`, or with `from_end` its last.
pub async fn list(
    hub: &Hub,
    viewer: &Viewer,
    filter: &FollowUpFilter,
    between: (Option<FollowUpId>, Option<FollowUpId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<FollowUpView>, Error> {
    log::known(viewer)?;
    let reader = hub.store().read(viewer).await?;
    let found = reader.list_follow_ups(filter, between, most, from_end).await?;
    share::follow_ups(hub, viewer, &reader, found).await
}
