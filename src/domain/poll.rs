//! Polls: requests that chosen units confirm their numbers now, and which have answered.
use super::bed::BedUnit;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{BedUnitId, BedUpdateRequestId, Noun, NounId};
use super::notice::Author;
use super::text::{self, Flaw};
use super::time::At;

/// Least and most minutes that units are given to answer.
pub const ANSWER_MINUTES: (i64, i64) = (5, 1_440);
/// Longest note, in characters.
pub const NOTE_MAX: usize = 500;
/// How long a request can be read and answered, in days: as long as a cursor into the log.
pub const READ_DAYS: i64 = 7;

/// What is asked of units, beside their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Minutes to answer.
    pub answer_minutes: i64,
    /// A line to those who are asked.
    pub note: Option<String>,
    /// Made in a drill.
    pub drill: bool,
}

/// A request that units confirm their numbers now. It never changes; its answers are the units' own reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedUpdateRequest {
    /// Its id.
    pub id: BedUpdateRequestId,
    /// How often it has changed.
    pub version: Version,
    /// Who asks.
    pub author: Author,
    /// When.
    pub asked_at: At,
    /// By when an answer is wanted.
    pub due_at: At,
    /// Which units, in the order of their ids.
    pub units: Vec<BedUnitId>,
    /// Who sees one of them.
    pub audience: Audience,
    /// A line to those who are asked.
    pub note: Option<String>,
    /// Made in a drill.
    pub drill: bool,
}

/// A request as the log keeps it: no words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RequestFact {
    /// Which units.
    pub units: Vec<BedUnitId>,
    /// By when an answer is wanted.
    pub due_at: At,
    /// Made in a drill.
    pub drill: bool,
}

impl BedUpdateRequest {
    /// Asks units.
    pub fn ask(
        id: BedUpdateRequestId,
        author: Author,
        units: &[BedUnit],
        ask: Ask,
        now: At,
    ) -> Result<Changed<Self>, Flaw> {
        let (least, most) = ANSWER_MINUTES;
        text::within("answerWithinMinutes", ask.answer_minutes, least, most)?;
        text::maybe_line("note", ask.note.as_ref(), NOTE_MAX)?;
        let mut ids: Vec<BedUnitId> = units.iter().map(BedUnit::id).collect();
        ids.sort_unstable();
        let audience = units.iter().fold(Audience::NOBODY, |all, unit| all.and(unit.definition().audience()));
        let request = Self {
            id,
            version: 1,
            author,
            asked_at: now,
            due_at: now.plus_minutes(ask.answer_minutes),
            units: ids,
            audience,
            note: ask.note,
            drill: ask.drill,
        };
        let happening = Happening {
            kind: EventKind::BedUpdateRequested,
            noun: Noun::BedUpdateRequest,
            key: id.key(),
            version: 1,
            region: author.region,
            owner: author.organization,
            party: None,
            audience,
            at: now,
            fact: Fact::BedUpdateRequest(Box::new(RequestFact {
                units: request.units.clone(),
                due_at: request.due_at,
                drill: request.drill,
            })),
        };
        Ok(Changed::new(request, happening))
    }

    /// Whether its time to answer still runs.
    pub fn is_open(&self, at: At) -> bool {
        at < self.due_at
    }

    /// Whether it can still be read.
    pub fn is_kept(&self, at: At) -> bool {
        at < self.asked_at.plus_minutes(READ_DAYS * 24 * 60)
    }

    /// When a unit answered by its last report; `None` when that is older than the question.
    pub fn answered_by(&self, unit: &BedUnit) -> Option<At> {
        unit.report.as_ref().map(|report| report.received_at).filter(|at| *at >= self.asked_at)
    }
}
