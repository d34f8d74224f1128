//! Blocks of vectors: whatever happens to memories, and whenever maintenance runs, a search finds the existing
//! memories in their scopes with their current vectors.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use shared::access::ScopeKind;
use shared::embedding::{Embedder as _, StaticEmbedder};
use shared::ids::ScopeId;
use shared::memory::{Memories, Recall, Scopes, Signal, Weights};
use tokio_postgres::Client;
use uuid::Uuid;

use super::bind;
use crate::harness::{Actor, Client as _, TestApp, pack, seeded};

/// A unit vector that this number decides.
fn vector(number: &str) -> String {
    format!(
        "l2_normalize((SELECT array_agg(sin(({number}) * 12.9 + d * ({number})))::real[]::vector(256)
                         FROM generate_series(1, 256) d))::halfvec(256)"
    )
}

/// What may happen.
#[derive(Debug, Clone)]
enum Change {
    /// So many memories in the first scope, some in the second, too.
    Add(usize),
    /// Of those there are, one of three gets another vector or none.
    Reembed { model: &'static str, gone: bool },
    /// One of three is forgotten.
    Forget,
    /// One of three is shared with the second scope, or no longer.
    Share(bool),
    /// So many steps of the upkeep, in batches of so many; above and below so many rows.
    Upkeep { steps: usize, batch: i32, pack: i64, unpack: i64 },
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        3 => (1usize..40).prop_map(Change::Add),
        1 => (select(vec!["one", "two"]), any::<bool>())
            .prop_map(|(model, gone)| Change::Reembed { model, gone }),
        1 => Just(Change::Forget),
        1 => any::<bool>().prop_map(Change::Share),
        4 => (1usize..12, select(vec![5, 1000]), select(vec![1, 30]), select(vec![0, 25])).prop_map(
            |(steps, batch, pack, unpack)| Change::Upkeep { steps, batch, pack, unpack }),
    ];
    proptest::collection::vec(change, 4..14)
}

