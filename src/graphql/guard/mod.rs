//! The document guard: what a document may cost is known, and bounded, before it is validated or executed.
//!
//! The library validates fragments by walking every spread anew and parses nested values by recursion: short texts can
//! hold a processor for seconds or overflow the stack. So a text is counted first, then parsed, then weighed once.
//!
//! **Invariant**: no work here grows faster than the text and the variables do, whatever they say.
mod documents;
mod lexer;
mod refused;
mod rules;
#[cfg(test)]
mod tests;
mod weigh;

pub use documents::Documents;
pub(crate) use refused::brief;
pub use refused::{Excess, Limit, Refused};

use crate::graphql::limits::Limits;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Value, Variables};
use std::sync::Arc;

/// A document that may be validated and executed.
#[derive(Debug)]
pub struct Checked {
    /// The document, parsed.
    pub document: Arc<ExecutableDocument>,
    /// The kind of the operation that will run.
    pub kind: OperationType,
    /// The complexity of the operation that will run, in fields.
    pub complexity: usize,
}

/// Checks a document, and the variables that its operation would run with, against every limit.
pub fn check(
    text: &str,
    name: Option<&str>,
    variables: &Variables,
    limits: &Limits,
    documents: &Documents,
) -> Result<Checked, Refused> {
    if text.len() > limits.body_bytes_max {
        return Err(Refused::TooLarge { bytes_max: limits.body_bytes_max });
    }
    let shallow = variables.values().all(|value| nests_within(value, limits.variables_nesting_max));
    Excess::unless(shallow, Limit::VariablesNesting, limits.variables_nesting_max)?;
    let known = documents.find(text);
    let document = known.as_ref().map_or_else(|| parse(text, limits), |document| Ok(document.clone()))?;
    let operation = choose(&document, name)?;
    rules::required_variables(operation, variables)?;
    let weight = weigh::weigh(&document, operation, variables, limits)?;
    rules::single_field_subscriptions(&document)?;
    rules::single_disclosure(&document, operation)?;
    let kind = operation.ty;
    if known.is_none() {
        documents.keep(text, &document);
    }
    Ok(Checked { document, kind, complexity: weight })
}

fn parse(text: &str, limits: &Limits) -> Result<Arc<ExecutableDocument>, Refused> {
    lexer::scan(text, limits)?;
    let document = async_graphql::parser::parse_query(text).map_err(|error| Refused::unparsed(text, &error))?;
    Ok(Arc::new(document))
}

/// True if no list or object within `value` is more than `levels` deep.
pub fn nests_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::List(items) => levels > 0 && items.iter().all(|item| nests_within(item, levels - 1)),
        Value::Object(fields) => levels > 0 && fields.values().all(|field| nests_within(field, levels - 1)),
        _ => true,
    }
}

fn choose<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a OperationDefinition, Refused> {
    match (&document.operations, name) {
        (DocumentOperations::Single(only), None) => Ok(&only.node),
        (DocumentOperations::Multiple(named), None) => match named.values().next() {
            Some(only) if named.len() == 1 => Ok(&only.node),
            _ => Err(Refused::rule("the document has several operations: say which in operationName", None)),
        },
        (operations, Some(name)) => operations
            .iter()
            .find_map(|(known, operation)| (known? == name).then_some(&operation.node))
            .ok_or_else(|| Refused::rule("the document has no operation named as operationName says", None)),
    }
}
