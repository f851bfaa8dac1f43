//! SQLite: a backup is a database file, made by `VACUUM INTO`, a snapshot that keeps no writer waiting.
use super::{Keeping, Partial, TABLES, Undone, adopt, refused, sync_folder};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use std::path::{Path, PathBuf};
use std::str::FromStr;

const DAMAGED: &str = "the file is damaged or cut short: use another backup";

/// The file that a URL names.
fn file_of(url: &str) -> Result<PathBuf, Undone> {
    let options =
        SqliteConnectOptions::from_str(url).map_err(|error| Undone::Refused(format!("database_url: {error}")))?;
    Ok(options.get_filename().to_owned())
}

fn url_of(file: &Path) -> String {
    let path = file.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite:{path}")
}

fn there(file: &Path) -> Result<bool, Undone> {
    Ok(std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0))
}

/// Opens a file as it is: nothing is created, and the journal stays what it was.
async fn connect(file: &Path, mode: &str) -> Result<DatabaseConnection, Undone> {
    let mut options = ConnectOptions::new(format!("{}?mode={mode}", url_of(file)));
    options.max_connections(1).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

async fn ask<T: sea_orm::TryGetable>(db: &DatabaseConnection, sql: &str, column: &str) -> Result<Option<T>, Undone> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    Ok(row.map(|row| row.try_get("", column)).transpose()?)
}

async fn tables(db: &DatabaseConnection) -> Result<i64, Undone> {
    Ok(ask(db, "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table'", "n").await?.unwrap_or(0))
}

/// Refuses a file that is not a whole database of a hub.
async fn check(file: &Path) -> Result<(), Undone> {
    let Ok(db) = connect(file, "ro").await else { return refused(DAMAGED) };
    let verdict: Result<Option<String>, Undone> = ask(&db, "PRAGMA quick_check(1)", "quick_check").await;
    let whole = matches!(&verdict, Ok(Some(verdict)) if verdict == "ok");
    let names = TABLES.map(|name| format!("'{name}'")).join(", ");
    let sql = format!("SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name IN ({names})");
    let known = if whole { ask::<i64>(&db, &sql, "n").await?.unwrap_or(0) } else { 0 };
    db.close().await?;
    if !whole {
        return refused(DAMAGED);
    }
    if known != i64::try_from(TABLES.len()).unwrap_or(i64::MAX) {
        return refused("the file is a SQLite database, but no hub's");
    }
    Ok(())
}

pub(super) async fn back_up(keeping: &Keeping, into: &Path) -> Result<(), Undone> {
    let file = file_of(&keeping.url)?;
    if !there(&file)? {
        return refused(format!("there is no database at {}", file.display()));
    }
    let db = connect(&file, "rw").await?;
    let vacuum = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO $1", [into.to_string_lossy().into()]);
    let done = db.execute_raw(vacuum).await;
    db.close().await?;
    done?;
    check(into).await
}

pub(super) async fn restore(keeping: &Keeping, from: &Path, replace: bool) -> Result<Option<String>, Undone> {
    let file = file_of(&keeping.url)?;
    let full = may_go(&file, replace).await?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Everything is done to a copy beside the database, so that until the last step nothing has changed.
    let staged = Partial::create(&file)?;
    tokio::fs::copy(from, &staged.0).await?;
    std::fs::set_permissions(&staged.0, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    check(&staged.0).await?;
    let store = keeping.open(&url_of(&staged.0)).await?;
    let adopted = adopt(&store).await;
    store.close().await;
    adopted?;
    settle(&staged.0).await?;
    std::fs::File::open(&staged.0)?.sync_all()?;
    let kept = if full { Some(set_aside(keeping, &file).await?) } else { None };
    std::fs::rename(&staged.0, &file)?;
    sync_folder(&file)?;
    Ok(kept.map(|kept| kept.display().to_string()))
}

/// Whether there is something to set aside; refuses when it may not be.
async fn may_go(file: &Path, replace: bool) -> Result<bool, Undone> {
    if !there(file)? {
        return Ok(false);
    }
    let db = connect(file, "rw").await?;
    let tables = tables(&db).await;
    db.close().await?;
    if tables? > 0 && !replace {
        let file = file.display();
        return refused(format!("{file} is not empty: --replace puts the backup in its place and keeps a copy"));
    }
    Ok(true)
}

/// Brings everything of a database into its one file; refused while anybody else has it open.
async fn settle(file: &Path) -> Result<(), Undone> {
    let db = connect(file, "rw").await?;
    let mode = ask::<String>(&db, "PRAGMA journal_mode = DELETE", "journal_mode").await;
    db.close().await?;
    match mode {
        Ok(Some(mode)) if mode == "delete" => Ok(()),
        _ => refused(format!("{} is in use: stop the hub first", file.display())),
    }
}

/// Moves the database that is there out of the way.
async fn set_aside(keeping: &Keeping, file: &Path) -> Result<PathBuf, Undone> {
    settle(file).await?;
    let stamp: String = keeping.clock.now().to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    let mut aside = file.as_os_str().to_owned();
    aside.push(format!(".before-restore-{stamp}"));
    let aside = PathBuf::from(aside);
    if aside.exists() {
        return refused(format!("{} is there already: move it away", aside.display()));
    }
    std::fs::rename(file, &aside)?;
    Ok(aside)
}
