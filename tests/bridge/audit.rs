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
    assert!(many.status.success() && said(&many).contains("compared with 12500 anchors"), "{many:?}");
    let again = verify(&url, &auditor, home.path(), &["--anchors", "anchors"]).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert!(said(&again).contains("compared with 1 anchor"), "{again:?}");

    tamper(&app, &alice, "UPDATE audit_log SET ip = '192.0.2.1' WHERE action = 'memory.list'").await;
    let tampered = verify(&url, &auditor, home.path(), &["--anchors", "anchors"]).await;
    assert_eq!(tampered.status.code(), Some(1), "{tampered:?}");
    assert!(said(&tampered).contains("a row was changed"), "{tampered:?}");

    let stranger = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    let refused = verify(&url, &stranger, home.path(), &[]).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(said(&refused).contains("lacks the scope audit:read"), "{refused:?}");
    let missing = verify(&url, &auditor, home.path(), &["--anchors", "nowhere"]).await;
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
}

#[tokio::test]
async fn anchors_are_found_in_the_layout_of_the_bucket_and_none_is_no_proof() {
    let app = TestApp::new().await;
    let url = app.serve().await;
    let (alice, bob) = (app.owner("alice").await, app.owner("bob").await);
    let auditor = alice.with_narrow_api_key(&[ApiKeyVerb::AuditRead]).await;
    alice.post("/v3/memories/", json!({})).await.ok();
    seal(&app, &alice).await;
    let home = tempfile::tempdir().unwrap();
    let put = |owner: &Actor, hash: &str| {
        let directory = home.path().join(format!("s3/mem0/{}", owner.enterprise));
        std::fs::create_dir_all(&directory).unwrap();
        let anchor = json!({ "enterprise": owner.enterprise, "seq": 1, "hash": hash, "at": app.now() });
        std::fs::write(directory.join("0000000000000000001.json"), anchor.to_string()).unwrap();
    };
    std::fs::create_dir(home.path().join("s3")).unwrap();
    let compared = async || verify(&url, &auditor, home.path(), &["--anchors", "s3", "--json"]).await;
    let empty = compared().await;
    assert_eq!(empty.status.code(), Some(2), "{empty:?}");
    assert!(said(&empty).contains("there is no anchor in s3"), "{empty:?}");
    put(&bob, &"ab".repeat(32));
    let of_another = compared().await;
    assert_eq!(of_another.status.code(), Some(2), "{of_another:?}");
    assert!(said(&of_another).contains(&format!("no anchor of {}", alice.enterprise)), "{of_another:?}");
    put(&alice, &"ab".repeat(32));
    let forged = compared().await;
    assert_eq!(forged.status.code(), Some(1), "{forged:?}");
    assert!(said(&forged).contains("not the one that the anchor was taken from"), "{forged:?}");
    let link = "SELECT encode(hash, 'hex') FROM audit_chain WHERE enterprise_id = $1 AND seq = 1";
    let link = app.database().superuser().await.query_one(link, &[&alice.enterprise.uuid()]).await.unwrap();
    put(&alice, link.get(0));
    let genuine = compared().await;
    assert_eq!(genuine.status.code(), Some(0), "{genuine:?}");
    assert!(said(&genuine).contains("compared with 1 anchor"), "{genuine:?}");
    let found: Value = serde_json::from_slice(&genuine.stdout).unwrap();
    assert_eq!((&found["compared"], &found["enterprise"]), (&json!(1), &json!(alice.enterprise)));
    std::fs::write(home.path().join("empty"), "").unwrap();
    let empty = verify(&url, &auditor, home.path(), &["--anchors", "empty", "--keep", "empty"]).await;
    assert_eq!(empty.status.code(), Some(2), "{empty:?}");
}
