//! Asking: up to three receivers at once, again with what has changed, and the end of a search.
use super::door::{Door, End};
use super::search::{Search, not_sought, withdraw};
use crate::app::error::Error;
use crate::app::keyed::{Again, once, remember};
use crate::app::outcome::{Outcome, Problem, ProblemCode};
use crate::app::{Hub, guardian, law, log, packet};
use crate::domain::bed::BedUnit;
use crate::domain::entry::Version;
use crate::domain::episode::{Episode, EpisodeEnd, HANDOFFS_MAX, NewEpisode, PARALLEL_MAX, SEARCHES_MAX, Settlement};
use crate::domain::handoff::{
    Asked, Destination, Goal, Handoff, HandoffState, Move, NeedSummary, NewHandoff, Party, WhatChanged, WithdrawReason,
};
use crate::domain::id::{EpisodeId, HandoffId, PathwayId};
use crate::domain::need::Need;
use crate::domain::pathway::PathwayMode;
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::policy::view::{self, EpisodeView};
use crate::policy::{Scope, Viewer};
use crate::store::{Committed, Keyed, Tx};
use futures_util::future::BoxFuture;

/// Asks receivers whether they take somebody.
#[derive(Clone, Debug)]
pub struct OfferHandoff {
    /// The search that goes on; a new one when not given.
    pub episode: Option<EpisodeId>,
    /// Whom to ask, 1 to 3.
    pub to: Vec<OfferTo>,
    /// What is known of the need.
    pub need: Need,
    /// The person agrees with the search; as before when not given.
    pub person_agreed: Option<bool>,
    /// How it is settled; as before when not given, of a new search by the sender's choice.
    pub settlement: Option<Settlement>,
    /// The person has spoken with the houses that ask for it.
    pub called: bool,
    /// What has changed since these receivers were asked before.
    pub changed: Vec<WhatChanged>,
    /// The call sign of the field unit that a dispatcher asks for.
    pub on_behalf_of: Option<String>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// One receiver that is asked.
#[derive(Clone, Copy, Debug)]
pub struct OfferTo {
    /// By which pathway.
    pub pathway: PathwayId,
    /// For which unit or team of its service.
    pub to: Destination,
    /// In how many minutes of a yes the person arrives; as the pathway says when not given.
    pub arrive_minutes: Option<u32>,
}

/// Ends a search without a place.
#[derive(Clone, Debug)]
pub struct CloseEpisode {
    /// The search.
    pub episode: EpisodeId,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// Why.
    pub reason: EpisodeEnd,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// What a write leaves: the search, and the units that changed.
pub(super) type Written = (Episode, Vec<BedUnit>);

impl Again for Written {
    type Id = EpisodeId;

    async fn again(tx: &Tx, ids: &[EpisodeId]) -> Result<Option<Self>, Error> {
        Ok(Episode::again(tx, ids).await?.map(|episode| (episode, Vec::new())))
    }
}

/// Asks up to three receivers at once, each by a pathway that decides: all are asked, or none.
pub async fn offer(hub: &Hub, viewer: &Viewer, input: OfferHandoff) -> Result<Outcome<EpisodeView>, Error> {
    log::known(viewer)?;
    if input.on_behalf_of.is_some() && viewer.role() != Some(Role::Dispatcher) {
        return Err(Error::BadInput("`onBehalfOf` is for dispatchers: leave it out".into()));
    } else if !(1..=PARALLEL_MAX).contains(&input.to.len()) {
        return Err(Error::BadInput(format!("`to` names 1 to {PARALLEL_MAX} receivers")));
    }
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| offer_in(tx, hub, viewer, input)).await?;
    shown(hub, viewer, done)
}

fn offer_in<'a>(
    tx: Tx,
    hub: &'a Hub,
    viewer: &'a Viewer,
    input: &'a OfferHandoff,
) -> BoxFuture<'a, Result<Committed<Written>, Error>> {
    Box::pin(async move {
        let doors = doors(&tx, input).await?;
        let search = Search::to_go_on(&tx, viewer, input.episode).await?;
        let stands = search.as_ref().map(|(episode, _)| episode);
        let before = search.as_ref().map_or(&[][..], |(_, search)| search.handoffs());
        // Nothing is promised yet: the units are read as they are.
        let ids: Vec<_> = input.to.iter().filter_map(|to| to.to.unit()).collect();
        let units = tx.bed_units_as_they_are(&ids).await?;
        if ids.iter().any(|id| !units.iter().any(|unit| unit.id() == *id)) {
            return Err(Error::NotFound);
        }
        let id = stands.map_or_else(|| tx.id(), |episode| episode.id);
        let permit = match stands {
            Some(episode) => permit::go_on(viewer, episode)?,
            None => permit::seek(viewer, viewer.region().ok_or(Error::Forbidden)?, id)?,
        };
        let now = tx.now();
        let mut problems: Vec<Problem> = too_many(before, input.to.len(), stands).into_iter().collect();
        let mut asked = Vec::with_capacity(doors.len());
        for (n, (to, door)) in doors.iter().enumerate() {
            let end = match to.to {
                Destination::Team(team) => End::Team(door.team(&tx, team).await?),
                Destination::Unit(unit) => {
                    let unit = units.iter().find(|known| known.id() == unit).ok_or(Error::NotFound)?;
                    End::Unit(door.seat(&tx, unit).await?)
                }
            };
            let place = n.to_string();
            let pathway = ["to", &place, "pathwayId"];
            problems.extend(door.problems(viewer, PathwayMode::Request, &end, &input.need, now, &pathway));
            if door.pathway.details.terms.self_referral_call && !input.called {
                problems.push(Problem::new(ProblemCode::CallFirst).at(&pathway).with_current(door.pathway.id));
            }
            let named = if to.to.team().is_some() { "teamId" } else { "unitId" };
            match follows(before, to.to, input) {
                Ok(previous) => asked.push((**to, door, end.goal(), previous)),
                Err(problem) => problems.push(problem.at(&["to", &place, named])),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Refused(problems));
        }
        let episode = sought(&tx, viewer, (id, &permit), stands, input, now).await?;
        let offered = ask_each(&tx, viewer, (&permit, &episode), asked, input, now).await?;
        packet::carry(&tx, &permit, (episode.sender, before), &offered, now).await?;
        guardian::follow_need((&tx, hub), ((&episode).into(), stands.is_none()), input.need.age, &[], now).await?;
        remember(&tx, input.keyed.as_ref(), [episode.id]).await?;
        Ok(tx.commit((episode, Vec::new())).await?)
    })
}

