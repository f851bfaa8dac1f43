//! Holds: placed, extended, given back, used up by an arrival, over at their end.
use super::bed::{minutes_from_now, numbers, problems, unit};
use crate::house::traffic::until;
use crate::house::{Answer, Client, Db, House};
use serde_json::{Value, json};

on_both!(
    a_hold_takes_a_place_until_it_is_given_back,
    an_arrival_is_counted_until_the_next_report,
    at_its_end_a_hold_is_over_for_everybody,
    who_may_hold_is_the_units_own_policy,
    an_agency_has_a_few_holds_and_one_for_a_need,
    the_units_agency_takes_a_place_back_with_a_reason,
    a_stale_or_full_or_paused_unit_keeps_no_place,
    a_request_sent_twenty_times_is_one_hold,
    holds_are_seen_by_both_sides_and_nobody_else,
    holds_are_listed_latest_first,
);

pub const HOLD: &str = "mutation($input: HoldBedInput!) { holdBed(input: $input) {
    hold { id generation state until unit { id net heldUntil } } problems { code message path current { id } } replayed } }";
const EXTEND: &str = "mutation($input: ExtendHoldInput!) { extendHold(input: $input) {
    hold { id generation state until } problems { code current { id } } replayed } }";
pub const RELEASE: &str = "mutation($input: ReleaseHoldInput!) { releaseHold(input: $input) {
    hold { id generation state endedAt releaseReason } problems { code current { id } } replayed } }";
pub const ARRIVE: &str = "mutation($input: ArriveOnHoldInput!) { arriveOnHold(input: $input) {
    hold { id generation state endedAt unit { net } } problems { code current { id } } replayed } }";

/// Places a hold and answers its id.
pub async fn hold(client: &Client, unit: impl ToString) -> String {
    let said = client.ask(HOLD, json!({ "input": { "unitId": unit.to_string() } })).await;
    said.data("/holdBed/hold/id").as_str().unwrap_or_else(|| panic!("{:#}", said.body)).to_owned()
}

async fn report(client: &Client, unit: impl ToString, staffed: u32, occupied: u32) {
    let said = client.ask(super::bed::REPORT, numbers(unit, staffed, occupied)).await;
    assert_eq!(problems(&said, "reportBeds"), [""; 0]);
}

async fn release(client: &Client, hold: &str, reason: &str) -> Answer {
    client.ask(RELEASE, json!({ "input": { "holdId": hold, "reason": reason } })).await
}

async fn a_hold_takes_a_place_until_it_is_given_back(db: Db) {
    let house = House::open(db).await;
    let (intake, ed) = (house.client("intake"), house.client("emergency_department-2"));
    let chairs = house.world.agencies[0].chairs();
    report(&intake, chairs, 4, 2).await;
    let said = ed.ask(HOLD, json!({ "input": { "unitId": chairs.to_string(), "minutes": 20 } })).await;
    assert_eq!(said.data("/holdBed/hold/state"), "ACTIVE");
    assert_eq!(said.data("/holdBed/hold/unit/net"), 1, "the answer's own unit has the place taken off");
    assert_eq!(said.data("/holdBed/hold/until"), said.data("/holdBed/hold/unit/heldUntil"));
    let id = said.data("/holdBed/hold/id").as_str().unwrap().to_owned();

    let extended = ed.ask(EXTEND, json!({ "input": { "holdId": id, "minutes": 60, "generation": 1 } })).await;
    assert_eq!(extended.data("/extendHold/hold/generation"), 2);
    let stale = ed.ask(EXTEND, json!({ "input": { "holdId": id, "minutes": 70, "generation": 1 } })).await;
    assert_eq!(problems(&stale, "extendHold"), ["STALE_VERSION"]);
    let long = ed.ask(EXTEND, json!({ "input": { "holdId": id, "minutes": 121 } })).await;
    assert_eq!(problems(&long, "extendHold"), ["HOLD_TOO_LONG"], "two hours in all, unless the owner says more");
    let owner = intake.ask(EXTEND, json!({ "input": { "holdId": id, "minutes": 180 } })).await;
    assert_eq!(owner.data("/extendHold/hold/state"), "ACTIVE");

    let given = release(&ed, &id, "WENT_ELSEWHERE").await;
    assert_eq!(given.data("/releaseHold/hold/state"), "RELEASED");
    house.deliver().await;
    assert_eq!(unit(&intake, chairs).await["net"], 2);
    let again = release(&ed, &id, "WENT_ELSEWHERE").await;
    assert_eq!(problems(&again, "releaseHold"), ["WRONG_STATE"]);
    assert_eq!(again.data("/releaseHold/problems/0/current/id"), &json!(id));
    house.close().await;
}

