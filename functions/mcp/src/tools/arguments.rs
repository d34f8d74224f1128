//! Arguments: wrong ones are refused with the field's name, unknown ones too.

use rmcp::model::JsonObject;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::access::ScopeName;
use shared::ids::MemoryId;
use shared::memory::Scopes;
use shared::memory::filter::Filter;
use shared::{Error, Result};

/// Reads the arguments into a tool's own type.
pub(super) fn parse<T: DeserializeOwned>(arguments: JsonObject) -> Result<T> {
    let bytes = serde_json::to_vec(&arguments).map_err(Error::internal)?;
    shared::http::parse(&bytes)
}

pub(super) fn memory_id(text: &str) -> Result<MemoryId> {
    text.parse().map_err(|error: shared::ids::ParseIdError| Error::invalid("memory_id", error.to_string()))
}

pub(super) fn scope(text: &str) -> Result<ScopeName> {
    text.parse().map_err(|message: String| Error::invalid("scope", message))
}

/// Where to look: everywhere the caller can see, or in one scope.
pub(super) fn scopes(text: Option<&str>) -> Result<Scopes> {
    text.map_or(Ok(Scopes::All), |text| scope(text).map(|name| Scopes::Named(vec![name])))
}

pub(super) fn filter(filters: Option<&Value>) -> Result<Filter> {
    let Some(filters) = filters else { return Ok(Filter::everything()) };
    Filter::parse(filters).map_err(|error| Error::invalid(error.path.clone(), error.message.clone()))
}

/// The schema of a scope argument.
pub(super) fn scope_schema(default: &str) -> Value {
    json!({
        "type": "string",
        "description": format!(
            "personal, team:<id>, division:<id>, department:<id>, unit:<id>, organization:<id>, enterprise or public. \
             Default: {default}."
        ),
    })
}

/// The schema of mem0's filters.
pub(super) fn filters_schema() -> Value {
    json!({
        "type": "object",
        "description": "Conditions in mem0's filter grammar, for example {\"AND\": [{\"user_id\": \"alice\"}, \
                        {\"created_at\": {\"gte\": \"2026-01-01\"}}]}. Fields: user_id, agent_id, app_id, run_id, \
                        created_at, updated_at, timestamp, expiration_date, categories, metadata, memory_ids, scope.",
    })
}
