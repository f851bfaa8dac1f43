//! Offers: up to three receivers are asked at once, answer in their ways, and one of them is chosen.
use super::bed::{REPORT, numbers, problems, unit};
use super::handoff::{at, go, read, told, watch, went};
use super::ring_walks as scene;
use crate::calls::Street;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::id::{BedUnitId, PathwayId};
use crisis_hub::domain::pathway::PathwayMode;
use serde_json::{Value, json};

on_both!(
    an_emergency_department_asks_three_and_the_family_decides,
    a_receiver_asks_first_lists_and_says_on_what_its_yes_depends,
    a_no_says_what_it_would_take_and_is_asked_again_with_what_changed,
);

const EPISODE: &str =
    "id version state settlement personAgreed settledById chosenFor openedAt waitedHours dueAt endedAt
    endReason need { ageBand } sender { id } handoffs(first: 100) { id state unit { id } receiver { id } }";

/// Who says yes.
pub fn yes() -> Value {
    json!({ "acceptedBy": "Dr. Amber", "callback": "555-0100" })
}

pub async fn offer(client: &Client, input: Value) -> Answer {
    let document = format!(
        "mutation($input: OfferHandoffInput!) {{ offerHandoff(input: $input) {{ episode {{ {EPISODE} }}
            problems {{ code message path current {{ id }} }} replayed }} }}"
    );
    client.ask(&document, json!({ "input": input })).await
}

pub async fn close(client: &Client, id: &str, reason: &str) -> Answer {
    let document = format!(
        "mutation($input: CloseEpisodeInput!) {{ closeEpisode(input: $input) {{ episode {{ {EPISODE} }}
            problems {{ code message path current {{ id }} }} replayed }} }}"
    );
    client.ask(&document, json!({ "input": { "episodeId": id, "reason": reason } })).await
}

pub async fn episode(client: &Client, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Episode {{ {EPISODE} }} }} }}");
    client.ask(&query, json!({ "id": id })).await.data("/node").clone()
}

/// Pathways that decide, of both agencies, and their units with so many places free.
pub struct Asked {
    pub amber: PathwayId,
    pub basalt: PathwayId,
}

impl Asked {
    pub async fn open(house: &House, free: u32) -> Self {
        let [amber, basalt] = &house.world.agencies;
        for unit in &amber.units {
            house.client("intake").ask(REPORT, numbers(*unit, 10, 10 - free)).await.data("");
        }
        for unit in &basalt.units {
            house.client("intake-2").ask(REPORT, numbers(*unit, 10, 10 - free)).await.data("");
        }
        let asked = Self {
            amber: house.pathway(amber, "Amber request", PathwayMode::Request).await,
            basalt: house.pathway(basalt, "Basalt request", PathwayMode::Request).await,
        };
        house.deliver().await;
        asked
    }

    /// Two units of the first agency and one of the second.
    pub fn three(&self, house: &House) -> Value {
        let [amber, basalt] = &house.world.agencies;
        let one = |pathway: PathwayId, unit: BedUnitId| json!({ "pathwayId": pathway.to_string(), "unitId": unit.to_string() });
        json!([one(self.amber, amber.ward()), one(self.amber, amber.guest()), one(self.basalt, basalt.ward())])
    }

    pub fn one(&self, house: &House) -> Value {
        json!([self.three(house)[0]])
    }
}

