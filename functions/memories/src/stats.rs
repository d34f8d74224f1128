//! `GET /v1/stats/`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::access::AuthContext;
use shared::http::{Json, Query};
use shared::memory::{Memories, Stats};

use crate::scope;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    scope: Option<String>,
    #[serde(rename = "org_id")]
    _org_id: Option<String>,
    #[serde(rename = "project_id")]
    _project_id: Option<String>,
}

/// mem0's statistics, as far as they are counted: searches are not.
#[derive(Serialize)]
pub(crate) struct StatsView {
    total_memories: u64,
    total_add_events: u64,
    total_users_with_memories: u64,
    total_agents_with_memories: u64,
    total_apps_with_memories: u64,
    total_runs_with_memories: u64,
    memories_per_user: u64,
    memories_per_agent: u64,
    memories_per_app: u64,
    memories_per_run: u64,
}

pub(crate) async fn get(
    State(memories): State<Memories>,
    caller: AuthContext,
    Query(params): Query<Params>,
) -> Result<Json<StatsView>> {
    let scopes = scope::in_query(params.scope.as_deref())?;
    let caller = memories.reaching(caller, &scopes, None).await?;
    Ok(Json(memories.stats(&caller, &scopes).await?.into()))
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> Self {
        // Rounded to the nearest integer.
        let per = |memories: u64, names: u64| (memories + names / 2).checked_div(names).unwrap_or(0);
        Self {
            total_memories: stats.memories,
            total_add_events: stats.add_events,
            total_users_with_memories: stats.users,
            total_agents_with_memories: stats.agents,
            total_apps_with_memories: stats.apps,
            total_runs_with_memories: stats.runs,
            memories_per_user: per(stats.with_user, stats.users),
            memories_per_agent: per(stats.with_agent, stats.agents),
            memories_per_app: per(stats.with_app, stats.apps),
            memories_per_run: per(stats.with_run, stats.runs),
        }
    }
}
