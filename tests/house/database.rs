//! Fresh databases: a SQLite file, or a clone of a migrated PostgreSQL template; and Redis beside the latter.
use super::{SeededIds, TestClock, World};
use crisis_hub::app::Hub;
use crisis_hub::clock::{Clock, RandomIds};
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

/// A whole database that is copied for each house, and nobody's own.
enum Template {
    File(Vec<u8>),
    Name(String),
}

/// A template with the world in it: made once a run, by the verbs that everybody has.
struct Furnished {
    template: Template,
    world: World,
    clock: i64,
    ids: u64,
}

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static FURNISHED: [OnceCell<Furnished>; 2] = [OnceCell::const_new(), OnceCell::const_new()];

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
            Db::Postgres => Self::cloned(TEMPLATE.get_or_init(template).await).await,
        }
    }

    /// A database with the world of `world.rs` in it; `clock` and the ids go on from where it was made.
    pub async fn furnished(db: Db, clock: &TestClock) -> (Self, World, SeededIds) {
        let which = &FURNISHED[usize::from(db == Db::Postgres)];
        let furnished = which.get_or_init(|| Furnished::make(db)).await;
        let place = match &furnished.template {
            Template::File(bytes) => {
                let place = Self::empty(db).await;
                std::fs::write(place.file().unwrap(), bytes).unwrap();
                place
            }
            Template::Name(template) => Self::cloned(template).await,
        };
        clock.advance_micros((furnished.clock - clock.now().micros()).max(0));
        (place, furnished.world.clone(), SeededIds::after(furnished.ids))
    }

    async fn cloned(template: &str) -> Self {
        let name = format!("hub_{:016x}", rand::random::<u64>());
        maintenance(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { url: named(&name), redis_url: given("HUB_TEST_REDIS_URL"), folder: tempfile::tempdir().unwrap() }
    }

    /// A database that is ready for a hub, and on SQLite in memory where the machine has a folder there: for tests whose
    /// writes need outlast nothing. It is a file all the same, with all that the hub does about files.
    pub async fn in_memory(db: Db) -> Self {
        match db {
            Db::Sqlite => Self::file_in(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()),
            Db::Postgres => Self::fresh(db).await,
        }
    }

    fn file_in(folder: TempDir) -> Self {
        let url = format!("sqlite:{}", folder.path().join("hub.db").display());
        Self { url, redis_url: String::new(), folder }
    }

    /// A database with nothing in it.
    pub async fn empty(db: Db) -> Self {
        match db {
            Db::Sqlite => Self::file_in(tempfile::tempdir().unwrap()),
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
        self.copy_as("copy").await
    }

    /// The same beside another copy.
    pub async fn copy_as(&self, name: &str) -> Copy {
        if let Some(file) = self.file() {
            let copy = format!("{file}.{name}");
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

impl Furnished {
    async fn make(db: Db) -> Self {
        let place = Place::fresh(db).await;
        let (clock, ids) = (Arc::new(TestClock::at_start()), Arc::new(SeededIds::default()));
        let mut config = Config::defaults().unwrap();
        config.database_url = place.url.clone().into();
        let sources = Sources { clock: clock.clone(), ids: ids.clone(), correctable: None };
        let hub = Hub::open(node::open_store(&config, &sources, true).await.unwrap()).await.unwrap();
        let world = World::build(&hub).await;
        while hub.store().number_waiting().await.unwrap().1 > 0 {}
        hub.store().close().await;
        let template = match place.file() {
            // Closed as it is, there is nothing beside the file.
            Some(file) => Template::File(std::fs::read(file).unwrap()),
            None => Template::Name(place.name().to_owned()),
        };
        Self { template, world, clock: clock.now().micros(), ids: ids.made() }
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
