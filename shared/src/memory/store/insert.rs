//! New memories.

use chrono::{DateTime, NaiveDate, Utc};
use pgvector::HalfVector;
use serde_json::Value;
use uuid::Uuid;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::{MemoryId, ScopeId, VersionId};
use crate::memory::duplicate::Fingerprint;
use crate::memory::{Labels, Metadata};

/// A memory to be stored.
pub(crate) struct NewMemory<'a> {
    pub(crate) id: MemoryId,
    pub(crate) content: &'a str,
    pub(crate) fingerprint: Fingerprint,
    /// None if it is to be made later.
    pub(crate) embedding: Option<&'a Embedding>,
    /// Its place among those captured with it.
    pub(crate) position: i32,
    /// The messages it was made from, as JSON.
    pub(crate) input: Value,
}

/// What memories that are captured together have in common.
pub(crate) struct Capture<'a> {
    pub(crate) id: Uuid,
    pub(crate) home: ScopeId,
    pub(crate) labels: &'a Labels,
    pub(crate) metadata: &'a Metadata,
    pub(crate) categories: &'a [String],
    pub(crate) occurred_at: Option<DateTime<Utc>>,
    pub(crate) expires_on: Option<NaiveDate>,
    pub(crate) model: &'a str,
}

const INSERT: &str = "-- memory.insert
    INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint, metadata,
                          categories, user_id, agent_id, app_id, run_id, occurred_at, expires_on, capture_id,
                          capture_position, embedding, embedding_model, created_at, updated_at)
    SELECT $1, n.id, $2, $3, ARRAY[$3::bigint], n.content, n.fingerprint, $4, $5, $6, $7, $8, $9, $10, $11, $12,
           n.position, n.embedding, CASE WHEN n.embedding IS NOT NULL THEN $13 END, $14, $14
      FROM unnest($15::uuid[], $16::text[], $17::bytea[], $18::integer[], $19::halfvec[])
           AS n (id, content, fingerprint, position, embedding)";

const INSERT_VERSIONS: &str = "-- memory_version.insert_first
    INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, input, new_content, metadata,
                                 categories, editor_id, at)
    SELECT $1, n.memory_id, 1, n.id, 'ADD', n.input, n.content, $2, $3, $4, $5
      FROM unnest($6::uuid[], $7::uuid[], $8::jsonb[], $9::text[]) AS n (memory_id, id, input, content)";

/// Stores memories with their first versions.
pub(crate) async fn insert(
    tx: &TenantTx<'_>,
    capture: &Capture<'_>,
    memories: &[NewMemory<'_>],
) -> Result<(), StoreError> {
    let caller = tx.caller();
    let (enterprise, author, now) =
        (caller.enterprise_id().uuid(), caller.user_id().uuid(), caller.request().at);
    let Labels { user, agent, app, run } = capture.labels;
    let metadata = Value::Object(capture.metadata.clone());
    let ids: Vec<Uuid> = memories.iter().map(|memory| memory.id.uuid()).collect();
    let contents: Vec<&str> = memories.iter().map(|memory| memory.content).collect();
    let fingerprints: Vec<&[u8]> =
        memories.iter().map(|memory| memory.fingerprint.as_bytes().as_slice()).collect();
    let positions: Vec<i32> = memories.iter().map(|memory| memory.position).collect();
    let embeddings: Vec<Option<HalfVector>> =
        memories.iter().map(|memory| memory.embedding.map(HalfVector::from)).collect();
    tx.execute(
        INSERT,
        &[
            &enterprise,
            &author,
            &capture.home.0,
            &metadata,
            &capture.categories,
            user,
            agent,
            app,
            run,
            &capture.occurred_at,
            &capture.expires_on,
            &capture.id,
            &capture.model,
            &now,
            &ids,
            &contents,
            &fingerprints,
            &positions,
            &embeddings,
        ],
    )
    .await?;
    let versions: Vec<Uuid> = memories.iter().map(|_| VersionId::generate().uuid()).collect();
    let inputs: Vec<&Value> = memories.iter().map(|memory| &memory.input).collect();
    tx.execute(
        INSERT_VERSIONS,
        &[&enterprise, &metadata, &capture.categories, &author, &now, &ids, &versions, &inputs, &contents],
    )
    .await
    .map(drop)
}
