//! The place that is kept for a handoff, within a write that moves the handoff.
use crate::app::Hub;
use crate::app::error::Error;
use crate::app::outcome::{Problem, ProblemCode};
use crate::domain::bed::BedUnit;
use crate::domain::handoff::{CHOICE_MINUTES, FailReason, Handoff, HandoffStep, Move};
use crate::domain::hold::{Hold, HoldChange, HoldRefused, HoldState, NewHold, ReleaseReason, Side};
use crate::domain::id::{BedHoldId, GrantId, HandoffId, OrganizationId};
use crate::domain::time::At;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::store::Tx;
use futures_util::future::BoxFuture;

/// What a move leaves of the place: the hold, and the unit where it changed.
pub(super) type Left = (Option<BedHoldId>, Option<BedUnit>);

/// The place of one handoff.
pub(super) struct Keeping<'a> {
    pub(super) tx: &'a Tx,
    pub(super) hub: &'a Hub,
    pub(super) permit: &'a Permit<SendHandoff>,
    pub(super) handoff: HandoffId,
    /// The sender: whoever acts, it is kept for them.
    pub(super) holder: OrganizationId,
    pub(super) placed_by: Option<GrantId>,
    /// One instant for the whole write: the log is in the order of its instants.
    pub(super) now: At,
}

