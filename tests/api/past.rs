//! The past: what the board said at an instant is told again, for ever the same, to whoever may see it today.
use super::bed::{REPORT, WATCH, numbers, unit};
use super::grant::revoke;
use crate::board::{Agency, act};
use crate::house::traffic::{Dice, caught_up, scale, staff};
use crate::house::{Client, Db, House};
use crisis_hub::app::{Error, Hub};
use crisis_hub::board::Board;
use crisis_hub::clock::Clock;
use crisis_hub::domain::bed::UnitFact;
use crisis_hub::domain::entry::Version;
use crisis_hub::domain::id::BedUnitId;
use crisis_hub::domain::role::Role;
use crisis_hub::domain::time::At;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

on_both!(
    what_the_board_said_is_told_again_for_ever,
    an_instant_has_passed_and_before_the_log_there_is_nothing,
    pages_of_the_past_are_one_list_and_their_cursors_are_of_that_instant,
    numbers_age_and_pauses_end_at_the_instant_asked,
    coded_facts_are_of_then_and_words_of_today,
    the_past_shows_no_more_than_may_be_seen_today,
    a_watcher_goes_on_from_the_past,
);

/// Everything coded that a unit says, and what it hangs on.
const UNITS: &str = "query($at: DateTime) { bedUnits(at: $at, first: 100) { edges { node {
    id version counts ageMin ageMax genderPolicy security voluntary involuntary specialties licensed
    updateIntervalMinutes holdPolicy dropOff openToPublic shownAs freshness net lastReported { net asOf } overCapacity
    asOf agingAt staleAt expiresAt waitlist pause { reason since until } retired updatedAt
    report { id asOf receivedAt staffed occupied blocked { count reason } } reports(first: 5) { id asOf receivedAt }
    facility { id version countyFips zone retired updatedAt bedUnits { id shownAs version } }
    service { id version kind noRefusal retired updatedAt } organization { id version kind coordinating retired } } }
    asOf { time proof { number eventId settled } } } }";
const SEARCH: &str = "query($at: DateTime, $need: NeedInput!, $near: PointInput, $first: Int, $after: Cursor) {
    bedSearch(at: $at, need: $need, near: $near, first: $first, after: $after) {
        edges { fit distanceKm reasons { criterion fit says } unit { id version freshness shownAs net } }
        pageInfo { hasNextPage endCursor } asOf { time proof { number eventId settled } } } }";
const PERSONS: [&str; 5] = ["officer", "intake", "line_988", "peer-2", "intake-far"];

/// A clock that goes behind another.
#[derive(Debug)]
struct Behind(Arc<crate::house::TestClock>, i64);

impl Clock for Behind {
    fn now(&self) -> At {
        self.0.now().plus_micros(-self.1)
    }
}

/// What one person was told at one instant, and what the node that told it held.
struct Record {
    person: &'static str,
    at: String,
    units: Value,
    search: Value,
    coded: Arc<Vec<(BedUnitId, Version, UnitFact)>>,
}

fn need() -> Value {
    json!({ "age": 30, "legalStatus": "VOLUNTARY" })
}

async fn open(db: Db) -> House {
    House::with(db, |config| config.limits.complexity_max = 1_000_000).await
}

