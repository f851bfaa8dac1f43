//! The log: nothing is lost, nothing is twice, nothing is out of order, whoever writes.
use crate::house::traffic::{Dice, caught_up, log, report, scale, staff, until};
use crate::house::{Db, House};
use crisis_hub::app::bed::{SetPause, set_pause};
use crisis_hub::app::{Error, Hub, ProblemCode, sweep};
use crisis_hub::domain::bed::{Freshness, NewReport, PauseReason};
use crisis_hub::domain::entry::{Provenance, Version};
use crisis_hub::domain::event::{Event, EventKind, Fact};
use crisis_hub::domain::id::{BedReportId, BedUnitId, NounId};
use crisis_hub::policy::{Viewer, permit};
use crisis_hub::store::Committed;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;
use uuid::Uuid;

on_both!(sixteen_writers_lose_nothing, time_is_told_once_by_many_sweepers);

const WRITERS: usize = 16;

/// What one writer was told.
#[derive(Default)]
struct Tally {
    committed: Vec<(BedUnitId, Version, BedReportId)>,
    rolled_back: Vec<BedReportId>,
    conflicts: usize,
}

async fn sixteen_writers_lose_nothing(db: Db) {
    let house = House::open(db).await;
    let (hubs, _, _other) = house.hubs().await;
    let began = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let hub = hubs[n % hubs.len()].clone();
            let (agency, person) = [(0, "intake"), (1, "intake-2"), (0, "agency_admin"), (1, "peer-2")][n / 4];
            let (viewer, units) = (staff(&hub, person), house.world.agencies[agency].units.clone());
            tokio::spawn(async move { write(&hub, &viewer, &units, Dice::new(n as u64), 25 * scale()).await })
        })
        .collect();
    let mut all = Tally::default();
    for writer in writers {
        let tally = writer.await.unwrap();
        all.committed.extend(tally.committed);
        all.rolled_back.extend(tally.rolled_back);
        all.conflicts += tally.conflicts;
    }
    let took = began.elapsed();
    house.deliver().await;
    let log = log(house.store()).await;
    assert_in_order(&log);
    let told: HashMap<BedReportId, (Uuid, Version)> =
        reported(&log).map(|(event, id)| (id, (event.happening.key, event.happening.version))).collect();
    assert_eq!(told.len(), reported(&log).count(), "a report is in the log twice");
    assert_eq!(told.len(), all.committed.len(), "the log holds what was not acknowledged, or the other way round");
    for (unit, version, report) in &all.committed {
        assert_eq!(told.get(report), Some(&(unit.key(), *version)), "an acknowledged report is lost");
    }
    assert!(all.rolled_back.iter().all(|id| !told.contains_key(id)), "what was rolled back is in the log");
    assert!(!all.rolled_back.is_empty());
    for hub in &hubs {
        caught_up(hub).await;
        assert_eq!(hub.board().now().number(), log.last().unwrap().number);
    }
    println!(
        "{db:?}: {WRITERS} writers on {} nodes, {} reports in {took:.1?}, {} rolled back, {} conflicts, lost 0",
        hubs.len(),
        all.committed.len(),
        all.rolled_back.len(),
        all.conflicts
    );
    house.close().await;
}

/// Dense from 1, and no aggregate's version before an earlier one.
fn assert_in_order(log: &[Event]) {
    let mut versions: HashMap<Uuid, Version> = HashMap::new();
    for (event, number) in log.iter().zip(1..) {
        assert_eq!(event.number, number, "the log is not dense");
        let version = event.happening.version;
        let before = versions.insert(event.happening.key, version).unwrap_or(0);
        assert_eq!(version, before + 1, "a version is missing or out of order at {number}");
    }
}

fn reported(log: &[Event]) -> impl Iterator<Item = (&Event, BedReportId)> {
    log.iter().filter(|event| event.happening.kind == EventKind::BedsReported).map(|event| {
        let Fact::Unit(fact) = &event.happening.fact else { panic!("a report that is about no unit") };
        (event, fact.report.as_ref().unwrap().id)
    })
}

