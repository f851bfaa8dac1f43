//! Keys of one day: the effect of a mutation, found again when it is sent again.
use super::error::Error;
use super::tx::{Store, Tx};
use crate::domain::time::At;
use entity::idempotency::{Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

/// How long a key is kept, in hours.
const HOURS: i64 = 24;

/// One keyed mutation: who, what, which key, and the digest of its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The principal and the client, by their grants.
    pub principal: String,
    /// The mutation's name.
    pub operation: &'static str,
    /// The client's key, at most 128 characters.
    pub key: String,
    /// HMAC of the canonical input.
    pub digest: String,
}

/// What a key was used for before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Not used, or longer than a day ago.
    Fresh,
    /// Used with the same input: the reference of its effect.
    Same(String),
    /// Used with another input.
    Other,
}

impl Tx {
    /// What the key was used for before. Whoever uses it at the same time waits until this write has ended.
    pub async fn replay(&self, keyed: &Keyed) -> Result<Replay, Error> {
        let name = format!("key {} {} {}", keyed.principal, keyed.operation, keyed.key);
        self.dialect().lock_name(self.connection(), &name).await?;
        #[expect(clippy::disallowed_methods, reason = "keyed by the principal itself")]
        let find = Entity::find()
            .filter(Column::Principal.eq(&*keyed.principal))
            .filter(Column::Operation.eq(keyed.operation))
            .filter(Column::Key.eq(&*keyed.key))
            .filter(Column::At.gt(self.oldest().micros()));
        Ok(match find.one(self.connection()).await? {
            None => Replay::Fresh,
            Some(row) if row.digest == keyed.digest => Replay::Same(row.reference),
            Some(_) => Replay::Other,
        })
    }

    /// Keeps the key with the reference of its effect, in the place of a use of it that was longer than a day ago.
    pub async fn remember(&self, keyed: &Keyed, reference: String) -> Result<(), Error> {
        let row = Model {
            principal: keyed.principal.clone(),
            operation: keyed.operation.into(),
            key: keyed.key.clone(),
            digest: keyed.digest.clone(),
            reference,
            at: self.now().micros(),
        };
        // Whoever uses the key at the same time waits in `replay`: what is there is old.
        let again = OnConflict::columns([Column::Principal, Column::Operation, Column::Key])
            .update_columns([Column::Digest, Column::Reference, Column::At])
            .to_owned();
        let insert = Entity::insert(row.into_active_model().reset_all()).on_conflict(again);
        insert.exec_without_returning(self.connection()).await?;
        Ok(())
    }

    fn oldest(&self) -> At {
        oldest(self.now())
    }
}

impl Store {
    /// Forgets up to `most` keys that were used longer than a day ago, and answers how many.
    pub async fn forget_keys(&self, most: u64) -> Result<usize, Error> {
        #[expect(clippy::disallowed_methods, reason = "the hub's own memory: it is forgotten, not read")]
        let old = Entity::find().filter(Column::At.lte(oldest(self.clock().now()).micros()));
        let old = old.order_by_asc(Column::At).limit(most).all(&self.pools().readers).await?;
        for row in &old {
            // Only if it was not used anew since.
            let same = Entity::delete_many().filter(Column::At.eq(row.at)).filter(Column::Key.eq(&*row.key));
            let same = same.filter(Column::Principal.eq(&*row.principal)).filter(Column::Operation.eq(&*row.operation));
            same.exec(&self.pools().writer).await?;
        }
        Ok(old.len())
    }
}

fn oldest(now: At) -> At {
    now.plus_minutes(-HOURS * 60)
}
