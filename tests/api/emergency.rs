//! Medical emergencies: what a program wrote is opened without consent by medical personnel, once for each act, with an account of
//! it, and reviewed by the program's privacy office.
use super::bed::problems;
use super::disclose::{behind, count, texts, wrote};
use super::disclose_part2::program;
use super::handoff::{on_the_way, open_door, went};
use crate::house::traffic::until;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::role::Role;
use serde_json::{Value, json};

on_both!(
    in_an_emergency_a_programs_record_is_opened_once_and_reviewed,
    nobody_but_medical_personnel_breaks_the_glass,
    an_account_has_every_field,
    there_is_no_emergency_without_a_program_nor_a_day_after_the_end,
    two_open_at_once,
    a_review_that_does_not_come_is_told_after_three_days,
);

const OPEN: &str = "mutation($input: DiscloseInput!) { disclose(input: $input) { entries {
    ... on PlainEntry { id text } ... on Part2Entry { id text redisclosureNotice } } problems { code } } }";
const LIST: &str = "query($review: EmergencyReview) { emergencyDisclosures(review: $review) { edges { node {
    id version handoffId nature role grantId review reviewBy late reviewedAt author { id } organization { id } } } } }";
const ACCOUNT: &str = "mutation($input: ReadEmergencyAccountInput!) { readEmergencyAccount(input: $input) {
    emergencyDisclosure { id } account { account recipient affiliation discloser } problems { code } } }";
const REVIEW: &str = "mutation($input: ReviewEmergencyDisclosureInput!) { reviewEmergencyDisclosure(input: $input) {
    emergencyDisclosure { id version review reviewBy reviewedAt } problems { code } replayed } }";

fn input(handoff: &str, more: Value) -> Value {
    let emergency = json!({ "nature": "OVERDOSE", "account": "Found not breathing;\nnaloxone given twice.",
        "recipient": "Dr. Ada Quarry", "affiliation": "Amber Hospital", "discloser": "Ben Slate, RN", "consentUnobtainable": true });
    let mut input = json!({ "handoffIds": [handoff], "tiers": ["PART2", "CLINICAL"], "purpose": "MEDICAL_EMERGENCY",
        "emergency": emergency });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "input": input })
}

/// Opens one tier in an emergency.
pub async fn in_emergency(client: &Client, handoff: &str, tier: &str) -> Answer {
    let document = "mutation($input: DiscloseInput!) { disclose(input: $input) { entries {
        ... on PlainEntry { id handoffId text identity { name } } ... on Part2Entry { id handoffId text redisclosureNotice } }
        problems { code } } }";
    client.ask(document, input(handoff, json!({ "tiers": [tier] }))).await
}

/// Opens what a program wrote, in an emergency.
async fn open(client: &Client, handoff: &str) -> Answer {
    client.ask(OPEN, input(handoff, json!({}))).await
}

