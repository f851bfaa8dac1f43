//! The hub, its verbs called as the steps say, and compared with the model down to the rows of its alarm clock.
use super::model::{Agency, Keeps, Minutes, Model, Said, ToHold, Way, awaits, is_settlement};
use super::said;
use super::words::{Step, Word};
use crate::house::traffic::{places, reports, staff};
use crate::house::{Db, Place, TestClock, World, hub_alone_at};
use crisis_hub::app::bed::{self, SaveUnit};
use crisis_hub::app::directory::{self, SaveEntry};
use crisis_hub::app::handoff::{self, Announce, CloseEpisode, MoveHandoff, OfferHandoff, OfferTo};
use crisis_hub::app::hold::{self, ChangeHold, HoldBed, HoldTo};
use crisis_hub::app::{Hub, console, episode, sweep};
use crisis_hub::clock::Clock;
use crisis_hub::domain::bed::{Census, HoldPolicy};
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::episode::EpisodeState;
use crisis_hub::domain::handoff::{
    Acceptance, AcceptanceCondition, AcceptedBy, Choice, DeclineReason, Destination, Door, InformationItem, Move,
    RedirectReason, Refusal, Waitlist, WhatChanged, WithdrawReason,
};
use crisis_hub::domain::hold::ReleaseReason;
use crisis_hub::domain::id::{BedHoldId, BedUnitId, EpisodeId, HandoffId, NounId, PathwayId};
use crisis_hub::domain::need::Need;
use crisis_hub::domain::pathway::{Criteria, PathwayDetails, PathwayMode, Terms};
use crisis_hub::domain::role::Role;
use crisis_hub::domain::time::At;
use crisis_hub::policy::view::HandoffView;
use crisis_hub::policy::{Scope, Viewer};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use uuid::Uuid;

/// One hub for all sequences of a database, each with units of its own, days later.
pub struct Bench {
    runtime: tokio::runtime::Runtime,
    inside: Inside,
    ended: u64,
}

struct Inside {
    hub: Hub,
    world: World,
    clock: Arc<TestClock>,
    ways: [PathwayId; 4],
    /// To look at rows beside the hub.
    connection: DatabaseConnection,
    _place: Place,
}

/// What a sequence has made.
pub struct Real {
    began: At,
    units: Vec<BedUnitId>,
    handoffs: Vec<HandoffId>,
    searches: Vec<EpisodeId>,
    holds: HashMap<usize, BedHoldId>,
    pub model: Model,
}

/// The bench of a database, for one sequence at a time.
pub fn bench(db: Db) -> MutexGuard<'static, Bench> {
    static SQLITE: OnceLock<Mutex<Bench>> = OnceLock::new();
    static POSTGRES: OnceLock<Mutex<Bench>> = OnceLock::new();
    let of = if db == Db::Sqlite { &SQLITE } else { &POSTGRES };
    let open = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let inside = runtime.block_on(Inside::open(db));
        Mutex::new(Bench { runtime, inside, ended: 0 })
    };
    of.get_or_init(open).lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bench {
    pub fn begin(&self, model: &Model) -> Real {
        // A day and a half, so that no hold of another sequence stands.
        self.inside.clock.advance(2_160);
        let units = self.runtime.block_on(self.inside.units(model));
        let (handoffs, searches, holds) = (Vec::new(), Vec::new(), HashMap::new());
        Real { began: self.inside.clock.now(), units, handoffs, searches, holds, model: model.clone() }
    }

    /// Does a step on both sides, and compares.
    pub fn step(&self, real: &mut Real, step: &Step) {
        let over: Vec<bool> = (0..real.units.len()).map(|unit| real.model.is_over(unit)).collect();
        let expected = real.model.apply(step);
        let answered = self.runtime.block_on(self.inside.run(real, step));
        assert_eq!(answered, expected, "{step:?}");
        real.model.check();
        self.runtime.block_on(self.inside.compare(real, step));
        // Never two people on one place: only a report, which is always taken, makes more of them than places.
        for (unit, over) in over.into_iter().enumerate() {
            let report = matches!(step, Step::Report { .. });
            assert!(over || report || !real.model.is_over(unit), "unit {unit} is over its places after {step:?}");
        }
    }

    /// Whether this sequence is left alone to its end.
    pub fn is_patient(&self) -> bool {
        self.ended.is_multiple_of(4)
    }

    /// Ends a sequence; after so many, the database is asked about its promises.
    pub fn end(&mut self, verified_every: u64) {
        self.ended += 1;
        if self.ended % verified_every == 1 {
            self.runtime.block_on(async {
                let store = self.inside.hub.store();
                while store.number_waiting().await.unwrap().1 > 0 {}
                for finding in store.verify().await.unwrap() {
                    assert_eq!(finding.broken, 0, "{}", finding.promise);
                }
            });
        }
    }
}

