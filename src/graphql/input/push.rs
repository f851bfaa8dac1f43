//! What is said of browsers that people are reached at.
use super::{keyed, keyed_blind, named};
use crate::app::push::{RegisterPush, RemovePush};
use crate::domain::push::PushKeys;
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// Registers a browser of your own: what its `PushSubscription.toJSON()` says.
#[derive(Clone, InputObject)]
pub struct RegisterPushInput {
    /// Its address at its push service, `https://`, at most 1000 characters. The hub writes to the push services of its settings
    /// alone.
    endpoint: String,
    /// Its public key, `keys.p256dh`, as base64url without padding.
    p256dh: String,
    /// What it shares with the hub, `keys.auth`, as base64url without padding.
    auth: String,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Takes back a browser of your own.
#[derive(Clone, Debug, InputObject)]
pub struct RemovePushInput {
    /// The browser's registration.
    push_subscription_id: ID,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

// Whoever knows the address can write to the browser: nothing is to slip out if something printed an input.
impl fmt::Debug for RegisterPushInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterPushInput").finish_non_exhaustive()
    }
}

/// Reads a browser.
pub(in crate::graphql) fn register(asking: &Asking, input: RegisterPushInput) -> Result<RegisterPush, Error> {
    let bytes = |field: &str, text: &str| {
        let none = || coded(ErrorCode::BadUserInput, format!("`{field}` is base64url without padding"));
        URL_SAFE_NO_PAD.decode(text).map_err(|_| none())
    };
    let (p256dh, auth) = (bytes("p256dh", &input.p256dh)?, bytes("auth", &input.auth)?);
    let whole = (&input.endpoint, &input.p256dh, &input.auth);
    let keyed = keyed_blind(asking, "registerPush", input.idempotency_key.as_deref(), &whole)?;
    Ok(RegisterPush { keys: PushKeys { endpoint: input.endpoint, p256dh, auth }, keyed })
}

/// Reads which browser is taken back.
pub(in crate::graphql) fn remove(asking: &Asking, input: RemovePushInput) -> Result<RemovePush, Error> {
    let keyed = keyed(asking, "removePush", input.idempotency_key.as_deref(), &input)?;
    Ok(RemovePush { subscription: named(&input.push_subscription_id)?, keyed })
}
