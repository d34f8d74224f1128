//! Unambiguous JSON: an object with a duplicate member is refused, because two readers need not agree on which one
//! counts, and so is a list where an object belongs, which a derived `Deserialize` would read by position. Nesting is
//! limited by the parser (128 levels).
//!
//! A field that is null counts as absent, as many clients mean it. A struct in which null means something else is
//! renamed to [`WITH_NULLS`] for serde.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Number, Value};

/// Parses JSON.
///
/// # Errors
/// If it is not JSON, or an object in it has a duplicate member.
pub fn value(text: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice::<Unique>(text).map(|unique| unique.0)
}

/// A value in which no object has a duplicate member.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unique(value))) = members.next_entry::<String, Unique>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("member {name:?} occurs twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// The name, for serde, of a struct that tells null from absence.
const WITH_NULLS: &str = "with nulls";

/// Deserializes a type from a value; structs only from objects.
pub(super) struct Strict(pub(super) Value);

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Strict));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Self(value)));
                let mut members = MapDeserializer::new(members);
                let value = visitor.visit_map(&mut members)?;
                members.end().map(|()| value)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let found = match self.0 {
            Value::Object(mut members) => {
                if name != WITH_NULLS {
                    // An unknown field is still refused.
                    members.retain(|field, value| !value.is_null() || !fields.contains(&field.as_str()));
                }
                return Self(Value::Object(members)).deserialize_any(visitor);
            }
            Value::Null => "null",
            Value::Bool(_) => "a truth value",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
        };
        Err(Error::custom(format!("expected an object, found {found}")))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Line {
        name: String,
        #[serde(default)]
        parts: Vec<Part>,
        size: Option<f32>,
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Part {
        id: u8,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Long,
    }

    #[test]
    fn a_member_that_occurs_twice_is_refused() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#] {
            assert!(value(text.as_bytes()).unwrap_err().to_string().contains("occurs twice"), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let deep = "[".repeat(100_000);
        assert!(value(deep.as_bytes()).is_err());
    }

    #[test]
    fn null_is_absent_unless_it_means_something() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Options {
            #[serde(default)]
            fast: bool,
            #[serde(default)]
            names: Vec<String>,
        }
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(rename = "with nulls")]
        struct Change {
            until: Option<Value>,
            #[serde(default)]
            fast: bool,
        }
        let read = Options::deserialize(Strict(json!({ "fast": null, "names": null }))).unwrap();
        assert_eq!(read, Options { fast: false, names: Vec::new() });
        assert!(Options::deserialize(Strict(json!({ "slow": null }))).is_err());
        assert!(Change::deserialize(Strict(json!({ "fast": null }))).is_err());
        assert!(Line::deserialize(Strict(json!({ "name": null }))).is_err());
    }

    #[test]
    fn structs_are_read_from_objects_and_from_nothing_else() {
        let whole = json!({ "name": "a", "parts": [{ "id": 7 }], "size": 1, "kind": "long" });
        let line = Line {
            name: "a".to_owned(),
            parts: vec![Part { id: 7 }],
            size: Some(1.0),
            kind: Some(Kind::Long),
        };
        assert_eq!(Line::deserialize(Strict(whole)).unwrap(), line);
        for wrong in
            [json!(["a", [{ "id": 7 }]]), json!({ "name": "a", "parts": [[7]] }), json!("a"), json!(null)]
        {
            let error = Line::deserialize(Strict(wrong.clone())).unwrap_err().to_string();
            assert!(error.starts_with("expected an object, found "), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn bytes_are_read_as_serde_json_reads_them(text in r#"[\[\]{}":,0-9a-c\\u .eE+-]{0,40}"#) {
            if let Ok(value) = value(text.as_bytes()) {
                prop_assert_eq!(Some(value), serde_json::from_str(&text).ok());
            }
        }
    }
}
