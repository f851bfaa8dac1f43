//! Handoffs to teams, how people are handed over, and what follows.
use sea_orm_migration::prelude::{
    ColumnDef, ConnectionTrait, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait,
    SchemaManager, Table, TableCreateStatement, async_trait,
};
use sea_orm_migration::sea_orm::DbBackend;

/// Lets a handoff lead to no unit. SQLite cannot alter a column; for a constraint alone, which the stored rows do not show, its
/// documentation names this way (<https://www.sqlite.org/lang_altertable.html#otheralter>). All in one call: the setting is one
/// connection's.
const WITHOUT_UNIT_SQLITE: &str = "PRAGMA writable_schema = ON;
  UPDATE sqlite_schema SET sql = replace(sql, '\"bed_unit_id\" uuid_text NOT NULL', '\"bed_unit_id\" uuid_text')
    WHERE type = 'table' AND name = 'handoff';
  PRAGMA writable_schema = RESET;";
const WITHOUT_UNIT_POSTGRES: &str = "ALTER TABLE handoff ALTER COLUMN bed_unit_id DROP NOT NULL";

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let without_unit = match connection.get_database_backend() {
            DbBackend::Sqlite => WITHOUT_UNIT_SQLITE,
            _ => WITHOUT_UNIT_POSTGRES,
        };
        connection.execute_unprepared(without_unit).await?;
        for column in [ColumnDef::new("team_id").uuid().null().take(), ColumnDef::new("course").text().null().take()] {
            manager.alter_table(Table::alter().table("handoff").add_column(column).take()).await?;
        }
        // What a team is promised to is open, and has a clock.
        let of_team = Index::create().name("handoff_team").table("handoff").col("team_id").col("due_at").take();
        manager.create_index(of_team).await?;
        manager.create_table(follow_up()).await?;
        for (name, columns) in [
            ("follow_up_handoff", ["handoff_id", "id"]),
            ("follow_up_owner", ["owner_id", "id"]),
            ("follow_up_party", ["party_id", "id"]),
        ] {
            let index = Index::create().name(name).table("follow_up").col(columns[0]).col(columns[1]).take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn follow_up() -> TableCreateStatement {
    let references = |column: &'static str, table: &'static str| {
        ForeignKey::create().from("follow_up", column).to(table, "id").on_delete(ForeignKeyAction::Restrict).take()
    };
    Table::create()
        .table("follow_up")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("owner_id").uuid().not_null())
        .col(ColumnDef::new("party_id").uuid().not_null())
        .col(ColumnDef::new("by").text().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("planned_at").big_integer().not_null())
        .col(ColumnDef::new("done_by").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().null())
        .col(ColumnDef::new("late").boolean().not_null())
        .col(ColumnDef::new("attempts").integer().not_null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("handoff_id", "handoff"))
        .foreign_key(&mut references("owner_id", "organization"))
        .foreign_key(&mut references("party_id", "organization"))
        .take()
}
