//! Notices: posted, read by the region, acknowledged agency by agency, withdrawn.
use super::bed::problems;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::clock::Clock;
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::role::Role;
use serde_json::{Value, json};

on_both!(
    a_notice_is_posted_acknowledged_and_withdrawn,
    coordinators_and_administrators_post_and_nobody_else,
    twenty_acknowledgements_at_once_are_one_for_each_agency,
    whoever_is_not_asked_or_comes_too_late_is_told_so,
    a_list_narrows_by_time_address_severity_and_drill,
    a_notice_has_bounds,
    the_same_post_twenty_times_at_once_is_one_notice,
    the_log_tells_of_a_notice_and_holds_no_word_of_it,
);

pub const POST: &str = "mutation($input: PostNoticeInput!) { postNotice(input: $input) {
    notice { id version state marker drill headline acknowledgedCount awaitingCount } problems { code message } replayed } }";
const WITHDRAW: &str = "mutation($input: WithdrawNoticeInput!) { withdrawNotice(input: $input) {
    notice { id version state withdrawnAt } problems { code message current { id } } replayed } }";
const ACKNOWLEDGE: &str = "mutation($input: AcknowledgeNoticeInput!) { acknowledgeNotice(input: $input) {
    notice { id version acknowledgement { at grantId organization { id } } acknowledgements { at } acknowledgedCount }
    problems { code message path current { id } } replayed } }";
const NOTICE: &str =
    "query($id: ID!) { node(id: $id) { ... on Notice { id version severity headline text drill marker state
    organization { id } countiesFips organizationKinds addressedToMe startsAt endsAt withdrawnAt acknowledgementWanted
    acknowledgement { grantId organization { id } } acknowledgements { organization { id } grantId } acknowledgedCount
    awaiting { id } awaitingCount } } }";

/// What a notice says, with other fields.
pub fn said(house: &House, fields: &Value) -> Value {
    let mut input = json!({ "severity": "WARNING", "headline": "Amber: storm", "text": "Roads close at six.\nCall ahead.",
        "endsAt": house.clock.now().plus_minutes(120).to_string(), "acknowledgementWanted": true });
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "input": input })
}

/// Posts a notice and answers its id.
pub async fn post(house: &House, person: &str, fields: Value) -> String {
    let answer = house.client(person).ask(POST, said(house, &fields)).await;
    assert_eq!(problems(&answer, "postNotice"), [""; 0], "{:#}", answer.body);
    let id = answer.data("/postNotice/notice/id").as_str().unwrap().to_owned();
    house.deliver().await;
    id
}

/// Designates the first agency to coordinate the region.
pub async fn coordinate(house: &House) {
    let save = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { problems { code } } }";
    let input = json!({ "id": house.world.agencies[0].organization.to_string(), "name": "Amber Crisis Care",
        "kind": "TRIBAL", "coveredEntity": true, "coordinating": true });
    let answer = house.client("hub_operator").ask(save, json!({ "input": input })).await;
    assert_eq!(problems(&answer, "saveOrganization"), [""; 0]);
}

fn on(id: &str) -> Value {
    json!({ "input": { "noticeId": id } })
}

async fn notice(client: &Client, id: &str) -> Value {
    client.ask(NOTICE, json!({ "id": id })).await.data("/node").clone()
}

async fn acknowledge(client: &Client, id: &str) -> Answer {
    client.ask(ACKNOWLEDGE, on(id)).await
}

