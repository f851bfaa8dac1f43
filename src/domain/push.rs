//! Browsers that people are reached at by Web Push (RFC 8030), and the push services that the hub writes to.
//!
//! **Invariant**: whoever knows a browser's address can write to it. It is sealed where it is kept, and printed nowhere.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{GrantId, Noun, NounId, OrganizationId, PushSubscriptionId, RegionId};
use super::text::{self, Flaw, FlawKind};
use super::time::At;
use std::fmt;

/// Most browsers that one person is reached at.
pub const PER_PERSON_MAX: usize = 5;
/// Longest address of a browser at its push service, in characters.
pub const ENDPOINT_MAX: usize = 1_000;
/// Most push services that the hub writes to.
pub const HOSTS_MAX: usize = 32;
/// The push services of the browsers that people have: Chrome's, Firefox', Safari's and Edge's.
pub const WELL_KNOWN: [&str; 4] =
    ["fcm.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com", "*.notify.windows.com"];
/// Bytes of a browser's public key: an uncompressed point of P-256.
const POINT: usize = 65;
/// Bytes of what a browser and the hub share.
const AUTH: usize = 16;

codes! {
    /// Where a browser's registration stands.
    PushState {
        /// The person is reached at it.
        Active "ACTIVE",
        /// The person took it back.
        Removed "REMOVED",
        /// Its push service knows it no more.
        Expired "EXPIRED",
        /// The grant that it was registered under holds no more.
        Revoked "REVOKED",
    }
}

/// Where a browser is written to, and what for its eyes alone is sealed with.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PushKeys {
    /// Its address at its push service.
    pub endpoint: String,
    /// Its public key.
    pub p256dh: Vec<u8>,
    /// What it and the hub share.
    pub auth: Vec<u8>,
}

impl fmt::Debug for PushKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A push service that the hub writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PushHost {
    /// One host, over HTTPS.
    Exact(String),
    /// Every host below a name, which begins with its dot; over HTTPS.
    Below(String),
    /// An origin on this very machine, such as `http://127.0.0.1:8080`: for tests and trials.
    Here(String),
}

/// The push services that the hub writes to, and no others: an address that somebody names is a request that the hub makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushHosts(Vec<PushHost>);

impl Default for PushHosts {
    fn default() -> Self {
        Self(WELL_KNOWN.iter().filter_map(|host| PushHost::parse(host)).collect())
    }
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    // At least two labels, and no number at the end: a name, and no address.
    host.len() <= 253
        && host.split('.').count() >= 2
        && host.split('.').all(label)
        && !host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

impl PushHost {
    fn parse(text: &str) -> Option<Self> {
        if let Some(port) = text.strip_prefix("http://127.0.0.1:").or_else(|| text.strip_prefix("http://localhost:")) {
            return port.parse::<u16>().is_ok().then(|| Self::Here(text.into()));
        }
        match text.strip_prefix('*') {
            Some(below) => below.strip_prefix('.').filter(|name| is_name(name)).map(|_| Self::Below(below.into())),
            None => is_name(text).then(|| Self::Exact(text.into())),
        }
    }
}

impl PushHosts {
    /// Reads the push services as settings name them: a host, `*.` and what is above hosts, or an origin on this very machine.
    pub fn parse(hosts: &[String]) -> Option<Self> {
        if hosts.len() > HOSTS_MAX {
            return None;
        }
        hosts.iter().map(|host| PushHost::parse(host)).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The host of a browser's address, where it is one that the hub writes to. What no two readers of addresses could read in
    /// two ways passes, and nothing else.
    pub fn host_of<'a>(&self, endpoint: &'a str) -> Option<&'a str> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:/?%".contains(&b);
        if endpoint.len() > ENDPOINT_MAX || !endpoint.bytes().all(plain) {
            return None;
        }
        let (origin, rest) = match endpoint.strip_prefix("https://") {
            Some(after) => (None, after),
            None => (Some("http://"), endpoint.strip_prefix("http://")?),
        };
        let (host, path) = rest.split_once('/')?;
        let listed = |one: &PushHost| match (one, origin) {
            (PushHost::Exact(name), None) => host == name,
            (PushHost::Below(above), None) => host.ends_with(above.as_str()) && is_name(host),
            (PushHost::Here(here), Some(scheme)) => here.strip_prefix(scheme) == Some(host),
            _ => false,
        };
        (!path.is_empty() && self.0.iter().any(listed)).then_some(host)
    }

    /// Whether some of them are on this very machine, without TLS.
    pub fn any_here(&self) -> bool {
        self.0.iter().any(|one| matches!(one, PushHost::Here(_)))
    }

    /// Whether all of them are.
    pub fn all_here(&self) -> bool {
        self.0.iter().all(|one| matches!(one, PushHost::Here(_)))
    }
}

impl PushKeys {
    /// Whether they are such as browsers make: that the point lies on its curve, whoever keeps them looks.
    pub fn check(&self) -> Result<(), Flaw> {
        let malformed = |field| Err(Flaw { field, kind: FlawKind::Malformed, min: 0, max: 0 });
        text::line("endpoint", &self.endpoint, ENDPOINT_MAX)?;
        if self.p256dh.len() != POINT || self.p256dh.first() != Some(&4) {
            return malformed("p256dh");
        }
        if self.auth.len() == AUTH { Ok(()) } else { malformed("auth") }
    }
}

