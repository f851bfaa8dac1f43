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
        episode: EpisodeId::of(Uuid::nil()),
        offer: None,
        to: Destination::Unit(BedUnitId::of(Uuid::nil())),
        course: Course::default(),
        hold: None,
        state: HandoffState::Accepted,
        arrive_by: now.plus_minutes(60),
        due_at: Some(now.plus_minutes(60)),
        late: false,
        nudged: None,
        times: Times { announced_at: now, settled_at: Some(now), ..Times::default() },
        ending: None,
        supervisor: None,
        text_kept: false,
    }
}

/// An offer to the same agency: ten minutes to look, an hour to decide, half an hour's way.
fn offered(first_accept: bool) -> Handoff {
    let now = At::from_micros(0);
    let coded = OfferCoded {
        first_accept,
        self_referral: false,
        decide_minutes: 60,
        arrive_minutes: 30,
        hold_minutes: 30,
        decide_by: now.plus_minutes(60),
        decide_left: None,
        asked: Vec::new(),
        conditions: Vec::new(),
        waitlist: None,
        could_accept_if: Vec::new(),
        bed_was_shown_available: None,
        changed: Vec::new(),
        previous: None,
    };
    Handoff {
        state: HandoffState::Offered,
        offer: Some(Offer { coded, accepted_by: None }),
        due_at: Some(now.plus_minutes(10)),
        arrive_by: now.plus_minutes(90),
        times: Times { announced_at: now, ..Times::default() },
        ..announced()
    }
}

fn yes(conditions: &[AcceptanceCondition]) -> Move {
    let by = AcceptedBy { name: "Dr. Amber".into(), callback: "555-0100".into() };
    Move::Accept(Acceptance { by, conditions: conditions.to_vec() })
}

fn no(reason: DeclineReason) -> Move {
    Move::Decline(Refusal { reason, could_accept_if: Vec::new(), bed_was_shown_available: true })
}

fn begun() -> impl Strategy<Value = Handoff> {
    prop_oneof![Just(announced()), Just(offered(true)), Just(offered(false))]
}

fn moves() -> impl Strategy<Value = Option<(Move, Party)>> {
    let of_offers = prop_oneof![
        Just(Move::Acknowledge),
        Just(Move::Ask(vec![InformationItem::Vitals])),
        Just(Move::Answer),
        (1..9_i64).prop_map(|hours| {
            Move::Waitlist(Waitlist { position: 1, review_at: At::from_micros(0).plus_minutes(hours * 60) })
        }),
        Just(yes(&[])),
        Just(yes(&[AcceptanceCondition::Papers])),
        any::<bool>().prop_map(|conditions_met| Move::Choose(Choice { chosen_for: None, conditions_met })),
        Just(no(DeclineReason::Acuity)),
        Just(Move::Withdraw(WithdrawReason::NeedChanged)),
    ];
    let of_the_way = prop_oneof![
        Just(Move::Depart),
        Just(Move::Arrive),
        Just(Move::Confirm(Door::default())),
        Just(Move::Redirect(RedirectReason::Medical, None)),
        Just(Move::Fail(FailReason::NoShow)),
    ];
    let to = prop_oneof![3 => of_offers, 2 => of_the_way];
    // The likeliest thing is that time passes.
    prop_oneof![
        2 => Just(None),
        5 => (to, prop_oneof![Just(Party::Sender), Just(Party::Receiver)]).prop_map(Some),
    ]
}

