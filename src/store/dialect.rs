//! Every difference between SQLite and PostgreSQL.
use super::Error;
use super::turns::{Turn, Turns};
use crate::domain::time::At;
use sea_orm::sea_query::{Expr, Func, Query, SelectStatement};
use sea_orm::sqlx::{self, Connection, SqliteConnection};
use sea_orm::{
    AccessMode, ColumnTrait, Condition, ConnectOptions, ConnectionTrait, Database, DatabaseConnection,
    DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
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
    /// On PostgreSQL a few that are kept for the relay, the feed and the sweeper.
    apart: Option<DatabaseConnection>,
    /// On SQLite the queue of the one writer.
    turns: Option<Arc<Turns>>,
}

impl Pools {
    /// Those that are kept for the hub's own work.
    pub(super) fn apart(&self) -> Self {
        let (writer, readers) = (self.writer.clone(), self.readers.clone());
        let apart = self.apart.clone();
        let writer = apart.clone().unwrap_or(writer);
        Self { writer, readers: apart.clone().unwrap_or(readers), apart, turns: self.turns.clone() }
    }

    /// Waits for a write's turn: on SQLite among those who share its one writer, on PostgreSQL for nobody.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, Error> {
        match &self.turns {
            Some(turns) => Ok(Turn::Shared(turns.next(&self.writer).await?)),
            None => Ok(Turn::Own(&self.writer)),
        }
    }

    /// Closes every connection.
    pub(super) async fn close(&self) {
        for pool in [Some(&self.writer), Some(&self.readers), self.apart.as_ref()].into_iter().flatten() {
            let _ = pool.close_by_ref().await;
        }
    }
}

/// What follows a SQLite file's name in the name of a copy that was made before its schema changed.
const COPY: &str = ".before-migration-from-";
/// Connections that are kept for the hub's own work: one each for the relay, the feed and the sweeper.
const APART: u32 = 3;

/// How many connections a node opens, and how long it waits for one.
#[derive(Clone, Copy, Debug)]
pub struct PoolSize {
    /// Most connections for reads; on PostgreSQL for everything.
    pub connections_max: u32,
    /// Longest wait for a connection, in milliseconds.
    pub wait_ms_max: u64,
    /// Longest wait for a row that another write holds, in milliseconds (PostgreSQL).
    pub lock_ms_max: u64,
    /// Longest time that one statement may take, in milliseconds (PostgreSQL).
    pub statement_ms_max: u64,
    /// Longest time that a transaction may stand open with nothing to do, in milliseconds (PostgreSQL).
    pub idle_ms_max: u64,
}

impl PoolSize {
    /// Two connections and little patience, for tests beside the code.
    #[cfg(test)]
    pub(crate) fn small() -> Self {
        Self { connections_max: 2, wait_ms_max: 5_000, lock_ms_max: 3_000, statement_ms_max: 8_000, idle_ms_max: 5_000 }
    }
}

