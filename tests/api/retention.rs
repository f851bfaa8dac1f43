//! Retention: what was written of a person is shredded 90 days after the handoff's end, once, everywhere; what is coded stays.
use super::bed::problems;
use super::disclose::{ask, behind, count, texts, wrote};
use super::handoff::{announce, on_the_way, open_door, read, to, watch, went};
use super::offer::{Asked, input, offered, yes};
use crate::disclose_keys::dumped;
use crate::house::traffic::{log_of, staff, until};
use crate::house::{Client, Db, House};
use crisis_hub::app::retention;
use crisis_hub::clock::Clock;
use crisis_hub::domain::event::EventKind;
use crisis_hub::store::vault::{Ring, month_at};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both!(
    what_is_over_is_shredded_and_what_is_coded_stays,
    an_old_backup_is_unreadable_once_the_months_key_is_gone,
    two_nodes_shred_each_once,
    what_goes_on_is_kept_however_long,
    what_cannot_be_read_keeps_nothing_else,
    a_clock_that_leapt_shreds_nothing_for_a_day,
);

pub const DAY: i64 = 24 * 60;

/// The actions of an agency's audit about an object, latest first, with the machine that did it.
pub async fn audited(client: &Client, id: &str) -> Vec<(String, Option<String>)> {
    let query = "{ auditTrail(first: 100) { edges { node { action machine nodeId } } } }";
    let said = client.ask(query, json!({})).await;
    let edges = said.data("/auditTrail/edges").as_array().unwrap().clone();
    let line =
        |node: &Value| (node["action"].as_str().unwrap().to_owned(), node["machine"].as_str().map(str::to_owned));
    edges.iter().map(|edge| &edge["node"]).filter(|node| node["nodeId"] == id).map(line).collect()
}

