//! Verbs of handoffs: announced by a pathway, and moved by both parties to their end.
use super::error::Error;
use super::keyed::{remember, replayed_one};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::bed::{BedUnit, Seat};
use crate::domain::entry::{Changed, Version};
use crate::domain::facility::FacilityDetails;
use crate::domain::handoff::{FailReason, Handoff, Move, MoveRefused, NeedSummary, NewHandoff};
use crate::domain::hold::{Hold, HoldChange, HoldRefused, HoldState, NewHold, ReleaseReason, Side};
use crate::domain::id::{BedHoldId, BedUnitId, GrantId, HandoffId, OrganizationId, PathwayId};
use crate::domain::need::{self, Criterion, Fit, Need, Reason};
use crate::domain::pathway::{Pathway, PathwayDetails, PathwayMode};
use crate::domain::role::Role;
use crate::domain::service::ServiceDetails;
use crate::domain::time::At;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::policy::view::{self, HandoffView};
use crate::policy::{Scope, Viewer};
pub use crate::store::HandoffFilter;
use crate::store::{Committed, Keyed, Tx};
use std::sync::Arc;

/// Most people of one agency, under way at once, for whom places are kept: more is no night's work, but a key that got lost.
const KEPT_MAX: usize = 100;

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
    /// A hold of the sender's on the unit, to go on with.
    pub hold: Option<BedHoldId>,
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
                // On the heap: what it holds at once is more than a worker's stack should carry.
                None => Box::pin(announce_in(tx, hub, viewer, input)).await,
            }
        })
        .await;
    settled(hub, viewer, written)
}

async fn announce_in(tx: Tx, hub: &Hub, viewer: &Viewer, input: &Announce) -> Result<Committed<Written>, Error> {
    let sender = viewer.organization().ok_or(Error::Forbidden)?;
    // Locked before any row, as where a hold is placed: whoever announces for this agency waits here.
    let kept = tx.holds_of(sender, tx.now()).await?;
    if kept.iter().filter(|hold| hold.is_of_handoff()).count() >= KEPT_MAX {
        let says = format!("Places are kept for {KEPT_MAX} people of your agency: say of some how they went, or call.");
        return Err(Error::Refused(vec![Problem::new(ProblemCode::HoldLimit).saying(says)]));
    }
    let pathway = tx.consult::<PathwayDetails>(input.pathway).await?.ok_or(Error::NotFound)?;
    let service = tx.consult::<ServiceDetails>(pathway.details.terms.service).await?.ok_or(Error::NotFound)?;
    let unit = tx.bed_unit(input.unit).await?.ok_or(Error::NotFound)?;
    if unit.definition().service != pathway.details.terms.service {
        return Err(Error::BadInput("`unitId` is a unit of another service than the pathway leads to".into()));
    }
    let facility = tx.consult::<FacilityDetails>(unit.definition().facility).await?.ok_or(Error::NotFound)?;
    let (service, facility) = (Arc::new(service), Arc::new(facility));
    let seat = Seat { unit: Arc::new(unit.clone()), service, facility, offered: true };
    let (id, now) = (tx.id(), tx.now());
    let permit = permit::announce(viewer, &unit, id)?;
    may_enter(viewer, &pathway, &seat, &input.need, now)?;
    let arrive = input.arrive_minutes.unwrap_or(pathway.details.terms.arrive_minutes);
    let minutes = arrive.saturating_add(pathway.details.terms.hold_minutes);
    let keeping =
        Keeping { tx: &tx, hub, permit: &permit, handoff: id, holder: sender, placed_by: viewer.grant_id(), now };
    let (hold, unit) = match input.hold {
        Some(held) => keeping.adopt(unit, held, minutes).await?,
        None => keeping.keep(unit, minutes).await?,
    };
    let new = NewHandoff {
        id,
        sender,
        sent_by: viewer.grant_id(),
        on_behalf_of: input.on_behalf_of.clone(),
        need: NeedSummary::from(&input.need),
        arrive_minutes: input.arrive_minutes,
        hold,
    };
    let changed = Handoff::announce(new, &pathway, &unit, now)?;
    finish(tx, permit, changed, hold.map(|_| unit), input.keyed.as_ref()).await
}