async fn what_the_board_said_is_told_again_for_ever(db: Db) {
    let mut house = open(db).await;
    let neighbor = match db {
        Db::Sqlite => None,
        // Its clock is 40 ms behind: what it writes is dated before what it changes.
        Db::Postgres => Some(house.neighbor_with(Arc::new(Behind(house.clock.clone(), 40_000))).await),
    };
    let nodes: Vec<(Hub, SocketAddr)> = std::iter::once((house.hub().clone(), house.address))
        .chain(neighbor.as_ref().map(|(node, address)| (node.hub.clone(), *address)))
        .collect();
    let mut agencies = [Agency::of(&house, 0, "").await, Agency::of(&house, 1, "-2").await];
    let (bursts, mut records) = (25 * scale(), Vec::new());
    for burst in 0..bursts {
        let verbs = (0..5).map(|n| {
            let mut dice = Dice::new((7_000 + burst * 5 + n) as u64);
            let ((hub, _), which) = (&nodes[dice.roll(nodes.len())], dice.roll(2));
            let (agency, house) = (&agencies[which], &house);
            async move { (which, act(house, hub, agency, &mut dice).await) }
        });
        for (which, made) in join_all(verbs).await {
            match made {
                Ok(made) => agencies[which].units.extend(made),
                Err(Error::BadInput(_) | Error::NotFound) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        records.extend(record(&house, &nodes, PERSONS[burst % PERSONS.len()], burst).await);
    }
    // Something later is in the log: from then on every place is settled.
    house.grant("later", Role::Peer, house.world.agencies[0].organization).await;
    house.deliver().await;
    house.clock.advance(1);
    let first = told_again(&house, &nodes, &records).await;
    for record in &records {
        let at = At::parse(&record.at).unwrap();
        for (hub, _) in &nodes {
            assert_eq!(hub.board().at(at).await.unwrap().board.coded(), *record.coded, "the whole board at {at}");
        }
    }
    drop(neighbor);
    house.restart().await;
    let nodes = [(house.hub().clone(), house.address)];
    let again = told_again(&house, &nodes, &records).await;
    assert_eq!(first, again, "the same question, folded up to another place");
    println!(
        "{db:?}: {} instants of {bursts}, {} events, told again twice",
        records.len(),
        nodes[0].0.board().now().number()
    );
    house.close().await;
}

/// Notes what a person is told now; nothing when the log did not stand still meanwhile.
async fn record(house: &House, nodes: &[(Hub, SocketAddr)], person: &'static str, burst: usize) -> Option<Record> {
    let (hub, address) = &nodes[burst % nodes.len()];
    for _ in 0..50 {
        house.deliver().await;
        caught_up(hub).await;
        let board = hub.board().now();
        // A minute on, so that the slower clock too has passed what was numbered.
        house.clock.advance(1);
        let client = Client::new(*address, Some(house.token(person)));
        let units = client.ask(UNITS, json!({})).await;
        let at = units.data("/bedUnits/asOf/time").as_str().unwrap().to_owned();
        assert!(units.data("/bedUnits/asOf/proof").is_null(), "the present is proven by nothing");
        let search = client.ask(SEARCH, json!({ "need": need(), "first": 100 })).await;
        // From here on, the slower clock too numbers later than what was asked about.
        house.clock.advance(1);
        let waiting = house.store().number_waiting().await.unwrap().1;
        caught_up(hub).await;
        if waiting == 0 && hub.board().now().number() == board.number() && hub.board().now().coded() == board.coded() {
            let (units, search) = (units.data("/bedUnits/edges").clone(), search.data("/bedSearch/edges").clone());
            return Some(Record { person, at, units, search, coded: Arc::new(board.coded()) });
        }
    }
    panic!("the log does not stand still");
}

/// Asks every node about every instant again, and answers the places that the answers were folded up to.
async fn told_again(house: &House, nodes: &[(Hub, SocketAddr)], records: &[Record]) -> Vec<Value> {
    let mut proofs = Vec::new();
    for record in records {
        let seen = ids(house.client(record.person).ask(UNITS_SEEN, json!({})).await.data("/bedUnits/edges"));
        let seen = with_withdrawn(house, record, seen).await;
        for (_, address) in nodes {
            let client = Client::new(*address, Some(house.token(record.person)));
            let units = client.ask(UNITS, json!({ "at": record.at })).await;
            let (person, at) = (record.person, &record.at);
            same(units.data("/bedUnits/edges"), &less(&record.units, &seen), &format!("{person} at {at}"));
            assert_eq!(units.data("/bedUnits/asOf/time"), at);
            assert_eq!(units.data("/bedUnits/asOf/proof/settled"), true, "{at}");
            let search = client.ask(SEARCH, json!({ "at": at, "need": need(), "first": 100 })).await;
            same(search.data("/bedSearch/edges"), &less(&record.search, &seen), &format!("{person} searches at {at}"));
            assert_eq!(units.data("/bedUnits/asOf/proof"), search.data("/bedSearch/asOf/proof"));
            proofs.push(units.data("/bedUnits/asOf/proof").clone());
        }
    }
    proofs.chunks(nodes.len()).for_each(|same| assert!(same.iter().all(|proof| *proof == same[0]), "{same:?}"));
    proofs.into_iter().step_by(nodes.len()).collect()
}

/// Two lists of edges that have to be equal to the byte; the first edge that differs is shown.
fn same(said: &Value, noted: &Value, what: &str) {
    let (said, noted) = (said.as_array().unwrap(), noted.as_array().unwrap());
    for (said, noted) in said.iter().zip(noted) {
        assert_eq!(said.to_string(), noted.to_string(), "{what}");
    }
    assert_eq!(said.len(), noted.len(), "{what}");
}

const UNITS_SEEN: &str = "{ bedUnits(first: 100) { edges { node { id } } } }";

/// Units of a record that the person may see today besides those of the list: withdrawn ones are no longer listed.
async fn with_withdrawn(house: &House, record: &Record, mut seen: BTreeSet<String>) -> BTreeSet<String> {
    let then = ids(&record.units);
    let asked: Vec<_> = then.iter().collect();
    let said = house
        .client(record.person)
        .ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": asked }))
        .await;
    let nodes = said.data("/nodes").as_array().unwrap();
    seen.extend(nodes.iter().filter_map(|node| Some(node["id"].as_str()?.to_owned())));
    seen
}

fn ids(edges: &Value) -> BTreeSet<String> {
    edges.as_array().unwrap().iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect()
}

/// An answer without the units that are no longer the viewer's to see.
fn less(said: &Value, seen: &BTreeSet<String>) -> Value {
    let hidden = |value: &Value| {
        let id = ["/id", "/node/id", "/unit/id"].iter().find_map(|path| value.pointer(path)?.as_str());
        id.is_some_and(|id| id.starts_with("bed_unit") && !seen.contains(id))
    };
    match said {
        Value::Array(list) => list.iter().filter(|item| !hidden(item)).map(|item| less(item, seen)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), less(value, seen))).collect(),
        other => other.clone(),
    }
}

