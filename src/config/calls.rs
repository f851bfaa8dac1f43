//! Settings of how people are called.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::IpAddr;
use url::Url;

/// What a webhook's secret begins with, as Standard Webhooks writes it.
const SECRET_BEGINS: &str = "whsec_";

/// How people are called. A channel without settings is passed over: its steps fail, and the next one is taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Where people find the hub: the link in each message.
    pub public_url: String,
    /// The server that takes mail, with its user and password; empty for none.
    pub smtp_url: SecretString,
    /// Whom mail is from.
    pub mail_from: String,
    /// The gateway that sends text messages and telephones; empty for none.
    pub webhook_url: String,
    /// What requests to it are signed with: `whsec_` and base64 of 24 to 64 bytes.
    pub webhook_secret: SecretString,
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || ip.is_some_and(|ip| ip.is_loopback())
}

/// An address over HTTPS, or to this very machine; without credentials.
fn is_safe(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let open = url.username().is_empty() && url.password().is_none();
        open && url.host_str().is_some() && (url.scheme() == "https" || (url.scheme() == "http" && is_here(&url)))
    })
}

/// A server that is spoken to over TLS, or on this very machine.
fn is_safe_mail(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let required = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        has_host && (url.scheme() == "smtps" || (url.scheme() == "smtp" && (required || is_here(&url))))
    })
}

impl Calls {
    /// The key that requests to the gateway are signed with.
    pub fn webhook_key(&self) -> Option<Vec<u8>> {
        let text = self.webhook_secret.expose_secret().strip_prefix(SECRET_BEGINS)?;
        STANDARD.decode(text).ok().filter(|key| (24..=64).contains(&key.len()))
    }

    /// The settings without which a channel is passed over.
    pub fn missing(&self) -> &'static str {
        match (self.smtp_url.expose_secret().is_empty(), self.webhook_url.is_empty()) {
            (true, true) => "calls.smtp_url calls.webhook_url",
            (true, false) => "calls.smtp_url",
            (false, true) => "calls.webhook_url",
            (false, false) => "",
        }
    }

    /// What is wrong with which setting.
    pub(super) fn wrong(&self) -> Vec<&'static str> {
        let (mail, hook) = (self.smtp_url.expose_secret(), self.webhook_url.as_str());
        let leaves = !(mail.is_empty() && hook.is_empty());
        let rules = [
            (
                (self.public_url.is_empty() && !leaves) || is_safe(&self.public_url),
                "calls.public_url is the https:// address where people find the hub, and is set where mail or the webhook is",
            ),
            (
                mail.is_empty() || is_safe_mail(mail),
                "calls.smtp_url begins with smtps://, or is smtp://host?tls=required; without TLS, this very machine alone",
            ),
            (mail.is_empty() || self.mail_from.contains('@'), "calls.mail_from is set where calls.smtp_url is"),
            (
                hook.is_empty() || is_safe(hook),
                "calls.webhook_url is an https:// address without credentials; without TLS, this very machine alone",
            ),
            (
                hook.is_empty() || self.webhook_key().is_some(),
                "calls.webhook_secret is whsec_ and base64 of 24 to 64 bytes, where calls.webhook_url is set",
            ),
        ];
        rules.into_iter().filter(|(fine, _)| !fine).map(|(_, wrong)| wrong).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(public_url: &str, smtp_url: &str, webhook_url: &str, secret: &str) -> Calls {
        Calls {
            public_url: public_url.into(),
            smtp_url: smtp_url.into(),
            mail_from: "hub@hub.example".into(),
            webhook_url: webhook_url.into(),
            webhook_secret: secret.into(),
        }
    }

    #[test]
    fn nothing_leaves_without_tls_but_to_this_machine() {
        let (public, secret) = ("https://hub.example", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        for (mail, hook) in [
            ("smtps://hub:word@mail.example", "https://gateway.example/hub"),
            ("smtp://hub:word@mail.example:587?tls=required", "http://127.0.0.1:9/hub"),
            ("smtp://127.0.0.1:2525", ""),
            ("", "http://localhost:9"),
            ("", ""),
        ] {
            assert_eq!(calls(public, mail, hook, secret).wrong(), [""; 0], "{mail} {hook}");
        }
        for (mail, hook) in [
            ("smtp://mail.example", ""),
            ("smtp://mail.example?tls=opportunistic", ""),
            ("mail.example", ""),
            ("", "http://gateway.example"),
            ("", "https://user:word@gateway.example"),
            ("", "ftp://gateway.example"),
        ] {
            assert_eq!(calls(public, mail, hook, secret).wrong().len(), 1, "{mail} {hook}");
        }
        for secret in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(calls(public, "", "https://gateway.example", secret).wrong().len(), 1, "{secret}");
        }
        assert_eq!(calls("", "smtps://mail.example", "", "").wrong().len(), 1, "no link");
        assert_eq!(calls("", "", "", "").wrong(), [""; 0], "nobody is called");
    }
}
