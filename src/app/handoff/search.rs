//! The search for a place that a handoff belongs to, within a write that may settle it: one lock for all who answer it.
use super::place::{Keeping, touches_place};
use crate::app::error::Error;
use crate::app::outcome::{Problem, ProblemCode};
use crate::app::{Hub, law};
use crate::domain::bed::BedUnit;
use crate::domain::entry::Changed;
use crate::domain::episode::{Episode, NewEpisode, Settlement};
use crate::domain::handoff::{Handoff, HandoffState, HandoffStep, Move, Party, WithdrawReason};
use crate::domain::id::{BedUnitId, EpisodeId, HandoffId};
use crate::domain::time::At;
use crate::policy::Viewer;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::store::Tx;
use futures_util::future::BoxFuture;

/// An episode, locked, with all its handoffs.
pub(super) struct Search {
    /// None for what an older node announced while this one was started.
    pub(super) episode: Option<Episode>,
    handoffs: Vec<Handoff>,
}

/// Refuses what is decided on a search that is settled or has ended.
pub(super) fn not_sought(episode: &Episode) -> Error {
    let says = "This search is settled, or has ended: begin another one.".to_owned();
    let problem = Problem::new(ProblemCode::WrongState).at(&["episodeId"]).saying(says);
    Error::Refused(vec![problem.with_current(episode.id)])
}

impl Search {
    /// The search that a handoff belongs to, whoever asks.
    pub(super) async fn behind(tx: &Tx, id: EpisodeId) -> Result<Self, Error> {
        let episode = tx.episodes_behind(&[id]).await?.pop();
        let handoffs = if episode.is_some() { tx.handoffs_of(id).await? } else { Vec::new() };
        Ok(Self { episode, handoffs })
    }

    /// A search of the viewer's agency that goes on; none where a new one begins.
    pub(super) async fn to_go_on(
        tx: &Tx,
        viewer: &Viewer,
        id: Option<EpisodeId>,
    ) -> Result<Option<(Episode, Self)>, Error> {
        let Some(id) = id else { return Ok(None) };
        let episode = tx.episode(id).await?.ok_or(Error::NotFound)?;
        let _its_own = permit::go_on(viewer, &episode)?;
        episode.is_sought().map_err(|_| not_sought(&episode))?;
        let mut handoffs = tx.handoffs_of(id).await?;
        handoffs.sort_unstable_by_key(|handoff| (handoff.times.announced_at, handoff.id));
        Ok(Some((episode.clone(), Self { episode: Some(episode), handoffs })))
    }

    /// One of its handoffs.
    pub(super) fn handoff(&self, id: HandoffId) -> Option<&Handoff> {
        self.handoffs.iter().find(|handoff| handoff.id == id)
    }

    /// All of its handoffs, in the order in which they were made.
    pub(super) fn handoffs(&self) -> &[Handoff] {
        &self.handoffs
    }

    /// Its open offers but one.
    fn rivals(&self, of: HandoffId) -> impl Iterator<Item = &Handoff> {
        self.handoffs.iter().filter(move |other| other.id != of && other.state.is_offer())
    }

    /// The unit that somebody is announced to, locked, and where that settles a search those that kept a place for others.
    pub(super) async fn to_announce(
        tx: &Tx,
        search: Option<&(Episode, Self)>,
        unit: BedUnitId,
    ) -> Result<Vec<BedUnit>, Error> {
        let Some((_, search)) = search else { return Ok(tx.bed_unit(unit).await?.into_iter().collect()) };
        let kept = search.handoffs.iter().filter(|other| other.state.is_offer() && other.hold.is_some());
        let ids: Vec<BedUnitId> = kept.filter_map(|other| other.to.unit()).chain([unit]).collect();
        Ok(tx.units_behind(&ids).await?)
    }

    /// The units that a move of one of its handoffs may change, locked: its own, and where it settles the search those that
    /// kept a place for others.
    pub(super) async fn units(&self, tx: &Tx, handoff: &Handoff, to: &Move) -> Result<Vec<BedUnit>, Error> {
        let mut ids: Vec<BedUnitId> = handoff.to.unit().filter(|_| touches_place(to)).into_iter().collect();
        if matches!(handoff.step(to), HandoffStep::Accept | HandoffStep::Choose) {
            ids.extend(
                self.rivals(handoff.id).filter(|rival| rival.hold.is_some()).filter_map(|rival| rival.to.unit()),
            );
        }
        if ids.is_empty() { Ok(Vec::new()) } else { Ok(tx.units_behind(&ids).await?) }
    }

