//! The database's own steps: run once, known when they were run, refused when they are ahead.
use crate::house::{Db, Place};
use crisis_hub::app::console;
use crisis_hub::clock::RandomIds;
use crisis_hub::config::Config;
use crisis_hub::domain::time::At;
use crisis_hub::node::{self, CannotStart, Sources};
use crisis_hub::store::{DEMO, NETWORK, SchemaState, Store};
use sea_orm::{ConnectionTrait, Database};
use std::sync::Arc;
use std::time::Duration;

on_both!(
    an_empty_database_is_migrated_once,
    steps_that_fail_in_the_middle_leave_nothing,
    a_database_of_a_newer_program_is_refused,
    an_edition_is_claimed_once,
    the_demo_touches_no_networks_database,
);

fn config(place: &Place) -> Config {
    let mut config = Config::defaults().unwrap();
    config.database_url = place.url.clone().into();
    config
}

fn sources() -> Sources {
    Sources { clock: Sources::of_host().clock, ids: Arc::new(RandomIds), correctable: None }
}

async fn steps(place: &Place) -> Vec<String> {
    let connection = Database::connect(&place.url).await.unwrap();
    let rows =
        connection.query_all_raw(statement(&connection, "SELECT version FROM seaql_migrations ORDER BY version")).await;
    let steps = rows.unwrap().iter().map(|row| row.try_get("", "version").unwrap()).collect();
    connection.close().await.unwrap();
    steps
}

fn statement(connection: &sea_orm::DatabaseConnection, sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(connection.get_database_backend(), sql)
}

async fn an_empty_database_is_migrated_once(db: Db) {
    let place = Place::empty(db).await;
    let (config, sources) = (config(&place), sources());
    if db == Db::Postgres {
        // `serve` alone changes no PostgreSQL schema.
        let refused = node::open_store(&config, &sources, false).await;
        assert!(matches!(refused, Err(CannotStart::Schema(_))));
    }
    let store: Store = node::open_store(&config, &sources, true).await.unwrap();
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
    let (first, seal) = (steps(&place).await, store.seal().await.unwrap());
    assert!(!first.is_empty() && seal.len() >= 32);
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!((steps(&place).await, store.seal().await.unwrap()), (first, seal), "again is nothing");
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
    assert!(store.verify().await.unwrap().iter().all(|finding| finding.broken == 0));
    store.close().await;
    node::open_store(&config, &sources, false).await.unwrap().close().await;
}

async fn steps_that_fail_in_the_middle_leave_nothing(db: Db) {
    let place = Place::empty(db).await;
    let (config, sources) = (config(&place), sources());
    let connection =
        Database::connect(format!("{}{}", place.url, if db == Db::Sqlite { "?mode=rwc" } else { "" })).await.unwrap();
    // The last table of the first step is in the way.
    connection.execute_unprepared("CREATE TABLE import_row (x INTEGER)").await.unwrap();
    assert!(node::open_store(&config, &sources, true).await.is_err());
    assert!(connection.execute_unprepared("SELECT * FROM region").await.is_err(), "half a step was kept");
    assert_eq!(steps(&place).await, [""; 0]);
    connection.execute_unprepared("DROP TABLE import_row").await.unwrap();
    connection.close().await.unwrap();
    let store = node::open_store(&config, &sources, true).await.unwrap();
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
    store.close().await;
}

