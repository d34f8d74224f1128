//! The statements of the release before this one, which serves while the migrations of this one run.
//!
//! `released.sql` has each of them, with the types of what it took and gave on its own schema. It is written once for each
//! release (CONTRIBUTING.md), and shows in review what the next one must not break.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use shared::db::SCHEMA_VERSION;
use shared::memory::Memories;
use shared::memory::filter::Filter;
use uuid::Uuid;

use super::recorder::Recorder;
use super::{MADE_AT_RUN_TIME, check, source};
use crate::harness::{Client as _, TestApp, TestDatabase, World, reviewed_file_changed};
use crate::isolation::tools;
use crate::operations;

const FILE: &str = "statements/released.sql";

/// What precedes the types.
const SHAPE: &str = "--> ";

/// A statement of the release before.
pub(crate) struct Released {
    pub(crate) text: String,
    /// The types of its parameters and columns.
    pub(super) shape: String,
}

/// All of them, and the version of their schema.
pub(crate) fn read() -> (u32, Vec<Released>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let file = std::fs::read_to_string(path).unwrap();
    let (head, rest) = file.split_once("\n\n").unwrap();
    let version = head.split_once("schema is V").unwrap().1;
    let version = version.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
    let statements = rest.split("\n\n").filter(|entry| !entry.trim().is_empty()).map(|entry| {
        let (text, shape) = entry.rsplit_once(SHAPE).unwrap_or_else(|| panic!("no types: {entry}"));
        Released { text: text.trim_end().to_owned(), shape: shape.trim_end().to_owned() }
    });
    (version, statements.collect())
}

/// Writes the statements of this release.
pub(super) async fn write() {
    let mut statements: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in source::statements().into_iter().filter(|statement| !statement.made) {
        let texts = statements.entry(statement.name).or_default();
        let text = flush_left(&statement.text);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    statements.extend(made().await);
    let mut file = format!(
        "-- The statements of the release before this one, whose schema is V{SCHEMA_VERSION}, each with the types of what it takes and\n\
         -- gives there. Written by the test in released.rs when a release is made (CONTRIBUTING.md), never by hand.\n"
    );
    let database = TestDatabase::new().await;
    let client = database.as_app().await;
    for text in statements.values().flatten() {
        let shape = check(&client, text).await.unwrap_or_else(|problem| panic!("{text}: {problem}"));
        let _ = writeln!(file, "\n{text}\n{SHAPE}{shape}");
    }
    let _ = reviewed_file_changed(FILE, &file);
}

/// Without blank lines, and without the indentation of the sources.
fn flush_left(text: &str) -> String {
    let lines = || text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let indentation = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let mut flush = text.lines().next().unwrap_or_default().to_owned();
    for line in lines() {
        flush.push('\n');
        flush.push_str(line[indentation..].trim_end());
    }
    flush
}

/// Without the ids of a caller and their roles, which are a part of one statement.
fn nobodys(text: &str) -> String {
    let ids = text.split('\'').map(|part| match Uuid::try_parse(part) {
        Ok(_) => Uuid::nil().to_string(),
        Err(_) if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) => "0".to_owned(),
        Err(_) => part.to_owned(),
    });
    ids.collect::<Vec<_>>().join("'")
}

/// The statements whose text is made at run time, as calls of every operation make them.
async fn made() -> BTreeMap<String, Vec<String>> {
    let server = TestDatabase::new().await.address().await;
    let recorder = Recorder::start(server).await;
    let app = TestApp::through(recorder.port()).await;
    let world = World::new(&app, "walrus").await;
    let mut calls: Vec<_> = server::operations()
        .iter()
        .flat_map(|(_, operation)| operations::calls(operation, &world))
        .filter(|call| call.method == http::Method::GET || call.path.starts_with("/v3/memories/"))
        .collect();
    calls.extend(tools::uses(&world, &mut String::new()).await.iter().map(tools::Use::call));
    for call in calls {
        world.owner.call(call.method, &call.path, call.body.as_ref()).await;
    }
    let owner = &world.owner;
    let completion = |name: &str| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": "completion/complete", "params": {
            "ref": { "type": "ref/prompt", "name": "summarize-team-knowledge" }, "argument": { "name": name, "value": "a" } } })
    };
    for name in ["category", "user_id"] {
        owner.post("/mcp", completion(name)).await;
    }
    let filters = json!({ "AND": [
        { "user_id": world.entity }, { "created_at": { "gte": "2026-01-01" } }, { "categories": { "contains": "a" } },
        { "NOT": [{ "metadata": { "source": "email" } }] }, { "classification": { "lte": "internal" } },
    ] });
    let query = json!({ "query": "when does it open", "scope": "all", "filters": filters });
    owner.post("/v3/memories/search/", query).await.assert_status(200);
    owner.post("/v3/memories/", json!({ "scope": "all", "filters": filters })).await.assert_status(200);
    let levels = json!({ "query": "when does it open" });
    owner.post("/v1/memories/hierarchical/", levels).await.assert_status(200);
    // Asked by those MCP clients that let their person confirm a sweep.
    let (memories, caller) = (Memories::in_process(app.gate().clone()), owner.context().await);
    let personal = "personal".parse().unwrap();
    memories.forgettable(&caller, personal, &Filter::everything()).await.unwrap();
    let sweep = format!("/v1/memories/?user_id={}&scope={}", world.entity, world.team.label());
    owner.call(http::Method::DELETE, &sweep, None).await.assert_status(200);

    let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in recorder.heard() {
        let text = text.split(";\nCOMMIT").next().unwrap_or_default();
        let name = text.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or_default().trim();
        if !MADE_AT_RUN_TIME.contains(&name) {
            continue;
        }
        let texts = made.entry(name.to_owned()).or_default();
        let text = flush_left(&nobodys(text));
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let missing: Vec<_> = MADE_AT_RUN_TIME.iter().filter(|name| !made.contains_key(**name)).collect();
    assert!(missing.is_empty(), "no call made {missing:?}");
    made
}
