//! What the past shows of then, and what of today: numbers and codes of then, words and rights of today.
use super::bed::{REPORT, WATCH, numbers, unit};
use super::grant::revoke;
use super::past::{SEARCH, UNITS, need, open};
use crate::house::traffic::{places, reports, staff};
use crate::house::{Db, House};
use crisis_hub::app::bed;
use crisis_hub::board::Board;
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    numbers_age_and_pauses_end_at_the_instant_asked,
    coded_facts_are_of_then_and_words_of_today,
    the_past_shows_no_more_than_may_be_seen_today,
    a_watcher_goes_on_from_the_past,
);

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
    let (store, stands) = (hub.store(), hub.board().now().number());
    let report = reports(&[world.agencies[0].ward()], || places(9));
    bed::report(&hub, &staff(&hub, "intake"), report).await.unwrap().changed.unwrap();
    while store.number_waiting().await.unwrap().1 > 0 {}
    // This hub has no feed: its board stands where it was loaded, before the report was there.
    assert_eq!(hub.board().now().number(), stands);
    let loaded = Board::load(store).await.unwrap();
    assert!(loaded.now().number() > stands);
    let now = hub.clock().now();
    let (here, there) = (hub.board().at(now).await.unwrap(), loaded.at(now).await.unwrap());
    assert_eq!(here.board.coded(), there.board.coded());
    assert_eq!(here.board.coded(), loaded.now().coded());
    let label = |board: &crisis_hub::board::Snapshot| {
        let scope = crisis_hub::policy::Scope::of(&staff(&hub, "intake"));
        board.unit(&scope, world.agencies[0].ward(), now).unwrap().entry().details.label.clone()
    };
    assert_eq!((label(&here.board), label(&there.board)), ("Amber ward".to_owned(), "Amber ward".to_owned()));
}
