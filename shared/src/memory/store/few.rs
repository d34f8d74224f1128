//! All memories that match a condition, if they are few: then each is a candidate, and nothing has to find them first
//! (`docs/adr/0029-few-memories.md`).

use crate::access::PendingTx;
use crate::db::{Parameter, StoreError};
use crate::error::Result;
use crate::memory::store::condition::Condition;
use crate::memory::store::search::{Found, Places, Query, bind_embedding};

/// Maximum number of memories of which each is a candidate: as many as are read for a search of more, with neighbours.
pub(crate) const MOST: usize = 150;

/// Returns all memories that match the condition as candidates; `None` if they are more than [`MOST`].
pub(crate) async fn all(
    tx: &mut PendingTx<'_>,
    query: &Query<'_>,
    mut condition: Condition,
) -> Result<Option<Found>, StoreError> {
    let statement = statement(query, &mut condition);
    let rows = condition.read(tx, &statement).await?;
    let Some(first) = rows.first() else {
        return Ok(Some(Found::default()));
    };
    if rows.len() > MOST {
        return Ok(None);
    }
    let places = Places::of(first);
    let blind = places.blind(&rows);
    // How rare a word is, only the ranking knows, which sees all of them.
    let words = query.words.is_empty().then_some(0.0);
    let items: Vec<_> = rows.iter().map(|row| places.item(row, words)).collect::<Result<_, _>>()?;
    Ok(Some(Found { kept: items.len(), items, blind, more: false, sparse: false }))
}

/// The statement that [`all`] runs for a query without a filter, whatever the query, and parameters for which it finds
/// nothing.
pub(crate) fn usual() -> Result<(String, Vec<Parameter>)> {
    let query = Query { scopes: &[], embedding: None, model: "", words: "" };
    let mut condition = Condition::unfiltered()?;
    let statement = statement(&query, &mut condition);
    Ok((statement, condition.into_params()))
}

/// The vector is in a query of its own, so that it is converted once and not for each memory.
fn statement(query: &Query<'_>, condition: &mut Condition) -> String {
    let embedding = bind_embedding(condition, query.embedding);
    let model = condition.bind(query.model.to_owned(), "text");
    let (columns, holds) = (condition.columns(), condition.holds_in_scopes());
    format!(
        "-- search.few
        SELECT {columns}, m.capture_id, m.capture_position, m.tokens, m.opinion,
               CASE WHEN m.embedding_model = {model} THEN -(m.embedding <#> (SELECT {embedding})) END::real AS similarity
          FROM memories m
         WHERE {holds}
         LIMIT {MOST} + 1"
    )
}
