//! Bed units by role: who sees which, how much of it, and who edits them.
use super::bed::{REPORT, WATCH, numbers, problems, unit};
use crate::house::{Client, Db, House};
use crisis_hub::domain::id::BedUnitId;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both!(
    each_role_sees_its_units_and_no_more_of_them_than_it_may,
    past_reports_are_for_the_agency_and_analysts,
    a_unit_is_added_edited_and_withdrawn_by_its_own_agency,
    a_stale_edit_is_refused_and_of_two_racers_one_wins,
    whoever_no_longer_sees_a_unit_is_told_that_it_changed,
);

const LIST: &str = "{ bedUnits(first: 100) { edges { node { id } } } }";
const SAVE: &str = "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) {
    bedUnit { id version label dropOff licensed retired } problems { code path current { id } } replayed } }";

async fn listed(client: &Client) -> BTreeSet<String> {
    let said = client.ask(LIST, json!({})).await;
    let edges = said.data("/bedUnits/edges").as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect()
}

async fn each_role_sees_its_units_and_no_more_of_them_than_it_may(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    for (intake, agency) in [("intake", &ours), ("intake-2", &theirs)] {
        for id in &agency.units {
            let mut report = numbers(id, 9, 2);
            report["input"]["units"][0]["waitlist"] = json!(5);
            assert_eq!(problems(&house.client(intake).ask(REPORT, report).await, "reportBeds"), [""; 0]);
        }
    }
    house.deliver().await;
    let ids = |units: &[_]| units.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
    let region = &ids(&ours.units) | &ids(&theirs.units);
    let drop_off = ids(&[ours.chairs(), theirs.chairs()]);
    let public = ids(&[ours.guest(), theirs.guest()]);
    let hub = &region | &ids(&house.world.far.units);
    // Role, the units it sees, whether it sees numbers, whether its own agency's census, whether everyone's.
    let rows: [(&str, &BTreeSet<String>, bool, bool, bool); 13] = [
        ("officer", &drop_off, false, false, false),
        ("dispatcher", &drop_off, false, false, false),
        ("ems", &drop_off, false, false, false),
        ("emergency_department", &region, true, true, false),
        ("intake", &region, true, true, false),
        ("mobile_team", &region, true, false, false),
        ("line_988", &region, true, false, false),
        ("peer", &(&public | &ids(&ours.units)), true, true, false),
        ("advocate", &public, true, false, false),
        ("council", &BTreeSet::new(), false, false, false),
        ("analyst", &region, true, true, true),
        ("agency_admin", &region, true, true, false),
        ("hub_operator", &hub, true, false, false),
    ];
    for (role, sees, shown_numbers, own_census, every_census) in rows {
        let client = house.client(role);
        assert_eq!(&listed(&client).await, sees, "{role}");
        for (agency, census) in [(&ours, own_census), (&theirs, every_census)] {
            for id in &agency.units {
                let seen = unit(&client, id).await;
                assert_eq!(seen.is_null(), !sees.contains(&id.to_string()), "{role}");
                if seen.is_null() {
                    continue;
                }
                assert_eq!(seen["shownAs"], "AVAILABLE", "{role}");
                assert!(seen["asOf"].is_string(), "{role}: everybody sees the age");
                let numbers = if shown_numbers {
                    (json!(7), json!(7), json!(5))
                } else {
                    (Value::Null, Value::Null, Value::Null)
                };
                let given = (seen["net"].clone(), seen["lastReported"]["net"].clone(), seen["waitlist"].clone());
                assert_eq!(given, numbers, "{role}");
                assert_eq!(seen["report"].is_object(), census, "{role} of {id}");
            }
        }
    }
    house.close().await;
}

