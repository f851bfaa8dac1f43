//! Turns at SQLite's one writer: writes that wait for each other share one wait for the disk.
//!
//! Each write runs in a savepoint of one open transaction, and then queues again behind those that came meanwhile. Whoever
//! comes to the front a second time commits for all who have run, so a write alone waits for nobody, and the more there are
//! the fewer waits there are. Nobody is told of success before that commit: what a lone write promises, each here promises.
use super::dialect::Dialect;
use super::error::Error;
use futures_util::FutureExt;
use sea_orm::error::ConnAcquireErr;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard, oneshot, watch};

/// A savepoint of the open transaction that is looked for before its commit. Without a transaction the library answers a
/// commit with success, and a transaction can end behind its back: a full disk, or a savepoint that could not be begun.
const MARK: &str = "hub_group";
/// Most writes that share one commit.
const GROUP_MAX: usize = 64;

/// The queue of one writer, and the group that is open.
#[derive(Debug)]
pub(super) struct Turns {
    line: Mutex<Weak<Group>>,
    wait: Duration,
}

/// Writes that stand or fall together. When all of them are given up, its transaction goes back.
#[derive(Debug)]
struct Group {
    tx: Mutex<Option<DatabaseTransaction>>,
    members: AtomicUsize,
    /// A write was given up in the middle: what it left is rolled back, and nobody builds on it.
    interrupted: AtomicBool,
    /// Whether it is on the disk, once that is known.
    kept: watch::Sender<Option<bool>>,
}

/// A write's turn.
pub(super) enum Turn<'a> {
    /// On a connection of its own.
    Own(&'a DatabaseConnection),
    /// Among others at the one writer.
    Shared(Place<'a>),
}

/// The writer is one write's alone, until this is given back.
pub(super) struct Place<'a> {
    turns: &'a Turns,
    line: Option<MutexGuard<'a, Weak<Group>>>,
    group: Arc<Group>,
}

impl Turns {
    /// A queue that nobody stands in longer than so long.
    pub(super) fn new(wait: Duration) -> Self {
        Self { line: Mutex::default(), wait }
    }

    /// Waits for a turn.
    pub(super) async fn next(&self, writer: &DatabaseConnection) -> Result<Place<'_>, Error> {
        let late = |_| Error::Unavailable(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        let mut line = tokio::time::timeout(self.wait, self.line.lock()).await.map_err(late)?;
        if let Some(group) = line.upgrade() {
            if group.takes_more() {
                return Ok(Place { turns: self, line: Some(line), group });
            }
            group.settle().await;
        }
        let tx = Dialect::Sqlite.begin_write(writer).await?;
        tx.execute_unprepared(&format!("SAVEPOINT {MARK}")).await?;
        let tx = Mutex::new(Some(tx));
        let (members, interrupted) = (AtomicUsize::new(0), AtomicBool::new(false));
        let group = Arc::new(Group { tx, members, interrupted, kept: watch::Sender::new(None) });
        *line = Arc::downgrade(&group);
        Ok(Place { turns: self, line: Some(line), group })
    }
}

impl Group {
    fn takes_more(&self) -> bool {
        // Whoever began to settle it may have been given up; then its transaction has gone already.
        let is_open = self.tx.try_lock().is_ok_and(|tx| tx.is_some());
        is_open && !self.interrupted.load(Ordering::Acquire) && self.members.load(Ordering::Acquire) < GROUP_MAX
    }

