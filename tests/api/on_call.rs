//! Who is on call for a unit: said by its own agency, read by it, and by nobody else.
use super::bed::problems;
use crate::house::traffic::staff;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::id::BedUnitId;
use serde_json::{Value, json};

on_both!(
    the_desk_names_who_is_on_call_and_its_agency_alone_reads_it,
    a_team_has_a_chain_as_a_unit_has,
    a_chain_is_changed_by_who_has_read_it,
    what_is_no_chain_is_refused_and_changes_nothing,
);

const CHAIN: &str = "id version unit { id } team { id } steps { channel address label from afterMinutes } updatedAt";

pub async fn set(client: &Client, unit: BedUnitId, steps: Value, more: Value) -> Answer {
    set_of(client, json!({ "unitId": unit.to_string() }), steps, more).await
}

/// The same for a unit or for a team.
pub async fn set_of(client: &Client, whose: Value, steps: Value, more: Value) -> Answer {
    let document = format!(
        "mutation($input: SetOnCallInput!) {{ setOnCall(input: $input) {{ onCall {{ {CHAIN} }}
            problems {{ code message path current {{ id }} }} replayed }} }}"
    );
    let mut input = json!({ "steps": steps });
    for fields in [whose, more] {
        input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    }
    client.ask(&document, json!({ "input": input })).await
}

pub async fn chain(client: &Client, unit: BedUnitId) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on BedUnit {{ id onCall {{ {CHAIN} }} }} }} }}");
    client.ask(&query, json!({ "id": unit.to_string() })).await.data("/node/onCall").clone()
}

pub fn mail(address: &str) -> Value {
    json!({ "channel": "EMAIL", "address": address })
}

