//! Verbs of legal holds: recorded with a clock, told as its time goes, and ended. Under which status, and how it ended, is
//! sealed in the handoff that it was said in.
use super::error::Error;
use super::keyed::{once, remember};
use super::law::{self, Desk, concerned, save_told};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log, sealed};
use crate::domain::entry::Changed;
use crate::domain::episode::Episode;
use crate::domain::id::{EpisodeId, HandoffId, LegalHoldId, OrganizationId};
use crate::domain::legal_hold::{LegalHold, NewLegalHold, NotBegun};
use crate::domain::sealed::{Content, LegalHoldEnd, Tier};
use crate::domain::time::At;
use crate::policy::law::{self as views, LegalHoldView};
use crate::policy::{Machine, Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use futures_util::future::BoxFuture;
use std::collections::HashMap;

/// Records that somebody's legal hold began.
#[derive(Clone)]
pub struct RecordLegalHold {
    /// In which handoff of the viewer's agency.
    pub handoff: HandoffId,
    /// Under which status of the region's jurisdiction.
    pub status: String,
    /// When it began.
    pub began_at: At,
    /// When its time is over; as the law says when not given.
    pub expires_at: Option<At>,
    /// It takes the place of the one that stands.
    pub supersedes: bool,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Says how a legal hold ended.
#[derive(Clone)]
pub struct EndLegalHold {
    /// In which handoff of the viewer's agency.
    pub handoff: HandoffId,
    /// Which legal hold.
    pub legal_hold: LegalHoldId,
    /// How it ended.
    pub reason: LegalHoldEnd,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Records that somebody's legal hold began, and starts its clock.
pub async fn record(hub: &Hub, viewer: &Viewer, input: RecordLegalHold) -> Result<Outcome<LegalHoldView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| record_in(tx, hub, viewer, input)).await?;
    shown(hub, viewer, done)
}

fn record_in<'a>(
    tx: Tx,
    hub: &'a Hub,
    viewer: &'a Viewer,
    input: &'a RecordLegalHold,
) -> BoxFuture<'a, Result<Committed<LegalHold>, Error>> {
    Box::pin(async move {
        let desk = Desk::open(&tx, viewer, input.handoff).await?;
        let (home, handoff) = (&desk.home, &desk.handoff);
        let note = permit::note(viewer, home, handoff, tx.id(), Tier::Legal)?;
        let jurisdiction = law::of(hub, handoff.region).ok_or_else(|| desk.refused(ProblemCode::NoJurisdiction))?;
        let unknown = || {
            let known: Vec<&str> =
                jurisdiction.statuses.iter().filter(|s| s.clock.is_some()).map(|s| &*s.code).collect();
            let says = format!("{} has no such legal status with a clock: {}.", jurisdiction.title, known.join(", "));
            Error::Refused(vec![Problem::new(ProblemCode::UnknownLegalStatus).at(&["status"]).saying(says)])
        };
        let status = jurisdiction.status(&input.status).ok_or_else(unknown)?;
        let clock = status.clock.as_ref().ok_or_else(unknown)?;
        let id = tx.id();
        let permit = permit::begin_legal_hold(viewer, home, handoff, status, id)?;
        let now = tx.now();
        desk.is_under_way(now)?;
        let to = concerned(&tx, (&desk.episode).into(), &[]).await?;
        if let Some(stands) = tx.legal_hold_behind(desk.episode.id).await? {
            // Whoever may not end it is told of it no more than that it stands.
            let ends = permit::end_legal_hold(viewer, &stands).ok().filter(|_| input.supersedes);
            let ends = ends.ok_or_else(|| {
                let problem = Problem::new(ProblemCode::LegalHoldStands).at(&["handoffId"]);
                Error::Refused(vec![problem.with_current(stands.id)])
            })?;
            let note = permit::note(viewer, home, handoff, tx.id(), Tier::Legal)?;
            sealed::seal(&tx, note, &desk, (Tier::Legal, &Content::of_end(LegalHoldEnd::Superseded)), now).await?;
            save_told(&tx, ends, &stands.end(&to, now).unwrap_or_default()).await?;
        }
        let new = NewLegalHold {
            id,
            region: desk.episode.region,
            episode: desk.episode.id,
            recorder: home.id,
            began_at: input.began_at,
            expires_at: input.expires_at,
        };
        let changes = LegalHold::begin(new, clock, &to, now).map_err(|why| match why {
            NotBegun::InFuture => Error::Refused(vec![Problem::new(ProblemCode::BeginsInFuture).at(&["beganAt"])]),
            NotBegun::Flaw(flaw) => flaw.into(),
        })?;
        let begun = changes.last().map(Changed::state).cloned().ok_or(Error::NotFound)?;
        let says = Content::of_legal_hold(jurisdiction, status, (begun.began_at, begun.expires_at));
        sealed::seal(&tx, note, &desk, (Tier::Legal, &says), now).await?;
        save_told(&tx, permit, &changes).await?;
        remember(&tx, input.keyed.as_ref(), [id]).await?;
        Ok(tx.commit(begun).await?)
    })
}

