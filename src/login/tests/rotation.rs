use super::{AUDIENCE, ISSUER, Local, Mood, NOW, Still, huge, settings};
use crate::login::forge::{Draft, Key, key_set};
use crate::login::settings::{Algorithm, KeySource};
use crate::login::{Refused, Verifier};
use futures_util::future::{FutureExt, join_all};
use jsonwebtoken::Algorithm as Jose;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const DAY: i64 = 24 * 60 * 60;

struct Stage {
    clock: Arc<Still>,
    local: Arc<Local>,
    verifier: Arc<Verifier>,
}

impl Stage {
    async fn new(mood: Mood) -> Self {
        let (clock, local) = (Still::new(), Local::start(mood).await);
        let keys = KeySource::JwksUrl(format!("{}/jwks", local.address));
        let issuer = settings(ISSUER, &[Algorithm::Es256], keys);
        let verifier = Arc::new(Verifier::new(vec![issuer], clock.clone()).unwrap());
        Self { clock, local, verifier }
    }

    async fn publishing(keys: &[&Key]) -> Self {
        Self::new(Mood::Answers(key_set(keys))).await
    }

    async fn answer(&self, token: &str) -> Result<(), Refused> {
        self.verifier.verify(token).await.map(|_| ())
    }
}

fn key(kid: &str) -> Key {
    Key::new(kid, Jose::ES256)
}

/// A token that outlives an outage.
fn token(key: &Key) -> String {
    Draft::good(ISSUER, AUDIENCE, key, NOW).claim("exp", json!(NOW + 10 * DAY)).sign(key)
}

#[tokio::test]
async fn a_new_key_works_within_30_s_and_a_removed_one_stops_within_60() {
    let (old, new) = (key("old"), key("new"));
    let stage = Stage::publishing(&[&old]).await;
    assert_eq!(stage.answer(&token(&old)).await, Ok(()));

    stage.local.becomes(Mood::Answers(key_set(&[&old, &new])));
    assert_eq!(stage.answer(&token(&new)).await, Err(Refused::Key), "just fetched");
    stage.clock.advance(30);
    assert_eq!(stage.answer(&token(&new)).await, Ok(()));
    assert_eq!(stage.answer(&token(&old)).await, Ok(()));

    stage.local.becomes(Mood::Answers(key_set(&[&new])));
    stage.clock.advance(61);
    assert_eq!(stage.answer(&token(&old)).await, Err(Refused::Key), "although it was proven before");
    assert_eq!(stage.answer(&token(&new)).await, Ok(()));
    assert_eq!(stage.local.calls(), 3);
}

