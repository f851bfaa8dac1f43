//! The board: loaded, folded from the log, and lived through, it is the same.
use crate::house::traffic::{Dice, caught_up, report, scale, staff};
use crate::house::{Db, House, hub_alone};
use crisis_hub::app::bed::{About, ReportBeds, SaveUnit, SetPause, save, set_pause};
use crisis_hub::app::directory::{self, SaveEntry};
use crisis_hub::app::hold::{self, ChangeHold, HoldBed, HoldTo};
use crisis_hub::app::notice::{OnNotice, PostNotice};
use crisis_hub::app::poll::{Asked, RequestBedUpdate};
use crisis_hub::app::team::{SaveTeam, SetStatus};
use crisis_hub::app::{Error, Hub, bed, console, notice, poll, sweep, team};
use crisis_hub::board::{Board, Snapshot};
use crisis_hub::bus::feed::Follower;
use crisis_hub::clock::Clock;
use crisis_hub::domain::bed::PauseReason;
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::facility::FacilityDetails;
use crisis_hub::domain::geo::Point;
use crisis_hub::domain::hold::ReleaseReason;
use crisis_hub::domain::id::{BedUnitId, TeamId};
use crisis_hub::domain::notice::{Address, NoticeSeverity, NoticeTerms, NoticeWords};
use crisis_hub::domain::poll::Ask;
use crisis_hub::domain::service::{ServiceDetails, ServiceKind};
use crisis_hub::domain::team::TeamStatus;
use crisis_hub::policy::view::NoticeView;
use crisis_hub::policy::{Scope, Viewer};
use futures_util::future::join_all;

on_both!(the_board_is_a_fold_of_its_log);

/// Random verbs at once, between comparisons.
const BURST: usize = 5;

/// An agency of the world and those who act for it.
pub struct Agency {
    intake: Viewer,
    admin: Viewer,
    facility: crisis_hub::domain::id::FacilityId,
    pub units: Vec<BedUnitId>,
    crew: Viewer,
    team: TeamId,
}

impl Agency {
    pub async fn of(house: &House, n: usize, suffix: &str) -> Self {
        let team = house.team(&house.world.agencies[n], ["One", "Two"][n]).await;
        let of = &house.world.agencies[n];
        Self {
            intake: staff(house.hub(), &format!("intake{suffix}")),
            admin: staff(house.hub(), &format!("agency_admin{suffix}")),
            facility: of.facility,
            units: of.units.clone(),
            crew: staff(house.hub(), &format!("mobile_team{suffix}")),
            team,
        }
    }
}

