//! The past: the board as the log had it at an instant.
//!
//! What counts at an instant is exact: the events that were numbered by it, which are the log's first so many. The
//! instants of numbers never run back, whichever node gave them, and no event is numbered before it is dated. So a past
//! board is the fold of a prefix of the log; once the log has gone on past the instant, that prefix is the same for ever.
use super::follow::{Words, words};
use super::{Board, Names, Snapshot};
use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::domain::time::At;
use crate::domain::travel::TravelTimesDetails;
use crate::store::Error;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Most past boards that a node keeps, and most rows in all of them: about a hundred megabytes.
const BOARDS_MAX: usize = 16;
const ROWS_MAX: usize = 100_000;

/// A place in the log, in one edition of the words.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    number: i64,
    last: Option<EventId>,
    edition: u64,
}

/// Past boards folded lately, so that paging does not fold again. Its lock lets one be folded at a time.
#[derive(Default)]
pub(super) struct Folded(Mutex<VecDeque<(Key, Arc<Snapshot>)>>);

/// The board at an instant.
#[derive(Clone)]
pub struct Past {
    /// The board, folded up to its number, in today's words.
    pub board: Arc<Snapshot>,
    /// Whether the log has gone on past the instant: then nothing can be numbered before it any more.
    pub settled: bool,
}

impl Board {
    /// The board as the log had it at an instant.
    pub async fn at(&self, at: At) -> Result<Past, Error> {
        // The reader goes back before the wait for the lock: whoever waits holds no connection.
        let (reached, settled) = {
            let reader = self.asked.read(&self.me).await?;
            let reached = reader.reached(at).await?;
            (reached, reader.head().await? > reached.map_or(0, |(number, _)| number))
        };
        let Some((number, last)) = reached else { return Ok(Past { board: Arc::default(), settled }) };
        let mut folded = self.folded.0.lock().await;
        let today = self.now();
        let key = Key { number, last: Some(last), edition: today.edition() };
        let board = match folded.iter().position(|(kept, _)| *kept == key).and_then(|place| folded.remove(place)) {
            Some((_, board)) => board,
            None => Arc::new(self.fold_up_to(number, last, &today).await?),
        };
        keep(&mut folded, key, &board);
        Ok(Past { board, settled })
    }

    async fn fold_up_to(&self, number: i64, last: EventId, today: &Snapshot) -> Result<Snapshot, Error> {
        let reader = self.asked.read(&self.me).await?;
        let events = reader.board_events(number).await?;
        // This node may not have followed so far: what it has no words of yet is read.
        let unfollowed: Vec<Event> = events.iter().filter(|event| event.number > today.number()).cloned().collect();
        let words = words(&reader, &unfollowed).await?.over(today);
        let mut past = Snapshot::default();
        for event in events {
            past.fold(event, &words);
        }
        // How long a way takes is no fact of that instant: today's tables tell.
        for table in TravelTimesDetails::map(&words.board).values() {
            past.put(table.clone());
        }
        // The place itself may hold an event of no row of the board.
        (past.number, past.last) = (number, Some(last));
        Ok(past)
    }
}

/// Puts a board in front and lets the longest unasked go.
fn keep(folded: &mut VecDeque<(Key, Arc<Snapshot>)>, key: Key, board: &Arc<Snapshot>) {
    folded.retain(|(kept, _)| kept.edition == key.edition);
    folded.push_front((key, board.clone()));
    let rows = |folded: &VecDeque<(Key, Arc<Snapshot>)>| folded.iter().map(|(_, board)| board.rows()).sum::<usize>();
    while folded.len() > 1 && (folded.len() > BOARDS_MAX || rows(folded) > ROWS_MAX) {
        folded.pop_back();
    }
}

impl Words {
    /// These words over those of a board.
    pub(super) fn over(mut self, board: &Snapshot) -> Self {
        let fresh = std::mem::replace(&mut self.board, board.clone());
        self.board.take_words_of(&fresh);
        self
    }
}
