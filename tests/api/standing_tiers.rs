//! The published table of tiers, role by tier by purpose by relation by state, beside what the hub does.
use super::disclose::ask;
use super::disclose_part2::program;
use super::emergency::in_emergency;
use super::handoff::{on_the_way, open_door, went};
use super::offer::{Asked, input, offered};
use crate::house::{Client, Db, House};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

on_both!(the_table_is_what_the_hub_does);

const TABLE: &str = include_str!("../../schema/tiers.txt");
const STATES: [&str; 6] = ["ASKED", "UNDER_WAY", "ENDED", "KEPT", "ONLY_ASKED", "OVER"];
const TIERS: [&str; 4] = ["IDENTITY", "CLINICAL", "PART2", "LEGAL"];
const PURPOSES: [&str; 5] = ["TREATMENT", "CARE_COORDINATION", "SAFETY", "OWN_RECORD", "MEDICAL_EMERGENCY"];
/// The second agency, a program, sends; the first receives.
const WRITERS: [(&str, &[&str]); 7] = [
    ("officer-2", &["IDENTITY", "CLINICAL", "LEGAL"]),
    ("ems-2", &["IDENTITY", "CLINICAL"]),
    ("emergency_department-2", &["IDENTITY", "CLINICAL", "PART2", "LEGAL"]),
    ("mobile_team-2", &["CLINICAL", "PART2"]),
    ("line_988-2", &["LEGAL"]),
    ("intake", &["IDENTITY", "CLINICAL", "LEGAL"]),
    ("ems", &["IDENTITY", "CLINICAL"]),
];

/// The cells by role, tier and what is done, one a state.
fn cells() -> BTreeMap<(String, String, String), Vec<String>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty() && !line.starts_with(' '));
    lines
        .map(|line| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(words.len(), 3 + STATES.len(), "{line}");
            ((words[0].clone(), words[1].clone(), words[2].clone()), words[3..].to_vec())
        })
        .collect()
}

const NOTE: &str =
    "mutation($input: AddHandoffNoteInput!) { addHandoffNote(input: $input) { entry { id } problems { code } } }";

fn note(handoff: &str, tier: &str, says: &str) -> Value {
    match tier {
        "IDENTITY" => json!({ "input": { "handoffId": handoff, "tier": tier, "identity": { "name": says } } }),
        _ => json!({ "input": { "handoffId": handoff, "tier": tier, "text": says } }),
    }
}

async fn written(house: &House, handoff: &str) {
    for (person, tiers) in WRITERS {
        for tier in tiers {
            let said = house.client(person).ask(NOTE, note(handoff, tier, &format!("{person} {tier}"))).await;
            assert!(said.data("/addHandoffNote/entry/id").is_string(), "{person} {tier}: {:#}", said.body);
        }
    }
}

/// What is opened of a tier of handoffs for a purpose; in an emergency of one after the other.
async fn disclosed(client: &Client, handoffs: &[&str], tier: &str, purpose: &str) -> Vec<Value> {
    let acts: Vec<&[&str]> = match purpose {
        "MEDICAL_EMERGENCY" => handoffs.chunks(1).collect(),
        _ => vec![handoffs],
    };
    let mut entries = Vec::new();
    for act in acts {
        let said = match purpose {
            "MEDICAL_EMERGENCY" => in_emergency(client, act[0], tier).await,
            _ => ask(client, act, &[tier], purpose).await,
        };
        let opened = said.body["data"]["disclose"]["entries"].as_array().cloned().unwrap_or_default();
        let code = said.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("");
        // Where no other agency is a program nothing waits for a consent, and there is no emergency of it.
        let codes =
            if purpose == "MEDICAL_EMERGENCY" { &["", "FORBIDDEN", "BAD_USER_INPUT"][..] } else { &["", "FORBIDDEN"] };
        assert!(!opened.is_empty() || codes.contains(&code), "{:#}", said.body);
        entries.extend(opened);
    }
    entries
}

