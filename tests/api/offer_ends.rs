//! Offers that nobody answers, searches that begin again or end, what cannot be offered, and who is told.
use super::bed::{problems, unit};
use super::handoff::{announce, at, go, open_door, read, to, told, watch, went};
use super::offer::{Asked, close, episode, input, offer, offered, yes};
use crate::house::traffic::until;
use crate::house::{Db, House};
use crisis_hub::clock::Clock;
use serde_json::{Value, json};

on_both!(
    silence_is_told_and_the_wait_goes_on,
    who_is_sent_on_is_sought_a_place_again,
    what_cannot_be_offered_is_said_and_changes_nothing,
    a_search_is_the_senders_alone,
    a_search_that_ends_takes_every_offer_back,
    a_place_that_somebody_else_has_taken_was_not_shown,
);

async fn silence_is_told_and_the_wait_goes_on(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let (mut here, mut there) = (watch(&sender).await, watch(&amber).await);
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    let becomes = async |minutes: i64, handoff: &str, state: &str| {
        house.clock.advance(minutes);
        until(&format!("it is {state}"), async || read(&sender, handoff).await["state"] == state).await;
    };
    // Half an hour to look, an hour to decide: whoever never looks is waited for no longer.
    house.clock.advance(30);
    assert_eq!(told(&mut there, &handoffs[0], "HANDOFF_LATE").await, ["HANDOFF_OFFERED", "HANDOFF_LATE"]);
    becomes(30, &handoffs[0], "EXPIRED").await;
    assert_eq!(told(&mut there, &handoffs[0], "HANDOFF_EXPIRED").await, ["HANDOFF_EXPIRED"]);
    assert_eq!(told(&mut here, &id, "EPISODE_OUT_OF_OFFERS").await, ["EPISODE_OPENED", "EPISODE_OUT_OF_OFFERS"]);
    // Another says yes, and the sender says nothing: four hours after the quarter of an hour it is over.
    let (_, new) = offered(&sender, input(asked.one(&house), json!({ "episodeId": id }))).await;
    went(&amber, "acceptOffer", &new[0], yes()).await;
    house.clock.advance(15);
    assert_eq!(told(&mut there, &new[0], "HANDOFF_LATE").await, ["HANDOFF_OFFERED", "HANDOFF_AGREED", "HANDOFF_LATE"]);
    becomes(240, &new[0], "LAPSED").await;
    // The wait is counted from the first word on.
    until("four hours are told", async || episode(&sender, &id).await["waitedHours"] == 4).await;
    house.clock.advance(11 * 60);
    // A night later, with a token of then.
    let sender = house.client("emergency_department-2");
    until("twelve hours are told", async || episode(&sender, &id).await["waitedHours"] == 12).await;
    let search = episode(&sender, &id).await;
    assert_eq!(at(&search["dueAt"]), at(&search["openedAt"]).plus_minutes(24 * 60));
    house.close().await;
}

async fn who_is_sent_on_is_sought_a_place_again(db: Db) {
    let house = House::open(db).await;
    let door = open_door(&house, 6, 4).await;
    let asked = Asked::open(&house, 4).await;
    let (officer, intake, basalt) = (house.client("officer-2"), house.client("intake"), house.client("intake-2"));
    let said = announce(&officer, to(door, json!({}))).await;
    let handoff = said.data("/announceHandoff/handoff/id").as_str().unwrap().to_owned();
    let id = said.data("/announceHandoff/handoff/episode/id").as_str().unwrap().to_owned();
    assert_eq!(said.data("/announceHandoff/handoff/episode/state"), "SETTLED");
    went(&intake, "redirectHandoff", &handoff, json!({ "reason": "MEDICAL" })).await;
    let search = episode(&officer, &id).await;
    assert_eq!((&search["state"], &search["settledById"]), (&json!("SEEKING"), &Value::Null));
    // The same search goes on: somebody is asked, and then an open door is found after all.
    let three = json!([asked.three(&house)[1], asked.three(&house)[2]]);
    let (_, new) = offered(&house.client("emergency_department-2"), input(three, json!({ "episodeId": id }))).await;
    // The first yes would settle it, as an announcement does; this one depends on more, and keeps a place meanwhile.
    let mut depends = yes();
    depends["conditions"] = json!(["PAPERS"]);
    went(&basalt, "acceptOffer", &new[1], depends).await;
    assert_eq!(unit(&basalt, house.world.agencies[1].ward()).await["net"], 3);
    let said = announce(&officer, to(door, json!({ "episodeId": id }))).await;
    assert_eq!(problems(&said, "announceHandoff"), [""; 0], "{:#}", said.body);
    let search = episode(&officer, &id).await;
    let states: Vec<&Value> = search["handoffs"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["ACCEPTED", "WITHDRAWN", "WITHDRAWN", "REDIRECTED"]);
    assert_eq!(unit(&basalt, house.world.agencies[1].ward()).await["net"], 4, "the place that lost is free");
    // What a receiver says ends no search of another agency: its bed was lost, and the person still waits.
    let lost = said.data("/announceHandoff/handoff/id").as_str().unwrap().to_owned();
    went(&intake, "failHandoff", &lost, json!({ "reason": "NO_SHOW" })).await;
    assert_eq!(episode(&officer, &id).await["state"], "SEEKING");
    let said = announce(&officer, to(door, json!({ "episodeId": id }))).await;
    let ended = said.data("/announceHandoff/handoff/id").as_str().unwrap().to_owned();
    went(&officer, "failHandoff", &ended, json!({ "reason": "PERSON_CHOSE_OTHERWISE" })).await;
    let over = episode(&officer, &id).await;
    assert_eq!((&over["state"], &over["endReason"]), (&json!("CLOSED"), &json!("PERSON_CHOSE_OTHERWISE")));
    assert_eq!(
        problems(&announce(&officer, to(door, json!({ "episodeId": id }))).await, "announceHandoff"),
        ["WRONG_STATE"]
    );
    house.close().await;
}