fn terms(world: &World, way: Way) -> (usize, Terms) {
    let (owner, allows) = (usize::from(way == Way::Own), way.allows());
    let minutes = |minutes: Minutes| u32::try_from(minutes).unwrap();
    let terms = Terms {
        service: world.agencies[owner].service,
        from_roles: Role::SENDERS.into(),
        mode: if way.is_announced() { PathwayMode::Announce } else { PathwayMode::Request },
        self_referral_call: false,
        criteria: Criteria::default(),
        papers: Vec::new(),
        hours: None,
        acknowledge_minutes: minutes(allows.look),
        decide_minutes: minutes(allows.decide),
        arrive_minutes: minutes(allows.arrive),
        hold_minutes: minutes(allows.keep),
        fallbacks: Vec::new(),
        follow_ups: Vec::new(),
        effective_from: None,
        effective_until: None,
    };
    (owner, terms)
}

fn need() -> Need {
    Need { age: Some(34), ..Need::default() }
}

fn to_move(word: Word, now: At) -> Move {
    match word {
        Word::Acknowledge => Move::Acknowledge,
        Word::Ask => Move::Ask(vec![InformationItem::Vitals]),
        Word::Answer => Move::Answer,
        Word::Waitlist(minutes) => Move::Waitlist(Waitlist { position: 2, review_at: now.plus_minutes(minutes) }),
        Word::Accept { depends } => {
            let by = AcceptedBy { name: "Dr. Amber".into(), callback: "555-0100".into() };
            Move::Accept(Acceptance {
                by,
                conditions: if depends { vec![AcceptanceCondition::Papers] } else { vec![] },
            })
        }
        Word::Choose { met } => Move::Choose(Choice { chosen_for: None, conditions_met: met }),
        // Whether the place was shown is the hub's to say, whatever is claimed.
        Word::Decline => Move::Decline(Refusal {
            reason: DeclineReason::Acuity,
            could_accept_if: Vec::new(),
            bed_was_shown_available: now.micros() % 2 == 0,
        }),
        Word::Withdraw => Move::Withdraw(WithdrawReason::NeedChanged),
        Word::Depart => Move::Depart,
        Word::Arrive => Move::Arrive,
        Word::Confirm => Move::Confirm(Door::default()),
        Word::Redirect => Move::Redirect(RedirectReason::Medical),
        Word::Fail(why) => Move::Fail(why),
    }
}

impl Inside {
    async fn open(db: Db) -> Self {
        let clock = Arc::new(TestClock::at_start());
        let (hub, world, place) = hub_alone_at(db, clock.clone()).await;
        let mut ways = Vec::new();
        for way in [Way::Door, Way::Slow, Way::Quick, Way::Own] {
            let (owner, terms) = terms(&world, way);
            let mut add = SaveEntry::new(None, PathwayDetails { name: format!("{way:?}"), terms }, Provenance::Manual);
            add.owner = Some(world.agencies[owner].organization);
            ways.push(directory::save(&hub, &console::viewer(), add).await.unwrap().changed.unwrap().id);
        }
        let connection = Database::connect(&place.url).await.unwrap();
        Self { hub, world, clock, ways: ways.try_into().unwrap(), connection, _place: place }
    }

    fn way(&self, way: Way) -> PathwayId {
        self.ways[match way {
            Way::Door => 0,
            Way::Slow => 1,
            Way::Quick => 2,
            Way::Own => 3,
        }]
    }

