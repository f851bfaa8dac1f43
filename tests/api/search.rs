//! The search, and pages of it and of lists.
use super::bed::{REPORT, numbers};
use crate::house::{Client, Db, House};
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both!(
    what_fits_comes_first_and_every_point_says_why,
    ranked_by_fit_then_refusal_then_freshness_then_the_straight_line,
    within_a_distance_and_never_by_payer_for_first_responders,
    pages_of_a_still_board_are_the_whole_list_both_ways,
    a_later_page_keeps_the_order_and_says_what_is_true_now,
    a_cursor_is_good_for_its_own_list_alone,
    a_page_has_its_limits,
);

const SEARCH: &str = "query($need: NeedInput!, $near: PointInput, $km: Float, $first: Int, $after: Cursor) {
    bedSearch(need: $need, near: $near, withinKm: $km, first: $first, after: $after) {
        edges { cursor fit distanceKm reasons { criterion fit says } unit { id label freshness shownAs } node { id } }
        pageInfo { hasNextPage endCursor } asOf { time cursor } } }";
const UNITS: &str = "query($filter: BedUnitFilter, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    bedUnits(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn report_all(house: &House) {
    for (intake, agency) in [("intake", 0), ("intake-2", 1)] {
        for id in &house.world.agencies[agency].units {
            house.client(intake).ask(REPORT, numbers(id, 9, 2)).await.data("");
        }
    }
    house.deliver().await;
}

async fn found(client: &Client, variables: Value) -> Vec<Value> {
    client.ask(SEARCH, variables).await.data("/bedSearch/edges").as_array().unwrap().clone()
}

fn labels(edges: &[Value]) -> Vec<&str> {
    edges.iter().map(|edge| edge["unit"]["label"].as_str().unwrap()).collect()
}

fn reason<'a>(edge: &'a Value, criterion: &str) -> &'a str {
    let reasons = edge["reasons"].as_array().unwrap();
    let one = reasons.iter().find(|reason| reason["criterion"] == criterion);
    one.map_or_else(|| panic!("no {criterion} in {edge:#}"), |one| one["fit"].as_str().unwrap())
}

async fn what_fits_comes_first_and_every_point_says_why(db: Db) {
    let house = House::open(db).await;
    report_all(&house).await;
    let nurse = house.client("mobile_team");
    let edges = found(&nurse, json!({ "need": { "age": 12 } })).await;
    assert_eq!(edges.len(), 6);
    assert!(edges.iter().all(|edge| edge["fit"] == "NOT_MET" && reason(edge, "AGE") == "NOT_MET"), "{edges:#?}");
    let edges = found(&nurse, json!({ "need": { "age": 30 } })).await;
    for edge in &edges {
        assert_eq!((reason(edge, "AGE"), reason(edge, "CAPACITY")), ("MET", "MET"));
        assert_eq!(edge["unit"]["id"], edge["node"]["id"]);
        assert!(edge["reasons"].as_array().unwrap().iter().all(|reason| reason["says"].as_str().unwrap().len() > 3));
    }
    // What is not told is unknown, and never taken for a match in silence.
    let edges = found(&nurse, json!({ "need": {} })).await;
    assert!(edges.iter().all(|edge| reason(edge, "AGE") == "UNKNOWN" && edge["fit"] == "UNKNOWN"), "{edges:#?}");
    // Old numbers do not meet the need of a place that can be believed.
    house.clock.advance(180);
    let edges = found(&nurse, json!({ "need": { "age": 30 } })).await;
    assert!(edges.iter().all(|edge| reason(edge, "CAPACITY") == "UNKNOWN" && edge["unit"]["shownAs"] == "CALL"));
    let full = house.world.agencies[0].chairs();
    house.client("intake").ask(REPORT, numbers(full, 9, 9)).await.data("");
    let edges = found(&nurse, json!({ "need": { "age": 30 } })).await;
    let last = edges.last().unwrap();
    assert_eq!(
        (last["unit"]["id"].as_str().unwrap(), reason(last, "CAPACITY")),
        (full.to_string().as_str(), "NOT_MET")
    );
    assert!(found(&nurse, json!({ "need": { "levelOfCare": "PEER_RESPITE" } })).await.is_empty());
    assert!(found(&house.client("council"), json!({ "need": {} })).await.is_empty());
    house.close().await;
}

