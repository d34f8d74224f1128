//! What is stored already and resembles something new: candidates for the near-duplicate gate.

use pgvector::HalfVector;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::MemoryId;
use crate::memory::Labels;
use crate::memory::duplicate::Fingerprint;
use crate::memory::gate::Place;

/// An existing memory that a new text may repeat.
pub(crate) struct Similar {
    /// Which of the new texts, from 0.
    pub(crate) text: usize,
    pub(crate) id: MemoryId,
    pub(crate) content: String,
    /// Cosine of the vectors; 1 where the fingerprints are equal.
    pub(crate) similarity: f32,
}

/// How many neighbours of each new text are looked at. Neighbours with other labels are among them, so that this is
/// more than would be needed otherwise.
pub(crate) const NEIGHBOURS: i32 = 12;

/// How many new texts one statement looks for, so that none runs long.
const BATCH: usize = 100;

/// Two requests that add the same text to the same scope wait for each other; in order, so that they do not deadlock. A
/// few locks stand for all texts: each takes room in PostgreSQL's shared memory.
const LOCK: &str = "-- memory.lock_fingerprints
    SELECT pg_advisory_xact_lock(hashtextextended('memories of ' || $1::bigint, l.bucket))
      FROM (SELECT DISTINCT get_byte(f, 0) % 32 AS bucket FROM unnest($2::bytea[]) AS f ORDER BY bucket) l";

const FIND: &str = "-- memory.find_similar
    WITH texts AS (
        SELECT t.fingerprint, t.embedding, t.number
          FROM unnest($3::bytea[], $4::halfvec[]) WITH ORDINALITY AS t (fingerprint, embedding, number)
    ), near AS (
        SELECT t.number, m.id, 1::real AS similarity
          FROM texts t
          JOIN memories m ON m.enterprise_id = $1 AND m.home_scope_id = $2 AND m.fingerprint = t.fingerprint
                         AND m.deleted_at IS NULL
        UNION ALL
        SELECT t.number, n.memory_id, n.similarity
          FROM texts t CROSS JOIN LATERAL mem0.search_nearest($2, t.embedding, $11, $5) n
         WHERE t.embedding IS NOT NULL
    )
    SELECT n.number, m.id, m.content, max(n.similarity) AS similarity
      FROM near n JOIN memories m ON m.enterprise_id = $1 AND m.id = n.id
     WHERE m.deleted_at IS NULL AND m.home_scope_id = $2 AND m.lifecycle = 'active'
       AND (m.expires_on IS NULL OR m.expires_on >= $6)
       AND m.user_id IS NOT DISTINCT FROM $7 AND m.agent_id IS NOT DISTINCT FROM $8
       AND m.app_id IS NOT DISTINCT FROM $9 AND m.run_id IS NOT DISTINCT FROM $10
     GROUP BY n.number, m.id, m.content
     ORDER BY n.number, similarity DESC, m.id";

/// For each new text the memories of the same home and labels that are most like it, best first.
pub(crate) async fn find(
    tx: &TenantTx<'_>,
    place: &Place<'_>,
    texts: &[(Fingerprint, Option<&Embedding>)],
) -> Result<Vec<Similar>, StoreError> {
    let caller = tx.caller();
    let prints: Vec<&[u8]> = texts.iter().map(|(print, _)| print.as_bytes().as_slice()).collect();
    tx.query(LOCK, &[&place.home.0, &prints]).await?;
    let Labels { user, agent, app, run } = place.labels;
    let mut found = Vec::new();
    for (batch, (prints, texts)) in prints.chunks(BATCH).zip(texts.chunks(BATCH)).enumerate() {
        let embeddings: Vec<Option<HalfVector>> =
            texts.iter().map(|(_, embedding)| embedding.map(HalfVector::from)).collect();
        let rows = tx
            .query(
                FIND,
                &[
                    &caller.enterprise_id().uuid(),
                    &place.home.0,
                    &prints,
                    &embeddings,
                    &NEIGHBOURS,
                    &caller.request().at.date_naive(),
                    user,
                    agent,
                    app,
                    run,
                    &place.model,
                ],
            )
            .await?;
        found.extend(rows.iter().map(|row| Similar {
            // Ordinality counts from 1.
            text: batch * BATCH
                + usize::try_from(row.get::<_, i64>("number")).unwrap_or_default().saturating_sub(1),
            id: MemoryId(row.get("id")),
            content: row.get("content"),
            similarity: row.get("similarity"),
        }));
    }
    Ok(found)
}
