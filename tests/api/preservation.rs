//! Preservation: a privacy office keeps what is written in a handoff beyond its retention, whatever month its key is of.
use super::bed::problems;
use super::disclose::{ask, behind, count, texts, wrote};
use super::handoff::{on_the_way, open_door, went};
use super::legal_hold::kinds;
use super::offer::{Asked, input, offered};
use super::retention::{DAY, audited};
use crate::house::traffic::until;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::app::retention;
use crisis_hub::clock::Clock;
use crisis_hub::domain::id::{HandoffId, NounId};
use crisis_hub::store::vault::{Month, Ring, month_at};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both!(
    what_is_preserved_outlives_its_retention_and_its_month,
    each_agency_preserves_for_itself,
    a_preservation_has_its_limits,
    who_was_only_asked_preserves_nothing,
    a_key_that_cannot_be_read_keeps_no_other,
    who_preserves_as_it_is_shredded_keeps_it_or_is_told,
);

const SHOWN: &str = "id version handoffId reason placedAt until liftedAt standing organization { id }";

async fn preserve(client: &Client, handoff: &str, more: Value) -> Answer {
    let document = format!(
        "mutation($input: PreserveHandoffInput!) {{ preserveHandoff(input: $input) {{ preservation {{ {SHOWN} }}
            problems {{ code path current {{ id }} }} replayed }} }}"
    );
    let mut input = json!({ "handoffId": handoff, "reason": "LITIGATION" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document, json!({ "input": input })).await
}

async fn preserved(client: &Client, handoff: &str, more: Value) -> Value {
    let said = preserve(client, handoff, more).await;
    assert_eq!(problems(&said, "preserveHandoff"), [""; 0], "{:#}", said.body);
    said.data("/preserveHandoff/preservation").clone()
}

async fn lift(client: &Client, preservation: &Value, more: Value) -> Answer {
    let document = format!(
        "mutation($input: LiftPreservationInput!) {{ liftPreservation(input: $input) {{ preservation {{ {SHOWN} }}
            problems {{ code path current {{ id }} }} replayed }} }}"
    );
    let mut input = json!({ "preservationId": preservation["id"] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document, json!({ "input": input })).await
}