async fn ranked_by_fit_then_refusal_then_freshness_then_the_straight_line(db: Db) {
    let house = House::open(db).await;
    report_all(&house).await;
    let (nurse, need) = (house.client("mobile_team"), json!({ "age": 30 }));
    let at_amber = json!({ "latitude": 25.78, "longitude": -80.20 });
    let at_basalt = json!({ "latitude": 26.12, "longitude": -80.14 });
    let by_id = |agency: usize, name: &str| {
        let labels = ["chairs", "ward", "guest"].map(|label| format!("{name} {label}"));
        let mut units: Vec<_> = house.world.agencies[agency].units.iter().zip(labels).collect();
        units.sort();
        units.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
    };
    let (amber, basalt) = (by_id(0, "Amber"), by_id(1, "Basalt"));
    let without = |labels: &[String], label: &str| labels.iter().filter(|l| *l != label).cloned().collect::<Vec<_>>();
    let ward = vec!["Basalt ward".to_owned()];
    let rest = without(&basalt, "Basalt ward");
    // All else equal, the nearer first; at one place, by id.
    let edges = found(&nurse, json!({ "need": need, "near": at_amber })).await;
    assert_eq!(labels(&edges), [amber.clone(), basalt.clone()].concat());
    assert_eq!(edges[0]["distanceKm"], 0.0);
    let km = edges[5]["distanceKm"].as_f64().unwrap();
    assert!((38.0..39.0).contains(&km), "{km} km in a straight line");
    assert_eq!(
        labels(&found(&nurse, json!({ "need": need, "near": at_basalt })).await),
        [basalt, amber.clone()].concat()
    );
    assert!(found(&nurse, json!({ "need": need })).await.iter().all(|edge| edge["distanceKm"].is_null()));
    // Fresher goes before nearer.
    house.clock.advance(90);
    house.client("intake-2").ask(REPORT, numbers(house.world.agencies[1].ward(), 9, 2)).await.data("");
    let edges = found(&nurse, json!({ "need": need, "near": at_amber })).await;
    assert_eq!(labels(&edges), [ward.clone(), amber.clone(), rest.clone()].concat());
    // Whoever never refuses goes before whoever may, fresher or not.
    let refusing = json!({ "id": house.world.agencies[1].service.to_string(), "name": "Basalt receiving",
        "kind": "RECEIVING_23H", "facilityId": house.world.agencies[1].facility.to_string(), "noRefusal": false,
        "voluntary": true, "involuntary": true, "ageMin": 18, "languages": ["en", "es"] });
    let save = "mutation($input: SaveServiceInput!) { saveService(input: $input) { problems { code } service { noRefusal } } }";
    let said = house.client("agency_admin-2").ask(save, json!({ "input": refusing })).await;
    assert_eq!(said.data("/saveService/service/noRefusal"), false);
    let edges = found(&nurse, json!({ "need": need, "near": at_basalt })).await;
    assert_eq!(labels(&edges), [amber, ward, rest].concat());
    // And fit before everything.
    house.client("intake").ask(REPORT, numbers(house.world.agencies[0].chairs(), 9, 9)).await.data("");
    let edges = found(&nurse, json!({ "need": need, "near": at_amber })).await;
    assert_eq!(labels(&edges).last(), Some(&"Amber chairs"));
    house.close().await;
}

