//! Every field of the schema that is about handoffs, called by a coordinator's people about what is between others.
use super::named::Named;
use super::samples::Needs;
use super::{all, call, code, head, root};
use crate::house::{Db, House};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::role::Role;
use crisis_hub::policy::rules::{Action, Reach, coordinator_reach};

on_both!(a_coordinator_says_nothing_for_others_and_opens_nothing);

async fn a_coordinator_says_nothing_for_others_and_opens_nothing(db: Db) {
    let house = House::open(db).await;
    house.coordinator().await;
    let ours = Named::ours(&house, "victim").await;
    let (before, mut refused) = (head(&house).await, 0);
    for role in Role::ALL {
        let looks = coordinator_reach(*role, Action::ReadOpenEpisodes) == Reach::Region;
        let person = house.client(&format!("{}-c", role.code().to_lowercase()));
        for sample in all() {
            let expected = match sample.needs {
                Needs::Handoff(_)
                | Needs::Episode
                | Needs::Note(_)
                | Needs::Disclose(..)
                | Needs::Agree
                | Needs::Start(_)
                | Needs::EndHold
                | Needs::Threaten => {
                    if looks {
                        "FORBIDDEN"
                    } else {
                        "NOT_FOUND"
                    }
                }
                Needs::Nudge if !looks => "NOT_FOUND",
                Needs::Consent | Needs::Threat | Needs::Emergency => "NOT_FOUND",
                _ => continue,
            };
            let answer = call(&person, sample, &ours).await;
            assert_eq!(code(&answer), Some(expected), "{role:?} asks {}: {answer:#}", sample.field);
            assert!(root(&answer, sample).is_null(), "{role:?} asks {}", sample.field);
            refused += 1;
        }
    }
    assert!(refused > 200, "only {refused} were asked");
    assert_eq!(head(&house).await, before, "a coordinator changed something");
    house.close().await;
}
