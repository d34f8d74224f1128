//! `explain_access`: tells who can see a memory and why, and what sharing it would need.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::memory::Permission;
use shared::sharing::ShareRequest;
use shared::sharing::access;
use shared::sharing::preview::preview;

use super::arguments::PERMISSION;
use super::description::{Description, Effect};
use super::nullable::{described_nullable, nullable};
use super::{Call, Halt, arguments};

/// The most people that are named; the REST API pages through all of them.
const PEOPLE: u32 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    memory_id: String,
    share_with: Option<String>,
    permission: Option<Permission>,
    expires_at: Option<String>,
}

pub(super) fn describe() -> Description {
    let input = json!({
        "type": "object",
        "properties": {
            "memory_id": { "type": "string", "description": "As search or list returned it." },
            "share_with": {
                "type": "string",
                "description": "Also tell what share_memory with this grantee would be answered with, without sharing it: \
                                person:<id or e-mail address>, team:<id>, context:<id>, enterprise, public ….",
            },
            "permission": {
                "type": "string", "enum": ["read", "write", "admin"], "default": "read",
                "description": PERMISSION,
            },
            "expires_at": { "type": "string", "description": "When that share would end, like 2026-03-31T12:00:00Z, or its last day, like 2026-03-31 (UTC)." },
        },
        "required": ["memory_id"],
        "additionalProperties": false,
    });
    let words = json!({ "type": "array", "items": { "type": "string" } });
    let seen_by = json!({
        "type": "object",
        "properties": {
            "scope": { "type": "string" },
            "name": nullable("string"),
            "because": { "type": "string", "description": "Why it can be seen there." },
            "permission": described_nullable("string", "What the share allows; null where it lives."),
            "share_id": nullable("string"),
            "until": nullable("string"),
        },
        "required": ["scope", "because"],
    });
    let approver = json!({
        "type": "object",
        "properties": {
            "role": { "type": "string" },
            "scope": nullable("string"),
            "scope_name": nullable("string"),
        },
        "required": ["role"],
    });
    let output = json!({
        "type": "object",
        "properties": {
            "memory_id": { "type": "string" },
            "classification": { "type": "string" },
            "you": {
                "type": "object",
                "properties": {
                    "because": words,
                    "can_change": { "type": "boolean" },
                    "can_share": { "type": "boolean" },
                },
                "required": ["because", "can_change", "can_share"],
            },
            "seen_by": { "type": "array", "items": seen_by },
            "changed_by": words,
            "people": {
                "anyOf": [{ "type": "array", "items": { "type": "object" } }, { "type": "null" }],
                "description": "Those who see it by name, for who decides about it.",
            },
            "more_people": { "type": "boolean", "description": "Whether there are more of them." },
            "may_share": {
                "type": "object",
                "description": "What sharing it with share_with would be answered with.",
                "properties": {
                    "allowed": { "type": "boolean" },
                    "needs_approval_of": { "type": "array", "items": approver },
                    "reason": nullable("string"),
                },
                "required": ["allowed", "needs_approval_of"],
            },
        },
        "required": ["memory_id", "classification", "you", "seen_by", "changed_by", "more_people"],
    });
    let text = "Tell who can see a memory and why, who can change it, and what the person may do; with share_with also \
                whether they may share it with somebody, and who would have to agree. Use it to answer why can I see this, who else \
                sees this, may I share this. Nothing is changed or shared.";
    Description::new(("explain_access", "Explain access"), text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let id = arguments::memory_id(&arguments.memory_id)?;
    let (caller, database) = (call.caller(), call.database());
    if arguments.share_with.is_none() && (arguments.permission.is_some() || arguments.expires_at.is_some()) {
        return Err(shared::Error::invalid("share_with", "say with whom, or leave out the terms").into());
    }
    let access = access::access(caller, database, id, None, PEOPLE).await?;
    let more = access.next.is_some();
    let mut value = json!(access);
    if let Some(object) = value.as_object_mut() {
        object.remove("next");
        object.insert("more_people".to_owned(), json!(more));
    }
    if let Some(with) = arguments.share_with {
        let request = ShareRequest {
            with: arguments::grantee("share_with", &with)?,
            permission: arguments.permission,
            may_reshare: None,
            expires_at: arguments::share_end("expires_at", arguments.expires_at.as_deref())?,
            reason: None,
        };
        value["may_share"] = json!(preview(caller, database, id, &request).await?);
    }
    Ok(value)
}
