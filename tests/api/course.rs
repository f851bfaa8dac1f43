//! How people are handed over: a mobile team brings somebody to a peer house, the peer is at the door, and what follows is done.
use super::bed::{REPORT, numbers, problems};
use super::disclose::{ask, texts, wrote};
use super::handoff::{at, go, read, told, watch, went};
use super::offer::{episode, offer, offered, yes};
use super::{ring, ring_walks as scene};
use crate::calls::Street;
use crate::house::traffic::until;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::follow_up::{FollowUpBy, FollowUpTerm};
use crisis_hub::domain::pathway::PathwayMode;
use serde_json::{Value, json};

on_both!(
    a_mobile_team_brings_somebody_to_a_peer_house,
    nobody_drives_and_everybody_knows,
    what_is_seen_at_the_door_is_the_receivers_word,
    a_follow_up_has_its_clock_its_limits_and_its_readers,
);

const FOLLOW_UP: &str = "id version by state plannedAt doneBy late attempts endedAt owner { id } handoff { id }";

/// Follow-ups after a handoff, the first that is due first.
pub async fn follow_ups(client: &Client, handoff: &str) -> Vec<Value> {
    let query = format!(
        "query($filter: FollowUpFilter) {{ followUps(filter: $filter) {{ edges {{ node {{ {FOLLOW_UP} }} }} }} }}"
    );
    let said = client.ask(&query, json!({ "filter": { "handoffId": handoff } })).await;
    let edges = said.data("/followUps/edges").as_array().unwrap();
    let mut found: Vec<Value> = edges.iter().map(|edge| edge["node"].clone()).collect();
    found.sort_by_key(|one| at(&one["doneBy"]));
    found
}

pub async fn record(client: &Client, id: &Value, outcome: &str) -> Answer {
    let document = format!(
        "mutation($input: RecordFollowUpInput!) {{ recordFollowUp(input: $input) {{ followUp {{ {FOLLOW_UP} }}
            problems {{ code message path current {{ id }} }} replayed }} }}"
    );
    client.ask(&document, json!({ "input": { "followUpId": id, "outcome": outcome } })).await
}

pub async fn plan(client: &Client, handoff: &str, more: Value) -> Answer {
    let document = format!(
        "mutation($input: PlanFollowUpInput!) {{ planFollowUp(input: $input) {{ followUp {{ {FOLLOW_UP} }}
            problems {{ code message path current {{ id }} }} replayed }} }}"
    );
    let mut input = json!({ "handoffId": handoff, "by": "CLINIC", "withinHours": 48 });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document, json!({ "input": input })).await
}

/// The first agency's peer house: its guest rooms, with so many free, and the introduction to it.
async fn peer_house(house: &House, free: u32) -> Value {
    let agency = &house.world.agencies[0];
    house.client("intake").ask(REPORT, numbers(agency.guest(), 6, 6 - free)).await.data("");
    let introduction = house.pathway_with(agency, "Introduction to the house", PathwayMode::Request, |terms| {
        terms.self_referral_call = true;
        let term = |by, within_hours| FollowUpTerm { by, within_hours };
        terms.follow_ups = vec![term(FollowUpBy::Peer, 24), term(FollowUpBy::Clinic, 72)];
    });
    let introduction = introduction.await;
    house.deliver().await;
    json!([{ "pathwayId": introduction.to_string(), "unitId": agency.guest().to_string(), "arriveMinutes": 40 }])
}

