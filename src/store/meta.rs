//! What the database knows of itself: its steps, its edition, its seal; and its clock.
use super::chain::begin_chain;
use super::error::Error;
use super::outbox::begin_log;
use super::tx::Store;
use crate::domain::time::At;
use entity::meta::{Column, Entity, Model};
use migration::Migrator;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use sea_orm_migration::MigratorTrait;

/// The edition of a demo's database; every other belongs to a network.
pub const DEMO: &str = "demo";
/// The edition of an agency network's database.
pub const NETWORK: &str = "network";

/// How a database's schema stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// The same.
    Current,
    /// Steps are missing: `crisis-hub migrate`.
    Behind,
    /// A newer program made it.
    Ahead,
}

impl Store {
    /// Runs the missing steps: one node at a time, and all of them or none.
    pub async fn migrate(&self) -> Result<(), Error> {
        let tx = self.dialect().begin_schema(&self.pools().writer).await?;
        Migrator::up(&tx, None).await?;
        begin_log(&tx, self.dialect().backend()).await?;
        begin_chain(&tx).await?;
        keep_once(&tx, "seal", &hex(&rand::random::<[u8; 32]>())).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps a copy of a SQLite database beside it, before its schema changes; a new database has nothing to keep.
    pub async fn keep_copy(&self) -> Result<(), Error> {
        let done = Migrator::get_migration_models(&self.pools().writer).await?;
        match done.last() {
            Some(last) => self.dialect().keep_copy(&self.pools().writer, &last.version).await,
            None => Ok(()),
        }
    }

    /// How the schema stands to this program.
    pub async fn schema_state(&self) -> Result<SchemaState, Error> {
        let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
        let done = Migrator::get_migration_models(&self.pools().writer).await?;
        let ahead = done.iter().any(|step| !known.contains(&step.version));
        Ok(match (ahead, done.len() < known.len()) {
            (true, _) => SchemaState::Ahead,
            (false, true) => SchemaState::Behind,
            (false, false) => SchemaState::Current,
        })
    }

    /// The secret that seals cursors and digests, made with the database.
    pub async fn seal(&self) -> Result<Vec<u8>, Error> {
        Ok(self
            .meta("seal")
            .await?
            .ok_or(Error::Unfit("the database has no seal: run `crisis-hub migrate`"))?
            .into_bytes())
    }

    /// What cursors are sealed with beside the seal: another one after each restore, none before the first.
    pub async fn epoch(&self) -> Result<String, Error> {
        Ok(self.meta("epoch").await?.unwrap_or_default())
    }

    /// Begins a new epoch: every cursor handed out before is refused.
    pub async fn renew_epoch(&self) -> Result<(), Error> {
        let row =
            Model { name: "epoch".into(), value: hex(&rand::random::<[u8; 16]>()) }.into_active_model().reset_all();
        let again = OnConflict::column(Column::Name).update_column(Column::Value).to_owned();
        Entity::insert(row).on_conflict(again).exec_without_returning(&self.pools().writer).await?;
        Ok(())
    }

    /// Makes the database a demo's, or an agency network's; it can never become the other.
    pub async fn claim_edition(&self, edition: &str) -> Result<(), Error> {
        keep_once(&self.pools().writer, "edition", edition).await?;
        match self.meta("edition").await?.as_deref() {
            Some(kept) if kept == edition => Ok(()),
            _ => Err(other_edition(edition)),
        }
    }

    /// Refuses a database of the other edition before anything of it is changed, its schema included.
    pub async fn check_edition(&self, edition: &str) -> Result<(), Error> {
        if Migrator::get_migration_models(&self.pools().writer).await?.is_empty() {
            return Ok(());
        }
        match self.meta("edition").await?.as_deref() {
            Some(kept) if kept == edition => Ok(()),
            // Nobody has claimed it. What has been written to is not the demo's, which claims before it writes.
            None if edition != DEMO || self.high_water().await? == At::default() => Ok(()),
            _ => Err(other_edition(edition)),
        }
    }

    /// The latest instant that the log holds: time does not begin before it.
    pub async fn high_water(&self) -> Result<At, Error> {
        #[expect(clippy::disallowed_methods, reason = "an instant tells nobody what happened")]
        let last = entity::event::Entity::find().order_by_desc(entity::event::Column::Position).limit(1);
        Ok(last.one(&self.pools().writer).await?.map_or(At::default(), |row| At::from_micros(row.at)))
    }

    /// The database's own clock in microseconds, where it has one, between two looks at another.
    pub async fn clock_micros(&self, look: impl Fn() -> At) -> Result<Option<(At, i64, At)>, Error> {
        self.dialect().clock_micros(&self.pools().readers, look).await
    }

    /// Lets commits of this store return before the disk has them: for what can be made again, and was promised to nobody.
    /// It holds on SQLite until [`Store::reach_disk`].
    pub async fn run_ahead_of_disk(&self) -> Result<(), Error> {
        self.dialect().wait_for_disk(&self.pools().writer, false).await
    }

    /// Waits until the disk has all that was committed; from then on every commit waits for it again.
    pub async fn reach_disk(&self) -> Result<(), Error> {
        self.dialect().wait_for_disk(&self.pools().writer, true).await
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pools().close().await;
    }

    pub(super) async fn meta(&self, name: &str) -> Result<Option<String>, Error> {
        #[expect(clippy::disallowed_methods, reason = "what the database knows of itself has no viewer")]
        let row = Entity::find().filter(Column::Name.eq(name)).one(&self.pools().writer).await?;
        Ok(row.map(|row| row.value))
    }
}

pub(super) async fn keep_once(conn: &impl ConnectionTrait, name: &str, value: &str) -> Result<(), Error> {
    let row = Model { name: name.into(), value: value.into() }.into_active_model().reset_all();
    let once = OnConflict::column(Column::Name).do_nothing().to_owned();
    Entity::insert(row).on_conflict(once).exec_without_returning(conn).await?;
    Ok(())
}

fn other_edition(wanted: &str) -> Error {
    Error::Unfit(match wanted {
        DEMO => "this database belongs to a real network: the demo will not touch it",
        _ => "this database was made by `demo`: point HUB_DATABASE_URL at another",
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
