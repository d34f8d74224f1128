//! `get_memory`: read one memory.

use rmcp::model::{JsonObject, Tool as Description};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::Result;
use shared::access::AuthContext;
use shared::memory::Memories;

use super::{Effect, Tool, arguments, description, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    memory_id: String,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": { "memory_id": { "type": "string", "description": "As search or list returned it." } },
        "required": ["memory_id"],
        "additionalProperties": false,
    });
    let output = view::memory_schema(&[("content_trust", view::content_trust_schema())]);
    let effect = Effect { read_only: true, destructive: false, idempotent: true };
    description(Tool::GetMemory, "Get a memory", "Read one memory by its id.", input, output, &effect)
}

pub(super) async fn call(memories: &Memories, caller: &AuthContext, arguments: JsonObject) -> Result<Value> {
    let arguments: Arguments = arguments::parse(arguments)?;
    let memory = memories.read(caller, arguments::memory_id(&arguments.memory_id)?).await?;
    let mut value = view::memory(caller, &memory);
    value["content_trust"] = json!(view::UNTRUSTED);
    Ok(value)
}