/// Refuses what the pathway or the unit does not take, or not now, or not from this role.
fn may_enter(viewer: &Viewer, pathway: &Pathway, seat: &Seat, need: &Need, now: At) -> Result<(), Error> {
    let (terms, service) = (&pathway.details.terms, &seat.service);
    let refused = |code, field: &str| Problem::new(code).at(&[field]).with_current(pathway.id);
    if pathway.retired || seat.unit.entry.retired || service.retired {
        return Err(Error::Refused(vec![refused(ProblemCode::Retired, "pathwayId")]));
    }
    if terms.mode != PathwayMode::Announce {
        let says = "This pathway is asked, not announced: call, and ask for a place.".to_owned();
        return Err(Error::Refused(vec![refused(ProblemCode::WrongState, "pathwayId").saying(says)]));
    }
    // A service that may refuse by now has no door to announce to.
    if !service.details.no_refusal || !viewer.role().is_some_and(|role| terms.is_open_to(role, now)) {
        return Err(Error::Refused(vec![refused(ProblemCode::PathwayClosed, "pathwayId")]));
    }
    // The same points as in the search, but for the free place: who refuses nobody is full for nobody.
    let unmet = |reason: &&Reason| {
        reason.fit == Fit::NotMet && !matches!(reason.criterion, Criterion::Capacity | Criterion::Payer)
    };
    let problems: Vec<Problem> = need::reasons(need, seat, &terms.reasons(need, now), now)
        .iter()
        .filter(unmet)
        .map(|reason| refused(ProblemCode::CriteriaNotMet, "need").saying(reason.says.into()))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Refused(problems)) }
}

/// The place that is kept for a handoff, within a write that may move the handoff.
struct Keeping<'a> {
    tx: &'a Tx,
    hub: &'a Hub,
    permit: &'a Permit<SendHandoff>,
    handoff: HandoffId,
    /// The sender: whoever acts, it is kept for them.
    holder: OrganizationId,
    placed_by: Option<GrantId>,
    /// One instant for the whole write: the log is in the order of its instants.
    now: At,
}

