//! Candidates for a query, and their content.
//!
//! Two statements: what the projection says is near, and then, under row-level security, the memories themselves. The
//! order between them is `memory::fusion`'s.

use pgvector::HalfVector;
use uuid::Uuid;

use crate::access::{ReadableScope, SearchTier, TenantTx};
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::MemoryId;
use crate::memory::Memory;
use crate::memory::store::condition::Condition;
use crate::memory::store::row::{self, COLUMNS};

/// Most memories that [`among`] considers: so many look-ups cost some tens of milliseconds.
const MAX_AMONG: usize = 20_000;

/// What is looked for.
pub(crate) struct Query<'a> {
    pub(crate) scopes: &'a [&'a ReadableScope],
    /// None while the model is away: then words alone decide.
    pub(crate) embedding: Option<&'a Embedding>,
    /// Whose vectors compare with it.
    pub(crate) model: &'a str,
    pub(crate) words: &'a str,
}

/// Something near the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) id: MemoryId,
    /// Cosine of the vectors, -1 to 1; 0 without two that compare.
    pub(crate) similarity: f32,
    /// PostgreSQL's `ts_rank` of the query's words, any of them; 0 without one.
    pub(crate) text_rank: f32,
}

const CANDIDATES: &str = "-- search.candidates
    SELECT c.memory_id, c.similarity, c.text_rank FROM mem0.search_candidates($1, $2, $3, $4, $5, $6) c";

/// The nearest by meaning and by words, at most `most` from each arm. Fewer than `most` in all are all there are.
pub(crate) async fn nearest(
    tx: &TenantTx<'_>,
    query: &Query<'_>,
    most: i32,
) -> Result<Vec<Candidate>, StoreError> {
    let of_tier = |tier| -> Vec<i64> {
        query.scopes.iter().filter(|scope| scope.tier == tier).map(|scope| scope.id.0).collect()
    };
    let (small, broad) = (of_tier(SearchTier::Small), of_tier(SearchTier::Broad));
    let embedding = query.embedding.map(HalfVector::from);
    let rows = tx.query(CANDIDATES, &[&small, &broad, &embedding, &query.model, &query.words, &most]).await?;
    Ok(rows.iter().map(candidate).collect())
}

/// The best of those for which the condition holds; none if it holds for too many to look at each.
pub(crate) async fn among(
    tx: &TenantTx<'_>,
    query: &Query<'_>,
    condition: &mut Condition,
    most: i32,
) -> Result<Option<Vec<Candidate>>, StoreError> {
    let embedding = condition.bind(query.embedding.map(HalfVector::from), "halfvec");
    let model = condition.bind(query.model.to_owned(), "text");
    let words = condition.bind(query.words.to_owned(), "text");
    let most = condition.bind(most, "integer");
    let holds = condition.holds_in_scopes();
    let sql = format!(
        "-- search.among
        WITH asked AS MATERIALIZED (
            SELECT ARRAY(SELECT m.id FROM memories m WHERE {holds} LIMIT {MAX_AMONG} + 1) AS ids)
        SELECT c.memory_id, c.similarity, c.text_rank, cardinality(a.ids) > {MAX_AMONG} AS too_many
          FROM asked a
          LEFT JOIN LATERAL mem0.search_among($2::bigint[], {embedding}, {model}, {words}, {most},
                        CASE WHEN cardinality(a.ids) <= {MAX_AMONG} THEN a.ids ELSE '{{}}' END) c ON true"
    );
    let rows = condition.query(tx, &sql).await?;
    if rows.iter().any(|row| row.get("too_many")) {
        return Ok(None);
    }
    let found = rows.iter().filter(|row| row.get::<_, Option<Uuid>>("memory_id").is_some());
    Ok(Some(found.map(candidate).collect()))
}

/// The content of the first `most` of these memories, in their order, for which the condition holds.
pub(crate) async fn fetch(
    tx: &TenantTx<'_>,
    condition: &mut Condition,
    ids: &[MemoryId],
    most: i64,
) -> Result<Vec<Memory>, StoreError> {
    let ids = condition.bind(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>(), "uuid[]");
    let most = condition.bind(most, "bigint");
    let sql = format!(
        "-- memory.fetch
        SELECT {COLUMNS}
          FROM unnest({ids}) WITH ORDINALITY AS c (id, place)
          JOIN memories m ON m.id = c.id
         WHERE {} AND $2::bigint[] IS NOT NULL
         ORDER BY c.place LIMIT {most}",
        condition.holds()
    );
    condition.query(tx, &sql).await?.iter().map(row::memory).collect()
}

fn candidate(row: &tokio_postgres::Row) -> Candidate {
    Candidate {
        id: MemoryId(row.get("memory_id")),
        similarity: row.get::<_, Option<f32>>("similarity").unwrap_or_default(),
        text_rank: row.get("text_rank"),
    }
}