impl Keeping<'_> {
    /// Keeps a place as the unit's agency would.
    fn place(&self, unit: &BedUnit, minutes: u32) -> Result<HoldChange, HoldRefused> {
        let limits = self.hub.rules().holds;
        let minutes = Some(minutes.clamp(1, limits.owner_minutes_max));
        let (holder, placed_by) = (self.holder, self.placed_by);
        let new = NewHold { id: self.tx.id(), holder, placed_by, need: Some(Hold::need_of(self.handoff)), minutes };
        Hold::place(unit, new, Side::Owner, &limits, self.now)
    }

    /// Keeps a place where one is free, and nothing where none is: the person comes all the same.
    pub(super) async fn keep(&self, unit: BedUnit, minutes: u32) -> Result<(Option<BedHoldId>, BedUnit), Error> {
        match self.place(&unit, minutes) {
            Ok(change) => Ok((Some(change.hold.state().id), self.save(&unit, None, change).await?)),
            Err(_) => Ok((None, unit)),
        }
    }

    /// Keeps a place that somebody said yes to: where none is free, there is nothing to say yes to.
    async fn keep_promised(&self, unit: &BedUnit, minutes: u32, to: &Move) -> Result<Left, Error> {
        match self.place(unit, minutes) {
            Ok(change) => {
                let hold = change.hold.state().id;
                Ok((Some(hold), Some(self.save(unit, None, change).await?)))
            }
            // No place is ever kept here: the word is enough.
            Err(HoldRefused::Policy) => Ok((None, None)),
            Err(refused) => {
                let (code, says) = match refused {
                    HoldRefused::Retired => (ProblemCode::Retired, "The unit is withdrawn."),
                    _ if matches!(to, Move::Choose(_)) => (
                        ProblemCode::NoCapacity,
                        "The place was kept for fifteen minutes, and is taken: choose another, call, or ask again.",
                    ),
                    _ => (
                        ProblemCode::NoCapacity,
                        "By the unit's last report no place is free: report first, or put the person on the list.",
                    ),
                };
                let problem = Problem::new(code).at(&["handoffId"]).with_current(unit.id());
                Err(Error::Refused(vec![problem.saying(says.into())]))
            }
        }
    }

    /// Takes over a hold that the sender has on the unit already, and lets it last as long as a new one would.
    pub(super) async fn adopt(
        &self,
        unit: BedUnit,
        held: BedHoldId,
        minutes: u32,
    ) -> Result<(Option<BedHoldId>, BedUnit), Error> {
        let hold = self.tx.bed_hold(held).await?.ok_or(Error::NotFound)?;
        if hold.unit != unit.id() || hold.holder != self.holder || hold.is_of_handoff() {
            return Err(Error::BadInput(
                "`holdId` is a hold of your agency on this unit, and of no other handoff".into(),
            ));
        }
        let change = self.longer(&unit, &hold, minutes).map_err(|_| {
            Error::Refused(vec![Problem::new(ProblemCode::HoldExpired).at(&["holdId"]).with_current(hold.id)])
        })?;
        Ok((Some(held), self.save(&unit, Some(&hold), change).await?))
    }

    fn longer(&self, unit: &BedUnit, hold: &Hold, minutes: u32) -> Result<HoldChange, HoldRefused> {
        let minutes = minutes.clamp(1, self.hub.rules().holds.owner_minutes_max);
        hold.adopted(unit, Hold::need_of(self.handoff), minutes, self.now)
    }

    fn save<'a>(
        &'a self,
        unit: &'a BedUnit,
        stands: Option<&'a Hold>,
        change: HoldChange,
    ) -> BoxFuture<'a, Result<BedUnit, Error>> {
        Box::pin(async move {
            let permits = permit::hold_of_handoff(self.permit, unit, change.hold.state().id, stands);
            self.tx.save(permits.unit, &change.unit).await?;
            self.tx.save(permits.hold, &change.hold).await?;
            Ok(change.unit.into_state())
        })
    }

    /// What a move does to the place: a yes keeps it, an arrival takes it, an end gives it back.
    pub(super) fn settle<'a>(
        &'a self,
        of: &'a Handoff,
        unit: BedUnit,
        to: &'a Move,
    ) -> BoxFuture<'a, Result<Left, Error>> {
        Box::pin(async move {
            let (kept, now) = (of.hold, self.now);
            let hold = match kept {
                Some(id) => self.tx.hold_behind(id).await?,
                None => None,
            };
            let taken = hold.as_ref().is_some_and(|hold| hold.state == HoldState::Consumed);
            let hold = hold.filter(|hold| taken || hold.stands(now).is_ok());
            match (to, hold) {
                // The yes was for a while; the way takes longer.
                (Move::Choose(_), Some(hold)) => {
                    Ok((kept, self.change(&unit, &hold, self.longer(&unit, &hold, on_the_way(of))).await?))
                }
                (Move::Accept(_), _) if of.step(to) == HandoffStep::Agree => {
                    self.keep_promised(&unit, u32::try_from(CHOICE_MINUTES).unwrap_or(1), to).await
                }
                (Move::Accept(_) | Move::Choose(_), _) => self.keep_promised(&unit, on_the_way(of), to).await,
                // Somebody has said so already, of the hold.
                (Move::Arrive, Some(_)) if taken => Ok((kept, None)),
                (Move::Arrive, Some(hold)) => Ok((kept, self.change(&unit, &hold, hold.arrive(&unit, now)).await?)),
                // The place was not kept, or not that long: whoever is there takes one that is shown free.
                (Move::Arrive, None) => {
                    let (Some(new), unit) = self.keep(unit, 1).await? else { return Ok((kept, None)) };
                    let hold = self.tx.hold_behind(new).await?.ok_or(Error::NotFound)?;
                    Ok((Some(new), self.change(&unit, &hold, hold.arrive(&unit, now)).await?))
                }
                // Who is not there any more is not counted.
                (to, Some(hold)) if taken && release_reason(to).is_some() => match unit.without_arrival(hold.id, now) {
                    Some(changed) => {
                        let permits = permit::hold_of_handoff(self.permit, &unit, hold.id, Some(&hold));
                        self.tx.save(permits.unit, &changed).await?;
                        Ok((kept, Some(changed.into_state())))
                    }
                    None => Ok((kept, None)),
                },
                (to, Some(hold)) => match release_reason(to) {
                    Some(reason) => {
                        let change = hold.release(&unit, reason, Side::Holder, now);
                        Ok((kept, self.change(&unit, &hold, change).await?))
                    }
                    None => Ok((kept, None)),
                },
                (_, None) => Ok((kept, None)),
            }
        })
    }

    async fn change(
        &self,
        unit: &BedUnit,
        hold: &Hold,
        change: Result<HoldChange, HoldRefused>,
    ) -> Result<Option<BedUnit>, Error> {
        match change {
            Ok(change) => Ok(Some(self.save(unit, Some(hold), change).await?)),
            Err(_) => Ok(None),
        }
    }
}

