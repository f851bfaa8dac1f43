//! Rotation: data keys wrapped anew under another generation of keys, in batches, while the hub runs.
use super::{BadRing, DataKey, KeyId, Ring, closed, keep_once};
use crate::domain::id::{HandoffId, NounId};
use crate::store::error::Error;
use crate::store::tx::Store;
use entity::{handoff_key, meta};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Where the database keeps which generation of keys wraps new data keys.
pub(in crate::store) const GENERATION: &str = "keys_generation";

/// What one batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// The last handoff that it looked at; none at the end.
    pub last: Option<HandoffId>,
    /// How many data keys were wrapped anew.
    pub wrapped: usize,
    /// How many cannot be unwrapped any more: their month is destroyed.
    pub destroyed: usize,
}

impl Store {
    /// The generation of keys that new data keys are wrapped under.
    pub async fn key_generation(&self) -> Result<u32, Error> {
        Ok(self.meta(GENERATION).await?.and_then(|text| text.parse().ok()).unwrap_or(1))
    }

    /// Has new data keys wrapped under a later generation from now on: it waits for whoever still wraps under an earlier one.
    pub async fn begin_key_generation(&self, generation: u32) -> Result<(), Error> {
        keep_once(&self.pools().writer, GENERATION, "1").await?;
        let value = sea_orm::sea_query::Expr::value(generation.to_string());
        let update = meta::Entity::update_many().col_expr(meta::Column::Value, value);
        update.filter(meta::Column::Name.eq(GENERATION)).exec(&self.pools().writer).await?;
        Ok(())
    }

    /// Wraps up to `most` data keys of earlier generations anew, of handoffs after one.
    pub async fn rewrap(&self, after: Option<HandoffId>, most: u64) -> Result<Rewrapped, Error> {
        use handoff_key::Column;
        let generation = self.key_generation().await?;
        let tx = self.dialect().begin_write(&self.pools().writer).await?;
        #[expect(clippy::disallowed_methods, reason = "the hub's own keys are wrapped anew, and shown to nobody")]
        let mut find = handoff_key::Entity::find().filter(Column::Generation.lt(generation));
        if let Some(after) = after {
            find = find.filter(Column::HandoffId.gt(after.key()));
        }
        let rows = find.order_by_asc(Column::HandoffId).limit(most).lock_exclusive().all(&tx).await?;
        let mut done = Rewrapped { last: rows.last().map(|row| HandoffId::of(row.handoff_id)), ..Rewrapped::default() };
        for row in rows {
            let (of, corrupt) =
                (HandoffId::of(row.handoff_id), Error::Corrupt { table: "handoff_key", what: "key id" });
            let old = KeyId::parse(&row.key_id).ok_or(corrupt)?;
            let DataKey::Key(key) = self.unwrap_key(of, old, &row.wrapped)? else {
                done.destroyed += 1;
                continue;
            };
            let new = KeyId { generation, ..old };
            let changed = handoff_key::ActiveModel {
                handoff_id: sea_orm::Unchanged(row.handoff_id),
                generation: sea_orm::Set(i32::try_from(generation).unwrap_or(i32::MAX)),
                key_id: sea_orm::Set(new.to_string()),
                wrapped: sea_orm::Set(self.wrap(of, new, &key)?),
                ..Default::default()
            };
            handoff_key::Entity::update(changed).exec(&tx).await?;
            done.wrapped += 1;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Changes the ring's file, and answers the ring as it is then.
    pub fn change_ring<T>(
        &self,
        change: impl FnOnce(&mut Ring) -> Result<(T, bool), BadRing>,
    ) -> Result<(Ring, T), Error> {
        Ring::change(&self.vault()?.0.path, change).map_err(closed)
    }

    /// How many data keys each key wraps.
    pub async fn data_keys(&self) -> Result<Vec<(String, i64)>, Error> {
        use handoff_key::Column;
        #[expect(clippy::disallowed_methods, reason = "the hub's own keys are counted, not read")]
        let count = handoff_key::Entity::find().select_only().column(Column::KeyId);
        let count = count.column_as(Column::HandoffId.count(), "n").group_by(Column::KeyId);
        Ok(count.order_by_asc(Column::KeyId).into_tuple().all(&self.pools().readers).await?)
    }
}
