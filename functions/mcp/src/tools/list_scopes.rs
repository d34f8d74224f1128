//! `list_scopes`: lists where the caller can read and write.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::{page, tenancy};

use super::description::{Description, Effect};
use super::nullable::{described_nullable, nullable};
use super::{Call, Halt};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    cursor: Option<String>,
    limit: Option<i64>,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": {
            "cursor": { "type": "string", "description": "`next` of the previous answer." },
            "limit": {
                "type": "integer", "minimum": 1, "maximum": 1000, "default": 100, "description": "How many at most.",
            },
        },
        "additionalProperties": false,
    });
    let scope = json!({
        "type": "object",
        "properties": {
            "scope": { "type": "string", "description": "As the scope argument of other tools takes it." },
            "kind": { "type": "string" },
            "id": nullable("string"),
            "name": described_nullable("string", "What people call it; null for personal and public."),
            "role": described_nullable("string", "The person's role there, if they have one."),
            "writable": { "type": "boolean", "description": "Whether add_memory may add to it." },
            "shared": {
                "type": "object",
                "description": "For a context that is shared with the person: with which scope, and until when.",
            },
        },
        "required": ["scope", "kind", "writable"],
    });
    let output = json!({
        "type": "object",
        "properties": {
            "results": { "type": "array", "items": scope },
            "next": described_nullable("string", "The cursor of the next part."),
        },
        "required": ["results"],
    });
    let text = "List the scopes that the person can read, with their names, and which of them can be written. Use it \
                to find the scope argument for a team, organization or context that is mentioned by name.";
    Description::new(("list_scopes", "List scopes"), text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let limit = page::limit(arguments.limit).map_err(shared::Error::from)?;
    let after = arguments.cursor.as_deref();
    let scopes = tenancy::scopes::list(call.caller(), call.database(), "list_scopes", after, limit).await?;
    Ok(json!(scopes))
}
