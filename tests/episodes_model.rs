//! Episodes, offers, holds and clocks beside a model: random sequences of verbs and time on either database, and after each step the
//! hub says what the model says.
mod model;
mod real;
mod verbs;
mod words;

use crate::house::Db;
use crate::house::traffic::scale;
use crisis_hub::app::{Error, Outcome};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::episode::{EpisodeEnd, EpisodeState, Settlement};
use crisis_hub::domain::handoff::{FailReason, HandoffState};
use model::{Agency, Model, Said, ToHold, Way};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use real::{Real, bench};
use std::collections::BTreeSet;
use std::marker::PhantomData;
use words::{Step, To, Word};

/// After how many sequences the whole database is asked about its promises.
const VERIFIED_EVERY: u64 = 40;

struct Reference;

fn agency() -> impl Strategy<Value = Agency> {
    prop_oneof![8 => Just(Agency::Amber), 8 => Just(Agency::Basalt), 1 => Just(Agency::Cedar)]
}

/// A unit and a way to it; now and then one that leads elsewhere.
fn to() -> impl Strategy<Value = (usize, Way)> {
    let fits = (0..4_usize, any::<bool>()).prop_map(|(unit, quick)| match (unit, quick) {
        (3, _) => (unit, Way::Own),
        (_, true) => (unit, Way::Quick),
        (_, false) => (unit, Way::Slow),
    });
    let any_way = prop_oneof![Just(Way::Door), Just(Way::Slow), Just(Way::Quick), Just(Way::Own)];
    prop_oneof![30 => fits, 1 => (0..4_usize, any_way)]
}