/// What is true of every handoff.
fn holds(handoff: &Handoff) {
    let (open, times) = (handoff.state.is_open(), handoff.times);
    assert_eq!(open, handoff.due_at.is_some(), "an open handoff has a clock: {handoff:?}");
    assert_eq!(open, times.ended_at.is_none(), "{handoff:?}");
    let with_reason = matches!(
        handoff.state,
        HandoffState::Redirected | HandoffState::Failed | HandoffState::Declined | HandoffState::Withdrawn
    );
    assert_eq!(handoff.ending.is_some(), with_reason, "{handoff:?}");
    let taken_over = matches!(handoff.state, HandoffState::Received | HandoffState::Transferred);
    assert_eq!(
        times.receiver_confirmed_at.is_some(),
        taken_over,
        "nobody is taken over without the receiver: {handoff:?}"
    );
    assert!(times.arrived_at.is_some() || !taken_over, "{handoff:?}");
    let Some(offer) = &handoff.offer else { return };
    // Nobody comes to where nobody said yes, and who said yes can be called.
    let past_offer = handoff.times.settled_at.is_some();
    assert!(!past_offer || (times.agreed_at.is_some() && offer.accepted_by.is_some()), "{handoff:?}");
    assert!(!(past_offer && handoff.state.is_offer()), "{handoff:?}");
    // The time to decide stands still exactly while the sender owes an answer.
    let asked = handoff.state == HandoffState::NeedsInformation;
    assert!(!asked || offer.coded.decide_left.is_some(), "{handoff:?}");
}

