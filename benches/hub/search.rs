//! Bed search: the hub over HTTP beside one SQL statement without the hub, on the same rows.
use crate::figures::{Figures, Section};
use crate::ground::{Db, Ground};
use crate::http::{Connection, post};
use crate::needs::AskedNeed;
use crate::reports::cells;
use crate::sql::{self, Eyes, Statements, Words};
use crate::stats::{Spread, Waits, cpu_of_all, cpu_seconds, short};
use crate::{Asked, Done, client as run_client};
use crisis_hub::domain::event::Audience;
use crisis_hub::domain::role::Role;
use crisis_hub::domain::time::At;
use sea_orm::sqlx::{self, Connection as _, PgConnection};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Needs that are asked and compared.
const NEEDS: usize = 1_000;
/// Connections, of either kind.
const CONNECTIONS: usize = 32;
/// Threads to try on SQLite, where a connection works on its caller's thread.
const THREADS: [usize; 3] = [2, 4, 32];

/// A search as a dispatcher's application asks it.
pub const QUERY: &str = "query Search($need: NeedInput!, $near: PointInput, $within: Float) {
  bedSearch(need: $need, near: $near, withinKm: $within, first: 20) { asOf { time } edges { distanceKm fit
    node { id label shownAs freshness net asOf
      facility { id name city directLine } organization { id name kind } } } } }";

/// What a client is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub address: SocketAddr,
    pub hub: u32,
    /// Who asks, with what their scope comes to in SQL. The first is measured, all are compared.
    pub askers: Vec<(String, Eyes)>,
    pub beside: Option<Beside>,
    pub seconds: u64,
    pub runs: usize,
}

/// Where the statement runs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Beside {
    pub db: Db,
    pub url: String,
    pub words: Words,
}

/// One run of one side.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    /// Processor time of one answer, in milliseconds.
    pub hub: f64,
    pub database: f64,
    pub client: f64,
}

/// What a client measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    pub compared: usize,
    pub hub: Vec<Run>,
    pub sql: Vec<Run>,
    /// Threads or connections that served the statement best.
    pub best: usize,
}

fn request(job: &Job, token: &str, need: &AskedNeed) -> Vec<u8> {
    post(job.address, token, &json!({ "query": QUERY, "variables": need.variables }))
}

pub async fn client(job: Job) -> Done<Measured> {
    let needs = AskedNeed::many(NEEDS);
    let mut measured = Measured::default();
    if let Some(beside) = &job.beside {
        measured.compared = compare(&job, beside, &needs).await?;
    }
    let token = job.askers.first().map(|(token, _)| token.as_str()).unwrap_or_default();
    let requests: Rc<Vec<Vec<u8>>> = Rc::new(needs.iter().map(|need| request(&job, token, need)).collect());
    hub_run(&job, &requests, Duration::from_secs(1)).await?;
    let mut side = match &job.beside {
        Some(beside) => Some(Side::open(&job, beside, &needs).await?),
        None => None,
    };
    measured.best = side.as_ref().map_or(0, |side| side.best);
    for _ in 0..job.runs {
        measured.hub.push(hub_run(&job, &requests, Duration::from_secs(job.seconds)).await?);
        if let Some(side) = &mut side {
            measured.sql.push(side.run(side.best, Duration::from_secs(job.seconds)).await?);
        }
    }
    Ok(measured)
}

/// Asks both of every need and fails at the first difference in ids, order, or what the rows say.
async fn compare(job: &Job, beside: &Beside, needs: &[AskedNeed]) -> Done<usize> {
    let statements = Statements::of(beside.db);
    let mut hub = Connection::open(job.address).await?;
    let mut postgres = if beside.db == Db::Postgres { Some(PgConnection::connect(&beside.url).await?) } else { None };
    let sqlite =
        if beside.db == Db::Sqlite { Some(sql::open_sqlite(beside.url.trim_start_matches("sqlite:"))?) } else { None };
    let (mut compared, mut rows) = (0, 0);
    for (token, eyes) in &job.askers {
        for (number, need) in needs.iter().enumerate() {
            let answer: Value = serde_json::from_slice(hub.ask_well(&request(job, token, need)).await?)?;
            let search = &answer["data"]["bedSearch"];
            // The statement judges at the instant that the hub judged at.
            let at =
                search["asOf"]["time"].as_str().and_then(At::parse).ok_or_else(|| format!("no instant in {answer}"))?;
            let edges = search["edges"].as_array().ok_or("no edges")?;
            let said: Vec<Line> = edges.iter().map(|edge| line(&edge["node"])).collect();
            let bound = beside.words.bind(need);
            let found = match (&mut postgres, &sqlite) {
                (Some(connection), _) => sql::postgres(connection, &statements, *eyes, at.micros(), &bound).await?,
                (_, Some(connection)) => sql::sqlite(connection, &statements, *eyes, at.micros(), &bound)?,
                _ => Vec::new(),
            };
            let found: Vec<Line> = found.into_iter().map(sql::Row::line).collect();
            if said != found {
                return Err(format!(
                    "need {number}: the hub and the statement differ\n{}\nhub {said:#?}\nSQL {found:#?}",
                    need.variables
                )
                .into());
            }
            compared += 1;
            rows += found.len();
        }
    }
    eprintln!("compared {compared} needs, {rows} rows: the same ids in the same order");
    Ok(compared)
}

