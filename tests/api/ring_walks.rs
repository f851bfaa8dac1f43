//! The scenes of the four walks in which a receiver lets a clock run: its people are rung, by real sinks outside, somebody says
//! that they have seen it, and everything is told in its order.
use super::handoff::at;
use super::ring::{becomes, channels, on_call, rung, seen, step, told_all};
use crate::calls::Street;
use crate::house::{Client, Sse};
use serde_json::{Value, json};

fn says(unit: &str) -> String {
    format!("An answer is due at {unit}\r\n\r\nhttps://hub.house.example\r\n")
}

fn words(of: &str) -> Vec<&str> {
    of.split_whitespace().collect()
}

/// Of a list of kinds, those of calls.
fn of_calls(kinds: &[String]) -> Vec<&str> {
    kinds.iter().filter_map(|kind| kind.strip_prefix("CALL_")).collect()
}

/// Workflow A: the board first, the phone when somebody should have looked, the charge nurse two minutes later.
pub async fn desk_on_call(intake: &Client, chairs: impl ToString) {
    let chain = json!([
        step("BOARD", "", "ASKED", 0),
        step("WEBHOOK", "+13055550142", "DUE", 0),
        step("EMAIL", "charge@amber.example", "DUE", 2)
    ]);
    on_call(intake, json!({ "unitId": chairs.to_string() }), chain).await;
}

/// The board sounds at once; nobody looks for five minutes; the charge nurse says that it is seen.
pub async fn nobody_at_the_desk(street: &Street, intake: &Client, announced: &Value) -> Value {
    let id = announced["id"].as_str().unwrap();
    let sounds = rung(intake, id, "SEEN", 1).await;
    assert_eq!((channels(&sounds), &sounds["unit"]["label"]), (vec!["BOARD"], &json!("Amber chairs")));
    assert_eq!(at(&sounds["dueAt"]), at(&announced["announcedAt"]).plus_minutes(2));
    assert!(street.mail.mails().is_empty() && street.gateway.requests().is_empty(), "its time has not come");
    street.house.clock.advance(5);
    let call = rung(intake, id, "SEEN", 3).await;
    assert_eq!((&call["id"], channels(&call)), (&sounds["id"], vec!["BOARD", "WEBHOOK", "EMAIL"]));
    assert_eq!(at(&call["steps"][1]["at"]).micros_since(at(&call["askedAt"])) / 60_000_000, 5);
    assert_eq!((street.to(), street.gateway.requests().len()), (vec!["charge@amber.example".to_owned()], 1));
    assert_eq!(street.mail.mails()[0].body(), says("Amber chairs"));
    seen(intake, &call["id"]).await;
    call
}

/// At the door the person is the receiver's to take over: the board sounds anew.
pub async fn at_the_door(receiver: &Client, there: &Value) -> Value {
    let call = rung(receiver, there["id"].as_str().unwrap(), "TAKE_OVER", 1).await;
    assert_eq!((channels(&call), &call["dueAt"]), (vec!["BOARD"], &there["dueAt"]));
    call
}

/// Of the calls the desk is told every step, and the car that somebody is called, has seen it, has answered.
pub async fn told_of_the_announced(street: &Street, desk: &mut Sse, car: &mut Sse, id: &str) {
    let all = words(
        "HANDOFF_ANNOUNCED CALL_STARTED CALL_SENT CALL_SENT CALL_SENT CALL_ACKNOWLEDGED HANDOFF_DEPARTED HANDOFF_ARRIVED
        CALL_ANSWERED CALL_STARTED CALL_SENT HANDOFF_CONFIRMED CALL_ANSWERED HANDOFF_TRANSFERRED",
    );
    assert_eq!(told_all(desk, id, "HANDOFF_TRANSFERRED").await, all);
    let in_car: Vec<&str> = all.into_iter().filter(|kind| *kind != "CALL_SENT").collect();
    assert_eq!(told_all(car, id, "HANDOFF_TRANSFERRED").await, in_car);
    assert_eq!(
        (street.mail.mails().len(), street.gateway.requests().len()),
        (1, 1),
        "one who has seen it is left alone"
    );
}

