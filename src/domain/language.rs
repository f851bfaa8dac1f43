//! Languages, as ISO 639-1 codes: two letters, and nothing else fits.
use super::text::{Flaw, FlawKind};
use std::fmt;

/// One language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language([u8; 2]);

impl Language {
    /// Reads a code of two small letters.
    pub fn parse(field: &'static str, code: &str) -> Result<Self, Flaw> {
        match code.as_bytes() {
            [one @ b'a'..=b'z', two @ b'a'..=b'z'] => Ok(Self([*one, *two])),
            _ => Err(Flaw { field, kind: FlawKind::Malformed, min: 2, max: 2 }),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| fmt::Write::write_char(f, char::from(*letter)))
    }
}

impl TryFrom<String> for Language {
    type Error = Flaw;
    fn try_from(code: String) -> Result<Self, Flaw> {
        Self::parse("languages", &code)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.to_string()
    }
}
