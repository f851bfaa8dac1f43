//! Who is on call is kept sealed, and what an earlier program wrote in plain is sealed at the next start.
use crate::api::bed::problems;
use crate::api::on_call::{chain, set};
use crate::disclose_keys::{dumped, shapes};
use crate::house::{Db, House};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::json;

on_both!(addresses_of_staff_lie_nowhere_in_plain, what_was_written_in_plain_is_sealed_at_the_next_start);

async fn connected(house: &House) -> DatabaseConnection {
    Database::connect(&house.place().url).await.unwrap()
}

/// How many rows break a promise.
async fn broken(house: &House) -> i64 {
    house.store().verify().await.unwrap().iter().map(|finding| finding.broken).sum()
}

async fn addresses_of_staff_lie_nowhere_in_plain(db: Db) {
    let house = House::open(db).await;
    let (ward, intake) = (house.world.agencies[0].ward(), house.client("intake"));
    let steps = json!([
        { "channel": "EMAIL", "address": "zephyr.canary@amber.example", "label": "Zephyr Canary, charge nurse" },
        { "channel": "WEBHOOK", "address": "+13055550142", "from": "HALF" },
    ]);
    let said = set(&intake, ward, steps, json!({ "idempotencyKey": "k" })).await;
    assert_eq!(problems(&said, "setOnCall"), [""; 0]);
    assert_eq!(&chain(&intake, ward).await, said.data("/setOnCall/onCall"));
    house.deliver().await;
    let disk = dumped(house.place()).await;
    for canary in ["zephyr.canary@amber", "Zephyr Canary", "+13055550142"] {
        for shape in shapes(canary) {
            assert!(
                !disk.windows(shape.len()).any(|bytes| bytes == shape.as_bytes()),
                "{canary} lies there as {shape}"
            );
        }
    }
    // The oracle: what is kept in plain is found.
    assert!(disk.windows(10).any(|bytes| bytes == b"Amber ward"));
    // It opens in its own row alone.
    let other = house.world.agencies[0].guest();
    set(&intake, other, json!([{ "channel": "EMAIL", "address": "other@amber.example" }]), json!({})).await.data("");
    let connection = connected(&house).await;
    let swapped = "UPDATE on_call SET sealed = (SELECT sealed FROM on_call o WHERE o.id <> on_call.id LIMIT 1)";
    connection.execute_unprepared(swapped).await.unwrap();
    let query = "query($id: ID!) { node(id: $id) { ... on BedUnit { onCall { steps { address } } } } }";
    let said = intake.ask(query, json!({ "id": ward.to_string() })).await;
    assert_eq!((said.code(), said.body.to_string().contains("amber.example")), ("INTERNAL", false), "{:#}", said.body);
    connection.close().await.unwrap();
    house.close().await;
}

async fn what_was_written_in_plain_is_sealed_at_the_next_start(db: Db) {
    let mut house = House::open(db).await;
    let (ward, intake) = (house.world.agencies[0].ward(), house.client("intake"));
    let steps =
        json!([{ "channel": "BOARD" }, { "channel": "EMAIL", "address": "nurse@amber.example", "label": "Zed Quill" }]);
    set(&intake, ward, steps, json!({})).await.data("");
    let sealed = chain(&intake, ward).await;
    // As the program before wrote it.
    let plain = r#"[{"channel":"BOARD","address":null,"label":null,"from":"ASKED","after_minutes":0},{"channel":"EMAIL","address":"nurse@amber.example","label":"Zed Quill","from":"ASKED","after_minutes":0}]"#;
    let connection = connected(&house).await;
    connection.execute_unprepared(&format!("UPDATE on_call SET sealed = NULL, steps = '{plain}'")).await.unwrap();
    // It is read as it is; that it is in plain, `verify` finds.
    assert_eq!(chain(&intake, ward).await, sealed);
    assert_eq!(broken(&house).await, 1);
    house.restart().await;
    let intake = house.client("intake");
    assert_eq!(chain(&intake, ward).await, sealed);
    let steps = Statement::from_string(connection.get_database_backend(), "SELECT steps FROM on_call");
    let steps: String = connection.query_one_raw(steps).await.unwrap().unwrap().try_get("", "steps").unwrap();
    assert!(!steps.contains("amber.example") && !steps.contains("Quill"), "{steps}");
    connection.close().await.unwrap();
    house.close().await;
}
