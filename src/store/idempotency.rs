//! Keys of one day: the effect of a mutation, found again when it is sent again.
use super::error::Error;
use super::tx::Tx;
use crate::domain::time::At;
use entity::idempotency::{Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

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

    /// Keeps the key with the reference of its effect; a racing use of the same key is a conflict, and is tried again.
    pub async fn remember(&self, keyed: &Keyed, reference: String) -> Result<(), Error> {
        let old = Entity::delete_many().filter(Column::At.lte(self.oldest().micros()));
        old.exec(self.connection()).await?;
        let row = Model {
            principal: keyed.principal.clone(),
            operation: keyed.operation.into(),
            key: keyed.key.clone(),
            digest: keyed.digest.clone(),
            reference,
            at: self.now().micros(),
        };
        Entity::insert(row.into_active_model().reset_all()).exec_without_returning(self.connection()).await?;
        Ok(())
    }

    fn oldest(&self) -> At {
        self.now().plus_minutes(-HOURS * 60)
    }
}
