//! Good tokens and every way to forge one, for tests here and outside.
//!
//! **Invariant**: knows nothing of the hub, so that a test binary can take this file in by its path.
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use serde_json::{Value, json};

/// A private key that signs tokens, with its published half.
pub struct Key {
    /// The key id.
    pub kid: String,
    algorithm: Algorithm,
    private: EncodingKey,
}

impl Key {
    /// A new key for `ES256`, `ES384`, `EdDSA`, or an RSA algorithm.
    pub fn new(kid: &str, algorithm: Algorithm) -> Self {
        let random = SystemRandom::new();
        let ec = |kind| EncodingKey::from_ec_der(EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap().as_ref());
        let private = match algorithm {
            Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => EncodingKey::from_ed_der(Ed25519KeyPair::generate_pkcs8v1(&random).unwrap().as_ref()),
            _ => {
                let der: Pkcs8V1Der = KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
                let body = STANDARD.encode(der.as_ref());
                let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
                EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
            }
        };
        Self { kid: kid.to_owned(), algorithm, private }
    }

    /// The algorithm's name in a header.
    pub fn alg(&self) -> String {
        format!("{:?}", self.algorithm)
    }

    /// The published half, as a member of a JSON Web Key Set.
    pub fn public(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.private, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    /// Signs a header and claims as they are written.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// The JSON Web Key Set that publishes these keys.
pub fn key_set(keys: &[&Key]) -> String {
    json!({ "keys": keys.iter().map(|key| key.public()).collect::<Vec<_>>() }).to_string()
}

/// A token before it is signed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

impl Draft {
    /// A token that the hub must accept: `issuer`'s, for `audience`, signed by `key`, good for 600 s from `now`.
    pub fn good(issuer: &str, audience: &str, key: &Key, now: i64) -> Self {
        Self {
            header: json!({ "typ": "at+jwt", "alg": key.alg(), "kid": key.kid }),
            claims: json!({ "iss": issuer, "aud": audience, "sub": "person-1", "client_id": "app-1",
                "iat": now, "nbf": now, "exp": now + 600, "jti": "1" }),
        }
    }

    /// The same with another member in the header; `null` takes it out.
    #[must_use]
    pub fn header(mut self, name: &str, value: Value) -> Self {
        put(&mut self.header, name, value);
        self
    }

    /// The same with another claim; `null` takes it out.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        put(&mut self.claims, name, value);
        self
    }

    /// The token.
    pub fn sign(&self, key: &Key) -> String {
        key.sign(&self.header.to_string(), &self.claims.to_string())
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    let object = object.as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name)
    } else {
        object.insert(name.to_owned(), value)
    };
}

/// What the forger knows and holds.
pub struct Scene<'k> {
    /// An issuer that the hub believes, and the audience it believes it for.
    pub issuer: &'k str,
    /// The audience that means the hub.
    pub audience: &'k str,
    /// The issuer's published signing key; its algorithm is in the issuer's list.
    pub key: &'k Key,
    /// Two different keys that the issuer publishes under one id.
    pub twin: &'k Key,
    /// A published key of the issuer whose algorithm is not in its list.
    pub unlisted: &'k Key,
    /// A published key whose algorithm is in the list, of another kind than `key`.
    pub second: &'k Key,
    /// Another issuer that the hub believes.
    pub other_issuer: &'k str,
    /// That other issuer's published key.
    pub other_key: &'k Key,
    /// The forger's own key.
    pub own: &'k Key,
    /// Seconds since 1970, by the hub's clock.
    pub now: i64,
}

/// One forged token: its kind, the refusal that it must meet, and the token.
pub type Forged = (&'static str, &'static str, String);

