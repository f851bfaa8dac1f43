use super::{AUDIENCE, ISSUER, Local, Mood, NOW, Still, huge, settings};
use crate::login::forge::{Draft, Key};
use crate::login::settings::{Introspection, Issuer, KeySource, Scopes};
use crate::login::{Refused, Verifier};
use jsonwebtoken::Algorithm as Jose;
use serde_json::{Value, json};
use std::sync::Arc;

const TOKEN: &str = "2YotnFZFEjr1zCsicMWpAA";

struct Stage {
    clock: Arc<Still>,
    local: Arc<Local>,
    verifier: Verifier,
}

fn asked(local: &Local) -> Issuer {
    let ask = Introspection {
        url: format!("{}/introspect", local.address),
        client_id: "hub".into(),
        client_secret: "hush".into(),
    };
    settings(ISSUER, &[], KeySource::Introspection(ask))
}

impl Stage {
    async fn new(mood: Mood) -> Self {
        let (clock, local) = (Still::new(), Local::start(mood).await);
        let verifier = Verifier::new(vec![asked(&local)], clock.clone()).unwrap();
        Self { clock, local, verifier }
    }

    async fn answer(&self) -> Result<(), Refused> {
        self.verifier.verify(TOKEN).await.map(|_| ())
    }
}

/// An active answer with one member changed; `null` takes it out.
fn active(name: &str, value: Value) -> Mood {
    let mut answer = json!({ "active": true, "iss": ISSUER, "aud": AUDIENCE, "sub": "person-1", "client_id": "app-1",
        "token_type": "Bearer", "scope": "hub:read", "exp": NOW + 600, "iat": NOW });
    if value.is_null() {
        answer.as_object_mut().unwrap().remove(name);
    } else {
        answer[name] = value;
    }
    Mood::Answers(answer.to_string())
}

#[tokio::test]
async fn an_active_token_is_an_identity_and_its_issuer_is_asked_with_our_name() {
    let (clock, local) = (Still::new(), Local::start(active("", Value::Null)).await);
    let mut issuer = asked(&local);
    issuer.scopes = Some(Scopes { read: "hub:read".into(), write: "hub:write".into() });
    let identity = Verifier::new(vec![issuer], clock).unwrap().verify(TOKEN).await.unwrap();
    assert_eq!((&*identity.issuer, identity.subject.as_str()), (ISSUER, "person-1"));
    assert_eq!((identity.client.as_deref(), identity.read_only), (Some("app-1"), true));
    assert_eq!(*local.last.lock().unwrap(), format!("Basic aHViOmh1c2g= token={TOKEN}&token_type_hint=access_token"));
}

#[tokio::test]
async fn an_answer_must_say_everything_that_a_jwt_must() {
    for (name, value, expected) in [
        ("active", json!(false), Refused::Inactive),
        ("sub", Value::Null, Refused::MissingClaim),
        ("sub", json!(""), Refused::Claim),
        ("aud", Value::Null, Refused::MissingClaim),
        ("aud", json!(["https://other.example"]), Refused::Audience),
        ("exp", Value::Null, Refused::MissingClaim),
        ("exp", json!(NOW - 60), Refused::Expired),
        ("nbf", json!(NOW + 61), Refused::NotYetValid),
        ("iss", json!("https://forger.example"), Refused::UnknownIssuer),
        ("token_type", json!("refresh_token"), Refused::Type),
        // What is no introspection answer says nothing about the token.
        ("exp", json!((NOW + 600).to_string()), Refused::Unavailable),
        ("active", json!("true"), Refused::Unavailable),
        ("active", Value::Null, Refused::Unavailable),
    ] {
        let stage = Stage::new(active(name, value.clone())).await;
        assert_eq!(stage.answer().await, Err(expected), "{name} {value}");
    }
    for (name, value) in [("iss", Value::Null), ("aud", json!(["x", AUDIENCE])), ("token_type", Value::Null)] {
        let stage = Stage::new(active(name, value.clone())).await;
        assert_eq!(stage.answer().await, Ok(()), "{name} {value}");
    }
}

#[tokio::test]
async fn an_answer_is_believed_for_30_s() {
    let stage = Stage::new(active("", Value::Null)).await;
    assert_eq!(stage.answer().await, Ok(()));
    stage.local.becomes(Mood::Answers("{\"active\":false}".into()));
    stage.clock.advance(29);
    assert_eq!(stage.answer().await, Ok(()));
    stage.clock.advance(1);
    assert_eq!(stage.answer().await, Err(Refused::Inactive));
    assert_eq!(stage.answer().await, Err(Refused::Inactive));
    assert_eq!(stage.local.calls(), 2);
}

#[tokio::test]
async fn an_answer_is_never_believed_past_the_tokens_end() {
    let stage = Stage::new(active("exp", json!(NOW + 10))).await;
    assert_eq!(stage.answer().await, Ok(()));
    stage.local.becomes(Mood::Answers("{\"active\":false}".into()));
    stage.clock.advance(10);
    assert_eq!(stage.answer().await, Err(Refused::Inactive));
}

#[tokio::test]
async fn an_issuer_that_is_down_proves_nothing_and_is_asked_again() {
    let Mood::Answers(sound) = active("", Value::Null) else { panic!("no answer") };
    for mood in [Mood::Fails, huge(&sound), Mood::Redirects, Mood::Answers("<html>".into())] {
        let stage = Stage::new(mood).await;
        assert_eq!(stage.answer().await, Err(Refused::Unavailable));
        assert_eq!(stage.local.elsewhere.load(std::sync::atomic::Ordering::SeqCst), 0);
        stage.local.becomes(active("", Value::Null));
        assert_eq!(stage.answer().await, Ok(()));
    }
}

#[tokio::test]
async fn a_jwt_is_not_shown_to_the_issuer_of_opaque_tokens() {
    let stage = Stage::new(active("", Value::Null)).await;
    let key = Key::new("own", Jose::ES256);
    let jwt = Draft::good(ISSUER, AUDIENCE, &key, NOW).sign(&key);
    assert_eq!(stage.verifier.verify(&jwt).await.err(), Some(Refused::UnknownIssuer));
    for junk in ["", "two words", "a\nb", "caf\u{e9}", &"a".repeat(8193)] {
        assert_eq!(stage.verifier.verify(junk).await.err(), Some(Refused::Malformed));
    }
    assert_eq!(stage.local.calls(), 0);
}

#[tokio::test]
async fn only_one_issuer_may_answer_for_opaque_tokens() {
    let local = Local::start(Mood::Fails).await;
    let second = Issuer { issuer: "https://second.example".into(), ..asked(&local) };
    let twice = Verifier::new(vec![asked(&local), asked(&local)], Still::new());
    assert_eq!(twice.err().map(|bad| bad.setting), Some("issuer"));
    let two = Verifier::new(vec![asked(&local), second], Still::new());
    assert_eq!(two.err().map(|bad| bad.setting), Some("keys.introspection"));
}