/// What a row says, on either side: the unit's id and label, its place, its agency.
pub type Line = [String; 7];

fn line(node: &Value) -> Line {
    let text = |pointer: &str| node.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
    [
        "/id",
        "/label",
        "/facility/name",
        "/facility/city",
        "/facility/directLine",
        "/organization/name",
        "/organization/kind",
    ]
    .map(text)
}

/// Runs so many workers against the clock.
async fn hub_run(job: &Job, requests: &Rc<Vec<Vec<u8>>>, long: Duration) -> Done<Run> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(job.address).await?);
    }
    let waits = Rc::new(RefCell::new(Waits::default()));
    let (began, own, hub) = (Instant::now(), cpu_seconds(std::process::id()), cpu_seconds(job.hub));
    let workers = connections.into_iter().enumerate().map(|(number, mut connection)| {
        let (requests, waits) = (requests.clone(), waits.clone());
        async move {
            let mut next = number * requests.len() / CONNECTIONS;
            while began.elapsed() < long {
                let asked = Instant::now();
                connection.ask_well(&requests[next % requests.len()]).await?;
                waits.borrow_mut().note(asked.elapsed().as_micros());
                next += 1;
            }
            Done::<()>::Ok(())
        }
    });
    futures_util::future::try_join_all(workers).await?;
    let took = began.elapsed().as_secs_f64();
    let (own, hub) = (cpu_seconds(std::process::id()) - own, cpu_seconds(job.hub) - hub);
    Ok(Run::of(waits.take(), took, hub, 0.0, own))
}

impl Run {
    pub fn of(waits: Waits, took: f64, hub: f64, database: f64, client: f64) -> Self {
        let count = waits.len() as f64;
        let each = |seconds: f64| seconds * 1e3 / count;
        let [p50, p99, _] = waits.millis();
        Self { per_second: count / took, p50, p99, hub: each(hub), database: each(database), client: each(client) }
    }
}

/// The statement's side.
struct Side {
    db: Db,
    file: String,
    connections: Vec<PgConnection>,
    backends: Vec<u32>,
    statements: Statements,
    eyes: Eyes,
    bounds: Vec<sql::Bound>,
    best: usize,
}

impl Side {
    async fn open(job: &Job, beside: &Beside, needs: &[AskedNeed]) -> Done<Self> {
        let mut connections = Vec::new();
        let mut backends = Vec::new();
        if beside.db == Db::Postgres {
            for _ in 0..CONNECTIONS {
                let mut connection = PgConnection::connect(&beside.url).await?;
                let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
                backends.push(u32::try_from(pid)?);
                connections.push(connection);
            }
        }
        let mut side = Self {
            db: beside.db,
            file: beside.url.trim_start_matches("sqlite:").to_owned(),
            connections,
            backends,
            statements: Statements::of(beside.db),
            eyes: job.askers.first().map(|(_, eyes)| *eyes).ok_or("nobody asks")?,
            bounds: needs.iter().map(|need| beside.words.bind(need)).collect(),
            best: CONNECTIONS,
        };
        let tries: Vec<usize> = if beside.db == Db::Postgres { vec![2, 4, CONNECTIONS] } else { THREADS.into() };
        let mut most = 0.0;
        for count in tries {
            let run = side.run(count, Duration::from_secs(job.seconds.min(2))).await?;
            eprintln!("{} connections for the statement: {} answers a second", count, short(run.per_second));
            if run.per_second > most {
                (most, side.best) = (run.per_second, count);
            }
        }
        Ok(side)
    }

    async fn run(&mut self, count: usize, long: Duration) -> Done<Run> {
        match self.db {
            Db::Postgres => self.on_postgres(count, long).await,
            Db::Sqlite => self.on_sqlite(count, long),
        }
    }

