//! A coordinator's people read what is coded of every open search of the region, each look is written down, and they remind.
use super::bed::problems;
use super::disclose;
use super::handoff::{announce, at, go, open_door, read, to, went};
use super::offer::{Asked, close, episode, input, offer, offered, yes};
use crate::house::{Client, Db, House};
use serde_json::{Value, json};

on_both!(
    what_is_coded_of_open_searches_is_read_and_nothing_else,
    officers_council_and_strangers_see_nothing,
    each_look_is_a_line_that_the_agencies_concerned_read,
    who_has_waited_longest_comes_first,
    whoever_is_awaited_is_reminded,
    nobody_is_answered_for,
);

/// Those of a coordinating agency who look on.
pub const LOOK: [&str; 5] = ["emergency_department", "intake", "mobile_team", "line_988", "dispatcher"];

const LIST: &str = "query($filter: EpisodeFilter, $first: Int, $after: Cursor, $last: Int) {
    episodes(filter: $filter, first: $first, after: $after, last: $last) { edges { cursor node { id state openedAt
        chosenFor need { ageBand } sender { id } handoffs { id state onBehalfOf declineReason need { ageBand }
            offer { acceptedBy callback conditions } receiver { id } } } } pageInfo { hasNextPage endCursor } } }";

async fn listed(client: &Client, filter: Value) -> Vec<Value> {
    let said = client.ask(LIST, json!({ "filter": filter, "first": 10 })).await;
    let edges = said.data("/episodes/edges").as_array().unwrap();
    edges.iter().map(|edge| edge["node"].clone()).collect()
}

fn ids(nodes: &[Value]) -> Vec<&str> {
    nodes.iter().map(|node| node["id"].as_str().unwrap()).collect()
}

/// The lines about looks that somebody reads, latest first: grant, owner, what, how many, by which door.
pub async fn looks(client: &Client) -> Vec<(Value, Value, Value, Value, Value)> {
    let query = "{ auditTrail(first: 100) { edges { node { action grantId organizationId nodeId shown door } } } }";
    let said = client.ask(query, json!({})).await;
    let edges = said.data("/auditTrail/edges").as_array().unwrap();
    let nodes = edges.iter().map(|edge| edge["node"].clone()).filter(|node| node["action"] == "READ_OPEN_EPISODES");
    let line = |node: Value| {
        let of = |field: &str| node[field].clone();
        (of("grantId"), of("organizationId"), of("nodeId"), of("shown"), of("door"))
    };
    nodes.map(line).collect()
}

/// A search of the second agency, with three offers: agreed to, declined, and unanswered.
async fn search(house: &House) -> (String, Vec<String>) {
    let asked = Asked::open(house, 4).await;
    let sender = house.client("emergency_department-2");
    let (id, handoffs) = offered(&sender, input(asked.three(house), json!({}))).await;
    went(&house.client("intake"), "acceptOffer", &handoffs[0], yes()).await;
    let no = json!({ "reason": "NO_STAFFED_BED" });
    went(&house.client("intake"), "declineOffer", &handoffs[1], no).await;
    (id, handoffs)
}

