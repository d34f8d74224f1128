//! Candidates for a query, and their content.
//!
//! One statement in one round trip: it finds the nearest candidates in the projection, then reads the memories under
//! row-level security. `memory::ranking` orders them.

use std::collections::HashSet;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{PendingTx, ReadableScope, SearchTier};
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::error::Result;
use crate::ids::MemoryId;
use crate::memory::compare::Compared;
use crate::memory::ranking::{Item, Tokens};
use crate::memory::store::condition::Condition;
use crate::memory::store::row;

/// Maximum number of memories that [`among`] considers: that many look-ups take about ten milliseconds.
const MAX_AMONG: usize = 5_000;

/// The number of best candidates whose neighbours are also read, and the maximum distance of those. More finds nothing
/// more (ADR 5).
const EXPLAINED: i64 = 20;
const BESIDE: i32 = 2;

/// What to search for.
pub(crate) struct Query<'a> {
    pub(crate) scopes: &'a [&'a ReadableScope],
    /// `None` while the model is unavailable: then words alone decide.
    pub(crate) embedding: Option<&'a Embedding>,
    /// The model whose vectors compare with it.
    pub(crate) model: &'a str,
    pub(crate) words: &'a str,
}

impl Query<'_> {
    /// Builds the call that searches the projection among the memories that the expression `among` lists.
    fn call(&self, condition: &mut Condition, pool: Pool, among: &str, compared: Compared) -> String {
        let (near_scopes, near): (Vec<i64>, Vec<Uuid>) =
            compared.near.into_iter().map(|(scope, memory)| (scope.0, memory)).unzip();
        let arguments = [
            condition.bind(self.scopes_of(SearchTier::Small), "bigint[]"),
            condition.bind(self.scopes_of(SearchTier::Broad), "bigint[]"),
            bind_embedding(condition, self.embedding),
            condition.bind(self.model.to_owned(), "text"),
            condition.bind(self.words.to_owned(), "text"),
            condition.bind(pool.nearest, "integer"),
            condition.bind(pool.best, "integer"),
            among.to_owned(),
            condition.bind(compared.scopes, "bigint[]"),
            condition.bind(near_scopes, "bigint[]"),
            condition.bind(near, "uuid[]"),
        ];
        format!("mem0.search_candidates({})", arguments.join(", "))
    }

    fn scopes_of(&self, tier: SearchTier) -> Vec<i64> {
        self.scopes.iter().filter(|scope| scope.tier == tier).map(|scope| scope.id.0).collect()
    }
}

/// Binds the query's vector as `real[]` and casts it to `halfvec` in SQL: for a parameter of an extension's type, the client would
/// first look that type up in the catalogue on every new connection.
pub(super) fn bind_embedding(condition: &mut Condition, embedding: Option<&Embedding>) -> String {
    let vector = condition.bind_vector(|| embedding.map(|embedding| embedding.as_ref().to_vec()));
    format!("{vector}::halfvec")
}

/// Maximum number of candidates per arm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    /// By meaning.
    pub(crate) nearest: i32,
    /// By words; at least as many as by meaning.
    pub(crate) best: i32,
}

/// The result of a search.
#[derive(Default)]
pub(crate) struct Found {
    /// The candidates to rank.
    pub(crate) items: Vec<Item>,
    /// How many of them are candidates for which the condition holds; the others are their neighbours.
    pub(crate) kept: usize,
    /// Whether an arm was cut off, so that there may be more.
    pub(crate) more: bool,
    /// Those that have no vector comparable with the query's.
    pub(crate) blind: HashSet<MemoryId>,
    /// Whether so few of the candidates match the condition that the best matches may be elsewhere.
    pub(crate) sparse: bool,
}

/// Finds the candidates that match the condition: the nearest by meaning, among the compared vectors and all others,
/// and the best by words.
pub(crate) async fn nearest(
    tx: &mut PendingTx<'_>,
    query: &Query<'_>,
    mut condition: Condition,
    pool: Pool,
    most: i64,
    compared: Compared,
) -> Result<Found, StoreError> {
    let statement = nearest_statement(query, &mut condition, pool, most, compared);
    let rows = condition.read(tx, &statement).await?;
    found(&rows.iter().collect::<Vec<_>>(), most).map(|(found, _)| found)
}

