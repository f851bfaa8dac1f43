//! The sweeper: tells the log what time alone has changed.
//!
//! Firing removes the alarm and writes the event in one transaction, so each is told exactly once, whichever node does it.
use super::error::Error;
use super::{Hub, law};
use crate::domain::bed::BedUnit;
use crate::domain::due::DueKind;
use crate::domain::episode::Episode;
use crate::domain::handoff::{Handoff, Party};
use crate::domain::id::{
    BedUnitId, ConsentId, EmergencyDisclosureId, EpisodeId, FollowUpId, GuardianId, HandoffId, LegalHoldId, NounId,
    TeamId,
};
use crate::policy::{Machine, Viewer, permit};
use crate::store::{self, Committed, Tx};
use futures_util::future::BoxFuture;
use std::fmt::Display;

/// Most alarms that one pass takes of one noun.
const BATCH: u64 = 100;
/// When a row that cannot be read is tried again, in minutes.
const POSTPONE_MINUTES: i64 = 10;

/// Tells of everything that is due, noun by noun, and answers how many were told of. The trouble of one noun keeps no other's
/// clocks: the first is answered at the end.
pub async fn pass(hub: &Hub) -> Result<usize, Error> {
    let nouns: [BoxFuture<'_, Result<usize, Error>>; 10] = [
        Box::pin(units(hub)),
        Box::pin(teams(hub)),
        Box::pin(handoffs(hub)),
        Box::pin(episodes(hub)),
        Box::pin(follow_ups(hub)),
        Box::pin(legal_holds(hub)),
        Box::pin(guardians(hub)),
        Box::pin(consents(hub)),
        Box::pin(emergencies(hub)),
        Box::pin(keys(hub)),
    ];
    let (mut told, mut trouble) = (0, None);
    for noun in nouns {
        match noun.await {
            Ok(of_noun) => told += of_noun,
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    trouble.map_or(Ok(told), Err)
}

/// Keys whose day is over: nobody is told of them.
async fn keys(hub: &Hub) -> Result<usize, Error> {
    hub.store().apart().forget_keys(BATCH).await?;
    Ok(0)
}

/// Units whose numbers turned aging, stale or expired, pauses past their expected end, and holds at their end.
async fn units(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[BedUnitId]| Box::pin(units_are_due(hub, due))).await
}

/// Teams that missed their heartbeat.
async fn teams(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[TeamId]| Box::pin(teams_are_due(hub, due))).await
}

/// Handoffs about which a word is late.
async fn handoffs(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[HandoffId]| Box::pin(handoffs_are_due(hub, due))).await
}

/// Follow-ups that are late.
async fn follow_ups(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[FollowUpId]| Box::pin(follow_ups_are_due(hub, due))).await
}

/// Consents that begin to tell an agency of a handoff, or have ended.
async fn consents(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[ConsentId]| Box::pin(super::share::consents_are_due(hub, due))).await
}

/// Openings in medical emergencies that nobody has reviewed in time.
async fn emergencies(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[EmergencyDisclosureId]| Box::pin(super::emergency::reviews_are_due(hub, due))).await
}

/// Legal holds of which another part of the time is over.
async fn legal_holds(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[LegalHoldId]| Box::pin(super::legal_hold::are_due(hub, due))).await
}

/// Guardians of minors who were not reached in time.
async fn guardians(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[GuardianId]| Box::pin(super::guardian::are_due(hub, due))).await
}

/// Searches in which somebody has waited another while.
async fn episodes(hub: &Hub) -> Result<usize, Error> {
    each(hub, |hub, due: &[EpisodeId]| Box::pin(episodes_are_due(hub, due))).await
}

/// Tells of some rows of a noun, all at once.
type Tells<I> = for<'a> fn(&'a Hub, &'a [I]) -> BoxFuture<'a, Result<usize, Error>>;

