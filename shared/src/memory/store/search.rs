//! Candidates for a query, and their content.
//!
//! Two statements: what the projection says is near, and then, under row-level security, the memories themselves. The
//! order between them is `memory::ranking`'s.

use std::collections::HashMap;

use pgvector::HalfVector;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{ReadableScope, SearchTier, TenantTx};
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::MemoryId;
use crate::memory::ranking::{Item, Tokens};
use crate::memory::store::condition::Condition;
use crate::memory::store::row::{self, COLUMNS};

/// Most memories that [`among`] considers: so many look-ups cost some ten milliseconds.
const MAX_AMONG: usize = 5_000;

/// How many of the best candidates get their neighbours read as well, and how many positions away those are. More
/// finds nothing more (ADR 5).
const EXPLAINED: i64 = 20;
const BESIDE: i32 = 2;

/// What is looked for.
pub(crate) struct Query<'a> {
    pub(crate) scopes: &'a [&'a ReadableScope],
    /// None while the model is away: then words alone decide.
    pub(crate) embedding: Option<&'a Embedding>,
    /// Whose vectors compare with it.
    pub(crate) model: &'a str,
    pub(crate) words: &'a str,
}

impl Query<'_> {
    fn scopes_of(&self, tier: SearchTier) -> Vec<i64> {
        self.scopes.iter().filter(|scope| scope.tier == tier).map(|scope| scope.id.0).collect()
    }
}

/// How many candidates each arm may bring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    /// By meaning.
    pub(crate) nearest: i32,
    /// By words; not fewer than by meaning.
    pub(crate) best: i32,
}

/// Something near the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) id: MemoryId,
    /// Cosine of the vectors, -1 to 1; none where there are not two that compare.
    pub(crate) similarity: Option<f32>,
    /// BM25 of the query's terms, divided by the sum of their inverse document frequencies: 0 without any of them, 1
    /// with each of them once in a memory of average length, at most 2.2.
    pub(crate) text: f32,
    /// The share of the query's terms that it has, weighted by inverse document frequency: 0 to 1.
    pub(crate) matched: f32,
}

impl Candidate {
    /// How likely it is worth reading: what is known of it before.
    pub(crate) fn promise(&self) -> f32 {
        let similarity = self.similarity.filter(|similarity| similarity.is_finite()).unwrap_or_default();
        self.text + similarity.max(0.0)
    }
}

const CANDIDATES: &str = "-- search.candidates
    SELECT c.memory_id, c.similarity, c.text, c.matched, c.more
      FROM mem0.search_candidates($1, $2, $3, $4, $5, $6, $7, NULL) c";

/// The nearest by meaning and the best by words; and whether those are all there are.
pub(crate) async fn nearest(
    tx: &TenantTx<'_>,
    query: &Query<'_>,
    pool: Pool,
) -> Result<(Vec<Candidate>, bool), StoreError> {
    let (small, broad) = (query.scopes_of(SearchTier::Small), query.scopes_of(SearchTier::Broad));
    let embedding = query.embedding.map(HalfVector::from);
    let rows = tx
        .query(
            CANDIDATES,
            &[&small, &broad, &embedding, &query.model, &query.words, &pool.nearest, &pool.best],
        )
        .await?;
    let more = rows.iter().any(|row| row.get("more"));
    Ok((rows.iter().map(candidate).collect(), !more))
}

/// The best of those for which the condition holds; none if it holds for too many to look at each.
pub(crate) async fn among(
    tx: &TenantTx<'_>,
    query: &Query<'_>,
    condition: &mut Condition,
    pool: Pool,
) -> Result<Option<Vec<Candidate>>, StoreError> {
    let small = condition.bind(query.scopes_of(SearchTier::Small), "bigint[]");
    let broad = condition.bind(query.scopes_of(SearchTier::Broad), "bigint[]");
    let embedding = condition.bind(query.embedding.map(HalfVector::from), "halfvec");
    let model = condition.bind(query.model.to_owned(), "text");
    let words = condition.bind(query.words.to_owned(), "text");
    let nearest = condition.bind(pool.nearest, "integer");
    let best = condition.bind(pool.best, "integer");
    let holds = condition.holds_in_scopes();
    let sql = format!(
        "-- search.among
        WITH asked AS MATERIALIZED (
            SELECT ARRAY(SELECT m.id FROM memories m WHERE {holds} LIMIT {MAX_AMONG} + 1) AS ids)
        SELECT c.memory_id, c.similarity, c.text, c.matched, cardinality(a.ids) > {MAX_AMONG} AS too_many
          FROM asked a
          LEFT JOIN LATERAL mem0.search_candidates({small}, {broad}, {embedding}, {model}, {words}, {nearest}, {best},
                        CASE WHEN cardinality(a.ids) <= {MAX_AMONG} THEN a.ids ELSE '{{}}' END) c ON true"
    );
    let rows = condition.query(tx, &sql).await?;
    if rows.iter().any(|row| row.get("too_many")) {
        return Ok(None);
    }
    let found = rows.iter().filter(|row| row.get::<_, Option<Uuid>>("memory_id").is_some());
    Ok(Some(found.map(candidate).collect()))
}

