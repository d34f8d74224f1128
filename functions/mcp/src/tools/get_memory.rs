//! `get_memory`: reads one memory.

use serde::Deserialize;
use serde_json::{Value, json};

use super::description::{Description, Effect};
use super::{Call, Halt, arguments, view};

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
    Description::new(
        ("get_memory", "Get a memory"),
        "Read one memory by its id.",
        input,
        output,
        Effect::Reads,
    )
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let memory = call.memories().read(call.caller(), arguments::memory_id(&arguments.memory_id)?).await?;
    let mut value = view::memory(call.exchange, &memory);
    value["content_trust"] = json!(view::UNTRUSTED);
    Ok(value)
}