    /// Commits, whether or not whoever asked for it is still there, and answers whether the group is on the disk.
    async fn settle(self: &Arc<Self>) -> bool {
        let mut kept = self.kept.subscribe();
        if let Some(tx) = self.tx.lock().await.take() {
            let group = self.clone();
            tokio::spawn(async move {
                let ended = async {
                    if group.members.load(Ordering::Acquire) == 0 {
                        return tx.rollback().await;
                    }
                    tx.execute_unprepared(&format!("RELEASE {MARK}")).await?;
                    tx.commit().await
                };
                // Whatever becomes of it, those who wait are told.
                let done = AssertUnwindSafe(ended).catch_unwind().await;
                if let Ok(Err(error)) = &done {
                    tracing::warn!(%error, "writes could not be committed");
                }
                group.kept.send_replace(Some(matches!(done, Ok(Ok(())))));
            });
        }
        known(&mut kept).await
    }
}

/// Waits until it is known whether a group is on the disk.
async fn known(kept: &mut watch::Receiver<Option<bool>>) -> bool {
    kept.wait_for(Option::is_some).await.is_ok_and(|kept| *kept == Some(true))
}

fn settled(is_kept: bool) -> Result<(), Error> {
    is_kept.then_some(()).ok_or_else(|| Error::Unavailable(DbErr::Custom("a shared commit failed".into())))
}

impl Turn<'_> {
    /// The transaction that the write runs in.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        match self {
            Self::Own(pool) => Dialect::Postgres.begin_write(pool).await,
            Self::Shared(place) => place.begin().await,
        }
    }

    /// Gives the turn back after a write that went well, or did not; what went well is kept when this answers.
    pub(super) async fn end(self, well: bool) -> Result<(), Error> {
        match self {
            Self::Own(_) => Ok(()),
            Self::Shared(place) if well => place.keep().await,
            Self::Shared(place) => place.give_up().await,
        }
    }
}