/// What is offered to some.
pub fn input(to: Value, more: Value) -> Value {
    let mut input = json!({ "to": to, "need": { "age": 34 }, "personAgreed": true });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// Offers, and answers the search and its new handoffs in the order in which they were asked.
pub async fn offered(client: &Client, input: Value) -> (String, Vec<String>) {
    let units: Vec<Value> = input["to"].as_array().unwrap().iter().map(|to| to["unitId"].clone()).collect();
    let said = offer(client, input).await;
    assert_eq!(problems(&said, "offerHandoff"), [""; 0], "{:#}", said.body);
    let episode = said.data("/offerHandoff/episode");
    let handoffs = episode["handoffs"].as_array().unwrap();
    let latest = |unit: &Value| handoffs.iter().find(|one| one["unit"]["id"] == *unit).unwrap()["id"].as_str().unwrap();
    (episode["id"].as_str().unwrap().to_owned(), units.iter().map(|unit| latest(unit).to_owned()).collect())
}

/// Workflow B.
async fn an_emergency_department_asks_three_and_the_family_decides(db: Db) {
    let street = Street::open(db).await;
    let house = &street.house;
    let asked = Asked::open(house, 4).await;
    scene::guest_rooms_on_call(&street).await;
    let (sender, amber, basalt) =
        (house.client("emergency_department-2"), house.client("intake"), house.client("intake-2"));
    // The receiving side is driven by what it is told.
    let mut at_the_desk =
        amber.sse("subscription { handoffsChanged { change handoffId handoff { state } } }", json!({})).await;
    at_the_desk.next().await.unwrap();
    let mut calls = watch(&amber).await;
    let (id, handoffs) = offered(&sender, input(asked.three(house), json!({ "idempotencyKey": "b" }))).await;
    let search = episode(&sender, &id).await;
    assert_eq!((&search["state"], &search["settlement"]), (&json!("SEEKING"), &json!("SENDER_CHOOSES")));
    assert_eq!(at(&search["dueAt"]), at(&search["openedAt"]).plus_minutes(240));
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let change = at_the_desk.change("handoffsChanged").await;
        assert_eq!((&change["change"], &change["handoff"]["state"]), (&json!("ENTERED"), &json!("OFFERED")));
        seen.push(change["handoffId"].as_str().unwrap().to_owned());
    }
    seen.sort_unstable();
    let mut theirs = handoffs[..2].to_vec();
    theirs.sort_unstable();
    assert_eq!(seen, theirs, "each desk is told of its own offers");

    scene::guest_rooms_sound(&amber, &handoffs[1]).await;
    let first = read(&amber, &handoffs[0]).await;
    assert_eq!((&first["awaits"], &first["need"]["ageBand"]), (&json!("RECEIVER"), &json!("ADULT")));
    assert_eq!(at(&first["dueAt"]), at(&first["announcedAt"]).plus_minutes(30));
    assert_eq!(at(&first["offer"]["decideBy"]), at(&first["announcedAt"]).plus_minutes(60));
    assert_eq!(at(&first["arriveBy"]), at(&first["announcedAt"]).plus_minutes(180));
    house.clock.advance(10);
    let looked = went(&amber, "acknowledgeOffer", &handoffs[0], json!({})).await;
    assert_eq!((&looked["state"], &looked["dueAt"]), (&json!("ACKNOWLEDGED"), &first["offer"]["decideBy"]));
    house.clock.advance(10);
    // Two say yes; each keeps a place of its own until the family has decided.
    for (desk, handoff) in [(&amber, &handoffs[0]), (&basalt, &handoffs[2])] {
        let agreed = went(desk, "acceptOffer", handoff, yes()).await;
        assert_eq!((&agreed["state"], &agreed["awaits"]), (&json!("AGREED"), &json!("SENDER")));
        assert_eq!(at(&agreed["dueAt"]), at(&agreed["agreedAt"]).plus_minutes(15));
        assert!(agreed["holdId"].is_string());
    }
    let shown = read(&sender, &handoffs[0]).await;
    assert_eq!(shown["offer"]["acceptedBy"], "Dr. Amber");
    let (ward, other) = (house.world.agencies[0].ward(), house.world.agencies[1].ward());
    let net = async |unit_id: BedUnitId| unit(&sender, unit_id).await["net"].clone();
    assert_eq!((net(ward).await, net(other).await), (json!(3), json!(3)));
    let call = scene::nobody_at_the_guest_rooms(&street, &amber, &handoffs[1]).await;
    let chosen = went(&sender, "chooseOffer", &handoffs[2], json!({ "chosenFor": "GUARDIAN" })).await;
    assert_eq!((&chosen["state"], &chosen["dueAt"]), (&json!("ACCEPTED"), &chosen["arriveBy"]));
    scene::told_of_the_guest_rooms(&street, &amber, &mut calls, (&handoffs[1], &call)).await;
    // The others are told, and the place of the one that said yes is free in the same moment.
    for handoff in &handoffs[..2] {
        let lost = read(&amber, handoff).await;
        assert_eq!((&lost["state"], &lost["withdrawReason"]), (&json!("WITHDRAWN"), &json!("ANOTHER_CHOSEN")));
    }
    assert_eq!((net(ward).await, net(other).await), (json!(4), json!(3)));
    assert_eq!(problems(&go(&amber, "acceptOffer", &handoffs[1], yes()).await, "acceptOffer"), ["ALREADY_TAKEN"]);
    let settled = episode(&sender, &id).await;
    assert_eq!((&settled["state"], &settled["chosenFor"]), (&json!("SETTLED"), &json!("GUARDIAN")));
    assert_eq!((&settled["settledById"], &settled["dueAt"]), (&json!(handoffs[2]), &Value::Null));
    let again = offer(&sender, input(asked.three(house), json!({ "idempotencyKey": "b" }))).await;
    assert_eq!(
        (again.data("/offerHandoff/replayed"), again.data("/offerHandoff/episode/id")),
        (&json!(true), &json!(id))
    );

    house.clock.advance(90);
    brought(&sender, &basalt, (&id, &handoffs[2])).await;
    street.house.close().await;
}

