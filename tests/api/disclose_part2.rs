//! Records of a program under 42 CFR Part 2: told under a standing consent alone, with the notice, and no longer once it is revoked.
use super::bed::problems;
use super::disclose::{ask, behind, count, texts, wrote};
use super::handoff::{on_the_way, open_door};
use crate::house::{Answer, Client, Db, House};
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    a_programs_record_needs_a_standing_consent,
    a_peer_is_told_what_the_person_agreed_to,
    a_consent_says_what_it_may,
    a_revoked_consent_tells_nothing_more,
);

const RECORD: &str = "mutation($input: RecordConsentInput!) { recordConsent(input: $input) {
    consent { id version kind tiers purposes from { id } to { id } revokedAt recorder { id } } problems { code } replayed } }";
pub const REVOKE: &str = "mutation($input: RevokeConsentInput!) { revokeConsent(input: $input) {
    consent { id version revokedAt } problems { code current { id } } replayed } }";

/// Makes the second agency a program.
pub async fn program(house: &House) {
    program_of(house, 1).await;
}

/// Makes one of the two agencies a program.
pub async fn program_of(house: &House, agency: usize) {
    let edit = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { problems { code } } }";
    let (name, agency) = (["Amber", "Basalt"][agency], house.world.agencies[agency].organization.to_string());
    let input = json!({ "id": agency, "name": name, "kind": "TRIBAL", "coveredEntity": true, "part2Program": true });
    let said = house.client("hub_operator").ask(edit, json!({ "input": input })).await;
    assert_eq!(problems(&said, "saveOrganization"), [""; 0]);
    house.deliver().await;
}

/// A consent from the second agency to the first, less what a test says otherwise.
pub fn terms(house: &House, handoff: &str, more: Value) -> Value {
    let [ours, theirs] = house.world.agencies.each_ref().map(|agency| agency.organization.to_string());
    let mut input = json!({ "handoffId": handoff, "kind": "PART2_TPO", "fromId": theirs, "toIds": [ours],
        "tiers": ["PART2", "CLINICAL"], "purposes": ["TREATMENT"], "signer": "PERSON", "given": "WRITTEN",
        "expiresAt": house.clock.now().plus_minutes(24 * 60).to_string() });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "input": input })
}

