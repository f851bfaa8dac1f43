//! Subscribers over WebSocket: each change is for half of them.
use crate::figures::{Figures, Section};
use crate::ground::{Ground, Program};
use crate::http::{Connection, after};
use crate::reports::{Reporter, send};
use crate::socket::{Came, Socket};
use crate::stats::{Spread, Waits, cpu_seconds, may_open, memory_mib, short};
use crate::{Asked, Done, client as run_client};
use crisis_hub::domain::role::Role;
use crisis_hub::domain::time::At;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

/// Changes a second.
const CHANGES: u64 = 20;
/// Connections that changes are reported over.
const REPORTERS: usize = 8;
/// The two halves: what a unit's level of care says it is in.
const HALVES: [&str; 2] = ["PSYCH_INPATIENT", "RECEIVING_23H, STABILIZATION_SHORT"];

/// What a client is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub address: SocketAddr,
    pub hub: u32,
    pub token: String,
    /// Who reports, for either half.
    pub reporters: [Vec<Reporter>; 2],
    pub subscribers: usize,
    /// 0 gives each its own.
    pub tables: usize,
    pub seconds: u64,
    pub runs: usize,
}

/// One run.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    pub deliveries: f64,
    pub p50: f64,
    pub p99: f64,
    pub longest: f64,
    /// Processors kept busy.
    pub hub: f64,
    pub client: f64,
}

/// What a client measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    pub runs: Vec<Run>,
    /// Resident memory of the hub in mebibytes: before anybody came, when all sat, at the end.
    pub memory: [f64; 3],
    /// Messages that somebody got and another of the same half did not.
    pub missing: u64,
    /// Sockets that the hub closed.
    pub closed: usize,
    /// Reports that a hub with no processor left refused for the moment, and that were sent again.
    pub refused: u64,
    pub connected_in: f64,
}

/// What all sockets share.
struct Shared {
    counts: RefCell<Vec<u32>>,
    waits: RefCell<Waits>,
    heard: Cell<usize>,
    closed: Cell<usize>,
    /// The last instant that was read: thousands of frames carry the same.
    last: RefCell<(Vec<u8>, i64)>,
    offset: Offset,
}

/// The host's clock, read cheaply: the monotonic clock since a known instant.
struct Offset(Instant, i64);

