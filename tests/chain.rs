//! The chain that binds the audit and the ledger: whatever is done to a line is found, and nothing else is.
use crate::api::disclose::{ask, wrote};
use crate::api::handoff::{on_the_way, open_door};
use crate::house::program::Program;
use crate::house::traffic::{staff, until};
use crate::house::{Db, House, hub_alone};
use crisis_hub::app::{Hub, chain};
use crisis_hub::domain::chain::ChainEnd;
use crisis_hub::domain::event::{EventKind, Fact};
use crisis_hub::node::{self, Sources};
use crisis_hub::store::{Finding, Store};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, QueryResult};
use std::time::Instant;

on_both!(
    whatever_is_done_to_a_line_is_found,
    lines_that_wait_break_nothing,
    the_program_compares_with_an_end_that_was_kept,
);

/// Waits until no line waits for its place.
async fn all_laid(hub: &Hub) -> ChainEnd {
    until("every line is in the chain", async || {
        chain::lay(hub).await.unwrap();
        hub.store().chain_state().await.unwrap().waiting == 0
    })
    .await;
    hub.store().chain_state().await.unwrap().end
}

async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    db.query_all_raw(sea_orm::Statement::from_string(db.get_database_backend(), sql)).await.unwrap()
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    rows(db, &format!("SELECT ({sql}) AS n")).await[0].try_get("", "n").unwrap()
}

/// Bytes as both databases spell them.
fn blob(db: Db, bytes: &[u8]) -> String {
    let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    if db == Db::Sqlite { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
}

/// The promises of the chain that are broken.
fn broken(findings: &[Finding]) -> Vec<&'static str> {
    let ours = findings.iter().filter(|finding| finding.broken != 0);
    ours.map(|finding| finding.promise)
        .filter(|promise| ["chain", "link"].iter().any(|word| promise.contains(word)))
        .collect()
}

/// A hub at work whose log was told twice where the chain ends; three disclosures lie between.
async fn told_twice(house: &House) -> [ChainEnd; 2] {
    let door = open_door(house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("officer-2"), &id, "CLINICAL", "zebra").await;
    ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await.data("");
    all_laid(house.hub()).await;
    assert_eq!(chain::tell(house.hub()).await.unwrap(), None, "it is not five minutes yet");
    house.clock.advance(5);
    let first = chain::tell(house.hub()).await.unwrap().expect("five minutes have passed");
    all_laid(house.hub()).await;
    for _ in 0..3 {
        ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await.data("");
    }
    let end = all_laid(house.hub()).await;
    assert!(end.number >= first.number + 4, "the line about the head, and three of the ledger");
    house.clock.advance(5);
    let second = chain::tell(house.hub()).await.unwrap().expect("five minutes more");
    assert!(second.number >= end.number);
    all_laid(house.hub()).await;
    house.deliver().await;
    [first, second]
}

/// The line of a number, by its table.
fn line_of(noun: &str, which: &str) -> String {
    format!("id = (SELECT row_id FROM audit_link WHERE noun = '{noun}' ORDER BY number {which} LIMIT 1)")
}

/// Two links change places, with their lines.
const REORDER: &str = "
    CREATE TABLE swapped AS SELECT number, noun, row_id, digest FROM audit_link WHERE number IN (3, 4);
    UPDATE audit_link SET noun = (SELECT noun FROM swapped s WHERE s.number = 7 - audit_link.number),
        row_id = (SELECT row_id FROM swapped s WHERE s.number = 7 - audit_link.number),
        digest = (SELECT digest FROM swapped s WHERE s.number = 7 - audit_link.number) WHERE number IN (3, 4);
    UPDATE audit_entry SET link = 7 - link WHERE link IN (3, 4);
    UPDATE disclosure SET link = 7 - link WHERE link IN (3, 4);
    DROP TABLE swapped";

