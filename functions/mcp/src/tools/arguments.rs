//! Arguments of tools. Wrong and unknown ones are refused with the field's name.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::access::ScopeName;
use shared::ids::MemoryId;
use shared::memory::filter::{Entity, Filter};
use shared::memory::{DEFAULT_THRESHOLD, Scopes};
use shared::page::{MAX_PAGE_SIZE, Page, PageError, either};
use shared::sharing::{GranteeError, GranteeName};
use shared::{Error, Result, moment};

use crate::message::Object;

/// Deserializes the arguments into a tool's own type.
pub(super) fn parse<T: DeserializeOwned>(arguments: &Object) -> Result<T> {
    read(&whole(arguments))
}

/// Does the same for a tool that mem0's clients send `enable_graph`, which has no effect and is in no schema.
pub(super) fn parse_mem0<T: DeserializeOwned>(arguments: &Object) -> Result<T> {
    let mut arguments = whole(arguments);
    match arguments.remove("enable_graph") {
        None | Some(Value::Null | Value::Bool(_)) => read(&arguments),
        Some(_) => Err(Error::invalid("enable_graph", "expected true or false")),
    }
}

fn read<T: DeserializeOwned>(arguments: &Object) -> Result<T> {
    let bytes = serde_json::to_vec(arguments).map_err(Error::internal)?;
    shared::http::parse(&bytes)
}

/// Rewrites integers written as `5.0` as integers: JSON Schema does not distinguish them (2020-12, 6.1.1).
fn whole(arguments: &Object) -> Object {
    let integer = |value: &Value| match value.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "within what a double holds exactly")]
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() < 9e15 => {
            json!(number as i64)
        }
        _ => value.clone(),
    };
    arguments.iter().map(|(name, value)| (name.clone(), integer(value))).collect()
}

/// Parses a date: `2026-03-31`.
pub(super) fn day(field: &'static str, text: Option<&str>) -> Result<Option<NaiveDate>> {
    let day = |text| moment::day(text).ok_or_else(|| Error::invalid(field, "expected a date, YYYY-MM-DD"));
    text.map(day).transpose()
}

/// Parses a point in time: `2026-03-31T12:00:00Z`, or a day, which stands for its beginning (UTC).
pub(super) fn time(field: &'static str, text: Option<&str>) -> Result<Option<DateTime<Utc>>> {
    text.map(|text| moment::beginning(text).ok_or_else(|| no_time(field))).transpose()
}

/// Parses when something ends: `2026-03-31T12:00:00Z`, or its last day (UTC).
pub(super) fn end(field: &'static str, text: Option<&str>) -> Result<Option<DateTime<Utc>>> {
    text.map(|text| moment::end(text).ok_or_else(|| no_time(field))).transpose()
}

/// Parses when a share ends: the same, or `never`.
pub(super) fn share_end(field: &'static str, text: Option<&str>) -> Result<Option<Option<DateTime<Utc>>>> {
    match text {
        None => Ok(None),
        Some("never") => Ok(Some(None)),
        Some(text) => end(field, Some(text)).map(Some),
    }
}

fn no_time(field: &'static str) -> Error {
    let expected = "expected a date and time, like 2026-03-31T12:00:00Z, or a day, like 2026-03-31";
    Error::invalid(field, expected)
}

/// Parses whom something is shared with.
pub(super) fn grantee(field: &'static str, text: &str) -> Result<GranteeName> {
    text.parse().map_err(|error: GranteeError| {
        let message = match error {
            GranteeError::Nobody(_) => format!("{error}; {SCOPES_ARE_LISTED}"),
            _ => error.to_string(),
        };
        Error::invalid(field, message)
    })
}

pub(super) fn memory_id(text: &str) -> Result<MemoryId> {
    text.parse().map_err(|error: shared::ids::ParseIdError| Error::invalid("memory_id", error.to_string()))
}

pub(super) fn scope(text: &str) -> Result<ScopeName> {
    text.parse().map_err(|message: String| Error::invalid("scope", format!("{message}; {SCOPES_ARE_LISTED}")))
}

/// Where a model finds what it got wrong.
const SCOPES_ARE_LISTED: &str = "list_scopes tells the scopes with their names and ids";

/// Returns where to look: in one scope, or everywhere the caller can read (`all`, as in REST).
pub(super) fn scopes(text: Option<&str>) -> Result<Scopes> {
    text.filter(|text| *text != "all")
        .map_or(Ok(Scopes::All), |text| scope(text).map(|name| Scopes::Named(vec![name])))
}

/// The schema of an argument that names one scope.
pub(super) fn scope_schema(default: &str) -> Value {
    scope_names(&format!("{SCOPE_NAMES}. Default: {default}."))
}

/// The schema of an argument that says where to look.
pub(super) fn scopes_schema() -> Value {
    scope_names(&format!("{SCOPE_NAMES}; or all, everything the caller can see. Default: all."))
}

