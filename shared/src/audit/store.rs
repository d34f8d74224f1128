//! `audit_log`: inserting rows.

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Actor, Entry, tags};
use crate::access::{AuditPolicy, AuthContext, Classification, RequestInfo, TenantTx};
use crate::db::{StoreError, Tx};
use crate::ids::{AuditId, MemoryId, UserId};
use crate::telemetry;

/// Applies the enterprise's policy: its frameworks become tags, and it decides whether a read waits for the disk. The
/// class of the memories becomes a tag, too.
const INSERT: &str = "-- audit.insert
    INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, credential_id, action, target, memory_ids,
                           scope_id, outcome, operation, request_id, ip, user_agent, details, tags, place)
    SELECT $1::uuid, $2::uuid, $3::timestamptz, $4::uuid, $5::text, $6::uuid, $7::text, $8::text, $9::uuid[],
           $10::bigint, $11::text, $12::text, $13::uuid, $14::text, $15::text, $16::jsonb,
           $17::text[]
           || CASE WHEN $20::text IS NOT NULL THEN ARRAY['class:' || $20]
                   WHEN cardinality($9) > 0 THEN mem0.class_tags($9) ELSE '{}' END
           || ARRAY(SELECT f FROM unnest(p.frameworks) f WHERE f = ANY ($18::text[]) ORDER BY f),
           CASE WHEN $10::bigint IS NOT NULL THEN coalesce($21::text, mem0.place_of($1, $10)) END
      FROM (SELECT) one LEFT JOIN audit_policies p ON p.enterprise_id = $1
     WHERE CASE WHEN $19::boolean AND p.reads = 'buffered' THEN set_config('synchronous_commit', 'off', true) = 'off'
                ELSE true END";

/// The same row where the transaction knows the policy, and the row everything else.
pub(crate) const INSERT_KNOWN: &str = "-- audit.insert_known
    INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, credential_id, action, target, memory_ids,
                           scope_id, outcome, operation, request_id, ip, user_agent, details, tags, place)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

/// Writes a row.
pub(super) async fn insert(
    tx: &Tx,
    actor: &Actor,
    request: &RequestInfo,
    entry: &Entry,
) -> Result<(), StoreError> {
    let row = Row::new(actor, request, entry, false);
    tx.execute(INSERT, &row.parameters()).await?;
    telemetry::audited();
    Ok(())
}

/// Writes a row about a read, and commits its transaction.
pub(super) async fn insert_and_commit(
    tx: TenantTx<'_>,
    actor: &Actor,
    request: &RequestInfo,
    entry: &Entry,
) -> Result<(), StoreError> {
    let row = Row::new(actor, request, entry, true);
    match tx.policy().and_then(|policy| row.known_tags(policy)) {
        Some(tags) => tx.commit_with(INSERT_KNOWN, &row.known_parameters(&tags)).await?,
        None => tx.commit_with(INSERT, &row.parameters()).await?,
    }
    telemetry::audited();
    Ok(())
}

/// The values of the columns.
struct Row<'a> {
    enterprise: Uuid,
    id: Uuid,
    at: DateTime<Utc>,
    actor: Option<Uuid>,
    method: &'a str,
    credential: Option<Uuid>,
    action: &'a str,
    target: Option<&'a str>,
    memories: Vec<Uuid>,
    scope: Option<i64>,
    outcome: &'a str,
    operation: Option<String>,
    request: Uuid,
    ip: Option<&'a str>,
    user_agent: Option<&'a str>,
    details: &'a serde_json::Value,
    tags: Vec<&'a str>,
    frameworks: &'static [&'static str],
    read: bool,
    class: Option<&'static str>,
    place: Option<String>,
}

