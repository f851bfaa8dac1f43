//! Travel times: a region's table ranks the search where straight lines mislead.
use super::bed::{REPORT, numbers};
use crate::house::traffic::{caught_up, log, staff};
use crate::house::{Client, Db, House};
use crisis_hub::app::travel::{Facilities, LoadTravelTimes, load};
use crisis_hub::app::{Error, console};
use crisis_hub::domain::event::{EventKind, Fact};
use crisis_hub::domain::travel::TravelTimesDetails;
use crisis_hub::exchange::csv::{Limits, RowErrorCode};
use crisis_hub::exchange::import::read;
use crisis_hub::exchange::record::Source;
use crisis_hub::exchange::travel::{Named, table};
use crisis_hub::policy::Viewer;
use serde_json::{Value, json};

on_both!(
    the_table_ranks_where_straight_lines_mislead,
    an_hour_is_of_the_regions_clocks_and_the_smallest_zone_tells,
    a_table_is_replaced_whole_and_the_same_twice_is_nothing,
    operators_and_the_console_alone_load_a_table,
);

const SEARCH: &str = "query($at: DateTime, $near: PointInput, $first: Int, $after: Cursor) {
    bedSearch(at: $at, need: { age: 30 }, near: $near, first: $first, after: $after) {
        edges { distanceKm travelMinutes travelSays unit { id facility { id } } } pageInfo { hasNextPage endCursor } } }";
const HEADER: &str = "zone,latitude,longitude,radius_km,facility,from_hour,to_hour,minutes\n";

/// One row about a facility of the world: the first or the second agency's.
fn row(house: &House, zone: &str, agency: usize, hours: &str, minutes: u32) -> String {
    format!("{zone},{},{hours},{minutes}\n", house.world.agencies[agency].facility)
}

/// A file's table.
fn read_table(house: &House, rows: &str) -> Result<TravelTimesDetails, Vec<(u64, String, RowErrorCode)>> {
    let facilities = Facilities::of(house.hub(), &console::viewer(), house.world.region);
    let mut import = read(Source::TravelTimes, format!("{HEADER}{rows}").as_bytes(), Limits::default()).unwrap();
    let found = table(&mut import, |named| match named {
        Named::Ours(id) => facilities.ours(*id),
        Named::Theirs(id) => facilities.theirs(id),
    });
    found.ok_or_else(|| import.errors.into_iter().map(|error| (error.line, error.field, error.code)).collect())
}

async fn load_rows(house: &House, viewer: &Viewer, rows: &str, dry_run: bool) -> Result<bool, Error> {
    let details = read_table(house, rows).unwrap();
    let loaded = load(house.hub(), viewer, LoadTravelTimes { region: house.world.region, details, dry_run }).await;
    house.deliver().await;
    loaded
}

async fn open(db: Db) -> House {
    let house = House::open(db).await;
    for (intake, agency) in [("intake", 0), ("intake-2", 1)] {
        for id in &house.world.agencies[agency].units {
            house.client(intake).ask(REPORT, numbers(id, 9, 2)).await.data("");
        }
    }
    house.deliver().await;
    house
}

/// Which agency's units come, in order, and the minutes to each.
async fn found(house: &House, client: &Client, at: Option<&str>) -> Vec<(usize, Option<i64>)> {
    let near = json!({ "latitude": 25.80, "longitude": -80.19 });
    let said = client.ask(SEARCH, json!({ "at": at, "near": near })).await;
    let mut found: Vec<_> =
        said.data("/bedSearch/edges").as_array().unwrap().iter().map(|edge| which(house, edge)).collect();
    found.dedup();
    found
}

fn which(house: &House, edge: &Value) -> (usize, Option<i64>) {
    let facility = edge["unit"]["facility"]["id"].as_str().unwrap();
    let agency = house.world.agencies.iter().position(|agency| agency.facility.to_string() == facility).unwrap();
    let minutes = edge["travelMinutes"].as_i64();
    let says = minutes.map(|minutes| format!("about {minutes} min"));
    assert_eq!(edge["travelSays"].as_str(), says.as_deref(), "the times of these tests are whole fives");
    assert!(edge["distanceKm"].is_number());
    (agency, minutes)
}

const TOWN: &str = "Town,25.80,-80.19,8";

async fn the_table_ranks_where_straight_lines_mislead(db: Db) {
    let house = open(db).await;
    let (hubs, addresses, _other) = house.hubs().await;
    let clients: Vec<_> =
        addresses.iter().map(|address| Client::new(*address, Some(house.token("mobile_team")))).collect();
    for client in &clients {
        assert_eq!(found(&house, client, None).await, [(0, None), (1, None)], "2 km and 36 km in a straight line");
    }
    // A bridge is missing: what is near is far.
    let rows = [row(&house, TOWN, 0, "0,24", 90), row(&house, TOWN, 1, "0,24", 50)].concat();
    assert!(load_rows(&house, &console::viewer(), &rows, false).await.unwrap());
    for (hub, client) in hubs.iter().zip(&clients) {
        caught_up(hub).await;
        assert_eq!(found(&house, client, None).await, [(1, Some(50)), (0, Some(90))]);
    }
    // Where the table does not tell, 36 km are taken for 54 minutes, and no minutes are shown.
    for (minutes, order) in [(90, [(1, None), (0, Some(90))]), (45, [(0, Some(45)), (1, None)])] {
        load_rows(&house, &console::viewer(), &row(&house, TOWN, 0, "0,24", minutes), false).await.unwrap();
        assert_eq!(found(&house, &clients[0], None).await, order);
    }
    // Pages of it are the whole list.
    let (mut pages, mut after) = (Vec::new(), Value::Null);
    for _ in 0..3 {
        let near = json!({ "latitude": 25.80, "longitude": -80.19 });
        let said = clients[0].ask(SEARCH, json!({ "near": near, "first": 2, "after": after })).await;
        pages.extend(said.data("/bedSearch/edges").as_array().unwrap().iter().map(|edge| which(&house, edge).0));
        after = said.data("/bedSearch/pageInfo/endCursor").clone();
    }
    assert_eq!(pages, [0, 0, 0, 1, 1, 1]);
    // Elsewhere, and without a place, there is no zone.
    let far = json!({ "near": { "latitude": 26.4, "longitude": -80.19 } });
    let said = clients[0].ask(SEARCH, far).await;
    assert!(said.data("/bedSearch/edges").as_array().unwrap().iter().all(|edge| edge["travelMinutes"].is_null()));
    house.close().await;
}