async fn listed(client: &Client, review: Value) -> Vec<Value> {
    let said = client.ask(LIST, json!({ "review": review })).await;
    said.data("/emergencyDisclosures/edges").as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

async fn account(client: &Client, id: &Value) -> Answer {
    client.ask(ACCOUNT, json!({ "input": { "emergencyDisclosureId": id } })).await
}

async fn review(client: &Client, id: &Value, more: Value) -> Answer {
    let mut input = json!({ "emergencyDisclosureId": id, "verdict": "ACCEPTED" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(REVIEW, json!({ "input": input })).await
}

async fn kinds(client: &Client) -> Vec<String> {
    let said = client.ask("{ events(first: 100) { edges { node { kind } } } }", json!({})).await;
    let edges = said.data("/events/edges").as_array().unwrap();
    let kinds = edges.iter().map(|edge| edge["node"]["kind"].as_str().unwrap().to_owned());
    kinds.filter(|kind| kind.starts_with("EMERGENCY")).collect()
}

/// Both privacy offices read that something was opened, and to everybody else it is not there.
async fn the_offices_alone_know_of_it(house: &House, id: &Value) {
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    for role in Role::ALL {
        for suffix in ["", "-2", "-far"] {
            let (client, office) = (
                house.client(&format!("{}{suffix}", role.code().to_lowercase())),
                *role == Role::AgencyAdmin && suffix != "-far",
            );
            assert_eq!(listed(&client, Value::Null).await.len(), usize::from(office), "{role:?}{suffix}");
            assert_eq!(client.ask(node, json!({ "id": id })).await.data("/node").is_null(), !office);
            if !office {
                assert_eq!(account(&client, id).await.code(), "NOT_FOUND", "{role:?}{suffix}");
                assert_eq!(review(&client, id, json!({})).await.code(), "NOT_FOUND", "{role:?}{suffix}");
                assert!(*role == Role::HubOperator || kinds(&client).await.is_empty(), "{role:?}{suffix}");
            }
        }
    }
}

/// What was said of it is opened by a verb that the ledger knows of; the program's office reviews it, once.
async fn it_is_reviewed_once(house: &House, id: &Value) {
    let (program, hospital) = (house.client("agency_admin-2"), house.client("agency_admin"));
    let said = account(&program, id).await;
    let says = said.data("/readEmergencyAccount/account");
    assert_eq!((&says["recipient"], &says["affiliation"]), (&json!("Dr. Ada Quarry"), &json!("Amber Hospital")));
    assert_eq!(says["account"], "Found not breathing;\nnaloxone given twice.");
    assert_eq!(review(&hospital, id, json!({})).await.code(), "FORBIDDEN");
    let stale = review(&program, id, json!({ "expectedVersion": 7 })).await;
    assert_eq!(problems(&stale, "reviewEmergencyDisclosure"), ["STALE_VERSION"]);
    let keyed = json!({ "verdict": "QUESTIONED", "expectedVersion": 1, "idempotencyKey": "once" });
    for replayed in [false, true] {
        let done = review(&program, id, keyed.clone()).await;
        let done = done.data("/reviewEmergencyDisclosure").clone();
        assert_eq!(
            (&done["emergencyDisclosure"]["review"], &done["replayed"]),
            (&json!("QUESTIONED"), &json!(replayed))
        );
    }
    let again = review(&program, id, json!({})).await;
    assert_eq!(problems(&again, "reviewEmergencyDisclosure"), ["WRONG_STATE"]);
}

async fn in_an_emergency_a_programs_record_is_opened_once_and_reviewed(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let (team, doctor) = (house.client("mobile_team-2"), house.client("emergency_department"));
    let [ours, theirs] = house.world.agencies.each_ref().map(|agency| agency.organization.to_string());
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&team, &id, "PART2", "methadone, 90 mg").await;
    wrote(&team, &id, "CLINICAL", "last seen at the clinic").await;
    let closed = super::disclose::ask(&doctor, &[&id], &["PART2", "CLINICAL"], "TREATMENT").await;
    assert_eq!((texts(&closed).len(), problems(&closed, "disclose").len()), (0, 2));
    let opened = open(&doctor, &id).await;
    assert_eq!(texts(&opened), ["methadone, 90 mg", "last seen at the clinic"]);
    assert_eq!(problems(&opened, "disclose"), [""; 0]);
    let entries = opened.data("/disclose/entries").as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["redisclosureNotice"].as_str().unwrap().contains("42 CFR 2.32")));
    // The act has opened once: without another there is nothing, and another leaves another record.
    let closed = super::disclose::ask(&doctor, &[&id], &["PART2"], "TREATMENT").await;
    assert_eq!((texts(&closed).len(), problems(&closed, "disclose")), (0, vec!["CONSENT_REQUIRED"]));
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    assert!(doctor.ask(node, json!({ "id": entries[0]["id"] })).await.data("/node").is_null());
    // Both privacy offices are told, and nobody else.
    house.deliver().await;
    let (program, hospital) = (house.client("agency_admin-2"), house.client("agency_admin"));
    let mut seen = listed(&program, Value::Null).await;
    let one = seen.pop().unwrap();
    assert!(seen.is_empty());
    assert_eq!(
        (
            &one["nature"],
            &one["role"],
            &one["review"],
            &one["author"]["id"],
            &one["organization"]["id"],
            &one["grantId"]
        ),
        (
            &json!("OVERDOSE"),
            &json!("EMERGENCY_DEPARTMENT"),
            &json!("AWAITED"),
            &json!(theirs),
            &json!(ours),
            &Value::Null
        )
    );
    let at_hospital = listed(&hospital, json!("AWAITED")).await;
    assert!(at_hospital[0]["id"] == one["id"] && at_hospital[0]["grantId"].is_string());
    the_offices_alone_know_of_it(&house, &one["id"]).await;
    assert_eq!(kinds(&program).await, ["EMERGENCY_DISCLOSED"]);
    assert_eq!(kinds(&hospital).await, ["EMERGENCY_DISCLOSED"]);
    it_is_reviewed_once(&house, &one["id"]).await;
    assert!(listed(&program, json!("AWAITED")).await.is_empty());
    // The ledger shows all of it with its basis.
    let query = "query($id: ID!) { personDisclosures(handoffId: $id) { edges { node { basis emergencyNature tier role entries } } } }";
    let said = program.ask(query, json!({ "id": id })).await;
    let mut bases: Vec<String> = said
        .data("/personDisclosures/edges")
        .as_array()
        .unwrap()
        .iter()
        .filter(|edge| edge["node"]["emergencyNature"] == "OVERDOSE")
        .map(|edge| format!("{} {}", edge["node"]["basis"].as_str().unwrap(), edge["node"]["tier"].as_str().unwrap()))
        .collect();
    bases.sort();
    assert_eq!(bases, ["EMERGENCY_REVIEW PART2", "MEDICAL_EMERGENCY CLINICAL", "MEDICAL_EMERGENCY PART2"]);
    open(&doctor, &id).await.data("/disclose/entries");
    assert_eq!(listed(&program, json!("AWAITED")).await.len(), 1);
    house.close().await;
}

