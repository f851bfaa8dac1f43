//! Writes that meet: they wait for each other in one order, never for good, and never make a thing twice.
use crate::house::{Db, House, hub_alone};
use crisis_hub::app::directory::{self, SaveEntry};
use crisis_hub::app::import::{self, Agency, Foreign, Goal, ImportDirectory, Said};
use crisis_hub::app::{ProblemCode, console};
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::facility::{FacilityDetails, Zone};
use crisis_hub::domain::organization::{OrganizationDetails, OrganizationKind};
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use serde_json::json;
use std::time::Duration;

on_both!(
    two_imports_of_one_source_at_once_make_each_thing_once,
    reports_edits_and_withdrawals_at_once_wait_in_one_order,
    a_regions_code_is_taken_once,
);

fn records() -> Vec<Agency> {
    let said = |fingerprint: &str| fingerprint.to_owned();
    let facility = |name: &str| FacilityDetails {
        name: name.into(),
        street: None,
        city: None,
        state: None,
        zip: None,
        county_fips: None,
        point: None,
        zone: Zone::Urban,
        time_zone: "America/New_York".into(),
        direct_line: None,
        first_responder_door: false,
        walk_in: false,
        wheelchair_accessible: None,
    };
    let organization = |name: &str| OrganizationDetails {
        name: name.into(),
        kind: OrganizationKind::Hospital,
        part2_program: false,
        covered_entity: false,
        criminal_justice_agency: false,
        coordinating: false,
    };
    let agency = |n: usize| Agency {
        organization: Foreign {
            source_id: format!("o{n}"),
            said: Some(Said { fingerprint: said("a"), details: organization(&format!("Imported {n}")) }),
        },
        facilities: vec![Foreign {
            source_id: format!("f{n}"),
            said: Some(Said { fingerprint: said("a"), details: facility(&format!("House {n}")) }),
        }],
    };
    (0..40).map(agency).collect()
}

async fn two_imports_of_one_source_at_once_make_each_thing_once(db: Db) {
    let (hub, world, _place) = hub_alone(db).await;
    let viewer = console::viewer();
    let input = || ImportDirectory {
        source: "list".into(),
        goal: Goal::Region(world.region),
        agencies: records(),
        complete: false,
        may_retire: 0,
        dry_run: false,
    };
    let quiet = |_: usize| {};
    let (one, two, three) = tokio::join!(
        import::directory(&hub, &viewer, input(), &quiet),
        import::directory(&hub, &viewer, input(), &quiet),
        import::directory(&hub, &viewer, input(), &quiet),
    );
    let done = [one.unwrap(), two.unwrap(), three.unwrap()];
    assert_eq!(done.iter().map(|done| done.organizations.created).sum::<u64>(), 40);
    assert_eq!(done.iter().map(|done| done.facilities.created).sum::<u64>(), 40);
    let reader = hub.store().read(&viewer).await.unwrap();
    let made = reader.entries::<FacilityDetails>().await.unwrap();
    assert_eq!(made.iter().filter(|facility| facility.details.name.starts_with("House ")).count(), 40);
}