#[tokio::test]
async fn the_same_kid_with_another_key_is_another_key() {
    let (first, second) = (key("kid"), key("kid"));
    let stage = Stage::publishing(&[&first]).await;
    assert_eq!(stage.answer(&token(&first)).await, Ok(()));
    stage.local.becomes(Mood::Answers(key_set(&[&second])));
    stage.clock.advance(61);
    assert_eq!(stage.answer(&token(&first)).await, Err(Refused::Signature));
    assert_eq!(stage.answer(&token(&second)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_unknown_kids_cause_one_fetch_in_30_s() {
    let good = key("good");
    let stage = Stage::publishing(&[&good]).await;
    let own = key("own");
    let flood: Vec<String> = (0..1_000)
        .map(|n| Draft::good(ISSUER, AUDIENCE, &own, NOW).header("kid", json!(format!("kid-{n}"))).sign(&own))
        .collect();
    for (seconds, fetches) in [(0, 1), (29, 1), (1, 2), (29, 2), (1, 3)] {
        stage.clock.advance(seconds);
        let asked = flood.iter().cloned().map(|token| {
            let verifier = Arc::clone(&stage.verifier);
            tokio::spawn(async move { verifier.verify(&token).await.err() })
        });
        assert!(join_all(asked).await.into_iter().all(|answer| answer.unwrap() == Some(Refused::Key)));
        assert_eq!(stage.answer(&token(&good)).await, Ok(()));
        assert_eq!(stage.local.calls(), fetches);
    }
}

#[tokio::test]
async fn the_last_good_set_serves_a_day_of_outage_and_no_longer() {
    let (good, new) = (key("good"), key("new"));
    let stage = Stage::publishing(&[&good]).await;
    let (proven, fresh) = (token(&good), Draft::good(ISSUER, AUDIENCE, &good, NOW).claim("jti", json!("2")));
    let fresh = fresh.claim("exp", json!(NOW + 10 * DAY)).sign(&good);
    assert_eq!(stage.answer(&proven).await, Ok(()));

    stage.local.becomes(Mood::Fails);
    for seconds in [600, DAY - 600] {
        stage.clock.advance(seconds);
        assert_eq!(stage.answer(&proven).await, Ok(()));
        assert_eq!(stage.answer(&fresh).await, Ok(()));
        assert_eq!(stage.answer(&token(&new)).await, Err(Refused::Key));
    }
    assert_eq!(stage.local.calls(), 3);
    stage.clock.advance(1);
    assert_eq!(stage.answer(&proven).await, Err(Refused::Unavailable));
    assert_eq!(stage.answer(&fresh).await, Err(Refused::Unavailable));

    stage.local.becomes(Mood::Answers(key_set(&[&good])));
    stage.clock.advance(30);
    assert_eq!(stage.answer(&proven).await, Ok(()));
}

#[tokio::test]
async fn an_issuer_that_is_down_from_the_start_is_unavailable_until_it_answers() {
    let good = key("good");
    let stage = Stage::new(Mood::Fails).await;
    assert_eq!(stage.answer(&token(&good)).await, Err(Refused::Unavailable));
    stage.local.becomes(Mood::Answers(key_set(&[&good])));
    assert_eq!(stage.answer(&token(&good)).await, Err(Refused::Unavailable), "just tried");
    stage.clock.advance(30);
    assert_eq!(stage.answer(&token(&good)).await, Ok(()));
}

#[tokio::test]
async fn no_listener_is_an_outage_too() {
    let good = key("good");
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let keys = KeySource::JwksUrl(format!("http://{closed}/jwks"));
    let verifier = Verifier::new(vec![settings(ISSUER, &[Algorithm::Es256], keys)], Still::new()).unwrap();
    assert_eq!(verifier.verify(&token(&good)).await, Err(Refused::Unavailable));
}

#[tokio::test]
async fn huge_redirecting_and_senseless_answers_are_no_sets() {
    let good = key("good");
    let senseless = ["", "[]", "{}", "{\"keys\":{}}", "<html></html>"].map(|text| Mood::Answers(text.into()));
    for mood in [huge(&key_set(&[&good])), Mood::Redirects].into_iter().chain(senseless) {
        let stage = Stage::new(mood).await;
        assert_eq!(stage.answer(&token(&good)).await, Err(Refused::Unavailable));
        assert_eq!(stage.local.calls(), 1);
        assert_eq!(stage.local.elsewhere.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_key_that_the_hub_cannot_use_does_not_cost_the_others() {
    let good = key("good");
    let odd = json!({ "keys": [7, { "kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AA" },
        { "kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256" }, { "kty": "RSA", "kid": "cut" }, good.public()] });
    let stage = Stage::new(Mood::Answers(odd.to_string())).await;
    assert_eq!(stage.answer(&token(&good)).await, Ok(()));
}

async fn until_called(local: &Local, times: usize) {
    let begun = Instant::now();
    while local.calls() < times {
        assert!(begun.elapsed() < Duration::from_secs(10), "the issuer was not called");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_slow_issuer_holds_up_one_caller_for_5_s_and_nobody_who_has_a_key() {
    let good = key("good");
    let stage = Stage::publishing(&[&good]).await;
    assert_eq!(stage.answer(&token(&good)).await, Ok(()));
    stage.local.becomes(Mood::Stalls);
    stage.clock.advance(61);
    let begun = Instant::now();
    let first = {
        let (verifier, token) = (Arc::clone(&stage.verifier), token(&good));
        tokio::spawn(async move { verifier.verify(&token).await })
    };
    until_called(&stage.local, 2).await;
    for _ in 0..100 {
        assert_eq!(stage.answer(&token(&good)).await, Ok(()));
    }
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert!(first.await.unwrap().is_ok());
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn only_who_names_a_key_that_is_not_held_waits_for_the_issuer() {
    let (held, new) = (key("held"), key("new"));
    let stage = Stage::publishing(&[&held]).await;
    assert!(stage.verifier.must_wait(&token(&held)), "nothing is held yet");
    assert_eq!(stage.answer(&token(&held)).await, Ok(()));
    let waits = [&token(&held), &token(&new), "x.y.z"].map(|token| stage.verifier.must_wait(token));
    assert_eq!(waits, [false, true, false]);
}

#[tokio::test]
async fn callers_who_hang_up_cannot_keep_a_new_key_out() {
    let (old, new) = (key("old"), key("new"));
    let stage = Stage::publishing(&[&old]).await;
    assert_eq!(stage.answer(&token(&old)).await, Ok(()));
    stage.local.becomes(Mood::Answers(key_set(&[&old, &new])));
    stage.clock.advance(30);
    let new_token = token(&new);
    assert!(stage.answer(&new_token).now_or_never().is_none(), "it waits for the fetch, and hangs up");
    until_called(&stage.local, 2).await;
    assert_eq!(stage.answer(&new_token).await, Ok(()), "the fetch went on");
    assert_eq!(stage.local.calls(), 2);
}