fn nearest_statement(
    query: &Query<'_>,
    condition: &mut Condition,
    pool: Pool,
    most: i64,
    compared: Compared,
) -> String {
    let call = query.call(condition, pool, "NULL", compared);
    let candidates = format!("SELECT c.*, 0 AS level, false AS too_many FROM {call} c");
    let statement = rank_among(query, condition, &candidates, (most, EXPLAINED));
    format!("-- search.nearest\n{statement}")
}

/// Finds the best among the memories that match the condition; returns `None` if there are too many to examine.
pub(crate) async fn among(
    tx: &mut PendingTx<'_>,
    query: &Query<'_>,
    mut condition: Condition,
    pool: Pool,
    most: i64,
) -> Result<Option<Found>, StoreError> {
    let few = format!("CASE WHEN cardinality(a.ids) <= {MAX_AMONG} THEN a.ids ELSE '{{}}' END");
    let call = query.call(&mut condition, pool, &few, Compared::default());
    let holds = condition.holds_in_scopes();
    let candidates = format!(
        "SELECT c.*, 0 AS level, cardinality(a.ids) > {MAX_AMONG} AS too_many
           FROM (SELECT ARRAY(SELECT m.id FROM memories m WHERE {holds} LIMIT {MAX_AMONG} + 1) AS ids OFFSET 0) a
           LEFT JOIN LATERAL {call} c ON true"
    );
    let statement = rank_among(query, &mut condition, &candidates, (most, EXPLAINED));
    let rows = condition.read(tx, &format!("-- search.among\n{statement}")).await?;
    let (found, too_many) = found(&rows.iter().collect::<Vec<_>>(), most)?;
    Ok((!too_many).then_some(found))
}

/// Returns whether any memory that matches the condition has no vector of this model.
pub(crate) async fn unvectored(
    tx: &mut PendingTx<'_>,
    mut condition: Condition,
    model: &str,
) -> Result<bool, StoreError> {
    let model = condition.bind(model.to_owned(), "text");
    let sql = format!(
        "-- search.find_unvectored
        SELECT FROM memories m WHERE {} AND m.embedding_model IS DISTINCT FROM {model} LIMIT 1",
        condition.holds_in_scopes()
    );
    condition.read(tx, &sql).await.map(|rows| !rows.is_empty())
}

/// Builds the statement that reads of each level the first `most` candidates that match the condition, most promising first, and
/// the neighbours of the first `explained` of those, as far as they match it too. Of a level without any, it returns one row
/// without a memory.
///
/// The vector is in a query of its own, so that it is converted once and not for each neighbour.
///
/// Memories are looked up one by one, by id or by capture (`OFFSET 0` forces it): the planner considers the conditions
/// so selective that it would rather read small scopes entirely and compare each row with each candidate.
pub(super) fn rank_among(
    query: &Query<'_>,
    condition: &mut Condition,
    candidates: &str,
    (most, explained): (i64, i64),
) -> String {
    let most = condition.bind(most, "bigint");
    let embedding = bind_embedding(condition, query.embedding);
    let model = condition.bind(query.model.to_owned(), "text");
    // The reach again: a neighbour may be readable and yet outside the requested scopes.
    let (columns, holds) = (condition.columns(), condition.holds_in_scopes());
    format!(
        "WITH candidates AS MATERIALIZED (
            SELECT c.memory_id AS id, c.level, c.similarity, c.text, c.more, c.too_many,
                   row_number() OVER (PARTITION BY c.level
                                      ORDER BY c.text + greatest(c.similarity, 0) DESC, c.memory_id DESC) AS place
              FROM ({candidates}) c
        ), levels AS MATERIALIZED (
            SELECT c.level, coalesce(bool_or(c.more), false) AS more, bool_or(c.too_many) AS too_many, count(*) AS brought
              FROM candidates c
             GROUP BY c.level
        ), found AS MATERIALIZED (
            SELECT f.*, l.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT {columns}, m.capture_id, m.capture_position, m.tokens, m.opinion, c.similarity, c.text, c.place
                  FROM (SELECT * FROM candidates c WHERE c.level = l.level ORDER BY c.place OFFSET 0) c
                 CROSS JOIN LATERAL (SELECT m.* FROM memories m WHERE m.id = c.id AND {holds} OFFSET 0) m
                 LIMIT {most}
             ) f
        ), beside AS (
            SELECT DISTINCT ON (b.level, m.id)
                   {columns}, m.capture_id, m.capture_position, m.tokens, m.opinion,
                   CASE WHEN m.embedding_model = {model} THEN -(m.embedding <#> (SELECT {embedding})) END::real,
                   NULL::real, NULL::bigint, b.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT f.level, f.capture_id, f.capture_position
                  FROM found f WHERE f.level = l.level ORDER BY f.place LIMIT {explained}
             ) b
             CROSS JOIN LATERAL (
                SELECT m.* FROM memories m
                 WHERE m.enterprise_id = $1 AND m.capture_id = b.capture_id AND m.capture_id <> m.id
                   AND m.capture_position BETWEEN b.capture_position - {BESIDE} AND b.capture_position + {BESIDE}
                   AND {holds} OFFSET 0
             ) m
             WHERE (b.level, m.id) NOT IN (SELECT f.level, f.id FROM found f)
             ORDER BY b.level, m.id
        )
        SELECT m.*, l.level AS of_level, l.more, l.too_many, l.brought
          FROM levels l
          LEFT JOIN (SELECT * FROM found UNION ALL SELECT * FROM beside) m ON m.level = l.level"
    )
}

