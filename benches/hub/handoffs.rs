//! An agency's open handoffs among all that were: with both organizations and the facility, beside the same in SQL alone.
use crate::doors::{self, Door, OPEN};
use crate::figures::{Figures, Section};
use crate::ground::{Db, Ground};
use crate::http::{Connection, post};
use crate::reports::cells;
use crate::search::Run;
use crate::stats::{Spread, Waits, cpu_of_all, cpu_seconds, short};
use crate::{Asked, Done, client as run_client};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::id::NounId;
use crisis_hub::domain::role::Role;
use sea_orm::sqlx::{self, Connection as _, PgConnection};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Open handoffs of the agency that asks.
const OPEN_ONES: usize = 50;
/// Doors that they are at, and that the past ones went to.
const DOORS: usize = 8;
/// Connections, of either kind.
const CONNECTIONS: usize = 32;

/// What a board on a wall asks when it is switched on.
const QUERY: &str =
    "query Open($states: [HandoffState!]) { handoffs(filter: {states: $states}, first: 50) { edges { node {
  id code state awaits dueAt late arriveBy sender { id name kind } receiver { id name kind }
  unit { id label facility { id name city } } } } } }";

/// What a client is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub address: SocketAddr,
    pub hub: u32,
    pub token: String,
    pub db: Db,
    pub url: String,
    /// The viewer's region and agency.
    pub region: Uuid,
    pub agency: Uuid,
    pub seconds: u64,
    pub runs: usize,
}

/// What a client measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    pub hub: Vec<Run>,
    pub sql: Vec<Run>,
    /// Threads or connections that served the statement best.
    pub best: usize,
}

fn states() -> Vec<&'static str> {
    OPEN.iter().map(|state| state.code()).collect()
}

/// The statement that answers the same.
fn statement(db: Db) -> String {
    let text = format!(
        "SELECT h.id, h.code, h.state, h.due_at, h.late, h.arrive_by, s.id, s.name, s.kind, r.id, r.name, r.kind, u.id, u.label,
            f.id, f.name, f.city
         FROM handoff h JOIN organization s ON s.id = h.sender_id JOIN organization r ON r.id = h.receiver_id
            JOIN bed_unit u ON u.id = h.bed_unit_id JOIN facility f ON f.id = u.facility_id
         WHERE h.region_id = $1 AND (h.sender_id = $2 AND h.due_at IS NOT NULL OR h.receiver_id = $2 AND h.due_at IS NOT NULL)
            AND h.state IN ('{}')
         ORDER BY h.id DESC LIMIT 51",
        states().join("', '")
    );
    if db == Db::Sqlite { text.replace('$', "?") } else { text }
}

/// What of a row is looked at: as much as a page would be made of.
struct Row {
    id: Uuid,
    words: [Option<String>; 9],
}

async fn postgres(connection: &mut PgConnection, text: &str, job: &Job) -> Done<Vec<Row>> {
    use sqlx::Row as _;
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(job.region).bind(job.agency).fetch_all(connection).await?;
    let read = |row: &sqlx::postgres::PgRow| -> Result<Row, sqlx::Error> {
        let mut words = [const { None }; 9];
        for (word, column) in words.iter_mut().zip([1_usize, 2, 7, 8, 10, 11, 13, 15, 16]) {
            *word = row.try_get(column)?;
        }
        Ok(Row { id: row.try_get(0)?, words })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn open_sqlite(file: &str) -> Done<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(file)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    Ok(connection)
}

fn sqlite(connection: &rusqlite::Connection, text: &str, job: &Job) -> Done<Vec<Row>> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([job.region.as_bytes(), job.agency.as_bytes()])?;
    let mut page = Vec::with_capacity(51);
    while let Some(row) = rows.next()? {
        let mut words = [const { None }; 9];
        for (word, column) in words.iter_mut().zip([1_usize, 2, 7, 8, 10, 11, 13, 15, 16]) {
            *word = row.get(column)?;
        }
        page.push(Row { id: Uuid::from_bytes(row.get::<_, [u8; 16]>(0)?), words });
    }
    Ok(page)
}

