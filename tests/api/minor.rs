//! Minors: their guardian is reached in time or it is told, what they may sign is the law's word, and no unit mixes them with
//! adults in silence.
use super::bed::{REPORT, numbers, problems};
use super::disclose::ask;
use super::disclose_part2::terms;
use super::handoff::{at, told, watch, went};
use super::legal_hold::kinds;
use super::offer::{Asked, close, episode, offered};
use crate::disclose_keys::{dumped, shapes};
use crate::house::traffic::until;
use crate::house::{Agency, Answer, Client, Db, House};
use crate::policy::law::keeps_to;
use crisis_hub::domain::id::{BedUnitId, GlobalId, NounId};
use crisis_hub::domain::pathway::PathwayMode;
use serde_json::{Value, json};

on_both!(
    a_guardian_is_reached_and_who_may_consent_is_sealed,
    a_guardian_who_is_not_reached_is_told_of,
    the_step_follows_what_the_need_says,
    what_a_minor_signs_alone_is_the_laws_word,
    minors_and_adults_are_not_put_together_in_silence,
    nothing_of_whose_a_minor_is_lies_open,
);

const STEP: &str = "id version awaitedAt targetAt late reachedAt endedAt";

/// A ward of the first agency for twelve to seventeen, of a kind of service, and how it is asked: `to` of `offerHandoff`.
async fn youth_ward(house: &House, kind: &str) -> Value {
    let agency = &house.world.agencies[0];
    let (admin, facility) = (house.client("agency_admin"), agency.facility.to_string());
    let service = json!({ "name": format!("Amber youth {kind}"), "kind": kind, "facilityId": facility, "noRefusal": false, "voluntary": true,
        "involuntary": true, "ageMin": 12, "ageMax": 17, "languages": ["en"] });
    let save =
        "mutation($input: SaveServiceInput!) { saveService(input: $input) { problems { code } service { id } } }";
    let said = admin.ask(save, json!({ "input": service })).await;
    let service = said.data("/saveService/service/id").clone();
    let unit = json!({ "label": format!("Amber youth ward, {kind}"), "facilityId": facility, "serviceId": service, "licensed": 6,
        "ageMin": 12, "ageMax": 17, "holdPolicy": "ON_ACCEPT" });
    let save =
        "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { problems { code } bedUnit { id } } }";
    let said = admin.ask(save, json!({ "input": unit })).await;
    let unit = said.data("/saveBedUnit/bedUnit/id").clone();
    assert!(unit.is_string(), "{:#}", said.body);
    let of = Agency { service: id_of(&service), ..agency.clone() };
    house.client("intake").ask(REPORT, numbers(id_of::<BedUnitId>(&unit), 6, 2)).await.data("");
    let pathway = house.pathway(&of, &format!("Amber {kind}"), PathwayMode::Request).await;
    house.deliver().await;
    json!([{ "pathwayId": pathway.to_string(), "unitId": unit }])
}

fn id_of<I: NounId>(value: &Value) -> I {
    GlobalId::parse(value.as_str().unwrap()).unwrap().as_noun().unwrap()
}

/// Asks for somebody of an age: the search and the handoff.
async fn sought(client: &Client, to: &Value, age: Value, more: Value) -> (String, String) {
    let mut input = json!({ "to": to, "need": { "age": age }, "personAgreed": true });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (search, handoffs) = offered(client, input).await;
    (search, handoffs[0].clone())
}

async fn reached(client: &Client, handoff: &str, more: Value) -> Answer {
    let document = format!(
        "mutation($input: RecordGuardianReachedInput!) {{ recordGuardianReached(input: $input) {{ guardian {{ {STEP} }}
            problems {{ code message current {{ id }} }} replayed }} }}"
    );
    let mut input = json!({ "handoffId": handoff, "custody": "PARENT", "mayConsent": ["PARENT"] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document, json!({ "input": input })).await
}

async fn step(client: &Client, handoff: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Handoff {{ guardian {{ {STEP} }} }} }} }}");
    client.ask(&query, json!({ "id": handoff })).await.data("/node/guardian").clone()
}

fn of_guardians(kinds: Vec<String>) -> Vec<String> {
    kinds.into_iter().filter(|kind| kind.starts_with("GUARDIAN")).collect()
}

