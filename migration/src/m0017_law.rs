//! Whose law a region keeps to, legal holds, and the step of reaching a minor's guardian.
use sea_orm_migration::prelude::{
    ColumnDef, ConditionalStatement, DbErr, DeriveMigrationName, Expr, ExprTrait, ForeignKey, ForeignKeyAction,
    ForeignKeyCreateStatement, Index, MigrationTrait, SchemaManager, Table, TableCreateStatement, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let jurisdiction = ColumnDef::new("jurisdiction").text().null().take();
        manager.alter_table(Table::alter().table("region").add_column(jurisdiction).take()).await?;
        for table in [legal_hold(), guardian()] {
            manager.create_table(table).await?;
        }
        // One at a time: who records another ends the first.
        let standing = Index::create()
            .name("legal_hold_standing")
            .table("legal_hold")
            .col("episode_id")
            .unique()
            .and_where(Expr::col("ended_at").is_null())
            .take();
        manager.create_index(standing).await?;
        manager
            .create_index(Index::create().name("guardian_episode").table("guardian").col("episode_id").unique().take())
            .await
    }
}

fn references(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(to, "id").on_delete(ForeignKeyAction::Restrict).take()
}

fn legal_hold() -> TableCreateStatement {
    Table::create()
        .table("legal_hold")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("episode_id").uuid().not_null())
        .col(ColumnDef::new("recorder_id").uuid().not_null())
        .col(ColumnDef::new("began_at").big_integer().not_null())
        .col(ColumnDef::new("expires_at").big_integer().not_null())
        .col(ColumnDef::new("warn_at").text().not_null())
        .col(ColumnDef::new("told").integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("legal_hold", "episode_id", "episode"))
        .foreign_key(&mut references("legal_hold", "recorder_id", "organization"))
        .take()
}

fn guardian() -> TableCreateStatement {
    Table::create()
        .table("guardian")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("episode_id").uuid().not_null())
        .col(ColumnDef::new("sender_id").uuid().not_null())
        .col(ColumnDef::new("awaited_at").big_integer().not_null())
        .col(ColumnDef::new("target_at").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().null())
        .col(ColumnDef::new("late").boolean().not_null())
        .col(ColumnDef::new("reached_at").big_integer().null())
        .col(ColumnDef::new("reached_by_id").uuid().null())
        .col(ColumnDef::new("consents_to").text().null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("guardian", "episode_id", "episode"))
        .foreign_key(&mut references("guardian", "sender_id", "organization"))
        .take()
}
