//! What units stand on moves them: an edit of a service, a facility or an organization is told for each of its units.
use super::bed::{REPORT, numbers, problems};
use crate::house::follow::{Came, Follower, Open, Road};
use crate::house::{Client, Db, House};
use serde_json::{Value, json};

on_both!(
    an_edit_of_what_units_stand_on_is_told_for_each_of_them,
    whoever_comes_back_is_told_the_same_from_any_place,
    a_node_that_begins_again_tells_it_too,
);

const ORGANIZATION: &str = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) {
    organization { id } problems { code } } }";
const FACILITY: &str = "mutation($input: SaveFacilityInput!) { saveFacility(input: $input) {
    facility { id } problems { code } } }";
const SERVICE: &str = "mutation($input: SaveServiceInput!) { saveService(input: $input) {
    service { id } problems { code } } }";
const UNIT: &str = "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) {
    bedUnit { id } problems { code } } }";

async fn save(client: &Client, document: &str, field: &str, input: Value) -> Value {
    let said = client.ask(document, json!({ "input": input })).await;
    assert_eq!(problems(&said, field), [""; 0], "{input}");
    said.data(&format!("/{field}")).clone()
}

async fn save_service(house: &House, kind: &str) {
    let agency = &house.world.agencies[0];
    let input = json!({ "id": agency.service.to_string(), "name": "Amber receiving", "kind": kind,
        "facilityId": agency.facility.to_string() });
    save(&house.client("agency_admin"), SERVICE, "saveService", input).await;
}

async fn save_facility(house: &House, county: &str) {
    let input = json!({ "id": house.world.agencies[0].facility.to_string(), "name": "Amber House",
        "timeZone": "America/New_York", "countyFips": county });
    save(&house.client("agency_admin"), FACILITY, "saveFacility", input).await;
}

async fn save_unit(house: &House, unit: impl ToString, fields: Value) {
    let agency = &house.world.agencies[0];
    let mut input = json!({ "id": unit.to_string(), "label": "Amber", "licensed": 6,
        "facilityId": agency.facility.to_string(), "serviceId": agency.service.to_string() });
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    save(&house.client("agency_admin"), UNIT, "saveBedUnit", input).await;
}

async fn report(house: &House) {
    let said = house.client("intake").ask(REPORT, numbers(house.world.agencies[0].chairs(), 8, 5)).await;
    assert_eq!(problems(&said, "reportBeds"), [""; 0]);
}

/// Edits of everything that units of the first agency stand on, among events of their own.
async fn edits(house: &House) {
    let (admin, agency) = (house.client("agency_admin"), &house.world.agencies[0]);
    report(house).await;
    save_service(house, "SOBERING").await;
    report(house).await;
    save_facility(house, "12011").await;
    let line = json!({ "name": "Line", "kind": "RECEIVING_23H" });
    let line = save(&admin, SERVICE, "saveService", line).await["service"]["id"].clone();
    save_unit(house, agency.guest(), json!({ "serviceId": line, "openToPublic": true })).await;
    save_service(house, "RECEIVING_23H").await;
    let name = json!({ "id": agency.organization.to_string(), "name": "Amber Renamed", "kind": "TRIBAL",
        "coveredEntity": true });
    save(&admin, ORGANIZATION, "saveOrganization", name).await;
    save_unit(house, agency.chairs(), json!({ "dropOff": false })).await;
    let renamed = json!({ "id": line, "name": "The line", "kind": "RECEIVING_23H" });
    save(&admin, SERVICE, "saveService", renamed).await;
}

/// Who watches what, and what the edits are to them: a letter for the change, and the units: chairs, ward, guest.
fn watches() -> [(&'static str, Value, &'static str); 8] {
    [
        ("intake", json!({}), "Cc Ccwg Cc Ccwg Cg Ccw Ccwg Cc Cg"),
        ("intake", json!({ "levelsOfCare": ["RECEIVING_23H"] }), "Cc Lcwg Eg Ecw Ccwg Cc Cg"),
        ("intake", json!({ "levelsOfCare": ["SOBERING"] }), "Ecwg Cc Ccwg Lg Lcw"),
        ("intake", json!({ "countiesFips": ["12086"] }), "Cc Ccwg Cc Lcwg"),
        ("intake", json!({ "countiesFips": ["12011"], "levelsOfCare": ["RECEIVING_23H"] }), "Eg Ecw Ccwg Cc Cg"),
        // Whose scope shows drop-off units alone, until none is left.
        ("officer", json!({}), "Cc Cc Cc Cc Cc Cc Lc"),
        ("officer", json!({ "levelsOfCare": ["SOBERING"] }), "Ec Cc Cc Lc"),
        ("peer-far", json!({}), ""),
    ]
}

/// The first agency's units and their letters, in the order of their ids.
fn letters(house: &House) -> Vec<(String, char)> {
    let agency = &house.world.agencies[0];
    let units = [(agency.chairs(), 'c'), (agency.ward(), 'w'), (agency.guest(), 'g')];
    let mut letters: Vec<(String, char)> = units.map(|(unit, letter)| (unit.to_string(), letter)).into();
    letters.sort();
    letters
}

