//! Handoffs: announced, moved by both parties, ended; and what either party is shown.
use super::bed::{REPORT, numbers, problems, unit};
use super::{ring, ring_walks as scene};
use crate::calls::Street;
use crate::house::traffic::until;
use crate::house::{Answer, Client, Db, House, Sse};
use crisis_hub::domain::id::{BedUnitId, PathwayId};
use crisis_hub::domain::pathway::PathwayMode;
use crisis_hub::domain::time::At;
use serde_json::{Value, json};

on_both!(
    an_officer_announces_and_both_say_that_it_is_done,
    what_the_pathway_does_not_take_is_not_announced,
    each_party_makes_its_own_moves,
    a_request_sent_twenty_times_is_one_handoff,
    one_of_two_who_end_it_at_once_does,
    a_late_word_is_told_and_silence_ends,
    what_comes_after_the_receiver_took_over_is_no_part_of_it,
    handoffs_are_their_parties_alone,
);

const SHOWN: &str =
    "id version code state awaits dueAt late nudgedAt nudgedBy onBehalfOf holdId pathwayVersion arriveBy announcedAt
    acknowledgedAt agreedAt settledAt declineReason withdrawReason episode { id state } offer { decideBy asked acceptedBy
        callback conditions waitlistPosition reviewAt couldAcceptIf bedWasShownAvailable changed previousId } departedAt
    arrivedAt senderConfirmedAt receiverConfirmedAt endedAt redirectReason failReason sender { id } receiver { id }
    unit { id net } team { id status } transport { mode stage pickUpBy late requestedAt assignedAt pickedUpAt } contacts { kind at saidBy }
    warmth peerPresent restraintUsed policeAsked { trigger personAgreed at } pathway { id } need { levelOfCare ageBand legalStatus safetyFlags language }";

/// A mutation of handoffs.
pub fn document(field: &str, input: &str) -> String {
    format!(
        "mutation($input: {input}!) {{ {field}(input: $input) {{ handoff {{ {SHOWN} }}
            problems {{ code message path current {{ id }} }} replayed }} }}"
    )
}

pub async fn announce(client: &Client, input: Value) -> Answer {
    client.ask(&document("announceHandoff", "AnnounceHandoffInput"), json!({ "input": input })).await
}

/// Moves a handoff by the verb of this name.
pub async fn go(client: &Client, field: &str, id: &str, more: Value) -> Answer {
    let input = match field {
        "redirectHandoff" => "RedirectHandoffInput",
        "failHandoff" => "FailHandoffInput",
        "askForInformation" => "AskForInformationInput",
        "waitlistOffer" => "WaitlistOfferInput",
        "acceptOffer" => "AcceptOfferInput",
        "chooseOffer" => "ChooseOfferInput",
        "declineOffer" => "DeclineOfferInput",
        "withdrawOffer" => "WithdrawOfferInput",
        "confirmTransfer" => "ConfirmTransferInput",
        "setTransport" => "SetTransportInput",
        "recordContact" => "RecordContactInput",
        "askForPolice" => "AskForPoliceInput",
        "nudgeHandoff" => "NudgeHandoffInput",
        _ => "MoveHandoffInput",
    };
    let mut sent = json!({ "handoffId": id });
    sent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document(field, input), json!({ "input": sent })).await
}

/// A move that goes well: the handoff after it.
pub async fn went(client: &Client, field: &str, id: &str, more: Value) -> Value {
    let said = go(client, field, id, more).await;
    assert_eq!(problems(&said, field), [""; 0], "{:#}", said.body);
    said.data(&format!("/{field}/handoff")).clone()
}

pub async fn read(client: &Client, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Handoff {{ {SHOWN} }} }} }}");
    client.ask(&query, json!({ "id": id })).await.data("/node").clone()
}

async fn listed(client: &Client, filter: Value) -> Vec<String> {
    let query = "query($filter: HandoffFilter) { handoffs(filter: $filter, first: 100) { edges { node { id } } } }";
    let said = client.ask(query, json!({ "filter": filter })).await;
    let edges = said.data("/handoffs/edges").as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect()
}

