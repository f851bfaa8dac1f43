//! Rotation: data keys wrapped anew under another generation of keys, in batches, while the hub runs.
use super::{BadRing, DataKey, KeyId, Month, Ring, closed, keep_once};
use crate::domain::id::{HandoffId, NounId};
use crate::domain::sealed::READ_AFTER_END_DAYS;
use crate::store::error::Error;
use crate::store::tx::Store;
use entity::{handoff_key, meta};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use std::collections::BTreeSet;

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
        let tx = self.dialect().begin_write(&self.pools().writer).await?;
        // Held until the end: another rotation that begins a later generation waits, and then finds what was wrapped here.
        #[expect(clippy::disallowed_methods, reason = "what the database knows of itself has no viewer")]
        let row = meta::Entity::find().filter(meta::Column::Name.eq(GENERATION)).lock_shared().one(&tx).await?;
        let generation: u32 = row.and_then(|row| row.value.parse().ok()).unwrap_or(1);
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

    /// Forgets the keys of earlier generations that nothing is wrapped under any more, and answers how many, and how many are
    /// still used: by another rotation, which has not come to what they wrap.
    pub async fn forget_earlier_keys(&self) -> Result<(usize, usize), Error> {
        let generation = self.key_generation().await?;
        let used: BTreeSet<KeyId> = self.data_keys().await?.iter().filter_map(|(key, _)| KeyId::parse(key)).collect();
        let (ring, forgotten) = self.change_ring(|ring| Ok((ring.forget_before(generation, &used), true)))?;
        Ok((forgotten, ring.ids().filter(|id| id.generation < generation).count()))
    }

    /// How many handoffs would lose what is sealed in them with a month's keys though it is still theirs to read: they are
    /// open, ended less than 90 days ago, or preserved.
    pub async fn still_kept(&self, month: Month) -> Result<u64, Error> {
        let over = self.clock().now().plus_minutes(-READ_AFTER_END_DAYS * 24 * 60);
        let sql = "SELECT COUNT(*) AS n FROM handoff_key k JOIN handoff h ON h.id = k.handoff_id
                   WHERE k.month = $1 AND (h.ended_at IS NULL OR h.ended_at > $2 OR EXISTS (SELECT 1 FROM preservation p
                     WHERE p.handoff_id = h.id AND p.lifted_at IS NULL AND (p.until_at IS NULL OR p.until_at > $3)))";
        let values = [month.to_string().into(), over.micros().into(), self.clock().now().micros().into()];
        let count = Statement::from_sql_and_values(self.dialect().backend(), sql, values);
        let row = self.pools().readers.query_one_raw(count).await?;
        let kept = row.map(|row| row.try_get::<i64>("", "n")).transpose()?.unwrap_or(0);
        Ok(u64::try_from(kept).unwrap_or(0))
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
