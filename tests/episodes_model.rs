//! Episodes, offers, holds and clocks beside a model: random sequences of verbs and time on either database, and after each step the
//! hub says what the model says.
mod bench;
mod choices;
mod compare;
mod course;
mod follow_up;
mod model;
mod places;
mod real;
mod team;
mod verbs;
mod words;

use crate::house::Db;
use crate::house::traffic::scale;
use bench::bench;
use choices::Reference;
use crisis_hub::app::{Error, Outcome};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::episode::{EpisodeEnd, EpisodeState};
use crisis_hub::domain::follow_up::FollowUpState;
use crisis_hub::domain::handoff::{HandoffState, TransportStage};
use crisis_hub::domain::team::{TeamShownAs, TeamStatus};
use model::{Agency, Goal, Model, Said};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use real::Real;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use words::Step;

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
        bench(D::DB).begin(D::DB, model)
    }

    fn apply(mut real: Real, _after: &Model, step: Step) -> Real {
        bench(D::DB).step(&mut real, &step);
        real
    }

    /// Left alone, everything ends: each clock that is next is waited for, and told. A wait for a place takes a week to end, so
    /// in three sequences of four searches are closed first, and what is due is told an hour late, with all that is due by then.
    fn teardown(mut real: Real, _after: Model) {
        let mut bench = bench(D::DB);
        for search in (0..real.model.searches.len()).filter(|_| !bench.is_patient()) {
            if real.model.searches[search].state == EpisodeState::Seeking {
                bench.step(&mut real, &Step::Close { by: Agency::Basalt, search, why: EpisodeEnd::FoundElsewhere });
            }
        }
        let late = if bench.is_patient() { 0 } else { 60 };
        for turn in 0.. {
            let Some(due) = real.model.next_due() else { break };
            assert!(turn < 1_000, "it does not end: {:?}", real.model);
            let pass = Step::Pass((due - real.model.now).max(0) + late);
            bench.step(&mut real, &pass);
        }
        assert!(real.model.handoffs.iter().all(|handoff| handoff.awaits().is_none()));
        assert!(real.model.searches.iter().all(|search| search.state != EpisodeState::Seeking));
        assert!(real.model.follow_ups.iter().all(|follow_up| follow_up.state != FollowUpState::Due));
        let heard = |status: Option<TeamStatus>| status.is_none_or(|status| status == TeamStatus::Out);
        assert!(real.model.teams.iter().all(|team| team.lost || heard(team.says.map(|says| says.status))));
        bench.end(&mut real);
    }
}

/// Some in every run, 10,000 in a soak on either database.
fn sequences(some: usize) -> ProptestConfig {
    let cases = u32::try_from(some * scale()).unwrap();
    ProptestConfig {
        cases: if scale() >= 20 { 10_000 } else { cases },
        failure_persistence: None,
        // Each begins with a world of its own.
        max_shrink_iters: 500,
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

/// Where sequences have been.
#[derive(Default)]
struct Been {
    states: BTreeSet<&'static str>,
    refusals: BTreeSet<&'static str>,
    ends: BTreeSet<(&'static str, Option<&'static str>)>,
    transports: BTreeSet<&'static str>,
    follow_ups: BTreeSet<&'static str>,
    teams: BTreeSet<&'static str>,
    /// Searches that went on, offers that lost, handoffs by which a team came.
    reopened: usize,
    lost: usize,
    came: usize,
}

impl Been {
    fn step(&mut self, model: &mut Model, step: &Step) {
        let seeking = |model: &Model| model.searches.iter().filter(|s| s.state == EpisodeState::Seeking).count();
        let before = (model.searches.len(), seeking(model));
        match model.apply(step) {
            Said::Problems(problems) => self.refusals.extend(problems.iter().map(|problem| problem.code())),
            Said::NotFound => drop(self.refusals.insert("NOT_FOUND")),
            Said::Forbidden => drop(self.refusals.insert("FORBIDDEN")),
            Said::BadInput => drop(self.refusals.insert("BAD_USER_INPUT")),
        }
        model.check();
        self.reopened += usize::from(model.searches.len() == before.0 && seeking(model) > before.1);
        self.states.extend(model.handoffs.iter().map(|handoff| handoff.state.code()));
        self.ends.extend(model.searches.iter().map(|search| (search.state.code(), search.end.map(Coded::code))));
        self.transports.extend(model.handoffs.iter().filter_map(model::Handoff::stage).map(Coded::code));
        self.follow_ups.extend(model.follow_ups.iter().map(|follow_up| follow_up.state.code()));
        self.teams.extend(model.teams.iter().map(|team| team.shown(model.now).code()));
    }
}

fn codes<T: Coded>() -> BTreeSet<&'static str> {
    T::ALL.iter().map(|value| value.code()).collect()
}

/// The sequences go everywhere: without this, agreement would say little. On the model alone, which takes no time.
#[test]
fn the_sequences_reach_every_state_and_every_refusal() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut been = Been::default();
    for _ in 0..3_000 {
        let tree = Reference::sequential_strategy(1..40).new_tree(&mut runner).unwrap();
        let (mut model, steps, _) = tree.current();
        for step in steps {
            been.step(&mut model, &step);
        }
        been.lost += model.handoffs.iter().filter(|handoff| handoff.lost).count();
        been.came += model.handoffs.iter().filter(|of| of.arrived && matches!(of.goal, Goal::Team(_))).count();
    }
    assert_eq!(been.states, codes::<HandoffState>());
    assert_eq!(been.transports, codes::<TransportStage>());
    assert_eq!(been.teams, codes::<TeamShownAs>());
    // That nobody says how it went takes a week, which the end of each sequence waits for.
    let follow_ups = been.follow_ups.iter().copied().chain([FollowUpState::Lapsed.code()]).collect();
    assert_eq!(codes::<FollowUpState>(), follow_ups);
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
        "TOO_SOON",
        "WRONG_STATE",
    ];
    // That an agency has few tries at once is another model's, and nobody plans ten follow-ups.
    been.refusals.retain(|code| !["HOLD_LIMIT", "OUT_OF_RANGE"].contains(code));
    assert_eq!(been.refusals.into_iter().collect::<Vec<_>>(), expected);
    // Every end but for being given up after a week, which the end of each sequence waits for.
    for end in EpisodeEnd::ALL.iter().filter(|end| **end != EpisodeEnd::Silence) {
        assert!(been.ends.contains(&("CLOSED", Some(end.code()))), "{end:?}");
    }
    assert!(been.ends.contains(&("PLACED", None)));
    let often = (been.reopened, been.lost, been.came);
    assert!(often.0 > 150 && often.1 > 150 && often.2 > 40, "{often:?}");
}
