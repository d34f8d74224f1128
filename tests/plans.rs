//! How PostgreSQL reads the search projection: each arm of retrieval through its own index, none by a full scan.
//!
//! The plans are those that `mem0.search_candidates` actually used, beside a neighbouring tenant, on a tenant with a
//! few thousand memories in a scope whose vectors are in blocks and in one that is read approximately, and a few in
//! one that is read row by row.

use std::collections::BTreeSet;

use serde_json::json;
use shared::access::ScopeKind;
use shared::ids::ScopeId;
use tokio_postgres::Client;

use crate::harness::{Actor, Client as _, Explainer, Scan, TestApp};

const FEW: i64 = 50;
const SMALL: i64 = 3000;
const BROAD: i64 = 5000;

/// A tenant whose personal scope is small, with another that is smaller and one that is broad.
struct World {
    app: TestApp,
    alice: Actor,
    few: ScopeId,
    broad: ScopeId,
}

impl World {
    async fn new() -> Self {
        let (app, alice, bob) = TestApp::two_tenants().await;
        let broad = alice.node(ScopeKind::Organization, "Everything").await.scope;
        let few = alice.node(ScopeKind::Organization, "Little").await.scope;
        let client = app.database().superuser().await;
        let tier = "UPDATE scopes SET search_tier = 'broad' WHERE id = $1";
        client.execute(tier, &[&broad.0]).await.unwrap();
        // VACUUM counts only rows as visible whose commit has reached the log.
        client.batch_execute("SET synchronous_commit = on").await.unwrap();
        // Filling the graph row by row would take longer than all the rest.
        let index = "SELECT pg_get_indexdef('memory_scopes_broad_vectors'::regclass)";
        let definition: String = client.query_one(index, &[]).await.unwrap().get(0);
        client.batch_execute("DROP INDEX memory_scopes_broad_vectors; SELECT setseed(0.5)").await.unwrap();
        remember(client, &alice, alice.scope, SMALL).await;
        remember(client, &alice, broad, BROAD).await;
        remember(client, &alice, few, FEW).await;
        remember(client, &bob, bob.scope, SMALL).await;
        client.batch_execute(&definition.replace(" ON ONLY ", " ON ")).await.unwrap();
        client.batch_execute("SELECT mem0.review_tiers(1000000)").await.unwrap();
        while client.query_one("SELECT mem0.pack_vectors()", &[]).await.unwrap().get(0) {}
        client.batch_execute("VACUUM ANALYZE memory_scopes, memories, vector_blocks").await.unwrap();
        // So many that reading them all would be too many.
        let grown = "UPDATE scope_sizes SET rows = rows + 100000 WHERE scope_id = $1";
        client.execute(grown, &[&broad.0]).await.unwrap();
        Self { app, alice, few, broad }
    }
}

/// Adds memories about one of a hundred topics each, with random embeddings.
async fn remember(client: &Client, author: &Actor, scope: ScopeId, count: i64) {
    let insert = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                        capture_id, capture_position, embedding, embedding_model, created_at, updated_at)
        SELECT $1, gen_random_uuid(), $2, $3, ARRAY[$3::bigint], format('budget of topic%s in week%s', n % 100, n % 7),
               '', gen_random_uuid(), 0, l2_normalize(e.v)::halfvec(256), 'random', $5, $5
          FROM generate_series(1, $4::bigint) n,
               LATERAL (SELECT array_agg(random() - 0.5)::real[]::vector(256) AS v
                          FROM generate_series(1, 256) d WHERE n > 0) e";
    let (tenant, user, now) = (author.enterprise.uuid(), author.user.uuid(), author.app().now());
    client.execute(insert, &[&tenant, &user, &scope.0, &count, &now]).await.unwrap();
}

