//! Reading episodes; they are begun and ended by what is said of handoffs.
use super::coordinate::seen;
use super::error::Error;
use super::{Hub, log};
use crate::domain::episode::Episode;
use crate::domain::id::EpisodeId;
use crate::domain::look::LookDoor;
use crate::policy::view::{self, EpisodeView, HandoffView};
use crate::policy::{Scope, Viewer};
pub use crate::store::{EpisodeFilter, Waiting};
use std::collections::HashMap;

/// Episodes by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[EpisodeId]) -> Result<Vec<Option<EpisodeView>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.episodes(ids).await?;
    let found = seen(hub, viewer, LookDoor::ById, views(viewer, found)).await?;
    let one = |id: &EpisodeId| found.iter().find(|view| view.episode().id == *id).cloned();
    Ok(ids.iter().map(one).collect())
}

fn views(viewer: &Viewer, found: Vec<Episode>) -> Vec<EpisodeView> {
    let scope = Scope::of(viewer);
    found.into_iter().filter_map(|episode| view::episode(&scope, episode)).collect()
}

/// Episodes of a filter between two ids, latest first; its first `most`, or with `from_end` its last.
pub async fn list(
    hub: &Hub,
    viewer: &Viewer,
    filter: &EpisodeFilter,
    between: (Option<EpisodeId>, Option<EpisodeId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<EpisodeView>, Error> {
    log::known(viewer)?;
    let episodes = hub.store().read(viewer).await?.list_episodes(filter, between, most, from_end).await?;
    seen(hub, viewer, LookDoor::List, views(viewer, episodes)).await
}

/// Episodes of a filter between two places, who has waited longest first; the first `most`, or with `from_end` the last.
pub async fn longest_waiting(
    hub: &Hub,
    viewer: &Viewer,
    filter: &EpisodeFilter,
    between: (Option<Waiting>, Option<Waiting>),
    most: u64,
    from_end: bool,
) -> Result<Vec<EpisodeView>, Error> {
    log::known(viewer)?;
    let episodes = hub.store().read(viewer).await?.longest_waiting(filter, between, most, from_end).await?;
    seen(hub, viewer, LookDoor::List, views(viewer, episodes)).await
}

/// The handoffs of episodes that the viewer may see, in the order in which they were made.
pub async fn handoffs(
    hub: &Hub,
    viewer: &Viewer,
    episodes: &[EpisodeId],
) -> Result<HashMap<EpisodeId, Vec<HandoffView>>, Error> {
    log::known(viewer)?;
    let mut found = hub.store().read(viewer).await?.handoffs_of(episodes).await?;
    found.sort_unstable_by_key(|handoff| (handoff.times.announced_at, handoff.id));
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let mut of: HashMap<EpisodeId, Vec<HandoffView>> = HashMap::new();
    let views = found.into_iter().filter_map(|handoff| view::handoff(&scope, handoff, now)).collect();
    for view in seen(hub, viewer, LookDoor::ById, views).await? {
        of.entry(view.handoff().episode).or_default().push(view);
    }
    Ok(of)
}
