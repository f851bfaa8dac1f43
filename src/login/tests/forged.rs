use super::{AUDIENCE, ISSUER, Local, Mood, NOW, Still, inline, settings};
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::login::forge::{Draft, Key, Scene, key_set};
use crate::login::settings::{Algorithm, ClaimMapping, Issuer, KeySource, Scopes};
use crate::login::{ClaimedGrant, Refused, Verifier};
use jsonwebtoken::Algorithm as Jose;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const OTHER: &str = "https://id.example/other";

/// A verifier for one issuer with one key, as changed.
fn one(key: &Key, change: impl FnOnce(&mut Issuer)) -> (std::sync::Arc<Still>, Verifier) {
    let clock = Still::new();
    let mut issuer = settings(ISSUER, &[Algorithm::Es256], inline(&[key]));
    change(&mut issuer);
    (clock.clone(), Verifier::new(vec![issuer], clock).unwrap())
}

fn good(key: &Key) -> Draft {
    Draft::good(ISSUER, AUDIENCE, key, NOW)
}

#[tokio::test]
async fn every_forged_kind_is_refused_for_its_reason_and_the_good_token_is_accepted() {
    let key = Key::new("key-1", Jose::ES256);
    let (twin, other_twin) = (Key::new("twin", Jose::ES256), Key::new("twin", Jose::ES256));
    let (second, unlisted) = (Key::new("key-2", Jose::EdDSA), Key::new("key-3", Jose::ES384));
    let (other_key, own) = (Key::new("other-1", Jose::ES256), Key::new("own", Jose::ES256));
    let listed = [Algorithm::Es256, Algorithm::EdDsa];
    let published = Mood::Answers(key_set(&[&key, &twin, &other_twin, &second, &unlisted]));
    let local = Local::start(published).await;
    let issuer = settings(ISSUER, &listed, KeySource::JwksUrl(format!("{}/jwks", local.address)));
    let other = settings(OTHER, &[Algorithm::Es256], inline(&[&other_key]));
    let verifier = Verifier::new(vec![issuer, other], Still::new()).unwrap();
    let scene = Scene {
        issuer: ISSUER,
        audience: AUDIENCE,
        key: &key,
        twin: &twin,
        unlisted: &unlisted,
        second: &second,
        other_issuer: OTHER,
        other_key: &other_key,
        own: &own,
        now: NOW,
    };

    let accepted = verifier.verify(&scene.good().sign(&key)).await.unwrap();
    assert_eq!((&*accepted.issuer, accepted.subject.as_str()), (ISSUER, "person-1"));

    let forged = scene.forged();
    assert!(forged.len() >= 80, "{}", forged.len());
    for (kind, reason, token) in forged {
        let refused = verifier.verify(&token).await.expect_err(kind);
        assert_eq!(format!("{refused:?}"), reason, "{kind}");
    }
    assert!(verifier.verify(&scene.good().sign(&key)).await.is_ok());
    assert_eq!(local.calls(), 1);
}

#[tokio::test]
async fn each_algorithm_verifies_with_its_own_key_and_with_no_other() {
    let pairs = [
        (Algorithm::Es256, Jose::ES256),
        (Algorithm::Es384, Jose::ES384),
        (Algorithm::EdDsa, Jose::EdDSA),
        (Algorithm::Rs256, Jose::RS256),
        (Algorithm::Ps384, Jose::PS384),
    ];
    let keys: Vec<Key> = pairs.iter().map(|(_, jose)| Key::new(&format!("{jose:?}"), *jose)).collect();
    let all: Vec<&Key> = keys.iter().collect();
    let clock = Still::new();
    let issuer = settings(ISSUER, &pairs.map(|(ours, _)| ours), inline(&all));
    let verifier = Verifier::new(vec![issuer], clock).unwrap();
    for key in &keys {
        assert!(verifier.verify(&good(key).sign(key)).await.is_ok(), "{}", key.kid);
        for other in keys.iter().filter(|other| other.kid != key.kid) {
            let crossed = verifier.verify(&good(other).header("kid", json!(key.kid)).sign(other)).await;
            assert_eq!(crossed, Err(Refused::Key), "{} as {}", other.kid, key.kid);
        }
    }
}