impl<'a> Row<'a> {
    fn new(actor: &'a Actor, request: &'a RequestInfo, entry: &'a Entry, read: bool) -> Self {
        let tags = std::iter::once(tags::kind(entry.action)).chain(entry.tags.iter().map(String::as_str));
        Self {
            enterprise: actor.enterprise.uuid(),
            id: AuditId::generate().uuid(),
            at: request.at,
            actor: actor.user.map(UserId::uuid),
            method: actor.method,
            credential: actor.credential,
            action: entry.action,
            target: entry.target.as_deref(),
            memories: entry.memories.iter().copied().map(MemoryId::uuid).collect(),
            scope: entry.scope.map(|scope| scope.0),
            outcome: if entry.denied { "denied" } else { "success" },
            operation: telemetry::operation(),
            request: request.id.uuid(),
            ip: request.ip.as_deref(),
            user_agent: request.user_agent.as_deref(),
            details: &entry.details,
            tags: tags.collect(),
            frameworks: tags::frameworks(entry.action, entry.denied),
            read,
            class: entry.class.map(Classification::as_str),
            place: entry.place.map(|place| place.stored()),
        }
    }

    /// The tags, if nothing has to be looked up for this row.
    fn known_tags(&self, policy: &AuditPolicy) -> Option<Vec<String>> {
        let placed = self.scope.is_none() || self.place.is_some();
        if policy.is_buffered() || !placed || (self.class.is_none() && !self.memories.is_empty()) {
            return None;
        }
        let mut chosen: Vec<&str> = policy.frameworks().iter().map(String::as_str).collect();
        chosen.retain(|framework| self.frameworks.contains(framework));
        chosen.sort_unstable();
        let class = self.class.map(|class| format!("class:{class}"));
        let tags = self.tags.iter().map(|tag| (*tag).to_owned()).chain(class);
        Some(tags.chain(chosen.into_iter().map(str::to_owned)).collect())
    }

    /// The columns up to `details`.
    fn columns(&self) -> [&(dyn ToSql + Sync); 16] {
        [
            &self.enterprise,
            &self.id,
            &self.at,
            &self.actor,
            &self.method,
            &self.credential,
            &self.action,
            &self.target,
            &self.memories,
            &self.scope,
            &self.outcome,
            &self.operation,
            &self.request,
            &self.ip,
            &self.user_agent,
            &self.details,
        ]
    }

    /// The parameters of [`INSERT_KNOWN`].
    fn known_parameters<'p>(&'p self, tags: &'p Vec<String>) -> Vec<&'p (dyn ToSql + Sync)> {
        let rest: [&(dyn ToSql + Sync); 2] = [tags, &self.place];
        self.columns().into_iter().chain(rest).collect()
    }

    /// The parameters of [`INSERT`].
    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        let rest: [&(dyn ToSql + Sync); 5] =
            [&self.tags, &self.frameworks, &self.read, &self.class, &self.place];
        self.columns().into_iter().chain(rest).collect()
    }
}

/// What `mem0.read_known` is told for the row that it writes about one memory.
pub(crate) struct ReadRow {
    id: Uuid,
    method: &'static str,
    credential: Option<Uuid>,
    target: String,
    operation: Option<String>,
    request: Uuid,
    ip: Option<String>,
    user_agent: Option<String>,
    tag: &'static str,
    required_by: &'static [&'static str],
}

impl ReadRow {
    pub(crate) fn new(caller: &AuthContext, action: &'static str, target: impl ToString) -> Self {
        let Actor { method, credential, .. } = Actor::caller(caller);
        let request = caller.request();
        Self {
            id: AuditId::generate().uuid(),
            method,
            credential,
            target: target.to_string(),
            operation: telemetry::operation(),
            request: request.id.uuid(),
            ip: request.ip.clone(),
            user_agent: request.user_agent.clone(),
            tag: tags::kind(action),
            required_by: tags::frameworks(action, false),
        }
    }

    pub(crate) fn parameters(&self) -> [&(dyn ToSql + Sync); 10] {
        [
            &self.id,
            &self.method,
            &self.credential,
            &self.target,
            &self.operation,
            &self.request,
            &self.ip,
            &self.user_agent,
            &self.tag,
            &self.required_by,
        ]
    }
}
