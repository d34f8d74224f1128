//! Stored memories with the same wording as a new text: candidates for the near-duplicate gate.

use chrono::{DateTime, NaiveDate, Utc};
use pgvector::HalfVector;
use tokio_postgres::Row;

use crate::access::{Classification, TenantTx};
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId};
use crate::memory::duplicate::Wording;
use crate::memory::gate::{Asked, Place};
use crate::memory::store::row;
use crate::memory::{Labels, Metadata};

/// An existing memory that a new text may duplicate.
pub(crate) struct Similar {
    /// The index of the new text.
    pub(crate) text: usize,
    pub(crate) id: MemoryId,
    pub(crate) content: String,
    pub(crate) metadata: Metadata,
    pub(crate) categories: Vec<String>,
    pub(crate) occurred_at: Option<DateTime<Utc>>,
    pub(crate) expires_on: Option<NaiveDate>,
    pub(crate) class: Classification,
    /// Cosine similarity of the vectors; NaN if they are not comparable.
    pub(crate) similarity: f32,
}

/// Maximum number of new texts per statement, so that none runs long.
const BATCH: usize = 1000;

/// A request with at least this many new texts in a scope locks the scope's 32 groups of wordings instead of single
/// wordings.
const MANY: usize = 64;
/// A request with more texts than this across all scopes does too: locks occupy PostgreSQL's shared memory.
const MOST_SINGLE: usize = 256;

/// Two requests that add the same text to the same scope wait for each other; locks are taken in order, so that they do
/// not deadlock. A request with few texts locks these exclusively, and their groups in shared mode; a request with many
/// locks the groups exclusively. Each text maps to one of 8,192 locks.
const LOCK: &str = "-- memory.lock_wordings
    SELECT CASE WHEN l.shared THEN pg_advisory_xact_lock_shared(l.key)::text ELSE pg_advisory_xact_lock(l.key)::text END
      FROM (SELECT DISTINCT k.number, k.shared, hashtextextended('memories of ' || $1::bigint, k.number) AS key
              FROM unnest($2::bytea[]) AS f,
                   LATERAL (SELECT get_byte(f, 0) % 32 AS number) g,
                   LATERAL (VALUES (g.number, $3), (32 + g.number * 256 + get_byte(f, 1), false)) k (number, shared)
             WHERE $3 OR k.number < 32
             ORDER BY k.number) l";

/// Finds at most a dozen memories with the same wording that may say the same (see `gate::Terms`): the same words
/// make only so many statements.
///
/// The fingerprint decides alone; `+ 0` and `coalesce` make the planner use only its index (V10).
const FIND: &str = "-- memory.find_similar
    SELECT t.number, m.id, m.content, m.metadata, m.categories, m.occurred_at, m.expires_on, m.classification,
           m.similarity
      FROM unnest($3::bytea[], $4::halfvec[], $11::timestamptz[], $12::date[], $13::text[]) WITH ORDINALITY
           AS t (fingerprint, embedding, occurred_at, expires_on, actor, number)
     CROSS JOIN LATERAL (
           SELECT m.id, m.content, m.metadata, m.categories, m.occurred_at, m.expires_on,
                  m.classification::text,
                  CASE WHEN m.embedding_model = $10 THEN (-(m.embedding <#> t.embedding))::real END AS similarity
             FROM memories m
            WHERE m.enterprise_id = $1 AND m.home_scope_id + 0 = $2 AND m.fingerprint = t.fingerprint
              AND m.deleted_at IS NULL
              AND (m.lifecycle = 'active' OR m.lifecycle = 'superseded' AND mem0.successor(m.replaced_by, m.earlier_successors) IS NULL)
              AND (m.expires_on IS NULL OR m.expires_on >= greatest(t.expires_on, $5) AND t.expires_on IS NOT NULL)
              AND (m.occurred_at IS NULL OR t.occurred_at IS NULL OR m.occurred_at = t.occurred_at)
              AND coalesce(m.user_id, '') = coalesce($6, '') AND coalesce(m.agent_id, '') = coalesce($7, '')
              AND coalesce(m.app_id, '') = coalesce($8, '') AND coalesce(m.run_id, '') = coalesce($9, '')
              AND coalesce(m.metadata ->> 'actor_id', t.actor, '') = coalesce(t.actor, m.metadata ->> 'actor_id', '')
            ORDER BY similarity DESC NULLS LAST, m.id LIMIT 12) m
     ORDER BY t.number, m.similarity DESC NULLS LAST, m.id";

/// Prevents others from adding these wordings, already bound to this home and labels, until the transaction ends. Call
/// it once per home, or two requests could deadlock. `all` is the number of texts in the whole request.
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

/// Returns, for each new text in order, the memories of the same home, labels and wording, most similar first.
pub(crate) async fn find(
    tx: &TenantTx<'_>,
    place: &Place<'_>,
    texts: &[Asked<'_>],
) -> Result<Vec<Similar>, StoreError> {
    let caller = tx.caller();
    let wordings: Vec<Wording> =
        texts.iter().map(|text| text.wording.within(place.home, place.labels)).collect();
    let prints: Vec<&[u8]> = wordings.iter().map(|wording| wording.as_bytes().as_slice()).collect();
    let Labels { user, agent, app, run } = place.labels;
    let mut found = Vec::new();
    for (batch, (prints, texts)) in prints.chunks(BATCH).zip(texts.chunks(BATCH)).enumerate() {
        let embeddings: Vec<Option<HalfVector>> =
            texts.iter().map(|text| text.embedding.map(HalfVector::from)).collect();
        let occurred: Vec<Option<DateTime<Utc>>> = texts.iter().map(|text| text.terms.occurred_at).collect();
        let expires: Vec<Option<NaiveDate>> = texts.iter().map(|text| text.terms.expires_on).collect();
        let actors: Vec<Option<&str>> = texts.iter().map(|text| text.terms.actor()).collect();
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
                    &occurred,
                    &expires,
                    &actors,
                ],
            )
            .await?;
        for row in &rows {
            found.push(similar(row, batch * BATCH)?);
        }
    }
    Ok(found)
}

fn similar(row: &Row, first: usize) -> Result<Similar, StoreError> {
    Ok(Similar {
        // Ordinality counts from 1.
        text: first + usize::try_from(row.get::<_, i64>("number")).unwrap_or_default().saturating_sub(1),
        id: MemoryId(row.get("id")),
        content: row.get("content"),
        metadata: row::metadata(row.get("metadata"), "memories")?,
        categories: row.get("categories"),
        occurred_at: row.get("occurred_at"),
        expires_on: row.get("expires_on"),
        class: row::classification(row, "memories")?,
        similarity: row.get::<_, Option<f32>>("similarity").unwrap_or(f32::NAN),
    })
}
