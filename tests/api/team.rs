//! Mobile teams: said by their own agency, and unknown as soon as they are lost.
use super::bed::problems;
use super::respond::SEARCH;
use crate::house::traffic::log;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::event::{EventKind, Fact};
use crisis_hub::domain::id::TeamId;
use serde_json::{Value, json};

on_both!(
    an_agency_saves_its_teams_and_nobody_elses,
    a_team_speaks_for_itself_and_nobody_else_does,
    a_missed_heartbeat_is_unknown_at_once_and_told_once,
    a_heartbeat_is_heard_by_every_node_and_does_not_flood_the_log,
    the_same_status_twenty_times_at_once_is_one_effect,
    two_who_speak_for_one_team_at_once_are_both_heard_in_order,
    teams_are_found_by_what_they_are,
);

const SAVE: &str = "mutation($input: SaveTeamInput!) { saveTeam(input: $input) { team { id version label countiesFips languages
    youthCapable peerOnTeam canTransport heartbeatMinutes hours { aroundTheClock timeZone open { weekday from to } } status retired
    service { id kind } organization { id } } problems { code path current { id } } replayed } }";
const SAY: &str =
    "mutation($input: SetTeamStatusInput!) { setTeamStatus(input: $input) { team { id version status statusSince
    heardAt freeAt freeInMinutes lastSaid { status since } } problems { code path current { id } } replayed } }";
const TEAMS: &str =
    "query($filter: TeamFilter) { teams(filter: $filter, first: 100) { edges { node { id label status } }
    asOf { cursor } } }";

async fn seen(client: &Client, team: TeamId) -> Value {
    let query =
        "query($id: ID!) { node(id: $id) { ... on Team { id version label status statusSince heardAt freeInMinutes
        lastSaid { status since } retired } } }";
    client.ask(query, json!({ "id": team.to_string() })).await.data("/node").clone()
}

pub(super) fn says(team: TeamId, status: &str) -> Value {
    json!({ "input": { "teamId": team.to_string(), "status": status } })
}

pub(super) fn busy(team: TeamId, status: &str, minutes: i64) -> Value {
    json!({ "input": { "teamId": team.to_string(), "status": status, "freeInMinutes": minutes } })
}

pub(super) async fn told(client: &Client, input: Value) -> Value {
    let said = client.ask(SAY, input).await;
    assert_eq!(problems(&said, "setTeamStatus"), [""; 0]);
    said.data("/setTeamStatus/team").clone()
}

