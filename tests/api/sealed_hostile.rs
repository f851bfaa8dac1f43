//! What somebody would try who means ill: to learn that something was written, to read what is another's, to lose a key.
use super::bed::problems;
use super::disclose::{ask, behind, texts, write, wrote};
use super::disclose_part2::program;
use super::handoff::{on_the_way, open_door, went};
use super::offer::{Asked, input, offered};
use crate::house::{Db, House};
use crisis_hub::clock::Clock;
use crisis_hub::domain::id::HandoffId;
use crisis_hub::domain::sealed::ENTRIES_MAX;
use crisis_hub::store::Store;
use crisis_hub::store::vault::month_at;
use sea_orm::ConnectionTrait;
use serde_json::json;

on_both!(
    nobody_else_learns_that_a_program_wrote,
    an_entry_put_under_another_name_is_not_opened,
    rotations_beside_each_other_lose_no_key,
    a_month_with_something_to_read_is_counted,
    who_was_only_asked_knows_no_more,
    an_agencys_audit_is_its_rows_and_its_people,
);

async fn nobody_else_learns_that_a_program_wrote(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    let of_program = [wrote(&team, &id, "PART2", "a").await, wrote(&team, &id, "CLINICAL", "b").await];
    let field = wrote(&house.client("officer-2"), &id, "LEGAL", "c").await;
    house.deliver().await;
    let log = "{ events(first: 100) { edges { node { kind nodeId } } } }";
    for (person, all) in [("mobile_team-2", true), ("intake", false), ("peer", false), ("ems", false)] {
        let said = house.client(person).ask(log, json!({})).await;
        let edges = said.data("/events/edges").as_array().unwrap();
        let told = |id: &String| edges.iter().any(|edge| edge["node"]["nodeId"] == json!(id));
        // A peer is told of nothing that is written: what they open, the person has agreed to.
        assert_eq!(told(&field), person != "peer", "{person}: {:#}", said.body);
        assert_eq!(of_program.iter().filter(|id| told(id)).count(), if all { 2 } else { 0 }, "{person}");
    }
    // Nor by how much there is still room for.
    for n in 0..ENTRIES_MAX {
        let said = write(&intake, &id, "LEGAL", "d").await;
        assert_eq!(problems(&said, "addHandoffNote"), [""; 0], "{n}");
    }
    assert_eq!(problems(&write(&intake, &id, "LEGAL", "e").await, "addHandoffNote"), ["OUT_OF_RANGE"]);
    wrote(&team, &id, "PART2", "f").await;
    house.close().await;
}

async fn an_entry_put_under_another_name_is_not_opened(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let officer = house.client("officer-2");
    let id = on_the_way(&officer, door).await;
    wrote(&officer, &id, "LEGAL", "the officer's").await;
    wrote(&house.client("emergency_department-2"), &id, "LEGAL", "zebra").await;
    assert_eq!(texts(&ask(&officer, &[&id], &["LEGAL"], "OWN_RECORD").await), ["the officer's"]);
    let behind = behind(&house).await;
    for moved in [
        "UPDATE handoff_entry SET grant_id = (SELECT MIN(grant_id) FROM handoff_entry)",
        "UPDATE handoff_entry SET grant_id = (SELECT MAX(grant_id) FROM handoff_entry)",
    ] {
        // PostgreSQL 15 has no least UUID: by its text.
        let cast = moved.replace(
            "(grant_id) FROM",
            if db == Db::Postgres { "(grant_id::text)::uuid FROM" } else { "(grant_id) FROM" },
        );
        behind.execute_unprepared("CREATE TABLE kept AS SELECT * FROM handoff_entry").await.unwrap();
        behind.execute_unprepared(&cast).await.unwrap();
        let said = ask(&officer, &[&id], &["LEGAL"], "OWN_RECORD").await;
        assert!(!said.body.to_string().contains("zebra"), "{:#}", said.body);
        behind.execute_unprepared("DELETE FROM handoff_entry").await.unwrap();
        behind.execute_unprepared("INSERT INTO handoff_entry SELECT * FROM kept").await.unwrap();
        behind.execute_unprepared("DROP TABLE kept").await.unwrap();
    }
    assert_eq!(texts(&ask(&officer, &[&id], &["LEGAL"], "OWN_RECORD").await), ["the officer's"]);
    behind.close().await.unwrap();
    house.close().await;
}

