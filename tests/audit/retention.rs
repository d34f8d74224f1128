//! Retention of the log: whole months are dropped once nobody keeps them, and the rest can still be verified.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::chain::{seal, tamper, verify};
use crate::harness::{Actor, Client as _, TestApp};

/// An application whose log has a partition for the month in which tests begin, which is long past for the database.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    let month = "SET ROLE mem0_owner;
        CREATE TABLE audit_log_2026_03 PARTITION OF audit_log
           FOR VALUES FROM ('2026-03-01 00:00:00+00') TO ('2026-04-01 00:00:00+00');
        RESET ROLE";
    app.database().superuser().await.batch_execute(month).await.unwrap();
    app
}

/// An owner whose enterprise keeps its log for so many months, with some rows in it.
async fn owner(app: &TestApp, name: &str, months: Option<i32>) -> Actor {
    // A key, because logins do not last for so long.
    let owner = app.owner(name).await.with_api_key().await;
    let settings = json!({ "reads": "durable", "retention_months": months });
    let set = owner.put("/v1/audit/settings", settings).await.ok();
    assert_eq!(set["retention_months"], json!(months));
    for size in 1..4 {
        owner.post("/v3/memories/", json!({ "page": 1, "page_size": size })).await.ok();
    }
    owner
}

/// As if another day had passed: takes away every month whose time is over, the empty ones of the database's own time as
/// well.
async fn retire(app: &TestApp) {
    app.database().superuser().await.batch_execute("DELETE FROM audit_checks").await.unwrap();
    while shared::audit::chain::check(app.gate()).await.unwrap().is_some() {}
    while shared::audit::chain::retire(app.gate()).await.unwrap() > 0 {}
}

/// How many rows of the first month there are.
async fn first_month(app: &TestApp) -> i64 {
    let count = "SELECT count(*) FROM audit_log WHERE at < '2026-04-01 00:00:00+00'";
    app.database().superuser().await.query_one(count, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_month_goes_when_its_time_is_over_and_the_rest_can_still_be_verified() {
    let app = app().await;
    let alice = owner(&app, "alice", Some(1)).await;
    seal(&app, &alice).await;
    let anchor = alice.get("/v1/audit/anchor").await.ok();
    let anchor = json!({ "seq": anchor["seq"], "hash": anchor["hash"] });
    app.advance(TimeDelta::days(45));
    alice.post("/v3/memories/", json!({})).await.ok();
    seal(&app, &alice).await;
    retire(&app).await;
    assert!(first_month(&app).await > 0, "not before its time");

    app.advance(TimeDelta::days(16));
    retire(&app).await;
    assert_eq!(first_month(&app).await, 0);
    seal(&app, &alice).await;
    let verified = alice.post("/v1/audit/verify", json!({ "anchors": [anchor] })).await.ok();
    assert_eq!((&verified["intact"], &verified["from"]), (&json!(true), &json!(0)), "{verified}");
    let said = alice.get("/v1/audit?action=audit.retire").await.ok();
    let row = &said["results"][0];
    assert_eq!((&row["target"], &row["details"]["rows"]), (&json!("2026-03"), &json!(5)), "{said}");
    // The daily check judges alike.
    app.database().superuser().await.batch_execute("DELETE FROM audit_checks").await.unwrap();
    while let Some(checked) = shared::audit::chain::check(app.gate()).await.unwrap() {
        assert_eq!(checked.problem, None, "{checked:?}");
    }
}

#[tokio::test]
async fn a_month_stays_while_anybody_keeps_it() {
    let app = app().await;
    let alice = owner(&app, "alice", Some(1)).await;
    let bob = owner(&app, "bob", Some(3)).await;
    for owner in [&alice, &bob] {
        seal(&app, owner).await;
    }
    app.advance(TimeDelta::days(75));
    retire(&app).await;
    assert!(first_month(&app).await > 0, "bob keeps it for three months");
    // What he does not say is what the plan says.
    let settings = json!({ "reads": "durable" });
    bob.put("/v1/audit/settings", settings).await.ok();
    app.advance(TimeDelta::days(365));
    seal(&app, &bob).await;
    retire(&app).await;
    assert!(first_month(&app).await > 0, "seven years");
    let plan = "INSERT INTO enterprise_plans VALUES ($1, 'free')";
    app.database().superuser().await.execute(plan, &[&bob.enterprise.uuid()]).await.unwrap();
    retire(&app).await;
    assert_eq!(first_month(&app).await, 0, "a year");
}

#[tokio::test]
async fn what_was_tampered_with_stays_until_somebody_has_looked() {
    let app = app().await;
    let alice = owner(&app, "alice", Some(1)).await;
    app.advance(TimeDelta::days(80));
    retire(&app).await;
    assert!(first_month(&app).await > 0, "not all of it is chained");
    seal(&app, &alice).await;
    tamper(&app, &alice, "UPDATE audit_log SET ip = '192.0.2.1' WHERE action = 'memory.list'").await;
    retire(&app).await;
    assert!(first_month(&app).await > 0, "it is not as it was chained");
    assert_eq!(verify(&alice).await["problem"]["fault"], "changed");
}

#[tokio::test]
async fn a_month_that_somebody_takes_away_counts_as_removed() {
    let app = app().await;
    let alice = owner(&app, "alice", Some(1)).await;
    seal(&app, &alice).await;
    tamper(&app, &alice, "DROP TABLE audit_log_2026_03").await;
    assert_eq!(verify(&alice).await["problem"]["fault"], "removed");
    // Saying that it was retired is not enough: the log must say so, where it is chained.
    let forged = "INSERT INTO audit_retirements
                  SELECT $tenant, '2026-03-01', 4, seq, hash, now(), gen_random_uuid() FROM audit_heads";
    tamper(&app, &alice, forged).await;
    assert_eq!(verify(&alice).await["problem"]["fault"], "removed");
}

#[tokio::test]
async fn how_long_is_checked() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for months in [json!(0), json!(-1), json!(1201)] {
        let wrong =
            alice.put("/v1/audit/settings", json!({ "reads": "durable", "retention_months": months })).await;
        wrong.assert_problem(400, "invalid", Some("retention_months"));
    }
    let known: Value = alice.get("/v1/audit/settings").await.ok();
    assert_eq!(known["retention_months"], Value::Null, "{known}");
}