/// Begins a transaction, to the end even when nobody waits for it any more.
///
/// sqlx-postgres 0.9 counts a transaction only when BEGIN is answered: given up before, the connection goes back to its pool
/// inside a transaction that nobody ends, and whoever has it next stands in it.
async fn begin(pool: &DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction, Error> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with_options(options).await }).await;
    begun.map_err(|gone| Error::Unavailable(DbErr::Custom(gone.to_string())))?.map_err(Error::from)
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
                let turns = Turns::new(Duration::from_millis(size.wait_ms_max));
                Ok(Pools { writer, readers, apart: None, turns: Some(Arc::new(turns)) })
            }
            Self::Postgres => {
                let pool = Database::connect(postgres(url, size.connections_max, size)).await?;
                // Whoever wants one connection means one: a restore looks whether it is alone.
                let apart = match size.connections_max {
                    1 => None,
                    _ => Some(Database::connect(postgres(url, APART, size)).await?),
                };
                Ok(Pools { writer: pool.clone(), readers: pool, apart, turns: None })
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
            // READ COMMITTED, as its connections begin by themselves.
            Self::Postgres => TransactionOptions::default(),
        };
        begin(pool, options).await
    }

    /// Runs statements in their order, of which the last alone answers rows: on SQLite in one trip to the connection's thread,
    /// which costs more than a statement does.
    pub(super) async fn run(
        self,
        tx: &DatabaseTransaction,
        mut statements: Vec<Statement>,
    ) -> Result<Vec<QueryResult>, Error> {
        if self == Self::Sqlite && statements.len() > 1 {
            let sql: Vec<String> = statements.iter().map(|statement| statement.sql.clone()).collect();
            let values = statements.into_iter().filter_map(|statement| statement.values).flat_map(|values| values.0);
            statements =
                vec![Statement::from_sql_and_values(self.backend(), sql.join("; "), values.collect::<Vec<_>>())];
        }
        let mut rows = Vec::new();
        for statement in statements {
            rows = tx.query_all_raw(statement).await?;
        }
        Ok(rows)
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
        begin(pool, options).await
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

    /// What a query finds for each of `keys`, one row a key: one prepared statement on PostgreSQL, as above.
    pub(super) fn of_each(self, keys: &[Uuid], find: impl FnOnce(Expr) -> SelectStatement) -> SelectStatement {
        let column = match self {
            Self::Sqlite => "column1",
            Self::Postgres => "each",
        };
        let found = find(Expr::col(("each", column)));
        let mut all = Query::select().expr(Expr::SubQuery(None, Box::new(found.into()))).to_owned();
        match self {
            Self::Sqlite => all.from_values(keys.iter().copied(), "each"),
            Self::Postgres => all.from_function(Func::cust("unnest").arg(keys.to_vec()), "each"),
        };
        all
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

    /// How many items a column of JSON text has.
    pub(super) fn json_length(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("json_array_length({column})"),
            Self::Postgres => format!("json_array_length({column}::json)"),
        }
    }

    /// The database's clock in microseconds, where it has one of its own, between two looks at another clock.
    pub(super) async fn clock_micros(
        self,
        pool: &DatabaseConnection,
        look: impl Fn() -> At,
    ) -> Result<Option<(At, i64, At)>, Error> {
        if self == Self::Sqlite {
            return Ok(None);
        }
        // The connection first: a wait for one is no part of the round trip.
        let tx = begin(pool, TransactionOptions::default()).await?;
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";
        let before = look();
        let row = tx.query_one_raw(Statement::from_string(self.backend(), sql)).await?;
        let after = look();
        tx.rollback().await?;
        let micros = row.map(|row| row.try_get::<i64>("", "micros")).transpose()?;
        Ok(micros.map(|micros| (before, micros, after)))
    }

    /// Begins a change of the schema: one node at a time, and as long as it takes.
    pub(super) async fn begin_schema(self, pool: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
        let tx = self.begin_write(pool).await?;
        self.be_patient(&tx).await?;
        if self == Self::Postgres {
            tx.execute_unprepared("SELECT pg_advisory_xact_lock(7238001)").await?;
        }
        Ok(tx)
    }

    /// Lets a transaction take as long as it takes: a step of the schema, a look at the whole log.
    pub(super) async fn be_patient(self, tx: &DatabaseTransaction) -> Result<(), Error> {
        if self == Self::Postgres {
            let patience = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
                            SET LOCAL idle_in_transaction_session_timeout = 0";
            tx.execute_unprepared(patience).await?;
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

    /// Lets writes past names beside each other, but not beside one that has a name to itself by [`Dialect::lock_name`]. Who
    /// waits for a name comes before those who come later: readers without end keep nobody waiting. The names are in order.
    pub(super) async fn share_names(self, tx: &DatabaseTransaction, names: Vec<String>) -> Result<(), Error> {
        if self == Self::Postgres {
            let sql = "SELECT pg_advisory_xact_lock_shared(hashtextextended(name, 0)) FROM unnest($1) AS name";
            tx.execute_raw(Statement::from_sql_and_values(self.backend(), sql, [names.into()])).await?;
        }
        Ok(())
    }

    /// Copies a SQLite file to `<file>.before-migration-from-<step>`, the last step that it has seen; a copy that is there
    /// stays as it is, for it was made before anything went wrong.
    pub(super) async fn keep_copy(self, pool: &DatabaseConnection, step: &str) -> Result<(), Error> {
        let Some(file) = self.file(pool).await? else { return Ok(()) };
        let copy = format!("{file}{COPY}{step}");
        if Path::new(&copy).exists() {
            return Ok(());
        }
        // Under another name until it is whole.
        let half = format!("{copy}.half");
        let _ = std::fs::remove_file(&half);
        pool.execute_raw(Statement::from_sql_and_values(self.backend(), "VACUUM INTO $1", [half.clone().into()]))
            .await?;
        std::fs::rename(&half, &copy).map_err(unwritten)
    }

    /// Deletes the copies beside a SQLite file that were made before its schema changed, and before an instant. Answers how
    /// many.
    pub(super) async fn forget_copies(self, pool: &DatabaseConnection, before: At) -> Result<usize, Error> {
        let Some(file) = self.file(pool).await? else { return Ok(0) };
        let file = Path::new(&file);
        let named = format!("{}{COPY}", file.file_name().unwrap_or_default().to_string_lossy());
        let (folder, mut gone) = (file.parent().unwrap_or(Path::new("/")), 0);
        for found in std::fs::read_dir(folder).map_err(unwritten)? {
            let found = found.map_err(unwritten)?;
            if !found.file_name().to_string_lossy().starts_with(&named) {
                continue;
            }
            let made = found.metadata().and_then(|about| about.modified()).map_err(unwritten)?;
            let age = made.duration_since(UNIX_EPOCH).unwrap_or_default();
            if i64::try_from(age.as_micros()).is_ok_and(|made| made < before.micros()) {
                std::fs::remove_file(found.path()).map_err(unwritten)?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// The file of a SQLite database; none in memory, and none elsewhere.
    async fn file(self, pool: &DatabaseConnection) -> Result<Option<String>, Error> {
        if self == Self::Postgres {
            return Ok(None);
        }
        let sql = "SELECT file AS file FROM pragma_database_list WHERE name = 'main'";
        let row = pool.query_one_raw(Statement::from_string(self.backend(), sql)).await?;
        let file = row.map(|row| row.try_get::<String>("", "file")).transpose()?;
        Ok(file.filter(|file| !file.is_empty()))
    }

    /// Writes the log of a SQLite file out and empties it: what was deleted lies on there until then. Answers whether it could,
    /// for somebody may be reading; no write waits long for it.
    pub(super) async fn empty_log(self, pool: &DatabaseConnection) -> Result<bool, Error> {
        if self == Self::Postgres {
            return Ok(true);
        }
        // One trip, so that it is one connection's patience.
        let sql = "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 5000";
        let rows = pool.query_all_raw(Statement::from_string(self.backend(), sql)).await?;
        Ok(rows.iter().find_map(|row| row.try_get::<i64>("", "busy").ok()) == Some(0))
    }

    /// Whether commits wait for the disk, where one connection does all the writing. Waiting again waits for all before.
    pub(super) async fn wait_for_disk(self, writer: &DatabaseConnection, wait: bool) -> Result<(), Error> {
        if self == Self::Sqlite {
            let mode = if wait { "FULL" } else { "NORMAL" };
            writer.execute_unprepared(&format!("PRAGMA synchronous = {mode}")).await?;
        }
        if self == Self::Sqlite && wait {
            // A checkpoint syncs the log before it copies, and the database after.
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let row = writer.query_one_raw(Statement::from_string(self.backend(), sql)).await?;
            if row.map(|row| row.try_get::<i64>("", "busy")).transpose()? != Some(0) {
                return Err(Error::Unfit("somebody is reading the database: it could not be written out to the disk"));
            }
        }
        Ok(())
    }

    pub(super) fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        }
    }
}

fn unwritten(error: std::io::Error) -> Error {
    Error::Fault(DbErr::Custom(error.to_string()))
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

fn postgres(url: &str, connections: u32, size: PoolSize) -> ConnectOptions {
    let mut options = options(url, connections, size);
    options.test_before_acquire_if_idle_for(Duration::from_secs(30));
    options.map_sqlx_postgres_opts(move |postgres| {
        // A node that froze with a row in its hands must not stop the others: the server lets the row go.
        postgres.options([
            ("lock_timeout", size.lock_ms_max.to_string()),
            ("statement_timeout", size.statement_ms_max.to_string()),
            ("idle_in_transaction_session_timeout", size.idle_ms_max.to_string()),
            // Said once a connection: said in each transaction, it is a round trip more.
            ("default_transaction_isolation", "read committed".to_owned()),
        ])
    });
    options
}

fn sqlite(url: &str, connections: u32, size: PoolSize) -> ConnectOptions {
    let mut options = options(url, connections, size);
    // A file does not hang up.
    options.test_before_acquire(false);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            // NORMAL may lose acknowledged commits at a power cut.
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            // What is shredded is overwritten, and does not lie on in pages that are free.
            .pragma("secure_delete", "ON")
            // A long group of writes keeps what it may have to undo in memory: where the root is read-only, there is no
            // other place for it.
            .pragma("temp_store", "MEMORY")
            .busy_timeout(Duration::from_secs(5))
    });
    options.map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(idle(connection))));
    options
}

/// Whether a connection that comes back has left its transaction; one that has not is closed.
///
/// A full disk ends a transaction behind the library's back. It would begin the next one inside the one it believes to be
/// open, and a COMMIT there commits nothing: every write after it would be acknowledged and lost.
async fn idle(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // After whatever is still queued for the connection.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