    fn viewer(&self, by: Agency) -> Viewer {
        let who = match by {
            Agency::Amber => "intake",
            Agency::Basalt => "emergency_department-2",
            Agency::Cedar => "emergency_department-far",
        };
        staff(&self.hub, who)
    }

    async fn units(&self, model: &Model) -> Vec<BedUnitId> {
        let scope = Scope::of(&console::viewer());
        let mut units = Vec::new();
        for unit in &model.units {
            let agency = &self.world.agencies[usize::from(unit.owner == Agency::Basalt)];
            let like = self.hub.board().now().unit(&scope, agency.chairs(), self.hub.clock().now()).unwrap();
            let mut details = like.entry().details.clone();
            details.definition.hold_policy = match unit.keeps {
                Keeps::ForAnybody => HoldPolicy::Open,
                Keeps::OnAccept => HoldPolicy::OnAccept,
                Keeps::Never => HoldPolicy::None,
            };
            let input = SaveUnit {
                unit: None,
                expected_version: None,
                details,
                retire: false,
                provenance: Provenance::Manual,
                keyed: None,
            };
            units.push(bed::save(&self.hub, &console::viewer(), input).await.unwrap().changed.unwrap().id());
        }
        units
    }

    async fn run(&self, real: &mut Real, step: &Step) -> Said {
        let (hub, me) = (&self.hub, self.viewer(Agency::Basalt));
        let search = |search: &Option<usize>| search.map(|search| real.searches[search]);
        match step {
            Step::Report { unit, staffed, occupied } => {
                let census = || Census { occupied: *occupied, ..places(*staffed) };
                let owner = self.viewer(real.model.units[*unit].owner);
                said(bed::report(hub, &owner, reports(&[real.units[*unit]], census)).await).0
            }
            Step::Announce { unit, way, search: of, travel, hold } => {
                let input = Announce {
                    pathway: self.way(*way),
                    unit: real.units[*unit],
                    need: need(),
                    arrive_minutes: *travel,
                    on_behalf_of: None,
                    hold: hold.map(|hold| real.holds[&hold]),
                    episode: search(of),
                    keyed: None,
                };
                let (answer, view) = said(handoff::announce(hub, &me, input).await);
                if let Some(view) = view {
                    real.handoffs.push(view.handoff().id);
                    if of.is_none() {
                        real.searches.push(view.handoff().episode);
                    }
                }
                answer
            }
            Step::Offer { .. } => self.offer(real, &me, step).await,
            Step::Say { by, handoff: which, word, stale } => {
                let viewer = self.viewer(*by);
                let version = real.model.handoffs[*which].version;
                let input = MoveHandoff {
                    handoff: real.handoffs[*which],
                    expected_version: stale.then_some(version + 7),
                    to: to_move(*word, self.clock.now()),
                    keyed: None,
                };
                said(handoff::go(hub, &viewer, input).await).0
            }
            Step::Close { by, search, why } => {
                let episode = real.searches[*search];
                let input = CloseEpisode { episode, expected_version: None, reason: *why, keyed: None };
                said(handoff::close(hub, &self.viewer(*by), input).await).0
            }
            Step::Keep { .. } | Step::ChangeHold { .. } => self.hold(real, &me, step).await,
            Step::Wait(minutes) => {
                self.clock.advance(*minutes);
                Said::done()
            }
            Step::Sweep => {
                sweep::pass(hub).await.unwrap();
                Said::done()
            }
            Step::Pass(minutes) => {
                self.clock.advance(*minutes);
                sweep::pass(hub).await.unwrap();
                Said::done()
            }
        }
    }

    async fn hold(&self, real: &mut Real, me: &Viewer, step: &Step) -> Said {
        match step {
            Step::Keep { unit, minutes } => {
                let input = HoldBed { unit: real.units[*unit], minutes: Some(*minutes), need: None, keyed: None };
                let (answer, view) = said(hold::place(&self.hub, me, input).await);
                if let Some(view) = view {
                    // The model has placed it last.
                    real.holds.insert(real.model.holds.len() - 1, view.hold().id);
                }
                answer
            }
            Step::ChangeHold { by, hold: which, to } => {
                let to = match to {
                    ToHold::Extend(minutes) => HoldTo::Extend(u32::try_from(*minutes).unwrap()),
                    ToHold::Release => HoldTo::Release(ReleaseReason::PlaceLost),
                    ToHold::Arrive => HoldTo::Arrive,
                };
                let input = ChangeHold { hold: real.holds[which], generation: None, to, keyed: None };
                said(hold::change(&self.hub, &self.viewer(*by), input).await).0
            }
            _ => unreachable!(),
        }
    }

