//! New memories.

use chrono::{DateTime, NaiveDate, Utc};
use pgvector::HalfVector;
use serde_json::Value;
use uuid::Uuid;

use crate::access::{Classification, TenantTx};
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::{MemoryId, ScopeId, VersionId};
use crate::memory::duplicate::Wording;
use crate::memory::ranking::Tokens;
use crate::memory::{Labels, Metadata};

/// A memory to be stored.
pub(crate) struct NewMemory<'a> {
    pub(crate) id: MemoryId,
    pub(crate) content: &'a str,
    pub(crate) classification: Classification,
    pub(crate) wording: Wording,
    /// `None` if it is to be made later.
    pub(crate) embedding: Option<&'a Embedding>,
    /// The capture it belongs to, and its position there.
    pub(crate) capture: Uuid,
    pub(crate) position: i32,
    /// The messages it was made from, as JSON.
    pub(crate) input: Value,
    pub(crate) metadata: &'a Metadata,
    pub(crate) categories: &'a [String],
    pub(crate) occurred_at: Option<DateTime<Utc>>,
    pub(crate) expires_on: Option<NaiveDate>,
}

/// What memories stored together have in common.
pub(crate) struct Batch<'a> {
    pub(crate) home: ScopeId,
    pub(crate) labels: &'a Labels,
    pub(crate) model: &'a str,
}

const INSERT: &str = "-- memory.insert
    INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint, metadata,
                          categories, user_id, agent_id, app_id, run_id, occurred_at, expires_on, capture_id,
                          capture_position, embedding, embedding_model, created_at, updated_at, tokens, classification)
    SELECT $1, n.id, $2, $3, ARRAY[$3::bigint], n.content, n.fingerprint, n.metadata,
           ARRAY(SELECT jsonb_array_elements_text(n.categories)), $4, $5, $6, $7, n.occurred_at, n.expires_on,
           n.capture,
           n.position + CASE WHEN n.capture = n.id THEN 0
                             ELSE (SELECT coalesce(max(e.capture_position) + 1, 0) FROM memories e
                                    WHERE e.enterprise_id = $1 AND e.capture_id = n.capture AND e.capture_id <> e.id) END,
           n.embedding, CASE WHEN n.embedding IS NOT NULL THEN $8 END, $9, $9, n.tokens,
           n.classification::classification
      FROM unnest($10::uuid[], $11::text[], $12::bytea[], $13::jsonb[], $14::jsonb[], $15::timestamptz[],
                  $16::date[], $17::uuid[], $18::integer[], $19::halfvec[], $20::bytea[], $21::text[])
           AS n (id, content, fingerprint, metadata, categories, occurred_at, expires_on, capture, position, embedding,
                 tokens, classification)";

const INSERT_VERSIONS: &str = "-- memory_version.insert_first
    INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, input, new_content, metadata,
                                 categories, editor_id, at, classification)
    SELECT $1, n.memory_id, 1, n.id, 'ADD', n.input, n.content, n.metadata,
           ARRAY(SELECT jsonb_array_elements_text(n.categories)), $2, $3,
           n.classification::classification
      FROM unnest($4::uuid[], $5::uuid[], $6::jsonb[], $7::text[], $8::jsonb[], $9::jsonb[], $10::text[])
           AS n (memory_id, id, input, content, metadata, categories, classification)";

/// Stores memories with their first versions.
pub(crate) async fn insert(
    tx: &TenantTx<'_>,
    batch: &Batch<'_>,
    memories: &[NewMemory<'_>],
) -> Result<(), StoreError> {
    let caller = tx.caller();
    let (enterprise, author, now) =
        (caller.enterprise_id().uuid(), caller.user_id().uuid(), caller.request().at);
    let Labels { user, agent, app, run } = batch.labels;
    let ids = column(memories, |memory| memory.id.uuid());
    let contents = column(memories, |memory| memory.content);
    let wordings = column(memories, |memory| memory.wording.within(batch.home, batch.labels));
    let metadata = column(memories, |memory| json(memory.metadata));
    let categories = column(memories, |memory| json(memory.categories));
    let classes = column(memories, |memory| memory.classification.as_str());
    tx.execute(
        INSERT,
        &[
            &enterprise,
            &author,
            &batch.home.0,
            user,
            agent,
            app,
            run,
            &batch.model,
            &now,
            &ids,
            &contents,
            &wordings.iter().map(|wording| wording.as_bytes().as_slice()).collect::<Vec<_>>(),
            &metadata,
            &categories,
            &column(memories, |memory| memory.occurred_at),
            &column(memories, |memory| memory.expires_on),
            &column(memories, |memory| memory.capture),
            &column(memories, |memory| memory.position),
            &column(memories, |memory| memory.embedding.map(HalfVector::from)),
            &column(memories, |memory| Tokens::of(memory.content).to_bytes()),
            &classes,
        ],
    )
    .await?;
    let versions = column(memories, |_| VersionId::generate().uuid());
    let inputs = column(memories, |memory| &memory.input);
    tx.execute(
        INSERT_VERSIONS,
        &[&enterprise, &author, &now, &ids, &versions, &inputs, &contents, &metadata, &categories, &classes],
    )
    .await
    .map(drop)
}

/// Collects one column of the memories to store.
fn column<'m, 'a, T>(memories: &'m [NewMemory<'a>], of: impl FnMut(&'m NewMemory<'a>) -> T) -> Vec<T> {
    memories.iter().map(of).collect()
}

/// Serializes a value for a `jsonb` column.
fn json<T: serde::Serialize + ?Sized>(value: &T) -> Value {
    // Maps with string keys and lists of strings always serialize.
    serde_json::to_value(value).unwrap_or_default()
}