async fn an_instant_has_passed_and_before_the_log_there_is_nothing(db: Db) {
    let house = open(db).await;
    let intake = house.client("intake");
    let ahead = house.clock.now().plus_minutes(5).to_string();
    for (document, more) in [(UNITS, json!({})), (SEARCH, json!({ "need": need() }))] {
        for at in [ahead.as_str(), "2026-03-01T07:00:00", "yesterday"] {
            let mut variables = more.clone();
            variables["at"] = json!(at);
            assert_eq!(intake.ask(document, variables).await.code(), "BAD_USER_INPUT", "{at}");
        }
        let mut variables = more.clone();
        variables["at"] = json!("2001-01-01T00:00:00Z");
        assert_eq!(house.nobody().ask(document, variables.clone()).await.code(), "UNAUTHENTICATED");
        let said = intake.ask(document, variables).await;
        let field = if document == UNITS { "bedUnits" } else { "bedSearch" };
        assert_eq!(said.data(&format!("/{field}/edges")), &json!([]), "before the log's first event");
        assert_eq!(said.data(&format!("/{field}/asOf/time")), "2001-01-01T00:00:00.000000Z");
        let proof = said.data(&format!("/{field}/asOf/proof"));
        assert_eq!(proof, &json!({ "number": 0, "eventId": null, "settled": true }));
    }
    // The last moment of a silent log: nothing says yet that no event of it is on its way.
    let now = house.clock.now().to_string();
    let said = intake.ask(UNITS, json!({ "at": now })).await;
    assert_eq!(said.data("/bedUnits/asOf/proof/settled"), false);
    assert_eq!(said.data("/bedUnits/asOf/proof/number"), house.hub().board().now().number());
    intake.ask(REPORT, numbers(house.world.agencies[0].ward(), 5, 1)).await.data("");
    house.deliver().await;
    let later = intake.ask(UNITS, json!({ "at": now })).await;
    assert_eq!(later.data("/bedUnits/asOf/proof/settled"), true);
    assert_eq!(later.data("/bedUnits/edges"), said.data("/bedUnits/edges"));
    house.close().await;
}

