//! Holds: places of a unit kept for somebody, and what they do to the unit.
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
        // SQLite adds one column a statement.
        for column in [
            ColumnDef::new("held").text().not_null().default("[]").take(),
            ColumnDef::new("arrivals").text().not_null().default("[]").take(),
            ColumnDef::new("pause_over").boolean().not_null().default(false).take(),
        ] {
            manager.alter_table(Table::alter().table("bed_unit").add_column(column).take()).await?;
        }
        manager.create_table(bed_hold()).await?;
        for index in [
            Index::create().name("bed_hold_unit").table("bed_hold").col("bed_unit_id").col("state").take(),
            Index::create().name("bed_hold_holder").table("bed_hold").col("holder_id").col("state").take(),
            Index::create().name("bed_hold_owner").table("bed_hold").col("organization_id").col("state").take(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn bed_hold() -> TableCreateStatement {
    Table::create()
        .table("bed_hold")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("holder_id").uuid().not_null())
        .col(ColumnDef::new("bed_unit_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().null())
        .col(ColumnDef::new("need").text().null())
        .col(ColumnDef::new("generation").big_integer().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("until").big_integer().not_null())
        .col(ColumnDef::new("placed_at").big_integer().not_null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .col(ColumnDef::new("reason").text().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("bed_hold", "bed_unit_id")
                .to("bed_unit", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create()
                .from("bed_hold", "holder_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}
