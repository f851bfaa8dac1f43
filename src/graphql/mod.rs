//! The schema: thin. Parse, call a verb, wrap its answer.
//!
//! **Invariant**: the only room that knows GraphQL; it decides nothing and keeps nothing.
pub mod bed;
pub mod connection;
pub mod consent;
pub mod course;
pub mod directory;
pub mod emergency;
pub mod episode;
pub mod error;
pub mod guard;
pub mod handoff;
pub mod hold;
pub mod hours;
pub mod input;
pub mod law;
pub mod limits;
pub mod log;
pub mod me;
pub mod moves;
pub mod mutation;
pub mod node;
pub mod notice;
pub mod offer;
pub mod on_call;
pub mod operations;
pub mod over_http;
pub mod pathway;
pub mod payload;
pub mod poll;
pub mod preservation;
pub mod push;
pub mod query;
pub mod scalars;
pub mod sealed;
pub mod search;
pub mod seen;
pub mod share;
pub mod socket;
pub mod source;
pub mod subscription;
pub mod tables;
pub mod team;
pub mod threat;
pub mod together;
mod verbs;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationType, Selection};
use async_graphql::{MergedObject, Name, Positioned, Request, Response, SDLExportOptions, Value};
use futures_util::{Stream, StreamExt};
use guard::Documents;
use limits::Limits;
use over_http::{Fault, Incoming, Ready, Source};
use std::sync::Arc;
use std::time::Duration;

type Inner = async_graphql::Schema<Queries, Mutations, subscription::Subscription>;

/// Everything that can be asked.
#[derive(MergedObject)]
#[graphql(name = "Query")]
pub struct Queries(
    query::Query,
    sealed::SealedQuery,
    course::CourseQuery,
    on_call::CallQuery,
    preservation::KeepQuery,
    threat::ThreatQuery,
    emergency::EmergencyQuery,
    push::PushQuery,
);

/// Everything that can be changed.
#[derive(MergedObject)]
#[graphql(name = "Mutation")]
pub struct Mutations(
    mutation::Mutation,
    moves::HandoffMutation,
    sealed::SealedMutation,
    course::CourseMutation,
    on_call::CallMutation,
    preservation::KeepMutation,
    threat::ThreatMutation,
    emergency::EmergencyMutation,
    push::PushMutation,
    law::LawMutation,
);

/// The one schema, for all roles.
#[derive(Clone)]
pub struct Schema {
    inner: Inner,
    documents: Arc<Documents>,
    demo: bool,
    timeout: Duration,
}

/// One operation that has passed the guard.
#[derive(Clone)]
pub struct Operation {
    ready: Ready,
    /// The variable that says where a subscriber comes from, if one does.
    place: Option<Name>,
    /// Whether it asks for units alone, which are told whoever's handoffs go there.
    units_alone: bool,
}

impl Schema {
    /// Builds the schema.
    pub fn new(limits: &Limits, demo: bool) -> Self {
        Self::traced(limits, demo, false)
    }

    /// Builds the schema, with a span for each verb when they are collected.
    pub fn traced(limits: &Limits, demo: bool, collected: bool) -> Self {
        let mut inner = Inner::build(
            Queries(
                query::Query,
                sealed::SealedQuery,
                course::CourseQuery,
                on_call::CallQuery,
                preservation::KeepQuery,
                threat::ThreatQuery,
                emergency::EmergencyQuery,
                push::PushQuery,
            ),
            Mutations(
                mutation::Mutation,
                moves::HandoffMutation,
                sealed::SealedMutation,
                course::CourseMutation,
                on_call::CallMutation,
                preservation::KeepMutation,
                threat::ThreatMutation,
                emergency::EmergencyMutation,
                push::PushMutation,
                law::LawMutation,
            ),
            subscription::Subscription,
        )
        .data(limits.clone())
        .enable_federation()
        .enable_subscription_in_federation()
        .disable_suggestions();
        if collected {
            inner = inner.extension(verbs::Verbs);
        }
        let inner = inner.finish();
        Self { inner, documents: Arc::default(), demo, timeout: Duration::from_secs(limits.query_seconds) }
    }