async fn listed(client: &Client, filter: Value) -> Vec<Value> {
    let query = format!(
        "query($filter: PreservationFilter) {{ preservations(filter: $filter) {{ edges {{ node {{ {SHOWN} }} }} }} }}"
    );
    let said = client.ask(&query, json!({ "filter": filter })).await;
    said.data("/preservations/edges").as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

/// Somebody who was announced to the first agency, and did not come.
async fn over(house: &House) -> String {
    let door = open_door(house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("officer-2"), &id, "CLINICAL", "zebra").await;
    went(&house.client("officer-2"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    id
}

async fn months(house: &House) -> Vec<Month> {
    let behind = behind(house).await;
    let sql = Statement::from_string(behind.get_database_backend(), "SELECT month FROM handoff_key ORDER BY month");
    let rows = behind.query_all_raw(sql).await.unwrap();
    behind.close().await.unwrap();
    rows.iter().map(|row| Month::parse(&row.try_get::<String>("", "month").unwrap()).unwrap()).collect()
}

/// All passes, to the end: how many were shredded.
async fn passes(house: &House) -> usize {
    let mut shredded = 0;
    loop {
        match retention::pass(house.hub()).await.unwrap() {
            0 => return shredded,
            more => shredded += more,
        }
    }
}

async fn what_is_preserved_outlives_its_retention_and_its_month(db: Db) {
    let house = House::open(db).await;
    let (kept, lost) = (over(&house).await, over(&house).await);
    let own = month_at(house.clock.now().plus_minutes(120 * DAY));
    assert_eq!(months(&house).await, [own, own]);
    house.clock.advance(40 * DAY);
    let placed = preserved(&house.client("agency_admin"), &kept, json!({ "idempotencyKey": "p" })).await;
    assert_eq!(
        (&placed["standing"], &placed["reason"], &placed["version"]),
        (&json!(true), &json!("LITIGATION"), &json!(1))
    );
    let again = preserve(&house.client("agency_admin"), &kept, json!({ "idempotencyKey": "p" })).await;
    assert_eq!(again.data("/preserveHandoff/replayed"), &json!(true));
    // At once under a later month, so that whoever destroys its own does not take it.
    let later = month_at(house.clock.now().plus_minutes(120 * DAY));
    assert_eq!(months(&house).await, [own, later]);
    house.clock.advance(51 * DAY);
    let behind = behind(&house).await;
    until("the other is shredded", async || count(&behind, "handoff_key").await == 1).await;
    assert_eq!(months(&house).await, [later]);
    // That one of them is preserved is its own agency's to know: both agencies are shown the same of both.
    behind.execute_unprepared("UPDATE handoff SET on_behalf_of = 'Amber 12' WHERE text_kept").await.unwrap();
    until("its end is told", async || count(&behind, "handoff WHERE text_kept").await == 1).await;
    house.deliver().await;
    let state = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Handoff { version onBehalfOf textShreddedAt } } }";
    for desk in ["intake", "dispatcher-2"] {
        let client = house.client(desk);
        let ended = kinds(&client).await.into_iter().filter(|kind| kind == "HANDOFF_SHREDDED").count();
        assert_eq!(ended, 2, "{desk}");
        let said = client.ask(state, json!({ "ids": [kept, lost] })).await;
        assert_eq!(said.data("/nodes/0/version"), said.data("/nodes/1/version"), "{desk}");
        for node in said.data("/nodes").as_array().unwrap() {
            assert!(node["onBehalfOf"].is_null(), "{desk}: {node:#}");
            assert!(node["textShreddedAt"].as_str().unwrap().starts_with("2026-05-30T07:00:00"), "{desk}: {node:#}");
        }
    }
    let other = house.client("agency_admin-2");
    for id in [&kept, &lost] {
        assert_eq!(audited(&other, id).await[0], ("SHRED_TEXT".to_owned(), Some("RETENTION".to_owned())));
        assert_eq!(problems(&preserve(&other, id, json!({})).await, "preserveHandoff"), ["RETENTION_ENDED"]);
    }
    // A year and a half on it has been carried from month to month, and the months behind it are gone where the hub destroys them.
    for _ in 0..6 {
        house.clock.advance(80 * DAY);
        passes(&house).await;
        assert!(months(&house).await[0] > month_at(house.clock.now()), "its month has come");
    }
    let ring = Ring::read(&house.place().keys()).unwrap();
    let gone: Vec<Month> = ring.destroyed().collect();
    assert_eq!(gone.contains(&own) && gone.contains(&later), db == Db::Sqlite, "{gone:?}");
    // It is there to be opened, were its time not over.
    let now = house.clock.now().micros();
    let reopened = format!("UPDATE handoff SET ended_at = {now}, text_shredded_at = NULL WHERE text_kept");
    behind.execute_unprepared(&reopened).await.unwrap();
    let said = ask(&house.client("intake"), &[&kept], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(texts(&said), ["zebra"]);
    let then = now - 91 * DAY * 60_000_000;
    let over = format!("UPDATE handoff SET ended_at = {then}, text_shredded_at = {now} WHERE text_kept");
    behind.execute_unprepared(&over).await.unwrap();
    let closed = ask(&house.client("intake"), &[&kept], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(problems(&closed, "disclose"), ["RETENTION_ENDED"], "it is kept, and nobody reads it for treatment");
    // Lifted, it goes.
    let lifted = lift(&house.client("agency_admin"), &placed, json!({ "expectedVersion": 1 })).await;
    assert_eq!(lifted.data("/liftPreservation/preservation/standing"), &json!(false));
    house.clock.advance(2);
    until("it is shredded", async || count(&behind, "handoff_key").await == 0).await;
    assert_eq!(count(&behind, "handoff WHERE text_kept OR on_behalf_of IS NOT NULL").await, 0);
    house.deliver().await;
    let ended = kinds(&house.client("intake")).await.into_iter().filter(|kind| kind == "HANDOFF_SHREDDED").count();
    assert_eq!(ended, 2, "that it was lifted is told to nobody else");
    house.verified().await;
    behind.close().await.unwrap();
    house.close().await;
}

async fn each_agency_preserves_for_itself(db: Db) {
    let house = House::open(db).await;
    let id = over(&house).await;
    let (ours, theirs) = (house.client("agency_admin"), house.client("agency_admin-2"));
    let mut told = ours.sse("subscription { events { event { kind nodeId } } }", json!({})).await;
    told.next().await.unwrap();
    let mut desk = house.client("intake").sse("subscription { events { event { kind nodeId } } }", json!({})).await;
    desk.next().await.unwrap();
    let one = preserved(&ours, &id, json!({ "reason": "PERSON_REQUEST" })).await;
    let other = preserved(&theirs, &id, json!({ "reason": "PUBLIC_RECORDS" })).await;
    // That a lawsuit is expected is its own agency's to know.
    let event = told.next().await.unwrap().1["data"]["events"]["event"].clone();
    assert_eq!((&event["kind"], &event["nodeId"]), (&json!("PRESERVATION_PLACED"), &one["id"]));
    let marker = over(&house).await;
    let first = desk.next().await.unwrap().1["data"]["events"]["event"].clone();
    assert!(!first["kind"].as_str().unwrap().starts_with("PRESERVATION"), "{first:#}");
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    for (client, mine) in [(&ours, &one), (&theirs, &other)] {
        assert_eq!(listed(client, json!({})).await, std::slice::from_ref(mine));
        assert_eq!(listed(client, json!({ "handoffId": marker })).await, [] as [Value; 0]);
        assert_eq!(client.ask(node, json!({ "id": mine["id"] })).await.data("/node/__typename"), "Preservation");
        let audit = audited(client, mine["id"].as_str().unwrap()).await;
        assert_eq!(audit, [("PRESERVE_HANDOFF".to_owned(), None)]);
    }
    for blind in ["agency_admin-2", "intake", "officer-2", "council", "hub_operator", "agency_admin-far"] {
        let client = house.client(blind);
        assert!(client.ask(node, json!({ "id": one["id"] })).await.data("/node").is_null(), "{blind}");
        assert_eq!(lift(&client, &one, json!({})).await.code(), "NOT_FOUND", "{blind}");
        assert!(listed(&client, json!({ "handoffId": id })).await.iter().all(|two| two["id"] != one["id"]), "{blind}");
    }
    house.clock.advance(91 * DAY);
    let (ours, theirs) = (house.client("agency_admin"), house.client("agency_admin-2"));
    let behind = behind(&house).await;
    let left = async || count(&behind, "handoff_key").await;
    until("what nobody preserves is shredded", async || left().await == 1).await;
    // Whoever lifts theirs leaves the other's standing.
    lift(&ours, &one, json!({})).await.data("");
    assert_eq!((passes(&house).await, left().await), (0, 1));
    assert_eq!(listed(&ours, json!({ "standingOnly": true })).await, [] as [Value; 0]);
    assert_eq!(listed(&theirs, json!({ "standingOnly": true })).await.len(), 1);
    lift(&theirs, &other, json!({})).await.data("");
    house.clock.advance(2);
    until("it is shredded", async || left().await == 0).await;
    let late = preserve(&theirs, &id, json!({})).await;
    assert_eq!(problems(&late, "preserveHandoff"), ["RETENTION_ENDED"]);
    behind.close().await.unwrap();
    house.close().await;
}

async fn a_preservation_has_its_limits(db: Db) {
    let house = House::open(db).await;
    let id = over(&house).await;
    let admin = house.client("agency_admin");
    let today = house.clock.now();
    let until_day = |days: i64| json!({ "until": today.plus_minutes(days * DAY).to_string() });
    for bad in
        [until_day(-2), until_day(3_700), json!({ "reason": "CURIOSITY" }), json!({ "until": "2026-07-01T00:00:00" })]
    {
        assert_eq!(preserve(&admin, &id, bad.clone()).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    for (stranger, code) in [
        ("agency_admin-far", "NOT_FOUND"),
        ("advocate", "NOT_FOUND"),
        ("hub_operator", "NOT_FOUND"),
        ("intake", "FORBIDDEN"),
        ("officer-2", "FORBIDDEN"),
    ] {
        assert_eq!(preserve(&house.client(stranger), &id, json!({})).await.code(), code, "{stranger}");
    }
    // With an end it ends by itself.
    let placed = preserved(&admin, &id, until_day(100)).await;
    for days in [99, 100] {
        let twice = preserve(&admin, &id, until_day(days)).await;
        assert_eq!(problems(&twice, "preserveHandoff"), ["ALREADY_PRESERVED"]);
        assert_eq!(twice.data("/preserveHandoff/problems/0/current/id"), &placed["id"]);
    }
    // One that lasts longer stands beside it, and then the first is lifted: there is no instant without.
    let longer = preserved(&admin, &id, until_day(101)).await;
    assert_eq!(problems(&preserve(&admin, &id, until_day(101)).await, "preserveHandoff"), ["ALREADY_PRESERVED"]);
    lift(&admin, &placed, json!({})).await.data("");
    assert_eq!(listed(&admin, json!({ "standingOnly": true })).await, std::slice::from_ref(&longer));
    let placed = longer;
    let stale = lift(&admin, &placed, json!({ "expectedVersion": 7 })).await;
    assert_eq!(problems(&stale, "liftPreservation"), ["STALE_VERSION"]);
    house.clock.advance(95 * DAY);
    let behind = behind(&house).await;
    until("its end is told", async || count(&behind, "handoff WHERE text_kept").await == 1).await;
    assert_eq!((passes(&house).await, count(&behind, "handoff_key").await), (0, 1));
    house.clock.advance(7 * DAY);
    until("its end has come", async || count(&behind, "handoff_key").await == 0).await;
    let over = lift(&house.client("agency_admin"), &placed, json!({})).await;
    assert_eq!(problems(&over, "liftPreservation"), ["WRONG_STATE"]);
    behind.close().await.unwrap();
    house.close().await;
}

async fn who_was_only_asked_preserves_nothing(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (_, handoffs) = offered(&house.client("emergency_department-2"), input(asked.one(&house), json!({}))).await;
    let (id, ours, theirs) = (&handoffs[0], house.client("agency_admin"), house.client("agency_admin-2"));
    assert_eq!(preserve(&ours, id, json!({})).await.code(), "FORBIDDEN", "it has not said yes");
    went(&house.client("intake"), "declineOffer", id, json!({ "reason": "ACUITY" })).await;
    assert_eq!(preserve(&ours, id, json!({})).await.code(), "FORBIDDEN", "it has said no");
    preserved(&theirs, id, json!({})).await;
    // Whoever took the person keeps what they were told of them.
    let (_, handoffs) = offered(
        &house.client("emergency_department-2"),
        input(asked.one(&house), json!({ "settlement": "FIRST_ACCEPT" })),
    )
    .await;
    went(&house.client("intake"), "acceptOffer", &handoffs[0], super::offer::yes()).await;
    preserved(&ours, &handoffs[0], json!({})).await;
    house.close().await;
}

async fn a_key_that_cannot_be_read_keeps_no_other(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    for _ in 0..2 {
        preserved(&admin, &over(&house).await, json!({})).await;
    }
    // One's key in the other's place opens nothing.
    let behind = behind(&house).await;
    let (first, last) = ("ORDER BY handoff_id LIMIT 1", "ORDER BY handoff_id DESC LIMIT 1");
    let swap = format!(
        "UPDATE handoff_key SET wrapped = (SELECT wrapped FROM handoff_key {last})
         WHERE handoff_id = (SELECT handoff_id FROM handoff_key {first})"
    );
    behind.execute_unprepared(&swap).await.unwrap();
    let own = months(&house).await[0];
    house.clock.advance(130 * DAY);
    passes(&house).await;
    let carried = months(&house).await;
    assert_eq!((carried.len(), carried[0]), (2, own));
    assert!(carried[1] > month_at(house.clock.now()), "{carried:?}");
    behind.close().await.unwrap();
    house.close().await;
}

/// The handoffs that a query names, as clients call them.
async fn ids_of(behind: &DatabaseConnection, sql: &str) -> BTreeSet<String> {
    let rows = behind.query_all_raw(Statement::from_string(behind.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| HandoffId::of(row.try_get("", "id").unwrap()).to_string()).collect()
}

async fn who_preserves_as_it_is_shredded_keeps_it_or_is_told(db: Db) {
    const MANY: usize = 120;
    let house = House::open(db).await;
    let (door, officer) = (open_door(&house, 900, 4).await, house.client("officer-2"));
    let mut ids = Vec::new();
    for _ in 0..MANY {
        let id = on_the_way(&officer, door).await;
        wrote(&officer, &id, "CLINICAL", "zebra").await;
        went(&officer, "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
        ids.push(id);
    }
    house.clock.advance(91 * DAY);
    let admin = house.client("agency_admin");
    let shredding = async { passes(&house).await };
    let preserving = futures_util::future::join_all(ids.iter().map(|id| preserve(&admin, id, json!({}))));
    let (_, said) = futures_util::future::join(shredding, preserving).await;
    passes(&house).await;
    let behind = behind(&house).await;
    let keys = ids_of(&behind, "SELECT handoff_id AS id FROM handoff_key").await;
    let shredded = ids_of(&behind, "SELECT id FROM handoff WHERE text_shredded_at IS NOT NULL AND NOT text_kept").await;
    for (id, said) in ids.iter().zip(&said) {
        let is = (keys.contains(id), shredded.contains(id));
        match problems(said, "preserveHandoff")[..] {
            [] => assert_eq!(is, (true, false), "it was preserved"),
            ["RETENTION_ENDED"] => assert_eq!(is, (false, true), "it was shredded"),
            _ => panic!("{:#}", said.body),
        }
    }
    let kept = keys.len();
    println!("{db:?}: of {MANY}, {kept} were preserved before they were shredded");
    house.deliver().await;
    house.verified().await;
    behind.close().await.unwrap();
    house.close().await;
}
