//! Bed reports: writers over HTTP beside the same statements without the hub.
use crate::figures::{Figures, Section};
use crate::floor::{self, Writer};
use crate::ground::{Db, Ground};
use crate::http::{Connection, post};
use crate::search::Run;
use crate::stats::{Spread, Waits, cpu_of_all, cpu_seconds, short};
use crate::{Asked, Done, client as run_client};
use sea_orm::sqlx::{self, Connection as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Writers, each with a unit of its own.
const WRITERS: usize = 16;

const REPORT: &str = "mutation Report($input: ReportBedsInput!) { reportBeds(input: $input) {
  bedUnits { id version net shownAs asOf } problems { code message } } }";

/// What a client is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub db: Db,
    pub side: Side,
    pub writers: Vec<Reporter>,
    pub seconds: u64,
    pub runs: usize,
}

/// Which side.
#[derive(Debug, Serialize, Deserialize)]
pub enum Side {
    Hub { address: SocketAddr, pid: u32, url: String },
    Floor { url: String },
}

/// Somebody who reports a unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reporter {
    pub subject: String,
    pub token: String,
    pub unit: Uuid,
}

impl Reporter {
    /// The first unit of so many agencies, each with its reporter.
    pub fn some(
        ground: &Ground,
        count: usize,
        which: impl Fn(&crisis_hub::demo::world::Living) -> bool,
    ) -> Done<Vec<Self>> {
        use crisis_hub::domain::id::NounId;
        let mut last = "";
        let mut found = Vec::new();
        for unit in ground.loaded.units.iter().filter(|unit| which(unit)) {
            if found.len() < count && unit.reporter != last {
                last = &unit.reporter;
                let token = ground.token_of(&unit.reporter)?;
                found.push(Self { subject: unit.reporter.clone(), token, unit: unit.id.key() });
            }
        }
        if found.is_empty() { Err("nobody reports".into()) } else { Ok(found) }
    }

    /// Requests with different numbers.
    pub fn requests(&self, address: SocketAddr) -> Vec<Vec<u8>> {
        let unit = format!("bed_unit_{}", self.unit.simple());
        let of = |n: u32| {
            let line = json!({ "unitId": unit, "staffed": 20 + n % 3, "occupied": 8 + n, "waitlist": n % 4 });
            post(address, &self.token, &json!({ "query": REPORT, "variables": { "input": { "units": [line] } } }))
        };
        (0..8).map(of).collect()
    }
}

/// Sends one report; it must be taken.
pub async fn send(connection: &mut Connection, request: &[u8]) -> Done {
    let body = connection.ask_well(request).await?;
    let taken = body.windows(13).any(|window| window == b"\"problems\":[]");
    if taken { Ok(()) } else { Err(String::from_utf8_lossy(body).into_owned().into()) }
}

pub async fn client(job: Job) -> Done<Vec<Run>> {
    match &job.side {
        Side::Hub { address, pid, url } => hub(&job, *address, *pid, url).await,
        Side::Floor { url } => match job.db {
            Db::Postgres => on_postgres(&job, url).await,
            Db::Sqlite => on_sqlite(&job, url).await,
        },
    }
}

/// The processes that serve the connections to a database.
async fn backends(db: Db, url: &str) -> Done<Vec<u32>> {
    if db == Db::Sqlite {
        return Ok(Vec::new());
    }
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let pids: Vec<i32> = sqlx::query_scalar(sql).fetch_all(&mut connection).await?;
    Ok(pids.into_iter().filter_map(|pid| u32::try_from(pid).ok()).collect())
}

async fn hub(job: &Job, address: SocketAddr, pid: u32, url: &str) -> Done<Vec<Run>> {
    let mut writers = Vec::new();
    for writer in &job.writers {
        writers.push((Connection::open(address).await?, writer.requests(address)));
    }
    let mut runs = Vec::new();
    for run in 0..=job.runs {
        let waits = RefCell::new(Waits::default());
        let backends = backends(job.db, url).await?;
        let (own, hub, database) = (cpu_seconds(std::process::id()), cpu_seconds(pid), cpu_of_all(&backends));
        let (began, long) = (Instant::now(), Duration::from_secs(if run == 0 { 1 } else { job.seconds }));
        let work = writers.iter_mut().map(|(connection, requests)| {
            let waits = &waits;
            async move {
                let mut next = 0;
                while began.elapsed() < long {
                    let asked = Instant::now();
                    send(connection, &requests[next % requests.len()]).await?;
                    waits.borrow_mut().note(asked.elapsed().as_micros());
                    next += 1;
                }
                Done::<()>::Ok(())
            }
        });
        futures_util::future::try_join_all(work).await?;
        let took = began.elapsed().as_secs_f64();
        let spent = [cpu_seconds(pid) - hub, cpu_of_all(&backends) - database, cpu_seconds(std::process::id()) - own];
        // The first one warms up.
        if run > 0 {
            runs.push(Run::of(waits.take(), took, spent[0], spent[1], spent[2]));
        }
    }
    Ok(runs)
}

async fn writers(job: &Job, connection: &sea_orm::DatabaseConnection) -> Done<Vec<Writer>> {
    let mut writers = Vec::new();
    for writer in &job.writers {
        writers.push(Writer::new(connection, job.db, writer.unit, &writer.subject).await?);
    }
    Ok(writers)
}