/// One browser that a person is reached at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSubscription {
    /// Its id.
    pub id: PushSubscriptionId,
    /// The region.
    pub region: RegionId,
    /// The agency whose person it is.
    pub owner: OrganizationId,
    /// The grant that it was registered under.
    pub grant: GrantId,
    /// How often it has changed.
    pub version: Version,
    /// The host of its push service.
    pub host: String,
    /// Where it stands.
    pub state: PushState,
    /// By what the same address is known again: a digest that nobody can try guesses against.
    pub digest: String,
    /// Its keys, sealed; none when it has ended.
    pub sealed: Option<Vec<u8>>,
    /// When it was registered.
    pub created_at: At,
    /// When it ended.
    pub ended_at: Option<At>,
}

/// A registration as the log keeps it: whose, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PushFact {
    /// The grant that it was registered under.
    pub grant: GrantId,
    /// Where it stands.
    pub state: PushState,
}

impl PushSubscription {
    /// Registers a browser, at version 1; its state is taken as new.
    pub fn register(self, now: At) -> Changed<Self> {
        let new = Self { version: 1, state: PushState::Active, created_at: now, ended_at: None, ..self };
        new.changed(EventKind::PushRegistered, now)
    }

    /// The same browser, with the keys that it has now.
    pub fn renew(&self, sealed: Vec<u8>, now: At) -> Changed<Self> {
        let renewed = Self { sealed: Some(sealed), version: self.version + 1, ..self.clone() };
        renewed.changed(EventKind::PushRegistered, now)
    }

    /// Nobody is reached at it any more, and its keys are gone; `None` when that is so already.
    pub fn end(&self, state: PushState, now: At) -> Option<Changed<Self>> {
        if self.state != PushState::Active {
            return None;
        }
        let ended = Self { state, sealed: None, ended_at: Some(now), version: self.version + 1, ..self.clone() };
        Some(ended.changed(EventKind::PushEnded, now))
    }

    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let happening = Happening {
            kind,
            noun: Noun::PushSubscription,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.owner,
            party: None,
            audience: Audience::AGENCY,
            at,
            fact: Fact::Push(PushFact { grant: self.grant, state: self.state }),
        };
        Changed::new(self, happening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_writes_to_push_services_of_its_settings_and_to_no_others() {
        let hosts = PushHosts::default();
        for (endpoint, host) in [
            ("https://fcm.googleapis.com/fcm/send/abc:APA91b-_x", "fcm.googleapis.com"),
            ("https://updates.push.services.mozilla.com/wpush/v2/gAAA", "updates.push.services.mozilla.com"),
            ("https://wns2-par02p.notify.windows.com/w/?token=BQYA%3d", "wns2-par02p.notify.windows.com"),
        ] {
            assert_eq!(hosts.host_of(endpoint), Some(host), "{endpoint}");
        }
        for endpoint in [
            "http://fcm.googleapis.com/a",
            "https://fcm.googleapis.com",
            "https://fcm.googleapis.com/",
            "https://fcm.googleapis.com:8443/a",
            "https://fcm.googleapis.com.evil.example/a",
            "https://user@fcm.googleapis.com/a",
            "https://fcm.googleapis.com\\@evil.example/a",
            "https://evil.example/fcm.googleapis.com/a",
            "https://evil.example#fcm.googleapis.com/a",
            "https://evilnotify.windows.com/a",
            "https://.notify.windows.com/a",
            "https://a b.notify.windows.com/a",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/a",
            "https://localhost/a",
            "http://127.0.0.1:8080/a",
            "file:///etc/passwd",
            "https://FCM.googleapis.com/a",
            "",
        ] {
            assert_eq!(hosts.host_of(endpoint), None, "{endpoint}");
        }
        assert_eq!(hosts.host_of(&format!("https://fcm.googleapis.com/{}", "a".repeat(1_000))), None);
    }

    #[test]
    fn what_is_no_push_service_is_no_setting() {
        let hosts = |of: &[&str]| PushHosts::parse(&of.iter().map(|&host| host.to_owned()).collect::<Vec<_>>());
        let here = hosts(&["push.example.org", "http://127.0.0.1:8080"]).unwrap();
        assert_eq!((here.any_here(), here.all_here()), (true, false));
        assert_eq!(here.host_of("http://127.0.0.1:8080/push/a"), Some("127.0.0.1:8080"));
        for other in ["http://127.0.0.1:8081/push/a", "https://127.0.0.1:8080/push/a", "http://127.0.0.1/push/a"] {
            assert_eq!(here.host_of(other), None, "{other}");
        }
        assert!(hosts(&[]).is_some_and(|none| none.all_here()));
        for bad in
            ["*", "*.", "*.com", "com", "*.a*.example", "10.0.0.1", "https://push.example.org", "http://10.0.0.1:80"]
        {
            assert_eq!(hosts(&[bad]), None, "{bad}");
        }
        assert_eq!(hosts(&["push.example.org"; 33]), None);
    }

    #[test]
    fn keys_are_such_as_browsers_make_and_are_printed_nowhere() {
        let endpoint = "https://fcm.googleapis.com/fcm/send/secret".to_owned();
        let keys = PushKeys { endpoint, p256dh: [&[4_u8][..], &[7; 64]].concat(), auth: vec![9; 16] };
        assert_eq!(keys.check(), Ok(()));
        let field = |keys: PushKeys| keys.check().unwrap_err().field;
        assert_eq!(field(PushKeys { p256dh: vec![4; 64], ..keys.clone() }), "p256dh");
        assert_eq!(field(PushKeys { p256dh: vec![3; 65], ..keys.clone() }), "p256dh");
        assert_eq!(field(PushKeys { auth: vec![9; 15], ..keys.clone() }), "auth");
        assert_eq!(field(PushKeys { endpoint: String::new(), ..keys.clone() }), "endpoint");
        assert_eq!(format!("{keys:?}"), "***");
    }
}
