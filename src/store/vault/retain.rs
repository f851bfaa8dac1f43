//! The months' keys over time: what is kept beyond its month goes under a later one, and a passed month's keys that nothing
//! is under any more are destroyed.
use super::{DataKey, GENERATION, KeyId, Month, later_month, month_at};
use crate::domain::handoff::Handoff;
use crate::domain::id::{HandoffId, NounId};
use crate::domain::retention::MONTH_GRACE_DAYS;
use crate::store::error::Error;
use crate::store::turns::Turn;
use crate::store::tx::{Store, Tx};
use entity::{handoff_key, meta};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// A passed month of the ring, and whether its keys may be destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The month.
    pub month: Month,
    /// How many handoffs' keys are still under it.
    pub used: u64,
    /// It passed long enough ago that no write is under way which has wrapped under it.
    pub settled: bool,
}

impl Passed {
    /// Whether its keys may be destroyed, and nobody loses anything that is still kept.
    pub fn may_go(self) -> bool {
        self.used == 0 && self.settled
    }
}

/// The generation that new data keys are wrapped under: a rotation waits for those who read it here.
pub(in crate::store) async fn generation(conn: &impl ConnectionTrait) -> Result<u32, Error> {
    #[expect(clippy::disallowed_methods, reason = "what the database knows of itself has no viewer")]
    let row = meta::Entity::find().filter(meta::Column::Name.eq(GENERATION)).lock_shared();
    Ok(row.one(conn).await?.and_then(|row| row.value.parse().ok()).unwrap_or(1))
}

/// Wraps a data key, which is locked, anew under a later month; one of a destroyed month stays as it is. Answers whether it did.
async fn carry_on(
    store: &Store,
    conn: &impl ConnectionTrait,
    row: &handoff_key::Model,
    generation: u32,
) -> Result<bool, Error> {
    let (of, month) = (HandoffId::of(row.handoff_id), later_month(store.clock().now()));
    let old = KeyId::parse(&row.key_id).ok_or(Error::Corrupt { table: "handoff_key", what: "key id" })?;
    if old.month >= month {
        return Ok(false);
    }
    let DataKey::Key(key) = store.unwrap_key(of, old, &row.wrapped)? else { return Ok(false) };
    let new = KeyId { month, generation };
    let changed = handoff_key::ActiveModel {
        handoff_id: sea_orm::Unchanged(row.handoff_id),
        month: sea_orm::Set(month.to_string()),
        generation: sea_orm::Set(i32::try_from(generation).unwrap_or(i32::MAX)),
        key_id: sea_orm::Set(new.to_string()),
        wrapped: sea_orm::Set(store.wrap(of, new, &key)?),
    };
    handoff_key::Entity::update(changed).exec(conn).await?;
    Ok(true)
}

impl Tx {
    /// Whether what is sealed in a handoff, which is locked, can still be unwrapped by whoever has the ring; also where nothing
    /// is sealed yet.
    pub async fn is_kept(&self, of: &Handoff) -> Result<bool, Error> {
        #[expect(clippy::disallowed_methods, reason = "whether the hub's own key is there; it is shown to nobody")]
        let key = handoff_key::Entity::find().filter(handoff_key::Column::HandoffId.eq(of.id.key()));
        let Some(row) = key.one(self.connection()).await? else { return Ok(true) };
        let id = KeyId::parse(&row.key_id).ok_or(Error::Corrupt { table: "handoff_key", what: "key id" })?;
        Ok(!self.store().vault()?.ring()?.is_destroyed(id))
    }