#[tokio::test]
async fn a_key_that_names_no_algorithm_serves_only_those_of_its_kind_and_curve() {
    let keys = [Key::new("p-256", Jose::ES256), Key::new("p-384", Jose::ES384), Key::new("ed25519", Jose::EdDSA)];
    let published = keys.each_ref().map(|key| {
        let mut jwk = key.public();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    });
    let set = KeySource::Jwks(serde_json::from_value(json!({ "keys": published })).unwrap());
    let listed = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];
    let verifier = Verifier::new(vec![settings(ISSUER, &listed, set)], Still::new()).unwrap();
    for key in &keys {
        for named in &keys {
            let answer = verifier.verify(&good(key).header("kid", json!(named.kid)).sign(key)).await;
            let expected = if key.kid == named.kid { None } else { Some(Refused::Key) };
            assert_eq!(answer.err(), expected, "{} as {}", key.kid, named.kid);
        }
        // Without a key id the kind alone names the key.
        assert!(verifier.verify(&good(key).header("kid", Value::Null).sign(key)).await.is_ok(), "{}", key.kid);
    }
}

#[tokio::test]
async fn a_token_without_kid_needs_a_set_with_one_fitting_key() {
    let key = Key::new("key-1", Jose::ES256);
    let (_, verifier) = one(&key, |_| ());
    assert!(verifier.verify(&good(&key).header("kid", Value::Null).sign(&key)).await.is_ok());
}

#[tokio::test]
async fn a_key_for_encryption_verifies_nothing() {
    let key = Key::new("key-1", Jose::ES256);
    for (member, value) in [("use", json!("enc")), ("key_ops", json!(["sign"])), ("alg", json!("ES384"))] {
        let mut jwk = key.public();
        jwk[member] = value;
        let set = serde_json::from_value(json!({ "keys": [jwk, Key::new("key-2", Jose::ES256).public()] })).unwrap();
        let issuer = settings(ISSUER, &[Algorithm::Es256], KeySource::Jwks(set));
        assert_eq!(issuer.check().unwrap_err().setting, "keys.jwks", "{member}");
    }
}

#[tokio::test]
async fn times_are_held_against_our_clock_with_the_skew() {
    let key = Key::new("key-1", Jose::ES256);
    let (clock, verifier) = one(&key, |_| ());
    for (name, seconds) in [("exp", -59), ("nbf", 60), ("iat", 60)] {
        assert!(verifier.verify(&good(&key).claim(name, json!(NOW + seconds)).sign(&key)).await.is_ok(), "{name}");
    }
    let fraction = verifier.verify(&good(&key).claim("exp", json!(1_800_000_600.5)).sign(&key)).await.unwrap();
    assert_eq!(fraction.expires_at, At::from_micros(1_800_000_600_500_000));

    let token = good(&key).sign(&key);
    assert_eq!(verifier.verify(&token).await.unwrap().expires_at, At::default().plus_seconds(NOW + 600));
    clock.advance(659);
    assert!(verifier.verify(&token).await.is_ok());
    clock.advance(1);
    assert_eq!(verifier.verify(&token).await, Err(Refused::Expired));
}

#[tokio::test]
async fn types_match_in_any_case_and_audiences_in_a_list() {
    let key = Key::new("key-1", Jose::ES256);
    let (_, verifier) = one(&key, |_| ());
    for kind in ["AT+JWT", "application/at+jwt"] {
        assert!(verifier.verify(&good(&key).header("typ", json!(kind)).sign(&key)).await.is_ok(), "{kind}");
    }
    let listed = good(&key).claim("aud", json!(["https://other.example", AUDIENCE])).sign(&key);
    assert!(verifier.verify(&listed).await.is_ok());
}

