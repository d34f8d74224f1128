//! What is stored already with the same wording as something new: candidates for the near-duplicate gate.

use pgvector::HalfVector;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::Labels;
use crate::memory::duplicate::Wording;
use crate::memory::gate::Place;

/// An existing memory that a new text may repeat.
pub(crate) struct Similar {
    /// Which of the new texts, from 0.
    pub(crate) text: usize,
    pub(crate) id: MemoryId,
    pub(crate) content: String,
    /// Cosine of the vectors; NaN where they do not compare.
    pub(crate) similarity: f32,
}

/// How many new texts one statement looks for, so that none runs long.
const BATCH: usize = 1000;

/// From so many new texts in a scope on, a request locks the scope's 32 groups of wordings instead of single ones.
const MANY: usize = 64;
/// As does one with more texts in all scopes together: locks take room in PostgreSQL's shared memory.
const MOST_SINGLE: usize = 256;

/// Two requests that add the same text to the same scope wait for each other; in order, so that they do not deadlock. Who adds
/// few texts locks those, and the groups that they are of against whoever adds many; who adds many, the groups themselves. One of
/// 8,192 locks stands for a text.
const LOCK: &str = "-- memory.lock_wordings
    SELECT CASE WHEN l.shared THEN pg_advisory_xact_lock_shared(l.key)::text ELSE pg_advisory_xact_lock(l.key)::text END
      FROM (SELECT DISTINCT k.number, k.shared, hashtextextended('memories of ' || $1::bigint, k.number) AS key
              FROM unnest($2::bytea[]) AS f,
                   LATERAL (SELECT get_byte(f, 0) % 32 AS number) g,
                   LATERAL (VALUES (g.number, $3), (32 + g.number * 256 + get_byte(f, 1), false)) k (number, shared)
             WHERE $3 OR k.number < 32
             ORDER BY k.number) l";

/// At most a dozen with the same wording: the same words make only so many statements.
///
/// The fingerprint says it all; `+ 0` and `coalesce` leave the planner its index only (V10).
const FIND: &str = "-- memory.find_similar
    SELECT t.number, m.id, m.content, m.similarity
      FROM unnest($3::bytea[], $4::halfvec[]) WITH ORDINALITY AS t (fingerprint, embedding, number)
     CROSS JOIN LATERAL (
           SELECT m.id, m.content,
                  CASE WHEN m.embedding_model = $10 THEN (-(m.embedding <#> t.embedding))::real END AS similarity
             FROM memories m
            WHERE m.enterprise_id = $1 AND m.home_scope_id + 0 = $2 AND m.fingerprint = t.fingerprint
              AND m.deleted_at IS NULL AND m.lifecycle = 'active' AND (m.expires_on IS NULL OR m.expires_on >= $5)
              AND coalesce(m.user_id, '') = coalesce($6, '') AND coalesce(m.agent_id, '') = coalesce($7, '')
              AND coalesce(m.app_id, '') = coalesce($8, '') AND coalesce(m.run_id, '') = coalesce($9, '')
            ORDER BY similarity DESC NULLS LAST, m.id LIMIT 12) m
     ORDER BY t.number, m.similarity DESC NULLS LAST, m.id";

/// Keeps everybody else from adding these wordings, which are of this home and labels already, until the transaction ends. Once for
/// each home, or two requests could wait for each other. `all` are the texts of the whole request.
pub(crate) async fn lock(
    tx: &TenantTx<'_>,
    home: ScopeId,
    wordings: &[Wording],
    all: usize,
) -> Result<(), StoreError> {
    let prints: Vec<&[u8]> = wordings.iter().map(|wording| wording.as_bytes().as_slice()).collect();
    let few = prints.len() < MANY && all <= MOST_SINGLE;
    tx.query(LOCK, &[&home.0, &prints, &few]).await.map(drop)
}

/// For each new text, in their order, the memories of the same home, labels and wording, the most alike first.
pub(crate) async fn find(
    tx: &TenantTx<'_>,
    place: &Place<'_>,
    texts: &[(Wording, Option<&Embedding>)],
) -> Result<Vec<Similar>, StoreError> {
    let caller = tx.caller();
    let wordings: Vec<Wording> =
        texts.iter().map(|(wording, _)| wording.within(place.home, place.labels)).collect();
    let prints: Vec<&[u8]> = wordings.iter().map(|wording| wording.as_bytes().as_slice()).collect();
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
            similarity: row.get::<_, Option<f32>>("similarity").unwrap_or(f32::NAN),
        }));
    }
    Ok(found)
}