/// Says how a legal hold ended, and stops its clock.
pub async fn end(hub: &Hub, viewer: &Viewer, input: EndLegalHold) -> Result<Outcome<LegalHoldView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| end_in(tx, viewer, input)).await?;
    shown(hub, viewer, done)
}

fn end_in<'a>(
    tx: Tx,
    viewer: &'a Viewer,
    input: &'a EndLegalHold,
) -> BoxFuture<'a, Result<Committed<LegalHold>, Error>> {
    Box::pin(async move {
        let desk = Desk::open(&tx, viewer, input.handoff).await?;
        let note = permit::note(viewer, &desk.home, &desk.handoff, tx.id(), Tier::Legal)?;
        let now = tx.now();
        desk.is_under_way(now)?;
        let to = concerned(&tx, (&desk.episode).into(), &[]).await?;
        let stands = tx.legal_hold_behind(desk.episode.id).await?.filter(|hold| hold.id == input.legal_hold);
        let stands = stands.ok_or_else(|| desk.refused(ProblemCode::WrongState))?;
        // To whoever does not see it, it is not there.
        let permit = permit::end_legal_hold(viewer, &stands).map_err(|_| desk.refused(ProblemCode::WrongState))?;
        let changes = stands.end(&to, now).ok_or_else(|| desk.refused(ProblemCode::WrongState))?;
        sealed::seal(&tx, note, &desk, (Tier::Legal, &Content::of_end(input.reason)), now).await?;
        save_told(&tx, permit, &changes).await?;
        let ended = changes.last().map(Changed::state).cloned().ok_or(Error::NotFound)?;
        remember(&tx, input.keyed.as_ref(), [ended.id]).await?;
        Ok(tx.commit(ended).await?)
    })
}

fn shown(hub: &Hub, viewer: &Viewer, done: Outcome<LegalHold>) -> Result<Outcome<LegalHoldView>, Error> {
    done.seen(|hold| views::legal_hold(&Scope::of(viewer), hold, hub.clock().now()))
}

/// The hold of a search that has ended ends with it.
pub(super) async fn end_with(tx: &Tx, episode: &Episode, also: &[OrganizationId], now: At) -> Result<(), Error> {
    let Some(hold) = tx.legal_hold_behind(episode.id).await? else { return Ok(()) };
    let to = concerned(tx, episode.into(), also).await?;
    save_told(tx, permit::end_legal_hold_with_search(&hold)?, &hold.end(&to, now).unwrap_or_default()).await
}

/// Tells of holds of which another 50, 75, 90 or 100 percent are over.
pub(super) async fn are_due(hub: &Hub, due: &[LegalHoldId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    hub.store()
        .apart()
        .write(me, |tx| async move {
            let known = tx.legal_holds_as_they_are(due).await?;
            let mut behind: Vec<EpisodeId> = known.iter().map(|hold| hold.episode).collect();
            behind.sort_unstable();
            behind.dedup();
            for episode in tx.episodes_behind(&behind).await? {
                let to = concerned(&tx, (&episode).into(), &[]).await?;
                let Some(hold) = tx.legal_hold_behind(episode.id).await? else { continue };
                let now = tx.now();
                // Another node may have told of it, or it have ended, while this one waited for the search.
                let due = !tx.take_due(hold.id, now).await?.is_empty();
                if let Some(changes) = hold.tell_time(&to, now).filter(|_| due) {
                    save_told(&tx, permit::tell_legal_hold(me, &hold)?, &changes).await?;
                }
            }
            Ok::<Committed<_>, Error>(tx.commit(()).await?)
        })
        .await?;
    Ok(due.len())
}

/// Legal holds by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[LegalHoldId]) -> Result<Vec<Option<LegalHoldView>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.legal_holds(ids).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let one = |id: &LegalHoldId| views::legal_hold(&scope, found.iter().find(|one| one.id == *id)?.clone(), now);
    Ok(ids.iter().map(one).collect())
}

/// The legal holds that stand in searches, as far as the viewer sees them.
pub async fn of_episodes(
    hub: &Hub,
    viewer: &Viewer,
    episodes: &[EpisodeId],
) -> Result<HashMap<EpisodeId, LegalHoldView>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.legal_holds_of(episodes).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    Ok(found.into_iter().filter_map(|hold| Some((hold.episode, views::legal_hold(&scope, hold, now)?))).collect())
}
