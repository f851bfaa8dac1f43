//! Disclosures: what is sealed in fifty handoffs, opened in one call whose ledger is written first; beside the same lines of the
//! ledger written bare, each call's with a commit of its own, and as much opened in memory by the same cipher.
use crate::doors;
use crate::figures::{Figures, Section};
use crate::floor;
use crate::ground::{Db, Ground};
use crate::handoffs::past;
use crate::http::{Connection, post};
use crate::stats::{Spread, Waits, cpu_seconds, short};
use crate::{Asked, Done, client as run_client};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use entity::disclosure::{Entity, Model};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait,
    Statement, TransactionTrait,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Handoffs of one call: as many as it may name.
const HANDOFFS: usize = 50;
/// Sealed entries of each: who the person is, and how they are.
const ENTRIES: usize = 2;
/// The form, the nonce and the tag around what is sealed.
const BESIDE: usize = 1 + NONCE_LEN + 16;

const DISCLOSE: &str = "mutation Disclose($input: DiscloseInput!) { disclose(input: $input) { entries {
  ... on PlainEntry { id tier text identity { name dateOfBirth } } ... on Part2Entry { redisclosureNotice } }
  problems { code message } } }";

/// What a client is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub address: SocketAddr,
    pub hub: u32,
    /// Who opens: whoever took the people over.
    pub token: String,
    pub handoffs: Vec<String>,
    pub db: Db,
    /// A copy of the database, for the floor.
    pub copy: String,
    pub seconds: u64,
    pub runs: usize,
}

/// One run of one side.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    /// The hub's processor time of a call, in milliseconds.
    pub hub: f64,
}

impl Run {
    fn of(waits: Waits, took: f64, hub: f64) -> Self {
        let calls = waits.len() as f64;
        let [p50, p99, _] = waits.millis();
        Self { per_second: calls * (HANDOFFS * ENTRIES) as f64 / took, p50, p99, hub: hub * 1e3 / calls }
    }
}

/// What a client measured: the hub, and the floor.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    pub hub: Vec<Run>,
    pub floor: Vec<Run>,
}

pub async fn client(job: Job) -> Done<Measured> {
    let mut connection = Connection::open(job.address).await?;
    let input = json!({ "handoffIds": job.handoffs, "tiers": ["IDENTITY", "CLINICAL"], "purpose": "TREATMENT" });
    let request = post(job.address, &job.token, &json!({ "query": DISCLOSE, "variables": { "input": input } }));
    // Everything is opened, or nothing here is worth a figure.
    let answer: Value = serde_json::from_slice(connection.ask_well(&request).await?)?;
    let entries = answer["data"]["disclose"]["entries"].as_array().ok_or_else(|| answer.to_string())?;
    let opened = entries.iter().filter(|entry| entry["text"].is_string() || entry["identity"]["name"].is_string());
    if opened.count() != HANDOFFS * ENTRIES {
        return Err(format!("{} entries came, and {}", entries.len(), answer["data"]["disclose"]["problems"]).into());
    }
    let mut floor = Floor::open(&job).await?;
    let mut measured = Measured::default();
    for run in 0..=job.runs {
        let long = Duration::from_secs(if run == 0 { 1 } else { job.seconds });
        let (began, hub, mut waits) = (Instant::now(), cpu_seconds(job.hub), Waits::default());
        while began.elapsed() < long {
            let asked = Instant::now();
            connection.ask_well(&request).await?;
            waits.note(asked.elapsed().as_micros());
        }
        let of_hub = Run::of(waits, began.elapsed().as_secs_f64(), cpu_seconds(job.hub) - hub);
        let (began, mut waits) = (Instant::now(), Waits::default());
        while began.elapsed() < long {
            waits.note(floor.call().await?.as_micros());
        }
        let of_floor = Run::of(waits, began.elapsed().as_secs_f64(), 0.0);
        // The first one warms up.
        if run > 0 {
            measured.hub.push(of_hub);
            measured.floor.push(of_floor);
        }
    }
    Ok(measured)
}

/// The lines of one call, and as many boxes as it opens.
struct Floor {
    db: Db,
    connection: sea_orm::DatabaseConnection,
    sqlite: Option<rusqlite::Connection>,
    lines: Vec<Model>,
    key: LessSafeKey,
    boxes: Vec<Vec<u8>>,
}

