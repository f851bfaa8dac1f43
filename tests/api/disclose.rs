//! Sealed entries: written by a party, opened by whoever may, and never before the ledger has said so.
use super::bed::problems;
use super::handoff::{on_the_way, open_door, went};
use super::legal_hold::kinds;
use super::offer::{Asked, input, offered, yes};
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::id::{GlobalId, OrganizationId};
use crisis_hub::domain::role::Role;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};

on_both!(
    a_note_is_written_and_opened_by_those_who_may,
    who_writes_and_who_opens_is_as_published,
    a_note_sent_twenty_times_is_one_entry,
    notes_have_their_limits_and_their_time,
    without_the_ledger_nothing_is_opened,
    what_is_moved_to_another_place_is_not_opened,
    the_privacy_office_reads_who_was_told_what,
    a_police_privacy_office_reads_what_its_own_people_were_told,
    an_operation_opens_once,
    who_was_asked_reads_until_the_answer,
);

const NOTE: &str = "mutation($input: AddHandoffNoteInput!) { addHandoffNote(input: $input) {
    entry { id handoffId tier at author { id } } problems { code path current { id } } replayed } }";
const DISCLOSE: &str = "mutation($input: DiscloseInput!) { disclose(input: $input) { entries {
    ... on PlainEntry { id handoffId tier at author { id } text identity { name dateOfBirth contact } part2 }
    ... on Part2Entry { id handoffId tier at author { id } text part2 redisclosureNotice } }
    problems { code path current { id } } } }";

/// Writes words into a tier.
pub async fn write(client: &Client, handoff: &str, tier: &str, text: &str) -> Answer {
    client.ask(NOTE, json!({ "input": { "handoffId": handoff, "tier": tier, "text": text } })).await
}