async fn a_notice_is_posted_acknowledged_and_withdrawn(db: Db) {
    let mut house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let id = post(&house, "agency_admin", json!({})).await;
    let seen = notice(&house.client("council-2"), &id).await;
    assert_eq!(
        (&seen["severity"], &seen["state"], &seen["marker"]),
        (&json!("WARNING"), &json!("ACTIVE"), &Value::Null)
    );
    assert_eq!(seen["text"], "Roads close at six.\nCall ahead.");
    assert_eq!(seen["organization"]["id"], ours.organization.to_string());
    assert_eq!((&seen["addressedToMe"], &seen["countiesFips"]), (&json!(true), &json!([])));
    assert_eq!((&seen["acknowledgements"], &seen["acknowledgedCount"]), (&json!([]), &Value::Null));
    assert_eq!((&seen["awaiting"], &seen["awaitingCount"]), (&Value::Null, &Value::Null));
    assert_eq!(notice(&house.client("agency_admin-far"), &id).await, Value::Null, "another region");
    assert_eq!(acknowledge(&house.client("intake-far"), &id).await.code(), "NOT_FOUND");

    // The agency that posted it sees who is still to answer; the others see themselves.
    let asked = notice(&house.client("peer"), &id).await;
    assert_eq!((&asked["acknowledgedCount"], &asked["awaitingCount"]), (&json!(0), &json!(1)));
    assert_eq!(asked["awaiting"], json!([{ "id": theirs.organization.to_string() }]));
    let done = acknowledge(&house.client("officer-2"), &id).await;
    assert_eq!(problems(&done, "acknowledgeNotice"), [""; 0]);
    let own = done.data("/acknowledgeNotice/notice");
    assert_eq!(own["acknowledgement"]["organization"]["id"], theirs.organization.to_string());
    assert_eq!((&own["version"], &own["acknowledgedCount"]), (&json!(2), &Value::Null));
    let again = acknowledge(&house.client("intake-2"), &id).await;
    assert_eq!(again.data("/acknowledgeNotice/notice/version"), 2, "one of an agency is enough");
    house.deliver().await;
    let asked = notice(&house.client("agency_admin"), &id).await;
    assert_eq!(
        (&asked["acknowledgedCount"], &asked["awaitingCount"], &asked["awaiting"]),
        (&json!(1), &json!(0), &json!([]))
    );
    assert_eq!(asked["acknowledgements"][0]["organization"]["id"], theirs.organization.to_string());
    let grant = own["acknowledgement"]["grantId"].clone();
    assert_eq!(asked["acknowledgements"][0]["grantId"], grant);

    for person in ["agency_admin-2", "hub_operator", "intake", "line_988"] {
        assert_eq!(house.client(person).ask(WITHDRAW, on(&id)).await.code(), "FORBIDDEN", "{person}");
    }
    let gone = house.client("agency_admin").ask(WITHDRAW, on(&id)).await;
    assert_eq!(gone.data("/withdrawNotice/notice/state"), "WITHDRAWN");
    let again = house.client("agency_admin").ask(WITHDRAW, on(&id)).await;
    assert_eq!(again.data("/withdrawNotice/notice/version"), gone.data("/withdrawNotice/notice/version"));
    house.deliver().await;
    let before = notice(&house.client("agency_admin"), &id).await;
    assert_eq!(before["state"], "WITHDRAWN");
    house.restart().await;
    assert_eq!(notice(&house.client("agency_admin"), &id).await, before, "loaded, it is what it was");
    house.close().await;
}

async fn coordinators_and_administrators_post_and_nobody_else(db: Db) {
    let house = House::open(db).await;
    let may = "{ viewer { may(action: POST_NOTICE) { yes } } }";
    let posts = async |person: &str| {
        let client = house.client(person);
        let answer = client.ask(POST, said(&house, &json!({}))).await;
        let posted = answer.body.get("errors").is_none();
        assert!(posted || answer.code() == "FORBIDDEN", "{person}: {:#}", answer.body);
        assert_eq!(client.ask(may, json!({})).await.data("/viewer/may/yes"), &json!(posted), "{person}");
        posted
    };
    for role in Role::ALL {
        assert_eq!(posts(&role.code().to_lowercase()).await, *role == Role::AgencyAdmin, "{role:?}");
    }
    coordinate(&house).await;
    house.deliver().await;
    for role in Role::ALL {
        let person = role.code().to_lowercase();
        let coordinator = [Role::AgencyAdmin, Role::Line988, Role::Dispatcher].contains(role);
        assert_eq!(posts(&person).await, coordinator, "{role:?} of the coordinating agency");
        assert_eq!(posts(&format!("{person}-2")).await, *role == Role::AgencyAdmin, "{role:?} of another");
    }
    let nobody = house.nobody().ask(POST, said(&house, &json!({}))).await;
    assert_eq!(nobody.code(), "UNAUTHENTICATED");
    house.close().await;
}

