//! mem0's official TypeScript client against this server.

use std::fs;
use std::process::Command;

use crate::harness::TestApp;
use crate::installation::{installed, run};
use crate::node::packages::npm_is_there;

const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mem0_typescript");

#[tokio::test]
async fn the_typescript_client_works_and_its_errors_are_the_right_ones() {
    if !npm_is_there() {
        return;
    }
    let app = TestApp::new().await;
    let key = app.owner("alice").await.with_api_key().await.token;
    let url = app.serve().await;
    let client = tokio::task::spawn_blocking(move || {
        let lock = format!("{HOME}/package-lock.json");
        let announcement = "installing mem0's TypeScript client from npm (about 27 MB, once)";
        let packages = installed("node-mem0ai", &lock, announcement, |directory| {
            for file in ["package.json", "package-lock.json", ".npmrc"] {
                fs::copy(format!("{HOME}/{file}"), directory.join(file)).unwrap();
            }
            run(Command::new("npm").args(["ci", "--loglevel=error"]).current_dir(directory));
        });
        // Beside the packages, where Node.js finds them.
        let place = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(packages.join("node_modules"), place.path().join("node_modules")).unwrap();
        fs::copy(format!("{HOME}/client.mjs"), place.path().join("client.mjs")).unwrap();
        run(Command::new("node")
            .arg(place.path().join("client.mjs"))
            .env("MEM0_TEST_URL", url)
            .env("MEM0_TEST_KEY", key)
            // Where it keeps a configuration of its own.
            .env("HOME", place.path())
            .env("MEM0_TELEMETRY", "false"));
    });
    client.await.unwrap();
}