async fn reports_edits_and_withdrawals_at_once_wait_in_one_order(db: Db) {
    let house = House::open(db).await;
    let agency = house.world.agencies[0].clone();
    let (admin, intake) = (house.client("agency_admin"), house.client("intake"));
    for id in &agency.units {
        intake.ask(super::api::bed::REPORT, super::api::bed::numbers(id, 5, 1)).await.data("");
    }
    let edit = |n: usize| {
        json!({ "input": { "id": agency.ward().to_string(), "label": format!("Ward {n}"), "licensed": 5,
            "facilityId": agency.facility.to_string(), "serviceId": agency.service.to_string() } })
    };
    let saves = "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { problems { code } } }";
    let places = "mutation($input: SaveFacilityInput!) { saveFacility(input: $input) { problems { code } } }";
    let services = "mutation($input: SaveServiceInput!) { saveService(input: $input) { problems { code } } }";
    let facility = |n: usize, retire: bool| {
        json!({ "input": { "id": agency.facility.to_string(), "name": format!("House {n}"), "retire": retire,
            "timeZone": "America/New_York" } })
    };
    let service = |n: usize| {
        json!({ "input": { "id": agency.service.to_string(), "name": format!("Service {n}"), "kind": "RECEIVING_23H",
            "facilityId": agency.facility.to_string() } })
    };
    let tap = json!({ "input": { "facilityId": agency.facility.to_string() } });
    for round in 0..12 {
        let all = tokio::join!(
            intake.ask(super::api::bed::REPORT, tap.clone()),
            admin.ask(saves, edit(round)),
            admin.ask(places, facility(round, false)),
            admin.ask(services, service(round)),
            intake.ask(super::api::bed::REPORT, tap.clone()),
            admin.ask(places, facility(round, true)),
            admin.ask(saves, edit(round + 100)),
        );
        for said in [all.0, all.1, all.2, all.3, all.4, all.5, all.6] {
            let text = said.data("").to_string();
            assert!(!text.contains("CONFLICT"), "{text}");
        }
    }
    if db == Db::Postgres {
        // The statistics are written a moment later.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let connection = Database::connect(&house.place().url).await.unwrap();
        let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "deadlocks").unwrap(), 0);
        connection.close().await.unwrap();
    }
    house.close().await;
}

async fn a_regions_code_is_taken_once(db: Db) {
    let (hub, _, _place) = hub_alone(db).await;
    let viewer = console::viewer();
    let new = || SaveEntry::new(None, console::new_region("keys", "America/New_York"), Provenance::Manual);
    let (one, two) = tokio::join!(directory::save(&hub, &viewer, new()), directory::save(&hub, &viewer, new()));
    let (one, two) = (one.unwrap(), two.unwrap());
    let refused: Vec<_> = one.problems.iter().chain(&two.problems).map(|problem| problem.code).collect();
    assert_eq!(refused, [ProblemCode::CodeTaken]);
    assert_eq!([one.changed, two.changed].iter().flatten().count(), 1);
}

/// A node that froze with a row in its hands: whoever waits for the row is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_good_for_a_row_that_is_not_given_back() {
    let house = House::with(Db::Postgres, |config| config.pool.lock_ms_max = 300).await;
    let (intake, id) = (house.client("intake"), house.world.agencies[0].chairs());
    let frozen = Database::connect(&house.place().url).await.unwrap();
    let held = frozen.begin().await.unwrap();
    held.execute_unprepared("SELECT * FROM bed_unit FOR UPDATE").await.unwrap();
    let began = std::time::Instant::now();
    let said = intake.ask(super::api::bed::REPORT, super::api::bed::numbers(id, 5, 1)).await;
    assert_eq!(said.code(), "UNAVAILABLE");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    held.rollback().await.unwrap();
    let said = intake.ask(super::api::bed::REPORT, super::api::bed::numbers(id, 5, 1)).await;
    assert_eq!(said.data("/reportBeds/problems"), &json!([]));
    frozen.close().await.unwrap();
    house.close().await;
}

/// Whoever hangs up while a transaction begins leaves none behind for the next who is given the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_at_the_beginning_leaves_no_transaction_open() {
    let (hub, _, _place) = hub_alone(Db::Postgres).await;
    let (viewer, mut given_up) = (console::viewer(), 0);
    for round in 0..300 {
        {
            // It gets so far, and is dropped.
            let mut read = std::pin::pin!(hub.store().read(&viewer));
            let mut looks = 0;
            while looks <= round % 10 && futures_util::poll!(read.as_mut()).is_pending() {
                looks += 1;
                tokio::time::sleep(Duration::from_micros(1)).await;
            }
            given_up += usize::from(looks > round % 10);
        }
        // A plain question takes a snapshot in whatever transaction it finds itself in, and then none can begin there.
        let store = hub.store();
        let (one, other) = tokio::join!(store.backlog(0), store.backlog(0));
        assert!(one.is_ok() && other.is_ok(), "round {round}");
        let (one, other) = tokio::join!(store.read(&viewer), store.read(&viewer));
        assert!(one.is_ok() && other.is_ok(), "round {round}: {:?} {:?}", one.err(), other.err());
    }
    assert!(given_up > 20, "{given_up} were given up");
}
