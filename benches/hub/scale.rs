//! Large worlds and long logs. Rows beyond the first thousand units, and the log, are written straight into the database:
//! they are the scene, not what is measured.
use crate::figures::{Figures, Section};
use crate::ground::{Db, Ground, Program};
use crate::search::{self, Measured};
use crate::sql;
use crate::stats::{Spread, memory_mib, short};
use crate::{Asked, Done, client as run_client, reports, watch};
use crisis_hub::domain::event::Audience;
use crisis_hub::domain::role::Role;
use sea_orm::{EntityTrait, IdenStatic, Iterable};
use std::time::Instant;

/// Units that are loaded through the hub's verbs; more are copies of these.
const FIRST: usize = 1_000;
/// Who watches while a world's size is what is measured.
const WATCHERS: usize = 200;

/// A key of the n-th copy: of version 8 where the first rows' are of version 7, and with the copy's number after it.
fn key(db: Db, column: &str, n: usize) -> String {
    match db {
        Db::Sqlite => format!("CAST(substr({column}, 1, 6) || X'8{n:03x}' || substr({column}, 9, 8) AS BLOB)"),
        Db::Postgres => format!("overlay(replace({column}::text, '-', '') PLACING '8{n:03x}' FROM 13)::uuid"),
    }
}

/// The statement that copies a table's rows once more.
fn copy<E: EntityTrait>(db: Db, table: &str, n: usize) -> String {
    let keys = ["id", "organization_id", "facility_id", "service_id"];
    let columns: Vec<&str> = E::Column::iter().map(|column| column.as_str()).collect();
    let values: Vec<String> = columns
        .iter()
        .map(|column| match *column {
            name if keys.contains(&name) => key(db, name, n),
            // Elsewhere by up to ten kilometers, or all copies would stand in one another.
            name @ ("latitude_e6" | "longitude_e6") => format!("{name} + {}", (n * 7_919) % 180_000),
            name => name.to_owned(),
        })
        .collect();
    // Copies of copies would be copied again: the first rows have no copy's number, and are all there were.
    format!("INSERT INTO {table} ({}) SELECT {} FROM first_{table}", columns.join(", "), values.join(", "))
}

/// Brings a world to so many units.
async fn grow(ground: &Ground, units: usize) -> Done {
    let tables = ["organization", "facility", "service", "bed_unit"];
    for table in tables {
        ground.run(&format!("CREATE TABLE first_{table} AS SELECT * FROM {table}")).await?;
    }
    for n in 1..units / FIRST {
        let statements = [
            copy::<entity::organization::Entity>(ground.db, "organization", n),
            copy::<entity::facility::Entity>(ground.db, "facility", n),
            copy::<entity::service::Entity>(ground.db, "service", n),
            copy::<entity::bed_unit::Entity>(ground.db, "bed_unit", n),
        ];
        ground.run(&format!("BEGIN; {}; COMMIT", statements.join("; "))).await?;
    }
    for table in tables {
        ground.run(&format!("DROP TABLE first_{table}")).await?;
    }
    ground.run("ANALYZE").await
}

/// Lengthens the log by so many facts: the world's own reports, again and again.
async fn lengthen(ground: &Ground, facts: u64) -> Done {
    if facts == 0 {
        return Ok(());
    }
    let began = Instant::now();
    let key = match ground.db {
        Db::Sqlite => "randomblob(16)",
        Db::Postgres => "gen_random_uuid()",
    };
    ground
        .run(
            "CREATE TABLE some_facts AS SELECT row_number() OVER (ORDER BY position) - 1 AS place, e.* FROM event e
             WHERE kind = 'BEDS_REPORTED' ORDER BY position LIMIT 1000;
             CREATE INDEX some_facts_place ON some_facts (place);
             DROP INDEX event_id; DROP INDEX event_row; DROP INDEX event_number",
        )
        .await?;
    let series = match ground.db {
        Db::Sqlite => "WITH RECURSIVE turn(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM turn WHERE n < {most})",
        Db::Postgres => "WITH turn(n) AS (SELECT generate_series(1, {most}))",
    };
    let mut left = facts;
    while left > 0 {
        let most = left.min(500_000);
        let series = series.replace("{most}", &most.to_string());
        let columns = "kind, kind_version, noun, row_id, row_version, region_id, owner_id, audience, at, fact";
        ground
            .run(&format!(
                "INSERT INTO event (number, id, {columns}) {series} SELECT (SELECT c.n FROM counter c WHERE name = 'log') + turn.n, {key}, {columns}
                 FROM turn JOIN some_facts s ON s.place = turn.n % (SELECT count(*) FROM some_facts);
                 UPDATE counter SET n = n + {most} WHERE name = 'log'"
            ))
            .await?;
        left -= most;
    }
    ground
        .run(
            "CREATE UNIQUE INDEX event_number ON event (number); CREATE UNIQUE INDEX event_id ON event (id);
             CREATE INDEX event_row ON event (row_id, number); DROP TABLE some_facts; ANALYZE",
        )
        .await?;
    eprintln!("{}: {facts} facts written in {:.0?}", ground.db.name(), began.elapsed());
    Ok(())
}

