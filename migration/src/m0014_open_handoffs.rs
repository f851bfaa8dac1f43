//! Open handoffs are found whatever the length of the past: an agency asks for them again and again, of years of handoffs that
//! have ended.
use sea_orm_migration::prelude::{
    ConditionalStatement, DbErr, DeriveMigrationName, Expr, ExprTrait, Index, MigrationTrait, SchemaManager,
    async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, agency) in [("handoff_open_sender", "sender_id"), ("handoff_open_receiver", "receiver_id")] {
            // What is open has a clock.
            let open = Expr::col("due_at").is_not_null();
            let index = Index::create().name(name).table("handoff").col(agency).col("id").and_where(open).take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
