//! `get_event_status`: returns the outcome of one request.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::Error;
use shared::ids::ParseIdError;

use super::description::{Description, Effect};
use super::{Call, Halt, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    event_id: String,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": { "event_id": { "type": "string", "description": "As add_memory or a deletion returned it." } },
        "required": ["event_id"],
        "additionalProperties": false,
    });
    let output = view::event_schema(&[("content_trust", view::content_trust_schema())]);
    let text = "Look up whether an addition or deletion is done, and what became of each part of it.";
    Description::new(("get_event_status", "Get an event's status"), text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let id = arguments.event_id.parse();
    let id = id.map_err(|error: ParseIdError| Error::invalid("event_id", error.to_string()))?;
    let event = call.memories().event(call.caller(), id, view::COPIES).await?;
    let mut value = view::event(&event);
    value["content_trust"] = json!(view::UNTRUSTED);
    Ok(value)
}
