//! What is measured on: a database with a world in it, and the program beside it.
use crate::Done;
use clap::ValueEnum;
use crisis_hub::app::grant::{GrantRole, grant_role};
use crisis_hub::app::{Hub, console};
use crisis_hub::config::Config;
use crisis_hub::demo::issuer::{AUDIENCE, DemoIssuer, ISSUER};
use crisis_hub::demo::world::{Loaded, World};
use crisis_hub::domain::grant::{HolderKind, Principal};
use crisis_hub::domain::role::Role;
use crisis_hub::node::{self, Sources};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use sea_orm::{ConnectionTrait, Database};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Db {
    Sqlite,
    Postgres,
}

impl Db {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A database with a world in it, and who there is.
pub struct Ground {
    pub db: Db,
    pub url: String,
    pub loaded: Loaded,
    /// The hub that loaded it, for what is to be read of its board.
    pub hub: Hub,
    issuer: DemoIssuer,
    folder: TempDir,
}

fn given(name: &str) -> Done<String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: run the benchmarks with benches/run").into())
}

pub async fn maintenance(sql: &str) -> Done {
    let connection = Database::connect(given("HUB_TEST_DATABASE_URL")?).await?;
    connection.execute_unprepared(sql).await?;
    connection.close().await?;
    Ok(())
}

fn named(name: &str) -> Done<String> {
    let url = given("HUB_TEST_DATABASE_URL")?;
    let (server, _) = url.rsplit_once('/').ok_or("HUB_TEST_DATABASE_URL names no database")?;
    Ok(format!("{server}/{name}"))
}

fn fresh_name() -> String {
    format!("hub_bench_{:016x}", rand::random::<u64>())
}

