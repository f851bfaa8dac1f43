//! The world outside, as pushes find it: a push service that keeps what it is sent, and browsers that read it.
//!
//! Read as RFC 8291 and RFC 8292 say, with nothing of the hub's and nothing of the library that it writes with.
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A push as it came.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Pushed {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Who says that they wrote it, once their signature is verified by the key beside it: the claims, and the key.
    pub fn vapid(&self) -> (Value, String) {
        let said = self.header("authorization").strip_prefix("vapid ").unwrap();
        let part = |name: &str| said.split(',').find_map(|part| part.trim().strip_prefix(name)).unwrap();
        let (token, key) = (part("t="), part("k="));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let public = signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes(key));
        public.verify(message.as_bytes(), &bytes(signature)).expect("it is signed by somebody else");
        let (header, claims) = message.split_once('.').unwrap();
        let json = |text: &str| serde_json::from_slice::<Value>(&bytes(text)).unwrap();
        assert_eq!(json(header), json!({ "typ": "JWT", "alg": "ES256" }));
        (json(claims), key.to_owned())
    }
}

/// A push service.
#[derive(Clone)]
pub struct PushService {
    address: SocketAddr,
    pushed: Arc<Mutex<Vec<Pushed>>>,
    /// What it answers to a path; 201 to all others.
    answers: Arc<Mutex<BTreeMap<String, u16>>>,
}

impl PushService {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self { address: listener.local_addr().unwrap(), pushed: Arc::default(), answers: Arc::default() };
        let taking = service.clone();
        let taken = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let path = uri.path().to_owned();
            let status = taking.answers.lock().unwrap().get(&path).copied().unwrap_or(201);
            taking.pushed.lock().unwrap().push(Pushed { path, headers, body: body.to_vec() });
            async move { StatusCode::from_u16(status).unwrap() }
        };
        let routes = Router::new().fallback(taken);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        service
    }

    /// As a setting names it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn pushed(&self) -> Vec<Pushed> {
        self.pushed.lock().unwrap().clone()
    }

    pub fn answer(&self, browser: &Browser, status: u16) {
        self.answers.lock().unwrap().insert(browser.path.clone(), status);
    }

    /// A new browser that is written to here.
    pub fn browser(&self, secret: &str) -> Browser {
        let private = PrivateKey::generate(&ECDH_P256).unwrap();
        let public = private.compute_public_key().unwrap().as_ref().to_vec();
        let mut auth = vec![0; 16];
        rand::fill(&mut auth).unwrap();
        let path = format!("/push/{secret}");
        Browser { endpoint: format!("{}{path}", self.origin()), path, private, public, auth }
    }
}

/// A browser.
pub struct Browser {
    pub endpoint: String,
    pub path: String,
    private: PrivateKey,
    public: Vec<u8>,
    auth: Vec<u8>,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(key: &Prk, info: &[u8], length: usize) -> Vec<u8> {
    let mut made = vec![0; length];
    key.expand(&[info], Length(length)).unwrap().fill(&mut made).unwrap();
    made
}

impl Browser {
    /// What its page sends to be reached at it: `PushSubscription.toJSON()`, less the expiry.
    pub fn json(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "endpoint": self.endpoint, "p256dh": text(&self.public), "auth": text(&self.auth) })
    }

    /// Reads what is for its eyes alone (RFC 8291, 3.4; one record of RFC 8188); none when it is not.
    pub fn reads(&self, pushed: &Pushed) -> Option<String> {
        assert_eq!(pushed.header("content-encoding"), "aes128gcm");
        let (salt, rest) = pushed.body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert!(u32::from_be_bytes(size.try_into().unwrap()) >= 18);
        let (sender, sealed) = rest.split_at(1 + usize::from(rest[0]));
        let sender = &sender[1..];
        let remote = UnparsedPublicKey::new(&ECDH_P256, sender);
        let shared = agree(&self.private, remote, (), |shared| Ok(shared.to_vec())).ok()?;
        let info = [b"WebPush: info\0", &*self.public, sender].concat();
        let input = derive(&Salt::new(HKDF_SHA256, &self.auth).extract(&shared), &info, 32);
        let key = Salt::new(HKDF_SHA256, salt).extract(&input);
        let content = derive(&key, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = derive(&key, b"Content-Encoding: nonce\0", 12);
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content).unwrap());
        let mut held = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let open = cipher.open_in_place(nonce, Aad::empty(), &mut held).ok()?;
        // The last record ends with a 2, and padding after it.
        let end = open.iter().rposition(|byte| *byte != 0)?;
        assert_eq!(open[end], 2);
        Some(String::from_utf8(open[..end].to_vec()).unwrap())
    }
}
