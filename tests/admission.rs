//! `mem0.admit`, which remembers what it told about a caller, says at any time what is asked anew: who they are, what they
//! may read, their rates, and what their enterprise asks of its log.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind, SecretHash};
use tokio_postgres::Client;

use crate::harness::{Client as _, TestApp};
use crate::limits::plan;

/// As it is kept.
const TOLD: &str = "SELECT to_jsonb(a) - ARRAY['granted', 'remaining']
      FROM mem0.admit($1, NULL, now(), NULL, NULL, true, 1) a";

/// From the tables. What code of the release before keeps meanwhile must not count either.
const ASKED: &str = "SELECT to_jsonb(i)
       || jsonb_build_object('limits', CASE WHEN NOT i.expired THEN array_remove(ARRAY[
              CASE WHEN p.key_per_minute > 0 THEN 'key' END, CASE WHEN p.user_per_minute > 0 THEN 'user' END,
              CASE WHEN p.tenant_per_minute > 0 THEN 'tenant' END], NULL) END)
       || jsonb_build_object('quotas', CASE WHEN NOT i.expired THEN array_remove(
              ARRAY[p.key_per_minute, p.user_per_minute, p.tenant_per_minute], NULL) END)
       || jsonb_build_object('body_bytes', p.body_bytes)
       || jsonb_build_object('policy', coalesce((SELECT a.reads || a.frameworks FROM audit_policies a
                                                  WHERE a.enterprise_id = i.enterprise_id), '{}'))
      FROM mem0.identify($1, NULL, now(), NULL, NULL) i
      JOIN plans p ON p.name = coalesce((SELECT n.plan FROM enterprise_plans n WHERE n.enterprise_id = i.enterprise_id),
                                        'enterprise')";

async fn row(client: &Client, sql: &str, hash: &[u8]) -> Option<Value> {
    client.query_opt(sql, &[&hash]).await.unwrap().map(|row| row.get(0))
}

/// Twice, since the second time it is kept.
async fn assert_told(client: &Client, hash: &[u8], after: &str) -> Option<Value> {
    let first = row(client, TOLD, hash).await;
    assert_eq!(row(client, TOLD, hash).await, first, "after {after}, again");
    assert_eq!(first, row(client, ASKED, hash).await, "after {after}");
    assert_eq!(row(client, TOLD, hash).await, first, "after {after}, and after the release before was told");
    first
}

#[tokio::test]
async fn what_is_told_of_a_caller_is_what_holds_after_every_change() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let north = owner.node(ScopeKind::Organization, "North").await;
    let mia = owner.colleague("mia", &north, Role::Member).await;
    let key = mia.with_api_key().await;
    let hash = SecretHash::of(&key.token).as_bytes().to_vec();
    let client = app.database().superuser().await;
    let mut before = assert_told(client, &hash, "nothing").await.expect("they are known");
    let mut changed = async |after: &str| {
        let told = assert_told(client, &hash, after).await.expect("they are known");
        assert_ne!(told, before, "{after} changes nothing");
        before = told.clone();
        told
    };

    plan(&owner, "small", Some("60, NULL, 600, 100, 5, 3, 4096")).await;
    let told = changed("another plan").await;
    assert_eq!((&told["limits"], &told["quotas"]), (&json!(["key", "tenant"]), &json!([60, 600])));
    client.execute("UPDATE plans SET user_per_minute = 30 WHERE name = 'small'", &[]).await.unwrap();
    assert_eq!(changed("a change of the plan").await["quotas"], json!([60, 30, 600]));
    let policy = json!({ "reads": "buffered", "frameworks": ["soc2", "gdpr"] });
    owner.put("/v1/audit/settings", policy).await.ok();
    assert_eq!(changed("a policy").await["policy"], json!(["buffered", "gdpr", "soc2"]));
    let policy = json!({ "reads": "durable", "frameworks": [] });
    owner.put("/v1/audit/settings", policy).await.ok();
    assert_eq!(changed("another policy").await["policy"], json!(["durable"]));
    client.execute("DELETE FROM audit_policies", &[]).await.unwrap();
    changed("no policy").await;
    client.execute("DELETE FROM enterprise_plans", &[]).await.unwrap();
    assert_eq!(changed("no plan").await["quotas"], json!([6000, 12000, 600_000]));
    client
        .batch_execute(
            "CREATE TEMP TABLE anew AS SELECT * FROM plans WHERE name = 'enterprise';
             UPDATE anew SET key_per_minute = 6001;
             DELETE FROM plans WHERE name = 'enterprise';
             INSERT INTO plans SELECT * FROM anew",
        )
        .await
        .unwrap();
    assert_eq!(changed("the default plan, made anew").await["quotas"], json!([6001, 12000, 600_000]));
    owner.node_in(&north, ScopeKind::Team, "Alpha").await;
    changed("a team").await;
    client
        .execute("UPDATE users SET email = 'mia@new.example' WHERE id = $1", &[&mia.user.uuid()])
        .await
        .unwrap();
    assert_eq!(changed("another address").await["email"], "mia@new.example");
    client.execute("UPDATE api_keys SET ceiling = 'internal'", &[]).await.unwrap();
    changed("a ceiling").await;
    client.execute("UPDATE api_keys SET expires_at = now()", &[]).await.unwrap();
    assert_eq!(changed("the end of the key").await["granted"], Value::Null);
    client
        .execute("UPDATE users SET status = 'deactivated' WHERE id = $1", &[&mia.user.uuid()])
        .await
        .unwrap();
    assert_eq!(assert_told(client, &hash, "the end of the account").await, None);
}

