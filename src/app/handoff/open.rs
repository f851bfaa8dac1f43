//! A search that asks nobody yet: whoever finds no place is seen looking for one.
use super::offer::{Written, few_enough, shown};
use crate::app::error::Error;
use crate::app::keyed::{once, remember};
use crate::app::outcome::Outcome;
use crate::app::{Hub, guardian, log};
use crate::board::Seek;
use crate::domain::episode::{Episode, NewEpisode, Settlement};
use crate::domain::handoff::NeedSummary;
use crate::domain::need::{Fit, Need};
use crate::domain::time::At;
use crate::policy::view::EpisodeView;
use crate::policy::{Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};

/// Begins a search that asks nobody yet.
#[derive(Clone, Debug)]
pub struct OpenEpisode {
    /// What is known of the need.
    pub need: Need,
    /// The person agrees with the search.
    pub person_agreed: bool,
    /// How it is settled.
    pub settlement: Settlement,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Begins a search that asks nobody yet. Where no pathway leads the viewer to a place that may take the person, the log says so:
/// it is the hub that looked, and not the sender who claims it.
pub async fn open(hub: &Hub, viewer: &Viewer, input: OpenEpisode) -> Result<Outcome<EpisodeView>, Error> {
    log::known(viewer)?;
    let input = &input;
    // The board is no part of the write: nobody waits while it is looked at.
    let anybody = anybody(hub, viewer, &input.need, hub.clock().now());
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| open_in(tx, hub, viewer, input, anybody)).await?;
    shown(hub, viewer, done)
}

async fn open_in(
    tx: Tx,
    hub: &Hub,
    viewer: &Viewer,
    input: &OpenEpisode,
    anybody: bool,
) -> Result<Committed<Written>, Error> {
    let (region, sender) = viewer.region().zip(viewer.organization()).ok_or(Error::Forbidden)?;
    let id = tx.id();
    let permit = permit::seek(viewer, region, id)?;
    few_enough(&tx, viewer).await?;
    let now = tx.now();
    let new = NewEpisode {
        id,
        region,
        sender,
        opened_by: viewer.grant_id(),
        need: NeedSummary::from(&input.need),
        settlement: input.settlement,
        person_agreed: input.person_agreed,
    };
    let begun = if anybody { Episode::open(new, now) } else { Episode::unmatched(new, now) };
    tx.save(permit, &begun).await?;
    let episode = begun.into_state();
    guardian::follow_need((&tx, hub), ((&episode).into(), true), input.need.age, &[], now).await?;
    remember(&tx, input.keyed.as_ref(), [episode.id]).await?;
    Ok(tx.commit((episode, Vec::new())).await?)
}

/// Whether a pathway leads the viewer to a place, or to teams, that do not have to say no, as the board shows them.
fn anybody(hub: &Hub, viewer: &Viewer, need: &Need, now: At) -> bool {
    let (near, within_meters, after) = (None, None, None);
    let seek = Seek { need, role: viewer.role(), near, within_meters, at: now, ranked_at: now, after, most: 1 };
    let best = hub.board().now().match_pathways(&Scope::of(viewer), &seek);
    best.first().is_some_and(|best| best.fit != Fit::NotMet)
}
