//! The SQL side of retrieval: the output of `mem0.terms`, and what `mem0.search_candidates` finds by words and by
//! meaning, compared with references that read everything. `recall` tests what recall makes of it.

mod blocks;
mod bm25;
mod identifiers;
mod oddities;
mod scripts;
mod tiers;

use serde_json::json;
use shared::ids::ScopeId;
use tokio_postgres::Client;

use crate::harness::{Actor, Client as _};

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

/// Stores texts as they are, through the API.
async fn remember(actor: &Actor, texts: &[&str]) {
    for text in texts {
        let body = json!({ "messages": [{ "role": "user", "content": text }], "infer": false });
        let added = actor.post("/v3/memories/add/", body).await.ok();
        assert_eq!(added["results"][0]["event"], "ADD", "{text}");
    }
}

/// What a person's own memories have of these words and of nothing else, best first.
async fn by_words(actor: &Actor, words: &str) -> Vec<String> {
    let client = actor.app().database().superuser().await;
    bind(client, actor, &[actor.scope]).await;
    let sql = "SELECT m.content
          FROM mem0.search_candidates(ARRAY[$1::bigint], '{}', NULL, '', $2, 10, 100, NULL) c
          JOIN memories m ON m.id = c.memory_id
         ORDER BY c.text DESC, m.id";
    let rows = client.query(sql, &[&actor.scope.0, &words]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
