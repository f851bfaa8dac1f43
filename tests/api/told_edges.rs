//! Told by consent, at its edges: advocates of a party, reasons, who is told twice and who never, and the notice.
use super::bed::problems;
use super::course::plan;
use super::disclose_part2::{REVOKE, consented, program};
use super::handoff::{on_the_way, open_door, went};
use super::offer::{Asked, input, offered};
use super::on_call::{mail, set};
use super::told::{LOG, change, tells, watching};
use crate::house::traffic::until;
use crate::house::{Client, Db, House};
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    an_advocate_of_a_party_is_told_as_any_other,
    why_it_ended_is_told_to_nobody_by_consent,
    one_change_is_told_once_and_its_end_once,
    no_agency_of_justice_is_told_and_not_without_end,
    what_a_program_is_part_of_is_read_with_its_notice,
    what_is_told_later_is_in_the_ledger_later,
    who_was_only_asked_keeps_no_consent,
    consents_and_calls_are_listed_where_they_are_known,
);

const RECORD: &str =
    "mutation($input: RecordConsentInput!) { recordConsent(input: $input) { consent { id } problems { code } } }";

async fn revoked(client: &Client, consent: &str) {
    let said = client.ask(REVOKE, json!({ "input": { "consentId": consent } })).await;
    assert_eq!(problems(&said, "revokeConsent"), [""; 0], "{:#}", said.body);
}

async fn kinds(client: &Client, begins: &str) -> Vec<String> {
    let said = client.ask(LOG, json!({})).await;
    let edges = said.data("/events/edges").as_array().unwrap();
    let kinds = edges.iter().map(|edge| edge["node"]["kind"].as_str().unwrap().to_owned());
    kinds.filter(|kind| kind.starts_with(begins)).collect()
}

/// A new agency of the region.
async fn agency(house: &House, kind: &str, more: Value) -> String {
    let save = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { organization { id } problems { code } } }";
    let mut input =
        json!({ "regionId": house.world.region.to_string(), "name": format!("Gneiss {kind}"), "kind": kind });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let said = house.client("hub_operator").ask(save, json!({ "input": input })).await;
    said.data("/saveOrganization/organization/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned()
}

async fn an_advocate_of_a_party_is_told_as_any_other(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (advocate, intake, officer) = (house.client("advocate-2"), house.client("intake"), house.client("officer-2"));
    let basalt = house.world.agencies[1].organization;
    let id = on_the_way(&officer, door).await;
    let (mut told, _) = watching(&advocate).await;
    let (mut peers, _) = watching(&house.client("peer-2")).await;
    let consent = consented(&intake, tells(&house, &id, basalt, json!({}))).await;
    let peer = consented(&intake, tells(&house, &id, basalt, json!({ "kind": "PEER" }))).await;
    assert_eq!(change(&mut told).await.0, "ENTERED");
    went(&officer, "departHandoff", &id, json!({})).await;
    let (how, shown) = change(&mut told).await;
    assert_eq!((&*how, &shown["state"]), ("CHANGED", &json!("EN_ROUTE")));
    // A peer of the same agency reads its handoffs anyway, and is told of each change once.
    assert_eq!(change(&mut peers).await.1["state"], "EN_ROUTE");
    for one in [&consent, &peer] {
        revoked(&intake, one).await;
    }
    assert_eq!(change(&mut told).await, ("LEFT".to_owned(), Value::Null));
    went(&officer, "arriveHandoff", &id, json!({})).await;
    assert_eq!(change(&mut peers).await.1["state"], "ARRIVED");
    // Consents are told to whoever keeps them, and to no police.
    house.deliver().await;
    assert_eq!(kinds(&intake, "CONSENT").await.len(), 4);
    for person in ["officer", "officer-2", "dispatcher-2", "ems-2", "advocate-2"] {
        assert!(kinds(&house.client(person), "CONSENT").await.is_empty(), "{person}");
    }
    house.close().await;
}