impl Offset {
    fn now(&self) -> i64 {
        self.1 + i64::try_from(self.0.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

fn half(job: &Job, number: usize) -> usize {
    // At one table all are in one half: they are told of every other change.
    if job.tables == 1 { 0 } else { number % 2 }
}

fn subscribe(job: &Job, number: usize) -> String {
    let table = if job.tables == 0 { number } else { number % job.tables };
    format!(
        r#"{{"id":"1","type":"subscribe","payload":{{"query":"subscription Table{table} {{ bedsChanged(filter: {{levelsOfCare: [{}]}}) {{ unit {{ updatedAt id version label shownAs net freshness asOf }} change eventId cursor }} }}"}}}}"#,
        HALVES[half(job, number)],
    )
}

impl Shared {
    fn note(&self, number: usize, payload: &[u8], now: i64) {
        let Some(rest) = after(payload.get(..400.min(payload.len())).unwrap_or_default(), b"\"updatedAt\":\"") else {
            if after(payload, b"\"type\":\"next\"").is_some() {
                self.heard.set(self.heard.get() + 1);
            } else if after(payload, b"\"type\":\"error\"").is_some() {
                eprintln!("a subscription was refused: {}", String::from_utf8_lossy(payload));
            }
            return;
        };
        let mut last = self.last.borrow_mut();
        if !rest.starts_with(&last.0) || last.0.is_empty() {
            let text = rest.split(|byte| *byte == b'"').next().unwrap_or_default();
            let at = std::str::from_utf8(text).ok().and_then(At::parse).map_or(0, At::micros);
            *last = (text.to_vec(), at);
        }
        self.waits.borrow_mut().note(u128::try_from(now - last.1).unwrap_or(0));
        self.counts.borrow_mut()[number] += 1;
    }
}

async fn sit(mut socket: Socket, number: usize, shared: Rc<Shared>, room: Rc<RefCell<Vec<u8>>>) {
    loop {
        let mut now = None;
        let heard = socket.hear(&room, |came| match came {
            // One look at the clock for all that came at once: it is when the last of them came.
            Came::Text(payload) => shared.note(number, payload, *now.get_or_insert_with(|| shared.offset.now())),
            Came::Ping => {}
            Came::Closed => shared.closed.set(shared.closed.get() + 1),
        });
        if heard.await.is_err() {
            return;
        }
    }
}

pub async fn client(job: Job) -> Done<Measured> {
    may_open(job.subscribers + 64)?;
    LocalSet::new().run_until(watch(job)).await
}

async fn watch(job: Job) -> Done<Measured> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let shared = Rc::new(Shared {
        counts: RefCell::new(vec![0; job.subscribers]),
        waits: RefCell::default(),
        heard: Cell::new(0),
        closed: Cell::new(0),
        last: RefCell::default(),
        offset: Offset(Instant::now(), i64::try_from(since.as_micros())?),
    });
    let mut measured = Measured::default();
    measured.memory[0] = memory_mib(job.hub);
    let began = Instant::now();
    let room = Rc::new(RefCell::new(vec![0; 65_536]));
    for first in (0..job.subscribers).step_by(32) {
        let numbers = first..(first + 32).min(job.subscribers);
        let texts: Vec<(usize, String)> = numbers.map(|number| (number, subscribe(&job, number))).collect();
        let opened = texts.iter().map(|(number, text)| Socket::open(job.address, *number, &job.token, text));
        for (socket, (number, _)) in futures_util::future::try_join_all(opened).await?.into_iter().zip(&texts) {
            tokio::task::spawn_local(sit(socket, *number, shared.clone(), room.clone()));
        }
    }
    // The first heartbeat says that a subscriber sits.
    while shared.heard.get() + shared.closed.get() < job.subscribers {
        if began.elapsed() > Duration::from_mins(3) {
            return Err(format!("only {} of {} sit", shared.heard.get(), job.subscribers).into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    measured.connected_in = began.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(1)).await;
    measured.memory[1] = memory_mib(job.hub);
    let stop = Rc::new(Cell::new(false));
    let refused = Rc::new(Cell::new(0));
    let reporting = tokio::task::spawn_local(report(job.address, job.reporters.clone(), stop.clone(), refused.clone()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..job.runs {
        drop(shared.waits.take());
        let (began, own, hub) = (Instant::now(), cpu_seconds(std::process::id()), cpu_seconds(job.hub));
        tokio::time::sleep(Duration::from_secs(job.seconds)).await;
        let (took, waits) = (began.elapsed().as_secs_f64(), shared.waits.take());
        let (own, hub) = (cpu_seconds(std::process::id()) - own, cpu_seconds(job.hub) - hub);
        let deliveries = waits.len() as f64 / took;
        let [p50, p99, longest] = waits.millis();
        measured.runs.push(Run { deliveries, p50, p99, longest, hub: hub / took, client: own / took });
    }
    stop.set(true);
    reporting.await??;
    measured.refused = refused.get();
    settle(&shared).await;
    measured.memory[2] = memory_mib(job.hub);
    measured.closed = shared.closed.get();
    let counts = shared.counts.borrow();
    for which in 0..2 {
        let of = counts
            .iter()
            .enumerate()
            .filter(|(number, _)| half(&job, *number) == which)
            .map(|(_, count)| u64::from(*count));
        let most = of.clone().max().unwrap_or(0);
        measured.missing += of.map(|count| most - count).sum::<u64>();
    }
    Ok(measured)
}

/// Waits until nothing has come for two seconds.
async fn settle(shared: &Shared) {
    loop {
        drop(shared.waits.take());
        tokio::time::sleep(Duration::from_secs(2)).await;
        if shared.waits.borrow().len() == 0 {
            return;
        }
    }
}

/// Reports at an even pace, for either half in turn, whatever the answers take.
async fn report(
    address: SocketAddr,
    reporters: [Vec<Reporter>; 2],
    stop: Rc<Cell<bool>>,
    refused: Rc<Cell<u64>>,
) -> Done {
    let requests = reporters.map(|half| half.iter().map(|reporter| reporter.requests(address)).collect::<Vec<_>>());
    let requests = Rc::new(requests);
    let mut queues = Vec::new();
    for _ in 0..REPORTERS {
        let mut connection = Connection::open(address).await?;
        let (queue, mut waiting) = tokio::sync::mpsc::unbounded_channel::<u64>();
        let (requests, refused) = (requests.clone(), refused.clone());
        let task = tokio::task::spawn_local(async move {
            while let Some(turn) = waiting.recv().await {
                let half = &requests[(turn % 2) as usize];
                let of_one = &half[(turn / 2) as usize % half.len()];
                while let Err(error) = send(&mut connection, &of_one[(turn / 40) as usize % of_one.len()]).await {
                    if !error.to_string().contains("\"UNAVAILABLE\"") {
                        return Err(error);
                    }
                    refused.set(refused.get() + 1);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Done::<()>::Ok(())
        });
        queues.push((queue, task));
    }
    let mut pace = tokio::time::interval(Duration::from_millis(1_000 / CHANGES));
    let mut turn = 0;
    while !stop.get() {
        pace.tick().await;
        queues[(turn / 2) as usize % REPORTERS].0.send(turn)?;
        turn += 1;
    }
    for (queue, task) in queues {
        drop(queue);
        task.await??;
    }
    Ok(())
}

/// Measures one crowd on a program that runs.
pub async fn crowd(
    asked: &Asked,
    ground: &Ground,
    program: &Program,
    subscribers: usize,
    tables: usize,
) -> Done<Measured> {
    let whole = |crisis| Reporter::some(ground, 10, move |unit| crisis == is_crisis(&unit.reporter));
    let job = Job {
        address: program.address,
        hub: program.pid,
        token: ground.token(Role::Line988)?,
        reporters: [whole(false)?, whole(true)?],
        subscribers,
        tables,
        seconds: asked.seconds(),
        runs: asked.runs(),
    };
    run_client(&crate::Job::Watch(job)).await
}

/// Every fifth agency of a sized world is a crisis center, the others are hospitals.
fn is_crisis(reporter: &str) -> bool {
    let number = reporter.rsplit('-').next().and_then(|number| number.parse::<usize>().ok());
    number.is_some_and(|number| number.is_multiple_of(5))
}

pub const COLUMNS: [&str; 9] = [
    "subscribers, tables",
    "deliveries a second",
    "p50 ms",
    "p99 ms",
    "longest ms",
    "hub CPU µs a delivery",
    "cores busy: hub, client",
    "MiB: before, all sitting, after",
    "missing, closed, refused",
];

/// The cells of one crowd.
pub fn cells(what: String, measured: &Measured) -> Vec<String> {
    let of = |field: fn(&Run) -> f64| Spread::of(measured.runs.iter().map(field));
    let [before, sitting, after] = measured.memory;
    vec![
        what,
        of(|r| r.deliveries).to_string(),
        short(of(|r| r.p50).median),
        of(|r| r.p99).to_string(),
        short(of(|r| r.longest).high),
        short(of(|r| r.hub * 1e6 / r.deliveries).median),
        format!("{}, {}", short(of(|r| r.hub).median), short(of(|r| r.client).median)),
        format!("{}, {}, {}", short(before), short(sitting), short(after)),
        format!("{}, {}, {}", measured.missing, measured.closed, measured.refused),
    ]
}

pub fn section(asked: &Asked, figures: Figures) -> Section {
    Box::pin(measure(asked.clone(), figures))
}

async fn measure(asked: Asked, mut figures: Figures) -> Done<Figures> {
    figures.table(
        &format!("Subscribers over WebSocket: {CHANGES} changes a second, each for half of them; from the change to the frame received"),
        &COLUMNS,
    );
    let mut notes = Vec::new();
    for db in asked.databases() {
        let ground = Ground::open(db, asked.units).await?;
        ground.let_go().await;
        for subscribers in &asked.subscribers {
            for tables in &asked.tables {
                // Each crowd has a hub of its own: memory is not another crowd's.
                let program = ground.program().await?;
                let measured = crowd(&asked, &ground, &program, *subscribers, *tables).await?;
                program.stop().await?;
                let sit = if *tables == 0 { *subscribers } else { *tables };
                figures.row(&cells(format!("{}: {}, {sit}", db.name(), short(*subscribers as f64)), &measured));
                let each = (measured.memory[1] - measured.memory[0]) * 1_024.0 / *subscribers as f64;
                notes.push(format!(
                    "{each:.1} KiB ({} {subscribers}/{sit}, all there in {:.1} s)",
                    db.name(),
                    measured.connected_in
                ));
            }
        }
        ground.end().await?;
    }
    figures.note(&format!("Resident memory of one more subscriber: {}.", notes.join("; ")));
    Ok(figures)
}
