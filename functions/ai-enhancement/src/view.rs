//! An enhanced prompt as it is answered.

use serde::Serialize;
use serde_json::{Map, Value};
use shared::access::AuthContext;
use shared::enhancement::{Enhanced, Enhancement, Mentioned, Unchanged};
use shared::ids::MemoryId;
use shared::memory::Degraded;
use shared::sharing::hierarchy::Level;

#[derive(Serialize)]
pub(crate) struct EnhancementView {
    /// Whether anything was added.
    enhanced: bool,
    /// Why nothing was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    unchanged_because: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<Map<String, Value>>>,
    memories: Vec<MentionedView>,
    left_out: Vec<MentionedView>,
    tokens_added: usize,
    /// Present only while the embedding model is unavailable, with the reason.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct MentionedView {
    id: MemoryId,
    memory: String,
    /// `None` for a memory that was included but not found by the search.
    score: Option<f32>,
    /// The scope it lives in; `None` if it was shared from one that the caller may not read.
    scope: Option<String>,
    level: Level,
    /// Why the caller sees it: `via team Alpha`.
    reason: String,
    included: bool,
}

impl EnhancementView {
    pub(crate) fn new(caller: &AuthContext, enhancement: Enhancement) -> Self {
        let view = |mentioned: Mentioned| MentionedView::new(caller, mentioned);
        let (prompt, messages) = match enhancement.enhanced {
            Enhanced::Prompt(prompt) => (Some(prompt), None),
            Enhanced::Messages(messages) => (None, Some(messages)),
        };
        Self {
            enhanced: enhancement.unchanged.is_none(),
            unchanged_because: enhancement.unchanged.map(Unchanged::as_str),
            prompt,
            messages,
            memories: enhancement.memories.into_iter().map(view).collect(),
            left_out: enhancement.left_out.into_iter().map(view).collect(),
            tokens_added: enhancement.tokens_added,
            degraded: enhancement.degraded.is_some(),
            degraded_reason: enhancement.degraded.map(Degraded::as_str),
        }
    }
}

impl MentionedView {
    fn new(caller: &AuthContext, mentioned: Mentioned) -> Self {
        let Mentioned { memory, score, level, reason, included } = mentioned;
        Self {
            id: memory.id,
            scope: caller.scope(memory.home).map(|scope| scope.label()),
            memory: memory.content,
            score,
            level,
            reason,
            included,
        }
    }
}
