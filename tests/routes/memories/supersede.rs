//! `supersedes`: a new memory replaces others.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{list, one, remember, remember_with, search};
use crate::harness::{Actor, Client as _, TestApp};
use crate::routes::mcp::client::call;

fn adding(text: &str, supersedes: &[&str]) -> Value {
    json!({ "messages": text, "infer": false, "supersedes": supersedes })
}

async fn state(actor: &Actor, id: &str) -> (Value, Value, Value) {
    let memory = actor.get(&one(id)).await.ok();
    (memory["lifecycle_state"].clone(), memory["replaced_by"].clone(), memory["version"].clone())
}

#[tokio::test]
async fn the_old_one_stays_marked_with_a_version_and_a_row_in_the_audit_log() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let old = remember(&alice, "The standup is at nine").await;
    let new = remember_with(&alice, "The standup is at ten", json!({ "supersedes": [old] })).await;
    assert_eq!(state(&alice, &old).await, (json!("superseded"), json!(new), json!(2)));
    assert_eq!(state(&alice, &new).await, (json!("active"), json!(null), json!(1)));
    let history = alice.get(&format!("/v1/memories/{old}/history/")).await.ok();
    assert_eq!(history.as_array().unwrap().len(), 2, "{history}");
    let row = alice.get(&format!("/v1/audit?memory={old}&action=memory.supersede")).await.ok();
    assert_eq!(row["results"][0]["action"], "memory.supersede", "{row}");
    assert_eq!(row["results"][0]["details"]["replaced_by"], json!(new), "{row}");
    // Said again, it is there already, and takes the place of what contradicts it.
    let other = remember(&alice, "The standup is at eleven").await;
    alice.post("/v3/memories/add/", adding("The standup is at ten", &[&other])).await.ok();
    assert_eq!(state(&alice, &other).await.1, json!(new));
    let over_mcp = json!({ "text": "The standup is at noon", "supersedes": [new] });
    let answer = call(&alice, "add_memory", over_mcp).await;
    assert_eq!(state(&alice, &new).await.1, answer["results"][0]["id"]);
}

#[tokio::test]
async fn who_may_not_change_it_supersedes_nothing_and_adds_nothing() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let team = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let vi = alice.colleague("vi", &team, Role::Member).await;
    let ofteam = remember_with(&alice, "Alpha ships on Friday", json!({ "scope": team.label() })).await;
    let own = remember(&alice, "I drink tea").await;
    let merged = remember(&bob, "I drink coffee").await;
    let before = alice.get("/v1/stats/").await.json();
    for (actor, body, status, code) in [
        // Others' personal memories, and those of another enterprise, are not known.
        (&vi, adding("x is y", &[&own]), 404, "not-found"),
        (&alice, adding("x is y", &[&merged]), 404, "not-found"),
        (&alice, adding("x is y", &[&own, &merged]), 404, "not-found"),
        (
            &vi,
            json!({ "messages": "Alpha ships on Monday", "infer": false, "scope": team.label(), "supersedes": [ofteam] }),
            403,
            "forbidden",
        ),
        // Whoever sees the old one must see the new one.
        (&alice, adding("Alpha ships on Monday", &[&ofteam]), 400, "invalid"),
        (&alice, adding("I drink tea", &[&own]), 400, "invalid"),
        (&alice, json!({ "messages": "x is y", "infer": false, "supersedes": own }), 400, "invalid"),
    ] {
        let field = (status == 400).then_some("supersedes");
        let detail = actor.post("/v3/memories/add/", body).await.assert_problem(status, code, field);
        if status == 403 {
            // They may add there.
            assert!(
                detail.starts_with(&format!("supersedes: {ofteam}: this needs the role admin on")),
                "{detail}"
            );
        }
    }
    let no_id = alice.post("/v3/memories/add/", adding("x is y", &["mem_nothing"])).await;
    no_id.assert_problem(400, "invalid", Some("supersedes[0]"));
    assert_eq!(state(&alice, &own).await, (json!("active"), json!(null), json!(1)));
    assert_eq!(state(&alice, &ofteam).await.0, json!("active"));
    assert_eq!(alice.get("/v1/stats/").await.json(), before);
    let new = remember_with(&alice, "I drink water", json!({ "supersedes": [own] })).await;
    let detail = alice
        .post("/v3/memories/add/", adding("I drink wine", &[&own]))
        .await
        .assert_problem(409, "conflict", None);
    assert_eq!(detail, format!("{own} is superseded already, by {new}"));
}

