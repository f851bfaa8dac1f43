//! Told by consent: who has no part in a handoff reads where it stands and what becomes of the person, as long as the person's
//! consent stands, and not a moment longer.
use super::bed::problems;
use super::course::{follow_ups, plan, record};
use super::disclose::{ask, wrote};
use super::disclose_part2::{REVOKE, consented, program};
use super::handoff::{go, on_the_way, open_door, read, went};
use crate::house::traffic::until;
use crate::house::{Client, Db, House, Sse};
use crisis_hub::clock::Clock;
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::id::OrganizationId;
use crisis_hub::domain::role::Role;
use serde_json::{Value, json};

on_both!(
    an_advocate_is_told_while_the_consent_stands,
    a_consent_tells_from_its_start_to_its_end,
    a_peer_is_told_by_a_peers_consent_and_nobody_else,
    an_outcome_is_told_to_the_referrer_and_never_to_police,
    two_consents_are_one_handoff_until_the_last,
    a_consent_that_tells_says_what_it_may,
    that_somebody_is_at_a_program_is_told_in_writing_with_the_notice,
);

pub const WATCH: &str =
    "subscription($after: Cursor) { handoffsChanged(after: $after) { cursor eventId change handoffId
    handoff { id state onBehalfOf warmth contacts { kind } need { ageBand } offer { asked } episode { id }
        share { id kind until redisclosureNotice } } } }";
pub const LOG: &str = "{ events(first: 100) { edges { node { kind nodeId } } } }";

/// A consent of the first agency's, told to one that is no party, less what a test says otherwise.
pub fn tells(house: &House, handoff: &str, to: OrganizationId, more: Value) -> Value {
    let amber = house.world.agencies[0].organization.to_string();
    let mut input = json!({ "handoffId": handoff, "kind": "INVOLVED_PERSON", "fromId": amber, "toIds": [to.to_string()],
        "tiers": ["OUTCOME"], "purposes": ["CARE_COORDINATION"], "signer": "PERSON", "given": "VERBAL",
        "expiresAt": house.clock.now().plus_minutes(60 * 24 * 10).to_string() });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "input": input })
}

/// What is told of handoffs, from now on.
pub async fn watching(client: &Client) -> (Sse, Value) {
    let mut told = client.sse(WATCH, json!({})).await;
    let first = told.next().await.unwrap().1["data"]["handoffsChanged"].clone();
    (told, first["cursor"].clone())
}

/// The next change: how, and the handoff.
pub async fn change(told: &mut Sse) -> (String, Value) {
    let message = told.change("handoffsChanged").await;
    (message["change"].as_str().unwrap().to_owned(), message["handoff"].clone())
}

/// Everything that is told after a place, up to where the log stands.
pub async fn since(client: &Client, after: &Value) -> Vec<String> {
    let mut told = client.sse(WATCH, json!({ "after": after })).await;
    let mut changes = Vec::new();
    loop {
        let message = told.next().await.unwrap().1["data"]["handoffsChanged"].clone();
        match message["change"].as_str() {
            Some(change) => changes.push(change.to_owned()),
            None => return changes,
        }
    }
}

pub async fn listed(client: &Client) -> Vec<Value> {
    let said = client.ask("{ handoffs(first: 100) { edges { node { id } } } }", json!({})).await;
    said.data("/handoffs/edges").as_array().unwrap().iter().map(|edge| edge["node"]["id"].clone()).collect()
}

async fn revoked(client: &Client, consent: &str) {
    let said = client.ask(REVOKE, json!({ "input": { "consentId": consent } })).await;
    assert_eq!(problems(&said, "revokeConsent"), [""; 0], "{:#}", said.body);
}

/// The kinds of what somebody reads in the log of shares and whatever else is about handoffs.
async fn log(client: &Client) -> Vec<String> {
    let said = client.ask(LOG, json!({})).await;
    let edges = said.data("/events/edges").as_array().unwrap();
    let kinds = edges.iter().map(|edge| edge["node"]["kind"].as_str().unwrap().to_owned());
    let about = ["HANDOFF", "CONSENT", "FOLLOW", "EPISODE", "THREAT", "EMERGENCY"];
    kinds.filter(|kind| about.iter().any(|noun| kind.starts_with(noun))).collect()
}

