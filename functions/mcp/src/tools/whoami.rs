//! `whoami`: who the caller is, and what their credential may do.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, AuthContext};

use super::description::{Description, Effect};
use super::{Call, Halt};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {}

pub(super) fn describe() -> Description {
    let input = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let output = json!({
        "type": "object",
        "properties": {
            "user_id": { "type": "string" },
            "email": { "type": "string" },
            "enterprise_id": { "type": "string" },
            "role": { "type": ["string", "null"], "description": "The person's role in the whole enterprise." },
            "credential": { "type": "string", "enum": ["session", "api_key", "application"] },
            "may": { "type": "array", "items": { "type": "string" }, "description": "What the credential may do." },
        },
        "required": ["user_id", "email", "enterprise_id", "credential", "may"],
    });
    let text = "Tell whose memory this is: the person, their enterprise, and what this connection may do.";
    Description::new(("whoami", "Who am I"), text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let Arguments {} = call.parse()?;
    Ok(profile(call.caller()))
}

/// The caller, for themselves.
pub(crate) fn profile(caller: &AuthContext) -> Value {
    let may = ApiKeyVerb::ALL.iter().filter(|verb| caller.authorize_verb(**verb).is_ok());
    json!({
        "user_id": caller.user_id(),
        "email": caller.email(),
        "enterprise_id": caller.enterprise_id(),
        "role": caller.enterprise().ok().and_then(|enterprise| enterprise.role),
        "credential": caller.method().name(),
        "may": may.map(|verb| verb.as_str()).collect::<Vec<_>>(),
    })
}
