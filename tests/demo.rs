//! The demo as somebody starts it who has nothing: the real program from an empty folder.
use crate::house::{Client, Db, Place};
use crisis_hub::app::console;
use crisis_hub::clock::{Clock, HubClock, RandomIds};
use crisis_hub::config::Config;
use crisis_hub::domain::event::{Event, EventKind};
use crisis_hub::domain::time::At;
use crisis_hub::store::Store;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

on_both!(a_demo_plays_the_night_goes_on_alive_and_starts_again_where_it_was);

/// Longest wait for anything: a debug build takes its time, and other tests theirs.
const PATIENCE: Duration = Duration::from_mins(5);
/// The directory and everybody's grants: what is there once.
const ONCE: [EventKind; 6] = [
    EventKind::RegionSaved,
    EventKind::OrganizationSaved,
    EventKind::FacilitySaved,
    EventKind::ServiceSaved,
    EventKind::BedUnitSaved,
    EventKind::RoleGranted,
];

/// A demo, and its process while it runs.
struct Demo {
    folder: TempDir,
    /// A database of its own; without one it keeps its data in its folder.
    place: Option<Place>,
    child: Option<Child>,
}

impl Demo {
    async fn new(db: Db) -> Self {
        let place = if db == Db::Postgres { Some(Place::empty(db).await) } else { None };
        Self { folder: tempfile::tempdir().unwrap(), place, child: None }
    }

    fn url(&self) -> String {
        let own = || format!("sqlite:{}", self.folder.path().join("hub.db").display());
        self.place.as_ref().map_or_else(own, |place| place.url.clone())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crisis-hub"));
        command.env("HUB_POOL__CONNECTIONS_MAX", "8").stdin(Stdio::null()).kill_on_drop(true);
        if let Some(place) = &self.place {
            command.env("HUB_DATABASE_URL", &place.url).env("HUB_REDIS_URL", &place.redis_url);
        }
        command
    }

    /// Starts it and waits until it says that it is ready: where it listens.
    async fn start(&mut self, more: &[&str]) -> std::net::SocketAddr {
        let said = self.folder.path().join("said");
        let out = std::fs::File::create(&said).unwrap();
        let err = out.try_clone().unwrap();
        let mut command = self.command();
        command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(self.folder.path()).args(more);
        self.child = Some(command.stdout(out).stderr(err).spawn().unwrap());
        let began = Instant::now();
        loop {
            let said = std::fs::read_to_string(&said).unwrap();
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "it is not ready ({ended:?}):\n{said}");
            // The last line of the welcome: all of it is there.
            if let Some((_, rest)) = said.split_once("  API    http://").filter(|_| said.contains("Ctrl-C")) {
                return rest.split('/').next().unwrap().parse().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.start_kill().unwrap();
        child.wait().await.unwrap();
    }

    async fn verify(&self) {
        let done = self.command().env("HUB_DATABASE_URL", self.url()).arg("verify").output().await.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }

    fn personas(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("personas.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn client(&self, address: std::net::SocketAddr, persona: &str) -> Client {
        let all = self.personas();
        let one = all.iter().find(|one| one["persona"] == persona).unwrap();
        Client::new(address, Some(one["token"].as_str().unwrap().to_owned()))
    }

    /// The whole log.
    async fn log(&self) -> Vec<Event> {
        let size = Config::defaults().unwrap().pool_size();
        let store = Store::open(&self.url(), size, Arc::new(HubClock::default()), Arc::new(RandomIds)).await.unwrap();
        let log = store.read(&console::viewer()).await.unwrap().events_after(0, 1_000_000).await.unwrap();
        store.close().await;
        log
    }
}

fn of(log: &[Event], kinds: &[EventKind]) -> usize {
    log.iter().filter(|event| kinds.contains(&event.happening.kind)).count()
}

/// What somebody did, and not time alone.
fn done(log: &[Event]) -> usize {
    log.len() - of(log, &[EventKind::BedsAged, EventKind::BedUnitPauseEnded])
}

fn now() -> At {
    HubClock::default().now()
}

async fn a_demo_plays_the_night_goes_on_alive_and_starts_again_where_it_was(db: Db) {
    let mut demo = Demo::new(db).await;

    let address = demo.start(&["--quiet"]).await;
    let people = demo.personas();
    assert_eq!(people.len(), 26);
    let first = demo.log().await;
    let at = |event: &Event| event.happening.at;
    let minutes = |from: At, to: At| to.micros_since(from) / 60_000_000;
    assert!((11 * 60 + 50..=12 * 60 + 5).contains(&minutes(at(&first[0]), now())), "{}", at(&first[0]));
    assert!(first.is_sorted_by_key(at));
    let reports = of(&first, &[EventKind::BedsReported]);
    assert!(reports > 1_500, "{reports} reports in half a day");
    let halves = first.iter().filter(|event| minutes(at(event), now()) < 6 * 60).count();
    assert!((first.len() / 5..first.len() * 4 / 5).contains(&halves), "{halves} of {} in the last half", first.len());

    // Quiet: the numbers are there, and nobody moves them.
    let client = demo.client(address, "line_988");
    let board = client.ask("{ bedUnits(first: 100) { edges { node { net } } } }", json!({})).await;
    assert!(board.data("/bedUnits/edges").as_array().unwrap().iter().any(|edge| edge["node"]["net"].is_number()));
    // In the Keys there is one road, and the table knows it.
    let road = "{ bedSearch(need: {}, near: { latitude: 24.56, longitude: -81.77 }, first: 100) {
        edges { travelMinutes travelSays unit { facility { city } } } } }";
    let said = client.ask(road, json!({})).await;
    let edges = said.data("/bedSearch/edges").as_array().unwrap();
    let to =
        |city: &str| edges.iter().find(|edge| edge["unit"]["facility"]["city"] == city).map(|edge| &edge["travelSays"]);
    let far = to("Key Largo").or(to("Tavernier")).unwrap().as_str().unwrap();
    assert!(far.starts_with("about 1") && far.ends_with(" min"), "{far}");
    assert!(to("Boca Raton").is_none_or(serde_json::Value::is_null), "what the table does not tell is not said");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(done(&demo.log().await), done(&first));
    demo.kill().await;
    demo.verify().await;

    // Again: the gap alone is played, and nothing is there twice.
    let stopped = now();
    let address = demo.start(&["--pace", "50"]).await;
    let client = demo.client(address, "line_988");
    let mut sse = client.sse("subscription { bedsChanged { change unit { id } } }", json!({})).await;
    let mut moved = std::collections::HashSet::new();
    while moved.len() < 5 {
        let change = sse.change("bedsChanged").await;
        moved.insert(change["unit"]["id"].as_str().unwrap().to_owned());
    }
    demo.kill().await;
    demo.verify().await;

    let second = demo.log().await;
    assert_eq!(of(&second, &ONCE), of(&first, &ONCE));
    let new = &second[first.len()..];
    assert!(first.iter().zip(&second).all(|(one, other)| one.id == other.id));
    assert!(new.iter().all(|event| minutes(at(event), stopped) <= 2), "the gap was not the gap");
    assert!(done(new) >= 5, "{} acts at a pace of 50", done(new));
    assert_eq!(demo.personas().len(), people.len());
}