async fn the_board_is_a_fold_of_its_log(db: Db) {
    let house = House::open(db).await;
    let (hubs, _, _other) = house.hubs().await;
    let mut agencies = [Agency::of(&house, 0, "").await, Agency::of(&house, 1, "-2").await];
    let bursts = 70 * scale();
    let mut done = 0;
    for burst in 0..bursts {
        let verbs = (0..BURST).map(|n| {
            let mut dice = Dice::new((burst * BURST + n) as u64);
            let (hub, which) = (&hubs[dice.roll(hubs.len())], dice.roll(2));
            let (agency, house) = (&agencies[which], &house);
            async move { (which, act(house, hub, agency, &mut dice).await) }
        });
        for (which, made) in join_all(verbs).await {
            match made {
                Ok(made) => {
                    agencies[which].units.extend(made);
                    done += 1;
                }
                // Two that wanted the same thing at once, or a thing that is withdrawn.
                Err(Error::BadInput(_) | Error::NotFound) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        if burst % 10 == 9 || burst + 1 == bursts {
            compare(&house, &hubs).await;
        }
    }
    assert!(done >= 300 * scale(), "{done}");
    let (notices, requests) = house.hub().board().now().said(house.clock.now());
    assert!(notices.iter().any(|notice| !notice.acknowledged.is_empty()), "nothing was acknowledged");
    assert!(requests.iter().any(|(_, answers)| !answers.is_empty()), "nothing was answered");
    let units = house.hub().board().now().coded().len();
    println!("{db:?}: {done} verbs, {units} units, {} events", house.hub().board().now().number());
    house.close().await;
}

/// One random verb; a unit that it added.
pub async fn act(house: &House, hub: &Hub, agency: &Agency, dice: &mut Dice) -> Result<Option<BedUnitId>, Error> {
    let unit = *dice.pick(&agency.units);
    match dice.roll(26) {
        0..=5 => drop(report(hub, &agency.intake, &dice.some(&agency.units, 3), dice).await?),
        6 => {
            let about = About::StillCorrect(agency.facility, None);
            let again = ReportBeds { about, provenance: Provenance::Ehr, keyed: None };
            bed::report(hub, &agency.intake, again).await?;
        }
        7 => {
            let until = hub.clock().now().plus_minutes(i64::from(dice.count(120)) + 1);
            let pause = Some((*dice.pick(&[PauseReason::Staffing, PauseReason::Weather]), until));
            set_pause(hub, &agency.intake, SetPause { unit, pause, keyed: None }).await?;
        }
        8 => drop(set_pause(hub, &agency.intake, SetPause { unit, pause: None, keyed: None }).await?),
        9..=11 => return save_unit(hub, &agency.admin, unit, dice).await,
        12 => house.clock.advance(i64::from(dice.count(90))),
        13 => drop(sweep::pass(hub).await?),
        15 => hold_and_go_on(hub, agency, unit, dice).await?,
        14 => move_facility(hub, agency, dice).await?,
        16 => edit_team(hub, agency, dice).await?,
        17..=19 => say(hub, agency, dice).await?,
        20 | 21 => tell(hub, agency, dice).await?,
        22 | 23 => ask(hub, agency, dice).await?,
        _ => {
            house.clock.advance(i64::from(dice.count(5)));
            sweep::pass(hub).await?;
        }
    }
    Ok(None)
}

/// Holds a place, and perhaps lets somebody arrive on it, or gives it back.
async fn hold_and_go_on(hub: &Hub, agency: &Agency, unit: BedUnitId, dice: &mut Dice) -> Result<(), Error> {
    let new = HoldBed { unit, minutes: Some(dice.count(40) + 1), need: None, keyed: None };
    let Some(placed) = hold::place(hub, &agency.intake, new).await?.changed else { return Ok(()) };
    let to = match dice.roll(4) {
        0 => HoldTo::Arrive,
        1 => HoldTo::Release(ReleaseReason::NoLongerNeeded),
        2 => HoldTo::Extend(dice.count(60) + 1),
        _ => return Ok(()),
    };
    hold::change(hub, &agency.intake, ChangeHold { hold: placed.hold().id, generation: None, to, keyed: None }).await?;
    Ok(())
}

/// Edits, withdraws, brings back or adds a unit.
async fn save_unit(hub: &Hub, admin: &Viewer, unit: BedUnitId, dice: &mut Dice) -> Result<Option<BedUnitId>, Error> {
    let board = hub.board().now();
    let scope = Scope::of(admin);
    let mut details = board.unit(&scope, unit, hub.clock().now()).ok_or(Error::NotFound)?.entry().details.clone();
    let (retire, add) = (dice.one_in(5), dice.one_in(6));
    details.label = format!("unit {}", dice.roll(1_000));
    details.definition.licensed = dice.count(30);
    details.definition.sla_minutes = *dice.pick(&[15, 60, 240]);
    details.definition.drop_off = dice.one_in(2);
    let input = SaveUnit {
        unit: (!add).then_some(unit),
        expected_version: None,
        details,
        external_ids: Vec::new(),
        retire: retire && !add,
        provenance: Provenance::Manual,
        keyed: None,
    };
    Ok(save(hub, admin, input).await?.changed.filter(|_| add).map(|view| view.id()))
}

/// A team says something of itself, as often as not the same again.
async fn say(hub: &Hub, agency: &Agency, dice: &mut Dice) -> Result<(), Error> {
    let status = *dice.pick(&[TeamStatus::Available, TeamStatus::Available, TeamStatus::EnRoute, TeamStatus::Out]);
    let free_in_minutes = (status.is_busy() && dice.one_in(2)).then(|| dice.count(60));
    let input = SetStatus { team: agency.team, status, free_in_minutes, keyed: None };
    team::set_status(hub, &agency.crew, input).await?;
    Ok(())
}

/// Renames a team, moves it to other counties, withdraws it or brings it back.
async fn edit_team(hub: &Hub, agency: &Agency, dice: &mut Dice) -> Result<(), Error> {
    let (board, scope) = (hub.board().now(), Scope::of(&agency.admin));
    let view = board.team(&scope, agency.team, hub.clock().now()).ok_or(Error::NotFound)?;
    let mut details = view.team().entry.details.clone();
    details.label = format!("team {}", dice.roll(1_000));
    details.definition.counties = dice.some(&[12_086, 12_011, 12_099], 3);
    details.definition.heartbeat_minutes = *dice.pick(&[5, 15, 60]);
    let input = SaveTeam {
        team: Some(agency.team),
        expected_version: None,
        details,
        external_ids: Vec::new(),
        retire: dice.one_in(6),
        provenance: Provenance::Manual,
        keyed: None,
    };
    team::save(hub, &agency.admin, input).await?;
    Ok(())
}

async fn move_facility(hub: &Hub, agency: &Agency, dice: &mut Dice) -> Result<(), Error> {
    let (board, scope) = (hub.board().now(), Scope::of(&agency.admin));
    let facility = board.entry::<FacilityDetails>(&scope, agency.facility).unwrap();
    let mut details = facility.details.clone();
    details.name = format!("House {}", dice.roll(1_000));
    details.point = Some(Point::from_degrees(25.0 + f64::from(dice.count(100)) / 100.0, -80.2).unwrap());
    let input = SaveEntry::new(Some(agency.facility), details, Provenance::Manual);
    directory::save(hub, &agency.admin, input).await?;
    Ok(())
}

/// Posts, withdraws or acknowledges a notice.
async fn tell(hub: &Hub, agency: &Agency, dice: &mut Dice) -> Result<(), Error> {
    let (board, scope, admin) = (hub.board().now(), Scope::of(&agency.admin), &agency.admin);
    let (own, others): (Vec<_>, Vec<_>) = board.notices(admin, &scope).take(6).partition(NoticeView::is_own);
    let on = |views: &[NoticeView], dice: &mut Dice| {
        (!views.is_empty()).then(|| OnNotice { notice: dice.pick(views).notice().id, keyed: None })
    };
    match (dice.roll(4), on(&own, dice), on(&others, dice)) {
        (0, Some(input), _) => drop(notice::withdraw(hub, admin, input).await?),
        (1 | 2, _, Some(input)) => drop(notice::acknowledge(hub, &agency.intake, input).await?),
        _ => {
            let now = hub.clock().now();
            let terms = NoticeTerms {
                severity: NoticeSeverity::Info,
                address: Address::default(),
                starts_at: now,
                ends_at: now.plus_minutes(500),
                acknowledge: true,
                drill: dice.one_in(2),
            };
            let words = NoticeWords { headline: format!("notice {}", dice.roll(1_000)), text: "text".into() };
            notice::post(hub, admin, PostNotice { words, terms, keyed: None }).await?;
        }
    }
    Ok(())
}

/// Asks some units to confirm their numbers.
async fn ask(hub: &Hub, agency: &Agency, dice: &mut Dice) -> Result<(), Error> {
    let of = Asked::Units(dice.some(&agency.units, 3));
    let ask = Ask { answer_minutes: 30, note: None, drill: dice.one_in(2) };
    poll::request(hub, &agency.admin, RequestBedUpdate { of, ask, keyed: None }).await?;
    Ok(())
}

async fn compare(house: &House, hubs: &[Hub]) {
    // Sweepers go on by themselves: what is compared is read between two equal numbers of the log.
    for _ in 0..50 {
        house.deliver().await;
        let number = house.hub().board().now().number();
        let loaded = Board::load(house.store()).await.unwrap().now();
        let folded = Board::replay(house.store()).await.unwrap();
        for hub in hubs {
            caught_up(hub).await;
        }
        let live: Vec<_> = hubs.iter().map(|hub| hub.board().now()).collect();
        let still = live.iter().all(|board| board.number() == number)
            && loaded.number() == number
            && folded.number() == number
            && house.store().number_waiting().await.unwrap().1 == 0;
        if still {
            let now = house.clock.now();
            assert_eq!(loaded.coded(), folded.coded(), "loaded and folded at {number}");
            assert_eq!(loaded.coded_teams(), folded.coded_teams(), "teams, loaded and folded at {number}");
            assert_eq!(loaded.said(now), folded.said(now), "what was said, loaded and folded at {number}");
            for board in live {
                assert_eq!(board.coded(), loaded.coded(), "lived through and loaded at {number}");
                assert_eq!(board.coded_teams(), loaded.coded_teams(), "teams, lived through and loaded at {number}");
                assert_eq!(covering(&board), covering(&loaded), "the teams of each county at {number}");
                assert_eq!(words(&board), words(&loaded), "the words at {number}");
                assert_eq!(board.said(now), loaded.said(now), "what was said at {number}");
            }
            return;
        }
    }
    panic!("the log does not stand still");
}

/// What no fact carries.
fn words(board: &Snapshot) -> Vec<(String, String)> {
    let (me, at) = (console::viewer(), crisis_hub::domain::time::At::default());
    let scope = Scope::of(&me);
    let units = board.units(&scope, at).map(|view| (view.id().to_string(), view.entry().details.label.clone()));
    let places = board.entries::<FacilityDetails>(&scope).map(|f| (f.id.to_string(), f.details.name.clone()));
    let teams = board
        .teams(&scope, None, at)
        .map(|view| (view.team().id().to_string(), view.team().entry.details.label.clone()));
    units.chain(places).chain(teams).collect()
}

/// The teams of each county, as the search finds them.
fn covering(board: &Snapshot) -> Vec<(u32, Vec<TeamId>)> {
    let (me, at) = (console::viewer(), crisis_hub::domain::time::At::default());
    let scope = Scope::of(&me);
    let of = |county| (county, board.teams(&scope, Some(county), at).map(|view| view.team().id()).collect());
    [12_086, 12_011, 12_099].map(of).into()
}

/// A node may start while events of its database wait for their number: its rows are ahead of its log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_at_the_start_is_told_from_what_the_log_said_before() {
    let (hub, world, _place) = hub_alone(Db::Postgres).await;
    let store = hub.store();
    while store.number_waiting().await.unwrap().1 > 0 {}
    let hub = Hub::open(store.clone()).await.unwrap();
    let (intake, unit, mut dice) = (staff(&hub, "intake"), world.agencies[0].chairs(), Dice::new(1));
    let version = |outcome: crisis_hub::app::Outcome<Vec<crisis_hub::policy::view::BedUnitView>>| {
        outcome.changed.unwrap()[0].version()
    };
    let first = version(report(&hub, &intake, &[unit], &mut dice).await.unwrap());
    store.number_waiting().await.unwrap();
    let second = version(report(&hub, &intake, &[unit], &mut dice).await.unwrap());
    let third = version(report(&hub, &intake, &[unit], &mut dice).await.unwrap());

    let board = Board::load(store).await.unwrap();
    store.number_waiting().await.unwrap();
    let events = store.read(&console::viewer()).await.unwrap().events_after(board.number(), 10).await.unwrap();
    let told = board.follow(events).await.unwrap();
    let steps: Vec<_> = told
        .iter()
        .map(|t| &t.units[0])
        .map(|m| (m.before.as_ref().unwrap().unit.version(), m.after.unit.version()))
        .collect();
    assert_eq!(steps, [(first, second), (second, third)]);
}

/// The same of what units stand on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_waits_at_the_start_moves_units_from_where_the_log_had_them() {
    let (hub, world, _place) = hub_alone(Db::Postgres).await;
    let (store, me, agency) = (hub.store(), console::viewer(), &world.agencies[0]);
    while store.number_waiting().await.unwrap().1 > 0 {}
    for kind in [ServiceKind::Sobering, ServiceKind::LivingRoom] {
        let service = directory::one::<ServiceDetails>(&hub, &me, agency.service).unwrap();
        let details = ServiceDetails { kind, ..service.details.clone() };
        let edit = SaveEntry::new(Some(agency.service), details, Provenance::Manual);
        directory::save(&hub, &me, edit).await.unwrap().changed.unwrap();
    }
    let board = Board::load(store).await.unwrap();
    store.number_waiting().await.unwrap();
    let events = store.read(&me).await.unwrap().events_after(board.number(), 10).await.unwrap();
    let told = board.follow(events).await.unwrap();
    let kinds = told.iter().map(|t| t.units.iter().map(|m| (m.before.as_ref().unwrap(), &m.after)));
    let kinds = kinds.map(|units| units.map(|(b, a)| (b.service.details.kind, a.service.details.kind)));
    let kinds: Vec<Vec<_>> = kinds.map(Iterator::collect).collect();
    let (receiving, sobering, living) = (ServiceKind::Receiving23h, ServiceKind::Sobering, ServiceKind::LivingRoom);
    assert_eq!(kinds, [vec![(receiving, sobering); 3], vec![(sobering, living); 3]]);
}
