//! Cursors that are not good here: each is refused, and none leaves a silent hole.
use crate::house::follow::{BEDS, EVENTS, Follower, Road};
use crate::house::traffic::{Dice, log, report, staff};
use crate::house::{Client, Db, House};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisis_hub::clock::Clock;
use crisis_hub::domain::id::NounId;
use serde_json::{Value, json};

on_both!(
    a_foreign_cursor_is_refused,
    a_forged_cursor_is_refused,
    a_cursor_is_good_for_seven_days,
    a_log_older_than_cursors_is_read_to_its_end,
    a_restored_copy_refuses_cursors_of_the_time_it_lost,
);

const EXPIRED: &str = "CURSOR_EXPIRED";
const PAGE: &str = "query($after: Cursor, $first: Int) { events(after: $after, first: $first) {
    edges { cursor node { eventId } } pageInfo { endCursor hasNextPage } } }";

/// What a cursor meets on each road: a code, or `good`.
async fn met(client: &Client, cursor: &str) -> [String; 3] {
    let after = json!({ "after": cursor });
    let page = client.ask(PAGE, after.clone()).await.body;
    let mut sse = client.sse(EVENTS, after.clone()).await;
    let told = sse.next().await.unwrap().1;
    let mut ws = client.ws().await;
    ws.next().await.unwrap();
    ws.subscribe("a", EVENTS, after).await;
    let said = ws.next().await.unwrap();
    let payload = if said["type"] == "error" { json!({ "errors": said["payload"] }) } else { said["payload"].clone() };
    [page, told, payload].map(|body| match body["errors"][0]["extensions"]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => "good".to_owned(),
    })
}

async fn assert_refused(client: &Client, cursor: &str, what: &str) {
    assert_eq!(met(client, cursor).await, [EXPIRED; 3], "{what}");
}

async fn assert_good(client: &Client, cursor: &str, what: &str) {
    assert_eq!(met(client, cursor).await, ["good"; 3], "{what}");
}

/// Writes one event about each of some units.
async fn write(house: &House, units: usize, seed: u64) {
    let (intake, units) = (staff(house.hub(), "intake"), &house.world.agencies[0].units[..units]);
    let input = crate::house::traffic::reports(units, || Dice::new(seed).census());
    crisis_hub::app::bed::report(house.hub(), &intake, input).await.unwrap().changed.unwrap();
    house.deliver().await;
}

/// Where the log stands.
async fn head(client: &Client) -> String {
    let mut follower = Follower::of_events();
    follower.finish(client, Road::Sse).await;
    follower.cursor.unwrap()
}

async fn a_foreign_cursor_is_refused(db: Db) {
    let (house, foreign) = (House::open(db).await, House::open(db).await);
    // The same numbers, and on PostgreSQL the same seal, for both are copies of one database: but not the same events.
    write(&house, 3, 1).await;
    write(&foreign, 1, 1).await;
    write(&foreign, 1, 2).await;
    let number = foreign.hub().board().now().number();
    assert!(number < house.hub().board().now().number());
    let cursor = head(&foreign.client("intake")).await;
    assert_good(&foreign.client("intake"), &cursor, "at home").await;
    assert_refused(&house.client("intake"), &cursor, "foreign").await;
    house.close().await;
    foreign.close().await;
}

async fn a_forged_cursor_is_refused(db: Db) {
    let house = House::open(db).await;
    write(&house, 3, 1).await;
    let client = house.client("intake");
    let cursor = head(&client).await;
    assert_good(&client, &cursor, "as it came").await;
    let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    let page = async |cursor: &str| client.ask(PAGE, json!({ "after": cursor })).await;
    for place in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[place / 8] ^= 1 << (place % 8);
        assert_eq!(page(&URL_SAFE_NO_PAD.encode(forged)).await.code(), EXPIRED, "bit {place}");
    }
    for length in 0..bytes.len() {
        assert_eq!(page(&URL_SAFE_NO_PAD.encode(&bytes[..length])).await.code(), EXPIRED, "{length} bytes");
    }
    let longer = URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat());
    for (forged, what) in [(&*longer, "longer"), ("", "empty"), ("☃", "no Base64"), (&"A".repeat(4_000), "huge")] {
        assert_refused(&client, forged, what).await;
    }
    let mut beds = Follower::of_beds(json!({ "shownAs": ["FULL"] }));
    beds.finish(&client, Road::Ws).await;
    let of_beds = beds.cursor.unwrap();
    assert_refused(&client, &of_beds, "of another field").await;
    for filter in [Value::Null, json!({ "shownAs": ["CALL"] }), json!({ "shownAs": ["FULL"], "dropOff": true })] {
        let mut sse = client.sse(BEDS, json!({ "filter": filter, "after": of_beds })).await;
        let told = sse.next().await.unwrap().1;
        assert_eq!(told["errors"][0]["extensions"]["code"], EXPIRED, "of another filter");
    }
    // A list's own cursor is no place in the log, though its `asOf` is.
    let list = client.ask("{ organizations(first: 1) { edges { cursor } asOf { cursor } } }", json!({})).await;
    assert_refused(&client, list.data("/organizations/edges/0/cursor").as_str().unwrap(), "of a list").await;
    assert_good(&client, list.data("/organizations/asOf/cursor").as_str().unwrap(), "of a list's place").await;
    house.close().await;
}

