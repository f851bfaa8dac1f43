//! Shredding: what is sealed in a handoff goes with its data key; the handoff's row, the ledger and the audit stay.
use super::error::Error;
use super::preservation::preserved;
use super::tx::{Kept, Store, Tx};
use crate::domain::handoff::Handoff;
use crate::domain::id::{FollowUpId, HandoffId, NounId};
use crate::domain::time::At;
use entity::{emergency_disclosure, follow_up, handoff, handoff_entry, handoff_key, threat_disclosure};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

impl Store {
    /// The handoffs that ended at an instant or before and whose retention is not ended, in the order of their ids; the longest
    /// ended first, at most `most`, and none of `but`.
    pub async fn to_shred(&self, over: At, most: u64, but: &[HandoffId]) -> Result<Vec<HandoffId>, Error> {
        use handoff::Column;
        #[expect(
            clippy::disallowed_methods,
            reason = "the machine that shreds is told which are over, and nothing of them"
        )]
        let over = handoff::Entity::find().select_only().column(Column::Id).filter(Column::EndedAt.lte(over.micros()));
        let over = over.filter(Column::TextShreddedAt.is_null());
        let but = (!but.is_empty()).then(|| Column::Id.is_not_in(but.iter().map(|id| id.key())));
        let over = over.filter(Condition::all().add_option(but));
        let keys: Vec<Uuid> =
            over.order_by_asc(Column::EndedAt).limit(most).into_tuple().all(&self.pools().readers).await?;
        let mut ids: Vec<HandoffId> = keys.into_iter().map(HandoffId::of).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The handoffs that were preserved beyond their retention and are no longer, in the order of their ids, at most `most`.
    pub async fn to_let_go(&self, now: At, most: u64) -> Result<Vec<HandoffId>, Error> {
        use handoff::Column;
        #[expect(
            clippy::disallowed_methods,
            reason = "the machine that shreds is told which are over, and nothing of them"
        )]
        let kept = handoff::Entity::find().select_only().column(Column::Id).filter(Column::TextKept.eq(true));
        let over = kept.filter(Column::Id.not_in_subquery(preserved(now))).order_by_asc(Column::Id).limit(most);
        let keys: Vec<Uuid> = over.into_tuple().all(&self.pools().readers).await?;
        Ok(keys.into_iter().map(HandoffId::of).collect())
    }

    /// The follow-ups after calls that ended at an instant or before and are not forgotten, in the order of their ids; the
    /// longest ended first, at most `most`.
    pub async fn to_forget(&self, over: At, most: u64) -> Result<Vec<FollowUpId>, Error> {
        use follow_up::Column;
        #[expect(
            clippy::disallowed_methods,
            reason = "the machine that shreds is told which are over, and nothing of them"
        )]
        let over =
            follow_up::Entity::find().select_only().column(Column::Id).filter(Column::EndedAt.lte(over.micros()));
        let over = over.filter(Column::PersonRef.is_not_null()).order_by_asc(Column::EndedAt).limit(most);
        let keys: Vec<Uuid> = over.into_tuple().all(&self.pools().readers).await?;
        let mut ids: Vec<FollowUpId> = keys.into_iter().map(FollowUpId::of).collect();
        ids.sort_unstable();
        Ok(ids)
    }
}

impl Store {
    /// Makes sure that what was deleted does not lie on in a SQLite file's log. Answers whether it could; if not, ask again.
    pub async fn empty_log(&self) -> Result<bool, Error> {
        self.dialect().empty_log(&self.pools().readers).await
    }

    /// Deletes the copies that were made beside a SQLite file before its schema changed, and before an instant: names of staff
    /// lie there as they are. Answers how many.
    pub async fn forget_copies(&self, before: At) -> Result<usize, Error> {
        self.dialect().forget_copies(&self.pools().readers, before).await
    }
}

impl Tx {
    /// Shreds what was preserved in a handoff, which is locked, as what it leaves says: no version of it, and nobody is told.
    pub async fn let_go(&self, left: &Handoff) -> Result<(), Error> {
        left.row().update(self.connection()).await?;
        self.shred(left.id).await
    }

    /// Deletes what is sealed in a handoff and beside it, and the key that it is sealed under. Only with the handoff's own
    /// change: see how it is kept.
    pub(super) async fn shred(&self, of: HandoffId) -> Result<(), Error> {
        let entries = handoff_entry::Entity::delete_many().filter(handoff_entry::Column::HandoffId.eq(of.key()));
        entries.exec(self.connection()).await?;
        let key = handoff_key::Entity::delete_many().filter(handoff_key::Column::HandoffId.eq(of.key()));
        key.exec(self.connection()).await?;
        // That a threat was told, and that something was opened in an emergency, stays; what was said of it goes.
        let nothing = || Expr::value(Vec::<u8>::new());
        let threats = threat_disclosure::Entity::update_many().col_expr(threat_disclosure::Column::Sealed, nothing());
        let threats = threats.filter(threat_disclosure::Column::HandoffId.eq(of.key()));
        threats.exec(self.connection()).await?;
        let opened = emergency_disclosure::Entity::update_many();
        let opened = opened.col_expr(emergency_disclosure::Column::Sealed, nothing());
        opened.filter(emergency_disclosure::Column::HandoffId.eq(of.key())).exec(self.connection()).await?;
        Ok(())
    }
}
