//! Backups: one file that holds the whole database as of one moment, and the way back.
//!
//! A restored database is a new epoch. Its log may go on differently from the one that clients followed, with the same
//! numbers, so every cursor from before is refused. What seals the digests of idempotency keys stays: a request that is
//! sent again after a restore is still known if its effect is in the backup, and done anew if it is not.
mod postgres;
mod sqlite;

use super::dialect::{Dialect, PoolSize};
use super::error::Error;
use super::meta::SchemaState;
use super::tx::Store;
use crate::clock::{Clock, Ids};
use std::fs::OpenOptions;
use std::future::Future;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Tables without which a file is no hub's.
const TABLES: [&str; 4] = ["counter", "event", "meta", "seaql_migrations"];

/// Why a backup or a restore was not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum Undone {
    /// It was refused, and this is what to do.
    #[error("{0}")]
    Refused(String),
    /// The database said no.
    #[error("the database: {}", because(.0))]
    Store(#[from] Error),
    /// A file cannot be used.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl From<sea_orm::DbErr> for Undone {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

fn because(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error} ({source})"))
}

fn refused<T>(why: impl Into<String>) -> Result<T, Undone> {
    Err(Undone::Refused(why.into()))
}

/// A database to back up, or to restore into.
pub struct Keeping {
    /// Where it is.
    pub url: String,
    /// How long to wait for it, in milliseconds.
    pub wait_ms_max: u64,
    /// The hub's time.
    pub clock: Arc<dyn Clock>,
    /// The maker of ids.
    pub ids: Arc<dyn Ids>,
}

impl Keeping {
    /// Writes a backup to a file: beside it first, then under its name, readable by its owner alone.
    ///
    /// The hub may run: the backup holds everything that was acknowledged before it began.
    pub async fn back_up(&self, file: &Path) -> Result<(), Undone> {
        if file.exists() {
            return refused(format!("{} is there already: choose another name", file.display()));
        }
        let partial = Partial::create(file)?;
        match self.dialect()? {
            Dialect::Sqlite => sqlite::back_up(self, &partial.0).await?,
            Dialect::Postgres => postgres::back_up(self, &partial.0).await?,
        }
        partial.keep_as(file)
    }

    /// Puts a backup where the database is, or will be; what is there now is kept aside when it may be replaced.
    ///
    /// Answers where that is kept. `stopped` ends it early, with everything as it was.
    pub async fn restore(
        &self,
        file: &Path,
        replace: bool,
        stopped: impl Future<Output = ()>,
    ) -> Result<Option<String>, Undone> {
        let dialect = self.dialect()?;
        match (dialect, kind(file)?) {
            (Dialect::Sqlite, Some(Dialect::Sqlite)) => sqlite::restore(self, file, replace).await,
            (Dialect::Postgres, Some(Dialect::Postgres)) => postgres::restore(self, file, replace, stopped).await,
            (_, Some(Dialect::Sqlite)) => {
                refused(format!("{} is a backup of SQLite: set database_url to sqlite:...", file.display()))
            }
            (_, Some(Dialect::Postgres)) => {
                refused(format!("{} is a backup of PostgreSQL: set database_url to postgres://...", file.display()))
            }
            (_, None) => refused(format!("{} is no backup of a hub: it was not made by `backup`", file.display())),
        }
    }

    fn dialect(&self) -> Result<Dialect, Undone> {
        Dialect::of(&self.url).map_or_else(|| refused("database_url begins with sqlite: or postgres:"), Ok)
    }

    /// One connection, so that nobody else is one of ours.
    async fn open(&self, url: &str) -> Result<Store, Error> {
        // 0 is no bound: a schema's steps over a large copy take as long as they take.
        let size = PoolSize {
            connections_max: 1,
            wait_ms_max: self.wait_ms_max,
            lock_ms_max: 0,
            statement_ms_max: 0,
            idle_ms_max: 0,
        };
        Store::open(url, size, self.clock.clone(), self.ids.clone()).await
    }
}

/// Makes what was restored this program's, and a new epoch.
async fn adopt(store: &Store) -> Result<(), Undone> {
    match store.schema_state().await? {
        SchemaState::Ahead => return refused("the backup was made by a newer crisis-hub: restore it with that one"),
        SchemaState::Behind => store.migrate().await?,
        SchemaState::Current => {}
    }
    store.seal().await?;
    Ok(store.renew_epoch().await?)
}

/// Of which database a file is a backup.
fn kind(file: &Path) -> Result<Option<Dialect>, Undone> {
    let mut start = Vec::new();
    let open = std::fs::File::open(file)
        .map_err(|error| Undone::Refused(format!("{} cannot be read: {error}", file.display())))?;
    open.take(16).read_to_end(&mut start)?;
    Ok(if start.starts_with(b"SQLite format 3\0") {
        Some(Dialect::Sqlite)
    } else if start.starts_with(b"PGDMP") {
        Some(Dialect::Postgres)
    } else {
        None
    })
}

/// A file that is not whole yet: it goes when it is not kept.
struct Partial(PathBuf);

/// Where a file is written until it is whole.
pub fn partial(file: &Path) -> PathBuf {
    let name = file.file_name().map_or_else(|| "backup".into(), |name| name.to_string_lossy().into_owned());
    file.with_file_name(format!(".{name}.partial-{}", std::process::id()))
}

impl Partial {
    fn create(file: &Path) -> Result<Self, Undone> {
        let path = partial(file);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Undone::Refused(format!("{} cannot be written: {error}", path.display())))?;
        Ok(Self(path))
    }

    /// Gives it its name, once everything is on the disk.
    fn keep_as(self, file: &Path) -> Result<(), Undone> {
        std::fs::File::open(&self.0)?.sync_all()?;
        std::fs::rename(&self.0, file)?;
        sync_folder(file)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
        for beside in ["-wal", "-shm", "-journal"] {
            let mut name = self.0.clone().into_os_string();
            name.push(beside);
            let _ = std::fs::remove_file(name);
        }
    }
}

/// What a folder lists outlives a power cut once the folder is on the disk too.
fn sync_folder(file: &Path) -> Result<(), Undone> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Ok(std::fs::File::open(folder)?.sync_all()?)
}