async fn on_postgres(job: &Job, url: &str) -> Done<Vec<Run>> {
    let connection = floor::open(url, u32::try_from(job.writers.len())?).await?;
    let mut writers = writers(job, &connection).await?;
    let mut runs = Vec::new();
    for run in 0..=job.runs {
        let waits = RefCell::new(Waits::default());
        let backends = backends(job.db, url).await?;
        let (own, database) = (cpu_seconds(std::process::id()), cpu_of_all(&backends));
        let (began, long) = (Instant::now(), Duration::from_secs(if run == 0 { 1 } else { job.seconds }));
        let work = writers.iter_mut().map(|writer| {
            let (waits, connection) = (&waits, &connection);
            async move {
                while began.elapsed() < long {
                    let asked = Instant::now();
                    floor::on_postgres(connection, writer).await?;
                    waits.borrow_mut().note(asked.elapsed().as_micros());
                }
                Done::<()>::Ok(())
            }
        });
        futures_util::future::try_join_all(work).await?;
        let took = began.elapsed().as_secs_f64();
        let spent = [cpu_of_all(&backends) - database, cpu_seconds(std::process::id()) - own];
        if run > 0 {
            runs.push(Run::of(waits.take(), took, 0.0, spent[0], spent[1]));
        }
    }
    Ok(runs)
}

async fn on_sqlite(job: &Job, url: &str) -> Done<Vec<Run>> {
    let connection = floor::open(url, 1).await?;
    let mut writers = writers(job, &connection).await?;
    connection.close().await?;
    let connection = floor::open_sqlite(url.trim_start_matches("sqlite:"))?;
    let mut runs = Vec::new();
    for run in 0..=job.runs {
        let mut waits = Waits::default();
        let own = cpu_seconds(std::process::id());
        let (began, long) = (Instant::now(), Duration::from_secs(if run == 0 { 1 } else { job.seconds }));
        let mut turn = 0;
        while began.elapsed() < long {
            let count = writers.len();
            let asked = floor::on_sqlite(&connection, &mut writers[turn % count])?;
            waits.note(asked.elapsed().as_micros());
            turn += 1;
        }
        let took = began.elapsed().as_secs_f64();
        if run > 0 {
            runs.push(Run::of(waits, took, 0.0, cpu_seconds(std::process::id()) - own, 0.0));
        }
    }
    Ok(runs)
}

/// Measures the hub's side alone, on a program that runs.
pub async fn of_hub(asked: &Asked, ground: &Ground, address: SocketAddr, pid: u32) -> Done<Vec<Run>> {
    let side = Side::Hub { address, pid, url: ground.url.clone() };
    let writers = Reporter::some(ground, WRITERS, |_| true)?;
    let job = Job { db: ground.db, side, writers, seconds: asked.seconds(), runs: asked.runs() };
    run_client(&crate::Job::Reports(job)).await
}

pub fn section(asked: &Asked, figures: Figures) -> Section {
    Box::pin(measure(asked.clone(), figures))
}

async fn measure(asked: Asked, mut figures: Figures) -> Done<Figures> {
    let columns = ["what", "reports a second", "p50 ms", "p99 ms", "CPU ms a report: hub", "database", "client"];
    figures.table(
        &format!("Bed reports: {WRITERS} writers, every report committed to disk before it is answered"),
        &columns,
    );
    let mut ratios = Vec::new();
    for db in asked.databases() {
        let ground = Ground::open(db, asked.units.min(1_000)).await?;
        ground.let_go().await;
        let copy = ground.copy().await?;
        let (mut hub, mut floor) = (Vec::new(), Vec::new());
        let writers = Reporter::some(&ground, WRITERS, |_| true)?;
        let program = ground.program().await?;
        for _ in 0..asked.runs() {
            // Turn about, so that whatever else the machine does falls on both.
            let one = Asked { runs: Some(1), ..asked.clone() };
            hub.extend(of_hub(&one, &ground, program.address, program.pid).await?);
            let side = Side::Floor { url: copy.clone() };
            let job = Job { db, side, writers: writers.clone(), seconds: asked.seconds(), runs: 1 };
            floor.extend(run_client::<Vec<Run>>(&crate::Job::Reports(job)).await?);
        }
        program.stop().await?;
        figures.row(&cells(format!("hub on {}, over HTTP", db.name()), &hub));
        let with = if db == Db::Sqlite { "1 connection, in process" } else { "16 connections" };
        figures.row(&cells(format!("the same statements on {}, {with}", db.name()), &floor));
        let ratio = Spread::of(hub.iter().zip(&floor).map(|(hub, floor)| hub.per_second / floor.per_second));
        ratios.push(format!("{} {ratio}", db.name()));
        if db == Db::Postgres {
            let name = copy.rsplit_once('/').map_or("", |(_, name)| name);
            crate::ground::maintenance(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        ground.end().await?;
    }
    figures.note(&format!("Hub to its statements alone: {}.", ratios.join("; ")));
    Ok(figures)
}

/// The cells of one side.
pub fn cells(what: String, runs: &[Run]) -> Vec<String> {
    let of = |field: fn(&Run) -> f64| Spread::of(runs.iter().map(field));
    let millis = |field| short(of(field).median);
    let blank = |field: fn(&Run) -> f64| if of(field).high == 0.0 { "-".to_owned() } else { millis(field) };
    vec![
        what,
        of(|r| r.per_second).to_string(),
        millis(|r| r.p50),
        millis(|r| r.p99),
        blank(|r| r.hub),
        blank(|r| r.database),
        blank(|r| r.client),
    ]
}
