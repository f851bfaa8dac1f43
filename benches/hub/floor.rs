//! The floor of bed reports: the statements of one report, in its transaction, without the hub around them.
//!
//! They are built once, by the same library from the same entities, so they are the hub's own text; then only ids,
//! versions and instants change. SQLite is driven in process on one connection, PostgreSQL over as many as there are
//! writers. What the hub does beside (numbering by the relay, the feed, answering) is not in it.
use crate::Done;
use crate::ground::Db;
use entity::{audit_entry, bed_report, bed_unit, due, event, grant};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection,
    DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement,
    TransactionTrait, Value, Values,
};
use std::time::Instant;
use uuid::Uuid;

/// Stand in for what changes at each turn.
const FRESH: Uuid = Uuid::max();
const OLD: i64 = -7_001;
const NEW: i64 = -7_002;
const NOW: i64 = -7_003;
const NUMBER: i64 = -7_004;

/// One statement; `reads` when its answer is looked at.
struct Step {
    sql: String,
    values: Vec<Value>,
    reads: bool,
}

impl Step {
    fn of(statement: Statement, reads: bool) -> Self {
        let Values(values) = statement.values.unwrap_or_else(|| Values(Vec::new()));
        Self { sql: statement.sql, values, reads }
    }

    fn filled(&self, version: i64, now: i64, number: i64) -> Vec<Value> {
        let fill = |value: &Value| match value {
            Value::Uuid(Some(id)) if *id == FRESH => Value::from(fresh(now)),
            Value::BigInt(Some(OLD)) => Value::from(version),
            Value::BigInt(Some(NEW)) => Value::from(version + 1),
            Value::BigInt(Some(NOW)) => Value::from(now),
            Value::BigInt(Some(NUMBER)) => Value::from(number),
            other => other.clone(),
        };
        self.values.iter().map(fill).collect()
    }
}

