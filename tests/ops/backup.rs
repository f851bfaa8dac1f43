//! A backup made under load, restored elsewhere: nothing acknowledged is missing, and old cursors are refused.
use super::Writers;
use crate::api::bed::REPORT;
use crate::crash::Acknowledged;
use crate::house::follow::{Came, Follower, Road};
use crate::house::program::Program;
use crate::house::traffic::until;
use crate::house::{Client, Db, House, Place, given};
use crisis_hub::domain::id::BedUnitId;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

on_both!(
    a_backup_under_load_holds_everything_acknowledged_before_it,
    what_cannot_be_restored_is_refused_and_nothing_has_changed,
);

/// The program with PostgreSQL's tools beside it, wherever tests/run found the server.
async fn program(house: &mut House) -> Program {
    let mut program = Program::of(house).await;
    #[expect(clippy::disallowed_methods, reason = "the tools are where PATH says")]
    let path = std::env::var("PATH").unwrap();
    let tools = if house.db == Db::Postgres { given("HUB_TEST_PG_BIN") } else { "/usr/bin".into() };
    program.variables = vec![("PATH", format!("{tools}:{path}"))];
    program
}

/// The same program over another database.
fn over(program: &mut Program, place: &Place) {
    program.variables.retain(|(name, _)| *name != "HUB_DATABASE_URL");
    program.variables.push(("HUB_DATABASE_URL", place.url.clone()));
}

async fn number(place: &Place, sql: &str) -> i64 {
    let db = Database::connect(&place.url).await.unwrap();
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap().unwrap();
    let number = row.try_get::<i64>("", "n").unwrap();
    db.close().await.unwrap();
    number
}

fn keyed(unit: BedUnitId) -> Value {
    let report = json!({ "unitId": unit.to_string(), "staffed": 3, "occupied": 1 });
    json!({ "input": { "units": [report], "idempotencyKey": "once" } })
}

fn files(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    std::fs::read_dir(folder).unwrap().map(name).collect()
}

/// A backup during which something was written, and what was acknowledged before it. A small database is written out between two
/// commits now and then: that is no load, and it is done again.
async fn backed_up_under_load(program: &Program, writers: &Writers, file: &Path) -> Vec<Acknowledged> {
    for _ in 0..20 {
        let before = writers.taken();
        let (good, said) = program.run("backup", &[file.to_str().unwrap()]).await;
        assert!(good, "{said}");
        if before.len() > 20 && writers.taken().len() > before.len() {
            return before;
        }
        std::fs::remove_file(file).unwrap();
    }
    panic!("there was no load: {}", writers.taken().len());
}

async fn a_backup_under_load_holds_everything_acknowledged_before_it(db: Db) {
    let mut house = House::open(db).await;
    let mut program = program(&mut house).await;
    program.start().await;
    let [ours, theirs] =
        ["intake", "intake-2"].map(|name| Client::new(program.address, Some(house.token_of_today(name))));
    let mut follower = Follower::of_events();
    follower.finish(&ours, Road::Ws).await;
    let unit = house.world.agencies[0].chairs();
    assert_eq!(ours.ask(REPORT, keyed(unit)).await.data("/reportBeds/replayed"), false);
    let people: Vec<(Client, BedUnitId)> = (0..8)
        .map(|n| {
            let units = &house.world.agencies[n % 2].units;
            ([&ours, &theirs][n % 2].clone(), units[n / 2 % units.len()])
        })
        .collect();
    let writers = Writers::begin(&people);
    until("there is load", async || writers.taken().len() > 50).await;
    follower.finish(&ours, Road::Ws).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.backup");
    let before = backed_up_under_load(&program, &writers, &file).await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(files(folder.path()), ["hub.backup"]);
    let (good, said) = program.run("backup", &[file.to_str().unwrap()]).await;
    assert!(!good && said.contains("is there already"), "{said}");
    program.stop().await;
    let all = writers.end().await;

    let elsewhere = Place::empty(db).await;
    over(&mut program, &elsewhere);
    let (good, said) = program.run("restore", &[file.to_str().unwrap()]).await;
    assert!(good && said.contains("ok   the log is dense") && !said.contains("FAIL"), "{said}");
    program.verify().await;
    program.start().await;
    // Its log holds the same ids at the same numbers, and its cursors are of another epoch.
    for road in [Road::Sse, Road::Ws] {
        let mut open = follower.open(&ours, road).await.unwrap();
        let Came::Over(why) = follower.next(&mut open).await else { panic!("an old cursor was taken over {road:?}") };
        assert!(why.starts_with("CURSOR_EXPIRED"), "{why}");
    }
    let polled = "query($after: Cursor) { events(after: $after, first: 1) { edges { node { eventId } } } }";
    let polled = ours.ask(polled, json!({ "after": follower.cursor })).await;
    assert_eq!(polled.code(), "CURSOR_EXPIRED", "{:#}", polled.body);
    assert_eq!(ours.ask(REPORT, keyed(unit)).await.data("/reportBeds/replayed"), true, "a key of before is not known");
    let mut anew = Follower::of_events();
    anew.finish(&ours, Road::Sse).await;
    assert!(anew.cursor.is_some());
    program.stop().await;

    let restored = crisis_hub::node::Sources::of_host();
    let mut config = house.config.clone();
    config.database_url = elsewhere.url.clone().into();
    let store = crisis_hub::node::open_store(&config, &restored, false).await.unwrap();
    let log = crate::house::traffic::log(&store).await;
    store.close().await;
    let versions: HashMap<String, i64> = log.iter().map(crate::crash::row).collect();
    for one in &before {
        assert!(versions.get(&one.unit).is_some_and(|version| *version >= one.version), "missing: {one:?}");
    }
    let bytes = std::fs::metadata(&file).unwrap().len();
    println!(
        "{db:?}: {} acknowledged before a backup of {bytes} bytes, {} in all; none missing",
        before.len(),
        all.len()
    );
    house.start().await;
    house.close().await;
}

