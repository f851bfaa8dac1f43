//! Holds beside a model: random sequences of verbs and time, and after each the hub says what the model says.
use crate::house::traffic::{places, reports, scale, staff};
use crate::house::{Db, Place, TestClock, World, hub_alone_at};
use crisis_hub::app::bed::{self, SaveUnit};
use crisis_hub::app::hold::{self, ChangeHold, HoldBed, HoldTo};
use crisis_hub::app::{Hub, Outcome, ProblemCode, console, sweep};
use crisis_hub::domain::bed::Census;
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::hold::{HoldState, ReleaseReason};
use crisis_hub::domain::id::{BedHoldId, BedUnitId};
use crisis_hub::policy::view::HoldView;
use crisis_hub::policy::{Scope, Viewer};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Whole minutes, as the model counts time.
type Minutes = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Holder,
    Owner,
}

#[derive(Clone, Debug)]
enum Step {
    Report { staffed: u32, occupied: u32 },
    Place { by: By, minutes: u32 },
    Extend { by: By, hold: usize, minutes: u32 },
    Release { by: By, hold: usize },
    Arrive { by: By, hold: usize },
    Wait(Minutes),
    Sweep,
}

#[derive(Clone, Debug)]
struct ModelHold {
    by: By,
    placed: Minutes,
    until: Minutes,
    state: HoldState,
}

/// What should be true of one unit that keeps its numbers for an hour and lets anybody hold.
#[derive(Clone, Debug, Default)]
struct Model {
    now: Minutes,
    report: Option<(Minutes, u32, u32)>,
    arrived: u32,
    holds: Vec<ModelHold>,
}

/// How long either side may let a hold last, in minutes; and how many another agency may have.
const MOST: [u32; 2] = [120, 1_440];
const PER_AGENCY: usize = 5;

impl By {
    fn most(self) -> Minutes {
        i64::from(MOST[usize::from(self == Self::Owner)])
    }
}

impl ModelHold {
    fn state(&self, now: Minutes) -> HoldState {
        if self.state == HoldState::Active && self.until <= now { HoldState::Expired } else { self.state }
    }
}

impl Model {
    fn standing(&self) -> usize {
        self.holds.iter().filter(|hold| hold.state(self.now) == HoldState::Active).count()
    }

    fn free(&self) -> Option<u32> {
        let (_, staffed, occupied) = self.report?;
        Some(staffed.saturating_sub(occupied + self.arrived + u32::try_from(self.standing()).unwrap()))
    }

    fn believed(&self) -> bool {
        // At two hours the number is stale: the hub's clock is some microseconds past the minute.
        self.report.is_some_and(|(at, ..)| self.now - at < 120)
    }

    /// The code of the refusal, or none: and what changes then.
    fn apply(&mut self, step: &Step) -> Option<ProblemCode> {
        match *step {
            Step::Report { staffed, occupied } => {
                self.report = Some((self.now, staffed, occupied));
                self.arrived = 0;
            }
            Step::Place { by, minutes } => return self.place(by, minutes),
            Step::Extend { by, hold, minutes } => return self.extend(by, hold, minutes),
            Step::Release { by, hold } => {
                let ended = self.ended(hold);
                if ended.is_some() {
                    return ended;
                }
                let held = &mut self.holds[hold];
                held.state = match (by, held.by) {
                    (By::Owner, By::Holder) => HoldState::Overridden,
                    _ => HoldState::Released,
                };
            }
            Step::Arrive { hold, .. } => {
                let ended = self.ended(hold);
                if ended.is_some() {
                    return ended;
                }
                self.holds[hold].state = HoldState::Consumed;
                self.arrived += 1;
            }
            Step::Wait(minutes) => self.now += minutes,
            Step::Sweep => {}
        }
        None
    }