/// Begins a rotation, as `keys rotate` does.
async fn begun(house: &House) -> &Store {
    let (store, now) = (house.store(), month_at(house.clock.now()));
    let (ring, ()) = store.change_ring(|ring| Ok((ring.begin_generation(now)?, true))).unwrap();
    store.begin_key_generation(ring.generation()).await.unwrap();
    store
}

async fn rewrapped(store: &Store, mut after: Option<HandoffId>) {
    while let Some(last) = store.rewrap(after, 2).await.unwrap().last {
        after = Some(last);
    }
}

async fn rotations_beside_each_other_lose_no_key(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let officer = house.client("officer-2");
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(on_the_way(&officer, door).await);
        wrote(&officer, ids.last().unwrap(), "LEGAL", "zebra").await;
    }
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let readable = async || texts(&ask(&officer, &all, &["LEGAL"], "OWN_RECORD").await).len();
    // The first is half done when the second begins, and ends before it has come far.
    let store = begun(&house).await;
    let half = store.rewrap(None, 2).await.unwrap();
    assert_eq!(half.wrapped, 2);
    begun(&house).await;
    rewrapped(store, half.last).await;
    let (_, used) = store.forget_earlier_keys().await.unwrap();
    assert!(used > 0, "nothing is said of the keys in use");
    assert_eq!(readable().await, 4, "a key in use is forgotten");
    // What is only prepared is not forgotten by it, nor what the database is at.
    let now = month_at(house.clock.now());
    store.change_ring(|ring| Ok((ring.begin_generation(now)?, true))).unwrap();
    rewrapped(store, None).await;
    let (forgotten, used) = store.forget_earlier_keys().await.unwrap();
    assert!(forgotten > 0 && used == 0);
    assert_eq!(readable().await, 4);
    wrote(&officer, all[0], "LEGAL", "later").await;
    assert_eq!(readable().await, 5);
    house.close().await;
}

async fn a_month_with_something_to_read_is_counted(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let officer = house.client("officer-2");
    let id = on_the_way(&officer, door).await;
    wrote(&officer, &id, "LEGAL", "zebra").await;
    let month = month_at(house.clock.now().plus_minutes(120 * 24 * 60));
    let kept = async || house.store().still_kept(month).await.unwrap();
    assert_eq!((kept().await, house.store().still_kept(month.plus(1)).await.unwrap()), (1, 0));
    went(&officer, "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    house.clock.advance(89 * 24 * 60);
    assert_eq!(kept().await, 1);
    house.clock.advance(2 * 24 * 60);
    assert_eq!(kept().await, 0);
    house.close().await;
}

async fn who_was_only_asked_knows_no_more(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let (_, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    let entry = wrote(&sender, &handoffs[0], "CLINICAL", "a").await;
    let node = "query($id: ID!) { node(id: $id) { ... on HandoffEntry { id tier at } } }";
    assert_eq!(amber.ask(node, json!({ "id": entry })).await.data("/node/tier"), "CLINICAL");
    went(&amber, "declineOffer", &handoffs[0], json!({ "reason": "ACUITY" })).await;
    assert!(amber.ask(node, json!({ "id": entry })).await.data("/node").is_null());
    assert_eq!(sender.ask(node, json!({ "id": entry })).await.data("/node/tier"), "CLINICAL");
    assert_eq!(problems(&write(&amber, &handoffs[0], "CLINICAL", "b").await, "addHandoffNote"), ["WRONG_STATE"]);
    wrote(&sender, &handoffs[0], "CLINICAL", "c").await;
    house.close().await;
}

async fn an_agencys_audit_is_its_rows_and_its_people(db: Db) {
    let house = House::open(db).await;
    let (unit, _) = open_door(&house, 9, 4).await;
    super::hold::hold(&house.client("emergency_department-2"), unit).await;
    let trail = "{ auditTrail(first: 100) { edges { node { action nodeId } } } }";
    for (person, sees) in [
        ("agency_admin", true),
        // What its people did to another agency's unit.
        ("agency_admin-2", true),
        ("emergency_department-2", true),
        ("hub_operator", true),
        ("emergency_department", false),
        ("intake", false),
        ("agency_admin-far", false),
        ("council", false),
        ("analyst", false),
    ] {
        let said = house.client(person).ask(trail, json!({})).await;
        let edges = said.data("/auditTrail/edges").as_array().unwrap();
        let held = |edge: &&serde_json::Value| {
            edge["node"]["action"] == "HOLD_BED" && edge["node"]["nodeId"] == json!(unit.to_string())
        };
        assert_eq!(edges.iter().filter(held).count(), usize::from(sees), "{person}: {:#}", said.body);
    }
    house.close().await;
}