async fn why_it_ended_is_told_to_nobody_by_consent(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (advocate, intake, officer) = (house.client("advocate-t"), house.client("intake"), house.client("officer-2"));
    let why = "query($id: ID!) { node(id: $id) { ... on Handoff { state failReason redirectReason withdrawReason declineReason } } }";
    for (verb, reason, field, ended) in [
        ("failHandoff", "MEDICAL_DIVERT", "failReason", "FAILED"),
        ("redirectHandoff", "UNSAFE", "redirectReason", "REDIRECTED"),
    ] {
        let id = on_the_way(&officer, door).await;
        consented(&intake, tells(&house, &id, third, json!({}))).await;
        went(if verb == "failHandoff" { &officer } else { &intake }, verb, &id, json!({ "reason": reason })).await;
        let known = intake.ask(why, json!({ "id": id })).await;
        assert_eq!(known.data(&format!("/node/{field}")), &json!(reason));
        let told = advocate.ask(why, json!({ "id": id })).await.data("/node").clone();
        let all = ["failReason", "redirectReason", "withdrawReason", "declineReason"];
        assert!(told["state"] == ended && all.iter().all(|field| told[field].is_null()), "{told:#}");
    }
    house.close().await;
}

async fn one_change_is_told_once_and_its_end_once(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (advocate, intake, officer) = (house.client("advocate-t"), house.client("intake"), house.client("officer-2"));
    let id = on_the_way(&officer, door).await;
    let (mut told, _) = watching(&advocate).await;
    let basalt = house.world.agencies[1].organization.to_string();
    let ends = house.clock.now().plus_minutes(30).to_string();
    consented(&intake, tells(&house, &id, third, json!({ "expiresAt": ends }))).await;
    consented(&intake, tells(&house, &id, third, json!({ "expiresAt": ends, "fromId": basalt }))).await;
    assert_eq!([change(&mut told).await.0, change(&mut told).await.0], ["ENTERED", "CHANGED"]);
    went(&officer, "departHandoff", &id, json!({})).await;
    assert_eq!(change(&mut told).await.1["state"], "EN_ROUTE");
    house.deliver().await;
    let shares = ["HANDOFF_SHARED", "HANDOFF_SHARED", "HANDOFF_SHARE_CHANGED"];
    assert_eq!(kinds(&advocate, "HANDOFF").await, shares, "one change of the handoff is told once");
    // Both end at one instant, in one sweep: it leaves once.
    house.clock.advance(31);
    let mut ways = Vec::new();
    while ways.last().is_none_or(|way| way != "LEFT") {
        ways.push(change(&mut told).await.0);
    }
    assert_eq!(ways, ["CHANGED", "LEFT"]);
    house.deliver().await;
    // Whoever comes later reads that it ended, and nothing that was told before.
    assert_eq!(kinds(&house.client("advocate-t"), "HANDOFF").await, ["HANDOFF_SHARE_ENDED"; 2]);
    house.close().await;
}

async fn no_agency_of_justice_is_told_and_not_without_end(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (intake, id) = (house.client("intake"), on_the_way(&house.client("officer-2"), door).await);
    let tribal = json!({ "criminalJusticeAgency": true, "coveredEntity": true });
    for (kind, more) in
        [("LAW_ENFORCEMENT", json!({})), ("COURT_JAIL", json!({})), ("COUNCIL", json!({})), ("TRIBAL", tribal)]
    {
        let to = agency(&house, kind, more).await;
        let said = intake.ask(RECORD, tells(&house, &id, third, json!({ "toIds": [to] }))).await;
        assert_eq!(problems(&said, "recordConsent"), ["NOBODY_TO_TELL"], "{kind}");
        let both = json!({ "toIds": [third.to_string(), to] });
        let said = intake.ask(RECORD, tells(&house, &id, third, both)).await;
        assert_eq!(problems(&said, "recordConsent"), ["NOBODY_TO_TELL"], "{kind} beside another");
    }
    let gone = agency(&house, "ADVOCACY", json!({})).await;
    let retire = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { problems { code } } }";
    let input = json!({ "id": gone, "name": "Gneiss ADVOCACY", "kind": "ADVOCACY", "retire": true });
    let said = house.client("hub_operator").ask(retire, json!({ "input": input })).await;
    assert_eq!(problems(&said, "saveOrganization"), [""; 0], "{:#}", said.body);
    let said = intake.ask(RECORD, tells(&house, &id, third, json!({ "toIds": [gone] }))).await;
    assert_eq!(problems(&said, "recordConsent"), ["NOBODY_TO_TELL"], "an agency that is withdrawn");
    let at = |minutes: i64| house.clock.now().plus_minutes(minutes).to_string();
    let past = json!({ "startsAt": at(-60), "expiresAt": at(-30) });
    assert_eq!(intake.ask(RECORD, tells(&house, &id, third, past)).await.code(), "BAD_USER_INPUT");
    for _ in 0..20 {
        consented(&intake, tells(&house, &id, third, json!({}))).await;
    }
    let said = intake.ask(RECORD, tells(&house, &id, third, json!({}))).await;
    assert_eq!(problems(&said, "recordConsent"), ["OUT_OF_RANGE"]);
    house.close().await;
}