/// A memory and what superseded it one after the other.
async fn succession(actor: &Actor, texts: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for text in texts {
        let supersedes: Vec<&String> = ids.last().into_iter().collect();
        ids.push(remember_with(actor, text, json!({ "supersedes": supersedes })).await);
    }
    ids
}

#[tokio::test]
async fn forgetting_the_new_one_makes_the_old_one_current_again() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let ids = succession(&alice, &["The standup is at nine", "The standup is at ten"]).await;
    alice.delete(&one(&ids[1])).await.ok();
    assert_eq!(state(&alice, &ids[0]).await, (json!("active"), json!(null), json!(3)));
    let latest = json!({ "latest_only": true });
    assert_eq!(list(&alice, latest.clone()).await, ["The standup is at nine"]);
    assert_eq!(search(&alice, "standup", latest).await, ["The standup is at nine"]);
    let history = alice.get(&format!("/v1/memories/{}/history/", ids[0])).await.ok();
    assert_eq!(history.as_array().unwrap().len(), 3, "{history}");
    let rows = alice.get(&format!("/v1/audit?memory={}&action=memory.release", ids[0])).await.ok();
    assert_eq!(rows["results"][0]["details"], json!({ "version": 3, "replaced_by": null }), "{rows}");
    // And it can be superseded again.
    let new = remember_with(&alice, "The standup is at noon", json!({ "supersedes": [ids[0]] })).await;
    assert_eq!(state(&alice, &ids[0]).await.1, json!(new));
}

#[tokio::test]
async fn forgetting_one_in_the_middle_leaves_the_old_one_to_the_latest() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let ids =
        succession(&alice, &["I live in Rome", "I live in Paris", "I live in Oslo", "I live in Lisbon"])
            .await;
    alice.delete(&one(&ids[1])).await.ok();
    assert_eq!(state(&alice, &ids[0]).await, (json!("superseded"), json!(ids[2]), json!(3)));
    // All that follow, together and each way there is.
    let memories = json!({ "memories": [{ "memory_id": ids[3] }, { "memory_id": ids[2] }] });
    alice.call(Method::DELETE, "/v1/batch/", Some(&memories)).await.ok();
    assert_eq!(state(&alice, &ids[0]).await, (json!("active"), json!(null), json!(4)));
    let swept = json!({ "supersedes": [ids[0]], "user_id": "swept" });
    remember_with(&alice, "I live in Porto", swept).await;
    alice.delete("/v1/memories/?user_id=swept").await.ok();
    assert_eq!(state(&alice, &ids[0]).await, (json!("active"), json!(null), json!(6)));
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Each alone would leave the oldest to the other.
#[tokio::test]
async fn two_that_are_forgotten_at_once_leave_nothing_to_each_other() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let ids = succession(&alice, &["I live in Rome", "I live in Paris", "I live in Oslo"]).await;
    let mut busy = app.database().another_superuser().await;
    let holding = busy.transaction().await.unwrap();
    let oldest = "SELECT FROM memories WHERE content = 'I live in Rome' FOR UPDATE";
    holding.query_one(oldest, &[]).await.unwrap();
    let (middle, latest) = (one(&ids[1]), one(&ids[2]));
    let wait = async {
        app.database().until_waiting(2).await;
        holding.commit().await.unwrap();
    };
    let (first, second, ()) = tokio::join!(alice.delete(&middle), alice.delete(&latest), wait);
    assert!(first.status.is_success() && second.status.is_success(), "{first}, {second}");
    let (lifecycle, by, _) = state(&alice, &ids[0]).await;
    assert_eq!((lifecycle, by), (json!("active"), Value::Null));
}