/// Everybody at the agency that is named but one role, and that role elsewhere, to whom nothing is there.
async fn nobody_else_is_told(house: &House, id: &str, but: &str) {
    let absent = format!("{}{}", &id[..id.len() - 1], if id.ends_with('0') { "1" } else { "0" });
    let query =
        "query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { id } handoffs { edges { node { id } } }
        followUps { edges { node { id } } } viewer { may(action: READ_SHARED_HANDOFFS, id: $id) { yes reason } } }";
    for role in Role::ALL {
        let role = role.code().to_lowercase();
        for person in [format!("{role}-t"), format!("{role}-far")] {
            if person == format!("{but}-t") {
                continue;
            }
            let client = house.client(&person);
            let mine = client.ask(query, json!({ "id": id })).await;
            let none = client.ask(query, json!({ "id": absent })).await;
            assert_eq!(mine.body["data"], none.body["data"], "{person}");
            assert!(mine.data("/node").is_null(), "{person}");
        }
    }
}

/// What is sealed stays so, nothing is theirs to say, and the consent is its parties'.
async fn nothing_more_is_theirs(house: &House, id: &str, consent: &str) {
    let advocate = house.client("advocate-t");
    wrote(&house.client("intake"), id, "CLINICAL", "zebra").await;
    for purpose in ["TREATMENT", "CARE_COORDINATION", "SAFETY", "OWN_RECORD"] {
        assert_eq!(ask(&advocate, &[id], &["CLINICAL"], purpose).await.code(), "FORBIDDEN");
    }
    assert_eq!(ask(&advocate, &[id], &["OUTCOME"], "CARE_COORDINATION").await.code(), "FORBIDDEN");
    assert_eq!(go(&advocate, "departHandoff", id, json!({})).await.code(), "FORBIDDEN");
    assert_eq!(go(&advocate, "nudgeHandoff", id, json!({})).await.code(), "FORBIDDEN");
    assert_eq!(plan(&advocate, id, json!({})).await.code(), "FORBIDDEN");
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    assert!(advocate.ask(node, json!({ "id": consent })).await.data("/node").is_null(), "the consent is its parties'");
}

/// The ledger says who is told, to both privacy offices.
async fn both_offices_read_who_is_told(house: &House, id: &str, third: OrganizationId, consent: &str) {
    for person in ["agency_admin", "agency_admin-t"] {
        let query = "query($id: ID!) { personDisclosures(handoffId: $id) { edges { node { basis tier consentId grantId
            organization { id } author { id } } } } }";
        let said = house.client(person).ask(query, json!({ "id": id })).await;
        let line = json!({ "basis": "TOLD_BY_CONSENT", "tier": "OUTCOME", "consentId": consent, "grantId": null,
            "organization": { "id": third.to_string() },
            "author": { "id": house.world.agencies[0].organization.to_string() } });
        assert_eq!(said.data("/personDisclosures/edges"), &json!([{ "node": line }]), "{person}");
    }
}

