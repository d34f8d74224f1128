//! A large tenant in the same partition of the search projection does not change a small one's results, neither which
//! they are nor their scores.

use http::Request;
use serde_json::{Value, json};

use crate::harness::{Actor, Client as _, TestApp};

const THINGS: [&str; 8] = ["violin", "rocket", "garden", "dragon", "window", "zebra", "train", "budget"];
const PLACES: [&str; 6] = ["Lisbon", "Oslo", "Turin", "Graz", "Porto", "Lyon"];

/// What anybody might remember; different for each number.
fn text(number: usize) -> String {
    let (thing, other) = (THINGS[number % 8], THINGS[number / 8 % 8]);
    format!("The {thing} in {} costs {number} euros more than the {other}", PLACES[number / 64 % 6])
}

async fn import(actor: &Actor, scope: &str, numbers: std::ops::Range<usize>) {
    let lines: Vec<String> =
        numbers.clone().map(|n| json!({ "memory": text(n), "scope": scope }).to_string()).collect();
    let request = Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    let answer = actor.send(request.body(lines.join("\n").into()).unwrap()).await.ok();
    assert_eq!(answer["added"], json!(numbers.len()), "{}", answer["results"][0]);
}

/// Memories and scores that the questions of a small tenant find.
async fn answers(actor: &Actor) -> Vec<Vec<(String, f64)>> {
    let mut answers = Vec::new();
    for number in (0..200).step_by(11) {
        let query = format!("what does the {} in {} cost", THINGS[number % 8], PLACES[number % 6]);
        let body = json!({ "query": query, "scope": "all", "top_k": 10, "threshold": 0.0 });
        let found = actor.post("/v3/memories/search/", body).await.ok();
        let row = |row: &Value| (row["memory"].as_str().unwrap().to_owned(), row["score"].as_f64().unwrap());
        answers.push(found["results"].as_array().unwrap().iter().map(row).collect());
    }
    answers
}

#[tokio::test]
async fn a_large_neighbour_changes_no_answer_of_a_small_tenant() {
    let app = TestApp::new().await;
    let small = app.owner("small").await;
    let client = app.database().superuser().await;
    let partition = "SELECT n FROM generate_series(0, 15) n
                      WHERE satisfies_hash_partition('memory_scopes'::regclass, 16, n, $1::uuid)";
    let partition = async |actor: &Actor| -> i32 {
        client.query_one(partition, &[&actor.enterprise.uuid()]).await.unwrap().get(0)
    };
    let mut large = app.owner("large").await;
    for number in 0.. {
        if partition(&large).await == partition(&small).await {
            break;
        }
        large = app.owner(&format!("large{number}")).await;
    }

    // More than are read without looking for the nearest.
    import(&small, "personal", 0..100).await;
    import(&small, "enterprise", 100..200).await;
    let alone = answers(&small).await;
    assert!(alone.iter().all(|found| found.len() == 10));

    import(&large, "enterprise", 0..1200).await;
    let review = "SELECT changed FROM mem0.review_tiers(1000, 500)";
    let changed: i32 = client.query_one(review, &[]).await.unwrap().get(0);
    assert_eq!(changed, 1, "the large tenant's scope begins to move");
    while client.query_one("SELECT mem0.move_tier(1000)", &[]).await.unwrap().get(0) {}
    let flagged = "SELECT count(*) FROM memory_scopes WHERE broad";
    assert_eq!(client.query_one(flagged, &[]).await.unwrap().get::<_, i64>(0), 1200);

    assert_eq!(answers(&small).await, alone);
    // Nor does it disturb the large one that the small one has the same memories.
    let body = json!({ "query": text(77), "scope": "enterprise", "top_k": 1 });
    let found = large.post("/v3/memories/search/", body).await.ok();
    assert_eq!(found["results"][0]["memory"], text(77));
}