/// Nothing of somebody else's change may be kept as if it had been there when the epoch was read.
#[tokio::test]
async fn what_changes_while_it_is_told_is_told_anew() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let key = owner.with_api_key().await;
    let hash = SecretHash::of(&key.token).as_bytes().to_vec();
    let (one, other) = (app.database().another_superuser().await, app.database().another_superuser().await);
    one.batch_execute("BEGIN").await.unwrap();
    let set = "INSERT INTO audit_policies VALUES ($1, 'buffered', '{soc2}', now())";
    one.execute(set, &[&owner.enterprise.uuid()]).await.unwrap();
    // Not committed yet: nobody is told, and what is kept holds no longer than that.
    assert_eq!(
        assert_told(&other, &hash, "a change that may come to nothing").await.unwrap()["policy"],
        json!([])
    );
    one.batch_execute("COMMIT").await.unwrap();
    assert_eq!(row(&other, TOLD, &hash).await.unwrap()["policy"], json!(["buffered", "soc2"]));
    assert_told(&other, &hash, "the change").await;
}

#[tokio::test]
async fn the_version_of_the_schema_is_that_of_its_history() {
    let app = TestApp::new().await;
    let client = app.database().superuser().await;
    let versions = async || -> (i32, i32) {
        let sql = "SELECT mem0.schema_version(), (SELECT max(version) FROM refinery_schema_history)";
        let row = client.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!(versions().await, (shared::db::SCHEMA_VERSION, shared::db::SCHEMA_VERSION));
    let newer = "INSERT INTO refinery_schema_history VALUES (100000, 'newer', '2026-11-30', '1')";
    client.batch_execute(newer).await.unwrap();
    assert_eq!(versions().await, (100_000, 100_000));
}

#[tokio::test]
async fn a_session_is_restricted_even_where_the_schema_does_not_tell_its_version() {
    let app = TestApp::as_owner().await;
    let alice = app.owner("alice").await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let mia = alice.colleague("mia", &north, Role::Member).await;
    let text = json!([{ "role": "user", "content": "The walrus is mine" }]);
    let body = json!({ "messages": text, "infer": false, "scope": "personal" });
    let added = alice.post("/v3/memories/add/", body).await.ok();
    let path = format!("/v1/memories/{}/", added["results"][0]["id"].as_str().unwrap());
    // As in a rolling upgrade, between the first question of a new connection and the second.
    let client = app.database().another_superuser().await;
    client
        .batch_execute(
            "DROP FUNCTION mem0.schema_version();
             SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
              WHERE datname = current_database() AND usename = 'mem0_owner' AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
    for _ in 0..8 {
        mia.get(&path).await.assert_status(404);
        alice.get(&path).await.assert_status(200);
    }
    let as_owner =
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mem0_owner' AND datname = current_database()";
    assert!(client.query_one(as_owner, &[]).await.unwrap().get::<_, i64>(0) > 0, "it logs in as the owner");
}