async fn a_guardian_is_reached_and_who_may_consent_is_sealed(db: Db) {
    let house = House::open(db).await;
    keeps_to(&house, "US-VA").await;
    let ward = youth_ward(&house, "PSYCH_INPATIENT").await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    let mut at_the_desk = watch(&intake).await;
    let (search, id) = sought(&team, &ward, json!(15), json!({})).await;
    went(&intake, "acknowledgeOffer", &id, json!({})).await;
    let awaited = step(&intake, &id).await;
    assert_eq!(at(&awaited["targetAt"]), at(&awaited["awaitedAt"]).plus_minutes(60));
    assert_eq!((&awaited["late"], &awaited["reachedAt"]), (&json!(false), &Value::Null));
    house.clock.advance(20);
    let said =
        reached(&team, &id, json!({ "custody": "COURT", "mayConsent": ["COURT", "PARENT"], "idempotencyKey": "g" }))
            .await;
    assert_eq!(problems(&said, "recordGuardianReached"), [""; 0], "{:#}", said.body);
    let done = said.data("/recordGuardianReached/guardian").clone();
    assert!(done["reachedAt"].is_string() && done["late"] == false);
    let again =
        reached(&team, &id, json!({ "custody": "COURT", "mayConsent": ["COURT", "PARENT"], "idempotencyKey": "g" }))
            .await;
    assert_eq!(again.data("/recordGuardianReached/replayed"), true);
    let other = reached(&team, &id, json!({ "custody": "AGENCY", "idempotencyKey": "g" })).await;
    assert_eq!(problems(&other, "recordGuardianReached"), ["IDEMPOTENCY_CONFLICT"]);
    let step_id = awaited["id"].as_str().unwrap();
    assert_eq!(told(&mut at_the_desk, step_id, "GUARDIAN_REACHED").await, ["GUARDIAN_AWAITED", "GUARDIAN_REACHED"]);
    // Whose the minor is, is opened by those who may, and stands in no answer before.
    let open = "mutation($input: DiscloseInput!) { disclose(input: $input) { entries { ... on PlainEntry { text identity { name }
        guardian { custody mayConsent } } } problems { code } } }";
    let input = json!({ "handoffIds": [id], "tiers": ["IDENTITY"], "purpose": "TREATMENT" });
    let opened = intake.ask(open, json!({ "input": input })).await;
    let guardian = opened.data("/disclose/entries/0/guardian").clone();
    assert_eq!(guardian["custody"], "COURT");
    let may: std::collections::BTreeSet<_> =
        guardian["mayConsent"].as_array().unwrap().iter().map(|who| who.as_str().unwrap()).collect();
    assert_eq!(may.into_iter().collect::<Vec<_>>(), ["COURT", "PARENT"]);
    // More is known later: it is written down, and the first word stands for the clock.
    let more = reached(&intake, &id, json!({ "custody": "PARENT" })).await;
    assert_eq!(more.data("/recordGuardianReached/guardian/reachedAt"), &done["reachedAt"]);
    assert_eq!(
        ask(&intake, &[&id], &["IDENTITY"], "TREATMENT").await.data("/disclose/entries").as_array().unwrap().len(),
        2
    );
    // No clock is left.
    house.clock.advance(60);
    assert_eq!(step(&intake, &id).await["late"], false);
    assert_eq!(episode(&team, &search).await["state"], "SEEKING");
    for (person, code) in [
        ("dispatcher-2", "FORBIDDEN"),
        ("peer", "FORBIDDEN"),
        // An officer writes as the sender, and this is the receiver's.
        ("officer", "FORBIDDEN"),
        ("council", "NOT_FOUND"),
        ("intake-far", "NOT_FOUND"),
    ] {
        assert_eq!(reached(&house.client(person), &id, json!({})).await.code(), code, "{person}");
    }
    // Police of the sending agency, whose own team has said so, read that and write what they know beside it.
    let officer = house.client("officer-2");
    assert_eq!(step(&officer, &id).await["reachedAt"], done["reachedAt"]);
    assert_eq!(problems(&reached(&officer, &id, json!({})).await, "recordGuardianReached"), [""; 0]);
    house.close().await;
}

