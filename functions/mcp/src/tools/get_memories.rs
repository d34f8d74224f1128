//! `get_memories`: list memories, newest first.

use rmcp::model::{JsonObject, Tool as Description};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::Result;
use shared::access::AuthContext;
use shared::memory::{List, Memories, Part};
use shared::page::Page;

use super::{Effect, Tool, arguments, description, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    filters: Option<Value>,
    scope: Option<String>,
    page: Option<i64>,
    #[serde(alias = "limit")]
    page_size: Option<i64>,
    #[serde(default)]
    latest_only: bool,
    /// mem0's clients send it; there is no graph to enable.
    #[serde(default, rename = "enable_graph")]
    _enable_graph: Option<bool>,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": {
            "filters": arguments::filters_schema(),
            "scope": arguments::scope_schema("everything the caller can see"),
            "page": { "type": "integer", "minimum": 1, "default": 1 },
            "page_size": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 },
            "limit": { "type": "integer", "minimum": 1, "maximum": 1000, "description": "Another name for page_size." },
            "latest_only": { "type": "boolean", "default": false, "description": "Leave out superseded facts." },
        },
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": {
            "count": { "type": "integer", "description": "How many there are in all." },
            "next_page": { "type": ["integer", "null"] },
            "results": { "type": "array", "items": view::memory_schema(&[]) },
            "content_trust": view::content_trust_schema(),
        },
        "required": ["count", "results", "content_trust"],
    });
    let text =
        "List memories, newest first, optionally filtered. To answer a question use search_memories instead.";
    let effect = Effect { read_only: true, destructive: false, idempotent: true };
    description(Tool::GetMemories, "List memories", text, input, output, &effect)
}

pub(super) async fn call(memories: &Memories, caller: &AuthContext, arguments: JsonObject) -> Result<Value> {
    let arguments: Arguments = arguments::parse(arguments)?;
    let page = Page::new(arguments.page, arguments.page_size)?;
    let request = List {
        filter: arguments::filter(arguments.filters.as_ref())?,
        scopes: arguments::scopes(arguments.scope.as_deref())?,
        latest_only: arguments.latest_only,
        part: Part::Page(page),
    };
    let listed = memories.list(caller, request).await?;
    let count = listed.count.unwrap_or_default();
    let seen = u64::from(page.number) * u64::from(page.size);
    Ok(json!({
        "count": count,
        "next_page": (seen < count).then_some(page.number + 1),
        "results": listed.memories.iter().map(|memory| view::memory(caller, memory)).collect::<Vec<_>>(),
        "content_trust": view::UNTRUSTED,
    }))
}
