//! What a token says, once it is proven: the one set of rules for JWTs and for introspection answers.
//!
//! **Invariant**: pure; a claim that is not understood is refused, never skipped.
use super::identity::{ClaimedGrant, Identity};
use super::settings::{ClaimMapping, Issuer};
use super::verify::Refused;
use crate::domain::time::At;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// The members of a JSON object.
pub(super) type Members = Map<String, Value>;

/// A JSON object in which no name comes twice: two readers must never see two tokens in one.
pub(super) struct Strict(pub(super) Members);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Strict;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object in which no name comes twice")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Strict, A::Error> {
                let mut members = Members::new();
                while let Some((name, value)) = from.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name comes twice"));
                    }
                }
                Ok(Strict(members))
            }
        }
        from.deserialize_map(Once)
    }
}

/// What one issuer's claims must say.
pub(super) struct Rules {
    /// The settings, checked.
    pub(super) settings: Issuer,
    /// The issuer's name, shared by its identities.
    pub(super) issuer: Arc<str>,
}

impl Rules {
    pub(super) fn new(settings: Issuer) -> Self {
        Self { issuer: settings.issuer.as_str().into(), settings }
    }

    /// Who proven claims speak for.
    pub(super) fn identity(&self, claims: &Members, now: At) -> Result<Identity, Refused> {
        let expires_at = self.in_time(claims, now)?;
        let audience = claims.get("aud").ok_or(Refused::MissingClaim)?;
        if !texts(audience).ok_or(Refused::Claim)?.contains(&self.settings.audience.as_str()) {
            return Err(Refused::Audience);
        }
        if self.settings.required_claims.iter().any(|name| claims.get(name).is_none_or(Value::is_null)) {
            return Err(Refused::MissingClaim);
        }
        let subject = reference(claims, "sub")?.ok_or(Refused::MissingClaim)?;
        let client = match reference(claims, "client_id")? {
            None => reference(claims, "azp")?,
            named => named,
        };
        Ok(Identity {
            issuer: Arc::clone(&self.issuer),
            subject,
            client,
            expires_at,
            read_only: self.read_only(claims)?,
            hint: self.settings.claims.as_ref().and_then(|mapping| hint(mapping, claims)),
        })
    }

    fn in_time(&self, claims: &Members, now: At) -> Result<At, Refused> {
        let skew = i64::from(self.settings.skew_seconds);
        let expires_at = instant(claims, "exp")?.ok_or(Refused::MissingClaim)?;
        if now >= expires_at.plus_seconds(skew) {
            return Err(Refused::Expired);
        }
        for name in ["nbf", "iat"] {
            if instant(claims, name)?.is_some_and(|at| at > now.plus_seconds(skew)) {
                return Err(Refused::NotYetValid);
            }
        }
        Ok(expires_at)
    }

    fn read_only(&self, claims: &Members) -> Result<bool, Refused> {
        let Some(scopes) = &self.settings.scopes else { return Ok(false) };
        // RFC 9068 says `scope`, one string of words; widespread issuers say `scp`, some with a list.
        let lists = ["scope", "scp"].into_iter().filter_map(|name| texts(claims.get(name)?));
        let granted: Vec<&str> = lists.flatten().flat_map(str::split_whitespace).collect();
        if granted.contains(&scopes.read.as_str()) {
            Ok(!granted.contains(&scopes.write.as_str()))
        } else {
            Err(Refused::Claim)
        }
    }
}

/// A NumericDate (RFC 7519): a JSON number of seconds. A string is refused, where a lax reader would skip the check.
fn instant(claims: &Members, name: &str) -> Result<Option<At>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    if let Some(seconds) = value.as_i64() {
        return Ok(Some(At::default().plus_seconds(seconds)));
    }
    let seconds = value.as_f64().ok_or(Refused::Claim)?;
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and an instant is held within its years")]
    let micros = (seconds * 1e6) as i64;
    Ok(Some(At::from_micros(micros)))
}

/// A reference that is stored and compared: 1 to 255 bytes without control characters.
fn reference(claims: &Members, name: &str) -> Result<Option<String>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let text = value.as_str().ok_or(Refused::Claim)?;
    let sound = (1..=255).contains(&text.len()) && !text.contains(char::is_control);
    if sound { Ok(Some(text.to_owned())) } else { Err(Refused::Claim) }
}

/// One string, or a list of nothing but strings.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn hint(mapping: &ClaimMapping, claims: &Members) -> Option<ClaimedGrant> {
    let role = meaning(&mapping.roles, claims.get(&mapping.role)?)?;
    let organization = meaning(&mapping.organizations, claims.get(&mapping.organization)?)?;
    Some(ClaimedGrant { role: *role, organization: organization.clone() })
}

/// The one meaning of a claim; two different ones are none, since the hub must not choose.
fn meaning<'m, T: PartialEq>(meanings: &'m BTreeMap<String, T>, value: &Value) -> Option<&'m T> {
    let mut found = texts(value)?.into_iter().filter_map(|text| meanings.get(text));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}
