//! What sequences are tried on: one hub after another, with a small world in it.
use super::compare::Seen;
use super::model::{Agency, Keeps, Minutes, Model, Said, Way};
use super::real::Real;
use super::words::Step;
use crate::house::traffic::staff;
use crate::house::{Db, Place, TestClock, World, hub_alone_in, world};
use crisis_hub::app::bed::{self, SaveUnit};
use crisis_hub::app::directory::{self, SaveEntry};
use crisis_hub::app::team::{self, SaveTeam};
use crisis_hub::app::{Hub, console};
use crisis_hub::clock::Clock;
use crisis_hub::domain::bed::HoldPolicy;
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::follow_up::FollowUpTerm;
use crisis_hub::domain::id::{BedUnitId, OrganizationId, PathwayId, ServiceId, TeamId};
use crisis_hub::domain::pathway::{Criteria, PathwayDetails, PathwayMode, Terms};
use crisis_hub::domain::role::Role;
use crisis_hub::domain::team::{HEARTBEAT_MINUTES, TeamDefinition, TeamDetails};
use crisis_hub::policy::{Scope, Viewer};
use sea_orm::{Database, DatabaseConnection};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// After how many sequences the whole database is asked about its promises.
const VERIFIED_EVERY: u64 = 40;
/// After how many sequences they go on in a new one: what is asked of all of it is asked of all that went before.
const RENEWED_EVERY: u64 = 200;

/// One hub for many sequences of a database, each with units and teams of its own, days later.
pub struct Bench {
    runtime: tokio::runtime::Runtime,
    inside: Inside,
    ended: u64,
    /// A sequence is under way, or was broken off.
    under_way: bool,
}

pub(super) struct Inside {
    pub(super) hub: Hub,
    pub(super) world: World,
    pub(super) clock: Arc<TestClock>,
    ways: [PathwayId; 6],
    vans: [ServiceId; 2],
    /// Who speaks for each agency, and who for its teams.
    people: [[Viewer; 2]; 3],
    /// What Amber's and Basalt's people see.
    scopes: [Scope; 2],
    /// To look at rows beside the hub.
    pub(super) connection: DatabaseConnection,
}