const PAGE: &str = "query($at: DateTime, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    bedUnits(at: $at, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { id version net } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn pages_of_the_past_are_one_list_and_their_cursors_are_of_that_instant(db: Db) {
    let house = open(db).await;
    let (intake, nurse) = (house.client("intake"), house.client("mobile_team"));
    for unit in &house.world.agencies[0].units {
        intake.ask(REPORT, numbers(unit, 9, 2)).await.data("");
    }
    house.deliver().await;
    let at = house.clock.now().to_string();
    let nodes = |said: &crate::house::Answer| {
        said.data("/bedUnits/edges").as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect::<Vec<_>>()
    };
    let whole = nodes(&nurse.ask(PAGE, json!({ "at": at, "first": 100 })).await);
    assert_eq!(whole.len(), 6);
    let near = json!({ "latitude": 26.0, "longitude": -80.2 });
    let search = json!({ "at": at, "need": need(), "near": near });
    let found = nurse.ask(SEARCH, search.clone()).await.data("/bedSearch/edges").as_array().unwrap().clone();
    let (mut forward, mut backward, mut searched) = (Vec::new(), Vec::new(), Vec::new());
    let (mut after, mut before, mut next) = (Value::Null, Value::Null, Value::Null);
    for step in 0..3 {
        // What happens between two pages of the past changes nothing about it.
        intake.ask(REPORT, numbers(house.world.agencies[0].chairs(), 20 + step, 19)).await.data("");
        house.clock.advance(50);
        let said = nurse.ask(PAGE, json!({ "at": at, "first": 2, "after": after })).await;
        forward.extend(nodes(&said));
        after = said.data("/bedUnits/pageInfo/endCursor").clone();
        assert_eq!(said.data("/bedUnits/pageInfo/hasNextPage"), step < 2);
        let said = nurse.ask(PAGE, json!({ "at": at, "last": 2, "before": before })).await;
        let mut page = nodes(&said);
        page.append(&mut backward);
        backward = page;
        before = said.data("/bedUnits/pageInfo/startCursor").clone();
        let mut variables = search.clone();
        (variables["first"], variables["after"]) = (json!(2), next);
        let said = nurse.ask(SEARCH, variables).await;
        searched.extend(said.data("/bedSearch/edges").as_array().unwrap().clone());
        next = said.data("/bedSearch/pageInfo/endCursor").clone();
    }
    assert_eq!((&forward, &backward), (&whole, &whole));
    assert_eq!(searched, found);
    let other = house.clock.now().to_string();
    let present = nurse.ask(PAGE, json!({ "first": 2 })).await.data("/bedUnits/pageInfo/endCursor").clone();
    for variables in [
        json!({ "at": other, "after": after }),
        json!({ "after": after }),
        json!({ "at": at, "after": present }),
        json!({ "at": at, "after": next }),
    ] {
        assert_eq!(nurse.ask(PAGE, variables.clone()).await.code(), "CURSOR_EXPIRED", "{variables}");
    }
    let elsewhere = json!({ "at": other, "need": need(), "near": near, "after": next });
    assert_eq!(nurse.ask(SEARCH, elsewhere).await.code(), "CURSOR_EXPIRED");
    house.close().await;
}

