//! Reads bodies that may be malformed or truncated, and builds objects.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// Builds an object without copying its values, as `json!` would.
pub(crate) fn object<const MEMBERS: usize>(members: [(&str, Value); MEMBERS]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Prints a value. `to_string` of a value goes through a formatter, which takes twice as long.
pub(crate) fn text(value: &Value) -> String {
    // A value has no keys that are not strings, so this does not fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Returns every value of a member of the outermost object, as far as a malformed or truncated text can be read. A
/// value counts as complete only if something follows it.
pub(crate) fn values_of(member: &str, text: &[u8]) -> Vec<Value> {
    struct Members<'a>(&'a str, &'a mut Vec<Value>);

    impl<'de> Visitor<'de> for Members<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
            let mut last = None;
            loop {
                let name = members.next_key::<String>()?;
                self.1.extend(last.take());
                match name {
                    None => return Ok(()),
                    Some(name) if name == self.0 => last = Some(members.next_value()?),
                    Some(_) => drop(members.next_value::<IgnoredAny>()?),
                }
            }
        }
    }

    let mut values = Vec::new();
    // Where it breaks off does not matter.
    let _ = serde_json::Deserializer::from_slice(text).deserialize_map(Members(member, &mut values));
    values
}
