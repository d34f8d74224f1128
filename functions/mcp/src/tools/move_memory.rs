//! `move_memory`: moves a memory to another scope.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::access::ScopeKind;
use shared::sharing::relocate;

use super::description::{Description, Effect};
use super::{Call, Halt, arguments, view};
use crate::confirmation::{Question, confirm};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    memory_id: String,
    scope: String,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": {
            "memory_id": { "type": "string", "description": "As search or list returned it." },
            "scope": {
                "type": "string",
                "description": "The new scope: personal, enterprise, public, team:<id>, context:<id> …, as list_scopes \
                                names those that are writable.",
            },
        },
        "required": ["memory_id", "scope"],
        "additionalProperties": false,
    });
    let text = "Let a memory live in another scope: it stays the same memory, with its history and shares, and whoever reads \
                the new scope sees it instead of whoever reads the old one. Only do this when the person asks for it. To show it \
                to others and leave it where it is, use share_memory; that is also how to pin it to a context.";
    let output = view::changed_schema();
    Description::new(("move_memory", "Move a memory"), text, input, output, Effect::Replaces)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let Arguments { memory_id, scope } = call.parse()?;
    let (id, scope) = (arguments::memory_id(&memory_id)?, arguments::scope(&scope)?);
    confirm(call, async || {
        relocate::may_relocate(call.memories(), call.caller(), id, scope).await?;
        let (memory, target) = (call.readable(id).await?, call.caller().resolve(scope)?);
        // Ask only if the move shows it to people who do not see it now.
        let narrows = memory.as_ref().is_some_and(|memory| target.path.contains(&memory.home));
        if target.kind == ScopeKind::User || narrows {
            return Ok(None);
        }
        let (what, place) = (view::called(id, memory.as_ref()), view::place(target));
        let seen = if target.kind == ScopeKind::Public { "" } else { " Everybody in it will see it." };
        let text = format!("Move this memory to {place}?{seen} {what}");
        Ok(Some(Question::about(text, "Yes, move", memory.as_ref())))
    })
    .await?;
    let moved = relocate::relocate(call.memories(), call.caller(), id, scope, None).await?;
    Ok(view::changed(call.exchange, &moved.value))
}