async fn numbers_age_and_pauses_end_at_the_instant_asked(db: Db) {
    const PAUSE: &str = "mutation($input: PauseBedUnitInput!) { pauseBedUnit(input: $input) { problems { code } } }";
    let house = open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs());
    intake.ask(REPORT, numbers(id, 8, 2)).await.data("");
    let mut then = Vec::new();
    // The unit's interval is an hour; it pauses for half an hour once its numbers are aging.
    for (minutes, shown, freshness) in [
        (0, "AVAILABLE", "FRESH"),
        (59, "AVAILABLE", "FRESH"),
        (2, "AVAILABLE", "AGING"),
        (1, "PAUSED", "AGING"),
        (29, "PAUSED", "AGING"),
        (2, "CALL", "AGING"),
        (60, "CALL", "STALE"),
        (120, "CALL", "EXPIRED"),
    ] {
        house.clock.advance(minutes);
        if minutes == 1 {
            let until = house.clock.now().plus_minutes(30).to_string();
            let input = json!({ "input": { "bedUnitId": id.to_string(), "reason": "STAFFING", "until": until } });
            assert_eq!(intake.ask(PAUSE, input).await.data("/pauseBedUnit/problems"), &json!([]));
        }
        house.deliver().await;
        then.push((house.clock.now().to_string(), shown, freshness));
    }
    let input = json!({ "input": { "bedUnitId": id.to_string() } });
    intake
        .ask("mutation($input: ResumeBedUnitInput!) { resumeBedUnit(input: $input) { replayed } }", input)
        .await
        .data("");
    intake.ask(REPORT, numbers(id, 8, 8)).await.data("");
    house.deliver().await;
    for (at, shown, freshness) in then {
        let asked = json!({ "at": at, "filter": { "shownAs": [shown], "freshness": [freshness] } });
        let query = "query($at: DateTime, $filter: BedUnitFilter) { bedUnits(at: $at, filter: $filter) {
            edges { node { id net lastReported { net } } } } }";
        for person in ["intake", "officer"] {
            let said = house.client(person).ask(query, asked.clone()).await;
            let edges = said.data("/bedUnits/edges").as_array().unwrap();
            let unit = edges.iter().find(|edge| edge["node"]["id"] == id.to_string());
            let unit = unit.unwrap_or_else(|| panic!("{person}: not {shown}, {freshness} at {at}"));
            let bare = (person == "intake").then_some(6);
            assert_eq!(unit["node"]["lastReported"]["net"], json!(bare), "{at}");
            assert_eq!(unit["node"]["net"], json!(bare.filter(|_| shown == "AVAILABLE")), "{at}");
        }
    }
    assert_eq!(unit(&intake, id).await["shownAs"], "FULL", "and now it is full");
    house.close().await;
}

const THEN: &str = "query($at: DateTime, $filter: BedUnitFilter) { bedUnits(at: $at, filter: $filter) { edges { node {
    id label licensed retired externalIds { value } reports { staffed }
    facility { name countyFips zone } service { name kind } organization { name kind } } } } }";

/// Every coded fact that the past is asked about is another one now, and so is every word.
async fn change_everything(house: &House, agency: &crate::house::Agency, id: &str) {
    let (admin, operator) = (house.client("agency_admin"), house.client("hub_operator"));
    let changes = [
        (
            "SaveFacility",
            "facility",
            json!({ "id": agency.facility.to_string(), "name": "New House", "countyFips": "12011",
            "zone": "RURAL", "timeZone": "America/New_York" }),
        ),
        (
            "SaveService",
            "service",
            json!({ "id": agency.service.to_string(), "name": "New service", "kind": "SOBERING",
            "facilityId": agency.facility.to_string() }),
        ),
        (
            "SaveOrganization",
            "organization",
            json!({ "id": agency.organization.to_string(), "name": "New Care", "kind": "PEER_RUN" }),
        ),
        (
            "SaveBedUnit",
            "bedUnit",
            json!({ "id": id, "label": "new chairs", "facilityId": agency.facility.to_string(),
            "serviceId": agency.service.to_string(), "licensed": 3, "dropOff": true }),
        ),
        (
            "SaveBedUnit",
            "bedUnit",
            json!({ "id": id, "label": "new chairs", "facilityId": agency.facility.to_string(),
            "serviceId": agency.service.to_string(), "licensed": 3, "dropOff": true, "retire": true }),
        ),
    ];
    // Roles that nobody holds where the agency is going.
    for person in ["officer", "dispatcher", "ems", "emergency_department", "line_988", "council", "analyst"] {
        let grant = house.client(person).ask("{ viewer { grant { id } } }", json!({})).await;
        revoke(&operator, grant.data("/viewer/grant/id").as_str().unwrap()).await;
    }
    for (verb, _, input) in changes {
        let field = format!("{}{}", verb[..1].to_lowercase(), &verb[1..]);
        let document = format!("mutation($input: {verb}Input!) {{ {field}(input: $input) {{ problems {{ code }} }} }}");
        // What an agency is, operators alone may change.
        let who = if verb == "SaveOrganization" { &operator } else { &admin };
        let said = who.ask(&document, json!({ "input": input })).await;
        assert_eq!(said.data(&format!("/{field}/problems")), &json!([]), "{verb}");
    }
}