fn introduced(to: &Value, more: Value) -> Value {
    let mut input = json!({ "to": to, "need": { "age": 29, "legalStatus": "VOLUNTARY" }, "personAgreed": true, "personCalled": true });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// Somebody who was brought to the peer house, and is in its care.
async fn brought(house: &House) -> String {
    let to = peer_house(house, 3).await;
    let (team, peer) = (house.client("mobile_team-2"), house.client("peer"));
    let (_, handoffs) = offered(&team, introduced(&to, json!({ "settlement": "FIRST_ACCEPT" }))).await;
    let handoff = handoffs[0].clone();
    went(&peer, "acceptOffer", &handoff, yes()).await;
    went(&team, "arriveHandoff", &handoff, json!({})).await;
    went(&peer, "confirmTransfer", &handoff, json!({})).await;
    went(&team, "confirmTransfer", &handoff, json!({})).await;
    handoff
}

/// The person, the team and the house speak, and the house is told what the person lets it be told.
async fn spoken(house: &House, handoff: &str) {
    let [amber, basalt] = house.world.agencies.clone();
    let (team, peer) = (house.client("mobile_team-2"), house.client("peer"));
    // The three spoke on one line, and the person approved what is told once.
    house.clock.advance(5);
    let called = went(&team, "recordContact", handoff, json!({ "kind": "THREE_WAY_CALL" })).await;
    assert_eq!((&called["state"], &called["awaits"]), (&json!("OFFERED"), &json!("RECEIVER")));
    let asked = read(&team, handoff).await;
    assert_eq!(at(&asked["dueAt"]), at(&asked["announcedAt"]).plus_minutes(30), "a call moves no clock");
    wrote(&team, handoff, "CLINICAL", "Prefers quiet, and to be called Sam.").await;
    went(&team, "recordContact", handoff, json!({ "kind": "SUMMARY_APPROVED" })).await;
    // Without the person's consent the peer is told nothing of it.
    let closed = ask(&peer, &[handoff], &["CLINICAL"], "CARE_COORDINATION").await;
    assert_eq!((problems(&closed, "disclose"), texts(&closed).len()), (vec!["CONSENT_REQUIRED"], 0));
    let consent = json!({ "handoffId": handoff, "kind": "PEER", "fromId": basalt.organization.to_string(),
        "toIds": [amber.organization.to_string()], "tiers": ["CLINICAL"], "purposes": ["CARE_COORDINATION"], "signer": "PERSON",
        "given": "VERBAL", "expiresAt": at(&asked["announcedAt"]).plus_minutes(60 * 24 * 30).to_string() });
    let record_consent =
        "mutation($input: RecordConsentInput!) { recordConsent(input: $input) { consent { id } problems { code } } }";
    let said = team.ask(record_consent, json!({ "input": consent })).await;
    assert!(said.data("/recordConsent/consent/id").is_string(), "{:#}", said.body);
    let opened = ask(&peer, &[handoff], &["CLINICAL"], "CARE_COORDINATION").await;
    assert_eq!(texts(&opened), ["Prefers quiet, and to be called Sam."]);
}

/// What follows is done: by a peer within a day, and later than it should be by the clinic.
async fn followed_up(house: &House, handoff: &str, done: &Value) {
    let peer = house.client("peer");
    // What follows has begun: within a day by a peer, within three by a clinic.
    let due = follow_ups(&peer, handoff).await;
    let term = |one: &Value| (one["by"].clone(), at(&one["doneBy"]).micros_since(at(&done["endedAt"])) / 3_600_000_000);
    assert_eq!(due.iter().map(term).collect::<Vec<_>>(), [(json!("PEER"), 24), (json!("CLINIC"), 72)]);
    // Police of the same agency read that the person was received, and of this nothing.
    let officer = house.client("officer-2");
    assert_eq!(read(&officer, handoff).await["state"], "TRANSFERRED");
    assert_eq!(read(&officer, handoff).await["warmth"], Value::Null);
    assert!(follow_ups(&officer, handoff).await.is_empty());
    house.clock.advance(20 * 60);
    let peer = house.client("peer");
    let tried = record(&peer, &due[0]["id"], "ATTEMPTED").await;
    assert_eq!(tried.data("/recordFollowUp/followUp/attempts"), &json!(1));
    house.clock.advance(3 * 60);
    let reached = record(&peer, &due[0]["id"], "CONNECTED").await;
    assert_eq!(reached.data("/recordFollowUp/followUp/state"), &json!("CONNECTED"));
    house.clock.advance(49 * 60 + 1);
    let (peer, team) = (house.client("peer"), house.client("mobile_team-2"));
    let late = &follow_ups(&team, handoff).await[1];
    assert_eq!((&late["state"], &late["late"]), (&json!("DUE"), &json!(true)));
    let ended = record(&peer, &late["id"], "NOT_CONNECTED").await;
    assert_eq!(ended.data("/recordFollowUp/followUp/state"), &json!("NOT_CONNECTED"));
}

/// Workflow C.
async fn a_mobile_team_brings_somebody_to_a_peer_house(db: Db) {
    let street = Street::open(db).await;
    let house = &street.house;
    let to = peer_house(house, 3).await;
    scene::peer_house_on_call(&street).await;
    let basalt = &house.world.agencies[1];
    let (team, peer) = (house.client("mobile_team-2"), house.client("peer"));
    let mut at_the_house = watch(&peer).await;
    // The house is asked for whoever has spoken with it.
    let unheard = introduced(&to, json!({ "personCalled": false }));
    assert_eq!(problems(&offer(&team, unheard).await, "offerHandoff"), ["CALL_FIRST"]);
    let (search, handoffs) = offered(&team, introduced(&to, json!({}))).await;
    let handoff = &handoffs[0];

    ring::rung(&peer, handoff, "ACKNOWLEDGE", 1).await;
    spoken(house, handoff).await;
    let call = scene::peer_on_duty_woken(&street, &peer, handoff).await;
    // The house says yes with no word of health; the person decides.
    house.clock.advance(5);
    let agreed = went(&peer, "acceptOffer", handoff, yes()).await;
    assert_eq!((&agreed["state"], agreed["holdId"].is_string()), (&json!("AGREED"), true));
    ring::becomes(&peer, &call["id"], "ANSWERED").await;
    went(&team, "chooseOffer", handoff, json!({ "chosenFor": "PERSON" })).await;
    let drives = json!({ "mode": "MOBILE_TEAM", "assigned": true, "pickUpMinutes": 10, "providerId": basalt.organization.to_string() });
    let driven = went(&team, "setTransport", handoff, drives).await;
    assert_eq!((&driven["state"], &driven["transport"]["stage"]), (&json!("ACCEPTED"), &json!("ASSIGNED")));
    assert_eq!(at(&driven["transport"]["pickUpBy"]), at(&driven["transport"]["assignedAt"]).plus_minutes(10));
    house.clock.advance(8);
    let left = went(&team, "departHandoff", handoff, json!({})).await;
    assert_eq!(
        (&left["transport"]["stage"], &left["transport"]["pickedUpAt"]),
        (&json!("PICKED_UP"), &left["departedAt"])
    );
    house.clock.advance(20);
    let there = went(&peer, "arriveHandoff", handoff, json!({})).await;
    assert_eq!(at(&there["dueAt"]), at(&there["arrivedAt"]).plus_minutes(10));
    let at_door = scene::at_the_door(&peer, &there).await;
    went(&peer, "recordContact", handoff, json!({ "kind": "SPOKE_WITH_PERSON" })).await;
    let warm = json!({ "warmth": "WARM_IN_PERSON", "peerPresent": true, "restraintUsed": false });
    let received = went(&peer, "confirmTransfer", handoff, warm).await;
    ring::becomes(&peer, &at_door["id"], "ANSWERED").await;
    assert_eq!((&received["state"], &received["warmth"]), (&json!("RECEIVED"), &json!("WARM_IN_PERSON")));
    let done = went(&team, "confirmTransfer", handoff, json!({})).await;
    assert_eq!((&done["state"], &done["peerPresent"]), (&json!("TRANSFERRED"), &json!(true)));
    let kinds: Vec<_> = done["contacts"].as_array().unwrap().iter().map(|contact| &contact["kind"]).collect();
    assert_eq!(kinds, ["THREE_WAY_CALL", "SUMMARY_APPROVED", "SPOKE_WITH_PERSON"]);
    let placed = episode(&team, &search).await;
    assert_eq!((&placed["state"], &placed["chosenFor"]), (&json!("PLACED"), &json!("PERSON")));
    let kinds = scene::told_of_the_peer_house(&mut at_the_house, handoff).await;
    assert_eq!(
        kinds,
        [
            "OFFERED",
            "CONTACTED",
            "CONTACTED",
            "AGREED",
            "ACCEPTED",
            "TRANSPORT_SET",
            "DEPARTED",
            "ARRIVED",
            "CONTACTED",
            "CONFIRMED",
            "TRANSFERRED"
        ]
        .map(|kind| format!("HANDOFF_{kind}"))
    );

    followed_up(house, handoff, &done).await;
    assert_eq!(street.mail.mails().len(), 1, "what follows wakes nobody");
    street.house.close().await;
}

async fn nobody_drives_and_everybody_knows(db: Db) {
    let house = House::open(db).await;
    let to = peer_house(&house, 3).await;
    let (team, peer) = (house.client("mobile_team-2"), house.client("peer"));
    let (_, handoffs) = offered(&team, introduced(&to, json!({ "settlement": "FIRST_ACCEPT" }))).await;
    let handoff = &handoffs[0];
    let soon = json!({ "mode": "SECURE_BH", "pickUpMinutes": 25 });
    assert_eq!(problems(&go(&team, "setTransport", handoff, soon.clone()).await, "setTransport"), ["WRONG_STATE"]);
    went(&peer, "acceptOffer", handoff, yes()).await;
    let mut events = watch(&peer).await;
    let asked = went(&team, "setTransport", handoff, soon).await;
    assert_eq!((&asked["transport"]["stage"], &asked["transport"]["late"]), (&json!("REQUESTED"), &json!(false)));
    house.clock.advance(24);
    assert_eq!(read(&peer, handoff).await["transport"]["stage"], "REQUESTED");
    house.clock.advance(1);
    told(&mut events, handoff, "HANDOFF_TRANSPORT_LATE").await;
    let nobody = read(&peer, handoff).await;
    assert_eq!((&nobody["transport"]["stage"], &nobody["state"]), (&json!("NOBODY_DRIVES"), &json!("ACCEPTED")));
    assert_eq!((&nobody["late"], &nobody["dueAt"]), (&json!(false), &asked["dueAt"]), "it has a clock of its own");
    // The house fetches the person itself, later than it said.
    let fetched = json!({ "mode": "FACILITY", "assigned": true, "pickUpMinutes": 1 });
    let again = went(&peer, "setTransport", handoff, fetched).await;
    assert_eq!(
        (&again["transport"]["stage"], &again["transport"]["requestedAt"]),
        (&json!("ASSIGNED"), &asked["transport"]["requestedAt"])
    );
    house.clock.advance(2);
    told(&mut events, handoff, "HANDOFF_TRANSPORT_LATE").await;
    let late = read(&team, handoff).await;
    assert_eq!((&late["transport"]["stage"], &late["transport"]["late"]), (&json!("ASSIGNED"), &json!(true)));
    went(&peer, "departHandoff", handoff, json!({})).await;
    assert_eq!(read(&team, handoff).await["transport"]["stage"], "PICKED_UP");
    for (more, code) in [
        (json!({ "mode": "EMS", "pickUpMinutes": 1_441 }), "BAD_USER_INPUT"),
        (json!({ "mode": "EMS", "providerId": house.world.region.to_string() }), "NOT_FOUND"),
    ] {
        assert_eq!(go(&team, "setTransport", handoff, more).await.code(), code);
    }
    house.close().await;
}

async fn what_is_seen_at_the_door_is_the_receivers_word(db: Db) {
    let house = House::open(db).await;
    let to = peer_house(&house, 3).await;
    let (team, peer) = (house.client("mobile_team-2"), house.client("peer"));
    let (_, handoffs) = offered(&team, introduced(&to, json!({ "settlement": "FIRST_ACCEPT" }))).await;
    let handoff = &handoffs[0];
    went(&peer, "acceptOffer", handoff, yes()).await;
    // An officer may have been on the line; that nurses spoke is for nurses to say.
    let officer = house.client("officer-2");
    let nurses = go(&officer, "recordContact", handoff, json!({ "kind": "NURSE_TO_NURSE" })).await;
    assert_eq!(nurses.code(), "FORBIDDEN");
    assert!(
        problems(&go(&officer, "recordContact", handoff, json!({ "kind": "THREE_WAY_CALL" })).await, "recordContact")
            .is_empty()
    );
    went(&team, "arriveHandoff", handoff, json!({})).await;
    let first = json!({ "warmth": "WARM_IN_PERSON", "restraintUsed": false, "peerPresent": true });
    assert_eq!(went(&team, "confirmTransfer", handoff, first).await["restraintUsed"], false);
    let seen = went(&peer, "confirmTransfer", handoff, json!({ "warmth": "COLD", "restraintUsed": true })).await;
    assert_eq!(
        (&seen["warmth"], &seen["restraintUsed"], &seen["peerPresent"]),
        (&json!("COLD"), &json!(true), &json!(true))
    );
    // What was said stays: it has ended.
    assert_eq!(
        problems(&go(&team, "recordContact", handoff, json!({ "kind": "NURSE_TO_NURSE" })).await, "recordContact"),
        ["WRONG_STATE"]
    );
    house.close().await;
}

async fn a_follow_up_has_its_clock_its_limits_and_its_readers(db: Db) {
    let house = House::open(db).await;
    let handoff = brought(&house).await;
    let (team, peer, intake) = (house.client("mobile_team-2"), house.client("peer"), house.client("intake"));
    let own = plan(&team, &handoff, json!({ "by": "TEAM", "withinHours": 1, "idempotencyKey": "f" })).await;
    let own = own.data("/planFollowUp/followUp").clone();
    assert_eq!(own["owner"]["id"], json!(house.world.agencies[1].organization.to_string()));
    let again = plan(&team, &handoff, json!({ "by": "TEAM", "withinHours": 1, "idempotencyKey": "f" })).await;
    assert_eq!(
        (again.data("/planFollowUp/replayed"), again.data("/planFollowUp/followUp/id")),
        (&json!(true), &own["id"])
    );
    let other = plan(&team, &handoff, json!({ "by": "TEAM", "withinHours": 2, "idempotencyKey": "f" })).await;
    assert_eq!(problems(&other, "planFollowUp"), ["IDEMPOTENCY_CONFLICT"]);
    // Peers see to their own house's; what the other agency sees to is told to those who treat.
    assert_eq!(follow_ups(&intake, &handoff).await.len(), 3);
    assert_eq!(follow_ups(&peer, &handoff).await.len(), 2);
    let node = "query($id: ID!) { node(id: $id) { ... on FollowUp { id state } } }";
    for blind in ["peer", "officer", "officer-2", "dispatcher-2", "ems-2", "council", "agency_admin-2", "intake-far"] {
        let said = house.client(blind).ask(node, json!({ "id": own["id"] })).await;
        assert!(said.data("/node").is_null(), "{blind}: {:#}", said.body);
        let refused = record(&house.client(blind), &own["id"], "CONNECTED").await;
        assert_eq!(refused.code(), "NOT_FOUND", "{blind}");
    }
    // Whoever sees it and does not see to it says nothing of it.
    assert_eq!(record(&intake, &own["id"], "CONNECTED").await.code(), "FORBIDDEN");
    assert_eq!(plan(&house.client("intake-far"), &handoff, json!({})).await.code(), "NOT_FOUND");
    assert_eq!(plan(&house.client("officer-2"), &handoff, json!({})).await.code(), "FORBIDDEN");
    for within in [0, 721] {
        let said = plan(&team, &handoff, json!({ "withinHours": within })).await;
        assert_eq!(said.code(), "BAD_USER_INPUT");
    }
    for _ in 0..6 {
        assert_eq!(problems(&plan(&intake, &handoff, json!({})).await, "planFollowUp"), [""; 0]);
    }
    assert_eq!(problems(&plan(&intake, &handoff, json!({})).await, "planFollowUp"), ["OUT_OF_RANGE"]);
    // An hour passes, and a week; nobody says how it went.
    let mut events = team.sse("subscription { events { event { kind nodeId } } }", json!({})).await;
    events.next().await.unwrap();
    house.clock.advance(61);
    told(&mut events, own["id"].as_str().unwrap(), "FOLLOW_UP_LATE").await;
    house.clock.advance(7 * 24 * 60);
    let team = house.client("mobile_team-2");
    let mine = async || {
        let found = follow_ups(&team, &handoff).await;
        found.into_iter().find(|one| one["id"] == own["id"]).unwrap()
    };
    until("nobody said how it went", async || mine().await["state"] == "LAPSED").await;
    assert!(mine().await["endedAt"].is_string());
    assert_eq!(problems(&record(&team, &own["id"], "CONNECTED").await, "recordFollowUp"), ["WRONG_STATE"]);
    house.close().await;
}