async fn nobody_but_medical_personnel_breaks_the_glass(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("mobile_team-2"), &id, "PART2", "zebra").await;
    let behind = behind(&house).await;
    for role in Role::ALL {
        use Role as R;
        let said = open(&house.client(&role.code().to_lowercase()), &id).await;
        match role {
            R::EmergencyDepartment | R::Ems | R::Intake => assert_eq!(texts(&said), ["zebra"], "{role:?}"),
            R::Officer | R::Dispatcher | R::MobileTeam | R::Line988 | R::Peer => {
                assert_eq!(said.code(), "FORBIDDEN", "{role:?}");
            }
            R::Advocate | R::Council | R::Analyst | R::AgencyAdmin | R::HubOperator => {
                assert_eq!(said.code(), "NOT_FOUND", "{role:?}");
            }
        }
        assert_eq!(open(&house.client(&format!("{}-far", role.code().to_lowercase())), &id).await.code(), "NOT_FOUND");
    }
    assert_eq!(count(&behind, "emergency_disclosure").await, 3);
    // A house of peers has no medical personnel: whoever takes people in there asks the person, or those who have.
    let kind = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { problems { code } } }";
    let third = house.third().await.to_string();
    let grants = "{ grants(first: 100) { edges { node { id role } } } }";
    let edges =
        house.client("agency_admin-t").ask(grants, json!({})).await.data("/grants/edges").as_array().unwrap().clone();
    let revoke = "mutation($input: RevokeGrantInput!) { revokeGrant(input: $input) { problems { code } } }";
    let keep = ["INTAKE", "PEER", "MOBILE_TEAM", "ADVOCATE", "AGENCY_ADMIN", "HUB_OPERATOR"];
    for edge in edges.iter().filter(|edge| !keep.contains(&edge["node"]["role"].as_str().unwrap())) {
        house.client("hub_operator").ask(revoke, json!({ "input": { "grantId": edge["node"]["id"] } })).await.data("");
    }
    let peers =
        json!({ "input": { "id": third, "name": "Feldspar House", "kind": "PEER_RUN", "coveredEntity": true } });
    let said = house.client("hub_operator").ask(kind, peers).await;
    assert_eq!(problems(&said, "saveOrganization"), [""; 0], "{:#}", said.body);
    house.deliver().await;
    let theirs = house.client("intake-t");
    let said = super::handoff::announce(&theirs, super::handoff::to(door, json!({}))).await;
    let sent = said.data("/announceHandoff/handoff/id").as_str();
    if let Some(sent) = sent {
        assert_eq!(open(&theirs, sent).await.code(), "FORBIDDEN");
    } else {
        panic!("{:#}", said.body);
    }
    assert_eq!(count(&behind, "emergency_disclosure").await, 3);
    behind.close().await.unwrap();
    house.close().await;
}

