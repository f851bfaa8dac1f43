//! Every difference between SQLite and PostgreSQL.
use super::Error;
use crate::domain::time::At;
use sea_orm::{
    AccessMode, ColumnTrait, Condition, ConnectOptions, ConnectionTrait, Database, DatabaseConnection,
    DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use std::time::Duration;
use uuid::Uuid;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, embedded: one node.
    Sqlite,
    /// PostgreSQL: any number of nodes.
    Postgres,
}

/// The connections of one node.
#[derive(Debug)]
pub(super) struct Pools {
    /// For writes: one connection on SQLite.
    pub(super) writer: DatabaseConnection,
    /// For reads.
    pub(super) readers: DatabaseConnection,
}

/// How many connections a node opens, and how long it waits for one.
#[derive(Clone, Copy, Debug)]
pub struct PoolSize {
    /// Most connections for reads; on PostgreSQL for everything.
    pub connections_max: u32,
    /// Longest wait for a connection, in milliseconds.
    pub wait_ms_max: u64,
}

impl Dialect {
    /// Which database a URL names.
    pub fn of(url: &str) -> Option<Self> {
        match url.split(':').next()? {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    pub(super) async fn connect(self, url: &str, size: PoolSize) -> Result<Pools, Error> {
        match self {
            Self::Sqlite => {
                let writer = Database::connect(sqlite(url, 1, size)).await?;
                let readers = Database::connect(sqlite(url, size.connections_max, size)).await?;
                Ok(Pools { writer, readers })
            }
            Self::Postgres => {
                let mut options = options(url, size.connections_max, size);
                options.test_before_acquire_if_idle_for(Duration::from_secs(30));
                let pool = Database::connect(options).await?;
                Ok(Pools { writer: pool.clone(), readers: pool })
            }
        }
    }

    /// Begins a write: on SQLite IMMEDIATE, or a later write in it would fail at once.
    pub(super) async fn begin_write(self, pool: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
        let options = match self {
            Self::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            },
            Self::Postgres => {
                TransactionOptions { isolation_level: Some(IsolationLevel::ReadCommitted), ..Default::default() }
            }
        };
        Ok(pool.begin_with_options(options).await?)
    }

    /// Begins a snapshot.
    pub(super) async fn begin_read(self, pool: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
        let options = match self {
            Self::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..Default::default()
            },
            Self::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..Default::default()
            },
        };
        Ok(pool.begin_with_options(options).await?)
    }

    /// Whether the writer numbers its own events; elsewhere the relay does.
    pub(super) fn numbers_at_once(self) -> bool {
        self == Self::Sqlite
    }

    /// `column` is one of `keys`: one prepared statement on PostgreSQL, whatever the number of keys.
    pub(super) fn any_of<C: ColumnTrait>(self, column: C, keys: &[Uuid]) -> Condition {
        Condition::all().add(match self {
            Self::Sqlite => column.is_in(keys.iter().copied()),
            Self::Postgres => column.eq_any(keys.iter().copied()),
        })
    }

    /// The statement that numbers up to `most` waiting events after `n` at `now`, in the order of their positions, and
    /// answers how `many` and the `latest` instant. An event is numbered no earlier than it is dated.
    pub(super) fn number_waiting(self, n: i64, most: u32, now: At) -> Statement {
        Statement::from_sql_and_values(
            self.backend(),
            "WITH told AS (UPDATE event SET number = $1 + waiting.place, numbered_at = GREATEST($3, waiting.dated) FROM (
                SELECT position, row_number() OVER (ORDER BY position) AS place, max(at) OVER (ORDER BY position) AS dated
                FROM (SELECT position, at FROM event WHERE number IS NULL ORDER BY position LIMIT $2) AS batch) AS waiting
             WHERE event.position = waiting.position RETURNING numbered_at)
             SELECT count(*) AS many, max(numbered_at) AS latest FROM told",
            [n.into(), i64::from(most).into(), now.micros().into()],
        )
    }

    /// The offset of the database's clock to `host_micros`, where the database has a clock of its own.
    pub(super) async fn clock_micros(self, pool: &DatabaseConnection) -> Result<Option<i64>, Error> {
        match self {
            Self::Sqlite => Ok(None),
            Self::Postgres => {
                let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";
                let row = pool.query_one_raw(Statement::from_string(self.backend(), sql)).await?;
                Ok(row.map(|row| row.try_get::<i64>("", "micros")).transpose()?)
            }
        }
    }

    /// Takes the lock under which the schema is migrated, until the transaction ends.
    pub(super) async fn lock_schema(self, tx: &DatabaseTransaction) -> Result<(), Error> {
        if self == Self::Postgres {
            tx.execute_unprepared("SELECT pg_advisory_xact_lock(7238001)").await?;
        }
        Ok(())
    }

    /// Lets one write at a time past a name, until it ends: what is not there yet has no row to lock.
    ///
    /// On SQLite there is one writer.
    pub(super) async fn lock_name(self, tx: &DatabaseTransaction, name: &str) -> Result<(), Error> {
        if self == Self::Postgres {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            tx.execute_raw(Statement::from_sql_and_values(self.backend(), sql, [name.into()])).await?;
        }
        Ok(())
    }

    /// Copies a SQLite file that has tables to `<file>.before-migration`.
    pub(super) async fn keep_copy(self, pool: &DatabaseConnection) -> Result<(), Error> {
        if self == Self::Postgres {
            return Ok(());
        }
        let sql = "SELECT file AS file, (SELECT COUNT(*) FROM sqlite_master) AS tables FROM pragma_database_list WHERE name = 'main'";
        let Some(row) = pool.query_one_raw(Statement::from_string(self.backend(), sql)).await? else { return Ok(()) };
        let (file, tables) = (row.try_get::<String>("", "file")?, row.try_get::<i64>("", "tables")?);
        if file.is_empty() || tables == 0 {
            return Ok(());
        }
        let copy = format!("{file}.before-migration");
        let _ = std::fs::remove_file(&copy);
        pool.execute_raw(Statement::from_sql_and_values(self.backend(), "VACUUM INTO $1", [copy.into()])).await?;
        Ok(())
    }

    pub(super) fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        }
    }
}

fn options(url: &str, connections: u32, size: PoolSize) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_millis(size.wait_ms_max))
        .sqlx_logging(false);
    options
}

fn sqlite(url: &str, connections: u32, size: PoolSize) -> ConnectOptions {
    let mut options = options(url, connections, size);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            // NORMAL may lose acknowledged commits at a power cut.
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            .busy_timeout(Duration::from_secs(5))
    });
    options
}
