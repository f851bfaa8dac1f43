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

/// Somebody who says things until the hub is gone, and notes what was acknowledged.
struct Speaker {
    sender: Client,
    desk: Client,
    said: Arc<AtomicU32>,
    heard: Vec<Said>,
}

impl Speaker {
    /// The answer's field, as soon as it is acknowledged; `None` when the hub is gone.
    async fn say(&mut self, at_the_desk: bool, query: String, field: &str, input: Value) -> Option<Value> {
        let client = if at_the_desk { &self.desk } else { &self.sender };
        let body = json!({ "query": query, "variables": { "input": input } }).to_string();
        let request = client.request(reqwest::Method::POST).header("content-type", "application/json").body(body);
        let answer: Value = serde_json::from_str(&request.send().await.ok()?.text().await.ok()?).unwrap();
        assert!(answer["data"][field].is_object(), "{answer:#}");
        Some(answer["data"][field].clone())
    }

    fn heard(&mut self, handoff: &Value) -> Option<String> {
        let id = handoff["id"].as_str()?.to_owned();
        let (version, state) = (handoff["version"].as_i64().unwrap(), handoff["state"].as_str().unwrap().to_owned());
        self.heard.push((id.clone(), version, state));
        self.said.fetch_add(1, SeqCst);
        Some(id)
    }

    async fn go(&mut self, at_the_desk: bool, field: &str, input: &str, variables: Value) -> Option<Option<String>> {
        let said = self.say(at_the_desk, document(field, input), field, variables).await?;
        Some(self.heard(&said["handoff"]))
    }

    /// To the door, and handed over there.
    async fn bring(&mut self, id: &str) -> Option<()> {
        for (at_the_desk, field) in
            [(false, "departHandoff"), (false, "arriveHandoff"), (true, "confirmTransfer"), (false, "confirmTransfer")]
        {
            self.go(at_the_desk, field, "MoveHandoffInput", json!({ "handoffId": id })).await??;
        }
        Some(())
    }

    async fn announce(&mut self, input: &Value) -> Option<()> {
        let id = self.go(false, "announceHandoff", "AnnounceHandoffInput", input.clone()).await??;
        self.bring(&id).await
    }

    /// Two are asked, and both say yes: the first settles it.
    async fn offer(&mut self, input: &Value) -> Option<()> {
        let query = "mutation($input: OfferHandoffInput!) { offerHandoff(input: $input) {
            episode { handoffs { id version state } } problems { code } } }";
        let said = self.say(false, query.into(), "offerHandoff", input.clone()).await?;
        let handoffs = said["episode"]["handoffs"].as_array().unwrap().clone();
        let mut settled = None;
        for handoff in &handoffs {
            let id = self.heard(handoff).unwrap();
            let yes = json!({ "handoffId": id, "acceptedBy": "Dr. Amber", "callback": "555-0100" });
            settled = settled.or(self.go(true, "acceptOffer", "AcceptOfferInput", yes).await?);
        }
        self.bring(&settled.unwrap()).await
    }
}

/// Brings people, one after the other, announced and asked for by turns, until the hub is gone.
async fn speak(mut speaker: Speaker, announced: Value, offered: Value) -> Vec<Said> {
    while speaker.announce(&announced).await.is_some() && speaker.offer(&offered).await.is_some() {}
    speaker.heard
}

/// Calls off whatever was under way when the hub went: an agency has only so many places kept at a time.
async fn call_off(sender: &Client) {
    let open =
        "{ handoffs(filter: { openOnly: true, states: [ACCEPTED, EN_ROUTE] }, first: 100) { edges { node { id } } } }";
    for edge in sender.ask(open, json!({})).await.data("/handoffs/edges").as_array().unwrap() {
        let input = json!({ "handoffId": edge["node"]["id"], "reason": "MEDICAL_DIVERT" });
        let said = sender.ask(&document("failHandoff", "FailHandoffInput"), json!({ "input": input })).await;
        assert_eq!(said.data("/failHandoff/handoff/state"), "FAILED");
    }
}

async fn a_killed_node_forgets_no_handoff_that_it_acknowledged(db: Db) {
    let mut house = House::open(db).await;
    let agency = house.world.agencies[0].clone();
    let door = (agency.chairs(), house.pathway(&agency, "Amber door", PathwayMode::Announce).await);
    let intake = staff(house.hub(), "intake");
    let asked = house.pathway(&agency, "Amber request", PathwayMode::Request).await.to_string();
    let wards = [agency.ward(), agency.guest()];
    bed::report(house.hub(), &intake, reports(&[door.0, wards[0], wards[1]], || places(400))).await.unwrap();
    house.deliver().await;
    let to_wards = wards.map(|unit| json!({ "pathwayId": asked, "unitId": unit.to_string() }));
    let offered = json!({ "to": to_wards, "need": { "age": 34 }, "settlement": "FIRST_ACCEPT" });
    let mut program = Program::of(&mut house).await;
    let [sender, desk] =
        ["mobile_team-2", "intake"].map(|p| Client::new(program.address, Some(house.token_of_today(p))));
    let (mut dice, mut heard, said) = (Dice::new(5), Vec::new(), Arc::new(AtomicU32::new(0)));
    program.start().await;
    for _ in 0..KILLS * scale() {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| Speaker { sender: sender.clone(), desk: desk.clone(), said: said.clone(), heard: Vec::new() })
            .map(|speaker| tokio::spawn(speak(speaker, to(door, json!({})), offered.clone())))
            .collect();
        let enough = said.load(SeqCst) + 10 + dice.count(30);
        while said.load(SeqCst) < enough {
            assert!(!senders.iter().all(tokio::task::JoinHandle::is_finished), "nobody says anything more");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(u64::from(dice.count(20_000)))).await;
        program.kill().await;
        for sender in senders {
            heard.extend(sender.await.unwrap());
        }
        program.start().await;
        program.verify().await;
        call_off(&sender).await;
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