async fn what_is_coded_of_open_searches_is_read_and_nothing_else(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let (id, handoffs) = search(&house).await;
    let canary = "zephyr-canary";
    disclose::wrote(&house.client("emergency_department-2"), &handoffs[0], "CLINICAL", canary).await;
    for role in LOOK {
        let client = house.client(&format!("{role}-c"));
        let open = listed(&client, json!({ "openOnly": true })).await;
        assert_eq!(ids(&open), [&id], "{role}");
        let search = &open[0];
        assert_eq!(search["sender"]["id"], json!(house.world.agencies[1].organization.to_string()));
        let police = role == "dispatcher";
        assert_eq!(search["need"].is_null(), police, "{role}: {search:#}");
        let shown = search["handoffs"].as_array().unwrap();
        assert_eq!(shown.len(), 3, "{role}: every offer of it, the declined one too");
        for handoff in shown {
            let names = [&handoff["offer"]["acceptedBy"], &handoff["offer"]["callback"], &handoff["onBehalfOf"]];
            assert!(handoff["offer"].is_object() && names.iter().all(|name| name.is_null()), "{handoff:#}");
        }
        let agreed = read(&client, &handoffs[0]).await;
        assert_eq!((&agreed["state"], &agreed["awaits"]), (&json!("AGREED"), &json!("SENDER")));
        assert!(agreed["dueAt"].is_string() && agreed["agreedAt"].is_string() && agreed["code"].is_string());
        assert_eq!(agreed["episode"]["id"], json!(id));
        let declined = read(&client, &handoffs[1]).await;
        assert_eq!(declined["declineReason"].is_null(), police, "{role}: {declined:#}");
        let text = format!("{search} {agreed} {declined}");
        for secret in [canary, "Dr. Amber", "555-0100"] {
            assert!(!text.contains(secret), "{role} reads {secret}");
        }
    }
    // Its parties read the same handoff with the names.
    let (sender, line) = (house.client("emergency_department-2"), house.client("line_988-c"));
    assert_eq!(read(&sender, &handoffs[0]).await["offer"]["acceptedBy"], json!("Dr. Amber"));
    let (radio, door) = (house.client("dispatcher-2"), open_door(&house, 9, 4).await);
    let going = announce(&radio, to(door, json!({ "onBehalfOf": "Basalt 7" }))).await;
    let going = going.data("/announceHandoff/handoff/id").as_str().unwrap().to_owned();
    assert_eq!(read(&radio, &going).await["onBehalfOf"], json!("Basalt 7"));
    let seen = read(&line, &going).await;
    assert_eq!((&seen["state"], &seen["onBehalfOf"]), (&json!("ACCEPTED"), &Value::Null));
    // What is sealed stays so.
    assert_eq!(disclose::ask(&line, &[&handoffs[0]], &["CLINICAL"], "TREATMENT").await.code(), "FORBIDDEN");
    assert_eq!(disclose::write(&line, &handoffs[0], "CLINICAL", "x").await.code(), "FORBIDDEN");
    // When it is over it is the parties' alone.
    let over = close(&sender, &id, "NO_LONGER_NEEDED").await;
    assert_eq!(problems(&over, "closeEpisode"), [""; 0]);
    assert_eq!(listed(&line, json!({})).await.len(), 1, "the announced one is under way");
    assert!(episode(&line, &id).await.is_null() && read(&line, &handoffs[0]).await.is_null());
    let all = line.ask("{ handoffs { edges { node { id } } } }", json!({})).await;
    assert_eq!(all.data("/handoffs/edges"), &json!([{ "node": { "id": going } }]));
    for field in ["departHandoff", "arriveHandoff", "confirmTransfer"] {
        went(&radio, field, &going, json!({})).await;
    }
    assert!(!read(&line, &going).await.is_null(), "on the way and at the door it is open");
    went(&house.client("intake"), "confirmTransfer", &going, json!({})).await;
    assert!(read(&line, &going).await.is_null(), "in care it is not");
    assert!(!read(&house.client("intake"), &handoffs[0]).await.is_null());
    house.close().await;
}

async fn officers_council_and_strangers_see_nothing(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let (id, handoffs) = search(&house).await;
    let others = ["officer", "ems", "peer", "advocate", "council", "analyst", "agency_admin", "hub_operator"];
    let blind = others.map(|role| format!("{role}-c")).into_iter().chain(LOOK.map(|role| format!("{role}-far")));
    for person in blind {
        let client = house.client(&person);
        let own = client.ask("{ viewer { coordinates } }", json!({})).await;
        assert_eq!(own.data("/viewer/coordinates"), false, "{person}");
        assert_eq!(listed(&client, json!({ "openOnly": true })).await, Vec::<Value>::new(), "{person}");
        assert!(episode(&client, &id).await.is_null() && read(&client, &handoffs[0]).await.is_null(), "{person}");
        assert_eq!(go(&client, "nudgeHandoff", &handoffs[0], json!({})).await.code(), "NOT_FOUND", "{person}");
    }
    // Nobody who saw nothing has looked, and an agency that coordinates nothing looks at its own.
    for person in ["agency_admin", "agency_admin-2"] {
        assert!(looks(&house.client(person)).await.is_empty(), "{person}");
    }
    assert!(episode(&house.client("line_988"), &id).await.is_null());
    // A criminal-justice agency is shown nothing, designated or not.
    let operator = house.client("hub_operator");
    let sheriff = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { organization { id } problems { code } } }";
    let saved = operator
        .ask(
            sheriff,
            json!({ "input": { "name": "Flint Sheriff", "kind": "LAW_ENFORCEMENT", "coordinating": true,
        "criminalJusticeAgency": true, "regionId": house.world.region.to_string() } }),
        )
        .await;
    let sheriff = saved.data("/saveOrganization/organization/id").as_str().unwrap().to_owned();
    let sheriff = crisis_hub::domain::id::GlobalId::parse(&sheriff).unwrap().as_noun().unwrap();
    house.grant("radio", crisis_hub::domain::role::Role::Dispatcher, sheriff).await;
    house.deliver().await;
    assert_eq!(listed(&house.client("radio"), json!({ "openOnly": true })).await, Vec::<Value>::new());
    house.close().await;
}

