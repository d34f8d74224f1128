//! `DELETE /v1/memories/`: deletes everything that the query string selects in one scope, and
//! nothing if it has no conditions.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::access::AuthContext;
use shared::http::{Json, Query};
use shared::ids::EventId;
use shared::memory::Memories;
use shared::memory::filter::Filter;
use shared::{Error, Result};

use super::selection::beside;
use crate::scope;

/// The query string. Unknown parameters are refused: a misspelt one must not turn a small deletion into a large one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    user_id: Option<String>,
    agent_id: Option<String>,
    app_id: Option<String>,
    run_id: Option<String>,
    /// JSON.
    metadata: Option<String>,
    /// JSON. mem0's Python client sends the `repr` of a dict here, which is not JSON.
    filters: Option<String>,
    /// Not part of mem0's API.
    scope: Option<String>,
    #[serde(rename = "org_id")]
    _org_id: Option<String>,
    #[serde(rename = "project_id")]
    _project_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Deleted {
    message: &'static str,
    event_id: EventId,
    deleted: u64,
}

pub(crate) async fn delete(
    State(memories): State<Memories>,
    caller: AuthContext,
    Query(params): Query<Params>,
) -> Result<Json<Deleted>> {
    let scope = scope::one(params.scope.as_deref())?;
    let forgotten = memories.forget_where(&caller, scope, params.filter()?, None).await?;
    let message = "Memories deleted successfully!";
    Ok(Json(Deleted { message, event_id: forgotten.event, deleted: forgotten.count }))
}

impl Params {
    fn filter(&self) -> Result<Filter> {
        let mut filter = match &self.filters {
            Some(text) => Filter::parse(&object("filters", text)?)?,
            None => Filter::everything(),
        };
        let names = [
            ("user_id", &self.user_id),
            ("agent_id", &self.agent_id),
            ("app_id", &self.app_id),
            ("run_id", &self.run_id),
        ];
        for (field, name) in names {
            if let Some(name) = name {
                filter = filter.and(beside(field, &json!(name))?);
            }
        }
        if let Some(text) = &self.metadata {
            filter = filter.and(beside("metadata", &object("metadata", text)?)?);
        }
        Ok(filter)
    }
}

fn object(field: &str, text: &str) -> Result<Value> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(Error::invalid(field, "not a JSON object, nothing was deleted")),
    }
}
