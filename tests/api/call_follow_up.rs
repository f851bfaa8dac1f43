//! A call that needed no handoff: with the person's agreement somebody calls again, and the hub knows of nobody who that is.
use super::bed::problems;
use super::disclose::{behind, count};
use super::retention::DAY;
use crate::disclose_keys::dumped;
use crate::house::traffic::{log_of, staff, until};
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::event::{Event, EventKind};
use serde_json::{Value, json};

on_both!(
    whoever_took_the_call_calls_again,
    a_follow_up_after_a_call_has_its_limits_and_its_readers,
    whom_it_was_about_is_nobodys_to_read,
);

const SHOWN: &str = "id version by state afterCall doneBy late attempts endedAt owner { id } handoff { id }";

async fn plan(client: &Client, person: &str, more: Value) -> Answer {
    let document = format!(
        "mutation($input: PlanCallFollowUpInput!) {{ planCallFollowUp(input: $input) {{ followUp {{ {SHOWN} }}
            problems {{ code path message }} replayed }} }}"
    );
    let mut input = json!({ "personReference": person, "personAgreed": true, "by": "LINE_988", "withinHours": 24 });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(&document, json!({ "input": input })).await
}

async fn planned(client: &Client, person: &str, more: Value) -> Value {
    let said = plan(client, person, more).await;
    assert_eq!(problems(&said, "planCallFollowUp"), [""; 0], "{:#}", said.body);
    said.data("/planCallFollowUp/followUp").clone()
}

async fn record(client: &Client, id: &Value, outcome: &str) -> Answer {
    let document = format!(
        "mutation($input: RecordFollowUpInput!) {{ recordFollowUp(input: $input) {{ followUp {{ {SHOWN} }}
            problems {{ code path message }} replayed }} }}"
    );
    client.ask(&document, json!({ "input": { "followUpId": id, "outcome": outcome } })).await
}