async fn coded_facts_are_of_then_and_words_of_today(db: Db) {
    let house = open(db).await;
    let (agency, admin) = (house.world.agencies[0].clone(), house.client("agency_admin"));
    let id = agency.chairs().to_string();
    for occupied in [1, 2] {
        house.client("intake").ask(REPORT, numbers(&id, 8 + occupied, occupied)).await.data("");
    }
    house.deliver().await;
    let at = house.clock.now().to_string();
    house.clock.advance(10);
    house.client("intake").ask(REPORT, numbers(&id, 30, 3)).await.data("");
    change_everything(&house, &agency, &id).await;
    house.deliver().await;
    let asked = |filter: Value| json!({ "at": at, "filter": filter });
    let receiving = asked(
        json!({ "levelsOfCare": ["RECEIVING_23H"], "countiesFips": ["12086"], "facilityId": agency.facility.to_string() }),
    );
    let said = admin.ask(THEN, receiving).await;
    let edges = said.data("/bedUnits/edges").as_array().unwrap();
    let unit = edges.iter().map(|edge| &edge["node"]).find(|node| node["id"] == id).expect("withdrawn only later");
    let expected = json!({ "id": id, "label": "new chairs", "licensed": 12, "retired": false, "externalIds": [],
        "reports": [{ "staffed": 10 }, { "staffed": 9 }],
        "facility": { "name": "New House", "countyFips": "12086", "zone": "URBAN" },
        "service": { "name": "New service", "kind": "RECEIVING_23H" },
        "organization": { "name": "New Care", "kind": "TRIBAL" } });
    assert_eq!(unit, &expected);
    for filter in [json!({ "levelsOfCare": ["SOBERING"] }), json!({ "countiesFips": ["12011"] })] {
        assert_eq!(admin.ask(THEN, asked(filter)).await.data("/bedUnits/edges"), &json!([]), "so it was not, then");
    }
    let search = json!({ "at": at, "need": { "levelOfCare": "RECEIVING_23H" } });
    let found = admin.ask(SEARCH, search).await;
    assert!(found.data("/bedSearch/edges").as_array().unwrap().iter().any(|edge| edge["unit"]["id"] == id));
    // The board of that place has been folded before: its words are today's all the same.
    let input = json!({ "id": agency.facility.to_string(), "name": "Newest House", "timeZone": "America/New_York" });
    let rename = "mutation($input: SaveFacilityInput!) { saveFacility(input: $input) { problems { code } } }";
    admin.ask(rename, json!({ "input": input })).await.data("");
    let said = admin.ask(THEN, asked(json!({ "dropOff": true }))).await;
    assert_eq!(
        said.data("/bedUnits/edges/0/node/facility"),
        &json!({ "name": "Newest House", "countyFips": "12086", "zone": "URBAN" })
    );
    house.close().await;
}

