//! Episodes, and handoffs that are asked for.
use sea_orm_migration::prelude::{
    ColumnDef, ConnectionTrait, DbErr, DeriveMigrationName, ForeignKey, ForeignKeyAction, Index, MigrationTrait,
    SchemaManager, Table, TableCreateStatement, async_trait,
};

/// Each handoff that is there already is a search of its own, under the handoff's own key; none has an event in the log.
const ONE_EACH: &str =
    "INSERT INTO episode (id, region_id, version, sender_id, grant_id, need, settlement, person_agreed,
    state, handoff_id, reason, opened_at, sought_at, waited_hours, ended_at)
  SELECT id, region_id, 1, sender_id, grant_id, need, 'FIRST_ACCEPT', FALSE,
    CASE WHEN state = 'TRANSFERRED' THEN 'PLACED' WHEN ended_at IS NULL THEN 'SETTLED' ELSE 'CLOSED' END, id,
    CASE WHEN ended_at IS NULL OR state = 'TRANSFERRED' THEN NULL
         WHEN reason IN ('LEFT_BEFORE_HANDOFF', 'NO_SHOW') THEN 'PERSON_LEFT'
         WHEN reason = 'MEDICAL_DIVERT' THEN 'MEDICAL_CARE'
         WHEN reason IN ('PERSON_CHOSE_OTHERWISE', 'NO_LONGER_NEEDED', 'MISTAKE') THEN reason
         ELSE 'SILENCE' END,
    announced_at, announced_at, 0, ended_at
  FROM handoff";

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(episode()).await?;
        let by_sender = Index::create().name("episode_sender").table("episode").col("sender_id").col("id").take();
        manager.create_index(by_sender).await?;
        for column in [
            ColumnDef::new("episode_id").uuid().null().take(),
            ColumnDef::new("offer").text().null().take(),
            ColumnDef::new("acknowledged_at").big_integer().null().take(),
            ColumnDef::new("agreed_at").big_integer().null().take(),
            ColumnDef::new("settled_at").big_integer().null().take(),
        ] {
            manager.alter_table(Table::alter().table("handoff").add_column(column).take()).await?;
        }
        let connection = manager.get_connection();
        connection.execute_unprepared(ONE_EACH).await?;
        connection.execute_unprepared("UPDATE handoff SET episode_id = id, settled_at = announced_at").await?;
        let of_episode = Index::create().name("handoff_episode").table("handoff").col("episode_id").take();
        manager.create_index(of_episode).await
    }
}

fn episode() -> TableCreateStatement {
    let mut sender = ForeignKey::create()
        .from("episode", "sender_id")
        .to("organization", "id")
        .on_delete(ForeignKeyAction::Restrict)
        .take();
    Table::create()
        .table("episode")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("sender_id").uuid().not_null())
        .col(ColumnDef::new("grant_id").uuid().null())
        .col(ColumnDef::new("need").text().not_null())
        .col(ColumnDef::new("settlement").text().not_null())
        .col(ColumnDef::new("person_agreed").boolean().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("handoff_id").uuid().null())
        .col(ColumnDef::new("chosen_for").text().null())
        .col(ColumnDef::new("reason").text().null())
        .col(ColumnDef::new("opened_at").big_integer().not_null())
        .col(ColumnDef::new("sought_at").big_integer().not_null())
        .col(ColumnDef::new("waited_hours").integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().null())
        .col(ColumnDef::new("ended_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut sender)
        .take()
}
