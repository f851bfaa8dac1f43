//! What a write leaves beside its rows: alarms, reports, the audit and the events. It is noted as the verb goes and written
//! at its end: one statement of each kind for as many rows as there are.
use super::error::Error;
use super::tx::Tx;
use super::{due, outbox};
use crate::domain::event::Happening;
use crate::domain::time::At;
use entity::{audit_entry, bed_report};
use sea_orm::{ActiveModelTrait, DbBackend, EntityTrait, IntoActiveModel, QueryTrait, Statement};
use std::sync::{MutexGuard, PoisonError};

/// Most rows of one statement: SQLite takes at most 32,766 values, and a row has up to 14.
const ROWS_MAX: usize = 500;

/// What is noted so far.
#[derive(Default)]
pub(super) struct Later {
    pub(super) alarms: due::Alarms,
    pub(super) reports: Vec<bed_report::Model>,
    pub(super) audit: Vec<audit_entry::Model>,
    pub(super) happenings: Vec<Happening>,
}

/// The statements that insert rows.
pub(super) fn inserts<A: ActiveModelTrait>(backend: DbBackend, rows: impl IntoIterator<Item = A>) -> Vec<Statement> {
    let rows: Vec<A> = rows.into_iter().collect();
    rows.chunks(ROWS_MAX).map(|rows| A::Entity::insert_many(rows.to_vec()).build(backend)).collect()
}

impl Tx {
    /// What is written at the end.
    pub(super) fn later(&self) -> MutexGuard<'_, Later> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what was noted: the events last, so that nothing of the write waits behind the log's counter.
    pub(super) async fn write_later(&self) -> Result<(), Error> {
        let Later { alarms, reports, audit, happenings } = std::mem::take(&mut *self.later());
        let backend = self.dialect().backend();
        let mut statements = due::statements(self.dialect(), &alarms);
        statements.extend(inserts(backend, reports.into_iter().map(|row| row.into_active_model().reset_all())));
        statements.extend(inserts(backend, audit.into_iter().map(|row| row.into_active_model().reset_all())));
        let many = i64::try_from(happenings.len()).unwrap_or(i64::MAX);
        // SQLite's one writer numbers in its own transaction.
        let numbers = self.dialect().numbers_at_once() && many > 0;
        if numbers {
            let now = happenings.iter().map(|happening| happening.at).fold(self.now(), At::max);
            statements.push(backend.build(&outbox::advance(many, now)));
        }
        let rows = self.dialect().run(self.connection(), statements).await?;
        let numbered = if numbers { Some(outbox::advanced(&rows)?) } else { None };
        let events = outbox::rows(&happenings, numbered.map(|(n, at)| (n - many, at)), || self.id())?;
        self.dialect().run(self.connection(), inserts(backend, events)).await?;
        Ok(())
    }
}
