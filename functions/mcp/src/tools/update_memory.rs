//! `update_memory`: changes one memory; its history keeps the old text.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::Error;
use shared::access::Classification;
use shared::memory::{Metadata, Revision};

use super::description::{Description, Effect};
use super::{Call, Halt, arguments, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    memory_id: String,
    text: Option<String>,
    metadata: Option<Metadata>,
    classification: Option<Classification>,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": {
            "memory_id": { "type": "string", "description": "As search or list returned it." },
            "text": { "type": "string", "description": "The new text; replaces the old one." },
            "metadata": { "type": "object", "description": "The new metadata; replaces the old." },
            "classification": arguments::classification_schema("unchanged"),
        },
        "required": ["memory_id"],
        "additionalProperties": false,
    });
    let output = view::changed_schema();
    let text = "Correct a memory that is wrong or out of date. Needs text, metadata or classification; the history is kept.";
    Description::new(("update_memory", "Update a memory"), text, input, output, Effect::Replaces)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    if arguments.text.is_none() && arguments.metadata.is_none() && arguments.classification.is_none() {
        return Err(Error::invalid("text", "give text, metadata or classification").into());
    }
    let revision = Revision {
        text: arguments.text,
        metadata: arguments.metadata,
        classification: arguments.classification,
        ..Revision::default()
    };
    let memory =
        call.memories().revise(call.caller(), arguments::memory_id(&arguments.memory_id)?, revision).await?;
    Ok(view::changed(call.exchange, &memory))
}
