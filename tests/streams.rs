//! Tables and heartbeats: what many read together, and what the silent hear.
use crate::api::bed::WATCH;
use crate::house::follow::{BEDS, Came, Follower, Road};
use crate::house::traffic::{Dice, report, staff, until};
use crate::house::{Db, House};
use crisis_hub::graphql::{Schema, limits::Limits};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Grants and audit lines are each person's own, and tables are shared without them.
#[test]
fn nothing_of_ones_own_can_be_watched() {
    let sdl = Schema::new(&Limits::default(), false).sdl();
    let mut fields: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut of = "";
    for line in sdl.lines() {
        match line.strip_prefix("type ").or_else(|| line.strip_prefix("interface ")) {
            Some(rest) => of = rest.split([' ', '{']).next().unwrap(),
            None if line.starts_with('\t') && line.contains(": ") => {
                let kind = line.rsplit(": ").next().unwrap().split(" @").next().unwrap();
                fields.entry(of).or_default().push(kind.trim_matches(['[', ']', '!', ' ']));
            }
            None => {}
        }
    }
    let (mut reached, mut next) = (HashSet::new(), vec!["Subscription"]);
    while let Some(kind) = next.pop() {
        if reached.insert(kind) {
            next.extend(fields.get(kind).into_iter().flatten());
        }
    }
    assert!(reached.contains("BedUnit") && reached.contains("Organization") && fields.contains_key("Grant"));
    let own = ["Grant", "AuditEntry", "Viewer", "Node", "Query"].map(|own| reached.contains(own));
    assert_eq!(own, [false; 5]);
}

on_both!(subscribers_of_one_scope_sit_at_one_table, heartbeats_come_in_time_whatever_happens_elsewhere,);

async fn subscribers_of_one_scope_sit_at_one_table(db: Db) {
    let house = House::with(db, |config| config.socket.heartbeat_seconds = 1).await;
    let mut together = Vec::new();
    for n in 0..50 {
        // Officers of every agency of the region see the same.
        let client = house.client(["officer", "officer-2", "dispatcher"][n % 3]);
        together.push(client.sse(WATCH, json!({})).await);
    }
    for sse in &mut together {
        sse.next().await.unwrap();
    }
    assert_eq!(house.tables(), 1, "one document, one scope");
    let mut apart = Vec::new();
    for (tables, person) in [(2, "intake"), (3, "intake-2"), (4, "advocate"), (5, "officer-far")] {
        let mut sse = house.client(person).sse(WATCH, json!({})).await;
        sse.next().await.unwrap();
        assert_eq!(house.tables(), tables, "{person} sees something else");
        apart.push(sse);
    }
    let mut filtered = house.client("officer").sse(WATCH, json!({ "filter": { "dropOff": true } })).await;
    filtered.next().await.unwrap();
    assert_eq!(house.tables(), 6, "other variables");

    let (mut dice, intake) = (Dice::new(1), staff(house.hub(), "intake"));
    let mut versions = Vec::new();
    for _ in 0..20 {
        let chairs = house.world.agencies[0].chairs();
        let views = report(house.hub(), &intake, &[chairs], &mut dice).await.unwrap().changed.unwrap();
        versions.push(views[0].version());
    }
    let mut told = Vec::new();
    for sse in &mut together {
        let mut changes = Vec::new();
        while changes.len() < versions.len() {
            let raw = sse.next_raw().await.unwrap();
            if raw.contains("\"change\":\"") {
                changes.push(raw);
            }
        }
        told.push(changes);
    }
    assert!(told.iter().all(|changes| *changes == told[0]), "the table's bytes are shared");
    for (raw, version) in told[0].iter().zip(&versions) {
        assert!(raw.contains(&format!("\"version\":{version},")), "{raw}");
    }
    for version in versions {
        assert_eq!(apart[0].change("bedsChanged").await["unit"]["version"], version);
    }
    drop(together);
    until("the table is cleared when the last has left", async || house.tables() == 5).await;
    drop((apart, filtered));
    until("no table is left", async || house.tables() == 0).await;
    house.close().await;
}

async fn heartbeats_come_in_time_whatever_happens_elsewhere(db: Db) {
    let house = Arc::new(House::with(db, |config| config.socket.heartbeat_seconds = 1).await);
    // Much happens, and nothing of it is theirs.
    let stop = Arc::new(AtomicBool::new(false));
    let busy = {
        let (house, stop) = (house.clone(), stop.clone());
        tokio::spawn(async move {
            let (intake, mut dice) = (staff(house.hub(), "intake"), Dice::new(2));
            while !stop.load(SeqCst) {
                report(house.hub(), &intake, &house.world.agencies[0].units[..1], &mut dice).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let client = house.client("intake-2");
    let filter = json!({ "facilityId": house.world.agencies[1].facility.to_string() });
    for road in [Road::Sse, Road::Ws] {
        let mut follower = Follower::of_beds(filter.clone());
        let mut open = follower.open(&client, road).await.unwrap();
        assert!(matches!(follower.next(&mut open).await, Came::Heartbeat));
        let mut gaps = Vec::new();
        for _ in 0..3 {
            let last = Instant::now();
            assert!(matches!(follower.next(&mut open).await, Came::Heartbeat), "this filter has nothing to tell");
            gaps.push(last.elapsed());
        }
        assert!(gaps.iter().all(|gap| *gap < Duration::from_millis(2_500)), "{road:?}: {gaps:?}");
        println!("{db:?} {road:?}: heartbeats after {gaps:.1?}");
        drop(open);
        // A heartbeat's cursor is a place like any other.
        let ward = house.world.agencies[1].ward();
        let (intake, mut dice) = (staff(house.hub(), "intake-2"), Dice::new(3));
        let mut versions = Vec::new();
        for _ in 0..3 {
            let views = report(house.hub(), &intake, &[ward], &mut dice).await.unwrap().changed.unwrap();
            versions.push(json!(views[0].version()));
        }
        house.deliver().await;
        follower.finish(&client, road).await;
        let told: Vec<_> = follower.told.iter().map(|message| message["unit"]["version"].clone()).collect();
        assert_eq!(told, versions);
    }
    stop.store(true, SeqCst);
    busy.await.unwrap();
    // Who asks for another table gets one of their own.
    let mut other = client.sse(BEDS, json!({ "filter": filter })).await;
    other.next().await.unwrap();
    drop(other);
    Arc::into_inner(house).unwrap().close().await;
}
