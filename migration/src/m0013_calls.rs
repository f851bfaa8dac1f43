//! Who is on call for units, the calls of their people, and how far the log has been read for them.
use sea_orm_migration::prelude::{
    ColumnDef, ConnectionTrait, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait,
    SchemaManager, Table, TableCreateStatement, async_trait,
};

/// Nobody is called about what the log told before there were calls.
const FROM_HERE: &str = "INSERT INTO counter (name, n, \"at\") SELECT 'calls', COALESCE(MAX(number), 0), 0 FROM event";

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [on_call(), call()] {
            manager.create_table(table).await?;
        }
        for index in [
            Index::create().name("on_call_unit").table("on_call").col("bed_unit_id").unique().take(),
            Index::create().name("call_handoff").table("call").col("handoff_id").col("id").take(),
            Index::create().name("call_state").table("call").col("state").col("bed_unit_id").take(),
        ] {
            manager.create_index(index).await?;
        }
        manager.get_connection().execute_unprepared(FROM_HERE).await?;
        Ok(())
    }
}

fn on_call() -> TableCreateStatement {
    let mut unit = ForeignKey::create()
        .from("on_call", "bed_unit_id")
        .to("bed_unit", "id")
        .on_delete(ForeignKeyAction::Restrict)
        .take();
    Table::create()
        .table("on_call")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("bed_unit_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("steps").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut unit)
        .take()
}

fn call() -> TableCreateStatement {
    let mut handoff = ForeignKey::create()
        .from("call", "handoff_id")
        .to("handoff", "id")
        .on_delete(ForeignKeyAction::Restrict)
        .take();
    Table::create()
        .table("call")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("sender_id").uuid().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("bed_unit_id").uuid().not_null())
        .col(ColumnDef::new("word").text().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("asked_at").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().not_null())
        .col(ColumnDef::new("steps").text().not_null())
        .col(ColumnDef::new("next_at").big_integer().null())
        .col(ColumnDef::new("seen_at").big_integer().null())
        .col(ColumnDef::new("seen_by").uuid().null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut handoff)
        .take()
}
