//! Settings of how people are called.
use crate::domain::push::PushHosts;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
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
    /// The private key that pushes to browsers are signed with; empty for none. `crisis-hub keys push` makes one.
    pub push_key: SecretString,
    /// Whom a push service writes to about this hub: `mailto:` or `https://`.
    pub push_subject: String,
    /// The push services that the hub writes to.
    pub push_hosts: Vec<String>,
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

    /// The key that pushes are signed with: none where there is no such setting, and nothing in it where it is no key.
    pub fn push_key(&self) -> Option<Option<Vec<u8>>> {
        let text = self.push_key.expose_secret();
        let bytes = || URL_SAFE_NO_PAD.decode(text).ok().filter(|key| key.len() == 32);
        (!text.is_empty()).then(bytes)
    }

    /// The settings without which a channel is passed over.
    pub fn missing(&self) -> String {
        let channels = [
            (self.smtp_url.expose_secret().is_empty(), "calls.smtp_url"),
            (self.webhook_url.is_empty(), "calls.webhook_url"),
            (self.push_key.expose_secret().is_empty(), "calls.push_key"),
        ];
        channels.into_iter().filter(|(missing, _)| *missing).map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    }

    /// What is wrong with which setting.
    pub(super) fn wrong(&self) -> Vec<&'static str> {
        let (mail, hook) = (self.smtp_url.expose_secret(), self.webhook_url.as_str());
        let pushes = self.push_key();
        let leaves = !(mail.is_empty() && hook.is_empty() && pushes.is_none());
        let told = self.push_subject.starts_with("mailto:") || self.push_subject.starts_with("https://");
        let rules = [
            (
                (self.public_url.is_empty() && !leaves) || is_safe(&self.public_url),
                "calls.public_url is the https:// address where people find the hub, and is set where mail, the webhook or a push key is",
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
            (
                pushes.as_ref().is_none_or(Option::is_some),
                "calls.push_key is what `crisis-hub keys push` makes: base64url of 32 bytes",
            ),
            (
                pushes.is_none() || told,
                "calls.push_subject begins with mailto: or https://, where calls.push_key is set",
            ),
            (
                PushHosts::parse(&self.push_hosts).is_some(),
                "calls.push_hosts are at most 32 push services: push.example.org, *.push.example.org; without TLS, a port of this \
                 very machine alone, http://127.0.0.1:8080",
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
            push_key: "".into(),
            push_subject: String::new(),
            push_hosts: Vec::new(),
        }
    }

    #[test]
    fn a_push_key_is_a_key_and_says_whose_it_is() {
        let with = |key: &str, subject: &str, host: &str| Calls {
            push_key: key.into(),
            push_subject: subject.into(),
            push_hosts: vec![host.into()],
            ..calls("https://hub.example", "", "", "")
        };
        let (key, subject, host) =
            ("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94", "mailto:hub@hub.example", "*.push.example");
        assert_eq!(with(key, subject, host).wrong(), [""; 0]);
        assert_eq!(with("", "", host).wrong(), [""; 0]);
        let by_default = crate::config::Config::defaults().unwrap().calls;
        assert_eq!(
            (by_default.push_hosts.iter().map(String::as_str).collect::<Vec<_>>(), by_default.wrong()),
            (crate::domain::push::WELL_KNOWN.to_vec(), Vec::new())
        );
        assert_eq!(with("c2hvcnQ", subject, host).wrong().len(), 1);
        assert_eq!(with(key, "hub@hub.example", host).wrong().len(), 1);
        assert_eq!(with(key, subject, "http://push.example").wrong().len(), 1);
        assert_eq!(Calls { public_url: String::new(), ..with(key, subject, host) }.wrong().len(), 1, "no link");
        assert!(!format!("{:?}", with(key, subject, host)).contains(key));
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
