//! `update_memory`: change one memory; the old text stays in its history.

use rmcp::model::{JsonObject, Tool as Description};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::access::AuthContext;
use shared::memory::{Memories, Metadata, Revision};
use shared::{Error, Result};

use super::{Effect, Tool, arguments, description, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    memory_id: String,
    text: Option<String>,
    metadata: Option<Metadata>,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": {
            "memory_id": { "type": "string", "description": "As search or list returned it." },
            "text": { "type": "string", "description": "The new text; replaces the old one." },
            "metadata": { "type": "object", "description": "The new metadata; replaces the old." },
        },
        "required": ["memory_id"],
        "additionalProperties": false,
    });
    let output = view::memory_schema(&[("content_trust", view::content_trust_schema())]);
    let text =
        "Correct a memory that is wrong or out of date. Needs text, metadata or both; the history is kept.";
    let effect = Effect { read_only: false, destructive: true, idempotent: true };
    description(Tool::UpdateMemory, "Update a memory", text, input, output, &effect)
}

pub(super) async fn call(memories: &Memories, caller: &AuthContext, arguments: JsonObject) -> Result<Value> {
    let arguments: Arguments = arguments::parse(arguments)?;
    if arguments.text.is_none() && arguments.metadata.is_none() {
        return Err(Error::invalid("text", "give text, metadata or both"));
    }
    let revision = Revision { text: arguments.text, metadata: arguments.metadata, ..Revision::default() };
    let memory = memories.revise(caller, arguments::memory_id(&arguments.memory_id)?, revision).await?;
    let mut value = view::memory(caller, &memory);
    value["content_trust"] = json!(view::UNTRUSTED);
    Ok(value)
}
