//! What the database can answer instead of rows.
use sea_orm::{DbErr, RuntimeErr};

/// Why a read or a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another write came first; the whole verb may be tried again.
    #[error("another write came first")]
    Conflict,
    /// The database cannot be reached, is full, or does not answer in time.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// A row holds what no version of the hub wrote.
    #[error("table {table} holds an unreadable {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column or value.
        what: &'static str,
    },
    /// The viewer's grant no longer holds.
    #[error("the grant no longer holds")]
    NotStanding,
    /// The database was made by a newer hub, by a demo, or by another edition.
    #[error("{0}")]
    Unfit(&'static str),
}

/// Errors that say when a verb may be tried again.
pub trait MayConflict {
    /// Whether another write came first.
    fn is_conflict(&self) -> bool;
}

impl MayConflict for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let runtime = match &error {
            DbErr::Exec(runtime) | DbErr::Query(runtime) | DbErr::Conn(runtime) => Some(runtime),
            _ => None,
        };
        let code = runtime.and_then(|runtime| match runtime {
            RuntimeErr::SqlxError(error) => {
                error.as_database_error().and_then(|e| e.code().map(std::borrow::Cow::into_owned))
            }
            RuntimeErr::Internal(_) => None,
        });
        match code.as_deref() {
            // PostgreSQL: serialization failure, deadlock, unique violation by a racing insert.
            // SQLite: busy and locked, with their extended codes; unique and primary-key violations.
            Some("40001" | "40P01" | "23505" | "5" | "6" | "261" | "517" | "1555" | "2067") => Self::Conflict,
            _ => Self::Unavailable(error),
        }
    }
}
