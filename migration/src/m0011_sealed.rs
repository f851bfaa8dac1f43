//! Sealed entries of handoffs, their keys, consents, and the ledger of what was opened.
use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index,
    MigrationTrait, SchemaManager, Table, TableCreateStatement, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [handoff_key(), handoff_entry(), consent(), disclosure()] {
            manager.create_table(table).await?;
        }
        for index in [
            Index::create()
                .name("handoff_key_generation")
                .table("handoff_key")
                .col("generation")
                .col("handoff_id")
                .take(),
            Index::create().name("handoff_entry_handoff").table("handoff_entry").col("handoff_id").col("id").take(),
            Index::create().name("consent_handoff").table("consent").col("handoff_id").take(),
            Index::create().name("disclosure_handoff").table("disclosure").col("handoff_id").col("id").take(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// Nothing that is sealed, and no line of the ledger, outlives its handoff's row: that row stays.
fn of_handoff(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, "handoff_id").to("handoff", "id").on_delete(ForeignKeyAction::Restrict).take()
}

fn handoff_key() -> TableCreateStatement {
    Table::create()
        .table("handoff_key")
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("month").text().not_null())
        .col(ColumnDef::new("generation").integer().not_null())
        .col(ColumnDef::new("key_id").text().not_null())
        .col(ColumnDef::new("wrapped").binary().not_null())
        .primary_key(Index::create().col("handoff_id"))
        .foreign_key(&mut of_handoff("handoff_key"))
        .take()
}

fn handoff_entry() -> TableCreateStatement {
    Table::create()
        .table("handoff_entry")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("tier").text().not_null())
        .col(ColumnDef::new("author_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("part2").boolean().not_null())
        .col(ColumnDef::new("sealed").binary().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut of_handoff("handoff_entry"))
        .take()
}

fn consent() -> TableCreateStatement {
    Table::create()
        .table("consent")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("from_id").uuid().not_null())
        .col(ColumnDef::new("to_ids").text().not_null())
        .col(ColumnDef::new("tiers").text().not_null())
        .col(ColumnDef::new("purposes").text().not_null())
        .col(ColumnDef::new("signer").text().not_null())
        .col(ColumnDef::new("given").text().not_null())
        .col(ColumnDef::new("starts_at").big_integer().not_null())
        .col(ColumnDef::new("expires_at").big_integer().not_null())
        .col(ColumnDef::new("revoked_at").big_integer().null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("recorded_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut of_handoff("consent"))
        .take()
}

fn disclosure() -> TableCreateStatement {
    Table::create()
        .table("disclosure")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("tier").text().not_null())
        .col(ColumnDef::new("purpose").text().not_null())
        .col(ColumnDef::new("author_id").uuid().null())
        .col(ColumnDef::new("consent_id").uuid().null())
        .col(ColumnDef::new("entries").integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut of_handoff("disclosure"))
        .take()
}
