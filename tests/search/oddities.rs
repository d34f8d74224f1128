//! Unusual texts: none may fail, and none may cost much.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::{bind, remember, terms};
use crate::harness::{Client as _, TestApp, TestDatabase, seeded};

/// A text that PostgreSQL's own parsers might take for their syntax, or that has nothing to look for.
const ODD: [&str; 16] = [
    "the of and",
    "?",
    "x",
    "'",
    "\\",
    "''\\''",
    ":*",
    "a & !b | (c <-> d)",
    "%_%",
    "$1 ; DROP TABLE memories; --",
    "\u{feff}",
    "\u{202e}abc",
    "👩‍👩‍👧‍👦",
    "\u{0301}",
    "ﷺ",
    "a\tb\nc\u{85}",
];

#[tokio::test]
async fn an_odd_query_is_answered() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    remember(&alice, &["The garden is watered on Sunday"]).await;
    let long = ["garden ".repeat(15_000), "x".repeat(100_000), "漢字".repeat(20_000), "a.b/".repeat(25_000)];
    let odd = ODD.iter().map(|text| (*text).to_owned()).filter(|text| !text.trim().is_empty());
    for query in odd.chain(long) {
        let body = json!({ "query": query, "threshold": 0.0 });
        let answer = alice.post("/v3/memories/search/", body).await.ok();
        assert_eq!(
            answer["results"].as_array().unwrap().len(),
            1,
            "{}",
            query.chars().take(40).collect::<String>()
        );
    }
}

#[tokio::test]
async fn an_odd_memory_is_stored() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let long = ["x".repeat(30_000), "漢".repeat(30_000), "a_1 ".repeat(7_500), "ﷺ".repeat(30_000)];
    let odd = ODD.iter().map(|text| (*text).to_owned()).filter(|text| !text.trim().is_empty());
    for text in odd.chain(long) {
        let body = json!({ "messages": [{ "role": "user", "content": text }], "infer": false });
        alice.post("/v3/memories/add/", body).await.ok();
    }
}

#[tokio::test]
async fn a_long_text_has_a_bounded_number_of_terms() {
    let database = TestDatabase::new().await;
    let client = database.superuser().await;
    let distinct =
        |count: u32, first: u32| (0..count).filter_map(|n| char::from_u32(first + n)).collect::<String>();
    for (text, most) in [
        ("x".repeat(1_000_000), 1),
        (distinct(20_000, 0x4e00), 16_000),
        ((0..200_000).map(|n| format!("w{n} ")).collect(), 6_000),
        ((0..200_000).map(|n| format!("a_{n}.b ")).collect(), 12_000),
    ] {
        let found = terms(client, &text).await.len();
        assert!((1..=most).contains(&found), "{found} of {}", text.chars().take(20).collect::<String>());
    }
}

#[test]
fn no_text_is_too_odd_to_search_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 300, failure_persistence: None, ..Config::default() },
        seeded(),
    );
    let owner = runtime.block_on(app.owner("owner"));
    let outcome = runner.run(&"[^\\x00]{0,60}", |text| {
        runtime.block_on(async {
            let client = app.database().superuser().await;
            bind(client, &owner, &[owner.scope]).await;
            let sql = "SELECT count(*) FROM mem0.search_candidates(ARRAY[$1::bigint], '{}', NULL, '', $2, 10, 10, NULL)";
            let found = client.query_one(sql, &[&owner.scope.0, &text]).await;
            prop_assert_eq!(found.map(|row| row.get::<_, i64>(0)).map_err(|error| error.to_string()), Ok(0));
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    runtime.block_on(async { drop(app) });
}
