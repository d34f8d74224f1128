//! Clients that know only the endpoint's URL: they find the authorization server, register, send their person to
//! agree, and continue with the tokens. Only the browser is a script.

use std::process::{Command, Output, Stdio};

use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::{HOME, assert_succeeded, python, rust_round, script};
use crate::harness::{TestApp, person};
use crate::node::packages::{node, packages};
use crate::python::environment;

/// What a browser does with an address.
async fn open(address: String) -> reqwest::Response {
    reqwest::Client::default().get(address).send().await.unwrap()
}

/// Runs a client to its end.
async fn run(mut command: Command, url: &str, person: &str) -> Output {
    command.env("MEM0_TEST_URL", format!("{url}/mcp")).env("MEM0_TEST_PERSON", person);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_python_sdk_signs_in_in_both_eras() {
    let python = python().await;
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let person = person(&app, &ada.email).await;
    for mode in ["auto", "legacy"] {
        let mut command = Command::new(&python);
        command.args([&format!("{HOME}/python_oauth.py"), mode]);
        assert_succeeded(mode, &run(command, &url, &person).await);
    }
}

#[tokio::test]
async fn both_typescript_sdks_sign_in() {
    let Some(packages) = tokio::task::spawn_blocking(packages).await.unwrap() else { return };
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let person = person(&app, &ada.email).await;
    let (_place, script) = script("typescript_oauth.mjs", &packages);
    for version in ["v1", "v2"] {
        let mut command = Command::new(node(&packages));
        command.arg(&script).arg(version);
        assert_succeeded(version, &run(command, &url, &person).await);
    }
}

#[tokio::test]
async fn the_rust_sdk_signs_in() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let person = person(&app, &ada.email).await;
    let endpoint = format!("{url}/mcp");
    let mut state = OAuthState::new(endpoint.as_str(), None).await.unwrap();
    let request = AuthorizationRequest::new("http://127.0.0.1:1/callback").with_client_name("Rust client");
    state.start_authorization(request).await.unwrap();
    let asked = state.get_authorization_url().await.unwrap();
    let asked = form_urlencoded::byte_serialize(asked.as_bytes()).collect::<String>();
    let browser = open(format!("{person}{asked}")).await;
    // Compares the issuer that the answer names, too.
    state.handle_callback_url(&browser.text().await.unwrap()).await.unwrap();
    state.refresh_token().await.unwrap();
    let manager = state.into_authorization_manager().unwrap();
    let config = StreamableHttpClientTransportConfig::with_uri(endpoint);
    let client = AuthClient::new(reqwest::Client::default(), manager);
    rust_round(StreamableHttpClientTransport::with_client(client, config)).await;
}

/// The Inspector's CLI: dynamic registration, a browser, the callback, and the strict look at the tools. Of its other ways, it
/// takes a document about itself only from a public https address, and device authorization and client credentials not at all.
#[tokio::test]
async fn the_inspector_signs_in() {
    let Some(packages) = tokio::task::spawn_blocking(packages).await.unwrap() else { return };
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let person = person(&app, &ada.email).await;
    for era in ["legacy", "modern"] {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut command = tokio::process::Command::new(node(&packages));
        command.arg(packages.join("node_modules/.bin/mcp-inspector").canonicalize().unwrap());
        command.args(["--cli", &format!("{url}/mcp"), "--transport", "http", "--protocol-era", era]);
        command.args(["--callback-url", &format!("http://{free}/oauth/callback")]);
        command.args(["--method", "tools/list", "--strict"]);
        // It only signs in where it believes that there is somebody at a browser; there is no program to open one.
        command.env_clear().env("HOME", home.path()).env("MCP_AUTO_OPEN_ENABLED", "true");
        command.env("MCP_INSPECTOR_SECRET_STORE", "memory");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        // Beside what it says: it waits when nobody reads more than a pipe holds.
        let mut output = child.stdout.take().unwrap();
        let tools = tokio::spawn(async move {
            let mut tools = String::new();
            output.read_to_string(&mut tools).await.map(|_| tools)
        });
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(address) = line.strip_prefix("Please navigate to: ") {
                let asked = form_urlencoded::byte_serialize(address.as_bytes()).collect::<String>();
                let back = open(format!("{person}{asked}")).await.text().await.unwrap();
                assert!(open(back).await.status().is_success());
            }
            said.push_str(&line);
        }
        let status = child.wait().await.unwrap();
        assert!(status.success(), "{era}: {status} {said}");
        let tools = tools.await.unwrap().unwrap();
        for tool in mcp::tools::Tool::ALL {
            assert!(tools.contains(tool.name()), "{era}: {tools}");
        }
    }
}

#[tokio::test]
async fn an_application_of_authlibs_proves_by_a_signature_who_it_is() {
    let python = tokio::task::spawn_blocking(|| {
        environment::python("authlib", &format!("{HOME}/authlib.txt"), "Authlib (about 15 MB, once)")
    });
    let python = python.await.unwrap();
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let person = person(&app, &ada.email).await;
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let mut command = Command::new(&python);
        command.args([&format!("{HOME}/confidential.py"), algorithm]);
        command
            .env("AUTHLIB_INSECURE_TRANSPORT", "1")
            .env("MEM0_TEST_NOW", app.now().timestamp().to_string());
        assert_succeeded(algorithm, &run(command, &url, &person).await);
    }
}