pub async fn consented(client: &Client, input: Value) -> String {
    let said = client.ask(RECORD, input).await;
    said.data("/recordConsent/consent/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned()
}

fn notices(said: &Answer) -> usize {
    let entries = said.data("/disclose/entries").as_array().unwrap();
    entries
        .iter()
        .filter(|entry| entry["redisclosureNotice"].as_str().is_some_and(|text| text.contains("42 CFR 2.32")))
        .count()
}

async fn a_programs_record_needs_a_standing_consent(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&team, &id, "PART2", "zebra part two").await;
    wrote(&team, &id, "CLINICAL", "zebra labelled").await;
    wrote(&intake, &id, "CLINICAL", "the desk's own").await;
    // Without consent: nothing of the program's, and the rest all the same.
    let said = ask(&intake, &[&id], &["PART2", "CLINICAL"], "TREATMENT").await;
    assert_eq!(problems(&said, "disclose"), ["CONSENT_REQUIRED", "CONSENT_REQUIRED"]);
    assert_eq!(said.data("/disclose/problems/0/current/id"), &json!(id));
    assert_eq!(texts(&said), ["the desk's own"]);
    // The same is said where the program has written nothing: that it has is a record of its own.
    let empty = on_the_way(&house.client("officer-2"), door).await;
    let said = ask(&intake, &[&empty], &["PART2", "CLINICAL"], "TREATMENT").await;
    assert_eq!(problems(&said, "disclose"), ["CONSENT_REQUIRED", "CONSENT_REQUIRED"]);
    // Within the program its people tell each other.
    let within = ask(&house.client("intake-2"), &[&id], &["PART2", "CLINICAL"], "TREATMENT").await;
    assert_eq!((texts(&within).len(), notices(&within)), (3, 2));
    assert_eq!(problems(&within, "disclose"), [""; 0]);
    // What does not cover it does not help.
    for other in [
        json!({ "kind": "TREATMENT_TPO", "tiers": ["CLINICAL"] }),
        json!({ "purposes": ["CARE_COORDINATION"] }),
        json!({ "toIds": [house.world.agencies[1].organization.to_string()] }),
        json!({ "startsAt": house.clock.now().plus_minutes(60).to_string() }),
        json!({ "fromId": house.world.agencies[0].organization.to_string() }),
    ] {
        consented(&intake, terms(&house, &id, other.clone())).await;
        let said = ask(&intake, &[&id], &["PART2", "CLINICAL"], "TREATMENT").await;
        assert_eq!(texts(&said), ["the desk's own"], "{other}");
    }
    let consent = consented(&intake, terms(&house, &id, json!({}))).await;
    let said = ask(&intake, &[&id], &["PART2", "CLINICAL"], "TREATMENT").await;
    assert_eq!(problems(&said, "disclose"), [""; 0]);
    assert_eq!((texts(&said).len(), notices(&said)), (3, 2));
    let behind = behind(&house).await;
    assert_eq!(count(&behind, "disclosure WHERE consent_id IS NOT NULL").await, 2);
    // For safety alone no program's record is opened, and no officer ever gets to one.
    assert_eq!(ask(&intake, &[&id], &["PART2"], "SAFETY").await.code(), "FORBIDDEN");
    for (person, purpose) in
        [("officer", "TREATMENT"), ("officer-2", "OWN_RECORD"), ("ems", "TREATMENT"), ("line_988-far", "TREATMENT")]
    {
        let code = ask(&house.client(person), &[&id], &["PART2"], purpose).await.code().to_owned();
        assert!(["FORBIDDEN", "NOT_FOUND"].contains(&&*code), "{person}: {code}");
    }
    // It has an end of its own.
    house.clock.advance(24 * 60);
    let said = ask(&house.client("intake"), &[&id], &["PART2"], "TREATMENT").await;
    assert_eq!((texts(&said), problems(&said, "disclose")), (vec![], vec!["CONSENT_REQUIRED"]));
    // The label stays when the program is one no longer.
    let node = "query($id: ID!) { node(id: $id) { ... on Consent { id kind } } }";
    assert_eq!(house.client("peer").ask(node, json!({ "id": consent })).await.data("/node/kind"), "PART2_TPO");
    for blind in ["officer-2", "ems", "intake-far", "agency_admin"] {
        assert!(house.client(blind).ask(node, json!({ "id": consent })).await.data("/node").is_null(), "{blind}");
    }
    behind.close().await.unwrap();
    house.close().await;
}

async fn a_peer_is_told_what_the_person_agreed_to(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, peer) = (house.client("officer-2"), house.client("peer"));
    let id = on_the_way(&officer, door).await;
    wrote(&officer, &id, "CLINICAL", "from the field").await;
    let said = ask(&peer, &[&id], &["CLINICAL"], "CARE_COORDINATION").await;
    assert_eq!((texts(&said), problems(&said, "disclose")), (vec![], vec!["CONSENT_REQUIRED"]));
    assert_eq!(ask(&peer, &[&id], &["CLINICAL"], "TREATMENT").await.code(), "FORBIDDEN");
    let [ours, theirs] = house.world.agencies.each_ref().map(|agency| agency.organization.to_string());
    let agreed = |from: &str| json!({ "kind": "PEER", "given": "VERBAL", "tiers": ["CLINICAL"], "purposes": ["CARE_COORDINATION"], "fromId": from });
    consented(&peer, terms(&house, &id, agreed(&theirs))).await;
    // What the field wrote is told; of the house's own staff nothing was agreed yet.
    let said = ask(&peer, &[&id], &["CLINICAL"], "CARE_COORDINATION").await;
    assert_eq!((texts(&said), problems(&said, "disclose")), (vec!["from the field"], vec!["CONSENT_REQUIRED"]));
    consented(&peer, terms(&house, &id, agreed(&ours))).await;
    let said = ask(&peer, &[&id], &["CLINICAL"], "CARE_COORDINATION").await;
    assert_eq!((texts(&said), problems(&said, "disclose")), (vec!["from the field"], vec![]));
    house.close().await;
}

