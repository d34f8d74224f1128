//! Dissolving a node with many memories: work that continues after the request, and its
//! effect on requests and policies.

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{add_member, text};
use crate::harness::{Actor, Answer, Client as _, Node, TestApp, TwoTeams};

/// More than fit in two steps.
const MANY: i32 = 2300;

async fn remember(actor: &Actor, content: &str, scope: &str) -> String {
    let body = json!({ "messages": content, "infer": false, "scope": scope });
    text(&actor.post("/v3/memories/add/", body).await.ok()["results"][0]["id"])
}

/// A node with very many memories.
async fn crowded(app: &TestApp, alice: &Actor, node: &Node) {
    remember(alice, "the first of very many", &node.label()).await;
    let copy = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                      capture_id, capture_position, created_at, updated_at)
                SELECT enterprise_id, gen_random_uuid(), author_id, home_scope_id, scope_ids, 'copy number ' || n,
                       sha256(n::text::bytea), gen_random_uuid(), 0, created_at, updated_at
                  FROM memories, generate_series(1, $1::integer) n WHERE content = 'the first of very many'";
    app.database().superuser().await.execute(copy, &[&MANY]).await.unwrap();
}

async fn dissolve(actor: &Actor, node: &Node, heir: &str, key: Option<&str>) -> Answer {
    let request = Request::post(format!("/v1/organizations/{}/dissolve", node.id))
        .header("content-type", "application/json");
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    let wish = json!({ "heir": heir, "members": "leave" });
    actor.send(request.body(wish.to_string().into()).unwrap()).await
}

async fn status(actor: &Actor, id: &Value) -> Value {
    actor.get(&format!("/v1/dissolutions/{}", id.as_str().unwrap())).await.ok()
}

async fn at(app: &TestApp, node: &Node) -> i64 {
    let count = "SELECT count(*) FROM memories WHERE home_scope_id = $1 AND scope_ids = ARRAY[$1]";
    app.database().superuser().await.query_one(count, &[&node.scope.0]).await.unwrap().get(0)
}

#[tokio::test]
async fn what_is_too_much_for_a_request_goes_on_without_it() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let eve = alice.colleague("eve", &lines, Role::Member).await;
    crowded(&app, &alice, &lines).await;
    let begun = dissolve(&alice, &lines, "parent", Some("once")).await;
    begun.assert_status(202);
    let begun = begun.json();
    assert_eq!(
        (&begun["status"], &begun["memories"], &begun["total"]),
        (&json!("running"), &json!(1000), &json!(2301))
    );
    // Sent again it is the same one, with or without a key; in another way it is refused.
    let again = dissolve(&alice, &lines, "parent", Some("once")).await;
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), begun.clone()));
    assert_eq!(dissolve(&alice, &lines, "parent", None).await.json()["id"], begun["id"]);
    dissolve(&alice, &lines, "enterprise", None).await.assert_problem(409, "conflict", None);
    let wish = json!({ "heir": "parent", "members": "move" });
    let other = alice.post(&format!("/v1/organizations/{}/dissolve", lines.id), wish).await;
    other.assert_problem(409, "conflict", None);
    eve.get(&format!("/v1/dissolutions/{}", begun["id"].as_str().unwrap())).await.assert_problem(
        404,
        "not-found",
        None,
    );
    assert_eq!((at(&app, &grid).await, at(&app, &lines).await), (1000, 1301));

    app.worker().deliver().await.unwrap();
    let done = status(&alice, &begun["id"]).await;
    assert_eq!(
        (&done["status"], &done["memories"], &done["people"]),
        (&json!("done"), &json!(2301), &json!(1))
    );
    assert_eq!((at(&app, &grid).await, at(&app, &lines).await), (2301, 0));
    alice.get(&format!("/v1/organizations/{}", lines.id)).await.assert_problem(404, "not-found", None);
    assert_eq!(alice.get("/v1/dissolutions").await.ok()["results"], json!([done]));
    // The key's answer is that of the beginning, and nothing begins anew.
    assert_eq!(dissolve(&alice, &lines, "parent", Some("once")).await.json(), begun);
    let rows = "SELECT action, actor_method FROM audit_log WHERE action LIKE 'organization.%' AND details ? 'dissolution'
                 ORDER BY at, id";
    let rows = app.database().superuser().await.query(rows, &[]).await.unwrap();
    let said: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let row = |action: &str, method: &str| (format!("organization.{action}"), method.to_owned());
    assert_eq!(
        said,
        [
            row("hand_over_memories", "session"),
            row("hand_over_memories", "promise"),
            row("dissolve", "promise")
        ]
    );
}

