//! The schema of values that may be null.

use serde_json::{Value, json};

/// The schema of a value of this type, or null: not a list of types, which clients that know one type per schema refuse
/// or ignore.
pub(super) fn nullable(kind: &str) -> Value {
    json!({ "anyOf": [{ "type": kind }, { "type": "null" }] })
}

/// The same with a description.
pub(super) fn described_nullable(kind: &str, description: &str) -> Value {
    json!({ "anyOf": [{ "type": kind }, { "type": "null" }], "description": description })
}