impl Scene<'_> {
    /// The token that the hub must accept.
    pub fn good(&self) -> Draft {
        Draft::good(self.issuer, self.audience, self.key, self.now)
    }

    /// Every forged kind.
    pub fn forged(&self) -> Vec<Forged> {
        let mut all = self.algorithms();
        all.extend(self.keys());
        all.extend(self.types());
        all.extend(self.claims());
        all.extend(self.times());
        all.extend(self.shapes());
        all
    }

    fn header(&self, name: &str, value: Value) -> String {
        self.good().header(name, value).sign(self.key)
    }

    fn claim(&self, name: &str, value: Value) -> String {
        self.good().claim(name, value).sign(self.key)
    }

    fn algorithms(&self) -> Vec<Forged> {
        let unsigned = |alg: &str| {
            let token = self.good().header("alg", json!(alg)).sign(self.key);
            format!("{}.", token.rsplit_once('.').unwrap().0)
        };
        // The classic: the published key's bytes taken for a shared secret.
        let hmac = |secret: &[u8]| {
            let draft = self.good().header("alg", json!("HS256"));
            let key = Key {
                kid: self.key.kid.clone(),
                algorithm: Algorithm::HS256,
                private: EncodingKey::from_secret(secret),
            };
            draft.sign(&key)
        };
        let public = self.key.public();
        let second = Draft::good(self.issuer, self.audience, self.second, self.now);
        vec![
            ("alg none", "Algorithm", unsigned("none")),
            ("alg None", "Algorithm", unsigned("None")),
            ("alg of the key, no signature", "Signature", unsigned(&self.key.alg())),
            ("HS256 with the public key as JSON", "Algorithm", hmac(public.to_string().as_bytes())),
            ("HS256 with the public key's x", "Algorithm", hmac(public["x"].as_str().unwrap().as_bytes())),
            ("HS256 with nothing", "Algorithm", hmac(b"")),
            ("alg missing", "Algorithm", self.header("alg", Value::Null)),
            ("alg a list", "Algorithm", self.header("alg", json!([self.key.alg()]))),
            ("alg in lower case", "Algorithm", self.header("alg", json!(self.key.alg().to_lowercase()))),
            (
                "alg not in the issuer's list",
                "Algorithm",
                Draft::good(self.issuer, self.audience, self.unlisted, self.now).sign(self.unlisted),
            ),
            ("alg of another key", "Key", self.header("alg", json!(self.second.alg()))),
            ("kid of another key", "Key", second.header("kid", json!(self.key.kid)).sign(self.second)),
        ]
    }

    fn keys(&self) -> Vec<Forged> {
        let own = |draft: Draft| draft.sign(self.own);
        let kid = |kid: &str| own(self.good().header("kid", json!(kid)));
        vec![
            ("own key under the issuer's kid", "Signature", own(self.good())),
            ("own key", "Key", own(Draft::good(self.issuer, self.audience, self.own, self.now))),
            ("kid a path", "Key", kid("../../../../dev/null")),
            ("kid SQL", "Key", kid("x' UNION SELECT 'secret' -- ")),
            ("kid a command", "Key", kid("key|id")),
            ("kid an address", "Key", kid("https://forger.example/jwks.json")),
            ("kid with a null", "Key", kid(&format!("{}\0", self.key.kid))),
            ("kid empty", "Key", kid("")),
            ("kid too long", "Key", kid(&"k".repeat(129))),
            ("kid a number", "Malformed", own(self.good().header("kid", json!(1)))),
            (
                "kid that two keys have",
                "Key",
                Draft::good(self.issuer, self.audience, self.twin, self.now).sign(self.twin),
            ),
            ("no kid, and several keys fit", "Key", self.header("kid", Value::Null)),
            ("jku", "Signature", own(self.good().header("jku", json!("https://forger.example/jwks.json")))),
            ("x5u", "Signature", own(self.good().header("x5u", json!("https://forger.example/cert.pem")))),
            ("x5c", "Signature", own(self.good().header("x5c", json!(["MIIB"])))),
            ("embedded jwk", "Signature", own(self.good().header("jwk", self.own.public()))),
            (
                "embedded jwk and its kid",
                "Key",
                own(self.good().header("jwk", self.own.public()).header("kid", json!(self.own.kid))),
            ),
            (
                "issuer of another's key",
                "Key",
                self.good().header("kid", json!(self.other_key.kid)).sign(self.other_key),
            ),
            ("another's key under the issuer's kid", "Signature", self.good().sign(self.other_key)),
        ]
    }

    fn types(&self) -> Vec<Forged> {
        vec![
            ("typ JWT", "Type", self.header("typ", json!("JWT"))),
            ("typ of an ID token", "Type", self.header("typ", json!("id_token"))),
            ("typ of a logout token", "Type", self.header("typ", json!("logout+jwt"))),
            ("typ missing", "Type", self.header("typ", Value::Null)),
            ("typ empty", "Type", self.header("typ", json!(""))),
            ("typ a list", "Type", self.header("typ", json!(["at+jwt"]))),
            ("crit", "Malformed", self.header("crit", json!(["exp"]))),
            ("crit empty", "Malformed", self.header("crit", json!([]))),
            (
                "crit b64",
                "Malformed",
                self.good().header("crit", json!(["b64"])).header("b64", json!(false)).sign(self.key),
            ),
        ]
    }

    fn claims(&self) -> Vec<Forged> {
        let slash = format!("{}/", self.issuer);
        let longer = format!("{}x", self.audience);
        vec![
            ("iss unknown", "UnknownIssuer", self.claim("iss", json!("https://forger.example"))),
            ("iss with a slash", "UnknownIssuer", self.claim("iss", json!(slash))),
            ("iss missing", "MissingClaim", self.claim("iss", Value::Null)),
            ("iss a list", "Claim", self.claim("iss", json!([self.issuer]))),
            ("iss of another issuer", "Key", self.claim("iss", json!(self.other_issuer))),
            ("aud of another", "Audience", self.claim("aud", json!("https://other.example"))),
            ("aud that begins like ours", "Audience", self.claim("aud", json!(longer))),
            ("aud list without ours", "Audience", self.claim("aud", json!(["a", "b"]))),
            ("aud list empty", "Audience", self.claim("aud", json!([]))),
            ("aud list with a number", "Claim", self.claim("aud", json!([self.audience, 1]))),
            ("aud missing", "MissingClaim", self.claim("aud", Value::Null)),
            ("aud an object", "Claim", self.claim("aud", json!({ "aud": self.audience }))),
            ("sub missing", "MissingClaim", self.claim("sub", Value::Null)),
            ("sub empty", "Claim", self.claim("sub", json!(""))),
            ("sub a number", "Claim", self.claim("sub", json!(1))),
            ("sub with a line break", "Claim", self.claim("sub", json!("a\nb"))),
            ("sub too long", "Claim", self.claim("sub", json!("s".repeat(256)))),
            ("client a list", "Claim", self.claim("client_id", json!(["app-1"]))),
        ]
    }

    fn times(&self) -> Vec<Forged> {
        vec![
            ("exp missing", "MissingClaim", self.claim("exp", Value::Null)),
            ("exp a string", "Claim", self.claim("exp", json!((self.now + 600).to_string()))),
            ("exp a list", "Claim", self.claim("exp", json!([self.now + 600]))),
            ("exp true", "Claim", self.claim("exp", json!(true))),
            ("exp past", "Expired", self.claim("exp", json!(self.now - 60))),
            ("exp long past", "Expired", self.claim("exp", json!(-1))),
            ("nbf to come", "NotYetValid", self.claim("nbf", json!(self.now + 61))),
            ("nbf a string", "Claim", self.claim("nbf", json!(self.now.to_string()))),
            ("nbf far to come", "NotYetValid", self.claim("nbf", json!(1e300))),
            ("iat to come", "NotYetValid", self.claim("iat", json!(self.now + 61))),
            ("iat a string", "Claim", self.claim("iat", json!(self.now.to_string()))),
        ]
    }

    fn shapes(&self) -> Vec<Forged> {
        let draft = self.good();
        let (header, claims) = (draft.header.to_string(), draft.claims.to_string());
        let good = draft.sign(self.key);
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (head, _) = message.split_once('.').unwrap();
        let changed = URL_SAFE_NO_PAD.encode(draft.clone().claim("sub", json!("person-2")).claims.to_string());
        let twice = |json: &str, name: &str, value: &str| json.replacen('{', &format!("{{\"{name}\":\"{value}\","), 1);
        let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
        vec![
            ("signature cut", "Signature", good[..good.len() - 4].to_owned()),
            ("signature gone", "Signature", format!("{message}.")),
            ("signature of zeros", "Signature", format!("{message}.{zeros}")),
            ("signature of another token", "Signature", format!("{head}.{changed}.{signature}")),
            ("signature padded", "Signature", format!("{good}==")),
            ("header changed", "Type", format!("{}.{changed}.{signature}", URL_SAFE_NO_PAD.encode("{}"))),
            ("two parts", "Malformed", message.to_owned()),
            ("four parts", "Malformed", format!("{good}.{signature}")),
            ("five parts", "Malformed", format!("{good}.a.b")),
            ("only dots", "Malformed", "..".to_owned()),
            ("nothing", "Malformed", String::new()),
            ("too large", "Malformed", self.claim("pad", json!("p".repeat(8192)))),
            ("not Base64", "Malformed", format!("a{good}")),
            ("another alphabet", "Malformed", format!("{head}.!!!!.{signature}")),
            ("a space", "Malformed", format!("{good} ")),
            ("not ASCII", "Malformed", format!("{good}\u{e9}")),
            ("claims not JSON", "Malformed", self.key.sign(&header, "exp=1")),
            ("claims a list", "Malformed", self.key.sign(&header, "[]")),
            ("claims and more", "Malformed", self.key.sign(&header, &format!("{claims}{{}}"))),
            ("header not JSON", "Malformed", self.key.sign("alg", &claims)),
            ("a claim twice", "Malformed", self.key.sign(&header, &twice(&claims, "sub", "person-2"))),
            ("alg twice", "Malformed", self.key.sign(&twice(&header, "alg", "none"), &claims)),
        ]
    }
}