async fn an_advocate_is_told_while_the_consent_stands(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (advocate, intake, officer) = (house.client("advocate-t"), house.client("intake"), house.client("officer-2"));
    let id = on_the_way(&officer, door).await;
    let (mut told, from) = watching(&advocate).await;
    assert!(read(&advocate, &id).await.is_null() && listed(&advocate).await.is_empty());
    let consent = consented(&intake, tells(&house, &id, third, json!({}))).await;
    let (entered, shown) = change(&mut told).await;
    assert_eq!((&*entered, &shown["state"], &shown["id"]), ("ENTERED", &json!("ACCEPTED"), &json!(id)));
    // What is coded of it, and no names, calls or reasons; nor which search it belongs to.
    assert_eq!(shown["need"]["ageBand"], "ADULT");
    assert!(shown["onBehalfOf"].is_null() && shown["warmth"].is_null() && shown["episode"].is_null(), "{shown:#}");
    assert_eq!(
        (&shown["share"]["kind"], &shown["share"]["redisclosureNotice"]),
        (&json!("INVOLVED_PERSON"), &Value::Null)
    );
    assert_eq!(listed(&advocate).await, [json!(id)]);
    nobody_else_is_told(&house, &id, "advocate").await;
    // To its own two agencies it is no share.
    let own = "query($id: ID!) { node(id: $id) { ... on Handoff { state share { id } } } }";
    assert!(officer.ask(own, json!({ "id": id })).await.data("/node/share").is_null());
    nothing_more_is_theirs(&house, &id, &consent).await;
    let share = shown["share"]["id"].clone();
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    assert_eq!(advocate.ask(node, json!({ "id": share })).await.data("/node/__typename"), "HandoffShare");
    // It goes on to its end, and beyond: what becomes of the person is told too.
    for (who, verb) in [(&officer, "departHandoff"), (&officer, "arriveHandoff"), (&intake, "confirmTransfer")] {
        went(who, verb, &id, json!({})).await;
        assert_eq!(change(&mut told).await.0, "CHANGED");
    }
    went(&officer, "confirmTransfer", &id, json!({})).await;
    let (how, shown) = change(&mut told).await;
    assert_eq!((&*how, &shown["state"]), ("CHANGED", &json!("TRANSFERRED")));
    // Whoever moved it does not read from their own audit that somebody is told.
    let audit = officer.ask("{ auditTrail(first: 100) { edges { node { nodeId } } } }", json!({})).await;
    assert!(audit.body.to_string().contains(&id) && !audit.body.to_string().contains("handoff_share"));
    let planned = plan(&intake, &id, json!({})).await.data("/planFollowUp/followUp/id").clone();
    assert_eq!(change(&mut told).await.0, "CHANGED");
    record(&intake, &planned, "CONNECTED").await.data("");
    assert_eq!(change(&mut told).await.0, "CHANGED");
    // Of what the consent's agency sees to, not of the other's.
    plan(&house.client("mobile_team-2"), &id, json!({})).await.data("");
    let seen = follow_ups(&advocate, &id).await;
    assert_eq!(seen.iter().map(|one| &one["state"]).collect::<Vec<_>>(), ["CONNECTED"]);
    assert_eq!(record(&advocate, &planned, "UNREACHED").await.code(), "FORBIDDEN");
    assert_eq!(follow_ups(&house.client("mobile_team-2"), &id).await.len(), 2);
    let mut kinds = vec!["HANDOFF_SHARED"];
    kinds.extend(["HANDOFF_SHARE_CHANGED"; 6]);
    house.deliver().await;
    assert_eq!(log(&advocate).await, kinds);
    // Either party revokes it: one LEFT, and nothing after it.
    revoked(&house.client("mobile_team-2"), &consent).await;
    assert_eq!(change(&mut told).await, ("LEFT".to_owned(), Value::Null));
    plan(&intake, &id, json!({})).await.data("");
    house.deliver().await;
    assert!(read(&advocate, &id).await.is_null() && listed(&advocate).await.is_empty());
    assert!(follow_ups(&advocate, &id).await.is_empty());
    assert!(advocate.ask(node, json!({ "id": share })).await.data("/node").is_null());
    // What was told is told to nobody again: whoever was away is told that it left, and whoever comes later as much.
    assert_eq!(since(&advocate, &from).await, ["LEFT"]);
    assert_eq!(log(&advocate).await, ["HANDOFF_SHARE_ENDED"]);
    both_offices_read_who_is_told(&house, &id, third, &consent).await;
    house.close().await;
}

