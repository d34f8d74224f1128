//! Reassigning many memories of somebody who left: work that continues after the request, interrupted or not.

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::text;
use crate::harness::{Actor, Answer, Client as _, TestApp};

/// More than fit in two steps.
const MANY: i32 = 2300;

/// Somebody who remembered very much, and left.
async fn left(app: &TestApp, alice: &Actor) -> Actor {
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let body = json!({ "messages": "the first of very many", "infer": false });
    mia.post("/v3/memories/add/", body).await.ok();
    let copy = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                      capture_id, capture_position, created_at, updated_at)
                SELECT enterprise_id, gen_random_uuid(), author_id, home_scope_id, scope_ids, 'copy number ' || n,
                       sha256(n::text::bytea), gen_random_uuid(), 0, created_at, updated_at
                  FROM memories, generate_series(1, $1::integer) n WHERE content = 'the first of very many'";
    app.database().superuser().await.execute(copy, &[&MANY]).await.unwrap();
    alice.post(&format!("/v1/users/{}/deactivate", mia.user), json!({})).await.ok();
    mia
}

async fn reassign(actor: &Actor, leaver: &Actor, heir: &Value, key: Option<&str>) -> Answer {
    let request = Request::post(format!("/v1/users/{}/reassign-memories", leaver.user))
        .header("content-type", "application/json");
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    actor.send(request.body(heir.to_string().into()).unwrap()).await
}

async fn status(actor: &Actor, id: &Value) -> Value {
    actor.get(&format!("/v1/reassignments/{}", id.as_str().unwrap())).await.ok()
}

/// Memories that live with one and that search finds there.
async fn at(app: &TestApp, person: &Actor) -> (i64, i64) {
    let count = "SELECT (SELECT count(*) FROM memories WHERE home_scope_id = $1 AND scope_ids = ARRAY[$1]),
                        (SELECT count(*) FROM memory_scopes WHERE scope_id = $1)";
    let row = app.database().superuser().await.query_one(count, &[&person.scope.0]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn what_is_too_much_for_a_request_goes_on_without_it() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [kim, ben] = [
        alice.enterprise_colleague("kim", Role::Member).await,
        alice.enterprise_colleague("ben", Role::Member).await,
    ];
    let mia = left(&app, &alice).await;
    let to_kim = json!({ "user_id": kim.user });
    let begun = reassign(&alice, &mia, &to_kim, Some("once")).await;
    begun.assert_status(202);
    let begun = begun.json();
    assert_eq!(
        (&begun["status"], &begun["memories"], &begun["total"], &begun["heir"]),
        (&json!("running"), &json!(1000), &json!(2301), &to_kim)
    );
    // Sent again it is the same one, with or without a key; with another heir it is refused.
    let again = reassign(&alice, &mia, &to_kim, Some("once")).await;
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), begun.clone()));
    assert_eq!(reassign(&alice, &mia, &to_kim, None).await.json()["id"], begun["id"]);
    let to_ben = json!({ "user_id": ben.user });
    let refused = reassign(&alice, &mia, &to_ben, None).await.assert_problem(409, "conflict", None);
    assert_eq!(refused, format!("this is being handed to another heir already, see {}", text(&begun["id"])));
    let path = format!("/v1/reassignments/{}", text(&begun["id"]));
    kim.get(&path).await.assert_problem(404, "not-found", None);
    assert_eq!((at(&app, &kim).await, at(&app, &mia).await.0), ((1000, 1000), 1301));

    app.worker().deliver().await.unwrap();
    let done = status(&alice, &begun["id"]).await;
    assert_eq!(
        (&done["status"], &done["memories"], &done["kept"]),
        (&json!("done"), &json!(2301), &json!(0))
    );
    assert_eq!((at(&app, &kim).await, at(&app, &mia).await), ((2301, 2301), (0, 0)));
    assert_eq!(alice.get("/v1/reassignments").await.ok()["results"], json!([done]));
    assert_eq!(kim.get("/v1/reassignments").await.ok()["results"], json!([]));
    // The key's answer is that of the beginning, and nothing begins anew.
    assert_eq!(reassign(&alice, &mia, &to_kim, Some("once")).await.json(), begun);
    let rows = "SELECT action, actor_method FROM audit_log WHERE details ? 'reassignment' ORDER BY at, id";
    let rows = app.database().superuser().await.query(rows, &[]).await.unwrap();
    let said: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let row = |action: &str, method: &str| (format!("account.{action}"), method.to_owned());
    assert_eq!(
        said,
        [
            row("hand_over_memories", "session"),
            row("hand_over_memories", "promise"),
            row("reassign_memories", "promise")
        ]
    );
}

