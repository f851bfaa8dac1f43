//! How a node stands: what waits, and how old what it shows is. Numbers alone, of no agency and no person.
use super::Hub;
use super::error::Error;
use crate::domain::bed::Freshness;
use crate::domain::code::Coded;
use crate::domain::time::At;
use crate::policy::{Machine, Scope, Viewer};

/// How far a node is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Events that wait for their number.
    pub waiting: i64,
    /// Seconds that the oldest of them has waited.
    pub relay_seconds: f64,
    /// Numbered events that this node's board has not followed.
    pub behind: i64,
    /// Seconds since the oldest of them was written.
    pub feed_seconds: f64,
    /// Seconds that the oldest alarm is overdue.
    pub sweep_seconds: f64,
}

/// Asks the database what waits: its answer says that it answers.
pub async fn standing(hub: &Hub) -> Result<Standing, Error> {
    let followed = hub.board().now().number();
    let backlog = hub.store().backlog(followed).await?;
    let now = hub.clock().now();
    let seconds = |since: Option<At>| since.map_or(0.0, |since| now.micros_since(since).max(0) as f64 / 1e6);
    Ok(Standing {
        waiting: backlog.waiting,
        relay_seconds: seconds(backlog.waiting_since),
        behind: (backlog.head - followed).max(0),
        feed_seconds: seconds(backlog.next_since),
        sweep_seconds: seconds(backlog.due_since),
    })
}

/// What the board shows now: how many units of each freshness, and how many places are held.
pub fn shown(hub: &Hub) -> (Vec<(Freshness, usize)>, u32) {
    let everything = Scope::of(&Viewer::machine(Machine::Follower));
    let (board, now) = (hub.board().now(), hub.clock().now());
    let mut holds = 0;
    let mut counts: Vec<(Freshness, usize)> = Freshness::ALL.iter().map(|freshness| (*freshness, 0)).collect();
    for unit in board.units(&everything, now) {
        holds += unit.availability().held;
        if let Some((_, count)) = counts.iter_mut().find(|(freshness, _)| *freshness == unit.availability().freshness) {
            *count += 1;
        }
    }
    (counts, holds)
}