/// Takes the end off: what was disclosed since the log was told first, and that it was told again.
async fn cut_off(db: Db, conn: &DatabaseConnection, [first, _]: [ChainEnd; 2]) {
    let keep = number(conn, &format!("SELECT MIN(link) - 1 FROM disclosure WHERE link > {}", first.number)).await;
    let hash: Vec<u8> =
        rows(conn, &format!("SELECT hash FROM audit_link WHERE number = {keep}")).await[0].try_get("", "hash").unwrap();
    for sql in [
        format!("DELETE FROM disclosure WHERE link > {keep}"),
        format!("DELETE FROM audit_entry WHERE link > {keep}"),
        format!("DELETE FROM audit_link WHERE number > {keep}"),
        "DELETE FROM event WHERE noun = 'audit_chain' AND row_version = 3".to_owned(),
        format!(
            "UPDATE audit_chain SET version = 2, number = {keep}, hash = {}, told_number = {}",
            blob(db, &hash),
            first.number
        ),
    ] {
        conn.execute_unprepared(&sql).await.unwrap();
    }
}

/// Takes one disclosure away and writes everything anew around it, with what the log was told, as only somebody can who has the
/// whole database and the program.
async fn written_anew(db: Db, conn: &DatabaseConnection, store: &Store) {
    for sql in [
        format!("DELETE FROM disclosure WHERE {}", line_of("disclosure", "ASC")),
        "UPDATE disclosure SET link = NULL".into(),
        "UPDATE audit_entry SET link = NULL".into(),
        "DELETE FROM audit_link".into(),
        format!("UPDATE audit_chain SET number = 0, hash = {}", blob(db, &[0; 32])),
    ] {
        conn.execute_unprepared(&sql).await.unwrap();
    }
    while store.lay_chain(1_000).await.unwrap() > 0 {}
    let heads = rows(conn, "SELECT row_version, fact FROM event WHERE noun = 'audit_chain' ORDER BY row_version").await;
    for head in heads {
        let fact: String = head.try_get("", "fact").unwrap();
        let Ok(Fact::AuditChain(told)) = serde_json::from_str(&fact) else { panic!("{fact}") };
        let (number, version) = (told.number - 1, head.try_get::<i64>("", "row_version").unwrap());
        let link = rows(conn, &format!("SELECT hash FROM audit_link WHERE number = {number}")).await;
        let hash: [u8; 32] = link[0].try_get::<Vec<u8>>("", "hash").unwrap().try_into().unwrap();
        let end = ChainEnd { number, hash: crisis_hub::domain::chain::Digest::of(hash) };
        let fact = serde_json::to_string(&Fact::AuditChain(end)).unwrap();
        let sql = format!("UPDATE event SET fact = '{fact}' WHERE noun = 'audit_chain' AND row_version = {version}");
        conn.execute_unprepared(&sql).await.unwrap();
        conn.execute_unprepared(&format!("UPDATE audit_chain SET told_number = {number}")).await.unwrap();
    }
}

