//! `list_events`: lists the outcomes of the caller's requests, newest first.

use serde_json::{Value, json};

use super::arguments::{self, Paged};
use super::description::{Description, Effect};
use super::nullable::nullable;
use super::{Call, Halt, view};

pub(super) fn describe() -> Description {
    let output = json!({
        "type": "object",
        "properties": {
            "count": { "type": "integer", "description": "How many there are in all." },
            "next_page": nullable("integer"),
            "results": { "type": "array", "items": view::event_schema(&[]) },
            "content_trust": view::content_trust_schema(),
        },
        "required": ["count", "results", "content_trust"],
    });
    let text = "List what became of the person's earlier additions and deletions, newest first.";
    let name = ("list_events", "List events");
    Description::new(name, text, arguments::paged_schema(&[]), output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Paged = call.parse()?;
    let page = arguments::page(arguments.page, arguments.page_size, arguments.limit)?;
    let (events, count) = call.memories().events(call.caller(), page, view::COPIES).await?;
    Ok(json!({
        "count": count,
        "next_page": arguments::next_page(page, count),
        "results": events.iter().map(view::event).collect::<Vec<_>>(),
        "content_trust": view::UNTRUSTED,
    }))
}
