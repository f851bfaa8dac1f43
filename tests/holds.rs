//! Holds under races: never one too many, never one too few, and never both arrived and over.
use crate::house::traffic::{Dice, caught_up, log, places, reports, scale, staff, until};
use crate::house::{Db, House};
use crisis_hub::app::bed::{self, About, ReportBeds, UnitReport};
use crisis_hub::app::hold::{self, ChangeHold, HoldBed, HoldTo};
use crisis_hub::app::{Hub, ProblemCode};
use crisis_hub::clock::{HubClock, RandomIds};
use crisis_hub::domain::bed::Freshness;
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::event::{Event, EventKind, Fact};
use crisis_hub::domain::hold::HoldState;
use crisis_hub::domain::id::{BedHoldId, BedUnitId};
use crisis_hub::domain::time::At;
use crisis_hub::node::{self, Node, Sources};
use crisis_hub::policy::{Scope, Viewer};
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

on_both!(
    as_many_hold_as_there_are_places,
    an_arrival_and_the_end_of_its_hold_never_both_happen,
    no_node_offers_a_place_that_somebody_has_arrived_at,
);

const RACERS: usize = 32;

/// 20 rounds in every run, 200 in a soak.
fn rounds() -> usize {
    20 * scale().min(10)
}

/// A house where one agency may hold as much as it likes.
async fn open(db: Db) -> House {
    House::with(db, |config| config.holds.per_agency_max = 1_000).await
}

async fn report(hub: &Hub, intake: &Viewer, unit: BedUnitId, staffed: u32) {
    let said = bed::report(hub, intake, reports(&[unit], || places(staffed))).await.unwrap();
    assert_eq!(said.problems, []);
}

fn place(unit: BedUnitId) -> HoldBed {
    HoldBed { unit, minutes: None, need: None, keyed: None }
}

/// Tries until the answer is not that others came first too often.
async fn hold_one(hub: &Hub, viewer: &Viewer, unit: BedUnitId) -> Result<BedHoldId, ProblemCode> {
    loop {
        let said = hold::place(hub, viewer, place(unit)).await.unwrap();
        match (said.changed, said.problems.first()) {
            (Some(view), _) => return Ok(view.hold().id),
            (None, Some(problem)) if problem.code == ProblemCode::Conflict => {}
            (None, problem) => return Err(problem.unwrap().code),
        }
    }
}

async fn as_many_hold_as_there_are_places(db: Db) {
    let house = open(db).await;
    let (hubs, _, _other) = house.hubs().await;
    let chairs = house.world.agencies[0].chairs();
    let intake = staff(house.hub(), "intake");
    let people: Vec<Viewer> = ["officer", "officer-2", "ems-2", "intake", "mobile_team-2", "line_988-2"]
        .iter()
        .map(|person| staff(house.hub(), person))
        .collect();
    let mut placed_in_all = 0;
    for round in 0..rounds() {
        let places = [1, 4, 20][round % 3];
        report(house.hub(), &intake, chairs, places).await;
        let racers = (0..RACERS).map(|n| {
            let (hub, viewer) = (hubs[n % hubs.len()].clone(), people[n % people.len()].clone());
            tokio::spawn(async move { hold_one(&hub, &viewer, chairs).await })
        });
        // Reports of the same numbers beside them: a report never counts people who are only held.
        let reporters = (0..4).map(|n| {
            let (hub, intake) = (hubs[n % hubs.len()].clone(), intake.clone());
            tokio::spawn(async move {
                let said = bed::report(&hub, &intake, reports(&[chairs], || crate::house::traffic::places(places)));
                drop(said.await.unwrap());
                Err(ProblemCode::NoCapacity)
            })
        });
        let all: Vec<_> = racers.chain(reporters).collect();
        let mut placed = Vec::new();
        for racer in all {
            match racer.await.unwrap() {
                Ok(hold) => placed.push(hold),
                Err(code) => assert_eq!(code, ProblemCode::NoCapacity),
            }
        }
        assert_eq!(placed.len(), places as usize, "{db:?} round {round}: oversold or undersold at {places}");
        placed_in_all += placed.len();
        settle(&hubs, &intake, &placed, round).await;
    }
    house.deliver().await;
    bank(&log(house.store()).await);
    println!(
        "{db:?}: {} rounds of {RACERS} racers on {} nodes, {placed_in_all} placed, oversold 0, undersold 0",
        rounds(),
        hubs.len()
    );
    house.close().await;
}

