//! Where something happened, for as long as the log is kept; and changes that happen without a request.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::jobs::Job;

use super::{remember, rows};
use crate::harness::{Actor, Client as _, TestApp, TwoTeams};

async fn run(app: &TestApp, job: &str) {
    app.worker().run(Job::named(job).unwrap()).await.unwrap();
}

/// The rows of an action, newest first.
async fn of(owner: &Actor, action: &str) -> Vec<Value> {
    let found = owner.get(&format!("/v1/audit?action={action}&limit=100")).await.ok();
    found["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_dissolved_node_is_still_what_it_was_and_can_be_asked_for() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let lines = alice.node_in(&north, ScopeKind::Team, "Lines").await;
    let memory = remember(&alice, "The team has a lamp", json!({ "scope": lines.label() })).await;
    let own = remember(&alice, "Alice has a lamp", json!({ "scope": "personal" })).await;
    let wish = json!({ "heir": "parent", "members": "leave" });
    alice.post(&format!("/v1/organizations/{}/dissolve", lines.id), wish).await.ok();
    let told = alice.get(&format!("/v1/audit?memory={memory}&action=memory.remember")).await.ok();
    assert_eq!(told["results"][0]["scope"], lines.label(), "{told}");
    let there = alice.get(&format!("/v1/audit?scope={}&limit=100", lines.label())).await.ok();
    let there: Vec<&str> =
        there["results"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert!(there.contains(&"memory.remember") && there.contains(&"organization.dissolve"), "{there:?}");
    let personal = format!("personal:{}", alice.user);
    let hers = alice.get(&format!("/v1/audit?scope={personal}&action=memory.remember")).await.ok();
    assert_eq!(
        (&hers["results"][0]["memories"], &hers["results"][0]["scope"]),
        (&json!([own]), &json!(personal)),
        "{hers}"
    );
    alice.get("/v1/audit?scope=nowhere").await.assert_problem(400, "invalid", Some("scope"));
}

#[tokio::test]
async fn what_came_since_an_export_is_what_is_chained_after_it() {
    let (app, alice, _) = TestApp::two_tenants().await;
    remember(&alice, "The lamp is green", json!({ "scope": "personal" })).await;
    super::chain::seal(&app, &alice).await;
    let end = alice.get("/v1/audit/anchor").await.ok()["seq"].as_i64().unwrap();
    app.advance(TimeDelta::minutes(1));
    let later = remember(&alice, "The lamp is red", json!({ "scope": "personal" })).await;
    super::chain::seal(&app, &alice).await;
    let since = alice.get(&format!("/v1/audit?after_seq={end}&action=memory.*")).await.ok();
    assert_eq!(since["results"].as_array().unwrap().len(), 1, "{since}");
    assert_eq!(since["results"][0]["memories"], json!([later]));
    alice.get("/v1/audit?after_seq=-1").await.assert_problem(400, "invalid", Some("after_seq"));
}

#[tokio::test]
async fn what_becomes_of_what_a_leaver_left_is_in_the_log() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let alice = alice.with_api_key().await;
    let team = alice.node(ScopeKind::Organization, "North").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    let kept = remember(&mia, "The team may keep this", json!({ "scope": "personal" })).await;
    let gone = remember(&mia, "Nobody else sees this", json!({ "scope": "personal" })).await;
    let share = json!({ "with": team.label() });
    mia.post(&format!("/v1/memories/{kept}/shares/"), share).await.assert_status(201);
    alice.post(&format!("/v1/users/{}/deactivate", mia.user), json!({})).await.ok();
    app.advance(TimeDelta::days(366));
    run(&app, "account.forget_leavers").await;
    let inherited = of(&alice, "memory.inherit").await;
    assert_eq!(
        (&inherited[0]["memories"], &inherited[0]["scope"], &inherited[0]["target"]),
        (&json!([kept]), &json!(team.label()), &json!(mia.user)),
        "{inherited:?}"
    );
    let removed = of(&alice, "memory.remove").await;
    assert_eq!(
        (&removed[0]["memories"], &removed[0]["scope"], &removed[0]["method"]),
        (&json!([gone]), &json!(format!("personal:{}", mia.user)), &json!("none")),
        "{removed:?}"
    );
    assert!(removed[0]["tags"].as_array().unwrap().contains(&json!("class:internal")), "{removed:?}");
    assert_eq!(of(&alice, "account.forget").await[0]["target"], json!(mia.user));
    super::chain::seal(&app, &alice).await;
    assert_eq!(super::chain::verify(&alice).await["intact"], true);
}

#[tokio::test]
async fn what_ends_by_itself_is_in_the_log() {
    let rule = json!({ "directions": ["across"], "escalate_after_hours": 12, "expires_after_hours": 24 });
    let TwoTeams { app, alice, alpha, beta, ann, ben, .. } = TwoTeams::under(rule).await;
    let alice = alice.with_api_key().await;
    let lent = remember(&ann, "Ben may read this for a day", json!({ "scope": "personal" })).await;
    let until = app.now() + TimeDelta::hours(24);
    let with = json!({ "with": format!("person:{}", ben.user), "expires_at": until });
    let share = ann.post(&format!("/v1/memories/{lent}/shares/"), with).await.ok();
    let ask = async |text: &str| {
        let memory = remember(&ann, text, json!({ "scope": alpha.label() })).await;
        let asked =
            ann.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": beta.label() })).await;
        asked.assert_status(202);
        (memory, asked.json()["approval"]["id"].clone())
    };
    let (late, expired) = ask("Beta might want to know").await;
    let (deleted, ended) = ask("Beta will never know").await;
    ann.delete(&format!("/v1/memories/{deleted}/")).await.ok();
    let row = of(&alice, "approval.end").await.remove(0);
    assert_eq!((&row["target"], &row["memories"]), (&ended, &json!([deleted])), "{row}");
    app.advance(TimeDelta::hours(25));
    run(&app, "share.expire").await;
    run(&app, "approval.expire").await;
    let row = of(&alice, "share.expire").await.remove(0);
    assert_eq!((&row["target"], &row["memories"]), (&share["share"]["id"], &json!([lent])), "{row}");
    let row = of(&alice, "approval.expire").await.remove(0);
    assert_eq!((&row["target"], &row["memories"]), (&expired, &json!([late])), "{row}");
    assert!(!rows(&app, alice.enterprise, 0).await.is_empty());
}
