//! How long what is written stays: shredded, preserved, carried to later offers; and follow-ups of calls that needed no handoff.
use sea_orm_migration::prelude::{
    ColumnDef, ConditionalStatement, ConnectionTrait, DbErr, DeriveMigrationName, Expr, ExprTrait, ForeignKey,
    ForeignKeyAction, Index, MigrationTrait, SchemaManager, Table, TableCreateStatement, async_trait,
};
use sea_orm_migration::sea_orm::DbBackend;

/// Lets a follow-up follow no handoff: see `m0016_course` on the way that SQLite takes.
const WITHOUT_HANDOFF_SQLITE: &str = "PRAGMA writable_schema = ON;
  UPDATE sqlite_schema SET sql = replace(replace(sql, '\"handoff_id\" uuid_text NOT NULL', '\"handoff_id\" uuid_text'),
    '\"party_id\" uuid_text NOT NULL', '\"party_id\" uuid_text') WHERE type = 'table' AND name = 'follow_up';
  PRAGMA writable_schema = RESET;";
const WITHOUT_HANDOFF_POSTGRES: &str =
    "ALTER TABLE follow_up ALTER COLUMN handoff_id DROP NOT NULL, ALTER COLUMN party_id DROP NOT NULL";

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let without_handoff = match connection.get_database_backend() {
            DbBackend::Sqlite => WITHOUT_HANDOFF_SQLITE,
            _ => WITHOUT_HANDOFF_POSTGRES,
        };
        connection.execute_unprepared(without_handoff).await?;
        for (table, column) in [
            ("handoff", ColumnDef::new("text_shredded_at").big_integer().null().take()),
            ("handoff", ColumnDef::new("supervisor").text().null().take()),
            ("handoff_entry", ColumnDef::new("packet_id").uuid().null().take()),
            ("follow_up", ColumnDef::new("person_ref").binary().null().take()),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        manager.create_table(preservation()).await?;
        let null = |column: &'static str| Expr::col(column).is_null();
        for index in [
            // What has ended and is not shredded is found whatever the length of the past.
            Index::create()
                .name("handoff_to_shred")
                .table("handoff")
                .col("ended_at")
                .and_where(null("text_shredded_at"))
                .take(),
            Index::create().name("handoff_key_month").table("handoff_key").col("month").col("handoff_id").take(),
            Index::create().name("preservation_handoff").table("preservation").col("handoff_id").take(),
            Index::create().name("preservation_owner").table("preservation").col("organization_id").col("id").take(),
            Index::create()
                .name("follow_up_to_forget")
                .table("follow_up")
                .col("ended_at")
                .and_where(null("person_ref").not())
                .take(),
            // What is due has a clock.
            Index::create()
                .name("follow_up_due")
                .table("follow_up")
                .col("owner_id")
                .col("id")
                .and_where(null("due_at").not())
                .take(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn preservation() -> TableCreateStatement {
    let references = |column: &'static str, table: &'static str| {
        ForeignKey::create().from("preservation", column).to(table, "id").on_delete(ForeignKeyAction::Restrict).take()
    };
    Table::create()
        .table("preservation")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("reason").text().not_null())
        .col(ColumnDef::new("placed_at").big_integer().not_null())
        .col(ColumnDef::new("until_at").big_integer().null())
        .col(ColumnDef::new("lifted_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("handoff_id", "handoff"))
        .foreign_key(&mut references("organization_id", "organization"))
        .take()
}
