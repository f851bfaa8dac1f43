//! What is chosen: steps as people would take them, and now and then as nobody should.
use super::model::{Agency, Goal, Model, Said, Way, is_in_care};
use super::places::ToHold;
use super::words::{Drives, Step, To, Word};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::episode::{EpisodeEnd, Settlement};
use crisis_hub::domain::follow_up::{FollowUpBy, FollowUpOutcome, FollowUpState};
use crisis_hub::domain::handoff::{ContactKind, FailReason, HandoffState};
use crisis_hub::domain::team::TeamStatus;
use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

/// The model, as what the steps are chosen by.
pub struct Reference;

fn agency() -> impl Strategy<Value = Agency> {
    prop_oneof![8 => Just(Agency::Amber), 8 => Just(Agency::Basalt), 1 => Just(Agency::Cedar)]
}

/// The way to a unit or to a team.
fn fits(goal: Goal, quick: bool) -> Way {
    match goal {
        Goal::Unit(3) => Way::Own,
        Goal::Unit(_) if quick => Way::Quick,
        Goal::Unit(_) => Way::Slow,
        Goal::Team(2) => Way::OwnVan,
        Goal::Team(_) => Way::Van,
    }
}

fn goal() -> impl Strategy<Value = Goal> {
    prop_oneof![1 => (0..4_usize).prop_map(Goal::Unit), 1 => (0..3_usize).prop_map(Goal::Team)]
}

/// A unit or a team, and a way to it; now and then one that leads elsewhere.
fn to() -> impl Strategy<Value = (Goal, Way)> {
    let fitting = (goal(), any::<bool>()).prop_map(|(goal, quick)| (goal, fits(goal, quick)));
    prop_oneof![30 => fitting, 1 => (goal(), prop::sample::select(&Way::ALL[..]))]
}

fn offers(search: BoxedStrategy<Option<usize>>) -> impl Strategy<Value = Step> {
    let one = (to(), prop_oneof![3 => Just(None), 1 => (0..=40_u32).prop_map(Some)]);
    let one = one.prop_map(|((goal, way), travel)| To { goal, way, travel }).boxed();
    let many = prop_oneof![
        3 => prop::collection::vec(one.clone(), 1..=3),
        // Each of some units once, which is what a desk would ask.
        3 => (any::<[bool; 4]>(), one).prop_map(|(asked, like)| {
            let way = |goal| fits(goal, like.way == Way::Quick);
            let some = (0..4).filter(|unit| asked[*unit]).take(3).map(Goal::Unit);
            let some: Vec<To> = some.map(|goal| To { goal, way: way(goal), ..like }).collect();
            if some.is_empty() { vec![To { way: way(like.goal), ..like }] } else { some }
        }),
    ];
    let settlement = prop_oneof![
        3 => Just(None),
        2 => Just(Some(Settlement::FirstAccept)),
        2 => Just(Some(Settlement::SenderChooses))
    ];
    (many, search, settlement, any::<bool>()).prop_map(|(to, search, settlement, changed)| Step::Offer {
        to,
        search,
        settlement,
        changed,
    })
}

fn word() -> impl Strategy<Value = Word> {
    let why = prop_oneof![
        1 => Just(FailReason::LeftBeforeHandoff),
        1 => Just(FailReason::NoShow),
        1 => Just(FailReason::MedicalDivert),
        1 => Just(FailReason::PersonChoseOtherwise),
        3 => Just(FailReason::Transport),
        1 => Just(FailReason::NoLongerNeeded),
        1 => Just(FailReason::Mistake),
    ];
    prop_oneof![
        2 => Just(Word::Acknowledge),
        3 => Just(Word::Ask),
        2 => Just(Word::Answer),
        2 => (2..=600_i64).prop_map(Word::Waitlist),
        8 => prop::bool::weighted(0.3).prop_map(|depends| Word::Accept { depends }),
        6 => prop::bool::weighted(0.7).prop_map(|met| Word::Choose { met }),
        3 => Just(Word::Decline),
        1 => Just(Word::Withdraw),
        3 => Just(Word::Depart),
        5 => Just(Word::Arrive),
        6 => prop::option::of(any::<bool>()).prop_map(|peer| Word::Confirm { peer }),
        2 => Just(Word::Redirect),
        3 => why.prop_map(Word::Fail),
    ]
}

/// What is said beside the way.
fn beside() -> impl Strategy<Value = Word> {
    let provider = prop_oneof![
        4 => Just(None),
        4 => Just(Some(Agency::Amber)),
        2 => Just(Some(Agency::Basalt)),
        1 => Just(Some(Agency::Cedar))
    ];
    let minutes = prop_oneof![12 => 0..=40_u32, 1 => 1_430..=1_445_u32];
    let drives = (provider, any::<bool>(), minutes);
    let drives = drives.prop_map(|(by, assigned, minutes)| Word::Drive(Drives { by, assigned, minutes }));
    let kind = prop::sample::select(ContactKind::ALL);
    prop_oneof![
        4 => drives,
        1 => kind.prop_map(Word::Contact),
        1 => any::<bool>().prop_map(|agreed| Word::AskPolice { agreed }),
    ]
}

