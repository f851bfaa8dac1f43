//! Web Push: encrypted for one browser (RFC 8291), and signed as this hub's (VAPID, RFC 8292).
use super::aes128gcm::Aws;
use super::{BadCalls, Missed, Told, client};
use crate::app::call::{Browser, Letter};
use crate::config::Calls;
use crate::domain::call::CallFailure;
use crate::domain::push::PushHosts;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Client, StatusCode, Url};
use sha2::{Digest, Sha256};

/// How long a push service keeps a message for a browser that is away, in seconds: then somebody else is called.
const KEPT_SECONDS: u32 = 15 * 60;
/// How long a push service believes who writes, in seconds; a day at the most.
const BELIEVED_SECONDS: i64 = 12 * 60 * 60;
/// How many characters of a message's name its topic has: as many as a push service takes.
const TOPIC: usize = 32;

/// Pushes by the services of browsers.
pub(super) struct Push {
    client: Client,
    hosts: PushHosts,
    key: EncodingKey,
    public: String,
    subject: String,
    link: String,
}

/// Who writes, as a push service reads it.
#[derive(serde::Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    sub: &'a str,
}

/// How one browser was reached.
pub(super) enum Reached {
    /// Its push service has the message.
    Sent,
    /// Its push service knows it no more.
    Gone,
}

/// The public half of a private key, as browsers take it.
fn public_of(private: &[u8]) -> Option<Vec<u8>> {
    let key = PrivateKey::from_private_key(&ECDH_P256, private).ok()?;
    Some(key.compute_public_key().ok()?.as_ref().to_vec())
}

/// A new key that the hub signs its pushes with, for its settings, and its public half, as browsers take it; none when the host
/// gives no random bytes.
pub fn new_push_key() -> Option<(String, String)> {
    let key = PrivateKey::generate(&ECDH_P256).ok()?;
    let private: EcPrivateKeyBin<'_> = key.as_be_bytes().ok()?;
    let public = public_of(private.as_ref())?;
    Some((URL_SAFE_NO_PAD.encode(private.as_ref()), URL_SAFE_NO_PAD.encode(public)))
}

impl Push {
    pub(super) fn open(calls: &Calls) -> Result<Option<Self>, BadCalls> {
        let bad = || BadCalls("push_key is no key: `crisis-hub keys push` makes one");
        let Some(private) = calls.push_key() else { return Ok(None) };
        let private = private.ok_or_else(bad)?;
        let public = public_of(&private).ok_or_else(bad)?;
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &private, &public).ok();
        let document = pair.and_then(|pair| pair.to_pkcs8v1().ok()).ok_or_else(bad)?;
        let hosts = PushHosts::parse(&calls.push_hosts).ok_or(BadCalls("push_hosts are no push services"))?;
        let client = client(hosts.all_here(), hosts.any_here());
        let client = client.ok_or(BadCalls("push_hosts cannot be called from here"))?;
        // Another messenger of this program may have set it.
        let _ = ece::crypto::set_cryptographer(&Aws);
        Ok(Some(Self {
            client,
            hosts,
            key: EncodingKey::from_ec_der(document.as_ref()),
            public: URL_SAFE_NO_PAD.encode(public),
            subject: calls.push_subject.clone(),
            link: calls.public_url.clone(),
        }))
    }

    pub(super) fn public(&self) -> &str {
        &self.public
    }

    pub(super) async fn carry(&self, letter: &Letter, to: &Browser) -> Result<Reached, Missed> {
        let bad = || Missed::for_good(CallFailure::BadAddress);
        // The settings may have changed since it was registered.
        self.hosts.host_of(&to.keys.endpoint).ok_or_else(bad)?;
        let url = Url::parse(&to.keys.endpoint).map_err(|_| bad())?;
        let told = serde_json::to_vec(&Told::of(letter, None, &self.link)).map_err(|_| bad())?;
        let body = ece::encrypt(&to.keys.p256dh, &to.keys.auth, &told).map_err(|_| bad())?;
        let who = self.who(&url, letter).ok_or_else(|| Missed::for_good(CallFailure::NotConfigured))?;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/octet-stream")
            .header("content-encoding", "aes128gcm")
            .header("ttl", KEPT_SECONDS)
            .header("urgency", "high")
            .header("topic", topic(&letter.id))
            .header("authorization", who)
            .body(body);
        let answer = request.send().await.map_err(|_| Missed::for_now(CallFailure::Unreachable))?;
        match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Reached::Gone),
            status if status.is_success() => Ok(Reached::Sent),
            status => Err(Missed::answered(status)),
        }
    }

    /// Says to one push service, for half a day, whose messages these are.
    fn who(&self, url: &Url, letter: &Letter) -> Option<String> {
        let exp = letter.at.micros().div_euclid(1_000_000) + BELIEVED_SECONDS;
        let claims = Claims { aud: url.origin().ascii_serialization(), exp, sub: &self.subject };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key).ok()?;
        Some(format!("vapid t={token}, k={}", self.public))
    }
}

/// The same for the same message, so that one that is sent again takes the place of the first; it says nothing of it.
fn topic(id: &str) -> String {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(id));
    digest.get(..TOPIC).unwrap_or_default().to_owned()
}