/// Fails at the first difference between what both answer.
fn same(answer: &[u8], rows: &[Row]) -> Done {
    let answer: Value = serde_json::from_slice(answer)?;
    let edges = answer["data"]["handoffs"]["edges"].as_array().ok_or_else(|| answer.to_string())?;
    let text = |node: &Value, pointer: &str| node.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let pointers = [
        "/code",
        "/state",
        "/sender/name",
        "/sender/kind",
        "/receiver/name",
        "/receiver/kind",
        "/unit/label",
        "/unit/facility/name",
        "/unit/facility/city",
    ];
    let said: Vec<_> = edges
        .iter()
        .map(|edge| (text(&edge["node"], "/id"), pointers.map(|pointer| text(&edge["node"], pointer))))
        .collect();
    let found: Vec<_> =
        rows.iter().map(|row| (Some(format!("handoff_{}", row.id.simple())), row.words.clone())).collect();
    if said.len() == OPEN_ONES && said == found {
        return Ok(());
    }
    Err(format!("the hub and the statement differ, or are not {OPEN_ONES}\nhub {said:#?}\nSQL {found:#?}").into())
}

pub async fn client(job: Job) -> Done<Measured> {
    let request = post(job.address, &job.token, &json!({ "query": QUERY, "variables": { "states": states() } }));
    let text = statement(job.db);
    let file = job.url.trim_start_matches("sqlite:").to_owned();
    let mut connections = Vec::new();
    let mut backends = Vec::new();
    if job.db == Db::Postgres {
        for _ in 0..CONNECTIONS {
            let mut connection = PgConnection::connect(&job.url).await?;
            let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
            backends.push(u32::try_from(pid)?);
            connections.push(connection);
        }
    }
    let rows = match connections.first_mut() {
        Some(connection) => postgres(connection, &text, &job).await?,
        None => sqlite(&open_sqlite(&file)?, &text, &job)?,
    };
    same(Connection::open(job.address).await?.ask_well(&request).await?, &rows)?;
    let mut measured = Measured::default();
    let long = Duration::from_secs(job.seconds);
    hub_run(&job, &request, Duration::from_secs(1)).await?;
    let mut side = Side { connections, backends, file, text };
    let mut most = 0.0;
    for count in [2, 4, CONNECTIONS] {
        let run = side.run(&job, count, long.min(Duration::from_secs(2))).await?;
        eprintln!("{count} connections for the statement: {} answers a second", short(run.per_second));
        if run.per_second > most {
            (most, measured.best) = (run.per_second, count);
        }
    }
    for _ in 0..job.runs {
        measured.hub.push(hub_run(&job, &request, long).await?);
        measured.sql.push(side.run(&job, measured.best, long).await?);
    }
    Ok(measured)
}

async fn hub_run(job: &Job, request: &[u8], long: Duration) -> Done<Run> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(job.address).await?);
    }
    let waits = RefCell::new(Waits::default());
    let (began, own, hub) = (Instant::now(), cpu_seconds(std::process::id()), cpu_seconds(job.hub));
    let workers = connections.iter_mut().map(|connection| {
        let waits = &waits;
        async move {
            while began.elapsed() < long {
                let asked = Instant::now();
                connection.ask_well(request).await?;
                waits.borrow_mut().note(asked.elapsed().as_micros());
            }
            Done::<()>::Ok(())
        }
    });
    futures_util::future::try_join_all(workers).await?;
    let took = began.elapsed().as_secs_f64();
    let (own, hub) = (cpu_seconds(std::process::id()) - own, cpu_seconds(job.hub) - hub);
    Ok(Run::of(waits.take(), took, hub, 0.0, own))
}

/// The statement's side.
struct Side {
    connections: Vec<PgConnection>,
    backends: Vec<u32>,
    file: String,
    text: String,
}