/// Whoever was chosen takes the person over, and that is the end of the search.
async fn brought(sender: &Client, receiver: &Client, (id, handoff): (&str, &str)) {
    went(sender, "departHandoff", handoff, json!({})).await;
    went(receiver, "arriveHandoff", handoff, json!({})).await;
    went(receiver, "confirmTransfer", handoff, json!({})).await;
    went(sender, "confirmTransfer", handoff, json!({})).await;
    let placed = episode(sender, id).await;
    assert_eq!((&placed["state"], placed["endedAt"].is_string()), (&json!("PLACED"), true));
    let listed = sender.ask("{ episodes(filter: { states: [PLACED] }) { edges { node { id } } } }", json!({})).await;
    assert_eq!(listed.data("/episodes/edges"), &json!([{ "node": { "id": id } }]));
}

async fn a_receiver_asks_first_lists_and_says_on_what_its_yes_depends(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({ "settlement": "FIRST_ACCEPT" }))).await;
    let handoff = &handoffs[0];
    house.clock.advance(20);
    let question = json!({ "items": ["VITALS", "NURSE_CALL"] });
    let waiting = went(&amber, "askForInformation", handoff, question.clone()).await;
    assert_eq!((&waiting["state"], &waiting["awaits"]), (&json!("NEEDS_INFORMATION"), &json!("SENDER")));
    assert_eq!(waiting["offer"]["asked"], question["items"]);
    // The receiver's time stands still while the sender owes the answer.
    house.clock.advance(45);
    let answered = went(&sender, "answerInformation", handoff, json!({})).await;
    assert_eq!((&answered["state"], &answered["late"]), (&json!("ACKNOWLEDGED"), &json!(false)));
    let left = at(&answered["dueAt"]).micros_since(at(&answered["announcedAt"]));
    assert_eq!(left / 60_000_000, 20 + 45 + 40);
    let review = at(&answered["dueAt"]).plus_minutes(300);
    let listed = json!({ "position": 2, "reviewAt": review.to_string() });
    let listed = went(&amber, "waitlistOffer", handoff, listed).await;
    assert_eq!((&listed["state"], &listed["offer"]["waitlistPosition"]), (&json!("WAITLISTED"), &json!(2)));
    assert_eq!(at(&listed["dueAt"]), review);
    // Whoever waits on one list may ask three others.
    let more = json!([asked.three(&house)[1], asked.three(&house)[2]]);
    offered(&sender, input(more, json!({ "episodeId": id }))).await;
    // A yes that depends on more settles nothing by itself, first or not.
    let mut depends = yes();
    depends["conditions"] = json!(["MEDICAL_CLEARANCE"]);
    let agreed = went(&amber, "acceptOffer", handoff, depends).await;
    assert_eq!((&agreed["state"], &agreed["offer"]["conditions"]), (&json!("AGREED"), &json!(["MEDICAL_CLEARANCE"])));
    assert_eq!(problems(&go(&sender, "chooseOffer", handoff, json!({})).await, "chooseOffer"), ["CONDITIONS_OPEN"]);
    // The fifteen minutes pass: the place is free again; the yes stands, and the place is kept anew when it is chosen.
    let ward = house.world.agencies[0].ward();
    assert_eq!(unit(&sender, ward).await["net"], 3);
    house.clock.advance(16);
    assert_eq!(unit(&sender, ward).await["net"], 4);
    assert_eq!(read(&sender, handoff).await["late"], true);
    let met = json!({ "conditionsMet": true, "chosenFor": "CLINICIAN" });
    let chosen = went(&sender, "chooseOffer", handoff, met).await;
    assert_eq!((&chosen["state"], &chosen["late"]), (&json!("ACCEPTED"), &json!(false)));
    assert_eq!(unit(&sender, ward).await["net"], 3);
    let search = episode(&sender, &id).await;
    let states: Vec<&Value> = search["handoffs"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["WITHDRAWN", "WITHDRAWN", "ACCEPTED"]);
    house.close().await;
}