impl Keeping<'_> {
    /// Keeps a place as the unit's agency would: where one is free, and nothing where none is.
    async fn keep(&self, unit: BedUnit, minutes: u32) -> Result<(Option<BedHoldId>, BedUnit), Error> {
        let limits = self.hub.rules().holds;
        let id: BedHoldId = self.tx.id();
        let minutes = Some(minutes.clamp(1, limits.owner_minutes_max));
        let (holder, placed_by) = (self.holder, self.placed_by);
        let new = NewHold { id, holder, placed_by, need: Some(Hold::need_of(self.handoff)), minutes };
        match Hold::place(&unit, new, Side::Owner, &limits, self.now) {
            Ok(change) => Ok((Some(id), self.save(&unit, None, change).await?)),
            // No place is free, or none is ever kept here: the person comes all the same.
            Err(_) => Ok((None, unit)),
        }
    }

    /// Takes over a hold that the sender has on the unit already, and lets it last as long as a new one would.
    async fn adopt(&self, unit: BedUnit, held: BedHoldId, minutes: u32) -> Result<(Option<BedHoldId>, BedUnit), Error> {
        let hold = self.tx.bed_hold(held).await?.ok_or(Error::NotFound)?;
        let limits = self.hub.rules().holds;
        if hold.unit != unit.id() || hold.holder != self.holder || hold.is_of_handoff() {
            return Err(Error::BadInput(
                "`holdId` is a hold of your agency on this unit, and of no other handoff".into(),
            ));
        }
        let minutes = minutes.clamp(1, limits.owner_minutes_max);
        let extended = hold.adopted(&unit, Hold::need_of(self.handoff), minutes, self.now);
        let change = extended.map_err(|_| {
            Error::Refused(vec![Problem::new(ProblemCode::HoldExpired).at(&["holdId"]).with_current(hold.id)])
        })?;
        Ok((Some(held), self.save(&unit, Some(&hold), change).await?))
    }

    async fn save(&self, unit: &BedUnit, stands: Option<&Hold>, change: HoldChange) -> Result<BedUnit, Error> {
        let permits = permit::hold_of_handoff(self.permit, unit, change.hold.state().id, stands);
        self.tx.save(permits.unit, &change.unit).await?;
        self.tx.save(permits.hold, &change.hold).await?;
        Ok(change.unit.into_state())
    }

    /// What a move does to the place: an arrival takes it, an end gives it back. Answers the hold, and the unit where it
    /// changed.
    async fn settle(
        &self,
        kept: Option<BedHoldId>,
        unit: BedUnit,
        to: Move,
    ) -> Result<(Option<BedHoldId>, Option<BedUnit>), Error> {
        let now = self.now;
        let hold = match kept {
            Some(id) => self.tx.bed_hold(id).await?,
            None => None,
        };
        let taken = hold.as_ref().is_some_and(|hold| hold.state == HoldState::Consumed);
        let hold = hold.filter(|hold| taken || hold.stands(now).is_ok());
        match (to, hold) {
            (Move::Depart | Move::Confirm, _) => Ok((kept, None)),
            // Somebody has said so already, of the hold.
            (Move::Arrive, Some(_)) if taken => Ok((kept, None)),
            (Move::Arrive, Some(hold)) => Ok((kept, self.change(&unit, &hold, hold.arrive(&unit, now)).await?)),
            // The place was not kept, or not that long: whoever is there takes one that is shown free.
            (Move::Arrive, None) => {
                let (Some(new), unit) = self.keep(unit, 1).await? else { return Ok((kept, None)) };
                let hold = self.tx.bed_hold(new).await?.ok_or(Error::NotFound)?;
                Ok((Some(new), self.change(&unit, &hold, hold.arrive(&unit, now)).await?))
            }
            // Who is not there any more is not counted.
            (Move::Redirect(_) | Move::Fail(_), Some(hold)) if taken => match unit.without_arrival(hold.id, now) {
                Some(changed) => {
                    let permits = permit::hold_of_handoff(self.permit, &unit, hold.id, Some(&hold));
                    self.tx.save(permits.unit, &changed).await?;
                    Ok((kept, Some(changed.into_state())))
                }
                None => Ok((kept, None)),
            },
            (Move::Redirect(_), Some(hold)) => {
                let change = hold.release(&unit, ReleaseReason::WentElsewhere, Side::Holder, now);
                Ok((kept, self.change(&unit, &hold, change).await?))
            }
            (Move::Fail(why), Some(hold)) => {
                let change = hold.release(&unit, release_reason(why), Side::Holder, now);
                Ok((kept, self.change(&unit, &hold, change).await?))
            }
            (Move::Redirect(_) | Move::Fail(_), None) => Ok((kept, None)),
        }
    }

    async fn change(
        &self,
        unit: &BedUnit,
        hold: &Hold,
        change: Result<HoldChange, HoldRefused>,
    ) -> Result<Option<BedUnit>, Error> {
        match change {
            Ok(change) => Ok(Some(Box::pin(self.save(unit, Some(hold), change)).await?)),
            Err(_) => Ok(None),
        }
    }
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
                None => Box::pin(go_in(tx, hub, viewer, input)).await,
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
    // Whoever no longer sees the unit leaves the place to its clock.
    let unit = match input.to {
        Move::Depart | Move::Confirm => None,
        Move::Arrive | Move::Redirect(_) | Move::Fail(_) => tx.bed_unit(handoff.unit).await?,
    };
    // Asked when both are locked.
    let now = tx.now();
    handoff.go(input.to, party, now).map_err(|why| refused(why, &handoff))?;
    let unit = match unit {
        Some(unit) => {
            let (holder, placed_by) = (handoff.sender, viewer.grant_id());
            let keeping = Keeping { tx: &tx, hub, permit: &permit, handoff: handoff.id, holder, placed_by, now };
            let (hold, unit) = Box::pin(keeping.settle(handoff.hold, unit, input.to)).await?;
            handoff.hold = hold;
            unit
        }
        None => None,
    };
    let changed = handoff.go(input.to, party, now).map_err(|why| refused(why, &handoff))?;
    finish(tx, permit, changed, unit, input.keyed.as_ref()).await
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
    filter: &HandoffFilter,
    between: (Option<HandoffId>, Option<HandoffId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<HandoffView>, Error> {
    log::known(viewer)?;
    let handoffs = hub.store().read(viewer).await?.list_handoffs(filter, between, most, from_end).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    Ok(handoffs.into_iter().filter_map(|handoff| view::handoff(&scope, handoff, now)).collect())
}
