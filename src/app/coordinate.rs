//! Verbs of those who coordinate a region: they look on at the open searches of others, and each look is written down before
//! it is answered; and they remind whoever's word is awaited. What is the agencies' own to say, they say.
use super::error::Error;
use super::keyed::{remember, replayed_one};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::event::Event;
use crate::domain::handoff::{Handoff, NudgeRefused};
use crate::domain::id::{GlobalId, HandoffId, OrganizationId};
use crate::domain::look::{Look, LookDoor};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::policy::view::{self, EpisodeView, HandoffView};
use crate::policy::{Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use std::collections::BTreeMap;

/// Something between agencies that is about to be shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    row: GlobalId,
    /// The agencies that it is between: each may know who looked.
    of: Vec<OrganizationId>,
}

/// What may be seen by somebody whose agency has no part in it.
pub(super) trait Foreign: Send {
    /// What is written down of it, where it is shown to a coordinator alone.
    fn shown(&self) -> Option<Shown>;
}

impl Foreign for EpisodeView {
    fn shown(&self) -> Option<Shown> {
        let episode = self.episode();
        (!self.is_partys()).then(|| Shown { row: episode.id.into(), of: vec![episode.sender] })
    }
}

impl Foreign for HandoffView {
    fn shown(&self) -> Option<Shown> {
        (!self.is_partys()).then(|| of_handoff(self.handoff()))
    }
}

fn of_handoff(handoff: &Handoff) -> Shown {
    Shown { row: handoff.id.into(), of: vec![handoff.sender, handoff.receiver] }
}

/// What the viewer is answered, when it is written down that they looked; less what they are no longer to see, if their agency
/// has stopped coordinating meanwhile.
pub(super) async fn seen<V: Foreign>(
    hub: &Hub,
    viewer: &Viewer,
    door: LookDoor,
    views: Vec<V>,
) -> Result<Vec<V>, Error> {
    if !viewer.is_looked_after() {
        return Ok(views);
    }
    let shown: Vec<Shown> = views.iter().filter_map(Foreign::shown).collect();
    if looked(hub, viewer, door, &shown).await? {
        return Ok(views);
    }
    Ok(views.into_iter().filter(|view| view.shown().is_none()).collect())
}

/// The same of a page of the log.
pub(super) async fn seen_in_log(hub: &Hub, viewer: &Viewer, events: Vec<Event>) -> Result<Vec<Event>, Error> {
    if !viewer.is_looked_after() {
        return Ok(events);
    }
    let scope = Scope::of(viewer);
    let foreign = |event: &Event| scope.sees_as_coordinator(&event.happening);
    let shown = |event: &Event| {
        let happening = &event.happening;
        let row = GlobalId { noun: happening.noun, key: happening.key };
        Shown { row, of: std::iter::once(happening.owner).chain(happening.party).collect() }
    };
    let shown: Vec<Shown> = events.iter().filter(|event| foreign(event)).map(shown).collect();
    if looked(hub, viewer, LookDoor::Log, &shown).await? {
        return Ok(events);
    }
    Ok(events.into_iter().filter(|event| !foreign(event)).collect())
}

/// Writes down a look, a line for each agency concerned; answers whether the viewer may look at all.
async fn looked(hub: &Hub, viewer: &Viewer, door: LookDoor, shown: &[Shown]) -> Result<bool, Error> {
    if shown.is_empty() {
        return Ok(true);
    }
    let written = hub.store().write(viewer, |tx| async move {
        let home = home(&tx, viewer).await?;
        let may = match note(&tx, viewer, &home, door, shown) {
            Ok(()) => true,
            Err(Error::Forbidden) => false,
            Err(error) => return Err(error),
        };
        Ok::<Committed<_>, Error>(tx.commit(may).await?)
    });
    written.await
}