pub fn section(asked: &Asked, figures: Figures) -> Section {
    Box::pin(measure(asked.clone(), figures))
}

async fn searched(asked: &Asked, ground: &Ground, program: &Program) -> Done<Measured> {
    let eyes = sql::eyes(ground.loaded.region, Audience::CARE);
    let job = search::Job {
        address: program.address,
        hub: program.pid,
        askers: vec![(ground.token(Role::Line988)?, eyes)],
        beside: None,
        seconds: asked.seconds(),
        runs: asked.runs(),
    };
    run_client(&crate::Job::Search(job)).await
}

/// Starts the program so many times; how long until it was ready, how much memory it then had, and the last of them.
async fn starts(asked: &Asked, ground: &Ground) -> Done<(Spread, Spread, Program)> {
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    let mut program = ground.program().await?;
    for turn in 0..asked.runs() {
        if turn > 0 {
            program.stop().await?;
            program = ground.program().await?;
        }
        ready.push(program.ready_after.as_secs_f64());
        memory.push(memory_mib(program.pid));
    }
    Ok((Spread::of(ready), Spread::of(memory), program))
}

async fn measure(asked: Asked, mut figures: Figures) -> Done<Figures> {
    let columns = [
        "units",
        "ready after s",
        "MiB when ready",
        "searches a second",
        "p50 ms",
        "p99 ms",
        "hub CPU ms a search",
        "delivery p50, p99 ms",
        "hub CPU µs a delivery",
    ];
    figures.table(&format!("Large worlds: start, search, and {WATCHERS} subscribers at one table"), &columns);
    for db in asked.databases() {
        for size in &asked.sizes {
            let ground = Ground::open(db, (*size).min(FIRST)).await?;
            ground.let_go().await;
            grow(&ground, *size).await?;
            let (ready, memory, program) = starts(&asked, &ground).await?;
            let found = searched(&asked, &ground, &program).await?;
            let crowd = watch::crowd(&asked, &ground, &program, WATCHERS, 1).await?;
            program.stop().await?;
            let of = |field: fn(&search::Run) -> f64| Spread::of(found.hub.iter().map(field));
            let told = |field: fn(&watch::Run) -> f64| short(Spread::of(crowd.runs.iter().map(field)).median);
            figures.row(&[
                format!("{} on {}", short(*size as f64), db.name()),
                ready.to_string(),
                memory.to_string(),
                of(|r| r.per_second).to_string(),
                short(of(|r| r.p50).median),
                short(of(|r| r.p99).median),
                short(of(|r| r.hub).median),
                format!("{}, {}", told(|r| r.p50), told(|r| r.p99)),
                told(|r| r.hub * 1e6 / r.deliveries),
            ]);
            ground.end().await?;
        }
    }
    let columns = ["facts in the log", "ready after s", "MiB when ready", "reports a second", "p50 ms", "p99 ms"];
    figures.table("Long logs: start of a node, and reports, over 1,000 units", &columns);
    for db in asked.databases() {
        for facts in &asked.logs {
            let ground = Ground::open(db, FIRST).await?;
            ground.let_go().await;
            lengthen(&ground, *facts).await?;
            let (ready, memory, program) = starts(&asked, &ground).await?;
            let runs = reports::of_hub(&asked, &ground, program.address, program.pid).await?;
            program.stop().await?;
            let of = |field: fn(&search::Run) -> f64| Spread::of(runs.iter().map(field));
            figures.row(&[
                format!("{} more on {}", short(*facts as f64), db.name()),
                ready.to_string(),
                memory.to_string(),
                of(|r| r.per_second).to_string(),
                short(of(|r| r.p50).median),
                short(of(|r| r.p99).median),
            ]);
            ground.end().await?;
        }
    }
    Ok(figures)
}
