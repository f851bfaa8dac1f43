//! Events waiting to leave, and the numbered log.
use super::directory::coded;
use super::error::Error;
use super::tx::{Reader, Store};
use crate::domain::code::Coded;
use crate::domain::event::{Audience, Event, Fact, Happening};
use crate::domain::id::{EventId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use entity::event::{Column, Entity, Model};
use entity::{counter, event};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType, UpdateStatement};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, Statement,
};
use uuid::Uuid;

/// Most keys of one statement: SQLite takes at most 32,766 values.
const KEYS_MAX: usize = 10_000;
/// The counter that numbers the log.
const LOG: &str = "log";
/// Most events that one relay numbers at once.
pub const BATCH_MAX: u32 = 500;

const TABLE: &str = "event";
const NO_LOG: &str = "the database has no log: run `crisis-hub migrate`";

fn row(happening: &Happening, id: EventId, numbered: Option<(i64, At)>) -> Result<event::ActiveModel, Error> {
    let fact = serde_json::to_string(&happening.fact).map_err(|_| Error::Corrupt { table: TABLE, what: "fact" })?;
    let model = Model {
        position: 0,
        number: numbered.map(|(number, _)| number),
        id: id.key(),
        kind: happening.kind.code().into(),
        kind_version: happening.kind.version(),
        noun: happening.noun.text().into(),
        row_id: happening.key,
        row_version: happening.version,
        region_id: happening.region.key(),
        owner_id: happening.owner.key(),
        party_id: happening.party.map(NounId::key),
        audience: happening.audience.bits(),
        at: happening.at.micros(),
        fact,
        numbered_at: numbered.map(|(_, at)| at.micros()),
    };
    let mut row = model.into_active_model().reset_all();
    row.position = ActiveValue::NotSet;
    Ok(row)
}

/// Reads a fact of any version that was ever written.
fn fact(row: &Model) -> Result<Fact, Error> {
    match row.kind_version {
        // 2 of a unit's fact adds what holds do; an older fact has no holds in it.
        1 | 2 => serde_json::from_str(&row.fact).map_err(|_| Error::Corrupt { table: TABLE, what: "fact" }),
        _ => Err(Error::Corrupt { table: TABLE, what: "kind version" }),
    }
}

fn event(row: Model) -> Result<Event, Error> {
    let noun = Noun::ALL.iter().copied().find(|noun| noun.text() == row.noun);
    let fact = fact(&row)?;
    Ok(Event {
        number: row.number.ok_or(Error::Corrupt { table: TABLE, what: "number" })?,
        id: EventId::of(row.id),
        happening: Happening {
            kind: coded(TABLE, &row.kind)?,
            noun: noun.ok_or(Error::Corrupt { table: TABLE, what: "noun" })?,
            key: row.row_id,
            version: row.row_version,
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.owner_id),
            party: row.party_id.map(OrganizationId::of),
            audience: Audience::from_bits(row.audience),
            at: At::from_micros(row.at),
            fact,
        },
    })
}

/// The rows of what happened: numbered after `last`, or by the relay.
pub(super) fn rows(
    happenings: &[Happening],
    last: Option<(i64, At)>,
    id: impl Fn() -> EventId,
) -> Result<Vec<event::ActiveModel>, Error> {
    let number = |place| last.map(|(n, at)| (n + place, at));
    happenings.iter().zip(1..).map(|(happening, place)| row(happening, id(), number(place))).collect()
}

/// Moves the log's counter on by `many`, numbered now, and answers where it stands and when that was numbered.
///
/// The counter's instant never runs back, whichever node's clock numbers: a later number has no earlier instant.
pub(super) fn advance(many: i64, now: At) -> UpdateStatement {
    use counter::Column;
    let behind = Expr::col(Column::At).lt(now.micros());
    Query::update()
        .table(counter::Entity)
        .value(Column::N, Expr::col(Column::N).add(many))
        .value(Column::At, Expr::case(behind, now.micros()).finally(Expr::col(Column::At)))
        .and_where(Expr::col(Column::Name).eq(LOG))
        .returning(Query::returning().columns([Column::N, Column::At]))
        .to_owned()
}

/// What [`advance`] answered.
pub(super) fn advanced(rows: &[QueryResult]) -> Result<(i64, At), Error> {
    let row = rows.first().ok_or(Error::Unfit(NO_LOG))?;
    Ok((row.try_get("", "n")?, At::from_micros(row.try_get("", "at")?)))
}

impl Store {
    /// Numbers what waits, in the order of positions, and answers where the log stood and how many were numbered.
    ///
    /// The row lock of the one counter is the election among nodes: no lease, no clock.
    pub async fn number_waiting(&self) -> Result<(i64, u64), Error> {
        if self.dialect().numbers_at_once() {
            return Ok((0, 0));
        }
        let tx = self.dialect().begin_write(&self.pools().writer).await?;
        #[expect(clippy::disallowed_methods, reason = "the log's own counter has no viewer")]
        let row = counter::Entity::find().filter(counter::Column::Name.eq(LOG)).lock_exclusive().one(&tx).await?;
        let (n, at) = row.map(|row| (row.n, row.at)).ok_or(Error::Unfit(NO_LOG))?;
        // Asked under the lock: whoever numbers next asks later, and its clock is held to what this one wrote.
        let now = self.clock().now().max(At::from_micros(at));
        let numbered = tx.query_one_raw(self.dialect().number_waiting(n, BATCH_MAX, now)).await?;
        let numbered = numbered.ok_or(Error::Corrupt { table: TABLE, what: "number" })?;
        let (many, latest) = (numbered.try_get::<i64>("", "many")?, numbered.try_get::<Option<i64>>("", "latest")?);
        if let Some(latest) = latest {
            tx.execute(&advance(many, At::from_micros(latest))).await?;
        }
        tx.commit().await?;
        Ok((n, u64::try_from(many).unwrap_or(0)))
    }
}