/// Workflow B: the unit's board, somebody reminded at half the time, the administrator at the end of it.
pub async fn guest_rooms_on_call(street: &Street) {
    let guest = street.house.world.agencies[0].guest();
    let chain = json!([
        step("BOARD", "", "ASKED", 0),
        step("EMAIL", "nurse@amber.example", "HALF", 0),
        step("EMAIL", "administrator@amber.example", "DUE", 0)
    ]);
    on_call(&street.house.client("intake"), json!({ "unitId": guest.to_string() }), chain).await;
}

/// The board of the guest rooms sounds for an offer.
pub async fn guest_rooms_sound(amber: &Client, handoff: &str) {
    let sounds = rung(amber, handoff, "ACKNOWLEDGE", 1).await;
    assert_eq!((channels(&sounds), &sounds["unit"]["label"]), (vec!["BOARD"], &json!("Amber guest")));
}

/// Twenty minutes in, nobody at the guest rooms has looked at the offer; ten minutes later the administrator says so.
pub async fn nobody_at_the_guest_rooms(street: &Street, amber: &Client, handoff: &str) -> Value {
    let reminded = rung(amber, handoff, "ACKNOWLEDGE", 2).await;
    assert_eq!((channels(&reminded), street.to()), (vec!["BOARD", "EMAIL"], vec!["nurse@amber.example".to_owned()]));
    street.house.clock.advance(10);
    let call = rung(amber, handoff, "ACKNOWLEDGE", 3).await;
    assert_eq!((&call["id"], channels(&call)), (&reminded["id"], vec!["BOARD", "EMAIL", "EMAIL"]));
    assert_eq!(street.to(), ["nurse@amber.example", "administrator@amber.example"]);
    assert_eq!(street.mail.mails()[1].body(), says("Amber guest"));
    seen(amber, &call["id"]).await;
    call
}

/// Another was chosen: the call ends, and all of it was told in its order.
pub async fn told_of_the_guest_rooms(
    street: &Street,
    amber: &Client,
    events: &mut Sse,
    (handoff, call): (&str, &Value),
) {
    becomes(amber, &call["id"], "ENDED").await;
    let kinds = told_all(events, handoff, "CALL_ENDED").await;
    // That it is late is told by another hand, just before the last step or just after.
    let (late, kinds): (Vec<String>, Vec<String>) = kinds.into_iter().partition(|kind| kind == "HANDOFF_LATE");
    assert_eq!(late.len(), 1);
    let order =
        "HANDOFF_OFFERED CALL_STARTED CALL_SENT CALL_SENT CALL_SENT CALL_ACKNOWLEDGED HANDOFF_WITHDRAWN CALL_ENDED";
    assert_eq!(kinds, words(order));
    assert_eq!(street.mail.mails().len(), 2);
}

/// Workflow C: the house's board, and after five minutes the peer on duty.
pub async fn peer_house_on_call(street: &Street) {
    let rooms = street.house.world.agencies[0].guest();
    let chain = json!([step("BOARD", "", "ASKED", 0), step("EMAIL", "peer.on.duty@amber.example", "ASKED", 5)]);
    on_call(&street.house.client("intake"), json!({ "unitId": rooms.to_string() }), chain).await;
}

/// The house has not looked for five minutes: the peer on duty is woken, and says so.
pub async fn peer_on_duty_woken(street: &Street, peer: &Client, handoff: &str) -> Value {
    let call = rung(peer, handoff, "ACKNOWLEDGE", 2).await;
    assert_eq!((channels(&call), street.to()), (vec!["BOARD", "EMAIL"], vec!["peer.on.duty@amber.example".to_owned()]));
    assert_eq!(street.mail.mails()[0].body(), says("Amber guest"));
    seen(peer, &call["id"]).await;
    call
}

