//! The rules of GraphQL that the library's own validation lacks.
//!
//! **Invariant**: a rule here walks only what `weigh` has bounded.
use super::refused::brief;
use super::{Excess, Limit, Refused};
use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Positioned, Value, Variables};

/// A variable of a non-null type has a value.
pub(super) fn required_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refused> {
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        let given = match variables.get(name) {
            Some(value) => *value != Value::Null,
            None => definition.node.default_value.is_some(),
        };
        if !given && !definition.node.var_type.node.nullable {
            let message = format!("the variable ${} is required", brief(name, 40));
            return Err(Refused::rule(message, Some(definition.pos)));
        }
    }
    Ok(())
}

/// A subscription selects one field, and not an introspection field.
pub(super) fn single_field_subscriptions(document: &ExecutableDocument) -> Result<(), Refused> {
    for (_, operation) in document.operations.iter() {
        if operation.node.ty != OperationType::Subscription {
            continue;
        }
        let mut roots = Vec::new();
        root_fields(document, &operation.node.selection_set.node, &mut roots);
        match roots.as_slice() {
            [only] if !only.node.name.node.starts_with("__") => {}
            _ => {
                let message = "a subscription selects exactly one field, and no introspection field, at its root";
                return Err(Refused::rule(message, Some(operation.pos)));
            }
        }
    }
    Ok(())
}

/// The verbs that open what is sealed.
const OPENS: [&str; 3] = ["disclose", "readThreatDisclosure", "readEmergencyAccount"];

/// An operation opens what is sealed once: one purpose, and one entry in the ledger's order.
pub(super) fn single_disclosure(document: &ExecutableDocument, operation: &OperationDefinition) -> Result<(), Refused> {
    let mut roots = Vec::new();
    root_fields(document, &operation.selection_set.node, &mut roots);
    let many = roots.iter().filter(|field| OPENS.contains(&field.node.name.node.as_str())).count();
    Ok(Excess::unless(many <= 1, Limit::Disclosures, 1)?)
}

fn root_fields<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, roots: &mut Vec<&'a Positioned<Field>>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => roots.push(field),
            Selection::InlineFragment(inline) => root_fields(document, &inline.node.selection_set.node, roots),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    root_fields(document, &fragment.node.selection_set.node, roots);
                }
            }
        }
    }
}
