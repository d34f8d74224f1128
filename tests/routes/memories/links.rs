//! `/v1/memories/{id}/links/` and `/v1/contexts/{id}/links/`: what ends a link.

use chrono::SecondsFormat;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::remember_with;
use super::sharing::{in_days, person, revoke, share, shared, shares};
use crate::harness::{Actor, Client as _, Node, TestApp};

/// A member of team Alpha with a public memory of the team's.
struct Public {
    app: TestApp,
    owner: Actor,
    alpha: Node,
    ann: Actor,
    memory: String,
}

impl Public {
    async fn new() -> Self {
        let (app, owner, _) = TestApp::two_tenants().await;
        let north = owner.node(ScopeKind::Organization, "North").await;
        let alpha = owner.node_in(&north, ScopeKind::Team, "Alpha").await;
        let ann = owner.colleague("ann", &alpha, Role::Member).await;
        let public = json!({ "scope": alpha.label(), "classification": "public" });
        let memory = remember_with(&ann, "We open at nine", public).await;
        Self { app, owner, alpha, ann, memory }
    }

    fn links(&self) -> String {
        format!("/v1/memories/{}/links/", self.memory)
    }

    async fn policy(&self, policy: Value) {
        self.owner.put(&format!("/v1/organizations/{}/sharing-policy", self.alpha.id), policy).await.ok();
    }

    /// Whether anybody who has the link sees what it is to.
    async fn opens(&self, link: &Value) -> bool {
        let path = format!("/v1/links/{}", link["token"].as_str().unwrap());
        self.app.anonymous().get(&path).await.status.is_success()
    }
}

fn rule() -> Value {
    json!({ "approvals": [{ "directions": ["public"] }] })
}

#[tokio::test]
async fn a_link_ends_with_the_approved_share_that_it_needs() {
    let public = Public::new().await;
    public.policy(rule()).await;
    public.ann.post(&public.links(), json!({})).await.assert_problem(403, "forbidden", None);
    let until = in_days(&public.app, 1);
    let asked = share(&public.ann, &public.memory, "public", json!({ "expires_at": until })).await;
    asked.assert_status(202);
    let approval = asked.json()["approval"]["id"].as_str().unwrap().to_owned();
    public.owner.post(&format!("/v1/approvals/{approval}/approve/"), json!({})).await.ok();

    let later = json!({ "expires_at": in_days(&public.app, 2) });
    let detail = public.ann.post(&public.links(), later).await.assert_problem(403, "forbidden", None);
    assert!(detail.contains("ends at 2026-03-03T09:00:00Z"), "{detail}");
    let link = public.ann.post(&public.links(), json!({})).await.ok();
    let end = until.to_rfc3339_opts(SecondsFormat::Secs, true);
    assert_eq!((&link["expires_at"], &link["live"]), (&json!(end), &json!(true)));
    assert!(public.opens(&link).await);

    let made = public.owner.get(&shares(&public.memory)).await.ok();
    revoke(&public.owner, &public.memory, made["results"][0]["id"].as_str().unwrap()).await.ok();
    assert!(!public.opens(&link).await);
    assert_eq!(public.ann.get(&public.links()).await.ok()["results"][0]["live"], false);
}

#[tokio::test]
async fn a_link_shows_nothing_when_its_maker_is_gone_or_its_node_lets_no_link_show_it() {
    let public = Public::new().await;
    let link = public.ann.post(&public.links(), json!({})).await.ok();
    let account = format!("/v1/users/{}", public.ann.user);
    for (change, opens) in [("deactivate", false), ("reactivate", true)] {
        public.owner.post(&format!("{account}/{change}"), json!({})).await.ok();
        assert_eq!(public.opens(&link).await, opens, "{change}");
    }
    for (audience, opens) in [("enterprise", false), ("public", false), ("link", true)] {
        public.policy(json!({ "audiences": { "public": audience } })).await;
        assert_eq!(public.opens(&link).await, opens, "{audience}");
    }
}

