//! `/v1/users/{id}/access` and `/v1/access/check`: what others see and may do, and why.

use axum::extract::State;
use serde::Deserialize;
use shared::Result;
use shared::access::{Action, AuthContext, Classification, Gate};
use shared::error::Error;
use shared::http::{Json, Path, Query};
use shared::ids::{ApiKeyId, ApprovalId, MemoryId, UserId};
use shared::page::List;
use shared::page::Part;
use shared::sharing::NewShare;
use shared::simulation::{self, About, Question, SeenScope, Verb, Verdict};

/// `GET /v1/users/{id}/access`: what somebody sees of what the caller administers.
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
    Query(part): Query<Part>,
) -> Result<Json<List<SeenScope>>> {
    let (cursor, limit) = part.read()?;
    simulation::list(&ctx, &gate.db, id, cursor, limit).await.map(Json)
}

/// May they do that?
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// Who; left out, whoever owns the key.
    user_id: Option<UserId>,
    /// Through this API key of theirs.
    api_key_id: Option<ApiKeyId>,
    /// As `docs/api/permissions.txt` lists them, in lower case with underscores; also `classify_memory`, `forget_memory`
    /// and `decide_approval`.
    action: String,
    /// As memory requests name it: `team:org_…`, `enterprise`. Exactly one of this and the next two.
    scope: Option<String>,
    memory_id: Option<MemoryId>,
    approval_id: Option<ApprovalId>,
    /// As through a credential that shows no more than this.
    ceiling: Option<Classification>,
    /// The very share, as sharing takes it; only of a memory.
    share: Option<NewShare>,
}

/// `POST /v1/access/check`
pub(crate) async fn check(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Json(body): Json<Check>,
) -> Result<Json<Verdict>> {
    simulation::check(&ctx, &gate.db, body.read()?).await.map(Json)
}

impl Check {
    fn read(self) -> Result<Question> {
        let verb = self.action.parse().map_err(|message: String| Error::invalid("action", message))?;
        let about = match (self.scope, self.memory_id, self.approval_id) {
            (Some(scope), None, None) => {
                About::Scope(scope.parse().map_err(|message: String| Error::invalid("scope", message))?)
            }
            (None, Some(memory), None) => About::Memory(memory),
            (None, None, Some(approval)) => About::Approval(approval),
            _ => return Err(Error::malformed("send exactly one of scope, memory_id and approval_id")),
        };
        let sharing = matches!(verb, Verb::Policy(Action::ShareOwnMemory | Action::ShareAnyMemory));
        if self.share.is_some() && !(sharing && matches!(about, About::Memory(_))) {
            return Err(Error::invalid(
                "share",
                "only of share_own_memory and share_any_memory, with a memory_id",
            ));
        }
        if self.user_id.is_none() && self.api_key_id.is_none() {
            return Err(Error::malformed("send user_id, or api_key_id"));
        }
        if self.ceiling.is_some() && self.api_key_id.is_some() {
            return Err(Error::invalid("ceiling", "a key has its own"));
        }
        let (user, key) = (self.user_id, self.api_key_id);
        Ok(Question { user, key, verb, about, ceiling: self.ceiling, share: self.share })
    }
}
