//! Notices, their acknowledgements, and requests that units confirm their numbers.
use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, IndexCreateStatement, MigrationTrait,
    SchemaManager, Table, TableCreateStatement, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [notice(), notice_acknowledgement(), bed_update_request()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn notice() -> TableCreateStatement {
    Table::create()
        .table("notice")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("severity").text().not_null())
        .col(ColumnDef::new("headline").text().not_null())
        .col(ColumnDef::new("text").text().not_null())
        .col(ColumnDef::new("counties_fips").text().not_null())
        .col(ColumnDef::new("kinds").text().not_null())
        .col(ColumnDef::new("starts_at").big_integer().not_null())
        .col(ColumnDef::new("ends_at").big_integer().not_null())
        .col(ColumnDef::new("acknowledge").boolean().not_null())
        .col(ColumnDef::new("drill").boolean().not_null())
        .col(ColumnDef::new("posted_at").big_integer().not_null())
        .col(ColumnDef::new("withdrawn_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("notice", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn notice_acknowledgement() -> TableCreateStatement {
    Table::create()
        .table("notice_acknowledgement")
        .col(ColumnDef::new("notice_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .primary_key(Index::create().col("notice_id").col("organization_id"))
        .foreign_key(
            ForeignKey::create()
                .from("notice_acknowledgement", "notice_id")
                .to("notice", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn bed_update_request() -> TableCreateStatement {
    Table::create()
        .table("bed_update_request")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("units").text().not_null())
        .col(ColumnDef::new("audience").small_integer().not_null())
        .col(ColumnDef::new("note").text().null())
        .col(ColumnDef::new("drill").boolean().not_null())
        .col(ColumnDef::new("asked_at").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("bed_update_request", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        Index::create().name("bed_update_request_asked").table("bed_update_request").col("asked_at").take(),
        // The first report after a question.
        Index::create().name("bed_report_received").table("bed_report").col("bed_unit_id").col("received_at").take(),
    ]
}
