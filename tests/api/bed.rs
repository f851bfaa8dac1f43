//! Bed units: reported, seen by role, watched.
use crate::house::{Db, House};
use serde_json::{Value, json};

on_both!(a_report_goes_through_every_room_and_out_by_sse_and_socket);

pub const REPORT: &str = "mutation($input: ReportBedsInput!) { reportBeds(input: $input) {
    bedUnits { id version net shownAs freshness asOf } problems { code message path current { id } } replayed } }";
pub const WATCH: &str =
    "subscription($filter: BedUnitFilter, $after: Cursor) { bedsChanged(filter: $filter, after: $after) {
    cursor eventId change unitId unit { id label version shownAs net freshness } } }";

/// One unit's numbers.
pub fn numbers(unit: impl ToString, staffed: u32, occupied: u32) -> Value {
    json!({ "input": { "units": [{ "unitId": unit.to_string(), "staffed": staffed, "occupied": occupied }] } })
}

async fn a_report_goes_through_every_room_and_out_by_sse_and_socket(db: Db) {
    let house = House::open(db).await;
    let chairs = house.world.agencies[0].chairs();
    let mut watching = house.client("officer").sse(WATCH, json!({})).await;
    let (name, first) = watching.next().await.unwrap();
    assert_eq!(name, "next");
    assert!(first["data"]["bedsChanged"]["cursor"].is_string(), "{first:#}");
    assert!(first["data"]["bedsChanged"]["change"].is_null());
    let mut socket = house.client("intake").ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.subscribe("a", WATCH, json!({})).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");

    let said = house.client("intake").ask(REPORT, numbers(chairs, 8, 5)).await;
    assert_eq!(said.data("/reportBeds/problems"), &json!([]));
    assert_eq!(said.data("/reportBeds/bedUnits/0/net"), 3);
    assert_eq!(said.data("/reportBeds/bedUnits/0/shownAs"), "AVAILABLE");

    let told = watching.change("bedsChanged").await;
    assert_eq!(told["unitId"], chairs.to_string());
    assert_eq!(told["change"], "CHANGED");
    assert_eq!(told["unit"]["shownAs"], "AVAILABLE");
    assert_eq!(told["unit"]["net"], Value::Null, "an officer is shown no numbers");
    let told = socket.next().await.unwrap();
    assert_eq!(told["payload"]["data"]["bedsChanged"]["unit"]["net"], 3);
    house.close().await;
}
