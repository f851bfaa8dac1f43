//! Verbs of the step of reaching a minor's guardian. Who that is, and who may consent, is sealed in the handoff that it was
//! said in.
use super::error::Error;
use super::keyed::{once, remember};
use super::law::{self, Desk, Searched, concerned, save_told};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log, sealed};
use crate::domain::entry::Changed;
use crate::domain::episode::Episode;
use crate::domain::guardian::{Guardian, NewGuardian, is_minor};
use crate::domain::handoff::Handoff;
use crate::domain::id::{EpisodeId, GuardianId, HandoffId, OrganizationId};
use crate::domain::pathway::PathwayDetails;
use crate::domain::sealed::{Content, GuardianSaid, Signer, Tier};
use crate::domain::service::{ServiceDetails, ServiceKind};
use crate::domain::time::At;
use crate::policy::law::{self as views, GuardianView};
use crate::policy::{Machine, Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use futures_util::future::BoxFuture;
use std::collections::HashMap;

/// Says that a minor's guardian was reached.
#[derive(Clone)]
pub struct RecordGuardianReached {
    /// In which handoff of the viewer's agency.
    pub handoff: HandoffId,
    /// Whose the minor is, and who may consent.
    pub said: GuardianSaid,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Waits for the guardian of a minor for whom a place is sought, once the need says how old the person is; and no longer where
/// it says that they are none. What is not known is asked. `also` are agencies whose handoff is about to be written.
pub(super) fn follow_need<'a>(
    (tx, hub): (&'a Tx, &'a Hub),
    (of, begins): (Searched, bool),
    age: Option<u16>,
    also: &'a [OrganizationId],
    now: At,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        let law = law::of(hub, of.region);
        let (Some(age), Some(minor)) = (age, is_minor(age, law)) else { return Ok(()) };
        // Of a search that goes on its handoffs are locked: whoever has them has the step.
        let step = if begins { None } else { tx.guardian_behind(of.episode).await? };
        if step.is_none() && !minor {
            return Ok(());
        }
        let to = concerned(tx, of, also).await?;
        let changes = match (&step, minor) {
            (None, false) => None,
            (None, true) => {
                let (region, episode, sender) = (of.region, of.episode, of.sender);
                let new = NewGuardian { id: tx.id(), region, episode, sender };
                Some(Guardian::awaited(new, age, law, &to, now))
            }
            (Some(step), true) => step.of_age(age, law, &to, now),
            (Some(step), false) => step.of_an_adult(&to, now),
        };
        let changes = changes.unwrap_or_default();
        let Some(first) = changes.first() else { return Ok(()) };
        let permit = permit::await_guardian(step.as_ref().unwrap_or(first.state()), step.is_some())?;
        save_told(tx, permit, &changes).await
    })
}

/// Says that a minor's guardian was reached, and writes down who may consent.
pub async fn record_reached(
    hub: &Hub,
    viewer: &Viewer,
    input: RecordGuardianReached,
) -> Result<Outcome<GuardianView>, Error> {
    log::known(viewer)?;
    input.said.check()?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| record_in(tx, viewer, input)).await?;
    done.seen(|step| views::guardian(&Scope::of(viewer), step, hub.clock().now()))
}

fn record_in<'a>(
    tx: Tx,
    viewer: &'a Viewer,
    input: &'a RecordGuardianReached,
) -> BoxFuture<'a, Result<Committed<Guardian>, Error>> {
    Box::pin(async move {
        let desk = Desk::open(&tx, viewer, input.handoff).await?;
        let note = permit::note(viewer, &desk.home, &desk.handoff, tx.id(), Tier::Identity)?;
        let now = tx.now();
        desk.is_under_way(now)?;
        let to = concerned(&tx, (&desk.episode).into(), &[]).await?;
        let nobody = || {
            let says = "Nobody waits for a guardian here: the need says no age of a minor.".to_owned();
            let problem = Problem::new(ProblemCode::WrongState).at(&["handoffId"]).saying(says);
            Error::Refused(vec![problem.with_current(desk.handoff.id)])
        };
        let step = tx.guardian_behind(desk.episode.id).await?.filter(|step| step.ended_at.is_none());
        let step = step.ok_or_else(nobody)?;
        // To whoever does not see that somebody else has said so, it is not there.
        let permit = permit::reach_guardian(viewer, desk.home.id, &step).map_err(|_| nobody())?;
        // What is said later of whose the minor is, is written down beside it; the first word on the step stands.
        sealed::seal(&tx, note, &desk, (Tier::Identity, &Content::of_guardian(input.said.clone())), now).await?;
        let step = match step.reach(desk.home.id, &to, now) {
            Some(changes) => {
                save_told(&tx, permit, &changes).await?;
                changes.last().map(Changed::state).cloned().unwrap_or(step)
            }
            None => step,
        };
        remember(&tx, input.keyed.as_ref(), [step.id]).await?;
        Ok(tx.commit(step).await?)
    })
}

