//! `list_entities`: lists the labels that memories have.

use serde::Deserialize;
use serde_json::{Value, json};

use super::description::{Description, Effect};
use super::nullable::nullable;
use super::{Call, Halt, arguments, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    scope: Option<String>,
    page: Option<i64>,
    page_size: Option<i64>,
    limit: Option<i64>,
}

pub(super) fn describe() -> Description {
    let input = arguments::paged_schema(&[("scope", arguments::scopes_schema())]);
    let entity = json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "enum": ["user", "agent", "app", "run"] },
            "name": { "type": "string" },
            "memories": { "type": "integer", "description": "How many memories have it." },
            "created_at": { "type": "string" },
            "updated_at": { "type": "string" },
        },
        "required": ["type", "name", "memories", "created_at", "updated_at"],
    });
    let output = json!({
        "type": "object",
        "properties": {
            "count": { "type": "integer", "description": "How many there are in all." },
            "next_page": nullable("integer"),
            "results": { "type": "array", "items": entity },
            "content_trust": view::content_trust_schema(),
        },
        "required": ["count", "results", "content_trust"],
    });
    let text =
        "List the users, agents, apps and runs that memories are labelled with, to filter by or to delete.";
    Description::new(("list_entities", "List entities"), text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let page = arguments::page(arguments.page, arguments.page_size, arguments.limit)?;
    let scopes = arguments::scopes(arguments.scope.as_deref())?;
    let found = call.memories().entities(call.caller(), &scopes, page).await?;
    let count = found.users + found.agents + found.apps + found.runs;
    let results = found.entities.iter().map(|entity| {
        json!({
            "type": entity.kind.field().trim_end_matches("_id"),
            "name": entity.name,
            "memories": entity.memories,
            "created_at": entity.created_at,
            "updated_at": entity.updated_at,
        })
    });
    Ok(json!({
        "count": count,
        "next_page": arguments::next_page(page, count),
        "results": results.collect::<Vec<_>>(),
        "content_trust": view::UNTRUSTED,
    }))
}