/// One receiver to ask: by which door, for which unit or team, and after which offer to the same one.
type ToAsk<'a> = (OfferTo, &'a Door, Goal, Option<HandoffId>);

/// Asks each: the offers as they are made.
async fn ask_each(
    tx: &Tx,
    viewer: &Viewer,
    (permit, episode): (&Permit<SendHandoff>, &Episode),
    mut asked: Vec<ToAsk<'_>>,
    input: &OfferHandoff,
    now: At,
) -> Result<Vec<Handoff>, Error> {
    // In one order: each row holds its unit, or its team, as it is.
    asked.sort_unstable_by_key(|(to, ..)| to.to);
    let mut made = Vec::with_capacity(asked.len());
    for (to, door, goal, previous) in asked {
        let id = tx.id();
        let new = NewHandoff {
            id,
            episode: episode.id,
            sender: episode.sender,
            sent_by: viewer.grant_id(),
            on_behalf_of: input.on_behalf_of.clone(),
            need: NeedSummary::from(&input.need),
            arrive_minutes: to.arrive_minutes,
            hold: None,
        };
        let first_accept = episode.settlement == Settlement::FirstAccept;
        let asked = Asked { first_accept, changed: input.changed.clone(), previous };
        let offered = Handoff::offer(new, asked, &door.pathway, goal, now)?;
        tx.save(permit::offer(permit, id), &offered).await?;
        made.push(offered.into_state());
    }
    Ok(made)
}

/// Whom to ask, each with what the pathway there leads to, held as it is.
async fn doors<'a>(tx: &Tx, input: &'a OfferHandoff) -> Result<Vec<(&'a OfferTo, Door)>, Error> {
    let mut doors = Vec::with_capacity(input.to.len());
    for to in &input.to {
        doors.push((to, Door::find(tx, to.pathway).await?));
    }
    Ok(doors)
}

/// The search that the offers belong to: begun, or as it goes on.
async fn sought(
    tx: &Tx,
    viewer: &Viewer,
    (id, permit): (EpisodeId, &Permit<SendHandoff>),
    stands: Option<&Episode>,
    input: &OfferHandoff,
    now: At,
) -> Result<Episode, Error> {
    let need = NeedSummary::from(&input.need);
    let changed = if let Some(episode) = stands {
        episode.seek(need, (input.settlement, input.person_agreed), now).map_err(|_| not_sought(episode))?
    } else {
        few_enough(tx, viewer).await?;
        let new = NewEpisode {
            id,
            region: viewer.region().ok_or(Error::Forbidden)?,
            sender: viewer.organization().ok_or(Error::Forbidden)?,
            opened_by: viewer.grant_id(),
            need,
            settlement: input.settlement.unwrap_or(usual(input)),
            person_agreed: input.person_agreed.unwrap_or(false),
        };
        Episode::open(new, now)
    };
    tx.save(permit::episode_of(permit, id, permit.version()), &changed).await?;
    Ok(changed.into_state())
}

/// How a search is settled where nobody says: a team that says yes is on its way; among places the sender has the choice.
fn usual(input: &OfferHandoff) -> Settlement {
    let team = input.to.iter().any(|to| to.to.team().is_some());
    if team { Settlement::FirstAccept } else { Settlement::SenderChooses }
}

