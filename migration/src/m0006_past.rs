//! The past: each event keeps the instant at which it was numbered, so that an instant names a place in the log.
use sea_orm_migration::prelude::{
    ColumnDef, ConnectionTrait, DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

/// What was numbered before this step keeps the latest instant that the log had reached by then.
const REACHED: &str = "UPDATE event SET numbered_at = reached.latest FROM (
        SELECT position, MAX(\"at\") OVER (ORDER BY number) AS latest FROM event WHERE number IS NOT NULL) AS reached
     WHERE event.position = reached.position";
const COUNTED: &str = "UPDATE counter SET \"at\" = COALESCE((SELECT MAX(numbered_at) FROM event), 0)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let numbered_at = ColumnDef::new("numbered_at").big_integer().null().take();
        manager.alter_table(Table::alter().table("event").add_column(numbered_at).take()).await?;
        let at = ColumnDef::new("at").big_integer().not_null().default(0).take();
        manager.alter_table(Table::alter().table("counter").add_column(at).take()).await?;
        for sql in [REACHED, COUNTED] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        let index = Index::create().name("event_numbered").table("event").col("numbered_at").col("number").take();
        manager.create_index(index).await
    }
}