/// A worker that dies after its step was done, and before it could say so, leaves a message that comes again.
#[tokio::test]
async fn a_step_that_is_delivered_twice_is_done_once() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    crowded(&app, &alice, &lines).await;
    let begun = dissolve(&alice, &lines, "parent", None).await.json();
    let client = app.database().superuser().await;
    let twice = "INSERT INTO outbox (enterprise_id, topic, subject, payload, promised_at, due_at)
                 SELECT enterprise_id, topic, subject, payload, promised_at, due_at FROM outbox WHERE topic = 'node.dissolve'";
    client.execute(twice, &[]).await.unwrap();
    app.worker().deliver().await.unwrap();
    let done = status(&alice, &begun["id"]).await;
    assert_eq!((&done["status"], &done["memories"]), (&json!("done"), &json!(2301)));
    let open = "SELECT count(*) FROM outbox WHERE finished_at IS NULL";
    assert_eq!(client.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn one_that_was_given_up_goes_on_when_it_is_asked_for_again() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    crowded(&app, &alice, &lines).await;
    let begun = dissolve(&alice, &lines, "parent", None).await.json();
    let client = app.database().superuser().await;
    client.execute("UPDATE outbox SET dead_at = promised_at", &[]).await.unwrap();
    app.advance(TimeDelta::minutes(11));
    dissolve(&alice, &lines, "parent", None).await.assert_status(202);
    app.worker().deliver().await.unwrap();
    assert_eq!(status(&alice, &begun["id"]).await["status"], "done");
}

#[tokio::test]
async fn it_goes_on_only_as_long_as_whoever_asked_for_it_may() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let adam = alice.colleague("adam", &grid, Role::Admin).await;
    crowded(&app, &alice, &lines).await;
    let begun = dissolve(&adam, &lines, "parent", None).await.json();
    let role = json!({ "role": "member" });
    alice.put(&format!("/v1/organizations/{}/members/{}", grid.id, adam.user), role).await.ok();
    app.worker().deliver().await.unwrap();
    let failed = status(&alice, &begun["id"]).await;
    assert_eq!((&failed["status"], &failed["memories"]), (&json!("failed"), &json!(1000)));
    let why = format!("this needs the role admin on {}, you have the role member there", lines.in_words());
    assert_eq!(failed["reason"], json!(why));
    // Nothing is lost, and somebody who may can ask for it again, with another heir.
    assert_eq!((at(&app, &grid).await, at(&app, &lines).await), (1000, 1301));
    let solar = alice.node_in(&grid, ScopeKind::Team, "Solar").await;
    let again = dissolve(&alice, &lines, &solar.id.to_string(), None).await;
    again.assert_status(202);
    // And by now the heir ends as well: what was on its way goes on to the heir's heir.
    dissolve(&alice, &solar, "parent", None).await.assert_status(202);
    app.worker().deliver().await.unwrap();
    assert_eq!(status(&alice, &again.json()["id"]).await["status"], "done");
    assert_eq!((at(&app, &grid).await, at(&app, &lines).await, at(&app, &solar).await), (2301, 0, 0));
}

#[tokio::test]
async fn requests_of_a_dissolved_node_go_to_its_heir_or_end_with_a_reason() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let [alpha, beta, gamma] = [
        alice.node_in(&north, ScopeKind::Team, "Alpha").await,
        alice.node_in(&north, ScopeKind::Team, "Beta").await,
        alice.node_in(&north, ScopeKind::Team, "Gamma").await,
    ];
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    add_member(&alice, &gamma.id.to_string(), &ann, "member").await;
    let gwen = alice.colleague("gwen", &gamma, Role::Admin).await;
    let _lead = alice.colleague("lead", &alpha, Role::Admin).await;
    let rule =
        json!({ "approvals": [{ "directions": ["across"] }], "audiences": { "internal": "organization" } });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", alpha.id), rule).await.ok();
    let ask = async |content: &str, with: &Node| {
        let memory = remember(&ann, content, &alpha.label()).await;
        let asked =
            ann.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": with.label() })).await;
        asked.assert_status(202);
        (memory, text(&asked.json()["approval"]["id"]))
    };
    let (shared, open) = ask("Alpha ships on Friday", &beta).await;
    let (_, to_heir) = ask("Alpha tests on Thursday", &gamma).await;
    gwen.get(&format!("/v1/approvals/{open}/")).await.assert_problem(404, "not-found", None);
    let dissolved = dissolve(&alice, &alpha, &gamma.id.to_string(), None).await.json();
    assert_eq!((&dissolved["approvals"], &dissolved["approvals_ended"]), (&json!(1), &json!(1)));
    // Where the memory lives by now nothing needs to be shared.
    let ended = ann.get(&format!("/v1/approvals/{to_heir}/")).await.ok();
    assert_eq!((&ended["status"], &ended["decided_by"]), (&json!("denied"), &Value::Null));
    assert_eq!(ended["decision_reason"], "it lives there since \"Alpha\" was dissolved");
    // What is open is decided by those of the heir.
    let waiting = gwen.get(&format!("/v1/approvals/{open}/")).await.ok();
    assert_eq!((&waiting["node"], &waiting["can_decide"]), (&json!(gamma.label()), &json!(true)));
    let reason = json!({ "reason": "fine" });
    gwen.post(&format!("/v1/approvals/{open}/approve/"), reason).await.ok();
    let ben = alice.colleague("ben", &beta, Role::Viewer).await;
    ben.get(&format!("/v1/memories/{shared}/")).await.ok();
    // What Alpha said about sharing ended with it, and is in the log.
    let said = "SELECT details -> 'sharing_policy' FROM audit_log WHERE action = 'organization.dissolve'";
    let said: Value = app.database().superuser().await.query_one(said, &[]).await.unwrap().get(0);
    assert_eq!(said["audiences"], json!({ "internal": "organization" }));
}