/// A handoff in each state as its receiver has it, in the order of the table.
async fn in_each_state(house: &House) -> Vec<String> {
    let announced = async || {
        let id = on_the_way(&house.client("officer-2"), open_door(house, 9, 4).await).await;
        written(house, &id).await;
        id
    };
    let failed = async || {
        let id = announced().await;
        went(&house.client("officer-2"), "failHandoff", &id, json!({ "reason": "NO_SHOW" })).await;
        id
    };
    let over = failed().await;
    house.clock.advance(91 * 24 * 60);
    let kept = failed().await;
    house.clock.advance(25 * 60);
    let pathways = Asked::open(house, 4).await;
    let sender = house.client("emergency_department-2");
    let mut offers = Vec::new();
    for _ in 0..2 {
        let (_, handoffs) = offered(&sender, input(pathways.one(house), json!({}))).await;
        written(house, &handoffs[0]).await;
        offers.push(handoffs[0].clone());
    }
    went(&house.client("intake"), "declineOffer", &offers[1], json!({ "reason": "ACUITY" })).await;
    vec![offers[0].clone(), announced().await, failed().await, kept, offers[1].clone(), over]
}

/// The state that a party has, where the receiver has this one: a sender has asked, and was not.
fn state_of(receivers: usize, sender: bool) -> usize {
    let ended = STATES.iter().position(|state| *state == "ENDED").unwrap();
    if sender && STATES[receivers] == "ONLY_ASKED" { ended } else { receivers }
}

/// What the table lets somebody open of a tier of a handoff.
fn expected(cells: &[String], person: &str, tier: &str, state: usize) -> BTreeSet<String> {
    let (home, letters) = (person.ends_with("-2"), cells[state].as_bytes());
    let opened = |(writer, tiers): &&(&str, &[&str])| {
        let of_program = writer.ends_with("-2") && ["CLINICAL", "PART2"].contains(&tier);
        let relation = match (*writer == person, writer.ends_with("-2") == home, of_program) {
            (true, ..) => 0,
            (_, true, _) => 1,
            (.., false) => 2,
            (.., true) => 3,
        };
        tiers.contains(&tier) && letters[relation] == b'y'
    };
    WRITERS.iter().filter(opened).map(|(writer, _)| format!("{writer} {tier}")).collect()
}

async fn the_table_is_what_the_hub_does(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let (cells, handoffs) = (cells(), in_each_state(&house).await);
    let all: Vec<&str> = handoffs.iter().map(String::as_str).collect();
    let roles: BTreeSet<&String> = cells.keys().map(|(role, ..)| role).collect();
    assert!(roles.len() > 5, "{roles:?}");
    let (mut asked, mut opened) = (0, 0);
    for (role, sender) in roles.iter().flat_map(|role| [(*role, false), (*role, true)]) {
        let person = format!("{}{}", role.to_lowercase(), if sender { "-2" } else { "" });
        let client = house.client(&person);
        for (tier, purpose) in TIERS.iter().flat_map(|tier| PURPOSES.iter().map(move |purpose| (*tier, *purpose))) {
            let row = &cells[&(role.clone(), tier.to_owned(), purpose.to_owned())];
            let entries = disclosed(&client, &all, tier, purpose).await;
            for (state, handoff) in all.iter().enumerate() {
                let of = entries.iter().filter(|entry| entry["handoffId"] == json!(handoff));
                let says =
                    |entry: &Value| entry["text"].as_str().or(entry["identity"]["name"].as_str()).unwrap().to_owned();
                let told: BTreeSet<String> = of.map(says).collect();
                let own_program = sender && purpose == "MEDICAL_EMERGENCY";
                let wanted =
                    if own_program { BTreeSet::new() } else { expected(row, &person, tier, state_of(state, sender)) };
                assert_eq!(told, wanted, "{person} {tier} {purpose} {}", STATES[state]);
                (asked, opened) = (asked + 1, opened + told.len());
            }
        }
    }
    // Then who writes, which changes what there is.
    for (role, sender) in roles.iter().flat_map(|role| [(*role, false), (*role, true)]) {
        let person = format!("{}{}", role.to_lowercase(), if sender { "-2" } else { "" });
        let client = house.client(&person);
        for (tier, (state, handoff)) in TIERS.iter().flat_map(|tier| all.iter().enumerate().map(move |at| (*tier, at)))
        {
            let cell = &cells[&(role.clone(), tier.to_owned(), "writes".to_owned())][state_of(state, sender)];
            let letter = cell.as_bytes()[usize::from(!sender)];
            let wanted = letter == b'y' || (letter == b'*' && sender);
            let said = client.ask(NOTE, note(handoff, tier, "more")).await;
            let done = said.body["data"]["addHandoffNote"]["entry"]["id"].is_string();
            assert_eq!(done, wanted, "{person} writes {tier} {}: {:#}", STATES[state], said.body);
            asked += 1;
        }
    }
    println!("{db:?}: {asked} cells as published, {opened} entries opened");
    assert!(asked > 1_500 && opened > 200, "{asked} cells, {opened} opened");
    house.close().await;
}