impl Reader {
    /// The number of the log's last event; 0 for an empty log.
    pub async fn head(&self) -> Result<i64, Error> {
        #[expect(clippy::disallowed_methods, reason = "the log's own counter has no viewer")]
        let row = counter::Entity::find().filter(counter::Column::Name.eq(LOG)).one(self.connection()).await?;
        Ok(row.map_or(0, |row| row.n))
    }

    /// Events numbered after `number` that the viewer sees, in order.
    pub async fn events_after(&self, number: i64, most: u64) -> Result<Vec<Event>, Error> {
        let which = Condition::all().add(Column::Number.gt(number));
        self.rows::<Entity>(which, Column::Number, most).await?.into_iter().map(event).collect()
    }

    /// The id and the instant of the event with a number, whoever may see it: what a cursor is checked against.
    pub async fn mark(&self, number: i64) -> Result<Option<(EventId, At)>, Error> {
        #[expect(clippy::disallowed_methods, reason = "an id and an instant tell nobody what happened")]
        let row = Entity::find().filter(Column::Number.eq(number)).one(self.connection()).await?;
        Ok(row.map(|row| (EventId::of(row.id), At::from_micros(row.at))))
    }

    /// The last event that was numbered by an instant, whoever may see it: the place that the log had reached then.
    ///
    /// Numbers never run back in time, so everything up to that place was numbered by then and nothing after it was.
    pub async fn reached(&self, at: At) -> Result<Option<(i64, EventId)>, Error> {
        #[expect(clippy::disallowed_methods, reason = "an id and a number tell nobody what happened")]
        let by_then = Entity::find().filter(Column::NumberedAt.lte(at.micros()));
        let last = by_then.order_by_desc(Column::NumberedAt).order_by_desc(Column::Number);
        let row = last.one(self.connection()).await?;
        Ok(row.and_then(|row| Some((row.number?, EventId::of(row.id)))))
    }

    /// When the log was last written to; none when it is empty.
    pub async fn written_at(&self) -> Result<Option<At>, Error> {
        #[expect(clippy::disallowed_methods, reason = "an instant tells nobody what happened")]
        let last = Entity::find().order_by_desc(Column::Position).one(self.connection()).await?;
        Ok(last.map(|row| At::from_micros(row.at)))
    }

    /// The last event of every row of the board numbered up to `number`, that the viewer sees, in order.
    pub async fn board_events(&self, number: i64) -> Result<Vec<Event>, Error> {
        // One lookup in the index a row, however long the log.
        let last = last_of("bed_unit", number)
            .union(UnionType::All, last_of("service", number))
            .union(UnionType::All, last_of("pathway", number))
            .union(UnionType::All, last_of("facility", number))
            .union(UnionType::All, last_of("organization", number))
            .union(UnionType::All, last_of("region", number))
            .union(UnionType::All, last_of("team", number))
            .to_owned();
        let which = Condition::all().add(Column::Number.in_subquery(last));
        self.rows::<Entity>(which, Column::Number, u64::MAX >> 1).await?.into_iter().map(event).collect()
    }

    /// The last event of each of these rows numbered up to `number`, that the viewer sees.
    pub async fn last_events(&self, keys: &[Uuid], number: i64) -> Result<Vec<Event>, Error> {
        let mut rows = Vec::new();
        for keys in keys.chunks(KEYS_MAX) {
            // One look into the index a row, however long the log.
            let last = self.dialect().of_each(keys, |key| {
                Query::select()
                    .expr(Expr::col(Column::Number).max())
                    .from(Entity)
                    .and_where(Expr::col(Column::RowId).eq(key))
                    .and_where(Expr::col(Column::Number).lte(number))
                    .to_owned()
            });
            let which = Condition::all().add(Column::Number.in_subquery(last));
            rows.extend(self.rows::<Entity>(which, Column::Number, u64::MAX >> 1).await?);
        }
        rows.sort_unstable_by_key(|row| row.number);
        rows.into_iter().map(event).collect()
    }

    /// The rows of a noun that are ahead of the log: their last events still wait for a number.
    pub async fn ahead(&self, noun: Noun) -> Result<Vec<Uuid>, Error> {
        #[expect(clippy::disallowed_methods, reason = "which rows wait for the relay tells nobody what happened")]
        let waiting = Entity::find().filter(Column::Number.is_null()).filter(Column::Noun.eq(noun.text()));
        let mut keys: Vec<Uuid> = waiting.all(self.connection()).await?.into_iter().map(|row| row.row_id).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

/// For each row of a table, the number of its last event up to `number`.
fn last_of(table: &'static str, number: i64) -> SelectStatement {
    let last = Query::select()
        .expr(Expr::col(("past", Column::Number)).max())
        .from_as(Entity, "past")
        .and_where(Expr::col(("past", Column::RowId)).equals((table, "id")))
        .and_where(Expr::col(("past", Column::Number)).lte(number))
        .to_owned();
    Query::select().expr(Expr::SubQuery(None, Box::new(last.into()))).from(table).to_owned()
}

/// The row that a new log begins with.
pub(super) async fn begin_log(conn: &impl ConnectionTrait, backend: sea_orm::DbBackend) -> Result<(), Error> {
    let sql = "INSERT INTO counter (name, n) VALUES ('log', 0) ON CONFLICT (name) DO NOTHING";
    conn.execute_raw(Statement::from_string(backend, sql)).await?;
    Ok(())
}
