//! The SQL side of retrieval: what `mem0.terms` makes of a text, and what `mem0.search_candidates` finds by words and by
//! meaning, held against references that read everything. What recall makes of it is tested in `recall`.

mod bm25;
mod identifiers;
mod oddities;
mod scripts;

use shared::ids::ScopeId;
use tokio_postgres::Client;

use crate::harness::Actor;

/// Lets a session of the superuser call the search as this person would.
async fn bind(client: &Client, caller: &Actor, scopes: &[ScopeId]) {
    let ids: Vec<String> = scopes.iter().map(|scope| scope.0.to_string()).collect();
    let bind = format!(
        "SET mem0.enterprise = '{}'; SET mem0.readable = '{{{}}}'",
        caller.enterprise.uuid(),
        ids.join(",")
    );
    client.batch_execute(&bind).await.unwrap();
}

/// The terms of a text, sorted as PostgreSQL sorts them.
async fn terms(client: &Client, text: &str) -> Vec<String> {
    let sql =
        "SELECT coalesce(array_agg(lexeme ORDER BY lexeme COLLATE \"C\"), '{}') FROM unnest(mem0.terms($1))";
    client.query_one(sql, &[&text]).await.unwrap().get(0)
}