    /// The schema as published: a Federation 2 subgraph.
    pub fn sdl(&self) -> String {
        self.inner.sdl_with_options(SDLExportOptions::new().federation().include_specified_by())
    }

    /// Passes a request through the guard.
    pub fn pass(&self, incoming: Incoming, limits: &Limits) -> Result<Operation, Fault> {
        let ready = incoming.check(limits, &self.documents).inspect_err(|_| {
            metrics::counter!("hub_requests_total", "kind" => "unread", "outcome" => "refused").increment(1);
        })?;
        let root = root(&ready.document, ready.incoming.operation_name.as_deref());
        let (place, units_alone) =
            (root.and_then(place), root.is_some_and(|field| field.node.name.node == "bedsChanged"));
        Ok(Operation { ready, place, units_alone })
    }

    /// Runs a query or a mutation; a fault when it took too long.
    pub async fn execute(&self, kind: OperationType, request: Request) -> Result<Response, Fault> {
        let began = std::time::Instant::now();
        let response = tokio::time::timeout(self.timeout, self.inner.execute(request)).await;
        let outcome = if response.as_ref().is_ok_and(|response| response.errors.is_empty()) { "ok" } else { "error" };
        metrics::histogram!("hub_request_seconds", "kind" => name(kind)).record(began.elapsed().as_secs_f64());
        metrics::counter!("hub_requests_total", "kind" => name(kind), "outcome" => outcome).increment(1);
        let late = |_| {
            let message = "the operation took too long: ask for less, or try again";
            Fault::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
        };
        response.map(|response| self.marked(response)).map_err(late)
    }

    /// Runs a subscription.
    pub fn stream(&self, request: Request) -> impl Stream<Item = Response> + Send + use<> {
        let schema = self.clone();
        self.inner.execute_stream(request).map(move |response| schema.marked(response))
    }

    fn marked(&self, response: Response) -> Response {
        if self.demo {
            response.extension("notice", Value::from("DEMO: invented organizations and people; not a live directory"))
        } else {
            response
        }
    }
}

impl Operation {
    /// What kind it is.
    pub fn kind(&self) -> OperationType {
        self.ready.kind
    }

    /// The request that runs it.
    pub fn request(&self) -> Request {
        self.ready.request()
    }

    /// Refuses an operation that this method, or an answer in this media type, cannot carry.
    pub fn admit(&self, method: &axum::http::Method, media: over_http::Media) -> Result<(), Fault> {
        self.ready.admit(method, media)
    }

    /// Which document it runs, which of its operations, and with which variables, less its place.
    fn identity(&self) -> (Source, Option<String>, String) {
        let mut variables = self.ready.incoming.variables.clone();
        if let Some(place) = &self.place {
            variables.remove(place);
        }
        (
            self.ready.incoming.source.clone(),
            self.ready.incoming.operation_name.clone(),
            serde_json::to_string(&variables).unwrap_or_default(),
        )
    }
}

/// A kind of operation as metrics name it.
fn name(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// The root field of a subscription.
fn root<'d>(document: &'d ExecutableDocument, name: Option<&str>) -> Option<&'d Positioned<Field>> {
    let (_, operation) = document
        .operations
        .iter()
        .find(|(known, _)| name.is_none() || known.map(async_graphql::Name::as_str) == name)?;
    match &operation.node.selection_set.node.items.first()?.node {
        Selection::Field(field) => Some(field),
        _ => None,
    }
}

/// The variable that is given as `after` of the root field.
fn place(root: &Positioned<Field>) -> Option<Name> {
    match &root.node.get_argument("after")?.node {
        async_graphql_value::Value::Variable(name) => Some(name.clone()),
        _ => None,
    }
}