fn scope_names(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

const SCOPE_NAMES: &str = "As list_scopes returns it: personal, team:<id>, division:<id>, department:<id>, unit:<id>, \
                           organization:<id>, context:<id>, enterprise or public";

/// The schema of a classification.
pub(super) fn classification_schema(default: &str) -> Value {
    json!({
        "type": "string", "enum": ["public", "internal", "confidential", "restricted"],
        "description": format!(
            "How far it may go: anyone, the enterprise, one organization, one team or person. Default: {default}."
        ),
    })
}

/// The schema of the least score of a search.
pub(super) fn threshold_schema() -> Value {
    json!({
        "type": "number", "minimum": 0, "maximum": 1, "default": decimal(DEFAULT_THRESHOLD),
        "description": "The least score of a result. Higher: fewer and better ones.",
    })
}

/// A number as it was written: 0.1, and not what is nearest to it in a wider type.
fn decimal(number: f32) -> f64 {
    (f64::from(number) * 1000.0).round() / 1000.0
}

/// The schema of mem0's filters.
pub(super) fn filters_schema() -> Value {
    json!({
        "type": "object",
        "description": "Conditions in mem0's filter grammar, for example {\"AND\": [{\"user_id\": \"alice\"}, \
                        {\"created_at\": {\"gte\": \"2026-01-01\"}}]}. AND, OR and NOT take lists. A plain value means \
                        eq, a list means in, \"*\" any value. Fields and their operators: user_id, agent_id, app_id, \
                        run_id, scope, author_id (eq, ne, in); classification (eq, ne, gt, gte, lt, lte, in: from public to \
                        restricted); created_at, updated_at, timestamp, expiration_date (the same; a day or RFC 3339); \
                        categories (in, contains); metadata (an object that must be contained; eq, ne, contains per key); text (eq, ne, contains, icontains); keywords (contains, \
                        icontains: a part of the text); keywords_search (eq: all of the words); memory_ids (in).",
    })
}

/// mem0's labels, by which the deletion tools select memories.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labelled {
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    run_id: Option<String>,
    pub(super) scope: Option<String>,
}

impl Labelled {
    /// Returns the labels that are given.
    pub(super) fn labels(&self) -> Vec<(Entity, &str)> {
        let all = [
            (Entity::User, &self.user_id),
            (Entity::Agent, &self.agent_id),
            (Entity::App, &self.app_id),
            (Entity::Run, &self.run_id),
        ];
        all.into_iter().filter_map(|(entity, name)| name.as_deref().map(|name| (entity, name))).collect()
    }

    /// Returns a filter for memories that have all of them.
    pub(super) fn filter(&self) -> Result<Filter> {
        self.labels().into_iter().try_fold(Filter::everything(), |filter, (entity, name)| {
            // A list, because "*" alone matches any name.
            let one = Filter::parse(&json!({ entity.field(): { "in": [name] } }));
            Ok(filter.and(one.map_err(|error| Error::invalid(entity.field(), error.message))?))
        })
    }

    /// Returns the scope in which to delete, by default the personal one.
    pub(super) fn scope(&self) -> Result<ScopeName> {
        self.scope.as_deref().map_or(Ok(ScopeName::Personal), scope)
    }

    /// Describes the labels for a question: `user_id "alice" and run_id "7"`.
    pub(super) fn in_words(&self) -> String {
        let words = self.labels().into_iter().map(|(entity, name)| format!("{} {name:?}", entity.field()));
        words.collect::<Vec<_>>().join(" and ")
    }
}

/// The schema of [`Labelled`].
pub(super) fn labelled_schema() -> Value {
    let label = |what: &str| json!({ "type": "string", "description": what });
    json!({
        "type": "object",
        "properties": {
            "user_id": label("Those about this user."),
            "agent_id": label("Those written by this agent."),
            "app_id": label("Those written by this application."),
            "run_id": label("Those of this conversation."),
            "scope": scope_schema("personal"),
        },
        "additionalProperties": false,
    })
}

/// The description of what a share permits.
pub(super) const PERMISSION: &str = "read; write: also change it; admin: also classify, delete and share it.";

/// A numbered page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paged {
    pub(super) page: Option<i64>,
    pub(super) page_size: Option<i64>,
    /// An alias of `page_size`.
    pub(super) limit: Option<i64>,
}

/// The schema of a numbered page's arguments, with additional properties of the tool.
pub(super) fn paged_schema(more: &[(&str, Value)]) -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": {
            "page": { "type": "integer", "minimum": 1, "default": 1, "description": "Which page, from 1." },
            "page_size": {
                "type": "integer", "minimum": 1, "maximum": 1000, "default": 100, "description": "How many on a page.",
            },
            "limit": { "type": "integer", "minimum": 1, "maximum": 1000, "description": "Another name for page_size." },
        },
        "additionalProperties": false,
    });
    for (name, property) in more {
        schema["properties"][*name] = property.clone();
    }
    schema
}

/// Returns the requested page; wrong sizes are refused under the name by which they were given.
pub(super) fn page(number: Option<i64>, size: Option<i64>, limit: Option<i64>) -> Result<Page> {
    let (name, size) = either(["page_size", "limit"], [size, limit])?;
    Page::new(number, size).map_err(|error| match error {
        PageError::Size(_) => Error::invalid(
            name,
            format!("must be from 1 to {MAX_PAGE_SIZE}, found {}", size.unwrap_or_default()),
        ),
        PageError::Number(number) => Error::invalid("page", format!("must be 1 or more, found {number}")),
        PageError::TooFar(number) => {
            Error::invalid("page", format!("page {number} is too far from the first, narrow the filters"))
        }
        other => other.into(),
    })
}

/// Returns the number of the next page, if there is one.
pub(super) fn next_page(page: Page, count: u64) -> Option<u32> {
    (u64::from(page.number) * u64::from(page.size) < count).then_some(page.number + 1)
}
