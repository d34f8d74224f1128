//! The pages of the authorization server in a real browser: they work without scripts, nothing in them violates their
//! own policy, and axe finds no problem.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::harness::{Client as _, PASSWORD, TestApp, authorize_url, register, skip, tokens};
use crate::node::packages::{node, packages};

/// The browser that `scripts/browser` installs; none on a machine without.
fn browser() -> Option<PathBuf> {
    let path = shared::config::variable("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path);
    let mut found = places.flat_map(|place| ["chromium", "chromium-browser"].map(|name| place.join(name)));
    let browser = found.find(|path| path.is_file());
    if browser.is_none() {
        skip("Chromium", "scripts/browser");
    }
    browser
}

#[tokio::test]
async fn the_pages_work_without_scripts_and_for_everybody() {
    let Some(browser) = browser() else { return };
    let Some(packages) = tokio::task::spawn_blocking(packages).await.unwrap() else { return };
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    // Each visit removes one, and the last leaves none.
    for _ in 0..3 {
        tokens(&app, &ada.email, &json!({})).await;
    }
    let redirect = "https://app.example/callback";
    let client = register(&app, redirect).await;
    let scope = json!({ "scope": "memories:read memories:write tenancy:read" });
    let authorize = format!("{url}{}", authorize_url(&client, redirect, &scope));
    let onward = onward(&app, &url).await;
    let place = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(packages.join("node_modules"), place.path().join("node_modules")).unwrap();
    let script = place.path().join("pages.mjs");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/pages/pages.mjs"), &script).unwrap();
    // Each visit refuses its device.
    let visits = tokio::spawn(devices(app.clone()));
    let (device, stand_in) = visits.await.unwrap();
    let mut command = Command::new(node(&packages));
    command
        .arg(&script)
        .env("MEM0_TEST_BROWSER", browser)
        .env("MEM0_TEST_URL", &url)
        .env("MEM0_TEST_AUTHORIZE", authorize)
        .env("MEM0_TEST_ONWARD", onward)
        .env("MEM0_TEST_DEVICE", device)
        .env("MEM0_TEST_EMAIL", &ada.email)
        .env("MEM0_TEST_PASSWORD", PASSWORD);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    stand_in.abort();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy);
    assert!(output.status.success(), "{}\n{}", said[0], said[1]);
}

/// Requests of applications that are hard to reach from a page with a policy, each followed by where the browser is in the
/// end: at an address without a name, and at a program on this machine that sends it on to another origin.
async fn onward(app: &TestApp, url: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let arrived = format!("http://localhost:{port}/arrived");
    let moved = axum::response::Redirect::to(&arrived);
    let router = axum::Router::new()
        .route("/callback", axum::routing::get(async move || moved))
        .route("/arrived", axum::routing::get(async || "the application"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut addresses = Vec::new();
    for (redirect, end) in [
        ("http://[::1]:9801/callback".to_owned(), "http://[::1]:9801/callback?code=".to_owned()),
        (format!("http://127.0.0.1:{port}/callback"), arrived),
    ] {
        let client = register(app, &redirect).await;
        addresses.extend([format!("{url}{}", authorize_url(&client, &redirect, &json!({}))), end]);
    }
    addresses.join(" ")
}

/// An address that leads to the page of a new device each time.
async fn devices(app: TestApp) -> (String, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new().route(
        "/",
        axum::routing::get(async move || {
            let fields = json!({ "client_id": "mem0-cli" });
            let begun = app.anonymous().post("/oauth/device_authorization", fields).await.ok();
            let page = begun["verification_uri_complete"].as_str().unwrap().to_owned();
            axum::response::Redirect::to(&page)
        }),
    );
    let served = tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    (address, served)
}