/// Refuses more searches of one agency at once than are a night's work: a key that got lost must not ring at every desk.
pub(super) async fn few_enough(tx: &Tx, viewer: &Viewer) -> Result<(), Error> {
    let sender = viewer.organization().ok_or(Error::Forbidden)?;
    if tx.seeking_of(sender).await?.len() >= SEARCHES_MAX {
        let says = format!("Places are sought for {SEARCHES_MAX} people of your agency: end searches that are over.");
        return Err(Error::Refused(vec![Problem::new(ProblemCode::OfferLimit).saying(says)]));
    }
    Ok(())
}

/// Refuses more receivers at once, or in all, than may be asked.
fn too_many(before: &[Handoff], more: usize, stands: Option<&Episode>) -> Option<Problem> {
    let live = before.iter().filter(|handoff| handoff.state.is_live_offer()).count();
    let over = live + more > PARALLEL_MAX || before.len() + more > HANDOFFS_MAX;
    let problem = Problem::new(ProblemCode::OfferLimit).at(&["to"]);
    over.then(|| stands.map_or(problem.clone(), |episode| problem.with_current(episode.id)))
}

/// The offer to the same unit or team that a new one follows: not while that one is open, and after a no only with what has changed.
fn follows(before: &[Handoff], goal: Destination, input: &OfferHandoff) -> Result<Option<HandoffId>, Problem> {
    let asked_twice = input.to.iter().filter(|to| to.to == goal).count() > 1;
    let mut here = before.iter().rev().filter(|handoff| handoff.to == goal);
    let said_no = here.clone().any(|handoff| handoff.state == HandoffState::Declined);
    let Some(last) = here.next() else {
        return if asked_twice { Err(Problem::new(ProblemCode::AlreadyOffered)) } else { Ok(None) };
    };
    if asked_twice || last.state.is_offer() {
        return Err(Problem::new(ProblemCode::AlreadyOffered).with_current(last.id));
    } else if said_no && input.changed.is_empty() {
        return Err(Problem::new(ProblemCode::SayWhatChanged).with_current(last.id));
    }
    Ok(Some(last.id))
}

/// Ends a search without a place: whoever was asked is told that the offer is taken back.
pub async fn close(hub: &Hub, viewer: &Viewer, input: CloseEpisode) -> Result<Outcome<EpisodeView>, Error> {
    log::known(viewer)?;
    if input.reason == EpisodeEnd::Silence {
        return Err(Error::BadInput("`reason` SILENCE is the hub's own: say why".into()));
    }
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| close_in(tx, hub, viewer, input)).await?;
    shown(hub, viewer, done)
}

fn close_in<'a>(
    tx: Tx,
    hub: &'a Hub,
    viewer: &'a Viewer,
    input: &'a CloseEpisode,
) -> BoxFuture<'a, Result<Committed<Written>, Error>> {
    Box::pin(async move {
        let search = Search::to_go_on(&tx, viewer, Some(input.episode)).await?;
        let (episode, search) = search.ok_or(Error::NotFound)?;
        if input.expected_version.is_some_and(|version| version != episode.version) {
            let stale = Problem::new(ProblemCode::StaleVersion).at(&["episodeId"]);
            return Err(Error::Refused(vec![stale.with_current(episode.id)]));
        }
        let permit = permit::go_on(viewer, &episode)?;
        let open: Vec<&Handoff> = search.handoffs().iter().filter(|handoff| handoff.state.is_offer()).collect();
        let ids: Vec<_> =
            open.iter().filter(|offer| offer.hold.is_some()).filter_map(|offer| offer.to.unit()).collect();
        let mut units = if ids.is_empty() { Vec::new() } else { tx.units_behind(&ids).await? };
        let now = tx.now();
        let to = Move::Withdraw(withdrawn_as(input.reason));
        for offer in open {
            let permit = permit::offer_of_episode(&permit, offer);
            units = withdraw((&tx, hub), permit, offer, (&to, Party::Sender), units, now).await?;
        }
        let changed = episode.close(input.reason, now).map_err(|_| not_sought(&episode))?;
        tx.save(permit, &changed).await?;
        law::end_with(&tx, changed.state(), &[], now).await?;
        remember(&tx, input.keyed.as_ref(), [episode.id]).await?;
        Ok(tx.commit((changed.into_state(), units)).await?)
    })
}

fn withdrawn_as(why: EpisodeEnd) -> WithdrawReason {
    match why {
        EpisodeEnd::PersonChoseOtherwise => WithdrawReason::PersonChoseOtherwise,
        EpisodeEnd::Mistake => WithdrawReason::Mistake,
        EpisodeEnd::NoLongerNeeded
        | EpisodeEnd::PersonLeft
        | EpisodeEnd::MedicalCare
        | EpisodeEnd::FoundElsewhere
        | EpisodeEnd::Silence => WithdrawReason::NoLongerNeeded,
    }
}

pub(super) fn shown(hub: &Hub, viewer: &Viewer, done: Outcome<Written>) -> Result<Outcome<EpisodeView>, Error> {
    done.seen(|(episode, units)| {
        hub.board().learn_units(&units);
        view::episode(&Scope::of(viewer), episode)
    })
}
