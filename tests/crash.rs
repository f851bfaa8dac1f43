//! The program killed outright under load, again and again: what was acknowledged is there.
//!
//! The databases keep running: a killed node asks nothing of fsync, so the throwaway PostgreSQL does without.
use crate::api::bed::{REPORT, numbers};
use crate::house::follow::{Came, Follower, Road};
use crate::house::program::Program;
use crate::house::traffic::{Dice, scale};
use crate::house::{Client, Db, House};
use crisis_hub::domain::event::{Event, EventKind, Fact};
use crisis_hub::domain::id::{BedUnitId, GlobalId};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

on_both!(a_killed_node_loses_nothing_that_it_acknowledged);

const WRITERS: usize = 8;
const KILLS: usize = 10;

/// A change that the hub said it had taken.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub unit: String,
    pub version: i64,
    pub staffed: u32,
}

async fn a_killed_node_loses_nothing_that_it_acknowledged(db: Db) {
    let mut house = House::open(db).await;
    let start = house.hub().board().now().number();
    let mut program = Program::of(&mut house).await;
    let people = ["intake", "intake-2"].map(|person| Client::new(program.address, Some(house.token_of_today(person))));
    let (mut dice, mut all, sent) = (Dice::new(11), Vec::new(), Arc::new(AtomicU32::new(0)));
    let (mut follower, began, mut slowest) = (Follower::of_events(), Instant::now(), Duration::ZERO);
    program.start().await;
    follower.finish(&people[0], Road::Sse).await;
    for kill in 0..KILLS * scale() {
        let mut open = follower.open(&people[0], [Road::Sse, Road::Ws][kill % 2]).await.unwrap();
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let agency = &house.world.agencies[n % 2];
                let (client, unit) = (people[n % 2].clone(), agency.units[n / 2 % agency.units.len()]);
                tokio::spawn(write(client, unit, sent.clone()))
            })
            .collect();
        let enough = sent.load(SeqCst) + 5 + dice.count(40);
        while sent.load(SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(u64::from(dice.count(20_000)))).await;
        program.kill().await;
        for writer in writers {
            all.extend(writer.await.unwrap());
        }
        while !matches!(follower.next(&mut open).await, Came::Over(_)) {}
        slowest = slowest.max(program.start().await);
        program.verify().await;
    }
    follower.finish(&people[0], Road::Sse).await;
    program.kill().await;
    house.start().await;
    house.deliver().await;

    let log = crate::house::traffic::log(house.store()).await;
    let told: HashMap<(String, i64), u32> =
        log.iter().filter(|event| event.number > start).map(|event| (row(event), staffed(event))).collect();
    for acknowledged in &all {
        let kept = told.get(&(acknowledged.unit.clone(), acknowledged.version));
        assert_eq!(kept, Some(&acknowledged.staffed), "lost: {acknowledged:?}");
    }
    let ids: Vec<String> = log
        .iter()
        .filter(|event| event.number > start)
        .map(|event| crisis_hub::domain::id::NounId::key(event.id).to_string())
        .collect();
    assert_eq!(follower.ids(), ids, "what the follower saw is not the log");
    println!(
        "{db:?}: {} kills in {:.1?}, {} acknowledged of {} sent, {} in the log, lost 0; slowest start {slowest:.1?}",
        KILLS * scale(),
        began.elapsed(),
        all.len(),
        sent.load(SeqCst),
        ids.len(),
    );
    assert!(all.len() >= 20 * scale(), "there was no load");
    house.close().await;
}

pub fn row(event: &Event) -> (String, i64) {
    let happening = &event.happening;
    (GlobalId { noun: happening.noun, key: happening.key }.to_string(), happening.version)
}

pub fn staffed(event: &Event) -> u32 {
    assert_eq!(event.happening.kind, EventKind::BedsReported);
    let Fact::Unit(fact) = &event.happening.fact else { panic!() };
    fact.report.as_ref().unwrap().census.staffed
}

/// Reports numbers that nobody else reports, until the hub is gone.
async fn write(client: Client, unit: BedUnitId, sent: Arc<AtomicU32>) -> Vec<Acknowledged> {
    let mut taken = Vec::new();
    loop {
        let staffed = sent.fetch_add(1, SeqCst) % 10_000;
        let body = serde_json::json!({ "query": REPORT, "variables": numbers(unit, staffed, 0) }).to_string();
        let request = client.request(reqwest::Method::POST).header("content-type", "application/json").body(body);
        let Ok(answer) = request.send().await else { return taken };
        let Ok(text) = answer.text().await else { return taken };
        let answer: Value = serde_json::from_str(&text).unwrap();
        let payload = &answer["data"]["reportBeds"];
        assert!(answer.get("errors").is_none(), "{answer:#}");
        // Two reports of one unit in one microsecond: the later is refused, and says so.
        if let Some(unit) = payload["bedUnits"].get(0) {
            let (unit, version) = (unit["id"].as_str().unwrap().to_owned(), unit["version"].as_i64().unwrap());
            taken.push(Acknowledged { unit, version, staffed });
        }
    }
}
