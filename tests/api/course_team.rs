//! Teams that come: the 988 line asks the next team, it is on its way in minutes, and brings the person into care.
use super::bed::{REPORT, numbers, problems};
use super::course::follow_ups;
use super::handoff::{announce, at, go, read, told, watch, went};
use super::offer::{episode, offer, yes};
use super::team::{says, told as said};
use super::{ring, ring_walks as scene};
use crate::calls::Street;
use crate::house::{Client, Db, House};
use crisis_hub::domain::follow_up::{FollowUpBy, FollowUpTerm};
use crisis_hub::domain::id::TeamId;
use crisis_hub::domain::pathway::PathwayMode;
use serde_json::{Value, json};

on_both!(
    the_988_line_asks_a_team_and_then_the_next,
    a_team_is_promised_once,
    a_team_that_said_yes_to_two_comes_to_the_first_that_chooses,
    whoever_comes_is_asked_as_it_should_be,
);

/// Two teams of the first agency that say that they are free, and how they are asked.
async fn teams(house: &House) -> ([TeamId; 2], Value) {
    let agency = &house.world.agencies[0];
    let teams = [house.team(agency, "Mobile 1").await, house.team(agency, "Mobile 2").await];
    let service = house.mobile(agency).await;
    let pathway = house.pathway_with(agency, "Send a team", PathwayMode::Request, |terms| {
        terms.service = service;
        (terms.acknowledge_minutes, terms.decide_minutes, terms.arrive_minutes) = (1, 3, 30);
        terms.follow_ups = vec![FollowUpTerm { by: FollowUpBy::Team, within_hours: 24 }];
    });
    let pathway = pathway.await;
    house.deliver().await;
    for team in teams {
        said(&house.client("mobile_team"), says(team, "AVAILABLE")).await;
    }
    (teams, json!(pathway.to_string()))
}

fn to(pathway: &Value, team: TeamId, more: Value) -> Value {
    let mut input = json!({ "to": [{ "pathwayId": pathway, "teamId": team.to_string() }], "need": { "age": 41 } });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// Asks a team: the search, and its latest handoff.
async fn asked(client: &Client, input: Value) -> (String, String) {
    let answer = offer(client, input).await;
    assert_eq!(problems(&answer, "offerHandoff"), [""; 0], "{:#}", answer.body);
    let search = answer.data("/offerHandoff/episode");
    let open = |one: &&Value| one["state"] == "OFFERED";
    let handoff = search["handoffs"].as_array().unwrap().iter().find(open).unwrap();
    (search["id"].as_str().unwrap().into(), handoff["id"].as_str().unwrap().into())
}

async fn status(client: &Client, team: TeamId) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Team { status } } }";
    client.ask(query, json!({ "id": team.to_string() })).await.data("/node/status").clone()
}