async fn each_look_is_a_line_that_the_agencies_concerned_read(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let (id, handoffs) = search(&house).await;
    let line = house.client("line_988-c");
    let grant = line.ask("{ viewer { grant { id } coordinates } }", json!({})).await.data("/viewer/grant/id").clone();
    let [amber, basalt] = house.world.agencies.clone().map(|agency| json!(agency.organization.to_string()));
    let region = json!(house.world.region.to_string());
    let (ours, theirs) = (house.client("agency_admin"), house.client("agency_admin-2"));
    // One handoff: both its agencies read who looked at it.
    line.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": handoffs[0] })).await.data("/node/id");
    let said = |owner: &Value, of: &Value, shown: u32, door: &str| {
        (grant.clone(), owner.clone(), of.clone(), json!(shown), json!(door))
    };
    assert_eq!(looks(&ours).await, [said(&amber, &json!(handoffs[0]), 1, "BY_ID")]);
    assert_eq!(looks(&theirs).await, [said(&basalt, &json!(handoffs[0]), 1, "BY_ID")]);
    // A list: a line an agency, with how many of its.
    house.clock.advance(1);
    line.ask("{ handoffs { edges { node { id } } } }", json!({})).await.data("");
    assert_eq!(looks(&ours).await[0], said(&amber, &region, 2, "LIST"));
    assert_eq!(looks(&theirs).await[0], said(&basalt, &region, 3, "LIST"));
    // A search is the sender's: no receiver learns from the audit that others were asked.
    house.clock.advance(1);
    line.ask("{ episodes { edges { node { id } } } }", json!({})).await.data("");
    assert_eq!(looks(&theirs).await[0], said(&basalt, &json!(id), 1, "LIST"));
    assert_eq!(looks(&ours).await.len(), 2);
    // The log, as far as it told of others.
    house.clock.advance(1);
    line.ask("{ events(first: 100) { edges { node { kind } } } }", json!({})).await.data("");
    assert_eq!(looks(&ours).await[0].4, json!("LOG"));
    // Whoever reads nothing of others leaves no line, and nobody is written down for their own.
    let before = looks(&house.client("hub_operator")).await.len();
    line.ask("{ bedUnits { edges { node { id } } } }", json!({})).await.data("");
    episode(&house.client("emergency_department-2"), &id).await;
    read(&house.client("intake"), &handoffs[0]).await;
    assert_eq!(looks(&house.client("hub_operator")).await.len(), before);
    assert_eq!(before, 2 + 2 + 1 + 2, "the operator reads them all");
    assert_eq!(looks(&house.client("agency_admin-far")).await, []);
    assert_eq!(looks(&line).await.len(), before, "who looked reads what they did");
    house.close().await;
}

async fn who_has_waited_longest_comes_first(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let asked = Asked::open(&house, 9).await;
    let sender = house.client("emergency_department-2");
    let mut searches = Vec::new();
    for _ in 0..4 {
        searches.push(offered(&sender, input(asked.one(&house), json!({}))).await.0);
        house.clock.advance(20);
    }
    close(&sender, &searches[1], "MISTAKE").await.data("");
    let line = house.client("line_988-c");
    let open = [&searches[0], &searches[2], &searches[3]];
    assert_eq!(ids(&listed(&line, json!({ "openOnly": true })).await), open);
    assert_eq!(ids(&listed(&sender, json!({ "openOnly": true })).await), open, "and so for the sender itself");
    assert_eq!(ids(&listed(&line, json!({ "waitingMinutesMin": 30 })).await), [&searches[0], &searches[2]]);
    let region = |id: String| json!({ "openOnly": true, "regionId": id });
    assert_eq!(ids(&listed(&line, region(house.world.region.to_string())).await), open);
    assert!(listed(&line, region(house.world.far_region.to_string())).await.is_empty());
    let basalt = house.world.agencies[1].organization.to_string();
    assert_eq!(ids(&listed(&line, json!({ "openOnly": true, "senderId": basalt })).await), open);
    assert_eq!(ids(&listed(&line, json!({ "states": ["SETTLED"], "openOnly": true })).await), [""; 0]);
    // Page by page, and from the back.
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = json!({ "filter": { "openOnly": true }, "first": 1, "after": after });
        let said = line.ask(LIST, page).await;
        seen.push(said.data("/episodes/edges/0/node/id").as_str().unwrap().to_owned());
        if said.data("/episodes/pageInfo/hasNextPage") == false {
            break;
        }
        after = said.data("/episodes/pageInfo/endCursor").clone();
    }
    assert_eq!(seen.iter().collect::<Vec<_>>(), open);
    let last = line.ask(LIST, json!({ "filter": { "openOnly": true }, "last": 2 })).await;
    let edges: Vec<Value> = last.data("/episodes/edges").as_array().unwrap().clone();
    assert_eq!(edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap()).collect::<Vec<_>>(), open[1..]);
    house.close().await;
}