async fn an_arrival_is_counted_until_the_next_report(db: Db) {
    let house = House::open(db).await;
    let (intake, officer) = (house.client("intake"), house.client("officer-2"));
    let chairs = house.world.agencies[0].chairs();
    report(&intake, chairs, 1, 0).await;
    house.clock.advance(5);
    let id = hold(&officer, chairs).await;
    let came = officer.ask(ARRIVE, json!({ "input": { "holdId": id } })).await;
    assert_eq!(came.data("/arriveOnHold/hold/state"), "CONSUMED");
    house.deliver().await;
    house.clock.advance(45);
    let seen = unit(&intake, chairs).await;
    assert_eq!((&seen["net"], &seen["shownAs"]), (&json!(0), &json!("FULL")), "the hold is over, the person is there");
    let search = "{ bedSearch(need: {}) { edges { unit { id shownAs } } } }";
    for asker in [&officer, &house.client("line_988")] {
        let said = asker.ask(search, json!({})).await;
        let found = said.data("/bedSearch/edges").as_array().unwrap();
        assert!(found.iter().all(|edge| edge["unit"]["shownAs"] != "AVAILABLE"), "{found:#?}");
    }
    // A report that was true before the arrival counts nobody who came after it.
    let early =
        json!({ "unitId": chairs.to_string(), "staffed": 2, "occupied": 0, "asOf": minutes_from_now(&house, -47) });
    let said = intake.ask(super::bed::REPORT, json!({ "input": { "units": [early] } })).await;
    assert_eq!(said.data("/reportBeds/bedUnits/0/net"), 1);
    report(&intake, chairs, 2, 1).await;
    assert_eq!(unit(&intake, chairs).await["net"], 1, "the report counts the person; the hub no longer does");
    house.close().await;
}

async fn at_its_end_a_hold_is_over_for_everybody(db: Db) {
    let house = House::open(db).await;
    let (intake, officer) = (house.client("intake"), house.client("officer-2"));
    let chairs = house.world.agencies[0].chairs();
    report(&intake, chairs, 1, 0).await;
    let id = hold(&officer, chairs).await;
    house.deliver().await;
    let mut watching = officer.sse(super::bed::WATCH, json!({})).await;
    watching.next().await.unwrap();
    house.clock.advance(30);
    // At once, by computation, whether or not the sweeper has been there.
    assert_eq!(unit(&intake, chairs).await["net"], 1);
    for to in [ARRIVE, EXTEND, RELEASE] {
        let input = match to {
            EXTEND => json!({ "holdId": id, "minutes": 10 }),
            RELEASE => json!({ "holdId": id, "reason": "MISTAKE" }),
            _ => json!({ "holdId": id }),
        };
        let said = officer.ask(to, json!({ "input": input })).await;
        let field = said.body["data"].as_object().unwrap().keys().next().unwrap().clone();
        assert_eq!(problems(&said, &field), ["HOLD_EXPIRED"], "{field}");
    }
    let told = watching.change("bedsChanged").await;
    assert_eq!((&told["unitId"], &told["unit"]["shownAs"]), (&json!(chairs.to_string()), &json!("AVAILABLE")));
    let state = "query($id: ID!) { node(id: $id) { ... on BedHold { state endedAt until } } }";
    let seen = officer.ask(state, json!({ "id": id })).await;
    assert_eq!(seen.data("/node/state"), "EXPIRED");
    assert_eq!(seen.data("/node/endedAt"), seen.data("/node/until"));
    // The place is taken by the next one while the sweeper may still be at it.
    hold(&officer, chairs).await;
    until("the log tells of the end", async || {
        house.deliver().await;
        crate::house::traffic::log(house.store())
            .await
            .iter()
            .any(|event| event.happening.kind == crisis_hub::domain::event::EventKind::BedHoldExpired)
    })
    .await;
    house.close().await;
}

async fn who_may_hold_is_the_units_own_policy(db: Db) {
    let house = House::open(db).await;
    let (intake, agency) = (house.client("intake"), &house.world.agencies[0]);
    for unit in &agency.units {
        report(&intake, unit, 5, 0).await;
    }
    let ask = |person: &str, unit: String| {
        let client = house.client(person);
        async move { client.ask(HOLD, json!({ "input": { "unitId": unit } })).await }
    };
    // First responders hold drop-offs alone; a ward is not even there for them.
    assert_eq!(ask("ems", agency.ward().to_string()).await.code(), "NOT_FOUND");
    for nobody in ["council", "advocate", "analyst", "hub_operator"] {
        let code = ask(nobody, agency.chairs().to_string()).await.code().to_owned();
        assert!(["FORBIDDEN", "NOT_FOUND"].contains(&code.as_str()), "{nobody}: {code}");
    }
    assert_eq!(
        ask("intake-2", agency.chairs().to_string()).await.code(),
        "FORBIDDEN",
        "intake holds at its own agency"
    );
    let save = "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { problems { code } } }";
    for (policy, others, own) in [("ON_ACCEPT", "HOLD_POLICY", ""), ("NONE", "HOLD_POLICY", "HOLD_POLICY")] {
        let input = json!({ "id": agency.ward().to_string(), "label": "Amber ward", "licensed": 12,
            "facilityId": agency.facility.to_string(), "serviceId": agency.service.to_string(), "holdPolicy": policy });
        house.client("agency_admin").ask(save, json!({ "input": input })).await.data("/saveBedUnit");
        for (person, code) in [("emergency_department-2", others), ("intake", own)] {
            let said = ask(person, agency.ward().to_string()).await;
            assert_eq!(problems(&said, "holdBed").join(""), code, "{policy} {person}");
        }
    }
    house.close().await;
}