impl Ground {
    /// A fresh database with a world of so many units, loaded through the hub's own verbs.
    pub async fn open(db: Db, units: usize) -> Done<Self> {
        let began = Instant::now();
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let url = match db {
            Db::Sqlite => format!("sqlite:{}", folder.path().join("hub.db").display()),
            Db::Postgres => {
                let name = fresh_name();
                maintenance(&format!("CREATE DATABASE {name}")).await?;
                // For the load alone: nobody waits for its commits.
                maintenance(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await?;
                named(&name)?
            }
        };
        let mut config = Config::defaults()?;
        config.database_url = url.clone().into();
        let store = node::open_store(&config, &Sources::of_host(), true).await?;
        store.open_vault(&folder.path().join("keys"), true).await?;
        let hub = Hub::open(store.clone()).await?;
        let loaded = World::sized(units).load(&hub, || ()).await?;
        let ground = Self { db, url, loaded, hub, issuer: DemoIssuer::open(folder.path())?, folder };
        for role in [Role::MobileTeam, Role::Officer, Role::Line988] {
            ground.employ(role).await?;
        }
        while store.number_waiting().await?.1 > 0 {}
        if db == Db::Postgres {
            maintenance(&format!("ALTER DATABASE {} RESET synchronous_commit", ground.name())).await?;
            ground.run("ANALYZE").await?;
        }
        eprintln!("{}: {units} units loaded in {:.1?}", db.name(), began.elapsed());
        Ok(ground)
    }

    async fn employ(&self, role: Role) -> Done {
        let (organization, _) = self.loaded.organizations.get("invented:sized-0").ok_or("the world has no agency")?;
        let subject = subject(role);
        let principal = Principal { issuer: ISSUER.into(), subject, kind: HolderKind::Person };
        let input = GrantRole { principal, role, organization: Some(*organization), until: None, keyed: None };
        grant_role(&self.hub, &console::viewer(), input).await?.changed.ok_or("no grant was made")?;
        Ok(())
    }

    /// A token of somebody with a role, at the world's first agency.
    pub fn token(&self, role: Role) -> Done<String> {
        self.token_of(&subject(role))
    }

    /// A token that names a subject.
    pub fn token_of(&self, subject: &str) -> Done<String> {
        Ok(self.issuer.token(subject, Sources::of_host().clock.now())?)
    }

    /// The SQLite file.
    pub fn file(&self) -> &str {
        self.url.trim_start_matches("sqlite:")
    }

    fn name(&self) -> &str {
        self.url.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// Runs SQL beside the hub.
    pub async fn run(&self, sql: &str) -> Done {
        let connection = Database::connect(&self.url).await?;
        connection.execute_unprepared(sql).await?;
        connection.close().await?;
        Ok(())
    }

    /// Lets go of the database, so that it can be copied.
    pub async fn let_go(&self) {
        self.hub.store().close().await;
    }

    /// Leaves nothing behind.
    pub async fn end(self) -> Done {
        self.let_go().await;
        if self.db == Db::Postgres {
            maintenance(&format!("DROP DATABASE {} WITH (FORCE)", self.name())).await?;
        }
        Ok(())
    }

    /// A copy of the database, which nobody uses now; its URL.
    pub async fn copy(&self) -> Done<String> {
        match self.db {
            Db::Sqlite => {
                let copy = self.folder.path().join(format!("{}.db", fresh_name()));
                rusqlite::Connection::open(self.file())?.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
                Ok(format!("sqlite:{}", copy.display()))
            }
            Db::Postgres => {
                let name = fresh_name();
                maintenance(&format!("CREATE DATABASE {name} TEMPLATE {}", self.name())).await?;
                named(&name)
            }
        }
    }

    /// Starts the program on the database.
    pub async fn program(&self) -> Done<Program> {
        let redis = if self.db == Db::Postgres { given("HUB_TEST_REDIS_URL")? } else { String::new() };
        let key = EncodingKey::from_ec_der(&std::fs::read(self.folder.path().join("demo-issuer.key"))?);
        let mut key = serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::ES256)?)?;
        (key["kid"], key["use"]) = ("demo-1".into(), "sig".into());
        let field = |name: &str| format!("{name} = {}", key[name]);
        let key = ["kty", "crv", "x", "y", "kid", "use"].map(field).join(", ");
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let settings = format!(
            "database_url = {:?}\nkeys_file = {:?}\nredis_url = {redis:?}\nlisten = \"{address}\"\n\
             [connections]\nmost = 30000\n\
             [socket]\nper_person_max = 30000\nwaiting_per_address_max = 30000\n\
             [rates]\nperson_per_minute = 100000000\napplication_per_minute = 100000000\nstranger_per_minute = 100000000\n\
             [[issuers]]\nissuer = {ISSUER:?}\naudience = {AUDIENCE:?}\nalgorithms = [\"ES256\"]\n\
             keys = {{ jwks = {{ keys = [{{ {key} }}] }} }}\n",
            self.url,
            self.folder.path().join("keys").display().to_string(),
        );
        let file = self.folder.path().join("hub.toml");
        std::fs::write(&file, settings)?;
        let said = std::fs::File::options().create(true).append(true).open(self.folder.path().join("said"))?;
        let built = PathBuf::from(env!("CARGO_BIN_EXE_crisis-hub"));
        let mut command = Command::new(PROGRAM.get().unwrap_or(&built));
        command.arg("serve").env("HUB_CONFIG", file).stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        let began = Instant::now();
        let mut child = command.kill_on_drop(true).spawn()?;
        let ready = format!("http://{address}/health/ready");
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
            if child.try_wait()?.is_some() || began.elapsed() > Duration::from_mins(10) {
                let said = std::fs::read_to_string(self.folder.path().join("said"))?;
                return Err(format!("the hub is not ready:\n{said}").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = child.id().ok_or("the hub has ended")?;
        Ok(Program { address, pid, ready_after: began.elapsed(), child })
    }
}

/// The program that is measured, where it is not the one just built.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Chooses the program that is measured.
pub fn choose_program(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = PROGRAM.set(path.to_owned());
    }
}

/// The subject that holds a role.
pub fn subject(role: Role) -> String {
    format!("bench:{role:?}")
}

/// The program at work.
pub struct Program {
    pub address: SocketAddr,
    pub pid: u32,
    pub ready_after: Duration,
    child: Child,
}

impl Program {
    /// Ends it.
    pub async fn stop(mut self) -> Done {
        self.child.kill().await?;
        Ok(())
    }
}
