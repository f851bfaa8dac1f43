//! What the database can answer instead of rows.
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// Why a read or a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another write came first; the whole verb may be tried again.
    #[error("another write came first")]
    Conflict,
    /// The database cannot be reached, is full, or does not answer in time.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// The database refused a statement: a fault of the hub, which trying again does not mend.
    #[error("the database refused a statement")]
    Fault(#[source] DbErr),
    /// The database said nothing in time.
    #[error("the database does not answer")]
    Late,
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
    /// What is sealed cannot be opened or closed now: the ring of keys is not as it has to be.
    #[error("what is sealed stays closed: {0}")]
    Closed(String),
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
        let sqlx = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(RuntimeErr::Internal(_)) => return Self::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(sqlx))
            | DbErr::Query(RuntimeErr::SqlxError(sqlx))
            | DbErr::Conn(RuntimeErr::SqlxError(sqlx)) => sqlx,
            _ => return Self::Fault(error),
        };
        let said = match &**sqlx {
            sqlx::Error::Database(database) => database.code().map_or(Said::Fault, |code| said(&code)),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Said::Unavailable,
            _ => Said::Fault,
        };
        match said {
            Said::Conflict => Self::Conflict,
            Said::Unavailable => Self::Unavailable(error),
            Said::Fault => Self::Fault(error),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Conflict,
    Unavailable,
    Fault,
}

/// What a database's own code says: five characters on PostgreSQL, a number with its kind in the low byte on SQLite.
fn said(code: &str) -> Said {
    match (code, code.parse::<u32>().map(|number| number & 0xff)) {
        // Serialization failure, deadlock, and what a racing insert made first.
        ("40001" | "40P01" | "23505", _) => Said::Conflict,
        // No lock in time, or no answer; a transaction that stood still too long and is rolled back, as when a node was
        // frozen; a server that only reads, as one that another has taken over from.
        ("55P03" | "57014" | "25P03" | "25P04" | "25006", _) => Said::Unavailable,
        (code, _) if code.len() == 5 => {
            let unavailable = ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class));
            if unavailable { Said::Unavailable } else { Said::Fault }
        }
        // Busy, locked, and what a racing insert made first.
        ("1555" | "2067", _) | (_, Ok(5 | 6)) => Said::Conflict,
        // A disk that fails or is full, a file that cannot be opened.
        (_, Ok(10 | 13 | 14)) => Said::Unavailable,
        _ => Said::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_try_may_mend_is_a_conflict_or_unavailable() {
        for (code, says) in [
            ("40001", Said::Conflict),
            ("40P01", Said::Conflict),
            ("23505", Said::Conflict),
            ("55P03", Said::Unavailable),
            ("57014", Said::Unavailable),
            ("25P03", Said::Unavailable),
            ("25P04", Said::Unavailable),
            ("25006", Said::Unavailable),
            ("25P02", Said::Fault),
            ("57P01", Said::Unavailable),
            ("53300", Said::Unavailable),
            ("08006", Said::Unavailable),
            ("23503", Said::Fault),
            ("42703", Said::Fault),
            ("22P02", Said::Fault),
            ("5", Said::Conflict),
            ("517", Said::Conflict),
            ("1555", Said::Conflict),
            ("2067", Said::Conflict),
            ("13", Said::Unavailable),
            ("778", Said::Unavailable),
            ("1", Said::Fault),
            ("787", Said::Fault),
            ("1299", Said::Fault),
        ] {
            assert_eq!(said(code), says, "{code}");
        }
        let full = DbErr::ConnectionAcquire(sea_orm::error::ConnAcquireErr::Timeout);
        assert!(matches!(Error::from(full), Error::Unavailable(_)));
        assert!(matches!(Error::from(DbErr::Type("i64".into())), Error::Fault(_)));
    }
}