async fn due(client: &Client) -> Vec<Value> {
    let query = format!("{{ followUps(filter: {{ states: [DUE] }}) {{ edges {{ node {{ {SHOWN} }} }} }} }}");
    let said = client.ask(&query, json!({})).await;
    said.data("/followUps/edges").as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

async fn whoever_took_the_call_calls_again(db: Db) {
    let house = House::open(db).await;
    let line = house.client("line_988");
    let one = planned(&line, "caller 7", json!({ "idempotencyKey": "c" })).await;
    assert_eq!((&one["afterCall"], &one["handoff"], &one["state"]), (&json!(true), &Value::Null, &json!("DUE")));
    assert_eq!(one["owner"]["id"], json!(house.world.agencies[0].organization.to_string()));
    let again = plan(&line, "caller 7", json!({ "idempotencyKey": "c" })).await;
    assert_eq!(
        (again.data("/planCallFollowUp/replayed"), again.data("/planCallFollowUp/followUp/id")),
        (&json!(true), &one["id"])
    );
    let other = plan(&line, "caller 8", json!({ "idempotencyKey": "c" })).await;
    assert_eq!(problems(&other, "planCallFollowUp"), ["IDEMPOTENCY_CONFLICT"]);
    let team = planned(&house.client("mobile_team"), "caller 9", json!({ "by": "TEAM", "withinHours": 72 })).await;
    assert_eq!(due(&line).await.len(), 2);
    // The same clock, and the same words for how it went.
    record(&line, &one["id"], "ATTEMPTED").await.data("");
    let reached = record(&line, &one["id"], "CONNECTED").await;
    assert_eq!(
        (reached.data("/recordFollowUp/followUp/state"), reached.data("/recordFollowUp/followUp/attempts")),
        (&json!("CONNECTED"), &json!(2))
    );
    house.clock.advance(72 * 60 + 1);
    until("it is late", async || {
        let late = |event: &Event| event.happening.kind == EventKind::FollowUpLate;
        log_of(house.store(), &staff(house.hub(), "line_988")).await.iter().any(late)
    })
    .await;
    let late = due(&house.client("line_988")).await;
    assert_eq!((late.len(), &late[0]["id"], &late[0]["late"]), (1, &team["id"], &json!(true)));
    house.clock.advance(7 * DAY + 1);
    until("nobody said how it went", async || due(&house.client("line_988")).await.is_empty()).await;
    house.close().await;
}

async fn a_follow_up_after_a_call_has_its_limits_and_its_readers(db: Db) {
    let house = House::open(db).await;
    let line = house.client("line_988");
    let unasked = plan(&line, "caller 7", json!({ "personAgreed": false })).await;
    assert_eq!(problems(&unasked, "planCallFollowUp"), ["CONSENT_REQUIRED"]);
    for bad in [
        json!({ "withinHours": 25 }),
        json!({ "withinHours": 0 }),
        json!({ "by": "TEAM", "withinHours": 73 }),
        json!({ "personReference": " " }),
        json!({ "personReference": "n".repeat(129) }),
    ] {
        assert_eq!(plan(&line, "caller 7", bad.clone()).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    for blind in
        ["officer", "dispatcher", "ems", "peer", "emergency_department", "council", "agency_admin", "hub_operator"]
    {
        assert_eq!(plan(&house.client(blind), "caller 7", json!({})).await.code(), "FORBIDDEN", "{blind}");
    }
    // Three for one person, as one agency knows them; another agency's person of the same reference is another.
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(planned(&line, "caller 7", json!({})).await);
    }
    assert_eq!(problems(&plan(&line, "caller 7", json!({})).await, "planCallFollowUp"), ["OUT_OF_RANGE"]);
    planned(&line, "caller 8", json!({})).await;
    planned(&house.client("intake-2"), "caller 7", json!({})).await;
    record(&line, &made[0]["id"], "UNREACHED").await.data("");
    planned(&line, "caller 7", json!({})).await;
    let node = "query($id: ID!) { node(id: $id) { ... on FollowUp { id state } } }";
    for blind in ["officer", "dispatcher", "ems", "intake-2", "line_988-far", "council", "agency_admin"] {
        let client = house.client(blind);
        assert!(client.ask(node, json!({ "id": made[1]["id"] })).await.data("/node").is_null(), "{blind}");
        assert_eq!(record(&client, &made[1]["id"], "CONNECTED").await.code(), "NOT_FOUND", "{blind}");
    }
    for care in ["intake", "peer", "mobile_team"] {
        assert_eq!(
            house.client(care).ask(node, json!({ "id": made[1]["id"] })).await.data("/node/state"),
            "DUE",
            "{care}"
        );
    }
    // Nobody is tried without end.
    for _ in 0..50 {
        assert_eq!(problems(&record(&line, &made[1]["id"], "ATTEMPTED").await, "recordFollowUp"), [""; 0]);
    }
    assert_eq!(problems(&record(&line, &made[1]["id"], "ATTEMPTED").await, "recordFollowUp"), ["OUT_OF_RANGE"]);
    assert_eq!(problems(&record(&line, &made[1]["id"], "UNREACHED").await, "recordFollowUp"), [""; 0]);
    house.close().await;
}

async fn whom_it_was_about_is_nobodys_to_read(db: Db) {
    let mut house = House::open(db).await;
    let line = house.client("line_988");
    let one = planned(&line, "canaryperson", json!({ "idempotencyKey": "c" })).await;
    planned(&line, "canaryperson", json!({})).await;
    planned(&house.client("line_988-2"), "canaryperson", json!({})).await;
    let behind_it = behind(&house).await;
    // A digest for each agency: the same person of one, and nobody's of the other.
    let agencies = "(SELECT DISTINCT person_ref FROM follow_up) AS persons";
    assert_eq!(count(&behind_it, agencies).await, 2);
    behind_it.close().await.unwrap();
    record(&line, &one["id"], "CONNECTED").await.data("");
    house.halt().await;
    let bytes = dumped(house.place()).await;
    assert!(!bytes.windows(12).any(|window| window == b"canaryperson"), "a reference lies open");
    house.start().await;
    house.clock.advance(89 * DAY);
    let known = "follow_up WHERE person_ref IS NOT NULL AND state = 'CONNECTED'";
    let left = async || {
        let behind_it = behind(&house).await;
        let left = count(&behind_it, known).await;
        behind_it.close().await.unwrap();
        left
    };
    assert_eq!(left().await, 1);
    house.clock.advance(2 * DAY);
    until("who it was about is forgotten", async || left().await == 0).await;
    let node = "query($id: ID!) { node(id: $id) { ... on FollowUp { state attempts } } }";
    let said = house.client("line_988").ask(node, json!({ "id": one["id"] })).await;
    assert_eq!(said.data("/node"), &json!({ "state": "CONNECTED", "attempts": 1 }));
    house.close().await;
}