async fn what_cannot_be_offered_is_said_and_changes_nothing(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let door = open_door(&house, 6, 4).await;
    let sender = house.client("emergency_department-2");
    let (id, handoffs) = offered(&sender, input(asked.three(&house), json!({ "idempotencyKey": "k" }))).await;
    house.deliver().await;
    let before = house.hub().board().now().number();
    let chairs = json!([{ "pathwayId": asked.amber.to_string(), "unitId": door.0.to_string() }]);
    let announced = json!([{ "pathwayId": door.1.to_string(), "unitId": door.0.to_string() }]);
    let twice = json!([asked.one(&house)[0], asked.one(&house)[0]]);
    for (problem, sent) in [
        ("OFFER_LIMIT", input(chairs.clone(), json!({ "episodeId": id }))),
        ("WRONG_STATE", input(announced, json!({}))),
        ("CRITERIA_NOT_MET", input(chairs.clone(), json!({ "need": { "age": 12 } }))),
        ("IDEMPOTENCY_CONFLICT", input(chairs.clone(), json!({ "idempotencyKey": "k" }))),
    ] {
        assert_eq!(problems(&offer(&sender, sent).await, "offerHandoff"), [problem]);
    }
    let both = offer(&sender, input(twice, json!({}))).await;
    assert_eq!(problems(&both, "offerHandoff"), ["ALREADY_OFFERED", "ALREADY_OFFERED"]);
    let asked_already = offer(&sender, input(asked.one(&house), json!({ "episodeId": id }))).await;
    assert_eq!(problems(&asked_already, "offerHandoff"), ["OFFER_LIMIT", "ALREADY_OFFERED"]);
    for bad in [
        json!({ "to": [] }),
        json!({ "to": [chairs[0], chairs[0], chairs[0], chairs[0]] }),
        json!({ "onBehalfOf": "Unit 12" }),
        json!({ "changed": ["EVERYTHING"] }),
        json!({ "need": { "age": 200 } }),
    ] {
        assert_eq!(offer(&sender, input(chairs.clone(), bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    for (person, code) in [("agency_admin-2", "FORBIDDEN"), ("council-2", "NOT_FOUND"), ("intake-far", "NOT_FOUND")] {
        assert_eq!(offer(&house.client(person), input(chairs.clone(), json!({}))).await.code(), code, "{person}");
    }
    let theirs = house.client("emergency_department");
    assert_eq!(offer(&theirs, input(chairs.clone(), json!({ "episodeId": id }))).await.code(), "NOT_FOUND");
    // Answers that are no answers.
    let intake = house.client("intake");
    for (field, more) in [
        ("waitlistOffer", json!({ "position": 0, "reviewAt": house.clock.now().plus_minutes(9).to_string() })),
        (
            "waitlistOffer",
            json!({ "position": 1, "reviewAt": house.clock.now().plus_minutes(8 * 24 * 60).to_string() }),
        ),
        ("waitlistOffer", json!({ "position": 1, "reviewAt": "2026-01-01T00:00:00" })),
        ("acceptOffer", json!({ "acceptedBy": " ", "callback": "555" })),
        ("acceptOffer", json!({ "acceptedBy": "Dr. Amber", "callback": "5".repeat(41) })),
        ("askForInformation", json!({ "items": [] })),
        ("declineOffer", json!({ "reason": "NO_RESPONSE" })),
    ] {
        assert_eq!(go(&intake, field, &handoffs[0], more.clone()).await.code(), "BAD_USER_INPUT", "{field} {more}");
    }
    let hubs_own = json!({ "reason": "ANOTHER_CHOSEN" });
    assert_eq!(go(&sender, "withdrawOffer", &handoffs[0], hubs_own).await.code(), "BAD_USER_INPUT");
    assert_eq!(close(&sender, &id, "SILENCE").await.code(), "BAD_USER_INPUT");
    assert_eq!(go(&sender, "acceptOffer", &handoffs[0], yes()).await.code(), "FORBIDDEN");
    assert_eq!(go(&intake, "chooseOffer", &handoffs[0], json!({})).await.code(), "FORBIDDEN");
    let early = go(&sender, "chooseOffer", &handoffs[0], json!({})).await;
    assert_eq!(problems(&early, "chooseOffer"), ["WRONG_STATE"]);
    let stale = go(&intake, "acknowledgeOffer", &handoffs[0], json!({ "expectedVersion": 9 })).await;
    assert_eq!(problems(&stale, "acknowledgeOffer"), ["STALE_VERSION"]);
    house.deliver().await;
    assert_eq!(house.hub().board().now().number(), before, "something has changed");
    house.close().await;
}

async fn a_search_is_the_senders_alone(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let sender = house.client("emergency_department-2");
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    house.deliver().await;
    // The receiver reads its offer, and not who else is asked.
    let seen = read(&house.client("intake"), &handoffs[0]).await;
    assert_eq!((&seen["state"], &seen["episode"]), (&json!("OFFERED"), &Value::Null));
    let list = "{ episodes { edges { node { id } } } }";
    for (person, sees) in [
        ("emergency_department-2", true),
        ("mobile_team-2", true),
        ("intake", false),
        ("emergency_department", false),
        ("council-2", false),
        ("agency_admin-2", false),
        ("hub_operator", false),
        ("emergency_department-far", false),
    ] {
        let client = house.client(person);
        assert_eq!(episode(&client, &id).await.is_null(), !sees, "{person}");
        let listed = client.ask(list, json!({})).await;
        assert_eq!(listed.data("/episodes/edges").as_array().unwrap().len(), usize::from(sees), "{person}");
        let log =
            client.ask("{ events(first: 100) { edges { node { kind } } pageInfo { hasNextPage } } }", json!({})).await;
        assert_eq!(log.data("/events/pageInfo/hasNextPage"), &json!(false));
        let kinds = log.data("/events/edges").to_string();
        assert_eq!(kinds.contains("EPISODE_OPENED"), sees, "{person}");
    }
    house.close().await;
}

async fn a_search_that_ends_takes_every_offer_back(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let (id, handoffs) = offered(&sender, input(asked.three(&house), json!({}))).await;
    went(&amber, "acceptOffer", &handoffs[0], yes()).await;
    let ward = house.world.agencies[0].ward();
    assert_eq!(unit(&sender, ward).await["net"], 3);
    // One is taken back; the search goes on with the others.
    let back = went(&sender, "withdrawOffer", &handoffs[1], json!({ "reason": "NEED_CHANGED" })).await;
    assert_eq!((&back["state"], &back["withdrawReason"]), (&json!("WITHDRAWN"), &json!("NEED_CHANGED")));
    assert_eq!(episode(&sender, &id).await["state"], "SEEKING");
    let over = close(&sender, &id, "PERSON_CHOSE_OTHERWISE").await;
    assert_eq!(problems(&over, "closeEpisode"), [""; 0], "{:#}", over.body);
    let search = over.data("/closeEpisode/episode");
    assert_eq!((&search["state"], &search["endReason"]), (&json!("CLOSED"), &json!("PERSON_CHOSE_OTHERWISE")));
    for handoff in [&handoffs[0], &handoffs[2]] {
        let lost = read(&sender, handoff).await;
        assert_eq!((&lost["state"], &lost["withdrawReason"]), (&json!("WITHDRAWN"), &json!("PERSON_CHOSE_OTHERWISE")));
    }
    assert_eq!(unit(&sender, ward).await["net"], 4);
    assert_eq!(problems(&close(&sender, &id, "MISTAKE").await, "closeEpisode"), ["WRONG_STATE"]);
    let late = go(&house.client("intake-2"), "acceptOffer", &handoffs[2], yes()).await;
    assert_eq!(problems(&late, "acceptOffer"), ["WRONG_STATE"]);
    house.close().await;
}

async fn a_place_that_somebody_else_has_taken_was_not_shown(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 1).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let ward = house.world.agencies[0].ward();
    let no = || json!({ "reason": "NO_STAFFED_BED" });
    // The last place is kept for this very offer: whoever says yes and then no had it.
    let (id, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    went(&amber, "acceptOffer", &handoffs[0], yes()).await;
    assert_eq!(unit(&amber, ward).await["net"], 0);
    let declined = went(&amber, "declineOffer", &handoffs[0], no()).await;
    assert_eq!(declined["offer"]["bedWasShownAvailable"], true);
    // It was kept for a quarter of an hour, nobody chose, and somebody else has it by now.
    let again = input(asked.one(&house), json!({ "episodeId": id, "changed": ["PLACE_FREE"] }));
    let (_, handoffs) = offered(&sender, again).await;
    went(&amber, "acceptOffer", &handoffs[0], yes()).await;
    house.clock.advance(16);
    super::hold::hold(&house.client("emergency_department"), ward).await;
    let declined = went(&amber, "declineOffer", &handoffs[0], no()).await;
    assert_eq!(declined["offer"]["bedWasShownAvailable"], false);
    house.close().await;
}
