//! Travel times: one table of zones and times a region.
use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
    async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let travel_times = Table::create()
            .table("travel_times")
            .col(ColumnDef::new("id").uuid().not_null())
            .col(ColumnDef::new("region_id").uuid().not_null())
            .col(ColumnDef::new("owner_id").uuid().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("zones").text().not_null())
            .col(ColumnDef::new("times").text().not_null())
            .col(ColumnDef::new("retired").boolean().not_null())
            .col(ColumnDef::new("provenance").text().not_null())
            .col(ColumnDef::new("updated_at").big_integer().not_null())
            .primary_key(Index::create().col("id"))
            .foreign_key(
                ForeignKey::create()
                    .from("travel_times", "region_id")
                    .to("region", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .take();
        manager.create_table(travel_times).await?;
        let one = Index::create().name("travel_times_region").table("travel_times").col("region_id").unique().take();
        manager.create_index(one).await
    }
}
