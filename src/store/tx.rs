//! The lock. The connection is private to this file; every road to a row takes a scope, every change a permit.
//!
//! An entity query has no connection to run on:
//! ```compile_fail,E0616
//! # async fn f(store: &crisis_hub::store::Store) {
//! use sea_orm::EntityTrait;
//! let _ = entity::bed_unit::Entity::find().all(&store.0.pools.readers).await;
//! # }
//! ```
//! Its twin asks through a reader, which carries the viewer's scope:
//! ```
//! # async fn f(store: &crisis_hub::store::Store, viewer: &crisis_hub::policy::Viewer) {
//! let _ = store.read(viewer).await.unwrap().bed_units(&[]).await;
//! # }
//! ```
//! There are no rows without a viewer:
//! ```compile_fail,E0599
//! # async fn f(store: &crisis_hub::store::Store) { let _ = store.bed_units(&[]).await; }
//! ```
//! ```
//! # async fn f(reader: &crisis_hub::store::Reader) { let _ = reader.bed_units(&[]).await; }
//! ```
//! A scope cannot be forged:
//! ```compile_fail,E0451
//! # fn f(scope: crisis_hub::policy::Scope) {
//! let _ = crisis_hub::policy::Scope { coarse: false, ..scope };
//! # }
//! ```
//! ```
//! # fn f(viewer: &crisis_hub::policy::Viewer) { let _ = crisis_hub::policy::Scope::of(viewer); }
//! ```
//! A write takes a permit:
//! ```compile_fail,E0061
//! # use crisis_hub::{domain::{bed::BedUnit, entry::Changed}, store::Tx};
//! # async fn f(tx: &Tx, changed: &Changed<BedUnit>) { let _ = tx.save(changed).await; }
//! ```
//! ```
//! # use crisis_hub::{domain::{bed::BedUnit, entry::Changed}, policy::permit::{Permit, ReportBeds}, store::Tx};
//! # async fn f(tx: &Tx, changed: &Changed<BedUnit>, permit: Permit<ReportBeds>) { let _ = tx.save(permit, changed).await; }
//! ```
//! A permit cannot be spent twice:
//! ```compile_fail,E0382
//! # use crisis_hub::{domain::{bed::BedUnit, entry::Changed}, policy::permit::{Permit, ReportBeds}, store::Tx};
//! # async fn f(tx: &Tx, changed: &Changed<BedUnit>, permit: Permit<ReportBeds>) {
//! let _ = tx.save(permit, changed).await;
//! let _ = tx.save(permit, changed).await;
//! # }
//! ```
//! ```
//! # use crisis_hub::{domain::{bed::BedUnit, entry::Changed}, policy::permit::{Permit, ReportBeds}, store::Tx};
//! # async fn f(tx: &Tx, changed: &Changed<BedUnit>, one: Permit<ReportBeds>, two: Permit<ReportBeds>) {
//! let _ = tx.save(one, changed).await;
//! let _ = tx.save(two, changed).await;
//! # }
//! ```
//! A table without a scoping rule has no finder:
//! ```compile_fail,E0277
//! fn scoped<E: crisis_hub::store::Scoped>() {}
//! scoped::<entity::counter::Entity>();
//! ```
//! ```
//! fn scoped<E: crisis_hub::store::Scoped>() {}
//! scoped::<entity::bed_unit::Entity>();
//! ```
mod rows;

use super::dialect::{Dialect, PoolSize, Pools};
use super::error::{Error, MayConflict};
use super::later::Later;
use super::scoped::Scoped;
use super::turns::Turn;
use super::vault::Vault;
use crate::clock::{Clock, Ids};
use crate::domain::entry::Changed;
use crate::domain::id::NounId;
use crate::domain::time::At;
use crate::policy::permit::{Acts, Permit, Stamp};
use crate::policy::{Scope, Viewer};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult,
    Iterable, Order, PrimaryKeyToColumn, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::Notify;

/// How often a whole verb is tried when other writes come first.
const TRIES_MAX: u32 = 6;

/// Where everything is kept.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pools: Pools,
    dialect: Dialect,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    written: Arc<Notify>,
    vault: Arc<OnceLock<Vault>>,
}

/// One snapshot, seen through one scope. It has no write methods.
#[derive(Clone)]
pub struct Reader {
    conn: Arc<DatabaseTransaction>,
    scope: Arc<Scope>,
    dialect: Dialect,
}

/// One write under way. A verb gets it, and can end well only by [`Tx::commit`].
pub struct Tx {
    conn: DatabaseTransaction,
    scope: Arc<Scope>,
    store: Store,
    pub(super) later: Mutex<Later>,
}

/// Proof that a verb committed: only [`Tx::commit`] makes one.
pub struct Committed<T>(T);

