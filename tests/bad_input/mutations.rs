//! Mutations of request bodies.

use serde_json::{Value, json};

/// A spoiled body.
pub(super) struct Mutation {
    /// How it was spoiled.
    pub(super) what: String,
    pub(super) body: Vec<u8>,
    pub(super) content_type: &'static str,
    /// Whether it exceeds what any body may have.
    pub(super) too_large: bool,
}

impl Mutation {
    fn new(what: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { what: what.into(), body: body.into(), content_type: "application/json", too_large: false }
    }
}

/// Every way.
pub(super) fn of(body: &Value) -> Vec<Mutation> {
    let text = body.to_string();
    let mut mutations = vec![
        Mutation::new("no body", ""),
        Mutation::new("white space", " \n "),
        Mutation::new("half the body", &text[..text.len() / 2]),
        Mutation::new("more after the body", format!("{text} {text}")),
        Mutation::new("a trailing comma", text.replacen('}', ",}", 1)),
        Mutation::new("a list", format!("[{text}]")),
        Mutation::new("a number", "7"),
        Mutation::new("a string", "\"x\""),
        Mutation::new("null", "null"),
        Mutation::new("an empty object", "{}"),
        Mutation::new("a number beyond all numbers", text.replacen('{', "{\"page\":1e999,", 1)),
        Mutation::new("invalid UTF-8", spoil_utf8(&text)),
        Mutation::new("a raw NUL", text.replacen('{', "{\"name\":\"a\0b\",", 1)),
        Mutation::new("half a surrogate pair", text.replacen('{', "{\"name\":\"\\ud800\",", 1)),
        Mutation::new("endless nesting", format!("{{\"metadata\":{}", "[".repeat(100_000))),
        Mutation::new("an unknown field", text.replacen('{', "{\"no_such_field\":1,", 1)),
        Mutation { content_type: "text/plain", ..Mutation::new("a text", text.clone()) },
        Mutation { content_type: "application/x-www-form-urlencoded", ..Mutation::new("a form", "a=b") },
        Mutation {
            too_large: true,
            ..Mutation::new("too much white space", format!("{text}{}", " ".repeat(1024 * 1024)))
        },
    ];
    for (field, value) in body.as_object().into_iter().flatten() {
        for (kind, wrong) in wrong_values(value) {
            let mut body = body.clone();
            body[field] = wrong;
            mutations.push(Mutation::new(format!("{field} as {kind}"), body.to_string()));
        }
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove(field);
        mutations.push(Mutation::new(format!("{field} left out"), body.to_string()));
    }
    mutations
}

/// Values of other types, and strings that cannot be right.
fn wrong_values(value: &Value) -> Vec<(&'static str, Value)> {
    let all = [
        ("null", Value::Null),
        ("a truth value", json!(true)),
        ("a number", json!(-1.5)),
        ("a list", json!([[]])),
        ("an object", json!({ "no_such_field": {} })),
        ("an empty string", json!("")),
        ("blanks", json!(" \t ")),
        ("a NUL", json!("a\0b")),
        ("a very long string", json!("x".repeat(100_000))),
    ];
    let kind = |value: &Value| std::mem::discriminant(value);
    let other = |wrong: &Value| {
        kind(wrong) != kind(value) || wrong.is_string() || wrong.is_array() || wrong.is_object()
    };
    all.into_iter().filter(|(_, wrong)| other(wrong)).collect()
}

/// A byte that begins nothing, inside the first string.
fn spoil_utf8(text: &str) -> Vec<u8> {
    let at = text.find('"').map_or(0, |at| at + 1);
    let mut bytes = text.as_bytes().to_vec();
    bytes.insert(at, 0xff);
    bytes
}