/// The step of a search that has ended ends with it.
pub(super) async fn end_with(tx: &Tx, episode: &Episode, also: &[OrganizationId], now: At) -> Result<(), Error> {
    let step = tx.guardian_behind(episode.id).await?.filter(|step| step.ended_at.is_none());
    let Some(step) = step else { return Ok(()) };
    let to = concerned(tx, episode.into(), also).await?;
    save_told(tx, permit::await_guardian(&step, true)?, &step.end(&to, now).unwrap_or_default()).await
}

/// Tells of guardians who were not reached in time.
pub(super) async fn are_due(hub: &Hub, due: &[GuardianId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    hub.store()
        .apart()
        .write(me, |tx| async move {
            let known = tx.guardians_as_they_are(due).await?;
            let mut behind: Vec<EpisodeId> = known.iter().map(|step| step.episode).collect();
            behind.sort_unstable();
            behind.dedup();
            for episode in tx.episodes_behind(&behind).await? {
                let to = concerned(&tx, (&episode).into(), &[]).await?;
                let Some(step) = tx.guardian_behind(episode.id).await? else { continue };
                let now = tx.now();
                // Another node may have told of it, or somebody been reached, while this one waited for the search.
                let due = !tx.take_due(step.id, now).await?.is_empty();
                if let Some(changes) = step.tell_time(&to, now).filter(|_| due) {
                    save_told(&tx, permit::tell_guardian(me, &step)?, &changes).await?;
                }
            }
            Ok::<Committed<_>, Error>(tx.commit(()).await?)
        })
        .await?;
    Ok(due.len())
}

/// Refuses a consent that a minor signs alone where the law does not let them, for the kind of service that the handoff leads
/// to. Whether somebody whose age is not known is a minor is asked, not guessed.
pub(super) async fn may_sign(tx: &Tx, hub: &Hub, of: &Handoff, signer: Signer) -> Result<(), Error> {
    if signer != Signer::Person {
        return Ok(());
    }
    let Some(step) = tx.guardian_behind(of.episode).await? else { return Ok(()) };
    if kind_of(hub, of).is_none_or(|kind| step.may_sign(kind)) {
        return Ok(());
    }
    let says = "The law of this region does not let somebody of this age sign this alone: have a parent, a guardian or a \
                court sign, and record it with that `signer`. See `Region.jurisdiction`, and check with counsel.";
    let problem = Problem::new(ProblemCode::ConsentRequired).at(&["signer"]).saying(says.into());
    Err(Error::Refused(vec![problem.with_current(of.id)]))
}

/// The kind of service that a handoff leads to.
fn kind_of(hub: &Hub, of: &Handoff) -> Option<ServiceKind> {
    let (scope, board) = (Scope::of(&Viewer::machine(Machine::Follower)), hub.board().now());
    let pathway = board.entry::<PathwayDetails>(&scope, of.pathway.0)?;
    Some(board.entry::<ServiceDetails>(&scope, pathway.details.terms.service)?.details.kind)
}

/// Steps by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[GuardianId]) -> Result<Vec<Option<GuardianView>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.guardians(ids).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let one = |id: &GuardianId| views::guardian(&scope, found.iter().find(|one| one.id == *id)?.clone(), now);
    Ok(ids.iter().map(one).collect())
}

/// The steps of searches, as far as the viewer sees them.
pub async fn of_episodes(
    hub: &Hub,
    viewer: &Viewer,
    episodes: &[EpisodeId],
) -> Result<HashMap<EpisodeId, GuardianView>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.guardians_of(episodes).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    Ok(found.into_iter().filter_map(|step| Some((step.episode, views::guardian(&scope, step, now)?))).collect())
}