async fn twenty_acknowledgements_at_once_are_one_for_each_agency(db: Db) {
    let house = House::open(db).await;
    let id = post(&house, "agency_admin", json!({})).await;
    let people = ["officer-2", "intake-2", "peer-2", "council-2", "agency_admin-2"].map(|person| house.client(person));
    let all = futures_util::future::join_all((0..20).map(|n| acknowledge(&people[n % people.len()], &id))).await;
    for done in &all {
        assert_eq!(problems(done, "acknowledgeNotice"), [""; 0]);
        assert_eq!(done.data("/acknowledgeNotice/notice/version"), 2, "{:#}", done.body);
    }
    house.deliver().await;
    let seen = notice(&house.client("agency_admin"), &id).await;
    assert_eq!(
        (&seen["version"], &seen["acknowledgedCount"], &seen["awaitingCount"]),
        (&json!(2), &json!(1), &json!(0))
    );
    let log = crate::house::traffic::log(house.store()).await;
    let told = log.iter().filter(|event| event.happening.kind.code() == "NOTICE_ACKNOWLEDGED").count();
    assert_eq!(told, 1);
    house.close().await;
}

async fn whoever_is_not_asked_or_comes_too_late_is_told_so(db: Db) {
    let house = House::open(db).await;
    let refused = async |person: &str, id: &str| {
        let answer = acknowledge(&house.client(person), id).await;
        assert_eq!(problems(&answer, "acknowledgeNotice"), ["WRONG_STATE"], "{:#}", answer.body);
        assert_eq!(answer.data("/acknowledgeNotice/problems/0/current/id"), id);
        assert!(answer.data("/acknowledgeNotice/notice").is_null());
    };
    let id = post(&house, "agency_admin", json!({})).await;
    refused("intake", &id).await;
    for fields in [
        json!({ "acknowledgementWanted": false }),
        json!({ "organizationKinds": ["HOSPITAL", "COUNCIL"] }),
        json!({ "countiesFips": ["12011"] }),
        json!({ "countiesFips": ["12086"], "organizationKinds": ["HOSPITAL"] }),
    ] {
        let id = post(&house, "agency_admin", fields).await;
        refused("intake-2", &id).await;
        assert_eq!(notice(&house.client("agency_admin"), &id).await["awaitingCount"], 0);
    }
    let asked = json!({ "countiesFips": ["12086", "12011", "12086"], "organizationKinds": ["TRIBAL"] });
    let asked = post(&house, "agency_admin", asked).await;
    let seen = notice(&house.client("agency_admin"), &asked).await;
    assert_eq!((&seen["awaitingCount"], &seen["countiesFips"]), (&json!(1), &json!(["12011", "12086"])));
    assert_eq!(acknowledge(&house.client("hub_operator-2"), &asked).await.code(), "FORBIDDEN");
    house.clock.advance(121);
    refused("intake-2", &asked).await;
    let late = house.client("agency_admin").ask(WITHDRAW, on(&asked)).await;
    assert_eq!(problems(&late, "withdrawNotice"), ["WRONG_STATE"]);
    house.close().await;
}

