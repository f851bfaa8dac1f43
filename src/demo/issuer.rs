//! The demo's own issuer of tokens: one key, made once and kept beside the demo's data.
//!
//! **Invariant**: it goes through the same door as any other issuer, with its public key written into its settings; it
//! says who somebody is and never what they may do.
use crate::domain::time::At;
use crate::login::Issuer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The `iss` of the demo's tokens; `.invalid` can never be a real issuer's name (RFC 2606).
pub const ISSUER: &str = "https://demo.crisis-hub.invalid";
/// The `aud` that means a demo hub.
pub const AUDIENCE: &str = "https://demo.crisis-hub.invalid/graphql";
/// How long a token is good, in hours.
pub const TOKEN_HOURS: i64 = 12;
const KEY_FILE: &str = "demo-issuer.key";
const KEY_ID: &str = "demo-1";

/// Why the demo has no issuer.
#[derive(Debug, thiserror::Error)]
pub enum NoIssuer {
    /// The key file cannot be read or written.
    #[error("the demo's key: {0}")]
    Io(#[from] std::io::Error),
    /// The key file is not a key.
    #[error("the demo's key does not read: delete {KEY_FILE} and start again")]
    NotAKey,
}

impl From<jsonwebtoken::errors::Error> for NoIssuer {
    fn from(_: jsonwebtoken::errors::Error) -> Self {
        Self::NotAKey
    }
}

/// Signs the demo's tokens.
pub struct DemoIssuer {
    key: EncodingKey,
}

impl DemoIssuer {
    /// Reads the key of a data folder, or makes one: tokens outlive a restart.
    pub fn open(folder: &Path) -> Result<Self, NoIssuer> {
        let path = folder.join(KEY_FILE);
        let der = match std::fs::read(&path) {
            Ok(der) => der,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
                let der = made.map_err(|_| std::io::Error::other("no key could be made"))?.as_ref().to_vec();
                write_private(&path, &der)?;
                der
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { key: EncodingKey::from_ec_der(&der) })
    }

    /// The issuer as the hub's settings know it.
    pub fn settings(&self) -> Result<Issuer, NoIssuer> {
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&self.key, Algorithm::ES256)?)
            .map_err(|_| NoIssuer::NotAKey)?;
        if let Some(members) = public.as_object_mut() {
            members.extend([("kid".to_owned(), json!(KEY_ID)), ("use".to_owned(), json!("sig"))]);
        }
        let settings = json!({ "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"],
            "keys": { "jwks": { "keys": [public] } } });
        serde_json::from_value(settings).map_err(|_| NoIssuer::NotAKey)
    }

    /// A token for a persona, good for [`TOKEN_HOURS`] from `now`.
    pub fn token(&self, persona: &str, now: At) -> Result<String, NoIssuer> {
        let seconds = now.micros().div_euclid(1_000_000);
        let header = Header { typ: Some("at+jwt".into()), kid: Some(KEY_ID.into()), ..Header::new(Algorithm::ES256) };
        let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": persona, "iat": seconds,
            "exp": seconds + TOKEN_HOURS * 3_600 });
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

/// Writes a file that only its owner reads, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, HubClock};
    use crate::login::Verifier;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_token_passes_the_common_door_and_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HubClock::default());
        let token = DemoIssuer::open(folder.path()).unwrap().token("officer", clock.now()).unwrap();
        let again = DemoIssuer::open(folder.path()).unwrap();
        let verifier = Verifier::new(vec![again.settings().unwrap()], clock.clone()).unwrap();
        let identity = verifier.verify(&token).await.unwrap();
        assert_eq!((identity.subject.as_str(), &*identity.issuer), ("officer", ISSUER));
        let left = identity.expires_at.micros_since(clock.now());
        assert!((left - TOKEN_HOURS * 3_600_000_000).abs() < 5_000_000);
        let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_no_key_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(KEY_FILE), "no key").unwrap();
        let broken = DemoIssuer::open(folder.path()).unwrap();
        assert!(broken.settings().is_err_and(|error| error.to_string().contains("delete demo-issuer.key")));
    }
}
