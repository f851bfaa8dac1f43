//! How rows are found within a write: locked where they may change, and as they stand where another lock keeps them still.
use super::{Error, Kept, Scoped, Tx, domain, glanced, key_column, seen};
use crate::policy::{Machine, Scope, Viewer};
use sea_orm::sea_query::LockType;
use sea_orm::{Condition, FromQueryResult, PaginatorTrait, QueryOrder, QuerySelect};

/// How rows are locked that a write may change: their keys never change, so whoever adds what hangs on them does not wait, nor
/// stand in the order of locks.
const TO_CHANGE: LockType = LockType::NoKeyUpdate;

impl Tx {
    /// One row, by its key, locked. All of one are asked for: a LIMIT makes SQLite prepare the statement anew each time.
    pub(in crate::store) async fn one<T: Kept>(&self, which: Condition) -> Result<Option<T>, Error> {
        let row = seen::<T::Entity>(&self.scope, which).lock(TO_CHANGE).all(&self.conn).await?.pop();
        row.map(T::from_row).transpose()
    }

    /// One row that a write stands on and does not change: held as it is, beside others who do the same.
    ///
    /// So that no two writes wait for each other, rows are locked in this order, whichever way: grants, names, regions,
    /// organizations, facilities, services with their pathways, episodes by id, handoffs by id, shares, units by id,
    /// alarms, the log.
    pub(in crate::store) async fn still<T: Kept>(&self, which: Condition) -> Result<Option<T>, Error> {
        let row = seen::<T::Entity>(&self.scope, which).lock_shared().all(&self.conn).await?.pop();
        row.map(T::from_row).transpose()
    }

    /// Whether there is a row, without waiting for whoever changes it.
    pub(in crate::store) async fn any<E: Scoped>(&self, which: Condition) -> Result<bool, Error> {
        Ok(seen::<E>(&self.scope, which).limit(1).one(&self.conn).await?.is_some())
    }

    /// How many rows there are.
    pub(in crate::store) async fn how_many<E: Scoped<Model: Send + Sync>>(
        &self,
        which: Condition,
    ) -> Result<u64, Error> {
        Ok(seen::<E>(&self.scope, which).count(&self.conn).await?)
    }

    /// The same, whoever sees them: how many there are is never answered.
    pub(in crate::store) async fn how_many_beside<E: Scoped<Model: Send + Sync>>(
        &self,
        which: Condition,
    ) -> Result<u64, Error> {
        let scope = Scope::of(&Viewer::machine(Machine::Settler));
        Ok(seen::<E>(&scope, which).count(&self.conn).await?)
    }

    /// Rows as they stand now, without a lock: for what another lock already keeps still.
    pub(in crate::store) async fn look<T: Kept>(&self, which: Condition) -> Result<Vec<T>, Error> {
        domain(seen::<T::Entity>(&self.scope, which).all(&self.conn).await?)
    }

    /// The same of some columns alone.
    pub(in crate::store) async fn glance<E: Scoped, R: FromQueryResult>(
        &self,
        which: Condition,
        columns: impl IntoIterator<Item = E::Column>,
    ) -> Result<Vec<R>, Error> {
        Ok(glanced::<E>(&self.scope, which, columns).into_model::<R>().all(&self.conn).await?)
    }

    /// Locks rows in the order of their keys, so that two writes cannot wait for each other.
    pub(in crate::store) async fn many<T: Kept>(&self, which: Condition) -> Result<Vec<T>, Error> {
        self.some(which, None).await
    }

    /// Locks the first `most` rows in the order of their keys.
    pub(in crate::store) async fn some<T: Kept>(&self, which: Condition, most: Option<u64>) -> Result<Vec<T>, Error> {
        let mut select = seen::<T::Entity>(&self.scope, which).limit(most);
        if let Some(key) = key_column::<T::Entity>() {
            select = select.order_by_asc(key);
        }
        domain(select.lock(TO_CHANGE).all(&self.conn).await?)
    }

    /// Rows that a write settles beside those that the viewer sees, locked in the order of their keys: offers that lose,
    /// and the places they kept. What is found is never answered.
    pub(in crate::store) async fn settling<T: Kept>(&self, which: Condition) -> Result<Vec<T>, Error> {
        let scope = Scope::of(&Viewer::machine(Machine::Settler));
        let mut select = seen::<T::Entity>(&scope, which);
        if let Some(key) = key_column::<T::Entity>() {
            select = select.order_by_asc(key);
        }
        domain(select.lock(TO_CHANGE).all(&self.conn).await?)
    }

    /// Rows that stand beside a row that is locked.
    pub(in crate::store) async fn beside<E: Scoped>(&self, which: Condition) -> Result<Vec<E::Model>, Error> {
        Ok(seen::<E>(&self.scope, which).all(&self.conn).await?)
    }
}
