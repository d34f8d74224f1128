//! Anchors of the chains, stored in a bucket in which nobody can delete them; moto emulates S3.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::config::{AnchorsConfig, AwsCredentials};
use shared::jobs::{Job, Worker};

use super::chain::{seal, tamper, verify};
use crate::database_login::moto::Moto;
use crate::harness::{Actor, Client as _, TestApp};

/// The bucket.
struct Bucket {
    moto: Moto,
    name: &'static str,
}

impl Bucket {
    /// A new one that keeps each object for a week, whoever asks.
    async fn new() -> Self {
        let bucket = Self { moto: Moto::start().await, name: "anchors" };
        bucket.ask("PUT", "", &[("x-amz-bucket-object-lock-enabled", "true")], "").await;
        let rule = "<ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode>\
                    <Days>7</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
        bucket.ask("PUT", "?object-lock", &[("content-type", "application/xml")], rule).await;
        bucket
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> reqwest::Response {
        let answer = self.moto.s3(method, &format!("{}{path}", self.name), headers, body).await;
        assert!(answer.status().is_success(), "{method} {path}: {answer:?}");
        answer
    }

    /// What is in it, by name.
    async fn objects(&self) -> BTreeMap<String, Value> {
        let list = self.ask("GET", "?list-type=2", &[], "").await.text().await.unwrap();
        let names = list.split("<Key>").skip(1).map(|rest| rest.split_once("</Key>").unwrap().0.to_owned());
        let mut objects = BTreeMap::new();
        for name in names {
            let text = self.ask("GET", &format!("/{name}"), &[], "").await.text().await.unwrap();
            assert_eq!(text.lines().count(), 1, "{text}");
            objects.insert(name, serde_json::from_str(&text).unwrap());
        }
        objects
    }

    fn worker(&self, app: &TestApp, bucket: &str) -> Worker {
        app.worker().with_anchors(Some(AnchorsConfig {
            url: format!("{}/{bucket}/mem0", self.moto.url).parse().unwrap(),
            region: "us-east-1".to_owned(),
            credentials: AwsCredentials::Fixed {
                id: "AKIATEST".to_owned(),
                secret: "secret".to_owned().into(),
                token: Some("session".to_owned().into()),
            },
        }))
    }
}

/// Runs the job.
async fn anchor(worker: &Worker) -> shared::Result<u64> {
    worker.run(Job::named("audit.anchor").unwrap()).await
}

/// Somebody with rows in the log, all of them chained.
async fn chained(app: &TestApp, name: &str) -> Actor {
    let owner = app.owner(name).await;
    for _ in 0..3 {
        owner.post("/v3/memories/", json!({})).await.ok();
    }
    seal(app, &owner).await;
    owner
}

/// Where the chain of somebody's enterprise ends.
async fn end(app: &TestApp, owner: &Actor) -> (i64, String) {
    let end = "SELECT seq, encode(hash, 'hex') FROM audit_heads WHERE enterprise_id = $1";
    let row = app.database().superuser().await.query_one(end, &[&owner.enterprise.uuid()]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn each_chains_end_is_kept_once_and_again_when_it_has_grown() {
    let (app, bucket) = (TestApp::new().await, Bucket::new().await);
    let (alice, bob) = (chained(&app, "alice").await, chained(&app, "bob").await);
    let worker = bucket.worker(&app, bucket.name);
    assert_eq!(anchor(&worker).await.unwrap(), 2);
    assert_eq!(anchor(&worker).await.unwrap(), 0, "nothing has grown");
    let kept = bucket.objects().await;
    assert_eq!(kept.len(), 2);
    for owner in [&alice, &bob] {
        let (seq, hash) = end(&app, owner).await;
        let object = &kept[&format!("mem0/{}/{seq:019}.json", owner.enterprise)];
        assert_eq!((&object["enterprise"], &object["seq"]), (&json!(owner.enterprise), &json!(seq)));
        assert_eq!(object["hash"], hash);
    }
    alice.post("/v3/memories/", json!({})).await.ok();
    seal(&app, &alice).await;
    assert_eq!(anchor(&worker).await.unwrap(), 1);
    let kept = bucket.objects().await;
    assert_eq!(kept.len(), 3, "what was kept stays");
    // In the order of the chain, and nobody can take it away.
    let (name, _) = kept.iter().rfind(|(name, _)| name.contains(&alice.enterprise.to_string())).unwrap();
    assert!(name.ends_with(&format!("{:019}.json", end(&app, &alice).await.0)), "{name}");
    let object = bucket.ask("HEAD", &format!("/{name}"), &[], "").await;
    assert_eq!(object.headers()["x-amz-object-lock-mode"], "COMPLIANCE");
}

#[tokio::test]
async fn who_makes_a_chain_anew_is_told_by_what_was_kept() {
    let (app, bucket) = (TestApp::new().await, Bucket::new().await);
    let alice = chained(&app, "alice").await;
    let worker = bucket.worker(&app, bucket.name);
    anchor(&worker).await.unwrap();
    // All that there is of power over the database: other rows, and a chain that fits them, of the same length.
    tamper(
        &app,
        &alice,
        "UPDATE audit_log SET ip = '192.0.2.1' WHERE enterprise_id = $tenant;
         DELETE FROM audit_chain WHERE enterprise_id = $tenant;
         DELETE FROM audit_heads WHERE enterprise_id = $tenant;
         UPDATE audit_horizon SET xid = '0'",
    )
    .await;
    seal(&app, &alice).await;
    assert_eq!(verify(&alice).await["intact"], true, "by itself the chain holds");
    assert_eq!(anchor(&worker).await.unwrap(), 1, "it goes on");
    let kept = bucket.objects().await;
    let anchors: Vec<Value> =
        kept.values().map(|kept| json!({ "seq": kept["seq"], "hash": kept["hash"] })).collect();
    let told = alice.post("/v1/audit/verify", json!({ "anchors": anchors })).await.ok();
    assert_eq!(told["problem"]["fault"], "rewritten", "{told}");
}

#[tokio::test]
async fn a_bucket_that_is_away_fails_the_job_and_loses_nothing() {
    let (app, bucket) = (TestApp::new().await, Bucket::new().await);
    chained(&app, "alice").await;
    assert_eq!(anchor(&app.worker()).await.unwrap(), 0, "none is configured");
    let failed = anchor(&bucket.worker(&app, "nowhere")).await.unwrap_err();
    assert!(failed.to_string().contains("an audit anchor cannot be kept"), "{failed}");
    let cause = std::error::Error::source(&failed).unwrap().to_string();
    assert!(cause.contains("404 Not Found NoSuchBucket"), "{cause}");
    assert_eq!(anchor(&bucket.worker(&app, bucket.name)).await.unwrap(), 1);
}