/// What a team says of itself; mostly its own agency does.
fn team_says() -> impl Strategy<Value = Step> {
    let minutes = prop_oneof![6 => Just(None), 3 => (0..=30_u32).prop_map(Some), 1 => (595..=605_u32).prop_map(Some)];
    let status = prop_oneof![3 => Just(TeamStatus::Available), 2 => prop::sample::select(TeamStatus::ALL)];
    let by = prop_oneof![12 => Just(None), 1 => agency().prop_map(Some)];
    (by, 0..3_usize, status, minutes).prop_map(|(by, team, status, free_in)| Step::TeamSays {
        by: by.unwrap_or(if team == 2 { Agency::Basalt } else { Agency::Amber }),
        team,
        status,
        // Who is not at work says no end of it; now and then somebody does.
        free_in: free_in.filter(|minutes| *minutes > 598 || !matches!(status, TeamStatus::Available | TeamStatus::Out)),
    })
}

/// What follows: planned, and done.
fn follows(state: &Model) -> BoxedStrategy<Step> {
    let hours = prop_oneof![8 => 1..=48_u32, 1 => 718..=722_u32, 1 => Just(0)];
    let in_care = |handoff: &usize| is_in_care(state.handoffs[*handoff].state);
    let in_care: Vec<usize> = (0..state.handoffs.len()).filter(in_care).collect();
    let any = 0..state.handoffs.len();
    let after = if in_care.is_empty() {
        any.boxed()
    } else {
        prop_oneof![5 => prop::sample::select(in_care), 1 => any].boxed()
    };
    let with = prop::sample::select(FollowUpBy::ALL);
    let plan = (agency(), after, with, hours);
    let plan = plan.prop_map(|(by, handoff, with, hours)| Step::Plan { by, handoff, with, hours }).boxed();
    if state.follow_ups.is_empty() {
        return plan;
    }
    let outcome = prop_oneof![
        1 => Just(FollowUpOutcome::Attempted),
        4 => prop::sample::select(FollowUpOutcome::ALL)
    ];
    // Mostly whoever sees to what is still due.
    let open = state.follow_ups.iter().enumerate().filter(|(_, of)| of.state == FollowUpState::Due);
    let open: Vec<(Agency, usize)> = open.map(|(number, of)| (of.owner, number)).collect();
    let any = (agency(), 0..state.follow_ups.len());
    let which =
        if open.is_empty() { any.boxed() } else { prop_oneof![3 => prop::sample::select(open), 1 => any].boxed() };
    let record = (which, outcome, prop::bool::weighted(0.05));
    let record = record.prop_map(|((by, follow_up), outcome, stale)| Step::Record { by, follow_up, outcome, stale });
    prop_oneof![2 => plan, 3 => record].boxed()
}

/// Steps about what is there already.
fn goes_on(state: &Model) -> BoxedStrategy<Step> {
    // The last few are what is talked of; the others are asked too.
    let some = |len: usize| prop_oneof![3 => len.saturating_sub(4)..len, 1 => 0..len];
    let handoff = some(state.handoffs.len());
    let said = prop_oneof![5 => word(), 1 => beside()];
    let say = (agency(), handoff.clone(), said, prop::bool::weighted(0.03));
    let say = say.prop_map(|(by, handoff, word, stale)| Step::Say { by, handoff, word, stale });
    let nudge = (agency(), handoff).prop_map(|(by, handoff)| Step::Nudge { by, handoff });
    // Words that somebody would say as it stands, so that sequences get to the end.
    let fitting: Vec<Step> = state.fitting();
    let end = EpisodeEnd::ALL.iter().copied().filter(|end| *end != EpisodeEnd::Silence).collect::<Vec<_>>();
    let end = prop::sample::select(end);
    let close = (agency(), 0..state.searches.len(), end).prop_map(|(by, search, why)| Step::Close { by, search, why });
    let mut steps = vec![(6, say.boxed()), (1, close.boxed()), (1, nudge.boxed()), (2, follows(state))];
    let on_the_way = |of: &usize| matches!(state.handoffs[*of].state, HandoffState::Accepted | HandoffState::EnRoute);
    let on_the_way: Vec<usize> = (0..state.handoffs.len()).filter(on_the_way).collect();
    if !on_the_way.is_empty() {
        let drives = (agency(), prop::sample::select(on_the_way), beside());
        let drives = drives.prop_map(|(by, handoff, word)| Step::Say { by, handoff, word, stale: false });
        steps.push((3, drives.boxed()));
    }
    let agreed = |of: &usize| state.handoffs[*of].state == HandoffState::Agreed;
    let agreed: Vec<usize> = (0..state.handoffs.len()).filter(agreed).collect();
    if !agreed.is_empty() {
        let chosen = (prop::sample::select(agreed), any::<bool>().prop_map(|met| Word::Choose { met }));
        let choose = chosen.prop_map(|(handoff, word)| Step::Say { by: Agency::Basalt, handoff, word, stale: false });
        steps.push((2, choose.boxed()));
    }
    if !fitting.is_empty() {
        steps.push((12, prop::sample::select(fitting).boxed()));
    }
    if !state.holds.is_empty() {
        let to = prop_oneof![
            2 => (1..=300_i64).prop_map(ToHold::Extend),
            1 => Just(ToHold::Release),
            1 => Just(ToHold::Arrive)
        ];
        let change = (agency(), 0..state.holds.len(), to).prop_map(|(by, hold, to)| Step::ChangeHold { by, hold, to });
        steps.push((2, change.boxed()));
    }
    prop::strategy::Union::new_weighted(steps).boxed()
}