/// The copy beside a SQLite database is of the time before anything went wrong, and stays.
#[tokio::test]
async fn the_copy_before_a_migration_is_made_once_and_kept() {
    let place = Place::empty(Db::Sqlite).await;
    let (config, sources) = (config(&place), sources());
    node::open_store(&config, &sources, true).await.unwrap().close().await;
    let file = place.url.strip_prefix("sqlite:").unwrap();
    let beside = || std::fs::read_dir(std::path::Path::new(file).parent().unwrap()).unwrap().flatten();
    assert!(!beside().any(|file| file.file_name().to_string_lossy().contains("before")), "nothing was to be kept");
    let connection = Database::connect(&place.url).await.unwrap();
    let back = "DELETE FROM seaql_migrations WHERE version = 'm0007_log_region'; DROP INDEX event_region;
        CREATE INDEX event_region ON event (number)";
    connection.execute_unprepared(back).await.unwrap();
    let copy = format!("{file}.before-migration-from-{}", steps(&place).await.last().unwrap());
    assert!(node::open_store(&config, &sources, false).await.is_err(), "the index is in the way");
    let kept = std::fs::read(&copy).unwrap();
    connection.execute_unprepared("INSERT INTO meta (name, value) VALUES ('later', 'x')").await.unwrap();
    assert!(node::open_store(&config, &sources, false).await.is_err());
    assert_eq!(std::fs::read(&copy).unwrap(), kept, "the copy was overwritten");
    connection.execute_unprepared("DROP INDEX event_region").await.unwrap();
    connection.close().await.unwrap();
    let store = node::open_store(&config, &sources, false).await.unwrap();
    assert_eq!(std::fs::read(&copy).unwrap(), kept);
    // It goes when what lies in it has to, and nothing else does.
    let made = std::fs::metadata(&copy).unwrap().modified().unwrap();
    let made = made.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let made = At::from_micros(i64::try_from(made).unwrap());
    assert_eq!((store.forget_copies(made).await.unwrap(), std::fs::read(&copy).unwrap()), (0, kept));
    assert_eq!(store.forget_copies(made.plus_minutes(1)).await.unwrap(), 1);
    assert!(!std::path::Path::new(&copy).exists() && std::path::Path::new(file).exists());
    store.close().await;
}

async fn a_database_of_a_newer_program_is_refused(db: Db) {
    let place = Place::fresh(db).await;
    let (config, sources) = (config(&place), sources());
    node::open_store(&config, &sources, true).await.unwrap().close().await;
    let connection = Database::connect(&place.url).await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_of_tomorrow', 0)";
    connection.execute_unprepared(newer).await.unwrap();
    connection.close().await.unwrap();
    for migrate in [false, true] {
        match node::open_store(&config, &sources, migrate).await {
            Err(CannotStart::Schema(why)) => assert!(why.contains("newer"), "{why}"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("a newer schema was opened"),
        }
    }
}

async fn an_edition_is_claimed_once(db: Db) {
    for (first, second) in [("demo", "network"), ("network", "demo")] {
        let place = Place::fresh(db).await;
        let store = node::open_store(&config(&place), &sources(), true).await.unwrap();
        store.claim_edition(first).await.unwrap();
        store.claim_edition(first).await.unwrap();
        let refused = store.claim_edition(second).await.unwrap_err().to_string();
        assert!(refused.contains("demo"), "{refused}");
        store.claim_edition(first).await.unwrap();
        store.close().await;
    }
}

/// Runs the program on a database, to its end: whether it went well, and what it said on standard error.
async fn program(place: &Place, arguments: &[&str]) -> (bool, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_crisis-hub"));
    command.args(arguments).env("HUB_DATABASE_URL", &place.url).kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_mins(1), command.output()).await.expect("it did not end").unwrap();
    (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

async fn the_demo_touches_no_networks_database(db: Db) {
    let folder = tempfile::tempdir().unwrap();
    let demo = ["demo", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()];
    let grant = "grant --issuer i --subject s --role HUB_OPERATOR --region r";
    for first in ["migrate", grant] {
        let place = Place::empty(db).await;
        if first == grant && db == Db::Postgres {
            assert!(program(&place, &["migrate"]).await.0);
        }
        let first: Vec<&str> = first.split(' ').collect();
        assert!(program(&place, &first).await.0);
        let (fine, said) = program(&place, &demo).await;
        assert!(!fine && said.contains("belongs to a real network"), "{said}");
        let store = node::open_store_of(NETWORK, &config(&place), &sources(), false).await.unwrap();
        store.close().await;
    }
    // Written to by a program that claimed nothing;
    let place = Place::fresh(db).await;
    let store = node::open_store(&config(&place), &sources(), true).await.unwrap();
    let hub = crisis_hub::app::Hub::open(store.clone()).await.unwrap();
    console::region_or_new(&hub, "r", "America/New_York").await.unwrap();
    store.close().await;
    let refused = node::open_store_of(DEMO, &config(&place), &sources(), true).await;
    assert!(matches!(refused, Err(CannotStart::Store(_))));
    node::open_store_of(NETWORK, &config(&place), &sources(), true).await.unwrap().close().await;
    // And the other way around: nothing of a demo becomes a network's.
    let place = Place::empty(db).await;
    node::open_store_of(DEMO, &config(&place), &sources(), true).await.unwrap().close().await;
    for command in [vec!["migrate"], grant.split(' ').collect(), vec!["serve"]] {
        let (fine, said) = program(&place, &command).await;
        assert!(!fine && said.contains("made by `demo`"), "{command:?}: {said}");
    }
}
