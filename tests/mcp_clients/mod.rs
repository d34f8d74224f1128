//! Third-party MCP clients against this server: the official SDKs for Python, TypeScript and Rust in both eras, and
//! the Inspector with its strict checks, with a bearer credential; [`oauth`] tests those that sign in by themselves.
//!
//! Each does the same steps: lists, adds, finds, is refused, reads resources and prompts. They come from package
//! registries, pinned by version and content; see `installation`.

mod oauth;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{StreamableHttpClient, StreamableHttpClientTransportConfig};
use serde_json::json;

use crate::harness::TestApp;
use crate::node::packages::{node, packages};
use crate::python::environment;

const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mcp_clients");

/// A server on a socket; the endpoint's URL and a credential. The application lives as long as the first.
async fn served() -> (TestApp, String, String) {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let url = format!("{}/mcp", app.serve().await);
    (app, url, alice.token)
}

/// Runs a client to its end.
async fn run(mut command: Command, url: &str, key: &str) -> Output {
    command.env("MEM0_TEST_URL", url).env("MEM0_TEST_KEY", key).env("PYTHONDONTWRITEBYTECODE", "1");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[track_caller]
fn assert_succeeded(who: &str, output: &Output) {
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy);
    assert!(output.status.success(), "{who}: {}\n{}", said[0], said[1]);
}

#[tokio::test]
async fn the_python_sdk_works_in_both_eras() {
    let (_app, url, key) = served().await;
    python_sdk(&url, &key).await;
}

/// The Python SDK's round against an endpoint, wherever it is.
pub(crate) async fn python_sdk(url: &str, key: &str) {
    let python = python().await;
    for mode in ["auto", "legacy"] {
        let mut command = Command::new(&python);
        command.args([&format!("{HOME}/python_client.py"), mode]);
        assert_succeeded(mode, &run(command, url, key).await);
    }
}

/// A script of this directory, beside which Node.js finds the packages; gone with the directory.
fn script(name: &str, packages: &Path) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(packages.join("node_modules"), place.path().join("node_modules")).unwrap();
    let script = place.path().join(name);
    std::fs::copy(format!("{HOME}/{name}"), &script).unwrap();
    (place, script)
}

/// The interpreter that has the Python SDK.
async fn python() -> PathBuf {
    let python = tokio::task::spawn_blocking(|| {
        environment::python("mcp", &format!("{HOME}/mcp.txt"), "the Python SDK of MCP (about 40 MB, once)")
    });
    python.await.unwrap()
}

#[tokio::test]
async fn both_typescript_sdks_work() {
    let Some(packages) = tokio::task::spawn_blocking(packages).await.unwrap() else { return };
    let (_app, url, key) = served().await;
    typescript_sdks_of(&packages, &url, &key).await;
}

/// The TypeScript SDKs' round against an endpoint, wherever it is; none where there is no npm.
pub(crate) async fn typescript_sdks(url: &str, key: &str) {
    if let Some(packages) = tokio::task::spawn_blocking(packages).await.unwrap() {
        typescript_sdks_of(&packages, url, key).await;
    }
}

async fn typescript_sdks_of(packages: &Path, url: &str, key: &str) {
    let (_place, script) = script("typescript.mjs", packages);
    for version in ["v1", "v2"] {
        let mut command = Command::new(node(packages));
        command.arg(&script).arg(version);
        assert_succeeded(version, &run(command, url, key).await);
    }
}

#[tokio::test]
async fn the_inspector_finds_nothing_to_complain_about() {
    let Some(packages) = tokio::task::spawn_blocking(packages).await.unwrap() else { return };
    let (_app, url, key) = served().await;
    let inspect = async |more: &[&str]| {
        let mut command = Command::new(node(&packages));
        let inspector = packages.join("node_modules/.bin/mcp-inspector").canonicalize().unwrap();
        let authorization = format!("Authorization: Bearer {key}");
        command.arg(inspector).args(["--cli", &url, "--transport", "http", "--header", &authorization]);
        command.args(more);
        let output = run(command, &url, &key).await;
        assert_succeeded(&format!("{more:?}"), &output);
        let warned = String::from_utf8_lossy(&output.stderr);
        assert!(!warned.contains("Warning"), "{warned}");
        String::from_utf8(output.stdout).unwrap()
    };
    let tools = inspect(&["--method", "tools/list", "--strict"]).await;
    for tool in mcp::tools::Tool::ALL {
        assert!(tools.contains(tool.name()), "{tools}");
    }
    let call = ["--method", "tools/call", "--tool-name", "add_memory", "--tool-arg", "text=Mate at nine"];
    assert!(inspect(&call).await.contains("Mate at nine"));
}

#[tokio::test]
async fn the_rust_sdk_works() {
    let (_app, url, key) = served().await;
    rust_sdk(&url, &key).await;
}

/// The Rust SDK's round against an endpoint, wherever it is.
pub(crate) async fn rust_sdk(url: &str, key: &str) {
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(key);
    rust_round(StreamableHttpClientTransport::with_client(reqwest::Client::default(), config)).await;
}

/// Lists, adds and finds.
async fn rust_round<C: StreamableHttpClient + Sync>(transport: StreamableHttpClientTransport<C>) {
    let client = ().serve(transport).await.unwrap();
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.len(), mcp::tools::Tool::ALL.len());
    let call = async |name: &'static str, arguments: serde_json::Value| {
        let arguments = arguments.as_object().unwrap().clone();
        client.call_tool(CallToolRequestParams::new(name).with_arguments(arguments)).await.unwrap()
    };
    call("add_memory", json!({ "text": "The Rust client drinks water" })).await;
    let found = call("search_memories", json!({ "query": "what does the Rust client drink?" })).await;
    let found = serde_json::to_value(found).unwrap();
    assert!(
        found["structuredContent"]["results"][0]["memory"].as_str().unwrap().contains("water"),
        "{found}"
    );
    assert_eq!(client.list_all_prompts().await.unwrap().len(), 3);
    client.cancel().await.unwrap();
}
