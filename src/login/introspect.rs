//! Asking an issuer about an opaque token (RFC 7662).
//!
//! **Invariant**: a token is shown to its own issuer alone, and an answer is believed for 30 s at most.
use super::cache::{Cache, Digest};
use super::claims::{Members, Rules};
use super::fetch::{self, ANSWER_TIME_MAX, NoAnswer};
use super::identity::Identity;
use super::settings::{BadSetting, KeySource};
use super::verify::Refused;
use crate::domain::time::At;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AccessToken, AsyncHttpClient, Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, HttpResponse, IntrospectionUrl, StandardRevocableToken, StandardTokenIntrospectionResponse,
    TokenIntrospectionResponse,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

/// How long an answer is believed.
const ANSWER_SECONDS: i64 = 30;
/// The most calls at a time: tokens that nobody issued must not become a flood at the issuer.
const CALLS_MAX: usize = 32;

/// The claims that the standard does not name; issuers add their own.
#[derive(Debug, Serialize, Deserialize)]
struct Further {
    #[serde(flatten)]
    claims: Members,
}

impl ExtraTokenFields for Further {}

type Answer = StandardTokenIntrospectionResponse<Further, BasicTokenType>;
type Asker = Client<
    BasicErrorResponse,
    BasicTokenResponse,
    Answer,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The one issuer that answers for its opaque tokens.
pub(super) struct Introspector {
    rules: Rules,
    asker: Asker,
    http: Http,
    calls: Semaphore,
    answers: Cache<Result<Identity, Refused>>,
}

/// Our limited calls as the oauth2 crate makes them; a named type, since a closure's future would not be `Send`.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = NoAnswer;
    type Future = BoxFuture<'c, Result<HttpResponse, NoAnswer>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { fetch::call(&self.0, request.try_into()?).await })
    }
}

impl Introspector {
    /// Ready to ask, if the issuer's settings say to.
    pub(super) fn of(rules: Rules) -> Result<Option<Self>, BadSetting> {
        let KeySource::Introspection(ask) = &rules.settings.keys else { return Ok(None) };
        let bad = || rules.settings.bad("keys.introspection.url", "cannot be called: install CA certificates");
        let url = fetch::address(&ask.url).ok_or_else(bad)?;
        let asker = Client::new(ClientId::new(ask.client_id.clone()))
            .set_client_secret(ClientSecret::new(ask.client_secret.expose_secret().to_owned()))
            .set_introspection_url(IntrospectionUrl::from_url(url.clone()));
        let http = Http(fetch::client(&url).map_err(|_| bad())?);
        Ok(Some(Self { asker, http, calls: Semaphore::new(CALLS_MAX), answers: Cache::new(), rules }))
    }

    /// The issuer's name.
    pub(super) fn issuer(&self) -> &str {
        &self.rules.issuer
    }

    /// Who a token speaks for, as its issuer said just before.
    pub(super) fn known(&self, digest: &Digest, now: At) -> Option<Identity> {
        self.answers.get(digest, now)?.ok()
    }

    /// Who a token speaks for, as its issuer says now or said just before.
    pub(super) async fn verify(&self, token: &str, digest: Digest, now: At) -> Result<Identity, Refused> {
        if let Some(answer) = self.answers.get(&digest, now) {
            return answer;
        }
        // The wait for a free call is part of the time that an answer may take.
        let asked = tokio::time::timeout(ANSWER_TIME_MAX, self.ask(token)).await;
        let answer = asked.unwrap_or(Err(Refused::Unavailable)).and_then(|claims| self.judge(claims, now));
        let believed = now.plus_seconds(ANSWER_SECONDS);
        match &answer {
            Err(Refused::Unavailable) => tracing::warn!(issuer = %self.rules.issuer, "an issuer could not be asked"),
            Err(_) => self.answers.put(digest, believed, answer.clone()),
            Ok(identity) => self.answers.put(digest, believed.min(identity.expires_at), answer.clone()),
        }
        answer
    }

    async fn ask(&self, token: &str) -> Result<Answer, Refused> {
        let _call = self.calls.acquire().await.map_err(|_| Refused::Unavailable)?;
        let token = AccessToken::new(token.to_owned());
        let asking = self.asker.introspect(&token).set_token_type_hint("access_token");
        // The error may quote the answer, which speaks of a person.
        asking.request_async(&self.http).await.map_err(|_| Refused::Unavailable)
    }

    fn judge(&self, answer: Answer, now: At) -> Result<Identity, Refused> {
        if !answer.active() {
            return Err(Refused::Inactive);
        }
        // Issuers answer for refresh tokens too.
        if answer.token_type().is_some_and(|kind| *kind != BasicTokenType::Bearer) {
            return Err(Refused::Type);
        }
        if answer.iss().is_some_and(|issuer| *issuer != *self.rules.issuer) {
            return Err(Refused::UnknownIssuer);
        }
        let Ok(Value::Object(claims)) = serde_json::to_value(answer) else { return Err(Refused::Claim) };
        self.rules.identity(&claims, now)
    }
}
