//! A role that is removed while a request of its holder waits for a lock no longer counts when the request continues:
//! no grant is made with a role that was lost before it.

use http::Method;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::ids::MemoryId;
use tokio_postgres::Client;

use crate::harness::{Actor, Answer, Client as _, Node, TestApp};

/// Ann of a team with its memory, an outsider, and an owner.
struct Scene {
    app: TestApp,
    owner: Actor,
    team: Node,
    ann: Actor,
    outsider: Actor,
    memory: String,
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let owner = app.owner("alice").await;
        let organization = owner.node(ScopeKind::Organization, "organization").await;
        let team = owner.node_in(&organization, ScopeKind::Team, "team").await;
        let elsewhere = owner.node(ScopeKind::Organization, "elsewhere").await;
        let ann = owner.colleague("ann", &team, Role::Member).await;
        let outsider = owner.colleague("outsider", &elsewhere, Role::Viewer).await;
        let body = json!({
            "messages": "The walrus is in the harbour", "infer": false, "scope": team.label(), "classification": "public"
        });
        let added = ann.post("/v3/memories/add/", body).await.ok();
        let memory = added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned();
        Self { app, owner, team, ann, outsider, memory }
    }

    fn memory(&self, rest: &str) -> String {
        format!("/v1/memories/{}/{rest}", self.memory)
    }

    async fn remove(&self, from: &Node, who: &Actor) -> Answer {
        self.owner.delete(&format!("/v1/organizations/{}/members/{}", from.id, who.user)).await
    }

    async fn deactivate(&self, who: &Actor) -> Answer {
        self.owner.post(&format!("/v1/users/{}/deactivate", who.user), json!({})).await
    }

    /// A connection of its own that holds the memory until it rolls back.
    async fn held(&self) -> Client {
        let holder = self.app.database().another_superuser().await;
        let id = self.memory.parse::<MemoryId>().unwrap().uuid();
        holder.batch_execute("BEGIN").await.unwrap();
        holder.query_one("SELECT id FROM memories WHERE id = $1 FOR UPDATE", &[&id]).await.unwrap();
        holder
    }

    /// What a request is answered that waits for the memory while something else happens.
    async fn meanwhile(
        &self,
        request: impl Future<Output = Answer>,
        change: impl Future<Output = Answer>,
    ) -> Answer {
        let holder = self.held().await;
        let change = async {
            self.app.database().until_waiting(1).await;
            change.await.ok();
            holder.batch_execute("ROLLBACK").await.unwrap();
        };
        tokio::join!(request, change).0
    }

    async fn shares(&self) -> Value {
        self.owner.get(&self.memory("shares/")).await.ok()["results"].clone()
    }
}

#[tokio::test]
async fn whoever_is_removed_while_their_request_waits_changes_nothing() {
    let with = |scene: &Scene| json!({ "with": format!("person:{}", scene.outsider.user) });
    let requests: [(&str, Method, &str, Option<Value>); 5] = [
        ("share", Method::POST, "shares/", None),
        ("revise", Method::PUT, "", Some(json!({ "text": "The walrus has left" }))),
        ("forget", Method::DELETE, "", None),
        ("link", Method::POST, "links/", Some(json!({}))),
        ("rehome", Method::PUT, "scope/", Some(json!({ "scope": "personal" }))),
    ];
    for (what, method, path, body) in requests {
        let scene = Scene::new().await;
        let body = body.or_else(|| (method == Method::POST).then(|| with(&scene)));
        let path = scene.memory(path);
        let request = scene.ann.call(method, &path, body.as_ref());
        let answer = scene.meanwhile(request, scene.remove(&scene.team, &scene.ann)).await;
        assert!([403, 404].contains(&answer.status.as_u16()), "{what}: {answer}");
        let memory = scene.owner.get(&scene.memory("")).await.ok();
        assert_eq!(memory["memory"], "The walrus is in the harbour", "{what}");
        assert_eq!(memory["scope"], json!(scene.team.label()), "{what}");
        assert_eq!(scene.shares().await, json!([]), "{what}");
        scene.outsider.get(&scene.memory("")).await.assert_status(404);
    }
}

#[tokio::test]
async fn whoever_is_deactivated_while_their_request_waits_shares_nothing() {
    let scene = Scene::new().await;
    let (path, with) =
        (scene.memory("shares/"), json!({ "with": format!("person:{}", scene.outsider.user) }));
    let share = scene.ann.post(&path, with);
    let answer = scene.meanwhile(share, scene.deactivate(&scene.ann)).await;
    answer.assert_problem(401, "unauthenticated", None);
    assert_eq!(scene.shares().await, json!([]));
}

#[tokio::test]
async fn whoever_loses_the_role_above_by_a_move_while_their_request_waits_changes_nothing() {
    let scene = Scene::new().await;
    let (from, to) = (
        scene.owner.node(ScopeKind::Organization, "from").await,
        scene.owner.node(ScopeKind::Organization, "to").await,
    );
    let place = async |node: &Node| {
        scene
            .owner
            .post(&format!("/v1/organizations/{}/move", scene.team.id), json!({ "parent": node.id }))
            .await
    };
    place(&from).await.ok();
    let boss = scene.owner.colleague("boss", &from, Role::Admin).await;
    let path = scene.memory("");
    let revise = boss.put(&path, json!({ "text": "The walrus has left" }));
    let answer = scene.meanwhile(revise, place(&to)).await;
    answer.assert_problem(404, "not-found", None);
    assert_eq!(scene.owner.get(&path).await.ok()["memory"], "The walrus is in the harbour");
}

