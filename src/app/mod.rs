//! WHAT CAN BE DONE. One function per verb.
//!
//! **Invariant**: a verb knows who is asking and answers in views; it knows nothing of GraphQL, HTTP or SQL.
pub mod bed;
pub mod console;
pub mod cursor;
pub mod directory;
pub mod error;
pub mod filter;
pub mod grant;
pub mod import;
pub mod log;
pub mod outcome;
pub mod past;
pub mod sweep;
pub mod travel;

pub use error::Error;
pub use outcome::{Outcome, Problem, ProblemCode};

use crate::board::Board;
use crate::clock::Clock;
use crate::store::Store;
use cursor::Seal;
use std::sync::Arc;

/// What the verbs work with.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    store: Store,
    board: Arc<Board>,
    seal: Seal,
}

impl Hub {
    /// Opens the hub over a migrated store.
    pub async fn open(store: Store) -> Result<Self, crate::store::Error> {
        let seal = Seal::new(&store.seal().await?);
        let board = Arc::new(Board::load(&store).await?);
        Ok(Self(Arc::new(Inner { store, board, seal })))
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What is true now, in memory.
    pub fn board(&self) -> &Arc<Board> {
        &self.0.board
    }

    /// What seals cursors and digests.
    pub fn seal(&self) -> &Seal {
        &self.0.seal
    }

    /// The hub's one time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.0.store.clock()
    }
}