/// Half of them arrive, half are given back, each on the other node; then a report counts who is there: nobody is left over.
async fn settle(hubs: &[Hub], intake: &Viewer, placed: &[BedHoldId], round: usize) {
    let changes = placed.iter().enumerate().map(|(n, hold)| {
        let to = match n % 2 {
            0 => HoldTo::Arrive,
            _ => HoldTo::Release(crisis_hub::domain::hold::ReleaseReason::NoLongerNeeded),
        };
        let (hub, intake, hold) = (hubs[(n + round) % hubs.len()].clone(), intake.clone(), *hold);
        tokio::spawn(async move {
            loop {
                let input = ChangeHold { hold, generation: None, to, keyed: None };
                let said = hold::change(&hub, &intake, input).await.unwrap();
                if said.changed.is_some() {
                    return;
                }
                assert_eq!(said.problems[0].code, ProblemCode::Conflict);
            }
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
}

/// At every event of the log: free, held, arrived and in use together are what is staffed, and never less than none free.
fn bank(log: &[Event]) {
    let mut looked = 0;
    for event in log {
        let (Fact::Unit(fact), EventKind::BedHoldsChanged) = (&event.happening.fact, event.happening.kind) else {
            continue;
        };
        let census = &fact.report.as_ref().unwrap().census;
        let kept = fact.held.iter().filter(|held| held.stands(event.happening.at)).count() + fact.arrivals.len();
        assert!(kept <= census.staffed as usize, "oversold at {}: {kept} of {}", event.number, census.staffed);
        looked += 1;
    }
    assert!(looked > 0);
}

async fn an_arrival_and_the_end_of_its_hold_never_both_happen(db: Db) {
    let house = open(db).await;
    let (hubs, _, _other) = house.hubs().await;
    let (chairs, intake) = (house.world.agencies[0].chairs(), staff(house.hub(), "intake"));
    let officer = staff(house.hub(), "officer-2");
    let mut dice = Dice::new(7);
    let (mut arrived, mut over) = (0, 0);
    for round in 0..50 * scale().min(20) {
        report(house.hub(), &intake, chairs, 3).await;
        let hold = hold_one(&hubs[0], &officer, chairs).await.unwrap();
        // Up to 50 ms to either side of the end, by the hub's own time, while the sweepers of all nodes run.
        let end = 30 * 60_000_000 + i64::from(dice.count(100_000)) - 50_000;
        house.clock.advance_micros(end);
        let tries = hubs.iter().map(|hub| {
            let input = ChangeHold { hold, generation: None, to: HoldTo::Arrive, keyed: None };
            hold::change(hub, &officer, input)
        });
        let answers = join_all(tries).await;
        let came = answers.iter().filter(|said| said.as_ref().unwrap().changed.is_some()).count();
        assert!(came <= 1, "round {round}: two arrivals on one hold");
        house.clock.advance_micros(100_000);
        until("the hold has ended", async || ended(&house, &officer, hold).await.is_some()).await;
        match (came, ended(&house, &officer, hold).await.unwrap()) {
            (1, HoldState::Consumed) => arrived += 1,
            (0, HoldState::Expired) => over += 1,
            (came, state) => panic!("round {round}: {came} arrivals and {state:?}"),
        }
    }
    house.deliver().await;
    let mut ends: HashMap<uuid::Uuid, Vec<EventKind>> = HashMap::new();
    for event in log(house.store()).await {
        if matches!(event.happening.kind, EventKind::BedHoldArrived | EventKind::BedHoldExpired) {
            ends.entry(event.happening.key).or_default().push(event.happening.kind);
        }
    }
    assert!(ends.values().all(|kinds| kinds.len() == 1), "a hold ended twice in the log");
    assert!(arrived > 0 && over > 0, "{arrived} arrived, {over} over: the end was never near");
    println!("{db:?}: {arrived} arrived, {over} over, both 0");
    house.close().await;
}

/// How a hold ended, as the database has it.
async fn ended(house: &House, viewer: &Viewer, hold: BedHoldId) -> Option<HoldState> {
    let found = hold::get(house.hub(), viewer, &[hold]).await.unwrap();
    let hold = found[0].as_ref().unwrap().hold().clone();
    hold.ended_at.map(|_| hold.state)
}

async fn no_node_offers_a_place_that_somebody_has_arrived_at(db: Db) {
    let house = open(db).await;
    let (hubs, _, _other) = house.hubs().await;
    let (chairs, intake) = (house.world.agencies[0].chairs(), staff(house.hub(), "intake"));
    let officer = staff(house.hub(), "officer-2");
    let scope = Scope::of(&intake);
    for round in 0..rounds() {
        report(house.hub(), &intake, chairs, 1).await;
        let hold = hold_one(&hubs[round % hubs.len()], &officer, chairs).await.unwrap();
        for hub in &hubs {
            caught_up(hub).await;
        }
        let input = ChangeHold { hold, generation: None, to: HoldTo::Arrive, keyed: None };
        assert!(hold::change(&hubs[(round + 1) % hubs.len()], &officer, input).await.unwrap().changed.is_some());
        // From the moment it is acknowledged, whatever a node has heard of it yet.
        for _ in 0..20 {
            for hub in &hubs {
                let view = hub.board().now().unit(&scope, chairs, hub.clock().now()).unwrap();
                assert_eq!(view.availability().net, Some(0), "round {round}: the place is offered again");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    house.close().await;
}

/// Whatever the hosts' own clocks say, nodes over one PostgreSQL agree on its time: when a hold ends, and how old a number is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn badly_set_clocks_change_no_end_and_no_freshness() {
    const SECOND: i64 = 1_000_000;
    let house = open(Db::Postgres).await;
    let mut nodes = Vec::new();
    for apart in [0, 600 * SECOND, -3_600 * SECOND] {
        let clock = Arc::new(HubClock::of_host_apart(apart));
        let sources = || Sources { clock: clock.clone(), ids: Arc::new(RandomIds), correctable: Some(clock.clone()) };
        let store = node::open_store(&house.config, &sources(), false).await.unwrap();
        nodes.push(Node::start(house.config.clone(), sources(), store, Vec::new(), false, None).await.unwrap());
    }
    let hubs: Vec<Hub> = nodes.iter().map(|node| node.hub.clone()).collect();
    let now = |hub: &Hub| hub.clock().now();
    for hub in &hubs {
        assert!(now(hub).micros_since(now(&hubs[0])).abs() < SECOND, "the nodes do not agree on the time");
    }
    let (chairs, intake) = (house.world.agencies[0].chairs(), staff(&hubs[0], "intake"));
    let scope = Scope::of(&intake);
    // A number that turns aging while the hold is there: reported an hour ago, less half a minute.
    let as_of = now(&hubs[2]).plus_seconds(-3_570);
    let about = About::Units(vec![UnitReport { unit: chairs, as_of: Some(as_of), census: Some(places(1)) }]);
    let old = ReportBeds { about, provenance: Provenance::Manual, keyed: None };
    assert_eq!(bed::report(&hubs[2], &intake, old).await.unwrap().problems, []);
    // Placed on the node whose host is ten minutes ahead, for one minute.
    let new = HoldBed { minutes: Some(1), ..place(chairs) };
    let hold = hold::place(&hubs[1], &intake, new).await.unwrap().changed.unwrap().hold().clone();
    for hub in &hubs {
        caught_up(hub).await;
    }
    let ages = as_of.plus_minutes(60);
    let (mut last_held, mut last_fresh) = (0, 0);
    while now(&hubs[0]) < hold.until.plus_seconds(3) {
        for hub in &hubs {
            let before = now(&hubs[0]);
            let is = hub.board().now().unit(&scope, chairs, now(hub)).unwrap().availability();
            let (held, fresh, after) = (is.held == 1, is.freshness == Freshness::Fresh, now(&hubs[0]));
            // Asked more than a second before it, or more than a second after, whatever held this test up.
            let clear = |end: At| after < end.plus_micros(-SECOND) || before > end.plus_micros(SECOND);
            if clear(hold.until) {
                assert_eq!(held, after < hold.until, "a node is wrong about the end by more than a second");
            }
            if clear(ages) {
                assert_eq!(fresh, after < ages, "a node is wrong about the freshness by more than a second");
            }
            (last_held, last_fresh) = (last_held.max(i64::from(held)), last_fresh.max(i64::from(fresh)));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((last_held, last_fresh), (1, 1), "nothing was seen before it ended");
    for hub in &hubs {
        let input = ChangeHold { hold: hold.id, generation: None, to: HoldTo::Arrive, keyed: None };
        let said = hold::change(hub, &intake, input).await.unwrap();
        assert_eq!(said.problems[0].code, ProblemCode::HoldExpired);
    }
}