#[tokio::test]
async fn a_request_to_share_with_a_node_ends_with_the_node() {
    let rule = json!({ "directions": ["across"] });
    let TwoTeams { app: _app, alice, alpha, beta, ann, lead, .. } = TwoTeams::under(rule).await;
    let memory = remember(&ann, "Alpha ships on Friday", &alpha.label()).await;
    let asked = ann.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": beta.label() })).await;
    let id = text(&asked.json()["approval"]["id"]);
    dissolve(&alice, &beta, "parent", None).await.assert_status(200);
    let ended = ann.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert_eq!(ended["decision_reason"], "\"Beta\" was dissolved, with which it was to be shared: ask again");
    let late = lead.post(&format!("/v1/approvals/{id}/approve/"), json!({})).await;
    late.assert_problem(409, "conflict", None);
}

/// In the middle every memory is in one place, with its shares, and the node can be used as before.
#[tokio::test]
async fn cancelled_in_the_middle_each_memory_is_in_one_place_with_its_shares() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let solar = alice.node_in(&grid, ScopeKind::Team, "Solar").await;
    let [eve, sol] = [
        alice.colleague("eve", &lines, Role::Member).await,
        alice.colleague("sol", &solar, Role::Member).await,
    ];
    let given = remember(&sol, "the panels face south", &solar.label()).await;
    sol.post(&format!("/v1/memories/{given}/shares/"), json!({ "with": lines.label() })).await.ok();
    crowded(&app, &alice, &lines).await;
    let begun = dissolve(&alice, &lines, "parent", None).await.json();
    let path = format!("/v1/dissolutions/{}/cancel", text(&begun["id"]));
    let cancelled = alice.post(&path, Value::Null).await.ok();
    assert_eq!(
        (&cancelled["status"], &cancelled["memories"], &cancelled["cancelled_by"]),
        (&json!("cancelled"), &json!(1000), &json!(alice.user))
    );
    assert_eq!(cancelled["reason"], "1000 memories stay with the heir, everything else with this team");
    // Doing it again changes nothing, and the step that was promised finds nothing to do.
    assert_eq!(alice.post(&path, Value::Null).await.ok(), cancelled);
    app.worker().deliver().await.unwrap();
    assert_eq!(status(&alice, &begun["id"]).await, cancelled);

    // Where a memory is found is where it lives or is shared with, by everybody's measure.
    let differs = "SELECT count(*) FROM memories m
                    WHERE m.scope_ids <> m.home_scope_id || ARRAY(
                        SELECT g.scope_id FROM mem0.grants_of(m.enterprise_id, m.id, m.home_scope_id, now()) g
                         WHERE g.scope_id <> m.home_scope_id ORDER BY 1)";
    let client = app.database().superuser().await;
    assert_eq!(client.query_one(differs, &[]).await.unwrap().get::<_, i64>(0), 0);
    let lives = "SELECT count(*) FILTER (WHERE home_scope_id = $1), count(*) FILTER (WHERE home_scope_id = $2) FROM memories";
    let row = client.query_one(lives, &[&grid.scope.0, &lines.scope.0]).await.unwrap();
    let (went, stayed) = (row.get::<_, i64>(0), row.get::<_, i64>(1));
    assert_eq!(went + stayed, 2301, "nothing is lost");
    assert!(went >= 999 && stayed >= 1300, "one thousand went, with or without what was shared: {went}");
    eve.get(&format!("/v1/memories/{given}/")).await.ok();
    remember(&eve, "we are still here", &lines.label()).await;

    // And it can be dissolved after all, in another way.
    let again = dissolve(&alice, &lines, &solar.id.to_string(), None).await;
    again.assert_status(202);
    app.worker().deliver().await.unwrap();
    assert_eq!(status(&alice, &again.json()["id"]).await["status"], "done");
    let late =
        alice.post(&format!("/v1/dissolutions/{}/cancel", text(&again.json()["id"])), Value::Null).await;
    let late = late.assert_problem(409, "conflict", None);
    assert_eq!(late, "this dissolution is done already, and cannot be cancelled");
}