async fn a_no_says_what_it_would_take_and_is_asked_again_with_what_changed(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 1).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let mut events = watch(&sender).await;
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    let no = json!({ "reason": "CLEARANCE_INCOMPLETE", "couldAcceptIf": ["MEDICAL_CLEARANCE"] });
    let declined = went(&amber, "declineOffer", &handoffs[0], no).await;
    assert_eq!((&declined["state"], &declined["declineReason"]), (&json!("DECLINED"), &json!("CLEARANCE_INCOMPLETE")));
    assert_eq!(declined["offer"]["couldAcceptIf"], json!(["MEDICAL_CLEARANCE"]));
    assert_eq!(declined["offer"]["bedWasShownAvailable"], true, "the hub looked");
    // Nobody else is asked: the sender is told that the next word is theirs.
    let kinds = told(&mut events, &id, "EPISODE_OUT_OF_OFFERS").await;
    assert_eq!(kinds, ["EPISODE_OPENED", "EPISODE_OUT_OF_OFFERS"]);
    let again = |more| input(asked.one(&house), more);
    let bare = offer(&sender, again(json!({ "episodeId": id }))).await;
    assert_eq!(problems(&bare, "offerHandoff"), ["SAY_WHAT_CHANGED"]);
    assert_eq!(bare.data("/offerHandoff/problems/0/path"), &json!(["to", "0", "unitId"]));
    let (_, new) = offered(&sender, again(json!({ "episodeId": id, "changed": ["MEDICALLY_CLEARED"] }))).await;
    let second = read(&amber, &new[0]).await;
    assert_eq!(second["offer"]["changed"], json!(["MEDICALLY_CLEARED"]));
    assert_eq!(second["offer"]["previousId"], json!(handoffs[0]), "it keeps its history");
    // The last place goes to somebody else: a yes needs one, and the list is there for those who have none.
    super::hold::hold(&house.client("emergency_department"), house.world.agencies[0].ward()).await;
    let full = go(&amber, "acceptOffer", &new[0], yes()).await;
    assert_eq!(problems(&full, "acceptOffer"), ["NO_CAPACITY"]);
    let no = json!({ "reason": "NO_STAFFED_BED", "couldAcceptIf": ["NEXT_DISCHARGE"] });
    let declined = went(&amber, "declineOffer", &new[0], no).await;
    assert_eq!(declined["offer"]["bedWasShownAvailable"], false);
    // What the house said of the person's health is not for police.
    let (dispatcher, officer) = (house.client("dispatcher-2"), house.client("officer-2"));
    for police in [&dispatcher, &officer] {
        let seen = read(police, &new[0]).await;
        assert_eq!((&seen["state"], &seen["declineReason"]), (&json!("DECLINED"), &Value::Null));
        assert_eq!((&seen["offer"]["couldAcceptIf"], &seen["need"]), (&json!([]), &Value::Null));
        assert_eq!(seen["offer"]["changed"], json!([]));
        assert_eq!(episode(police, &id).await["need"], Value::Null);
    }
    house.close().await;
}
