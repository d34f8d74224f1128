//! Validation of memories: limits that keep one careless or hostile caller from slowing down everyone's searches.
//!
//! Fields are named as in the APIs: `metadata`, `messages[3].content`.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde_json::Value;

use crate::clock::is_year;
use crate::error::{Error, Result};
use crate::memory::{Labels, Metadata};

/// Maximum length of a memory in characters: about ten pages. Anything longer is a document.
pub const MAX_TEXT: usize = 30_000;
/// Maximum length of a label, category or role, in characters.
const MAX_NAME: usize = 256;
/// Maximum size of metadata in bytes, as JSON.
const MAX_METADATA: usize = 32 * 1024;
/// Maximum nesting depth of metadata; filters reach no deeper.
const MAX_DEPTH: usize = 16;
/// Maximum number of categories per memory.
const MAX_CATEGORIES: usize = 50;

/// Validates a text to be stored.
pub(super) fn text(field: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    bounded(field, text, MAX_TEXT)
}

/// Validates a short name: a label, a category or a role.
pub(super) fn name(field: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid(field, "must not contain control characters"));
    }
    bounded(field, name, MAX_NAME)
}

/// Validates the labels (mem0's entities).
pub(super) fn labels(labels: &Labels) -> Result<()> {
    let Labels { user, agent, app, run } = labels;
    for (field, label) in [("user_id", user), ("agent_id", agent), ("app_id", app), ("run_id", run)] {
        let Some(label) = label else { continue };
        name(field, label)?;
        if label == "*" {
            return Err(Error::invalid(field, "\"*\" means any in filters and cannot be a name"));
        }
    }
    Ok(())
}

/// Validates the categories.
pub(super) fn categories(categories: &[String]) -> Result<()> {
    if categories.len() > MAX_CATEGORIES {
        return Err(Error::invalid("categories", format!("more than {MAX_CATEGORIES} categories")));
    }
    for (index, category) in categories.iter().enumerate() {
        name(&format!("categories[{index}]"), category)?;
    }
    Ok(())
}

/// Validates the caller's own JSON.
pub(super) fn metadata(metadata: &Metadata) -> Result<()> {
    let size = serde_json::to_string(metadata).map_err(Error::internal)?.len();
    if size > MAX_METADATA {
        return Err(Error::invalid("metadata", format!("larger than {MAX_METADATA} bytes as JSON")));
    }
    metadata.iter().try_for_each(|(key, value)| {
        bounded("metadata", key, MAX_METADATA)?;
        value_at(value, 1)
    })
}

fn value_at(value: &Value, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::invalid("metadata", format!("nests deeper than {MAX_DEPTH}")));
    }
    match value {
        Value::String(text) => bounded("metadata", text, MAX_METADATA),
        Value::Array(items) => items.iter().try_for_each(|item| value_at(item, depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            bounded("metadata", key, MAX_METADATA)?;
            value_at(value, depth + 1)
        }),
        _ => Ok(()),
    }
}

/// Validates the time of an event, which every database and client must be able to represent.
pub(super) fn occurred_at(at: Option<DateTime<Utc>>) -> Result<()> {
    year("timestamp", at.map(|at| at.year()))
}

/// Validates the last day of a memory, which must not be over already.
pub(super) fn last_day(day: Option<NaiveDate>, now: DateTime<Utc>) -> Result<()> {
    let today = now.date_naive();
    if day.is_some_and(|day| day < today) {
        return Err(Error::invalid(
            "expiration_date",
            format!("expiration_date has passed: today is {today} (UTC)"),
        ));
    }
    year("expiration_date", day.map(|day| day.year()))
}

fn year(field: &str, year: Option<i32>) -> Result<()> {
    match year {
        Some(year) if !is_year(year) => Err(Error::invalid(field, "must be in the years 1 to 9999")),
        _ => Ok(()),
    }
}

/// Validates that a text is not too long, and that PostgreSQL can store it.
pub(super) fn bounded(field: &str, text: &str, limit: usize) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid(field, "must not contain a NUL character"));
    }
    // Check bytes first, so that a huge text is rejected without counting its characters.
    if text.len() > limit * 4 || text.chars().count() > limit {
        return Err(Error::invalid(field, format!("longer than {limit} characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata_of(value: Value) -> Result<()> {
        match value {
            Value::Object(object) => metadata(&object),
            _ => panic!("not an object"),
        }
    }

    #[test]
    fn names_are_short_visible_and_not_the_wildcard() {
        let labelled = |user: &str| labels(&Labels { user: Some(user.to_owned()), ..Labels::default() });
        assert!(labelled("alice").is_ok());
        assert!(labelled("Zoë 🦊").is_ok());
        for wrong in ["", "  ", "*", "a\nb", "a\0b", &"x".repeat(257)] {
            assert!(labelled(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn metadata_are_bounded_in_size_and_depth() {
        assert!(metadata_of(json!({ "a": { "b": [1, null, "x"] } })).is_ok());
        assert!(metadata_of(json!({ "a": "x".repeat(MAX_METADATA) })).is_err());
        assert!(metadata_of(json!({ "a": "\0" })).is_err());
        assert!(metadata_of(json!({ "\0": 1 })).is_err());
        let deep = (0..MAX_DEPTH).fold(json!(1), |inner, _| json!([inner]));
        assert!(metadata_of(json!({ "a": deep })).is_err());
    }

    #[test]
    fn texts_are_bounded() {
        assert!(text("text", &"x".repeat(MAX_TEXT)).is_ok());
        assert!(text("text", &"x".repeat(MAX_TEXT + 1)).is_err());
        assert!(text("text", " \n").is_err());
    }
}
