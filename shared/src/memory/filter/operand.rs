//! The operands of a filter, validated and bounded.

use serde_json::Value;

use super::moment::Span;
use super::path::{Path, shown};
use super::{FilterError, MAX_LIST, MAX_NEEDLE, MAX_TEXT};
use crate::access::{Classification, ScopeName};
use crate::ids::{MemoryId, UserId};
use crate::memory::composed::composed;

/// The value that means "has any value".
pub(super) const WILDCARD: &str = "*";

pub(super) fn is_wildcard(value: &Value) -> bool {
    value.as_str() == Some(WILDCARD)
}

/// Returns the JSON type of a value, for errors.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Checks that PostgreSQL can store the string and that it has at most `limit` characters.
pub(super) fn bounded<'a>(text: &'a str, limit: usize, path: &Path<'_>) -> Result<&'a str, FilterError> {
    if text.contains('\0') {
        return Err(path.error("must not contain a NUL character"));
    }
    // Check bytes first, so that a huge string is rejected without counting its characters.
    if text.len() > limit * 4 || text.chars().count() > limit {
        return Err(path.error(format!("longer than {limit} characters")));
    }
    Ok(text)
}

/// Reads a string that a memory may have none of.
fn string<'a>(value: &'a Value, limit: usize, path: &Path<'_>) -> Result<&'a str, FilterError> {
    if value.is_null() {
        let hint = "to find memories without a value use {\"NOT\": {<field>: \"*\"}}";
        return Err(path.error(format!("expected a string, found null, {hint}")));
    }
    present(value, limit, path)
}

/// Does the same for a field that every memory has.
fn present<'a>(value: &'a Value, limit: usize, path: &Path<'_>) -> Result<&'a str, FilterError> {
    let Value::String(text) = value else {
        return Err(path.error(format!("expected a string, found {}", kind(value))));
    };
    if text.is_empty() {
        return Err(path.error("must not be empty"));
    }
    bounded(text, limit, path)
}

/// Parses a non-empty string.
pub(super) fn text(value: &Value, path: &Path<'_>) -> Result<String, FilterError> {
    string(value, MAX_TEXT, path).map(str::to_owned)
}

/// Parses a substring to search for.
pub(super) fn needle(value: &Value, path: &Path<'_>) -> Result<String, FilterError> {
    string(value, MAX_NEEDLE, path).map(str::to_owned)
}

/// Parses a part of a category.
pub(super) fn part_of_category(value: &Value, path: &Path<'_>) -> Result<String, FilterError> {
    string(value, MAX_NEEDLE, path).map(|part| composed(part).into_owned())
}

/// Parses the words of a string, at least one.
pub(super) fn words(value: &Value, path: &Path<'_>) -> Result<Vec<String>, FilterError> {
    let words: Vec<String> = string(value, MAX_NEEDLE, path)?.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() { Err(path.error("must have at least one word")) } else { Ok(words) }
}

/// Parses the name of an entity; `"*"` is not one.
pub(super) fn name(value: &Value, path: &Path<'_>) -> Result<String, FilterError> {
    not_wildcard(value, path)?;
    category(value, path)
}

/// Parses a category, as it is stored.
pub(super) fn category(value: &Value, path: &Path<'_>) -> Result<String, FilterError> {
    string(value, MAX_TEXT, path).map(|name| composed(name).into_owned())
}

/// Parses an instant or a day.
pub(super) fn span(value: &Value, path: &Path<'_>) -> Result<Span, FilterError> {
    not_wildcard(value, path)?;
    const EXPECTED: &str = "expected Unix seconds, YYYY-MM-DD or RFC 3339 as in 2026-11-22T09:30:00Z";
    if let Value::Number(seconds) = value {
        let span = seconds.as_f64().and_then(Span::of_seconds);
        return span.ok_or_else(|| path.error(format!("{seconds} is not a time, {EXPECTED}")));
    }
    let text = string(value, MAX_TEXT, path)?;
    Span::parse(text).ok_or_else(|| path.error(format!("\"{}\" is not a time, {EXPECTED}", shown(text))))
}

/// Parses a memory's id, in printed form or as a bare UUID.
pub(super) fn memory_id(value: &Value, path: &Path<'_>) -> Result<MemoryId, FilterError> {
    let text = present(value, MAX_TEXT, path)?;
    text.parse().map_err(|error| path.error(format!("\"{}\" is {error}", shown(text))))
}

/// Parses the id of an account, in printed form or as a bare UUID.
pub(super) fn author_id(value: &Value, path: &Path<'_>) -> Result<UserId, FilterError> {
    let text = present(value, MAX_TEXT, path)?;
    text.parse().map_err(|error| path.error(format!("\"{}\" is {error}", shown(text))))
}

/// Parses a class.
pub(super) fn class(value: &Value, path: &Path<'_>) -> Result<Classification, FilterError> {
    // The error quotes the text, and no class is longer than this.
    present(value, 64, path)?.parse().map_err(|error: String| path.error(error))
}

/// Parses the name of a scope.
pub(super) fn scope(value: &Value, path: &Path<'_>) -> Result<ScopeName, FilterError> {
    // The error quotes the text, and no scope name is longer than this.
    let text = present(value, 64, path)?;
    text.parse().map_err(|error: String| path.error(error))
}

/// Parses a non-empty list of values, each with `item`.
pub(super) fn list<T>(
    value: &Value,
    path: &Path<'_>,
    item: impl Fn(&Value, &Path<'_>) -> Result<T, FilterError>,
) -> Result<Vec<T>, FilterError> {
    let Value::Array(values) = value else {
        return Err(path.error(format!("expected a list, found {}", kind(value))));
    };
    if values.is_empty() {
        return Err(path.error("must have at least one value"));
    }
    if values.len() > MAX_LIST {
        return Err(path.error(format!("more than {MAX_LIST} values")));
    }
    values.iter().enumerate().map(|(index, value)| item(value, &path.index(index))).collect()
}

fn not_wildcard(value: &Value, path: &Path<'_>) -> Result<(), FilterError> {
    if is_wildcard(value) { Err(path.error("the wildcard \"*\" cannot stand here")) } else { Ok(()) }
}