impl<T> Committed<T> {
    /// The same proof, of what is made of the value.
    pub fn map<U>(self, made: impl FnOnce(T) -> U) -> Committed<U> {
        Committed(made(self.0))
    }
}

/// How a domain value is kept in its table.
pub trait Kept: Send + Sync + Sized {
    /// Its table.
    type Entity: Scoped;
    /// A row about to be written.
    type Row: ActiveModelTrait<Entity = Self::Entity> + Send;
    /// The table's version column.
    const VERSION: <Self::Entity as EntityTrait>::Column;
    /// Reads a row.
    fn from_row(row: <Self::Entity as EntityTrait>::Model) -> Result<Self, Error>;
    /// Writes a row, every column set.
    fn row(&self) -> Self::Row;
    /// Writes what stands beside the row in the same transaction.
    fn save_beside(
        _tx: &Tx,
        _changed: &Changed<Self>,
        _stamp: Stamp,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        std::future::ready(Ok(()))
    }
}

/// A value that an action may change.
pub trait KeptBy<A>: Kept {}

impl Store {
    /// Opens the database that a URL names.
    pub async fn open(url: &str, size: PoolSize, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, Error> {
        let dialect = Dialect::of(url).ok_or(Error::Unfit("the database URL must begin with sqlite: or postgres:"))?;
        let pools = dialect.connect(url, size).await?;
        let (written, vault) = (Arc::new(Notify::new()), Arc::default());
        Ok(Self(Arc::new(Inner { pools, dialect, clock, ids, written, vault })))
    }

    /// A snapshot, through what the viewer may see.
    pub async fn read(&self, viewer: &Viewer) -> Result<Reader, Error> {
        let conn = Arc::new(self.0.dialect.begin_read(&self.0.pools.readers).await?);
        Ok(Reader { conn, scope: Arc::new(Scope::of(viewer).at(self.0.clock.now())), dialect: self.0.dialect })
    }

    /// Runs a verb in one transaction; when another write came first, the whole verb again, a bounded number of times.
    ///
    /// The viewer's grants are read anew inside: a revoked grant is revoked now.
    pub async fn write<T, E, F, V>(&self, viewer: &Viewer, verb: V) -> Result<T, E>
    where
        V: Fn(Tx) -> F,
        F: Future<Output = Result<Committed<T>, E>>,
        E: From<Error> + MayConflict,
    {
        if viewer.is_nobody() {
            return Err(Error::NotStanding.into());
        }
        let scope = Scope::of(viewer);
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(viewer, &scope, &verb).await {
                Ok(value) => {
                    self.0.written.notify_one();
                    return Ok(value);
                }
                Err(error) if error.is_conflict() && tries < TRIES_MAX => {
                    metrics::counter!("hub_write_retries_total").increment(1);
                    let jitter = rand::random::<u64>() % 10;
                    tokio::time::sleep(std::time::Duration::from_millis((1 << tries) + jitter)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt<T, E, F, V>(&self, viewer: &Viewer, scope: &Scope, verb: &V) -> Result<T, E>
    where
        V: Fn(Tx) -> F,
        F: Future<Output = Result<Committed<T>, E>>,
        E: From<Error>,
    {
        let turn = self.0.pools.turn().await?;
        let done = match self.begin(viewer, scope, &turn).await {
            // On the heap: all that a verb holds at once, in every resolver that calls it, is more than a worker's stack should
            // carry.
            Ok(tx) => Box::pin(verb(tx)).await,
            Err(error) => Err(error.into()),
        };
        turn.end(done.is_ok()).await?;
        done.map(|Committed(value)| value)
    }

    async fn begin(&self, viewer: &Viewer, scope: &Scope, turn: &Turn<'_>) -> Result<Tx, Error> {
        let (conn, scope) = (turn.begin().await?, Arc::new(scope.clone().at(self.0.clock.now())));
        let mut tx = Tx { conn, scope, store: self.clone(), later: Mutex::default() };
        tx.still_stands(viewer).await?;
        if tx.scope.open_episodes() && !tx.still_watches(viewer).await? {
            tx.scope = Arc::new(Scope::of(&viewer.clone().designated(None)).at(self.0.clock.now()));
        }
        Ok(tx)
    }

    /// Told after each write of this node.
    pub fn written(&self) -> Arc<Notify> {
        self.0.written.clone()
    }

    /// The same store over connections of its own: whoever tells the log never waits behind whoever asks the hub.
    #[must_use]
    pub fn apart(&self) -> Self {
        let Inner { pools, dialect, clock, ids, written, vault } = &*self.0;
        let (clock, ids, written, vault) = (clock.clone(), ids.clone(), written.clone(), vault.clone());
        Self(Arc::new(Inner { pools: pools.apart(), dialect: *dialect, clock, ids, written, vault }))
    }

    /// The hub's one time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The maker of ids.
    pub fn ids(&self) -> &dyn Ids {
        &*self.0.ids
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    pub(super) fn vault_cell(&self) -> &OnceLock<Vault> {
        &self.0.vault
    }

    pub(super) fn pools(&self) -> &Pools {
        &self.0.pools
    }
}

fn glanced<E: Scoped>(scope: &Scope, which: Condition, columns: impl IntoIterator<Item = E::Column>) -> Select<E> {
    seen::<E>(scope, which).select_only().columns(columns)
}

/// The rows of `E` that a scope sees: the only way to a query.
#[expect(clippy::disallowed_methods, reason = "the one place where a query begins, and it begins narrowed")]
fn seen<E: Scoped>(scope: &Scope, which: Condition) -> Select<E> {
    E::find().filter(E::within(scope)).filter(which)
}

fn domain<T: Kept>(rows: Vec<<T::Entity as EntityTrait>::Model>) -> Result<Vec<T>, Error> {
    rows.into_iter().map(T::from_row).collect()
}

/// The first column of a table's primary key.
fn key_column<E: EntityTrait>() -> Option<E::Column> {
    E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column)
}

type Rows<E> = Result<Vec<<E as EntityTrait>::Model>, Error>;

impl Reader {
    /// Some columns of rows.
    pub(super) async fn glance<E: Scoped, R: FromQueryResult>(
        &self,
        which: Condition,
        columns: impl IntoIterator<Item = E::Column>,
    ) -> Result<Vec<R>, Error> {
        Ok(glanced::<E>(&self.scope, which, columns).into_model::<R>().all(&*self.conn).await?)
    }

    pub(super) async fn all<T: Kept>(&self, which: Condition) -> Result<Vec<T>, Error> {
        domain(seen::<T::Entity>(&self.scope, which).all(&*self.conn).await?)
    }

    /// Rows latest first: the first `most` of them, or with `from_end` the last.
    pub(super) async fn between<E: Scoped>(
        &self,
        which: Condition,
        by: E::Column,
        most: u64,
        from_end: bool,
    ) -> Rows<E> {
        let mut rows = self.in_order::<E>(which, &[by], most, !from_end).await?;
        rows.reverse();
        Ok(rows)
    }

    /// Rows in the order of one column: the first `most` of them.
    pub(super) async fn rows<E: Scoped>(&self, which: Condition, by: E::Column, most: u64) -> Rows<E> {
        self.in_order::<E>(which, &[by], most, false).await
    }

    /// Rows in the order of some columns: the first `most` of them, or with `from_end` the last.
    pub(super) async fn in_order<E: Scoped>(
        &self,
        which: Condition,
        columns: &[E::Column],
        most: u64,
        from_end: bool,
    ) -> Rows<E> {
        let order = if from_end { Order::Desc } else { Order::Asc };
        let by = |select: Select<E>, column: &E::Column| select.order_by(*column, order.clone());
        let rows = columns.iter().fold(seen::<E>(&self.scope, which).limit(most), by).all(&*self.conn);
        let rows = rows.await?;
        Ok(if from_end { rows.into_iter().rev().collect() } else { rows })
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn connection(&self) -> &impl ConnectionTrait {
        &*self.conn
    }
}

impl Tx {
    /// Saves a change with the permit that allows it: the row, and what stands beside it.
    /// Its audit line and its event are written last, by [`Tx::commit`].
    pub async fn save<A: Acts, T: KeptBy<A>>(&self, permit: Permit<A>, changed: &Changed<T>) -> Result<(), Error> {
        let key = key_column::<T::Entity>().ok_or(Error::Unfit("a table has no key"))?;
        let row = changed.state().row();
        if permit.version() == 0 {
            T::Entity::insert(row).exec_without_returning(&self.conn).await?;
        } else {
            let update =
                T::Entity::update_many().set(row).filter(key.eq(permit.row())).filter(T::VERSION.eq(permit.version()));
            if update.exec(&self.conn).await?.rows_affected != 1 {
                return Err(Error::Conflict);
            }
        }
        T::save_beside(self, changed, permit.stamp()).await?;
        let line = self.audit_line(permit.stamp(), changed.happening());
        let mut later = self.later();
        later.audit.push(line);
        later.happenings.push(changed.happening().clone());
        Ok(())
    }

    /// Writes what stands beside the rows, then commits.
    pub async fn commit<T>(self, value: T) -> Result<Committed<T>, Error> {
        self.write_later().await?;
        self.conn.commit().await?;
        Ok(Committed(value))
    }

    /// The hub's time, asked now: after whatever lock was waited for.
    pub fn now(&self) -> At {
        self.store.0.clock.now()
    }

    /// A new id.
    pub fn id<I: NounId>(&self) -> I {
        self.store.0.ids.make(self.now())
    }

    pub(super) fn connection(&self) -> &DatabaseTransaction {
        &self.conn
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.store.0.dialect
    }
}