impl Place<'_> {
    /// The savepoint that one write runs in.
    ///
    /// It is begun to the end whether or not anybody still waits for it: given up before it is answered, the library would
    /// undo it twice, and the second time the whole transaction with everybody's writes.
    async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        let (group, (hand, taken)) = (self.group.clone(), oneshot::channel());
        tokio::spawn(async move {
            let tx = group.tx.lock().await;
            let begun = match tx.as_ref() {
                Some(tx) => tx.begin().await.map_err(Error::from),
                None => Err(Error::Late),
            };
            // Left behind, it is dropped here: rolled back while nobody can ask for the commit.
            drop(hand.send(begun));
            drop(tx);
        });
        taken.await.unwrap_or(Err(Error::Late))
    }

    /// Lets the others go on, and waits until what was written is on the disk.
    async fn keep(mut self) -> Result<(), Error> {
        self.group.members.fetch_add(1, Ordering::AcqRel);
        let mut kept = self.group.kept.subscribe();
        drop(self.line.take());
        let is_kept = tokio::select! {
            biased;
            is_kept = known(&mut kept) => is_kept,
            _line = self.turns.line.lock() => self.group.settle().await,
        };
        settled(is_kept)
    }

    /// Gives the turn back after a write that failed. A disk that is full may have ended the whole transaction behind the
    /// library's back: those who ran before are settled now, while nothing can follow.
    /// What it was refused for may be what one of them had written: when they are lost, so is the refusal.
    async fn give_up(mut self) -> Result<(), Error> {
        let is_kept = self.group.settle().await;
        drop(self.line.take());
        settled(is_kept)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // Still at the front: its write was given up in the middle.
        if self.line.is_some() {
            self.group.interrupted.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::PoolSize;
    use super::*;

    async fn open(folder: &tempfile::TempDir) -> (DatabaseConnection, Turns) {
        let url = format!("sqlite:{}", folder.path().join("turns.db").display());
        let writer = Dialect::Sqlite.connect(&url, PoolSize::small()).await.unwrap().writer.clone();
        writer.execute_unprepared("CREATE TABLE told (n INTEGER)").await.unwrap();
        (writer, Turns::new(Duration::from_secs(5)))
    }

    async fn tell(turn: &Place<'_>, n: u32) {
        let tx = turn.begin().await.unwrap();
        tx.execute_unprepared(&format!("INSERT INTO told VALUES ({n})")).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn told(writer: &DatabaseConnection) -> Vec<i64> {
        let select = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT n FROM told ORDER BY n");
        let rows = writer.query_all_raw(select).await.unwrap();
        rows.iter().map(|row| row.try_get("", "n").unwrap()).collect()
    }

    #[tokio::test]
    async fn those_who_wait_share_a_commit_and_a_write_that_fails_takes_nothing_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, turns) = open(&folder).await;
        let write = async |n: u32| {
            let turn = turns.next(&writer).await.unwrap();
            if n == 2 {
                let tx = turn.begin().await.unwrap();
                tx.execute_unprepared("INSERT INTO told VALUES (2)").await.unwrap();
                drop(tx);
                turn.give_up().await.unwrap();
                return None;
            }
            tell(&turn, n).await;
            let group = Arc::as_ptr(&turn.group) as usize;
            turn.keep().await.unwrap();
            Some(group)
        };
        let groups = tokio::join!(write(0), write(1), write(2), write(3));
        assert_eq!(groups.0, groups.1, "the second waited, and stands in the group of the first");
        assert_eq!(told(&writer).await, [0, 1, 3]);
    }

    #[tokio::test]
    async fn a_write_given_up_in_the_middle_leaves_nothing_and_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, turns) = open(&folder).await;
        let first = turns.next(&writer).await.unwrap();
        let second = async {
            let turn = turns.next(&writer).await.unwrap();
            let tx = turn.begin().await.unwrap();
            tx.execute_unprepared("INSERT INTO told VALUES (1)").await.unwrap();
        };
        let (kept, ()) = tokio::join!(
            async {
                tell(&first, 0).await;
                first.keep().await
            },
            second
        );
        kept.unwrap();
        let third = turns.next(&writer).await.unwrap();
        tell(&third, 2).await;
        third.keep().await.unwrap();
        // A write whose caller went away before the commit goes back, and lets go of the connection.
        let last = turns.next(&writer).await.unwrap();
        tell(&last, 3).await;
        drop(last);
        assert_eq!(told(&writer).await, [0, 2]);
    }

    #[tokio::test]
    async fn a_write_given_up_at_its_beginning_takes_nobodys_writes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, turns) = open(&folder).await;
        for n in 0..200 {
            let first = turns.next(&writer).await.unwrap();
            let group = Arc::as_ptr(&first.group) as usize;
            let second = async {
                let turn = turns.next(&writer).await.unwrap();
                assert_eq!(Arc::as_ptr(&turn.group) as usize, group, "it stands in the group of the first");
                let mut begin = std::pin::pin!(turn.begin());
                for _ in 0..=n % 4 {
                    if futures_util::poll!(begin.as_mut()).is_ready() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            };
            let first = async {
                tell(&first, n).await;
                first.keep().await
            };
            let (kept, ()) = tokio::join!(first, second);
            kept.unwrap();
        }
        assert_eq!(told(&writer).await.len(), 200);
    }

    #[tokio::test]
    async fn nobody_is_told_of_success_when_the_transaction_has_ended_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, turns) = open(&folder).await;
        let (mut kept, mut lost) = (Vec::new(), 0);
        for n in 0..200 {
            let turn = turns.next(&writer).await.unwrap();
            tell(&turn, n).await;
            // Given up before it is answered, the library undoes it twice; how often that is so, the threads decide.
            let _ = futures_util::poll!(std::pin::pin!(turn.group.tx.lock().await.as_ref().unwrap().begin()));
            match turn.keep().await {
                Ok(()) => kept.push(i64::from(n)),
                Err(Error::Unavailable(_)) => lost += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(told(&writer).await, kept);
        assert!(lost > 0, "no transaction has ended unseen");
        let next = turns.next(&writer).await.unwrap();
        tell(&next, 200).await;
        next.keep().await.unwrap();
        assert_eq!(told(&writer).await.last(), Some(&200));
    }
}
