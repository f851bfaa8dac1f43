//! Verbs of handoffs: announced or offered by a pathway, and moved by both parties to their end.
mod door;
mod offer;
mod open;
mod place;
mod search;
mod supervisor;
mod team;

pub use offer::{CloseEpisode, OfferHandoff, OfferTo, close, offer};
pub use open::{OpenEpisode, open};
pub(super) use place::free_places;
pub use supervisor::{NameSupervisor, name_supervisor};

use door::{Door, End};
use place::{Keeping, touches_place};
use search::Search;
use team::Coming;

use super::coordinate::seen;
use super::error::Error;
use super::keyed::{Again, once, remember};
use super::law::Searched;
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, follow_up, guardian, log, packet, share};
use crate::domain::bed::{BedUnit, ShownAs};
use crate::domain::entry::{Changed, Version};
use crate::domain::episode::HANDOFFS_MAX;
use crate::domain::handoff::{
    Ending, Handoff, HandoffState, Move, MoveRefused, NeedSummary, NewHandoff, Refusal, WithdrawReason, check_name,
};
use crate::domain::id::{BedHoldId, BedUnitId, EpisodeId, HandoffId, PathwayId};
use crate::domain::look::LookDoor;
use crate::domain::need::Need;
use crate::domain::organization::OrganizationDetails;
use crate::domain::pathway::PathwayMode;
use crate::domain::role::Role;
use crate::domain::team::Team;
use crate::domain::time::At;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::policy::view::{self, HandoffView};
use crate::policy::{Scope, Viewer};
use crate::store::{Committed, Keyed, Tx};
pub use crate::store::{EpisodeFilter, HandoffFilter};
use futures_util::future::BoxFuture;
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
    /// The search that it ends, where a place was sought before.
    pub episode: Option<EpisodeId>,
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

/// What a write leaves: the handoff, and the units and the team that changed.
struct Written {
    handoff: Handoff,
    units: Vec<BedUnit>,
    team: Option<Team>,
}

impl Again for Written {
    type Id = HandoffId;

    async fn again(tx: &Tx, ids: &[HandoffId]) -> Result<Option<Self>, Error> {
        let handoff = Handoff::again(tx, ids).await?;
        Ok(handoff.map(|handoff| Self { handoff, units: Vec::new(), team: None }))
    }
}

/// Announces somebody by a pathway that refuses nobody: accepted as it is made, with a place kept where one is free.
pub async fn announce(hub: &Hub, viewer: &Viewer, input: Announce) -> Result<Outcome<HandoffView>, Error> {
    log::known(viewer)?;
    if input.on_behalf_of.is_some() && viewer.role() != Some(Role::Dispatcher) {
        return Err(Error::BadInput("`onBehalfOf` is for dispatchers: leave it out".into()));
    }
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| announce_in(tx, hub, viewer, input)).await?;
    shown(hub, viewer, done)
}

