//! `POST /enhance`.

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use shared::access::AuthContext;
use shared::enhancement::{self, DEFAULT_MAX_TOKENS, DEFAULT_THRESHOLD, Enhance, Format, MAX_TOP_K, Prompt};
use shared::http::Json;
use shared::ids::MemoryId;
use shared::memory::filter::Filter;
use shared::memory::{Briefing, DEFAULT_TOP_K, Memories, ScopeParam, Scopes};
use shared::{Error, Result};

use crate::view::EnhancementView;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// A text. Exactly one of this and `messages`.
    prompt: Option<String>,
    /// Messages in the format of chat APIs.
    messages: Option<Vec<Value>>,
    /// Conditions in mem0's filter grammar.
    filters: Option<Value>,
    /// Where to look; by default everywhere.
    scope: Option<ScopeParam>,
    max_tokens: Option<i64>,
    top_k: Option<i64>,
    threshold: Option<f32>,
    #[serde(default)]
    include: Vec<MemoryId>,
    #[serde(default)]
    exclude: Vec<MemoryId>,
    format: Option<Format>,
}

pub(crate) async fn post(
    State(memories): State<Memories>,
    caller: AuthContext,
    Json(request): Json<Request>,
) -> Result<Json<EnhancementView>> {
    let request = request.read()?;
    let caller = memories.reaching(caller, &request.scopes, Some(&request.filter)).await?;
    let enhancement = enhancement::enhance(&memories, &caller, request).await?;
    Ok(Json(EnhancementView::new(&caller, enhancement)))
}

impl Request {
    fn read(self) -> Result<Enhance> {
        let prompt = match (self.prompt, self.messages) {
            (Some(prompt), None) => Prompt::text(prompt)?,
            (None, Some(messages)) => Prompt::chat(messages)?,
            (Some(_), Some(_)) => {
                return Err(Error::invalid("messages", "cannot stand beside prompt: send one of them"));
            }
            (None, None) => return Err(Error::invalid("prompt", "is missing: send prompt or messages")),
        };
        let top_k = self.top_k.unwrap_or(i64::from(DEFAULT_TOP_K));
        Ok(Enhance {
            filter: Filter::parse(self.filters.as_ref().unwrap_or(&Value::Null))?,
            scopes: self.scope.map_or(Ok(Scopes::All), |scope| scope.read())?,
            top_k: u32::try_from(top_k).map_err(|_| {
                Error::invalid("top_k", format!("must be from 1 to {MAX_TOP_K}, found {top_k}"))
            })?,
            threshold: self.threshold.unwrap_or(DEFAULT_THRESHOLD),
            budget: Briefing::budget(self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS))?,
            include: self.include,
            exclude: self.exclude,
            format: self.format,
            ..Enhance::new(prompt)
        })
    }
}