async fn an_account_has_every_field(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let (doctor, officer) = (house.client("emergency_department"), house.client("officer-2"));
    let (id, other) = (on_the_way(&officer, door).await, on_the_way(&officer, door).await);
    let whole = input(&id, json!({}))["input"]["emergency"].clone();
    let with = |field: &str, value: Value| {
        let mut account = whole.clone();
        account[field] = value;
        json!({ "emergency": account })
    };
    for bad in [
        json!({ "emergency": null }),
        json!({ "purpose": "TREATMENT" }),
        json!({ "handoffIds": [id, other] }),
        with("nature", json!("FEAR")),
        with("nature", Value::Null),
        with("account", json!(" ")),
        with("account", json!("a".repeat(1_001))),
        with("recipient", json!("")),
        with("affiliation", Value::Null),
        with("discloser", json!("d".repeat(201))),
        with("consentUnobtainable", json!(false)),
    ] {
        assert_eq!(doctor.ask(OPEN, input(&id, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    // It opens what needs a consent otherwise, and nothing else.
    for tier in ["IDENTITY", "LEGAL", "OUTCOME", "THREAT"] {
        assert_eq!(doctor.ask(OPEN, input(&id, json!({ "tiers": [tier] }))).await.code(), "FORBIDDEN", "{tier}");
    }
    let behind = behind(&house).await;
    assert_eq!((count(&behind, "emergency_disclosure").await, count(&behind, "disclosure").await), (0, 0));
    // Somebody looked, whether or not there was anything: that there was would be a record of the program's.
    assert_eq!(texts(&open(&doctor, &id).await), [""; 0]);
    assert_eq!((count(&behind, "emergency_disclosure").await, count(&behind, "disclosure").await), (1, 2));
    // Where nothing is opened any more, nothing is.
    went(&officer, "failHandoff", &other, json!({ "reason": "NO_SHOW" })).await;
    house.clock.advance(91 * 24 * 60);
    let said = open(&house.client("emergency_department"), &other).await;
    assert_eq!((texts(&said), problems(&said, "disclose")), (vec![], vec!["RETENTION_ENDED"]));
    assert_eq!(count(&behind, "emergency_disclosure").await, 1);
    behind.close().await.unwrap();
    house.close().await;
}

async fn there_is_no_emergency_without_a_program_nor_a_day_after_the_end(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let officer = house.client("officer-2");
    let (doctor, id) = (house.client("emergency_department"), on_the_way(&officer, door).await);
    wrote(&house.client("mobile_team-2"), &id, "CLINICAL", "zebra").await;
    let behind = behind(&house).await;
    // Nothing waits for a consent here, and no other agency's office would have anything to review.
    for person in ["emergency_department", "intake", "ems", "emergency_department-2"] {
        assert_eq!(open(&house.client(person), &id).await.code(), "BAD_USER_INPUT", "{person}");
    }
    assert_eq!((count(&behind, "emergency_disclosure").await, count(&behind, "disclosure").await), (0, 0));
    assert_eq!(texts(&super::disclose::ask(&doctor, &[&id], &["CLINICAL"], "TREATMENT").await), ["zebra"]);
    program(&house).await;
    // The program's own people ask as for any treatment.
    let own = open(&house.client("emergency_department-2"), &id).await;
    assert_eq!(own.code(), "BAD_USER_INPUT");
    wrote(&house.client("mobile_team-2"), &id, "PART2", "yak").await;
    assert_eq!(texts(&open(&doctor, &id).await), ["zebra", "yak"]);
    went(&officer, "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    assert_eq!(texts(&open(&doctor, &id).await), ["zebra", "yak"], "it ended just now");
    house.clock.advance(24 * 60);
    let late = open(&house.client("emergency_department"), &id).await;
    assert_eq!((texts(&late), problems(&late, "disclose")), (vec![], vec!["WRONG_STATE"]));
    assert_eq!(count(&behind, "emergency_disclosure").await, 2);
    behind.close().await.unwrap();
    house.close().await;
}

async fn two_open_at_once(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let (doctor, ems) = (house.client("emergency_department"), house.client("ems"));
    let behind = behind(&house).await;
    let mut before = 0;
    for n in 1..=5 {
        let id = on_the_way(&house.client("officer-2"), door).await;
        wrote(&house.client("mobile_team-2"), &id, "PART2", "zebra").await;
        let (one, two, three) = tokio::join!(open(&doctor, &id), open(&ems, &id), open(&doctor, &id));
        for said in [one, two, three] {
            assert_eq!(texts(&said), ["zebra"], "{:#}", said.body);
        }
        let now = count(&behind, "emergency_disclosure").await;
        assert_eq!(now - before, 3, "round {n}");
        before = now;
    }
    behind.close().await.unwrap();
    house.close().await;
}

async fn a_review_that_does_not_come_is_told_after_three_days(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    open(&house.client("ems"), &id).await.data("/disclose/entries");
    open(&house.client("intake"), &id).await.data("/disclose/entries");
    let program = house.client("agency_admin-2");
    let of_intake = listed(&program, Value::Null).await.into_iter().find(|one| one["role"] == "INTAKE").unwrap();
    review(&program, &of_intake["id"], json!({})).await.data("");
    house.clock.advance(72 * 60 - 1);
    house.deliver().await;
    assert!(!kinds(&house.client("agency_admin-2")).await.contains(&"EMERGENCY_REVIEW_LATE".to_owned()));
    house.clock.advance(2);
    let (program, hospital) = (house.client("agency_admin-2"), house.client("agency_admin"));
    let late = async |client: &Client| {
        let kinds = kinds(client).await;
        kinds.iter().filter(|kind| *kind == "EMERGENCY_REVIEW_LATE").count()
    };
    until("the overdue review is told", async || late(&program).await == 1).await;
    assert_eq!(late(&hospital).await, 1);
    let waits = listed(&program, json!("AWAITED")).await;
    assert_eq!((waits.len(), &waits[0]["late"], &waits[0]["role"]), (1, &json!(true), &json!("EMS")));
    house.clock.advance(72 * 60);
    house.deliver().await;
    assert_eq!(late(&house.client("agency_admin-2")).await, 1, "it is told once");
    // Late is not over.
    let done = review(&house.client("agency_admin-2"), &waits[0]["id"], json!({})).await;
    assert_eq!(done.data("/reviewEmergencyDisclosure/emergencyDisclosure/review"), &json!("ACCEPTED"));
    house.close().await;
}
