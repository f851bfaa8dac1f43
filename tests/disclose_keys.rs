//! The ring of keys: whose it is, what destroying a month leaves, how it is rotated under load; and that what is sealed lies
//! open nowhere.
use crate::api::bed::problems;
use crate::api::disclose::{ask, texts, wrote};
use crate::api::handoff::{announce, on_the_way, open_door, to};
use crate::house::program::Program;
use crate::house::{Client, Db, House, Place, given};
use crisis_hub::clock::{Clock, RandomIds};
use crisis_hub::config::Config;
use crisis_hub::node::{self, CannotStart, Node, Sources};
use crisis_hub::store::vault::{Month, NoVault, Ring, month_at};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

on_both!(
    a_ring_that_is_not_the_databases_is_refused,
    a_destroyed_month_is_gone_in_every_copy,
    rotation_under_load_fails_no_reader,
    what_is_sealed_lies_open_nowhere,
);

async fn start(place: &Place, keys: &std::path::Path) -> Result<Node, CannotStart> {
    let mut config = Config::defaults().unwrap();
    config.database_url = place.url.clone().into();
    config.keys_file = keys.into();
    let clock = Sources::of_host().clock;
    let sources = || Sources { clock: clock.clone(), ids: Arc::new(RandomIds), correctable: None };
    let store = node::open_store(&config, &sources(), true).await.unwrap();
    Node::start(config, sources(), store, Vec::new(), false, None).await
}

