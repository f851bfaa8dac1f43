//! The signed request to the network's own gateway, in the form of Standard Webhooks.
use super::{BadCalls, Missed, Told, client};
use crate::app::call::Letter;
use crate::config::Calls;
use crate::domain::call::CallFailure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Url};
use sha2::Sha256;

/// Requests to one gateway.
pub(super) struct Hook {
    client: Client,
    url: Url,
    key: Vec<u8>,
    link: String,
}

impl Hook {
    pub(super) fn open(calls: &Calls) -> Result<Option<Self>, BadCalls> {
        if calls.webhook_url.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(&calls.webhook_url).map_err(|_| BadCalls("webhook_url is no address"))?;
        let key = calls.webhook_key().ok_or(BadCalls("webhook_secret is no secret"))?;
        let here = url.scheme() != "https";
        let client = client(here, here).ok_or(BadCalls("webhook_url cannot be called from here"))?;
        Ok(Some(Self { client, url, key, link: calls.public_url.clone() }))
    }

    pub(super) async fn carry(&self, letter: &Letter) -> Result<(), Missed> {
        let bad = || Missed::for_good(CallFailure::BadAddress);
        let told = Told::of(letter, Some(letter.address().ok_or_else(bad)?.expose()), &self.link);
        let body = serde_json::to_string(&told).map_err(|_| bad())?;
        let seconds = letter.at.micros().div_euclid(1_000_000);
        let signature = sign(&self.key, &format!("{}.{seconds}.{body}", letter.id))
            .ok_or_else(|| Missed::for_good(CallFailure::NotConfigured))?;
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &letter.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", format!("v1,{signature}"))
            .body(body);
        let answer = request.send().await.map_err(|_| Missed::for_now(CallFailure::Unreachable))?;
        if answer.status().is_success() { Ok(()) } else { Err(Missed::answered(answer.status())) }
    }
}

/// The signature of a message: base64 of its HMAC-SHA256.
fn sign(key: &[u8], message: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn a_signature_is_the_standards() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(sign(&key, message).unwrap(), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
