//! mem0's official Python client against this server.
//!
//! `test_memories.py` and `test_client.py` define what it does and expects. This module starts the server and installs
//! the client into a virtual environment in the cache directory, created once for each content of `requirements.txt`.

pub(crate) mod environment;

use std::process::Command;

use serde_json::json;
use shared::access::ApiKeyVerb;

use crate::harness::{Actor, Client as _, TestApp};
use crate::limits::plan;

/// Pinned by version and content.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/requirements.txt");

const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// Named, because looking for them may find none.
const SUITE: [&str; 2] = ["test_memories", "test_client"];

#[tokio::test]
async fn the_official_client_does_its_whole_surface() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let keys = Keys {
        owner: alice.with_api_key().await.token,
        reader: alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await.token,
        other: bob.with_api_key().await.token,
        full: Some(full(&app).await.with_api_key().await.token),
    };
    client_suite(&app.serve().await, &keys).await;
}

/// The owner of an enterprise with as many memories as it may have, and such that no answer has room for them.
async fn full(app: &TestApp) -> Actor {
    let owner = app.owner("carol").await;
    let messages: Vec<_> =
        (0..60).map(|n| json!({ "role": "user", "content": format!("Invoice {n} is paid") })).collect();
    owner.post("/v3/memories/add/", json!({ "messages": messages, "infer": false })).await.ok();
    let lengthen = "UPDATE memories SET content = repeat('\"', 30000)";
    app.database().superuser().await.batch_execute(lengthen).await.unwrap();
    plan(&owner, "full", Some("40, NULL, NULL, 60, NULL, NULL, NULL")).await;
    owner
}

/// The API keys that the suite calls with.
pub(crate) struct Keys {
    /// The owner of an enterprise.
    pub(crate) owner: String,
    /// The same person, who may only read.
    pub(crate) reader: String,
    /// The owner of another enterprise.
    pub(crate) other: String,
    /// The owner of one that is full, if there is one.
    pub(crate) full: Option<String>,
}

/// Runs the client's whole suite against a server, wherever it is.
pub(crate) async fn client_suite(url: &str, keys: &Keys) {
    let python = tokio::task::spawn_blocking(|| {
        environment::python("mem0ai", REQUIREMENTS, "mem0's Python client (about 45 MB, once)")
    });
    let mut command = Command::new(python.await.unwrap());
    if url.contains("execute-api") {
        command.env("MEM0_TEST_BEHIND_GATEWAY", "1");
    }
    let home = tempfile::tempdir().unwrap();
    command
        .args(["-m", "unittest"])
        .args(SUITE)
        .args(keys.full.as_ref().map(|_| "test_limits"))
        .current_dir(HOME)
        .env("MEM0_TEST_URL", url)
        .env("MEM0_TEST_KEY", &keys.owner)
        .env("MEM0_TEST_READER_KEY", &keys.reader)
        .env("MEM0_TEST_OTHER_KEY", &keys.other)
        .env("MEM0_TEST_FULL_KEY", keys.full.as_deref().unwrap_or_default())
        .env("MEM0_TELEMETRY", "False")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONWARNINGS", "ignore::DeprecationWarning")
        // Where it keeps a configuration of its own.
        .env("MEM0_DIR", home.path())
        .env_remove("MEM0_API_KEY");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    eprintln!("{}", said.lines().rev().take(3).collect::<Vec<_>>().join(" · "));
}
