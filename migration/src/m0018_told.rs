//! Who is told by consent, and who in danger: shares of handoffs, threats, medical emergencies, and on what each line of the
//! ledger stands.
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
        for (table, column) in [
            ("consent", ColumnDef::new("program").boolean().null().take()),
            ("disclosure", ColumnDef::new("basis").text().null().take()),
            ("disclosure", ColumnDef::new("reason").text().null().take()),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        for table in [handoff_share(), threat_disclosure(), emergency_disclosure()] {
            manager.create_table(table).await?;
        }
        // What has ended is looked for by nobody.
        let standing = Index::create()
            .name("handoff_share_standing")
            .table("handoff_share")
            .col("agency_id")
            .col("handoff_id")
            .and_where(Expr::col("ended_at").is_null())
            .take();
        for index in [
            standing,
            Index::create().name("handoff_share_handoff").table("handoff_share").col("handoff_id").take(),
            Index::create().name("handoff_share_consent").table("handoff_share").col("consent_id").take(),
            Index::create().name("threat_disclosure_to").table("threat_disclosure").col("to_id").col("until").take(),
            Index::create().name("threat_disclosure_from").table("threat_disclosure").col("from_id").col("id").take(),
            Index::create().name("threat_disclosure_handoff").table("threat_disclosure").col("handoff_id").take(),
            Index::create()
                .name("emergency_disclosure_author")
                .table("emergency_disclosure")
                .col("author_id")
                .col("id")
                .take(),
            Index::create()
                .name("emergency_disclosure_organization")
                .table("emergency_disclosure")
                .col("organization_id")
                .col("id")
                .take(),
            Index::create().name("emergency_disclosure_handoff").table("emergency_disclosure").col("handoff_id").take(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn references(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(to, "id").on_delete(ForeignKeyAction::Restrict).take()
}

fn handoff_share() -> TableCreateStatement {
    Table::create()
        .table("handoff_share")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("consent_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("from_id").uuid().not_null())
        .col(ColumnDef::new("agency_id").uuid().not_null())
        .col(ColumnDef::new("part2").boolean().not_null())
        .col(ColumnDef::new("begun_at").big_integer().not_null())
        .col(ColumnDef::new("until").big_integer().not_null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("handoff_share", "handoff_id", "handoff"))
        .foreign_key(&mut references("handoff_share", "consent_id", "consent"))
        .foreign_key(&mut references("handoff_share", "agency_id", "organization"))
        .take()
}

fn threat_disclosure() -> TableCreateStatement {
    Table::create()
        .table("threat_disclosure")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("from_id").uuid().not_null())
        .col(ColumnDef::new("to_id").uuid().not_null())
        .col(ColumnDef::new("basis").text().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("until").big_integer().not_null())
        .col(ColumnDef::new("sealed").binary().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("threat_disclosure", "handoff_id", "handoff"))
        .foreign_key(&mut references("threat_disclosure", "from_id", "organization"))
        .foreign_key(&mut references("threat_disclosure", "to_id", "organization"))
        .take()
}

fn emergency_disclosure() -> TableCreateStatement {
    Table::create()
        .table("emergency_disclosure")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("handoff_id").uuid().not_null())
        .col(ColumnDef::new("author_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("nature").text().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("review").text().not_null())
        .col(ColumnDef::new("review_by").big_integer().null())
        .col(ColumnDef::new("late").boolean().not_null())
        .col(ColumnDef::new("reviewed_at").big_integer().null())
        .col(ColumnDef::new("reviewer_id").uuid().null())
        .col(ColumnDef::new("sealed").binary().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("emergency_disclosure", "handoff_id", "handoff"))
        .foreign_key(&mut references("emergency_disclosure", "author_id", "organization"))
        .foreign_key(&mut references("emergency_disclosure", "organization_id", "organization"))
        .take()
}
