//! Announcements: from the request sent to the frame on the receiver's socket, beside bed reports and their subscribers on the same
//! hub, at a quiet one and at a steady pace.
use crate::doors::{self, Door};
use crate::figures::{Figures, Section};
use crate::ground::Ground;
use crate::http::{Connection, after, post};
use crate::reports::{Reporter, send};
use crate::socket::{Came, Socket};
use crate::stats::{Spread, Waits, short};
use crate::{Asked, Done, client as run_client};
use crisis_hub::domain::role::Role;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::LocalSet;

/// Doors at a steady pace, each with a receiver who watches, and with somebody who reports and somebody who watches that.
const DOORS: usize = 8;
/// Announcements a second at a steady pace, and as many reports; each announcement is ended again.
const PACE: u32 = 20;
/// How long nobody waits for a frame in vain.
const PATIENCE: Duration = Duration::from_secs(20);

const ANNOUNCE: &str = "mutation Announce($input: AnnounceHandoffInput!) { announceHandoff(input: $input) {
  handoff { id code state arriveBy holdId } problems { code message } } }";
const FAIL: &str = "mutation Fail($input: FailHandoffInput!) { failHandoff(input: $input) {
  handoff { id state } problems { code message } } }";

/// What a client is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub address: SocketAddr,
    /// Who announces.
    pub token: String,
    pub doors: Vec<(Door, Reporter)>,
    /// One door, one after the other, with nothing else going on; or all doors at a steady pace.
    pub quiet: bool,
    pub seconds: u64,
    pub runs: usize,
}

/// One run: p50, p99 and the longest, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    pub told: [f64; 3],
    pub answered: [f64; 3],
    /// The floor: a report told to its subscriber.
    pub reported: [f64; 3],
    pub count: usize,
}

/// The waits of one run, as they come.
#[derive(Default)]
struct Noted {
    told: Waits,
    answered: Waits,
    reported: Waits,
}

/// A socket that hands on when something was told.
async fn watch(
    address: SocketAddr,
    number: usize,
    token: &str,
    query: &str,
) -> Done<UnboundedReceiver<(Instant, bool)>> {
    let message = json!({ "id": "1", "type": "subscribe", "payload": { "query": query } }).to_string();
    let mut socket = Socket::open(address, number, token, &message).await?;
    let (tell, told) = unbounded_channel();
    tokio::task::spawn_local(async move {
        let room = RefCell::new(vec![0; 65_536]);
        loop {
            let heard = socket.hear(&room, |came| {
                let Came::Text(payload) = came else { return };
                let at = Instant::now();
                // ENTERED or CHANGED of what is told; a heartbeat is neither.
                let is = |what: &[u8]| after(payload, what).is_some();
                if is(b"\"type\":\"next\"") {
                    let news = is(b"\"ENTERED\"") || is(b"\"bedsChanged\"") && is(b"\"CHANGED\"");
                    let _ = tell.send((at, news));
                } else if is(b"\"type\":\"error\"") {
                    eprintln!("a subscription was refused: {}", String::from_utf8_lossy(payload));
                }
            });
            if heard.await.is_err() {
                return;
            }
        }
    });
    Ok(told)
}

/// Waits for the next news of a socket.
async fn next(told: &mut UnboundedReceiver<(Instant, bool)>) -> Done<Instant> {
    let news = async {
        while let Some((at, news)) = told.recv().await {
            if news {
                return Some(at);
            }
        }
        None
    };
    Ok(tokio::time::timeout(PATIENCE, news).await?.ok_or("a socket was closed")?)
}

/// Somebody at one door, over connections and sockets of their own.
struct Turn {
    door: Door,
    token: String,
    address: SocketAddr,
    sends: Connection,
    reports: Connection,
    requests: Vec<Vec<u8>>,
    receiver: UnboundedReceiver<(Instant, bool)>,
    subscriber: UnboundedReceiver<(Instant, bool)>,
}

impl Turn {
    async fn open(job: &Job, number: usize) -> Done<Self> {
        let (door, reporter) = job.doors.get(number).ok_or("no such door")?;
        let arrivals = format!(
            "subscription {{ handoffsChanged(filter: {{unitId: \"{}\"}}) {{ change handoff {{ id code state arriveBy }} cursor }} }}",
            door.unit()
        );
        let mut receiver = watch(job.address, number, &reporter.token, &arrivals).await?;
        let units = format!(
            "subscription {{ bedsChanged(filter: {{organizationId: \"{}\"}}) {{ change unit {{ id net shownAs asOf }} cursor }} }}",
            door.organization()
        );
        let mut subscriber = watch(job.address, DOORS + number, &reporter.token, &units).await?;
        // The first heartbeat says that a subscriber sits.
        for told in [&mut receiver, &mut subscriber] {
            tokio::time::timeout(PATIENCE, told.recv()).await?.ok_or("a socket was closed")?;
        }
        Ok(Self {
            door: door.clone(),
            token: job.token.clone(),
            address: job.address,
            sends: Connection::open(job.address).await?,
            reports: Connection::open(job.address).await?,
            requests: reporter.requests(job.address),
            receiver,
            subscriber,
        })
    }

