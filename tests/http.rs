//! The doors: what a browser must not be able to do, what one request may ask, how a socket lives and dies.
mod clients;
mod counted;
mod doors;
mod limits;
mod socket;

use crate::house::House;
use serde_json::{Value, json};

/// The number of the log's last event: the counter of what was executed.
async fn head(house: &House) -> i64 {
    house.deliver().await;
    house.hub().board().now().number()
}

/// A mutation that would leave a trace in the log.
const REPORT: &str = "mutation($input: ReportBedsInput!) { reportBeds(input: $input) { replayed problems { code } } }";

fn report(house: &House) -> Value {
    let unit = house.world.agencies[0].chairs().to_string();
    json!({ "input": { "units": [{ "unitId": unit, "staffed": 5, "occupied": 1 }] } })
}
