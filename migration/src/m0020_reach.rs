//! Who is on call for teams, and the browsers that people are reached at.
use sea_orm_migration::prelude::{
    ColumnDef, ConnectionTrait, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait,
    SchemaManager, Table, TableCreateStatement, async_trait,
};
use sea_orm_migration::sea_orm::DbBackend;

/// Lets a chain and a call be a team's: see `m0016_course` for why this way on SQLite.
const WITHOUT_UNIT_SQLITE: &str = "PRAGMA writable_schema = ON;
  UPDATE sqlite_schema SET sql = replace(sql, '\"bed_unit_id\" uuid_text NOT NULL', '\"bed_unit_id\" uuid_text')
    WHERE type = 'table' AND name IN ('on_call', 'call');
  PRAGMA writable_schema = RESET;";
const WITHOUT_UNIT_POSTGRES: &str = "ALTER TABLE on_call ALTER COLUMN bed_unit_id DROP NOT NULL;
  ALTER TABLE call ALTER COLUMN bed_unit_id DROP NOT NULL";

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
        for table in ["on_call", "call"] {
            let team = ColumnDef::new("team_id").uuid().null().take();
            manager.alter_table(Table::alter().table(table).add_column(team).take()).await?;
        }
        let of_team = Index::create().name("on_call_team").table("on_call").col("team_id").unique().take();
        manager.create_index(of_team).await?;
        // What stands in its steps already is sealed by the program, which has the keys.
        let sealed = ColumnDef::new("sealed").binary().null().take();
        manager.alter_table(Table::alter().table("on_call").add_column(sealed).take()).await?;
        manager.create_table(push_subscription()).await?;
        let of_grant =
            Index::create().name("push_subscription_grant").table("push_subscription").col("grant_id").take();
        manager.create_index(of_grant).await
    }
}

fn push_subscription() -> TableCreateStatement {
    let mut grant = ForeignKey::create()
        .from("push_subscription", "grant_id")
        .to("grant", "id")
        .on_delete(ForeignKeyAction::Restrict)
        .take();
    Table::create()
        .table("push_subscription")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("host").text().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("digest").text().not_null())
        .col(ColumnDef::new("sealed").binary().null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut grant)
        .take()
}
