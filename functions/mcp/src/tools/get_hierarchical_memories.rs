//! `get_hierarchical_memories`: returns everything that the person sees, level by level, with the reason.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use shared::memory::DEFAULT_THRESHOLD;
use shared::sharing::hierarchy::{self, DEFAULT_PER_LEVEL, Hierarchical, MAX_PER_LEVEL};

use super::description::{Description, Effect};
use super::nullable::nullable;
use super::{Call, Halt, arguments, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    query: Option<String>,
    /// Parsed with the request.
    #[serde(default, rename = "filters")]
    _filters: Option<IgnoredAny>,
    per_level: Option<u32>,
    threshold: Option<f32>,
    #[serde(default)]
    latest_only: bool,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": {
            "query": { "type": "string", "description": "What to rank by; without it, the newest of each level." },
            "filters": arguments::filters_schema(),
            "per_level": {
                "type": "integer", "minimum": 1, "maximum": MAX_PER_LEVEL, "default": DEFAULT_PER_LEVEL,
                "description": "How many memories of each level at most.",
            },
            "threshold": arguments::threshold_schema(),
            "latest_only": { "type": "boolean", "default": false, "description": "Leave out superseded facts." },
        },
        "additionalProperties": false,
    });
    let seen = view::memory_schema(&[
        ("score", nullable("number")),
        ("reason", json!({ "type": "string", "description": "Why the person sees it." })),
    ]);
    let output = json!({
        "type": "object",
        "properties": {
            "levels": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "level": {
                        "type": "string",
                        "enum": ["personal", "shared", "context", "team", "division", "organization", "enterprise", "public"],
                    },
                    "results": { "type": "array", "items": seen },
                },
                "required": ["level", "results"],
            } },
            "content_trust": view::content_trust_schema(),
            "degraded": view::degraded_schema(),
            "degraded_reason": { "type": "string" },
        },
        "required": ["levels", "content_trust"],
    });
    let text = "Everything that the person sees, level by level from their own to the whole enterprise, each memory once and \
                with the reason. Use it to tell what is personal from what a team or the enterprise decided; search_memories \
                answers a single question better.";
    let name = ("get_hierarchical_memories", "Get memories by level");
    Description::new(name, text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let request = Hierarchical {
        query: arguments.query,
        filter: call.filter()?,
        per_level: arguments.per_level.unwrap_or(DEFAULT_PER_LEVEL),
        threshold: arguments.threshold.unwrap_or(DEFAULT_THRESHOLD),
        latest_only: arguments.latest_only,
    };
    let found = hierarchy::hierarchy(call.memories(), call.caller(), request).await?;
    let levels = found.levels.iter().map(|(level, results)| {
        let results = results.iter().map(|seen| {
            let mut value = view::memory(call.exchange, &seen.memory);
            value["score"] = json!(seen.score);
            value["reason"] = json!(seen.reason);
            value
        });
        json!({ "level": level, "results": results.collect::<Vec<_>>() })
    });
    let mut answer = json!({ "levels": levels.collect::<Vec<_>>(), "content_trust": view::UNTRUSTED });
    view::tell_degraded(&mut answer, found.degraded);
    Ok(answer)
}
