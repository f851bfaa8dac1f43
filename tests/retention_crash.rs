//! The program killed outright while it shreds: each handoff is shredded whole or not at all, once, and nothing is left over.
use crate::api::disclose::{behind, count, wrote};
use crate::api::handoff::{on_the_way, open_door, went};
use crate::house::program::Program;
use crate::house::traffic::{Dice, log_of, staff, until};
use crate::house::{Db, House};
use crisis_hub::domain::event::EventKind;
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

on_both!(a_killed_node_shreds_each_once);

const MANY: usize = 240;
const KILLS: usize = 4;

async fn a_killed_node_shreds_each_once(db: Db) {
    let mut house = House::open(db).await;
    let door = open_door(&house, 900, 4).await;
    let officer = house.client("officer-2");
    for _ in 0..MANY {
        let id = on_the_way(&officer, door).await;
        wrote(&officer, &id, "CLINICAL", "zebra").await;
        went(&officer, "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    }
    house.deliver().await;
    let mut program = Program::of(&mut house).await;
    // The program has the host's time, which is months ahead of the house's, and all of it ended 90 days earlier: it is over.
    {
        let behind = behind(&house).await;
        let sql = format!("UPDATE handoff SET ended_at = ended_at - {}", 90_i64 * 24 * 3_600_000_000);
        behind.execute_unprepared(&sql).await.unwrap();
        behind.close().await.unwrap();
    }
    let left = {
        let behind = behind(&house).await;
        async move || count(&behind, "handoff WHERE text_shredded_at IS NULL").await
    };
    let (mut dice, mut seen) = (Dice::new(7), Vec::new());
    for _ in 0..KILLS {
        let before = left().await;
        program.start_until(async || left().await < before || before == 0).await;
        tokio::time::sleep(Duration::from_micros(u64::from(dice.count(30_000)))).await;
        program.kill().await;
        seen.push(left().await);
        program.verify().await;
    }
    program.start().await;
    until("all are shredded", async || left().await == 0).await;
    // The months that have passed meanwhile are of no use: the hub destroys them where the ring is its own, or says that they may.
    let says =
        if db == Db::Sqlite { "destroyed: 2026-03 2026-04" } else { "2026-03 has passed, and nothing is under it" };
    until("the months are looked to", async || program.run("keys", &["status"]).await.1.contains(says)).await;
    program.stop().await;
    house.start().await;
    house.deliver().await;
    let mut told: BTreeMap<uuid::Uuid, usize> = BTreeMap::new();
    let intake = staff(house.hub(), "intake");
    for event in
        log_of(house.store(), &intake).await.iter().filter(|one| one.happening.kind == EventKind::HandoffShredded)
    {
        *told.entry(event.happening.key).or_default() += 1;
    }
    assert_eq!((told.len(), told.values().max()), (MANY, Some(&1)));
    let behind = behind(&house).await;
    assert_eq!((count(&behind, "handoff_entry").await, count(&behind, "handoff_key").await), (0, 0));
    println!("{db:?}: {MANY} handoffs, {KILLS} kills, left after each {seen:?}, each shredded once");
    house.close().await;
}
