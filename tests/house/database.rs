//! Fresh databases: a SQLite file, or a clone of a migrated PostgreSQL template; and Redis beside the latter.
use crisis_hub::clock::RandomIds;
use crisis_hub::config::Config;
use crisis_hub::node::{self, Sources};
use sea_orm::{ConnectionTrait, Database};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Db {
    /// SQLite, events in process.
    Sqlite,
    /// PostgreSQL, events over Redis.
    Postgres,
}

/// Where one house keeps its data.
pub struct Place {
    pub url: String,
    pub redis_url: String,
    folder: TempDir,
}

/// A copy of a whole database.
pub struct Copy(String);

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// A variable that `tests/run` sets: without it the test fails, and says so.
pub fn given(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests are told by tests/run where their servers are")]
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with tests/run"))
}

impl Place {
    /// A database that is ready for a hub.
    pub async fn fresh(db: Db) -> Self {
        match db {
            Db::Sqlite => Self::empty(db).await,
            Db::Postgres => {
                let template = TEMPLATE.get_or_init(template).await;
                let name = format!("hub_{:016x}", rand::random::<u64>());
                maintenance(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Self { url: named(&name), redis_url: given("HUB_TEST_REDIS_URL"), folder: tempfile::tempdir().unwrap() }
            }
        }
    }

    /// A database with nothing in it.
    pub async fn empty(db: Db) -> Self {
        match db {
            Db::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("hub.db").display());
                Self { url, redis_url: String::new(), folder }
            }
            Db::Postgres => {
                let name = format!("hub_{:016x}", rand::random::<u64>());
                maintenance(&format!("CREATE DATABASE {name}")).await;
                Self { url: named(&name), redis_url: given("HUB_TEST_REDIS_URL"), folder: tempfile::tempdir().unwrap() }
            }
        }
    }
}

impl Place {
    /// The same database under another of the server's names, for statements of a test's own.
    pub async fn maintain(&self, sql: &str) {
        maintenance(&sql.replace("$name", self.name())).await;
    }

    /// Copies the database, which nobody uses now.
    pub async fn copy(&self) -> Copy {
        if let Some(file) = self.file() {
            let copy = format!("{file}.copy");
            std::fs::copy(file, &copy).unwrap();
            return Copy(copy);
        }
        let copy = format!("hub_{:016x}", rand::random::<u64>());
        maintenance(&format!("CREATE DATABASE {copy} TEMPLATE {}", self.name())).await;
        Copy(copy)
    }

    /// Puts a copy in the place of the database, which nobody uses now.
    pub async fn put_back(&self, copy: Copy) {
        if let Some(file) = self.file() {
            for beside in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{file}{beside}"));
            }
            std::fs::rename(copy.0, file).unwrap();
            return;
        }
        maintenance(&format!("DROP DATABASE {}", self.name())).await;
        maintenance(&format!("ALTER DATABASE {} RENAME TO {}", copy.0, self.name())).await;
    }

    /// The file of the hub's keys, beside a SQLite database and apart from a PostgreSQL one.
    pub fn keys(&self) -> std::path::PathBuf {
        self.folder.path().join("keys")
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> Option<&str> {
        self.url.strip_prefix("sqlite:")
    }

    fn name(&self) -> &str {
        self.url.rsplit_once('/').unwrap().1
    }
}

async fn template() -> String {
    let name = format!("hub_template_{:016x}", rand::random::<u64>());
    maintenance(&format!("CREATE DATABASE {name}")).await;
    let mut config = Config::defaults().unwrap();
    config.database_url = named(&name).into();
    let sources = Sources { clock: Sources::of_host().clock, ids: Arc::new(RandomIds), correctable: None };
    let store = node::open_store(&config, &sources, true).await.unwrap();
    store.close().await;
    name
}

fn named(database: &str) -> String {
    let url = given("HUB_TEST_DATABASE_URL");
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

async fn maintenance(sql: &str) {
    let connection = Database::connect(given("HUB_TEST_DATABASE_URL")).await.unwrap();
    // A template is cloned by one at a time.
    for attempt in 0.. {
        match connection.execute_unprepared(sql).await {
            Ok(_) => break,
            Err(error) if attempt > 200 => panic!("{sql}: {error}"),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(25)).await,
        }
    }
    connection.close().await.unwrap();
}