/// A worker that dies in the middle of a step has done nothing of it; one that dies after it, and before it could say so,
/// leaves a message that comes again.
#[tokio::test]
async fn interrupted_anywhere_nothing_is_lost_and_nothing_done_twice() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let kim = alice.enterprise_colleague("kim", Role::Member).await;
    let mia = left(&app, &alice).await;
    let to_kim = json!({ "user_id": kim.user });
    let begun = reassign(&alice, &mia, &to_kim, None).await.json();
    let client = app.database().superuser().await;
    let twice = "INSERT INTO outbox (enterprise_id, topic, subject, payload, promised_at, due_at)
                 SELECT enterprise_id, topic, subject, payload, promised_at, due_at FROM outbox
                  WHERE topic = 'account.reassign_memories'";
    client.execute(twice, &[]).await.unwrap();
    // The step's last statement fails, and with it all of the step.
    let breaks = "CREATE FUNCTION mem0.interrupt() RETURNS trigger LANGUAGE plpgsql AS $$
                  BEGIN RAISE EXCEPTION 'the power is out' USING ERRCODE = 'admin_shutdown'; END $$;
                  CREATE TRIGGER interrupt BEFORE UPDATE ON reassignments
                      FOR EACH ROW EXECUTE FUNCTION mem0.interrupt()";
    client.batch_execute(breaks).await.unwrap();
    app.worker().deliver().await.unwrap();
    assert_eq!((at(&app, &kim).await.0, at(&app, &mia).await.0), (1000, 1301));
    assert_eq!(status(&alice, &begun["id"]).await["memories"], 1000);
    client.batch_execute("DROP TRIGGER interrupt ON reassignments").await.unwrap();
    app.advance(TimeDelta::hours(1));
    app.worker().deliver().await.unwrap();
    let done = status(&alice, &begun["id"]).await;
    assert_eq!((&done["status"], &done["memories"]), (&json!("done"), &json!(2301)));
    assert_eq!((at(&app, &kim).await, at(&app, &mia).await), ((2301, 2301), (0, 0)));
    let open = "SELECT count(*) FROM outbox WHERE finished_at IS NULL";
    assert_eq!(client.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn one_that_was_given_up_goes_on_when_it_is_asked_for_again() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    alice.colleague("kim", &grid, Role::Viewer).await;
    let mia = left(&app, &alice).await;
    let to_grid = json!({ "scope": grid.label() });
    let begun = reassign(&alice, &mia, &to_grid, None).await.json();
    let client = app.database().superuser().await;
    client.execute("UPDATE outbox SET dead_at = promised_at", &[]).await.unwrap();
    app.advance(TimeDelta::minutes(11));
    reassign(&alice, &mia, &to_grid, None).await.assert_status(202);
    app.worker().deliver().await.unwrap();
    assert_eq!(status(&alice, &begun["id"]).await["status"], "done");
}

#[tokio::test]
async fn it_ends_where_the_leaver_comes_back_and_what_is_left_is_theirs() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let kim = alice.enterprise_colleague("kim", Role::Member).await;
    let mia = left(&app, &alice).await;
    let begun = reassign(&alice, &mia, &json!({ "user_id": kim.user }), None).await.json();
    alice.post(&format!("/v1/users/{}/reactivate", mia.user), json!({})).await.ok();
    app.worker().deliver().await.unwrap();
    let failed = status(&alice, &begun["id"]).await;
    assert_eq!((&failed["status"], &failed["memories"]), (&json!("failed"), &json!(1000)));
    assert_eq!(failed["reason"], "this account is active: its memories are its own");
    assert_eq!((at(&app, &kim).await.0, at(&app, &mia).await.0), (1000, 1301));
    // They leave again, and somebody else gets the rest.
    alice.post(&format!("/v1/users/{}/deactivate", mia.user), json!({})).await.ok();
    let ben = alice.enterprise_colleague("ben", Role::Member).await;
    reassign(&alice, &mia, &json!({ "user_id": ben.user }), None).await.assert_status(202);
    app.worker().deliver().await.unwrap();
    assert_eq!((at(&app, &ben).await.0, at(&app, &mia).await.0), (1301, 0));
}

#[tokio::test]
async fn what_is_on_its_way_to_a_node_that_ends_goes_to_its_heir() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let grid = alice.node(ScopeKind::Organization, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    for (name, node) in [("kim", &grid), ("ben", &lines)] {
        alice.colleague(name, node, Role::Viewer).await;
    }
    let mia = left(&app, &alice).await;
    let begun = reassign(&alice, &mia, &json!({ "scope": lines.label() }), None).await.json();
    let wish = json!({ "heir": "parent", "members": "leave" });
    let client = app.database().superuser().await;
    let later =
        "UPDATE outbox SET due_at = due_at + interval '1 hour' WHERE topic = 'account.reassign_memories'";
    client.execute(later, &[]).await.unwrap();
    alice.post(&format!("/v1/organizations/{}/dissolve", lines.id), wish).await.assert_status(202);
    app.worker().deliver().await.unwrap();
    alice.get(&format!("/v1/organizations/{}", lines.id)).await.assert_status(404);
    app.advance(TimeDelta::hours(1));
    app.worker().deliver().await.unwrap();
    let done = status(&alice, &begun["id"]).await;
    assert_eq!((&done["status"], &done["heir"]), (&json!("done"), &json!({ "scope": grid.label() })));
    let count = "SELECT count(*) FROM memories WHERE home_scope_id = $1";
    let row = client.query_one(count, &[&grid.scope.0]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 2301);
}

#[tokio::test]
async fn what_is_no_reassignment_does_not_exist() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    alice.get("/v1/reassignments/rea_nothing").await.assert_problem(404, "not-found", None);
    let none = format!("/v1/reassignments/{}", shared::ids::ReassignmentId::generate());
    alice.get(&none).await.assert_problem(404, "not-found", None);
    alice.get("/v1/reassignments?limit=0").await.assert_status(400);
    alice.get("/v1/reassignments?cursor=nonsense").await.assert_status(400);
}
