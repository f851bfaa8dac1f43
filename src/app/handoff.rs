//! Verbs of handoffs: announced by a pathway, and moved by both parties to their end.
use super::error::Error;
use super::keyed::{remember, replayed_one};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::bed::BedUnit;
use crate::domain::entry::{Changed, Version};
use crate::domain::handoff::{FailReason, Handoff, Move, MoveRefused, NeedSummary, NewHandoff};
use crate::domain::hold::{Hold, HoldChange, NewHold, ReleaseReason, Side};
use crate::domain::id::{BedHoldId, BedUnitId, HandoffId, PathwayId};
use crate::domain::need::{Criterion, Fit, Need, Reason};
use crate::domain::pathway::{Pathway, PathwayDetails, PathwayMode};
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::policy::view::{self, HandoffView};
use crate::policy::{Scope, Viewer};
pub use crate::store::HandoffFilter;
use crate::store::{Committed, Keyed, Tx};

/// Announces a handoff.
#[derive(Clone, Debug)]
pub struct Announce {
    /// By which pathway.
    pub pathway: PathwayId,
    /// To which unit of its service.
    pub unit: BedUnitId,
    /// What is known of the need.
    pub need: Need,
    /// In how many minutes the person is expected; as the pathway says when not given.
    pub arrive_minutes: Option<u32>,
    /// The call sign of the field unit that a dispatcher announces for.
    pub on_behalf_of: Option<String>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Moves a handoff.
#[derive(Clone, Debug)]
pub struct MoveHandoff {
    /// The handoff.
    pub handoff: HandoffId,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// Where to.
    pub to: Move,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// What a write leaves: the handoff, the unit where it changed, and whether it had been done before.
type Written = (Handoff, Option<BedUnit>, bool);

/// Announces somebody by a pathway that refuses nobody: accepted as it is made, with a place kept where one is free.
pub async fn announce(hub: &Hub, viewer: &Viewer, input: Announce) -> Result<Outcome<HandoffView>, Error> {
    log::known(viewer)?;
    if input.on_behalf_of.is_some() && viewer.role() != Some(Role::Dispatcher) {
        return Err(Error::BadInput("`onBehalfOf` is for dispatchers: leave it out".into()));
    }
    let input = &input;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            match done_before(&tx, input.keyed.as_ref()).await? {
                Some(handoff) => Ok(tx.commit((handoff, None, true)).await?),
                None => announce_in(tx, hub, viewer, input).await,
            }
        })
        .await;
    settled(hub, viewer, written)
}

async fn announce_in(tx: Tx, hub: &Hub, viewer: &Viewer, input: &Announce) -> Result<Committed<Written>, Error> {
    let pathway = tx.consult::<PathwayDetails>(input.pathway).await?.ok_or(Error::NotFound)?;
    let unit = tx.bed_unit(input.unit).await?.ok_or(Error::NotFound)?;
    if unit.definition().service != pathway.details.terms.service {
        return Err(Error::BadInput("`unitId` is a unit of another service than the pathway leads to".into()));
    }
    let (id, now) = (tx.id(), tx.now());
    let permit = permit::announce(viewer, &unit, id)?;
    may_enter(viewer, &pathway, &unit, &input.need, now)?;
    let arrive = input.arrive_minutes.unwrap_or(pathway.details.terms.arrive_minutes);
    let minutes = arrive.saturating_add(pathway.details.terms.hold_minutes);
    let (hold, unit) = keep_place(&tx, hub, viewer, &permit, unit, minutes).await?;
    let new = NewHandoff {
        id,
        sender: viewer.organization().ok_or(Error::Forbidden)?,
        sent_by: viewer.grant_id(),
        on_behalf_of: input.on_behalf_of.clone(),
        need: NeedSummary::from(&input.need),
        arrive_minutes: input.arrive_minutes,
        hold,
    };
    let changed = Handoff::announce(new, &pathway, &unit, now)?;
    finish(tx, permit, changed, hold.map(|_| unit), input.keyed.as_ref()).await
}

