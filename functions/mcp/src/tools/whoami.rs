//! `whoami`: who the caller is, and what their credential may do.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::Result;
use shared::access::ApiKeyVerb;
use shared::identity::accounts;

use super::description::{Description, Effect};
use super::nullable::described_nullable;
use super::{Call, Halt};
use crate::exchange::Exchange;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {}

pub(super) fn describe() -> Description {
    let input = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let output = json!({
        "type": "object",
        "properties": {
            "user_id": { "type": "string" },
            "email": described_nullable("string", "null for a service account."),
            "name": { "type": "string", "description": "What others see the person as." },
            "enterprise_id": { "type": "string" },
            "enterprise_name": { "type": "string" },
            "role": described_nullable("string", "The person's role in the whole enterprise."),
            "credential": { "type": "string", "enum": ["session", "api_key", "application"] },
            "may": { "type": "array", "items": { "type": "string" }, "description": "What the credential may do." },
        },
        "required": ["user_id", "email", "name", "enterprise_id", "enterprise_name", "credential", "may"],
    });
    let text = "Tell whose memory this is: the person, their enterprise, and what this connection may do.";
    Description::new(("whoami", "Who am I"), text, input, output, Effect::Reads)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let Arguments {} = call.parse()?;
    Ok(profile(call.exchange).await?)
}

/// The caller, for themselves.
pub(crate) async fn profile(exchange: &Exchange<'_>) -> Result<Value> {
    let caller = exchange.caller;
    let names = accounts::names(&exchange.state.gate.db, caller).await?;
    let may = ApiKeyVerb::ALL.iter().filter(|verb| caller.authorize_verb(**verb).is_ok());
    Ok(json!({
        "user_id": caller.user_id(),
        "email": caller.email(),
        "name": names.person,
        "enterprise_id": caller.enterprise_id(),
        "enterprise_name": names.enterprise,
        "role": caller.enterprise().ok().and_then(|enterprise| enterprise.role),
        "credential": caller.method().name(),
        "may": may.map(|verb| verb.as_str()).collect::<Vec<_>>(),
    }))
}
