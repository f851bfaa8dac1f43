//! The chain that binds the audit and the ledger: a link a line, and where it ends.
use sea_orm_migration::prelude::{
    ColumnDef, ConditionalStatement, DbErr, DeriveMigrationName, Expr, ExprTrait, Index, MigrationTrait, SchemaManager,
    Table, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

/// What a chain binds.
const LINES: [(&str, &str); 2] = [("audit_entry", "audit_entry_unchained"), ("disclosure", "disclosure_unchained")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let link = Table::create()
            .table("audit_link")
            .col(ColumnDef::new("number").big_integer().not_null())
            .col(ColumnDef::new("noun").text().not_null())
            .col(ColumnDef::new("row_id").uuid().not_null())
            .col(ColumnDef::new("digest").binary().not_null())
            .col(ColumnDef::new("hash").binary().not_null())
            .primary_key(Index::create().col("number"))
            .take();
        manager.create_table(link).await?;
        let chain = Table::create()
            .table("audit_chain")
            .col(ColumnDef::new("id").uuid().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("number").big_integer().not_null())
            .col(ColumnDef::new("hash").binary().not_null())
            .col(ColumnDef::new("told_number").big_integer().not_null())
            .col(ColumnDef::new("told_at").big_integer().not_null())
            .primary_key(Index::create().col("id"))
            .take();
        manager.create_table(chain).await?;
        for (table, waiting) in LINES {
            let linked = Table::alter().table(table).add_column(ColumnDef::new("link").big_integer().null()).take();
            manager.alter_table(linked).await?;
            // What the chain has still to take up, those of before included.
            let waiting = Index::create()
                .name(waiting)
                .table(table)
                .col("at")
                .col("id")
                .and_where(Expr::col("link").is_null())
                .take();
            manager.create_index(waiting).await?;
        }
        Ok(())
    }
}