async fn the_desk_names_who_is_on_call_and_its_agency_alone_reads_it(db: Db) {
    let house = House::open(db).await;
    let (ward, intake) = (house.world.agencies[0].ward(), house.client("intake"));
    assert_eq!(chain(&intake, ward).await, Value::Null);
    let steps = json!([
        { "channel": "BOARD" },
        { "channel": "EMAIL", "address": "nurse@amber.example", "label": "Charge nurse" },
        { "channel": "WEBHOOK", "address": "+13055550142", "label": "Zed Quill", "from": "HALF", "afterMinutes": 5 },
        { "channel": "EMAIL", "address": "boss@amber.example", "from": "DUE" },
    ]);
    let said = set(&intake, ward, steps, json!({})).await;
    assert_eq!(problems(&said, "setOnCall"), [""; 0]);
    let new = said.data("/setOnCall/onCall").clone();
    assert_eq!((&new["version"], &new["unit"]["id"]), (&json!(1), &json!(ward.to_string())));
    assert_eq!(new["steps"].as_array().unwrap().len(), 4);
    assert_eq!(
        new["steps"][2],
        json!({ "channel": "WEBHOOK", "address": "+13055550142", "label": "Zed Quill", "from": "HALF", "afterMinutes": 5 })
    );
    assert_eq!((&new["steps"][0]["from"], &new["steps"][0]["address"]), (&json!("ASKED"), &Value::Null));
    let id = new["id"].as_str().unwrap();
    for reader in ["intake", "emergency_department", "agency_admin"] {
        assert_eq!(chain(&house.client(reader), ward).await, new, "{reader}");
    }
    // Nobody else, of this agency or another, is told that there is one.
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for stranger in
        ["peer", "mobile_team", "officer", "hub_operator", "analyst", "intake-2", "agency_admin-2", "intake-far"]
    {
        let client = house.client(stranger);
        assert_eq!(chain(&client, ward).await, Value::Null, "{stranger}");
        assert_eq!(client.ask(node, json!({ "id": id })).await.data("/node"), &Value::Null, "{stranger}");
    }
    assert_eq!(intake.ask(node, json!({ "id": id })).await.data("/node/id"), &json!(id));
    for (stranger, code) in
        [("intake-2", "FORBIDDEN"), ("peer", "FORBIDDEN"), ("hub_operator", "FORBIDDEN"), ("intake-far", "NOT_FOUND")]
    {
        assert_eq!(set(&house.client(stranger), ward, json!([]), json!({})).await.code(), code, "{stranger}");
    }
    // Nothing that is told or kept of it beside its own row names anybody.
    house.deliver().await;
    let reader = house.store().read(&staff(house.hub(), "agency_admin")).await.unwrap();
    let log = format!("{:?}", reader.events_after(0, 1_000_000).await.unwrap());
    assert!(log.contains("OnCallSet"), "the log does not tell of it");
    for secret in ["nurse@amber", "boss@amber", "5550142", "Charge nurse", "Quill"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    drop(reader);
    house.close().await;
}

async fn a_team_has_a_chain_as_a_unit_has(db: Db) {
    let house = House::open(db).await;
    let (ward, intake) = (house.world.agencies[0].ward(), house.client("intake"));
    let team = house.team(&house.world.agencies[0], "Mobile 1").await;
    house.deliver().await;
    let whose = json!({ "teamId": team.to_string() });
    let said = set_of(&intake, whose.clone(), json!([mail("crew@amber.example")]), json!({})).await;
    assert_eq!(problems(&said, "setOnCall"), [""; 0], "{:#}", said.body);
    let new = said.data("/setOnCall/onCall").clone();
    assert_eq!((&new["team"]["id"], &new["unit"]), (&json!(team.to_string()), &Value::Null));
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Team {{ id onCall {{ {CHAIN} }} }} }} }}");
    let of_team = async |client: &Client| {
        client.ask(&query, json!({ "id": team.to_string() })).await.data("/node/onCall").clone()
    };
    assert_eq!(of_team(&intake).await, new);
    assert_eq!(chain(&intake, ward).await, Value::Null, "no unit's");
    for stranger in ["mobile_team", "line_988", "intake-2", "agency_admin-2"] {
        assert_eq!(of_team(&house.client(stranger)).await, Value::Null, "{stranger}");
    }
    for (stranger, code) in [("intake-2", "FORBIDDEN"), ("mobile_team", "FORBIDDEN"), ("intake-far", "NOT_FOUND")] {
        assert_eq!(
            set_of(&house.client(stranger), whose.clone(), json!([]), json!({})).await.code(),
            code,
            "{stranger}"
        );
    }
    // One of the two is named, and the first chain of a team is its only one.
    let both = json!({ "teamId": team.to_string(), "unitId": ward.to_string() });
    for neither in [json!({}), both] {
        assert_eq!(set_of(&intake, neither, json!([]), json!({})).await.code(), "BAD_USER_INPUT");
    }
    let absent = json!({ "teamId": ward.to_string() });
    assert_eq!(set_of(&intake, absent, json!([]), json!({})).await.code(), "NOT_FOUND");
    let stale = set_of(&intake, whose.clone(), json!([]), json!({ "expectedVersion": 0 })).await;
    assert_eq!(problems(&stale, "setOnCall"), ["STALE_VERSION"]);
    let emptied = set_of(&intake, whose, json!([]), json!({ "expectedVersion": 1 })).await;
    assert_eq!(emptied.data("/setOnCall/onCall/id"), &new["id"]);
    house.close().await;
}

