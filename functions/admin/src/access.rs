//! `/v1/users/{id}/access` and `/v1/access/check`: what others see and may do, and why.

use axum::extract::State;
use serde::Deserialize;
use shared::Result;
use shared::access::{Action, AuthContext, Classification, Gate, ScopeName};
use shared::error::Error;
use shared::http::{Json, Path, Query};
use shared::ids::{ApiKeyId, ApprovalId, MemoryId, UserId};
use shared::page::List;
use shared::page::Part;
use shared::sharing::ShareRequest;
use shared::simulation::{self, About, Question, SeenScope, Verb, Verdict};

/// `GET /v1/users/{id}/access`: what a user sees within what the caller administers.
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
    Query(part): Query<Part>,
) -> Result<Json<List<SeenScope>>> {
    let (cursor, limit) = part.read()?;
    simulation::list(&ctx, &gate.db, id, cursor, limit).await.map(Json)
}

/// Asks whether a user may perform an action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// The user; by default the owner of the key.
    user_id: Option<UserId>,
    /// The API key of the user through which they act.
    api_key_id: Option<ApiKeyId>,
    /// An action as `docs/api/permissions.txt` lists it, in lower case with underscores; also `classify_memory`,
    /// `forget_memory` and `decide_approval`.
    action: String,
    /// A scope as memory requests name it: `team:org_…`, `enterprise`. Exactly one of this and the next two.
    scope: Option<String>,
    memory_id: Option<MemoryId>,
    approval_id: Option<ApprovalId>,
    /// Simulates a credential that shows nothing above this classification.
    ceiling: Option<Classification>,
    /// The share in question, in the form that sharing takes; only for a memory.
    share: Option<ShareRequest>,
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
                match scope
                    .parse::<ScopeName>()
                    .map_err(|message: String| Error::invalid("scope", message))?
                {
                    ScopeName::Personal => {
                        let problem = "personal cannot be asked about, expected a node, enterprise, public or context:<id>";
                        return Err(Error::invalid("scope", problem));
                    }
                    scope => About::Scope(scope),
                }
            }
            (None, Some(memory), None) => About::Memory(memory),
            (None, None, Some(approval)) => About::Approval(approval),
            _ => return Err(Error::malformed("send exactly one of scope, memory_id and approval_id")),
        };
        let sharing = matches!(verb, Verb::Policy(Action::ShareOwnMemory | Action::ShareAnyMemory));
        if self.share.is_some() && !(sharing && matches!(about, About::Memory(_))) {
            return Err(Error::invalid(
                "share",
                "goes with a memory_id and the action share_own_memory or share_any_memory",
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
