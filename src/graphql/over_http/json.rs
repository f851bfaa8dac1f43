//! JSON read strictly: bounded in nesting, and no key twice.
//!
//! **Invariant**: reading recurses no deeper than it is told.
use crate::graphql::guard::brief;
use async_graphql::indexmap::{IndexMap, map::Entry};
use async_graphql::{Name, Number, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{cell::Cell, fmt};

/// Why a text is not taken for JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its lists and objects nest too deep.
    #[error("the JSON nests too deep")]
    Deep,
    /// It is not JSON, or an object has a key twice.
    #[error("the JSON cannot be read: {0}")]
    Invalid(String),
}

/// Reads one JSON value whose lists and objects nest at most `nesting_max` deep.
pub fn read_json(bytes: &[u8], nesting_max: usize) -> Result<Value, Unreadable> {
    let deep = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Strict { left: nesting_max, deep: &deep }.deserialize(&mut reader);
    read.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
        if deep.get() { Unreadable::Deep } else { Unreadable::Invalid(brief(&error.to_string(), 120)) }
    })
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    left: usize,
    deep: &'a Cell<bool>,
}

impl Strict<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1).ok_or_else(|| {
            self.deep.set(true);
            E::custom("nested too deep")
        })?;
        Ok(Self { left, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (inner, mut list) = (self.inner()?, Vec::new());
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let (inner, mut object) = (self.inner()?, IndexMap::new());
        while let Some(key) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(inner)?;
            match object.entry(Name::new(key)) {
                Entry::Vacant(free) => free.insert(value),
                Entry::Occupied(twice) => {
                    return Err(A::Error::custom(format!("the key `{}` is there twice", brief(twice.key(), 40))));
                }
            };
        }
        Ok(Value::Object(object))
    }
}