/// Writes words into a tier, which goes well: the entry's id.
pub async fn wrote(client: &Client, handoff: &str, tier: &str, text: &str) -> String {
    let said = write(client, handoff, tier, text).await;
    said.data("/addHandoffNote/entry/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned()
}

/// Asks to open tiers of handoffs.
pub async fn ask(client: &Client, handoffs: &[&str], tiers: &[&str], purpose: &str) -> Answer {
    let input = json!({ "handoffIds": handoffs, "tiers": tiers, "purpose": purpose });
    client.ask(DISCLOSE, json!({ "input": input })).await
}

/// What was opened: words alone.
pub fn texts(said: &Answer) -> Vec<&str> {
    let entries = said.data("/disclose/entries").as_array().unwrap_or_else(|| panic!("{:#}", said.body));
    entries.iter().filter_map(|entry| entry["text"].as_str()).collect()
}

/// The database behind a house, for statements of a test's own.
pub async fn behind(house: &House) -> DatabaseConnection {
    Database::connect(&house.place().url).await.unwrap()
}

pub async fn count(db: &DatabaseConnection, of: &str) -> i64 {
    let sql = sea_orm::Statement::from_string(db.get_database_backend(), format!("SELECT COUNT(*) AS n FROM {of}"));
    db.query_one_raw(sql).await.unwrap().unwrap().try_get("", "n").unwrap()
}

async fn a_note_is_written_and_opened_by_those_who_may(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    let mut watching = intake.sse("subscription { events { event { kind nodeId nodeVersion } } }", json!({})).await;
    watching.next().await.unwrap();
    let identity = json!({ "name": "Rosa Quail", "dateOfBirth": "1988-04-02", "contact": "sister, 305 555 0142" });
    let input = json!({ "handoffId": id, "tier": "IDENTITY", "identity": identity });
    let said = officer.ask(NOTE, json!({ "input": input })).await;
    let entry = said.data("/addHandoffNote/entry").clone();
    assert_eq!((&entry["tier"], &entry["handoffId"]), (&json!("IDENTITY"), &json!(id)));
    assert!(!said.body.to_string().contains("Rosa"), "the answer repeats what was written");
    wrote(&officer, &id, "CLINICAL", "Pacing,\nsays voices command harm.").await;

    // Both are told that something was written; what, and of which tier, is in no event.
    let mut told = Vec::new();
    while told.len() < 2 {
        let event = watching.next().await.unwrap().1["data"]["events"]["event"].clone();
        told.extend(Some(event).filter(|event| event["kind"] == "HANDOFF_NOTED"));
    }
    assert_eq!((&told[0]["nodeId"], &told[0]["nodeVersion"]), (&entry["id"], &json!(1)));
    // To police, dispatchers and peers it is as if nothing were.
    for (person, entries) in [("intake", 2), ("ems-2", 2), ("officer-2", 0), ("dispatcher-2", 0), ("peer", 0)] {
        let noted = kinds(&house.client(person)).await.into_iter().filter(|kind| kind == "HANDOFF_NOTED").count();
        assert_eq!(noted, entries, "{person}");
    }
    let within =
        "query($id: ID!) { node(id: $id) { ... on Handoff { entries { id tier at handoffId author { id } } } } }";
    for (person, entries) in [("intake", 2), ("ems-2", 2), ("officer-2", 2), ("dispatcher-2", 0), ("peer", 0)] {
        let said = house.client(person).ask(within, json!({ "id": id })).await;
        let listed = said.data("/node/entries").as_array().unwrap();
        assert_eq!(listed.len(), entries, "{person}: {:#}", said.body);
        assert!(entries == 0 || listed.contains(&entry), "{person}");
    }
    let node = "query($id: ID!) { node(id: $id) { ... on HandoffEntry { id tier at handoffId author { id } } } }";
    assert_eq!(intake.ask(node, json!({ "id": entry["id"] })).await.data("/node"), &entry);
    for blind in ["dispatcher-2", "council", "peer", "officer", "intake-far", "agency_admin"] {
        let said = house.client(blind).ask(node, json!({ "id": entry["id"] })).await;
        assert!(said.data("/node").is_null(), "{blind}: {:#}", said.body);
    }

    let opened = ask(&intake, &[&id], &["IDENTITY", "CLINICAL", "LEGAL"], "TREATMENT").await;
    assert_eq!(problems(&opened, "disclose"), [""; 0]);
    let entries = opened.data("/disclose/entries").as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        (&entries[0]["identity"], &entries[0]["author"], &entries[0]["at"]),
        (&identity, &entry["author"], &entry["at"])
    );
    assert_eq!(entries[1]["text"], "Pacing,\nsays voices command harm.");
    assert_eq!((&entries[1]["part2"], &entries[0]["text"]), (&json!(false), &Value::Null));
    // Nothing of it lies open in the database.
    let behind = behind(&house).await;
    assert_eq!(count(&behind, "handoff_key").await, 1);
    assert_eq!(count(&behind, "disclosure").await, 3);
    house.close().await;
}