/// The chairs of the first agency with so many free places, and a pathway to announce by.
pub async fn open_door(house: &House, staffed: u32, occupied: u32) -> (BedUnitId, PathwayId) {
    let agency = &house.world.agencies[0];
    let chairs = agency.chairs();
    house.client("intake").ask(REPORT, numbers(chairs, staffed, occupied)).await.data("");
    let pathway = house.pathway(agency, "Amber door", PathwayMode::Announce).await;
    house.deliver().await;
    (chairs, pathway)
}

pub fn to((unit, pathway): (BedUnitId, PathwayId), more: Value) -> Value {
    let mut input = json!({ "pathwayId": pathway.to_string(), "unitId": unit.to_string(), "need": { "age": 34 } });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// Announces somebody and answers the handoff's id.
pub async fn on_the_way(client: &Client, door: (BedUnitId, PathwayId)) -> String {
    let said = announce(client, to(door, json!({}))).await;
    said.data("/announceHandoff/handoff/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned()
}

pub async fn watch(client: &Client) -> Sse {
    let mut events = client.sse("subscription { events { event { kind nodeId nodeVersion } } }", json!({})).await;
    events.next().await.unwrap();
    events
}

pub fn at(instant: &Value) -> At {
    At::parse(instant.as_str().unwrap_or_else(|| panic!("no instant: {instant}"))).unwrap()
}

/// The kinds of what is told of a handoff, up to one.
pub async fn told(events: &mut Sse, id: &str, last: &str) -> Vec<String> {
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind| kind != last) {
        let event = events.next().await.unwrap().1["data"]["events"]["event"].clone();
        if event["nodeId"] == id {
            kinds.push(event["kind"].as_str().unwrap().to_owned());
        }
    }
    kinds
}

/// Workflow A.
async fn an_officer_announces_and_both_say_that_it_is_done(db: Db) {
    let street = Street::open(db).await;
    let house = &street.house;
    let door = open_door(house, 6, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    scene::desk_on_call(&intake, door.0).await;
    let (mut at_the_desk, mut in_the_car) = (watch(&intake).await, watch(&officer).await);
    let need = json!({ "age": 66, "levelOfCare": "RECEIVING_23H", "legalStatus": "INVOLUNTARY", "safetyFlags": ["SUICIDE"],
        "language": "es", "pregnant": true });
    let said = announce(&officer, to(door, json!({ "need": need, "arriveMinutes": 20 }))).await;
    assert_eq!(problems(&said, "announceHandoff"), [""; 0]);
    let new = said.data("/announceHandoff/handoff").clone();
    let id = new["id"].as_str().unwrap();
    assert_eq!((&new["state"], &new["awaits"], &new["version"]), (&json!("ACCEPTED"), &json!("SENDER"), &json!(1)));
    assert_eq!(at(&new["arriveBy"]), at(&new["announcedAt"]).plus_minutes(20));
    assert_eq!((&new["dueAt"], &new["late"]), (&new["arriveBy"], &json!(false)));
    assert_eq!(new["code"].as_str().unwrap().len(), 6);
    assert!(new["holdId"].is_string() && new["need"].is_null(), "{new:#}");
    // The receiver reads the need, and no more of it than getting there takes.
    let at_desk = read(&intake, id).await;
    let kept = json!({ "levelOfCare": "RECEIVING_23H", "ageBand": "OLDER_ADULT", "legalStatus": "INVOLUNTARY",
        "safetyFlags": ["SUICIDE"], "language": "es" });
    assert_eq!(at_desk["need"], kept);
    // One place is kept, for the sender.
    assert_eq!(unit(&intake, door.0).await["net"], 1);
    let holds = "{ bedHolds { edges { node { id state holder { id } } } } }";
    let held = intake.ask(holds, json!({})).await;
    assert_eq!(held.data("/bedHolds/edges/0/node/id"), &new["holdId"]);
    assert_eq!(held.data("/bedHolds/edges/0/node/holder"), &new["sender"]);

    let called = scene::nobody_at_the_desk(&street, &intake, &new).await;
    let left = went(&officer, "departHandoff", id, json!({ "expectedVersion": 1 })).await;
    assert_eq!((&left["state"], &left["dueAt"]), (&json!("EN_ROUTE"), &new["arriveBy"]));
    house.clock.advance(10);
    let there = went(&officer, "arriveHandoff", id, json!({})).await;
    assert_eq!((&there["state"], &there["awaits"]), (&json!("ARRIVED"), &json!("RECEIVER")));
    assert_eq!(at(&there["arrivedAt"]).micros_since(at(&new["announcedAt"])) / 60_000_000, 15);
    assert_eq!(at(&there["dueAt"]), at(&there["arrivedAt"]).plus_minutes(10));
    // The place is taken, not kept: until the next report it is offered to nobody.
    let held = intake.ask(holds, json!({})).await;
    assert_eq!(held.data("/bedHolds/edges/0/node/state"), "CONSUMED");
    assert_eq!(unit(&intake, door.0).await["net"], 1);
    let at_door = scene::at_the_door(&intake, &there).await;
    ring::becomes(&intake, &called["id"], "ANSWERED").await;
    house.clock.advance(4);
    let received = went(&intake, "confirmTransfer", id, json!({})).await;
    ring::becomes(&intake, &at_door["id"], "ANSWERED").await;
    assert_eq!((&received["state"], &received["awaits"]), (&json!("RECEIVED"), &json!("SENDER")));
    // "Received at 02:14", and nothing more.
    let seen = read(&officer, id).await;
    assert_eq!(at(&seen["receiverConfirmedAt"]).micros_since(at(&there["arrivedAt"])) / 60_000_000, 4);
    let done = went(&officer, "confirmTransfer", id, json!({})).await;
    assert_eq!((&done["state"], &done["awaits"], &done["dueAt"]), (&json!("TRANSFERRED"), &Value::Null, &Value::Null));
    assert_eq!(done["endedAt"], done["senderConfirmedAt"]);
    scene::told_of_the_announced(&street, &mut at_the_desk, &mut in_the_car, id).await;
    street.house.close().await;
}

async fn what_the_pathway_does_not_take_is_not_announced(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 6, 4).await;
    let (officer, agency) = (house.client("officer-2"), &house.world.agencies[0]);
    // What its unit does not take, no pathway opens: the chairs are for adults.
    let child = announce(&officer, to(door, json!({ "need": { "age": 12 } }))).await;
    assert_eq!(problems(&child, "announceHandoff"), ["CRITERIA_NOT_MET"]);
    let adults = "mutation($input: SavePathwayInput!) { savePathway(input: $input) { problems { code } } }";
    let terms = json!({ "input": { "id": door.1.to_string(), "name": "Amber door", "serviceId": agency.service.to_string(),
        "fromRoles": ["OFFICER", "DISPATCHER"], "mode": "ANNOUNCE", "arriveMinutes": 60,
        "criteria": { "age": { "min": 18 }, "vitalsOutOfRange": false } } });
    house.client("agency_admin").ask(adults, terms).await.data("");
    let asked = house.pathway(agency, "Amber request", PathwayMode::Request).await;
    house.deliver().await;
    let before = house.hub().board().now().number();

    let child = announce(&officer, to(door, json!({ "need": { "age": 12, "vitalsOutOfRange": true } }))).await;
    assert_eq!(problems(&child, "announceHandoff"), ["CRITERIA_NOT_MET", "CRITERIA_NOT_MET"]);
    assert_eq!(child.data("/announceHandoff/problems/0/current/id"), &json!(door.1.to_string()));
    assert!(child.data("/announceHandoff/handoff").is_null());
    let ems = announce(&house.client("ems-2"), to(door, json!({}))).await;
    assert_eq!(problems(&ems, "announceHandoff"), ["PATHWAY_CLOSED"]);
    let by_request = announce(&officer, to((door.0, asked), json!({}))).await;
    assert_eq!(problems(&by_request, "announceHandoff"), ["WRONG_STATE"]);
    for bad in [
        json!({ "arriveMinutes": 61 }),
        json!({ "arriveMinutes": -1 }),
        json!({ "onBehalfOf": "Unit 12" }),
        json!({ "need": { "payer": "MEDICAID" } }),
        json!({ "need": { "age": 200 } }),
        json!({ "idempotencyKey": "k".repeat(129) }),
    ] {
        assert_eq!(announce(&officer, to(door, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    let long = json!({ "onBehalfOf": "n".repeat(41) });
    assert_eq!(announce(&house.client("dispatcher-2"), to(door, long)).await.code(), "BAD_USER_INPUT");
    let far = &house.world.far;
    for unseen in [json!({ "unitId": far.chairs().to_string() }), json!({ "pathwayId": "nonsense" })] {
        assert_eq!(announce(&officer, to(door, unseen.clone())).await.code(), "NOT_FOUND", "{unseen}");
    }
    let elsewhere = json!({ "unitId": house.world.agencies[1].chairs().to_string() });
    assert_eq!(announce(&officer, to(door, elsewhere)).await.code(), "BAD_USER_INPUT");
    for person in ["council-2", "agency_admin-2", "peer-2", "advocate-2"] {
        let code = announce(&house.client(person), to(door, json!({}))).await.code().to_owned();
        assert!(["FORBIDDEN", "NOT_FOUND"].contains(&&*code), "{person}: {code}");
    }
    house.deliver().await;
    assert_eq!(house.hub().board().now().number(), before, "something has changed");

    // A service that may refuse by now has no door to announce to.
    let edit = "mutation($input: SaveServiceInput!) { saveService(input: $input) { problems { code } } }";
    let service = |no_refusal: bool| {
        json!({ "input": { "id": agency.service.to_string(), "name": "Amber receiving", "kind": "RECEIVING_23H",
            "facilityId": agency.facility.to_string(), "noRefusal": no_refusal } })
    };
    house.client("agency_admin").ask(edit, service(false)).await.data("");
    let shut = announce(&officer, to(door, json!({}))).await;
    assert_eq!(problems(&shut, "announceHandoff"), ["PATHWAY_CLOSED"]);
    house.client("agency_admin").ask(edit, service(true)).await.data("");

    // A dispatcher announces for a unit in the field; both are told.
    let said = announce(&house.client("dispatcher-2"), to(door, json!({ "onBehalfOf": "Unit 12" }))).await;
    assert_eq!(said.data("/announceHandoff/handoff/onBehalfOf"), "Unit 12");
    let code = said.data("/announceHandoff/handoff/code").as_str().unwrap().to_lowercase();
    assert_eq!(listed(&officer, json!({ "code": code })).await.len(), 1, "the officer takes it over by its code");
    let open = async |states: Value| listed(&officer, json!({ "openOnly": true, "states": states })).await.len();
    assert_eq!([open(Value::Null).await, open(json!(["DECLINED"])).await], [1, 0]);
    let id = said.data("/announceHandoff/handoff/id").as_str().unwrap();
    went(&officer, "failHandoff", id, json!({ "reason": "NO_SHOW" })).await;
    assert_eq!((open(Value::Null).await, listed(&officer, json!({})).await.len()), (0, 1));
    house.close().await;
}

async fn each_party_makes_its_own_moves(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    // What is never a party's is forbidden; what is not yet, or no longer, is said.
    assert_eq!(go(&intake, "chooseOffer", &id, json!({})).await.code(), "FORBIDDEN");
    assert_eq!(go(&officer, "redirectHandoff", &id, json!({ "reason": "MEDICAL" })).await.code(), "FORBIDDEN");
    let early = go(&officer, "confirmTransfer", &id, json!({})).await;
    assert_eq!(problems(&early, "confirmTransfer"), ["WRONG_STATE"]);
    assert_eq!(early.data("/confirmTransfer/problems/0/current/id"), &json!(id));
    went(&officer, "departHandoff", &id, json!({})).await;
    let stale = go(&intake, "arriveHandoff", &id, json!({ "expectedVersion": 1 })).await;
    assert_eq!(problems(&stale, "arriveHandoff"), ["STALE_VERSION"]);
    assert_eq!(go(&officer, "failHandoff", &id, json!({ "reason": "BORED" })).await.code(), "BAD_USER_INPUT");
    // Sent on: the place is free at once, and nothing more happens.
    let sent_on = went(&intake, "redirectHandoff", &id, json!({ "reason": "MEDICAL" })).await;
    assert_eq!((&sent_on["state"], &sent_on["redirectReason"]), (&json!("REDIRECTED"), &json!("MEDICAL")));
    assert_eq!(unit(&intake, door.0).await["net"], 5);
    for field in ["departHandoff", "arriveHandoff", "confirmTransfer"] {
        assert_eq!(problems(&go(&officer, field, &id, json!({})).await, field), ["WRONG_STATE"]);
    }
    // The sender hands over first, and ends another on the way.
    let other = on_the_way(&officer, door).await;
    went(&officer, "arriveHandoff", &other, json!({})).await;
    assert_eq!(went(&officer, "confirmTransfer", &other, json!({})).await["state"], "HANDED_OVER");
    assert_eq!(problems(&go(&officer, "confirmTransfer", &other, json!({})).await, "confirmTransfer"), ["WRONG_STATE"]);
    assert_eq!(went(&intake, "confirmTransfer", &other, json!({})).await["state"], "TRANSFERRED");
    let third = on_the_way(&officer, door).await;
    let failed = went(&officer, "failHandoff", &third, json!({ "reason": "PERSON_CHOSE_OTHERWISE" })).await;
    assert_eq!((&failed["state"], &failed["failReason"]), (&json!("FAILED"), &json!("PERSON_CHOSE_OTHERWISE")));
    let may = "query($id: ID!) { viewer { send: may(action: SEND_HANDOFF, id: $id) { yes }
        receive: may(action: RECEIVE_HANDOFF, id: $id) { yes } } }";
    for (client, send, receive) in
        [(&officer, true, false), (&intake, false, true), (&house.client("ems"), false, false)]
    {
        let said = client.ask(may, json!({ "id": id })).await;
        let yes = ["send", "receive"].map(|field| said.data(&format!("/viewer/{field}/yes")).as_bool().unwrap());
        assert_eq!(yes, [send, receive]);
    }
    house.close().await;
}

async fn a_request_sent_twenty_times_is_one_handoff(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let officer = house.client("officer-2");
    let input = to(door, json!({ "idempotencyKey": "once" }));
    let asked = (0..20).map(|_| announce(&officer, input.clone()));
    let said = futures_util::future::join_all(asked).await;
    let ids: Vec<&Value> = said.iter().map(|one| one.data("/announceHandoff/handoff/id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_string()), "{ids:?}");
    let fresh = said.iter().filter(|one| one.data("/announceHandoff/replayed") == false).count();
    assert_eq!((fresh, listed(&officer, json!({})).await.len()), (1, 1));
    assert_eq!(unit(&house.client("intake"), door.0).await["net"], 4);
    let other = announce(&officer, to(door, json!({ "idempotencyKey": "once", "arriveMinutes": 1 }))).await;
    assert_eq!(problems(&other, "announceHandoff"), ["IDEMPOTENCY_CONFLICT"]);
    let id = ids[0].as_str().unwrap();
    let moves = (0..20).map(|_| go(&officer, "departHandoff", id, json!({ "idempotencyKey": "away" })));
    let versions: Vec<Value> = futures_util::future::join_all(moves)
        .await
        .iter()
        .map(|one| one.data("/departHandoff/handoff/version").clone())
        .collect();
    assert!(versions.iter().all(|version| *version == 2), "{versions:?}");
    house.close().await;
}

async fn one_of_two_who_end_it_at_once_does(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    for _ in 0..10 {
        let id = on_the_way(&officer, door).await;
        let (failed, redirected) = tokio::join!(
            go(&officer, "failHandoff", &id, json!({ "reason": "TRANSPORT" })),
            go(&intake, "redirectHandoff", &id, json!({ "reason": "UNSAFE" }))
        );
        let done = [(&failed, "failHandoff"), (&redirected, "redirectHandoff")];
        let won = done.iter().filter(|(said, field)| problems(said, field).is_empty()).count();
        assert_eq!(won, 1, "{:#} {:#}", failed.body, redirected.body);
        assert_eq!(read(&officer, &id).await["version"], 2);
        assert_eq!(unit(&intake, door.0).await["net"], 5);
    }
    house.close().await;
}

async fn a_late_word_is_told_and_silence_ends(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let mut events = watch(&intake).await;
    let (lost, received) = (on_the_way(&officer, door).await, on_the_way(&officer, door).await);
    let lapses = async |minutes: i64, id: &str, state: &str| {
        house.clock.advance(minutes);
        until(&format!("it is {state}"), async || read(&intake, id).await["state"] == state).await;
    };
    // The receiver's word is enough: a quarter of an hour later it is done.
    went(&intake, "arriveHandoff", &received, json!({})).await;
    went(&intake, "confirmTransfer", &received, json!({})).await;
    lapses(15, &received, "TRANSFERRED").await;
    let done = read(&officer, &received).await;
    assert_eq!((&done["late"], &done["senderConfirmedAt"]), (&json!(false), &Value::Null));
    // Two hours pass, and nobody says that the other has arrived: late at once, told, and four hours later over.
    house.clock.advance(105);
    assert_eq!(read(&officer, &lost).await["late"], true);
    assert_eq!(told(&mut events, &lost, "HANDOFF_LATE").await, ["HANDOFF_ANNOUNCED", "HANDOFF_LATE"]);
    lapses(240, &lost, "LAPSED").await;
    assert_eq!(told(&mut events, &lost, "HANDOFF_LAPSED").await, ["HANDOFF_LAPSED"]);
    let over = go(&officer, "arriveHandoff", &lost, json!({})).await;
    assert_eq!(problems(&over, "arriveHandoff"), ["WRONG_STATE"]);
    house.close().await;
}

async fn what_comes_after_the_receiver_took_over_is_no_part_of_it(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let (officer, intake) = (house.client("officer-2"), house.client("intake"));
    let id = on_the_way(&officer, door).await;
    went(&officer, "arriveHandoff", &id, json!({})).await;
    went(&intake, "confirmTransfer", &id, json!({})).await;
    // Received, and from there only the sender's word is left: no outcome can be written down, so none can be read.
    for (field, reason) in [("failHandoff", "LEFT_BEFORE_HANDOFF"), ("redirectHandoff", "MEDICAL")] {
        let said = go(&intake, field, &id, json!({ "reason": reason })).await;
        assert_eq!(problems(&said, field), ["WRONG_STATE"]);
    }
    went(&officer, "confirmTransfer", &id, json!({})).await;
    // The need travels to whoever cares for the person; police are shown place, state and time, whoever they work for.
    for (person, reads) in
        [("officer-2", false), ("dispatcher-2", false), ("officer", false), ("ems-2", true), ("intake", true)]
    {
        assert_eq!(read(&house.client(person), &id).await["need"].is_object(), reads, "{person}");
    }
    house.close().await;
}

async fn handoffs_are_their_parties_alone(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 9, 4).await;
    let id = on_the_way(&house.client("officer-2"), door).await;
    house.deliver().await;
    let log = "{ events(first: 100) { edges { node { kind nodeId } } } }";
    for (person, sees) in [
        ("officer-2", true),
        ("dispatcher-2", true),
        ("intake", true),
        ("peer", true),
        ("council", false),
        ("analyst", false),
        ("advocate", false),
        ("agency_admin", false),
        ("hub_operator", false),
        ("officer-far", false),
        ("intake-far", false),
    ] {
        let client = house.client(person);
        assert_eq!(read(&client, &id).await.is_null(), !sees, "{person}");
        assert_eq!(listed(&client, json!({})).await.len(), usize::from(sees), "{person}");
        // Whoever reads the log page by page is told no more than who watches it.
        let mut kinds = Vec::new();
        let mut after = Value::Null;
        loop {
            let query = log
                .replace("(first: 100)", "(first: 100, after: $after)")
                .replacen('{', "query($after: Cursor) {", 1)
                .replace("nodeId } } } }", "nodeId } } pageInfo { endCursor hasNextPage } } }");
            let said = client.ask(&query, json!({ "after": after })).await;
            let edges = said.data("/events/edges").as_array().unwrap();
            kinds.extend(edges.iter().map(|edge| edge["node"]["kind"].as_str().unwrap().to_owned()));
            after = said.data("/events/pageInfo/endCursor").clone();
            if said.data("/events/pageInfo/hasNextPage") == false {
                break;
            }
        }
        assert_eq!(kinds.iter().any(|kind| kind.starts_with("HANDOFF")), sees, "{person}: {kinds:?}");
    }
    house.close().await;
}
