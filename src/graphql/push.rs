//! Browsers that people are reached at, in the schema.
use super::error::{Answer, answer, from_app, maybe};
use super::input;
use super::input::push::{RegisterPushInput, RemovePushInput};
use super::mutation::given;
use super::payload::{Problem, payload, problems};
use super::scalars::{Code, DateTime, id};
use super::seen::{Asking, asking};
use crate::app::{self, Outcome};
use crate::domain::push::{self, PushState};
use async_graphql::{Context, ID, Object, SimpleObject};

/// One browser that you are reached at by Web Push. Its address and keys are never shown again, to nobody.
#[derive(Clone)]
pub struct PushSubscription {
    of: push::PushSubscription,
}

impl PushSubscription {
    pub(super) fn new(of: push::PushSubscription) -> Self {
        Self { of }
    }
}

/// One browser that you are reached at by Web Push. Its address and keys are never shown again, to nobody.
#[Object]
impl PushSubscription {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.of.id)
    }
    /// Raised by every change.
    async fn version(&self) -> i64 {
        self.of.version
    }
    /// The host of its push service: which browser it is, more or less.
    async fn host(&self) -> &str {
        &self.of.host
    }
    /// Where it stands.
    async fn state(&self) -> Code<PushState> {
        Code(self.of.state)
    }
    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        DateTime(self.of.created_at)
    }
    /// When it ended; null while you are reached at it.
    async fn ended_at(&self) -> Option<DateTime> {
        self.of.ended_at.map(DateTime)
    }
}

payload! {
    /// What a change to a browser's registration did.
    PushPayload push_subscription PushSubscription
}

/// What is asked of browsers.
pub struct PushQuery;

/// Everything that can be asked.
#[Object]
impl PushQuery {
    /// The hub's public key for Web Push: the `applicationServerKey` that a page subscribes a browser with, as base64url. Null where
    /// the hub writes to no browser.
    async fn push_key(&self, ctx: &Context<'_>) -> Answer<String> {
        let asking = asking(ctx);
        maybe(asking.known().map(|()| asking.hub.rules().push.key.clone()))
    }

    /// The browsers that you are reached at under the grant that you act under.
    async fn push_subscriptions(&self, ctx: &Context<'_>) -> Answer<Vec<PushSubscription>> {
        let asking = asking(ctx);
        let own = app::push::own(&asking.hub, &asking.viewer).await;
        answer(own.map(|own| own.into_iter().map(PushSubscription::new).collect()))
    }
}

/// What is changed of browsers.
pub struct PushMutation;

/// Everything that can be changed.
#[Object]
impl PushMutation {
    /// Registers a browser of your own, so that a step PUSH of a chain reaches you at it: the step's address is the id of your
    /// grant (`viewer { grant { id } }`). The same browser again is renewed. At most 5 are registered under one grant, and they go
    /// with it.
    async fn register_push(&self, ctx: &Context<'_>, input: RegisterPushInput) -> Answer<PushPayload> {
        let asking = asking(ctx);
        let input = given!(input::push::register(asking, input));
        let outcome = app::push::register(&asking.hub, &asking.viewer, input).await;
        PushPayload::settle(asking, outcome, PushSubscription::new).await
    }

    /// Takes back a browser of your own: you are reached at it no more, and its keys are gone.
    async fn remove_push(&self, ctx: &Context<'_>, input: RemovePushInput) -> Answer<PushPayload> {
        let asking = asking(ctx);
        let input = given!(input::push::remove(asking, input));
        let outcome = app::push::remove(&asking.hub, &asking.viewer, input).await;
        PushPayload::settle(asking, outcome, PushSubscription::new).await
    }
}
