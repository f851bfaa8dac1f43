//! Limits on words and numbers that people and feeds send.
use super::code::codes;

codes! {
    /// What is wrong with one input.
    FlawKind {
        /// It is empty.
        Empty "EMPTY",
        /// It is longer than the field allows.
        TooLong "TOO_LONG",
        /// It holds control characters.
        ControlCharacter "CONTROL_CHARACTER",
        /// It is outside the range of the field.
        OutOfRange "OUT_OF_RANGE",
        /// It is not of the form that the field needs.
        Malformed "MALFORMED",
    }
}

/// One input that cannot be taken, and the least and most that its field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {}", .kind.says(*.min, *.max))]
pub struct Flaw {
    /// The field, as the API spells it.
    pub field: &'static str,
    /// What is wrong.
    pub kind: FlawKind,
    /// The least that the field takes.
    pub min: i64,
    /// The most that the field takes.
    pub max: i64,
}

impl FlawKind {
    fn says(self, min: i64, max: i64) -> String {
        match self {
            Self::Empty => "must not be empty".into(),
            Self::TooLong => format!("must have at most {max} characters"),
            Self::ControlCharacter => "must not hold control characters".into(),
            Self::OutOfRange => format!("must be between {min} and {max}"),
            Self::Malformed => "is not of the documented form".into(),
        }
    }
}

/// Checks one line of text: not empty, at most `max` characters, no control characters.
pub fn line(field: &'static str, text: &str, max: usize) -> Result<(), Flaw> {
    written(field, text, max, char::is_control)
}

/// Checks text of several lines: as one line, but for its line breaks.
pub fn lines(field: &'static str, text: &str, max: usize) -> Result<(), Flaw> {
    written(field, text, max, |c| c.is_control() && c != '\n')
}

fn written(field: &'static str, text: &str, max: usize, unfit: fn(char) -> bool) -> Result<(), Flaw> {
    let flaw = |kind| Err(Flaw { field, kind, min: 1, max: i64::try_from(max).unwrap_or(i64::MAX) });
    if text.trim().is_empty() {
        flaw(FlawKind::Empty)
    } else if text.chars().count() > max {
        flaw(FlawKind::TooLong)
    } else if text.chars().any(unfit) {
        flaw(FlawKind::ControlCharacter)
    } else {
        Ok(())
    }
}

/// Checks one optional line of text.
pub fn maybe_line(field: &'static str, text: Option<&String>, max: usize) -> Result<(), Flaw> {
    text.map_or(Ok(()), |text| line(field, text, max))
}

/// Checks a number against its least and most.
pub fn within(field: &'static str, number: i64, min: i64, max: i64) -> Result<(), Flaw> {
    if (min..=max).contains(&number) { Ok(()) } else { Err(Flaw { field, kind: FlawKind::OutOfRange, min, max }) }
}
