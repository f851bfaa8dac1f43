//! WHO IS REACHED. Carries messages out of the hub: by mail, to people's browsers, and to the network's own gateway.
//!
//! **Invariant**: only to the servers of the settings, over TLS but on this very machine; every message ends in time; what a
//! server says, and whom a message is for, are written down nowhere.
mod aes128gcm;
mod hook;
mod mail;
mod push;

pub use push::new_push_key;

use crate::app::call::{Browser, Carried, Carrier, Letter, To};
use crate::config::Calls;
use crate::domain::call::{CallChannel, CallFailure};
use crate::domain::code::Coded;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use push::Reached;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use std::future::Future;
use std::time::Duration;

/// The longest that one message may take, its second try included.
const CARRY_TIME_MAX: Duration = Duration::from_secs(25);
/// The longest that one try may take.
const TRY_TIME_MAX: Duration = Duration::from_secs(12);
/// The longest that one answer of a server may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long it is waited until what may pass is tried again, once.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Carries messages by the channels that there are settings for.
pub struct Messenger {
    mail: Option<mail::Mail>,
    hook: Option<hook::Hook>,
    push: Option<push::Push>,
}

/// A setting that no messenger can work with.
#[derive(Debug, thiserror::Error)]
#[error("calls.{0}")]
pub struct BadCalls(&'static str);

/// Why one try reached nobody, and whether another may.
#[derive(Clone, Copy, Debug)]
struct Missed {
    why: CallFailure,
    passes: bool,
}

/// What another machine is told.
#[derive(serde::Serialize)]
struct Told<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    /// Whom a gateway passes it on to.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    text: String,
    url: &'a str,
}

impl<'a> Told<'a> {
    fn of(letter: &'a Letter, to: Option<&'a str>, url: &'a str) -> Self {
        Self { kind: "answer.due", id: &letter.id, to, text: letter.text(), url }
    }
}

/// A client for servers of the settings: wherever one would send it on, nobody has agreed to that, and nothing that it answers is
/// read. Where all of them are on this very machine it works without CA certificates, as in a container that holds none.
fn client(all_here: bool, any_here: bool) -> Option<Client> {
    let client = Client::builder().redirect(Policy::none()).timeout(ANSWER_TIME_MAX).user_agent("crisis-hub");
    let client = if all_here { client.tls_certs_only([]) } else { client.https_only(!any_here) };
    client.build().ok()
}

impl Missed {
    /// What another try would not change.
    fn for_good(why: CallFailure) -> Self {
        Self { why, passes: false }
    }

    /// What may have passed in a moment.
    fn for_now(why: CallFailure) -> Self {
        Self { why, passes: true }
    }

    /// What a server that does not take a request says of it.
    fn answered(status: StatusCode) -> Self {
        let passes =
            status.is_server_error() || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
        Self { why: CallFailure::Refused, passes }
    }
}

/// Tries something, and what may pass once more: servers restart, and somebody is waiting.
async fn twice<T, F: Future<Output = Result<T, Missed>>>(
    channel: CallChannel,
    attempt: impl Fn() -> F,
) -> Result<T, CallFailure> {
    match in_time(attempt()).await {
        Err(missed) if missed.passes => {
            metrics::counter!("hub_calls_retried_total", "channel" => channel.code()).increment(1);
            tokio::time::sleep(AGAIN_AFTER).await;
            in_time(attempt()).await.map_err(|missed| missed.why)
        }
        other => other.map_err(|missed| missed.why),
    }
}

async fn in_time<T>(attempt: impl Future<Output = Result<T, Missed>>) -> Result<T, Missed> {
    let late = || Missed::for_now(CallFailure::Unreachable);
    tokio::time::timeout(TRY_TIME_MAX, attempt).await.unwrap_or_else(|_| Err(late()))
}

impl Messenger {
    /// A messenger with these settings.
    pub fn open(calls: &Calls) -> Result<Self, BadCalls> {
        Ok(Self { mail: mail::Mail::open(calls)?, hook: hook::Hook::open(calls)?, push: push::Push::open(calls)? })
    }

    /// The public key of its pushes, as browsers take it; none where there are no settings for them.
    pub fn push_key(&self) -> Option<&str> {
        self.push.as_ref().map(push::Push::public)
    }

    async fn carry_one(&self, letter: &Letter) -> Result<(), CallFailure> {
        match (letter.channel, &self.mail, &self.hook) {
            (CallChannel::Board, ..) => Ok(()),
            (CallChannel::Email, Some(mail), _) => twice(letter.channel, || mail.carry(letter)).await,
            (CallChannel::Webhook, _, Some(hook)) => twice(letter.channel, || hook.carry(letter)).await,
            _ => Err(CallFailure::NotConfigured),
        }
    }

    /// To every browser of a person at once: one that is reached is enough.
    async fn carry_to(&self, letter: &Letter, browsers: &[Browser]) -> Carried {
        let Some(push) = &self.push else { return Carried::failed(CallFailure::NotConfigured) };
        let one = |browser| twice(letter.channel, move || push.carry(letter, browser));
        let went = join_all(browsers.iter().map(one)).await;
        let gone = browsers.iter().zip(&went).filter(|(_, went)| matches!(went, Ok(Reached::Gone)));
        let mut gone: Vec<_> = gone.map(|(browser, _)| browser.id).collect();
        gone.sort_unstable();
        let sent = went.iter().any(|went| matches!(went, Ok(Reached::Sent)));
        let failure = went.iter().find_map(|went| went.as_ref().err().copied());
        Carried { failure: (!sent).then(|| failure.unwrap_or(CallFailure::NotRegistered)), gone }
    }
}

impl Carrier for Messenger {
    fn carries(&self, channel: CallChannel) -> bool {
        match channel {
            CallChannel::Board => true,
            CallChannel::Email => self.mail.is_some(),
            CallChannel::Webhook => self.hook.is_some(),
            CallChannel::Push => self.push.is_some(),
        }
    }

    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Carried> {
        let carried = async move {
            match &letter.to {
                To::Browsers(browsers) => self.carry_to(letter, browsers).await,
                To::Address(_) => Carried { failure: self.carry_one(letter).await.err(), gone: Vec::new() },
            }
        };
        let in_time = tokio::time::timeout(CARRY_TIME_MAX, carried);
        in_time.map(|done| done.unwrap_or_else(|_| Carried::failed(CallFailure::Unreachable))).boxed()
    }
}
