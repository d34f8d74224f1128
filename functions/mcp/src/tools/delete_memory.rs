//! `delete_memory`: forget one memory.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::Error;

use super::description::{Description, Effect};
use super::{Call, Halt, arguments, view};
use crate::confirmation::confirm;

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
    Description::new(("delete_memory", "Delete a memory"), text, input, output, Effect::Replaces)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let id = arguments::memory_id(&arguments.memory_id)?;
    confirm(call, async || {
        let what = match call.memories().read(call.caller(), id).await {
            Ok(memory) => format!("“{}”", view::title(&memory)),
            // A key that may delete and not read.
            Err(Error::Forbidden(_) | Error::InsufficientScope { .. }) => id.to_string(),
            Err(error) => return Err(error.into()),
        };
        Ok(format!("Delete this memory for everybody who can see it? {what}"))
    })
    .await?;
    call.memories().forget(call.caller(), id, false).await?;
    Ok(json!({ "id": id, "deleted": true }))
}