async fn an_agency_has_a_few_holds_and_one_for_a_need(db: Db) {
    let house = House::open(db).await;
    let (intake, mobile) = (house.client("intake"), house.client("mobile_team-2"));
    let agency = &house.world.agencies[0];
    report(&intake, agency.chairs(), 20, 0).await;
    let need = |name: &str| json!({ "input": { "unitId": agency.chairs().to_string(), "needRef": name } });
    let first = mobile.ask(HOLD, need("call 17")).await;
    let again = mobile.ask(HOLD, need("call 17")).await;
    assert_eq!(problems(&again, "holdBed"), ["HOLD_LIMIT"]);
    assert_eq!(again.data("/holdBed/problems/0/current/id"), first.data("/holdBed/hold/id"));
    for n in 0..4 {
        assert!(!mobile.ask(HOLD, need(&format!("other {n}"))).await.data("/holdBed/hold").is_null());
    }
    let sixth = house.client("emergency_department-2").ask(HOLD, need("sixth")).await;
    assert_eq!(problems(&sixth, "holdBed"), ["HOLD_LIMIT"], "five at once for one agency, whoever of its people asks");
    let own = intake.ask(HOLD, need("sixth")).await;
    assert_eq!(problems(&own, "holdBed"), [""; 0], "on its own unit an agency is not limited");
    release(&mobile, first.data("/holdBed/hold/id").as_str().unwrap(), "NO_LONGER_NEEDED").await;
    assert_eq!(problems(&mobile.ask(HOLD, need("call 17")).await, "holdBed"), [""; 0]);
    let stored = crate::house::traffic::log(house.store()).await;
    assert!(!format!("{stored:?}").contains("call 17"), "the client's name for the need is in the log");
    house.close().await;
}

async fn the_units_agency_takes_a_place_back_with_a_reason(db: Db) {
    let house = House::open(db).await;
    let (intake, chairs) = (house.client("intake"), house.world.agencies[0].chairs());
    report(&intake, chairs, 3, 0).await;
    let id = hold(&house.client("officer-2"), chairs).await;
    let stranger = release(&house.client("mobile_team"), &id, "MISTAKE").await;
    assert_eq!(stranger.code(), "FORBIDDEN", "seen by its own agency, and not a mobile team's to settle");
    let back = release(&intake, &id, "PLACE_LOST").await;
    assert_eq!(back.data("/releaseHold/hold/state"), "OVERRIDDEN");
    assert_eq!(back.data("/releaseHold/hold/releaseReason"), "PLACE_LOST");
    house.close().await;
}

async fn a_stale_or_full_or_paused_unit_keeps_no_place(db: Db) {
    let house = House::open(db).await;
    let (intake, officer) = (house.client("intake"), house.client("officer-2"));
    let chairs = house.world.agencies[0].chairs();
    let refused = async |why: &str| {
        let said = officer.ask(HOLD, json!({ "input": { "unitId": chairs.to_string() } })).await;
        assert_eq!(problems(&said, "holdBed"), ["NO_CAPACITY"], "{why}");
        assert_eq!(said.data("/holdBed/problems/0/current/id"), &json!(chairs.to_string()));
    };
    refused("never reported").await;
    report(&intake, chairs, 2, 2).await;
    refused("full").await;
    report(&intake, chairs, 2, 0).await;
    house.clock.advance(121);
    refused("stale").await;
    report(&intake, chairs, 2, 0).await;
    let pause = "mutation($input: PauseBedUnitInput!) { pauseBedUnit(input: $input) { problems { code } } }";
    let input = json!({ "bedUnitId": chairs.to_string(), "reason": "STAFFING", "until": minutes_from_now(&house, 60) });
    intake.ask(pause, json!({ "input": input })).await.data("/pauseBedUnit");
    refused("paused").await;
    house.close().await;
}