async fn what_cannot_be_restored_is_refused_and_nothing_has_changed(db: Db) {
    let mut house = House::open(db).await;
    let mut program = program(&mut house).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let good_file = path("good");
    let (good, said) = program.run("backup", &[&good_file]).await;
    assert!(good, "{said}");
    let whole = std::fs::read(&good_file).unwrap();
    std::fs::write(path("half"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(path("start"), &whole[..64]).unwrap();
    std::fs::write(path("text"), "INSERT INTO bed_unit ...").unwrap();
    std::fs::write(path("empty"), "").unwrap();
    let other = [&b"SQLite format 3\0"[..], b"PGDMP\x01\x0e"][usize::from(db == Db::Sqlite)];
    std::fs::write(path("other"), other).unwrap();
    foreign(db, &path("foreign"), &program).await;
    let refused = [
        ("half", ""),
        ("start", ""),
        ("text", "no backup of a hub"),
        ("empty", "no backup of a hub"),
        ("other", "set database_url to"),
        ("foreign", "no hub's"),
        ("absent", "cannot be read"),
    ];

    let head = HEAD;
    let written = number(house.place(), head).await;
    let (good, said) = program.run("restore", &[&good_file]).await;
    assert!(!good && said.contains("not empty") && said.contains("--replace"), "{said}");
    for (name, why) in refused {
        let (good, said) = program.run("restore", &["--replace", &path(name)]).await;
        assert!(!good && said.contains(why), "{name}: {said}");
        assert_eq!(number(house.place(), head).await, written, "{name}: {said}");
    }
    program.verify().await;
    // While it runs, nothing is pulled from under it.
    program.start().await;
    let (good, said) = program.run("restore", &["--replace", &good_file]).await;
    assert!(!good && said.contains("stop the hub first"), "{said}");
    let intake = Client::new(program.address, Some(house.token_of_today("intake")));
    let unit = house.world.agencies[0].chairs();
    assert_eq!(intake.ask(REPORT, keyed(unit)).await.data("/reportBeds/problems"), &json!([]));
    program.stop().await;
    assert_eq!(number(house.place(), head).await, written + 1);

    // The oracle: the same file, whole, with the hub stopped.
    let (good, said) = program.run("restore", &["--replace", &good_file]).await;
    assert!(good && said.contains("is kept"), "{said}");
    assert_eq!(number(house.place(), head).await, written);
    let kept = said.lines().find(|line| line.contains("is kept: ")).unwrap().split_once(": ").unwrap().1;
    let kept_head = head_of(db, &house, kept).await;
    assert_eq!(kept_head, written + 1, "{kept}");

    nothing_is_made_elsewhere(db, &mut program, &refused.map(|(name, why)| (path(name), why))).await;
    if db == Db::Postgres {
        program.variables.retain(|(name, _)| *name != "PATH");
        program.variables.push(("PATH", "/nowhere".into()));
        let (good, said) = program.run("backup", &[&path("none")]).await;
        assert!(!good && said.contains("pg_dump is not on PATH: install"), "{said}");
        assert!(!files(folder.path()).iter().any(|name| name.contains("none")));
    }
    house.start().await;
    house.close().await;
}

/// Where the log's counter stands.
const HEAD: &str = "SELECT n FROM counter WHERE name = 'log'";

/// Where the log of the database that was kept stands.
async fn head_of(db: Db, house: &House, kept: &str) -> i64 {
    match db {
        Db::Sqlite => {
            let place = Database::connect(format!("sqlite:{kept}")).await.unwrap();
            let row = place.query_one_raw(Statement::from_string(DbBackend::Sqlite, HEAD)).await.unwrap().unwrap();
            row.try_get::<i64>("", "n").unwrap()
        }
        Db::Postgres => {
            let schema = kept.split(' ').nth(1).unwrap();
            number(house.place(), &format!("SELECT n FROM {schema}.counter WHERE name = 'log'")).await
        }
    }
}

/// A file that is refused leaves an empty database empty.
async fn nothing_is_made_elsewhere(db: Db, program: &mut Program, refused: &[(String, &str)]) {
    let elsewhere = Place::empty(db).await;
    over(program, &elsewhere);
    for (file, why) in refused {
        let (good, said) = program.run("restore", &[file]).await;
        assert!(!good && said.contains(why), "{file}: {said}");
        if let Some(own) = elsewhere.file() {
            assert_eq!(files(Path::new(own).parent().unwrap()), [""; 0], "{file}");
        } else {
            let tables = "SELECT COUNT(*) AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE n.nspname = 'public'";
            assert_eq!(number(&elsewhere, tables).await, 0, "{file}");
        }
    }
}

/// A file of the right kind that is no hub's.
async fn foreign(db: Db, file: &str, program: &Program) {
    let place = Place::empty(db).await;
    let url = if db == Db::Sqlite { format!("{}?mode=rwc", place.url) } else { place.url.clone() };
    let other = Database::connect(url).await.unwrap();
    other.execute_unprepared("CREATE TABLE event (id INTEGER)").await.unwrap();
    other.close().await.unwrap();
    if let Some(from) = place.file() {
        std::fs::copy(from, file).unwrap();
        return;
    }
    let path = &program.variables.iter().find(|(name, _)| *name == "PATH").unwrap().1;
    let dump = std::process::Command::new("pg_dump").env("PATH", path).args(["-Fc", "-f", file, &place.url]).status();
    assert!(dump.unwrap().success());
}
