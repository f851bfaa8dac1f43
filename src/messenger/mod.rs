//! WHO IS REACHED. Carries messages out of the hub: by mail, and to the network's own gateway.
//!
//! **Invariant**: only to the servers of the settings, over TLS but on this very machine; every message ends in time; what a
//! server says, and whom a message is for, are written down nowhere.
mod hook;
mod mail;

use crate::app::call::{Carrier, Letter};
use crate::config::Calls;
use crate::domain::call::{CallChannel, CallFailure};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// The longest that one message may take.
const CARRY_TIME_MAX: Duration = Duration::from_secs(20);
/// The longest that one answer of a server may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Carries messages by the channels that there are settings for.
pub struct Messenger {
    mail: Option<mail::Mail>,
    hook: Option<hook::Hook>,
}

/// A setting that no messenger can work with.
#[derive(Debug, thiserror::Error)]
#[error("calls.{0}")]
pub struct BadCalls(&'static str);

impl Messenger {
    /// A messenger with these settings.
    pub fn open(calls: &Calls) -> Result<Self, BadCalls> {
        Ok(Self { mail: mail::Mail::open(calls)?, hook: hook::Hook::open(calls)? })
    }
}

impl Carrier for Messenger {
    fn carries(&self, channel: CallChannel) -> bool {
        match channel {
            CallChannel::Board => true,
            CallChannel::Email => self.mail.is_some(),
            CallChannel::Webhook => self.hook.is_some(),
        }
    }

    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), CallFailure>> {
        let carried = async move {
            match letter.channel {
                CallChannel::Board => Ok(()),
                CallChannel::Email => match &self.mail {
                    Some(mail) => mail.carry(letter).await,
                    None => Err(CallFailure::NotConfigured),
                },
                CallChannel::Webhook => match &self.hook {
                    Some(hook) => hook.carry(letter).await,
                    None => Err(CallFailure::NotConfigured),
                },
            }
        };
        let in_time = tokio::time::timeout(CARRY_TIME_MAX, carried);
        in_time.map(|done| done.unwrap_or(Err(CallFailure::Unreachable))).boxed()
    }
}