async fn a_request_sent_twenty_times_is_one_hold(db: Db) {
    let house = House::open(db).await;
    let (hubs, addresses, _other) = house.hubs().await;
    let (intake, chairs) = (house.client("intake"), house.world.agencies[0].chairs());
    report(&intake, chairs, 40, 0).await;
    let officer = house.client("officer-2");
    let mut id = Value::Null;
    for (field, document, input) in [
        ("holdBed", HOLD, json!({ "unitId": chairs.to_string(), "idempotencyKey": "k" })),
        ("extendHold", EXTEND, json!({ "holdId": null, "minutes": 50, "idempotencyKey": "k" })),
        ("arriveOnHold", ARRIVE, json!({ "holdId": null, "idempotencyKey": "k" })),
    ] {
        let mut input = input;
        if input.get("holdId").is_some() {
            input["holdId"] = id.clone();
        }
        let send = |n: usize| {
            let client = Client::new(addresses[n % addresses.len()], officer.token.clone());
            let body = json!({ "input": input });
            async move { client.ask(document, body).await }
        };
        let answers = futures_util::future::join_all((0..20).map(send)).await;
        let told: std::collections::BTreeSet<String> = answers
            .iter()
            .map(|said| {
                format!(
                    "{} {}",
                    said.data(&format!("/{field}/hold/id")),
                    said.data(&format!("/{field}/hold/generation"))
                )
            })
            .collect();
        assert_eq!(told.len(), 1, "{field}: {told:?}");
        let fresh = answers.iter().filter(|said| said.data(&format!("/{field}/replayed")) == false).count();
        assert_eq!(fresh, 1, "{field}");
        id = answers[0].data(&format!("/{field}/hold/id")).clone();
        let other = json!({ "input": { "unitId": chairs.to_string(), "minutes": 7, "idempotencyKey": "k" } });
        assert_eq!(problems(&officer.ask(HOLD, other).await, "holdBed"), ["IDEMPOTENCY_CONFLICT"]);
    }
    drop(hubs);
    house.close().await;
}

async fn holds_are_seen_by_both_sides_and_nobody_else(db: Db) {
    let house = House::open(db).await;
    let chairs = house.world.agencies[0].chairs();
    report(&house.client("intake"), chairs, 4, 0).await;
    let id = hold(&house.client("ems-2"), chairs).await;
    house.deliver().await;
    let node = "query($id: ID!) { node(id: $id) { __typename id ... on BedHold { holder { id } } } }";
    let seen = async |person: &str| house.client(person).ask(node, json!({ "id": id })).await.data("/node").clone();
    for side in ["intake", "officer", "agency_admin", "ems-2", "dispatcher-2"] {
        assert_eq!(seen(side).await["id"], json!(id), "{side}");
    }
    for other in ["officer-far", "council", "council-2", "advocate", "analyst", "hub_operator"] {
        assert!(seen(other).await.is_null(), "{other}");
        let list = house.client(other).ask("{ bedHolds { edges { node { id } } } }", json!({})).await;
        assert_eq!(list.data("/bedHolds/edges"), &json!([]), "{other}");
    }
    house.close().await;
}

async fn holds_are_listed_latest_first(db: Db) {
    let house = House::open(db).await;
    let (intake, chairs) = (house.client("intake"), house.world.agencies[0].chairs());
    report(&intake, chairs, 9, 0).await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.insert(0, hold(&intake, chairs).await);
        // Ids are in the order of their milliseconds.
        house.clock.advance_micros(1_000);
    }
    release(&intake, &placed[0], "MISTAKE").await;
    let list = "query($first: Int, $after: Cursor, $filter: BedHoldFilter) { bedHolds(first: $first, after: $after, filter: $filter) {
        edges { node { id state } } pageInfo { hasNextPage endCursor } } }";
    let (mut after, mut listed) = (Value::Null, Vec::new());
    loop {
        let said = intake.ask(list, json!({ "first": 2, "after": after })).await;
        let edges = said.data("/bedHolds/edges").as_array().unwrap().clone();
        listed.extend(edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()));
        after = said.data("/bedHolds/pageInfo/endCursor").clone();
        if said.data("/bedHolds/pageInfo/hasNextPage") == false {
            break;
        }
    }
    assert_eq!(listed, placed);
    let active = intake.ask(list, json!({ "filter": { "states": ["ACTIVE"], "unitId": chairs.to_string() } })).await;
    assert_eq!(active.data("/bedHolds/edges").as_array().unwrap().len(), 4);
    house.clock.advance(31);
    let active = intake.ask(list, json!({ "filter": { "states": ["ACTIVE"] } })).await;
    assert_eq!(active.data("/bedHolds/edges"), &json!([]), "over at its end, whoever has noticed");
    let over = intake.ask(list, json!({ "filter": { "states": ["EXPIRED", "RELEASED"] } })).await;
    assert_eq!(over.data("/bedHolds/edges").as_array().unwrap().len(), 5);
    house.close().await;
}