/// Converts the rows of one level, up to `most` of them candidates; also returns whether there were too many to examine.
pub(super) fn found(rows: &[&Row], most: i64) -> Result<(Found, bool), StoreError> {
    let Some(first) = rows.first() else {
        return Ok((Found::default(), false));
    };
    let places = Places::of(first);
    let there = rows.iter().filter(|row| row.get::<_, Option<Uuid>>(places.id).is_some());
    let blind = places.blind(there.clone().copied());
    // A neighbour that neither arm found has no word score.
    let kept = there.clone().filter(|row| row.get::<_, Option<f32>>(places.text).is_some()).count();
    let brought = usize::try_from(first.get::<_, i64>("brought").min(most)).unwrap_or_default();
    let words = |row: &Row| row.get::<_, Option<f32>>(places.text).unwrap_or_default();
    let items = there.map(|row| places.item(row, Some(words(row)))).collect::<Result<_, _>>()?;
    let sparse = kept * 3 < brought * 2;
    Ok((Found { items, kept, more: first.get("more"), blind, sparse }, first.get("too_many")))
}

/// The column positions, which are the same in every row.
pub(super) struct Places {
    id: usize,
    memory: row::Places,
    tokens: usize,
    similarity: usize,
    text: usize,
    capture: usize,
    position: usize,
    opinion: usize,
}

impl Places {
    pub(super) fn of(row: &Row) -> Self {
        let place = |name| row::place(row, name);
        Self {
            id: place("id"),
            memory: row::Places::of(row),
            tokens: place("tokens"),
            similarity: place("similarity"),
            text: place("text"),
            capture: place("capture_id"),
            position: place("capture_position"),
            opinion: place("opinion"),
        }
    }

    /// Returns those that have no vector comparable with the query's.
    pub(super) fn blind<'r>(&self, rows: impl IntoIterator<Item = &'r Row>) -> HashSet<MemoryId> {
        let blind = |row: &&Row| row.get::<_, Option<f32>>(self.similarity).is_none();
        rows.into_iter().filter(blind).map(|row| MemoryId(row.get(self.id))).collect()
    }

    /// Converts a row, given its word score.
    pub(super) fn item(&self, row: &Row, words: Option<f32>) -> Result<Item, StoreError> {
        let memory = self.memory.memory(row)?;
        let tokens = row.get::<_, Option<&[u8]>>(self.tokens).and_then(Tokens::from_bytes);
        let similarity =
            row.get::<_, Option<f32>>(self.similarity).filter(|similarity| similarity.is_finite());
        Ok(Item {
            tokens: tokens.unwrap_or_else(|| Tokens::of(&memory.content)),
            similarity: similarity.unwrap_or_default(),
            words,
            capture: row.get(self.capture),
            position: row.get(self.position),
            opinion: row.get::<_, i32>(self.opinion) as f32,
            memory,
        })
    }
}
