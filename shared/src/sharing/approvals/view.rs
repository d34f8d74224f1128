//! Requests as seen by those concerned: the requester, the deciders, and those who administer the node.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Approval, Decision, NOT_FOUND, Position, Status, one};
use crate::access::{Action, ApiKeyVerb, AuthContext, Classification, TenantTx, in_words};
use crate::audit::{self, Entry};
use crate::clock::is_year;
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ContextId, MemoryId, ScopeId, UserId};
use crate::memory::Metadata;
use crate::page::{Cursor, List, QueryHash};
use crate::sharing::authority::Held;
use crate::sharing::store::{approval_list, approval_names, approval_parts as parts, approvals as store};

/// Which requests to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// With this status.
    pub status: Option<Status>,
    /// About this memory.
    pub memory_id: Option<MemoryId>,
    /// By this requester.
    pub requested_by: Option<UserId>,
    /// Requested at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Requested before this time.
    pub to: Option<DateTime<Utc>>,
    /// Whether to list only those that the caller can decide now.
    #[serde(default)]
    pub to_decide: bool,
}

impl Filter {
    fn validate(&self) -> Result<()> {
        for (field, time) in [("from", self.from), ("to", self.to)] {
            if time.is_some_and(|time| !is_year(time.year())) {
                return Err(Error::invalid(field, "must be in the years 1 to 9999"));
            }
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => Err(Error::invalid("to", "must be after from")),
            _ => Ok(()),
        }
    }
}

/// A request with what it is about.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// The request.
    #[serde(flatten)]
    pub approval: Approval,
    /// Whether the caller can decide it now.
    pub can_decide: bool,
    /// The memory's text as it was requested, if the caller can decide: the request shows it to them. Not if it has a
    /// higher class by now, lives in somebody's own scope, or the requester has left.
    pub memory: Option<String>,
    /// What else of the memory those would see with whom it is to be shared, if the caller can decide.
    #[serde(flatten)]
    pub about: Option<About>,
    /// The context, if the caller can decide, with the contents that they decide about and that are as they were.
    pub context: Option<AskedContext>,
    /// Who sees the context to which the memory is to be pinned, if the caller can decide: its members first, at most a
    /// hundred.
    pub recipients: Option<Vec<Recipient>>,
    /// Whether the memory, or the contents of the context, have changed since the request, which can then no longer be
    /// approved.
    pub changed: bool,
}

/// What a memory shows besides its text. Its history shows no earlier text to those with whom it is shared.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// The caller's own JSON.
    pub metadata: Metadata,
    /// Its categories.
    pub categories: Vec<String>,
    /// The label of the user.
    pub user_id: Option<String>,
    /// The label of the agent.
    pub agent_id: Option<String>,
    /// The label of the application.
    pub app_id: Option<String>,
    /// The label of the run.
    pub run_id: Option<String>,
}

/// Somebody who sees a context.
#[derive(Debug, Clone, Serialize)]
pub struct Recipient {
    /// The person or scope, as requests name it.
    pub with: String,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is a member of the context; otherwise the context is shared with it.
    pub member: bool,
}

/// Maximum number of memories of a context, and of those who see one, that are shown to a decider.
const SHOWN: i32 = 100;

/// A context as its deciders see it.
#[derive(Debug, Clone, Serialize)]
pub struct AskedContext {
    /// Its name.
    pub name: String,
    /// Its purpose, possibly empty.
    pub description: String,
    /// The memories in it that live below the nodes for which the caller decides, newest first.
    pub memories: Vec<AskedMemory>,
    /// Whether there are more of them.
    pub more: bool,
}

/// A memory in a requested context.
#[derive(Debug, Clone, Serialize)]
pub struct AskedMemory {
    /// Its id.
    pub id: MemoryId,
    /// The text.
    pub memory: String,
    /// Its class.
    pub classification: Classification,
    /// What else it shows.
    #[serde(flatten)]
    pub about: About,
}

/// Lists requests that concern the caller, oldest first.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    filter: &Filter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Approval>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    filter.validate()?;
    let query = QueryHash::of(&["approvals", &serde_json::to_string(filter).unwrap_or_default()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "approval.list").await?;
    let mut results = approval_list::list(&tx, filter, after, limit + 1).await?;
    approval_names::name(&tx, &mut results).await?;
    let next = Cursor::cut(&mut results, limit, &query, |approval| Cursor {
        created_at: approval.requested_at,
        id: approval.id.uuid(),
    });
    let shown = Entry::of("approval.list").with(json!({ "rows": results.len() }));
    audit::commit_read(tx, shown).await?;
    Ok(List { results, next })
}

/// Does the same for a report, and records in the audit log that it was made.
pub async fn export(
    ctx: &AuthContext,
    db: &Database,
    filter: &Filter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Approval>> {
    let part = list(ctx, db, filter, cursor, limit).await?;
    let tx = ctx.begin(db, "approval.export").await?;
    let details = json!({ "rows": part.results.len(), "filter": filter });
    audit::record(&tx, Entry::of("approval.export").with(details)).await?;
    tx.commit().await?;
    Ok(part)
}

/// Returns one request. It is not found if it does not concern the caller.
pub async fn lookup(ctx: &AuthContext, db: &Database, id: ApprovalId) -> Result<Detail> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let tx = ctx.begin(db, "approval.lookup").await?;
    let approval = one(&tx, id).await?;
    let own = approval.requested_by == ctx.user_id();
    let positions = if own { Vec::new() } else { parts::positions(&tx, ctx, &approval).await? };
    if !own && positions.is_empty() && !store::may_see(&tx, ctx, &approval).await? {
        return Err(NOT_FOUND);
    }
    let can_decide = approval.status == Status::Pending && positions.iter().any(|it| it.open);
    let changed = match approval.status {
        Status::Pending => match Held::asked(&tx, &approval).await? {
            Some(held) => approval.differs(&tx, &held).await?,
            None => false,
        },
        _ => false,
    };
    let shown = if can_decide { store::shown(&tx, id).await? } else { None };
    let (memory, about) = shown.unzip();
    let context = match approval.context_id {
        Some(context) if can_decide => context_of(&tx, &approval, context, &positions).await?,
        _ => None,
    };
    let recipients = match approval.memory_id {
        Some(_) if can_decide && approval.with.starts_with("context:") => {
            Some(parts::recipients(&tx, approval.grantee, SHOWN).await?)
        }
        _ => None,
    };
    let inside = context.iter().flat_map(|context| &context.memories).map(|memory| memory.id);
    let shown: Vec<_> = approval.memory_id.filter(|_| memory.is_some()).into_iter().chain(inside).collect();
    audit::commit_read(tx, Entry::new("approval.read", id).memories(shown).within(approval.home)).await?;
    Ok(Detail { approval, can_decide, memory, about, context, recipients, changed })
}

