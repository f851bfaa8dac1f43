//! The past: what the board said at an instant.
use super::Hub;
use super::error::Error;
use super::log;
use crate::board::Past;
use crate::domain::time::At;
use crate::policy::{Scope, Viewer};
use std::sync::Arc;

/// The board at an instant that has passed, less what the viewer may no longer see.
pub async fn board(hub: &Hub, viewer: &Viewer, at: At) -> Result<Past, Error> {
    log::known(viewer)?;
    if at > hub.clock().now() {
        return Err(Error::BadInput("`at` lies ahead of the hub's time: ask about an instant that has passed".into()));
    }
    let past = hub.board().at(at).await?;
    let seen = past.board.still_seen(&hub.board().now(), &Scope::of(viewer));
    Ok(Past { board: Arc::new(seen), ..past })
}