/// Gives back the places of handoffs that nobody spoke of any more: whoever was on the way did not come.
pub(in crate::app) async fn free_places(tx: &Tx, hub: &Hub, silent: &[Handoff]) -> Result<Vec<BedUnit>, Error> {
    let kept = || silent.iter().filter(|handoff| handoff.hold.is_some() && handoff.times.arrived_at.is_none());
    let ids: Vec<_> = kept().filter_map(|handoff| handoff.to.unit()).collect();
    let mut units = if ids.is_empty() { Vec::new() } else { tx.units_behind(&ids).await? };
    for handoff in kept() {
        let Some(place) = units.iter().position(|unit| handoff.to.unit() == Some(unit.id())) else { continue };
        // The unit has said that somebody came for it: silence takes no word back.
        let came = match handoff.hold {
            Some(hold) => tx.hold_behind(hold).await?.is_some_and(|hold| hold.state == HoldState::Consumed),
            None => false,
        };
        if came {
            continue;
        }
        let (id, holder, now, permit) = (handoff.id, handoff.sender, tx.now(), permit::lose(handoff)?);
        let keeping = Keeping { tx, hub, permit: &permit, handoff: id, holder, placed_by: None, now };
        let unit = units.swap_remove(place);
        let (_, changed) = keeping.settle(handoff, unit.clone(), &Move::Fail(FailReason::NoShow)).await?;
        units.push(changed.unwrap_or(unit));
    }
    Ok(units)
}

/// How long a place is kept for somebody who is coming, in minutes.
fn on_the_way(of: &Handoff) -> u32 {
    of.offer.as_ref().map_or(0, |offer| offer.coded.arrive_minutes.saturating_add(offer.coded.hold_minutes))
}

/// Whether a move touches the place at all.
pub(super) fn touches_place(to: &Move) -> bool {
    matches!(to, Move::Accept(_) | Move::Choose(_) | Move::Arrive) || release_reason(to).is_some()
}

/// Why a move gives the place back; `None` where it does not.
fn release_reason(to: &Move) -> Option<ReleaseReason> {
    use crate::domain::handoff::WithdrawReason as W;
    Some(match to {
        Move::Redirect(..) => ReleaseReason::WentElsewhere,
        Move::Decline(_) => ReleaseReason::PlaceLost,
        Move::Withdraw(why) => match why {
            W::NoLongerNeeded | W::NeedChanged => ReleaseReason::NoLongerNeeded,
            W::PersonChoseOtherwise => ReleaseReason::PersonChoseOtherwise,
            W::Mistake => ReleaseReason::Mistake,
            W::AnotherChosen => ReleaseReason::WentElsewhere,
        },
        Move::Fail(why) => match why {
            FailReason::NoShow | FailReason::LeftBeforeHandoff | FailReason::Transport => ReleaseReason::NoArrival,
            FailReason::MedicalDivert => ReleaseReason::WentElsewhere,
            FailReason::PersonChoseOtherwise => ReleaseReason::PersonChoseOtherwise,
            FailReason::NoLongerNeeded => ReleaseReason::NoLongerNeeded,
            FailReason::Mistake => ReleaseReason::Mistake,
        },
        Move::Acknowledge
        | Move::Ask(_)
        | Move::Answer
        | Move::Waitlist(_)
        | Move::Accept(_)
        | Move::Choose(_)
        | Move::Depart
        | Move::Arrive
        | Move::Contact(_)
        | Move::Drive(_)
        | Move::AskPolice(..)
        | Move::Confirm(_) => return None,
    })
}