#[tokio::test]
async fn whoever_is_deactivated_while_they_approve_approves_nothing() {
    let scene = Scene::new().await;
    scene
        .owner
        .put("/v1/enterprise/sharing-policy", json!({ "approvals": [{ "directions": ["out"] }] }))
        .await
        .ok();
    let second = scene.owner.enterprise_colleague("second", Role::Admin).await;
    let with = json!({ "with": format!("person:{}", scene.outsider.user) });
    let asked = scene.ann.post(&scene.memory("shares/"), with).await;
    asked.assert_status(202);
    let path = format!("/v1/approvals/{}/approve/", asked.json()["approval"]["id"].as_str().unwrap());
    let approve = second.post(&path, json!({ "reason": "fine" }));
    let answer = scene.meanwhile(approve, scene.deactivate(&second)).await;
    // 409: they may not decide any more, and find that out last.
    assert!([401, 403, 404, 409].contains(&answer.status.as_u16()), "{answer}");
    let request = path.trim_end_matches("approve/");
    assert_eq!(scene.ann.get(request).await.ok()["status"], "pending", "{answer}");
    scene.outsider.get(&scene.memory("")).await.assert_status(404);
}

#[tokio::test]
async fn a_delegate_who_comes_to_gain_while_they_approve_approves_nothing() {
    let scene = Scene::new().await;
    let rules = json!({ "approvals": [{ "directions": ["out"] }] });
    scene.owner.put("/v1/enterprise/sharing-policy", rules).await.ok();
    let second = scene.owner.enterprise_colleague("second", Role::Admin).await;
    let (far, beside) = (
        scene.owner.node(ScopeKind::Organization, "far").await,
        scene.owner.node(ScopeKind::Organization, "beside").await,
    );
    let delegate = scene.owner.colleague("delegate", &beside, Role::Member).await;
    let until = scene.app.now() + chrono::TimeDelta::hours(1);
    let named = json!({ "user_id": delegate.user, "ends_at": until.to_rfc3339() });
    second.post("/v1/enterprise/approval-delegates", named).await.assert_status(201);
    let asked = scene.ann.post(&scene.memory("shares/"), json!({ "with": far.label() })).await;
    let request = asked.assert_status(202).json()["approval"]["id"].clone();
    let request = format!("/v1/approvals/{}/", request.as_str().unwrap());
    let path = format!("{request}approve/");
    let approve = delegate.post(&path, json!({ "reason": "fine" }));
    let member = json!({ "user_id": delegate.user, "role": "viewer" });
    let join = async { scene.owner.post(&format!("/v1/organizations/{}/members", far.id), member).await };
    let answer = scene.meanwhile(approve, join).await;
    answer.assert_problem(409, "conflict", None);
    assert_eq!(scene.ann.get(&request).await.ok()["status"], "pending");
    delegate.get(&scene.memory("")).await.assert_status(404);
    // Asked again, they are told why.
    let again = delegate.post(&path, json!({ "reason": "fine" })).await;
    let told = again.assert_problem(403, "forbidden", None);
    assert!(told.contains("a delegate does not decide about that"), "{told}");
    second.post(&path, json!({ "reason": "fine" })).await.ok();
}

#[tokio::test]
async fn whoever_is_deactivated_while_they_wait_for_the_tenant_invites_nobody() {
    let scene = Scene::new().await;
    let second = scene.owner.enterprise_colleague("second", Role::Owner).await;
    let holder = scene.app.database().another_superuser().await;
    holder.batch_execute("BEGIN").await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('tenancy ' || $1::uuid, 0))";
    holder.query_one(lock, &[&scene.owner.enterprise.uuid()]).await.unwrap();
    let invite = async {
        scene.app.database().until_waiting(1).await;
        second
            .post("/v1/enterprise/invitations", json!({ "email": "mal@example.org", "role": "owner" }))
            .await
    };
    let release = async {
        // First who deactivates, then who invites.
        scene.app.database().until_waiting(2).await;
        holder.batch_execute("ROLLBACK").await.unwrap();
    };
    let (ended, invited, ()) = tokio::join!(scene.deactivate(&second), invite, release);
    ended.assert_status(200);
    invited.assert_problem(401, "unauthenticated", None);
    let open = scene.owner.get("/v1/enterprise/invitations").await.ok();
    assert_eq!(open["results"], json!([]));
}

#[tokio::test]
async fn what_others_gain_or_make_meanwhile_sends_nobody_back() {
    let scene = Scene::new().await;
    let (path, with) =
        (scene.memory("shares/"), json!({ "with": format!("person:{}", scene.outsider.user) }));
    let share = scene.ann.post(&path, with);
    let grow = async {
        let node = scene.owner.node(ScopeKind::Organization, "one more").await;
        let member = json!({ "user_id": scene.ann.user, "role": "admin" });
        scene.owner.post(&format!("/v1/organizations/{}/members", node.id), member).await
    };
    scene.meanwhile(share, grow).await.assert_status(201);
    let tries = "SELECT count(*) FROM audit_log WHERE action = 'share.create'";
    let tries: i64 = scene.app.database().superuser().await.query_one(tries, &[]).await.unwrap().get(0);
    assert_eq!(tries, 1);
}