async fn an_hour_is_of_the_regions_clocks_and_the_smallest_zone_tells(db: Db) {
    let house = open(db).await;
    let nurse = house.client("mobile_team");
    let rows = [
        row(&house, TOWN, 0, "22,6", 20),
        row(&house, TOWN, 0, "6,22", 40),
        row(&house, "Everywhere,25.80,-80.19,80", 0, "0,24", 100),
        row(&house, "Everywhere,25.80,-80.19,80", 1, "0,24", 5),
    ];
    load_rows(&house, &console::viewer(), &rows.concat(), false).await.unwrap();
    assert_eq!(found(&house, &nurse, None).await[0], (0, Some(20)), "it is 02:00 there");
    house.clock.advance(10 * 24 * 60);
    let nurse = house.client("mobile_team");
    // In the night of 8 March the clocks go from 02:00 to 03:00. The board of then is asked with the table of today.
    for (at, minutes) in [
        ("2026-03-07T10:59:59.999999Z", 20),
        ("2026-03-07T11:00:00Z", 40),
        ("2026-03-08T02:59:59Z", 40),
        ("2026-03-08T03:00:00Z", 20),
        ("2026-03-08T09:59:59Z", 20),
        ("2026-03-08T10:00:00Z", 40),
        ("2026-03-09T01:59:59Z", 40),
        ("2026-03-09T02:00:00Z", 20),
    ] {
        let found = found(&house, &nurse, Some(at)).await;
        let amber = found.iter().find(|(agency, _)| *agency == 0).unwrap();
        assert_eq!(amber.1, Some(minutes), "{at}");
        assert!(found.contains(&(1, None)), "what the smallest zone does not tell, a larger one does not either");
    }
    house.close().await;
}

async fn a_table_is_replaced_whole_and_the_same_twice_is_nothing(db: Db) {
    let house = open(db).await;
    let (nurse, me) = (house.client("mobile_team"), console::viewer());
    let (one, other) = (row(&house, TOWN, 0, "0,24", 10), row(&house, TOWN, 1, "0,24", 15));
    let both = [other.clone(), one.clone()].concat();
    assert!(load_rows(&house, &me, &both, true).await.unwrap(), "a dry run says what would change");
    assert_eq!(found(&house, &nurse, None).await, [(0, None), (1, None)]);
    for (rows, changes) in [(&both, true), (&both, false), (&[one.clone(), other].concat(), false), (&one, true)] {
        assert_eq!(load_rows(&house, &me, rows, true).await.unwrap(), changes);
        assert_eq!(load_rows(&house, &me, rows, false).await.unwrap(), changes, "{rows}");
    }
    assert_eq!(found(&house, &nurse, None).await, [(0, Some(10)), (1, None)], "the other time is gone");
    let loaded: Vec<_> =
        log(house.store()).await.into_iter().filter(|e| e.happening.kind == EventKind::TravelTimesLoaded).collect();
    let facts: Vec<_> = loaded.iter().map(|event| (event.happening.version, event.happening.fact.clone())).collect();
    let fact = |times| Fact::TravelTimes { zones: 1, times, retired: false };
    assert_eq!(facts, [(1, fact(2)), (2, fact(1))]);
    // One bad row refuses the file, and says where.
    let bad = [
        one.clone(),
        one.replace(&house.world.agencies[0].facility.to_string(), &house.world.far.facility.to_string()),
    ];
    assert_eq!(read_table(&house, &bad.concat()).unwrap_err(), [(3, "facility".to_owned(), RowErrorCode::UnknownCode)]);
    let mut house = house;
    house.restart().await;
    assert_eq!(found(&house, &house.client("mobile_team"), None).await, [(0, Some(10)), (1, None)]);
    house.close().await;
}

async fn operators_and_the_console_alone_load_a_table(db: Db) {
    let house = open(db).await;
    let rows = row(&house, TOWN, 0, "0,24", 10);
    for person in ["agency_admin", "intake", "officer", "line_988", "council", "analyst"] {
        let loaded = load_rows(&house, &staff(house.hub(), person), &rows, false).await;
        assert!(matches!(loaded, Err(Error::Forbidden)), "{person}: {loaded:?}");
    }
    assert!(load_rows(&house, &staff(house.hub(), "hub_operator"), &rows, false).await.unwrap());
    let said = house.client("officer").ask("{ viewer { may(action: LOAD_TRAVEL_TIMES) { yes } } }", json!({})).await;
    assert_eq!(said.data("/viewer/may/yes"), false);
    house.close().await;
}
