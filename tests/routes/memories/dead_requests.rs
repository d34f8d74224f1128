//! Approval requests end with what they are about.

use http::Method;
use serde_json::{Value, json};
use shared::access::ScopeKind;

use super::{one, remember_with};
use crate::harness::{Actor, Client as _, TwoTeams};

async fn ask(actor: &Actor, path: &str, with: &str) -> String {
    let asked = actor.post(path, json!({ "with": with })).await;
    asked.assert_status(202).json()["approval"]["id"].as_str().unwrap().to_owned()
}

/// What became of it, and why; nobody can decide it.
async fn end(lead: &Actor, id: &str) -> String {
    let shown = lead.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert_eq!((&shown["status"], &shown["can_decide"]), (&json!("denied"), &json!(false)), "{shown}");
    assert_eq!(shown["decided_by"], Value::Null);
    assert_eq!(lead.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
    for verb in ["approve", "deny"] {
        let late = lead.post(&format!("/v1/approvals/{id}/{verb}/"), json!({})).await;
        assert_eq!(late.assert_problem(409, "conflict", None), "the request is denied already");
    }
    shown["decision_reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_ends_when_what_it_needs_is_deleted() {
    let rule = json!({ "directions": ["across"] });
    let TwoTeams { app: _app, alice, north, alpha, beta, ann, lead, .. } = TwoTeams::under(rule).await;
    let memory = async |text: &str| remember_with(&ann, text, json!({ "scope": alpha.label() })).await;
    let shares = |memory: &str| format!("/v1/memories/{memory}/shares/");

    // One by one, and by a sweep.
    let first = memory("Alpha ships on Friday").await;
    let id = ask(&ann, &shares(&first), &beta.label()).await;
    ann.delete(&one(&first)).await.ok();
    assert_eq!(end(&lead, &id).await, "what was to be shared was deleted");
    let swept = remember_with(&ann, "Alpha rests", json!({ "scope": alpha.label(), "run_id": "r1" })).await;
    let id = ask(&ann, &shares(&swept), &beta.label()).await;
    let sweep = format!("/v1/memories/?run_id=r1&scope={}", alpha.label());
    ann.call(Method::DELETE, &sweep, None).await.ok();
    assert_eq!(end(&lead, &id).await, "what was to be shared was deleted");

    // With whom.
    let gone = alice.node_in(&north, ScopeKind::Team, "Gone").await;
    let kept = memory("Alpha sells on Monday").await;
    let id = ask(&ann, &shares(&kept), &gone.label()).await;
    alice.delete(&format!("/v1/organizations/{}", gone.id)).await.assert_status(204);
    assert_eq!(end(&lead, &id).await, "with whom it was to be shared was deleted");

    // A context.
    let context = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = context["id"].as_str().unwrap();
    let pin = ask(&ann, &shares(&kept), &format!("context:{context}")).await;
    ann.delete(&format!("/v1/contexts/{context}/")).await.assert_status(204);
    assert_eq!(end(&lead, &pin).await, "with whom it was to be shared was deleted");
}