#[tokio::test]
async fn a_link_made_by_role_ends_with_that_role() {
    let public = Public::new().await;
    let link = public.ann.post(&public.links(), json!({})).await.ok();
    assert!(public.opens(&link).await);
    let member = |rest: &str| format!("/v1/organizations/{}/members{rest}", public.alpha.id);
    let own = member(&format!("/{}", public.ann.user));
    public.owner.put(&own, json!({ "role": "viewer" })).await.ok();
    assert!(!public.opens(&link).await);
    public.owner.delete(&own).await.assert_status(204);
    assert!(!public.opens(&link).await);
    let listed = public.owner.get(&public.links()).await.ok();
    assert_eq!(listed["results"][0]["live"], false, "{listed}");
    public.owner.post(&member(""), json!({ "user_id": public.ann.user, "role": "member" })).await.ok();
    assert!(public.opens(&link).await);
    // What is somebody's own they may show without any.
    let own = remember_with(&public.ann, "I like tea", json!({ "classification": "public" })).await;
    let link = public.ann.post(&format!("/v1/memories/{own}/links/"), json!({})).await.ok();
    public.owner.delete(&member(&format!("/{}", public.ann.user))).await.assert_status(204);
    assert!(public.opens(&link).await);
}

#[tokio::test]
async fn a_link_made_through_a_share_ends_with_it_and_is_for_nobody_who_may_only_read() {
    let public = Public::new().await;
    let bob = public.owner.stranger("bob").await;
    let kept = public.ann.post(&public.links(), json!({})).await.ok();
    shared(&public.ann, &public.memory, &person(&bob), json!({ "permission": "admin" })).await;
    let link = bob.post(&public.links(), json!({})).await.ok();
    assert!(public.opens(&link).await);
    // Sharing again changes the terms.
    shared(&public.ann, &public.memory, &person(&bob), json!({ "permission": "read", "may_reshare": true }))
        .await;
    assert!(!public.opens(&link).await);
    bob.get(&public.links()).await.assert_problem(403, "forbidden", None);
    let named = format!("{}{}/", public.links(), kept["id"].as_str().unwrap());
    bob.delete(&named).await.assert_problem(403, "forbidden", None);
    assert!(public.opens(&kept).await);
}

/// A context is no way around what its memories need.
#[tokio::test]
async fn a_link_to_a_context_needs_what_links_to_its_memories_need() {
    let public = Public::new().await;
    let context = public.ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = context["id"].as_str().unwrap().to_owned();
    let links = format!("/v1/contexts/{context}/links/");
    public.policy(rule()).await;
    let empty = public.ann.post(&links, json!({})).await.ok();
    // Whoever has that link would see it.
    let pinned = share(&public.ann, &public.memory, &format!("context:{context}"), json!({})).await;
    pinned.assert_status(202);
    let id = empty["id"].as_str().unwrap();
    public.ann.delete(&format!("{links}{id}/")).await.assert_status(204);
    let withdraw = format!("/v1/approvals/{}/withdraw/", pinned.json()["approval"]["id"].as_str().unwrap());
    public.ann.call(http::Method::POST, &withdraw, None).await.ok();
    shared(&public.ann, &public.memory, &format!("context:{context}"), json!({})).await;
    public.ann.post(&links, json!({})).await.assert_problem(403, "forbidden", None);
    public.policy(json!({ "approvals": [] })).await;
    let link = public.ann.post(&links, json!({})).await.ok();
    assert!(public.opens(&link).await);
    let shown =
        public.app.anonymous().get(&format!("/v1/links/{}", link["token"].as_str().unwrap())).await.ok();
    assert_eq!(shown["memories"].as_array().unwrap().len(), 1);
    public.policy(json!({ "audiences": { "public": "public" } })).await;
    let shown =
        public.app.anonymous().get(&format!("/v1/links/{}", link["token"].as_str().unwrap())).await.ok();
    assert_eq!(shown["memories"], json!([]), "not by links where it lives");
}