async fn whoever_is_awaited_is_reminded(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let asked = Asked::open(&house, 9).await;
    let (sender, amber, line) =
        (house.client("emergency_department-2"), house.client("intake"), house.client("line_988-c"));
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    let handoff = &handoffs[0];
    // The party whose word is awaited does not remind itself.
    assert_eq!(problems(&go(&amber, "nudgeHandoff", handoff, json!({})).await, "nudgeHandoff"), ["WRONG_STATE"]);
    let said = went(&line, "nudgeHandoff", handoff, json!({ "idempotencyKey": "n" })).await;
    assert_eq!(
        (&said["state"], &said["nudgedBy"], &said["version"]),
        (&json!("OFFERED"), &json!("COORDINATOR"), &json!(2))
    );
    assert!(said["nudgedAt"].is_string());
    let again = go(&line, "nudgeHandoff", handoff, json!({ "idempotencyKey": "n" })).await;
    assert_eq!(
        (again.data("/nudgeHandoff/replayed"), again.data("/nudgeHandoff/handoff/version")),
        (&json!(true), &json!(2))
    );
    // Whoever asks, once in ten minutes.
    for client in [&line, &sender] {
        assert_eq!(problems(&go(client, "nudgeHandoff", handoff, json!({})).await, "nudgeHandoff"), ["TOO_SOON"]);
    }
    let due = read(&amber, handoff).await["dueAt"].clone();
    house.clock.advance(10);
    let by_party = went(&sender, "nudgeHandoff", handoff, json!({})).await;
    assert_eq!((&by_party["nudgedBy"], &by_party["dueAt"]), (&json!("PARTY"), &due), "a reminder moves no clock");
    // The one who is reminded knows by whom: the coordinator's in its audit, beside the look.
    let query = "{ auditTrail(first: 100) { edges { node { action organizationId nodeId } } } }";
    let trail = house.client("agency_admin").ask(query, json!({})).await;
    let nudges = trail
        .data("/auditTrail/edges")
        .as_array()
        .unwrap()
        .iter()
        .filter(|edge| edge["node"]["action"] == "NUDGE_HANDOFF");
    assert_eq!(nudges.count(), 1);
    assert_eq!(
        looks(&house.client("agency_admin")).await.len(),
        3,
        "a nudge, its replay, and what was true when one was refused"
    );
    // Where the sender's word is awaited it is the receiver that waits.
    went(&amber, "acceptOffer", handoff, yes()).await;
    house.clock.advance(10);
    assert_eq!(problems(&go(&sender, "nudgeHandoff", handoff, json!({})).await, "nudgeHandoff"), ["WRONG_STATE"]);
    assert_eq!(went(&amber, "nudgeHandoff", handoff, json!({})).await["nudgedBy"], json!("PARTY"));
    assert!(at(&read(&amber, handoff).await["nudgedAt"]) > at(&due).plus_minutes(-30));
    close(&sender, &id, "NO_LONGER_NEEDED").await.data("");
    assert_eq!(problems(&go(&amber, "nudgeHandoff", handoff, json!({})).await, "nudgeHandoff"), ["WRONG_STATE"]);
    assert_eq!(go(&line, "nudgeHandoff", handoff, json!({})).await.code(), "NOT_FOUND");
    house.close().await;
}

async fn nobody_is_answered_for(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let asked = Asked::open(&house, 9).await;
    let sender = house.client("emergency_department-2");
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    let handoff = &handoffs[0];
    // It answers nothing, goes on with nothing, and ends nothing.
    let desk = house.client("intake-c");
    for field in ["acknowledgeOffer", "acceptOffer", "withdrawOffer", "departHandoff"] {
        let more = if field == "acceptOffer" {
            yes()
        } else if field == "withdrawOffer" {
            json!({ "reason": "MISTAKE" })
        } else {
            json!({})
        };
        assert_eq!(go(&desk, field, handoff, more).await.code(), "FORBIDDEN", "{field}");
    }
    assert_eq!(close(&desk, &id, "MISTAKE").await.code(), "FORBIDDEN");
    let more = input(json!([asked.three(&house)[1]]), json!({ "episodeId": id }));
    assert_eq!(offer(&desk, more).await.code(), "FORBIDDEN");
    let pathway =
        house.pathway(&house.world.agencies[0], "Amber door", crisis_hub::domain::pathway::PathwayMode::Announce).await;
    let unit = house.world.agencies[0].chairs();
    let door =
        json!({ "pathwayId": pathway.to_string(), "unitId": unit.to_string(), "need": { "age": 34 }, "episodeId": id });
    assert_eq!(announce(&desk, door).await.code(), "FORBIDDEN");
    assert_eq!(read(&sender, handoff).await["version"], json!(1), "nothing has changed");
    house.close().await;
}