impl Model {
    /// Every word that leads somewhere from where things stand.
    fn fitting(&self) -> Vec<Step> {
        let words = [
            Word::Acknowledge,
            Word::Ask,
            Word::Answer,
            Word::Waitlist(45),
            Word::Accept { depends: false },
            Word::Accept { depends: true },
            Word::Choose { met: true },
            Word::Decline,
            Word::Depart,
            Word::Arrive,
            Word::Confirm { peer: None },
            Word::Confirm { peer: Some(true) },
            Word::Redirect,
            Word::Fail(FailReason::Transport),
            Word::Fail(FailReason::NoShow),
        ];
        let mut fitting = Vec::new();
        for (handoff, of) in self.handoffs.iter().enumerate().filter(|(_, of)| of.awaits().is_some()) {
            for by in [Agency::Amber, Agency::Basalt] {
                let may_lead = words.iter().filter(|word| self.may_lead(by, handoff, **word));
                let said = may_lead.map(|word| Step::Say { by, handoff, word: *word, stale: false });
                let leads: Vec<Step> = said.filter(|step| self.clone().apply(step) == Said::done()).collect();
                // Teams answer at once, or not at all.
                let often = if matches!(of.goal, Goal::Team(_)) { 12 } else { 1 };
                fitting.extend(std::iter::repeat_n(leads, often).flatten());
            }
            debug_assert!(of.due.is_some());
        }
        fitting
    }
}

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(state: &Model) -> BoxedStrategy<Step> {
        let seeking = state.searches.len();
        let search = if seeking == 0 {
            Just(None).boxed()
        } else {
            prop_oneof![1 => Just(None), 4 => (0..seeking).prop_map(Some)].boxed()
        };
        let holds = state.holds.len();
        let adopted = if holds == 0 {
            Just(None).boxed()
        } else {
            prop_oneof![3 => Just(None), 1 => (0..holds).prop_map(Some)].boxed()
        };
        let travel = prop_oneof![2 => Just(None), 1 => (0..=120_u32).prop_map(Some)];
        let elsewhere = (0..4_usize, prop::sample::select(&Way::ALL[..]));
        let announced = prop_oneof![12 => (0..3_usize).prop_map(|unit| (unit, Way::Door)), 1 => elsewhere];
        let announce = (announced, search.clone(), travel, adopted)
            .prop_map(|((unit, way), search, travel, hold)| Step::Announce { unit, way, search, travel, hold });
        let due = state.next_due().map_or(30, |due| (due - state.now).max(0));
        let first = prop_oneof![
            5 => (0..4_usize, 0..5_u32, 0..3_u32)
                .prop_map(|(unit, staffed, occupied)| Step::Report { unit, staffed, occupied }),
            2 => announce,
            4 => team_says(),
            6 => offers(search),
            2 => (0..4_usize, prop_oneof![4 => 1..=60_u32, 1 => 115..=125_u32])
                .prop_map(|(unit, minutes)| Step::Keep { unit, minutes }),
            2 => (1..=20_i64).prop_map(Step::Wait),
            1 => (25..=130_i64).prop_map(Step::Wait),
            1 => (200..=1_500_i64).prop_map(Step::Wait),
            // To the next clock, and to just before it.
            1 => Just(Step::Wait(due)),
            1 => Just(Step::Wait((due - 1).max(0))),
            6 => Just(Step::Pass(due)),
            2 => Just(Step::Sweep),
        ];
        if state.handoffs.is_empty() {
            return first.boxed();
        }
        prop_oneof![2 => first, 3 => goes_on(state)].boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        state.apply(step);
        state
    }

    fn preconditions(state: &Model, step: &Step) -> bool {
        let hold_is_there = |hold: &usize| *hold < state.holds.len();
        match step {
            Step::Announce { search, hold, .. } => {
                search.is_none_or(|search| search < state.searches.len())
                    && hold.is_none_or(|hold| hold_is_there(&hold))
            }
            Step::Offer { search, .. } => search.is_none_or(|search| search < state.searches.len()),
            Step::Say { handoff, .. } | Step::Nudge { handoff, .. } | Step::Plan { handoff, .. } => {
                *handoff < state.handoffs.len()
            }
            Step::Record { follow_up, .. } => *follow_up < state.follow_ups.len(),
            Step::Close { search, .. } => *search < state.searches.len(),
            // Whoever has no part in a hold changes none; that they are refused is another test's.
            Step::ChangeHold { by, hold, .. } => {
                hold_is_there(hold)
                    && (*by != Agency::Amber || state.units[state.holds[*hold].unit].owner == Agency::Amber)
            }
            _ => true,
        }
    }
}
