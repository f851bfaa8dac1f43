//! Whose tokens the hub believes, and by which proof.
//!
//! **Invariant**: everything that decides about a token is written here by the operator, nothing is taken from it.
use super::{fetch, keys};
use crate::domain::role::Role;
use jsonwebtoken::jwk::JwkSet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One issuer whose tokens the hub believes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The exact `iss` of its tokens, 1 to 255 bytes; no default.
    pub issuer: String,
    /// The `aud` that means this hub, 1 to 255 bytes; no default.
    pub audience: String,
    /// The signature algorithms it uses, at least one for a key set; none by default. Not used with introspection.
    #[serde(default)]
    pub algorithms: Vec<Algorithm>,
    /// The header types (`typ`) that its access tokens carry, in any letter case; default `at+jwt` and
    /// `application/at+jwt` (RFC 9068). With `JWT` here, an ID token for the same audience passes too.
    #[serde(default = "access_token_types")]
    pub token_types: Vec<String>,
    /// Where its proof comes from; no default.
    pub keys: KeySource,
    /// Further claims that a token must carry; none by default.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// How far its clock may be off, in seconds; default 60, at most 300.
    #[serde(default = "skew_seconds")]
    pub skew_seconds: u32,
    /// How its claims hint at a role and an organization; by default they do not.
    #[serde(default)]
    pub claims: Option<ClaimMapping>,
    /// The scopes that allow reading and writing; by default scopes are not looked at.
    #[serde(default)]
    pub scopes: Option<Scopes>,
}

/// Where the proof of a token comes from: exactly one of these.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// The address of its JSON Web Key Set: https, or http on loopback.
    JwksUrl(String),
    /// Its JSON Web Key Set itself; each key must fit one of the algorithms.
    Jwks(JwkSet),
    /// It answers for its tokens, which are opaque (RFC 7662); at most one issuer of a hub.
    Introspection(Introspection),
}

/// How to ask an issuer about a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Introspection {
    /// The address to ask: https, or http on loopback; no default.
    pub url: String,
    /// The hub's own name at the issuer; no default.
    pub client_id: String,
    /// The hub's own secret at the issuer; no default.
    pub client_secret: SecretString,
}

/// How claims hint at a role and an organization. A value that is not listed maps to nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimMapping {
    /// The claim that names the role; no default.
    pub role: String,
    /// The claim that names the organization; no default.
    pub organization: String,
    /// What the role claim's values mean; none by default.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// The external ids that the organization claim's values mean; none by default.
    #[serde(default)]
    pub organizations: BTreeMap<String, String>,
}

/// The scopes that allow reading and writing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scopes {
    /// Without this scope a token is refused; no default.
    pub read: String,
    /// Without this scope a token only reads; no default.
    pub write: String,
}

/// A signature algorithm with a public key; the list is closed, so a shared secret or `none` cannot be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

fn access_token_types() -> Vec<String> {
    ["at+jwt", "application/at+jwt"].map(str::to_owned).into()
}

fn skew_seconds() -> u32 {
    60
}

/// A setting that cannot stand, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("login issuer \"{issuer}\": `{setting}` {problem}")]
pub struct BadSetting {
    /// Whose setting.
    pub issuer: String,
    /// Which setting.
    pub setting: &'static str,
    /// What is wrong and what to do.
    pub problem: &'static str,
}

impl Issuer {
    /// Refuses settings that would let a wrong token in, or no token at all.
    pub fn check(&self) -> Result<(), BadSetting> {
        self.check_names()?;
        self.refuse(self.skew_seconds > 300, "skew_seconds", "is over 300: mend the issuer's clock instead")?;
        if let Some(map) = &self.claims {
            self.refuse(map.role.is_empty(), "claims.role", "is empty: name the claim")?;
            self.refuse(map.organization.is_empty(), "claims.organization", "is empty: name the claim")?;
        }
        if let Some(scopes) = &self.scopes {
            let wrong = |scope: &str| scope.is_empty() || scope.contains(char::is_whitespace);
            self.refuse(wrong(&scopes.read), "scopes.read", "must be one scope: give one word")?;
            self.refuse(wrong(&scopes.write), "scopes.write", "must be one scope: give one word")?;
        }
        self.check_keys()
    }

