//! What is sealed beside a handoff's entries is shredded with them: what was told of a threat, and the account of an emergency once
//! its review is done.
use super::bed::problems;
use super::disclose::{behind, count, wrote};
use super::disclose_part2::program;
use super::emergency::in_emergency;
use super::handoff::{on_the_way, open_door, went};
use super::retention::DAY;
use crate::house::traffic::until;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::app::retention;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

on_both!(a_told_threat_is_shredded_with_its_handoff, an_account_is_there_for_its_review_and_goes_with_its_handoff);

async fn a_told_threat_is_shredded_with_its_handoff(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await.to_string();
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("mobile_team-2"), &id, "CLINICAL", "zebra").await;
    let tell = "mutation($input: DiscloseThreatInput!) { discloseThreat(input: $input) { problems { code } } }";
    let input =
        json!({ "handoffId": id, "toId": third, "basis": "SERIOUS_IMMINENT_TO_PUBLIC", "text": "Owns a rifle." });
    let said = house.client("mobile_team-2").ask(tell, json!({ "input": input })).await;
    assert_eq!(problems(&said, "discloseThreat"), [""; 0], "{:#}", said.body);
    went(&house.client("officer-2"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    let behind = behind(&house).await;
    let sealed = async || count(&behind, "threat_disclosure WHERE LENGTH(sealed) > 0").await;
    house.clock.advance(90 * DAY - 2);
    assert_eq!((retention::pass(house.hub()).await.unwrap(), sealed().await), (0, 1));
    house.clock.advance(4);
    until("it is shredded", async || count(&behind, "handoff_key").await == 0).await;
    assert_eq!((sealed().await, count(&behind, "threat_disclosure").await), (0, 1), "that it was told stays");
    house.deliver().await;
    house.verified().await;
    // What is left by somebody's hand is found.
    let blob = if db == Db::Sqlite { "BLOB" } else { "BYTEA" };
    behind.execute_unprepared(&format!("UPDATE threat_disclosure SET sealed = CAST('left' AS {blob})")).await.unwrap();
    let findings = house.store().verify().await.unwrap();
    let broken: Vec<_> = findings.iter().filter(|finding| finding.broken > 0).map(|finding| finding.promise).collect();
    assert_eq!(broken, ["nothing sealed is left of what was shredded"]);
    behind.close().await.unwrap();
}

const ACCOUNT: &str = "mutation($input: ReadEmergencyAccountInput!) { readEmergencyAccount(input: $input) {
    account { recipient } problems { code } } }";

async fn account(client: &Client, id: &Value) -> Answer {
    client.ask(ACCOUNT, json!({ "input": { "emergencyDisclosureId": id } })).await
}

/// The openings of a handoff, as the program's office lists them.
async fn opening(client: &Client, handoff: &str) -> Value {
    let list = "{ emergencyDisclosures { edges { node { id handoffId } } } }";
    let said = client.ask(list, json!({})).await;
    let edges = said.data("/emergencyDisclosures/edges").as_array().unwrap();
    edges.iter().map(|edge| &edge["node"]).find(|node| node["handoffId"] == handoff).unwrap()["id"].clone()
}

async fn an_account_is_there_for_its_review_and_goes_with_its_handoff(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = on_the_way(&house.client("officer-2"), door).await;
        wrote(&house.client("mobile_team-2"), &id, "PART2", "zebra").await;
        went(&house.client("officer-2"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
        ids.push(id);
    }
    for id in &ids {
        let said = in_emergency(&house.client("emergency_department"), id, "PART2").await;
        assert_eq!(problems(&said, "disclose"), [""; 0], "{:#}", said.body);
    }
    // Long after its review is due, whoever reviews late still reads what was said.
    house.clock.advance(89 * DAY);
    let office = house.client("agency_admin-2");
    let opened = [opening(&office, &ids[0]).await, opening(&office, &ids[1]).await];
    let review = "mutation($input: ReviewEmergencyDisclosureInput!) { reviewEmergencyDisclosure(input: $input) {
        problems { code } } }";
    let input = json!({ "emergencyDisclosureId": opened[0], "verdict": "ACCEPTED" });
    office.ask(review, json!({ "input": input })).await.data("");
    for id in &opened {
        let said = account(&office, id).await;
        assert_eq!(said.data("/readEmergencyAccount/account/recipient"), &json!("Dr. Ada Quarry"));
    }
    // And nobody keeps it for ever by saying nothing.
    house.clock.advance(DAY + 2);
    let behind = behind(&house).await;
    until("both are shredded", async || count(&behind, "handoff_key").await == 0).await;
    for id in &opened {
        let said = account(&house.client("agency_admin-2"), id).await;
        assert_eq!(problems(&said, "readEmergencyAccount"), ["RETENTION_ENDED"]);
    }
    assert_eq!(count(&behind, "emergency_disclosure").await, 2, "that they were opened stays");
    assert_eq!(count(&behind, "emergency_disclosure WHERE LENGTH(sealed) > 0").await, 0);
    house.deliver().await;
    house.verified().await;
    behind.close().await.unwrap();
    house.close().await;
}
