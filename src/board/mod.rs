//! WHAT IS TRUE NOW, in memory: the directory, every unit's state, notices, requests to units and every grant, as of log
//! number N.
//!
//! **Invariant**: a copy that knows it. It is loaded once and follows the log; nothing is decided from it, and reading it
//! takes a scope as reading the store does. What depends on time is computed at reading.
mod follow;
mod logged;
mod notice;
mod past;
mod pathways;
mod search;
mod seat;
mod snapshot;
mod teams;

pub use notice::Asked;
pub use past::Past;
pub use pathways::{Matched, Path};
pub use search::{Found, Rank, Seek};
pub use snapshot::{Names, Snapshot};
pub use teams::{Coming, Respond, Talking};

use crate::domain::bed::BedUnit;
use crate::domain::entry::Entry;
use crate::domain::grant::Grant;
use crate::domain::notice::Notice;
use crate::domain::poll::BedUpdateRequest;
use crate::domain::team::Team;
use crate::policy::{Machine, Viewer};
use crate::store::{Error, Store};
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex, PoisonError};

/// The board of one node: one writer, readers never blocked.
pub struct Board {
    now: ArcSwap<Snapshot>,
    writer: Mutex<()>,
    folded: past::Folded,
    /// For those who ask about the past: they do not wait in front of the feed.
    asked: Store,
    store: Store,
    me: Viewer,
}

impl Board {
    /// Loads everything, with the log number it is as of.
    pub async fn load(store: &Store) -> Result<Self, Error> {
        let me = Viewer::machine(Machine::Follower);
        let snapshot = Snapshot::load(&store.read(&me).await?, store.clock().now()).await?;
        Ok(Self {
            now: ArcSwap::from_pointee(snapshot),
            writer: Mutex::new(()),
            folded: past::Folded::default(),
            asked: store.clone(),
            store: store.apart(),
            me,
        })
    }

    /// The board as it is now; it never changes under the reader.
    pub fn now(&self) -> Arc<Snapshot> {
        self.now.load_full()
    }

    /// Takes units that this node has just written, before the log brings them.
    pub fn learn_units<'a>(&self, units: impl IntoIterator<Item = &'a BedUnit>) {
        self.change(|snapshot| units.into_iter().for_each(|unit| snapshot.put_unit(Arc::new(unit.clone()))));
    }

    /// Takes teams that this node has just written.
    pub fn learn_teams<'a>(&self, teams: impl IntoIterator<Item = &'a Team>) {
        self.change(|snapshot| teams.into_iter().for_each(|team| snapshot.put_team(Arc::new(team.clone()))));
    }

    /// Takes an entry that this node has just written.
    pub fn learn<D: Names>(&self, entry: &Entry<D>) {
        self.change(|snapshot| snapshot.put(Arc::new(entry.clone())));
    }

    /// Takes entries that this node has just written, all at once.
    pub fn learn_all<D: Names>(&self, entries: impl IntoIterator<Item = Entry<D>>) {
        self.change(|snapshot| entries.into_iter().for_each(|entry| snapshot.put(Arc::new(entry))));
    }

    /// Takes a grant that this node has just written.
    pub fn learn_grant(&self, grant: &Grant) {
        self.change(|snapshot| snapshot.put_grant(Arc::new(grant.clone())));
    }

    /// Takes a notice that this node has just written.
    pub fn learn_notice(&self, notice: &Arc<Notice>) {
        self.change(|snapshot| snapshot.notices.put(notice.clone()));
    }

    /// Takes a request to units that this node has just written.
    pub fn learn_request(&self, request: &Arc<BedUpdateRequest>) {
        self.change(|snapshot| snapshot.put_request(request.clone()));
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let _one = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Snapshot::clone(&self.now.load());
        change(&mut next);
        self.now.store(Arc::new(next));
    }
}
