//! Candidates for a query at several levels at once, and their content.
//!
//! One statement, as in [`super::search`]: only the best candidates of each level are read.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use crate::access::{PendingTx, ReadableScope, SearchTier};
use crate::db::StoreError;
use crate::ids::ScopeId;
use crate::memory::compare::Compared;
use crate::memory::store::condition::Condition;
use crate::memory::store::search::{self, Found, Pool, Query, bind_embedding, rank_among};

/// The number of best candidates of a level whose neighbours are also read.
const EXPLAINED: i64 = 10;

/// What is searched at each level.
pub(crate) struct Levels<'a> {
    /// The scopes of each level, the nearest level first.
    pub(crate) scopes: Vec<Vec<&'a ReadableScope>>,
    /// The caller's own scope, and the level of what it shows of others.
    pub(crate) lent: Option<(ScopeId, usize)>,
}

impl Levels<'_> {
    /// Builds the call that searches the projection at each level.
    fn call(&self, query: &Query<'_>, condition: &mut Condition, pool: Pool, compared: Compared) -> String {
        let (small, small_levels) = self.of(SearchTier::Small);
        let (broad, broad_levels) = self.of(SearchTier::Broad);
        let (near_scopes, near): (Vec<i64>, Vec<_>) =
            compared.near.into_iter().map(|(scope, memory)| (scope.0, memory)).unzip();
        let arguments = [
            condition.bind(small, "bigint[]"),
            condition.bind(broad, "bigint[]"),
            condition.bind([small_levels, broad_levels].concat(), "integer[]"),
            condition.bind(self.lent.map(|(own, _)| own.0), "bigint"),
            condition.bind(self.lent.map(|(_, level)| number(level)), "integer"),
            bind_embedding(condition, query.embedding),
            condition.bind(query.model.to_owned(), "text"),
            condition.bind(query.words.to_owned(), "text"),
            condition.bind(pool.nearest, "integer"),
            condition.bind(pool.best, "integer"),
            condition.bind(compared.scopes, "bigint[]"),
            condition.bind(near_scopes, "bigint[]"),
            condition.bind(near, "uuid[]"),
        ];
        format!("mem0.search_levels({})", arguments.join(", "))
    }

    /// Returns the scopes of this tier, and the level of each.
    fn of(&self, tier: SearchTier) -> (Vec<i64>, Vec<i32>) {
        let levels = self.scopes.iter().enumerate();
        let scopes =
            levels.flat_map(|(level, scopes)| scopes.iter().map(move |scope| (scope, number(level))));
        scopes.filter(|(scope, _)| scope.tier == tier).map(|(scope, level)| (scope.id.0, level)).unzip()
    }
}

fn number(level: usize) -> i32 {
    i32::try_from(level).unwrap_or(i32::MAX)
}

/// Finds the candidates of each level that match the condition.
pub(crate) async fn nearest(
    tx: &mut PendingTx<'_>,
    query: &Query<'_>,
    levels: &Levels<'_>,
    mut condition: Condition,
    (pool, most): (Pool, i64),
    compared: Compared,
) -> Result<Vec<Found>, StoreError> {
    let call = levels.call(query, &mut condition, pool, compared);
    let candidates = format!("SELECT c.*, false AS too_many FROM {call} c");
    let statement = rank_among(query, &mut condition, &candidates, (most, EXPLAINED));
    let rows = condition.read(tx, &format!("-- search.levels\n{statement}")).await?;
    let mut by_level: BTreeMap<i32, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        by_level.entry(row.get("of_level")).or_default().push(row);
    }
    let of = |level| by_level.get(&number(level)).map_or(&[][..], Vec::as_slice);
    let all = (0..levels.scopes.len()).map(|level| search::found(of(level), most).map(|(found, _)| found));
    all.collect()
}
