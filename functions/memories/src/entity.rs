//! `GET /v1/entities/`, `DELETE /v2/entities/{kind}/{name}/`: the labels that memories have. `DELETE /v1/…` is an
//! alias for mem0's TypeScript client.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::access::AuthContext;
use shared::http::{Json, Path, Query};
use shared::ids::{EventId, UserId};
use shared::memory::filter::Entity;
use shared::memory::{Memories, NamedEntity};
use shared::{Error, Result};

use crate::page::{Numbered, PageParams};
use crate::scope;

/// mem0's `reset` deletes what the first page lists, so the first page should list everything.
const PAGE_SIZE: i64 = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    page: Option<i64>,
    page_size: Option<i64>,
    scope: Option<String>,
    #[serde(rename = "org_id")]
    _org_id: Option<String>,
    #[serde(rename = "project_id")]
    _project_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct EntitiesView {
    #[serde(flatten)]
    page: Numbered<EntityView>,
    total_users: u64,
    total_agents: u64,
    total_apps: u64,
    total_runs: u64,
}

#[derive(Serialize)]
struct EntityView {
    id: String,
    name: String,
    r#type: &'static str,
    owner: UserId,
    metadata: Option<()>,
    /// How many memories have this label.
    memories: u64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteParams {
    scope: Option<String>,
    #[serde(rename = "org_id")]
    _org_id: Option<String>,
    #[serde(rename = "project_id")]
    _project_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Deleted {
    message: String,
    event_id: EventId,
    deleted: u64,
}

/// mem0's name for a kind of entity.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    User,
    Agent,
    App,
    Run,
}

pub(crate) async fn list(
    State(memories): State<Memories>,
    caller: AuthContext,
    Query(params): Query<Params>,
) -> Result<Json<EntitiesView>> {
    let page = PageParams { page: params.page, page_size: params.page_size }.read(PAGE_SIZE)?;
    let scopes = scope::in_query(params.scope.as_deref())?;
    let caller = memories.reaching(caller, &scopes, None).await?;
    let found = memories.entities(&caller, &scopes, page).await?;
    let owner = caller.user_id();
    let entities = found.entities.into_iter().map(|entity| EntityView::new(entity, owner)).collect();
    let count = found.users + found.agents + found.apps + found.runs;
    let scope = params.scope.as_deref().map(|scope| ("scope", scope));
    Ok(Json(EntitiesView {
        page: Numbered::new(page, "/v1/entities/", scope.as_slice(), count, entities),
        total_users: found.users,
        total_agents: found.agents,
        total_apps: found.apps,
        total_runs: found.runs,
    }))
}

pub(crate) async fn delete(
    State(memories): State<Memories>,
    caller: AuthContext,
    Path((kind, name)): Path<(Kind, String)>,
    Query(params): Query<DeleteParams>,
) -> Result<Json<Deleted>> {
    if name.is_empty() {
        return Err(Error::invalid("name", "must not be empty"));
    }
    let scope = scope::one(params.scope.as_deref())?;
    let forgotten = memories.forget_entity(&caller, scope, kind.into(), &name, None).await?;
    Ok(Json(Deleted {
        message: "Entity deleted successfully".to_owned(),
        event_id: forgotten.event,
        deleted: forgotten.count,
    }))
}

impl EntityView {
    fn new(entity: NamedEntity, owner: UserId) -> Self {
        Self {
            id: entity.name.clone(),
            name: entity.name,
            r#type: match entity.kind {
                Entity::User => "user",
                Entity::Agent => "agent",
                Entity::App => "app",
                Entity::Run => "run",
            },
            owner,
            metadata: None,
            memories: entity.memories,
            created_at: entity.created_at,
            updated_at: entity.updated_at,
        }
    }
}

impl From<Kind> for Entity {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::User => Self::User,
            Kind::Agent => Self::Agent,
            Kind::App => Self::App,
            Kind::Run => Self::Run,
        }
    }
}
