//! Clients that are told nothing but the endpoint's URL: they find the authorization server, register, send their person
//! to agree, and go on with the tokens. Only the browser is a script.

use std::process::{Command, Output};

use super::{HOME, assert_succeeded, python, script};
use crate::harness::{TestApp, person};
use crate::node::packages::{node, packages};

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
