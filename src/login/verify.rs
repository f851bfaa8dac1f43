//! From a bearer token to an identity.
//!
//! **Invariant**: nothing of a token is believed before its signature, except which issuer's rules it is to be held
//! against.
use super::cache::{self, Cache, Digest};
use super::claims::{Members, Rules, Strict};
use super::identity::Identity;
use super::introspect::Introspector;
use super::keys::{self, KeyList, Keys};
use super::settings::{Algorithm, BadSetting, Issuer};
use crate::clock::Clock;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Why a token is not believed; for logs and metrics, while the bearer hears only that it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// It is not a token.
    #[error("not a token")]
    Malformed,
    /// Nobody that the hub believes has issued it.
    #[error("unknown issuer")]
    UnknownIssuer,
    /// It is signed in a way that its issuer does not use.
    #[error("algorithm not allowed")]
    Algorithm,
    /// Its issuer has no such key, or no single one.
    #[error("no such key")]
    Key,
    /// Its signature is wrong.
    #[error("wrong signature")]
    Signature,
    /// It has expired.
    #[error("expired")]
    Expired,
    /// It is not valid yet.
    #[error("not valid yet")]
    NotYetValid,
    /// It is meant for somebody else.
    #[error("another audience")]
    Audience,
    /// It is another kind of token.
    #[error("another type of token")]
    Type,
    /// A claim that it must carry is missing.
    #[error("a claim is missing")]
    MissingClaim,
    /// A claim is not as it must be, or the scope to read is missing.
    #[error("a claim is not acceptable")]
    Claim,
    /// Its issuer says that it is not active.
    #[error("not active")]
    Inactive,
    /// Its issuer cannot be asked now; trying again later may help.
    #[error("the issuer cannot be reached")]
    Unavailable,
}

/// Proves who a bearer token speaks for.
pub struct Verifier {
    signed: HashMap<Arc<str>, Signed>,
    opaque: Option<Introspector>,
    clock: Arc<dyn Clock>,
    proven: Cache<(Identity, KeyList)>,
}

/// An issuer of signed tokens.
struct Signed {
    rules: Rules,
    keys: Keys,
}

/// A JWT's parts, decoded but not yet believed.
struct Parts<'t> {
    header: Members,
    claims: Members,
    message: &'t str,
    signature: &'t str,
}

impl Verifier {
    /// A verifier for these issuers, each checked; with none, every token is refused.
    pub fn new(issuers: Vec<Issuer>, clock: Arc<dyn Clock>) -> Result<Self, BadSetting> {
        let mut verifier = Self { signed: HashMap::new(), opaque: None, clock, proven: Cache::new() };
        for settings in issuers {
            settings.check()?;
            let rules = Rules::new(settings);
            if verifier.knows(&rules.issuer) {
                return Err(rules.settings.bad("issuer", "is given twice: keep one of them"));
            }
            match Keys::of(&rules, &verifier.clock)? {
                Some(keys) => {
                    verifier.signed.insert(Arc::clone(&rules.issuer), Signed { rules, keys });
                }
                // An opaque token does not say whose it is, and must not be shown to anyone else.
                None if verifier.opaque.is_some() => {
                    return Err(rules.settings.bad("keys.introspection", "is given for a second issuer: keep one"));
                }
                None => verifier.opaque = Introspector::of(rules)?,
            }
        }
        Ok(verifier)
    }

    fn knows(&self, issuer: &str) -> bool {
        self.signed.contains_key(issuer) || self.opaque.as_ref().is_some_and(|asked| asked.issuer() == issuer)
    }

    /// Who a token speaks for.
    pub async fn verify(&self, token: &str) -> Result<Identity, Refused> {
        // RFC 6750's alphabet: nothing else is sent on, decoded or compared.
        let alphabet = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(alphabet) {
            return Err(Refused::Malformed);
        }
        let digest = cache::digest(token);
        if let Some(identity) = self.already_proven(&digest).await? {
            return Ok(identity);
        }
        match (three(token), &self.opaque) {
            (Some(parts), _) => self.prove(parts, digest).await,
            (None, Some(asked)) => asked.verify(token, digest, self.clock.now()).await,
            (None, None) => Err(Refused::Malformed),
        }
    }

    /// Whether only its issuer can say whose a token is; a signature is proven here.
    pub fn must_ask(&self, token: &str) -> bool {
        self.opaque.is_some() && three(token).is_none()
    }