async fn a_list_narrows_by_time_address_severity_and_drill(db: Db) {
    let house = House::open(db).await;
    let at = |minutes: i64| house.clock.now().plus_minutes(minutes).to_string();
    let plain = post(&house, "agency_admin", json!({})).await;
    let later =
        post(&house, "agency_admin", json!({ "startsAt": at(60), "endsAt": at(180), "severity": "INFO" })).await;
    let drill = post(&house, "agency_admin", json!({ "drill": true, "organizationKinds": ["PSAP"] })).await;
    let listed = async |person: &str, filter: Value| -> Vec<String> {
        let query = "query($filter: NoticeFilter) { notices(filter: $filter) { asOf { cursor }
            edges { node { id state drill marker addressedToMe } } } }";
        let said = house.client(person).ask(query, json!({ "filter": filter })).await;
        let edges = said.data("/notices/edges").as_array().unwrap().clone();
        edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect()
    };
    for person in ["officer-2", "council", "hub_operator"] {
        assert_eq!(listed(person, Value::Null).await, [&*drill, &*later, &*plain], "{person}: latest first");
    }
    assert_eq!(listed("agency_admin-far", Value::Null).await, [""; 0]);
    assert_eq!(listed("intake-2", json!({ "activeAt": at(0) })).await, [&*drill, &*plain]);
    assert_eq!(listed("intake-2", json!({ "activeAt": at(150) })).await, [&*later]);
    assert_eq!(listed("intake-2", json!({ "addressedToMe": true })).await, [&*later, &*plain]);
    assert_eq!(listed("intake-2", json!({ "addressedToMe": false })).await, [&*drill]);
    assert_eq!(listed("intake", json!({ "addressedToMe": true })).await.len(), 3, "its own agency posted them");
    assert_eq!(listed("intake-2", json!({ "severity": ["INFO", "URGENT"] })).await, [&*later]);
    assert_eq!(listed("intake-2", json!({ "drill": true })).await, [&*drill]);
    assert_eq!(listed("intake-2", json!({ "drill": false })).await, [&*later, &*plain]);
    let seen = notice(&house.client("intake-2"), &drill).await;
    assert_eq!(
        (&seen["drill"], &seen["marker"], &seen["headline"]),
        (&json!(true), &json!("DRILL"), &json!("Amber: storm"))
    );
    assert_eq!(notice(&house.client("intake-2"), &later).await["state"], "SCHEDULED");
    house.clock.advance(121);
    assert_eq!(notice(&house.client("intake-2"), &plain).await["state"], "ENDED");

    let page = "query($after: Cursor) { notices(first: 2, after: $after) { pageInfo { hasNextPage endCursor }
        edges { node { id } } } }";
    let first = house.client("peer").ask(page, json!({})).await;
    let after = first.data("/notices/pageInfo/endCursor").clone();
    let second = house.client("peer").ask(page, json!({ "after": after })).await;
    assert_eq!(second.data("/notices/edges"), &json!([{ "node": { "id": plain } }]));
    house.close().await;
}

async fn a_notice_has_bounds(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    let at = |minutes: i64| house.clock.now().plus_minutes(minutes).to_string();
    let (days, hour) = (24 * 60, at(60));
    for fields in [
        json!({ "headline": "" }),
        json!({ "headline": "h".repeat(121) }),
        json!({ "headline": "two\nlines" }),
        json!({ "text": "" }),
        json!({ "text": "t".repeat(2_001) }),
        json!({ "text": "a bell \u{7}" }),
        json!({ "countiesFips": ["1208"] }),
        json!({ "countiesFips": (0..301).map(|n| format!("{:05}", 10_000 + n)).collect::<Vec<_>>() }),
        json!({ "organizationKinds": vec!["HOSPITAL"; 21] }),
        json!({ "severity": "DIRE" }),
        json!({ "endsAt": at(-1) }),
        json!({ "endsAt": at(90 * days + 5) }),
        json!({ "startsAt": at(90 * days + 5), "endsAt": at(91 * days) }),
        json!({ "startsAt": hour, "endsAt": hour }),
        json!({ "endsAt": "2026-03-01T09:00:00" }),
    ] {
        let answer = admin.ask(POST, said(&house, &fields)).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{fields}");
    }
    let answer = admin.ask("{ notices { edges { node { id } } } }", json!({})).await;
    assert_eq!(answer.data("/notices/edges"), &json!([]), "a refused notice was posted");
    for fields in [
        json!({ "headline": "h".repeat(120), "text": "ä".repeat(2_000) }),
        json!({ "startsAt": at(90 * days - 5), "endsAt": at(180 * days - 6) }),
        json!({ "startsAt": at(-30) }),
    ] {
        let answer = admin.ask(POST, said(&house, &fields)).await;
        assert_eq!(problems(&answer, "postNotice"), [""; 0], "{fields}");
    }
    house.close().await;
}

