//! What waits in the database: numbers and instants alone, that tell nobody what happened.
use super::error::Error;
use super::tx::Store;
use crate::domain::time::At;
use sea_orm::{ConnectionTrait, Statement};

/// What waits, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Events without a number.
    pub waiting: i64,
    /// When the oldest of them was written.
    pub waiting_since: Option<At>,
    /// The number of the log's last event.
    pub head: i64,
    /// When the event after the asker's place was written.
    pub next_since: Option<At>,
    /// When the oldest alarm was due.
    pub due_since: Option<At>,
}

impl Store {
    /// What waits, for a node that has followed the log to a number.
    pub async fn backlog(&self, followed: i64) -> Result<Backlog, Error> {
        let sql = format!(
            "SELECT (SELECT COUNT(*) FROM event WHERE number IS NULL) AS waiting,
                    (SELECT MIN(at) FROM event WHERE number IS NULL) AS waiting_since,
                    (SELECT n FROM counter WHERE name = 'log') AS head,
                    (SELECT at FROM event WHERE number = {followed} + 1) AS next_since,
                    (SELECT MIN(at) FROM due) AS due_since"
        );
        let statement = Statement::from_string(self.dialect().backend(), sql);
        let row = self.pools().readers.query_one_raw(statement).await?;
        let row = row.ok_or(Error::Corrupt { table: "event", what: "backlog" })?;
        let since = |name: &str| row.try_get::<Option<i64>>("", name).map(|micros| micros.map(At::from_micros));
        Ok(Backlog {
            waiting: row.try_get("", "waiting")?,
            waiting_since: since("waiting_since")?,
            head: row.try_get::<Option<i64>>("", "head")?.unwrap_or(0),
            next_since: since("next_since")?,
            due_since: since("due_since")?,
        })
    }
}
