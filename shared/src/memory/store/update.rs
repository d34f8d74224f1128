//! Updates to memories.

use chrono::{DateTime, NaiveDate, Utc};
use pgvector::HalfVector;
use serde_json::Value;
use uuid::Uuid;

use crate::access::{Classification, TenantTx};
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::{MemoryId, ScopeId, VersionId};
use crate::memory::Memory;
use crate::memory::duplicate::Wording;
use crate::memory::ranking::Tokens;

/// A memory before and after a change.
pub(crate) struct Changed {
    pub(crate) before: Memory,
    pub(crate) after: Memory,
    /// The vector of the new text, if the text changed and the model is available.
    pub(crate) embedding: Option<Embedding>,
}

const UPDATE: &str = "-- memory.update
    UPDATE memories m
       SET content = n.content, fingerprint = n.fingerprint, metadata = n.metadata,
           categories = ARRAY(SELECT jsonb_array_elements_text(n.categories)),
           occurred_at = n.occurred_at, expires_on = n.expires_on, version = n.version, updated_at = $2,
           embedding = CASE WHEN n.content = m.content THEN m.embedding ELSE n.embedding END,
           embedding_model = CASE WHEN n.content = m.content THEN m.embedding_model
                                  WHEN n.embedding IS NOT NULL THEN $3 END,
           tokens = n.tokens, classification = n.classification::classification,
           lifecycle = CASE WHEN n.replaced_by IS NULL THEN m.lifecycle ELSE 'superseded' END,
           earlier_successors = CASE WHEN n.replaced_by IS NULL OR m.replaced_by IS NULL THEN m.earlier_successors
                                     ELSE (m.replaced_by || m.earlier_successors)[1:8] END,
           replaced_by = coalesce(n.replaced_by, m.replaced_by)
      FROM unnest($4::uuid[], $5::text[], $6::bytea[], $7::jsonb[], $8::jsonb[], $9::timestamptz[], $10::date[],
                  $11::integer[], $12::halfvec[], $13::bytea[], $14::text[], $15::uuid[])
           AS n (id, content, fingerprint, metadata, categories, occurred_at, expires_on, version, embedding, tokens,
                 classification, replaced_by)
     WHERE m.enterprise_id = $1 AND m.id = n.id";

const INSERT_VERSIONS: &str = "-- memory_version.insert_update
    INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, input, old_content, new_content,
                                 metadata, categories, editor_id, at, classification)
    SELECT $1, n.memory_id, n.version, n.id, 'UPDATE', n.input, n.old_content, n.new_content, n.metadata,
           ARRAY(SELECT jsonb_array_elements_text(n.categories)), $2, $3, n.classification::classification
      FROM unnest($4::uuid[], $5::integer[], $6::uuid[], $7::jsonb[], $8::text[], $9::text[], $10::jsonb[],
                  $11::jsonb[], $12::text[])
           AS n (memory_id, version, id, input, old_content, new_content, metadata, categories, classification)";