fn refused(started: Result<Node, CannotStart>) -> NoVault {
    match started {
        Err(CannotStart::Keys(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

async fn a_ring_that_is_not_the_databases_is_refused(db: Db) {
    let (place, other) = (Place::fresh(db).await, Place::fresh(db).await);
    for (place, keys) in [(&place, place.keys()), (&other, other.keys())] {
        if db == Db::Postgres {
            // Nodes that share a database do not each make up a ring.
            let why = refused(start(place, &keys).await);
            assert!(matches!(why, NoVault::NotMade(_)) && why.to_string().contains("keys make"), "{why}");
            assert!(!keys.exists());
            let config = {
                let mut config = Config::defaults().unwrap();
                config.database_url = place.url.clone().into();
                config
            };
            let store = node::open_store(&config, &Sources::of_host(), true).await.unwrap();
            store.make_ring(&keys).await.unwrap();
            assert!(matches!(store.make_ring(&keys).await, Err(NoVault::Gone(_))), "a second ring was made");
            store.close().await;
        }
        start(place, &keys).await.unwrap();
    }
    assert!(matches!(refused(start(&place, &other.keys()).await), NoVault::Other(_)));
    let gone = place.keys().with_extension("gone");
    assert!(matches!(refused(start(&place, &gone).await), NoVault::Gone(_)));
    assert!(!gone.exists(), "another was made up");
    let before = Ring::read(&place.keys()).unwrap().name().to_owned();
    start(&place, &place.keys()).await.unwrap();
    assert_eq!(Ring::read(&place.keys()).unwrap().name(), before);
}

async fn a_destroyed_month_is_gone_in_every_copy(db: Db) {
    let mut house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    wrote(&house.client("officer-2"), &id, "CLINICAL", "zebra").await;
    let at = house.clock.now().plus_minutes(120 * 24 * 60);
    house.deliver().await;
    house.halt().await;
    let copy = house.place().copy().await;
    house.start().await;
    let read = async |house: &House| {
        let said = ask(&house.client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await;
        (texts(&said).into_iter().map(str::to_owned).collect::<Vec<_>>(), problems(&said, "disclose").join(" "))
    };
    assert_eq!(read(&house).await, (vec!["zebra".to_owned()], String::new()));
    // Destroyed while the node runs: gone at once.
    let destroyed = Ring::change(&house.place().keys(), |ring| Ok((ring.destroy(month_at(at)), true))).unwrap().1;
    assert_eq!(destroyed, 1);
    let gone = (Vec::<String>::new(), "RETENTION_ENDED".to_owned());
    assert_eq!(read(&house).await, gone);
    let said = crate::api::disclose::write(&house.client("officer-2"), &id, "CLINICAL", "more").await;
    assert_eq!(problems(&said, "addHandoffNote"), ["RETENTION_ENDED"]);
    house.deliver().await;
    house.halt().await;
    house.place().put_back(copy).await;
    house.start().await;
    assert_eq!(read(&house).await, gone, "the old copy is readable");
    // What is under other months' keys is not touched.
    house.clock.advance(40 * 24 * 60);
    let other = on_the_way(&house.client("officer-2"), open_door(&house, 9, 4).await).await;
    wrote(&house.client("officer-2"), &other, "CLINICAL", "later").await;
    assert_eq!(texts(&ask(&house.client("intake"), &[&other], &["CLINICAL"], "TREATMENT").await), ["later"]);
    house.close().await;
}

/// A program over a house's world, and a handoff announced through it.
async fn program(house: &mut House) -> (Program, String, impl Fn(&str) -> Client + use<>) {
    let door = open_door(house, 20, 4).await;
    house.deliver().await;
    let mut program = Program::of(house).await;
    program.variables.push(("HUB_LOG", "debug".into()));
    program.start().await;
    let names =
        ["officer-2", "intake", "ems-2", "mobile_team-2", "peer", "agency_admin", "council", "intake-far", "intake-2"];
    let tokens: Vec<(&str, String)> = names.iter().map(|name| (*name, house.token_of_today(name))).collect();
    let address = program.address;
    let client = move |name: &str| {
        let token = tokens.iter().find(|(known, _)| *known == name).map(|(_, token)| token.clone());
        Client::new(address, Some(token.unwrap_or_else(|| panic!("{name}"))))
    };
    // The house's numbers are of another day: the door is open all the same.
    let said = announce(&client("officer-2"), to(door, json!({}))).await;
    let id = said.data("/announceHandoff/handoff/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned();
    (program, id, client)
}

async fn rotation_under_load_fails_no_reader(db: Db) {
    let mut house = House::open(db).await;
    let (mut program, id, client) = program(&mut house).await;
    wrote(&client("officer-2"), &id, "CLINICAL", "zebra").await;
    let done = AtomicBool::new(false);
    let reader = async {
        let (intake, mut read) = (client("intake"), 0);
        while !done.load(SeqCst) {
            let said = ask(&intake, &[&id], &["CLINICAL"], "TREATMENT").await;
            assert!(texts(&said).contains(&"zebra"), "{:#}", said.body);
            read += 1;
        }
        read
    };
    let rotation = async {
        for generation in 2..5 {
            let (good, said) = program.run("keys", &["rotate"]).await;
            assert!(good && said.contains(&format!("generation {generation}")), "{said}");
            wrote(&client("officer-2"), &id, "CLINICAL", &format!("after {generation}")).await;
        }
        done.store(true, SeqCst);
    };
    let (read, ()) = tokio::join!(reader, rotation);
    assert!(read > 3, "only {read} reads");
    let (good, said) = program.run("keys", &["status"]).await;
    assert!(good && said.contains(".4: 1 handoffs") && !said.contains(".1: "), "{said}");
    // The keys of before are forgotten, and only passed months are destroyed by word alone.
    let ring = Ring::read(&house.place().keys()).unwrap();
    assert!(ring.ids().all(|id| id.generation == 4));
    let (good, said) = program.run("keys", &["destroy", "--month", "2099-01"]).await;
    assert!(!good && said.contains("has not passed"), "{said}");
    let (good, _) = program.run("keys", &["destroy", "--month", "2026-04"]).await;
    // Where the ring is the hub's own, other passed months have gone by themselves.
    let april = Month::parse("2026-04").unwrap();
    assert!(good && Ring::read(&house.place().keys()).unwrap().destroyed().any(|month| month == april));
    let (good, said) = program.run("keys", &["make"]).await;
    assert!(good && said.contains("made before"), "{said}");
    println!("{db:?}: {read} reads beside 3 rotations, none failed");
    program.stop().await;
    house.start().await;
    house.close().await;
}

/// What Redis is told while it goes on.
async fn overheard(url: String, until: Arc<AtomicBool>) -> Vec<u8> {
    if url.is_empty() {
        return Vec::new();
    }
    let client = redis::Client::open(url).unwrap();
    let mut heard = client.get_async_pubsub().await.unwrap();
    heard.psubscribe("*").await.unwrap();
    let (mut bytes, mut messages) = (Vec::new(), heard.on_message());
    while !until.load(SeqCst) {
        if let Ok(Some(message)) = tokio::time::timeout(std::time::Duration::from_millis(50), messages.next()).await {
            bytes.extend_from_slice(message.get_payload_bytes());
        }
    }
    bytes
}

/// Everything that the database holds, as it lies on the disk, or as PostgreSQL would hand it out.
pub async fn dumped(place: &Place) -> Vec<u8> {
    if let Some(file) = place.file() {
        let read = |ending: &str| std::fs::read(format!("{file}{ending}")).unwrap_or_default();
        return ["", "-wal", "-shm"].iter().flat_map(|ending| read(ending)).collect();
    }
    let dump = format!("{}/pg_dump", given("HUB_TEST_PG_BIN"));
    let output = tokio::process::Command::new(dump).arg(&place.url).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Words that are found again wherever they lie: plain, in hexadecimal, in base 64 at each of its three places.
pub fn shapes(canary: &str) -> Vec<String> {
    use base64::Engine;
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    let hex: String = canary.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let base = |skip: usize| {
        let text = base64::engine::general_purpose::STANDARD.encode(&canary.as_bytes()[skip..]);
        text.trim_end_matches('=')[..text.trim_end_matches('=').len() - 2].to_owned()
    };
    vec![canary.to_owned(), hex, base(0), base(1), base(2)]
}

/// Every way of writing, and every way of failing to.
async fn told(client: &Client, (id, to): (&str, &str), canary: &str) {
    let note =
        "mutation($input: AddHandoffNoteInput!) { addHandoffNote(input: $input) { entry { id } problems { code } } }";
    let of = |tier: &str, text: &str| json!({ "handoffId": id, "tier": tier, "text": text, "idempotencyKey": "a key of the client's own" });
    let identity = json!({ "name": canary, "dateOfBirth": canary, "contact": canary });
    let inputs = [
        of("CLINICAL", &format!("{canary} seen")),
        of("CLINICAL", &format!("{canary} another body")),
        json!({ "handoffId": id, "tier": "LEGAL", "text": canary }),
        json!({ "handoffId": id, "tier": "IDENTITY", "identity": identity }),
        json!({ "handoffId": id, "tier": "IDENTITY", "identity": { "name": format!("{canary}{}", "n".repeat(200)) } }),
        json!({ "handoffId": id, "tier": "IDENTITY", "text": canary }),
        json!({ "handoffId": id, "tier": "PART2", "text": canary }),
        json!({ "handoffId": canary, "tier": "CLINICAL", "text": canary }),
        json!({ "handoffId": id, "tier": "CLINICAL", "text": format!("{canary}{}", "t".repeat(8_000)) }),
        json!({ "handoffId": id, "tier": "CLINICAL", "text": format!("{canary}\u{7}") }),
        json!({ "handoffId": id, "tier": canary, "text": canary }),
        json!({ "handoffId": id, "tier": "CLINICAL", "text": [canary] }),
        json!({ "handoffId": id, "tier": "CLINICAL", "text": { "text": canary } }),
        json!({ "handoffId": id, "tier": "CLINICAL", "text": canary, canary: canary }),
    ];
    for input in inputs {
        client.ask(note, json!({ "input": input })).await;
    }
    for document in [
        format!(
            "mutation {{ addHandoffNote(input: {{ handoffId: \"{id}\", tier: CLINICAL, text: \"{canary}\" }}) {{ entry {{ id }} }} }}"
        ),
        format!(
            "mutation {{ addHandoffNote(input: {{ handoffId: \"{id}\", tier: CLINICAL, text: \"{canary} }}) {{ entry {{ id }} }} }}"
        ),
        format!("mutation {{ addHandoffNote(input: {{ handoffId: \"{id}\", text: \"{canary}\" }}) {{ {canary} }} }}"),
        format!(
            "mutation {{ addHandoffNote(input: {{ handoffId: \"{id}\", tier: CLINICAL, text: \"{canary}\" }}) {{ entry {{ id }}"
        ),
    ] {
        client.ask(&document, json!({})).await;
    }
    let input = json!({ "input": { "handoffId": id, "tier": "CLINICAL", "text": canary } }).to_string();
    client.send(client.get(&[("query", note), ("variables", &input)])).await;
    let broken = client.request(reqwest::Method::POST).header("content-type", "application/json");
    client.send(broken.body(format!("{{\"query\": \"{canary}"))).await;
    let huge = json!({ "handoffId": id, "tier": "CLINICAL", "text": canary.repeat(8_000) });
    client.ask(note, json!({ "input": huge })).await;
    let threat = "mutation($input: DiscloseThreatInput!) { discloseThreat(input: $input) { problems { code } } }";
    let open = "mutation($input: DiscloseInput!) { disclose(input: $input) { entries { ... on PlainEntry { id }
        ... on Part2Entry { redisclosureNotice } } problems { code } } }";
    for to in [to, canary] {
        let more = json!({ "handoffId": id, "toId": to, "basis": "SERIOUS_IMMINENT_TO_PERSON", "text": canary, "idempotencyKey": "t" });
        client.ask(threat, json!({ "input": more })).await;
        let emergency = json!({ "nature": "OVERDOSE", "account": canary, "recipient": canary, "affiliation": canary,
            "discloser": canary, "consentUnobtainable": to != canary });
        let more =
            json!({ "handoffIds": [id], "tiers": ["PART2"], "purpose": "MEDICAL_EMERGENCY", "emergency": emergency });
        client.ask(open, json!({ "input": more })).await;
    }
    let mut ws = client.ws().await;
    ws.subscribe("1", note, json!({ "input": { "handoffId": id, "tier": "LEGAL", "text": canary } })).await;
    let _: Result<Value, u16> = ws.next().await;
    let _: Result<Value, u16> = ws.next().await;
}

async fn what_is_sealed_lies_open_nowhere(db: Db) {
    let mut house = House::open(db).await;
    let third = house.third().await.to_string();
    crate::api::disclose_part2::program_of(&house, 0).await;
    let (mut program, id, client) = program(&mut house).await;
    let over = Arc::new(AtomicBool::new(false));
    let hearing = tokio::spawn(overheard(house.place().redis_url.clone(), over.clone()));
    let people = ["officer-2", "intake", "mobile_team-2", "ems-2", "peer", "agency_admin", "council", "intake-far"];
    let canary = |name: &str, n: usize| format!("canary{n}{}quillon", name.replace(['-', '_'], ""));
    let mut canaries = Vec::new();
    for (n, name) in people.iter().enumerate() {
        told(&client(name), (&id, &third), &canary(name, n)).await;
        canaries.push(canary(name, n));
    }
    let opened = ask(&client("intake"), &[&id], &["IDENTITY", "CLINICAL", "LEGAL"], "TREATMENT").await;
    let words = opened.body.to_string();
    assert!(canaries.iter().filter(|canary| words.contains(*canary)).count() >= 3, "little was written: {words}");
    // Without its keys the hub refuses, and says so in its log without a word of what it was told.
    let keys = house.place().keys();
    std::fs::rename(&keys, keys.with_extension("away")).unwrap();
    let lost = "canarylostquillon".to_owned();
    told(&client("officer-2"), (&id, &third), &lost).await;
    assert_eq!(ask(&client("intake"), &[&id], &["CLINICAL"], "TREATMENT").await.code(), "UNAVAILABLE");
    std::fs::rename(keys.with_extension("away"), &keys).unwrap();
    canaries.push(lost);
    assert!(program.words().contains("stays closed"), "{}", program.words());
    let sealed =
        ["threat_disclosure", "emergency_disclosure"].map(|table| format!("{table} WHERE LENGTH(sealed) > 20"));
    let written = crate::api::disclose::behind(&house).await;
    for table in sealed {
        assert!(crate::api::disclose::count(&written, &table).await > 0, "{table}");
    }
    written.close().await.unwrap();
    let metrics = reqwest::get(format!("http://{}/metrics", program.address)).await.unwrap().text().await.unwrap();
    // Killed, so that the write-ahead log is what it was.
    program.kill().await;
    over.store(true, SeqCst);
    let heard = hearing.await.unwrap();
    let backup = program.folder().join("hub.backup");
    let (good, said) = program.run("backup", &[backup.to_str().unwrap()]).await;
    assert!(good, "{said}");
    let places = [
        ("the log", program.words().into_bytes()),
        ("the metrics", metrics.into_bytes()),
        ("the database", dumped(house.place()).await),
        ("the backup", std::fs::read(&backup).unwrap()),
        ("Redis", heard),
    ];
    for (place, bytes) in &places {
        let found = |shape: &String| bytes.windows(shape.len()).any(|window| window == shape.as_bytes());
        for canary in &canaries {
            let open: Vec<String> = shapes(canary).into_iter().filter(|shape| found(shape)).collect();
            assert!(open.is_empty(), "{place} holds {open:?}");
        }
    }
    assert!(places[0].1.len() > 1_000 && places[2].1.len() > 100_000, "nothing was searched");
    println!(
        "{db:?}: {} canaries, {} bytes searched: 0 found",
        canaries.len(),
        places.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    );
    house.start().await;
    house.close().await;
}
