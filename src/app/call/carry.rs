//! What is carried to people, and who carries it: the world outside.
use crate::domain::call::{CallChannel, CallFailure};
use crate::domain::on_call::OfStaff;
use crate::domain::time::At;
use futures_util::future::BoxFuture;

/// One message to one of the people who are called. It says nothing of whom it is about: which unit owes an answer, and where
/// to look, are all that it has.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its name, the same each time that it is carried: opaque, of the call and of the step.
    pub id: String,
    /// By which channel.
    pub channel: CallChannel,
    /// Where to.
    pub address: OfStaff,
    /// The unit, as staff say it.
    pub unit: String,
    /// When it is carried, by the hub's time.
    pub at: At,
}

impl Letter {
    /// What it says.
    pub fn text(&self) -> String {
        format!("An answer is due at {}", self.unit)
    }
}

/// Who carries messages out of the hub.
pub trait Carrier: Send + Sync {
    /// Whether there are settings for a channel.
    fn carries(&self, channel: CallChannel) -> bool;
    /// Carries a message: it is with whoever delivers it when this ends well.
    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), CallFailure>>;
}