/// A new key, ordered by time like the hub's.
fn fresh(micros: i64) -> Uuid {
    let millis = u64::try_from(micros / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The statements of one writer, who reports one unit.
pub struct Writer {
    steps: Vec<Step>,
    version: i64,
}

impl Writer {
    /// Reads what the statements are about.
    pub async fn new(connection: &DatabaseConnection, db: Db, unit: Uuid, subject: &str) -> Done<Self> {
        let backend = if db == Db::Sqlite { DbBackend::Sqlite } else { DbBackend::Postgres };
        let unit =
            bed_unit::Entity::find().filter(bed_unit::Column::Id.eq(unit)).one(connection).await?.ok_or("no unit")?;
        let grant = grant::Entity::find()
            .filter(grant::Column::Subject.eq(subject))
            .one(connection)
            .await?
            .ok_or("no grant")?;
        let last =
            event::Entity::find().filter(event::Column::RowId.eq(unit.id)).order_by_desc(event::Column::Position);
        let last = last.one(connection).await?.ok_or("no event")?;
        let version = unit.version;
        Ok(Self { steps: steps(backend, &unit, grant.id, last), version })
    }
}

fn audit(unit: &bed_unit::Model, grant: Uuid) -> audit_entry::Model {
    audit_entry::Model {
        id: FRESH,
        at: NOW,
        grant_id: Some(grant),
        machine: None,
        action: "REPORT_BEDS".into(),
        noun: "bed_unit".into(),
        row_id: unit.id,
        row_version: NEW,
        owner_id: unit.organization_id,
        link: None,
        door: None,
        shown: None,
    }
}

fn steps(backend: DbBackend, unit: &bed_unit::Model, grant: Uuid, last: event::Model) -> Vec<Step> {
    use bed_unit::Column as Unit;
    let stands = grant::Entity::find().filter(grant::Column::Id.eq(grant)).lock_shared();
    let audience = Unit::Audience.into_expr().bit_and(unit.audience).ne(0);
    let which = if backend == DbBackend::Postgres { Unit::Id.eq_any([unit.id]) } else { Unit::Id.is_in([unit.id]) };
    let locked = bed_unit::Entity::find()
        .filter(Unit::RegionId.eq(unit.region_id).and(audience))
        .filter(which)
        .order_by_asc(Unit::Id)
        .lock_exclusive();
    let row = bed_unit::Model {
        version: NEW,
        as_of: Some(NOW),
        received_at: Some(NOW),
        report_id: Some(FRESH),
        updated_at: NOW,
        ..unit.clone()
    };
    let saved = bed_unit::Entity::update_many()
        .set(row.into_active_model().reset_all())
        .filter(Unit::Id.eq(unit.id))
        .filter(Unit::Version.eq(OLD));
    let kinds = ["FRESHNESS", "PAUSE_END", "HOLD_END"];
    let undue =
        due::Entity::delete_many().filter(due::Column::RowId.eq(unit.id)).filter(due::Column::Kind.is_in(kinds));
    let due_at = due::Model { row_id: unit.id, kind: "FRESHNESS".into(), at: NOW };
    let report = bed_report::Model {
        id: FRESH,
        region_id: unit.region_id,
        organization_id: unit.organization_id,
        bed_unit_id: unit.id,
        as_of: NOW,
        received_at: NOW,
        provenance: "MANUAL".into(),
        staffed: 20,
        occupied: 10,
        blocked: "[]".into(),
        pending_discharge: 0,
        waitlist: 0,
        accepting: "YES".into(),
        grant_id: Some(grant),
    };
    let audit = audit(unit, grant);
    let numbered = backend == DbBackend::Sqlite;
    let happened = event::Model { id: FRESH, number: numbered.then_some(NUMBER), row_version: NEW, at: NOW, ..last };
    let mut happened = happened.into_active_model().reset_all();
    happened.position = ActiveValue::NotSet;
    let mut steps = vec![
        Step::of(stands.build(backend), true),
        Step::of(locked.build(backend), true),
        Step::of(saved.build(backend), false),
        Step::of(undue.build(backend), false),
        Step::of(due::Entity::insert(due_at.into_active_model().reset_all()).build(backend), false),
        Step::of(bed_report::Entity::insert(report.into_active_model().reset_all()).build(backend), false),
        Step::of(audit_entry::Entity::insert(audit.into_active_model().reset_all()).build(backend), false),
    ];
    if numbered {
        // The one writer numbers in its own transaction.
        let sql = "UPDATE counter SET n = n + 1 WHERE name = 'log' RETURNING n";
        steps.push(Step { sql: sql.into(), values: Vec::new(), reads: true });
    }
    steps.push(Step::of(event::Entity::insert(happened).build(backend), false));
    steps
}

/// The connections that the statements run on.
pub async fn open(url: &str, writers: u32) -> Done<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(writers).min_connections(writers).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

/// One report's transaction on PostgreSQL.
pub async fn on_postgres(connection: &DatabaseConnection, writer: &mut Writer) -> Done {
    let tx = connection.begin().await?;
    let at = now();
    for step in &writer.steps {
        let values = step.filled(writer.version, at, 0);
        let statement =
            Statement { sql: step.sql.clone(), values: Some(Values(values)), db_backend: DbBackend::Postgres };
        if step.reads {
            tx.query_one_raw(statement).await?.ok_or("a row is missing")?;
        } else {
            tx.execute_raw(statement).await?;
        }
    }
    tx.commit().await?;
    writer.version += 1;
    Ok(())
}

/// The writer's connection to SQLite, set as the hub sets its own.
pub fn open_sqlite(file: &str) -> Done<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A value as SQLite's own library takes it.
pub fn plain(value: &Value) -> rusqlite::types::Value {
    use rusqlite::types::Value as Plain;
    match value {
        Value::Bool(Some(v)) => Plain::Integer(i64::from(*v)),
        Value::SmallInt(Some(v)) => Plain::Integer(i64::from(*v)),
        Value::Int(Some(v)) => Plain::Integer(i64::from(*v)),
        Value::BigInt(Some(v)) => Plain::Integer(*v),
        Value::String(Some(v)) => Plain::Text(v.clone()),
        Value::Uuid(Some(v)) => Plain::Blob(v.as_bytes().to_vec()),
        _ => Plain::Null,
    }
}

/// One report's transaction on SQLite; how long it took.
pub fn on_sqlite(connection: &rusqlite::Connection, writer: &mut Writer) -> Done<Instant> {
    let began = Instant::now();
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let (at, mut number) = (now(), 0);
    for step in &writer.steps {
        let values: Vec<_> = step.filled(writer.version, at, number).iter().map(plain).collect();
        let mut statement = connection.prepare_cached(&step.sql)?;
        if step.reads {
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            let row = rows.next()?.ok_or("a row is missing")?;
            if let Ok(n) = row.get::<_, i64>("n") {
                number = n;
            }
        } else {
            statement.execute(rusqlite::params_from_iter(values))?;
        }
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    writer.version += 1;
    Ok(began)
}