/// Tells of each row of a noun that is due.
async fn each<I: NounId + Display>(hub: &Hub, tell: Tells<I>) -> Result<usize, Error> {
    // Asked without a transaction: most of the time nothing is due.
    let due: Vec<I> = hub.store().due(hub.clock().now(), BATCH).await?;
    if due.is_empty() {
        return Ok(0);
    }
    match tell(hub, &due).await {
        // One row must not keep the others waiting.
        Err(error) if is_of_a_row(&error) => {
            let mut told = 0;
            for row in due {
                told += match tell(hub, &[row]).await {
                    Err(error) if is_of_a_row(&error) => {
                        tracing::error!(%error, %row, "what time changes about a row cannot be told; trying again later");
                        hub.store().postpone(row, hub.clock().now().plus_minutes(POSTPONE_MINUTES)).await?;
                        1
                    }
                    other => other?,
                };
            }
            Ok(told)
        }
        other => other,
    }
}

/// Whether an error lies with what was told of, and not with the database or another write: trying again does not mend it.
fn is_of_a_row(error: &Error) -> bool {
    match error {
        Error::Store(store::Error::Corrupt { .. } | store::Error::Fault(_)) => true,
        Error::Store(_) => false,
        Error::Unauthenticated
        | Error::NotFound
        | Error::Forbidden
        | Error::BadInput(_)
        | Error::CursorExpired
        | Error::Refused(_) => true,
    }
}

