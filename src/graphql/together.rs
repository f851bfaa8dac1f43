//! What stands beside many rows of one answer, read together: past reports of units, episodes and their handoffs.
use crate::app::bed::{self, ReportsAsked};
use crate::app::{Error, Hub, call, consent, episode, guardian, legal_hold, on_call, sealed};
use crate::domain::bed::Report;
use crate::domain::handoff::Destination;
use crate::domain::id::{EpisodeId, HandoffId};
use crate::domain::on_call::OnCall;
use crate::domain::sealed::{Consent, EntryFacts};
use crate::policy::Viewer;
use crate::policy::calls::CallView;
use crate::policy::law::{GuardianView, LegalHoldView};
use crate::policy::view::{EpisodeView, HandoffView};
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use std::collections::HashMap;
use std::sync::Arc;

/// The most rows whose neighbors are read by one statement.
const TOGETHER: usize = 100;

/// What a viewer reads such rows by.
pub struct Together {
    hub: Hub,
    viewer: Viewer,
}

impl Together {
    /// For one operation.
    pub fn loader(hub: &Hub, viewer: &Viewer) -> Arc<DataLoader<Self>> {
        let together = Self { hub: hub.clone(), viewer: viewer.clone() };
        Arc::new(DataLoader::new(together, TokioSpawner::current(), TokioTimer::default()).max_batch_size(TOGETHER))
    }
}

impl Loader<ReportsAsked> for Together {
    type Value = Vec<Report>;
    // Each of those who asked together hears it.
    type Error = Arc<Error>;

    async fn load(&self, asked: &[ReportsAsked]) -> Result<HashMap<ReportsAsked, Vec<Report>>, Arc<Error>> {
        bed::reports(&self.hub, &self.viewer, asked).await.map_err(Arc::new)
    }
}

/// The handoffs of an episode.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HandoffsOf(pub EpisodeId);

impl Loader<HandoffsOf> for Together {
    type Value = Vec<HandoffView>;
    type Error = Arc<Error>;

    async fn load(&self, asked: &[HandoffsOf]) -> Result<HashMap<HandoffsOf, Vec<HandoffView>>, Arc<Error>> {
        let ids: Vec<EpisodeId> = asked.iter().map(|of| of.0).collect();
        let found = episode::handoffs(&self.hub, &self.viewer, &ids).await.map_err(Arc::new)?;
        Ok(found.into_iter().map(|(id, handoffs)| (HandoffsOf(id), handoffs)).collect())
    }
}

impl Loader<EpisodeId> for Together {
    type Value = EpisodeView;
    type Error = Arc<Error>;

    async fn load(&self, ids: &[EpisodeId]) -> Result<HashMap<EpisodeId, EpisodeView>, Arc<Error>> {
        let found = episode::get(&self.hub, &self.viewer, ids).await.map_err(Arc::new)?;
        Ok(ids.iter().copied().zip(found).filter_map(|(id, view)| Some((id, view?))).collect())
    }
}

/// Who is on call for a unit or a team.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OnCallOf(pub Destination);

impl Loader<OnCallOf> for Together {
    type Value = OnCall;
    type Error = Arc<Error>;

    async fn load(&self, asked: &[OnCallOf]) -> Result<HashMap<OnCallOf, OnCall>, Arc<Error>> {
        let whose: Vec<Destination> = asked.iter().map(|of| of.0).collect();
        let found = on_call::of(&self.hub, &self.viewer, &whose).await.map_err(Arc::new)?;
        Ok(found.into_iter().map(|(whose, chain)| (OnCallOf(whose), chain)).collect())
    }
}

/// The legal hold that stands in a search.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LegalHoldOf(pub EpisodeId);

impl Loader<LegalHoldOf> for Together {
    type Value = LegalHoldView;
    type Error = Arc<Error>;

    async fn load(&self, asked: &[LegalHoldOf]) -> Result<HashMap<LegalHoldOf, LegalHoldView>, Arc<Error>> {
        let ids: Vec<EpisodeId> = asked.iter().map(|of| of.0).collect();
        let found = legal_hold::of_episodes(&self.hub, &self.viewer, &ids).await.map_err(Arc::new)?;
        Ok(found.into_iter().map(|(episode, view)| (LegalHoldOf(episode), view)).collect())
    }
}

/// The step of reaching a minor's guardian in a search.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GuardianOf(pub EpisodeId);

impl Loader<GuardianOf> for Together {
    type Value = GuardianView;
    type Error = Arc<Error>;

    async fn load(&self, asked: &[GuardianOf]) -> Result<HashMap<GuardianOf, GuardianView>, Arc<Error>> {
        let ids: Vec<EpisodeId> = asked.iter().map(|of| of.0).collect();
        let found = guardian::of_episodes(&self.hub, &self.viewer, &ids).await.map_err(Arc::new)?;
        Ok(found.into_iter().map(|(episode, view)| (GuardianOf(episode), view)).collect())
    }
}

/// What stands in a handoff, many of it to one.
macro_rules! within {
    ($($(#[$doc:meta])* $of:ident: $value:ty = $read:path;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $of(pub HandoffId);

        impl Loader<$of> for Together {
            type Value = Vec<$value>;
            type Error = Arc<Error>;

            async fn load(&self, asked: &[$of]) -> Result<HashMap<$of, Vec<$value>>, Arc<Error>> {
                let ids: Vec<HandoffId> = asked.iter().map(|of| of.0).collect();
                let found = $read(&self.hub, &self.viewer, &ids).await.map_err(Arc::new)?;
                Ok(found.into_iter().map(|(handoff, all)| ($of(handoff), all)).collect())
            }
        }
    )*};
}

within! {
    /// The calls about a handoff.
    CallsOf: CallView = call::of_handoffs;
    /// The consents recorded in a handoff.
    ConsentsOf: Consent = consent::of_handoffs;
    /// The sealed entries of a handoff, unopened.
    EntriesOf: EntryFacts = sealed::of_handoffs;
}