/// Binds the session to a caller, as `access::TenantTx` does, and calls a function of the search: which scans of the
/// projection it came to.
async fn scans(world: &World, explainer: &Explainer, function: &str) -> Vec<Scan> {
    let readable = format!("{{{},{},{}}}", world.alice.scope.0, world.few.0, world.broad.0);
    let bind = format!(
        "SET mem0.enterprise = '{}'; SET mem0.readable = '{readable}'; SET ROLE mem0_app",
        world.alice.enterprise.uuid()
    );
    explainer.client.batch_execute(&bind).await.unwrap();
    let sql = format!(
        "SELECT f.* FROM (SELECT array_agg(((d * 7919) % 13 - 6)::real)::vector(256)::halfvec(256) AS q
                            FROM generate_series(1, 256) d) v, {function} f"
    );
    let scans = explainer
        .scans(async |client| {
            let found = client.query(&sql, &[]).await.unwrap();
            assert!(!found.is_empty(), "{function} finds something");
        })
        .await;
    explainer.client.batch_execute("RESET ROLE").await.unwrap();
    let of_projection = |scan: &Scan| {
        ["memory_scopes", "vector_blocks", "unpacked_vectors"].contains(&scan.table.as_str())
            || (scan.table.is_empty() && scan.index.starts_with("memory_scopes"))
    };
    scans.into_iter().filter(of_projection).collect()
}

/// How the projection was read, each way once.
fn shapes(scans: &[Scan]) -> Vec<String> {
    let shapes: BTreeSet<String> = scans.iter().map(ToString::to_string).collect();
    shapes.into_iter().collect()
}

/// A call of the search that has a level for each of these scopes.
fn levels(small: &[ScopeId], broad: &[ScopeId], words: &str) -> String {
    let (few, many) = (array(small), array(broad));
    let numbers: Vec<usize> = (0..small.len() + broad.len()).collect();
    let (own, none) = (small[0].0, "'{}', '{}', '{}'");
    format!(
        "mem0.search_levels({few}, {many}, ARRAY{numbers:?}, {own}, 9, q, 'random', '{words}', 30, 30, {none})"
    )
}

fn array(scopes: &[ScopeId]) -> String {
    let ids: Vec<String> = scopes.iter().map(|scope| scope.0.to_string()).collect();
    format!("'{{{}}}'::bigint[]", ids.join(","))
}

/// A call of the search in these scopes.
fn candidates(small: &[ScopeId], broad: &[ScopeId], words: &str, among: &str) -> String {
    let (small, broad) = (array(small), array(broad));
    format!("mem0.search_candidates({small}, {broad}, q, 'random', '{words}', 30, 30, {among})")
}