fn offers(search: BoxedStrategy<Option<usize>>) -> impl Strategy<Value = Step> {
    let one = (to(), prop_oneof![3 => Just(None), 1 => (0..=40_u32).prop_map(Some)]);
    let one = one.prop_map(|((unit, way), travel)| To { unit, way, travel }).boxed();
    let many = prop_oneof![
        2 => prop::collection::vec(one.clone(), 1..=3),
        // Each of some units once, which is what a desk would ask.
        3 => (any::<[bool; 4]>(), one).prop_map(|(asked, like)| {
            let way = |unit: usize| if unit == 3 { Way::Own } else if like.way == Way::Quick { Way::Quick } else { Way::Slow };
            let some = (0..4).filter(|unit| asked[*unit]).take(3).map(|unit| To { unit, way: way(unit), ..like });
            let some: Vec<To> = some.collect();
            if some.is_empty() { vec![To { way: way(like.unit), ..like }] } else { some }
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
        6 => Just(Word::Confirm),
        2 => Just(Word::Redirect),
        3 => why.prop_map(Word::Fail),
    ]
}

/// Steps about what is there already.
fn goes_on(state: &Model) -> BoxedStrategy<Step> {
    // The last few are what is talked of; the others are asked too.
    let some = |len: usize| prop_oneof![3 => len.saturating_sub(4)..len, 1 => 0..len];
    let handoff = some(state.handoffs.len());
    let say = (agency(), handoff, word(), prop::bool::weighted(0.03));
    let say = say.prop_map(|(by, handoff, word, stale)| Step::Say { by, handoff, word, stale });
    // Words that somebody would say as it stands, so that sequences get to the end.
    let fitting: Vec<Step> = state.fitting();
    let end = EpisodeEnd::ALL.iter().copied().filter(|end| *end != EpisodeEnd::Silence).collect::<Vec<_>>();
    let end = prop::sample::select(end);
    let close = (agency(), 0..state.searches.len(), end).prop_map(|(by, search, why)| Step::Close { by, search, why });
    let mut steps = vec![(6, say.boxed()), (1, close.boxed())];
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
            Word::Confirm,
            Word::Redirect,
            Word::Fail(FailReason::Transport),
            Word::Fail(FailReason::NoShow),
        ];
        let mut fitting = Vec::new();
        for (handoff, of) in self.handoffs.iter().enumerate().filter(|(_, of)| model::awaits(of.state).is_some()) {
            for by in [Agency::Amber, Agency::Basalt] {
                let said = words.iter().map(|word| Step::Say { by, handoff, word: *word, stale: false });
                fitting.extend(said.filter(|step| self.clone().apply(step) == Said::done()));
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
        let announced = prop_oneof![12 => (0..3_usize).prop_map(|unit| (unit, Way::Door)), 1 => to()];
        let announce = (announced, search.clone(), travel, adopted)
            .prop_map(|((unit, way), search, travel, hold)| Step::Announce { unit, way, search, travel, hold });
        let due = state.next_due().map_or(30, |due| (due - state.now).max(0));
        let first = prop_oneof![
            5 => (0..4_usize, 0..5_u32, 0..3_u32)
                .prop_map(|(unit, staffed, occupied)| Step::Report { unit, staffed, occupied }),
            2 => announce,
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
            Step::Say { handoff, .. } => *handoff < state.handoffs.len(),
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

fn said<T>(outcome: Result<Outcome<T>, Error>) -> (Said, Option<T>) {
    match outcome {
        Ok(outcome) => {
            let problems = outcome.problems.iter().map(|problem| problem.code).collect();
            (Said::Problems(problems), outcome.changed)
        }
        Err(Error::NotFound) => (Said::NotFound, None),
        Err(Error::Forbidden) => (Said::Forbidden, None),
        Err(Error::BadInput(_)) => (Said::BadInput, None),
        Err(other) => panic!("{other:?}"),
    }
}

/// A database, as a type.
trait On {
    const DB: Db;
}

struct OnSqlite;
struct OnPostgres;

impl On for OnSqlite {
    const DB: Db = Db::Sqlite;
}

impl On for OnPostgres {
    const DB: Db = Db::Postgres;
}

struct Episodes<D>(PhantomData<D>);

impl<D: On> StateMachineTest for Episodes<D> {
    type SystemUnderTest = Real;
    type Reference = Reference;

    fn init_test(model: &Model) -> Real {
        bench(D::DB).begin(model)
    }

    fn apply(mut real: Real, _after: &Model, step: Step) -> Real {
        let bench = bench(D::DB);
        bench.step(&mut real, &step);
        real
    }

    /// Left alone, everything ends: each clock that is next is waited for, and told. A wait for a place takes a week to end, so
    /// three searches of four are closed first.
    fn teardown(mut real: Real, _after: Model) {
        let mut bench = bench(D::DB);
        for search in (0..real.model.searches.len()).filter(|_| !bench.is_patient()) {
            if real.model.searches[search].state == EpisodeState::Seeking {
                bench.step(&mut real, &Step::Close { by: Agency::Basalt, search, why: EpisodeEnd::FoundElsewhere });
            }
        }
        for turn in 0.. {
            let Some(due) = real.model.next_due() else { break };
            assert!(turn < 1_000, "it does not end: {:?}", real.model);
            let pass = Step::Pass((due - real.model.now).max(0));
            bench.step(&mut real, &pass);
        }
        assert!(real.model.handoffs.iter().all(|handoff| model::awaits(handoff.state).is_none()));
        assert!(real.model.searches.iter().all(|search| search.state != EpisodeState::Seeking));
        bench.end(VERIFIED_EVERY);
    }
}

/// Some in every run, 10,000 in a soak on either database.
fn sequences(some: usize) -> ProptestConfig {
    let cases = u32::try_from(some * scale()).unwrap();
    ProptestConfig {
        cases: if scale() >= 20 { 10_000 } else { cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

prop_state_machine! {
    #![proptest_config(sequences(100))]
    #[test]
    fn the_hub_keeps_episodes_as_the_model_does_on_sqlite(sequential 1..40 => Episodes<OnSqlite>);
}

prop_state_machine! {
    #![proptest_config(sequences(40))]
    #[test]
    fn the_hub_keeps_episodes_as_the_model_does_on_postgres(sequential 1..40 => Episodes<OnPostgres>);
}

/// The sequences go everywhere: without this, agreement would say little. On the model alone, which takes no time.
#[test]
fn the_sequences_reach_every_state_and_every_refusal() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut states, mut refusals, mut ends) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut reopened, mut losers) = (0, 0);
    for _ in 0..1_000 {
        let tree = Reference::sequential_strategy(1..40).new_tree(&mut runner).unwrap();
        let (mut model, steps, _) = tree.current();
        for step in steps {
            let seeking = model.searches.iter().filter(|search| search.state == EpisodeState::Seeking).count();
            let before = model.searches.len();
            match model.apply(&step) {
                Said::Problems(problems) => refusals.extend(problems.iter().map(|problem| problem.code())),
                Said::NotFound => drop(refusals.insert("NOT_FOUND")),
                Said::Forbidden => drop(refusals.insert("FORBIDDEN")),
                Said::BadInput => drop(refusals.insert("BAD_USER_INPUT")),
            }
            model.check();
            let now_seeking = model.searches.iter().filter(|search| search.state == EpisodeState::Seeking).count();
            reopened += usize::from(model.searches.len() == before && now_seeking > seeking);
            states.extend(model.handoffs.iter().map(|handoff| handoff.state.code()));
            ends.extend(model.searches.iter().map(|search| (search.state.code(), search.end.map(Coded::code))));
        }
        losers += model.handoffs.iter().filter(|handoff| handoff.lost).count();
    }
    let all: BTreeSet<&str> = HandoffState::ALL.iter().map(|state| state.code()).collect();
    assert_eq!(states, all);
    let expected = [
        "ALREADY_OFFERED",
        "ALREADY_TAKEN",
        "BAD_USER_INPUT",
        "CONDITIONS_OPEN",
        "FORBIDDEN",
        "HOLD_EXPIRED",
        "HOLD_POLICY",
        "HOLD_TOO_LONG",
        "NOT_FOUND",
        "NO_CAPACITY",
        "OFFER_LIMIT",
        "SAY_WHAT_CHANGED",
        "STALE_VERSION",
        "WRONG_STATE",
    ];
    // That an agency has few tries at once is another model's.
    refusals.remove("HOLD_LIMIT");
    assert_eq!(refusals.into_iter().collect::<Vec<_>>(), expected);
    // Every end but for being given up after a week, which the end of each sequence waits for.
    for end in EpisodeEnd::ALL.iter().filter(|end| **end != EpisodeEnd::Silence) {
        assert!(ends.contains(&("CLOSED", Some(end.code()))), "{end:?}");
    }
    assert!(ends.contains(&("PLACED", None)) && reopened > 150 && losers > 150, "{reopened}, {losers}");
}