async fn a_consent_tells_from_its_start_to_its_end(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    let (advocate, intake) = (house.client("advocate-t"), house.client("intake"));
    let (mut told, _) = watching(&advocate).await;
    let at = |minutes: i64| house.clock.now().plus_minutes(minutes).to_string();
    let times = json!({ "startsAt": at(30), "expiresAt": at(90) });
    let consent = consented(&intake, tells(&house, &id, third, times)).await;
    went(&house.client("officer-2"), "departHandoff", &id, json!({})).await;
    house.deliver().await;
    assert!(read(&advocate, &id).await.is_null(), "it has not begun");
    house.clock.advance(31);
    assert_eq!(change(&mut told).await.0, "ENTERED");
    assert_eq!(read(&advocate, &id).await["state"], "EN_ROUTE");
    house.clock.advance(60);
    // Reads see its end by themselves, before the log tells of it.
    assert!(read(&advocate, &id).await.is_null());
    assert_eq!(change(&mut told).await, ("LEFT".to_owned(), Value::Null));
    let kinds = async || {
        let said = intake.ask(LOG, json!({})).await;
        let edges = said.data("/events/edges").as_array().unwrap().clone();
        let of = edges.iter().filter(|edge| edge["node"]["nodeId"] == json!(consent));
        of.map(|edge| edge["node"]["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, ["CONSENT_RECORDED", "CONSENT_BEGAN", "CONSENT_EXPIRED"]);
    went(&intake, "arriveHandoff", &id, json!({})).await;
    house.deliver().await;
    assert_eq!(log(&advocate).await, ["HANDOFF_SHARE_ENDED"]);
    // What has ended is revoked without a second word to whoever was told.
    revoked(&intake, &consent).await;
    house.deliver().await;
    assert_eq!(log(&advocate).await.len(), 1);
    house.close().await;
}

async fn a_peer_is_told_by_a_peers_consent_and_nobody_else(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let intake = house.client("intake");
    let id = on_the_way(&house.client("officer-2"), door).await;
    let (mut told, _) = watching(&house.client("peer-t")).await;
    let consent = consented(&intake, tells(&house, &id, third, json!({ "kind": "PEER" }))).await;
    assert_eq!(change(&mut told).await.0, "ENTERED");
    assert_eq!(read(&house.client("peer-t"), &id).await["state"], "ACCEPTED");
    let open = "{ handoffs(filter: { states: [ACCEPTED, EN_ROUTE] }) { edges { node { id } } } }";
    assert_eq!(house.client("peer-t").ask(open, json!({})).await.data("/handoffs/edges/0/node/id"), &json!(id));
    nobody_else_is_told(&house, &id, "peer").await;
    revoked(&intake, &consent).await;
    assert_eq!(change(&mut told).await.0, "LEFT");
    // At one of its two agencies a peer has the handoff anyway: what the other one says of the outcome is told by consent.
    let (peer, basalt) = (house.client("peer-2"), house.world.agencies[1].organization);
    let (mut party, _) = watching(&peer).await;
    went(&intake, "arriveHandoff", &id, json!({})).await;
    assert_eq!(change(&mut party).await.0, "CHANGED");
    went(&intake, "confirmTransfer", &id, json!({})).await;
    assert_eq!(change(&mut party).await.0, "CHANGED");
    plan(&intake, &id, json!({})).await.data("");
    assert!(follow_ups(&peer, &id).await.is_empty());
    consented(&intake, tells(&house, &id, basalt, json!({ "kind": "PEER" }))).await;
    assert_eq!(follow_ups(&peer, &id).await.len(), 1);
    assert!(follow_ups(&house.client("advocate-2"), &id).await.is_empty());
    went(&house.client("officer-2"), "confirmTransfer", &id, json!({})).await;
    // No second way of the same handoff: it leaves as its parties' do.
    assert_eq!(change(&mut party).await.0, "LEFT");
    house.close().await;
}

async fn an_outcome_is_told_to_the_referrer_and_never_to_police(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (intake, officer) = (house.client("intake"), house.client("officer-2"));
    let basalt = house.world.agencies[1].organization;
    let id = on_the_way(&officer, door).await;
    for (who, verb) in [(&officer, "arriveHandoff"), (&intake, "confirmTransfer"), (&officer, "confirmTransfer")] {
        went(who, verb, &id, json!({})).await;
    }
    let planned = plan(&intake, &id, json!({})).await.data("/planFollowUp/followUp/id").clone();
    record(&intake, &planned, "CONNECTED").await.data("");
    let all = ["ems-2", "peer-2", "officer-2", "dispatcher-2", "advocate-2", "ems-far", "council-2"];
    for person in all {
        assert!(follow_ups(&house.client(person), &id).await.is_empty(), "{person}");
    }
    let referrer = json!({ "kind": "OUTCOME_TO_REFERRER" });
    let consent = consented(&intake, tells(&house, &id, basalt, referrer)).await;
    house.deliver().await;
    let node = "query($id: ID!) { node(id: $id) { ... on FollowUp { state } } }";
    for person in all {
        let (client, reads) = (house.client(person), ["ems-2", "peer-2"].contains(&person));
        assert_eq!(follow_ups(&client, &id).await.len(), usize::from(reads), "{person}");
        assert_eq!(client.ask(node, json!({ "id": planned })).await.data("/node").is_null(), !reads, "{person}");
        assert_eq!(log(&client).await.contains(&"HANDOFF_SHARED".to_owned()), reads, "{person}");
    }
    // "Received at", and no outcome.
    let seen = read(&officer, &id).await;
    assert!(seen["receiverConfirmedAt"].is_string() && seen["warmth"].is_null() && seen["need"].is_null());
    revoked(&intake, &consent).await;
    for person in all {
        assert!(follow_ups(&house.client(person), &id).await.is_empty(), "{person}");
    }
    house.close().await;
}

async fn two_consents_are_one_handoff_until_the_last(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (advocate, intake) = (house.client("advocate-t"), house.client("intake"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    let (mut told, _) = watching(&advocate).await;
    let basalt = house.world.agencies[1].organization.to_string();
    let one = consented(&intake, tells(&house, &id, third, json!({}))).await;
    assert_eq!(change(&mut told).await.0, "ENTERED");
    let two = consented(&intake, tells(&house, &id, third, json!({ "fromId": basalt }))).await;
    assert_eq!(change(&mut told).await.0, "CHANGED");
    revoked(&intake, &one).await;
    assert_eq!(change(&mut told).await.0, "CHANGED");
    assert!(!read(&advocate, &id).await.is_null());
    revoked(&intake, &two).await;
    assert_eq!(change(&mut told).await.0, "LEFT");
    assert!(read(&advocate, &id).await.is_null());
    // What is agreed to again is told again.
    consented(&intake, tells(&house, &id, third, json!({}))).await;
    assert_eq!(change(&mut told).await.0, "ENTERED");
    // A grant that ends takes its holder out, whatever the person agreed to.
    let grants = "{ grants(first: 100) { edges { node { id subject } } } }";
    let said = house.client("agency_admin-t").ask(grants, json!({})).await;
    let edges = said.data("/grants/edges").as_array().unwrap().clone();
    let mine = edges.iter().find(|edge| edge["node"]["subject"] == "advocate-t").unwrap()["node"]["id"].clone();
    let revoke = "mutation($input: RevokeGrantInput!) { revokeGrant(input: $input) { problems { code } } }";
    house.client("agency_admin-t").ask(revoke, json!({ "input": { "grantId": mine } })).await.data("");
    until("they are shown nothing any more", async || {
        let said = advocate.ask("{ handoffs { edges { node { id } } } }", json!({})).await;
        said.body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    })
    .await;
    house.close().await;
}

async fn a_consent_that_tells_says_what_it_may(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let intake = house.client("intake");
    let id = on_the_way(&house.client("officer-2"), door).await;
    let [amber, basalt] = house.world.agencies.each_ref().map(|agency| agency.organization.to_string());
    let record =
        "mutation($input: RecordConsentInput!) { recordConsent(input: $input) { consent { id } problems { code } } }";
    let referrer = |more: Value| {
        let mut all = json!({ "kind": "OUTCOME_TO_REFERRER", "toIds": [basalt] });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    for bad in [
        json!({ "kind": "TREATMENT_TPO" }),
        json!({ "kind": "PART2_TPO", "given": "WRITTEN" }),
        json!({ "purposes": ["TREATMENT"] }),
        json!({ "purposes": ["CARE_COORDINATION", "MEDICAL_EMERGENCY"] }),
        json!({ "tiers": ["THREAT"] }),
        json!({ "tiers": ["OUTCOME", "THREAT"] }),
        referrer(json!({ "tiers": ["CLINICAL"] })),
        referrer(json!({ "tiers": ["OUTCOME", "CLINICAL"] })),
        referrer(json!({ "fromId": basalt })),
        referrer(json!({ "toIds": [third.to_string()] })),
        referrer(json!({ "toIds": [basalt, amber] })),
    ] {
        let said = intake.ask(record, tells(&house, &id, third, bad.clone())).await;
        assert_eq!(said.code(), "BAD_USER_INPUT", "{bad}");
    }
    for (person, code) in [("advocate-t", "NOT_FOUND"), ("officer-2", "FORBIDDEN"), ("line_988-far", "NOT_FOUND")] {
        let said = house.client(person).ask(record, tells(&house, &id, third, json!({}))).await;
        assert_eq!(said.code(), code, "{person}");
    }
    // Whoever is told does not hand it on.
    consented(&intake, tells(&house, &id, third, json!({}))).await;
    let said = house.client("advocate-t").ask(record, tells(&house, &id, third, json!({}))).await;
    assert_eq!(said.code(), "FORBIDDEN");
    house.close().await;
}

async fn that_somebody_is_at_a_program_is_told_in_writing_with_the_notice(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (advocate, intake) = (house.client("advocate-t"), house.client("intake"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    let record =
        "mutation($input: RecordConsentInput!) { recordConsent(input: $input) { consent { id } problems { code } } }";
    assert_eq!(intake.ask(record, tells(&house, &id, third, json!({}))).await.code(), "BAD_USER_INPUT");
    let (mut told, _) = watching(&advocate).await;
    consented(&intake, tells(&house, &id, third, json!({ "given": "WRITTEN" }))).await;
    let (how, shown) = change(&mut told).await;
    assert_eq!(how, "ENTERED");
    let notice = shown["share"]["redisclosureNotice"].as_str().unwrap();
    assert!(notice.contains("42 CFR 2.32"), "{notice}");
    house.close().await;
}