/// What lies sealed in the database, and the keys that it is under.
async fn sealed(house: &House) -> Vec<Vec<u8>> {
    let behind = behind(house).await;
    let mut found = Vec::new();
    for (column, table) in [("sealed", "handoff_entry"), ("wrapped", "handoff_key")] {
        let sql = format!("SELECT {column} AS bytes FROM {table}");
        let rows = behind.query_all_raw(Statement::from_string(behind.get_database_backend(), sql)).await.unwrap();
        found.extend(rows.iter().map(|row| row.try_get::<Vec<u8>>("", "bytes").unwrap()));
    }
    behind.close().await.unwrap();
    found
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// Two that have ended: one that a dispatcher announced for a field unit, one that a clinician accepted.
async fn ended(house: &House) -> [String; 2] {
    let door = open_door(house, 9, 4).await;
    let dispatcher = house.client("dispatcher-2");
    let said = announce(&dispatcher, to(door, json!({ "onBehalfOf": "Canaryunit 12" }))).await;
    let announced =
        said.data("/announceHandoff/handoff/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned();
    let asked = Asked::open(house, 4).await;
    let sender = house.client("emergency_department-2");
    let (_, handoffs) = offered(&sender, input(asked.one(house), json!({ "settlement": "FIRST_ACCEPT" }))).await;
    let by = json!({ "acceptedBy": "Dr. Canaryname", "callback": "555-0177" });
    went(&house.client("intake"), "acceptOffer", &handoffs[0], by).await;
    for (sender, id) in [("officer-2", &announced), ("emergency_department-2", &handoffs[0])] {
        wrote(&house.client(sender), id, "CLINICAL", "zebra of the sender").await;
        wrote(&house.client("intake"), id, "CLINICAL", "zebra of the desk").await;
        went(&house.client(sender), "failHandoff", id, json!({ "reason": "NO_SHOW" })).await;
    }
    ask(&house.client("intake"), &[&announced, &handoffs[0]], &["CLINICAL"], "TREATMENT").await.data("");
    [announced, handoffs[0].clone()]
}

async fn what_is_over_is_shredded_and_what_is_coded_stays(db: Db) {
    let mut house = House::open(db).await;
    let ids = ended(&house).await;
    let was = [read(&house.client("intake"), &ids[0]).await, read(&house.client("intake"), &ids[1]).await];
    assert_eq!(
        (&was[0]["onBehalfOf"], &was[1]["offer"]["acceptedBy"]),
        (&json!("Canaryunit 12"), &json!("Dr. Canaryname"))
    );
    let lying = sealed(&house).await;
    assert_eq!(lying.len(), 4 + 2);
    // Not a minute before its time.
    house.clock.advance(90 * DAY - 2);
    assert_eq!(retention::pass(house.hub()).await.unwrap(), 0);
    let intake = house.client("intake");
    assert_eq!(texts(&ask(&intake, &[&ids[0]], &["CLINICAL"], "TREATMENT").await).len(), 2);
    let before = behind(&house).await;
    let lines = count(&before, "disclosure").await;
    before.close().await.unwrap();
    let mut events = watch(&intake).await;
    let (mut shredded, mut open) =
        (Vec::new(), intake.sse("subscription { handoffsChanged { change handoffId } }", json!({})).await);
    open.next().await.unwrap();
    house.clock.advance(10);
    while shredded.len() < 2 {
        let event = events.next().await.unwrap().1["data"]["events"]["event"].clone();
        shredded.extend(
            Some(event).filter(|event| event["kind"] == "HANDOFF_SHREDDED").map(|event| event["nodeId"].clone()),
        );
    }
    for id in &ids {
        assert!(shredded.contains(&json!(id)));
        let shown = "query($id: ID!) { node(id: $id) { ... on Handoff { textShreddedAt } } }";
        let said = intake.ask(shown, json!({ "id": id })).await;
        assert!(said.data("/node/textShreddedAt").is_string(), "{:#}", said.body);
    }
    // Whoever watches what is open is told nothing of it a second time: the next they hear is of another.
    let other = on_the_way(&house.client("officer-2"), open_door(&house, 9, 4).await).await;
    assert_eq!(open.change("handoffsChanged").await["handoffId"], json!(other));
    went(&house.client("officer-2"), "failHandoff", &other, json!({ "reason": "MISTAKE" })).await;
    let behind = behind(&house).await;
    for table in ["handoff_entry", "handoff_key"] {
        assert_eq!(count(&behind, table).await, 0, "{table}");
    }
    // The ledger, the coded facts and the audit stay.
    assert_eq!(count(&behind, "disclosure").await, lines);
    behind.close().await.unwrap();
    if db == Db::Sqlite {
        // While the hub runs: what was sealed does not lie on in the log that SQLite writes ahead.
        until("the log is emptied", async || {
            house.clock.advance(1);
            let bytes = dumped(house.place()).await;
            lying.iter().all(|sealed| !holds(&bytes, sealed))
        })
        .await;
    }
    for (id, was) in ids.iter().zip(&was) {
        let is = read(&intake, id).await;
        assert_eq!((&is["onBehalfOf"], &is["offer"]["acceptedBy"]), (&Value::Null, &Value::Null));
        assert!(is["offer"]["callback"].is_null());
        for coded in ["code", "state", "failReason", "announcedAt", "endedAt", "need", "sender", "receiver", "contacts"]
        {
            assert_eq!(is[coded], was[coded], "{coded}");
        }
        for admin in ["agency_admin", "agency_admin-2"] {
            let line = ("SHRED_TEXT".to_owned(), Some("RETENTION".to_owned()));
            assert!(audited(&house.client(admin), id).await.contains(&line), "{admin}");
        }
        let said = ask(&intake, &[id], &["CLINICAL"], "TREATMENT").await;
        assert_eq!((texts(&said), problems(&said, "disclose")), (vec![], vec!["RETENTION_ENDED"]));
    }
    nothing_lies_on(&mut house, &lying).await;
    house.close().await;
}

/// Nothing of it lies on in the database: not the names, and on SQLite not what was sealed, in pages that are free.
async fn nothing_lies_on(house: &mut House, lying: &[Vec<u8>]) {
    house.deliver().await;
    house.verified().await;
    house.halt().await;
    let bytes = dumped(house.place()).await;
    for name in ["Canaryunit", "Canaryname", "555-0177"] {
        assert!(!holds(&bytes, name.as_bytes()), "{name}");
    }
    if house.db == Db::Sqlite {
        assert!(lying.iter().all(|sealed| !holds(&bytes, sealed)), "what was sealed lies on");
    }
    assert!(holds(&bytes, b"HANDOFF_SHREDDED"), "nothing was searched");
    house.start().await;
}

/// Makes the database believe that a handoff ended now, as if its rules were not there: only the keys are left to protect it.
async fn ended_now(house: &House) {
    let behind = behind(house).await;
    let now = house.clock.now().micros();
    behind.execute_unprepared(&format!("UPDATE handoff SET ended_at = {now}")).await.unwrap();
    behind.close().await.unwrap();
}

async fn an_old_backup_is_unreadable_once_the_months_key_is_gone(db: Db) {
    let mut house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("officer-2"), &id, "CLINICAL", "zebra").await;
    went(&house.client("officer-2"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    let month = month_at(house.clock.now().plus_minutes(120 * DAY));
    house.deliver().await;
    house.halt().await;
    let (old, older) = (house.place().copy().await, house.place().copy_as("older").await);
    house.start().await;
    house.clock.advance(91 * DAY);
    let shredded = async |house: &House| {
        let behind = behind(house).await;
        let left = count(&behind, "handoff_key").await;
        behind.close().await.unwrap();
        left == 0
    };
    until("it is shredded", async || shredded(&house).await).await;
    let (readable, gone) = (vec!["zebra".to_owned()], Vec::<String>::new());
    let reads = async |house: &House| {
        ended_now(house).await;
        let said = ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await;
        let found = texts(&said).into_iter().map(str::to_owned).collect::<Vec<_>>();
        (found, problems(&said, "disclose").join(" "))
    };
    // While the month's key is there, whoever has it and an old copy opens it: that is what the key is destroyed for.
    house.deliver().await;
    house.halt().await;
    house.place().put_back(old).await;
    ended_now(&house).await;
    house.start().await;
    assert_eq!(reads(&house).await, (readable, String::new()));
    // Shredded there too; then the month passes, and a week.
    house.clock.advance(92 * DAY);
    until("it is shredded again", async || shredded(&house).await).await;
    assert!(month_at(house.clock.now().plus_minutes(-8 * DAY)) > month, "the test's own months");
    let keys = house.place().keys();
    let destroyed = || Ring::read(&keys).unwrap().destroyed().any(|one| one == month);
    if db == Db::Sqlite {
        until("the month's keys are destroyed", async || destroyed()).await;
    } else {
        // Each node has a copy of the ring that the hub does not reach: somebody destroys it, when the hub says that it may go.
        while retention::pass(house.hub()).await.unwrap() > 0 {}
        assert!(!destroyed(), "the hub destroyed what others hold too");
        let ring = Ring::read(&keys).unwrap();
        let passed = house.store().passed_months(&ring).await.unwrap();
        assert!(passed.iter().any(|passed| passed.month == month && passed.may_go()), "{passed:?}");
        Ring::change(&keys, |ring| Ok((ring.destroy(month), true))).unwrap();
    }
    house.deliver().await;
    house.halt().await;
    house.place().put_back(older).await;
    ended_now(&house).await;
    house.start().await;
    assert_eq!(reads(&house).await, (gone, "RETENTION_ENDED".to_owned()));
    // The keys of this month and of those to come are there.
    let ring = Ring::read(&keys).unwrap();
    assert!(ring.ids().any(|id| id.month == month_at(house.clock.now())));
    house.close().await;
}

async fn two_nodes_shred_each_once(db: Db) {
    const MANY: usize = 120;
    let house = House::open(db).await;
    let door = open_door(&house, 900, 4).await;
    let (officer, mut ids) = (house.client("officer-2"), Vec::new());
    for _ in 0..MANY {
        let id = on_the_way(&officer, door).await;
        wrote(&officer, &id, "CLINICAL", "zebra").await;
        went(&officer, "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
        ids.push(id);
    }
    let (hubs, _, _neighbor) = house.hubs().await;
    house.clock.advance(91 * DAY);
    // The nodes' own passes, and as many again at the same time.
    let passes = hubs.iter().flat_map(|hub| std::iter::repeat_n(hub, 4));
    let passes = passes.map(|hub| async move { while retention::pass(hub).await.unwrap() > 0 {} });
    futures_util::future::join_all(passes).await;
    let behind = behind(&house).await;
    until("all are shredded", async || count(&behind, "handoff WHERE text_shredded_at IS NULL").await == 0).await;
    house.deliver().await;
    let mut told: BTreeMap<uuid::Uuid, usize> = BTreeMap::new();
    let intake = staff(house.hub(), "intake");
    for event in
        log_of(house.store(), &intake).await.iter().filter(|one| one.happening.kind == EventKind::HandoffShredded)
    {
        *told.entry(event.happening.key).or_default() += 1;
    }
    assert_eq!((told.len(), told.values().max()), (MANY, Some(&1)));
    let lines = count(&behind, "audit_entry WHERE machine = 'RETENTION'").await;
    assert_eq!(lines, 2 * i64::try_from(MANY).unwrap(), "one line for each agency");
    println!("{db:?}: {MANY} handoffs, {} nodes, each shredded once", hubs.len());
    house.close().await;
}

/// How many keys of handoffs there are.
async fn keys(house: &House) -> i64 {
    let behind = behind(house).await;
    let left = count(&behind, "handoff_key").await;
    behind.close().await.unwrap();
    left
}

async fn what_goes_on_is_kept_however_long(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("officer-2"), &id, "CLINICAL", "zebra").await;
    // It is counted from the end: what is announced long ago and goes on has none.
    house.clock.advance(91 * DAY);
    assert_eq!((retention::pass(house.hub()).await.unwrap(), keys(&house).await), (0, 1));
    went(&house.client("officer-2"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    house.clock.advance(90 * DAY - 2);
    assert_eq!((retention::pass(house.hub()).await.unwrap(), keys(&house).await), (0, 1));
    assert_eq!(texts(&ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await), ["zebra"]);
    house.clock.advance(4);
    until("it is shredded", async || keys(&house).await == 0).await;
    let said = ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(problems(&said, "disclose"), ["RETENTION_ENDED"]);
    // A yes that was given meanwhile is nobody's to read either.
    let asked = Asked::open(&house, 4).await;
    let sender = house.client("emergency_department-2");
    let (_, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    went(&house.client("intake"), "acceptOffer", &handoffs[0], yes()).await;
    assert_eq!(read(&sender, &handoffs[0]).await["offer"]["acceptedBy"], "Dr. Amber", "what goes on keeps its names");
    house.close().await;
}

async fn what_cannot_be_read_keeps_nothing_else(db: Db) {
    /// As many as one write shreds.
    const UNREADABLE: i64 = 50;
    let house = House::open(db).await;
    let door = open_door(&house, 900, 4).await;
    let officer = house.client("officer-2");
    for n in 0..=UNREADABLE {
        let id = on_the_way(&officer, door).await;
        wrote(&officer, &id, "CLINICAL", "zebra").await;
        if n == UNREADABLE {
            let behind = behind(&house).await;
            behind
                .execute_unprepared("UPDATE handoff SET reason = 'NOTHING' WHERE ended_at IS NOT NULL")
                .await
                .unwrap();
            behind.close().await.unwrap();
            house.clock.advance(1);
        }
        went(&officer, "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    }
    // They ended first, and fill a whole batch.
    house.clock.advance(91 * DAY);
    until("the one behind them is shredded", async || keys(&house).await == UNREADABLE).await;
    house.close().await;
}

async fn a_clock_that_leapt_shreds_nothing_for_a_day(db: Db) {
    let mut house = House::with(db, |config| config.retention.leap_hours = 24).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("officer-2"), &id, "CLINICAL", "zebra").await;
    went(&house.client("officer-2"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    house.deliver().await;
    house.halt().await;
    house.clock.advance(91 * DAY);
    house.start().await;
    // Long enough for several looks.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(keys(&house).await, 1, "it was shredded before anybody could put the clock right");
    // Were the clock put right now, all would be there. It was right, and time goes on.
    house.clock.advance(22 * 60);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(keys(&house).await, 1, "a day is a day");
    until("it is believed, and shredded", async || {
        house.clock.advance(2);
        keys(&house).await == 0
    })
    .await;
    house.close().await;
}