/// Refuses what the pathway does not take, or not now, or not from this role.
fn may_enter(viewer: &Viewer, pathway: &Pathway, unit: &BedUnit, need: &Need, now: At) -> Result<(), Error> {
    let terms = &pathway.details.terms;
    let refused = |code, field: &str| Problem::new(code).at(&[field]).with_current(pathway.id);
    if pathway.retired || unit.entry.retired {
        return Err(Error::Refused(vec![refused(ProblemCode::Retired, "pathwayId")]));
    }
    if !viewer.role().is_some_and(|role| terms.is_open_to(role, now)) {
        return Err(Error::Refused(vec![refused(ProblemCode::PathwayClosed, "pathwayId")]));
    }
    if terms.mode != PathwayMode::Announce {
        let says = "This pathway is asked, not announced: call, and ask for a place.".to_owned();
        return Err(Error::Refused(vec![refused(ProblemCode::WrongState, "pathwayId").saying(says)]));
    }
    let unmet = |reason: &Reason| reason.fit == Fit::NotMet && reason.criterion != Criterion::Payer;
    let problems: Vec<Problem> = terms
        .reasons(need, now)
        .iter()
        .filter(|reason| unmet(reason))
        .map(|reason| refused(ProblemCode::CriteriaNotMet, "need").saying(reason.says.into()))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Refused(problems)) }
}

/// Keeps a place on a unit for whoever is announced, as its agency would: where one is free, and nothing where none is.
async fn keep_place(
    tx: &Tx,
    hub: &Hub,
    viewer: &Viewer,
    permit: &Permit<SendHandoff>,
    unit: BedUnit,
    minutes: u32,
) -> Result<(Option<BedHoldId>, BedUnit), Error> {
    let limits = hub.rules().holds;
    let id: BedHoldId = tx.id();
    let minutes = Some(minutes.clamp(1, limits.owner_minutes_max));
    let holder = viewer.organization().ok_or(Error::Forbidden)?;
    let new = NewHold { id, holder, placed_by: viewer.grant_id(), need: None, minutes };
    match Hold::place(&unit, new, Side::Owner, &limits, tx.now()) {
        Ok(change) => Ok((Some(id), save_hold(tx, permit, (&unit, None), change).await?)),
        // No place is free, or none is ever kept here: the person comes all the same.
        Err(_) => Ok((None, unit)),
    }
}

async fn save_hold(
    tx: &Tx,
    permit: &Permit<SendHandoff>,
    (unit, stands): (&BedUnit, Option<&Hold>),
    change: HoldChange,
) -> Result<BedUnit, Error> {
    let permits = permit::hold_of_handoff(permit, unit, change.hold.state().id, stands);
    tx.save(permits.unit, &change.unit).await?;
    tx.save(permits.hold, &change.hold).await?;
    Ok(change.unit.into_state())
}

/// Moves a handoff, for the party that the viewer belongs to.
pub async fn go(hub: &Hub, viewer: &Viewer, input: MoveHandoff) -> Result<Outcome<HandoffView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            match done_before(&tx, input.keyed.as_ref()).await? {
                Some(handoff) => Ok(tx.commit((handoff, None, true)).await?),
                None => go_in(tx, hub, viewer, input).await,
            }
        })
        .await;
    settled(hub, viewer, written)
}

async fn go_in(tx: Tx, hub: &Hub, viewer: &Viewer, input: &MoveHandoff) -> Result<Committed<Written>, Error> {
    let mut handoff = tx.handoff(input.handoff).await?.ok_or(Error::NotFound)?;
    let (party, permit) = permit::move_handoff(viewer, &handoff, input.to.step())?;
    let refused = |why: MoveRefused, handoff: &Handoff| {
        let code = match why {
            MoveRefused::WrongState => ProblemCode::WrongState,
            MoveRefused::StaleVersion => ProblemCode::StaleVersion,
        };
        Error::Refused(vec![Problem::new(code).at(&["handoffId"]).with_current(handoff.id)])
    };
    handoff.expect(input.expected_version).map_err(|why| refused(why, &handoff))?;
    handoff.go(input.to, party, tx.now()).map_err(|why| refused(why, &handoff))?;
    let unit = settle_place(&tx, hub, viewer, &permit, &mut handoff, input.to).await?;
    let changed = handoff.go(input.to, party, tx.now()).map_err(|why| refused(why, &handoff))?;
    finish(tx, permit, changed, unit, input.keyed.as_ref()).await
}