/// Expected words, one for each unit.
fn each(house: &House, expected: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (change, units) in expected.split_whitespace().map(|word| word.split_at(1)) {
        let told = letters(house).into_iter().filter(|(_, letter)| units.contains(*letter));
        words.extend(told.map(|(_, letter)| format!("{change}{letter}")));
    }
    words
}

/// A follower's messages in the same words.
fn words(house: &House, told: &[Value]) -> Vec<String> {
    let letters = letters(house);
    let word = |message: &Value| {
        let (_, letter) = letters.iter().find(|(unit, _)| message["unitId"] == *unit).unwrap();
        let change = message["change"].as_str().unwrap();
        assert_eq!(message["unit"].is_null(), change == "LEFT", "{message}");
        format!("{}{letter}", &change[..1])
    };
    told.iter().map(word).collect()
}

async fn begin(follower: &mut Follower, client: &Client, road: Road) -> Open {
    let mut open = follower.open(client, road).await.unwrap();
    assert!(matches!(follower.next(&mut open).await, Came::Heartbeat));
    open
}

/// Reads what is to come, and that nothing more comes before the next heartbeat.
async fn read(follower: &mut Follower, open: &mut Open, many: usize) {
    loop {
        match follower.next(open).await {
            Came::Heartbeat if follower.told.len() >= many => return,
            Came::Heartbeat | Came::Change => {}
            Came::Over(why) => panic!("sent away: {why}"),
        }
    }
}

/// A house whose silent subscriptions are not silent for long.
async fn open_house(db: Db) -> House {
    House::with(db, |config| config.socket.heartbeat_seconds = 1).await
}

async fn an_edit_of_what_units_stand_on_is_told_for_each_of_them(db: Db) {
    let house = open_house(db).await;
    // Of two nodes, one has made the edits itself and knows them before the log brings them.
    let neighbor = if db == Db::Postgres { Some(house.neighbor().await) } else { None };
    let addresses = std::iter::once(house.address).chain(neighbor.as_ref().map(|(_, address)| *address));
    let mut watching = Vec::new();
    for address in addresses {
        for (n, (person, filter, expected)) in watches().into_iter().enumerate() {
            let client = Client::new(address, Some(house.token(person)));
            let mut follower = Follower::of_beds(filter.clone());
            let open = begin(&mut follower, &client, [Road::Sse, Road::Ws][n % 2]).await;
            watching.push((format!("{person} {filter}"), follower, open, each(&house, expected)));
        }
    }
    edits(&house).await;
    for (who, follower, open, expected) in &mut watching {
        read(follower, open, expected.len()).await;
        assert_eq!(words(&house, &follower.told), *expected, "{who}");
        assert_eq!(follower.again, 0, "{who}: each message has an id of its own");
    }
    house.close().await;
}

async fn whoever_comes_back_is_told_the_same_from_any_place(db: Db) {
    let house = open_house(db).await;
    let mut watching = Vec::new();
    for (person, filter, expected) in watches() {
        let (client, mut follower) = (house.client(person), Follower::of_beds(filter.clone()));
        let open = begin(&mut follower, &client, Road::Sse).await;
        watching.push((client, filter, follower.cursor.clone(), follower, open, expected));
    }
    edits(&house).await;
    for (client, filter, start, follower, open, expected) in &mut watching {
        read(follower, open, each(&house, expected).len()).await;
        let live: Vec<Value> = follower.told.iter().map(without_cursor).collect();
        let cursors = follower.told.iter().map(|message| message["cursor"].as_str().map(str::to_owned));
        for (had, cursor) in std::iter::once(start.clone()).chain(cursors).enumerate() {
            let mut again = Follower::of_beds(filter.clone());
            again.cursor = cursor;
            again.finish(client, [Road::Sse, Road::Ws][had % 2]).await;
            let told: Vec<Value> = again.told.iter().map(without_cursor).collect();
            // What was broken off amid one edit's news is told again from its beginning.
            assert!(live.ends_with(&told), "{filter} after {had}: {told:#?}");
            let missed = live.len() - had;
            assert!((missed..missed + 3).contains(&told.len()), "{filter} after {had}: {} of {missed}", told.len());
        }
    }
    house.close().await;
}

fn without_cursor(message: &Value) -> Value {
    let mut message = message.clone();
    message.as_object_mut().unwrap().remove("cursor");
    message
}

async fn a_node_that_begins_again_tells_it_too(db: Db) {
    let mut house = open_house(db).await;
    report(&house).await;
    house.deliver().await;
    house.restart().await;
    let client = house.client("intake");
    let mut follower = Follower::of_beds(json!({ "levelsOfCare": ["RECEIVING_23H"], "countiesFips": ["12086"] }));
    let mut open = begin(&mut follower, &client, Road::Ws).await;
    save_service(&house, "SOBERING").await;
    save_facility(&house, "12011").await;
    save_service(&house, "RECEIVING_23H").await;
    save_facility(&house, "12086").await;
    let expected = each(&house, "Lcwg Ecwg");
    read(&mut follower, &mut open, expected.len()).await;
    assert_eq!(words(&house, &follower.told), expected);
    house.close().await;
}
