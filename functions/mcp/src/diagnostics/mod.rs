//! Tools, prompts and resources for the official conformance suite. They are behind the feature `diagnostics`,
//! which no release enables. They use the same listing, notices, faults and seals as the real ones, so the
//! suite's verdict holds for those too.
//!
//! [`content`] answers at once, [`rounds`] asks first.

mod content;
mod rounds;

use serde_json::{Value, json};

pub(crate) use content::{prompts, read, resources, templates};

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::Object;

/// Describes the tools.
pub(crate) fn tools() -> Vec<Value> {
    let plain = json!({ "type": "object", "properties": {} });
    let describe = |name: &&str| json!({ "name": name, "description": "Called by the conformance suite.", "inputSchema": plain });
    let mut tools: Vec<Value> = content::TOOLS.iter().chain(rounds::TOOLS).map(describe).collect();
    tools.push(content::json_schema_tool());
    tools
}

/// Returns the result of a tool, or `None` if it is not one of these.
pub(crate) async fn call(
    exchange: &Exchange<'_>,
    name: &str,
    params: &Object,
) -> Option<Result<Value, Fault>> {
    if rounds::TOOLS.contains(&name) {
        return Some(rounds::call(exchange, name, params).await);
    }
    content::call(exchange, name)
}

/// Returns a prompt, or `None` if it is not one of these.
pub(crate) fn prompt(name: &str, params: &Object) -> Option<Result<Value, Fault>> {
    match name {
        "test_input_required_result_prompt" => Some(rounds::prompt(params)),
        _ => content::prompt(name, params),
    }
}