async fn past_reports_are_for_the_agency_and_analysts(db: Db) {
    let house = House::open(db).await;
    let id = house.world.agencies[0].chairs();
    for occupied in 1..=3 {
        house.clock.advance(5);
        house.client("intake").ask(REPORT, numbers(id, 9, occupied)).await.data("");
    }
    let query = "query($id: ID!, $first: Int!) { node(id: $id) { ... on BedUnit { id reports(first: $first) { occupied asOf } } } }";
    let past = async |person: &str, first: i32| {
        let said = house.client(person).ask(query, json!({ "id": id.to_string(), "first": first })).await;
        assert!(said.body["data"]["node"]["id"].is_string(), "{person} sees the unit: {:#}", said.body);
        let list = said.body["data"]["node"]["reports"].as_array().cloned().unwrap_or_default();
        list.iter().map(|report| report["occupied"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    for person in ["intake", "agency_admin", "analyst", "analyst-2"] {
        assert_eq!(past(person, 25).await, [3, 2, 1], "{person}");
    }
    assert_eq!(past("intake", 2).await, [3, 2]);
    each_unit_answers_its_own_reports(&house).await;
    for person in ["intake-2", "officer", "ems", "mobile_team", "line_988", "hub_operator"] {
        assert_eq!(past(person, 25).await, [0_i64; 0], "{person}");
    }
    house.close().await;
}

/// Read together, and told apart again: by unit, and by what was asked of it.
async fn each_unit_answers_its_own_reports(house: &House) {
    let intake = house.client("intake");
    let ward = house.world.agencies[0].ward();
    let last = "query($id: ID!) { node(id: $id) { ... on BedUnit { report { asOf } } } }";
    let said = intake.ask(last, json!({ "id": house.world.agencies[0].chairs().to_string() })).await;
    let middle = said.data("/node/report/asOf").clone();
    for occupied in 4..=5 {
        house.clock.advance(5);
        intake.ask(REPORT, numbers(ward, 9, occupied)).await.data("");
    }
    house.deliver().await;
    let query = "query($middle: DateTime!) { bedUnits { edges { node {
        id last: reports(first: 1) { occupied } all: reports { occupied } none: reports(first: 0) { occupied }
        before: reports(first: 2, before: $middle) { occupied } } } } }";
    let said = intake.ask(query, json!({ "middle": middle })).await;
    let read = |unit: BedUnitId, field: &str| {
        let edges = said.data("/bedUnits/edges").as_array().unwrap();
        let node = edges.iter().map(|edge| &edge["node"]).find(|node| node["id"] == unit.to_string()).unwrap();
        let list = node[field].as_array().unwrap();
        list.iter().map(|report| report["occupied"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let chairs = house.world.agencies[0].chairs();
    assert_eq!((read(ward, "last"), read(ward, "all")), (vec![5], vec![5, 4]));
    assert_eq!((read(ward, "before"), read(ward, "none")), (vec![], vec![]));
    assert_eq!((read(chairs, "last"), read(chairs, "all")), (vec![3], vec![3, 2, 1]));
    assert_eq!(read(chairs, "before"), [2, 1], "the third was true at that instant, not before it");
}

fn definition(house: &House, label: &str) -> Value {
    let agency = &house.world.agencies[0];
    json!({ "label": label, "facilityId": agency.facility.to_string(), "serviceId": agency.service.to_string(),
        "licensed": 6, "dropOff": true })
}

fn edit(of: &Value, fields: Value) -> Value {
    let mut input = of.clone();
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "input": input })
}