async fn the_past_shows_no_more_than_may_be_seen_today(db: Db) {
    let house = open(db).await;
    let (agency, admin, officer) =
        (house.world.agencies[0].clone(), house.client("agency_admin"), house.client("officer"));
    let (chairs, ward) = (agency.chairs().to_string(), agency.ward().to_string());
    for unit in [&chairs, &ward] {
        house.client("intake").ask(REPORT, numbers(unit, 8, 2)).await.data("");
    }
    house.deliver().await;
    let at = house.clock.now().to_string();
    house.clock.advance(10);
    let shown = async |person: &str| {
        let said = house.client(person).ask(UNITS, json!({ "at": at })).await;
        said.data("/bedUnits/edges").as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect::<Vec<_>>()
    };
    let of = |units: &[Value], id: &str| units.iter().find(|unit| unit["id"] == id).cloned();
    let seen = shown("officer").await;
    let unit = of(&seen, &chairs).expect("it takes drop-offs");
    assert_eq!((&unit["shownAs"], &unit["net"], &unit["report"]), (&json!("AVAILABLE"), &Value::Null, &Value::Null));
    assert_eq!((of(&seen, &ward), &unit["reports"]), (None, &json!([])), "no ward, and no census");
    let nested = unit["facility"]["bedUnits"].as_array().unwrap();
    assert!(nested.iter().all(|unit| unit["id"] != ward), "nor by way of its facility");
    let unit = of(&shown("intake").await, &ward).unwrap();
    assert_eq!((&unit["net"], &unit["report"]["staffed"]), (&json!(6), &json!(8)));
    let unit = of(&shown("line_988").await, &ward).unwrap();
    assert_eq!((&unit["net"], &unit["report"]), (&json!(6), &Value::Null));
    assert_eq!((shown("council").await.len(), of(&shown("intake-far").await, &chairs)), (0, None));
    // It takes no drop-offs any more: an officer may not see it, and has no other way to its name of today.
    let moved = |drop_off: bool| {
        let input = json!({ "id": chairs, "label": "secret ward", "facilityId": agency.facility.to_string(),
            "serviceId": agency.service.to_string(), "licensed": 12, "dropOff": drop_off });
        admin.ask(
            "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { problems { code } } }",
            json!({ "input": input }),
        )
    };
    let before = shown("officer").await.len();
    for (drop_off, many) in [(false, before - 1), (true, before)] {
        moved(drop_off).await;
        house.deliver().await;
        let seen = shown("officer").await;
        assert_eq!((seen.len(), of(&seen, &chairs).is_some()), (many, drop_off));
        let said = officer.ask(SEARCH, json!({ "at": at, "need": need() })).await;
        let found =
            said.data("/bedSearch/edges").as_array().unwrap().iter().any(|edge| edge["unit"]["id"] == chairs.as_str());
        assert_eq!(found, drop_off);
        assert!(of(&shown("intake").await, &chairs).is_some());
    }
    house.close().await;
}

async fn a_watcher_goes_on_from_the_past(db: Db) {
    let house = open(db).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].ward());
    intake.ask(REPORT, numbers(id, 8, 1)).await.data("");
    house.deliver().await;
    let at = house.clock.now().to_string();
    for occupied in [2, 3, 4] {
        intake.ask(REPORT, numbers(id, 8, occupied)).await.data("");
    }
    house.deliver().await;
    let said = intake.ask("query($at: DateTime) { bedUnits(at: $at) { asOf { cursor } } }", json!({ "at": at })).await;
    let mut watching = intake.sse(WATCH, json!({ "after": said.data("/bedUnits/asOf/cursor") })).await;
    for net in [6, 5, 4] {
        let told = watching.change("bedsChanged").await;
        assert_eq!((&told["unitId"], &told["unit"]["net"]), (&json!(id.to_string()), &json!(net)));
    }
    house.close().await;
}

/// A node that has not followed so far reads the words that it lacks; what is folded is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_behind_the_log_answers_from_the_log() {
    let (hub, world, _place) = crate::house::hub_alone(Db::Postgres).await;
    let store = hub.store();
    while store.number_waiting().await.unwrap().1 > 0 {}
    // This hub has no feed: its board stands where it was loaded, before the world was there.
    assert_eq!(hub.board().now().number(), 0);
    let loaded = Board::load(store).await.unwrap();
    let now = hub.clock().now();
    let (here, there) = (hub.board().at(now).await.unwrap(), loaded.at(now).await.unwrap());
    assert_eq!(here.board.coded(), there.board.coded());
    assert_eq!(here.board.coded(), loaded.now().coded());
    let label = |board: &crisis_hub::board::Snapshot| {
        let scope = crisis_hub::policy::Scope::of(&staff(&hub, "intake"));
        board.unit(&scope, world.agencies[0].ward(), now).unwrap().unit().entry.details.label.clone()
    };
    assert_eq!((label(&here.board), label(&there.board)), ("Amber ward".to_owned(), "Amber ward".to_owned()));
}