/// Stores changes and their versions. The memories must be locked.
pub(crate) async fn update(tx: &TenantTx<'_>, model: &str, changes: &[Changed]) -> Result<(), StoreError> {
    let caller = tx.caller();
    let (enterprise, editor, now) =
        (caller.enterprise_id().uuid(), caller.user_id().uuid(), caller.request().at);
    let after = || changes.iter().map(|change| &change.after);
    let ids: Vec<Uuid> = after().map(|memory| memory.id.uuid()).collect();
    let contents: Vec<&str> = after().map(|memory| memory.content.as_str()).collect();
    let prints: Vec<Wording> =
        after().map(|memory| Wording::of(&memory.content).within(memory.home, &memory.labels)).collect();
    let prints: Vec<&[u8]> = prints.iter().map(|print| print.as_bytes().as_slice()).collect();
    let metadata: Vec<Value> = after().map(|memory| Value::Object(memory.metadata.clone())).collect();
    // An array of arrays must be rectangular, so each list of categories travels as JSON.
    let categories: Vec<Value> = after().map(|memory| Value::from(memory.categories.clone())).collect();
    let occurred: Vec<Option<DateTime<Utc>>> = after().map(|memory| memory.occurred_at).collect();
    let expires: Vec<Option<NaiveDate>> = after().map(|memory| memory.expires_on).collect();
    let versions: Vec<i32> = after().map(|memory| memory.version).collect();
    let tokens: Vec<Vec<u8>> = after().map(|memory| Tokens::of(&memory.content).to_bytes()).collect();
    let classes: Vec<&str> = after().map(|memory| memory.classification.as_str()).collect();
    // Only what supersedes them now: the caller may not see what did before.
    let successors: Vec<Option<Uuid>> = changes.iter().map(Changed::successor).collect();
    let embeddings: Vec<Option<HalfVector>> =
        changes.iter().map(|change| change.embedding.as_ref().map(HalfVector::from)).collect();
    tx.execute(
        UPDATE,
        &[
            &enterprise,
            &now,
            &model,
            &ids,
            &contents,
            &prints,
            &metadata,
            &categories,
            &occurred,
            &expires,
            &versions,
            &embeddings,
            &tokens,
            &classes,
            &successors,
        ],
    )
    .await?;
    // A version shows both texts.
    let shown: Vec<&str> = changes.iter().map(|change| change.highest_class().as_str()).collect();
    let version_ids: Vec<Uuid> = changes.iter().map(|_| VersionId::generate().uuid()).collect();
    let inputs: Vec<Value> = changes.iter().map(input).collect();
    let old: Vec<&str> = changes.iter().map(|change| change.before.content.as_str()).collect();
    tx.execute(
        INSERT_VERSIONS,
        &[
            &enterprise,
            &editor,
            &now,
            &ids,
            &versions,
            &version_ids,
            &inputs,
            &old,
            &contents,
            &metadata,
            &categories,
            &shown,
        ],
    )
    .await
    .map(drop)
}

/// Moves a memory to another scope. Shares with that scope end, because the memory is now visible there anyway.
pub(crate) async fn rehome(tx: &TenantTx<'_>, id: MemoryId, home: ScopeId) -> Result<(), StoreError> {
    // Shares made through a share that becomes redundant are attached to that one's parent, so they stay in force.
    const REHOME: &str = "-- memory.rehome
        WITH RECURSIVE needless AS (
            SELECT id, via_share_id FROM shares
             WHERE enterprise_id = $1 AND memory_id = $2 AND grantee_scope_id = $3 AND revoked_at IS NULL
        ), upwards AS (
            SELECT id, via_share_id FROM needless
            UNION
            SELECT u.id, n.via_share_id FROM upwards u JOIN needless n ON n.id = u.via_share_id
        ), ended AS (
            UPDATE shares s SET revoked_at = $4, revoked_by = $5
              FROM needless n
             WHERE s.enterprise_id = $1 AND s.id = n.id
        ), hung AS (
            UPDATE shares s SET via_share_id = u.via_share_id
              FROM upwards u
             WHERE s.enterprise_id = $1 AND s.via_share_id = u.id AND s.revoked_at IS NULL
               AND s.id NOT IN (SELECT id FROM needless)
               AND (u.via_share_id IS NULL OR u.via_share_id NOT IN (SELECT id FROM needless))
        )
        UPDATE memories
           SET home_scope_id = $3, scope_ids = $3 || array_remove(array_remove(scope_ids, home_scope_id), $3)
         WHERE enterprise_id = $1 AND id = $2";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    // Its history begins anew for those whose share has expired, even if they see it in its new home.
    super::grants::project(tx, &[id]).await?;
    tx.execute(REHOME, &[&enterprise, &id.uuid(), &home.0, &caller.request().at, &user]).await?;
    super::grants::project(tx, &[id]).await
}

impl Changed {
    /// What has superseded it in this change.
    fn successor(&self) -> Option<Uuid> {
        self.after.replaced_by.filter(|id| self.before.replaced_by != Some(*id)).map(|id| id.uuid())
    }

    fn highest_class(&self) -> Classification {
        self.before.classification.max(self.after.classification)
    }
}

/// Returns the new text as a user message, as in mem0's history; empty if the text did not change.
fn input(change: &Changed) -> Value {
    match change.after.content != change.before.content {
        true => serde_json::json!([{ "role": "user", "content": change.after.content }]),
        false => Value::Array(Vec::new()),
    }
}