thread_local! {
    /// Where its data is: gone with the thread of the test, as nothing is that a static holds.
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// The bench of a database, for one sequence at a time.
pub fn bench(db: Db) -> MutexGuard<'static, Bench> {
    static SQLITE: OnceLock<Mutex<Bench>> = OnceLock::new();
    static POSTGRES: OnceLock<Mutex<Bench>> = OnceLock::new();
    let of = if db == Db::Sqlite { &SQLITE } else { &POSTGRES };
    let open = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let inside = runtime.block_on(Inside::open(db));
        Mutex::new(Bench { runtime, inside, ended: 0, under_way: false })
    };
    of.get_or_init(open).lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bench {
    pub fn begin(&mut self, db: Db, model: &Model) -> Real {
        // What a sequence that was broken off has left open is nothing to the next.
        if self.under_way || self.ended > 0 && self.ended.is_multiple_of(RENEWED_EVERY) {
            self.runtime.block_on(self.inside.close());
            self.inside = self.runtime.block_on(Inside::open(db));
        }
        self.under_way = true;
        // A day and a half, so that no hold of another sequence stands.
        self.inside.clock.advance(2_160);
        self.runtime.block_on(self.inside.begin(model))
    }

    /// Does a step on both sides, and compares.
    pub fn step(&self, real: &mut Real, step: &Step) {
        let over: Vec<bool> = (0..real.units.len()).map(|unit| real.model.is_over(unit)).collect();
        let expected = real.model.apply(step);
        let answered = self.runtime.block_on(self.inside.run(real, step));
        assert_eq!(answered, expected, "{step:?}");
        real.model.check();
        self.runtime.block_on(self.inside.compare(real, step, answered == Said::done()));
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

    /// Ends a sequence: all of it is read once more.
    pub fn end(&mut self, real: &mut Real) {
        real.seen = Seen::default();
        self.runtime.block_on(self.inside.compare(real, &Step::Wait(0), true));
        (self.ended, self.under_way) = (self.ended + 1, false);
        if self.ended % VERIFIED_EVERY == 1 || self.ended.is_multiple_of(RENEWED_EVERY) {
            self.runtime.block_on(self.inside.verify());
        }
    }
}

fn terms(world: &World, vans: [ServiceId; 2], way: Way) -> (usize, Terms) {
    let (owner, allows) = (usize::from(way.owner() == Agency::Basalt), way.allows());
    let minutes = |minutes: Minutes| u32::try_from(minutes).unwrap();
    let follow_ups =
        way.follows().iter().map(|(by, within_hours)| FollowUpTerm { by: *by, within_hours: *within_hours });
    let terms = Terms {
        service: if way.is_to_teams() { vans[owner] } else { world.agencies[owner].service },
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
        follow_ups: follow_ups.collect(),
        effective_from: None,
        effective_until: None,
    };
    (owner, terms)
}

pub(super) fn organization(world: &World, agency: Agency) -> OrganizationId {
    match agency {
        Agency::Amber => world.agencies[0].organization,
        Agency::Basalt => world.agencies[1].organization,
        Agency::Cedar => world.far.organization,
    }
}

impl Inside {
    async fn open(db: Db) -> Self {
        let clock = Arc::new(TestClock::at_start());
        // What it asks is what is true, not what outlasts a crash.
        let (hub, world, place) = hub_alone_in(Place::in_memory(db).await, clock.clone()).await;
        let vans = [world::mobile(&hub, &world.agencies[0]).await, world::mobile(&hub, &world.agencies[1]).await];
        let mut ways = Vec::new();
        for way in Way::ALL {
            let (owner, terms) = terms(&world, vans, way);
            let mut add = SaveEntry::new(None, PathwayDetails { name: format!("{way:?}"), terms }, Provenance::Manual);
            add.owner = Some(world.agencies[owner].organization);
            ways.push(directory::save(&hub, &console::viewer(), add).await.unwrap().changed.unwrap().id);
        }
        let connection = Database::connect(&place.url).await.unwrap();
        drop(PLACE.replace(Some(place)));
        let people = [
            ["intake", "mobile_team"],
            ["emergency_department-2", "mobile_team-2"],
            ["emergency_department-far", "mobile_team-far"],
        ];
        let people = people.map(|of| of.map(|who| staff(&hub, who)));
        let scopes = [Scope::of(&people[0][0]), Scope::of(&people[1][0])];
        Self { hub, world, clock, ways: ways.try_into().unwrap(), vans, people, scopes, connection }
    }

    async fn close(&self) {
        self.hub.store().close().await;
        self.connection.clone().close().await.unwrap();
    }

    async fn verify(&self) {
        let store = self.hub.store();
        while store.number_waiting().await.unwrap().1 > 0 {}
        for finding in store.verify().await.unwrap() {
            assert_eq!(finding.broken, 0, "{}", finding.promise);
        }
    }

    async fn begin(&self, model: &Model) -> Real {
        let (units, teams) = (self.units(model).await, self.teams(model).await);
        Real {
            began: self.clock.now(),
            units,
            teams,
            handoffs: Vec::new(),
            searches: Vec::new(),
            holds: HashMap::new(),
            follow_ups: HashMap::new(),
            seen: Seen::default(),
            told: self.log_end().await,
            model: model.clone(),
        }
    }

    pub(super) fn way(&self, way: Way) -> PathwayId {
        self.ways[Way::ALL.iter().position(|known| *known == way).unwrap()]
    }

    pub(super) fn viewer(&self, by: Agency) -> &Viewer {
        &self.people[by as usize][0]
    }

    /// Who says for a team whether it is free.
    pub(super) fn crew(&self, of: Agency) -> &Viewer {
        &self.people[of as usize][1]
    }

    pub(super) fn scope(&self, of: Agency) -> &Scope {
        &self.scopes[of as usize]
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
                external_ids: Vec::new(),
                retire: false,
                provenance: Provenance::Manual,
                keyed: None,
            };
            units.push(bed::save(&self.hub, &console::viewer(), input).await.unwrap().changed.unwrap().id());
        }
        units
    }

    async fn teams(&self, model: &Model) -> Vec<TeamId> {
        let mut teams = Vec::new();
        for team in &model.teams {
            let definition = TeamDefinition {
                service: self.vans[usize::from(team.owner == Agency::Basalt)],
                counties: vec![12_086],
                hours: None,
                languages: Vec::new(),
                youth_capable: true,
                peer_on_team: true,
                can_transport: false,
                heartbeat_minutes: HEARTBEAT_MINUTES,
            };
            let details = TeamDetails { label: "Mobile".into(), definition };
            let provenance = Provenance::Manual;
            let input = SaveTeam {
                team: None,
                expected_version: None,
                details,
                external_ids: Vec::new(),
                retire: false,
                provenance,
                keyed: None,
            };
            let made = team::save(&self.hub, &console::viewer(), input).await.unwrap().changed.unwrap();
            teams.push(made.team().id());
        }
        teams
    }
}
