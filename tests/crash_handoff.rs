//! The program killed outright while people are announced and handed over: what either party was told is so.
use crate::api::handoff::{document, to};
use crate::house::program::Program;
use crate::house::traffic::{Dice, places, reports, scale, staff};
use crate::house::{Client, Db, House};
use crisis_hub::app::bed;
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::event::Fact;
use crisis_hub::domain::handoff::HandoffState;
use crisis_hub::domain::id::{GlobalId, HandoffId};
use crisis_hub::domain::pathway::PathwayMode;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

on_both!(a_killed_node_forgets_no_handoff_that_it_acknowledged);

const SENDERS: usize = 6;
const KILLS: usize = 5;

/// What was said of a handoff: its id, its version, its state.
type Said = (String, i64, String);

/// Brings people, one after the other, until the hub is gone.
async fn bring(officer: Client, intake: Client, announced: Value, said: Arc<AtomicU32>) -> Vec<Said> {
    let mut heard = Vec::new();
    let mut say = async |client: &Client, field: &str, input: &str, variables: Value| -> Option<String> {
        let query = document(field, input);
        let body = json!({ "query": query, "variables": { "input": variables } }).to_string();
        let request = client.request(reqwest::Method::POST).header("content-type", "application/json").body(body);
        let answer: Value = serde_json::from_str(&request.send().await.ok()?.text().await.ok()?).unwrap();
        let handoff = answer["data"][field]["handoff"].clone();
        assert!(handoff.is_object(), "{answer:#}");
        let id = handoff["id"].as_str().unwrap().to_owned();
        heard.push((id.clone(), handoff["version"].as_i64().unwrap(), handoff["state"].as_str().unwrap().to_owned()));
        said.fetch_add(1, SeqCst);
        Some(id)
    };
    loop {
        let Some(id) = say(&officer, "announceHandoff", "AnnounceHandoffInput", announced.clone()).await else { break };
        let moves = [
            (&officer, "departHandoff"),
            (&officer, "arriveHandoff"),
            (&intake, "confirmTransfer"),
            (&officer, "confirmTransfer"),
        ];
        for (client, field) in moves {
            if say(client, field, "MoveHandoffInput", json!({ "handoffId": id })).await.is_none() {
                break;
            }
        }
    }
    heard
}

async fn a_killed_node_forgets_no_handoff_that_it_acknowledged(db: Db) {
    let mut house = House::open(db).await;
    let agency = house.world.agencies[0].clone();
    let door = (agency.chairs(), house.pathway(&agency, "Amber door", PathwayMode::Announce).await);
    let intake = staff(house.hub(), "intake");
    bed::report(house.hub(), &intake, reports(&[door.0], || places(400))).await.unwrap();
    house.deliver().await;
    let mut program = Program::of(&mut house).await;
    let [officer, intake] =
        ["officer-2", "intake"].map(|p| Client::new(program.address, Some(house.token_of_today(p))));
    let (mut dice, mut heard, said) = (Dice::new(5), Vec::new(), Arc::new(AtomicU32::new(0)));
    program.start().await;
    for _ in 0..KILLS * scale() {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| tokio::spawn(bring(officer.clone(), intake.clone(), to(door, json!({})), said.clone())))
            .collect();
        let enough = said.load(SeqCst) + 10 + dice.count(30);
        while said.load(SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(u64::from(dice.count(20_000)))).await;
        program.kill().await;
        for sender in senders {
            heard.extend(sender.await.unwrap());
        }
        program.start().await;
        program.verify().await;
    }
    program.kill().await;
    house.start().await;
    house.deliver().await;
    // As the receiver reads it.
    let reader = house.store().read(&staff(house.hub(), "intake")).await.unwrap();
    let log = reader.events_after(0, 10_000_000).await.unwrap();
    let told: HashMap<(String, i64), HandoffState> = log
        .iter()
        .filter_map(|event| match &event.happening.fact {
            Fact::Handoff(fact) => Some((crate::crash::row(event), fact.state)),
            _ => None,
        })
        .collect();
    for (id, version, state) in &heard {
        let kept = told.get(&(id.clone(), *version)).map(|state| state.code());
        assert_eq!(kept, Some(state.as_str()), "lost: {id} at {version}");
    }
    // Nobody is left without a clock, wherever they were when the node went.
    let ids: Vec<HandoffId> = told.keys().filter_map(|(id, _)| GlobalId::parse(id)?.as_noun()).collect();
    let handoffs = reader.handoffs(&ids).await.unwrap();
    assert!(handoffs.iter().all(|handoff| handoff.state.is_open() == handoff.due_at.is_some()));
    let open = handoffs.iter().filter(|handoff| handoff.state.is_open()).count();
    println!(
        "{db:?}: {} kills, {} words acknowledged, lost 0; {open} of {} under way",
        KILLS * scale(),
        heard.len(),
        handoffs.len()
    );
    assert!(heard.len() >= 10 * scale(), "there was no load");
    drop(reader);
    house.close().await;
}