/// Returns the requested context with the contents that these positions may decide about.
async fn context_of(
    tx: &TenantTx<'_>,
    approval: &Approval,
    context: ContextId,
    positions: &[Position],
) -> Result<Option<AskedContext>> {
    let Some((name, description)) = parts::context(tx, context).await? else { return Ok(None) };
    let nodes: Vec<ScopeId> = positions.iter().filter(|it| it.open).map(|it| it.node).collect();
    let mut memories = parts::memories(tx, approval.id, &nodes, SHOWN + 1).await?;
    let more = memories.len() > SHOWN as usize;
    memories.truncate(SHOWN as usize);
    Ok(Some(AskedContext { name, description, memories, more }))
}

/// Returns how another person stands to a request that the caller administers at one of its nodes: whether it concerns
/// them, for which nodes they may decide, and why.
pub async fn position(
    tx: &TenantTx<'_>,
    id: ApprovalId,
    who: &AuthContext,
) -> Result<(Approval, bool, Vec<Position>)> {
    let asker = tx.caller();
    let approval = one(tx, id).await?;
    if !store::may_see(tx, asker, &approval).await? {
        return Err(NOT_FOUND);
    }
    let beyond = || {
        let node = in_words(approval.node_name.as_deref(), &approval.node);
        let message = format!("this is answered to those who administer {node}");
        Error::Forbidden(message)
    };
    let nodes = approval.decisions.iter().filter_map(|part| asker.scope(part.node_scope));
    let answers = nodes.map(|node| asker.authorize(Action::SimulateAccess, node));
    // If all nodes refuse, the first refusal.
    answers.reduce(|one, other| one.or(other)).ok_or_else(beyond)??;
    let positions = parts::positions(tx, who, &approval).await?;
    let sees = store::may_see(tx, who, &approval).await?;
    Ok((approval, sees, positions))
}

/// Formats requests as comma-separated values (RFC 4180).
#[must_use]
pub fn csv(approvals: &[Approval]) -> String {
    let mut text = String::from(
        "id,status,memory_id,context_id,with,permission,direction,classification,reason,requested_by,requested_at,\
         node,approver_role,expires_at,decided_by,decided_at,decision_reason,share_id,decisions,may_reshare,\
         share_expires_at,memory_version,escalates_at,with_name,requested_by_name,node_name,decided_by_name\r\n",
    );
    for row in approvals {
        let at = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
        let id = |id: Option<String>| id.unwrap_or_default();
        let fields = [
            row.id.to_string(),
            row.status.as_str().to_owned(),
            id(row.memory_id.map(|id| id.to_string())),
            id(row.context_id.map(|id| id.to_string())),
            row.with.clone(),
            row.permission.to_string(),
            row.direction.as_str().to_owned(),
            row.classification.to_string(),
            id(row.reason.clone()),
            row.requested_by.to_string(),
            at(Some(row.requested_at)),
            row.node.clone(),
            row.approver_role.to_string(),
            at(Some(row.expires_at)),
            id(row.decided_by.map(|id| id.to_string())),
            at(row.decided_at),
            id(row.decision_reason.clone()),
            id(row.share_id.map(|id| id.to_string())),
            row.decisions.iter().map(decided).collect::<Vec<_>>().join("; "),
            row.may_reshare.to_string(),
            at(row.share_expires_at),
            id(row.memory_version.map(|version| version.to_string())),
            at(Some(row.escalates_at)),
            id(row.with_name.clone()),
            id(row.requested_by_name.clone()),
            id(row.node_name.clone()),
            id(row.decided_by_name.clone()),
        ];
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        // Writing to a string does not fail.
        let _ = write!(text, "{}\r\n", fields.join(","));
    }
    text
}

/// Formats the decision of one node: `Alpha (team:org_…) approved by Ann (usr_…) at 2027-05-01T00:00:00Z, they need it`.
fn decided(part: &Decision) -> String {
    let node = in_words(part.node_name.as_deref(), &part.node);
    let Some(decision) = part.decision else { return format!("{node} has not decided") };
    let mut text = format!("{node} {}", decision.as_str());
    if let Some(by) = part.decided_by {
        let _ = write!(text, " by {}", in_words(part.decided_by_name.as_deref(), &by.to_string()));
    }
    if let Some(at) = part.decided_at {
        let _ = write!(text, " at {}", at.to_rfc3339());
    }
    if let Some(reason) = &part.reason {
        let _ = write!(text, ", {reason}");
    }
    text
}

/// Quotes a field, and prevents spreadsheets from taking it for a formula.
fn quoted(field: &str) -> String {
    let safe = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    match safe.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stays_one_field_and_is_no_formula() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