#[tokio::test]
async fn required_claims_and_scopes_are_required() {
    let key = Key::new("key-1", Jose::ES256);
    let (_, verifier) = one(&key, |issuer| {
        issuer.required_claims = vec!["acr".into()];
        issuer.scopes = Some(Scopes { read: "hub:read".into(), write: "hub:write".into() });
    });
    let with = |name: &str, value: Value| good(&key).claim("acr", json!("mfa")).claim(name, value).sign(&key);
    for (name, value, expected) in [
        ("scope", json!("hub:read hub:write"), Ok(false)),
        ("scope", json!("openid hub:read"), Ok(true)),
        ("scp", json!(["hub:read", "hub:write"]), Ok(false)),
        ("scope", json!("hub:write"), Err(Refused::Claim)),
        ("scope", json!("hub:reader"), Err(Refused::Claim)),
        ("scope", Value::Null, Err(Refused::Claim)),
        ("scope", json!({ "hub:read": true }), Err(Refused::Claim)),
        ("acr", Value::Null, Err(Refused::MissingClaim)),
    ] {
        let answer = verifier.verify(&with(name, value.clone())).await.map(|identity| identity.read_only);
        assert_eq!(answer, expected, "{name} {value}");
    }
}

#[tokio::test]
async fn claims_hint_only_by_the_listed_values() {
    let key = Key::new("key-1", Jose::ES256);
    let (_, verifier) = one(&key, |issuer| {
        issuer.claims = Some(ClaimMapping {
            role: "roles".into(),
            organization: "agency".into(),
            roles: BTreeMap::from([("crisis-nurse".into(), Role::Intake), ("police".into(), Role::Officer)]),
            organizations: BTreeMap::from([("A7".into(), "county-a7".into())]),
        });
    });
    let nurse = Some(ClaimedGrant { role: Role::Intake, organization: "county-a7".into() });
    for (roles, agency, expected) in [
        (json!("crisis-nurse"), json!("A7"), nurse.clone()),
        (json!(["staff", "crisis-nurse"]), json!("A7"), nurse),
        (json!(["police", "crisis-nurse"]), json!("A7"), None),
        (json!("HUB_OPERATOR"), json!("A7"), None),
        (json!("crisis-nurse"), json!("B1"), None),
        (json!("crisis-nurse"), Value::Null, None),
        (json!(7), json!("A7"), None),
    ] {
        let token = good(&key).claim("roles", roles.clone()).claim("agency", agency.clone()).sign(&key);
        assert_eq!(verifier.verify(&token).await.unwrap().hint, expected, "{roles} {agency}");
    }
}

#[tokio::test]
async fn the_client_is_named_and_the_subject_is_not_printed() {
    let key = Key::new("key-1", Jose::ES256);
    let (_, verifier) = one(&key, |_| ());
    let draft = good(&key).claim("sub", json!("jane.doe@county.example"));
    let identity = verifier.verify(&draft.sign(&key)).await.unwrap();
    assert_eq!(identity.client.as_deref(), Some("app-1"));
    assert!(!format!("{identity:?}").contains("jane"));
    let by_azp = draft.claim("client_id", Value::Null).claim("azp", json!("app-2"));
    assert_eq!(verifier.verify(&by_azp.sign(&key)).await.unwrap().client.as_deref(), Some("app-2"));
}

#[tokio::test]
async fn without_issuers_every_token_is_refused() {
    let key = Key::new("key-1", Jose::ES256);
    let verifier = Verifier::new(Vec::new(), Still::new()).unwrap();
    assert_eq!(verifier.verify(&good(&key).sign(&key)).await, Err(Refused::UnknownIssuer));
    assert_eq!(verifier.verify("opaque").await, Err(Refused::Malformed));
}