    fn place(&mut self, by: By, minutes: u32) -> Option<ProblemCode> {
        let others =
            self.holds.iter().filter(|hold| hold.by == By::Holder && hold.state(self.now) == HoldState::Active);
        if by == By::Holder && others.count() >= PER_AGENCY {
            return Some(ProblemCode::HoldLimit);
        } else if i64::from(minutes) > by.most() {
            return Some(ProblemCode::HoldTooLong);
        } else if self.free().is_none_or(|free| free == 0) || (by == By::Holder && !self.believed()) {
            return Some(ProblemCode::NoCapacity);
        }
        let until = self.now + i64::from(minutes);
        self.holds.push(ModelHold { by, placed: self.now, until, state: HoldState::Active });
        None
    }

    fn extend(&mut self, by: By, hold: usize, minutes: u32) -> Option<ProblemCode> {
        let ended = self.ended(hold);
        if ended.is_some() {
            return ended;
        }
        let (now, held) = (self.now, &mut self.holds[hold]);
        let until = now + i64::from(minutes);
        // The hub's clock is some microseconds past any minute that it has seen: the same minute is later.
        if until >= held.until && until >= held.placed + by.most() {
            return Some(ProblemCode::HoldTooLong);
        }
        held.until = held.until.max(until);
        None
    }

    fn ended(&self, hold: usize) -> Option<ProblemCode> {
        match self.holds[hold].state(self.now) {
            HoldState::Active => None,
            HoldState::Expired => Some(ProblemCode::HoldExpired),
            _ => Some(ProblemCode::WrongState),
        }
    }
}

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(state: &Model) -> BoxedStrategy<Step> {
        let by = prop_oneof![Just(By::Holder), Just(By::Owner)];
        let minutes = prop_oneof![4 => 1..=60_u32, 1 => 115..=125_u32, 1 => 1_435..=1_440_u32];
        let first = prop_oneof![
            3 => (0..6_u32, 0..3_u32).prop_map(|(staffed, occupied)| Step::Report { staffed, occupied }),
            6 => (by.clone(), minutes.clone()).prop_map(|(by, minutes)| Step::Place { by, minutes }),
            2 => (1..=40_i64).prop_map(Step::Wait),
            1 => (100..=130_i64).prop_map(Step::Wait),
            1 => Just(Step::Sweep),
        ];
        if state.holds.is_empty() {
            return first.boxed();
        }
        let some = 0..state.holds.len();
        prop_oneof![
            3 => first,
            1 => (by.clone(), some.clone(), minutes).prop_map(|(by, hold, minutes)| Step::Extend { by, hold, minutes }),
            1 => (by.clone(), some.clone()).prop_map(|(by, hold)| Step::Release { by, hold }),
            1 => (by, some).prop_map(|(by, hold)| Step::Arrive { by, hold }),
        ]
        .boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        state.apply(step);
        state
    }

    fn preconditions(state: &Model, step: &Step) -> bool {
        match step {
            // A holder changes its own holds alone; that others are refused is another test's.
            Step::Extend { by, hold, .. } | Step::Release { by, hold } | Step::Arrive { by, hold } => {
                state.holds.get(*hold).is_some_and(|held| *by == By::Owner || held.by == By::Holder)
            }
            _ => true,
        }
    }
}

/// One hub for all sequences, each with a unit of its own a day later.
struct Bench {
    runtime: tokio::runtime::Runtime,
    hub: Hub,
    world: World,
    clock: Arc<TestClock>,
    _place: Place,
}

fn bench() -> std::sync::MutexGuard<'static, Bench> {
    static BENCH: OnceLock<Mutex<Bench>> = OnceLock::new();
    let bench = BENCH.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = Arc::new(TestClock::at_start());
        let (hub, world, place) = runtime.block_on(hub_alone_at(Db::Sqlite, clock.clone()));
        Mutex::new(Bench { runtime, hub, world, clock, _place: place })
    });
    bench.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Real {
    unit: BedUnitId,
    holds: Vec<BedHoldId>,
    model: Model,
}

impl Bench {
    fn viewer(&self, by: By) -> Viewer {
        staff(&self.hub, if by == By::Owner { "intake" } else { "emergency_department-2" })
    }

