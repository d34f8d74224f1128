//! Contexts as those see them with whom they are shared.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::sharing::person;
use super::{add, list, one, remember, remember_with, search, team, texts};
use crate::harness::{Actor, Client as _, Node, TestApp};
use crate::routes::mcp::client::{call, modern, refused};

/// Ann's context, with a memory of its own and one that is pinned to it.
struct Launch {
    app: TestApp,
    alice: Actor,
    beta: Node,
    ann: Actor,
    /// A member and an admin of Beta.
    bob: Actor,
    lead: Actor,
    context: String,
    inside: String,
}

const INSIDE: &str = "The launch is on Friday";
const PINNED: &str = "Alpha tests until Thursday";

impl Launch {
    async fn new() -> Self {
        let (app, alice, _) = TestApp::two_tenants().await;
        let beta = team(&alice, "Beta").await;
        let north = alice.node(ScopeKind::Organization, "North").await;
        let ann = alice.colleague("ann", &north, Role::Member).await;
        let bob = alice.colleague("bob", &beta, Role::Member).await;
        let lead = alice.colleague("lead", &beta, Role::Admin).await;
        let new = json!({ "name": "Launch", "description": "for the launch" });
        let made = ann.post("/v1/contexts/", new).await.ok();
        let context = made["id"].as_str().unwrap().to_owned();
        let scope = json!({ "scope": format!("context:{context}") });
        let inside = remember_with(&ann, INSIDE, scope.clone()).await;
        let pinned = remember(&ann, PINNED).await;
        let with = json!({ "with": scope["scope"] });
        ann.post(&format!("/v1/memories/{pinned}/shares/"), with).await.ok();
        Self { app, alice, beta, ann, bob, lead, context, inside }
    }

    fn path(&self) -> String {
        format!("/v1/contexts/{}/", self.context)
    }

    fn scope(&self) -> Value {
        json!({ "scope": format!("context:{}", self.context) })
    }

    /// Shares it; the share's id.
    async fn share(&self, terms: Value) -> String {
        let shared = self.ann.post(&format!("{}shares/", self.path()), terms).await;
        shared.assert_status(201).json()["share"]["id"].as_str().unwrap().to_owned()
    }

    /// Whether somebody sees that it exists, in every way.
    async fn sees(&self, who: &Actor) -> bool {
        let read = who.get(&self.path()).await.status.is_success();
        let all = who.get("/v1/contexts/").await.ok();
        let listed = all["results"].as_array().unwrap().iter().any(|it| it["id"] == json!(self.context));
        let found = who.post("/v3/memories/", self.scope()).await.status.is_success();
        let label = json!(format!("context:{}", self.context));
        let named = |rows: &Value| rows.as_array().unwrap().iter().any(|it| it["scope"] == label);
        let scopes = [
            named(&who.get("/v1/scopes").await.ok()["results"]),
            named(&who.get("/v1/auth/me").await.ok()["scopes"]),
            named(&call(who, "list_scopes", json!({})).await["results"]),
        ];
        assert_eq!(scopes, [read; 3], "lists of scopes agree");
        let shares = who.get(&format!("{}shares/", self.path())).await.status.is_success();
        let here = json!({ "filters": self.scope() });
        let filtered = who.post("/v3/memories/", here).await.status.is_success();
        assert_eq!([listed, found, shares, filtered], [read; 4], "all ways agree");
        read
    }
}

