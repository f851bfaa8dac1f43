//! Referral pathways.
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
        let references = |column: &'static str, table: &'static str| {
            ForeignKey::create().from("pathway", column).to(table, "id").on_delete(ForeignKeyAction::Restrict).take()
        };
        let pathway = Table::create()
            .table("pathway")
            .col(ColumnDef::new("id").uuid().not_null())
            .col(ColumnDef::new("region_id").uuid().not_null())
            .col(ColumnDef::new("organization_id").uuid().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("service_id").uuid().not_null())
            .col(ColumnDef::new("terms").text().not_null())
            .col(ColumnDef::new("external_ids").text().not_null())
            .col(ColumnDef::new("retired").boolean().not_null())
            .col(ColumnDef::new("provenance").text().not_null())
            .col(ColumnDef::new("updated_at").big_integer().not_null())
            .primary_key(Index::create().col("id"))
            .foreign_key(&mut references("service_id", "service"))
            .foreign_key(&mut references("organization_id", "organization"))
            .take();
        manager.create_table(pathway).await
    }
}