async fn a_unit_is_added_edited_and_withdrawn_by_its_own_agency(db: Db) {
    let house = House::open(db).await;
    let (admin, new) = (house.client("agency_admin"), definition(&house, "Annex"));
    for person in ["intake", "agency_admin-2", "hub_operator", "officer", "analyst"] {
        assert_eq!(house.client(person).ask(SAVE, edit(&new, json!({}))).await.code(), "FORBIDDEN", "{person}");
    }
    assert_eq!(house.client("agency_admin-far").ask(SAVE, edit(&new, json!({}))).await.code(), "NOT_FOUND");
    // A service of another agency is not ours to offer.
    let foreign = json!({ "serviceId": house.world.agencies[1].service.to_string() });
    assert_eq!(admin.ask(SAVE, edit(&new, foreign)).await.code(), "NOT_FOUND");
    for bad in [
        json!({ "label": "" }),
        json!({ "label": "x".repeat(121) }),
        json!({ "licensed": 10_001 }),
        json!({ "ageMin": 121 }),
        json!({ "ageMin": 20, "ageMax": 10 }),
        json!({ "updateIntervalMinutes": 0 }),
    ] {
        assert_eq!(admin.ask(SAVE, edit(&new, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    let mut watching = house.client("officer").sse(WATCH, json!({})).await;
    assert_eq!(watching.next().await.unwrap().0, "next");

    let once = edit(&new, json!({ "idempotencyKey": "annex" }));
    let added = admin.ask(SAVE, once.clone()).await;
    assert_eq!((problems(&added, "saveBedUnit"), added.data("/saveBedUnit/replayed")), (vec![], &json!(false)));
    let id = added.data("/saveBedUnit/bedUnit/id").as_str().unwrap().to_owned();
    let again = admin.ask(SAVE, once).await;
    assert_eq!(
        (again.data("/saveBedUnit/bedUnit/id"), again.data("/saveBedUnit/replayed")),
        (&json!(id), &json!(true))
    );
    let told = watching.change("bedsChanged").await;
    assert_eq!(
        (&told["change"], &told["unitId"], &told["unit"]["label"]),
        (&json!("ENTERED"), &json!(id), &json!("Annex"))
    );

    let edited = admin.ask(SAVE, edit(&new, json!({ "id": id, "label": "Annex B", "licensed": 7 }))).await;
    assert_eq!(edited.data("/saveBedUnit/bedUnit/label"), "Annex B");
    assert_eq!(watching.change("bedsChanged").await["change"], "CHANGED");
    let gone = admin.ask(SAVE, edit(&new, json!({ "id": id, "retire": true }))).await;
    assert_eq!(gone.data("/saveBedUnit/bedUnit/retired"), true);
    let told = watching.change("bedsChanged").await;
    assert_eq!((&told["change"], &told["unitId"], &told["unit"]), (&json!("LEFT"), &json!(id), &Value::Null));
    house.deliver().await;
    assert!(!listed(&admin).await.contains(&id), "withdrawn units are hidden from lists");
    assert_eq!(unit(&admin, &id).await["retired"], true, "and kept for references");
    let said = house.client("intake").ask(REPORT, numbers(&id, 1, 0)).await;
    assert_eq!(problems(&said, "reportBeds"), ["RETIRED"]);
    house.close().await;
}

async fn a_stale_edit_is_refused_and_of_two_racers_one_wins(db: Db) {
    let house = House::open(db).await;
    let (admin, new) = (house.client("agency_admin"), definition(&house, "Annex"));
    let added = admin.ask(SAVE, edit(&new, json!({}))).await;
    let id = added.data("/saveBedUnit/bedUnit/id").as_str().unwrap().to_owned();
    let version = added.data("/saveBedUnit/bedUnit/version").as_i64().unwrap();
    let race = (0..8).map(|n| {
        let fields = json!({ "id": id, "expectedVersion": version, "label": format!("Racer {n}") });
        let (admin, input) = (admin.clone(), edit(&new, fields));
        async move { admin.ask(SAVE, input).await }
    });
    let all = futures_util::future::join_all(race).await;
    let winners: Vec<_> = all.iter().filter(|said| problems(said, "saveBedUnit").is_empty()).collect();
    assert_eq!(winners.len(), 1, "one wins");
    let label = winners[0].data("/saveBedUnit/bedUnit/label");
    for said in all.iter().filter(|said| !problems(said, "saveBedUnit").is_empty()) {
        assert_eq!(problems(said, "saveBedUnit"), ["STALE_VERSION"]);
        assert_eq!(said.data("/saveBedUnit/problems/0/path"), &json!(["expectedVersion"]));
        assert_eq!(said.data("/saveBedUnit/problems/0/current/id"), &json!(id));
        assert!(said.data("/saveBedUnit/bedUnit").is_null());
    }
    let seen = unit(&admin, &id).await;
    assert_eq!((&seen["label"], &seen["version"]), (label, &json!(version + 1)));
    house.close().await;
}

async fn whoever_no_longer_sees_a_unit_is_told_that_it_changed(db: Db) {
    let house = House::open(db).await;
    let (admin, officer) = (house.client("agency_admin"), house.client("officer"));
    let id = house.world.agencies[0].chairs().to_string();
    let query = "subscription { events(kinds: [BED_UNIT_SAVED]) { cursor change event { kind nodeId } } }";
    let mut log = officer.sse(query, json!({})).await;
    assert_eq!(log.next().await.unwrap().0, "next");
    let mut watching = officer.sse(WATCH, json!({})).await;
    assert_eq!(watching.next().await.unwrap().0, "next");
    let hide = edit(&definition(&house, "Amber chairs"), json!({ "id": id, "dropOff": false }));
    assert_eq!(problems(&admin.ask(SAVE, hide.clone()).await, "saveBedUnit"), [""; 0]);
    assert_eq!(log.change("events").await["event"]["nodeId"], json!(id));
    let told = watching.change("bedsChanged").await;
    assert_eq!((&told["change"], &told["unit"]), (&json!("LEFT"), &Value::Null));
    // What happens to it from then on is not theirs to hear.
    let mut again = hide;
    again["input"]["label"] = json!("Hidden");
    admin.ask(SAVE, again).await.data("");
    let show = edit(&definition(&house, "Annex"), json!({}));
    let annex = admin.ask(SAVE, show).await.data("/saveBedUnit/bedUnit/id").clone();
    assert_eq!(log.change("events").await["event"]["nodeId"], annex);
    house.close().await;
}