/// The lines of one look.
fn note(tx: &Tx, viewer: &Viewer, home: &Organization, door: LookDoor, shown: &[Shown]) -> Result<(), Error> {
    let mut agencies: BTreeMap<OrganizationId, (u32, GlobalId)> = BTreeMap::new();
    for one in shown {
        let mut of = one.of.clone();
        of.dedup();
        for agency in of {
            // Of one object the line says which, of several how many.
            let line = agencies.entry(agency).or_insert((0, one.row));
            line.0 += 1;
            if line.1 != one.row {
                line.1 = home.region.into();
            }
        }
    }
    for (agency, (shown, row)) in agencies {
        tx.record_look(permit::look(viewer, home, agency, row)?, Look { door, shown });
    }
    Ok(())
}

async fn home(tx: &Tx, viewer: &Viewer) -> Result<Organization, Error> {
    let own = viewer.organization().ok_or(Error::Forbidden)?;
    tx.consult::<OrganizationDetails>(own).await?.ok_or(Error::NotFound)
}

/// The viewer of a subscription that shows handoffs: of a coordinator it is written down that they look on at the whole region,
/// in one line that every agency of it may read. A subscription that is resumed is begun anew.
pub async fn watch(hub: &Hub, viewer: Viewer) -> Result<Viewer, Error> {
    if !viewer.is_looked_after() {
        return Ok(viewer);
    }
    let watching = &viewer;
    let written = hub.store().write(watching, |tx| async move {
        let home = home(&tx, watching).await?;
        let shown = tx.open_episodes().await?;
        let may = match permit::look(watching, &home, home.id, home.region.into()) {
            Ok(permit) => {
                tx.record_look(permit, Look { door: LookDoor::Watch, shown });
                true
            }
            Err(_) => false,
        };
        Ok::<Committed<_>, Error>(tx.commit(may).await?)
    });
    Ok(if written.await? { viewer.noted() } else { viewer.designated(None) })
}

/// Reminds the party of a handoff whose word is awaited.
#[derive(Clone, Debug)]
pub struct NudgeHandoff {
    /// The handoff.
    pub handoff: HandoffId,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Reminds the party whose word is awaited: for the party that waits, or for a coordinator.
pub async fn nudge(hub: &Hub, viewer: &Viewer, input: NudgeHandoff) -> Result<Outcome<HandoffView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            let home = home(&tx, viewer).await?;
            let done = replayed_one::<HandoffId>(&tx, input.keyed.as_ref()).await?;
            let mut handoff = tx.handoff(done.unwrap_or(input.handoff)).await?.ok_or(Error::NotFound)?;
            let (party, permit) = permit::nudge(viewer, &home, &handoff)?;
            if party.is_none() {
                note(&tx, viewer, &home, LookDoor::ById, &[of_handoff(&handoff)])?;
            }
            if done.is_none() {
                let changed = handoff.nudge(party, tx.now()).map_err(|why| refused(why, &handoff))?;
                tx.save(permit, &changed).await?;
                handoff = changed.into_state();
                remember(&tx, input.keyed.as_ref(), [handoff.id]).await?;
            }
            Ok::<Committed<_>, Error>(tx.commit((handoff, done.is_some())).await?)
        })
        .await;
    Outcome::settle(written.and_then(|(handoff, replayed)| {
        let view = view::handoff(&Scope::of(viewer), handoff, hub.clock().now()).ok_or(Error::NotFound)?;
        Ok(Outcome::done(view, replayed))
    }))
}

fn refused(why: NudgeRefused, handoff: &Handoff) -> Error {
    let problem = match why {
        NudgeRefused::NotAwaited => Problem::new(ProblemCode::WrongState),
        NudgeRefused::TooSoon(again) => Problem::new(ProblemCode::TooSoon)
            .saying(format!("Somebody was reminded of this a moment ago: call, or remind again from {again} on.")),
    };
    Error::Refused(vec![problem.at(&["handoffId"]).with_current(handoff.id)])
}