#[tokio::test]
async fn chains_that_are_forgotten_by_many_at_once_end_with_what_is_left() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for round in 0..4 {
        let texts: Vec<String> = (0..5).map(|step| format!("Plan {round} has {step} steps")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let ids = succession(&alice, &texts).await;
        let sweep = json!({ "memory_ids": { "in": [ids[4]] } }).to_string();
        let sweep = format!("/v1/memories/?filters={}", encoded(&sweep));
        let batch = json!({ "memories": [{ "memory_id": ids[3] }, { "memory_id": ids[1] }] });
        let middle = one(&ids[2]);
        let (one_by_one, together, swept) = tokio::join!(
            alice.delete(&middle),
            alice.call(Method::DELETE, "/v1/batch/", Some(&batch)),
            alice.delete(&sweep),
        );
        assert!([&one_by_one, &together, &swept].iter().all(|it| it.status.is_success()), "{swept}");
        let (lifecycle, by, _) = state(&alice, &ids[0]).await;
        assert_eq!((lifecycle, by), (json!("active"), Value::Null), "round {round}");
    }
}

#[tokio::test]
async fn what_moved_elsewhere_is_current_again_although_the_forgetter_does_not_see_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let (alpha, beta) = (
        alice.node_in(&north, ScopeKind::Team, "Alpha").await,
        alice.node_in(&north, ScopeKind::Team, "Beta").await,
    );
    let mia = alice.colleague("mia", &alpha, Role::Admin).await;
    let old = remember_with(&alice, "We ship on Friday", json!({ "scope": alpha.label() })).await;
    let more = json!({ "scope": alpha.label(), "supersedes": [old] });
    let new = remember_with(&alice, "We ship on Monday", more).await;
    alice.put(&format!("/v1/memories/{old}/scope/"), json!({ "scope": beta.label() })).await.ok();
    mia.get(&one(&old)).await.assert_problem(404, "not-found", None);
    mia.delete(&one(&new)).await.ok();
    assert_eq!(state(&alice, &old).await.0, json!("active"));
}

#[tokio::test]
async fn an_exception_that_is_over_gives_the_rule_back() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let rule = remember(&alice, "Deliveries go to gate 5").await;
    let today = json!({ "supersedes": [rule], "expiration_date": "2026-03-02" });
    let exception = remember_with(&alice, "Deliveries go to gate 7 this week", today).await;
    let tomorrow = json!({ "supersedes": [exception], "expiration_date": "2026-03-03" });
    let next = remember_with(&alice, "Deliveries go to gate 9 this week", tomorrow).await;
    let latest = json!({ "latest_only": true });
    app.advance(TimeDelta::days(1));
    assert_eq!(state(&alice, &rule).await, (json!("superseded"), json!(next), json!(2)), "what is left");
    app.advance(TimeDelta::days(1));
    assert_eq!(state(&alice, &rule).await, (json!("active"), json!(null), json!(2)));
    assert_eq!(list(&alice, latest.clone()).await, ["Deliveries go to gate 5"]);
    assert_eq!(search(&alice, "Where do deliveries go?", latest.clone()).await, ["Deliveries go to gate 5"]);
    // Said again, it is there already.
    let again = alice.post("/v3/memories/add/", adding("Deliveries go to gate 5", &[])).await.ok();
    assert_eq!(again["results"][0]["id"], json!(rule), "{again}");
    // The exception is prolonged after all.
    alice.put(&one(&exception), json!({ "expiration_date": null })).await.ok();
    assert_eq!(state(&alice, &rule).await.0, json!("superseded"));
    alice.put(&one(&exception), json!({ "expiration_date": "2026-03-04" })).await.ok();
    app.advance(TimeDelta::days(1));
    assert_eq!(list(&alice, latest).await, ["Deliveries go to gate 5"]);
    let new = remember_with(&alice, "Deliveries go to gate 6", json!({ "supersedes": [rule] })).await;
    assert_eq!(state(&alice, &rule).await, (json!("superseded"), json!(new), json!(3)));
}

#[tokio::test]
async fn what_is_not_there_and_what_says_the_same_are_named() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let own = remember(&alice, "I drink tea").await;
    let gone = remember(&alice, "I drink coffee").await;
    alice.delete(&one(&gone)).await.ok();
    let same = alice.post("/v3/memories/add/", adding("I drink tea", &[&own])).await;
    let detail = same.assert_problem(400, "invalid", Some("supersedes"));
    assert_eq!(detail, format!("supersedes: the new text is the same as {own}, which it should supersede"));
    let missing = alice.post("/v3/memories/add/", adding("I drink water", &[&own, &gone])).await;
    assert_eq!(missing.assert_problem(404, "not-found", None), format!("{gone} not found"));
}