/// Workflow D.
async fn the_988_line_asks_a_team_and_then_the_next(db: Db) {
    let street = Street::open(db).await;
    let house = &street.house;
    let ([first, second], pathway) = teams(house).await;
    scene::teams_on_call(&street, [first, second]).await;
    let (line, crew) = (house.client("line_988-2"), house.client("mobile_team"));
    let (mut on_the_line, mut van, mut heard) = (watch(&line).await, watch(&crew).await, watch(&line).await);
    let here = json!({ "filter": { "teamId": second.to_string() } });
    let watching = "subscription($filter: HandoffsWatched) { handoffsChanged(filter: $filter) { change handoffId handoff { state } } }";
    let mut in_the_van = crew.sse(watching, here).await;
    in_the_van.next().await.unwrap();
    let (search, silent) = asked(&line, to(&pathway, first, json!({ "personAgreed": true }))).await;
    let opened = episode(&line, &search).await;
    assert_eq!(opened["settlement"], "FIRST_ACCEPT", "a team that says yes is on its way");
    let waiting = read(&line, &silent).await;
    assert_eq!((&waiting["unit"], &waiting["team"]["id"]), (&Value::Null, &json!(first.to_string())));
    assert_eq!(at(&waiting["dueAt"]), at(&waiting["announcedAt"]).plus_minutes(1));
    scene::van_sounds(&crew, &waiting).await;
    // Nobody looks: late after a minute, over after three, and the line asks the next.
    house.clock.advance(1);
    assert_eq!(read(&line, &silent).await["late"], true);
    assert_eq!(told(&mut on_the_line, &silent, "HANDOFF_LATE").await, ["HANDOFF_OFFERED", "HANDOFF_LATE"]);
    scene::first_team_silent(&street, (&line, &crew), &silent).await;
    assert_eq!(told(&mut on_the_line, &silent, "HANDOFF_EXPIRED").await, ["HANDOFF_EXPIRED"]);
    let (same, handoff) = asked(&line, to(&pathway, second, json!({ "episodeId": search }))).await;
    assert_eq!(same, search);
    let change = in_the_van.change("handoffsChanged").await;
    assert_eq!((&change["change"], &change["handoffId"]), (&json!("ENTERED"), &json!(handoff)), "its own offers alone");
    let woken = scene::second_team_woken(&street, &crew, &handoff).await;
    let coming = went(&crew, "acceptOffer", &handoff, yes()).await;
    assert_eq!(
        (&coming["state"], &coming["awaits"]),
        (&json!("ACCEPTED"), &json!("RECEIVER")),
        "the team has the next word"
    );
    assert_eq!(at(&coming["dueAt"]), at(&coming["settledAt"]).plus_minutes(30));
    assert_eq!((&coming["team"]["status"], &coming["holdId"]), (&json!("ASSIGNED"), &Value::Null));
    ring::becomes(&crew, &woken["id"], "ANSWERED").await;
    house.clock.advance(2);
    went(&crew, "departHandoff", &handoff, json!({})).await;
    assert_eq!(status(&line, second).await, "EN_ROUTE");
    // On the phone the line hears of a weapon: police come too, for that reason alone, and it is counted.
    let asked_for = json!({ "trigger": "WEAPON", "personAgreed": false });
    let police = went(&line, "askForPolice", &handoff, asked_for).await;
    assert_eq!(
        (&police["policeAsked"]["trigger"], &police["policeAsked"]["personAgreed"]),
        (&json!("WEAPON"), &json!(false))
    );
    house.clock.advance(12);
    went(&crew, "arriveHandoff", &handoff, json!({})).await;
    assert_eq!(status(&line, second).await, "ON_SCENE");
    went(&crew, "confirmTransfer", &handoff, json!({ "warmth": "WARM_IN_PERSON" })).await;
    // The line is silent: the team's word is enough.
    house.clock.advance(15);
    let kinds = told(&mut on_the_line, &handoff, "HANDOFF_TRANSFERRED").await;
    assert_eq!(
        kinds,
        ["OFFERED", "ACCEPTED", "DEPARTED", "POLICE_ASKED", "ARRIVED", "CONFIRMED", "TRANSFERRED"]
            .map(|k| format!("HANDOFF_{k}"))
    );
    assert_eq!(episode(&line, &search).await["state"], "PLACED");
    let due = follow_ups(&line, &handoff).await;
    assert_eq!((due.len(), &due[0]["by"], &due[0]["state"]), (1, &json!("TEAM"), &json!("DUE")));
    scene::told_of_the_teams(&street, (&mut van, &mut heard), &handoff).await;
    placed_after_all(house, &crew).await;
    street.house.close().await;
}

/// The person needs a place after all: the team announces, as anybody else does, and the transition is verified.
async fn placed_after_all(house: &House, crew: &Client) {
    let (desk, chairs) = (house.client("intake-2"), house.world.agencies[1].chairs());
    desk.ask(REPORT, numbers(chairs, 6, 2)).await.data("");
    let door = house.pathway(&house.world.agencies[1], "Basalt door", PathwayMode::Announce).await;
    house.deliver().await;
    let input = json!({ "pathwayId": door.to_string(), "unitId": chairs.to_string(), "need": { "age": 41 } });
    let id = announce(crew, input).await.data("/announceHandoff/handoff/id").as_str().unwrap().to_owned();
    for (client, field) in [(crew, "departHandoff"), (crew, "arriveHandoff"), (&desk, "confirmTransfer")] {
        went(client, field, &id, json!({})).await;
    }
    let placed = went(crew, "confirmTransfer", &id, json!({})).await;
    assert_eq!((&placed["state"], &placed["awaits"]), (&json!("TRANSFERRED"), &Value::Null));
}