async fn whatever_is_done_to_a_line_is_found(db: Db) {
    let mut house = House::open(db).await;
    let ends = told_twice(&house).await;
    // The hub's operators are told that it has grown, and nobody else.
    for (person, told) in [("hub_operator", 2), ("agency_admin", 0), ("intake", 0), ("agency_admin-far", 0)] {
        let reader = house.store().read(&staff(house.hub(), person)).await.unwrap();
        let events = reader.events_after(0, 10_000).await.unwrap();
        let heads = events.iter().filter(|event| event.happening.kind == EventKind::AuditChained).count();
        assert_eq!(heads, told, "{person}");
    }
    house.halt().await;
    let edit =
        |table: &str, set: &str, which: &str| format!("UPDATE {table} SET {set} WHERE {}", line_of(table, which));
    let simple = [
        ("edited", edit("audit_entry", "action = 'READ_AUDIT'", "ASC")),
        ("edited", edit("audit_entry", "machine = 'SETTLER'", "DESC")),
        ("edited", edit("audit_entry", "\"at\" = \"at\" + 1", "DESC")),
        ("edited", edit("disclosure", "purpose = 'SAFETY'", "ASC")),
        ("edited", edit("disclosure", "entries = 0", "DESC")),
        ("edited", edit("disclosure", "author_id = NULL", "DESC")),
        ("deleted", format!("DELETE FROM disclosure WHERE {}", line_of("disclosure", "ASC"))),
        ("deleted", "DELETE FROM audit_entry WHERE link = 2; DELETE FROM audit_link WHERE number = 2".into()),
        ("deleted", "UPDATE audit_entry SET link = NULL WHERE link = 2".into()),
        ("reordered", REORDER.into()),
        ("added", "INSERT INTO audit_entry (id, \"at\", grant_id, machine, action, noun, row_id, row_version, owner_id, link) SELECT region_id, \"at\", grant_id, NULL, 'DISCLOSE', 'handoff', handoff_id, 1, region_id, 2 FROM disclosure LIMIT 1".into()),
    ];
    let mut found = 0;
    let open = async || node::open_store(&house.config, &Sources::of_host(), false).await.unwrap();
    for (what, sql) in simple.iter().map(|(what, sql)| (*what, sql.as_str())).chain([
        ("cut off", ""),
        ("written anew", ""),
        ("untouched", ""),
    ]) {
        let copy = house.place().copy().await;
        let conn = Database::connect(&house.place().url).await.unwrap();
        let store = open().await;
        match what {
            "cut off" => cut_off(db, &conn, ends).await,
            "written anew" => written_anew(db, &conn, &store).await,
            _ => {
                for sql in sql.split(';').filter(|sql| !sql.trim().is_empty()) {
                    conn.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
                }
            }
        }
        let plain = broken(&store.verify().await.unwrap()).len();
        let beside = broken(&store.verify_against(&ends[1..]).await.unwrap()).len();
        match what {
            "untouched" => assert_eq!((plain, beside), (0, 0)),
            // Only who keeps where it ended finds what is whole in itself.
            "cut off" | "written anew" => assert_eq!((plain, beside), (0, 1), "{what}"),
            _ => assert!(plain > 0 && beside > 0, "{what}: {sql}"),
        }
        found += usize::from(beside > 0);
        store.close().await;
        conn.close().await.unwrap();
        house.place().put_back(copy).await;
    }
    println!("{db:?}: {found} of {} ways of tampering found, none where there was none", simple.len() + 2);
    house.start().await;
    house.close().await;
}

async fn lines_that_wait_break_nothing(db: Db) {
    let (hub, world, _place) = hub_alone(db).await;
    while hub.store().number_waiting().await.unwrap().1 > 0 {}
    let whole = async || assert_eq!(broken(&hub.store().verify().await.unwrap()), [""; 0]);
    let before = hub.store().chain_state().await.unwrap();
    assert!(before.waiting > 50 && before.end == ChainEnd::default(), "{before:?}");
    whole().await;
    // Batch by batch, whole after each.
    let began = Instant::now();
    assert_eq!(hub.store().lay_chain(3).await.unwrap(), 3);
    let some = hub.store().chain_state().await.unwrap();
    assert_eq!((some.end.number, some.waiting), (3, before.waiting - 3));
    whole().await;
    let (one, other) = tokio::join!(hub.store().lay_chain(20), hub.store().lay_chain(20));
    assert!(one.unwrap() + other.unwrap() >= 20, "two nodes at once");
    whole().await;
    let end = all_laid(&hub).await;
    whole().await;
    assert_eq!(end.number, i64::try_from(before.waiting).unwrap());
    println!("{db:?}: {} lines laid and checked four times in {:.1?}", end.number, began.elapsed());
    assert_eq!(hub.store().lay_chain(20).await.unwrap(), 0);
    drop(world);
}

async fn the_program_compares_with_an_end_that_was_kept(db: Db) {
    let mut house = House::open(db).await;
    let [_, second] = told_twice(&house).await;
    let program = Program::of(&mut house).await;
    let (good, said) = program.run("verify", &["--anchor", &second.to_string()]).await;
    assert!(good && said.contains("ok   the chain goes on from each end"), "{said}");
    let other = ChainEnd { number: second.number - 1, ..second };
    let (good, said) = program.run("verify", &["--anchor", &other.to_string()]).await;
    assert!(!good && said.contains("FAIL the chain goes on from each end"), "{said}");
    let (good, said) = program.run("verify", &["--anchor", "12:zebra"]).await;
    assert!(!good && said.contains("NUMBER:HASH"), "{said}");
    house.start().await;
    house.close().await;
}
