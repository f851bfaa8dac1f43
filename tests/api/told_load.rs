//! A consent revoked while a handoff changes all the time: nothing numbered after the revocation is about it for who was told.
use super::bed::problems;
use super::course::{plan, record};
use super::disclose::{behind, count};
use super::disclose_part2::{REVOKE, consented};
use super::handoff::{go, on_the_way, open_door, went};
use super::told::{since, tells, watching};
use crate::house::{Db, House};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

on_both!(a_consent_revoked_under_load_tells_nothing_after_it);

const ROUNDS: usize = 5;

async fn a_consent_revoked_under_load_tells_nothing_after_it(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (intake, officer, advocate) = (house.client("intake"), house.client("officer-2"), house.client("advocate-t"));
    let behind = behind(&house).await;
    let (mut slowest, mut changes) = (Duration::ZERO, 0);
    for round in 0..ROUNDS {
        let id = on_the_way(&officer, door).await;
        went(&intake, "arriveHandoff", &id, json!({})).await;
        went(&intake, "confirmTransfer", &id, json!({})).await;
        let planned = plan(&intake, &id, json!({})).await.data("/planFollowUp/followUp/id").clone();
        let (mut told, from) = watching(&advocate).await;
        let consent = consented(&intake, tells(&house, &id, third, json!({}))).await;
        let over = AtomicBool::new(false);
        // Both what is locked with the handoff and what is not: contacts, and attempts to follow up.
        let contacts = async {
            while !over.load(SeqCst) {
                go(&intake, "recordContact", &id, json!({ "kind": "NURSE_TO_NURSE" })).await;
            }
        };
        let attempts = async {
            while !over.load(SeqCst) {
                record(&intake, &planned, "ATTEMPTED").await;
            }
        };
        let listening = async {
            let (mut seen, mut left) = (0, None);
            while left.is_none() {
                let message = told.change("handoffsChanged").await;
                seen += 1;
                left = (message["change"] == "LEFT").then(Instant::now);
            }
            (seen, left.unwrap())
        };
        let revoking = async {
            tokio::time::sleep(Duration::from_millis(250 + 70 * round as u64)).await;
            let said = house.client("mobile_team-2").ask(REVOKE, json!({ "input": { "consentId": consent } })).await;
            let answered = Instant::now();
            assert_eq!(problems(&said, "revokeConsent"), [""; 0], "{:#}", said.body);
            tokio::time::sleep(Duration::from_millis(250)).await;
            over.store(true, SeqCst);
            answered
        };
        let ((), (), (seen, left), answered) = tokio::join!(contacts, attempts, listening, revoking);
        slowest = slowest.max(left.saturating_duration_since(answered));
        changes += seen;
        house.deliver().await;
        let all = since(&advocate, &from).await;
        assert_eq!(all, ["LEFT"], "what was told is told again");
        let later = "event e WHERE e.noun = 'handoff_share' AND e.number >
            (SELECT MAX(r.number) FROM event r WHERE r.kind = 'CONSENT_REVOKED')";
        assert_eq!(count(&behind, later).await, 0, "something is told after its revocation");
        let goes_on = "event e WHERE e.noun IN ('handoff', 'follow_up') AND e.number >
            (SELECT MAX(r.number) FROM event r WHERE r.kind = 'CONSENT_REVOKED')";
        assert!(count(&behind, goes_on).await > 2, "there was no load after it");
    }
    println!(
        "{db:?}: {changes} told in {ROUNDS} rounds, 0 after the revocation; LEFT at most {slowest:?} after its answer"
    );
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(changes > 10 * ROUNDS, "{changes}: there was no load");
    behind.close().await.unwrap();
    house.close().await;
}
