//! Events waiting to leave, and the numbered log.
use super::directory::coded;
use super::error::Error;
use super::tx::{Reader, Store, Tx};
use crate::domain::code::Coded;
use crate::domain::event::{Audience, Event, Fact, Happening};
use crate::domain::id::{EventId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use entity::event::{Column, Entity, Model};
use entity::{counter, event};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, Statement, TransactionTrait,
};
use uuid::Uuid;

/// The counter that numbers the log.
const LOG: &str = "log";
/// Most events that one relay numbers at once.
pub const BATCH_MAX: u32 = 500;

const TABLE: &str = "event";

fn row(happening: &Happening, id: EventId, number: Option<i64>) -> Result<event::ActiveModel, Error> {
    let fact = serde_json::to_string(&happening.fact).map_err(|_| Error::Corrupt { table: TABLE, what: "fact" })?;
    let model = Model {
        position: 0,
        number,
        id: id.key(),
        kind: happening.kind.code().into(),
        kind_version: happening.kind.version(),
        noun: happening.noun.text().into(),
        row_id: happening.key,
        row_version: happening.version,
        region_id: happening.region.key(),
        owner_id: happening.owner.key(),
        audience: happening.audience.bits(),
        at: happening.at.micros(),
        fact,
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
            audience: Audience::from_bits(row.audience),
            at: At::from_micros(row.at),
            fact,
        },
    })
}

impl Tx {
    /// Writes what happened: the last statements of a write.
    pub(super) async fn append_events(&self, happenings: Vec<Happening>) -> Result<(), Error> {
        if happenings.is_empty() {
            return Ok(());
        }
        let many = i64::try_from(happenings.len()).unwrap_or(i64::MAX);
        let mut number = match self.dialect().numbers_at_once() {
            true => Some(advance(self.connection(), many).await? - many),
            false => None,
        };
        let mut rows = Vec::with_capacity(happenings.len());
        for happening in &happenings {
            number = number.map(|n| n + 1);
            rows.push(row(happening, self.id(), number)?);
        }
        // SQLite takes at most 32,766 values a statement; a row has 12.
        for rows in rows.chunks(500) {
            Entity::insert_many(rows.to_vec()).exec_without_returning(self.connection()).await?;
        }
        Ok(())
    }
}

/// Moves the log's counter on by `many` and answers where it stands.
async fn advance(conn: &impl ConnectionTrait, many: i64) -> Result<i64, Error> {
    let update = counter::Entity::update_many()
        .col_expr(counter::Column::N, Expr::col(counter::Column::N).add(many))
        .filter(counter::Column::Name.eq(LOG));
    let rows = update.exec_with_returning(conn).await?;
    rows.first().map(|row| row.n).ok_or(Error::Unfit("the database has no log: run `crisis-hub migrate`"))
}

impl Store {
    /// Numbers what waits, in the order of positions, and answers where the log stood and how many were numbered.
    ///
    /// The row lock of the one counter is the election among nodes: no lease, no clock.
    pub async fn number_waiting(&self) -> Result<(i64, u64), Error> {
        if self.dialect().numbers_at_once() {
            return Ok((0, 0));
        }
        let tx = self.pools().writer.begin().await?;
        #[expect(clippy::disallowed_methods, reason = "the log's own counter has no viewer")]
        let row = counter::Entity::find().filter(counter::Column::Name.eq(LOG)).lock_exclusive().one(&tx).await?;
        let n = row.ok_or(Error::Unfit("the database has no log: run `crisis-hub migrate`"))?.n;
        let numbered = tx.execute_raw(self.dialect().number_waiting(n, BATCH_MAX)).await?.rows_affected();
        if numbered > 0 {
            advance(&tx, i64::try_from(numbered).unwrap_or(i64::MAX)).await?;
        }
        tx.commit().await?;
        Ok((n, numbered))
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

    /// The last event of each of these rows numbered up to `number`, that the viewer sees.
    pub async fn last_events(&self, keys: &[Uuid], number: i64) -> Result<Vec<Event>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
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
        self.rows::<Entity>(which, Column::Number, u64::MAX >> 1).await?.into_iter().map(event).collect()
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

/// The row that a new log begins with.
pub(super) async fn begin_log(conn: &impl ConnectionTrait, backend: sea_orm::DbBackend) -> Result<(), Error> {
    let sql = "INSERT INTO counter (name, n) VALUES ('log', 0) ON CONFLICT (name) DO NOTHING";
    conn.execute_raw(Statement::from_string(backend, sql)).await?;
    Ok(())
}
