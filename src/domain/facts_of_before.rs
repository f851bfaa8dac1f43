//! Facts as earlier versions wrote them: what the log holds is never rewritten, and is read for good.
use super::event::Fact;
use super::follow_up::FollowUpState;
use super::handoff::{Ending, FailReason, HandoffState, Warmth};
use super::time::At;

/// A handoff before there were searches, courses, reminders and supervisors, and before anything was shredded.
const HANDOFF_1: &str = r#"{"of":"handoff","receiver":"018d0000-0000-7000-8000-000000000002","level_of_care":"RECEIVING_23H",
    "pathway":["018d0000-0000-7000-8000-000000000003",4],"unit":"018d0000-0000-7000-8000-000000000004","hold":null,
    "state":"FAILED","arrive_by":1772350000000000,"due_at":null,"late":false,"times":{"announced_at":1772348400000000,
    "settled_at":1772348400000000,"departed_at":null,"arrived_at":null,"sender_confirmed_at":null,
    "receiver_confirmed_at":null,"ended_at":1772349000000000},"ending":{"how":"failed","why":"NO_SHOW"}}"#;
/// A handoff with its course, before anybody was asked who answers for a redirection, and before anything was shredded.
const HANDOFF_2: &str = r#"{"of":"handoff","receiver":"018d0000-0000-7000-8000-000000000002","level_of_care":null,
    "pathway":["018d0000-0000-7000-8000-000000000003",1],"episode":"018d0000-0000-7000-8000-000000000005","offer":null,
    "unit":null,"team":"018d0000-0000-7000-8000-000000000006","course":{"follow_ups":[{"by":"PEER","within_hours":24}],
    "transport":null,"contacts":[],"door":{"warmth":"COLD","peer_present":null,"restraint_used":false},"police":null},
    "hold":null,"state":"REDIRECTED","arrive_by":1772350000000000,"due_at":null,"late":false,"nudged":null,
    "times":{"announced_at":1772348400000000,"acknowledged_at":null,"agreed_at":null,"settled_at":1772348400000000,
    "departed_at":null,"arrived_at":null,"sender_confirmed_at":null,"receiver_confirmed_at":null,
    "ended_at":1772349000000000},"ending":{"how":"redirected","why":"MEDICAL"}}"#;
/// A follow-up when each followed a handoff.
const FOLLOW_UP_1: &str = r#"{"of":"follow_up","handoff":"018d0000-0000-7000-8000-000000000007","by":"PEER","state":"DUE",
    "done_by":1772350000000000,"late":true,"attempts":3}"#;
/// A search that did not say for whom.
const EPISODE_1: &str = r#"{"of":"episode","level_of_care":null,"settlement":"FIRST_ACCEPT","state":"SEEKING","handoff":null,
    "chosen_for":null,"reason":null,"opened_at":1772348400000000,"waited_hours":4}"#;

fn read(text: &str) -> Fact {
    let fact: Fact = serde_json::from_str(text).unwrap();
    // What is written of it now is read as the same.
    assert_eq!(serde_json::from_str::<Fact>(&serde_json::to_string(&fact).unwrap()).unwrap(), fact);
    fact
}

#[test]
fn handoffs_of_before_are_read() {
    let Fact::Handoff(first) = read(HANDOFF_1) else { panic!("another fact") };
    assert_eq!((first.state, first.ending), (HandoffState::Failed, Some(Ending::Failed(FailReason::NoShow))));
    assert!(first.episode.is_none() && first.course.contacts.is_empty() && first.supervisor.is_none());
    let Fact::Handoff(second) = read(HANDOFF_2) else { panic!("another fact") };
    assert_eq!((second.state, second.course.door.warmth), (HandoffState::Redirected, Some(Warmth::Cold)));
    assert_eq!((second.supervisor, second.times.text_shredded_at), (None, None));
    assert_eq!(second.times.ended_at, Some(At::from_micros(1_772_349_000_000_000)));
}

#[test]
fn follow_ups_and_searches_of_before_are_read() {
    let Fact::FollowUp(fact) = read(FOLLOW_UP_1) else { panic!("another fact") };
    assert_eq!((fact.state, fact.attempts, fact.late), (FollowUpState::Due, 3, true));
    assert!(fact.handoff.is_some());
    let Fact::Episode(fact) = read(EPISODE_1) else { panic!("another fact") };
    assert_eq!((fact.waited_hours, fact.age_band, fact.legal_status), (4, None, None));
}
