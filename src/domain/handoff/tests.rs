use super::super::id::NounId;
use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn announced() -> Handoff {
    let org = |n| OrganizationId::of(Uuid::from_u128(n));
    let now = At::from_micros(0);
    Handoff {
        id: HandoffId::of(Uuid::from_u128(0x1234_5678_9abc_def0)),
        region: RegionId::of(Uuid::nil()),
        version: 1,
        code: "000000".into(),
        sender: org(1),
        receiver: org(2),
        sent_by: None,
        on_behalf_of: None,
        need: NeedSummary::default(),
        pathway: (PathwayId::of(Uuid::nil()), 1),
        unit: BedUnitId::of(Uuid::nil()),
        hold: None,
        state: HandoffState::Accepted,
        arrive_by: now.plus_minutes(60),
        due_at: Some(now.plus_minutes(60)),
        late: false,
        times: Times { announced_at: now, ..Times::default() },
        ending: None,
    }
}

fn moves() -> impl Strategy<Value = Option<(Move, Party)>> {
    let to = prop_oneof![
        Just(Move::Depart),
        Just(Move::Arrive),
        Just(Move::Confirm),
        Just(Move::Redirect(RedirectReason::Medical)),
        Just(Move::Fail(FailReason::NoShow)),
    ];
    // The likeliest thing is that time passes.
    prop_oneof![
        2 => Just(None),
        3 => (to, prop_oneof![Just(Party::Sender), Just(Party::Receiver)]).prop_map(Some),
    ]
}

/// What is true of every handoff.
fn holds(handoff: &Handoff) {
    let (open, times) = (handoff.state.is_open(), handoff.times);
    assert_eq!(open, handoff.due_at.is_some(), "an open handoff has a clock: {handoff:?}");
    assert_eq!(open, times.ended_at.is_none(), "{handoff:?}");
    let with_reason = matches!(handoff.state, HandoffState::Redirected | HandoffState::Failed);
    assert_eq!(handoff.ending.is_some(), with_reason, "{handoff:?}");
    let taken_over = matches!(handoff.state, HandoffState::Received | HandoffState::Transferred);
    assert_eq!(
        times.receiver_confirmed_at.is_some(),
        taken_over,
        "nobody is taken over without the receiver: {handoff:?}"
    );
    assert!(times.arrived_at.is_some() || !taken_over, "{handoff:?}");
}

proptest! {
    #[test]
    fn whatever_happens_somebody_owns_the_next_word_until_it_ends(
        walk in prop::collection::vec((moves(), 0..200_i64), 1..30),
    ) {
        let (mut handoff, mut now) = (announced(), At::from_micros(0));
        for (step, minutes) in walk {
            now = now.plus_minutes(minutes);
            let changed = match step {
                Some((to, by)) => handoff.go(to, by, now).ok(),
                None => handoff.tell_time(now),
            };
            if let Some(changed) = changed {
                prop_assert_eq!(changed.state().version, handoff.version + 1);
                prop_assert_eq!(changed.happening().version, handoff.version + 1);
                handoff = changed.into_state();
            }
            holds(&handoff);
        }
        // Left alone, it is told to be late at most once, and ends.
        let mut told = 0;
        while let Some(due) = handoff.due_at {
            prop_assert!(handoff.tell_time(due.plus_micros(-1)).is_none(), "before its time");
            handoff = handoff.tell_time(due).expect("nothing happens at its time").into_state();
            holds(&handoff);
            told += 1;
        }
        prop_assert!(told <= 2, "{told}");
    }
}

#[test]
fn a_late_word_that_comes_is_late_no_more() {
    let at = |minutes| At::from_micros(0).plus_minutes(minutes);
    let late = announced().tell_time(at(60)).unwrap().into_state();
    assert_eq!((late.late, late.due_at), (true, Some(at(300))));
    // Setting out is not the word that is late; arriving is.
    let on_the_way = late.go(Move::Depart, Party::Sender, at(70)).unwrap().into_state();
    assert_eq!((on_the_way.late, on_the_way.due_at), (true, Some(at(300))));
    let there = on_the_way.go(Move::Arrive, Party::Receiver, at(80)).unwrap().into_state();
    assert_eq!((there.late, there.due_at), (false, Some(at(90))));
    // The receiver has not spoken, whoever else has.
    let handed = there.go(Move::Confirm, Party::Sender, at(85)).unwrap().into_state();
    assert_eq!((handed.late, handed.due_at), (false, Some(at(90))));
}

#[test]
fn a_code_can_be_read_out() {
    let code = short_code(announced().id);
    assert_eq!(code.len(), 6);
    assert!(code.bytes().all(|letter| ALPHABET.contains(&letter)), "{code}");
    assert_ne!(code, short_code(HandoffId::of(Uuid::from_u128(0x1234_5678_9abc_def1))));
}
