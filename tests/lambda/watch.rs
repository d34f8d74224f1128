//! `cargo xtask watch`: one function under cargo-lambda's own Runtime API, while its code is being edited.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::json;

use super::visitor::Visitor;
use crate::cargo::cargo;
use crate::harness::TestApp;

/// cargo-lambda with what it started. Ended when dropped.
struct Watched(Child);

impl Watched {
    fn start(function: &str, port: u16, database: &str) -> Self {
        let mut command = cargo();
        command.args(["run", "--locked", "--quiet", "--package", "xtask", "--", "watch", function]);
        command.args(["--port", &port.to_string()]).env("MEM0_DATABASE_URL", database);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: cargo-lambda starts cargo, and cargo the function.
        Self(command.process_group(0).spawn().unwrap())
    }

    /// Whether it has ended by itself, which it does not do.
    fn ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.0.id().try_into().unwrap());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_function_is_built_and_answers_at_its_function_url() {
    let app = TestApp::new().await;
    let key = app.owner("ada").await.with_api_key().await;
    let port = free_port();
    let mut watched = Watched::start("memories", port, &app.database().url().await);
    let visitor = Visitor::at(&format!("http://127.0.0.1:{port}/lambda-url/memories")).with_token(&key.token);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(!watched.ended(), "cargo xtask watch has ended");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // It builds when it is first asked; who asks waits, or is told to come again.
    let answer = loop {
        let answer = visitor.get("/v1/ping/").await;
        if answer.status == 200 {
            break answer;
        }
        assert!(answer.status.is_server_error() && !watched.ended(), "{answer}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert_eq!(answer.json()["status"], "ok", "{answer}");
    let added = json!({ "messages": "The kettle is in the basement", "infer": false });
    visitor.post("/v3/memories/add/", added).await.assert_status(200);
    let found = visitor.post("/v3/memories/search/", json!({ "query": "where is the kettle?" })).await;
    assert_eq!(found.json()["results"][0]["memory"], "The kettle is in the basement", "{found}");
    visitor.with_token("m0sk_wrong").get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
}

#[tokio::test]
async fn what_is_no_function_is_not_watched() {
    let mut command = cargo();
    command.args(["run", "--locked", "--quiet", "--package", "xtask", "--", "watch", "memory"]);
    let refused = command.output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("memories"), "{said}");
}
