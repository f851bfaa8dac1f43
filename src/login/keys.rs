//! An issuer's keys: fixed in the settings, or followed at its address.
//!
//! **Invariant**: a key is looked up in its own issuer's set alone, and no token makes the hub fetch more than once
//! in 30 s.
use super::claims::Rules;
use super::fetch::{self, NoAnswer};
use super::settings::{Algorithm, BadSetting, KeySource};
use super::verify::Refused;
use crate::clock::Clock;
use crate::domain::time::At;
use arc_swap::ArcSwapOption;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use reqwest::{Client, Url};
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Two fetches of one issuer's set are at least this far apart.
const FETCH_GAP_SECONDS: i64 = 30;
/// A set this old is asked for again, so that a key its issuer has removed stops working.
const REFRESH_AFTER_SECONDS: i64 = 60;
/// Through an outage the last good set serves this long.
const LAST_GOOD_SECONDS: i64 = 24 * 60 * 60;
/// The longest key id that is looked up.
const KID_CHARS_MAX: usize = 128;

/// The keys of a set; the same allocation for as long as the issuer publishes the same keys.
pub(super) type KeyList = Arc<[Key]>;

/// One published key, ready to verify with.
pub(super) struct Key {
    jwk: Jwk,
    decoding: DecodingKey,
}

/// Where an issuer's keys come from.
pub(super) enum Keys {
    Fixed(KeyList),
    Followed(Arc<Followed>),
}

/// A set that is followed at its address.
pub(super) struct Followed {
    issuer: Arc<str>,
    url: Url,
    client: Client,
    clock: Arc<dyn Clock>,
    held: ArcSwapOption<Held>,
    /// The last fetch's start; locked while one is under way, so that there is one at a time.
    tried: Mutex<Option<At>>,
}

struct Held {
    keys: KeyList,
    as_of: At,
}

impl Keys {
    /// The keys that an issuer's settings name; none for an issuer that is asked about each token.
    pub(super) fn of(rules: &Rules, clock: &Arc<dyn Clock>) -> Result<Option<Self>, BadSetting> {
        Ok(Some(match &rules.settings.keys {
            KeySource::Introspection(_) => return Ok(None),
            KeySource::Jwks(set) => Self::Fixed(usable(set.keys.iter().cloned())),
            KeySource::JwksUrl(text) => {
                let bad = || rules.settings.bad("keys.jwks_url", "cannot be called: install CA certificates");
                let url = fetch::address(text).ok_or_else(bad)?;
                Self::Followed(Arc::new(Followed {
                    issuer: Arc::clone(&rules.issuer),
                    client: fetch::client(&url).map_err(|_| bad())?,
                    url,
                    clock: Arc::clone(clock),
                    held: ArcSwapOption::empty(),
                    tried: Mutex::new(None),
                }))
            }
        }))
    }

    /// The keys now, asked for again when they are old.
    pub(super) async fn now(&self) -> Result<KeyList, Refused> {
        match self {
            Self::Fixed(keys) => Ok(Arc::clone(keys)),
            Self::Followed(followed) => followed.now().await,
        }
    }

    /// The keys that are held, whether or not they are old; none before the first answer.
    pub(super) fn held(&self) -> Option<KeyList> {
        match self {
            Self::Fixed(keys) => Some(Arc::clone(keys)),
            Self::Followed(followed) => followed.held.load().as_ref().map(|held| Arc::clone(&held.keys)),
        }
    }

    /// The keys now, asked for again because a token names one that is not among them.
    pub(super) async fn again(&self) -> Result<KeyList, Refused> {
        if let Self::Followed(followed) = self {
            followed.refresh().await;
        }
        self.now().await
    }
}

impl Followed {
    async fn now(self: &Arc<Self>) -> Result<KeyList, Refused> {
        let held = self.held.load_full();
        match &held {
            None => self.refresh().await,
            // Whoever finds the set old fetches; meanwhile everyone else goes on with it.
            Some(held)
                if self.older(held, REFRESH_AFTER_SECONDS) && self.tried.try_lock().is_ok_and(|t| self.due(*t)) =>
            {
                self.refresh().await;
            }
            Some(_) => {}
        }
        let held = self.held.load_full().filter(|held| !self.older(held, LAST_GOOD_SECONDS));
        held.map(|held| Arc::clone(&held.keys)).ok_or(Refused::Unavailable)
    }

    fn older(&self, held: &Held, seconds: i64) -> bool {
        self.clock.now() > held.as_of.plus_seconds(seconds)
    }

    fn due(&self, tried: Option<At>) -> bool {
        tried.is_none_or(|at| self.clock.now() >= at.plus_seconds(FETCH_GAP_SECONDS))
    }

    /// Fetches, or waits for the fetch that is under way; does nothing soon after one.
    async fn refresh(self: &Arc<Self>) {
        let followed = Arc::clone(self);
        // In a task of its own: callers who hang up must not be able to cancel everybody's fetch.
        let fetch = tokio::spawn(async move { followed.fetch().await });
        if fetch.await.is_err() {
            tracing::error!(issuer = %self.issuer, "the fetch of an issuer's keys did not end");
        }
    }

    async fn fetch(&self) {
        let mut tried = self.tried.lock().await;
        if !self.due(*tried) {
            return;
        }
        let as_of = self.clock.now();
        *tried = Some(as_of);
        match self.published().await {
            Ok(new) => {
                let old = self.held.load_full().map(|held| Arc::clone(&held.keys));
                let keys = old.filter(|old| old.iter().map(|k| &k.jwk).eq(new.iter().map(|k| &k.jwk))).unwrap_or(new);
                self.held.store(Some(Arc::new(Held { keys, as_of })));
            }
            Err(error) => tracing::warn!(issuer = %self.issuer, %error, "an issuer's keys could not be fetched"),
        }
    }

    async fn published(&self) -> Result<KeyList, NoAnswer> {
        #[derive(Deserialize)]
        struct Published {
            keys: Vec<serde_json::Value>,
        }
        let body = fetch::get(&self.client, &self.url).await?;
        let published: Published = serde_json::from_slice(&body).map_err(|_| NoAnswer::NotKeys)?;
        // A key of a kind that the hub does not know must not cost the others.
        Ok(usable(published.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok())))
    }
}

fn usable(set: impl Iterator<Item = Jwk>) -> KeyList {
    set.filter_map(|jwk| DecodingKey::from_jwk(&jwk).ok().map(|decoding| Key { jwk, decoding })).collect()
}

/// The one key of a list for a token's `kid` and algorithm; `None` when there is no such key, or more than one.
pub(super) fn select<'k>(keys: &'k [Key], kid: Option<&str>, algorithm: Algorithm) -> Option<&'k DecodingKey> {
    if kid.is_some_and(|kid| kid.is_empty() || kid.chars().count() > KID_CHARS_MAX) {
        return None;
    }
    let named = |jwk: &Jwk| kid.is_none_or(|kid| jwk.common.key_id.as_deref() == Some(kid));
    let mut suitable = keys.iter().filter(|key| named(&key.jwk) && fits(&key.jwk, algorithm));
    match (suitable.next(), suitable.next()) {
        (Some(key), None) => Some(&key.decoding),
        _ => None,
    }
}

/// Whether a key is one to verify this algorithm with.
pub(super) fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let of_kind = match (&jwk.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512) => true,
        (AlgorithmParameters::EllipticCurve(key), Es256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), Es384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(key), EdDsa) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    let common = &jwk.common;
    of_kind
        && common.key_algorithm.is_none_or(|named| named == jsonwebtoken::Algorithm::from(algorithm).into())
        && common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify))
}