/// What the house was told of its handoff, less the calls; those came in their order.
pub async fn told_of_the_peer_house(events: &mut Sse, handoff: &str) -> Vec<String> {
    let kinds = told_all(events, handoff, "HANDOFF_TRANSFERRED").await;
    let order = "STARTED SENT SENT ACKNOWLEDGED ANSWERED STARTED SENT ANSWERED";
    assert_eq!(of_calls(&kinds), words(order));
    kinds.into_iter().filter(|kind| !kind.starts_with("CALL_")).collect()
}

/// Workflow D: the van's board, after half a minute the crew's phone, after the minute the supervisor.
pub async fn teams_on_call<T: ToString>(street: &Street, teams: [T; 2]) {
    for team in teams {
        let chain = json!([
            step("BOARD", "", "ASKED", 0),
            step("WEBHOOK", "+13055550142", "HALF", 0),
            step("EMAIL", "supervisor@amber.example", "DUE", 0)
        ]);
        on_call(&street.house.client("intake"), json!({ "teamId": team.to_string() }), chain).await;
    }
}

/// The van's board sounds for an offer.
pub async fn van_sounds(crew: &Client, waiting: &Value) {
    let sounds = rung(crew, waiting["id"].as_str().unwrap(), "ACKNOWLEDGE", 1).await;
    assert_eq!((&sounds["team"]["id"], &sounds["unit"]), (&waiting["team"]["id"], &Value::Null));
    assert_eq!((channels(&sounds), &sounds["dueAt"]), (vec!["BOARD"], &waiting["dueAt"]));
}

/// A minute has passed and nobody looked: phone and supervisor are called, and a minute later nobody is left, which the line knows
/// before its time is over. One minute later it is.
pub async fn first_team_silent(street: &Street, (line, crew): (&Client, &Client), handoff: &str) -> Value {
    let call = rung(crew, handoff, "ACKNOWLEDGE", 3).await;
    assert_eq!(channels(&call), ["BOARD", "WEBHOOK", "EMAIL"]);
    assert_eq!((street.to(), street.gateway.requests().len()), (vec!["supervisor@amber.example".to_owned()], 1));
    assert_eq!(street.mail.mails()[0].body(), says("Mobile 1"));
    street.house.clock.advance(1);
    becomes(line, &call["id"], "EXHAUSTED").await;
    street.house.clock.advance(1);
    becomes(line, &call["id"], "ENDED").await
}

/// The next team's crew is on its feet by the phone, and says that it has seen it.
pub async fn second_team_woken(street: &Street, crew: &Client, handoff: &str) -> Value {
    rung(crew, handoff, "ACKNOWLEDGE", 1).await;
    street.house.clock.advance_micros(30_000_000);
    let call = rung(crew, handoff, "ACKNOWLEDGE", 2).await;
    assert_eq!((channels(&call), street.gateway.requests().len()), (vec!["BOARD", "WEBHOOK"], 2));
    seen(crew, &call["id"]).await;
    street.house.clock.advance_micros(20_000_000);
    call
}

/// Both teams' calls as they were told: with every step to the crew's own agency, and to the line without.
pub async fn told_of_the_teams(street: &Street, (van, line): (&mut Sse, &mut Sse), handoff: &str) {
    let order = words("STARTED SENT SENT SENT EXHAUSTED ENDED STARTED SENT SENT ACKNOWLEDGED ANSWERED");
    let last = "HANDOFF_TRANSFERRED";
    assert_eq!(of_calls(&told_all(van, handoff, last).await), order, "at the scene nobody is called");
    let without: Vec<&str> = order.into_iter().filter(|kind| *kind != "SENT").collect();
    assert_eq!(of_calls(&told_all(line, handoff, last).await), without);
    assert_eq!((street.mail.mails().len(), street.gateway.requests().len()), (1, 2));
}