async fn a_chain_is_changed_by_who_has_read_it(db: Db) {
    let house = House::open(db).await;
    let (ward, intake) = (house.world.agencies[0].ward(), house.client("intake"));
    let key = json!({ "idempotencyKey": "k1", "expectedVersion": 0 });
    let one = json!([mail("nurse@amber.example")]);
    let said = set(&intake, ward, one.clone(), key.clone()).await;
    assert_eq!((problems(&said, "setOnCall").len(), said.data("/setOnCall/replayed")), (0, &json!(false)));
    let again = set(&intake, ward, one.clone(), key.clone()).await;
    assert_eq!((again.data("/setOnCall/replayed"), again.data("/setOnCall/onCall/version")), (&json!(true), &json!(1)));
    // The same key with another address is another request.
    let other = set(&intake, ward, json!([mail("other@amber.example")]), key).await;
    assert_eq!(problems(&other, "setOnCall"), ["IDEMPOTENCY_CONFLICT"]);
    let stale = set(&intake, ward, json!([]), json!({ "expectedVersion": 0 })).await;
    assert_eq!(problems(&stale, "setOnCall"), ["STALE_VERSION"]);
    assert_eq!(stale.data("/setOnCall/problems/0/current/id"), said.data("/setOnCall/onCall/id"));
    let emptied = set(&intake, ward, json!([]), json!({ "expectedVersion": 1 })).await;
    assert_eq!(emptied.data("/setOnCall/onCall/version"), &json!(2));
    assert_eq!(chain(&intake, ward).await["steps"], json!([]));
    // Two who change it at once: one of them has read what is true no more.
    let both = tokio::join!(
        set(&intake, ward, one.clone(), json!({ "expectedVersion": 2 })),
        set(&intake, ward, one, json!({ "expectedVersion": 2 })),
    );
    let mut codes = [problems(&both.0, "setOnCall").join(" "), problems(&both.1, "setOnCall").join(" ")];
    codes.sort();
    assert_eq!(codes, ["", "STALE_VERSION"]);
    house.close().await;
}

async fn what_is_no_chain_is_refused_and_changes_nothing(db: Db) {
    let house = House::open(db).await;
    let (ward, intake) = (house.world.agencies[0].ward(), house.client("intake"));
    let long = format!("{}@amber.example", "a".repeat(190));
    let step = |channel: &str, address: &str| json!({ "channel": channel, "address": address });
    for (steps, field) in [
        (json!(vec![mail("a@amber.example"); 9]), "steps"),
        (json!([{ "channel": "EMAIL" }]), "address"),
        (json!([{ "channel": "WEBHOOK" }]), "address"),
        (json!([step("BOARD", "x")]), "address"),
        (json!([step("EMAIL", "")]), "address"),
        (json!([step("EMAIL", "nobody")]), "address"),
        (json!([step("EMAIL", "a@b@amber.example")]), "address"),
        (json!([step("EMAIL", "a@amber.example, b@amber.example")]), "address"),
        (json!([step("EMAIL", "Zed <a@amber.example>")]), "address"),
        (json!([step("EMAIL", "a@amber.example\r\nBcc: b@amber.example")]), "address"),
        (json!([step("WEBHOOK", "+1 305 555 0142")]), "address"),
        (json!([step("EMAIL", &long)]), "address"),
        (json!([{ "channel": "PUSH" }]), "address"),
        (json!([step("PUSH", "nurse@amber.example")]), "address"),
        (json!([step("PUSH", &ward.to_string())]), "address"),
        (json!([{ "channel": "BOARD", "afterMinutes": 1441 }]), "afterMinutes"),
        (json!([{ "channel": "BOARD", "label": "a\nb" }]), "label"),
        (json!([{ "channel": "BOARD", "label": "a".repeat(61) }]), "label"),
    ] {
        let said = set(&intake, ward, steps.clone(), json!({})).await;
        assert_eq!(said.code(), "BAD_USER_INPUT", "{steps}");
        let text = said.body.to_string();
        assert!(text.contains(field) && !text.contains("amber.example"), "{steps}: {text}");
    }
    assert_eq!(set(&intake, ward, json!([{ "channel": "PIGEON" }]), json!({})).await.code(), "BAD_USER_INPUT");
    assert_eq!(chain(&intake, ward).await, Value::Null);
    let gone = house.world.agencies[0].facility;
    let no_unit = "mutation($id: ID!) { setOnCall(input: { unitId: $id, steps: [] }) { onCall { id } } }";
    assert_eq!(intake.ask(no_unit, json!({ "id": gone.to_string() })).await.code(), "NOT_FOUND");
    let no_call = "mutation($id: ID!) { acknowledgeCall(input: { callId: $id }) { call { id } } }";
    assert_eq!(intake.ask(no_call, json!({ "id": gone.to_string() })).await.code(), "NOT_FOUND");
    house.close().await;
}
