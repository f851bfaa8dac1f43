//! Scalars and closed lists as the schema spells them.
use crate::domain::code::Coded;
use crate::domain::id::{GlobalId, NounId};
use crate::domain::time::At;
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaEnumValue, MetaType, MetaTypeId, Registry};
use async_graphql::{
    ContextSelectionSet, ID, InputType, InputValueError, InputValueResult, Name, OutputType, Positioned, Scalar,
    ScalarType, ServerResult, Value,
};
use std::borrow::Cow;

/// An instant (RFC 3339) with an offset, such as `2026-11-23T02:14:05Z`; a time without an offset is refused. Answers are UTC,
/// in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct DateTime(pub At);

/// An instant (RFC 3339) with an offset, such as `2026-11-23T02:14:05Z`; a time without an offset is refused. Answers are UTC,
/// in microseconds.
#[Scalar(name = "DateTime", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => At::parse(text).map(Self).ok_or_else(|| {
                InputValueError::custom("a DateTime is RFC 3339 with an offset, such as 2026-11-23T02:14:05-05:00; a time without an offset is refused")
            }),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A UUID (RFC 9562).
#[derive(Clone, Copy, Debug)]
pub struct Uuid(pub uuid::Uuid);

/// A UUID (RFC 9562).
#[Scalar(name = "UUID", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc9562")]
impl ScalarType for Uuid {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => uuid::Uuid::try_parse(text)
                .map(Self)
                .map_err(|_| InputValueError::custom("a UUID has 32 hexadecimal digits")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An opaque place in a list or in the log. Send it back as it came, with the same filter.
#[derive(Clone, Debug)]
pub struct Cursor(pub String);

/// An opaque place in a list or in the log. Send it back as it came, with the same filter.
#[Scalar(name = "Cursor", specified_by_url = "https://relay.dev/graphql/connections.htm#sec-Cursor")]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// One value of a closed list of `domain`, as a GraphQL enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code<C: Coded>(pub C);

impl<C: Coded> Code<C> {
    fn describe(registry: &mut Registry) -> MetaType {
        let _ = registry;
        let values: IndexMap<String, MetaEnumValue> = C::ALL
            .iter()
            .map(|value| {
                let mut meta = MetaEnumValue::new(value.code());
                meta.description = Some(value.doc().to_owned());
                (value.code().to_owned(), meta)
            })
            .collect();
        MetaType::Enum {
            name: C::NAME.to_owned(),
            description: Some(C::DOC.to_owned()),
            enum_values: values,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<Self>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        }
    }
}

impl<C: Coded> InputType for Code<C> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        C::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_input_type::<Self, _>(MetaTypeId::Enum, Self::describe)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let code = match &value {
            Value::Enum(name) => Some(name.as_str()),
            Value::String(text) => Some(text.as_str()),
            _ => None,
        };
        code.and_then(C::from_code).map(Self).ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::Enum(Name::new(self.0.code()))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl<C: Coded> OutputType for Code<C> {
    fn type_name() -> Cow<'static, str> {
        C::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Enum, Self::describe)
    }

    async fn resolve(&self, _ctx: &ContextSelectionSet<'_>, _field: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Enum(Name::new(self.0.code())))
    }
}

/// Values of a list, as codes.
pub(super) fn codes<C: Coded>(values: &[C]) -> Vec<Code<C>> {
    values.iter().copied().map(Code).collect()
}

/// An id as the schema spells it.
pub(super) fn id<I: NounId>(id: I) -> ID {
    ID(GlobalId { noun: I::NOUN, key: id.key() }.to_string())
}

/// An id of one noun; another noun, or no id at all, is an absent row.
pub(super) fn parse_id<I: NounId>(id: &ID) -> Option<I> {
    GlobalId::parse(&id.0)?.as_noun()
}
