//! How scopes move between the arms of retrieval: up at one size, down at a smaller one, and not in between.

use shared::ids::ScopeId;
use tokio_postgres::Client;

use crate::harness::{Actor, Client as _, TestApp};

/// How a scope is searched, how many of its rows are flagged for the broad arm, and how its vectors are kept.
async fn tier(client: &Client, scope: ScopeId) -> (String, i64, Option<String>) {
    let sql = "SELECT s.search_tier, (SELECT count(*) FROM memory_scopes p WHERE p.scope_id = s.id AND p.broad), n.packing
                 FROM scopes s LEFT JOIN scope_sizes n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
                WHERE s.id = $1";
    let row = client.query_one(sql, &[&scope.0]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// The upkeep, with limits of a few rows: promoted and packed from 40 on, demoted and unpacked below 20.
async fn upkeep(client: &Client) {
    client.query_one("SELECT mem0.review_tiers(40, 20)", &[]).await.unwrap();
    while client.query_one("SELECT mem0.move_tier(7)", &[]).await.unwrap().get(0) {}
    while client.query_one("SELECT mem0.pack_vectors(40, 20, 7)", &[]).await.unwrap().get(0) {}
}

async fn remember(client: &Client, author: &Actor, count: i32) {
    let insert =
        "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                        capture_id, capture_position, created_at, updated_at)
        SELECT $1, gen_random_uuid(), $2, $3, ARRAY[$3::bigint], 'tea', '', gen_random_uuid(), 0, $5, $5
          FROM generate_series(1, $4::integer) n";
    let (tenant, user, now) = (author.enterprise.uuid(), author.user.uuid(), author.app().now());
    client.execute(insert, &[&tenant, &user, &author.scope.0, &count, &now]).await.unwrap();
}

async fn forget(client: &Client, count: i32) {
    let sql = "UPDATE memories SET deleted_at = created_at
                WHERE id IN (SELECT id FROM memories WHERE deleted_at IS NULL ORDER BY id LIMIT $1)";
    client.execute(sql, &[&i64::from(count)]).await.unwrap();
}

#[tokio::test]
async fn a_scope_moves_at_its_limits_and_rests_between_them() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let client = app.database().superuser().await;
    let small = |rows| ("small".to_owned(), rows, None);
    let broad = |rows| ("broad".to_owned(), rows, Some("packed".to_owned()));
    for (added, forgotten, expected) in [
        (39, 0, small(0)),
        (1, 0, broad(40)),
        // On the way down nothing happens at the limit that it passed on the way up.
        (0, 15, broad(25)),
        (0, 5, broad(20)),
        (0, 1, small(0)),
        (20, 0, small(0)),
        (1, 0, broad(40)),
    ] {
        remember(client, &alice, added).await;
        forget(client, forgotten).await;
        upkeep(client).await;
        assert_eq!(tier(client, alice.scope).await, expected, "after {added} more and {forgotten} fewer");
        // Again and nothing to do.
        upkeep(client).await;
        assert_eq!(tier(client, alice.scope).await, expected);
    }
}
