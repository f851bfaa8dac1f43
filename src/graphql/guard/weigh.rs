//! Weighs a parsed document: each fragment once, however often it is spread.
//!
//! **Invariant**: time and stack are bounded by the text: a fragment's weight is kept, a cycle is refused, and recursion
//! ends at `nesting_max` levels, fragments spelled out.
use super::{Excess, Limit, Refused};
use crate::graphql::limits::Limits;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Number, Positioned, Value, Variables};
use async_graphql_value::Value as InputValue;
use std::collections::HashMap;

/// Weighs every definition of `document`, and answers the complexity of `operation`.
pub(super) fn weigh(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    limits: &Limits,
) -> Result<usize, Refused> {
    let defaults = operation.variable_definitions.iter().filter_map(|definition| {
        Some((definition.node.name.node.as_str(), &definition.node.default_value.as_ref()?.node))
    });
    let given = variables.iter().map(|(name, value)| (name.as_str(), value));
    let values = defaults.chain(given).map(|(name, value)| (name, (value, size(value)))).collect();
    let mut scale = Scale { document, limits, values, known: HashMap::new() };

    // Validation visits every definition, used or not, and compares the fields of each selection set with each other.
    let mut walk = 0_usize;
    for name in document.fragments.keys() {
        walk = walk.saturating_add(scale.fragment(name, 1)?.walk);
    }
    for (_, other) in document.operations.iter() {
        walk = walk.saturating_add(scale.set(&other.node.selection_set.node, 1)?.walk);
        walk = walk.saturating_add(scale.directives(&other.node.directives));
    }
    Excess::unless(walk <= limits.walk_max, Limit::Walk, limits.walk_max)?;

    let total = scale.set(&operation.selection_set.node, 1)?;
    let listed = total.listed.saturating_mul(limits.page_default);
    let complexity = total.cost.saturating_add(total.items).saturating_add(listed);
    for (found, limit, max) in [
        (total.top, Limit::RootFields, limits.root_fields_max),
        (total.aliases, Limit::Aliases, limits.aliases_max),
        (total.depth, Limit::Depth, limits.depth_max),
        (complexity, Limit::Complexity, limits.complexity_max),
        (total.meta_fields, Limit::IntrospectionFields, limits.introspection_fields_max),
        (total.meta_depth, Limit::IntrospectionDepth, limits.introspection_depth_max),
        (total.meta_cost, Limit::IntrospectionComplexity, limits.introspection_complexity_max),
    ] {
        Excess::unless(found <= max, limit, max)?;
    }
    Ok(complexity)
}

/// What a selection set asks for, fragments spelled out; every number saturates.
#[derive(Clone, Copy, Default)]
struct Weight {
    /// Levels of selection sets.
    levels: usize,
    /// Fields on the longest path.
    depth: usize,
    /// Fields at this level.
    top: usize,
    /// Fields at every level.
    fields: usize,
    aliases: usize,
    /// Selections and variable values that a walk without memory visits.
    walk: usize,
    /// Selections at this level, which validation compares with each other.
    flat: usize,
    /// Fields answered, without those of `items`.
    cost: usize,
    /// Fields answered for one item of a page: what hangs on this level's `edges` and `nodes`.
    items: usize,
    /// Fields answered for one item of this level's plain lists; how many there are, the field above says.
    listed: usize,
    /// Fields answered if this level is of an introspection type.
    as_meta: usize,
    /// Fields below the introspection roots in here.
    meta_fields: usize,
    meta_depth: usize,
    meta_cost: usize,
}

impl Weight {
    fn beside(self, other: Self) -> Self {
        Self {
            levels: self.levels.max(other.levels),
            depth: self.depth.max(other.depth),
            top: self.top.saturating_add(other.top),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            walk: self.walk.saturating_add(other.walk),
            flat: self.flat.saturating_add(other.flat),
            cost: self.cost.saturating_add(other.cost),
            items: self.items.saturating_add(other.items),
            listed: self.listed.saturating_add(other.listed),
            as_meta: self.as_meta.saturating_add(other.as_meta),
            meta_fields: self.meta_fields.saturating_add(other.meta_fields),
            meta_depth: self.meta_depth.max(other.meta_depth),
            meta_cost: self.meta_cost.saturating_add(other.meta_cost),
        }
    }

