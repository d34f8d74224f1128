//! `POST /v3/memories/search/`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::access::AuthContext;
use shared::http::{Json, require_room};
use shared::ids::MemoryId;
use shared::memory::{
    Briefing, DEFAULT_THRESHOLD, DEFAULT_TOP_K, Degraded, Memories, Recall, Recollection, ScopeParam,
};
use shared::{Error, Result};

use super::narrow::{Narrowed, narrow};
use super::selection::{Selection, TopLevelNames};
use super::view::FoundView;
use crate::timestamp::Timestamp;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    query: String,
    filters: Option<Value>,
    categories: Option<Vec<String>>,
    metadata: Option<Value>,
    top_k: Option<i64>,
    threshold: Option<f32>,
    #[serde(default)]
    rerank: bool,
    #[serde(default)]
    latest_only: bool,
    #[serde(default)]
    show_expired: bool,
    reference_date: Option<Timestamp>,
    fields: Option<Vec<String>>,
    /// Not part of mem0's API.
    scope: Option<ScopeParam>,
    /// Not part of mem0's API: adds `score_breakdown`.
    #[serde(default)]
    explain: bool,
    /// Not part of mem0's API: adds `context`, of at most this length.
    max_tokens: Option<i64>,
    user_id: Option<Value>,
    agent_id: Option<Value>,
    app_id: Option<Value>,
    run_id: Option<Value>,
    // These do not influence the result: words always count.
    #[serde(rename = "keyword_search")]
    _keyword_search: Option<Value>,
    #[serde(rename = "enable_graph")]
    _enable_graph: Option<Value>,
    #[serde(rename = "output_format")]
    _output_format: Option<Value>,
    #[serde(rename = "version")]
    _version: Option<Value>,
    #[serde(rename = "org_id")]
    _org_id: Option<Value>,
    #[serde(rename = "project_id")]
    _project_id: Option<Value>,
}

#[derive(Serialize)]
pub(crate) struct Found {
    results: Vec<Narrowed<FoundView>>,
    /// Not part of mem0's API: present only while the embedding model is unavailable, with the reason.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ContextView>,
}

/// The results as one text for a language model.
#[derive(Serialize)]
struct ContextView {
    text: String,
    tokens: usize,
    /// In the order of the numbers in the text.
    memory_ids: Vec<MemoryId>,
    /// Why the text is empty although there are results.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(crate) async fn post(
    State(memories): State<Memories>,
    caller: AuthContext,
    Json(search): Json<Search>,
) -> Result<Json<Found>> {
    let explain = search.explain;
    let fields = search.fields.clone();
    let budget = search.max_tokens.map(Briefing::budget).transpose()?;
    let query = search.query.clone();
    let recall = search.read()?;
    let caller = memories.reaching(caller, &recall.scopes, Some(&recall.filter)).await?;
    let Recollection { found, degraded } = memories.recall(&caller, recall).await?;
    let context = budget.map(|budget| ContextView::from(Briefing::of(&caller, &found, &query, budget)));
    let views = found.into_iter().map(|found| FoundView::new(&caller, found, explain)).collect();
    let results = narrow(views, fields.as_deref())?;
    require_room(&results, "top_k", "or for fewer `fields`")?;
    Ok(Json(Found {
        results,
        degraded: degraded.is_some(),
        degraded_reason: degraded.map(Degraded::as_str),
        context,
    }))
}

impl From<Briefing> for ContextView {
    fn from(briefing: Briefing) -> Self {
        let reason = briefing.reason();
        let Briefing { text, tokens, memories, .. } = briefing;
        Self { text, tokens, memory_ids: memories, reason }
    }
}

impl Search {
    fn read(self) -> Result<Recall> {
        let top_level = TopLevelNames([&self.user_id, &self.agent_id, &self.app_id, &self.run_id]);
        let selection = Selection {
            filters: self.filters.as_ref(),
            categories: self.categories.as_deref(),
            metadata: self.metadata.as_ref(),
            scope: self.scope.as_ref(),
            show_expired: self.show_expired,
        };
        top_level.refuse()?;
        let (filter, scopes) = selection.read()?;
        let top_k = self.top_k.unwrap_or(i64::from(DEFAULT_TOP_K));
        Ok(Recall {
            filter,
            scopes,
            top_k: u32::try_from(top_k)
                .map_err(|_| Error::invalid("top_k", format!("must be from 1 to 1000, found {top_k}")))?,
            threshold: self.threshold.unwrap_or(DEFAULT_THRESHOLD),
            rerank: self.rerank,
            latest_only: self.latest_only,
            reference: self.reference_date.map(|at| at.read("reference_date")).transpose()?,
            ..Recall::new(self.query)
        })
    }
}