async fn who_writes_and_who_opens_is_as_published(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, partner, intake) = (house.client("officer-2"), house.client("dispatcher-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    for (person, tier, code) in [
        ("officer-2", "PART2", "FORBIDDEN"),
        ("officer", "CLINICAL", "FORBIDDEN"),
        ("dispatcher-2", "CLINICAL", "FORBIDDEN"),
        ("ems-2", "LEGAL", "FORBIDDEN"),
        ("mobile_team-2", "LEGAL", "FORBIDDEN"),
        ("intake", "PART2", "FORBIDDEN"),
        ("peer", "CLINICAL", "FORBIDDEN"),
        ("advocate-2", "CLINICAL", "NOT_FOUND"),
        ("agency_admin", "CLINICAL", "NOT_FOUND"),
        ("intake-far", "CLINICAL", "NOT_FOUND"),
    ] {
        assert_eq!(write(&house.client(person), &id, tier, "a").await.code(), code, "{person} {tier}");
    }
    wrote(&officer, &id, "CLINICAL", "the officer's").await;
    wrote(&officer, &id, "LEGAL", "the officer's hold").await;
    wrote(&house.client("ems-2"), &id, "CLINICAL", "the paramedic's").await;
    wrote(&intake, &id, "CLINICAL", "the nurse's").await;
    // An officer reads again what they wrote, and nothing that anybody else did, of their own agency either.
    let own = ask(&officer, &[&id], &["CLINICAL", "LEGAL"], "OWN_RECORD").await;
    assert_eq!(texts(&own), ["the officer's", "the officer's hold"]);
    for purpose in ["TREATMENT", "CARE_COORDINATION", "SAFETY"] {
        assert_eq!(ask(&officer, &[&id], &["CLINICAL"], purpose).await.code(), "FORBIDDEN");
    }
    assert_eq!(ask(&officer, &[&id], &["PART2"], "OWN_RECORD").await.code(), "FORBIDDEN");
    assert_eq!(texts(&ask(&intake, &[&id], &["CLINICAL"], "TREATMENT").await).len(), 3);
    assert_eq!(texts(&ask(&house.client("ems-2"), &[&id], &["CLINICAL"], "SAFETY").await).len(), 3);
    assert_eq!(texts(&ask(&intake, &[&id], &["CLINICAL"], "OWN_RECORD").await), ["the nurse's"]);
    assert_eq!(ask(&house.client("line_988"), &[&id], &["LEGAL"], "TREATMENT").await.code(), "FORBIDDEN");
    for (stranger, code) in [
        ("intake-far", "NOT_FOUND"),
        ("council", "NOT_FOUND"),
        ("analyst", "NOT_FOUND"),
        ("agency_admin-2", "NOT_FOUND"),
        ("hub_operator", "NOT_FOUND"),
        ("dispatcher-2", "FORBIDDEN"),
    ] {
        assert_eq!(ask(&house.client(stranger), &[&id], &["CLINICAL"], "TREATMENT").await.code(), code, "{stranger}");
    }
    // One that is not theirs among many, and nothing is opened.
    let foreign = format!("handoff_{}", "0".repeat(32));
    assert_eq!(ask(&intake, &[&id, &foreign], &["CLINICAL"], "TREATMENT").await.code(), "NOT_FOUND");
    assert_eq!(ask(&partner, &[&id], &["LEGAL"], "SAFETY").await.code(), "FORBIDDEN");
    house.close().await;
}