    /// Wraps the data key of a handoff, which is locked, anew under a later month's key, so that destroying its own month does
    /// not take it; nothing where nothing is sealed yet.
    pub async fn carry_key_on(&self, of: HandoffId) -> Result<(), Error> {
        let generation = generation(self.connection()).await?;
        #[expect(clippy::disallowed_methods, reason = "the hub's own keys are wrapped anew, and shown to nobody")]
        let key = handoff_key::Entity::find().filter(handoff_key::Column::HandoffId.eq(of.key())).lock_exclusive();
        for row in key.all(self.connection()).await? {
            carry_on(self.store(), self.connection(), &row, generation).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Wraps up to `most` data keys whose month has come anew under a later one, of handoffs after one: what is not shredded
    /// by then goes on, or is preserved. Answers the last that it looked at, none at the end, and how many it wrapped.
    ///
    /// It is done as the month begins: every backup of a month's time has them under the later key, before their own is gone.
    pub async fn carry_keys_on(&self, after: Option<HandoffId>, most: u64) -> Result<(Option<HandoffId>, u64), Error> {
        use handoff_key::Column;
        let now = month_at(self.clock().now()).to_string();
        // Asked without a transaction: most of the time there is nothing.
        #[expect(clippy::disallowed_methods, reason = "which keys are of a passed month tells nobody anything")]
        let due = handoff_key::Entity::find().select_only().column(Column::HandoffId).filter(Column::Month.lte(now));
        let due = due.filter(Column::HandoffId.gt(after.map_or(Uuid::nil(), NounId::key)));
        let due: Vec<Uuid> =
            due.order_by_asc(Column::HandoffId).limit(most).into_tuple().all(&self.pools().readers).await?;
        let Some(last) = due.last().copied() else { return Ok((None, 0)) };
        let turn = self.pools().turn().await?;
        let carried = self.carry_in(&turn, due).await;
        turn.end(carried.is_ok()).await?;
        Ok((Some(HandoffId::of(last)), carried?))
    }

    async fn carry_in(&self, turn: &Turn<'_>, due: Vec<Uuid>) -> Result<u64, Error> {
        let tx = turn.begin().await?;
        let generation = generation(&tx).await?;
        // Another node may have done it, or shredded them, meanwhile: what is there is looked at anew.
        #[expect(clippy::disallowed_methods, reason = "the hub's own keys are wrapped anew, and shown to nobody")]
        let rows = handoff_key::Entity::find().filter(self.dialect().any_of(handoff_key::Column::HandoffId, &due));
        let rows = rows.order_by_asc(handoff_key::Column::HandoffId).lock_exclusive().all(&tx).await?;
        let mut carried = 0;
        for row in rows {
            match carry_on(self, &tx, &row, generation).await {
                Ok(done) => carried += u64::from(done),
                // One row that cannot be read must not keep the others; its month's keys stay until it is shredded.
                Err(error @ Error::Corrupt { .. }) => {
                    tracing::error!(%error, handoff = %HandoffId::of(row.handoff_id), "a key cannot be carried on");
                }
                Err(error) => return Err(error),
            }
        }
        tx.commit().await?;
        Ok(carried)
    }

    /// Whether the ring's file is the hub's own: the one node that there is made it, and no other has a copy to work with.
    pub fn ring_is_own(&self) -> Result<bool, Error> {
        Ok(self.vault()?.0.own)
    }

    /// The months of a ring that have passed, and whether their keys may be destroyed.
    pub async fn passed_months(&self, ring: &super::Ring) -> Result<Vec<Passed>, Error> {
        let now = self.clock().now();
        let (this, settled) = (month_at(now), month_at(now.plus_minutes(-MONTH_GRACE_DAYS * 24 * 60)));
        let mut months: Vec<Month> = ring.ids().map(|id| id.month).filter(|month| *month < this).collect();
        months.dedup();
        let mut passed = Vec::with_capacity(months.len());
        for month in months {
            let used = self.keys_of(month).await?;
            passed.push(Passed { month, used, settled: month < settled });
        }
        Ok(passed)
    }

    /// Destroys the keys of passed months that nothing is under any more, in the hub's own ring. Answers the months.
    pub async fn destroy_passed_months(&self) -> Result<Vec<Month>, Error> {
        let ring = self.vault()?.ring()?;
        let passed = self.passed_months(&ring).await?;
        let months: Vec<Month> =
            passed.into_iter().filter(|passed| passed.may_go()).map(|passed| passed.month).collect();
        if !months.is_empty() {
            self.change_ring(|ring| {
                for month in &months {
                    ring.destroy(*month);
                }
                Ok(((), true))
            })?;
        }
        Ok(months)
    }

    /// How many handoffs' keys are under a month.
    async fn keys_of(&self, month: Month) -> Result<u64, Error> {
        use sea_orm::PaginatorTrait;
        #[expect(clippy::disallowed_methods, reason = "the hub's own keys are counted, not read")]
        let of = handoff_key::Entity::find().filter(handoff_key::Column::Month.eq(month.to_string()));
        Ok(of.count(&self.pools().readers).await?)
    }
}
