//! Threats: told by whoever holds a person to one agency that can lessen them, read there for a day, and nothing else by it.
use super::bed::problems;
use super::disclose::{ask, behind, count, texts, wrote};
use super::disclose_part2::{consented, program, terms};
use super::emergency::in_emergency;
use super::handoff::{on_the_way, open_door, went};
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::role::Role;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

on_both!(
    a_threat_is_told_read_for_a_day_and_opens_nothing_else,
    nobody_asks_for_one_and_nobody_else_reads_it,
    whoever_holds_the_person_tells_and_says_why,
    no_program_tells_of_a_threat,
    whoever_was_told_a_programs_record_tells_no_police,
    without_the_ledger_no_threat_is_told_or_read,
);

const TELL: &str = "mutation($input: DiscloseThreatInput!) { discloseThreat(input: $input) {
    threatDisclosure { id handoffId basis from { id } to { id } at until } problems { code path message } replayed } }";
const READ: &str = "mutation($input: ReadThreatDisclosureInput!) { readThreatDisclosure(input: $input) {
    threatDisclosure { id handoffId basis from { id } } text problems { code } } }";
const LIST: &str = "{ threatDisclosures { edges { node { id handoffId basis until } } } }";
const SAYS: &str = "Says that he will shoot at the bus depot\ntonight; owns a rifle.";

fn input(handoff: &str, to: &str, more: Value) -> Value {
    let mut input = json!({ "handoffId": handoff, "toId": to, "basis": "SERIOUS_IMMINENT_TO_PUBLIC", "text": SAYS });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "input": input })
}

async fn tell(client: &Client, input: Value) -> Answer {
    client.ask(TELL, input).await
}

async fn told(client: &Client, input: Value) -> Value {
    let said = tell(client, input).await;
    assert_eq!(problems(&said, "discloseThreat"), [""; 0], "{:#}", said.body);
    said.data("/discloseThreat/threatDisclosure").clone()
}

async fn open(client: &Client, id: &Value) -> Answer {
    client.ask(READ, json!({ "input": { "threatDisclosureId": id } })).await
}

async fn listed(client: &Client) -> Vec<Value> {
    let said = client.ask(LIST, json!({})).await;
    said.data("/threatDisclosures/edges").as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

/// The ledger: told, then read, each with its ground.
async fn the_ledger_says_who_told_and_who_read(house: &House, id: &str, third: &str) {
    let lines = async |person: &str| {
        let query =
            "query($id: ID!) { personDisclosures(handoffId: $id) { edges { node { basis threatBasis tier purpose role
            grantId organization { id } } } } }";
        let said = house.client(person).ask(query, json!({ "id": id })).await;
        let edges = said.data("/personDisclosures/edges").as_array().unwrap().clone();
        let mut lines: Vec<_> = edges
            .iter()
            .map(|edge| {
                let node = &edge["node"];
                assert_eq!(
                    (&node["threatBasis"], &node["tier"], &node["organization"]["id"]),
                    (&json!("SERIOUS_IMMINENT_TO_PUBLIC"), &json!("THREAT"), &json!(third))
                );
                let word = |name: &str| node[name].as_str().unwrap().to_owned();
                (word("basis"), word("role"), node["grantId"].is_string())
            })
            .collect();
        lines.sort();
        lines
    };
    let line = |basis: &str, role: &str, own| (basis.to_owned(), role.to_owned(), own);
    assert_eq!(
        lines("agency_admin-2").await,
        [
            line("THREAT", "MOBILE_TEAM", true),
            line("THREAT_READ", "DISPATCHER", false),
            line("THREAT_READ", "OFFICER", false)
        ]
    );
    assert_eq!(
        lines("agency_admin-t").await,
        [
            line("THREAT", "MOBILE_TEAM", false),
            line("THREAT_READ", "DISPATCHER", true),
            line("THREAT_READ", "OFFICER", true)
        ]
    );
    assert!(lines("agency_admin").await.is_empty(), "the other party has no part in it");
}

