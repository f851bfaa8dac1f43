//! Whether a node may be sent requests, and the numbers it gives of itself.
use crate::api::bed::{REPORT, numbers};
use crate::house::program::Program;
use crate::house::traffic::{report, staff, until};
use crate::house::{Db, House, hub_alone};
use crisis_hub::app::health;
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use serde_json::json;

on_both!(a_node_that_has_not_followed_the_log_says_how_far_it_is_behind, every_metric_is_there_and_described);

/// A metric that counts things.
async fn counted(program: &Program, name: &str) -> i64 {
    let value = program.metric(name).await;
    assert!(value.fract().abs() < f64::EPSILON, "{name} {value}");
    format!("{value:.0}").parse().unwrap()
}

async fn ready(house: &House) -> (u16, String) {
    let answer = reqwest::get(format!("{}/health/ready", house.url())).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The numbers that operators' dashboards are made of.
const METRICS: [&str; 22] = [
    "hub_log_number",
    "hub_relay_waiting",
    "hub_relay_lag_seconds",
    "hub_feed_behind",
    "hub_sweep_lag_seconds",
    "hub_clock_offset_seconds",
    "hub_clock_apart_seconds",
    "hub_database_up",
    "hub_sockets",
    "hub_subscribers",
    "hub_tables",
    "hub_requests_total{kind=\"query\",outcome=\"ok\"}",
    "hub_requests_total{kind=\"query\",outcome=\"error\"}",
    "hub_requests_total{kind=\"mutation\",outcome=\"ok\"}",
    "hub_requests_total{kind=\"subscription\",outcome=\"ok\"}",
    "hub_requests_total{kind=\"unread\",outcome=\"refused\"}",
    "hub_request_seconds_count{kind=\"query\"}",
    "hub_errors_total{code=\"BAD_USER_INPUT\"}",
    "hub_errors_total{code=\"UNAUTHENTICATED\"}",
    "hub_holds_active",
    "hub_units{freshness=\"FRESH\"}",
    "hub_units{freshness=\"EXPIRED\"}",
];

async fn every_metric_is_there_and_described(db: Db) {
    let mut house = House::open(db).await;
    let units: usize = house.world.agencies.iter().map(|agency| agency.units.len()).sum();
    let mut program = Program::of(&mut house).await;
    program.start().await;
    let intake = crate::house::Client::new(program.address, Some(house.token_of_today("intake")));
    let unit = house.world.agencies[0].chairs();
    assert_eq!(intake.ask("{ viewer { role } }", json!({})).await.data("/viewer/role"), "INTAKE");
    assert_eq!(intake.ask(REPORT, numbers(unit, 5, 1)).await.data("/reportBeds/problems"), &json!([]));
    assert_eq!(intake.ask("{ nothing }", json!({})).await.code(), "BAD_USER_INPUT");
    assert_eq!(intake.ask("{", json!({})).await.code(), "BAD_USER_INPUT");
    let nobody = crate::house::Client::new(program.address, None);
    assert_eq!(nobody.ask("{ bedUnits { edges { node { id } } } }", json!({})).await.code(), "UNAUTHENTICATED");
    let mut watching = intake.sse("subscription { events { cursor } }", json!({})).await;
    watching.next().await.unwrap();
    for name in METRICS {
        program.metric(name).await;
    }
    assert!(program.metric("hub_units{freshness=\"FRESH\"}").await >= 1.0);
    assert!(program.metric("hub_units{freshness=\"EXPIRED\"}").await >= units as f64 - 1.0);
    assert_eq!(counted(&program, "hub_database_up").await, 1);
    assert_eq!(counted(&program, "hub_subscribers").await, 1);
    until("the log is followed", async || counted(&program, "hub_feed_behind").await == 0).await;
    if db == Db::Postgres {
        until("redis is up", async || counted(&program, "hub_redis_up").await == 1).await;
    }
    drop(watching);
    until("nobody subscribes", async || counted(&program, "hub_subscribers").await == 0).await;
    let text = reqwest::get(format!("http://{}/metrics", program.address)).await.unwrap().text().await.unwrap();
    for line in text.lines().filter(|line| line.starts_with("# TYPE hub_")) {
        let name = line.split(' ').nth(2).unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is not described");
    }
    for id in [house.world.region.to_string(), unit.to_string(), "intake".into()] {
        assert!(!text.contains(&id), "an id among the metrics: {id}");
    }
    program.kill().await;
    house.start().await;
    house.close().await;
}

async fn a_node_that_has_not_followed_the_log_says_how_far_it_is_behind(db: Db) {
    let (hub, world, _place) = hub_alone(db).await;
    while hub.store().number_waiting().await.unwrap().1 > 0 {}
    let hub = crisis_hub::app::Hub::open(hub.store().clone()).await.unwrap();
    let calm = health::standing(&hub).await.unwrap();
    assert_eq!((calm.waiting, calm.behind, calm.relay_seconds, calm.feed_seconds), (0, 0, 0.0, 0.0));
    let (viewer, mut dice) = (staff(&hub, "intake"), crate::house::traffic::Dice::new(3));
    for _ in 0..3 {
        report(&hub, &viewer, &world.agencies[0].units[..1], &mut dice).await.unwrap();
    }
    let written = health::standing(&hub).await.unwrap();
    if db == Db::Postgres {
        assert_eq!((written.waiting, written.behind), (3, 0));
        assert!(written.relay_seconds > 0.0);
        while hub.store().number_waiting().await.unwrap().1 > 0 {}
    }
    let numbered = health::standing(&hub).await.unwrap();
    assert_eq!((numbered.waiting, numbered.behind, numbered.relay_seconds), (0, 3, 0.0));
    assert!(numbered.feed_seconds > 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_relay_is_held_up_is_not_ready_until_it_has_caught_up() {
    let house = House::open(Db::Postgres).await;
    assert_eq!(ready(&house).await, (200, "ready\n".into()));
    let other = Database::connect(&house.place().url).await.unwrap();
    let held = other.begin().await.unwrap();
    held.execute_unprepared("SELECT n FROM counter WHERE name = 'log' FOR UPDATE").await.unwrap();
    let said = house.client("intake").ask(REPORT, numbers(house.world.agencies[0].chairs(), 5, 1)).await;
    assert_eq!(said.data("/reportBeds/problems"), &json!([]), "writing goes on");
    house.clock.advance(1);
    until("it is not ready", async || ready(&house).await.0 == 503).await;
    let (_, why) = ready(&house).await;
    assert!(why.starts_with("the relay is behind: 1 events wait for a number, the oldest 60 s"), "{why}");
    assert_eq!(why.lines().count(), 1, "{why}");
    held.rollback().await.unwrap();
    until("it is ready again", async || ready(&house).await.0 == 200).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_its_database_is_alive_and_not_ready() {
    let house = House::with(Db::Postgres, |config| config.pool.wait_ms_max = 500).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$name'";
    house.place().maintain("ALTER DATABASE $name ALLOW_CONNECTIONS false").await;
    house.place().maintain(cut).await;
    until("it is not ready", async || ready(&house).await == (503, "the database does not answer\n".into())).await;
    let live = reqwest::get(format!("{}/health/live", house.url())).await.unwrap();
    assert_eq!(live.status().as_u16(), 200);
    house.place().maintain("ALTER DATABASE $name ALLOW_CONNECTIONS true").await;
    until("it is ready again", async || ready(&house).await.0 == 200).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_are_printed_without_their_secrets() {
    let mut house = House::open(Db::Sqlite).await;
    let mut program = Program::of(&mut house).await;
    program.variables = vec![
        ("HUB_DATABASE_URL", "postgres://hub:open-sesame@db.invalid/hub".into()),
        ("HUB_REDIS_URL", "redis://:open-sesame@cache.invalid".into()),
        ("HUB_SHUTDOWN__DRAIN_SECONDS", "7".into()),
    ];
    let (good, said) = program.run("config", &["check"]).await;
    assert!(good, "{said}");
    assert!(!said.contains("open-sesame"), "{said}");
    for line in [
        "database_url = \"postgres://hub:***@db.invalid/hub\"   # HUB_DATABASE_URL",
        "shutdown.drain_seconds = 7   # HUB_SHUTDOWN__DRAIN_SECONDS",
        "limits.depth_max = 12\n",
        "The settings are good.",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(said.contains("pool.connections_max = 12   # ") && said.contains("hub.toml\n"), "{said}");
    program.variables.push(("HUB_SHUTDOWN__NOTICE_SECONDS", "9999".into()));
    program.variables.push(("HUB_OTLP_ENDPOINT", "collector:4317".into()));
    let (good, said) = program.run("config", &["check"]).await;
    assert!(!good && said.contains("shutdown.notice_seconds is at most 600"), "{said}");
    assert!(said.contains("otlp_endpoint begins with http"), "{said}");
}