    async fn offer(&self, real: &mut Real, me: &Viewer, step: &Step) -> Said {
        let Step::Offer { to, search, settlement, changed } = step else { unreachable!() };
        let unit = |unit: usize| Destination::Unit(real.units[unit]);
        let receiver = |at, way, arrive_minutes| OfferTo { pathway: self.way(way), to: unit(at), arrive_minutes };
        let input = OfferHandoff {
            episode: search.map(|search| real.searches[search]),
            to: to.iter().map(|to| receiver(to.unit, to.way, to.travel)).collect(),
            need: need(),
            person_agreed: None,
            settlement: *settlement,
            called: false,
            changed: if *changed { vec![WhatChanged::BehaviorSettled] } else { Vec::new() },
            on_behalf_of: None,
            keyed: None,
        };
        let (answer, view) = said(handoff::offer(&self.hub, me, input).await);
        let Some(view) = view else { return answer };
        let id = view.episode().id;
        if search.is_none() {
            real.searches.push(id);
        }
        let made = episode::handoffs(&self.hub, me, &[id]).await.unwrap().remove(&id).unwrap();
        for to in to {
            // Ids of one instant are in no order; no unit is asked twice at once.
            let new = |view: &&HandoffView| {
                view.handoff().to == Destination::Unit(real.units[to.unit])
                    && !real.handoffs.contains(&view.handoff().id)
            };
            let new = made.iter().find(new).expect("an offer was not made").handoff().id;
            real.handoffs.push(new);
        }
        answer
    }

    async fn compare(&self, real: &mut Real, step: &Step) {
        let (me, alarms) = (self.viewer(Agency::Basalt), self.alarms().await);
        let began = real.began;
        let minute = |at: At| at.micros_since(began).div_euclid(60_000_000);
        let views = handoff::get(&self.hub, &me, &real.handoffs).await.unwrap();
        let views: Vec<HandoffView> = views.into_iter().map(Option::unwrap).collect();
        for (number, (view, expected)) in views.iter().zip(&real.model.handoffs).enumerate() {
            let (is, due) = (view.handoff(), expected.due);
            let about = || format!("handoff {number} after {step:?}: {expected:?}, and is {is:?}");
            assert_eq!((is.state, is.version), (expected.state, expected.version), "{}", about());
            assert_eq!(is.state.awaits(), awaits(expected.state), "{}", about());
            assert_eq!((is.due_at.map(minute), minute(is.arrive_by)), (due, expected.arrive_by), "{}", about());
            let late = expected.late || due.is_some_and(|due| due <= real.model.now);
            assert_eq!((is.late, view.is_late()), (expected.late, late), "{}", about());
            // The alarm clock has the same, and nothing of what has ended.
            assert_eq!(alarms.get(&("HANDOFF_CLOCK".into(), is.id.key())), is.due_at.as_ref(), "{}", about());
            let shown = is.offer.as_ref().and_then(|offer| offer.coded.bed_was_shown_available);
            assert_eq!(shown, expected.asked.as_ref().and_then(|asked| asked.shown_free), "{}", about());
            match (is.hold, expected.hold) {
                (Some(id), Some(hold)) => {
                    let known = *real.holds.entry(hold).or_insert(id);
                    assert_eq!(known, id, "{}", about());
                }
                (is, expected) => assert_eq!(is.is_some(), expected.is_some(), "{}", about()),
            }
        }
        self.compare_searches(real, &me, (&alarms, &views), minute).await;
        self.compare_places(real, &me, minute).await;
    }

