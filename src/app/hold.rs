//! Verbs of holds.
use super::error::Error;
use super::keyed::{Again, once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::bed::BedUnit;
use crate::domain::entry::{Changed, Version};
use crate::domain::hold::{Hold, HoldChange, HoldRefused, NewHold, ReleaseReason, Side};
use crate::domain::id::{BedHoldId, BedUnitId, GlobalId, OrganizationId};
use crate::domain::time::At;
use crate::policy::permit::{self, HoldPermits};
use crate::policy::view::{self, HoldView};
use crate::policy::{Scope, Viewer};
pub use crate::store::HoldFilter;
use crate::store::{Committed, Keyed, Tx};

/// Holds a place.
#[derive(Clone, Debug)]
pub struct HoldBed {
    /// On which unit.
    pub unit: BedUnitId,
    /// How long, in minutes; the hub's default when not given.
    pub minutes: Option<u32>,
    /// The client's own name for the need; kept as a digest.
    pub need: Option<String>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Changes a hold.
#[derive(Clone, Debug)]
pub struct ChangeHold {
    /// The hold.
    pub hold: BedHoldId,
    /// The generation that the client read; any when not given.
    pub generation: Option<Version>,
    /// What to do with it.
    pub to: HoldTo,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// What to do with a hold.
#[derive(Clone, Copy, Debug)]
pub enum HoldTo {
    /// Let it last so many minutes from now.
    Extend(u32),
    /// Give it back, or take it back.
    Release(ReleaseReason),
    /// The person has arrived.
    Arrive,
}

/// What a write leaves: the hold, and the unit where it changed.
type Written = (Hold, Option<BedUnit>);

impl Again for Written {
    type Id = BedHoldId;

    async fn again(tx: &Tx, ids: &[BedHoldId]) -> Result<Option<Self>, Error> {
        Ok(Hold::again(tx, ids).await?.map(|hold| (hold, None)))
    }
}

/// Holds a place on a unit, under its hold policy, while there is one.
pub async fn place(hub: &Hub, viewer: &Viewer, input: HoldBed) -> Result<Outcome<HoldView>, Error> {
    log::known(viewer)?;
    let holder = viewer.organization().ok_or(Error::Forbidden)?;
    let need = input.need.as_ref().map(|need| hub.seal().digest(&format!("need of {holder}"), need));
    let (input, need) = (&input, &need);
    let done =
        once(hub, viewer, input.keyed.as_ref(), |tx| place_in(tx, hub, viewer, (holder, need.clone()), input)).await?;
    shown(hub, viewer, done)
}

async fn place_in(
    tx: Tx,
    hub: &Hub,
    viewer: &Viewer,
    (holder, need): (OrganizationId, Option<String>),
    input: &HoldBed,
) -> Result<Committed<Written>, Error> {
    // Locked before the unit: whoever places a hold for this agency waits here, and units are locked last.
    let others = tx.holds_of(holder, tx.now()).await?;
    let unit = tx.bed_unit(input.unit).await?.ok_or(Error::NotFound)?;
    let id: BedHoldId = tx.id();
    let permits = permit::hold_bed(viewer, &unit, id, None)?;
    let limits = hub.rules().holds;
    let now = tx.now();
    let standing = || others.iter().filter(|hold| now < hold.until);
    if let Some(twin) = need.as_ref().and_then(|need| standing().find(|hold| hold.need.as_ref() == Some(need))) {
        let says = "This need has a hold already: release it first, or go on with it.".to_owned();
        let problem = Problem::new(ProblemCode::HoldLimit).saying(says).at(&["needRef"]).with_current(twin.id);
        return Err(Error::Refused(vec![problem]));
    }
    let tentative = standing().filter(|hold| hold.owner != holder && !hold.is_of_handoff()).count();
    if permits.side == Side::Holder && tentative >= usize::try_from(limits.per_agency_max).unwrap_or(usize::MAX) {
        return Err(Error::Refused(vec![Problem::new(ProblemCode::HoldLimit)]));
    }
    let new = NewHold { id, holder, placed_by: viewer.grant_id(), need, minutes: input.minutes };
    let change = Hold::place(&unit, new, permits.side, &limits, now);
    let change = change.map_err(|refused| problem(refused, &unit, "unitId", unit.id()))?;
    save(tx, permits, change, input.keyed.as_ref()).await
}

/// Extends a hold, gives it back, takes it back, or uses it up by an arrival.
pub async fn change(hub: &Hub, viewer: &Viewer, input: ChangeHold) -> Result<Outcome<HoldView>, Error> {
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| change_in(tx, hub, viewer, input)).await?;
    shown(hub, viewer, done)
}

async fn change_in(tx: Tx, hub: &Hub, viewer: &Viewer, input: &ChangeHold) -> Result<Committed<Written>, Error> {
    // Which unit it is on never changes; where the hold stands is read under the unit's lock.
    let on = tx.bed_hold(input.hold).await?.ok_or(Error::NotFound)?.unit;
    let unit = tx.bed_unit(on).await?.ok_or(Error::NotFound)?;
    let hold = tx.bed_hold(input.hold).await?.ok_or(Error::NotFound)?;
    let permits = permit::hold_bed(viewer, &unit, hold.id, Some(&hold))?;
    let (now, side) = (tx.now(), permits.side);
    let changed = hold.expect(input.generation).and_then(|()| match input.to {
        HoldTo::Extend(minutes) => hold.extend(&unit, minutes, side, &hub.rules().holds, now),
        HoldTo::Release(reason) => hold.release(&unit, reason, side, now).map(Some),
        HoldTo::Arrive => hold.arrive(&unit, now).map(Some),
    });
    if let Some(change) = changed.map_err(|refused| problem(refused, &unit, "holdId", hold.id))? {
        return save(tx, permits, change, input.keyed.as_ref()).await;
    }
    remember(&tx, input.keyed.as_ref(), [hold.id]).await?;
    Ok(tx.commit((hold, None)).await?)
}

async fn save(
    tx: Tx,
    permits: HoldPermits,
    change: HoldChange,
    keyed: Option<&Keyed>,
) -> Result<Committed<Written>, Error> {
    tx.save(permits.unit, &change.unit).await?;
    tx.save(permits.hold, &change.hold).await?;
    let hold = Changed::into_state(change.hold);
    remember(&tx, keyed, [hold.id]).await?;
    Ok(tx.commit((hold, Some(change.unit.into_state()))).await?)
}

fn problem(refused: HoldRefused, unit: &BedUnit, field: &str, current: impl Into<GlobalId>) -> Error {
    let code = match refused {
        HoldRefused::Retired => ProblemCode::Retired,
        HoldRefused::Policy => ProblemCode::HoldPolicy,
        HoldRefused::NoCapacity => ProblemCode::NoCapacity,
        HoldRefused::TooLong => {
            return Error::Refused(vec![Problem::new(ProblemCode::HoldTooLong).at(&["minutes"])]);
        }
        HoldRefused::Expired => ProblemCode::HoldExpired,
        HoldRefused::Ended => ProblemCode::WrongState,
        HoldRefused::StaleGeneration => ProblemCode::StaleVersion,
    };
    let problem = Problem::new(code).at(&[field]).with_current(current);
    let problem = match (refused, unit.definition().hold_policy) {
        (HoldRefused::Policy, crate::domain::bed::HoldPolicy::OnAccept) => {
            problem.saying("This unit keeps a place only when its own staff accept: call, or send an offer.".into())
        }
        _ => problem,
    };
    Error::Refused(vec![problem])
}

fn shown(hub: &Hub, viewer: &Viewer, done: Outcome<Written>) -> Result<Outcome<HoldView>, Error> {
    done.seen(|(hold, unit)| {
        hub.board().learn_units(&unit);
        view::hold(&Scope::of(viewer), hold, hub.clock().now())
    })
}

/// Holds by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[BedHoldId]) -> Result<Vec<Option<HoldView>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.bed_holds(ids).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let one = |id: &BedHoldId| view::hold(&scope, found.iter().find(|hold| hold.id == *id)?.clone(), now);
    Ok(ids.iter().map(one).collect())
}

/// Holds of a filter between two ids, latest first; its first `most`, or with `from_end` its last.
pub async fn list(
    hub: &Hub,
    viewer: &Viewer,
    filter: &HoldFilter,
    between: (Option<BedHoldId>, Option<BedHoldId>),
    most: u64,
    from_end: bool,
    now: At,
) -> Result<Vec<HoldView>, Error> {
    log::known(viewer)?;
    let holds = hub.store().read(viewer).await?.list_holds(filter, between, most, from_end).await?;
    let scope = Scope::of(viewer);
    Ok(holds.into_iter().filter_map(|hold| view::hold(&scope, hold, now)).collect())
}