#[tokio::test]
async fn lists_of_scopes_say_how_a_shared_context_is_reached() {
    let launch = Launch::new().await;
    let Launch { app, ann, bob, lead, beta, .. } = &launch;
    let until = app.now() + TimeDelta::hours(5);
    launch.share(json!({ "with": person(bob) , "expires_at": until })).await;
    let share = launch.share(json!({ "with": beta.label(), "permission": "write" })).await;
    let row = async |who: &Actor| {
        let rows = who.get("/v1/scopes").await.ok()["results"].as_array().unwrap().clone();
        let contexts: Vec<_> = rows.into_iter().filter(|row| row["kind"] == "context").collect();
        assert!(contexts.len() <= 1, "once, however often it is shared: {contexts:?}");
        contexts.into_iter().next()
    };
    let expected = json!({
        "scope": format!("context:{}", launch.context), "kind": "context", "id": launch.context, "name": "Launch",
        "role": null, "writable": false,
        "shared": {
            "share_id": share, "with": beta.label(), "with_name": "Beta", "permission": "write",
            "granted_by": ann.user, "expires_at": null,
        },
    });
    for who in [bob, lead] {
        assert_eq!(row(who).await.as_ref(), Some(&expected));
    }
    assert_eq!(row(ann).await.unwrap().get("shared"), None, "a member needs no share");
    let typed = json!({
        "ref": { "type": "ref/resource", "uri": "mem0://scopes/{scope}" },
        "argument": { "name": "scope", "value": "laun" },
    });
    let completed = modern(bob, "completion/complete", typed).await.ok();
    assert_eq!(completed["result"]["completion"]["values"], json!([expected["scope"]]));
    let resources = modern(bob, "resources/list", json!({})).await.ok()["result"]["resources"].to_string();
    assert!(resources.contains(launch.context.as_str()), "{resources}");
    let outside = format!("{}shares/{share}/", launch.path());
    ann.delete(&outside).await.ok();
    assert_eq!(row(lead).await, None, "revocation takes effect with the next request");
    assert_eq!(row(bob).await.unwrap()["shared"]["with"], "personal");
    app.advance(TimeDelta::hours(6));
    assert_eq!(row(bob).await, None);
}

#[tokio::test]
async fn those_with_whom_a_context_is_shared_read_it_and_search_in_it() {
    let launch = Launch::new().await;
    let Launch { bob, lead, .. } = &launch;
    assert!(!launch.sees(bob).await);
    remember(bob, "Bob's own launch on Thursday").await;
    for (with, reason) in [
        (person(bob), "in the context Launch, shared with you by ann"),
        (launch.beta.label(), "in the context Launch, shared with team Beta by ann"),
    ] {
        let share = launch.share(json!({ "with": with })).await;
        assert!(launch.sees(bob).await);
        let seen = bob.get(&launch.path()).await.ok();
        assert_eq!(
            (&seen["name"], &seen["description"], &seen["role"]),
            (&json!("Launch"), &json!("for the launch"), &Value::Null)
        );
        let mut found = search(bob, "launch tests Friday Thursday", launch.scope()).await;
        found.sort();
        assert_eq!(found, [PINNED, INSIDE]);
        assert_eq!(list(bob, launch.scope()).await.len(), 2);
        let stats = bob.get(&format!("/v1/stats/?scope=context:{}", launch.context)).await.ok();
        assert_eq!(stats["total_memories"], 2);
        let prompt = json!({ "prompt": "When is the launch?", "scope": launch.scope()["scope"] });
        let enhanced = bob.post("/enhance", prompt).await.ok();
        assert!(enhanced.to_string().contains(reason), "{enhanced}");
        let levels = bob.post("/v1/memories/hierarchical/", json!({})).await.ok();
        let levels = levels["levels"].as_array().unwrap();
        let reasons = levels.iter().flat_map(|level| level["results"].as_array().unwrap());
        assert!(reasons.clone().any(|it| it["memory"] == INSIDE && it["reason"] == reason), "{levels:?}");
        assert!(reasons.clone().any(|it| it["memory"] == PINNED && it["reason"] == reason), "{levels:?}");
        let because = bob.get(&format!("/v1/memories/{}/access/", launch.inside)).await.ok();
        assert_eq!(because["you"]["because"], json!([reason]));
        // They read it, and no more.
        let add = json!({ "messages": "no", "infer": false, "scope": launch.scope()["scope"] });
        bob.post("/v3/memories/add/", add).await.assert_problem(404, "not-found", None);
        bob.patch(&launch.path(), json!({ "name": "No" })).await.assert_problem(403, "forbidden", None);
        bob.delete(&launch.path()).await.assert_problem(403, "forbidden", None);
        bob.get(&format!("{}members/", launch.path())).await.assert_problem(403, "forbidden", None);
        let on = json!({ "with": "enterprise" });
        bob.post(&format!("{}shares/", launch.path()), on).await.assert_problem(403, "forbidden", None);
        bob.post(&format!("{}links/", launch.path()), json!({})).await.assert_problem(403, "forbidden", None);
        let listed = bob.get(&format!("{}shares/", launch.path())).await.ok();
        assert_eq!(listed["results"].as_array().unwrap().len(), 1, "their own: {listed}");
        // Those who administer the recipient end it, or it is theirs.
        let one = format!("{}shares/{share}/", launch.path());
        match with == person(bob) {
            true => drop(bob.delete(&one).await.ok()),
            false => {
                bob.delete(&one).await.assert_problem(403, "forbidden", None);
                lead.delete(&one).await.ok();
            }
        }
        assert!(!launch.sees(bob).await && !launch.sees(lead).await);
    }
}