pub(super) fn with(mut input: Value, fields: Value) -> Value {
    input["input"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    input
}

/// Events of a team, in order.
async fn kinds(house: &House, team: TeamId) -> Vec<EventKind> {
    use crisis_hub::domain::id::NounId;
    house.deliver().await;
    let log = log(house.store()).await;
    log.iter().filter(|event| event.happening.key == team.key()).map(|event| event.happening.kind).collect()
}

async fn an_agency_saves_its_teams_and_nobody_elses(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let (mobile, foreign) = (house.mobile(&ours).await, house.mobile(&theirs).await);
    let input = json!({ "input": { "label": "Mobile 1", "serviceId": mobile.to_string(), "countiesFips": ["12086", "12011", "12086"],
        "languages": ["en", "es"], "youthCapable": true, "peerOnTeam": true, "heartbeatMinutes": 20,
        "hours": { "timeZone": "America/New_York", "open": [{ "weekday": "FRIDAY", "from": "22:00", "to": "06:00" }] } } });
    for person in ["intake", "mobile_team", "line_988", "dispatcher", "officer", "council", "analyst", "hub_operator"] {
        assert_eq!(house.client(person).ask(SAVE, input.clone()).await.code(), "FORBIDDEN", "{person}");
    }
    let admin = house.client("agency_admin");
    let said = admin.ask(SAVE, input.clone()).await;
    assert_eq!(problems(&said, "saveTeam"), [""; 0]);
    let team = said.data("/saveTeam/team").clone();
    assert_eq!((&team["status"], &team["countiesFips"]), (&json!("UNKNOWN"), &json!(["12011", "12086"])));
    assert_eq!((&team["heartbeatMinutes"], &team["service"]["kind"]), (&json!(20), &json!("MOBILE")));
    assert_eq!(team["hours"]["open"], json!([{ "weekday": "FRIDAY", "from": "22:00", "to": "06:00" }]));
    assert_eq!(team["organization"]["id"], ours.organization.to_string());

    let id = json!({ "id": team["id"] });
    let foreign_service = with(input.clone(), json!({ "serviceId": foreign.to_string() }));
    assert_eq!(admin.ask(SAVE, foreign_service.clone()).await.code(), "FORBIDDEN", "a new team of another agency");
    assert_eq!(
        admin.ask(SAVE, with(foreign_service, id.clone())).await.code(),
        "NOT_FOUND",
        "ours, under their service"
    );
    assert_eq!(house.client("agency_admin-2").ask(SAVE, with(input.clone(), id.clone())).await.code(), "FORBIDDEN");
    assert_eq!(house.client("agency_admin-far").ask(SAVE, with(input.clone(), id.clone())).await.code(), "NOT_FOUND");
    for bad in [
        json!({ "serviceId": ours.service.to_string() }),
        json!({ "label": "" }),
        json!({ "countiesFips": [] }),
        json!({ "countiesFips": ["x"] }),
        json!({ "languages": ["English"] }),
        json!({ "heartbeatMinutes": 0 }),
        json!({ "heartbeatMinutes": 241 }),
        json!({ "hours": { "timeZone": "Mars/Olympus", "open": [{ "weekday": "MONDAY", "from": "08:00", "to": "09:00" }] } }),
        json!({ "hours": { "timeZone": "UTC", "open": [{ "weekday": "MONDAY", "from": "24:00", "to": "09:00" }] } }),
        json!({ "hours": { "timeZone": "UTC", "open": [] } }),
        json!({ "hours": { "aroundTheClock": true, "timeZone": "UTC" } }),
    ] {
        assert_eq!(admin.ask(SAVE, with(input.clone(), bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    let stale = with(with(input.clone(), id.clone()), json!({ "expectedVersion": 7 }));
    assert_eq!(problems(&admin.ask(SAVE, stale).await, "saveTeam"), ["STALE_VERSION"]);
    let same = admin.ask(SAVE, with(input.clone(), id.clone())).await;
    assert_eq!(same.data("/saveTeam/team/version"), 1, "nothing new is no new version");
    let keyed = with(input.clone(), json!({ "label": "Mobile 2", "idempotencyKey": "two" }));
    let (one, two) = (admin.ask(SAVE, keyed.clone()).await, admin.ask(SAVE, keyed).await);
    assert_eq!(one.data("/saveTeam/team/id"), two.data("/saveTeam/team/id"));
    assert_eq!(two.data("/saveTeam/replayed"), true);
    let retired = admin.ask(SAVE, with(with(input, id), json!({ "retire": true }))).await;
    assert_eq!(retired.data("/saveTeam/team/retired"), true);
    let listed = admin.ask(TEAMS, json!({})).await;
    assert_eq!(labels(&listed), ["Mobile 2"]);
    house.close().await;
}

fn labels(said: &Answer) -> Vec<&str> {
    let edges = said.data("/teams/edges").as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["label"].as_str().unwrap()).collect()
}

async fn a_team_speaks_for_itself_and_nobody_else_does(db: Db) {
    let house = House::open(db).await;
    let team = house.team(&house.world.agencies[0], "Mobile 1").await;
    for person in ["officer", "ems", "emergency_department", "intake", "peer", "advocate", "analyst", "hub_operator"] {
        assert_eq!(house.client(person).ask(SAY, says(team, "AVAILABLE")).await.code(), "FORBIDDEN", "{person}");
        assert_eq!(seen(&house.client(person), team).await["status"], "UNKNOWN", "{person} sees it");
    }
    for person in ["mobile_team-2", "line_988-2", "dispatcher-2", "agency_admin-2"] {
        assert_eq!(house.client(person).ask(SAY, says(team, "AVAILABLE")).await.code(), "FORBIDDEN", "{person}");
    }
    // To a council and to another region it is not there, and neither hears of it.
    for person in ["council", "mobile_team-far", "officer-far"] {
        let client = house.client(person);
        assert_eq!(client.ask(SAY, says(team, "AVAILABLE")).await.code(), "NOT_FOUND", "{person}");
        assert!(
            seen(&client, team).await.is_null() && labels(&client.ask(TEAMS, json!({})).await).is_empty(),
            "{person}"
        );
        let may = "query($id: ID!) { viewer { may(action: READ_TEAMS, id: $id) { yes } } }";
        let may = client.ask(may, json!({ "id": team.to_string() })).await;
        assert_eq!(may.data("/viewer/may/yes"), false, "{person}");
    }
    let crew = house.client("mobile_team");
    for bad in [
        json!({ "status": "UNKNOWN" }),
        json!({ "freeInMinutes": 5 }),
        json!({ "status": "OUT", "freeInMinutes": 0 }),
        json!({ "status": "EN_ROUTE", "freeInMinutes": 601 }),
        json!({ "status": "EN_ROUTE", "freeInMinutes": -1 }),
        json!({ "latitude": 25.8 }),
    ] {
        assert_eq!(crew.ask(SAY, with(says(team, "AVAILABLE"), bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    assert_eq!(seen(&crew, team).await["version"], 1);
    let free = told(&crew, says(team, "AVAILABLE")).await;
    assert_eq!((&free["status"], &free["freeInMinutes"]), (&json!("AVAILABLE"), &Value::Null));
    let on_scene = told(&house.client("line_988"), busy(team, "ON_SCENE", 40)).await;
    assert_eq!((&on_scene["status"], &on_scene["freeInMinutes"]), (&json!("ON_SCENE"), &json!(40)));
    house.clock.advance(10);
    let officer = seen(&house.client("officer"), team).await;
    assert_eq!((&officer["status"], &officer["freeInMinutes"]), (&json!("ON_SCENE"), &json!(30)));
    assert_eq!(officer["statusSince"], on_scene["statusSince"]);
    let sooner = told(&house.client("dispatcher"), busy(team, "ON_SCENE", 5)).await;
    assert_eq!((&sooner["freeInMinutes"], &sooner["statusSince"]), (&json!(5), &on_scene["statusSince"]));
    assert_eq!(told(&house.client("agency_admin"), says(team, "OUT")).await["status"], "OUT");
    house.clock.advance(24 * 60);
    let crew = house.client("mobile_team");
    assert_eq!(seen(&crew, team).await["status"], "OUT", "who is off duty needs no heartbeat");
    let retire = json!({ "input": { "id": team.to_string(), "retire": true, "label": "Mobile 1", "countiesFips": ["12086"],
        "serviceId": house.mobile(&house.world.agencies[0]).await.to_string() } });
    assert_eq!(house.client("agency_admin").ask(SAVE, retire).await.data("/saveTeam/team/retired"), true);
    assert_eq!(problems(&crew.ask(SAY, says(team, "AVAILABLE")).await, "setTeamStatus"), ["RETIRED"]);
    house.close().await;
}

async fn a_missed_heartbeat_is_unknown_at_once_and_told_once(db: Db) {
    use EventKind::{TeamLost, TeamSaved, TeamStatusSet};
    let house = House::open(db).await;
    let (hubs, addresses, _other) = house.hubs().await;
    let team = house.team(&house.world.agencies[0], "Mobile 1").await;
    let crew = house.client("mobile_team");
    house.deliver().await;
    let mut watching = house
        .client("officer")
        .sse(
            "subscription { events(kinds: [TEAM_STATUS_SET, TEAM_LOST]) { cursor change event { kind nodeId } } }",
            json!({}),
        )
        .await;
    assert_eq!(watching.next().await.unwrap().0, "next");
    let free = told(&crew, says(team, "AVAILABLE")).await;
    assert_eq!(
        watching.change("events").await["event"],
        json!({ "kind": "TEAM_STATUS_SET", "nodeId": team.to_string() })
    );
    house.deliver().await;
    for hub in &hubs {
        crate::house::traffic::caught_up(hub).await;
    }
    house.clock.advance(14);
    assert_eq!(seen(&crew, team).await["status"], "AVAILABLE");
    house.clock.advance(1);
    for address in &addresses {
        let officer = Client::new(*address, Some(house.token("officer")));
        let lost = seen(&officer, team).await;
        assert_eq!((&lost["status"], &lost["statusSince"]), (&json!("UNKNOWN"), &Value::Null), "at once, on each node");
        assert_eq!(lost["lastSaid"], json!({ "status": "AVAILABLE", "since": free["statusSince"] }));
        let can_come = officer.ask(SEARCH, json!({ "need": {}, "county": "12086" })).await;
        assert_eq!(can_come.data("/bedSearch/canCome"), &json!([]), "who is unknown is not offered");
    }
    assert_eq!(watching.change("events").await["event"], json!({ "kind": "TEAM_LOST", "nodeId": team.to_string() }));
    // The sweepers of every node go on, and have nothing to add.
    house.clock.advance(60);
    for hub in &hubs {
        crisis_hub::app::sweep::pass(hub).await.unwrap();
    }
    assert_eq!(kinds(&house, team).await, [TeamSaved, TeamStatusSet, TeamLost]);
    assert_eq!(seen(&crew, team).await["status"], "UNKNOWN");
    let found = told(&crew, says(team, "AVAILABLE")).await;
    assert_eq!((&found["status"], found["statusSince"] != free["statusSince"]), (&json!("AVAILABLE"), true));
    assert_eq!(kinds(&house, team).await, [TeamSaved, TeamStatusSet, TeamLost, TeamStatusSet]);
    house.close().await;
}

async fn a_heartbeat_is_heard_by_every_node_and_does_not_flood_the_log(db: Db) {
    let house = House::open(db).await;
    let (hubs, addresses, _other) = house.hubs().await;
    let team = house.team(&house.world.agencies[0], "Mobile 1").await;
    let crew = house.client("mobile_team");
    let first = told(&crew, busy(team, "ON_SCENE", 90)).await;
    for _ in 0..60 {
        house.clock.advance(1);
        let heard = told(&crew, says(team, "ON_SCENE")).await;
        assert_eq!((&heard["status"], &heard["statusSince"]), (&json!("ON_SCENE"), &first["statusSince"]));
        assert_eq!(heard["freeAt"], first["freeAt"], "a heartbeat keeps what was said of the end");
    }
    let kinds = kinds(&house, team).await;
    let heard = kinds.iter().filter(|kind| **kind == EventKind::TeamHeard).count();
    assert_eq!(heard, 12, "an hour of words every minute is told every five: {kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::TeamLost).count(), 0);
    for hub in &hubs {
        crate::house::traffic::caught_up(hub).await;
    }
    for address in &addresses {
        let officer = Client::new(*address, Some(house.token("officer")));
        let stands = seen(&officer, team).await;
        assert_eq!((&stands["status"], &stands["freeInMinutes"]), (&json!("ON_SCENE"), &json!(30)), "on each node");
    }
    // The log holds coded fields alone: no call sign.
    let log = log(house.store()).await;
    let facts: Vec<_> = log.iter().filter(|event| matches!(event.happening.fact, Fact::Team(_))).collect();
    assert!(
        facts.len() == kinds.len() && !serde_json::to_string(&facts[0].happening.fact).unwrap().contains("Mobile 1")
    );
    house.close().await;
}

async fn the_same_status_twenty_times_at_once_is_one_effect(db: Db) {
    let house = House::open(db).await;
    let team = house.team(&house.world.agencies[0], "Mobile 1").await;
    let crew = house.client("mobile_team");
    let keyed = with(busy(team, "ASSIGNED", 30), json!({ "idempotencyKey": "once" }));
    let all = futures_util::future::join_all((0..20).map(|_| crew.ask(SAY, keyed.clone()))).await;
    let mut fresh = 0;
    for said in &all {
        assert_eq!(problems(said, "setTeamStatus"), [""; 0]);
        assert_eq!(said.data("/setTeamStatus/team/version"), 2);
        fresh += usize::from(said.data("/setTeamStatus/replayed") == false);
    }
    assert_eq!(fresh, 1, "one did it, nineteen were told so");
    let other = with(busy(team, "ASSIGNED", 31), json!({ "idempotencyKey": "once" }));
    assert_eq!(problems(&crew.ask(SAY, other).await, "setTeamStatus"), ["IDEMPOTENCY_CONFLICT"]);
    // A replay says what is true now, not what it once did.
    told(&house.client("dispatcher"), says(team, "AVAILABLE")).await;
    let again = crew.ask(SAY, keyed).await;
    assert_eq!(
        (again.data("/setTeamStatus/replayed"), again.data("/setTeamStatus/team/status")),
        (&json!(true), &json!("AVAILABLE"))
    );
    house.close().await;
}

async fn two_who_speak_for_one_team_at_once_are_both_heard_in_order(db: Db) {
    let house = House::open(db).await;
    let (hubs, addresses, _other) = house.hubs().await;
    let team = house.team(&house.world.agencies[0], "Mobile 1").await;
    let speakers: Vec<_> = ["mobile_team", "dispatcher", "line_988"]
        .iter()
        .flat_map(|person| addresses.iter().map(|address| Client::new(*address, Some(house.token(person)))))
        .collect();
    let statuses = ["AVAILABLE", "ASSIGNED", "EN_ROUTE", "ON_SCENE", "OUT"];
    let words = (0..20).map(|n| speakers[n % speakers.len()].ask(SAY, says(team, statuses[n % statuses.len()])));
    let all = futures_util::future::join_all(words).await;
    for (n, said) in all.iter().enumerate() {
        assert_eq!(problems(said, "setTeamStatus"), [""; 0]);
        assert_eq!(said.data("/setTeamStatus/team/status"), statuses[n % statuses.len()], "each is told its own word");
    }
    house.deliver().await;
    for hub in &hubs {
        crate::house::traffic::caught_up(hub).await;
    }
    let events = kinds(&house, team).await.len();
    let last = seen(&speakers[0], team).await;
    assert_eq!(last["version"], json!(events), "each change is a version of its own");
    for client in &speakers {
        assert_eq!(seen(client, team).await, last, "every node says the same in the end");
    }
    house.close().await;
}

async fn teams_are_found_by_what_they_are(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let (one, two) = (house.team(&ours, "One").await, house.team(&theirs, "Two").await);
    let three = house.team(&ours, "Three").await;
    told(&house.client("mobile_team"), says(one, "AVAILABLE")).await;
    told(&house.client("mobile_team-2"), busy(two, "EN_ROUTE", 20)).await;
    let edit = json!({ "input": { "id": three.to_string(), "label": "Three", "countiesFips": ["12011"], "languages": ["ht"],
        "serviceId": house.mobile(&ours).await.to_string(), "youthCapable": false } });
    assert_eq!(problems(&house.client("agency_admin").ask(SAVE, edit).await, "saveTeam"), [""; 0]);
    house.deliver().await;
    let officer = house.client("officer");
    for (filter, expected) in [
        (json!({}), vec!["One", "Two", "Three"]),
        (json!({ "organizationId": ours.organization.to_string() }), vec!["One", "Three"]),
        (json!({ "organizationId": house.world.far.organization.to_string() }), vec![]),
        (json!({ "status": ["EN_ROUTE", "UNKNOWN"] }), vec!["Two", "Three"]),
        (json!({ "availableNow": true }), vec!["One"]),
        (json!({ "availableNow": false }), vec!["Two", "Three"]),
        (json!({ "countyFips": "12011" }), vec!["Three"]),
        (json!({ "countyFips": "12086", "availableNow": false }), vec!["Two"]),
        (json!({ "countyFips": "99999" }), vec![]),
        (json!({ "language": "ht" }), vec!["Three"]),
        (json!({ "youth": true }), vec!["One", "Two"]),
    ] {
        let said = officer.ask(TEAMS, json!({ "filter": filter })).await;
        let mut found = labels(&said);
        found.sort_by_key(|label| ["One", "Two", "Three"].iter().position(|known| known == label));
        assert_eq!(found, expected, "{filter}");
    }
    let entities = "query($of: [_Any!]!) { _entities(representations: $of) { ... on Team { label status } } }";
    let of = json!({ "of": [{ "__typename": "Team", "id": one.to_string() }] });
    assert_eq!(officer.ask(entities, of.clone()).await.data("/_entities/0/label"), "One");
    assert!(house.client("council").ask(entities, of).await.data("/_entities/0").is_null());
    assert_eq!(officer.ask(TEAMS, json!({ "filter": { "countyFips": "x" } })).await.code(), "BAD_USER_INPUT");
    house.close().await;
}