async fn within_a_distance_and_never_by_payer_for_first_responders(db: Db) {
    let house = House::open(db).await;
    report_all(&house).await;
    let nurse = house.client("mobile_team");
    let near = json!({ "latitude": 25.78, "longitude": -80.20 });
    for (km, count) in [(0.0, 3), (38.0, 3), (39.0, 6), (1_000.0, 6)] {
        let edges = found(&nurse, json!({ "need": {}, "near": near, "km": km })).await;
        assert_eq!(edges.len(), count, "within {km} km");
    }
    for bad in [
        json!({ "need": {}, "km": 5.0 }),
        json!({ "need": {}, "near": near, "km": -1.0 }),
        json!({ "need": {}, "near": near, "km": 1_000.1 }),
        json!({ "need": {}, "near": { "latitude": 90.1, "longitude": 0.0 } }),
        json!({ "need": { "age": 121 } }),
        json!({ "need": { "homeCounty": "x" } }),
        json!({ "need": { "diagnosis": "F20" } }),
    ] {
        assert_eq!(nurse.ask(SEARCH, bad.clone()).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    let payer = json!({ "need": { "age": 30, "payer": "UNINSURED" } });
    for person in ["officer", "dispatcher", "ems"] {
        assert_eq!(house.client(person).ask(SEARCH, payer.clone()).await.code(), "BAD_USER_INPUT", "{person}");
        assert_eq!(found(&house.client(person), json!({ "need": { "age": 30 } })).await.len(), 2, "{person}");
    }
    // Between facilities it may be asked, and ranks nobody.
    let hospital = house.client("emergency_department");
    let (with, without) = (found(&hospital, payer).await, found(&hospital, json!({ "need": { "age": 30 } })).await);
    assert_eq!(labels(&with), labels(&without));
    let fits = |edges: &[Value]| edges.iter().map(|edge| edge["fit"].clone()).collect::<Vec<_>>();
    assert_eq!(fits(&with), fits(&without), "nor says of anybody that it does not fit");
    house.close().await;
}

async fn pages_of_a_still_board_are_the_whole_list_both_ways(db: Db) {
    let house = House::open(db).await;
    report_all(&house).await;
    let nurse = house.client("mobile_team");
    let ids = |edges: &Value| -> Vec<String> {
        edges.as_array().unwrap().iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let whole = ids(nurse.ask(UNITS, json!({ "first": 100 })).await.data("/bedUnits/edges"));
    assert_eq!(whole.len(), 6);
    for size in 1..=7 {
        let (mut forward, mut after) = (Vec::new(), Value::Null);
        loop {
            let said = nurse.ask(UNITS, json!({ "first": size, "after": after })).await;
            let page = ids(said.data("/bedUnits/edges"));
            assert!(!page.is_empty() && page.len() <= size);
            forward.extend(page);
            if said.data("/bedUnits/pageInfo/hasNextPage") == false {
                break;
            }
            after = said.data("/bedUnits/pageInfo/endCursor").clone();
        }
        assert_eq!(forward, whole, "forward by {size}");
        let (mut backward, mut before) = (Vec::new(), Value::Null);
        loop {
            let said = nurse.ask(UNITS, json!({ "last": size, "before": before })).await;
            let mut page = ids(said.data("/bedUnits/edges"));
            page.extend(backward);
            backward = page;
            if said.data("/bedUnits/pageInfo/hasPreviousPage") == false {
                break;
            }
            before = said.data("/bedUnits/pageInfo/startCursor").clone();
        }
        assert_eq!(backward, whole, "backward by {size}");
    }
    let search = json!({ "need": { "age": 30 }, "near": { "latitude": 26.0, "longitude": -80.2 } });
    // Two minutes before the numbers turn aging.
    house.clock.advance(58);
    let whole: Vec<_> = found(&nurse, search.clone()).await.iter().map(|edge| edge["unit"]["id"].clone()).collect();
    let (mut pages, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut variables = search.clone();
        (variables["first"], variables["after"]) = (json!(2), after);
        let said = nurse.ask(SEARCH, variables).await;
        pages.extend(said.data("/bedSearch/edges").as_array().unwrap().iter().map(|edge| edge["unit"]["id"].clone()));
        if said.data("/bedSearch/pageInfo/hasNextPage") == false {
            break;
        }
        after = said.data("/bedSearch/pageInfo/endCursor").clone();
        // Every page is judged at the first page's instant: what turns stale meanwhile moves nobody.
        house.clock.advance(3);
    }
    assert_eq!(pages, whole);
    house.close().await;
}

async fn a_later_page_keeps_the_order_and_says_what_is_true_now(db: Db) {
    let house = House::open(db).await;
    report_all(&house).await;
    let nurse = house.client("mobile_team");
    house.clock.advance(118);
    let first = nurse.ask(SEARCH, json!({ "need": { "age": 30 }, "first": 2 })).await;
    assert_eq!(first.data("/bedSearch/edges/0/unit/shownAs"), "AVAILABLE");
    let after = first.data("/bedSearch/pageInfo/endCursor").clone();
    let page = json!({ "need": { "age": 30 }, "first": 2, "after": after });
    house.clock.advance(4);
    let second = nurse.ask(SEARCH, page.clone()).await;
    for edge in second.data("/bedSearch/edges").as_array().unwrap() {
        assert_eq!((&edge["unit"]["freshness"], &edge["unit"]["shownAs"]), (&json!("STALE"), &json!("CALL")));
        assert_eq!((&edge["fit"], reason(edge, "CAPACITY")), (&json!("UNKNOWN"), "UNKNOWN"));
    }
    house.clock.advance(10);
    assert_eq!(nurse.ask(SEARCH, page).await.code(), "CURSOR_EXPIRED", "an order of long ago");
    house.close().await;
}

async fn a_cursor_is_good_for_its_own_list_alone(db: Db) {
    let house = House::open(db).await;
    report_all(&house).await;
    let nurse = house.client("mobile_team");
    let units = nurse.ask(UNITS, json!({ "first": 2 })).await;
    let units = units.data("/bedUnits/pageInfo/endCursor").as_str().unwrap().to_owned();
    let search = nurse.ask(SEARCH, json!({ "need": { "age": 30 }, "first": 2 })).await;
    let log = search.data("/bedSearch/asOf/cursor").as_str().unwrap().to_owned();
    let search = search.data("/bedSearch/pageInfo/endCursor").as_str().unwrap().to_owned();
    let good: BTreeMap<&str, Value> = BTreeMap::from([
        (UNITS, json!({ "first": 2, "after": units })),
        (SEARCH, json!({ "need": { "age": 30 }, "first": 2, "after": search })),
    ]);
    for (document, variables) in good {
        assert!(
            nurse.ask(document, variables).await.body.get("errors").is_none(),
            "the oracle: a good cursor is taken"
        );
    }
    let mut forged = units.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for (document, variables) in [
        (UNITS, json!({ "first": 2, "after": units, "filter": { "dropOff": true } })),
        (UNITS, json!({ "first": 2, "after": search })),
        (UNITS, json!({ "first": 2, "after": log })),
        (UNITS, json!({ "first": 2, "after": forged })),
        (UNITS, json!({ "first": 2, "after": "" })),
        (UNITS, json!({ "first": 2, "after": "bnVsbA" })),
        (UNITS, json!({ "last": 2, "before": forged })),
        (SEARCH, json!({ "need": { "age": 31 }, "first": 2, "after": search })),
        (SEARCH, json!({ "need": { "age": 30 }, "first": 2, "after": units })),
        (SEARCH, json!({ "need": { "age": 30 }, "near": { "latitude": 26.0, "longitude": -80.2 }, "after": search })),
        ("query($after: Cursor) { events(after: $after) { edges { cursor } } }", json!({ "after": units })),
        ("query($after: Cursor) { facilities(after: $after) { edges { cursor } } }", json!({ "after": units })),
    ] {
        assert_eq!(nurse.ask(document, variables.clone()).await.code(), "CURSOR_EXPIRED", "{variables}");
    }
    house.close().await;
}

async fn a_page_has_its_limits(db: Db) {
    let house = House::open(db).await;
    let operator = house.client("hub_operator");
    for query in [
        "{ bedUnits(first: 101) { edges { cursor } } }",
        "{ bedUnits(last: 101) { edges { cursor } } }",
        "{ facilities(first: 101) { edges { cursor } } }",
        "{ organizations(first: 101) { edges { cursor } } }",
        "{ services(first: 101) { edges { cursor } } }",
        "{ bedSearch(need: {}, first: 101) { edges { cursor } } }",
        "{ events(first: 101) { pageInfo { endCursor } } }",
        "{ grants(first: 101) { edges { node { id } } } }",
        "{ auditTrail(first: 101) { edges { node { id } } } }",
    ] {
        assert_eq!(operator.ask(query, json!({})).await.code(), "LIMIT_EXCEEDED", "{query}");
        let within = query.replace("101", "100");
        assert!(operator.ask(&within, json!({})).await.body.get("errors").is_none(), "{within}");
        let said = operator.ask(&query.replace("101", "-1"), json!({})).await;
        assert!(["LIMIT_EXCEEDED", "BAD_USER_INPUT"].contains(&said.code()), "{query}");
    }
    let both = operator.ask("{ bedUnits(first: 1, last: 1) { edges { cursor } } }", json!({})).await;
    assert_eq!(both.code(), "BAD_USER_INPUT");
    house.close().await;
}