async fn a_threat_is_told_read_for_a_day_and_opens_nothing_else(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await.to_string();
    let door = open_door(&house, 9, 4).await;
    let (team, officer) = (house.client("mobile_team-2"), house.client("officer-t"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&team, &id, "CLINICAL", "what is told to no police").await;
    let watch = "subscription { events(kinds: [THREAT_DISCLOSED]) { change event { kind nodeId } } }";
    let mut hears = Vec::new();
    for person in ["officer-t", "dispatcher-t", "mobile_team-2"] {
        let mut told = house.client(person).sse(watch, json!({})).await;
        told.next().await.unwrap();
        hears.push(told);
    }
    let threat = told(&team, input(&id, &third, json!({ "idempotencyKey": "once" }))).await;
    assert_eq!((&threat["handoffId"], &threat["basis"]), (&json!(id), &json!("SERIOUS_IMMINENT_TO_PUBLIC")));
    for hear in &mut hears {
        assert_eq!(hear.change("events").await["event"]["nodeId"], threat["id"]);
    }
    let again = tell(&team, input(&id, &third, json!({ "idempotencyKey": "once" }))).await;
    assert_eq!(again.data("/discloseThreat/replayed"), &json!(true));
    let other = tell(&team, input(&id, &third, json!({ "idempotencyKey": "once", "text": "Another." }))).await;
    assert_eq!(problems(&other, "discloseThreat"), ["IDEMPOTENCY_CONFLICT"]);
    assert!(!again.body.to_string().contains("bus depot"), "the answer repeats what was told");
    // Unopened it says that, on which ground, until when; and not in which handoff.
    let seen = listed(&officer).await;
    assert_eq!((seen.len(), &seen[0]["id"], &seen[0]["handoffId"]), (1, &threat["id"], &Value::Null));
    let opened = open(&officer, &threat["id"]).await;
    assert_eq!(opened.data("/readThreatDisclosure/text"), &json!(SAYS));
    assert!(opened.data("/readThreatDisclosure/threatDisclosure/handoffId").is_null());
    open(&house.client("dispatcher-t"), &threat["id"]).await.data("/readThreatDisclosure/text");
    // It opens no other door.
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    assert!(officer.ask(node, json!({ "id": id })).await.data("/node").is_null());
    assert_eq!(ask(&officer, &[&id], &["CLINICAL"], "SAFETY").await.code(), "NOT_FOUND");
    the_ledger_says_who_told_and_who_read(&house, &id, &third).await;
    // After a day it is gone for those who were told.
    house.clock.advance(24 * 60 - 1);
    assert_eq!(open(&house.client("officer-t"), &threat["id"]).await.data("/readThreatDisclosure/text"), &json!(SAYS));
    house.clock.advance(2);
    let late = house.client("officer-t");
    assert_eq!(open(&late, &threat["id"]).await.code(), "NOT_FOUND");
    assert!(listed(&late).await.is_empty());
    assert!(late.ask(node, json!({ "id": threat["id"] })).await.data("/node").is_null());
    assert_eq!(listed(&house.client("mobile_team-2")).await.len(), 1);
    house.close().await;
}

async fn nobody_asks_for_one_and_nobody_else_reads_it(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await.to_string();
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    let threat = told(&house.client("line_988-2"), input(&id, &third, json!({}))).await;
    house.deliver().await;
    let behind = behind(&house).await;
    let before = count(&behind, "disclosure").await;
    let absent = json!(format!("threat_disclosure_{}", "0".repeat(32)));
    let node = "query($id: ID!) { node(id: $id) { __typename } events(first: 100) { edges { node { kind } } } }";
    let mut refused = 0;
    for (role, suffix) in Role::ALL.iter().flat_map(|role| ["", "-2", "-t", "-far"].map(|suffix| (*role, suffix))) {
        let reads = suffix == "-t" && matches!(role, Role::Officer | Role::Dispatcher);
        let tells = suffix == "-2"
            && matches!(role, Role::EmergencyDepartment | Role::Intake | Role::MobileTeam | Role::Line988);
        let client = house.client(&format!("{}{suffix}", role.code().to_lowercase()));
        let seen = client.ask(node, json!({ "id": threat["id"] })).await;
        assert_eq!(seen.data("/node").is_null(), !(reads || tells), "{role:?}{suffix}");
        let told = seen.data("/events/edges").to_string().contains("THREAT_DISCLOSED");
        assert_eq!(told, reads || tells, "{role:?}{suffix}");
        assert_eq!(listed(&client).await.len(), usize::from(reads || tells), "{role:?}{suffix}");
        if reads {
            continue;
        }
        let (there, not) = (open(&client, &threat["id"]).await, open(&client, &absent).await);
        assert_eq!(there.code(), if tells { "FORBIDDEN" } else { "NOT_FOUND" }, "{role:?}{suffix}");
        assert_eq!(not.code(), "NOT_FOUND");
        if !tells {
            assert_eq!(there.body["errors"][0]["message"], not.body["errors"][0]["message"]);
        }
        refused += 1;
    }
    assert_eq!(count(&behind, "disclosure").await, before, "{refused} were refused, and one left a line");
    behind.close().await.unwrap();
    house.close().await;
}

async fn whoever_holds_the_person_tells_and_says_why(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await.to_string();
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    let [amber, basalt] = house.world.agencies.each_ref().map(|agency| agency.organization.to_string());
    for role in Role::ALL {
        use Role as R;
        let person = format!("{}-2", role.code().to_lowercase());
        let said = tell(&house.client(&person), input(&id, &third, json!({}))).await;
        let code = match role {
            R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Line988 => {
                assert_eq!(problems(&said, "discloseThreat"), [""; 0], "{person}");
                continue;
            }
            R::Officer | R::Dispatcher | R::Ems | R::Peer => "FORBIDDEN",
            R::Advocate | R::Council | R::Analyst | R::AgencyAdmin | R::HubOperator => "NOT_FOUND",
        };
        assert_eq!(said.code(), code, "{person}");
    }
    let (team, intake) = (house.client("mobile_team-2"), house.client("intake"));
    for bad in [
        json!({ "text": "" }),
        json!({ "text": "a".repeat(1_001) }),
        json!({ "text": "a\u{7}" }),
        json!({ "basis": "ADMITTED_A_CRIME" }),
        json!({ "basis": null }),
    ] {
        assert_eq!(tell(&team, input(&id, &third, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    for (to, code) in [(&basalt, "NOBODY_TO_TELL"), (&amber, "")] {
        let said = tell(&team, input(&id, to, json!({}))).await;
        let codes = problems(&said, "discloseThreat");
        assert_eq!(codes.first().copied().unwrap_or_default(), code, "{:#}", said.body);
    }
    let far = house.world.far.organization.to_string();
    assert_eq!(tell(&team, input(&id, &far, json!({}))).await.code(), "NOT_FOUND");
    // An escape is law enforcement's to hear of.
    let escaped = json!({ "basis": "ESCAPED_FROM_CUSTODY" });
    let said = tell(&team, input(&id, &third, escaped.clone())).await;
    assert_eq!(problems(&said, "discloseThreat"), ["NOBODY_TO_TELL"]);
    let save = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { organization { id } problems { code } } }";
    let police = json!({ "input": { "regionId": house.world.region.to_string(), "name": "Granite Police", "kind": "LAW_ENFORCEMENT",
        "criminalJusticeAgency": true } });
    let said = house.client("hub_operator").ask(save, police).await;
    let police = said.data("/saveOrganization/organization/id").as_str().unwrap().to_owned();
    told(&team, input(&id, &police, escaped)).await;
    // A line of listeners has nobody who could go.
    let line = json!({ "input": { "regionId": house.world.region.to_string(), "name": "Gneiss Line", "kind": "CALL_CENTER_988" } });
    let said = house.client("hub_operator").ask(save, line).await;
    let line = said.data("/saveOrganization/organization/id").as_str().unwrap().to_owned();
    let said = tell(&team, input(&id, &line, json!({}))).await;
    assert_eq!(problems(&said, "discloseThreat"), ["NOBODY_TO_TELL"]);
    // The receiver holds the person from the door on, the sender until the receiver has taken over, and neither when it is done.
    let may = async |client: &Client| {
        problems(&tell(client, input(&id, &third, json!({}))).await, "discloseThreat").is_empty()
    };
    assert!(may(&team).await && !may(&intake).await);
    went(&team, "arriveHandoff", &id, json!({})).await;
    assert!(may(&team).await && may(&intake).await);
    went(&intake, "confirmTransfer", &id, json!({})).await;
    assert!(!may(&team).await && may(&intake).await);
    went(&team, "confirmTransfer", &id, json!({})).await;
    let said = tell(&intake, input(&id, &third, json!({}))).await;
    assert_eq!(problems(&said, "discloseThreat"), ["WRONG_STATE"]);
    house.close().await;
}

async fn no_program_tells_of_a_threat(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let third = house.third().await.to_string();
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("mobile_team-2"), &id, "PART2", "zebra").await;
    for person in ["mobile_team-2", "emergency_department-2", "line_988-2", "intake-2"] {
        let said = tell(&house.client(person), input(&id, &third, json!({}))).await;
        assert_eq!(problems(&said, "discloseThreat"), ["PART2_PROGRAM"], "{person}");
    }
    let behind = behind(&house).await;
    assert_eq!(count(&behind, "threat_disclosure").await, 0);
    assert_eq!(count(&behind, "disclosure").await, 0);
    behind.close().await.unwrap();
    house.close().await;
}

async fn whoever_was_told_a_programs_record_tells_no_police(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let third = house.third().await.to_string();
    let door = open_door(&house, 9, 4).await;
    let (officer, intake, doctor) =
        (house.client("officer-2"), house.client("intake"), house.client("emergency_department"));
    let may = async |id: &str| problems(&tell(&intake, input(id, &third, json!({}))).await, "discloseThreat").join(" ");
    let [none, agreed, emergency] = [0; 3].map(|_| on_the_way(&officer, door));
    let [none, agreed, emergency] = [none.await, agreed.await, emergency.await];
    for id in [&none, &agreed, &emergency] {
        wrote(&house.client("mobile_team-2"), id, "PART2", "zebra").await;
        wrote(&intake, id, "CLINICAL", "the desk's own").await;
        went(&officer, "arriveHandoff", id, json!({})).await;
        // Somebody looked, and was told nothing of the program's.
        ask(&intake, &[id], &["PART2", "CLINICAL"], "TREATMENT").await.data("/disclose/entries");
        assert_eq!(may(id).await, "");
    }
    consented(&intake, terms(&house, &agreed, json!({}))).await;
    assert_eq!(texts(&ask(&doctor, &[&agreed], &["PART2"], "TREATMENT").await), ["zebra"]);
    assert_eq!(texts(&in_emergency(&doctor, &emergency, "PART2").await), ["zebra"]);
    // What the program wrote is known at the whole agency from here on, in that handoff, and to police it is told by nobody there.
    assert_eq!(may(&agreed).await, "PART2_PROGRAM");
    assert_eq!(may(&emergency).await, "PART2_PROGRAM");
    assert_eq!(may(&none).await, "");
    // A program that is one no longer wrote what it wrote.
    let edit = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { problems { code } } }";
    let basalt = house.world.agencies[1].organization.to_string();
    let no_program = json!({ "id": basalt, "name": "Basalt", "kind": "TRIBAL", "coveredEntity": true });
    house.client("hub_operator").ask(edit, json!({ "input": no_program })).await.data("");
    let said = tell(&house.client("mobile_team-2"), input(&none, &third, json!({}))).await;
    assert_eq!(problems(&said, "discloseThreat"), ["PART2_PROGRAM"]);
    house.close().await;
}

async fn without_the_ledger_no_threat_is_told_or_read(db: Db) {
    let house = House::open(db).await;
    let third = house.third().await.to_string();
    let door = open_door(&house, 9, 4).await;
    let (team, officer) = (house.client("mobile_team-2"), house.client("officer-t"));
    let id = on_the_way(&house.client("officer-2"), door).await;
    let behind = behind(&house).await;
    let threat = told(&team, input(&id, &third, json!({}))).await;
    behind.execute_unprepared("ALTER TABLE disclosure RENAME TO disclosure_gone").await.unwrap();
    assert_eq!(tell(&team, input(&id, &third, json!({}))).await.code(), "INTERNAL");
    let blocked = open(&officer, &threat["id"]).await;
    assert_eq!(blocked.code(), "INTERNAL");
    assert!(!blocked.body.to_string().contains("depot"));
    behind.execute_unprepared("ALTER TABLE disclosure_gone RENAME TO disclosure").await.unwrap();
    assert_eq!(count(&behind, "threat_disclosure").await, 1);
    // What is moved to another row, or given more time, is not opened.
    let other = told(&team, input(&id, &third, json!({ "text": "Another." }))).await;
    let swap = "UPDATE threat_disclosure SET sealed = (SELECT t.sealed FROM threat_disclosure t ORDER BY t.id LIMIT 1)";
    for moved in [swap, "UPDATE threat_disclosure SET until = until + 1"] {
        behind.execute_unprepared("CREATE TABLE kept AS SELECT * FROM threat_disclosure").await.unwrap();
        behind.execute_unprepared(moved).await.unwrap();
        let said = [open(&officer, &threat["id"]).await, open(&officer, &other["id"]).await];
        assert!(said.iter().any(|one| one.body.get("errors").is_some() && one.code() == "INTERNAL"), "{moved}");
        behind.execute_unprepared("DELETE FROM threat_disclosure").await.unwrap();
        behind.execute_unprepared("INSERT INTO threat_disclosure SELECT * FROM kept").await.unwrap();
        behind.execute_unprepared("DROP TABLE kept").await.unwrap();
    }
    assert_eq!(open(&officer, &threat["id"]).await.data("/readThreatDisclosure/text"), &json!(SAYS));
    behind.close().await.unwrap();
    house.close().await;
}
