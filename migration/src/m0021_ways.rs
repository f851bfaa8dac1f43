//! Ways to what stands in a long past: an agency's searches that go on, and a handoff by its short code. And whether what is
//! written in a handoff is preserved beyond its retention, whose end is told of every one alike.
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
        // Who waits for a place has a clock, and no other search has.
        let waits = Expr::col("due_at").is_not_null();
        let seeking = Index::create().name("episode_seeking").table("episode").col("sender_id").col("id").take();
        manager.create_index(seeking.clone().and_where(waits).take()).await?;
        manager.create_index(Index::create().name("handoff_code").table("handoff").col("code").take()).await?;
        let kept = ColumnDef::new("text_kept").boolean().not_null().default(false).take();
        manager.alter_table(Table::alter().table("handoff").add_column(kept).take()).await?;
        let kept = Index::create().name("handoff_text_kept").table("handoff").col("id").take();
        manager.create_index(kept.clone().and_where(Expr::col("text_kept")).take()).await
    }
}
