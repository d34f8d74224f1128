//! `add_memory`: remembers something.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::Error;
use shared::access::{Classification, ScopeName};
use shared::ids::MemoryId;
use shared::memory::{Labels, Message, Metadata, Outcome, Remember};

use super::description::{Description, Effect};
use super::nullable::described_nullable;
use super::{Call, Halt, arguments, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    text: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
    scope: Option<String>,
    classification: Option<Classification>,
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    run_id: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    categories: Vec<String>,
    infer: Option<bool>,
    expiration_date: Option<String>,
    timestamp: Option<String>,
    #[serde(default)]
    supersedes: Vec<MemoryId>,
}

pub(super) fn describe() -> Description {
    let label =
        |what: &str| json!({ "type": "string", "description": format!("A label to filter by: {what}.") });
    let input = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string", "description": "One self-contained statement, with names instead of pronouns. Stored as given." },
            "messages": {
                "type": "array",
                "description": "A conversation, from which statements worth keeping are extracted; beside text or instead of it.",
                "items": {
                    "type": "object",
                    "properties": {
                        "role": { "type": "string", "description": "user, assistant or system." },
                        "content": { "type": "string", "description": "What was said." },
                        "name": { "type": "string", "description": "Who said it, if several people take part." },
                    },
                    "required": ["role", "content"],
                },
            },
            "scope": arguments::scope_schema("personal"),
            "classification": arguments::classification_schema("as its scope says"),
            "user_id": label("whom it is about"),
            "agent_id": label("which agent wrote it"),
            "app_id": label("which application wrote it"),
            "run_id": label("in which conversation"),
            "metadata": {
                "type": "object", "description": "Anything to keep with it and to filter by, for example {\"source\": \"email\"}.",
            },
            "categories": {
                "type": "array", "items": { "type": "string" }, "description": "Topics to filter by, for example [\"travel\"].",
            },
            "infer": {
                "type": "boolean",
                "description": "true: extract statements; false: store as given. Default: true with messages, false with text alone. A text beside \
                                messages is always stored as given.",
            },
            "expiration_date": { "type": "string", "description": "YYYY-MM-DD, the last day on which it is returned." },
            "timestamp": {
                "type": "string",
                "description": "When this was true or happened, like 2026-03-31 or 2026-03-31T12:00:00Z, if that was not just now.",
            },
            "supersedes": {
                "type": "array", "items": { "type": "string" }, "maxItems": 100,
                "description": "Ids of memories in the same scope that are outdated by this one: they are kept, marked as superseded.",
            },
        },
        "additionalProperties": false,
    });
    let result = json!({
        "type": "object",
        "properties": {
            "event": { "type": "string", "enum": ["ADD", "SKIP"] },
            "id": described_nullable("string", "The new memory, or the one that says it already."),
            "memory": { "type": "string" },
            "reason": described_nullable("string", "Why nothing was added."),
        },
        "required": ["event", "memory"],
    });
    let output = json!({
        "type": "object",
        "properties": {
            "event_id": { "type": "string" },
            "extractor": { "type": "string", "description": "What chose the statements." },
            "results": { "type": "array", "items": result },
            "content_trust": view::content_trust_schema(),
        },
        "required": ["event_id", "extractor", "results", "content_trust"],
    });
    let text = "Remember something that will matter in later conversations: a preference, decision, fact or plan. Do \
                not store secrets, small talk, or what search_memories returned.";
    Description::new(("add_memory", "Add a memory"), text, input, output, Effect::Adds)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse_mem0()?;
    let infer = arguments.infer.unwrap_or(!arguments.messages.is_empty());
    let expires_on = arguments::day("expiration_date", arguments.expiration_date.as_deref())?;
    let occurred_at = arguments::time("timestamp", arguments.timestamp.as_deref())?;
    let (stated, messages) = match (arguments.text, arguments.messages) {
        (None, messages) if messages.is_empty() => {
            return Err(Error::invalid("text", "give text or messages").into());
        }
        (Some(text), messages) if messages.is_empty() && infer => {
            (None, vec![Message { role: "user".to_owned(), content: text, name: None }])
        }
        // mem0's own tool requires a text, a summary of what to store, also beside messages.
        both => both,
    };
    let request = Remember {
        stated,
        messages,
        scope: arguments.scope.as_deref().map_or(Ok(ScopeName::Personal), arguments::scope)?,
        labels: Labels {
            user: arguments.user_id,
            agent: arguments.agent_id,
            app: arguments.app_id,
            run: arguments.run_id,
        },
        metadata: arguments.metadata,
        categories: arguments.categories,
        classification: arguments.classification,
        infer,
        occurred_at,
        expires_on,
        supersedes: arguments.supersedes,
    };
    let remembered = call.memories().remember(call.caller(), request, None).await?.value;
    let count = remembered.outcomes.len() as u64;
    call.exchange.notices.progress(count, count, "stored");
    let added = remembered.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Added { .. })).count();
    let told = match added {
        1 => "1 memory was added".to_owned(),
        _ => format!("{added} memories were added"),
    };
    call.exchange.notices.log("debug", &format!("{told} ({})", remembered.event));
    let results = remembered.outcomes.iter().map(|outcome| match outcome {
        Outcome::Added { id, text } => json!({ "event": "ADD", "id": id, "memory": text, "reason": null }),
        Outcome::Skipped { text, reason, existing } => {
            json!({ "event": "SKIP", "id": existing, "memory": text, "reason": reason })
        }
    });
    Ok(json!({
        "event_id": remembered.event,
        "extractor": remembered.extractor,
        "results": results.collect::<Vec<_>>(),
        "content_trust": view::UNTRUSTED,
    }))
}
