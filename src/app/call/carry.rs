//! What is carried to people, and who carries it: the world outside.
use crate::domain::call::{CallChannel, CallFailure};
use crate::domain::id::PushSubscriptionId;
use crate::domain::on_call::OfStaff;
use crate::domain::push::PushKeys;
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
    pub to: To,
    /// The unit or the team, as staff say it.
    pub unit: String,
    /// When it is carried, by the hub's time.
    pub at: At,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum To {
    /// To one address.
    Address(OfStaff),
    /// To the browsers of one person.
    Browsers(Vec<Browser>),
}

/// One browser.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Its registration.
    pub id: PushSubscriptionId,
    /// Where it is written to, and what for.
    pub keys: PushKeys,
}

/// How a message went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Why it reached nobody; none when it is with whoever delivers it.
    pub failure: Option<CallFailure>,
    /// The browsers that their push services know no more.
    pub gone: Vec<PushSubscriptionId>,
}

impl Carried {
    /// It reached nobody.
    pub fn failed(why: CallFailure) -> Self {
        Self { failure: Some(why), gone: Vec::new() }
    }
}

impl Letter {
    /// What it says.
    pub fn text(&self) -> String {
        format!("An answer is due at {}", self.unit)
    }

    /// The one address that it goes to.
    pub fn address(&self) -> Option<&OfStaff> {
        match &self.to {
            To::Address(address) => Some(address),
            To::Browsers(_) => None,
        }
    }
}

/// Who carries messages out of the hub.
pub trait Carrier: Send + Sync {
    /// Whether there are settings for a channel.
    fn carries(&self, channel: CallChannel) -> bool;
    /// Carries a message.
    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Carried>;
}