    /// Whether an issuer would be waited for: to say whose an opaque token is, or for a key that is not held.
    pub fn must_wait(&self, token: &str) -> bool {
        let Some((header, claims, ..)) = three(token).filter(|_| token.len() <= TOKEN_BYTES_MAX) else {
            return self.must_ask(token);
        };
        let lacks = || {
            let (header, claims) = (object(header).ok()?, object(claims).ok()?);
            let issuer = self.signed.get(claims.get("iss")?.as_str()?)?;
            let (kid, algorithm) = issuer.key_named(&header).ok()?;
            Some(issuer.keys.held().is_none_or(|held| keys::select(&held, kid, algorithm).is_none()))
        };
        // What cannot be read is refused at once.
        lacks().unwrap_or(false)
    }

    /// Who a token speaks for, if it was proven before and still is.
    pub async fn known(&self, token: &str) -> Option<Identity> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let digest = cache::digest(token);
        match self.already_proven(&digest).await {
            Ok(Some(identity)) => Some(identity),
            _ => self.opaque.as_ref()?.known(&digest, self.clock.now()),
        }
    }

    /// What was proven before, if its issuer still publishes the same keys.
    async fn already_proven(&self, digest: &Digest) -> Result<Option<Identity>, Refused> {
        let Some((identity, by)) = self.proven.get(digest, self.clock.now()) else { return Ok(None) };
        let Some(issuer) = self.signed.get(&identity.issuer) else { return Ok(None) };
        let same = Arc::ptr_eq(&by, &issuer.keys.now().await?);
        Ok((same && self.clock.now() < identity.expires_at).then_some(identity))
    }

    async fn prove(
        &self,
        (header, claims, message, signature): Three<'_>,
        digest: Digest,
    ) -> Result<Identity, Refused> {
        let parts = Parts { header: object(header)?, claims: object(claims)?, message, signature };
        let named = parts.claims.get("iss").ok_or(Refused::MissingClaim)?.as_str().ok_or(Refused::Claim)?;
        let issuer = self.signed.get(named).ok_or(Refused::UnknownIssuer)?;
        let keys = issuer.prove(&parts).await?;
        let identity = issuer.rules.identity(&parts.claims, self.clock.now())?;
        self.proven.put(digest, identity.expires_at, (identity.clone(), keys));
        Ok(identity)
    }
}

impl Signed {
    /// Checks header and signature; answers the list that held the key.
    async fn prove(&self, parts: &Parts<'_>) -> Result<KeyList, Refused> {
        // No extension is understood, so none may be critical (RFC 7515, 4.1.11).
        if parts.header.contains_key("crit") {
            return Err(Refused::Malformed);
        }
        let (kid, algorithm) = self.key_named(&parts.header)?;
        let mut list = self.keys.now().await?;
        if keys::select(&list, kid, algorithm).is_none() {
            list = self.keys.again().await?;
        }
        let key = keys::select(&list, kid, algorithm).ok_or(Refused::Key)?;
        match jsonwebtoken::crypto::verify(parts.signature, parts.message.as_bytes(), key, algorithm.into()) {
            Ok(true) => Ok(list),
            _ => Err(Refused::Signature),
        }
    }

    /// The key that a header of the right type names, and the algorithm, which is one of those allowed.
    fn key_named<'h>(&self, header: &'h Members) -> Result<(Option<&'h str>, Algorithm), Refused> {
        let settings = &self.rules.settings;
        let typ = header.get("typ").and_then(Value::as_str).ok_or(Refused::Type)?;
        if !settings.token_types.iter().any(|known| known.eq_ignore_ascii_case(typ)) {
            return Err(Refused::Type);
        }
        let algorithm = header.get("alg").ok_or(Refused::Algorithm)?;
        let algorithm = Algorithm::deserialize(algorithm).map_err(|_| Refused::Algorithm)?;
        if !settings.algorithms.contains(&algorithm) {
            return Err(Refused::Algorithm);
        }
        let kid = header.get("kid").map(|kid| kid.as_str().ok_or(Refused::Malformed)).transpose()?;
        Ok((kid, algorithm))
    }
}

/// Header, claims, what is signed, signature.
type Three<'t> = (&'t str, &'t str, &'t str, &'t str);

/// The parts of what looks like a JWT; `None` for an opaque token.
fn three(token: &str) -> Option<Three<'_>> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    (!claims.contains('.')).then_some((header, claims, message, signature))
}

fn object(part: &str) -> Result<Members, Refused> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed)?;
    serde_json::from_slice(&json).map(|Strict(members)| members).map_err(|_| Refused::Malformed)
}
