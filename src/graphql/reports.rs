//! Past reports of units: those that one answer asks for are read together.
use crate::app::bed::{self, ReportsAsked};
use crate::app::{Error, Hub};
use crate::domain::bed::Report;
use crate::policy::Viewer;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use std::collections::HashMap;
use std::sync::Arc;

/// The most units whose reports are read by one statement.
const TOGETHER: usize = 100;

/// What a viewer reads past reports by.
pub struct Reports {
    hub: Hub,
    viewer: Viewer,
}

impl Reports {
    /// For one operation.
    pub fn loader(hub: &Hub, viewer: &Viewer) -> Arc<DataLoader<Self>> {
        let reports = Self { hub: hub.clone(), viewer: viewer.clone() };
        Arc::new(DataLoader::new(reports, TokioSpawner::current(), TokioTimer::default()).max_batch_size(TOGETHER))
    }
}

impl Loader<ReportsAsked> for Reports {
    type Value = Vec<Report>;
    // Each of those who asked together hears it.
    type Error = Arc<Error>;

    async fn load(&self, asked: &[ReportsAsked]) -> Result<HashMap<ReportsAsked, Vec<Report>>, Arc<Error>> {
        bed::reports(&self.hub, &self.viewer, asked).await.map_err(Arc::new)
    }
}
