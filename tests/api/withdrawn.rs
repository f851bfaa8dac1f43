//! What is withdrawn carries nothing, and nothing that carries units is withdrawn.
use super::bed::problems;
use crate::house::{Client, Db, House};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

on_both!(
    what_units_stand_on_is_not_withdrawn,
    nothing_new_stands_on_what_is_withdrawn,
    a_withdrawn_place_is_offered_to_nobody,
);

const ORGANIZATION: &str = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) {
    organization { id retired } problems { code message path current { id } } } }";
const FACILITY: &str = "mutation($input: SaveFacilityInput!) { saveFacility(input: $input) {
    facility { id retired } problems { code message path current { id } } } }";
const SERVICE: &str = "mutation($input: SaveServiceInput!) { saveService(input: $input) {
    service { id retired } problems { code message path current { id } } } }";
const UNIT: &str = "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) {
    bedUnit { id retired } problems { code path current { id } } } }";

fn unit(house: &House, fields: Value) -> Value {
    let agency = &house.world.agencies[0];
    let mut input = json!({ "label": "Annex", "facilityId": agency.facility.to_string(),
        "serviceId": agency.service.to_string(), "licensed": 6 });
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "input": input })
}

/// Withdraws the units of the first agency.
async fn empty(house: &House, admin: &Client) {
    for id in &house.world.agencies[0].units {
        let said = admin.ask(UNIT, unit(house, json!({ "id": id.to_string(), "retire": true }))).await;
        assert_eq!(said.data("/saveBedUnit/bedUnit/retired"), true);
    }
}

async fn what_units_stand_on_is_not_withdrawn(db: Db) {
    let house = House::open(db).await;
    let (admin, agency) = (house.client("agency_admin"), house.world.agencies[0].clone());
    let organization = json!({ "input": { "id": agency.organization.to_string(), "retire": true, "name": "Amber",
        "kind": "TRIBAL", "coveredEntity": true } });
    let facility = json!({ "input": { "id": agency.facility.to_string(), "retire": true, "name": "Amber House",
        "timeZone": "America/New_York" } });
    let service = json!({ "input": { "id": agency.service.to_string(), "retire": true, "name": "Amber receiving",
        "kind": "RECEIVING_23H", "facilityId": agency.facility.to_string() } });
    let all = [
        (SERVICE, "saveService", "service", service, agency.service.to_string()),
        (FACILITY, "saveFacility", "facility", facility, agency.facility.to_string()),
        (ORGANIZATION, "saveOrganization", "organization", organization, agency.organization.to_string()),
    ];
    for (document, field, _, input, id) in &all {
        let said = admin.ask(document, input.clone()).await;
        assert_eq!(problems(&said, field), ["WRONG_STATE"], "{field}");
        let problem = said.data(&format!("/{field}/problems/0"));
        assert!(problem["message"].as_str().unwrap().contains("withdraw them"), "{problem}");
        assert_eq!(problem["current"]["id"], json!(id));
    }
    empty(&house, &admin).await;
    for (document, field, noun, input, _) in &all {
        let said = admin.ask(document, input.clone()).await;
        assert_eq!(said.data(&format!("/{field}/{noun}/retired")), true, "{field}: {:#}", said.body);
    }
    house.close().await;
}

async fn nothing_new_stands_on_what_is_withdrawn(db: Db) {
    let house = House::open(db).await;
    let (admin, agency) = (house.client("agency_admin"), house.world.agencies[0].clone());
    let place = json!({ "name": "Annex", "timeZone": "America/New_York" });
    let annex = admin.ask(FACILITY, json!({ "input": place })).await.data("/saveFacility/facility/id").clone();
    let line = json!({ "name": "Line", "kind": "RECEIVING_23H" });
    let line_id = admin.ask(SERVICE, json!({ "input": line })).await.data("/saveService/service/id").clone();
    for (document, mut input, id) in [(FACILITY, place, &annex), (SERVICE, line, &line_id)] {
        (input["id"], input["retire"]) = (id.clone(), json!(true));
        admin.ask(document, json!({ "input": input })).await.data("");
    }
    let chairs = agency.chairs().to_string();
    for (fields, path) in [
        (json!({ "facilityId": annex }), "facilityId"),
        (json!({ "serviceId": line_id }), "serviceId"),
        (json!({ "facilityId": annex, "id": chairs }), "facilityId"),
    ] {
        let said = admin.ask(UNIT, unit(&house, fields)).await;
        assert_eq!(problems(&said, "saveBedUnit"), ["RETIRED"], "{path}");
        assert_eq!(said.data("/saveBedUnit/problems/0/path"), &json!([path]));
        assert!(said.data("/saveBedUnit/problems/0/current/id").is_string());
    }
    let there = json!({ "input": { "name": "Other", "kind": "CALL", "facilityId": annex } });
    assert_eq!(problems(&admin.ask(SERVICE, there).await, "saveService"), ["RETIRED"]);
    // What is to go has to be named.
    assert_eq!(admin.ask(UNIT, unit(&house, json!({ "retire": true }))).await.code(), "BAD_USER_INPUT");
    let nothing = json!({ "input": { "name": "Other", "kind": "CALL", "retire": true } });
    assert_eq!(admin.ask(SERVICE, nothing).await.code(), "BAD_USER_INPUT");
    house.close().await;
}

async fn a_withdrawn_place_is_offered_to_nobody(db: Db) {
    for (table, which) in [("facility", 0), ("service", 1), ("organization", 2)] {
        let mut house = House::open(db).await;
        let agency = house.world.agencies[0].clone();
        let id =
            [agency.facility.to_string(), agency.service.to_string(), agency.organization.to_string()][which].clone();
        let key = id.rsplit_once('_').unwrap().1.to_owned();
        house.halt().await;
        // As an earlier program left it, which let a place go with its units.
        let connection = Database::connect(&house.place().url).await.unwrap();
        let of = if db == Db::Sqlite { "hex(id)" } else { "upper(replace(id::text, '-', ''))" };
        let sql = format!("UPDATE {table} SET retired = true WHERE {of} = '{}'", key.to_uppercase());
        assert_eq!(connection.execute_unprepared(&sql).await.unwrap().rows_affected(), 1);
        connection.close().await.unwrap();
        house.start().await;
        let nurse = house.client("mobile_team");
        let query = "query($at: ID!) { bedSearch(need: {}) { edges { unit { label } } }
            bedUnits { edges { node { label } } } node(id: $at) { ... on Facility { bedUnits { label } } } }";
        let said = nurse.ask(query, json!({ "at": agency.facility.to_string() })).await;
        assert!(!said.data("").to_string().contains("Amber"), "{table}: {:#}", said.body);
        assert!(said.data("").to_string().contains("Basalt"), "{table}: {:#}", said.body);
        house.close().await;
    }
}