async fn a_consent_says_what_it_may(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let intake = house.client("intake");
    let id = on_the_way(&house.client("officer-2"), door).await;
    let far = house.world.far.organization.to_string();
    for bad in [
        json!({ "kind": "TREATMENT_TPO" }),
        json!({ "given": "VERBAL" }),
        json!({ "toIds": [] }),
        json!({ "tiers": [] }),
        json!({ "purposes": [] }),
        json!({ "expiresAt": house.clock.now().plus_minutes(400 * 24 * 60).to_string() }),
        json!({ "expiresAt": house.clock.now().plus_minutes(-5).to_string() }),
        json!({ "kind": "EVERYTHING" }),
    ] {
        assert_eq!(intake.ask(RECORD, terms(&house, &id, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    assert_eq!(intake.ask(RECORD, terms(&house, &id, json!({ "fromId": far }))).await.code(), "BAD_USER_INPUT");
    assert_eq!(intake.ask(RECORD, terms(&house, &id, json!({ "toIds": [far] }))).await.code(), "NOT_FOUND");
    for (person, code) in
        [("officer-2", "FORBIDDEN"), ("ems", "FORBIDDEN"), ("agency_admin", "NOT_FOUND"), ("intake-far", "NOT_FOUND")]
    {
        assert_eq!(house.client(person).ask(RECORD, terms(&house, &id, json!({}))).await.code(), code, "{person}");
    }
    let keyed =
        json!({ "idempotencyKey": "once", "expiresAt": "2026-03-02T00:00:00Z", "startsAt": "2026-03-01T00:00:00Z" });
    let first = consented(&intake, terms(&house, &id, keyed.clone())).await;
    let again = intake.ask(RECORD, terms(&house, &id, keyed)).await;
    assert_eq!(again.data("/recordConsent/consent/id"), &json!(first));
    assert_eq!(again.data("/recordConsent/replayed"), true);
    house.close().await;
}

async fn a_revoked_consent_tells_nothing_more(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&team, &id, "PART2", "zebra").await;
    let consent = consented(&intake, terms(&house, &id, json!({}))).await;
    // Revoked while it is asked for all the time: nothing is told to whoever asks after the answer to that.
    let readers = (0..4).map(|_| async {
        let (mut told, mut late) = (0, 0);
        while late < 5 {
            let said = ask(&intake, &[&id], &["PART2"], "TREATMENT").await;
            if texts(&said).is_empty() {
                late += 1;
                continue;
            }
            assert_eq!(late, 0, "it was told again after it had not been");
            told += 1;
        }
        told
    });
    let revoke = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let said = team.ask(REVOKE, json!({ "input": { "consentId": consent, "expectedVersion": 1 } })).await;
        assert!(said.data("/revokeConsent/consent/revokedAt").is_string(), "{:#}", said.body);
        assert!(texts(&ask(&intake, &[&id], &["PART2"], "TREATMENT").await).is_empty());
    };
    let (told, ()) = tokio::join!(futures_util::future::join_all(readers), revoke);
    assert!(told.iter().sum::<usize>() > 0, "nothing was told before it was revoked");
    let again = team.ask(REVOKE, json!({ "input": { "consentId": consent } })).await;
    assert_eq!(problems(&again, "revokeConsent"), ["WRONG_STATE"]);
    let stale = team.ask(REVOKE, json!({ "input": { "consentId": consent, "expectedVersion": 1 } })).await;
    assert_eq!(problems(&stale, "revokeConsent"), ["STALE_VERSION"]);
    for stranger in ["officer-2", "intake-far", "agency_admin"] {
        let said = house.client(stranger).ask(REVOKE, json!({ "input": { "consentId": consent } })).await;
        assert_eq!(said.code(), "NOT_FOUND", "{stranger}");
    }
    // Those of both parties who keep consents are told that it was recorded and revoked, and police are not.
    house.deliver().await;
    let log = "{ events(first: 100) { edges { node { kind nodeId } } } }";
    for (person, told) in [("mobile_team-2", true), ("intake", true), ("officer-2", false)] {
        let said = house.client(person).ask(log, json!({})).await;
        let kinds: Vec<&str> = said
            .data("/events/edges")
            .as_array()
            .unwrap()
            .iter()
            .filter(|edge| edge["node"]["nodeId"] == json!(consent))
            .map(|edge| edge["node"]["kind"].as_str().unwrap())
            .collect();
        let all: &[&str] = if told { &["CONSENT_RECORDED", "CONSENT_REVOKED"] } else { &[] };
        assert_eq!(kinds, all, "{person}");
    }
    house.close().await;
}