    fn check_names(&self) -> Result<(), BadSetting> {
        let wrong = |text: &str| text.is_empty() || text.len() > 255;
        self.refuse(wrong(&self.issuer), "issuer", "must be 1 to 255 bytes: copy the `iss` of its tokens")?;
        self.refuse(wrong(&self.audience), "audience", "must be 1 to 255 bytes: copy the `aud` that means this hub")?;
        let unnamed = self.required_claims.iter().any(String::is_empty);
        self.refuse(unnamed, "required_claims", "holds an empty name: name the claim or drop it")
    }

    fn check_keys(&self) -> Result<(), BadSetting> {
        const ADDRESS: &str = "must be an https address without credentials (http only on loopback): correct it";
        match &self.keys {
            KeySource::JwksUrl(url) => self.refuse(fetch::address(url).is_none(), "keys.jwks_url", ADDRESS)?,
            KeySource::Jwks(set) => {
                let fits = |key| self.algorithms.iter().any(|algorithm| keys::fits(key, *algorithm));
                let wrong = set.keys.is_empty() || !set.keys.iter().all(fits);
                let problem = "needs public keys, each for one of `algorithms`: correct either list";
                self.refuse(wrong, "keys.jwks", problem)?;
            }
            KeySource::Introspection(ask) => {
                self.refuse(fetch::address(&ask.url).is_none(), "keys.introspection.url", ADDRESS)?;
                let problem = "is empty: register the hub at the issuer and copy it";
                self.refuse(ask.client_id.is_empty(), "keys.introspection.client_id", problem)?;
                let secret = ask.client_secret.expose_secret();
                return self.refuse(secret.is_empty(), "keys.introspection.client_secret", problem);
            }
        }
        self.refuse(self.algorithms.is_empty(), "algorithms", "is empty: list what the issuer signs with")?;
        let untyped = self.token_types.is_empty() || self.token_types.iter().any(String::is_empty);
        self.refuse(untyped, "token_types", "needs at least one type and no empty one: list the `typ` of its tokens")
    }

    fn refuse(&self, wrong: bool, setting: &'static str, problem: &'static str) -> Result<(), BadSetting> {
        if wrong { Err(self.bad(setting, problem)) } else { Ok(()) }
    }

    pub(super) fn bad(&self, setting: &'static str, problem: &'static str) -> BadSetting {
        BadSetting { issuer: self.issuer.clone(), setting, problem }
    }
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 => Self::RS256,
            Algorithm::Rs384 => Self::RS384,
            Algorithm::Rs512 => Self::RS512,
            Algorithm::Ps256 => Self::PS256,
            Algorithm::Ps384 => Self::PS384,
            Algorithm::Ps512 => Self::PS512,
            Algorithm::Es256 => Self::ES256,
            Algorithm::Es384 => Self::ES384,
            Algorithm::EdDsa => Self::EdDSA,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::forge::Key;
    use serde_json::{Value, json};

    fn full() -> Value {
        let key = Key::new("key-1", jsonwebtoken::Algorithm::ES256);
        json!({ "issuer": "https://id.example", "audience": "https://hub.example", "algorithms": ["ES256", "EdDSA"],
            "keys": { "jwks": { "keys": [key.public()] } }, "required_claims": ["acr"], "skew_seconds": 300,
            "claims": { "role": "roles", "organization": "agency", "roles": { "nurse": "INTAKE" } },
            "scopes": { "read": "hub:read", "write": "hub:write" } })
    }

    fn read(settings: Value) -> Result<Issuer, serde_json::Error> {
        serde_json::from_value(settings)
    }

    #[test]
    fn sound_settings_pass_and_the_rest_has_defaults() {
        assert_eq!(read(full()).unwrap().check(), Ok(()));
        let url = json!({ "jwks_url": "https://id.example/jwks" });
        let few = json!({ "issuer": "i", "audience": "a", "algorithms": ["RS256"], "keys": url });
        let issuer = read(few).unwrap();
        assert_eq!(issuer.check(), Ok(()));
        assert_eq!((issuer.skew_seconds, issuer.token_types.len()), (60, 2));
    }