/// The first `most` of these candidates, in their order, for which the condition holds, and what was captured next to the
/// first [`EXPLAINED`] of those, as far as the condition holds for it as well.
pub(crate) async fn fetch(
    tx: &TenantTx<'_>,
    condition: &mut Condition,
    query: &Query<'_>,
    candidates: &[Candidate],
    most: i64,
) -> Result<Vec<Item>, StoreError> {
    let ids: Vec<Uuid> = candidates.iter().map(|candidate| candidate.id.uuid()).collect();
    let ids = condition.bind(ids, "uuid[]");
    let most = condition.bind(most, "bigint");
    let embedding = condition.bind(query.embedding.map(HalfVector::from), "halfvec");
    let model = condition.bind(query.model.to_owned(), "text");
    // The reach once more: a neighbour may be readable and yet outside of the scopes asked for.
    let holds = condition.holds_in_scopes();
    let sql = format!(
        "-- memory.fetch
        WITH found AS MATERIALIZED (
            SELECT m.id, c.place, m.capture_id, m.capture_position
              FROM unnest({ids}) WITH ORDINALITY AS c (id, place)
              JOIN memories m ON m.id = c.id
             WHERE {holds}
             ORDER BY c.place LIMIT {most}
        ), best AS (
            SELECT f.capture_id, f.capture_position FROM found f ORDER BY f.place LIMIT {EXPLAINED}
        ), wanted AS (
            SELECT f.id FROM found f
            UNION
            SELECT n.id FROM best b CROSS JOIN LATERAL (
                   SELECT m.id FROM memories m
                    WHERE {holds} AND m.capture_id = b.capture_id AND m.capture_id <> m.id
                      AND m.capture_position BETWEEN b.capture_position - {BESIDE} AND b.capture_position + {BESIDE}) n
        )
        SELECT {COLUMNS}, m.capture_id, m.capture_position, m.tokens,
               CASE WHEN m.embedding_model = {model} THEN -(m.embedding <#> {embedding}) END AS similarity,
               (SELECT sum(CASE f.feedback WHEN 'POSITIVE' THEN 1 WHEN 'NEGATIVE' THEN -1 ELSE -2 END)
                  FROM memory_feedback f WHERE f.enterprise_id = $1 AND f.memory_id = m.id) AS opinion
          FROM wanted w JOIN memories m ON m.id = w.id
         WHERE m.enterprise_id = $1"
    );
    let known: HashMap<MemoryId, &Candidate> =
        candidates.iter().map(|candidate| (candidate.id, candidate)).collect();
    let rows = condition.query(tx, &sql).await?;
    rows.iter().map(|row| item(row, known.get(&MemoryId(row.get("id"))).copied())).collect()
}

/// A row with what the search knows of it; a neighbour that neither arm found has none of the query's words to speak of.
fn item(row: &Row, candidate: Option<&Candidate>) -> Result<Item, StoreError> {
    let memory = row::memory(row)?;
    let tokens = row.get::<_, Option<&[u8]>>("tokens").and_then(Tokens::from_bytes);
    Ok(Item {
        tokens: tokens.unwrap_or_else(|| Tokens::of(&memory.content)),
        similarity: candidate
            .and_then(|candidate| candidate.similarity)
            .or_else(|| row.get::<_, Option<f64>>("similarity").map(|similarity| similarity as f32))
            .unwrap_or_default(),
        words: candidate.map_or(0.0, |candidate| candidate.text),
        capture: row.get("capture_id"),
        position: row.get("capture_position"),
        opinion: row.get::<_, Option<i64>>("opinion").unwrap_or_default() as f32,
        memory,
    })
}

fn candidate(row: &Row) -> Candidate {
    Candidate {
        id: MemoryId(row.get("memory_id")),
        similarity: row.get("similarity"),
        text: row.get("text"),
        matched: row.get("matched"),
    }
}
