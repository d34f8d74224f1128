//! `kill -9` at any moment: after the next start nothing is lost and nothing is done twice.
//!
//! A seeded generator chooses the moments, so that a failure can be investigated; what they interrupt still varies
//! with the machine, which over many runs finds the gaps.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio_postgres::Client;

use super::http::{Caller, status};
use super::installation::Installation;
use super::process::Process;

const SEED: u64 = 0x6d65_6d30;

/// SplitMix64 (Steele, Lea and Flood 2014): enough to choose moments.
struct Moments(u64);

impl Moments {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Kills the server, and every other time PostgreSQL with it.
fn kill_all(installation: &Installation, server: &mut Process, moments: &mut Moments) {
    server.kill();
    if moments.below(2) == 0 {
        installation.kill_postgres();
    }
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// How far the demo has come: rows of the tables that its making fills.
async fn progress(client: &Client) -> i64 {
    let rows = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM sub_organizations)
                     + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM api_keys)
                     + (SELECT count(*) FROM memories)";
    count(client, rows).await
}

#[tokio::test]
async fn a_start_killed_again_and_again_ends_with_the_demo_there_once() {
    let installation = Installation::new();
    let mut moments = Moments(SEED);
    // While the database is being made.
    for _ in 0..2 {
        let mut server = installation.begin();
        tokio::time::sleep(Duration::from_millis(moments.below(2500))).await;
        kill_all(&installation, &mut server, &mut moments);
    }
    // While PostgreSQL starts and the schema is being applied.
    for _ in 0..3 {
        installation.kill_postgres();
        let mut server = installation.begin();
        // A PostgreSQL that the server killed before was only beginning to start has no file yet that names it: it survives, and
        // this one finds it.
        server.wait_until_it_says_one_of(["starting PostgreSQL", "schema is at version"]);
        tokio::time::sleep(Duration::from_millis(moments.below(2000))).await;
        kill_all(&installation, &mut server, &mut moments);
    }
    // While the demo is being made: after a few more rows than the time before; memories come twenty at a time.
    for most in [4, 4, 4, 30, 30] {
        let mut server = installation.begin();
        server.wait_until_it_says("schema is at version");
        let client = installation.superuser().await;
        let target = progress(&client).await + i64::try_from(moments.below(most)).unwrap();
        let begun = Instant::now();
        while progress(&client).await < target && begun.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        kill_all(&installation, &mut server, &mut moments);
    }

    let _server = installation.up();
    let client = installation.superuser().await;
    let lines = include_str!("../../functions/server/demo/memories.txt").lines();
    let memories = lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
    for (table, expected) in [
        ("enterprises", 1),
        ("users", 5),
        ("sub_organizations", 5),
        ("memberships", 5),
        ("memories", i64::try_from(memories).unwrap()),
        ("memories WHERE deleted_at IS NOT NULL", 0),
        ("(SELECT DISTINCT content FROM memories) d", i64::try_from(memories).unwrap()),
        ("api_keys WHERE revoked_at IS NULL", 1),
        ("invitations WHERE accepted_at IS NULL AND revoked_at IS NULL", 0),
    ] {
        assert_eq!(count(&client, &format!("SELECT count(*) FROM {table}")).await, expected, "{table}");
    }
    let caller = Caller::new(&installation);
    let organizations = caller.get("/v1/organizations?limit=100").await;
    assert_eq!(organizations["results"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn an_api_key_that_could_not_be_written_down_is_revoked_and_replaced() {
    let installation = Installation::new();
    installation.up().kill();
    let lost = installation.demo()["MEM0_API_KEY"].clone();
    fs::remove_file(installation.file("demo-api-key")).unwrap();
    let _server = installation.up();
    let caller = Caller::new(&installation);
    assert_eq!(status(caller.request(Method::GET, "/v1/stats/")).await, 200);
    assert_eq!(status(caller.with_key(&lost).request(Method::GET, "/v1/stats/")).await, 401);
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let installation = Installation::new();
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let mut server = installation.up();
        let caller = Caller::new(&installation);
        for number in 0..3 {
            let text = format!("Turbine {round}{number} was serviced by crew {}.", 7 * round + number);
            let body = json!({ "messages": [{ "role": "user", "content": text }], "infer": false });
            let added = caller.post("/v3/memories/add/", &body).await;
            acknowledged.push((added["results"][0]["id"].as_str().unwrap().to_owned(), text));
        }
        server.kill();
        installation.kill_postgres();
    }
    let _server = installation.up();
    let caller = Caller::new(&installation);
    for (id, text) in acknowledged {
        assert_eq!(caller.get(&format!("/v1/memories/{id}/")).await["memory"], text.as_str());
    }
}
