//! Previews the result of sharing a memory, without doing it.

use serde::Serialize;

use super::authority::{Held, Plan, shared_before};
use super::{ShareRequest, Subject, approvals};
use crate::access::{Action, AuthContext, ReadableScope, Role};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::MemoryId;

/// The result that a request to share would have.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// Whether it could be shared, immediately or after approval.
    pub allowed: bool,
    /// Who would have to agree first, each of them; empty if nobody.
    pub needs_approval_of: Vec<Approver>,
    /// The reason, if it would be refused.
    pub reason: Option<String>,
}

/// Those who would have to agree.
#[derive(Debug, Clone, Serialize)]
pub struct Approver {
    /// The least role that they hold.
    pub role: Role,
    /// The scope of that role, if the caller may know it.
    pub scope: Option<String>,
    /// The name of that scope; null for the enterprise.
    pub scope_name: Option<String>,
}

/// Returns whether the caller could share it in this way, using the same code as sharing itself.
pub async fn preview(
    ctx: &AuthContext,
    db: &Database,
    id: MemoryId,
    request: &ShareRequest,
) -> Result<Preview> {
    ctx.authorize_verb(Action::ReadMemories.verb())?;
    request.check(ctx.request().at)?;
    let tx = ctx.begin(db, "share.preview").await?;
    let held = Held::look(&tx, Subject::Memory(id)).await?;
    let home = held.home;
    let before = shared_before(&tx, held.subject, &request.with, ctx).await?;
    let new = request.on(before.as_ref());
    let planned = match Plan::of(&tx, held, ctx, &new).await {
        Ok(plan) => approvals::can_be_approved(&tx, &plan, ctx.user_id()).await.map(|()| plan),
        Err(refusal) => Err(refusal),
    };
    let preview = match planned {
        Ok(plan) => Preview {
            allowed: true,
            needs_approval_of: plan
                .rules
                .iter()
                .map(|(node, rule)| Approver {
                    role: rule.approver_role,
                    scope: ctx.scope(*node).map(ReadableScope::label),
                    scope_name: ctx.scope(*node).and_then(|scope| scope.name.clone()),
                })
                .collect(),
            reason: None,
        },
        Err(refusal) if refusal.is_refusal() || matches!(refusal, Error::InsufficientScope { .. }) => {
            Preview { allowed: false, needs_approval_of: Vec::new(), reason: Some(refusal.to_string()) }
        }
        Err(error) => return Err(error),
    };
    audit::commit_read(tx, Entry::new("share.preview", id).memories([id]).within(home)).await?;
    Ok(preview)
}
