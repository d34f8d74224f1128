//! Rows of `events`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{Classification, TenantTx};
use crate::db::StoreError;
use crate::ids::{EventId, MemoryId, ScopeId};
use crate::memory::{Event, EventResult, Status};
use crate::page::Page;

const INSERT: &str = "-- event.insert
    INSERT INTO events (enterprise_id, id, user_id, event_type, status, payload, results, created_at, started_at,
                        completed_at, scope_ids, classification)
    VALUES ($1, $2, $3, $4, 'SUCCEEDED', $5, $6, $7, $7, $8, $9, $10::text::classification)";

const LOOKUP: &str = "-- event.lookup
    SELECT e.id, e.event_type, e.status, e.payload, e.results, e.created_at, e.started_at, e.completed_at
      FROM events e
     WHERE e.enterprise_id = $1 AND e.user_id = $2 AND e.id = $3
       AND mem0.reaches_event($1, e.scope_ids, e.classification, $4)";

const LIST: &str = "-- event.list
    SELECT e.id, e.event_type, e.status, e.payload, e.results, e.created_at, e.started_at, e.completed_at
      FROM events e
     WHERE e.enterprise_id = $1 AND e.user_id = $2
       AND mem0.reaches_event($1, e.scope_ids, e.classification, $5)
     ORDER BY e.created_at DESC, e.id DESC LIMIT $3 OFFSET $4";

const COUNT: &str = "-- event.count
    SELECT count(*) FROM events e
     WHERE e.enterprise_id = $1 AND e.user_id = $2
       AND mem0.reaches_event($1, e.scope_ids, e.classification, $3)";

const TEXTS: &str = "-- event.find_texts
    SELECT m.id, m.content FROM memories m
     WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL
       AND (m.expires_on IS NULL OR m.expires_on >= $3)";

/// Work that was completed before it is recorded.
pub(crate) struct Done<'a> {
    pub(crate) id: EventId,
    pub(crate) kind: &'a str,
    pub(crate) payload: Value,
    pub(crate) results: &'a [EventResult],
    pub(crate) at: DateTime<Utc>,
    /// The scopes in which it was done.
    pub(crate) scopes: Vec<ScopeId>,
    /// The highest class that it may concern.
    pub(crate) class: Classification,
}

/// Records completed work of the caller.
pub(crate) async fn insert(tx: &TenantTx<'_>, done: &Done<'_>) -> Result<(), StoreError> {
    let caller = tx.caller();
    let results = serde_json::to_value(done.results).unwrap_or_default();
    let scopes: Vec<i64> = done.scopes.iter().map(|scope| scope.0).collect();
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &done.id.uuid(),
            &caller.user_id().uuid(),
            &done.kind,
            &done.payload,
            &results,
            &caller.request().at,
            &done.at,
            &scopes,
            &done.class.as_str(),
        ],
    )
    .await
    .map(drop)
}

/// Returns one of the caller's events, if it is within reach of their credential.
pub(crate) async fn lookup(tx: &TenantTx<'_>, id: EventId) -> Result<Option<Event>, StoreError> {
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let row = tx.query_opt(LOOKUP, &[&enterprise, &user, &id.uuid(), &caller.within()]).await?;
    let mut events: Vec<Event> = row.iter().map(event).collect::<Result<_, _>>()?;
    add_texts(tx, &mut events).await?;
    Ok(events.pop())
}

/// Lists a page of the caller's events within reach of their credential, newest first, with their total number.
pub(crate) async fn list(tx: &TenantTx<'_>, page: Page) -> Result<(Vec<Event>, u64), StoreError> {
    let caller = tx.caller();
    let (enterprise, user, within) =
        (caller.enterprise_id().uuid(), caller.user_id().uuid(), caller.within());
    let rows = tx.query(LIST, &[&enterprise, &user, &i64::from(page.size), &page.offset(), &within]).await?;
    let mut events: Vec<Event> = rows.iter().map(event).collect::<Result<_, _>>()?;
    add_texts(tx, &mut events).await?;
    let count: i64 = tx.query_one(COUNT, &[&enterprise, &user, &within]).await?.get(0);
    Ok((events, count.unsigned_abs()))
}

async fn add_texts(tx: &TenantTx<'_>, events: &mut [Event]) -> Result<(), StoreError> {
    let results = || events.iter().flat_map(|event| &event.results);
    let ids: Vec<Uuid> = results().filter_map(|result| result.id).map(|id| id.uuid()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let caller = tx.caller();
    let today = caller.request().at.date_naive();
    let rows = tx.query(TEXTS, &[&caller.enterprise_id().uuid(), &ids, &today]).await?;
    let texts: std::collections::HashMap<MemoryId, String> =
        rows.iter().map(|row| (MemoryId(row.get("id")), row.get("content"))).collect();
    for result in events.iter_mut().flat_map(|event| &mut event.results) {
        result.text = result.id.and_then(|id| texts.get(&id).cloned());
    }
    Ok(())
}

fn event(row: &Row) -> Result<Event, StoreError> {
    let corrupt = |column, problem: String| StoreError::Corrupt { table: "events", column, problem };
    let status = match row.get("status") {
        "PENDING" => Status::Pending,
        "RUNNING" => Status::Running,
        "FAILED" => Status::Failed,
        "SUCCEEDED" => Status::Succeeded,
        other => return Err(corrupt("status", other.to_owned())),
    };
    let results: Vec<EventResult> =
        serde_json::from_value(row.get("results")).map_err(|error| corrupt("results", error.to_string()))?;
    Ok(Event {
        id: EventId(row.get("id")),
        kind: row.get("event_type"),
        status,
        payload: row.get("payload"),
        results,
        created_at: row.get("created_at"),
        started_at: row.get("started_at"),
        completed_at: row.get("completed_at"),
    })
}
