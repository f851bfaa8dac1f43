//! The schema: thin. Parse, call a verb, wrap its answer.
//!
//! **Invariant**: the only room that knows GraphQL; it decides nothing and keeps nothing.
pub mod bed;
pub mod connection;
pub mod directory;
pub mod error;
pub mod input;
pub mod limits;
pub mod log;
pub mod mutation;
pub mod query;
pub mod scalars;
pub mod seen;
pub mod subscription;
pub mod tables;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection};
use async_graphql::{Request, Response, SDLExportOptions, Value, Variables};
use futures_util::{Stream, StreamExt};
use limits::Limits;
use std::sync::Arc;
use std::time::Duration;

type Inner = async_graphql::Schema<query::Query, mutation::Mutation, subscription::Subscription>;

/// The one schema, for all roles.
#[derive(Clone)]
pub struct Schema {
    inner: Inner,
    demo: bool,
    timeout: Duration,
}

/// One operation, guarded and parsed.
#[derive(Clone)]
pub struct Operation {
    /// The document's text.
    pub query: Arc<str>,
    /// The document.
    pub document: Arc<ExecutableDocument>,
    /// Which of its operations.
    pub name: Option<String>,
    /// Its variables.
    pub variables: Variables,
}

impl Schema {
    /// Builds the schema.
    pub fn new(limits: &Limits, demo: bool) -> Self {
        let inner = Inner::build(query::Query, mutation::Mutation, subscription::Subscription)
            .data(limits.clone())
            .enable_federation()
            .enable_subscription_in_federation()
            .disable_suggestions()
            .finish();
        Self { inner, demo, timeout: Duration::from_secs(limits.query_seconds) }
    }

    /// The schema as published: a Federation 2 subgraph.
    pub fn sdl(&self) -> String {
        self.inner.sdl_with_options(SDLExportOptions::new().federation().include_specified_by())
    }

    /// Runs a query or a mutation.
    pub async fn execute(&self, request: Request) -> Response {
        match tokio::time::timeout(self.timeout, self.inner.execute(request)).await {
            Ok(response) => self.marked(response),
            Err(_) => {
                let late = error::coded(
                    error::ErrorCode::Unavailable,
                    "the operation took too long: ask for less, or try again",
                );
                self.marked(Response::from_errors(vec![late.into_server_error(async_graphql::Pos::default())]))
            }
        }
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

/// A response as JSON.
pub fn response_json(response: &Response) -> Vec<u8> {
    serde_json::to_vec(response).unwrap_or_default()
}

impl Operation {
    /// The request that runs it.
    pub fn request(&self) -> Request {
        let mut request = Request::new(&*self.query).variables(self.variables.clone());
        request.set_parsed_query(ExecutableDocument::clone(&self.document));
        if let Some(name) = &self.name {
            request = request.operation_name(name);
        }
        request
    }

    /// Its variables as JSON, less the one that only says where the subscriber comes from.
    fn variables_without_place(&self) -> String {
        let mut variables = self.variables.clone();
        if let Some(place) = self.place_variable() {
            variables.remove(&async_graphql::Name::new(place));
        }
        serde_json::to_string(&variables).unwrap_or_default()
    }

    /// The variable that is given as `after` of the root field.
    fn place_variable(&self) -> Option<String> {
        let operation = match (&self.document.operations, &self.name) {
            (DocumentOperations::Single(operation), _) => operation,
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name.as_str())?,
            (DocumentOperations::Multiple(_), None) => return None,
        };
        let root = operation.node.selection_set.node.items.first()?;
        let Selection::Field(field) = &root.node else { return None };
        let (_, value) = field.node.arguments.iter().find(|(name, _)| name.node == "after")?;
        value.node.to_string().strip_prefix('$').map(str::to_owned)
    }
}