async fn the_same_post_twenty_times_at_once_is_one_notice(db: Db) {
    let house = House::open(db).await;
    let (admin, input) = (house.client("agency_admin"), said(&house, &json!({ "idempotencyKey": "once" })));
    let all = futures_util::future::join_all((0..20).map(|_| admin.ask(POST, input.clone()))).await;
    let first = all[0].data("/postNotice/notice/id");
    let mut fresh = 0;
    for posted in &all {
        assert_eq!(posted.data("/postNotice/notice/id"), first);
        fresh += usize::from(posted.data("/postNotice/replayed") == false);
    }
    assert_eq!(fresh, 1);
    let other = admin.ask(POST, said(&house, &json!({ "idempotencyKey": "once", "headline": "Another" }))).await;
    assert_eq!(problems(&other, "postNotice"), ["IDEMPOTENCY_CONFLICT"]);
    let id = first.as_str().unwrap();
    let mut acknowledged = on(id);
    acknowledged["input"]["idempotencyKey"] = json!("a");
    for replayed in [false, true] {
        let done = house.client("intake-2").ask(ACKNOWLEDGE, acknowledged.clone()).await;
        assert_eq!(done.data("/acknowledgeNotice/replayed"), replayed);
    }
    house.close().await;
}

async fn the_log_tells_of_a_notice_and_holds_no_word_of_it(db: Db) {
    let house = House::open(db).await;
    let watch = "subscription { events(kinds: [NOTICE_POSTED, NOTICE_ACKNOWLEDGED, NOTICE_WITHDRAWN]) {
        cursor eventId change event { kind nodeId nodeVersion } } }";
    let mut watching = house.client("council-2").sse(watch, json!({})).await;
    watching.next().await.unwrap();
    let mut far =
        house.client("council-far").sse("subscription { events { cursor change event { nodeId } } }", json!({})).await;
    far.next().await.unwrap();
    let id = post(&house, "agency_admin", json!({ "drill": true })).await;
    acknowledge(&house.client("intake-2"), &id).await.data("");
    house.client("agency_admin").ask(WITHDRAW, on(&id)).await.data("");
    for (kind, version) in [("NOTICE_POSTED", 1), ("NOTICE_ACKNOWLEDGED", 2), ("NOTICE_WITHDRAWN", 3)] {
        let told = watching.change("events").await;
        assert_eq!(told["event"], json!({ "kind": kind, "nodeId": id, "nodeVersion": version }));
    }
    // The first thing that the other region is told of is its own.
    let theirs = post(&house, "agency_admin-far", json!({})).await;
    assert_eq!(far.change("events").await["event"]["nodeId"], theirs);
    let log = crate::house::traffic::log(house.store()).await;
    let facts: Vec<String> = log
        .iter()
        .filter(|event| event.happening.kind.code().starts_with("NOTICE_"))
        .map(|event| serde_json::to_string(&event.happening.fact).unwrap())
        .collect();
    assert_eq!(facts.len(), 4);
    for fact in &facts[..3] {
        assert!(fact.contains("\"drill\":true") && fact.contains("WARNING"), "{fact}");
        assert!(!fact.contains("storm") && !fact.contains("Roads"), "{fact}");
    }
    house.close().await;
}
