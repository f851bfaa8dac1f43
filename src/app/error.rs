//! Why a verb did not answer.
use super::outcome::Problem;
use crate::domain::text::Flaw;
use crate::policy::Refused;
use crate::store::{self, MayConflict};

/// Everything that a verb can end in besides an answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is asking, or their grant no longer holds.
    #[error("sign in: send a bearer token of a configured issuer, whose holder has a grant")]
    Unauthenticated,
    /// What was named is absent, or not the viewer's to see.
    #[error("nothing with this id is visible to you")]
    NotFound,
    /// Visible, but not allowed.
    #[error("your role does not allow this; `viewer {{ may }}` says what it allows")]
    Forbidden,
    /// An input that cannot be taken.
    #[error("{0}")]
    BadInput(String),
    /// A cursor that this log does not hold, too old, or for another filter.
    #[error("this cursor is not good here any more: list again and go on from the new cursor")]
    CursorExpired,
    /// Expected refusals: nothing has changed.
    #[error("refused")]
    Refused(Vec<Problem>),
    /// The store did not do it.
    #[error(transparent)]
    Store(store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotStanding => Self::Unauthenticated,
            other => Self::Store(other),
        }
    }
}

impl From<Refused> for Error {
    fn from(_: Refused) -> Self {
        Self::Forbidden
    }
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        Self::BadInput(flaw.to_string())
    }
}

impl MayConflict for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}
