//! The hub's alarm clock: rows of (subject, kind, instant). Its rows have no viewer; whoever fires one saves with a permit.
use super::dialect::Dialect;
use super::directory::coded;
use super::error::Error;
use super::later::inserts;
use super::tx::{Store, Tx};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::id::{Noun, NounId};
use crate::domain::time::At;
use entity::due::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Statement,
};
use std::collections::BTreeMap;
use uuid::Uuid;

const TABLE: &str = "due";

/// The alarms of a noun, by their codes.
fn about(noun: Noun) -> Condition {
    Condition::all().add(Column::Kind.is_in(DueKind::about(noun).map(Coded::code)))
}

fn id_noun<I: NounId>(_: I) -> Noun {
    I::NOUN
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
        let late = Entity::update_many().col_expr(Column::At, Expr::val(until.micros()));
        late.filter(about(id_noun(id)).add(Column::RowId.eq(id.key())))
            .filter(Column::At.lt(until.micros()))
            .exec(&self.pools().writer)
            .await?;
        Ok(())
    }
}

impl Tx {
    /// Takes what is due for a row by now away from every other node; what was taken away before is not here.
    pub async fn take_due(&self, id: impl NounId, now: At) -> Result<Vec<DueKind>, Error> {
        // By noun too: an episode that was made for an older handoff has the handoff's own key.
        let past = about(id_noun(id)).add(Column::RowId.eq(id.key())).add(Column::At.lte(now.micros()));
        #[expect(clippy::disallowed_methods, reason = "the hub's own alarm clock has no viewer")]
        let rows = Entity::find().filter(past.clone()).all(self.connection()).await?;
        Entity::delete_many().filter(past).exec(self.connection()).await?;
        rows.iter().map(|row| coded(TABLE, &row.kind)).collect()
    }

    /// Sets a row's alarms at the end of the write, or takes away those without an instant.
    pub(super) fn set_due(&self, id: impl NounId, alarms: &[(DueKind, Option<At>)]) {
        let set = alarms.iter().map(|(kind, at)| ((id.key(), kind.code()), *at));
        self.later().alarms.extend(set);
    }
}

/// Alarms to set, or to take away: of each row and kind what was said last.
pub(super) type Alarms = BTreeMap<(Uuid, &'static str), Option<At>>;

/// The statements that set alarms: the old ones go, row by row of their key, and the new ones come.
pub(super) fn statements(dialect: Dialect, alarms: &Alarms) -> Vec<Statement> {
    let mut old: BTreeMap<&str, Vec<Uuid>> = BTreeMap::new();
    for (row, kind) in alarms.keys() {
        old.entry(kind).or_default().push(*row);
    }
    let old = old.into_iter().map(|(kind, rows)| dialect.any_of(Column::RowId, &rows).add(Column::Kind.eq(kind)));
    let old = old.fold(Condition::any(), Condition::add);
    let new = alarms.iter().filter_map(|((row_id, kind), at)| {
        let row = Model { row_id: *row_id, kind: (*kind).into(), at: (*at)?.micros() };
        Some(row.into_active_model().reset_all())
    });
    let gone = (!alarms.is_empty()).then(|| Entity::delete_many().filter(old).build(dialect.backend()));
    gone.into_iter().chain(inserts(dialect.backend(), new)).collect()
}