async fn what_a_program_is_part_of_is_read_with_its_notice(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (advocate, intake, officer) = (house.client("advocate-t"), house.client("intake"), house.client("officer-2"));
    let id = on_the_way(&officer, door).await;
    for (who, verb) in [(&officer, "arriveHandoff"), (&intake, "confirmTransfer"), (&officer, "confirmTransfer")] {
        went(who, verb, &id, json!({})).await;
    }
    let planned = plan(&intake, &id, json!({})).await.data("/planFollowUp/followUp/id").clone();
    consented(&intake, tells(&house, &id, third, json!({ "given": "WRITTEN" }))).await;
    let reads = async |notice: &str| {
        let mut answers = Vec::new();
        for (document, id) in [
            (format!("query($id: ID!) {{ node(id: $id) {{ ... on Handoff {{ state {notice} }} }} }}"), json!(id)),
            (
                format!("query($id: ID!) {{ node(id: $id) {{ ... on FollowUp {{ state {notice} }} }} }}"),
                planned.clone(),
            ),
            (
                format!("query($id: ID!) {{ n: nodes(ids: [$id]) {{ ... on FollowUp {{ state {notice} }} }} }}"),
                planned.clone(),
            ),
            (format!("{{ handoffs {{ edges {{ node {{ state {notice} }} }} }} }}"), Value::Null),
            (format!("{{ followUps {{ edges {{ node {{ state {notice} }} }} }} }}"), Value::Null),
        ] {
            answers.push(advocate.ask(&document, json!({ "id": id })).await);
        }
        answers
    };
    for answer in reads("redisclosureNotice").await {
        let words = answer.body["data"].to_string();
        assert!(words.contains("TRANSFERRED") || words.contains("DUE"), "{:#}", answer.body);
        assert!(!words.contains("42 CFR 2.32"), "no program is part of it");
    }
    // An agency that is a program by now is one for whoever reads now, whatever it was when the person agreed.
    program(&house).await;
    for answer in reads("").await {
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{:#}", answer.body);
        assert!(!answer.body.to_string().contains("TRANSFERRED"));
    }
    for answer in reads("redisclosureNotice").await {
        assert!(answer.body["data"].to_string().contains("42 CFR 2.32"), "{:#}", answer.body);
    }
    // A notice that is asked of something else is not answered with it.
    for (asked, code) in [
        ("... on Handoff { state } ... on FollowUp { redisclosureNotice }", "BAD_USER_INPUT"),
        ("... on Handoff { state share { id } } ... on FollowUp { share: id redisclosureNotice }", "BAD_USER_INPUT"),
        ("...where ...other", "BAD_USER_INPUT"),
        ("... on Node { ... on Handoff { state redisclosureNotice } }", ""),
        ("...where ... on Handoff { share { redisclosureNotice } }", ""),
    ] {
        let parts = "fragment where on Handoff { state } fragment other on FollowUp { redisclosureNotice }";
        let parts = if asked.contains("...other") { parts } else { parts.split(" fragment").next().unwrap() };
        let parts = if asked.contains("...where") { parts } else { "" };
        let document = format!("query($id: ID!) {{ node(id: $id) {{ {asked} }} }} {parts}");
        let said = advocate.ask(&document, json!({ "id": id })).await;
        let told = said.body["data"].to_string().contains("TRANSFERRED");
        assert_eq!(
            (said.body["errors"].is_array(), told),
            (!code.is_empty(), code.is_empty()),
            "{asked}: {:#}",
            said.body
        );
        assert!(code.is_empty() || said.code() == code, "{asked}: {:#}", said.body);
    }
    // Its own agencies read as ever.
    let own = "query($id: ID!) { node(id: $id) { ... on FollowUp { state redisclosureNotice } } }";
    assert!(intake.ask(own, json!({ "id": planned })).await.data("/node/redisclosureNotice").is_null());
    house.close().await;
}

async fn what_is_told_later_is_in_the_ledger_later(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    let (mut told, _) = watching(&house.client("advocate-t")).await;
    let at = |minutes: i64| house.clock.now().plus_minutes(minutes);
    let (begins, ends) = (at(30), at(90));
    let times = json!({ "startsAt": begins.to_string(), "expiresAt": ends.to_string() });
    consented(&house.client("intake"), tells(&house, &id, third, times)).await;
    let query = "query($id: ID!) { personDisclosures(handoffId: $id) { edges { node { basis role at } } } }";
    let lines = async || {
        let said = house.client("agency_admin").ask(query, json!({ "id": id })).await;
        said.data("/personDisclosures/edges").as_array().unwrap().clone()
    };
    assert!(lines().await.is_empty(), "nothing is told yet");
    house.clock.advance(31);
    assert_eq!(change(&mut told).await.0, "ENTERED");
    let seen = lines().await;
    assert_eq!((seen.len(), &seen[0]["node"]["basis"]), (1, &json!("TOLD_BY_CONSENT")), "{seen:#?}");
    assert_eq!(seen[0]["node"]["role"], "INTAKE");
    let line = crisis_hub::domain::time::At::parse(seen[0]["node"]["at"].as_str().unwrap()).unwrap();
    assert!(begins <= line && line < ends, "{line} is not when it began");
    house.close().await;
}

async fn who_was_only_asked_keeps_no_consent(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let asked = Asked::open(&house, 4).await;
    let (sender, intake) = (house.client("emergency_department-2"), house.client("intake"));
    let (_, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    let basalt = house.world.agencies[1].organization.to_string();
    let own = consented(&sender, tells(&house, &handoffs[0], third, json!({ "fromId": basalt }))).await;
    went(&intake, "declineOffer", &handoffs[0], json!({ "reason": "ACUITY" })).await;
    // What it was told is its own no more: it has nobody to ask, and takes back nothing of another agency's.
    let late = intake.ask(RECORD, tells(&house, &handoffs[0], third, json!({}))).await;
    assert_eq!(problems(&late, "recordConsent"), ["WRONG_STATE"]);
    let theirs = intake.ask(REVOKE, json!({ "input": { "consentId": own } })).await;
    assert_eq!(theirs.code(), "FORBIDDEN", "{:#}", theirs.body);
    revoked(&sender, &own).await;
    house.close().await;
}

async fn consents_and_calls_are_listed_where_they_are_known(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    set(&intake, door.0, json!([mail("nurse@amber.example")]), json!({})).await.data("");
    let id = on_the_way(&officer, door).await;
    let first = consented(&intake, tells(&house, &id, third, json!({}))).await;
    house.clock.advance(1);
    let intake = house.client("intake");
    let second = consented(&intake, tells(&house, &id, third, json!({ "kind": "PEER" }))).await;
    revoked(&intake, &first).await;
    let query = "query($id: ID!, $first: Int! = 10) { node(id: $id) { ... on Handoff {
        consents(first: $first) { id revokedAt } calls { id word state receiver { id } } } } }";
    let read = async |person: &str, first: u32| {
        let said = house.client(person).ask(query, json!({ "id": id, "first": first })).await;
        said.data("/node").clone()
    };
    let ids = |consents: &Value| consents.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    let desk = read("intake", 10).await;
    assert_eq!(ids(&desk["consents"]), [json!(second), json!(first)], "latest first, revoked ones too");
    assert_eq!(ids(&read("intake", 1).await["consents"]), [json!(second)]);
    assert!(desk["consents"][1]["revokedAt"].is_string() && desk["consents"][0]["revokedAt"].is_null());
    for blind in ["officer-2", "dispatcher-2", "ems-2"] {
        assert_eq!(read(blind, 10).await["consents"], json!([]), "{blind}");
    }
    // Both sides see that people are called about it, and with what end. Calling goes on between two reads.
    until("both sides see who is called", async || {
        let calls = read("officer-2", 10).await["calls"].clone();
        calls[0]["word"] == "SEEN" && read("intake", 10).await["calls"] == calls
    })
    .await;
    assert!(house.client("council").ask(query, json!({ "id": id })).await.data("/node").is_null());
    house.close().await;
}