/// A client whose token outlives the leaps of this file.
fn client(house: &House) -> Client {
    let until = house.clock.now().micros() / 1_000_000 + 90 * 86_400;
    Client::new(house.address, Some(house.draft("intake").claim("exp", until.into()).sign(&house.key)))
}

async fn a_cursor_is_good_for_seven_days(db: Db) {
    let house = House::open(db).await;
    write(&house, 3, 1).await;
    let client = client(&house);
    let cursor = head(&client).await;
    house.clock.advance(7 * 24 * 60 - 2);
    assert_good(&client, &cursor, "seven days, less two minutes").await;
    house.clock.advance(3);
    assert_refused(&client, &cursor, "after seven days").await;
    // However silent the log has been, a new cursor is as good as any.
    house.clock.advance(30 * 24 * 60);
    assert_good(&client, &head(&client).await, "a new one").await;
    house.close().await;
}

async fn a_log_older_than_cursors_is_read_to_its_end(db: Db) {
    let house = House::open(db).await;
    write(&house, 3, 1).await;
    house.clock.advance(60 * 24 * 60);
    // Two months make numbers old: that is told before the reading begins, not while it goes on.
    while crisis_hub::app::sweep::pass(house.hub()).await.unwrap() > 0 {}
    house.deliver().await;
    let (client, mut read) = (client(&house), Vec::new());
    let mut after = Value::Null;
    loop {
        let answer = client.ask(PAGE, json!({ "after": after, "first": 7 })).await;
        let page = answer.data("/events");
        read.extend(
            page["edges"].as_array().unwrap().iter().map(|e| e["node"]["eventId"].as_str().unwrap().to_owned()),
        );
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let scope = crisis_hub::policy::Scope::of(&staff(house.hub(), "intake"));
    let visible = log(house.store()).await.into_iter().filter(|event| {
        let happening = &event.happening;
        scope.sees(happening.region, happening.owner, happening.audience)
    });
    let visible: Vec<String> = visible.map(|event| event.id.key().to_string()).collect();
    assert!(visible.len() > 14);
    assert_eq!(read, visible);
    house.close().await;
}

async fn a_restored_copy_refuses_cursors_of_the_time_it_lost(db: Db) {
    let mut house = House::open(db).await;
    write(&house, 3, 1).await;
    let before = head(&client(&house)).await;
    house.halt().await;
    let copy = house.place().copy().await;
    house.start().await;

    write(&house, 2, 2).await;
    let lost = head(&client(&house)).await;
    write(&house, 3, 3).await;
    let beyond = head(&client(&house)).await;
    assert_good(&client(&house), &lost, "before the restore").await;

    house.halt().await;
    house.place().put_back(copy).await;
    house.start().await;
    let client = client(&house);
    assert_refused(&client, &lost, "beyond the restored log").await;
    let (intake, mut dice) = (staff(house.hub(), "intake"), Dice::new(4));
    for _ in 0..3 {
        let units = &house.world.agencies[0].units[..1];
        report(house.hub(), &intake, units, &mut dice).await.unwrap().changed.unwrap();
    }
    house.deliver().await;
    assert_refused(&client, &lost, "at a number that holds another event now").await;
    assert_refused(&client, &beyond, "still beyond the restored log").await;
    // What is older than the copy is still in the log, and what comes after it is the new time alone.
    let mut follower = Follower::of_events();
    follower.cursor = Some(before);
    follower.finish(&client, Road::Sse).await;
    assert_eq!(follower.told.len(), 3);
    house.close().await;
}