impl Floor {
    async fn open(job: &Job) -> Done<Self> {
        let connection = floor::open(&job.copy, 1).await?;
        // The very lines that the first call wrote: the hub has made them a moment before the copy was made.
        let last = Entity::find().order_by_desc(entity::disclosure::Column::Id).limit((HANDOFFS * ENTRIES) as u64);
        let lines = last.all(&connection).await?;
        if lines.len() != HANDOFFS * ENTRIES {
            return Err(format!("the ledger has {} lines of one call", lines.len()).into());
        }
        let entries = entity::handoff_entry::Entity::find().all(&connection).await?;
        let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| "no key")?;
        let key = LessSafeKey::new(key);
        let mut boxes = Vec::new();
        for entry in entries {
            // As long as the hub's own.
            let mut plain = vec![b'x'; entry.sealed.len().saturating_sub(BESIDE)];
            let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
            key.seal_in_place_append_tag(nonce, Aad::empty(), &mut plain).map_err(|_| "not sealed")?;
            boxes.push(plain);
        }
        let sqlite = match job.db {
            Db::Sqlite => Some(floor::open_sqlite(job.copy.trim_start_matches("sqlite:"))?),
            Db::Postgres => None,
        };
        Ok(Self { db: job.db, connection, sqlite, lines, key, boxes })
    }

    /// All lines in one.
    fn statement(&self) -> Statement {
        let backend = if self.db == Db::Sqlite { DbBackend::Sqlite } else { DbBackend::Postgres };
        let line = |line: &Model| {
            let line = Model { id: Uuid::from_bytes(rand::random()), ..line.clone() };
            line.into_active_model().reset_all()
        };
        Entity::insert_many(self.lines.iter().map(line)).build(backend)
    }

    /// One call's ledger, committed, and then its boxes; how long it took.
    async fn call(&mut self) -> Done<Duration> {
        let statement = self.statement();
        let began = Instant::now();
        if let Some(connection) = &self.sqlite {
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            let values = statement.values.map(|values| values.0).unwrap_or_default();
            let values = rusqlite::params_from_iter(values.iter().map(floor::plain));
            connection.prepare_cached(&statement.sql)?.execute(values)?;
            connection.prepare_cached("COMMIT")?.execute([])?;
        } else {
            let tx = self.connection.begin().await?;
            tx.execute_raw(statement).await?;
            tx.commit().await?;
        }
        for sealed in &self.boxes {
            let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
            let mut held = sealed.clone();
            self.key.open_in_place(nonce, Aad::empty(), &mut held).map_err(|_| "not opened")?;
            std::hint::black_box(held);
        }
        Ok(began.elapsed())
    }
}

pub fn section(asked: &Asked, figures: Figures) -> Section {
    Box::pin(measure(asked.clone(), figures))
}

async fn measure(asked: Asked, mut figures: Figures) -> Done<Figures> {
    let columns = ["what", "entries a second", "a call: p50 ms", "p99 ms", "hub CPU ms a call"];
    figures.table(
        &format!(
            "Disclosures: {ENTRIES} sealed entries of each of {HANDOFFS} handoffs in one call, one caller, the ledger first, at an agency with {} past ones",
            short(asked.past as f64)
        ),
        &columns,
    );
    let mut ratios = Vec::new();
    for db in asked.databases() {
        let ground = Ground::open(db, asked.units.min(1_000)).await?;
        let doors = doors::open(&ground, 1).await?;
        let handoffs = doors::announce(&ground, &doors, HANDOFFS).await?;
        doors::tell(&ground, &handoffs).await?;
        let receiver = doors.first().map(|door| door.receiver.clone()).ok_or("no door")?;
        // One call by the hub itself, so that the floor's ledger has its lines.
        doors::disclose(&ground, &receiver, &handoffs).await?;
        ground.let_go().await;
        past(&ground, &doors, asked.past).await?;
        let copy = ground.copy().await?;
        let program = ground.program().await?;
        let job = Job {
            address: program.address,
            hub: program.pid,
            token: ground.token_of(&receiver)?,
            handoffs: handoffs.iter().map(ToString::to_string).collect(),
            db,
            copy: copy.clone(),
            seconds: asked.seconds(),
            runs: asked.runs(),
        };
        let measured: Measured = run_client(&crate::Job::Disclose(job)).await?;
        program.stop().await?;
        for (what, runs) in [("hub on", &measured.hub), ("ledger and cipher alone on", &measured.floor)] {
            let of = |field: fn(&Run) -> f64| Spread::of(runs.iter().map(field));
            let hub = of(|r| r.hub);
            figures.row(&[
                format!("{what} {}", db.name()),
                of(|r| r.per_second).to_string(),
                short(of(|r| r.p50).median),
                short(of(|r| r.p99).median),
                if hub.high == 0.0 { "-".to_owned() } else { short(hub.median) },
            ]);
        }
        let pairs = measured.hub.iter().zip(&measured.floor);
        let ratio = Spread::of(pairs.map(|(hub, floor)| hub.per_second / floor.per_second));
        ratios.push(format!("{} {ratio}", db.name()));
        if db == Db::Postgres {
            let name = copy.rsplit_once('/').map_or("", |(_, name)| name);
            crate::ground::maintenance(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        ground.end().await?;
    }
    figures.note(&format!("Hub to ledger and cipher alone: {}.", ratios.join("; ")));
    Ok(figures)
}
