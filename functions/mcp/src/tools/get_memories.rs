//! `get_memories`: lists memories, newest first.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use shared::memory::{List, Part};

use super::description::{Description, Effect};
use super::nullable::nullable;
use super::{Call, Halt, arguments, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Parsed with the request.
    #[serde(default, rename = "filters")]
    _filters: Option<IgnoredAny>,
    scope: Option<String>,
    page: Option<i64>,
    page_size: Option<i64>,
    limit: Option<i64>,
    #[serde(default)]
    latest_only: bool,
}

pub(super) fn describe() -> Description {
    let input = arguments::paged_schema(&[
        ("filters", arguments::filters_schema()),
        ("scope", arguments::scopes_schema()),
        (
            "latest_only",
            json!({ "type": "boolean", "default": false, "description": "Leave out superseded facts." }),
        ),
    ]);
    let output = json!({
        "type": "object",
        "properties": {
            "count": { "type": "integer", "description": "How many there are in all." },
            "next_page": nullable("integer"),
            "results": { "type": "array", "items": view::memory_schema(&[]) },
            "content_trust": view::content_trust_schema(),
        },
        "required": ["count", "results", "content_trust"],
    });
    let text =
        "List memories, newest first, optionally filtered. To answer a question use search_memories instead.";
    Description::new(("get_memories", "List memories"), text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse_mem0()?;
    let page = arguments::page(arguments.page, arguments.page_size, arguments.limit)?;
    let request = List {
        filter: call.filter()?,
        scopes: arguments::scopes(arguments.scope.as_deref())?,
        latest_only: arguments.latest_only,
        part: Part::Page(page),
    };
    let listed = call.memories().list(call.caller(), request).await?;
    let count = listed.count.unwrap_or_default();
    Ok(json!({
        "count": count,
        "next_page": arguments::next_page(page, count),
        "results": listed.memories.iter().map(|memory| view::memory(call.exchange, memory)).collect::<Vec<_>>(),
        "content_trust": view::UNTRUSTED,
    }))
}
