//! `mem0 audit verify`: its output and its exit status.

use std::process::Output;

use serde_json::{Value, json};
use shared::access::ApiKeyVerb;
use tokio::process::Command;

use super::program::program;
use crate::audit::chain::{seal, tamper};
use crate::harness::{Actor, Client as _, TestApp};

/// Runs it as somebody, in a directory.
async fn verify(url: &str, auditor: &Actor, directory: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program().await);
    command.args(["audit", "verify"]).args(arguments).current_dir(directory);
    command.env_clear().env("HOME", directory).env("MEM0_URL", url).env("MEM0_API_KEY", &auditor.token);
    command.output().await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_log_is_verified_from_outside() {
    let app = TestApp::new().await;
    let url = app.serve().await;
    let alice = app.owner("alice").await;
    let auditor = alice.with_narrow_api_key(&[ApiKeyVerb::AuditRead]).await;
    for _ in 0..3 {
        alice.post("/v3/memories/", json!({})).await.ok();
    }
    seal(&app, &alice).await;
    let home = tempfile::tempdir().unwrap();

    let intact = verify(&url, &auditor, home.path(), &["--keep", "anchors", "--json"]).await;
    assert_eq!(intact.status.code(), Some(0), "{intact:?}");
    assert!(said(&intact).contains("intact up to link 3"), "{intact:?}");
    let found: Value = serde_json::from_slice(&intact.stdout).unwrap();
    assert_eq!(found["to"]["seq"], 3);
    // Compared and kept in one file, which is not there the first time.
    for _ in 0..2 {
        let both = ["--anchors", "both", "--keep", "both"];
        let both = verify(&url, &auditor, home.path(), &both).await;
        assert_eq!(both.status.code(), Some(0), "{both:?}");
    }
    assert_eq!(std::fs::read_to_string(home.path().join("both")).unwrap().lines().count(), 1);
    // More than fit in one request.
    let line = std::fs::read_to_string(home.path().join("anchors")).unwrap();
    std::fs::write(home.path().join("many"), line.repeat(12_500)).unwrap();
    let many = verify(&url, &auditor, home.path(), &["--anchors", "many"]).await;
    assert!(many.status.success() && said(&many).contains("and so are 12500 anchors"), "{many:?}");
    let again = verify(&url, &auditor, home.path(), &["--anchors", "anchors"]).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert!(said(&again).contains("and so is the anchor"), "{again:?}");

    tamper(&app, &alice, "UPDATE audit_log SET ip = '192.0.2.1' WHERE action = 'memory.list'").await;
    let tampered = verify(&url, &auditor, home.path(), &["--anchors", "anchors"]).await;
    assert_eq!(tampered.status.code(), Some(1), "{tampered:?}");
    assert!(said(&tampered).contains("changed"), "{tampered:?}");

    let stranger = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    let refused = verify(&url, &stranger, home.path(), &[]).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(said(&refused).contains("lacks the scope audit:read"), "{refused:?}");
    let missing = verify(&url, &auditor, home.path(), &["--anchors", "nowhere"]).await;
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
}
