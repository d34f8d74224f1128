//! `delete_memory`: forgets one memory.

use serde::Deserialize;
use serde_json::{Value, json};

use super::description::{Description, Effect};
use super::{Call, Halt, arguments, view};
use crate::confirmation::{Question, confirm};

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
        call.memories().may_forget(call.caller(), id).await?;
        let memory = call.readable(id).await?;
        let what = view::called(id, memory.as_ref());
        let text = format!("Delete this memory for everybody who can see it? {what}");
        Ok(Some(Question::about(text, "Yes, delete", memory.as_ref())))
    })
    .await?;
    call.memories().forget(call.caller(), id, false).await?;
    Ok(json!({ "id": id, "deleted": true }))
}