async fn a_note_sent_twenty_times_is_one_entry(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let officer = house.client("officer-2");
    let id = on_the_way(&officer, door).await;
    let input =
        |text: &str| json!({ "input": { "handoffId": id, "tier": "LEGAL", "text": text, "idempotencyKey": "once" } });
    let said = futures_util::future::join_all((0..20).map(|_| officer.ask(NOTE, input("Held until noon.")))).await;
    let ids: Vec<&Value> = said.iter().map(|one| one.data("/addHandoffNote/entry/id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_string()), "{ids:?}");
    assert_eq!(said.iter().filter(|one| one.data("/addHandoffNote/replayed") == false).count(), 1);
    let other = officer.ask(NOTE, input("Held until one.")).await;
    assert_eq!(problems(&other, "addHandoffNote"), ["IDEMPOTENCY_CONFLICT"]);
    assert_eq!(texts(&ask(&officer, &[&id], &["LEGAL"], "OWN_RECORD").await), ["Held until noon."]);
    house.close().await;
}

async fn notes_have_their_limits_and_their_time(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    let name = |name: String| json!({ "handoffId": id, "tier": "IDENTITY", "identity": { "name": name } });
    for bad in [
        json!({ "handoffId": id, "tier": "CLINICAL", "text": "a".repeat(8_001) }),
        json!({ "handoffId": id, "tier": "CLINICAL", "text": " " }),
        json!({ "handoffId": id, "tier": "CLINICAL" }),
        json!({ "handoffId": id, "tier": "CLINICAL", "text": "a", "identity": { "name": "b" } }),
        json!({ "handoffId": id, "tier": "IDENTITY", "text": "a" }),
        json!({ "handoffId": id, "tier": "IDENTITY", "identity": {} }),
        json!({ "handoffId": id, "tier": "DIAGNOSIS", "text": "a" }),
        name("n".repeat(201)),
    ] {
        assert_eq!(officer.ask(NOTE, json!({ "input": bad })).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    officer.ask(NOTE, json!({ "input": name("n".repeat(200)) })).await.data("");
    wrote(&officer, &id, "CLINICAL", &"é".repeat(8_000)).await;
    for (handoffs, tiers) in [(0, 1), (1, 0), (51, 1)] {
        let (handoffs, tiers) = (vec![id.as_str(); handoffs], vec!["IDENTITY"; tiers]);
        assert_eq!(ask(&intake, &handoffs, &tiers, "SAFETY").await.code(), "BAD_USER_INPUT");
    }
    // A day after its end it takes no more notes; ninety days after, nothing is opened.
    went(&officer, "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
    house.clock.advance(23 * 60);
    let intake = house.client("intake");
    wrote(&intake, &id, "CLINICAL", "called back").await;
    house.clock.advance(61);
    let late = write(&house.client("intake"), &id, "CLINICAL", "too late").await;
    assert_eq!(problems(&late, "addHandoffNote"), ["WRONG_STATE"]);
    house.clock.advance(88 * 24 * 60);
    assert_eq!(texts(&ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await).len(), 2);
    house.clock.advance(24 * 60);
    let over = ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await;
    assert_eq!((texts(&over), problems(&over, "disclose")), (vec![], vec!["RETENTION_ENDED"]));
    house.close().await;
}

async fn without_the_ledger_nothing_is_opened(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    wrote(&officer, &id, "CLINICAL", "zebra").await;
    let behind = behind(&house).await;
    behind.execute_unprepared("ALTER TABLE disclosure RENAME TO disclosure_gone").await.unwrap();
    let blocked = ask(&intake, &[&id], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(blocked.code(), "INTERNAL");
    assert!(!blocked.body.to_string().contains("zebra"));
    behind.execute_unprepared("ALTER TABLE disclosure_gone RENAME TO disclosure").await.unwrap();
    assert_eq!(count(&behind, "disclosure").await, 0);
    assert_eq!(texts(&ask(&intake, &[&id], &["CLINICAL"], "TREATMENT").await), ["zebra"]);
    // Whoever looks and finds nothing has looked.
    assert_eq!(texts(&ask(&intake, &[&id], &["LEGAL"], "SAFETY").await), [""; 0]);
    assert_eq!(count(&behind, "disclosure WHERE entries = 1 AND tier = 'CLINICAL'").await, 1);
    assert_eq!(count(&behind, "disclosure WHERE entries = 0 AND tier = 'LEGAL' AND author_id IS NULL").await, 1);
    // A refusal is no disclosure.
    assert_eq!(ask(&officer, &[&id], &["CLINICAL"], "TREATMENT").await.code(), "FORBIDDEN");
    assert_eq!(count(&behind, "disclosure").await, 2);
    behind.close().await.unwrap();
    house.close().await;
}

async fn what_is_moved_to_another_place_is_not_opened(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let (one, two) = (on_the_way(&officer, door).await, on_the_way(&officer, door).await);
    let [a, b, c, d] = [
        wrote(&officer, &one, "CLINICAL", "zebra one").await,
        wrote(&officer, &one, "CLINICAL", "zebra two").await,
        wrote(&officer, &one, "LEGAL", "zebra three").await,
        wrote(&officer, &two, "CLINICAL", "zebra four").await,
    ];
    let behind = behind(&house).await;
    let sqlite = house.place().file().is_some();
    let key = |id: &str| {
        let hex = id.rsplit_once('_').unwrap().1;
        if sqlite { format!("x'{hex}'") } else { format!("'{hex}'") }
    };
    let take = |from: &str, to: &str| {
        format!(
            "UPDATE handoff_entry SET sealed = (SELECT sealed FROM handoff_entry WHERE id = {}) WHERE id = {}",
            key(from),
            key(to)
        )
    };
    let agency = key(&house.world.agencies[0].organization.to_string());
    for moved in [
        take(&a, &b),
        take(&c, &a),
        take(&d, &a),
        format!("UPDATE handoff_entry SET tier = 'CLINICAL' WHERE id = {}", key(&c)),
        format!("UPDATE handoff_entry SET author_id = {agency} WHERE id = {}", key(&a)),
        format!("UPDATE handoff_entry SET handoff_id = {} WHERE id = {}", key(&two), key(&a)),
        format!("UPDATE handoff_entry SET part2 = TRUE WHERE id = {}", key(&a)),
        format!("UPDATE handoff_key SET wrapped = (SELECT wrapped FROM handoff_key WHERE handoff_id = {})", key(&two)),
    ] {
        behind.execute_unprepared("CREATE TABLE kept AS SELECT * FROM handoff_entry").await.unwrap();
        behind.execute_unprepared("CREATE TABLE kept_key AS SELECT * FROM handoff_key").await.unwrap();
        behind.execute_unprepared(&moved).await.unwrap();
        // Nothing of what was moved is opened: a program's record is withheld before it comes to that.
        let said = ask(&intake, &[&one, &two], &["CLINICAL", "LEGAL"], "TREATMENT").await;
        if moved.contains("part2") {
            assert!(!said.body.to_string().contains("zebra one"), "{moved}: {:#}", said.body);
        } else {
            assert_eq!(said.code(), "INTERNAL", "{moved}");
            assert!(!said.body.to_string().contains("zebra"), "{moved}: {:#}", said.body);
        }
        for (table, kept) in [("handoff_entry", "kept"), ("handoff_key", "kept_key")] {
            behind.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap();
            behind.execute_unprepared(&format!("INSERT INTO {table} SELECT * FROM {kept}")).await.unwrap();
            behind.execute_unprepared(&format!("DROP TABLE {kept}")).await.unwrap();
        }
    }
    let said = ask(&intake, &[&one, &two], &["CLINICAL", "LEGAL"], "TREATMENT").await;
    assert_eq!(texts(&said).len(), 4, "{:#}", said.body);
    behind.close().await.unwrap();
    house.close().await;
}

async fn the_privacy_office_reads_who_was_told_what(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    wrote(&officer, &id, "CLINICAL", "from the field").await;
    wrote(&intake, &id, "CLINICAL", "at the desk").await;
    ask(&intake, &[&id], &["CLINICAL"], "TREATMENT").await.data("");
    house.clock.advance(1);
    ask(&house.client("ems-2"), &[&id], &["CLINICAL"], "SAFETY").await.data("");
    let query = "query($id: ID!, $first: Int, $after: Cursor) { personDisclosures(handoffId: $id, first: $first, after: $after) {
        edges { cursor node { role tier purpose entries consentId grantId organization { id } author { id } } }
        pageInfo { hasNextPage } } }";
    let page = async |person: &str, more: Value| {
        let mut variables = json!({ "id": id });
        variables.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let said = house.client(person).ask(query, variables).await;
        said.data("/personDisclosures").clone()
    };
    let [ours, theirs] = house.world.agencies.each_ref().map(|agency| agency.organization.to_string());
    let lines = |page: &Value| -> Vec<(String, String, bool)> {
        let edges = page["edges"].as_array().unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        edges
            .iter()
            .map(|edge| {
                let author = edge["node"]["author"]["id"].as_str() == Some(&ours);
                (
                    word(&edge["node"]["role"]),
                    if author { "ours".into() } else { "theirs".into() },
                    edge["node"]["grantId"].is_string(),
                )
            })
            .collect()
    };
    // Each sees what its own people were told, and who was told what it wrote; grants only of its own.
    let all = page("agency_admin", json!({})).await;
    let mut seen = lines(&all);
    seen.sort();
    let line = |role: &str, author: &str, own| (role.to_owned(), author.to_owned(), own);
    assert_eq!(seen, [line("EMS", "ours", false), line("INTAKE", "ours", true), line("INTAKE", "theirs", true)]);
    let mut seen = lines(&page("agency_admin-2", json!({})).await);
    seen.sort();
    assert_eq!(seen, [line("EMS", "ours", true), line("EMS", "theirs", true), line("INTAKE", "theirs", false)]);
    assert!(all["edges"].as_array().unwrap().iter().all(|edge| edge["node"]["tier"] == "CLINICAL"));
    assert_eq!(all["edges"][0]["node"]["organization"]["id"], json!(theirs), "latest first");
    // Paged as the audit.
    let first = page("agency_admin", json!({ "first": 1 })).await;
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let rest = page("agency_admin", json!({ "after": first["edges"][0]["cursor"] })).await;
    assert_eq!(rest["edges"].as_array().unwrap().len(), 2);
    for nobody in ["intake", "officer-2", "council", "agency_admin-far", "hub_operator"] {
        assert_eq!(page(nobody, json!({})).await["edges"], json!([]), "{nobody}");
    }
    house.close().await;
}

/// Who treats somebody, and when, is not for police.
async fn a_police_privacy_office_reads_what_its_own_people_were_told(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let save = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { organization { id } } }";
    let input =
        json!({ "regionId": house.world.region.to_string(), "name": "Granite Police", "kind": "LAW_ENFORCEMENT" });
    let said = house.client("hub_operator").ask(save, json!({ "input": input })).await;
    let police = GlobalId::parse(said.data("/saveOrganization/organization/id").as_str().unwrap()).unwrap();
    let police: OrganizationId = police.as_noun().unwrap();
    house.grant("opal", Role::Officer, police).await;
    house.grant("slate", Role::AgencyAdmin, police).await;
    house.deliver().await;
    let id = on_the_way(&house.client("opal"), door).await;
    wrote(&house.client("opal"), &id, "CLINICAL", "from the field").await;
    ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await.data("");
    ask(&house.client("opal"), &[&id], &["CLINICAL"], "OWN_RECORD").await.data("");
    let query = "query($id: ID!) { personDisclosures(handoffId: $id) { edges { node { role } } } }";
    let told = async |person: &str| {
        let said = house.client(person).ask(query, json!({ "id": id })).await;
        said.data("/personDisclosures/edges").clone()
    };
    assert_eq!(told("agency_admin").await[0]["node"]["role"], "INTAKE");
    let own = told("slate").await;
    assert_eq!((own.as_array().unwrap().len(), &own[0]["node"]["role"]), (1, &json!("OFFICER")), "{own:#}");
    house.close().await;
}

async fn an_operation_opens_once(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    let once = format!(
        "disclose(input: {{ handoffIds: [\"{id}\"], tiers: [LEGAL], purpose: SAFETY }}) {{ problems {{ code }} }}"
    );
    let spread = format!("mutation {{ a: {once} ...again }} fragment again on Mutation {{ b: {once} }}");
    for twice in [format!("mutation {{ a: {once} b: {once} }}"), spread] {
        assert_eq!(intake.ask(&twice, json!({})).await.code(), "LIMIT_EXCEEDED");
    }
    assert_eq!(count(&behind(&house).await, "disclosure").await, 0);
    assert_eq!(intake.ask(&format!("mutation {{ {once} }}"), json!({})).await.data("/disclose/problems"), &json!([]));
    // Where a program's record may come, its notice has to be asked for.
    let without =
        "mutation($input: DiscloseInput!) { disclose(input: $input) { entries { ... on PlainEntry { text } } } }";
    let input = |tier: &str| json!({ "input": { "handoffIds": [id], "tiers": [tier], "purpose": "TREATMENT" } });
    assert_eq!(intake.ask(without, input("CLINICAL")).await.code(), "BAD_USER_INPUT");
    intake.ask(without, input("IDENTITY")).await.data("/disclose/entries");
    house.close().await;
}

async fn who_was_asked_reads_until_the_answer(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let (_, handoffs) = offered(&sender, input(asked.three(&house), json!({}))).await;
    for handoff in &handoffs {
        wrote(&sender, handoff, "CLINICAL", "Has not slept for three nights.").await;
    }
    wrote(&amber, &handoffs[0], "CLINICAL", "Asked about sleep.").await;
    // What is told is told for the answer.
    let before = ask(&amber, &[&handoffs[0]], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(texts(&before).len(), 2, "{:#}", before.body);
    went(&amber, "acceptOffer", &handoffs[0], yes()).await;
    went(&house.client("intake-2"), "acceptOffer", &handoffs[2], yes()).await;
    went(&sender, "chooseOffer", &handoffs[2], json!({})).await;
    for lost in &handoffs[..2] {
        let after = ask(&amber, &[lost], &["CLINICAL"], "TREATMENT").await;
        assert_eq!((texts(&after).len(), problems(&after, "disclose")), (0, vec!["WRONG_STATE"]), "{:#}", after.body);
    }
    // The sender, and whoever was chosen, go on reading.
    let chosen = ask(&house.client("intake-2"), &[&handoffs[2]], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(texts(&chosen), ["Has not slept for three nights."]);
    let own = ask(&sender, &[&handoffs[0]], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(texts(&own).len(), 2);
    house.close().await;
}