    #[test]
    fn the_same_settings_are_read_from_toml() {
        use figment::providers::{Format, Toml};
        let toml = r#"
            issuer = "https://id.example"
            audience = "https://hub.example"
            [keys.introspection]
            url = "https://id.example/introspect"
            client_id = "hub"
            client_secret = "hush"
        "#;
        let issuer: Issuer = figment::Figment::from(Toml::string(toml)).extract().unwrap();
        assert_eq!(issuer.check(), Ok(()));
        assert!(!format!("{issuer:?}").contains("hush"));
        let key = Key::new("key-1", jsonwebtoken::Algorithm::ES256).public();
        let member = |name: &str| format!("{name} = {}", key[name]);
        let toml = format!(
            "issuer = 'i'\naudience = 'a'\nalgorithms = ['ES256']\n[[keys.jwks.keys]]\n{}",
            ["kty", "crv", "x", "y", "kid", "use"].map(member).join("\n")
        );
        let issuer: Issuer = figment::Figment::from(Toml::string(&toml)).extract().unwrap();
        assert_eq!(issuer.check(), Ok(()));
    }

    #[test]
    fn a_shared_secret_none_or_an_unknown_setting_cannot_be_written() {
        for (name, value) in [
            ("algorithms", json!(["HS256"])),
            ("algorithms", json!(["none"])),
            ("algorithms", json!(["es256"])),
            ("algoritms", json!(["ES256"])),
            ("keys", json!({ "jwks_url": "https://a.example", "jwks": { "keys": [] } })),
            ("keys", json!({ "secret": "hush" })),
            ("skew_seconds", json!(-1)),
            ("claims", json!({ "role": "r", "organization": "o", "roles": { "nurse": "NURSE" } })),
        ] {
            let mut settings = full();
            settings[name] = value;
            assert!(read(settings.clone()).is_err(), "{name} {}", settings[name]);
        }
    }

    #[test]
    fn a_bad_setting_is_named() {
        let shared = json!({ "jwks": { "keys": [{ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }] } });
        let ask = |url: &str, id: &str, secret: &str| json!({ "introspection": { "url": url, "client_id": id, "client_secret": secret } });
        for (name, value, setting) in [
            ("issuer", json!(""), "issuer"),
            ("audience", json!("a".repeat(256)), "audience"),
            ("algorithms", json!(["RS256"]), "keys.jwks"),
            ("token_types", json!([]), "token_types"),
            ("token_types", json!([""]), "token_types"),
            ("required_claims", json!([""]), "required_claims"),
            ("skew_seconds", json!(301), "skew_seconds"),
            ("claims", json!({ "role": "", "organization": "o" }), "claims.role"),
            ("scopes", json!({ "read": "r", "write": "w x" }), "scopes.write"),
            ("keys", json!({ "jwks": { "keys": [] } }), "keys.jwks"),
            ("keys", shared, "keys.jwks"),
            ("keys", json!({ "jwks_url": "http://id.example/jwks" }), "keys.jwks_url"),
            ("keys", ask("ftp://id.example", "hub", "hush"), "keys.introspection.url"),
            ("keys", ask("https://id.example", "", "hush"), "keys.introspection.client_id"),
            ("keys", ask("https://id.example", "hub", ""), "keys.introspection.client_secret"),
        ] {
            let mut settings = full();
            settings[name] = value;
            let bad = read(settings).unwrap().check().unwrap_err();
            assert_eq!(bad.setting, setting);
            assert!(bad.to_string().contains(setting) && bad.to_string().contains(": "), "{bad}");
        }
        let mut none = full();
        none["algorithms"] = json!([]);
        none["keys"] = json!({ "jwks_url": "https://id.example/jwks" });
        assert_eq!(read(none).unwrap().check().unwrap_err().setting, "algorithms");
    }
}
