//! Nudges: a reminder to the party whose word is awaited. It answers nothing for anybody.
use super::{Handoff, Party};
use crate::domain::code::codes;
use crate::domain::entry::Changed;
use crate::domain::event::EventKind;
use crate::domain::time::At;

/// How long after a nudge the next one may follow, in minutes, whoever sends it: a desk that is busy is not rung at.
const QUIET_MINUTES: i64 = 10;

codes! {
    /// Who reminds the party whose word is awaited.
    Nudger {
        /// The other party, which waits for it.
        Party "PARTY",
        /// Somebody who coordinates the region.
        Coordinator "COORDINATOR",
    }
}

/// The last reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Nudge {
    /// When.
    pub at: At,
    /// By whom.
    pub by: Nudger,
}

/// Why nobody is reminded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NudgeRefused {
    /// Nobody's word is awaited, or it is the word of whoever would remind.
    NotAwaited,
    /// Somebody was reminded a moment ago; from this instant on it may be done again.
    TooSoon(At),
}

impl Handoff {
    /// Reminds the party whose word is awaited. `of` is the party that reminds; a coordinator is none.
    pub fn nudge(&self, of: Option<Party>, now: At) -> Result<Changed<Self>, NudgeRefused> {
        let awaited = self.awaits().ok_or(NudgeRefused::NotAwaited)?;
        if of == Some(awaited) {
            return Err(NudgeRefused::NotAwaited);
        }
        let again = self.nudged.map(|last| last.at.plus_minutes(QUIET_MINUTES));
        if let Some(again) = again.filter(|again| now < *again) {
            return Err(NudgeRefused::TooSoon(again));
        }
        let by = if of.is_some() { Nudger::Party } else { Nudger::Coordinator };
        let nudged = Self { nudged: Some(Nudge { at: now, by }), version: self.version + 1, ..self.clone() };
        Ok(nudged.changed(EventKind::HandoffNudged, now))
    }
}
