//! Candidates compared with a reference: BM25 computed from its definition over every visible
//! row, and every vector compared.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use shared::access::ScopeKind;
use shared::ids::{MemoryId, ScopeId};
use tokio_postgres::Client;

use super::bind;
use crate::harness::{Actor, Client as _, TestApp, pack, seeded};

/// Nouns that stemming leaves alone and no stop word is among.
const WORDS: [&str; 10] =
    ["tea", "violin", "budget", "rocket", "garden", "lisbon", "dragon", "silver", "train", "zebra"];

/// The place whose words have an index of their own.
const BROAD: usize = 2;

/// The assumed length of a memory where no sample was taken.
const ASSUMED: f64 = 16.0;

#[derive(Debug, Clone)]
struct Fact {
    words: Vec<&'static str>,
    /// Two small scopes and a broad one, by number.
    places: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Query {
    words: Vec<&'static str>,
    places: Vec<usize>,
    nearest: usize,
    best: usize,
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let words = proptest::collection::vec(select(&WORDS[..]), 1..12);
    let fact = (words, subsequence(vec![0, 1, 2], 1..3)).prop_map(|(words, places)| Fact { words, places });
    proptest::collection::vec(fact, 0..60)
}

fn queries() -> impl Strategy<Value = Vec<Query>> {
    let query = (
        subsequence(&WORDS[..], 0..5),
        subsequence(vec![0, 1, 2], 1..4),
        select(vec![1, 5, 200]),
        select(vec![5, 200]),
    );
    let query = query.prop_map(|(words, places, nearest, best)| Query { words, places, nearest, best });
    proptest::collection::vec(query, 5)
}

/// What is found: cosine, BM25 and the share of the query that was matched, by memory.
type Found = BTreeMap<MemoryId, (f64, f64, f64)>;

/// By the book: k1 = 1.2, b = 0.5. The collection is what can be seen; beside a broad scope, where that is not looked
/// through, it is the rows of the visible scopes.
fn reference(facts: &[(MemoryId, f64, Fact)], query: &Query) -> Found {
    let few = !query.places.contains(&BROAD);
    let rows = |fact: &Fact| {
        let rows = fact.places.iter().filter(|place| query.places.contains(place)).count() as f64;
        if few { rows.min(1.0) } else { rows }
    };
    let total: f64 = facts.iter().map(|(_, _, fact)| rows(fact)).sum();
    let words: f64 = facts.iter().map(|(_, _, fact)| rows(fact) * fact.words.len() as f64).sum();
    let average = if few { words / total } else { ASSUMED };
    let weight = |word: &str| {
        let having = facts.iter().filter(|(_, _, fact)| fact.words.contains(&word));
        let having: f64 = having.map(|(_, _, fact)| rows(fact)).sum();
        f64::ln(1.0 + (total - having + 0.5) / (having + 0.5))
    };
    let all: f64 = query.words.iter().map(|word| weight(word)).sum();
    let measured = facts.iter().filter(|(_, _, fact)| rows(fact) > 0.0).map(|(id, cosine, fact)| {
        let (mut text, mut matched) = (0.0, 0.0);
        for word in &query.words {
            let count = fact.words.iter().filter(|has| *has == word).count() as f64;
            if count > 0.0 {
                let length = fact.words.len() as f64 / average;
                text += weight(word) * count * 2.2 / (count + 1.2 * (0.5 + 0.5 * length));
                matched += weight(word);
            }
        }
        let share = if all > 0.0 { (text / all, matched / all) } else { (0.0, 0.0) };
        (*id, (*cosine, share.0, share.1))
    });
    let mut by_meaning: Vec<_> = measured.collect();
    let mut by_words: Vec<_> = by_meaning.iter().filter(|(_, (_, text, _))| *text > 0.0).copied().collect();
    by_meaning.sort_by(|(a, x), (b, y)| y.0.total_cmp(&x.0).then(b.cmp(a)));
    by_words.sort_by(|(a, x), (b, y)| {
        (y.1 - x.1).partial_cmp(&0.0).unwrap().then(y.0.total_cmp(&x.0)).then(b.cmp(a))
    });
    by_meaning.into_iter().take(query.nearest).chain(by_words.into_iter().take(query.best)).collect()
}

#[test]
fn candidates_are_those_that_reading_everything_would_find() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, seeded());
    let outcome = runner.run(&(facts(), queries()), |(facts, queries)| {
        runtime.block_on(async {
            let (owner, places) = world(&app).await;
            let client = app.database().superuser().await;
            bind(client, &owner, &places).await;
            let facts = remember(client, &owner, &places, facts).await;
            // Row by row first, then in blocks.
            for packed in [false, true] {
                if packed {
                    pack(client).await;
                }
                for query in &queries {
                    let (expected, found) = (reference(&facts, query), search(client, &places, query).await);
                    prop_assert!(
                        alike(&expected, &found),
                        "{packed} {query:?}\n{facts:?}\n{expected:?}\n{found:?}"
                    );
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

/// A tenant with two scopes that are read exactly and one whose words have an index of their own.
async fn world(app: &TestApp) -> (Actor, Vec<ScopeId>) {
    let owner = app.owner("owner").await;
    let team = owner.node(ScopeKind::Organization, "North").await.scope;
    let broad = owner.node(ScopeKind::Organization, "South").await.scope;
    let client = app.database().superuser().await;
    client.execute("UPDATE scopes SET search_tier = 'broad' WHERE id = $1", &[&broad.0]).await.unwrap();
    (owner.clone(), vec![owner.scope, team, broad])
}

/// With random vectors; returns their cosines with the first unit vector, which is what is asked for.
async fn remember(
    client: &Client,
    owner: &Actor,
    places: &[ScopeId],
    facts: Vec<Fact>,
) -> Vec<(MemoryId, f64, Fact)> {
    let insert = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                        capture_id, capture_position, embedding, embedding_model, created_at, updated_at)
        SELECT $1, gen_random_uuid(), $2, $3, $4, $5, '', gen_random_uuid(), 0,
               l2_normalize(e.v)::halfvec(256), 'random', $6, $6
          FROM (SELECT array_agg(random() - 0.5)::real[]::vector(256) AS v FROM generate_series(1, 256)) e
        RETURNING id, -(embedding <#> (SELECT array_agg((d = 1)::integer)::vector(256)::halfvec(256)
                                         FROM generate_series(1, 256) d))";
    let (tenant, user, now) = (owner.enterprise.uuid(), owner.user.uuid(), owner.app().now());
    let mut stored = Vec::new();
    for fact in facts {
        let scopes: Vec<i64> = fact.places.iter().map(|place| places[*place].0).collect();
        let content = fact.words.join(" ");
        let row =
            client.query_one(insert, &[&tenant, &user, &scopes[0], &scopes, &content, &now]).await.unwrap();
        stored.push((MemoryId(row.get(0)), row.get(1), fact));
    }
    stored
}

async fn search(client: &Client, places: &[ScopeId], query: &Query) -> Found {
    let sql = "SELECT memory_id, similarity::float8, text::float8, matched::float8
          FROM mem0.search_candidates($1, $2,
                   (SELECT array_agg((d = 1)::integer)::vector(256)::halfvec(256) FROM generate_series(1, 256) d),
                   'random', $3, $4, $5, NULL)";
    let small: Vec<i64> =
        query.places.iter().filter(|place| **place < 2).map(|place| places[*place].0).collect();
    let broad: Vec<i64> =
        query.places.iter().filter(|place| **place == 2).map(|place| places[*place].0).collect();
    let (nearest, best) = (query.nearest as i32, query.best as i32);
    let rows = client.query(sql, &[&small, &broad, &query.words.join(" "), &nearest, &best]).await.unwrap();
    let found: Found =
        rows.iter().map(|row| (MemoryId(row.get(0)), (row.get(1), row.get(2), row.get(3)))).collect();
    assert_eq!(found.len(), rows.len(), "each memory once");
    found
}

fn alike(expected: &Found, found: &Found) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 1e-5;
    expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|((a, x), (b, y))| a == b && near(x.0, y.0) && near(x.1, y.1) && near(x.2, y.2))
}
