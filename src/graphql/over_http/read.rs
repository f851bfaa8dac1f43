//! Requests as they come in: by POST, by GET, or in a socket's message.
use super::accept::is_utf8;
use super::{Fault, Media, Unreadable, read_json};
use crate::graphql::guard::{Documents, Excess, Limit, Refused, check, nests_within};
use crate::graphql::{limits::Limits, operations};
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Name, Request, Value, Variables};
use axum::http::{Method, StatusCode};
use std::sync::Arc;

/// A GraphQL request, well-formed; its document is not looked at yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The document, or where to find it.
    pub source: Source,
    /// Which of the document's operations to run.
    pub operation_name: Option<String>,
    /// The variables to run it with.
    pub variables: Variables,
}

/// Where a request's document comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Its text came with the request.
    Text(String),
    /// It is one of the hub's trusted documents, by id.
    Trusted(String),
}

/// A request that is within every limit and may be validated and executed.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The request as it came.
    pub incoming: Incoming,
    /// Its document, parsed.
    pub document: Arc<ExecutableDocument>,
    /// The kind of the operation that will run.
    pub kind: OperationType,
    /// The operation's complexity, in fields.
    pub complexity: usize,
}

impl Incoming {
    /// Reads a request from the JSON object that a body, or a socket's `subscribe` payload, holds.
    pub fn from_value(value: Value, limits: &Limits) -> Result<Self, Fault> {
        let mut fields = match value {
            Value::Object(fields) => fields,
            Value::List(_) => return Err(Fault::bad("batches are not supported: send one JSON object a request")),
            _ => return Err(Fault::bad("the request must be a JSON object")),
        };
        let query = text(&mut fields, "query")?;
        let id = text(&mut fields, "documentId")?;
        let operation_name = text(&mut fields, "operationName")?;
        let variables = object(&mut fields, "variables")?;
        object(&mut fields, "extensions")?;
        let source = match (query, id) {
            (Some(_), Some(_)) => return Err(Fault::bad("give `query` or `documentId`, not both")),
            (Some(query), None) => Source::Text(query),
            (None, Some(id)) => Source::Trusted(checked_id(id)?),
            (None, None) => return Err(Fault::bad("`query` is missing: it must be a string")),
        };
        let shallow = variables.values().all(|value| nests_within(value, limits.variables_nesting_max));
        let excess = Excess::unless(shallow, Limit::VariablesNesting, limits.variables_nesting_max);
        excess.map_err(|excess| Fault::request(&excess.into()))?;
        Ok(Self { source, operation_name, variables: Variables::from_value(Value::Object(variables)) })
    }

    /// Passes the document and its variables through the guard.
    pub fn check(self, limits: &Limits, documents: &Documents) -> Result<Ready, Fault> {
        let trusted;
        let document = match &self.source {
            Source::Text(text) => text.as_str(),
            Source::Trusted(id) => {
                trusted = operations::find(id).ok_or_else(|| {
                    Fault::bad(
                        "no trusted document has this `documentId`: send the text as `query`, or update the client",
                    )
                })?;
                trusted.text
            }
        };
        let checked = check(document, self.operation_name.as_deref(), &self.variables, limits, documents)?;
        Ok(Ready { incoming: self, document: checked.document, kind: checked.kind, complexity: checked.complexity })
    }
}

impl Ready {
    /// The request for the schema, its document already parsed.
    pub fn request(&self) -> Request {
        let mut request = Request::new("").variables(self.incoming.variables.clone());
        request.operation_name.clone_from(&self.incoming.operation_name);
        request.set_parsed_query(ExecutableDocument::clone(&self.document));
        request
    }

    /// Refuses an operation that this method, or an answer in this media type, cannot carry.
    pub fn admit(&self, method: &Method, media: Media) -> Result<(), Fault> {
        match self.kind {
            OperationType::Mutation if method != Method::POST => Err(Fault::method("send a mutation by POST", "POST")),
            OperationType::Subscription if media != Media::EventStream => Err(Fault::bad(
                "a subscription needs a stream: send Accept: text/event-stream, or open a WebSocket with the subprotocol \
                 graphql-transport-ws",
            )),
            _ => Ok(()),
        }
    }
}

/// Reads a POST's request from its `Content-Type` and its body.
pub fn read_post(content_type: Option<&str>, body: &[u8], limits: &Limits) -> Result<Incoming, Fault> {
    let json = content_type.is_some_and(|value| {
        let mut parts = value.split(';').map(str::trim);
        parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
            && parts
                .filter_map(|part| part.split_once('='))
                .all(|(name, charset)| !name.trim().eq_ignore_ascii_case("charset") || is_utf8(charset))
    });
    if !json {
        let message = "the body must be JSON in UTF-8: send Content-Type: application/json";
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", message));
    }
    within(body.len(), limits)?;
    // The request's own object, and the object of variables in it.
    Incoming::from_value(read(body, limits.variables_nesting_max + 2, limits)?, limits)
}

/// Reads a GET's request from its query string.
pub fn read_get(query: &str, limits: &Limits) -> Result<Incoming, Fault> {
    within(query.len(), limits)?;
    let mut fields = IndexMap::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = match key.as_ref() {
            // A form sends what was left empty.
            "operationName" | "variables" | "extensions" if value.is_empty() => Value::Null,
            "query" | "documentId" | "operationName" => Value::String(value.into_owned()),
            "variables" | "extensions" => read(value.as_bytes(), limits.variables_nesting_max + 1, limits)?,
            _ => continue,
        };
        if fields.insert(Name::new(&key), value).is_some() {
            return Err(Fault::bad(format!("the parameter `{key}` is there twice")));
        }
    }
    Incoming::from_value(Value::Object(fields), limits)
}

fn within(bytes: usize, limits: &Limits) -> Result<(), Fault> {
    if bytes <= limits.body_bytes_max {
        return Ok(());
    }
    Err(Refused::TooLarge { bytes_max: limits.body_bytes_max }.into())
}

fn read(bytes: &[u8], nesting_max: usize, limits: &Limits) -> Result<Value, Fault> {
    read_json(bytes, nesting_max).map_err(|unreadable| match unreadable {
        Unreadable::Deep => {
            Fault::request(&Excess { limit: Limit::VariablesNesting, max: limits.variables_nesting_max }.into())
        }
        Unreadable::Invalid(_) => Fault::bad(unreadable.to_string()),
    })
}

fn text(fields: &mut IndexMap<Name, Value>, key: &str) -> Result<Option<String>, Fault> {
    match fields.swap_remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::bad(format!("`{key}` must be a string"))),
    }
}

fn object(fields: &mut IndexMap<Name, Value>, key: &str) -> Result<IndexMap<Name, Value>, Fault> {
    match fields.swap_remove(key) {
        None | Some(Value::Null) => Ok(IndexMap::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Fault::bad(format!("`{key}` must be an object"))),
    }
}

fn checked_id(id: String) -> Result<String, Fault> {
    let digits = id.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(id);
    }
    Err(Fault::bad("`documentId` must be `sha256:` and 64 lower-case hexadecimal digits"))
}