#[tokio::test]
async fn tools_search_and_list_a_shared_context_and_add_nothing_to_it() {
    let launch = Launch::new().await;
    let bob = &launch.bob;
    let search = json!({ "query": "launch tests Friday Thursday", "scope": launch.scope()["scope"] });
    let told = refused(bob, "search_memories", search.clone()).await;
    assert!(told.contains("scope not found"), "{told}");
    launch.share(json!({ "with": person(bob) })).await;
    let found = call(bob, "search_memories", search).await;
    assert_eq!(found["results"].as_array().unwrap().len(), 2, "{found}");
    let filtered = json!({ "query": "launch tests Friday Thursday", "filters": launch.scope() });
    assert_eq!(call(bob, "search_memories", filtered).await["results"].as_array().unwrap().len(), 2);
    let listed = call(bob, "get_memories", launch.scope()).await;
    assert_eq!(listed["results"].as_array().unwrap().len(), 2, "{listed}");
    let add = json!({ "text": "no", "scope": launch.scope()["scope"] });
    let told = refused(bob, "add_memory", add).await;
    assert!(
        told.contains("is shared with you, and this is for its members: it needs the role member there"),
        "{told}"
    );
}

#[tokio::test]
async fn a_shared_context_is_out_of_sight_when_the_share_has_ended() {
    let launch = Launch::new().await;
    let until = launch.app.now() + TimeDelta::hours(5);
    launch.share(json!({ "with": person(&launch.bob), "expires_at": until })).await;
    launch.share(json!({ "with": "enterprise" })).await;
    let share = launch.ann.get(&format!("{}shares/", launch.path())).await.ok();
    assert!(launch.sees(&launch.bob).await && launch.sees(&launch.lead).await);
    let everyone = share["results"][1]["id"].as_str().unwrap();
    launch.alice.delete(&format!("{}shares/{everyone}/", launch.path())).await.ok();
    assert!(launch.sees(&launch.bob).await && !launch.sees(&launch.lead).await);
    launch.app.advance(TimeDelta::hours(6));
    assert!(!launch.sees(&launch.bob).await);
    launch.bob.get(&one(&launch.inside)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_share_that_is_over_says_nothing_about_what_is_added() {
    let launch = Launch::new().await;
    let until = launch.app.now() + TimeDelta::hours(1);
    launch.share(json!({ "with": "enterprise", "expires_at": until.to_rfc3339() })).await;
    let mut terms = launch.scope();
    terms["classification"] = json!("confidential");
    add(&launch.ann, &["The price is nine"], terms.clone()).await.assert_problem(403, "forbidden", None);
    // Before a job has ended it.
    launch.app.advance(TimeDelta::hours(2));
    remember_with(&launch.ann, "The price is nine", terms).await;
}

#[tokio::test]
async fn a_narrowed_key_sees_a_context_only_through_what_it_reaches() {
    let launch = Launch::new().await;
    launch.share(json!({ "with": launch.beta.label() })).await;
    let south = launch.alice.node(ScopeKind::Organization, "South").await;
    let join = json!({ "user_id": launch.bob.user, "role": "member" });
    launch.alice.post(&format!("/v1/organizations/{}/members", south.id), join).await.ok();
    for (node, reaches) in [(&launch.beta, true), (&south, false)] {
        let key = json!({ "name": "k", "scopes": ["memories:read"], "within": [node.label()] });
        let key = launch.bob.with_key(&launch.bob.post("/v1/api-keys", key).await.ok());
        assert_eq!(launch.sees(&key).await, reaches, "within {}", node.label());
    }
}

/// Before they were refused, contexts could be shared with more.
#[tokio::test]
async fn a_share_of_before_gives_no_more_than_one_of_today() {
    let launch = Launch::new().await;
    let Launch { app, alice, ann, bob, .. } = &launch;
    let other = remember_with(ann, "The launch is in the hall", launch.scope()).await;
    launch.share(json!({ "with": person(bob), "permission": "write" })).await;
    let superuser = app.database().superuser().await;
    let before = "ALTER TABLE shares DROP CONSTRAINT terms_of_contexts;
        UPDATE shares SET permission = 'admin', may_reshare = true WHERE context_id IS NOT NULL;
        UPDATE memory_scopes SET permission = 'admin' WHERE permission = 'write'";
    superuser.batch_execute(before).await.unwrap();
    bob.delete(&one(&other)).await.ok();
    // As the migration finds it, and when it is repeated.
    let lower = include_str!("../../../shared/migrations/V107__terms_of_contexts.sql");
    for _ in 0..2 {
        superuser.batch_execute(lower).await.unwrap();
    }
    bob.delete(&one(&launch.inside)).await.assert_problem(403, "forbidden", None);
    bob.put(&one(&launch.inside), json!({ "text": "The launch is on Sunday" })).await.ok();
    let share = ann.get(&format!("{}shares/", launch.path())).await.ok()["results"][0].clone();
    assert_eq!((&share["permission"], &share["may_reshare"]), (&json!("write"), &json!(false)));
    let rows = alice.get("/v1/audit?action=share.lower").await.ok();
    let rows = rows["results"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0]["target"], &rows[0]["details"]["permission"]), (&share["id"], &json!("write")));
    assert_eq!(rows[0]["details"]["from"], json!({ "permission": "admin", "may_reshare": true }));
    let again = "UPDATE shares SET permission = 'admin' WHERE context_id IS NOT NULL";
    assert!(superuser.execute(again, &[]).await.is_err(), "nobody makes such a share any more");
}

