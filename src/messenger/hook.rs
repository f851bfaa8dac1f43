//! The signed request to the network's own gateway, in the form of Standard Webhooks.
use super::{ANSWER_TIME_MAX, BadCalls, Missed};
use crate::app::call::Letter;
use crate::config::Calls;
use crate::domain::call::CallFailure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use sha2::Sha256;

/// Requests to one gateway.
pub(super) struct Hook {
    client: Client,
    url: Url,
    key: Vec<u8>,
    link: String,
}

/// What a gateway is told.
#[derive(serde::Serialize)]
struct Told<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    to: &'a str,
    text: String,
    url: &'a str,
}

impl Hook {
    pub(super) fn open(calls: &Calls) -> Result<Option<Self>, BadCalls> {
        if calls.webhook_url.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(&calls.webhook_url).map_err(|_| BadCalls("webhook_url is no address"))?;
        let key = calls.webhook_key().ok_or(BadCalls("webhook_secret is no secret"))?;
        // Wherever a gateway would send it on, nobody has agreed to that. Nothing that it answers is read.
        let client = Client::builder().redirect(Policy::none()).timeout(ANSWER_TIME_MAX).user_agent("crisis-hub");
        // A gateway on this very machine must work in a container that holds no CA certificates.
        let client = if url.scheme() == "https" { client.https_only(true) } else { client.tls_certs_only([]) };
        let client = client.build().map_err(|_| BadCalls("webhook_url cannot be called from here"))?;
        Ok(Some(Self { client, url, key, link: calls.public_url.clone() }))
    }

    pub(super) async fn carry(&self, letter: &Letter) -> Result<(), Missed> {
        let bad = || Missed::for_good(CallFailure::BadAddress);
        let told = Told {
            kind: "answer.due",
            id: &letter.id,
            to: letter.address().ok_or_else(bad)?.expose(),
            text: letter.text(),
            url: &self.link,
        };
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
