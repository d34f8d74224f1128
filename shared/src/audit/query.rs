//! Reading the log: permission, filters and output formats.

mod csv;

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Entry;
use super::place::Place;
use super::{actions, tags};
use crate::access::{Action, AuthContext, TenantTx};
use crate::clock::is_year;
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};
use crate::ids::{AuditId, MemoryId, RequestId, UserId};
use crate::page::{Cursor, List, QueryHash};

pub use csv::csv;

/// Whether the requested action was performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was performed.
    Success,
    /// It was refused.
    Denied,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
        }
    }
}

/// Which rows to return; all conditions must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// At this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
    /// Actions of this person.
    pub actor: Option<UserId>,
    /// `memory.read`, or `memory.*` for every action on memories.
    pub action: Option<String>,
    /// Actions on this object, a printed id.
    pub target: Option<String>,
    /// Rows that show or change this memory.
    pub memory: Option<MemoryId>,
    /// Only successes or only refusals.
    pub outcome: Option<Outcome>,
    /// Rows with this tag.
    pub tag: Option<String>,
    /// Rows of this request.
    pub request: Option<RequestId>,
    /// Rows in this scope, which may have been deleted.
    pub scope: Option<Place>,
    /// Rows chained after this position: what was added since an export that ended there.
    pub after_seq: Option<i64>,
}

impl Filter {
    fn validate(&self) -> Result<()> {
        for (field, time) in [("from", self.from), ("to", self.to)] {
            if time.is_some_and(|time| !is_year(time.year())) {
                return Err(Error::invalid(field, "must be in the years 1 to 9999"));
            }
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(Error::invalid("to", "must be later than from"));
        }
        for (field, text) in [("action", &self.action), ("target", &self.target), ("tag", &self.tag)] {
            if text.as_ref().is_some_and(|text| text.is_empty() || text.len() > 200 || text.contains('\0')) {
                return Err(Error::invalid(field, "must have 1 to 200 characters"));
            }
        }
        let refused = |field: &'static str| move |problem: String| Error::invalid(field, problem);
        self.action.as_deref().map_or(Ok(()), actions::check).map_err(refused("action"))?;
        self.tag.as_deref().map_or(Ok(()), tags::check).map_err(refused("tag"))?;
        if self.after_seq.is_some_and(|seq| seq < 0) {
            return Err(Error::invalid("after_seq", "must not be negative"));
        }
        Ok(())
    }

    /// The `LIKE` pattern for actions.
    fn pattern(&self) -> Option<String> {
        let action = self.action.as_ref()?;
        let escaped = action.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        Some(match escaped.strip_suffix(".*") {
            Some(noun) => format!("{noun}.%"),
            None => escaped,
        })
    }
}

/// A row, as readers of the log see it.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// `aud_…`.
    pub id: AuditId,
    /// When the request arrived.
    pub at: DateTime<Utc>,
    /// The actor; `None` if nobody was authenticated.
    pub actor: Option<UserId>,
    /// How they authenticated: `session`, `api_key`, `application`, `promise`, `link` or `none`.
    pub method: String,
    /// The key, session, application or link: `key_…`, `ses_…`, `gnt_…`, `lnk_…`; the bare UUID of background work.
    pub credential: Option<String>,
    /// The action.
    pub action: String,
    /// The object of the action.
    pub target: Option<String>,
    /// The memories that were shown or changed.
    pub memories: Vec<MemoryId>,
    /// The scope in which it happened, which may have been deleted: `team:org_…`, `personal:usr_…`, `enterprise`.
    pub scope: Option<Place>,
    /// Whether it was performed.
    pub outcome: Outcome,
    /// The operation: `POST /v3/memories/search/`.
    pub operation: Option<String>,
    /// The request it belongs to.
    pub request_id: Option<RequestId>,
    /// The client's address.
    pub ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Further details.
    pub details: Value,
    /// Tags for compliance reports.
    pub tags: Vec<String>,
    /// Its position in the chain; `None` while it is not chained yet.
    pub seq: Option<i64>,
    /// The hash of its link, in hexadecimal.
    pub hash: Option<String>,
}

/// Returns rows, newest first. Reading the log is itself recorded.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    filter: &Filter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Record>> {
    read(ctx, db, filter, cursor, limit, "audit.read").await
}