async fn write(hub: &Hub, viewer: &Viewer, units: &[BedUnitId], mut dice: Dice, rounds: usize) -> Tally {
    let mut tally = Tally::default();
    for round in 0..rounds {
        let some = dice.some(units, 3);
        // At least one of each writer's: with 5 % of 25, chance alone might leave none.
        if dice.one_in(20) || round == 7 {
            tally.rolled_back.extend(roll_back(hub, viewer, &some, &mut dice).await);
            continue;
        }
        let outcome = report(hub, viewer, &some, &mut dice).await.unwrap();
        let Some(views) = outcome.changed else {
            assert!(outcome.problems.iter().all(|p| p.code == ProblemCode::Conflict), "{:?}", outcome.problems);
            tally.conflicts += 1;
            continue;
        };
        tally.committed.extend(views.iter().map(|view| (view.id(), view.version(), view.report().unwrap().id)));
    }
    tally
}

/// A verb that fails after it has saved.
async fn roll_back(hub: &Hub, viewer: &Viewer, units: &[BedUnitId], dice: &mut Dice) -> Vec<BedReportId> {
    let (made, census) = (Mutex::new(Vec::new()), dice.census());
    let (ids, census) = (&made, &census);
    let ended = hub
        .store()
        .write(viewer, |tx| async move {
            for unit in tx.bed_units(units).await? {
                let permit = permit::report_beds(viewer, &unit)?;
                let id: BedReportId = tx.id();
                let new = NewReport { id, as_of: None, provenance: Provenance::Manual, census: Some(census.clone()) };
                let changed = unit.report(new, tx.now()).unwrap().unwrap();
                tx.save(permit, &changed).await?;
                ids.lock().unwrap().push(id);
            }
            Err::<Committed<()>, _>(Error::BadInput("a change of mind".into()))
        })
        .await;
    assert!(ended.is_err());
    made.into_inner().unwrap()
}

async fn time_is_told_once_by_many_sweepers(db: Db) {
    let house = House::open(db).await;
    let (hubs, _, _other) = house.hubs().await;
    let people = [staff(house.hub(), "intake"), staff(house.hub(), "intake-2")];
    let mut dice = Dice::new(9);
    for _ in 0..3 * scale() {
        for (viewer, agency) in people.iter().zip(&house.world.agencies) {
            report(house.hub(), viewer, &agency.units, &mut dice).await.unwrap().changed.unwrap();
        }
        let until = house.hub().board().now().coded()[0]
            .2
            .report
            .as_ref()
            .map_or_else(|| house.hub().clock().now(), |report| report.as_of);
        let pause = Some((PauseReason::Staffing, until.plus_minutes(30)));
        let input = SetPause { unit: house.world.agencies[0].ward(), pause, keyed: None };
        set_pause(house.hub(), &people[0], input).await.unwrap().changed.unwrap();
        // The pause ends first, then each threshold of an hour's interval is passed.
        for minutes in [31, 31, 60, 120] {
            house.clock.advance(minutes);
            sweep_at_once(&hubs).await;
        }
    }
    house.deliver().await;
    let units: Vec<Uuid> = house.world.agencies.iter().flat_map(|a| &a.units).map(|unit| unit.key()).collect();
    let log = log(house.store()).await;
    let aged = |unit: Uuid| {
        log.iter().filter(move |e| e.happening.key == unit && e.happening.kind == EventKind::BedsAged).map(|event| {
            let Fact::Unit(fact) = &event.happening.fact else { panic!() };
            fact.told
        })
    };
    for unit in units {
        let told: Vec<Freshness> = aged(unit).collect();
        let once = [Freshness::Aging, Freshness::Stale, Freshness::Expired];
        assert_eq!(told, once.repeat(3 * scale()), "each threshold once");
    }
    let ended = log.iter().filter(|e| e.happening.kind == EventKind::BedUnitPauseEnded).count();
    assert_eq!(ended, 3 * scale(), "each end of a pause is told once");
    assert_in_order(&log);
    house.close().await;
}

/// Many passes on every node at once, until nothing is due; the nodes' own sweepers run beside them.
async fn sweep_at_once(hubs: &[Hub]) {
    until("nothing is due", async || {
        let passes =
            hubs.iter().cycle().take(8).cloned().map(|hub| tokio::spawn(async move { sweep::pass(&hub).await }));
        let mut told = 0;
        for pass in passes.collect::<Vec<_>>() {
            told += pass.await.unwrap().unwrap_or(1);
        }
        told == 0
    })
    .await;
}