proptest! {
    #[test]
    fn whatever_happens_somebody_owns_the_next_word_until_it_ends(
        first in begun(),
        walk in prop::collection::vec((moves(), 0..200_i64), 1..30),
    ) {
        let (mut handoff, mut now) = (first, At::from_micros(0));
        for (step, minutes) in walk {
            now = now.plus_minutes(minutes);
            let changed = match step {
                Some((to, by)) => handoff.go(&to, by, now).ok(),
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
fn the_first_yes_settles_it_unless_it_depends_on_more_or_the_sender_chooses() {
    let now = At::from_micros(0).plus_minutes(5);
    let state = |offer: &Handoff, to: &Move| offer.go(to, Party::Receiver, now).unwrap().into_state();
    let settled = state(&offered(true), &yes(&[]));
    assert_eq!((settled.state, settled.due_at), (HandoffState::Accepted, Some(now.plus_minutes(30))));
    let depends = state(&offered(true), &yes(&[AcceptanceCondition::Papers]));
    assert_eq!((depends.state, depends.due_at), (HandoffState::Agreed, Some(now.plus_minutes(CHOICE_MINUTES))));
    let choose = |conditions_met| Move::Choose(Choice { chosen_for: Some(ChosenFor::Person), conditions_met });
    assert_eq!(depends.go(&choose(false), Party::Sender, now).unwrap_err(), MoveRefused::ConditionsOpen);
    assert_eq!(depends.go(&choose(true), Party::Receiver, now).unwrap_err(), MoveRefused::WrongState);
    // To choose is the sender's, and no other name for a yes.
    assert_eq!(offered(true).go(&choose(true), Party::Receiver, now).unwrap_err(), MoveRefused::WrongState);
    assert_eq!(offered(true).go(&choose(true), Party::Sender, now).unwrap_err(), MoveRefused::WrongState);
    assert_eq!(depends.go(&choose(true), Party::Sender, now).unwrap().state().state, HandoffState::Accepted);
    let agreed = state(&offered(false), &yes(&[]));
    assert_eq!(agreed.state, HandoffState::Agreed);
    assert_eq!(agreed.go(&choose(false), Party::Sender, now).unwrap().state().arrive_by, now.plus_minutes(30));
}

#[test]
fn the_time_to_decide_stands_still_while_the_sender_owes_an_answer() {
    let at = |minutes| At::from_micros(0).plus_minutes(minutes);
    let asked = offered(false).go(&Move::Ask(vec![InformationItem::Vitals]), Party::Receiver, at(20)).unwrap();
    let asked = asked.into_state();
    assert_eq!((asked.state.awaits(), asked.due_at), (Some(Party::Sender), Some(at(80))));
    assert_eq!(asked.times.acknowledged_at, Some(at(20)), "who asks has looked");
    let answered = asked.go(&Move::Answer, Party::Sender, at(70)).unwrap().into_state();
    assert_eq!((answered.state, answered.due_at), (HandoffState::Acknowledged, Some(at(110))), "40 minutes were left");
    let late = answered.go(&Move::Ask(vec![InformationItem::Vitals]), Party::Receiver, at(130)).unwrap().into_state();
    let answered = late.go(&Move::Answer, Party::Sender, at(140)).unwrap().into_state();
    assert_eq!(answered.due_at, Some(at(145)), "never too short to look");
}

#[test]
fn who_never_looks_is_waited_for_no_longer_than_the_time_to_decide() {
    let at = |minutes| At::from_micros(0).plus_minutes(minutes);
    let late = offered(false).tell_time(at(10)).unwrap().into_state();
    assert_eq!((late.state, late.late, late.due_at), (HandoffState::Offered, true, Some(at(60))));
    assert_eq!(late.tell_time(at(60)).unwrap().state().state, HandoffState::Expired);
    // Who has looked is given the time that others are.
    let seen = late.go(&Move::Acknowledge, Party::Receiver, at(30)).unwrap().into_state();
    assert_eq!((seen.late, seen.due_at), (false, Some(at(60))));
    let overdue = seen.tell_time(at(60)).unwrap().into_state();
    assert_eq!((overdue.late, overdue.due_at), (true, Some(at(60 + GIVE_UP_MINUTES))));
}

#[test]
fn a_house_that_people_call_says_nothing_of_their_health() {
    let mut house = offered(true);
    house.offer.as_mut().unwrap().coded.self_referral = true;
    let said = |reason| house.go(&no(reason), Party::Receiver, At::from_micros(0)).map(|changed| changed.state().state);
    assert_eq!(said(DeclineReason::WithdrawalRisk), Err(MoveRefused::ClinicalReason));
    assert_eq!(said(DeclineReason::NotASuit), Ok(HandoffState::Declined));
}

#[test]
fn a_late_word_that_comes_is_late_no_more() {
    let at = |minutes| At::from_micros(0).plus_minutes(minutes);
    let late = announced().tell_time(at(60)).unwrap().into_state();
    assert_eq!((late.late, late.due_at), (true, Some(at(300))));
    // Setting out is not the word that is late; arriving is.
    let on_the_way = late.go(&Move::Depart, Party::Sender, at(70)).unwrap().into_state();
    assert_eq!((on_the_way.late, on_the_way.due_at), (true, Some(at(300))));
    let there = on_the_way.go(&Move::Arrive, Party::Receiver, at(80)).unwrap().into_state();
    assert_eq!((there.late, there.due_at), (false, Some(at(90))));
    // The receiver has not spoken, whoever else has.
    let handed = there.go(&Move::Confirm(Door::default()), Party::Sender, at(85)).unwrap().into_state();
    assert_eq!((handed.late, handed.due_at), (false, Some(at(90))));
}

#[test]
fn who_may_not_refuse_is_asked_who_answers_for_it() {
    let at = |minutes| At::from_micros(0).plus_minutes(minutes);
    let redirect = |name: Option<&str>| Move::Redirect(RedirectReason::Unsafe, name.map(str::to_owned));
    let go = |of: &Handoff, name| of.go(&redirect(name), Party::Receiver, at(10)).unwrap().into_state();
    let awaited = go(&announced(), None);
    assert_eq!((awaited.supervisor_due_at(), awaited.due_at), (Some(at(70)), None));
    assert!(awaited.tell_unnamed(at(70).plus_micros(-1)).is_none());
    let named = awaited.name_supervisor("Nurse Amber", at(69)).unwrap().into_state();
    assert_eq!(named.supervisor.as_ref().unwrap().name.as_deref(), Some("Nurse Amber"));
    assert_eq!((named.supervisor_due_at(), named.name_supervisor("another", at(69)).unwrap_err()), (None, NotAwaited));
    assert_eq!(awaited.name_supervisor("Nurse Amber", at(70)).unwrap_err(), NotAwaited);
    let unnamed = awaited.tell_unnamed(at(71)).unwrap().into_state();
    assert!(unnamed.tell_unnamed(at(72)).is_none() && unnamed.supervisor.as_ref().unwrap().coded.unnamed);
    assert_eq!(unnamed.name_supervisor("Nurse Amber", at(72)).unwrap_err(), NotAwaited);
    // Said at once there is no clock; and whoever was asked, and said yes, is not asked this.
    assert_eq!(go(&announced(), Some("Nurse Amber")).supervisor_due_at(), None);
    let settled = offered(true).go(&yes(&[]), Party::Receiver, at(5)).unwrap().into_state();
    assert_eq!(go(&settled, None).supervisor, None);
}

#[test]
fn words_and_names_are_shredded_and_what_is_coded_stays() {
    use crate::domain::retention::RetentionLimits;
    let (limits, at) = (RetentionLimits::default(), |days: i64| At::from_micros(0).plus_minutes(days * 24 * 60));
    let yes = Handoff { on_behalf_of: Some("Amber 12".into()), ..offered(true) };
    let yes = yes.go(&self::yes(&[]), Party::Receiver, at(0)).unwrap().into_state();
    assert!(yes.shred(limits, false, at(1_000)).is_none(), "it goes on");
    let redirect = Move::Redirect(RedirectReason::Medical, Some("Nurse Amber".into()));
    let ended = yes.go(&redirect, Party::Receiver, at(1)).unwrap().into_state();
    assert!(ended.shred(limits, false, at(91).plus_micros(-1)).is_none());
    let left = ended.shred(limits, false, at(91)).unwrap().into_state();
    assert!(!format!("{left:?}").contains("Amber"), "{left:?}");
    let coded = |of: &Handoff| (of.state, of.ending, of.offer.as_ref().unwrap().coded.clone(), of.need.clone());
    assert_eq!(
        (coded(&left), left.version, left.times.text_shredded_at),
        (coded(&ended), ended.version + 1, Some(at(91)))
    );
    assert_eq!(left.supervisor.as_ref().unwrap().coded, ended.supervisor.as_ref().unwrap().coded);
    assert!(left.shred(limits, false, at(200)).is_none(), "once");
    // What is preserved is told of the same way, and goes later with nobody told.
    let kept = ended.shred(limits, true, at(91)).unwrap();
    assert_eq!(kept.happening().version, left.version);
    let kept = kept.into_state();
    assert_eq!((kept.times, kept.text_kept, kept.let_go()), (left.times, true, left));
}

#[test]
fn who_is_under_way_is_driven_and_a_yes_that_is_said_again_is_one_yes() {
    let at = |minutes| At::from_micros(0).plus_minutes(minutes);
    let drives = |provider: Option<u128>, assigned| {
        let provider = provider.map(|key| OrganizationId::of(Uuid::from_u128(key)));
        Move::Drive(TransportWord { mode: TransportMode::Ems, provider, assigned, pick_up_minutes: 10 })
    };
    let said = |of: &Handoff, to: &Move, minutes| of.go(to, Party::Sender, at(minutes)).unwrap().into_state();
    let left = said(&announced(), &Move::Depart, 5);
    let driven = said(&left, &drives(None, false), 7);
    let transport = driven.course.transport.unwrap();
    assert_eq!((transport.stage, transport.picked_up_at), (TransportStage::PickedUp, Some(at(5))));
    let yes = said(&announced(), &drives(None, true), 5);
    let assigned = |of: &Handoff| of.course.transport.unwrap().assigned_at;
    let again = said(&yes, &drives(None, true), 8);
    assert_eq!((assigned(&again), again.transport_due_at()), (Some(at(5)), Some(at(18))));
    assert_eq!(assigned(&said(&again, &drives(Some(3), true), 9)), Some(at(9)), "somebody else has said yes");
    assert_eq!(assigned(&said(&again, &drives(None, false), 9)), None);
}

#[test]
fn a_code_can_be_read_out() {
    let code = short_code(announced().id);
    assert_eq!(code.len(), 6);
    assert!(code.bytes().all(|letter| ALPHABET.contains(&letter)), "{code}");
    assert_ne!(code, short_code(HandoffId::of(Uuid::from_u128(0x1234_5678_9abc_def1))));
}