async fn a_guardian_who_is_not_reached_is_told_of(db: Db) {
    let house = House::open(db).await;
    // No jurisdiction is named: an hour, and 18 years.
    let ward = youth_ward(&house, "PSYCH_INPATIENT").await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    let (search, id) = sought(&team, &ward, json!(17), json!({})).await;
    went(&intake, "acknowledgeOffer", &id, json!({})).await;
    let awaited = step(&intake, &id).await;
    house.clock.advance(59);
    assert_eq!(step(&intake, &id).await["late"], false);
    let mut events = watch(&intake).await;
    house.clock.advance(1);
    let step_id = awaited["id"].as_str().unwrap();
    assert_eq!(told(&mut events, step_id, "GUARDIAN_LATE").await, ["GUARDIAN_LATE"]);
    assert_eq!(step(&team, &id).await["late"], true);
    let node = format!("query($id: ID!) {{ node(id: $id) {{ ... on GuardianStep {{ {STEP} }} }} }}");
    house.deliver().await;
    for (person, reads) in [
        ("intake", true),
        ("peer", true),
        ("ems-2", true),
        ("line_988-2", true),
        ("emergency_department", true),
        ("officer", false),
        ("officer-2", false),
        ("dispatcher", false),
        ("dispatcher-2", false),
        ("advocate-2", false),
        ("council", false),
        ("agency_admin-2", false),
        ("intake-far", false),
    ] {
        let client = house.client(person);
        let seen = client.ask(&node, json!({ "id": step_id })).await;
        assert_eq!(seen.data("/node").is_null(), !reads, "{person}: {:#}", seen.body);
        let heard = of_guardians(kinds(&client).await);
        let all: &[&str] = if reads { &["GUARDIAN_AWAITED", "GUARDIAN_LATE"] } else { &[] };
        assert_eq!(heard, all, "{person}");
    }
    // Late is not never.
    let done = reached(&intake, &id, json!({ "custody": "UNKNOWN", "mayConsent": [] })).await;
    assert_eq!(done.data("/recordGuardianReached/guardian/late"), true);
    // It ends with the search, and nobody is reached after that.
    assert_eq!(problems(&close(&team, &search, "PERSON_LEFT").await, "closeEpisode"), [""; 0]);
    assert!(step(&team, &id).await["endedAt"].is_string());
    assert_eq!(problems(&reached(&team, &id, json!({})).await, "recordGuardianReached"), ["WRONG_STATE"]);
    house.deliver().await;
    let heard = of_guardians(kinds(&house.client("mobile_team-2")).await);
    assert_eq!(heard, ["GUARDIAN_AWAITED", "GUARDIAN_LATE", "GUARDIAN_REACHED", "GUARDIAN_ENDED"]);
    house.close().await;
}

async fn the_step_follows_what_the_need_says(db: Db) {
    let house = House::open(db).await;
    let ward = youth_ward(&house, "PSYCH_INPATIENT").await;
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    // Of whom no age is known, nobody waits for a guardian: the age is asked.
    let (search, id) = sought(&team, &ward, Value::Null, json!({})).await;
    assert_eq!(step(&team, &id).await, Value::Null);
    let nobody = reached(&team, &id, json!({})).await;
    assert_eq!(problems(&nobody, "recordGuardianReached"), ["WRONG_STATE"]);
    assert!(nobody.data("/recordGuardianReached/problems/0/message").as_str().unwrap().contains("Nobody waits"));
    went(&intake, "declineOffer", &id, json!({ "reason": "DOCS_MISSING" })).await;
    // The age is said: somebody waits from here on.
    let on = json!({ "episodeId": search, "changed": ["NEED"] });
    let (_, id) = sought(&team, &ward, json!(14), on.clone()).await;
    assert!(step(&team, &id).await["awaitedAt"].is_string());
    assert_eq!(step(&team, &id).await["endedAt"], Value::Null);
    went(&intake, "declineOffer", &id, json!({ "reason": "DOCS_MISSING" })).await;
    // It was said wrong: the person is of age, and looks for another place.
    let asked = Asked::open(&house, 4).await;
    let (_, id) = sought(&team, &asked.one(&house), json!(19), json!({ "episodeId": search })).await;
    assert!(step(&team, &id).await["endedAt"].is_string());
    house.clock.advance(61);
    house.deliver().await;
    assert_eq!(of_guardians(kinds(&team).await), ["GUARDIAN_AWAITED", "GUARDIAN_ENDED"]);
    house.close().await;
}

async fn what_a_minor_signs_alone_is_the_laws_word(db: Db) {
    let house = House::open(db).await;
    let record = "mutation($input: RecordConsentInput!) { recordConsent(input: $input) { consent { id }
        problems { code message path current { id } } } }";
    let signed = async |handoff: &str, signer: &str| {
        let more = json!({ "kind": "TREATMENT_TPO", "tiers": ["CLINICAL"], "signer": signer });
        house.client("intake").ask(record, terms(&house, handoff, more)).await
    };
    let team = house.client("mobile_team-2");
    let inpatient = youth_ward(&house, "PSYCH_INPATIENT").await;
    // Where no jurisdiction is named, the hub has no word on it.
    let (_, id) = sought(&team, &inpatient, json!(12), json!({})).await;
    assert_eq!(problems(&signed(&id, "PERSON").await, "recordConsent"), [""; 0]);
    for (state, age, person) in [("US-VA", 13, false), ("US-VA", 14, true), ("US-FL", 14, false), ("US-FL", 17, false)]
    {
        keeps_to(&house, state).await;
        house.deliver().await;
        let (_, id) = sought(&team, &inpatient, json!(age), json!({})).await;
        let said = signed(&id, "PERSON").await;
        if person {
            assert_eq!(problems(&said, "recordConsent"), [""; 0], "{state} {age}");
            continue;
        }
        assert_eq!(problems(&said, "recordConsent"), ["CONSENT_REQUIRED"], "{state} {age}");
        let problem = said.data("/recordConsent/problems/0");
        assert_eq!((&problem["path"], &problem["current"]["id"]), (&json!(["signer"]), &json!(id)));
        assert!(problem["message"].as_str().unwrap().contains("have a parent, a guardian or a court sign"));
        for signer in ["PARENT", "GUARDIAN", "COURT"] {
            assert_eq!(problems(&signed(&id, signer).await, "recordConsent"), [""; 0], "{state} {age} {signer}");
        }
    }
    // Withdrawal management is at any age in Florida; whose age is not known is not known to be under any.
    let detox = youth_ward(&house, "WITHDRAWAL_MGMT").await;
    let (_, id) = sought(&team, &detox, json!(12), json!({})).await;
    assert_eq!(problems(&signed(&id, "PERSON").await, "recordConsent"), [""; 0]);
    let (_, id) = sought(&team, &inpatient, Value::Null, json!({})).await;
    assert_eq!(problems(&signed(&id, "PERSON").await, "recordConsent"), [""; 0]);
    house.close().await;
}