#[tokio::test]
async fn each_arm_of_retrieval_reads_only_its_own_index() {
    let world = World::new().await;
    let explainer = Explainer::new(world.app.database()).await;
    let (few, small, broad) = (&[world.few][..], &[world.alice.scope][..], &[world.broad][..]);
    let plan = async |small, broad, among| {
        shapes(&scans(&world, &explainer, &candidates(small, broad, "topic17 week3", among)).await)
    };
    insta::assert_debug_snapshot!(plan(few, &[], "NULL").await, @r#"
    [
        "Index Only Scan on memory_scopes_pkey",
        "Index Scan on memory_scopes_pkey",
    ]
    "#);
    insta::assert_debug_snapshot!(plan(small, &[], "NULL").await, @r#"
    [
        "Bitmap Heap Scan on memory_scopes",
        "Bitmap Index Scan on memory_scopes_terms",
        "Index Only Scan on memory_scopes_pkey",
        "Index Scan on memory_scopes_by_memory",
        "Tid Scan on memory_scopes",
    ]
    "#);
    insta::assert_debug_snapshot!(plan(&[], broad, "NULL").await, @r#"
    [
        "Bitmap Heap Scan on memory_scopes",
        "Bitmap Index Scan on memory_scopes_broad_terms",
        "Index Scan on memory_scopes_broad_vectors",
        "Index Scan on memory_scopes_by_memory",
        "Tid Scan on memory_scopes",
    ]
    "#);
    insta::assert_debug_snapshot!(plan(small, broad, "NULL").await, @r#"
    [
        "Bitmap Heap Scan on memory_scopes",
        "Bitmap Index Scan on memory_scopes_broad_terms",
        "Bitmap Index Scan on memory_scopes_terms",
        "Index Only Scan on memory_scopes_pkey",
        "Index Scan on memory_scopes_broad_vectors",
        "Index Scan on memory_scopes_by_memory",
        "Tid Scan on memory_scopes",
    ]
    "#);
    insta::assert_debug_snapshot!(plan(small, broad, "ARRAY(SELECT id FROM memories LIMIT 20)").await, @r#"
    [
        "Bitmap Heap Scan on memory_scopes",
        "Bitmap Index Scan on memory_scopes_broad_terms",
        "Bitmap Index Scan on memory_scopes_terms",
        "Index Scan on memory_scopes_by_memory",
        "Tid Scan on memory_scopes",
    ]
    "#);
}

#[tokio::test]
async fn levels_are_read_through_the_same_indexes() {
    let world = World::new().await;
    let explainer = Explainer::new(world.app.database()).await;
    let both = &[world.alice.scope, world.few][..];
    let known = [
        "Bitmap Heap Scan on memory_scopes",
        "Bitmap Index Scan on memory_scopes_broad_terms",
        "Bitmap Index Scan on memory_scopes_terms",
        "Index Only Scan on memory_scopes_pkey",
        "Index Scan on memory_scopes_broad_vectors",
        "Index Scan on memory_scopes_by_memory",
        "Index Scan on memory_scopes_pkey",
        "Tid Scan on memory_scopes",
    ];
    for broad in [&[][..], &[world.broad][..]] {
        let found = shapes(&scans(&world, &explainer, &levels(both, broad, "topic17 week3")).await);
        assert!(found.iter().all(|shape| known.contains(&shape.as_str())), "{found:?}");
        let by_graph = found.iter().any(|shape| shape.ends_with("broad_vectors"));
        assert_eq!(by_graph, !broad.is_empty(), "{found:?}");
    }
}

#[tokio::test]
async fn a_word_that_everything_has_is_never_read_through() {
    let world = World::new().await;
    let client = world.app.database().superuser().await;
    while client.query_one("SELECT mem0.sample_terms()", &[]).await.unwrap().get(0) {}
    let explainer = Explainer::new(world.app.database()).await;
    let (small, broad) = (&[world.alice.scope][..], &[world.broad][..]);
    // Through the text indexes, and from the table: what the vectors' arms read is not for the word's sake.
    let read = async |words: &str| {
        let scans = scans(&world, &explainer, &candidates(small, broad, words, "NULL")).await;
        let by_vector = |scan: &&Scan| {
            scan.index == "memory_scopes_broad_vectors"
                || scan.table == "vector_blocks"
                || (scan.node == "Index Only Scan" && scan.heap_fetches == 0)
        };
        scans.iter().filter(|scan| !by_vector(scan)).map(|scan| scan.rows).sum::<u64>()
    };
    // All 8,000 have "budget", and 80 have "topic17"; each of these is read once more where both words are weighed.
    let both = read("budget of topic17").await;
    assert!((80..600).contains(&both), "{both}");
    let common = read("budget").await;
    assert!(common < 600, "{common}");
}

#[tokio::test]
async fn few_memories_are_read_without_the_others() {
    let world = World::new().await;
    let search = candidates(&[world.few], &[], "topic17 week3", "NULL");
    // A new session each time, so that its plans are new.
    let read = async || {
        let explainer = Explainer::new(world.app.database()).await;
        scans(&world, &explainer, &search).await.iter().map(|scan| scan.rows).sum::<u64>()
    };
    // Each of the fifty is counted and read, where the tenant has 8,000.
    let quiet = read().await;
    assert!((50..200).contains(&quiet), "{quiet}");
    // As after a busy hour: no page is known to be visible to all, so the covering index promises little.
    let client = world.app.database().superuser().await;
    client.batch_execute("UPDATE memory_scopes SET length = length; ANALYZE memory_scopes").await.unwrap();
    let busy = read().await;
    assert!((50..200).contains(&busy), "{busy}");
}

/// As among thousands of small tenants: the planner expects of each what there is for one on the average.
#[tokio::test]
async fn a_tenant_that_is_taken_for_small_is_not_read_through() {
    let world = World::new().await;
    let client = world.app.database().superuser().await;
    for partition in 0..16 {
        let many = format!(
            "ALTER TABLE memory_scopes_{partition} ALTER enterprise_id SET (n_distinct = 4000);
             ANALYZE memory_scopes_{partition}"
        );
        client.batch_execute(&many).await.unwrap();
    }
    let explainer = Explainer::new(world.app.database()).await;
    let (small, broad) = (&[world.alice.scope][..], &[world.broad][..]);
    let searches = [(small, &[][..]), (&[][..], broad)];
    let searches = searches.map(|(small, broad)| (candidates(small, broad, "topic17 week3", "NULL"), broad));
    let by_level = [&[][..], broad].map(|broad| (levels(small, broad, "topic17 week3"), broad));
    for (search, broad) in searches.into_iter().chain(by_level) {
        let scans = scans(&world, &explainer, &search).await;
        // Besides single rows by their key, and a small scope's vectors in the order of the covering index.
        let through = |scan: &&Scan| scan.node.starts_with("Bitmap Index") && scan.index.ends_with("pkey");
        let through: Vec<String> = scans.iter().filter(through).map(ToString::to_string).collect();
        assert_eq!(through, Vec::<String>::new());
        let by_graph = scans.iter().any(|scan| scan.index == "memory_scopes_broad_vectors");
        assert_eq!(by_graph, !broad.is_empty(), "{scans:?}");
    }
}

#[tokio::test]
async fn of_those_who_share_only_their_own_names_are_read() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let reader = alice.stranger("reader").await;
    let added = json!({ "messages": "The walrus is in the harbour", "infer": false });
    let added = alice.post("/v3/memories/add/", added).await.ok();
    let memory = added["results"][0]["id"].as_str().unwrap();
    let with = json!({ "with": format!("person:{}", reader.user) });
    alice.post(&format!("/v1/memories/{memory}/shares/"), with).await.ok();
    let people = "SET session_replication_role = replica;
        INSERT INTO users (enterprise_id, id, scope_id, email, created_at, updated_at)
        SELECT u.enterprise_id, gen_random_uuid(), -n, n || '@example.com', u.created_at, u.updated_at
          FROM (SELECT * FROM users LIMIT 1) u, generate_series(1, 2000) n;
        RESET session_replication_role";
    app.database().superuser().await.batch_execute(people).await.unwrap();
    let explainer = Explainer::new(app.database()).await;
    let bind = format!(
        "SET mem0.enterprise = '{}'; SET mem0.readable = '{{{}}}'; SET mem0.at = '{}'; SET ROLE mem0_app",
        reader.enterprise.uuid(),
        reader.scope.0,
        app.now().to_rfc3339()
    );
    explainer.client.batch_execute(&bind).await.unwrap();
    let scans = explainer
        .scans(async |client| {
            let sql = "SELECT * FROM mem0.reaching_shares(ARRAY(SELECT id FROM memories), ARRAY[$1::bigint])";
            let ways = client.query(sql, &[&reader.scope.0]).await.unwrap();
            assert_eq!(ways.len(), 1);
        })
        .await;
    let names: u64 = scans.iter().filter(|scan| scan.table == "users").map(|scan| scan.rows).sum();
    assert_eq!(names, 1, "{scans:?}");
}
