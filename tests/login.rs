//! Forged tokens at every door: none is accepted, and no answer says why.
use crate::forge::{Key, Scene, key_set};
use crate::house::{AUDIENCE, Client, Db, House};
use axum::routing::any;
use crisis_hub::app::console;
use crisis_hub::app::grant::{GrantRole, grant_role};
use crisis_hub::clock::Clock;
use crisis_hub::domain::grant::{HolderKind, Principal};
use crisis_hub::domain::role::Role;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both!(forged_tokens_of_every_kind_are_accepted_nowhere);

const SCENE: &str = "https://id.scene.invalid";
const OTHER: &str = "https://id.other.invalid";

/// An issuer's address that publishes a key set.
async fn published(set: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/jwks", listener.local_addr().unwrap());
    let answer = move || async move { ([("content-type", "application/json")], set.clone()) };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(any(answer))).await });
    address
}

/// An answer less its trace id.
fn plain(mut answer: Value) -> String {
    answer["errors"][0]["extensions"].as_object_mut().map(|extensions| extensions.remove("traceId"));
    answer.to_string()
}

async fn forged_tokens_of_every_kind_are_accepted_nowhere(db: Db) {
    let key = Key::new("key-1", Algorithm::ES256);
    let (twin, other_twin) = (Key::new("twin", Algorithm::ES256), Key::new("twin", Algorithm::ES256));
    let (second, unlisted) = (Key::new("key-2", Algorithm::EdDSA), Key::new("key-3", Algorithm::ES384));
    let (other_key, own) = (Key::new("other-1", Algorithm::ES256), Key::new("own", Algorithm::ES256));
    let address = published(key_set(&[&key, &twin, &other_twin, &second, &unlisted])).await;
    let other_set: Value = serde_json::from_str(&key_set(&[&other_key])).unwrap();
    let house = House::with(db, |config| {
        for (issuer, algorithms, keys) in [
            (SCENE, json!(["ES256", "EdDSA"]), json!({ "jwks_url": address })),
            (OTHER, json!(["ES256"]), json!({ "jwks": other_set })),
        ] {
            let issuer = json!({ "issuer": issuer, "audience": AUDIENCE, "algorithms": algorithms, "keys": keys });
            config.issuers.push(serde_json::from_value(issuer).unwrap());
        }
    })
    .await;
    for issuer in [SCENE, OTHER] {
        for subject in ["person-1", "person-2"] {
            let principal = Principal { issuer: issuer.into(), subject: subject.into(), kind: HolderKind::Person };
            let organization = Some(house.world.agencies[0].organization);
            let input = GrantRole { principal, role: Role::HubOperator, organization, until: None, keyed: None };
            grant_role(house.hub(), &console::viewer(), input).await.unwrap().changed.unwrap();
        }
    }
    house.deliver().await;
    let now = house.clock.now().micros() / 1_000_000;
    let scene = Scene {
        issuer: SCENE,
        audience: AUDIENCE,
        key: &key,
        twin: &twin,
        unlisted: &unlisted,
        second: &second,
        other_issuer: OTHER,
        other_key: &other_key,
        own: &own,
        now,
    };
    let with = |token: String| Client::new(house.address, Some(token));

    let good = with(scene.good().sign(&key));
    assert_eq!(good.ask("{ viewer { role } }", json!({})).await.data("/viewer/role"), "HUB_OPERATOR");
    assert_eq!(good.ws().await.next().await.unwrap()["type"], "connection_ack");
    let watch = "subscription { events { cursor } }";
    assert_eq!(good.sse(watch, json!({})).await.next().await.unwrap().0, "next");

    let mut answers = BTreeSet::new();
    // A blank after the token is the header's, not the token's: HTTP takes it away.
    let forged: Vec<_> = scene.forged().into_iter().filter(|(kind, ..)| *kind != "a space").collect();
    assert!(forged.len() >= 80, "{}", forged.len());
    for (kind, _, token) in forged {
        let client = with(token);
        let said = client.ask("{ viewer { role } bedUnits { edges { node { id } } } }", json!({})).await;
        assert_eq!(said.status, 401, "{kind}: {:#}", said.body);
        assert_eq!(said.code(), "UNAUTHENTICATED", "{kind}");
        assert!(said.body.get("data").is_none_or(Value::is_null), "{kind}");
        answers.insert(plain(said.body));

        let body = json!({ "query": watch }).to_string();
        let request = client.request(reqwest::Method::POST).header("content-type", "application/json");
        let said = client.send(request.header("accept", "text/event-stream").body(body)).await;
        assert_eq!(said.status, 401, "{kind} by SSE: {:#}", said.body);
        answers.insert(plain(said.body));

        let (code, reason) = client.ws().await.closed().await;
        assert_eq!((code, reason.as_str()), (4403, "this token is not accepted"), "{kind} by WebSocket");
    }
    assert_eq!(answers.len(), 1, "an answer tells the forger what to mend: {answers:#?}");
    let answer = answers.into_iter().next().unwrap().to_lowercase();
    for word in ["signature", "kid", "key", "algorithm", "expired", "issuer", "audience", "jwk", "scene"] {
        assert!(!answer.contains(word), "{word} in {answer}");
    }
    assert_eq!(good.ask("{ viewer { role } }", json!({})).await.data("/viewer/role"), "HUB_OPERATOR");
    house.close().await;
}
