//! Handoffs, and events that two agencies are told of.
use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, IndexCreateStatement, MigrationTrait,
    SchemaManager, Table, TableCreateStatement, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(handoff()).await?;
        for index in [
            index("handoff_sender", &["sender_id", "id"]),
            index("handoff_receiver", &["receiver_id", "id"]),
            index("handoff_hold", &["hold_id"]),
        ] {
            manager.create_index(index).await?;
        }
        // The other agency that is told, beside the owner.
        let party = ColumnDef::new("party_id").uuid().null().take();
        manager.alter_table(Table::alter().table("event").add_column(party).take()).await
    }
}

fn index(name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table("handoff").take();
    for column in columns {
        index.col(*column);
    }
    index
}

fn handoff() -> TableCreateStatement {
    let references = |column: &'static str, table: &'static str| {
        ForeignKey::create().from("handoff", column).to(table, "id").on_delete(ForeignKeyAction::Restrict).take()
    };
    Table::create()
        .table("handoff")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("code").text().not_null())
        .col(ColumnDef::new("sender_id").uuid().not_null())
        .col(ColumnDef::new("receiver_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().null())
        .col(ColumnDef::new("on_behalf_of").text().null())
        .col(ColumnDef::new("need").text().not_null())
        .col(ColumnDef::new("pathway_id").uuid().not_null())
        .col(ColumnDef::new("pathway_version").big_integer().not_null())
        .col(ColumnDef::new("bed_unit_id").uuid().not_null())
        .col(ColumnDef::new("hold_id").uuid().null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("reason").text().null())
        .col(ColumnDef::new("arrive_by").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().null())
        .col(ColumnDef::new("late").boolean().not_null())
        .col(ColumnDef::new("announced_at").big_integer().not_null())
        .col(ColumnDef::new("departed_at").big_integer().null())
        .col(ColumnDef::new("arrived_at").big_integer().null())
        .col(ColumnDef::new("sender_confirmed_at").big_integer().null())
        .col(ColumnDef::new("receiver_confirmed_at").big_integer().null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut references("sender_id", "organization"))
        .foreign_key(&mut references("receiver_id", "organization"))
        .foreign_key(&mut references("pathway_id", "pathway"))
        .foreign_key(&mut references("bed_unit_id", "bed_unit"))
        .take()
}
