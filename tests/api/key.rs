//! Keys: what was done is found again, whatever has become of it since.
use super::bed::{REPORT, problems};
use crate::house::traffic::until;
use crate::house::{Db, House};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

on_both!(
    a_replay_of_reports_answers_in_the_order_of_the_request,
    a_save_that_changed_nothing_is_remembered_too,
    a_replay_is_found_whatever_the_row_has_become,
    a_key_whose_day_is_over_is_forgotten,
);

const ORGANIZATION: &str = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) {
    organization { id name version coordinating } problems { code } replayed } }";

fn amber(house: &House, fields: Value) -> Value {
    let mut input = json!({ "id": house.world.agencies[0].organization.to_string(), "name": "Amber Crisis Care",
        "kind": "TRIBAL", "coveredEntity": true });
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "input": input })
}

async fn a_replay_of_reports_answers_in_the_order_of_the_request(db: Db) {
    let house = House::open(db).await;
    let (intake, agency) = (house.client("intake"), house.world.agencies[0].clone());
    let mut ids: Vec<String> = agency.units.iter().map(ToString::to_string).collect();
    ids.sort();
    ids.reverse();
    let units: Vec<_> = ids.iter().map(|id| json!({ "unitId": id, "staffed": 5, "occupied": 1 })).collect();
    let input = json!({ "input": { "units": units, "idempotencyKey": "k" } });
    for replayed in [false, true] {
        let said = intake.ask(REPORT, input.clone()).await;
        assert_eq!(said.data("/reportBeds/replayed"), replayed);
        let listed = said.data("/reportBeds/bedUnits").as_array().unwrap().iter();
        assert_eq!(listed.map(|unit| unit["id"].as_str().unwrap()).collect::<Vec<_>>(), ids, "replayed: {replayed}");
    }
    house.close().await;
}

async fn a_save_that_changed_nothing_is_remembered_too(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    let same = amber(&house, json!({ "idempotencyKey": "k" }));
    let said = admin.ask(ORGANIZATION, same.clone()).await;
    assert_eq!((problems(&said, "saveOrganization"), said.data("/saveOrganization/replayed")), (vec![], &json!(false)));
    admin.ask(ORGANIZATION, amber(&house, json!({ "name": "Amber Renamed" }))).await.data("");
    let again = admin.ask(ORGANIZATION, same).await;
    assert_eq!(again.data("/saveOrganization/replayed"), true);
    assert_eq!(again.data("/saveOrganization/organization/name"), "Amber Renamed", "done once, not a second time");
    house.close().await;
}

async fn a_replay_is_found_whatever_the_row_has_become(db: Db) {
    let house = House::open(db).await;
    let (admin, operator) = (house.client("agency_admin"), house.client("hub_operator"));
    let rename = amber(&house, json!({ "name": "Amber Renamed", "idempotencyKey": "k" }));
    admin.ask(ORGANIZATION, rename.clone()).await.data("");
    let coordinate = amber(&house, json!({ "name": "Amber Renamed", "coordinating": true }));
    operator.ask(ORGANIZATION, coordinate).await.data("");
    // Today the same words would be an edit that is not the administrator's to make.
    let again = admin.ask(ORGANIZATION, rename).await;
    assert_eq!(again.data("/saveOrganization/replayed"), true);
    assert_eq!(again.data("/saveOrganization/organization/coordinating"), true, "read again, as it is now");
    house.close().await;
}

async fn a_key_whose_day_is_over_is_forgotten(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    let keyed = |key: &str| amber(&house, json!({ "idempotencyKey": key }));
    admin.ask(ORGANIZATION, keyed("old")).await.data("");
    house.clock.advance(23 * 60);
    let admin = house.client("agency_admin");
    admin.ask(ORGANIZATION, keyed("new")).await.data("");
    house.clock.advance(61);
    let connection = Database::connect(&house.place().url).await.unwrap();
    let kept = async || {
        let keys = Statement::from_string(connection.get_database_backend(), "SELECT key FROM idempotency");
        let rows = connection.query_all_raw(keys).await.unwrap();
        rows.iter().map(|row| row.try_get::<String>("", "key").unwrap()).collect::<Vec<_>>()
    };
    until("the sweeper has forgotten it", async || kept().await == ["new"]).await;
    connection.close().await.unwrap();
    house.close().await;
}