async fn minors_and_adults_are_not_put_together_in_silence(db: Db) {
    let house = House::open(db).await;
    youth_ward(&house, "PSYCH_INPATIENT").await;
    let agency = &house.world.agencies[0];
    // A unit that says nothing of ages, and one that leaves the lower end open.
    let save =
        "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { problems { code } bedUnit { id } } }";
    for (label, more) in [("Any age", json!({})), ("To 64", json!({ "ageMax": 64 }))] {
        let mut unit = json!({ "label": label, "facilityId": agency.facility.to_string(),
            "serviceId": agency.service.to_string(), "licensed": 6 });
        unit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let said = house.client("agency_admin").ask(save, json!({ "input": unit })).await;
        assert!(said.data("/saveBedUnit/bedUnit/id").is_string(), "{:#}", said.body);
    }
    house.deliver().await;
    let search = "query($need: NeedInput!) { bedSearch(need: $need, first: 100) { edges { unit { label } reasons { criterion fit says } } } }";
    let nurse = house.client("emergency_department");
    let found = async |need: Value| {
        let said = nurse.ask(search, json!({ "need": need })).await;
        let edges = said.data("/bedSearch/edges").as_array().unwrap().clone();
        move |label: &str| {
            let edge = edges.iter().find(|edge| edge["unit"]["label"] == label);
            let edge = edge.unwrap_or_else(|| panic!("{label} is not among {edges:#?}"));
            let reasons = edge["reasons"].as_array().unwrap();
            let age = reasons.iter().find(|reason| reason["criterion"] == "AGE");
            age.map_or("-".to_owned(), |reason| reason["fit"].as_str().unwrap().to_owned())
        }
    };
    let (youth, adult, nobody) =
        (found(json!({ "age": 15 })).await, found(json!({ "age": 30 })).await, found(json!({})).await);
    for (label, of_youth, of_adult, of_nobody) in [
        ("Amber youth ward, PSYCH_INPATIENT", "MET", "NOT_MET", "UNKNOWN"),
        ("Amber ward", "NOT_MET", "MET", "UNKNOWN"),
        ("Any age", "UNKNOWN", "-", "-"),
        ("To 64", "UNKNOWN", "MET", "UNKNOWN"),
    ] {
        assert_eq!(
            (youth(label), adult(label), nobody(label)),
            (of_youth.into(), of_adult.into(), of_nobody.into()),
            "{label}"
        );
    }
    house.close().await;
}

async fn nothing_of_whose_a_minor_is_lies_open(db: Db) {
    let house = House::open(db).await;
    keeps_to(&house, "US-FL").await;
    let ward = youth_ward(&house, "PSYCH_INPATIENT").await;
    let team = house.client("mobile_team-2");
    let (_, id) = sought(&team, &ward, json!(16), json!({})).await;
    let more = json!({ "custody": "COURT", "mayConsent": ["HEALTH_CARE_AGENT"], "idempotencyKey": "c" });
    assert_eq!(problems(&reached(&team, &id, more).await, "recordGuardianReached"), [""; 0]);
    house.deliver().await;
    until("it is told", async || of_guardians(kinds(&team).await).len() == 2).await;
    let bytes = dumped(house.place()).await;
    let found = |shape: &str| bytes.windows(shape.len()).any(|window| window == shape.as_bytes());
    assert!(bytes.len() > 50_000 && found("GUARDIAN_REACHED"), "nothing was searched");
    for canary in ["COURT", "HEALTH_CARE_AGENT", "custody", "may_consent"] {
        for shape in shapes(canary) {
            // A few letters of base 64 are in any dump by chance.
            if shape.len() >= 6 {
                assert!(!found(&shape), "the database holds {shape}");
            }
        }
    }
    house.close().await;
}
