//! A consent revoked while it is used all the time.
use super::bed::problems;
use super::disclose::{ask, behind, count, texts, wrote};
use super::disclose_part2::{REVOKE, consented, program, terms};
use super::handoff::{on_the_way, open_door, watch};
use crate::house::traffic::until;
use crate::house::{Db, House};
use crisis_hub::app::chain;
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

on_both!(a_consent_revoked_under_load_tells_nothing_later);

const READERS: usize = 8;

/// Each opening stands open for a while between its ledger and its end: whoever does not wait for it is found.
async fn slow_down(db: Db, behind: &sea_orm::DatabaseConnection) {
    if db == Db::Postgres {
        for sql in [
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END $$",
            "CREATE TRIGGER slowly BEFORE INSERT ON disclosure FOR EACH ROW EXECUTE FUNCTION slowly()",
        ] {
            behind.execute_unprepared(sql).await.unwrap();
        }
    }
}

async fn a_consent_revoked_under_load_tells_nothing_later(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&team, &id, "PART2", "zebra").await;
    let consent = consented(&intake, terms(&house, &id, json!({}))).await;
    let behind = behind(&house).await;
    slow_down(db, &behind).await;
    let mut watching = watch(&intake).await;
    let over = AtomicBool::new(false);
    let readers = futures_util::future::join_all((0..READERS).map(|_| async {
        let mut said = Vec::new();
        while !over.load(SeqCst) {
            let began = Instant::now();
            let told = !texts(&ask(&intake, &[&id], &["PART2"], "TREATMENT").await).is_empty();
            said.push((began, told));
        }
        said
    }));
    let named = "disclosure WHERE consent_id IS NOT NULL";
    let revoke = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let said = team.ask(REVOKE, json!({ "input": { "consentId": consent } })).await;
        let answered = Instant::now();
        assert_eq!(problems(&said, "revokeConsent"), [""; 0], "{:#}", said.body);
        // Whatever was told under it is in the ledger by now: nothing that names it comes later.
        let lines = count(&behind, named).await;
        until("the revocation is in the chain", async || {
            chain::lay(house.hub()).await.unwrap();
            count(&behind, "audit_entry WHERE link IS NOT NULL AND noun = 'consent' AND row_version = 2").await == 1
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        over.store(true, SeqCst);
        (answered, lines)
    };
    let heard = async {
        loop {
            let event = watching.next().await.unwrap().1["data"]["events"]["event"].clone();
            if event["kind"] == "CONSENT_REVOKED" {
                assert_eq!(event["nodeId"], json!(consent));
                return Instant::now();
            }
        }
    };
    let (said, (answered, lines), heard) = tokio::join!(readers, revoke, heard);
    let said: Vec<_> = said.into_iter().flatten().collect();
    let told = said.iter().filter(|(_, told)| *told).count();
    let after = said.iter().filter(|(began, _)| *began > answered).count();
    assert!(told >= 3 && after >= 3, "{told} told, {after} asked after it: there was no load");
    assert_eq!(said.iter().filter(|(began, told)| *told && *began > answered).count(), 0);
    assert!(heard.saturating_duration_since(answered) < Duration::from_secs(5), "the revoked party was told too late");
    // By the ledger, by the hub's time and in the chain's order.
    assert_eq!(count(&behind, named).await, lines, "something was told under it after it was revoked");
    assert_eq!(usize::try_from(lines).unwrap(), told);
    let late = format!("{named} AND \"at\" >= (SELECT revoked_at FROM consent)");
    assert_eq!(count(&behind, &late).await, 0);
    until("all is in the chain", async || {
        chain::lay(house.hub()).await.unwrap();
        house.store().chain_state().await.unwrap().waiting == 0
    })
    .await;
    let revoked = "(SELECT link FROM audit_entry WHERE noun = 'consent' AND row_version = 2)";
    assert_eq!(count(&behind, &format!("{named} AND link > {revoked}")).await, 0);
    println!("{db:?}: {told} told under it, {after} asked after it was revoked: 0 told later");
    behind.close().await.unwrap();
    house.close().await;
}