/// The whole announcement. Boxed, as all that it is made of: what it holds at once is more than a worker's stack should carry.
fn announce_in<'a>(
    tx: Tx,
    hub: &'a Hub,
    viewer: &'a Viewer,
    input: &'a Announce,
) -> BoxFuture<'a, Result<Committed<Written>, Error>> {
    Box::pin(async move {
        let sender = viewer.organization().ok_or(Error::Forbidden)?;
        // Locked before any row, as where a hold is placed: whoever announces for this agency waits here.
        let kept = tx.holds_of(sender, tx.now()).await?;
        if kept.iter().filter(|hold| hold.is_of_handoff()).count() >= KEPT_MAX {
            let says =
                format!("Places are kept for {KEPT_MAX} people of your agency: say of some how they went, or call.");
            return Err(Error::Refused(vec![Problem::new(ProblemCode::HoldLimit).saying(says)]));
        }
        let door = Door::find(&tx, input.pathway).await?;
        let search = Search::to_go_on(&tx, viewer, input.episode).await?;
        if let Some((episode, _)) = search.as_ref().filter(|(_, search)| search.handoffs().len() >= HANDOFFS_MAX) {
            return Err(Error::Refused(vec![Problem::new(ProblemCode::OfferLimit).with_current(episode.id)]));
        }
        // The directory is held before the units, as by everybody who holds both; no unit moves to another place.
        let known = tx.bed_units_as_they_are(&[input.unit]).await?.pop().ok_or(Error::NotFound)?;
        let mut seat = door.seat(&tx, &known).await?;
        let mut units = Search::to_announce(&tx, search.as_ref(), input.unit).await?;
        let (id, now) = (tx.id(), tx.now());
        seat.unit = Arc::new(units.iter().find(|unit| unit.id() == input.unit).ok_or(Error::NotFound)?.clone());
        let permit = permit::announce(viewer, &seat.unit, id)?;
        let end = End::Unit(seat);
        let problems = door.problems(viewer, PathwayMode::Announce, &end, &input.need, now, &["pathwayId"]);
        if !problems.is_empty() {
            return Err(Error::Refused(problems));
        }
        if let Some((episode, search)) = &search {
            units = search.announced((&tx, hub), (&permit, episode), id, units, now).await?;
        }
        let place = units.iter().position(|unit| unit.id() == input.unit).ok_or(Error::NotFound)?;
        let unit = units.swap_remove(place);
        let terms = &door.pathway.details.terms;
        let arrive = input.arrive_minutes.unwrap_or(terms.arrive_minutes);
        let minutes = arrive.saturating_add(terms.hold_minutes);
        let keeping =
            Keeping { tx: &tx, hub, permit: &permit, handoff: id, holder: sender, placed_by: viewer.grant_id(), now };
        let (hold, unit) = match input.hold {
            Some(held) => keeping.adopt(unit, held, minutes).await?,
            None => keeping.keep(unit, minutes).await?,
        };
        let new = NewHandoff {
            id,
            episode: search.as_ref().map_or_else(|| tx.id(), |(episode, _)| episode.id),
            sender,
            sent_by: viewer.grant_id(),
            on_behalf_of: input.on_behalf_of.clone(),
            need: NeedSummary::from(&input.need),
            arrive_minutes: input.arrive_minutes,
            hold,
        };
        let changed = Handoff::announce(new, &door.pathway, &unit, now)?;
        units.push(unit);
        if search.is_none() {
            Search::begun(&tx, &permit, changed.state(), now).await?;
        }
        let handoff = changed.state();
        let of = Searched { episode: handoff.episode, region: handoff.region, sender };
        guardian::follow_need((&tx, hub), (of, search.is_none()), input.need.age, &[handoff.receiver], now).await?;
        let Some((_, search)) = &search else {
            return finish(tx, permit, changed, (units, None), input.keyed.as_ref()).await;
        };
        tx.save(permit::offer(&permit, id), &changed).await?;
        let handoff = changed.into_state();
        packet::carry(&tx, &permit, (sender, search.handoffs()), std::slice::from_ref(&handoff), now).await?;
        remember(&tx, input.keyed.as_ref(), [handoff.id]).await?;
        Ok(tx.commit(Written { handoff, units, team: None }).await?)
    })
}

/// Moves a handoff, for the party that the viewer belongs to.
pub async fn go(hub: &Hub, viewer: &Viewer, input: MoveHandoff) -> Result<Outcome<HandoffView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| go_in(tx, hub, viewer, input)).await?;
    shown(hub, viewer, done)
}

fn go_in<'a>(
    tx: Tx,
    hub: &'a Hub,
    viewer: &'a Viewer,
    input: &'a MoveHandoff,
) -> BoxFuture<'a, Result<Committed<Written>, Error>> {
    Box::pin(async move {
        // Which search it belongs to never changes; that one is locked first, so that all who answer it wait there.
        let known = tx.handoffs_as_they_are(&[input.handoff]).await?.pop().ok_or(Error::NotFound)?;
        let search = Search::behind(&tx, known.episode).await?;
        let mut handoff = match search.handoff(known.id) {
            Some(handoff) => handoff.clone(),
            None => tx.handoff(known.id).await?.ok_or(Error::NotFound)?,
        };
        let (party, permit) = permit::move_handoff(viewer, &handoff, handoff.step(&input.to))?;
        permit::say(viewer, &input.to)?;
        check(&tx, &input.to).await?;
        handoff.expect(input.expected_version).map_err(|why| refused(why, &handoff))?;
        let to = &input.to;
        let mut units = search.units(&tx, &handoff, to).await?;
        let coming = Coming::find(&tx, &handoff).await?;
        // Asked when everything is locked.
        let now = tx.now();
        let own = units.iter().position(|unit| handoff.to.unit() == Some(unit.id()));
        let shown = coming.is_shown_free(now)
            || own.and_then(|own| units.get(own)).is_some_and(|unit| is_shown_free(&handoff, unit, now));
        let to = &seen_by_the_hub(to, shown);
        handoff.go(to, party, now).map_err(|why| refused(why, &handoff))?;
        if let Some(place) = own.filter(|_| touches_place(to)) {
            let (holder, placed_by) = (handoff.sender, viewer.grant_id());
            let keeping = Keeping { tx: &tx, hub, permit: &permit, handoff: handoff.id, holder, placed_by, now };
            let (hold, unit) = keeping.settle(&handoff, units.swap_remove(place), to).await?;
            handoff.hold = hold;
            units.extend(unit);
        }
        let changed = handoff.go(to, party, now).map_err(|why| refused(why, &handoff))?;
        let team = coming.moved(&tx, (&permit, party), (to, changed.state()), now).await?;
        let units = search.moved((&tx, hub), changed.state(), (to, party), units, now).await?;
        follow_up::follows(&tx, changed.state(), now).await?;
        finish(tx, permit, changed, (units, team), input.keyed.as_ref()).await
    })
}