    /// What a move of one of its handoffs means for the search, and for the others that were asked. Answers the units as they
    /// stand after it.
    pub(super) fn moved<'a>(
        &'a self,
        (tx, hub): (&'a Tx, &'a Hub),
        after: &'a Handoff,
        (to, by): (&'a Move, Party),
        units: Vec<BedUnit>,
        now: At,
    ) -> BoxFuture<'a, Result<Vec<BedUnit>, Error>> {
        Box::pin(async move {
            let Some(episode) = &self.episode else { return Ok(units) };
            if matches!(to, Move::Accept(_) | Move::Choose(_)) && after.state == HandoffState::Accepted {
                let chosen_for = if let Move::Choose(choice) = to { choice.chosen_for } else { None };
                let changed = episode.settle(after.id, chosen_for, now).map_err(|_| not_sought(episode))?;
                tx.save(permit::settle(episode)?, &changed).await?;
                return self.lose((tx, hub), after.id, units, now).await;
            }
            let others_open = self.rivals(after.id).next().is_some();
            if let Some(changed) = episode.after(after, by, others_open, now) {
                tx.save(permit::settle(episode)?, &changed).await?;
                law::end_with(tx, changed.state(), &[after.receiver], now).await?;
            }
            Ok(units)
        })
    }

    /// An announcement settles the search that it belongs to: whoever else was asked loses, and the places that they kept are
    /// free before one is kept for it.
    pub(super) fn announced<'a>(
        &'a self,
        (tx, hub): (&'a Tx, &'a Hub),
        (permit, episode): (&'a Permit<SendHandoff>, &'a Episode),
        handoff: HandoffId,
        units: Vec<BedUnit>,
        now: At,
    ) -> BoxFuture<'a, Result<Vec<BedUnit>, Error>> {
        Box::pin(async move {
            let changed = episode.settle(handoff, None, now).map_err(|_| not_sought(episode))?;
            tx.save(permit::episode_of(permit, episode.id, episode.version), &changed).await?;
            self.lose((tx, hub), handoff, units, now).await
        })
    }

    /// Where an announcement belongs to no search, it begins one that is settled.
    pub(super) async fn begun(tx: &Tx, permit: &Permit<SendHandoff>, handoff: &Handoff, now: At) -> Result<(), Error> {
        let new = NewEpisode {
            id: handoff.episode,
            region: handoff.region,
            sender: handoff.sender,
            opened_by: handoff.sent_by,
            need: handoff.need.clone(),
            settlement: Settlement::FirstAccept,
            person_agreed: false,
        };
        let changed = Episode::announced(new, handoff.id, now);
        Ok(tx.save(permit::episode_of(permit, handoff.episode, 0), &changed).await?)
    }

    /// Takes back every other offer, with the places that they kept.
    async fn lose(
        &self,
        (tx, hub): (&Tx, &Hub),
        winner: HandoffId,
        mut units: Vec<BedUnit>,
        now: At,
    ) -> Result<Vec<BedUnit>, Error> {
        let to = Move::Withdraw(WithdrawReason::AnotherChosen);
        for rival in self.rivals(winner) {
            let permit = permit::lose(rival)?;
            units = withdraw((tx, hub), permit, rival, (&to, Party::Hub), units, now).await?;
        }
        Ok(units)
    }
}

/// Takes an offer back, with the place that it kept on one of the units.
pub(super) fn withdraw<'a>(
    (tx, hub): (&'a Tx, &'a Hub),
    permit: Permit<SendHandoff>,
    offer: &'a Handoff,
    (to, by): (&'a Move, Party),
    mut units: Vec<BedUnit>,
    now: At,
) -> BoxFuture<'a, Result<Vec<BedUnit>, Error>> {
    Box::pin(async move {
        let place = units.iter().position(|unit| offer.to.unit() == Some(unit.id()));
        if let Some(place) = place.filter(|_| offer.hold.is_some()) {
            let (handoff, holder) = (offer.id, offer.sender);
            let keeping = Keeping { tx, hub, permit: &permit, handoff, holder, placed_by: None, now };
            let unit = units.swap_remove(place);
            let (_, changed) = keeping.settle(offer, unit.clone(), to).await?;
            units.push(changed.unwrap_or(unit));
        }
        let changed: Changed<Handoff> = offer.go(to, by, now).map_err(|why| super::refused(why, offer))?;
        tx.save(permit, &changed).await?;
        Ok(units)
    })
}