#[tokio::test]
async fn only_who_asked_or_administers_the_node_can_cancel() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let solar = alice.node(ScopeKind::Organization, "Solar").await;
    let [eve, lead, heirs] = [
        alice.colleague("eve", &lines, Role::Member).await,
        alice.colleague("lead", &lines, Role::Admin).await,
        alice.colleague("heirs", &solar, Role::Admin).await,
    ];
    crowded(&app, &alice, &lines).await;
    let begun = dissolve(&alice, &lines, &solar.id.to_string(), None).await.json();
    let path = format!("/v1/dissolutions/{}/cancel", text(&begun["id"]));
    for (stranger, status, kind) in
        [(&bob, 404, "not-found"), (&eve, 404, "not-found"), (&heirs, 403, "forbidden")]
    {
        stranger.post(&path, Value::Null).await.assert_problem(status, kind, None);
    }
    assert_eq!(status(&alice, &begun["id"]).await["status"], "running");
    assert_eq!(lead.post(&path, Value::Null).await.ok()["status"], "cancelled");
    let none = format!("/v1/dissolutions/{}/cancel", shared::ids::DissolutionId::generate());
    alice.post(&none, Value::Null).await.assert_problem(404, "not-found", None);
}

/// A context that is shared with the node carries memories of many homes: they follow it as one.
#[tokio::test]
async fn a_context_that_was_shared_with_a_node_is_shared_with_its_heir() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let context = text(&alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    let inside = remember(&alice, "the launch is on Friday", &format!("context:{context}")).await;
    let with = json!({ "with": lines.label() });
    alice.post(&format!("/v1/contexts/{context}/shares/"), with).await.ok();
    // Somebody beside it, who reads what is the parent's.
    let solar = alice.node_in(&grid, ScopeKind::Team, "Solar").await;
    let gus = alice.colleague("gus", &solar, Role::Viewer).await;
    gus.get(&format!("/v1/memories/{inside}/")).await.assert_problem(404, "not-found", None);
    dissolve(&alice, &lines, "parent", None).await.assert_status(200);
    gus.get(&format!("/v1/memories/{inside}/")).await.ok();
    let shared = alice.get(&format!("/v1/contexts/{context}/shares/")).await.ok();
    assert_eq!(shared["results"][0]["with"], grid.label());
    let found =
        gus.post("/v3/memories/search/", json!({ "query": "launch Friday", "scope": "all" })).await.ok();
    assert_eq!(found["results"][0]["id"], inside);
    drop(app);
}

/// What was shared with both is shared once, for the longer time, and ends as one.
#[tokio::test]
async fn two_shares_of_the_same_become_one_that_gives_the_most_of_either() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let solar = alice.node(ScopeKind::Organization, "Solar").await;
    let memory = remember(&alice, "the panels face south", &solar.label()).await;
    let shares = format!("/v1/memories/{memory}/shares/");
    let soon = (app.now() + TimeDelta::hours(1)).to_rfc3339();
    alice.post(&shares, json!({ "with": grid.label(), "expires_at": soon })).await.ok();
    let on = json!({ "with": lines.label(), "permission": "write", "may_reshare": true });
    alice.post(&shares, on).await.ok();
    let [eve, ben] = [
        alice.colleague("eve", &lines, Role::Member).await,
        alice.colleague("ben", &solar, Role::Viewer).await,
    ];
    eve.post(&shares, json!({ "with": format!("person:{}", ben.user) })).await.ok();
    let wish = json!({ "heir": "parent", "members": "move" });
    alice.post(&format!("/v1/organizations/{}/dissolve", lines.id), wish).await.assert_status(200);
    app.advance(TimeDelta::hours(2));
    let left = alice.get(&shares).await.ok();
    let left: Vec<&Value> =
        left["results"].as_array().unwrap().iter().filter(|it| it["with"] == grid.label()).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&left[0]["permission"], &left[0]["may_reshare"], &left[0]["expires_at"]),
        (&json!("write"), &json!(true), &Value::Null)
    );
    // With it ends what was shared on through the one that it took the place of.
    let ended = alice.delete(&format!("{shares}{}/", text(&left[0]["id"]))).await.ok();
    assert_eq!(ended["ended"], 2);
}