/// Checks what a move says against each limit, and against what is there.
async fn check(tx: &Tx, to: &Move) -> Result<(), Error> {
    match to {
        Move::Waitlist(list) => Ok(list.check(tx.now())?),
        Move::Drive(word) => {
            word.check()?;
            match word.provider {
                Some(id) => tx.consult::<OrganizationDetails>(id).await?.map(|_| ()).ok_or(Error::NotFound),
                None => Ok(()),
            }
        }
        Move::Redirect(_, Some(supervisor)) => Ok(check_name(supervisor)?),
        _ => Ok(()),
    }
}

/// A place that this very offer keeps is not shown, and is free; until its end, and not when somebody else has it by now.
fn is_shown_free(of: &Handoff, unit: &BedUnit, now: At) -> bool {
    let keeps = unit.held.iter().any(|held| Some(held.hold) == of.hold && held.stands(now));
    (of.state == HandoffState::Agreed && keeps) || unit.availability(now).shown_as == ShownAs::Available
}

/// A no says whether the unit was shown as free: the hub looks, so that nobody has to be believed.
fn seen_by_the_hub(to: &Move, shown: bool) -> Move {
    match to {
        Move::Decline(no) => Move::Decline(Refusal { bed_was_shown_available: shown, ..no.clone() }),
        other => other.clone(),
    }
}

fn refused(why: MoveRefused, handoff: &Handoff) -> Error {
    let lost = handoff.ending == Some(Ending::Withdrawn(WithdrawReason::AnotherChosen));
    let code = match why {
        MoveRefused::WrongState if lost => ProblemCode::AlreadyTaken,
        MoveRefused::WrongState => ProblemCode::WrongState,
        MoveRefused::StaleVersion => ProblemCode::StaleVersion,
        MoveRefused::ConditionsOpen => ProblemCode::ConditionsOpen,
        MoveRefused::ClinicalReason => {
            let says = "a house that people call by themselves says nothing of their health: say nothing clinical";
            return Error::BadInput(says.into());
        }
    };
    Error::Refused(vec![Problem::new(code).at(&["handoffId"]).with_current(handoff.id)])
}

async fn finish(
    tx: Tx,
    permit: Permit<SendHandoff>,
    changed: Changed<Handoff>,
    (units, team): (Vec<BedUnit>, Option<Team>),
    keyed: Option<&Keyed>,
) -> Result<Committed<Written>, Error> {
    tx.save(permit, &changed).await?;
    let handoff = changed.into_state();
    remember(&tx, keyed, [handoff.id]).await?;
    Ok(tx.commit(Written { handoff, units, team }).await?)
}

fn shown(hub: &Hub, viewer: &Viewer, done: Outcome<Written>) -> Result<Outcome<HandoffView>, Error> {
    done.seen(|Written { handoff, units, team }| {
        hub.board().learn_units(&units);
        if let Some(team) = &team {
            hub.board().learn_teams([team]);
        }
        view::handoff(&Scope::of(viewer), handoff, hub.clock().now())
    })
}

/// Handoffs by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[HandoffId]) -> Result<Vec<Option<HandoffView>>, Error> {
    log::known(viewer)?;
    let reader = hub.store().read(viewer).await?;
    let views = share::handoffs(hub, viewer, &reader, reader.handoffs(ids).await?).await?;
    drop(reader);
    let found = seen(hub, viewer, LookDoor::ById, views).await?;
    let one = |id: &HandoffId| found.iter().find(|view| view.handoff().id == *id).cloned();
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
    let reader = hub.store().read(viewer).await?;
    let handoffs = reader.list_handoffs(filter, between, most, from_end).await?;
    let views = share::handoffs(hub, viewer, &reader, handoffs).await?;
    drop(reader);
    seen(hub, viewer, LookDoor::List, views).await
}