/// Like [`list`], but recorded as an export.
pub async fn export(
    ctx: &AuthContext,
    db: &Database,
    filter: &Filter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Record>> {
    read(ctx, db, filter, cursor, limit, "audit.export").await
}

async fn read(
    ctx: &AuthContext,
    db: &Database,
    filter: &Filter,
    cursor: Option<&str>,
    limit: u32,
    action: &'static str,
) -> Result<List<Record>> {
    super::authorize(ctx, Action::ReadAudit)?;
    filter.validate()?;
    let asked = serde_json::to_string(filter).map_err(Error::internal)?;
    let query = QueryHash::of(&["audit", &asked]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "audit.list").await?;
    let mut results = rows(&tx, filter, after, limit + 1).await?;
    let next =
        Cursor::cut(&mut results, limit, &query, |row| Cursor { created_at: row.at, id: row.id.uuid() });
    let details = json!({ "rows": results.len(), "filter": filter });
    super::commit_read(tx, Entry::of(action).with(details)).await?;
    Ok(List { results, next })
}

/// Formats rows as JSON lines.
pub fn json_lines(records: &[Record]) -> Result<String> {
    records.iter().try_fold(String::new(), |mut text, record| {
        text.push_str(&serde_json::to_string(record).map_err(Error::internal)?);
        text.push('\n');
        Ok(text)
    })
}

async fn rows(
    tx: &TenantTx<'_>,
    filter: &Filter,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Record>, StoreError> {
    const LIST: &str = "-- audit.list
        SELECT l.id, l.at, l.actor_id, l.actor_method, l.credential_id, l.action, l.target, l.memory_ids, l.outcome,
               l.operation, l.request_id, l.ip, l.user_agent, l.details, l.tags,
               CASE WHEN l.scope_id IS NOT NULL THEN
                   coalesce(l.place, mem0.place_of(l.enterprise_id, l.scope_id),
                            (SELECT d.node_kind || ':' || d.node_id FROM dissolutions d
                              WHERE d.enterprise_id = l.enterprise_id AND d.node_scope_id = l.scope_id AND d.status = 'done'
                              LIMIT 1)) END AS place,
               c.seq, encode(c.hash, 'hex') AS hash
          FROM audit_log l
          LEFT JOIN audit_chain c ON c.enterprise_id = l.enterprise_id AND c.id = l.id
         WHERE l.enterprise_id = $1
           AND ($2::timestamptz IS NULL OR l.at >= $2)
           AND ($3::timestamptz IS NULL OR l.at < $3)
           AND ($4::uuid IS NULL OR l.actor_id = $4)
           AND ($5::text IS NULL OR l.action LIKE $5)
           AND ($6::text IS NULL OR l.target = $6)
           AND ($7::uuid IS NULL OR $7 = ANY (l.memory_ids))
           AND ($8::text IS NULL OR l.outcome = $8)
           AND ($9::text IS NULL OR $9 = ANY (l.tags))
           AND ($10::uuid IS NULL OR l.request_id = $10)
           AND ($14::text IS NULL OR l.place = $14 OR l.scope_id = ANY ((SELECT mem0.scopes_at($15, $16))::bigint[]))
           AND ($17::bigint IS NULL
                -- What is chained later may be older by the time that a request took.
                OR (c.seq > $17 AND ($17 = 0 OR l.at >= (SELECT min(a.at) FROM audit_chain a WHERE a.enterprise_id = $1 AND a.seq > $17))))
           AND ($11::timestamptz IS NULL OR (l.at, l.id) < ($11, $12::uuid))
         ORDER BY l.at DESC, l.id DESC
         LIMIT $13";
    let rows = tx
        .query(
            LIST,
            &[
                &tx.caller().enterprise_id().uuid(),
                &filter.from,
                &filter.to,
                &filter.actor.map(UserId::uuid),
                &filter.pattern(),
                &filter.target,
                &filter.memory.map(MemoryId::uuid),
                &filter.outcome.map(Outcome::as_str),
                &filter.tag,
                &filter.request.map(RequestId::uuid),
                &after.map(|after| after.created_at),
                &after.map(|after| after.id),
                &i64::from(most),
                &filter.scope.map(|scope| scope.stored()),
                &filter.scope.map(|scope| scope.kind.to_string()),
                &filter.scope.and_then(|scope| scope.id),
                &filter.after_seq,
            ],
        )
        .await?;
    Ok(rows.iter().map(Record::from).collect())
}

impl From<&Row> for Record {
    fn from(row: &Row) -> Self {
        use crate::ids::{ApiKeyId, GrantId, LinkId, SessionId};
        let method: String = row.get("actor_method");
        let credential = row.get::<_, Option<Uuid>>("credential_id").map(|id| match method.as_str() {
            "session" => SessionId(id).to_string(),
            "api_key" => ApiKeyId(id).to_string(),
            "link" => LinkId(id).to_string(),
            "application" => GrantId(id).to_string(),
            _ => id.to_string(),
        });
        let scope = row.get::<_, Option<&str>>("place").and_then(Place::from_stored);
        Self {
            id: AuditId(row.get("id")),
            at: row.get("at"),
            actor: row.get::<_, Option<Uuid>>("actor_id").map(UserId),
            method,
            credential,
            action: row.get("action"),
            target: row.get("target"),
            memories: row.get::<_, Vec<Uuid>>("memory_ids").into_iter().map(MemoryId).collect(),
            scope,
            outcome: match row.get("outcome") {
                "denied" => Outcome::Denied,
                _ => Outcome::Success,
            },
            operation: row.get("operation"),
            request_id: row.get::<_, Option<Uuid>>("request_id").map(RequestId),
            ip: row.get("ip"),
            user_agent: row.get("user_agent"),
            details: row.get("details"),
            tags: row.get("tags"),
            seq: row.get("seq"),
            hash: row.get("hash"),
        }
    }
}