async fn units_are_due(hub: &Hub, due: &[BedUnitId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    let told = hub
        .store()
        .apart()
        .write(me, |tx| async move {
            let mut told = Vec::new();
            for unit in tx.bed_units(due).await? {
                told.extend(unit_is_due(&tx, me, unit).await?);
            }
            Ok::<Committed<_>, Error>(tx.commit(told).await?)
        })
        .await?;
    hub.board().learn_units(&told);
    // What another node has told of meanwhile is done too.
    Ok(due.len())
}

async fn unit_is_due(tx: &Tx, me: &Viewer, mut unit: BedUnit) -> Result<Option<BedUnit>, Error> {
    let (now, before) = (tx.now(), unit.version());
    // Another node may have told of it while this one waited for the unit.
    for kind in tx.take_due(unit.id(), now).await? {
        let changed = match kind {
            DueKind::Freshness => unit.tell_time(now),
            DueKind::PauseEnd => unit.tell_pause_over(now),
            DueKind::HoldEnd => {
                unit = holds_are_over(tx, me, unit).await?;
                None
            }
            DueKind::TeamHeartbeat
            | DueKind::HandoffClock
            | DueKind::TransportClock
            | DueKind::SupervisorClock
            | DueKind::FollowUpClock
            | DueKind::EpisodeClock
            | DueKind::ConsentClock
            | DueKind::EmergencyReview
            | DueKind::LegalHoldClock
            | DueKind::GuardianClock
            | DueKind::CallStep => None,
        };
        if let Some(changed) = changed.filter(|changed| !changed.state().entry.retired) {
            tx.save(permit::tell_time(me, &unit)?, &changed).await?;
            unit = changed.into_state();
        }
    }
    Ok((unit.version() > before).then_some(unit))
}

async fn holds_are_over(tx: &Tx, me: &Viewer, mut unit: BedUnit) -> Result<BedUnit, Error> {
    let now = tx.now();
    for hold in tx.holds_over(unit.id(), now).await? {
        if let Some(change) = hold.tell_over(&unit, now) {
            tx.save(permit::tell_time(me, &unit)?, &change.unit).await?;
            tx.save(permit::tell_hold_over(me, &hold)?, &change.hold).await?;
            unit = change.unit.into_state();
        }
    }
    Ok(unit)
}

async fn teams_are_due(hub: &Hub, due: &[TeamId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    let told = hub
        .store()
        .apart()
        .write(me, |tx| async move {
            let mut told = Vec::new();
            for team in tx.teams(due).await? {
                let now = tx.now();
                // Another node may have told of it, or the team been heard, while this one waited for the team.
                let due = !tx.take_due(team.id(), now).await?.is_empty();
                if let Some(changed) = team.tell_lost(now).filter(|_| due && !team.entry.retired) {
                    tx.save(permit::tell_lost(me, &team)?, &changed).await?;
                    told.push(changed.into_state());
                }
            }
            Ok::<Committed<_>, Error>(tx.commit(told).await?)
        })
        .await?;
    hub.board().learn_teams(&told);
    // What another node has told of meanwhile is done too.
    Ok(due.len())
}

async fn handoffs_are_due(hub: &Hub, due: &[HandoffId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    hub.store()
        .apart()
        .write(me, |tx| async move {
            // The searches that they belong to are locked first, as by everybody else.
            let known = tx.handoffs_as_they_are(due).await?;
            let mut behind: Vec<EpisodeId> = known.iter().map(|handoff| handoff.episode).collect();
            behind.sort_unstable();
            behind.dedup();
            let mut searches = tx.episodes_behind(&behind).await?;
            let mut silent = Vec::new();
            for mut handoff in tx.handoffs(due).await? {
                let now = tx.now();
                // Another node may have told of it, or the word have come, while this one waited for the handoff.
                let due = tx.take_due(handoff.id, now).await?;
                let driven = handoff.tell_transport(now).filter(|_| due.contains(&DueKind::TransportClock));
                if let Some(changed) = driven {
                    tx.save(permit::tell_handoff(me, &handoff)?, &changed).await?;
                    handoff = changed.into_state();
                }
                let unnamed = handoff.tell_unnamed(now).filter(|_| due.contains(&DueKind::SupervisorClock));
                if let Some(changed) = unnamed {
                    tx.save(permit::tell_handoff(me, &handoff)?, &changed).await?;
                    handoff = changed.into_state();
                }
                let told = handoff.tell_time(now).filter(|_| due.contains(&DueKind::HandoffClock));
                let Some(changed) = told else { continue };
                tx.save(permit::tell_handoff(me, &handoff)?, &changed).await?;
                super::follow_up::follows_silence(&tx, me, changed.state(), now).await?;
                if !changed.state().state.is_open() {
                    silent.push(handoff.clone());
                }
                let search = searches.iter_mut().find(|episode| episode.id == handoff.episode);
                if let Some(episode) = search.filter(|_| !changed.state().state.is_open()) {
                    after_silence(&tx, me, episode, changed.state()).await?;
                }
            }
            let units = super::handoff::free_places(&tx, hub, &silent).await?;
            Ok::<Committed<_>, Error>(tx.commit(units).await?)
        })
        .await
        .map(|units| hub.board().learn_units(&units))?;
    Ok(due.len())
}

/// What the silence about a handoff means for the search that it belongs to.
async fn after_silence(tx: &Tx, me: &Viewer, episode: &mut Episode, ended: &Handoff) -> Result<(), Error> {
    let others = tx.handoffs_of(episode.id).await?;
    let open = others.iter().any(|other| other.id != ended.id && other.state.is_offer());
    if let Some(changed) = episode.after(ended, Party::Hub, open, tx.now()) {
        tx.save(permit::tell_episode(me, episode)?, &changed).await?;
        *episode = changed.into_state();
        law::end_with(tx, episode, &[ended.receiver], tx.now()).await?;
    }
    Ok(())
}

async fn follow_ups_are_due(hub: &Hub, due: &[FollowUpId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    hub.store()
        .apart()
        .write(me, |tx| async move {
            let mut found = tx.follow_ups(due).await?;
            // Whoever is told of them is locked handoff by handoff, in the order that everybody takes.
            found.sort_unstable_by_key(|follow_up| (follow_up.handoff, follow_up.id));
            for follow_up in found {
                let now = tx.now();
                let due = !tx.take_due(follow_up.id, now).await?.is_empty();
                if let Some(changed) = follow_up.tell_time(now).filter(|_| due) {
                    tx.save(permit::tell_follow_up(me, &follow_up)?, &changed).await?;
                }
            }
            Ok::<Committed<_>, Error>(tx.commit(()).await?)
        })
        .await?;
    Ok(due.len())
}

async fn episodes_are_due(hub: &Hub, due: &[EpisodeId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    hub.store()
        .apart()
        .write(me, |tx| async move {
            for episode in tx.episodes_behind(due).await? {
                let now = tx.now();
                let due = !tx.take_due(episode.id, now).await?.is_empty();
                let open = tx.handoffs_of(episode.id).await?.iter().any(|handoff| handoff.state.is_offer());
                if let Some(changed) = episode.tell_time(open, now).filter(|_| due) {
                    tx.save(permit::tell_episode(me, &episode)?, &changed).await?;
                    law::end_with(&tx, changed.state(), &[], now).await?;
                }
            }
            Ok::<Committed<_>, Error>(tx.commit(()).await?)
        })
        .await?;
    Ok(due.len())
}