#[test]
fn a_search_finds_what_is_there_whenever_the_upkeep_ran() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, seeded());
    let outcome = runner.run(&changes(), |changes| {
        runtime.block_on(async {
            let owner = app.owner("owner").await;
            let other = owner.node(ScopeKind::Organization, "Other").await.scope;
            let scopes = [owner.scope, other];
            let client = app.database().superuser().await;
            bind(client, &owner, &scopes).await;
            for (number, change) in changes.iter().enumerate() {
                make(client, &owner, &scopes, number, change).await;
                for model in ["one", "two"] {
                    for some in [&scopes[..1], &scopes[1..], &scopes[..]] {
                        let expected = there(client, &owner, some, model).await;
                        let found = found(client, some, model).await;
                        prop_assert_eq!(expected, found, "{} after {} of {:?}", model, number, changes);
                    }
                }
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    runtime.block_on(async { drop(app) });
}

async fn make(client: &Client, owner: &Actor, scopes: &[ScopeId; 2], number: usize, change: &Change) {
    let seed = i32::try_from(number).unwrap();
    let (tenant, mine, other) = (owner.enterprise.uuid(), scopes[0].0, scopes[1].0);
    match change {
        Change::Add(count) => {
            let sql = format!(
                "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                       capture_id, capture_position, embedding, embedding_model, created_at, updated_at)
                 SELECT $1, gen_random_uuid(), $2, $3,
                        CASE n % 3 WHEN 0 THEN ARRAY[$3::bigint, $4] ELSE ARRAY[$3::bigint] END, 'tea', '',
                        gen_random_uuid(), 0, {}, 'one', $5, $5
                   FROM generate_series(1, $6::integer) n",
                vector("n + 1000 * $7::integer")
            );
            let (user, now) = (owner.user.uuid(), owner.app().now());
            let count = i32::try_from(*count).unwrap();
            client.execute(&sql, &[&tenant, &user, &mine, &other, &now, &count, &seed]).await.unwrap();
        }
        Change::Reembed { model, gone } => {
            let sql = format!(
                "UPDATE memories m
                    SET embedding = CASE WHEN $2 THEN NULL ELSE {} END, embedding_model = CASE WHEN $2 THEN NULL ELSE $3::text END
                  WHERE m.enterprise_id = $1 AND hashtext(m.id::text || $4::integer) % 3 = 0",
                vector("hashtext(m.id::text || $4::integer) % 100000")
            );
            client.execute(&sql, &[&tenant, gone, model, &seed]).await.unwrap();
        }
        Change::Forget => {
            let sql = "UPDATE memories m SET deleted_at = m.created_at
                        WHERE m.enterprise_id = $1 AND hashtext(m.id::text || $2::integer) % 3 = 0";
            client.execute(sql, &[&tenant, &seed]).await.unwrap();
        }
        Change::Share(shared) => {
            let sql = "UPDATE memories m
                          SET scope_ids = CASE WHEN $2 THEN ARRAY[m.home_scope_id, $3] ELSE ARRAY[m.home_scope_id] END
                        WHERE m.enterprise_id = $1 AND hashtext(m.id::text || $4::integer) % 3 = 0";
            client.execute(sql, &[&tenant, shared, &other, &seed]).await.unwrap();
        }
        Change::Upkeep { steps, batch, pack, unpack } => {
            client.batch_execute("SELECT mem0.review_tiers()").await.unwrap();
            for _ in 0..*steps {
                client
                    .query_one("SELECT mem0.pack_vectors($1, $2, $3)", &[pack, unpack, batch])
                    .await
                    .unwrap();
            }
        }
    }
}

/// Memories with a vector of this model in these scopes, and how like they are to what is asked for.
type Known = BTreeMap<Uuid, i64>;

const ASKED: &str =
    "(SELECT array_agg((d % 7) - 3)::real[]::vector(256)::halfvec(256) FROM generate_series(1, 256) d)";

async fn there(client: &Client, owner: &Actor, scopes: &[ScopeId], model: &str) -> Known {
    let ids: Vec<i64> = scopes.iter().map(|scope| scope.0).collect();
    let sql = format!(
        "SELECT m.id, round(-(m.embedding <#> {ASKED}) * 100)::bigint FROM memories m
          WHERE m.enterprise_id = $1 AND m.scope_ids && $2 AND m.embedding_model = $3 AND m.deleted_at IS NULL"
    );
    let rows = client.query(&sql, &[&owner.enterprise.uuid(), &ids, &model]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// What blocks and notes have, compared as a search does it, with everything else; and every code is that of its vector.
async fn found(client: &Client, scopes: &[ScopeId], model: &str) -> Known {
    let ids: Vec<i64> = scopes.iter().map(|scope| scope.0).collect();
    let codes = format!(
        "SELECT e.scope_id, e.id, e.code = mem0.vector_code(p.embedding) IS TRUE
           FROM (SELECT l.* FROM mem0.list_vector_blocks($1, {ASKED}, $2, 1000) l OFFSET 0) l
          CROSS JOIN LATERAL mem0.read_vector_blocks(l.packed, $2, l.blocks) b
          CROSS JOIN LATERAL (SELECT b.scope_id, m.id, substr(b.codes, 132 * (m.place::integer - 1) + 1, 132) AS code
                                FROM unnest(b.memory_ids) WITH ORDINALITY m (id, place)) e
           LEFT JOIN memory_scopes p ON p.scope_id = e.scope_id AND p.memory_id = e.id
          WHERE (e.scope_id, e.id) NOT IN (SELECT * FROM unnest(l.replaced_scopes, l.replaced))"
    );
    let (mut near_scopes, mut near): (Vec<i64>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for row in client.query(&codes, &[&ids, &model]).await.unwrap() {
        near_scopes.push(row.get(0));
        near.push(row.get(1));
        assert!(row.get::<_, bool>(2), "a code that is not its vector's");
    }
    let sql = format!(
        "SELECT c.memory_id, round(c.similarity * 100)::bigint
           FROM mem0.list_vector_blocks($1, {ASKED}, $2, 1000) l,
                mem0.search_candidates($1, '{{}}', {ASKED}, $2, '', 1000, 1000, NULL, l.packed, $3 || l.near_scopes,
                                       $4 || l.near) c"
    );
    let rows = client.query(&sql, &[&ids, &model, &near_scopes, &near]).await.unwrap();
    let found: Known = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(found.len(), rows.len(), "each memory once");
    found
}

/// A tenant with three thousand memories that a person asks about by their meaning alone.
struct Asked {
    app: TestApp,
    alice: Actor,
    memories: Memories,
}

impl Asked {
    async fn new() -> Self {
        let (app, alice, _) = TestApp::two_tenants().await;
        let client = app.database().superuser().await;
        bind(client, &alice, &[alice.scope]).await;
        let insert = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                            capture_id, capture_position, embedding, embedding_model, created_at, updated_at)
            SELECT $1, gen_random_uuid(), $2, $3, ARRAY[$3::bigint], 'tea', '', gen_random_uuid(), 0,
                   l2_normalize(e.v)::halfvec(256), $5, $4, $4
              FROM generate_series(1, 3000) n,
                   LATERAL (SELECT array_agg(random() - 0.5)::real[]::vector(256) AS v
                              FROM generate_series(1, 256) d WHERE n > 0) e";
        let (tenant, user, now) = (alice.enterprise.uuid(), alice.user.uuid(), app.now());
        client.batch_execute("SELECT setseed(0.5)").await.unwrap();
        let model = StaticEmbedder::new();
        client.execute(insert, &[&tenant, &user, &alice.scope.0, &now, &model.model()]).await.unwrap();
        let memories = Memories::in_process(app.gate().clone());
        Self { app, alice, memories }
    }

    /// What a search finds for each of these questions.
    async fn found(&self, questions: &[&str]) -> Vec<(usize, Uuid)> {
        let caller = self.alice.context().await;
        let mut answers = Vec::new();
        for (number, question) in questions.iter().enumerate() {
            let by_meaning = Recall {
                scopes: Scopes::All,
                threshold: 0.0,
                lexical: false,
                weights: Weights::default().only(&[Signal::Semantic]),
                ..Recall::new(*question)
            };
            let found = self.memories.recall(&caller, by_meaning).await.unwrap().found;
            assert_eq!(found.len(), 10, "{question}");
            answers.extend(found.iter().map(|it| (number, it.memory.id.uuid())));
        }
        answers
    }

    /// What is nearest, by reading everything.
    async fn nearest(&self, questions: &[&str]) -> Vec<(usize, Uuid)> {
        let client = self.app.database().superuser().await;
        let embedder = StaticEmbedder::new();
        let mut answers = Vec::new();
        for (number, question) in questions.iter().enumerate() {
            let numbers: Vec<String> =
                embedder.embed_one(question).as_slice().iter().map(f32::to_string).collect();
            let sql = "SELECT id FROM memories WHERE deleted_at IS NULL
                        ORDER BY embedding <#> $1::text::halfvec(256) LIMIT 10";
            let rows = client.query(sql, &[&format!("[{}]", numbers.join(","))]).await.unwrap();
            answers.extend(rows.iter().map(|row| (number, row.get::<_, Uuid>(0))));
        }
        answers
    }

    async fn assert_nearest_found(&self, questions: &[&str], when: &str) -> Vec<(usize, Uuid)> {
        let (nearest, found) = (self.nearest(questions).await, self.found(questions).await);
        let same = nearest.iter().filter(|pair| found.contains(pair)).count();
        assert!(same * 100 >= nearest.len() * 99, "{when}: {same} of {}", nearest.len());
        nearest
    }
}

/// Whatever happened to memories since their vectors were packed, and since this process read the blocks, the nearest are found.
#[tokio::test]
async fn the_nearest_of_many_are_found_in_blocks() {
    let asked = Asked::new().await;
    let client = asked.app.database().superuser().await;
    let questions =
        ["rockets", "who likes violins", "a budget for the spring", "gardens in Lisbon", "zebras"];
    asked.assert_nearest_found(&questions, "row by row").await;
    pack(client).await;
    let blocks: i64 = client.query_one("SELECT count(*) FROM vector_blocks", &[]).await.unwrap().get(0);
    assert!((3000 / 54..3000 / 54 + 4).contains(&blocks), "{blocks}");
    let nearest = asked.assert_nearest_found(&questions, "in blocks").await;

    // Everything that was found goes, and is in blocks still.
    let gone: Vec<Uuid> = nearest.iter().map(|(_, id)| *id).collect();
    let forget = "UPDATE memories SET deleted_at = created_at WHERE id = ANY ($1)";
    client.execute(forget, &[&gone]).await.unwrap();
    let others = asked.assert_nearest_found(&questions, "after some were forgotten").await;
    assert!(others.iter().all(|(_, id)| !gone.contains(id)));

    // Another memory takes the place of each vector that is nearest now, which no block knows.
    let other: Vec<Uuid> = others.iter().map(|(_, id)| *id).collect();
    let swap = "WITH pairs AS (
                    SELECT t.id AS one, o.id AS other
                      FROM unnest($1::uuid[]) WITH ORDINALITY t (id, place)
                      JOIN (SELECT n.id, row_number() OVER (ORDER BY n.id) AS place FROM memories n
                             WHERE n.deleted_at IS NULL AND n.id <> ALL ($1)) o USING (place)
                ), swapped AS (
                    SELECT one AS id, other AS source FROM pairs UNION ALL SELECT other, one FROM pairs
                )
                UPDATE memories m SET embedding = n.embedding
                  FROM swapped s JOIN memories n ON n.id = s.source WHERE m.id = s.id";
    client.execute(swap, &[&other]).await.unwrap();
    asked.assert_nearest_found(&questions, "after vectors changed").await;
    pack(client).await;
    asked.assert_nearest_found(&questions, "packed again").await;
}