/// What a move does to the place that is kept: an arrival takes it, an end gives it back.
async fn settle_place(
    tx: &Tx,
    hub: &Hub,
    viewer: &Viewer,
    permit: &Permit<SendHandoff>,
    handoff: &mut Handoff,
    to: Move,
) -> Result<Option<BedUnit>, Error> {
    let reason = match to {
        Move::Depart | Move::Confirm => return Ok(None),
        Move::Arrive => None,
        Move::Redirect(_) => Some(ReleaseReason::WentElsewhere),
        Move::Fail(why) => Some(release_reason(why)),
    };
    // Whoever no longer sees the unit leaves the place to its clock.
    let Some(mut unit) = tx.bed_unit(handoff.unit).await? else { return Ok(None) };
    let now = tx.now();
    let mut hold = match handoff.hold {
        Some(id) => tx.bed_hold(id).await?.filter(|hold| hold.stands(now).is_ok()),
        None => None,
    };
    if hold.is_none() && reason.is_none() {
        // The place was not kept, or not that long; whoever is there takes one that is shown free.
        let (kept, with_it) = keep_place(tx, hub, viewer, permit, unit, 1).await?;
        (handoff.hold, unit) = (kept.or(handoff.hold), with_it);
        hold = match kept {
            Some(id) => tx.bed_hold(id).await?,
            None => None,
        };
    }
    let Some(hold) = hold else { return Ok(None) };
    let change = match reason {
        None => hold.arrive(&unit, now),
        Some(reason) => hold.release(&unit, reason, Side::Holder, now),
    };
    match change {
        Ok(change) => Ok(Some(save_hold(tx, permit, (&unit, Some(&hold)), change).await?)),
        Err(_) => Ok(None),
    }
}

fn release_reason(why: FailReason) -> ReleaseReason {
    match why {
        FailReason::NoShow | FailReason::LeftBeforeHandoff | FailReason::Transport => ReleaseReason::NoArrival,
        FailReason::MedicalDivert => ReleaseReason::WentElsewhere,
        FailReason::PersonChoseOtherwise => ReleaseReason::PersonChoseOtherwise,
        FailReason::NoLongerNeeded => ReleaseReason::NoLongerNeeded,
        FailReason::Mistake => ReleaseReason::Mistake,
    }
}

async fn finish(
    tx: Tx,
    permit: Permit<SendHandoff>,
    changed: Changed<Handoff>,
    unit: Option<BedUnit>,
    keyed: Option<&Keyed>,
) -> Result<Committed<Written>, Error> {
    tx.save(permit, &changed).await?;
    let handoff = changed.into_state();
    remember(&tx, keyed, [handoff.id]).await?;
    Ok(tx.commit((handoff, unit, false)).await?)
}

/// The handoff that the key was used for before, read again through the viewer's present scope.
async fn done_before(tx: &Tx, keyed: Option<&Keyed>) -> Result<Option<Handoff>, Error> {
    let Some(id) = replayed_one(tx, keyed).await? else { return Ok(None) };
    Ok(Some(tx.handoff(id).await?.ok_or(Error::NotFound)?))
}

fn settled(hub: &Hub, viewer: &Viewer, written: Result<Written, Error>) -> Result<Outcome<HandoffView>, Error> {
    Outcome::settle(written.and_then(|(handoff, unit, replayed)| {
        hub.board().learn_units(&unit);
        let view = view::handoff(&Scope::of(viewer), handoff, hub.clock().now()).ok_or(Error::NotFound)?;
        Ok(Outcome::done(view, replayed))
    }))
}

/// Handoffs by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[HandoffId]) -> Result<Vec<Option<HandoffView>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.handoffs(ids).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let one = |id: &HandoffId| view::handoff(&scope, found.iter().find(|one| one.id == *id)?.clone(), now);
    Ok(ids.iter().map(one).collect())
}

/// Handoffs of a filter between two ids, latest first; its first `most`, or with `from_end` its last.
pub async fn list(
    hub: &Hub,
    viewer: &Viewer,
    filter: HandoffFilter,
    between: (Option<HandoffId>, Option<HandoffId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<HandoffView>, Error> {
    log::known(viewer)?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let filter = HandoffFilter { veiled: view::hides_outcomes(&scope), ..filter };
    let handoffs = hub.store().read(viewer).await?.list_handoffs(&filter, between, most, from_end).await?;
    Ok(handoffs.into_iter().filter_map(|handoff| view::handoff(&scope, handoff, now)).collect())
}