    /// Announces somebody, waits until the receiver is told, and ends it again.
    async fn announce(&mut self, noted: &RefCell<Noted>) -> Done {
        let (pathway, unit) = (self.door.pathway().to_string(), self.door.unit().to_string());
        let input = json!({ "pathwayId": pathway, "unitId": unit, "need": { "age": 34 } });
        let request = post(self.address, &self.token, &json!({ "query": ANNOUNCE, "variables": { "input": input } }));
        let began = Instant::now();
        let answer: Value = serde_json::from_slice(self.sends.ask_well(&request).await?)?;
        noted.borrow_mut().answered.note(began.elapsed().as_micros());
        let id = answer["data"]["announceHandoff"]["handoff"]["id"].as_str().ok_or_else(|| answer.to_string())?;
        let told = next(&mut self.receiver).await?;
        noted.borrow_mut().told.note((told - began).as_micros());
        let input = json!({ "handoffId": id, "reason": "NO_LONGER_NEEDED" });
        let request = post(self.address, &self.token, &json!({ "query": FAIL, "variables": { "input": input } }));
        let answer: Value = serde_json::from_slice(self.sends.ask_well(&request).await?)?;
        let ended = answer["data"]["failHandoff"]["handoff"]["state"] == "FAILED";
        if ended { Ok(()) } else { Err(answer.to_string().into()) }
    }

    /// Reports the door's unit, and waits until whoever watches its agency's units is told.
    async fn report(&mut self, turn: usize, noted: &RefCell<Noted>) -> Done {
        // What was told before, of the place that was kept and freed.
        tokio::time::sleep(Duration::from_millis(30)).await;
        while self.subscriber.try_recv().is_ok() {}
        let began = Instant::now();
        send(&mut self.reports, &self.requests[turn % self.requests.len()]).await?;
        let told = next(&mut self.subscriber).await?;
        noted.borrow_mut().reported.note((told.saturating_duration_since(began)).as_micros());
        Ok(())
    }
}

pub async fn client(job: Job) -> Done<Vec<Run>> {
    LocalSet::new().run_until(measure_turns(job)).await
}

async fn measure_turns(job: Job) -> Done<Vec<Run>> {
    let mut turns = Vec::new();
    for number in 0..if job.quiet { 1 } else { job.doors.len() } {
        turns.push(Turn::open(&job, number).await?);
    }
    let mut runs = Vec::new();
    for run in 0..=job.runs {
        let noted = Rc::new(RefCell::new(Noted::default()));
        let (began, long) = (Instant::now(), Duration::from_secs(if run == 0 { 1 } else { job.seconds }));
        // Each door has its part of the pace; alone, one goes as soon as it can, with a breath between.
        let each =
            if job.quiet { Duration::from_millis(50) } else { Duration::from_secs(u64::try_from(turns.len())?) / PACE };
        let work = turns.iter_mut().enumerate().map(|(number, turn)| {
            let noted = noted.clone();
            async move {
                // Not all at once.
                tokio::time::sleep(each * u32::try_from(number)? / u32::try_from(DOORS)?).await;
                let mut pace = tokio::time::interval(each);
                pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                let mut count = 0;
                while began.elapsed() < long {
                    pace.tick().await;
                    turn.announce(&noted).await?;
                    turn.report(count, &noted).await?;
                    count += 1;
                }
                Done::<()>::Ok(())
            }
        });
        futures_util::future::try_join_all(work).await?;
        let Noted { told, answered, reported } = noted.take();
        let count = told.len();
        // The first one warms up.
        if run > 0 {
            let [told, answered, reported] = [told.millis(), answered.millis(), reported.millis()];
            runs.push(Run { told, answered, reported, count });
        }
    }
    Ok(runs)
}

pub fn section(asked: &Asked, figures: Figures) -> Section {
    Box::pin(measure(asked.clone(), figures))
}

async fn measure(asked: Asked, mut figures: Figures) -> Done<Figures> {
    let columns = [
        "what",
        "announced a run",
        "request to the receiver's frame: p50 ms",
        "p99 ms",
        "request to its answer: p50, p99 ms",
        "a report to its subscriber's frame: p50 ms",
        "p99 ms",
    ];
    figures.table(
        &format!("Announcements: one door at a quiet hub; {DOORS} doors at {PACE} a second, each ended again, beside as many reports"),
        &columns,
    );
    let mut ratios = Vec::new();
    for db in asked.databases() {
        let ground = Ground::open(db, asked.units.min(1_000)).await?;
        let doors = doors::open(&ground, DOORS).await?;
        let mut reporters = Vec::new();
        for door in doors {
            let (subject, token) = (door.receiver.clone(), ground.token_of(&door.receiver)?);
            reporters.push((door.clone(), Reporter { subject, token, unit: door.unit }));
        }
        ground.let_go().await;
        let program = ground.program().await?;
        for quiet in [true, false] {
            let job = Job {
                address: program.address,
                token: ground.token(Role::MobileTeam)?,
                doors: reporters.clone(),
                quiet,
                seconds: asked.seconds(),
                runs: asked.runs(),
            };
            let runs: Vec<Run> = run_client(&crate::Job::Announce(job)).await?;
            let of = |field: fn(&Run) -> f64| Spread::of(runs.iter().map(field));
            let how = if quiet { "quiet" } else { "steady" };
            figures.row(&[
                format!("hub on {}, {how}", db.name()),
                short(of(|r| r.count as f64).median),
                of(|r| r.told[0]).to_string(),
                of(|r| r.told[1]).to_string(),
                format!("{}, {}", short(of(|r| r.answered[0]).median), short(of(|r| r.answered[1]).median)),
                of(|r| r.reported[0]).to_string(),
                of(|r| r.reported[1]).to_string(),
            ]);
            let ratio = of(|r| r.told[0] / r.reported[0]);
            ratios.push(format!("{} {how} {ratio}", db.name()));
        }
        program.stop().await?;
        ground.end().await?;
    }
    figures.note(&format!("An announcement told, to a report told, at p50: {}.", ratios.join("; ")));
    Ok(figures)
}