    /// The weight of a selection that is walked and compared itself, over what it holds.
    fn under_selection(self, values: usize) -> Self {
        let own = values.saturating_add(1);
        Self { walk: self.walk.saturating_add(own), flat: self.flat.saturating_add(1), ..self }
    }
}

struct Scale<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    /// Each variable's value and its size.
    values: HashMap<&'a str, (&'a Value, usize)>,
    /// Each fragment's weight; none while it is being weighed.
    known: HashMap<&'a str, Option<Weight>>,
}

impl<'a> Scale<'a> {
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Weight, Refused> {
        if set.items.is_empty() {
            return Ok(Weight::default());
        }
        let nesting_max = self.limits.nesting_max;
        Excess::unless(level <= nesting_max, Limit::Nesting, nesting_max)?;
        let mut sum = Weight::default();
        for selection in &set.items {
            sum = sum.beside(match &selection.node {
                Selection::Field(field) => self.field(&field.node, level)?,
                Selection::InlineFragment(inline) => {
                    let values = self.directives(&inline.node.directives);
                    self.set(&inline.node.selection_set.node, level + 1)?.under_selection(values)
                }
                Selection::FragmentSpread(spread) => {
                    let values = self.directives(&spread.node.directives);
                    self.fragment(&spread.node.fragment_name.node, level + 1)?.under_selection(values)
                }
            });
        }
        sum.levels += 1;
        // A fragment weighed before, at a lower level, may still be too deep here.
        Excess::unless(level - 1 + sum.levels <= nesting_max, Limit::Nesting, nesting_max)?;
        sum.walk = sum.walk.saturating_add(sum.flat);
        Ok(sum)
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Weight, Refused> {
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Weight::default());
        };
        match self.known.get(name.as_str()) {
            Some(Some(weight)) => Ok(*weight),
            Some(None) => Err(Refused::rule("a fragment spreads itself", Some(fragment.pos))),
            None => {
                self.known.insert(name, None);
                let mut weight = self.set(&fragment.node.selection_set.node, level)?;
                weight.walk = weight.walk.saturating_add(self.directives(&fragment.node.directives));
                self.known.insert(name, Some(weight));
                Ok(weight)
            }
        }
    }

    fn field(&mut self, field: &'a Field, level: usize) -> Result<Weight, Refused> {
        let name = field.name.node.as_str();
        let below = self.set(&field.selection_set.node, level + 1)?;
        let page = self.page(field)?;
        let own = Weight {
            depth: below.depth + 1,
            top: 1,
            fields: below.fields.saturating_add(1),
            aliases: below.aliases.saturating_add(usize::from(field.alias.is_some())),
            flat: 0,
            as_meta: below.as_meta.saturating_mul(meta_items(name)).saturating_add(1),
            cost: 0,
            items: 0,
            listed: 0,
            ..below
        };
        let values = self.arguments(&field.arguments).saturating_add(self.directives(&field.directives));
        let own = own.under_selection(values);
        if matches!(name, "__schema" | "__type") {
            let depth = own.depth;
            return Ok(Weight {
                depth: 1,
                cost: 1,
                meta_fields: own.fields,
                meta_depth: depth,
                meta_cost: own.as_meta,
                ..own
            });
        }
        let inner = below.cost.saturating_add(below.listed.saturating_mul(self.sent(field)));
        let node = if below.items > 0 {
            let page = page.unwrap_or(self.limits.page_default).max(1);
            inner.saturating_add(below.items.saturating_mul(page))
        } else {
            // A list without edges: what it says, or what its field usually holds.
            inner.saturating_mul(page.unwrap_or_else(|| self.plain_items(name)).max(1))
        };
        let cost = node.saturating_mul(self.listed(field)).saturating_add(1);
        Ok(match name {
            "edges" | "nodes" => Weight { items: cost, ..own },
            // Of a place, or of a payload, which answers as many as it was sent.
            "bedUnits" | "problems" if page.is_none() && below.items == 0 => Weight { listed: cost, ..own },
            _ => Weight { cost, ..own },
        })
    }

    /// How many items a list of the schema that is no connection holds, when the document does not say.
    fn plain_items(&self, name: &str) -> usize {
        match name {
            "reports" | "grants" | "auditTrail" | "entries" | "handoffs" | "followUps" => self.limits.page_default,
            _ => 1,
        }
    }

    /// How many items the plain lists right below this field hold: as many as its input lists, or a page of them.
    fn sent(&self, field: &Field) -> usize {
        let most = match field.get_argument("input").map(|input| &input.node) {
            Some(InputValue::Object(fields)) => fields.values().filter_map(|value| self.given(value).items()).max(),
            Some(InputValue::Variable(name)) => match self.values.get(name.as_str()) {
                Some((Value::Object(fields), _)) => fields.values().filter_map(items).max(),
                _ => None,
            },
            _ => None,
        };
        most.unwrap_or(self.limits.page_default).max(1)
    }

    /// How many items this field is asked for, if it says so.
    fn page(&self, field: &Field) -> Result<Option<usize>, Refused> {
        let (page_max, mut page) = (self.limits.page_max, None);
        for argument in ["first", "last"].into_iter().filter_map(|name| field.get_argument(name)) {
            let asked = match self.given(&argument.node) {
                Given::Nothing => continue,
                Given::Number(number) if number.as_i64().is_some_and(i64::is_negative) => 0,
                Given::Number(number) if number.is_u64() => {
                    number.as_u64().and_then(|asked| usize::try_from(asked).ok()).unwrap_or(usize::MAX)
                }
                // Validation refuses what is no whole number; until then it counts as much as it could.
                _ => page_max,
            };
            Excess::unless(asked <= page_max, Limit::Page, page_max)?;
            page = page.max(Some(asked));
        }
        Ok(page)
    }

    /// How many objects this field answers for the list of keys that it is given.
    fn listed(&self, field: &Field) -> usize {
        let keys = field.get_argument("ids").or_else(|| field.get_argument("representations"));
        keys.and_then(|keys| self.given(&keys.node).items()).unwrap_or(1).max(1)
    }

    fn given<'v>(&'v self, value: &'v InputValue) -> Given<'v> {
        match value {
            InputValue::Null => Given::Nothing,
            InputValue::Number(number) => Given::Number(number),
            InputValue::List(items) => Given::List(items.len()),
            InputValue::Variable(name) => match self.values.get(name.as_str()) {
                None | Some((Value::Null, _)) => Given::Nothing,
                Some((Value::Number(number), _)) => Given::Number(number),
                Some((Value::List(items), _)) => Given::List(items.len()),
                Some(_) => Given::Other,
            },
            _ => Given::Other,
        }
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> usize {
        directives.iter().fold(0, |sum, directive| self.arguments(&directive.node.arguments).saturating_add(sum))
    }

    /// The size of the variables in `arguments`: each use of a variable copies its value.
    fn arguments(&self, arguments: &[(Positioned<Name>, Positioned<InputValue>)]) -> usize {
        arguments.iter().fold(0, |sum, (_, value)| self.copied(&value.node).saturating_add(sum))
    }

    fn copied(&self, value: &InputValue) -> usize {
        match value {
            InputValue::Variable(name) => self.values.get(name.as_str()).map_or(0, |(_, size)| *size),
            InputValue::List(items) => items.iter().fold(0, |sum, item| self.copied(item).saturating_add(sum)),
            InputValue::Object(fields) => fields.values().fold(0, |sum, item| self.copied(item).saturating_add(sum)),
            _ => 0,
        }
    }
}

/// What an argument comes to, its variable replaced.
enum Given<'a> {
    Nothing,
    Number(&'a Number),
    List(usize),
    Other,
}

impl Given<'_> {
    fn items(self) -> Option<usize> {
        if let Self::List(items) = self { Some(items) } else { None }
    }
}

fn items(value: &Value) -> Option<usize> {
    if let Value::List(items) = value { Some(items.len()) } else { None }
}

/// How much there is to copy of a variable's value: its values, and its text in pieces of 256 bytes.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len() / 256,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

/// How many items an introspection field answers in a schema of a hundred types.
fn meta_items(field: &str) -> usize {
    match field {
        "types" => 100,
        "fields" | "inputFields" | "enumValues" => 10,
        "directives" => 5,
        "args" | "interfaces" | "possibleTypes" => 2,
        _ => 1,
    }
}