impl Side {
    async fn run(&mut self, job: &Job, count: usize, long: Duration) -> Done<Run> {
        if job.db == Db::Sqlite {
            return self.on_threads(job, count, long);
        }
        let (waits, text) = (RefCell::new(Waits::default()), &self.text);
        let (own, database) = (cpu_seconds(std::process::id()), cpu_of_all(&self.backends));
        let began = Instant::now();
        let workers = self.connections.iter_mut().take(count).map(|connection| {
            let waits = &waits;
            async move {
                while began.elapsed() < long {
                    let asked = Instant::now();
                    postgres(connection, text, job).await?;
                    waits.borrow_mut().note(asked.elapsed().as_micros());
                }
                Done::<()>::Ok(())
            }
        });
        futures_util::future::try_join_all(workers).await?;
        let took = began.elapsed().as_secs_f64();
        let (own, database) = (cpu_seconds(std::process::id()) - own, cpu_of_all(&self.backends) - database);
        Ok(Run::of(waits.take(), took, 0.0, database, own))
    }

    fn on_threads(&self, job: &Job, count: usize, long: Duration) -> Done<Run> {
        let (stop, own, began) = (AtomicBool::new(false), cpu_seconds(std::process::id()), Instant::now());
        let waits = std::thread::scope(|scope| {
            let work = || {
                let connection = open_sqlite(&self.file)?;
                let mut waits = Waits::default();
                while !stop.load(SeqCst) {
                    let asked = Instant::now();
                    sqlite(&connection, &self.text, job)?;
                    waits.note(asked.elapsed().as_micros());
                }
                Done::Ok(waits)
            };
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
            std::thread::sleep(long);
            stop.store(true, SeqCst);
            let mut all = Waits::default();
            for thread in threads {
                all.join(thread.join().map_err(|_| "a thread has died")??);
            }
            Done::Ok(all)
        })?;
        // The database is in the client's own process: all of its time is the statement's.
        let took = began.elapsed().as_secs_f64();
        Ok(Run::of(waits, took, 0.0, cpu_seconds(std::process::id()) - own, 0.0))
    }
}

