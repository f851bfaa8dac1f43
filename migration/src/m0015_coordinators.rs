//! Coordinators: who looked and how, the last reminder of a handoff, and the open searches of a region by how long they wait.
use sea_orm_migration::prelude::{
    ColumnDef, ConditionalStatement, DbErr, DeriveMigrationName, Expr, ExprTrait, Index, MigrationTrait, SchemaManager,
    Table, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("audit_entry", ColumnDef::new("door").text().null().take()),
            ("audit_entry", ColumnDef::new("shown").integer().null().take()),
            ("handoff", ColumnDef::new("nudged_at").big_integer().null().take()),
            ("handoff", ColumnDef::new("nudged_by").text().null().take()),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        let open = Index::create()
            .name("episode_open")
            .table("episode")
            .col("region_id")
            .col("opened_at")
            .col("id")
            .and_where(Expr::col("ended_at").is_null())
            .take();
        manager.create_index(open).await
    }
}
