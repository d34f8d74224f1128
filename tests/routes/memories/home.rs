//! `PUT /v1/memories/{id}/scope/`: moving a memory to another scope.

use http::Request;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{one, remember, remember_with};
use crate::harness::{Actor, Answer, Client as _, Node, Tables, TestApp};

async fn put(actor: &Actor, id: &str, scope: &str) -> Answer {
    actor.put(&format!("/v1/memories/{id}/scope/"), json!({ "scope": scope })).await
}

/// Two teams of an organization, each with a member.
async fn office() -> (TestApp, Actor, [Node; 3], Actor, Actor) {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let beta = alice.node_in(&north, ScopeKind::Team, "Beta").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let ben = alice.colleague("ben", &beta, Role::Member).await;
    (app, alice, [north, alpha, beta], ann, ben)
}

#[tokio::test]
async fn what_was_ones_own_becomes_the_teams_and_stays_the_same_memory() {
    let (app, alice, [_, alpha, beta], ann, ben) = office().await;
    let colleague = alice.colleague("cas", &alpha, Role::Viewer).await;
    let id = remember(&ann, "Alpha ships on Friday").await;
    let share = |with: &str| json!({ "with": with });
    let shares = format!("/v1/memories/{id}/shares/");
    ann.post(&shares, share(&alpha.label())).await.ok();
    ann.post(&shares, share(&format!("person:{}", ben.user))).await.ok();
    let moved = put(&ann, &id, &alpha.label()).await.ok();
    assert_eq!(
        (&moved["id"], &moved["scope"], &moved["version"]),
        (&json!(id), &json!(alpha.label()), &json!(2))
    );
    // Its author and history stay; what is shared stays shared, but with whom it lives now.
    let history = colleague.get(&format!("/v1/memories/{id}/history/")).await.ok();
    assert_eq!(history.as_array().unwrap().len(), 2);
    ben.get(&one(&id)).await.ok();
    let left = ann.get(&shares).await.ok();
    assert_eq!(left["results"].as_array().unwrap().len(), 1, "{left}");
    let found = json!({ "query": "when does Alpha ship", "scope": alpha.label() });
    let found = colleague.post("/v3/memories/search/", found).await.ok();
    assert_eq!(found["results"][0]["id"], json!(id));
    assert_eq!(ann.post("/v3/memories/", json!({ "scope": "personal" })).await.ok()["results"], json!([]));
    let row = "SELECT details FROM audit_log WHERE action = 'memory.relocate'";
    let row: Value = app.database().superuser().await.query_one(row, &[]).await.unwrap().get(0);
    assert_eq!(row, json!({ "from": "personal", "to": alpha.label(), "version": 2 }));
    // And back: nobody of the team sees it any more.
    put(&ann, &id, "personal").await.ok();
    colleague.get(&one(&id)).await.assert_problem(404, "not-found", None);
    ben.get(&one(&id)).await.ok();
    assert_eq!(ann.get(&one(&id)).await.ok()["version"], 3);
    put(&ann, &id, &beta.label()).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_move_that_may_not_be_is_refused_and_changes_nothing() {
    let (app, alice, [north, alpha, beta], ann, ben) = office().await;
    let viewer = alice.colleague("viewer", &alpha, Role::Viewer).await;
    let both = json!({ "user_id": ann.user, "role": "viewer" });
    alice.post(&format!("/v1/organizations/{}/members", beta.id), both).await.ok();
    let of = async |actor: &Actor, text: &str, more: Value| remember_with(actor, text, more).await;
    let in_alpha = of(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let by_lead = of(&alice, "Alpha tests on Monday", json!({ "scope": alpha.label() })).await;
    let secret =
        of(&alice, "The code", json!({ "scope": alpha.label(), "classification": "restricted" })).await;
    let own = remember(&viewer, "My locker is 14").await;
    let shared = remember(&ann, "It is mine").await;
    let admin = json!({ "with": format!("person:{}", viewer.user), "permission": "admin" });
    ann.post(&format!("/v1/memories/{shared}/shares/"), admin).await.ok();
    let rule = json!({ "approvals": [{ "directions": ["across"] }] });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", alpha.id), rule).await.ok();
    let context = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = context["id"].as_str().unwrap();
    let before = Tables::of(app.database(), alice.enterprise).await;
    for (who, id, scope, status, kind, field) in [
        (&ann, &in_alpha, alpha.label(), 409, "conflict", None),
        // Only read there.
        (&ann, &in_alpha, beta.label(), 403, "forbidden", None),
        (&viewer, &own, alpha.label(), 403, "forbidden", None),
        // Nor what somebody else added, or only shared.
        (&ann, &by_lead, "personal".to_owned(), 403, "forbidden", None),
        (&viewer, &shared, "personal".to_owned(), 403, "forbidden", None),
        (&ben, &in_alpha, "personal".to_owned(), 404, "not-found", None),
        // Above its class, and where somebody has to agree.
        (&alice, &secret, north.label(), 403, "forbidden", None),
        (&alice, &in_alpha, beta.label(), 403, "forbidden", None),
        // Nor out from under the rules.
        (&alice, &in_alpha, "personal".to_owned(), 403, "forbidden", None),
        (&ann, &in_alpha, "personal".to_owned(), 403, "forbidden", None),
        (&ann, &in_alpha, format!("context:{context}"), 403, "forbidden", None),
        (&alice, &in_alpha, "team:org_01jd00000000000000000000aa".to_owned(), 404, "not-found", None),
        (&alice, &in_alpha, "the moon".to_owned(), 400, "invalid", Some("scope")),
    ] {
        put(who, id, &scope).await.assert_problem(status, kind, field);
    }
    before.assert_unchanged(&Tables::of(app.database(), alice.enterprise).await, "a refused move");
}

#[tokio::test]
async fn nobody_takes_for_themselves_what_somebody_else_added() {
    let (_app, alice, [_, alpha, beta], ann, _) = office().await;
    let id = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let told = put(&alice, &id, "personal").await.assert_problem(403, "forbidden", None);
    assert_eq!(told, "somebody else added it, and would not see it any more: it moves to nodes and contexts");
    assert_eq!(ann.get(&one(&id)).await.ok()["version"], 1);
    put(&alice, &id, &beta.label()).await.ok();
    let own = remember_with(&alice, "Alpha is for sale", json!({ "scope": alpha.label() })).await;
    put(&alice, &own, "personal").await.ok();
}

#[tokio::test]
async fn a_move_that_is_sent_twice_is_made_once() {
    let (_app, _alice, [_, alpha, _], ann, _) = office().await;
    let id = remember(&ann, "Alpha ships on Friday").await;
    for replayed in [None, Some("true")] {
        let request = Request::put(format!("/v1/memories/{id}/scope/"))
            .header("content-type", "application/json")
            .header("idempotency-key", "once")
            .body(json!({ "scope": alpha.label() }).to_string().into());
        let answer = ann.send(request.unwrap()).await;
        assert_eq!(answer.header("idempotent-replayed"), replayed);
        assert_eq!(answer.ok()["version"], 2);
    }
}

/// Whatever way the rule is about, and whoever has it by then: in the end it would go without anybody's agreement.
#[tokio::test]
async fn what_is_under_rules_about_approvals_stays_under_them() {
    let (_app, alice, [north, alpha, beta], ann, _) = office().await;
    let policy = |node: &Node| format!("/v1/organizations/{}/sharing-policy", node.id);
    let id = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let lead = alice.colleague("lead", &north, Role::Admin).await;
    alice.put(&policy(&north), json!({ "approvals": [{ "directions": ["out", "public"] }] })).await.ok();
    let told = put(&ann, &id, "personal").await.assert_problem(403, "forbidden", None);
    assert_eq!(
        told,
        format!(
            "it would leave the rules of {} about approvals: it stays there; share it instead",
            north.in_words()
        )
    );
    // Below the same node the same rules hold.
    put(&lead, &id, &beta.label()).await.ok();
    alice.put(&policy(&beta), json!({ "approvals": [{ "directions": ["public"] }] })).await.ok();
    put(&lead, &id, &alpha.label()).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn what_few_may_see_goes_nowhere_where_more_may() {
    let (_app, alice, [_, alpha, _], ann, _) = office().await;
    let id = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let limit = json!({ "audiences": { "internal": "team" } });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", alpha.id), limit.clone()).await.ok();
    let everyone = json!({ "with": "enterprise" });
    let shares = format!("/v1/memories/{id}/shares/");
    ann.post(&shares, everyone.clone()).await.assert_problem(403, "forbidden", None);
    let context = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = format!("context:{}", context["id"].as_str().unwrap());
    // Nor of another class, because it could have this one later.
    for class in ["internal", "confidential"] {
        alice.put(&one(&id), json!({ "classification": class })).await.ok();
        for scope in ["personal", context.as_str()] {
            let told = put(&ann, &id, scope).await.assert_problem(403, "forbidden", None);
            let expected = "it would leave the limits on who may see what is internal here: it stays there; share it instead";
            assert_eq!(told, expected);
        }
    }
    // Where it is as narrow, it may go; and so it stays.
    alice.put("/v1/enterprise/sharing-policy", limit).await.ok();
    put(&ann, &id, "personal").await.ok();
    ann.put(&one(&id), json!({ "classification": "internal" })).await.ok();
    ann.post(&shares, everyone).await.assert_problem(403, "forbidden", None);
}