/// Writes so many handoffs that have ended, each with its search: the past of a few years, to every door in turn, from the agency
/// that asks and from the doors' own.
pub async fn past(ground: &Ground, doors: &[Door], many: u64) -> Done {
    let began = Instant::now();
    let sender = doors::sender(ground)?.key();
    let key = |key: Uuid| match ground.db {
        Db::Sqlite => format!("X'{}'", key.simple()),
        Db::Postgres => format!("'{}'::uuid", key.simple()),
    };
    let (series, fresh, uuid, no) = match ground.db {
        Db::Sqlite => (
            format!("WITH RECURSIVE turn(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM turn WHERE n < {many})"),
            // Older than any that is made now: of the first days of 2024.
            "CAST(X'018d' || randomblob(14) AS BLOB)",
            "BLOB",
            "0",
        ),
        Db::Postgres => (
            format!("WITH turn(n) AS (SELECT generate_series(1, {many}))"),
            "('018d' || substr(md5(random()::text), 5))::uuid",
            "uuid",
            "FALSE",
        ),
    };
    ground.run(&format!("CREATE TABLE past_door (place bigint, unit {uuid}, pathway {uuid}, owner {uuid})")).await?;
    for (place, door) in doors.iter().enumerate() {
        let values = [door.unit, door.pathway, door.organization].map(key).join(", ");
        ground.run(&format!("INSERT INTO past_door VALUES ({place}, {values})")).await?;
    }
    let (region, sender, count) = (key(ground.loaded.region.key()), key(sender), doors.len());
    // Every other one was sent by the agency that asks; the others by the next door's.
    let columns = "id, region_id, version, code, sender_id, receiver_id, need, pathway_id, pathway_version, bed_unit_id, state, \
         arrive_by, late, announced_at, settled_at, arrived_at, sender_confirmed_at, receiver_confirmed_at, ended_at, text_shredded_at";
    ground
        .run(&format!(
            "INSERT INTO handoff ({columns}) {series}
             SELECT {fresh}, {region}, 5, 'PASSED', CASE WHEN n % 2 = 0 THEN {sender} ELSE o.owner END, d.owner,
                '{{\"level_of_care\":null,\"age_band\":\"ADULT\",\"legal_status\":null,\"room_gender\":null,\"mobility\":null,\"language\":null,\"safety_flags\":[]}}',
                d.pathway, 1, d.unit, 'TRANSFERRED', 1704067200000000 + CAST(n AS bigint) * 1000000, {no}, 1704067200000000 + CAST(n AS bigint) * 1000000,
                1704067200000000 + CAST(n AS bigint) * 1000000, 1704067200000000 + CAST(n AS bigint) * 1000000, 1704067200000000 + CAST(n AS bigint) * 1000000,
                1704067200000000 + CAST(n AS bigint) * 1000000, 1704067200000000 + CAST(n AS bigint) * 1000000,
                1704067200000000 + CAST(n AS bigint) * 1000000
             FROM turn JOIN past_door d ON d.place = n % {count} JOIN past_door o ON o.place = (n + 1) % {count};
             UPDATE handoff SET episode_id = id WHERE episode_id IS NULL;
             INSERT INTO episode (id, region_id, version, sender_id, need, settlement, person_agreed, state, handoff_id, opened_at,
                sought_at, waited_hours, ended_at)
             SELECT id, region_id, 1, sender_id, need, 'FIRST_ACCEPT', {no}, 'PLACED', id, announced_at, announced_at, 0, ended_at
             FROM handoff WHERE code = 'PASSED';
             DROP TABLE past_door"
        ))
        .await?;
    ground.run("ANALYZE").await?;
    eprintln!("{}: {many} past handoffs written in {:.0?}", ground.db.name(), began.elapsed());
    Ok(())
}

pub fn section(asked: &Asked, figures: Figures) -> Section {
    Box::pin(measure(asked.clone(), figures))
}

async fn measure(asked: Asked, mut figures: Figures) -> Done<Figures> {
    let columns = ["what", "answers a second", "p50 ms", "p99 ms", "CPU ms an answer: hub", "database", "client"];
    figures.table(
        &format!(
            "An agency's {OPEN_ONES} open handoffs with both organizations and the facility, among {} past ones, {CONNECTIONS} connections",
            short(asked.past as f64)
        ),
        &columns,
    );
    let mut ratios = Vec::new();
    for db in asked.databases() {
        let ground = Ground::open(db, asked.units.min(1_000)).await?;
        let doors = doors::open(&ground, DOORS).await?;
        doors::announce(&ground, &doors, OPEN_ONES).await?;
        ground.let_go().await;
        past(&ground, &doors, asked.past).await?;
        let program = ground.program().await?;
        let job = Job {
            address: program.address,
            hub: program.pid,
            token: ground.token(Role::MobileTeam)?,
            db,
            url: ground.url.clone(),
            region: ground.loaded.region.key(),
            agency: doors::sender(&ground)?.key(),
            seconds: asked.seconds(),
            runs: asked.runs(),
        };
        let measured: Measured = run_client(&crate::Job::Handoffs(job)).await?;
        program.stop().await?;
        figures.row(&cells(format!("hub on {}, over HTTP", db.name()), &measured.hub));
        let with = if db == Db::Sqlite { "threads, in process" } else { "connections" };
        figures.row(&cells(format!("one SQL statement on {}, {} {with}", db.name(), measured.best), &measured.sql));
        let ratio =
            Spread::of(measured.hub.iter().zip(&measured.sql).map(|(hub, sql)| hub.per_second / sql.per_second));
        ratios.push(format!("{} {ratio}", db.name()));
        ground.end().await?;
    }
    figures.note(&format!("Hub to SQL, after the same rows from both: {}.", ratios.join("; ")));
    Ok(figures)
}