    async fn on_postgres(&mut self, count: usize, long: Duration) -> Done<Run> {
        let waits = RefCell::new(Waits::default());
        let at = Cell::new(now());
        let (statements, bounds, eyes) = (&self.statements, &self.bounds, self.eyes);
        let (own, backends) = (cpu_seconds(std::process::id()), cpu_of_all(&self.backends));
        let began = Instant::now();
        let workers = self.connections.iter_mut().take(count).enumerate().map(|(number, connection)| {
            let (waits, at) = (&waits, &at);
            async move {
                let mut next = number * bounds.len() / count;
                while began.elapsed() < long {
                    let asked = Instant::now();
                    sql::postgres(connection, statements, eyes, at.get(), &bounds[next % bounds.len()]).await?;
                    waits.borrow_mut().note(asked.elapsed().as_micros());
                    at.set(now());
                    next += 1;
                }
                Done::<()>::Ok(())
            }
        });
        futures_util::future::try_join_all(workers).await?;
        let took = began.elapsed().as_secs_f64();
        let (own, backends) = (cpu_seconds(std::process::id()) - own, cpu_of_all(&self.backends) - backends);
        Ok(Run::of(waits.take(), took, 0.0, backends, own))
    }

    fn on_sqlite(&self, count: usize, long: Duration) -> Done<Run> {
        let stop = AtomicBool::new(false);
        let own = cpu_seconds(std::process::id());
        let began = Instant::now();
        let waits = std::thread::scope(|scope| {
            let work = |number: usize| {
                let connection = sql::open_sqlite(&self.file)?;
                let (mut waits, mut next) = (Waits::default(), number * self.bounds.len() / count);
                while !stop.load(SeqCst) {
                    let asked = Instant::now();
                    sql::sqlite(
                        &connection,
                        &self.statements,
                        self.eyes,
                        now(),
                        &self.bounds[next % self.bounds.len()],
                    )?;
                    waits.note(asked.elapsed().as_micros());
                    next += 1;
                }
                Done::Ok(waits)
            };
            let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || work(number))).collect();
            std::thread::sleep(long);
            stop.store(true, SeqCst);
            let mut all = Waits::default();
            for thread in threads {
                all.join(thread.join().map_err(|_| "a thread has died")??);
            }
            Done::Ok(all)
        })?;
        let took = began.elapsed().as_secs_f64();
        // The database is in the client's own process: all of its time is the statement's.
        Ok(Run::of(waits, took, 0.0, cpu_seconds(std::process::id()) - own, 0.0))
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

const COLUMNS: [&str; 7] =
    ["what", "answers a second", "p50 ms", "p99 ms", "CPU ms an answer: hub", "database", "client"];

pub fn section(asked: &Asked, figures: Figures) -> Section {
    let asked = asked.clone();
    Box::pin(measure(asked, figures))
}

async fn measure(asked: Asked, mut figures: Figures) -> Done<Figures> {
    let title = format!(
        "Bed search: {} units, pages of 20 with facility and organization, {CONNECTIONS} connections",
        asked.units
    );
    figures.table(&title, &COLUMNS);
    let mut ratios = Vec::new();
    for db in asked.databases() {
        let ground = Ground::open(db, asked.units).await?;
        let words = sql::make(&ground).await?;
        let program = ground.program().await?;
        let asker = |role, shared: Audience| Done::Ok((ground.token(role)?, sql::eyes(ground.loaded.region, shared)));
        let job = Job {
            address: program.address,
            hub: program.pid,
            // Who is placing people sees every unit; an officer sees those that take drop-offs.
            askers: vec![asker(Role::Line988, Audience::CARE)?, asker(Role::Officer, Audience::FIRST_RESPONDER)?],
            beside: Some(Beside { db, url: ground.url.clone(), words }),
            seconds: asked.seconds(),
            runs: asked.runs(),
        };
        let measured: Measured = run_client(&crate::Job::Search(job)).await?;
        program.stop().await?;
        figures.row(&cells(format!("hub on {}, over HTTP", db.name()), &measured.hub));
        let with = if db == Db::Sqlite { "threads, in process" } else { "connections" };
        figures.row(&cells(format!("one SQL statement on {}, {} {with}", db.name(), measured.best), &measured.sql));
        let ratio =
            Spread::of(measured.hub.iter().zip(&measured.sql).map(|(hub, sql)| hub.per_second / sql.per_second));
        ratios.push(format!(
            "{} {ratio}, after {} needs with the same ids in the same order from both",
            db.name(),
            measured.compared
        ));
        ground.end().await?;
    }
    figures.note(&format!("Hub to SQL: {}.", ratios.join("; ")));
    Ok(figures)
}
