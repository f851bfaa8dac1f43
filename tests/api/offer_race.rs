//! Many answer one search at once: one of them settles it, and every place that lost is free.
use super::bed::{problems, unit};
use super::handoff::{go, read};
use super::offer::{Asked, episode, input, offered, yes};
use crate::house::traffic::scale;
use crate::house::{Db, House};
use serde_json::json;

on_both!(thirty_two_answers_at_once_settle_one_search, a_choice_and_the_others_words_at_once_leave_one_place_kept,);

/// What is left when all is said: one is accepted, the others are taken back, and one place is kept.
async fn one_is_left(house: &House, id: &str, handoffs: &[String]) {
    let sender = house.client("emergency_department-2");
    let search = episode(&sender, id).await;
    assert_eq!(search["state"], "SETTLED", "{search:#}");
    let mut left = Vec::new();
    for handoff in handoffs {
        left.push(read(&sender, handoff).await["state"].as_str().unwrap().to_owned());
    }
    assert_eq!(left.iter().filter(|state| *state == "ACCEPTED").count(), 1, "{left:?}");
    assert!(left.iter().all(|state| ["ACCEPTED", "WITHDRAWN", "DECLINED"].contains(&state.as_str())), "{left:?}");
    let kept = "{ bedHolds(filter: { states: [ACTIVE] }) { edges { node { id } } } }";
    let held = sender.ask(kept, json!({})).await;
    assert_eq!(held.data("/bedHolds/edges").as_array().unwrap().len(), 1, "{:#}", held.body);
}

async fn thirty_two_answers_at_once_settle_one_search(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber, basalt) =
        (house.client("emergency_department-2"), house.client("intake"), house.client("intake-2"));
    for _ in 0..5 * scale() {
        let first = json!({ "settlement": "FIRST_ACCEPT" });
        let (id, handoffs) = offered(&sender, input(asked.three(&house), first)).await;
        let desks = [&amber, &amber, &basalt];
        let said = (0..32).map(|n| go(desks[n % 3], "acceptOffer", &handoffs[n % 3], yes()));
        let said = futures_util::future::join_all(said).await;
        let won = said.iter().filter(|one| problems(one, "acceptOffer").is_empty()).count();
        assert_eq!(won, 1);
        for lost in said.iter().filter(|one| !problems(one, "acceptOffer").is_empty()) {
            let code = problems(lost, "acceptOffer")[0].to_owned();
            assert!(["ALREADY_TAKEN", "WRONG_STATE", "CONFLICT"].contains(&code.as_str()), "{code}");
        }
        one_is_left(&house, &id, &handoffs).await;
        let winner = episode(&sender, &id).await["settledById"].as_str().unwrap().to_owned();
        let ended = go(&sender, "failHandoff", &winner, json!({ "reason": "NO_LONGER_NEEDED" })).await;
        assert_eq!(problems(&ended, "failHandoff"), [""; 0]);
    }
    let [one, two] = [0, 1].map(|n| house.world.agencies[n].ward());
    assert_eq!((&unit(&sender, one).await["net"], &unit(&sender, two).await["net"]), (&json!(4), &json!(4)));
    house.verified().await;
    house.close().await;
}

async fn a_choice_and_the_others_words_at_once_leave_one_place_kept(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber, basalt) =
        (house.client("emergency_department-2"), house.client("intake"), house.client("intake-2"));
    for _ in 0..5 * scale() {
        let (id, handoffs) = offered(&sender, input(asked.three(&house), json!({}))).await;
        for (desk, handoff) in [(&amber, &handoffs[0]), (&basalt, &handoffs[2])] {
            assert_eq!(problems(&go(desk, "acceptOffer", handoff, yes()).await, "acceptOffer"), [""; 0]);
        }
        let (one, other, taken_back, no) = tokio::join!(
            go(&sender, "chooseOffer", &handoffs[0], json!({})),
            go(&sender, "chooseOffer", &handoffs[2], json!({})),
            go(&amber, "acceptOffer", &handoffs[1], yes()),
            go(&amber, "declineOffer", &handoffs[1], json!({ "reason": "MILIEU" })),
        );
        let chosen = [&one, &other].iter().filter(|said| problems(said, "chooseOffer").is_empty()).count();
        assert_eq!(chosen, 1, "{:#} {:#}", one.body, other.body);
        drop((taken_back, no));
        one_is_left(&house, &id, &handoffs).await;
        let winner = episode(&sender, &id).await["settledById"].as_str().unwrap().to_owned();
        let ended = go(&sender, "failHandoff", &winner, json!({ "reason": "NO_LONGER_NEEDED" })).await;
        assert_eq!(problems(&ended, "failHandoff"), [""; 0]);
    }
    house.verified().await;
    house.close().await;
}
