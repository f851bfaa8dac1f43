//! The log by region: whoever reads it sees one region of it.
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, async_trait};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_region = Index::create().name("event_region").table("event").col("region_id").col("number").take();
        manager.create_index(by_region).await
    }
}