#[tokio::test]
async fn a_context_is_shared_to_read_or_write_and_only_by_its_administrators() {
    let launch = Launch::new().await;
    let shares = format!("{}shares/", launch.path());
    let with = person(&launch.bob);
    let admin = launch.ann.post(&shares, json!({ "with": with, "permission": "admin" })).await;
    let told = admin.assert_problem(400, "invalid", Some("permission"));
    assert!(told.contains("a context is shared to read or write"), "{told}");
    let on = launch.ann.post(&shares, json!({ "with": with, "may_reshare": true })).await;
    let told = on.assert_problem(400, "invalid", Some("may_reshare"));
    assert!(told.contains("only the administrators of a context share it"), "{told}");
    launch.share(json!({ "with": with, "permission": "write" })).await;
    let change = json!({ "text": "The launch is on Monday" });
    launch.bob.put(&one(&launch.inside), change).await.ok();
    assert_eq!(texts(&launch.bob.post("/v3/memories/", launch.scope()).await.ok()).len(), 2);
    // And as its administrators are told about them.
    let question = |action: &str| {
        let scope = format!("context:{}", launch.context);
        json!({ "user_id": launch.bob.user, "action": action, "scope": scope })
    };
    let read = launch.ann.post("/v1/access/check", question("read_memories")).await.ok();
    assert_eq!((&read["allowed"], &read["why"][0]["via"]), (&json!(true), &json!("shared")));
    let add = launch.ann.post("/v1/access/check", question("add_memory")).await.ok();
    assert_eq!(add["allowed"], false);
}