    async fn unit(&self) -> BedUnitId {
        let scope = Scope::of(&console::viewer());
        let like =
            self.hub.board().now().unit(&scope, self.world.agencies[0].chairs(), self.hub.clock().now()).unwrap();
        let input = SaveUnit {
            unit: None,
            expected_version: None,
            details: like.entry().details.clone(),
            external_ids: Vec::new(),
            retire: false,
            provenance: Provenance::Manual,
            keyed: None,
        };
        bed::save(&self.hub, &console::viewer(), input).await.unwrap().changed.unwrap().id()
    }

    async fn run(&self, real: &mut Real, step: &Step) -> Option<ProblemCode> {
        let (hub, unit) = (&self.hub, real.unit);
        let change = |by: By, n: usize, to: HoldTo| {
            let input = ChangeHold { hold: real.holds[n], generation: None, to, keyed: None };
            let viewer = self.viewer(by);
            async move { said(hold::change(hub, &viewer, input).await.unwrap()) }
        };
        match *step {
            Step::Report { staffed, occupied } => {
                // The same numbers in the same minute are still a report of their own: the clock moves at each look.
                let census = || Census { occupied, ..places(staffed) };
                let outcome = bed::report(hub, &self.viewer(By::Owner), reports(&[unit], census)).await.unwrap();
                assert_eq!(outcome.problems, []);
                None
            }
            Step::Place { by, minutes } => {
                let input = HoldBed { unit, minutes: Some(minutes), need: None, keyed: None };
                let outcome = hold::place(hub, &self.viewer(by), input).await.unwrap();
                real.holds.extend(outcome.changed.iter().map(|view| view.hold().id));
                said(outcome)
            }
            Step::Extend { by, hold, minutes } => change(by, hold, HoldTo::Extend(minutes)).await,
            Step::Release { by, hold } => change(by, hold, HoldTo::Release(ReleaseReason::NoLongerNeeded)).await,
            Step::Arrive { by, hold } => change(by, hold, HoldTo::Arrive).await,
            Step::Wait(minutes) => {
                self.clock.advance(minutes);
                None
            }
            Step::Sweep => {
                sweep::pass(hub).await.unwrap();
                None
            }
        }
    }

    /// The board, and each hold as the database has it.
    async fn compare(&self, real: &Real) {
        let (model, viewer) = (&real.model, self.viewer(By::Owner));
        let view = self.hub.board().now().unit(&Scope::of(&viewer), real.unit, self.hub.clock().now()).unwrap();
        let is = view.availability();
        assert_eq!(is.net_reported, model.free());
        assert_eq!(is.net.is_some(), model.believed());
        assert_eq!((is.held as usize, is.arrived), (model.standing(), model.arrived));
        let holds = hold::get(&self.hub, &viewer, &real.holds).await.unwrap();
        let states: Vec<HoldState> = holds.iter().map(|view| view.as_ref().unwrap().state()).collect();
        assert_eq!(states, model.holds.iter().map(|hold| hold.state(model.now)).collect::<Vec<_>>());
    }
}

fn said(outcome: Outcome<HoldView>) -> Option<ProblemCode> {
    outcome.problems.first().map(|problem| problem.code)
}

struct Holds;

impl StateMachineTest for Holds {
    type SystemUnderTest = Real;
    type Reference = Reference;

    fn init_test(model: &Model) -> Real {
        let bench = bench();
        bench.clock.advance(2 * 1_440);
        Real { unit: bench.runtime.block_on(bench.unit()), holds: Vec::new(), model: model.clone() }
    }

    fn apply(mut real: Real, _after: &Model, step: Step) -> Real {
        let bench = bench();
        let expected = real.model.apply(&step);
        let answered = bench.runtime.block_on(bench.run(&mut real, &step));
        assert_eq!(answered, expected, "{step:?}");
        bench.runtime.block_on(bench.compare(&real));
        real
    }
}

/// 200 sequences in every run, 10,000 in a soak.
fn sequences() -> ProptestConfig {
    let cases = u32::try_from(200 * scale()).unwrap();
    ProptestConfig {
        cases: if scale() >= 20 { 10_000 } else { cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

prop_state_machine! {
    #![proptest_config(sequences())]
    #[test]
    fn the_hub_keeps_holds_as_the_model_does(sequential 1..24 => Holds);
}
