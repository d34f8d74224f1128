//! `delete_memory`: forget one memory.

use rmcp::model::{JsonObject, Tool as Description};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::Result;
use shared::access::AuthContext;
use shared::memory::Memories;

use super::{Effect, Tool, arguments, description};

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
    let output = json!({
        "type": "object",
        "properties": { "id": { "type": "string" }, "deleted": { "type": "boolean" } },
        "required": ["id", "deleted"],
    });
    let text = "Forget one memory for everybody who can see it. Only when the person asks for it.";
    let effect = Effect { read_only: false, destructive: true, idempotent: true };
    description(Tool::DeleteMemory, "Delete a memory", text, input, output, &effect)
}

pub(super) async fn call(memories: &Memories, caller: &AuthContext, arguments: JsonObject) -> Result<Value> {
    let arguments: Arguments = arguments::parse(arguments)?;
    let id = arguments::memory_id(&arguments.memory_id)?;
    memories.forget(caller, id, false).await?;
    Ok(json!({ "id": id, "deleted": true }))
}
