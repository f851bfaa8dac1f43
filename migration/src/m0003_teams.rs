//! Mobile teams, and the lines and hours of services.
use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table,
    TableCreateStatement, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(team()).await?;
        // What the services of before do not say is not known. SQLite adds a column a statement.
        for mut column in [
            ColumnDef::new("direct_line").text().null().take(),
            ColumnDef::new("text_line").text().null().take(),
            ColumnDef::new("hours").text().null().take(),
            ColumnDef::new("youth_capable").boolean().null().take(),
        ] {
            manager.alter_table(Table::alter().table("service").add_column(&mut column).take()).await?;
        }
        Ok(())
    }
}

fn team() -> TableCreateStatement {
    Table::create()
        .table("team")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("label").text().not_null())
        .col(ColumnDef::new("service_id").uuid().not_null())
        .col(ColumnDef::new("counties").text().not_null())
        .col(ColumnDef::new("hours").text().null())
        .col(ColumnDef::new("languages").text().not_null())
        .col(ColumnDef::new("youth_capable").boolean().not_null())
        .col(ColumnDef::new("peer_on_team").boolean().not_null())
        .col(ColumnDef::new("can_transport").boolean().not_null())
        .col(ColumnDef::new("heartbeat_minutes").integer().not_null())
        .col(ColumnDef::new("audience").small_integer().not_null())
        .col(ColumnDef::new("status").text().null())
        .col(ColumnDef::new("status_since").big_integer().null())
        .col(ColumnDef::new("heard_at").big_integer().null())
        .col(ColumnDef::new("free_at").big_integer().null())
        .col(ColumnDef::new("lost").boolean().not_null())
        .col(ColumnDef::new("external_ids").text().not_null())
        .col(ColumnDef::new("retired").boolean().not_null())
        .col(ColumnDef::new("provenance").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create().from("team", "service_id").to("service", "id").on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create()
                .from("team", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}