async fn a_team_is_promised_once(db: Db) {
    let house = House::open(db).await;
    let ([team, _], pathway) = teams(&house).await;
    let (line, other, crew) = (house.client("line_988-2"), house.client("line_988"), house.client("mobile_team"));
    let (_, one) = asked(&line, to(&pathway, team, json!({}))).await;
    let (_, two) = asked(&other, to(&pathway, team, json!({}))).await;
    let (yes_one, yes_two) = tokio::join!(go(&crew, "acceptOffer", &one, yes()), go(&crew, "acceptOffer", &two, yes()));
    let mut codes = [problems(&yes_one, "acceptOffer"), problems(&yes_two, "acceptOffer")];
    codes.sort();
    assert_eq!(codes, [vec![], vec!["NO_CAPACITY".to_owned()]], "it comes to one of them");
    let (taken, left) = if problems(&yes_one, "acceptOffer").is_empty() { (&one, &two) } else { (&two, &one) };
    let no = went(&crew, "declineOffer", left, json!({ "reason": "NO_STAFFED_BED" })).await;
    assert_eq!(no["offer"]["bedWasShownAvailable"], false);
    // It does not come after all: it is free, and whoever asked needs another.
    went(&crew, "failHandoff", taken, json!({ "reason": "MISTAKE" })).await;
    assert_eq!(status(&line, team).await, "AVAILABLE");
    house.close().await;
}

async fn a_team_that_said_yes_to_two_comes_to_the_first_that_chooses(db: Db) {
    let house = House::open(db).await;
    let ([team, _], pathway) = teams(&house).await;
    let (line, other, crew) = (house.client("line_988-2"), house.client("line_988"), house.client("mobile_team"));
    let chooses = || to(&pathway, team, json!({ "settlement": "SENDER_CHOOSES" }));
    let (_, one) = asked(&line, chooses()).await;
    let (_, two) = asked(&other, chooses()).await;
    for handoff in [&one, &two] {
        assert_eq!(went(&crew, "acceptOffer", handoff, yes()).await["state"], "AGREED");
    }
    went(&line, "chooseOffer", &one, json!({})).await;
    assert_eq!(problems(&go(&other, "chooseOffer", &two, json!({})).await, "chooseOffer"), ["NO_CAPACITY"]);
    // Nobody has heard of the crew for longer than its heartbeat: it is on its way all the same.
    house.clock.advance(16);
    let (_, three) = asked(&other, to(&pathway, team, json!({}))).await;
    assert_eq!(problems(&go(&crew, "acceptOffer", &three, yes()).await, "acceptOffer"), ["NO_CAPACITY"]);
    went(&crew, "arriveHandoff", &one, json!({})).await;
    assert_eq!(went(&crew, "acceptOffer", &three, yes()).await["state"], "ACCEPTED");
    house.close().await;
}

async fn whoever_comes_is_asked_as_it_should_be(db: Db) {
    let house = House::open(db).await;
    let ([team, _], pathway) = teams(&house).await;
    let (line, ward) = (house.client("line_988-2"), house.world.agencies[0].ward());
    let input = |one: Value| json!({ "to": [one], "need": { "age": 41 } });
    for bad in [
        json!({ "pathwayId": pathway }),
        json!({ "pathwayId": pathway, "teamId": team.to_string(), "unitId": ward.to_string() }),
        json!({ "pathwayId": pathway, "unitId": ward.to_string() }),
    ] {
        assert_eq!(offer(&line, input(bad)).await.code(), "BAD_USER_INPUT");
    }
    let far = house.team(&house.world.far, "Far away").await;
    for absent in [ward.to_string(), far.to_string()] {
        assert_eq!(offer(&line, input(json!({ "pathwayId": pathway, "teamId": absent }))).await.code(), "NOT_FOUND");
    }
    // Nobody is asked twice at once.
    let twice = json!({ "to": [{ "pathwayId": pathway, "teamId": team.to_string() }, { "pathwayId": pathway, "teamId": team.to_string() }],
        "need": { "age": 41 } });
    assert_eq!(problems(&offer(&line, twice).await, "offerHandoff"), ["ALREADY_OFFERED", "ALREADY_OFFERED"]);
    let (_, handoff) = asked(&line, to(&pathway, team, json!({}))).await;
    // The line does not set out for the team before it has said yes, nor does a stranger say anything.
    assert_eq!(problems(&go(&line, "departHandoff", &handoff, json!({})).await, "departHandoff"), ["WRONG_STATE"]);
    assert_eq!(go(&house.client("mobile_team-far"), "acceptOffer", &handoff, yes()).await.code(), "NOT_FOUND");
    let filter = json!({ "filter": { "teamId": team.to_string() } });
    let listed = "query($filter: HandoffFilter) { handoffs(filter: $filter) { edges { node { id } } } }";
    assert_eq!(line.ask(listed, filter).await.data("/handoffs/edges"), &json!([{ "node": { "id": handoff } }]));
    house.close().await;
}
