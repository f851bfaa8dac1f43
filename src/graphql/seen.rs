//! Through whose eyes an operation is answered.
use super::together::Together;
use crate::app::Hub;
use crate::board::{Names, Snapshot};
use crate::domain::entry::Entry;
use crate::domain::time::At;
use crate::policy::{Scope, Viewer};
use async_graphql::Context;
use async_graphql::dataloader::DataLoader;
use std::sync::Arc;

/// One scope looking at one state of the board at one instant.
#[derive(Clone)]
pub struct Seen {
    /// The board, which does not change under the operation.
    pub board: Arc<Snapshot>,
    /// What may be seen.
    pub scope: Arc<Scope>,
    /// The instant that freshness is judged at.
    pub now: At,
}

/// Who asks, and the hub they ask.
#[derive(Clone)]
pub struct Asking {
    /// The hub.
    pub hub: Hub,
    /// Who asks.
    pub viewer: Viewer,
    /// The eyes of the whole operation.
    pub seen: Seen,
    /// What stands beside many rows is read by.
    pub together: Arc<DataLoader<Together>>,
    /// Whether it is told what happens: each message is looked at anew.
    live: bool,
}

impl Asking {
    /// An operation of a viewer, as of now.
    pub fn new(hub: &Hub, viewer: Viewer) -> Self {
        let scope = Arc::new(Scope::of(&viewer));
        let seen = Seen { board: hub.board().now(), scope, now: hub.clock().now() };
        Self { hub: hub.clone(), seen, together: Together::loader(hub, &viewer), viewer, live: false }
    }

    /// A subscription of a viewer, which goes on.
    pub fn live(hub: &Hub, viewer: Viewer) -> Self {
        Self { live: true, ..Self::new(hub, viewer) }
    }

    /// The eyes for what is found now: those of the operation, or of a subscription's present message.
    pub fn eyes(&self) -> Seen {
        if self.live { self.look() } else { self.seen.clone() }
    }

    /// The same eyes, looking again now.
    pub fn look(&self) -> Seen {
        Seen { board: self.hub.board().now(), scope: self.seen.scope.clone(), now: self.hub.clock().now() }
    }

    /// The same who asks, with eyes that look again now.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { seen: self.look(), ..self.clone() }
    }

    /// Refuses nobody.
    pub fn known(&self) -> Result<(), crate::app::Error> {
        crate::app::log::known(&self.viewer)
    }
}

impl Seen {
    /// One entry of the directory.
    pub fn entry<D: Names>(&self, id: D::Id) -> Option<Arc<Entry<D>>> {
        self.board.entry(&self.scope, id)
    }
}

/// Who asks; an operation cannot run without.
pub fn asking<'a>(ctx: &Context<'a>) -> &'a Asking {
    ctx.data_unchecked::<Asking>()
}

/// Gives way now and then: what is answered from memory waits for nothing, and its time could never run out.
pub async fn pace() {
    tokio::task::coop::consume_budget().await;
}