    async fn compare_searches(
        &self,
        real: &Real,
        me: &Viewer,
        (alarms, views): (&HashMap<(String, Uuid), At>, &[HandoffView]),
        minute: impl Fn(At) -> Minutes,
    ) {
        let found = episode::get(&self.hub, me, &real.searches).await.unwrap();
        for (number, (view, expected)) in found.iter().zip(&real.model.searches).enumerate() {
            let is = view.as_ref().unwrap().episode();
            let about = || format!("search {number}: {expected:?}, and is {is:?}");
            let (by, due) = (expected.settled_by.map(|by| real.handoffs[by]), is.due_at.map(&minute));
            assert_eq!((is.state, is.version), (expected.state, expected.version), "{}", about());
            assert_eq!((is.handoff, is.reason, due), (by, expected.end, expected.due), "{}", about());
            assert_eq!(is.settlement, expected.settlement, "{}", about());
            assert_eq!(i64::from(is.waited_hours), expected.waited_hours, "{}", about());
            assert_eq!(alarms.get(&("EPISODE_CLOCK".into(), is.id.key())), is.due_at.as_ref(), "{}", about());
            // One settlement at most, whatever the model thinks.
            let of = || views.iter().map(HandoffView::handoff).filter(|handoff| handoff.episode == is.id);
            let settled: Vec<HandoffId> =
                of().filter(|handoff| is_settlement(handoff.state)).map(|handoff| handoff.id).collect();
            let open = matches!(is.state, EpisodeState::Settled | EpisodeState::Placed);
            assert_eq!(settled.as_slice(), is.handoff.filter(|_| open).as_slice(), "{}", about());
            // Who lost was told at the very instant at which it was settled: it is one write.
            for lost in of().filter(|handoff| {
                handoff.ending == Some(crisis_hub::domain::handoff::Ending::Withdrawn(WithdrawReason::AnotherChosen))
            }) {
                let at = lost.times.ended_at;
                assert!(of().any(|won| won.times.settled_at == at), "{}", about());
            }
        }
    }

    /// The units of the board, and each hold as the database has it.
    async fn compare_places(&self, real: &Real, me: &Viewer, minute: impl Fn(At) -> Minutes) {
        let model = &real.model;
        for (unit, id) in real.units.iter().enumerate() {
            let scope = Scope::of(&self.viewer(model.units[unit].owner));
            let is = self.hub.board().now().unit(&scope, *id, self.hub.clock().now()).unwrap().availability();
            assert_eq!(is.net_reported, model.free(unit), "unit {unit}");
            assert_eq!(is.net.is_some(), model.is_believed(unit), "unit {unit}");
            let counts = (is.held as usize, is.arrived as usize, is.over_capacity);
            assert_eq!(counts, (model.held(unit), model.units[unit].came.len(), model.is_over(unit)), "unit {unit}");
        }
        assert_eq!(real.holds.len(), model.holds.len(), "a hold that belongs to nothing");
        let numbers: Vec<usize> = real.holds.keys().copied().collect();
        let ids: Vec<BedHoldId> = numbers.iter().map(|number| real.holds[number]).collect();
        let found = hold::get(&self.hub, me, &ids).await.unwrap();
        for (number, view) in numbers.into_iter().zip(found) {
            let (view, expected) = (view.unwrap(), &model.holds[number]);
            let is = (view.state(), minute(view.hold().until), view.hold().is_of_handoff());
            assert_eq!(is, (model.state_of(number), expected.until, expected.of_handoff), "hold {number}");
            assert_eq!(view.hold().unit, real.units[expected.unit], "hold {number}");
        }
    }

    /// The alarms of handoffs and searches, as rows.
    async fn alarms(&self) -> HashMap<(String, Uuid), At> {
        let sql = "SELECT row_id, kind, \"at\" FROM due WHERE kind IN ('HANDOFF_CLOCK', 'EPISODE_CLOCK')";
        let backend = self.connection.get_database_backend();
        let rows = self.connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        let alarm = |row: &sea_orm::QueryResult| {
            let (key, at): (Uuid, i64) = (row.try_get("", "row_id").unwrap(), row.try_get("", "at").unwrap());
            ((row.try_get("", "kind").unwrap(), key), At::from_micros(at))
        };
        rows.iter().map(alarm).collect()
    }
}
