//! The hub's alarm clock: rows of (subject, kind, instant). Its rows have no viewer; whoever fires one saves with a permit.
use super::directory::coded;
use super::error::Error;
use super::tx::{Store, Tx};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::id::{Noun, NounId};
use crate::domain::time::At;
use entity::due::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

const TABLE: &str = "due";

/// The alarms of a noun, by their codes.
fn about(noun: Noun) -> Condition {
    Condition::all().add(Column::Kind.is_in(DueKind::about(noun).map(Coded::code)))
}

impl Store {
    /// The rows of a noun about which time has something to change, in the order of their ids; the longest due first, at
    /// most `most` alarms.
    pub async fn due<I: NounId>(&self, now: At, most: u64) -> Result<Vec<I>, Error> {
        #[expect(clippy::disallowed_methods, reason = "the hub's own alarm clock has no viewer")]
        let due = Entity::find().filter(about(I::NOUN).add(Column::At.lte(now.micros())));
        let rows = due.order_by_asc(Column::At).limit(most).all(&self.pools().readers).await?;
        let mut ids: Vec<_> = rows.into_iter().map(|row| I::of(row.row_id)).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Lets the alarms of a row go off later: for one that cannot be read.
    pub async fn postpone(&self, id: impl NounId, until: At) -> Result<(), Error> {
        let late = Entity::update_many().col_expr(Column::At, Expr::val(until.micros()).into());
        late.filter(Column::RowId.eq(id.key()))
            .filter(Column::At.lt(until.micros()))
            .exec(&self.pools().writer)
            .await?;
        Ok(())
    }
}

impl Tx {
    /// Takes what is due for a row by now away from every other node; what was taken away before is not here.
    pub async fn take_due(&self, id: impl NounId, now: At) -> Result<Vec<DueKind>, Error> {
        let past = Condition::all().add(Column::RowId.eq(id.key())).add(Column::At.lte(now.micros()));
        #[expect(clippy::disallowed_methods, reason = "the hub's own alarm clock has no viewer")]
        let rows = Entity::find().filter(past.clone()).all(self.connection()).await?;
        Entity::delete_many().filter(past).exec(self.connection()).await?;
        rows.iter().map(|row| coded(TABLE, &row.kind)).collect()
    }

    /// Sets a row's alarms, or takes away those without an instant.
    pub(super) async fn set_due(&self, id: impl NounId, alarms: &[(DueKind, Option<At>)]) -> Result<(), Error> {
        let kinds = alarms.iter().map(|(kind, _)| kind.code());
        let old = Entity::delete_many().filter(Column::RowId.eq(id.key())).filter(Column::Kind.is_in(kinds));
        old.exec(self.connection()).await?;
        let row = |(kind, at): &(DueKind, Option<At>)| {
            let row = Model { row_id: id.key(), kind: kind.code().into(), at: (*at)?.micros() };
            Some(row.into_active_model().reset_all())
        };
        let rows: Vec<_> = alarms.iter().filter_map(row).collect();
        if !rows.is_empty() {
            Entity::insert_many(rows).exec_without_returning(self.connection()).await?;
        }
        Ok(())
    }
}
