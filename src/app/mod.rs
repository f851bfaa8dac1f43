//! WHAT CAN BE DONE. One function per verb.
//!
//! **Invariant**: a verb knows who is asking and answers in views; it knows nothing of GraphQL, HTTP or SQL.
pub mod bed;
pub mod call;
pub mod chain;
pub mod consent;
pub mod console;
pub mod coordinate;
pub mod cursor;
pub mod directory;
pub mod emergency;
pub mod episode;
pub mod error;
pub mod filter;
pub mod follow_up;
pub mod grant;
pub mod guardian;
pub mod handoff;
pub mod health;
pub mod hold;
pub mod import;
mod keyed;
pub mod law;
pub mod legal_hold;
pub mod log;
pub mod notice;
pub mod on_call;
pub mod outcome;
pub mod packet;
pub mod past;
pub mod pathway;
pub mod poll;
pub mod preservation;
pub mod push;
pub mod retention;
pub mod sealed;
pub mod share;
pub mod sweep;
pub mod team;
pub mod threat;
pub mod travel;

pub use error::Error;
pub use outcome::{Outcome, Problem, ProblemCode};

use crate::board::Board;
use crate::clock::Clock;
use crate::domain::hold::HoldLimits;
use crate::domain::id::HandoffId;
use crate::domain::jurisdiction::Law;
use crate::domain::retention::RetentionLimits;
use crate::store::Store;
use cursor::Seal;
use std::collections::HashMap;
use std::sync::Arc;

/// What the verbs work with.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    store: Store,
    board: Arc<Board>,
    seal: Seal,
    rules: Rules,
}

/// What a network settles for itself: numbers and law that verbs keep to.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long holds last, and how many one agency may have.
    pub holds: HoldLimits,
    /// How long what is written of people stays.
    pub retention: RetentionLimits,
    /// How browsers are written to.
    pub push: push::PushRules,
    /// The jurisdictions that a region can name.
    pub law: Law,
}

impl Default for Rules {
    fn default() -> Self {
        let holds = HoldLimits { minutes_default: 30, minutes_max: 120, owner_minutes_max: 1_440, per_agency_max: 5 };
        Self { holds, law: Law::default(), retention: RetentionLimits::default(), push: push::PushRules::default() }
    }
}

impl Hub {
    /// Opens the hub over a migrated store, with the default rules: no jurisdiction is known.
    pub async fn open(store: Store) -> Result<Self, crate::store::Error> {
        Self::with(store, Rules::default()).await
    }

    /// Opens the hub over a migrated store.
    pub async fn with(store: Store, rules: Rules) -> Result<Self, crate::store::Error> {
        let seal = Seal::new(&store.seal().await?, &store.epoch().await?);
        let board = Arc::new(Board::load(&store).await?);
        Ok(Self(Arc::new(Inner { store, board, seal, rules })))
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The numbers and the law that verbs keep to.
    pub fn rules(&self) -> &Rules {
        &self.0.rules
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

/// What stands in handoffs, by handoff, each in the order in which it came.
fn by_handoff<T>(found: impl IntoIterator<Item = T>, of: impl Fn(&T) -> HandoffId) -> HashMap<HandoffId, Vec<T>> {
    let mut by: HashMap<HandoffId, Vec<T>> = HashMap::new();
    for one in found {
        by.entry(of(&one)).or_default().push(one);
    }
    by
}
