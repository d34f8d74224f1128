//! People who left: how long their personal memories are kept, and who may get them.

mod heirs;

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::tenancy::users;

use super::text;
use crate::harness::{Actor, Client as _, TestApp};

async fn remember(actor: &Actor, text: &str) {
    let body = json!({ "messages": text, "infer": false });
    actor.post("/v3/memories/add/", body).await.ok();
}

async fn end(actor: &Actor, other: &Actor) {
    actor.post(&format!("/v1/users/{}/deactivate", other.user), json!({})).await.ok();
}

/// As if they had left so many days earlier than they did.
async fn earlier(app: &TestApp, person: &Actor, days: i32) {
    let move_back =
        "UPDATE users SET deactivated_at = deactivated_at - make_interval(days => $2) WHERE id = $1";
    let client = app.database().superuser().await;
    assert_eq!(client.execute(move_back, &[&person.user.uuid(), &days]).await.unwrap(), 1);
}

async fn own(actor: &Actor) -> usize {
    let listed = actor.post("/v3/memories/", json!({ "scope": "personal" })).await.ok();
    listed["results"].as_array().unwrap().len()
}

fn reassign(other: &Actor) -> String {
    format!("/v1/users/{}/reassign-memories", other.user)
}

/// What the route says went and did not.
fn went(told: &Value) -> (&Value, &Value, &Value, &Value) {
    (&told["status"], &told["memories"], &told["kept"], &told["contexts"])
}

async fn memories(app: &TestApp, person: &Actor) -> (i64, i64) {
    let count = "SELECT (SELECT count(*) FROM memories WHERE home_scope_id = $1),
                        (SELECT count(*) FROM memory_scopes WHERE scope_id = $1)";
    let row = app.database().superuser().await.query_one(count, &[&person.scope.0]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn what_leavers_remembered_is_kept_for_its_time_and_then_gone() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    remember(&mia, "my locker is the blue one").await;
    remember(&mia, "my desk is by the window").await;
    remember(&bob, "my boat is red").await;
    let policy = json!({ "leavers": { "retention_days": 30, "reassignment": "owners" } });
    let changed = alice.patch("/v1/enterprise", policy).await.ok();
    assert_eq!(changed["leavers"], json!({ "retention_days": 30, "reassignment": "owners" }));
    let sweep = async || users::forget(app.gate(), || true).await.unwrap();
    assert_eq!(sweep().await, 0, "nobody has left");
    end(&alice, &mia).await;
    earlier(&app, &mia, 29).await;
    assert_eq!((sweep().await, memories(&app, &mia).await), (0, (2, 2)));
    app.advance(TimeDelta::days(1));
    assert_eq!((sweep().await, memories(&app, &mia).await), (2, (0, 0)));
    assert_eq!((sweep().await, memories(&app, &bob).await), (0, (1, 1)));
    let versions = "SELECT count(*) FROM memory_versions WHERE editor_id = $1";
    let client = app.database().superuser().await;
    assert_eq!(client.query_one(versions, &[&mia.user.uuid()]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_context_is_forgotten_with_the_last_of_its_members() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [mia, kim] = [
        alice.enterprise_colleague("mia", Role::Member).await,
        alice.enterprise_colleague("kim", Role::Member).await,
    ];
    let context = text(&mia.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    let scope = format!("context:{context}");
    let join = json!({ "user_id": kim.user, "role": "member" });
    mia.post(&format!("/v1/contexts/{context}/members/"), join).await.ok();
    let inside = json!({ "messages": "the launch is on Friday", "infer": false, "scope": scope });
    mia.post("/v3/memories/add/", inside).await.ok();
    let pinned = json!({ "messages": "the hall is booked", "infer": false, "scope": "enterprise" });
    let pinned = text(&mia.post("/v3/memories/add/", pinned).await.ok()["results"][0]["id"]);
    mia.post(&format!("/v1/memories/{pinned}/shares/"), json!({ "with": scope })).await.ok();
    for (leaver, left) in [(&mia, 1_i64), (&kim, 0)] {
        end(&alice, leaver).await;
        earlier(&app, leaver, 366).await;
        users::forget(app.gate(), || true).await.unwrap();
        let count = "SELECT count(*) FROM memories WHERE content = 'the launch is on Friday'";
        let client = app.database().superuser().await;
        assert_eq!(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0), left);
    }
    let read = alice.get(&format!("/v1/memories/{pinned}/access/")).await.ok();
    assert_eq!(read["seen_by"].as_array().unwrap().len(), 1, "{read}");
    alice.put(&format!("/v1/memories/{pinned}/"), json!({ "text": "the hall is paid" })).await.ok();
}

/// Of what was their own there is nothing left, but from then on they are somebody like all others.
#[tokio::test]
async fn whoever_comes_back_late_counts_again() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [mia, kim] = [
        alice.enterprise_colleague("mia", Role::Member).await,
        alice.enterprise_colleague("kim", Role::Member).await,
    ];
    let context = text(&kim.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    let join = json!({ "user_id": mia.user, "role": "owner" });
    kim.post(&format!("/v1/contexts/{context}/members/"), join).await.ok();
    let inside = json!({ "messages": "the launch is on Friday", "infer": false, "scope": format!("context:{context}") });
    kim.post("/v3/memories/add/", inside).await.ok();
    let forget = async |leaver: &Actor| {
        end(&alice, leaver).await;
        earlier(&app, leaver, 366).await;
        users::forget(app.gate(), || true).await.unwrap()
    };
    assert_eq!(forget(&mia).await, 0);
    alice.post(&format!("/v1/users/{}/reactivate", mia.user), json!({})).await.ok();
    let mia = mia.with_api_key().await;
    remember(&mia, "my locker is the red one").await;
    // The context is not hers alone to lose.
    assert_eq!(forget(&kim).await, 0);
    let found = json!({ "query": "when is the launch", "scope": format!("context:{context}") });
    let found = mia.post("/v3/memories/search/", found).await.ok();
    assert_eq!(found["results"].as_array().unwrap().len(), 1, "{found}");
    // And what she leaves now goes like what anybody leaves.
    assert_eq!((forget(&mia).await, memories(&app, &mia).await), (2, (0, 0)));
}

#[tokio::test]
async fn whoever_comes_back_in_time_finds_everything() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    remember(&mia, "my locker is the blue one").await;
    end(&alice, &mia).await;
    earlier(&app, &mia, 364).await;
    assert_eq!(users::forget(app.gate(), || true).await.unwrap(), 0);
    alice.post(&format!("/v1/users/{}/reactivate", mia.user), json!({})).await.ok();
    app.advance(TimeDelta::days(2));
    assert_eq!(users::forget(app.gate(), || true).await.unwrap(), 0);
    assert_eq!(memories(&app, &mia).await, (1, 1));
    let forever = json!({ "leavers": { "retention_days": null, "reassignment": "owners" } });
    alice.patch("/v1/enterprise", forever).await.ok();
    end(&alice, &mia).await;
    earlier(&app, &mia, 40_000).await;
    assert_eq!((users::forget(app.gate(), || true).await.unwrap(), memories(&app, &mia).await), (0, (1, 1)));
}

#[tokio::test]
async fn an_heir_gets_them_by_whom_the_policy_lets() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let adam = alice.enterprise_colleague("adam", Role::Admin).await;
    alice.colleague("eve", &energy, Role::Viewer).await;
    let [mia, kim] = [
        alice.enterprise_colleague("mia", Role::Member).await,
        alice.enterprise_colleague("kim", Role::Member).await,
    ];
    for text in ["the supplier is called Voss", "the supplier answers on Tuesdays"] {
        remember(&mia, text).await;
    }
    let to_kim = json!({ "user_id": kim.user });
    let active = alice.post(&reassign(&mia), to_kim.clone()).await.assert_problem(409, "conflict", None);
    assert_eq!(active, "this account is active: its memories are its own");
    end(&alice, &mia).await;
    let refused = adam.post(&reassign(&mia), to_kim.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(refused, "the enterprise lets owners hand over what people left behind");
    kim.post(&reassign(&mia), to_kim.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(
        went(&alice.post(&reassign(&mia), to_kim.clone()).await.ok()),
        (&json!("done"), &json!(2), &json!(0), &json!(0))
    );
    assert_eq!(own(&kim).await, 2);
    assert_eq!(memories(&app, &mia).await, (0, 0));
    assert_eq!(
        went(&alice.post(&reassign(&mia), to_kim.clone()).await.ok()),
        (&json!("done"), &json!(0), &json!(0), &json!(0))
    );
    // Whoever hands them over has not read them, and does not now.
    assert_eq!(own(&alice).await, 0);

    let admins = json!({ "leavers": { "retention_days": 10, "reassignment": "admins" } });
    adam.patch("/v1/enterprise", admins.clone()).await.assert_problem(403, "forbidden", None);
    alice.patch("/v1/enterprise", admins).await.ok();
    end(&alice, &kim).await;
    let to_energy = json!({ "scope": energy.label() });
    assert_eq!(
        went(&adam.post(&reassign(&kim), to_energy.clone()).await.ok()),
        (&json!("done"), &json!(2), &json!(0), &json!(0))
    );
    let listed = adam.post("/v3/memories/", json!({ "scope": energy.label() })).await.ok();
    assert_eq!(listed["results"].as_array().unwrap().len(), 2);
    let nobody = json!({ "leavers": { "retention_days": 10, "reassignment": "nobody" } });
    alice.patch("/v1/enterprise", nobody).await.ok();
    alice.post(&reassign(&kim), to_energy).await.assert_problem(403, "forbidden", None);
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'account.reassign_memories'";
    let row = app.database().superuser().await.query_one(audited, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 3);
}

#[tokio::test]
async fn bad_heirs_and_policies_are_refused() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    alice.enterprise_colleague("kim", Role::Viewer).await;
    remember(&mia, "my locker is the blue one").await;
    end(&alice, &mia).await;
    let robot = alice.post("/v1/enterprise/service-accounts", json!({ "name": "Robot" })).await.ok();
    for (body, status, kind, field) in [
        (json!({}), 400, "invalid", None),
        (json!({ "user_id": alice.user, "scope": "enterprise" }), 400, "invalid", None),
        (json!({ "scope": "moon" }), 400, "invalid", Some("scope")),
        (json!({ "scope": "personal" }), 400, "invalid", Some("scope")),
        (json!({ "scope": "public" }), 400, "invalid", Some("scope")),
        (json!({ "user_id": bob.user }), 404, "not-found", None),
        (json!({ "user_id": mia.user }), 409, "conflict", None),
        (json!({ "user_id": robot["id"] }), 409, "conflict", None),
    ] {
        alice.post(&reassign(&mia), body).await.assert_problem(status, kind, field);
    }
    alice.post(&reassign(&bob), json!({ "scope": "enterprise" })).await.assert_problem(
        404,
        "not-found",
        None,
    );
    for policy in [
        json!({ "retention_days": -1, "reassignment": "owners" }),
        // Nobody has a day to hand anything over.
        json!({ "retention_days": 0, "reassignment": "owners" }),
        json!({ "retention_days": 36_501, "reassignment": "owners" }),
        json!({ "retention_days": 1, "reassignment": "everyone" }),
        json!({ "retention_days": 1 }),
        json!({ "reassignment": "owners" }),
    ] {
        let answer = alice.patch("/v1/enterprise", json!({ "leavers": policy })).await;
        assert_eq!(answer.status, 400, "{policy} {answer}");
    }
    let policy = json!({ "leavers": { "retention_days": 36_501, "reassignment": "owners" } });
    let said = alice.patch("/v1/enterprise", policy).await;
    let said = said.assert_problem(400, "invalid", Some("leavers.retention_days"));
    assert!(said.ends_with("must be from 1 to 36500, or null, found 36501"), "{said}");
    let kept = alice.get("/v1/enterprise").await.ok();
    assert_eq!(kept["leavers"], json!({ "retention_days": 365, "reassignment": "owners" }));
    let listed: Value = alice.post(&reassign(&mia), json!({ "scope": "enterprise" })).await.ok();
    assert_eq!(went(&listed), (&json!("done"), &json!(1), &json!(0), &json!(0)));
}

#[tokio::test]
async fn what_is_too_confidential_for_an_heir_stays_where_it_is() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    alice.colleague("eve", &energy, Role::Viewer).await;
    let [mia, kim] = [
        alice.enterprise_colleague("mia", Role::Member).await,
        alice.enterprise_colleague("kim", Role::Member).await,
    ];
    for class in ["internal", "confidential", "restricted"] {
        let text = format!("a {class} matter of the plant");
        let body = json!({ "messages": text, "infer": false, "classification": class });
        mia.post("/v3/memories/add/", body).await.ok();
    }
    end(&alice, &mia).await;
    let to_energy = alice.post(&reassign(&mia), json!({ "scope": energy.label() })).await.ok();
    assert_eq!(went(&to_energy), (&json!("done"), &json!(2), &json!(1), &json!(0)));
    let to_kim = alice.post(&reassign(&mia), json!({ "user_id": kim.user })).await.ok();
    assert_eq!(went(&to_kim), (&json!("done"), &json!(1), &json!(0), &json!(0)));
    assert_eq!(memories(&app, &mia).await, (0, 0));
}

/// What was lent becomes nobody's own: it goes with what was the leaver's, and what was given for good stays.
#[tokio::test]
async fn what_was_shared_until_a_time_has_no_heir() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let bob = alice.enterprise_colleague("bob", Role::Member).await;
    let add = async |text: &str, until: Value| {
        let body = json!({ "messages": text, "infer": false });
        let id =
            mia.post("/v3/memories/add/", body).await.ok()["results"][0]["id"].as_str().unwrap().to_owned();
        let with = json!({ "with": format!("person:{}", bob.user), "expires_at": until });
        mia.post(&format!("/v1/memories/{id}/shares/"), with).await.ok();
        id
    };
    let lent = add("the locker is blue", json!(app.now() + TimeDelta::days(800))).await;
    let given = add("the desk is brown", Value::Null).await;
    end(&alice, &mia).await;
    earlier(&app, &mia, 366).await;
    assert_eq!(users::forget(app.gate(), || true).await.unwrap(), 1);
    bob.get(&format!("/v1/memories/{lent}/")).await.assert_problem(404, "not-found", None);
    bob.put(&format!("/v1/memories/{given}/"), json!({ "text": "the desk is white" })).await.ok();
}

#[tokio::test]
async fn nobody_inherits_who_has_left_themselves() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [mia, bob, kim] = [
        alice.enterprise_colleague("mia", Role::Member).await,
        alice.enterprise_colleague("bob", Role::Member).await,
        alice.enterprise_colleague("kim", Role::Member).await,
    ];
    let give = async |text: &str, to: &[&Actor]| {
        let added = mia.post("/v3/memories/add/", json!({ "messages": text, "infer": false })).await.ok();
        let id = added["results"][0]["id"].as_str().unwrap().to_owned();
        for person in to {
            let with = json!({ "with": format!("person:{}", person.user) });
            mia.post(&format!("/v1/memories/{id}/shares/"), with).await.ok();
        }
        id
    };
    give("the locker is blue", &[&bob]).await;
    let both = give("the desk is brown", &[&bob, &kim]).await;
    end(&alice, &bob).await;
    earlier(&app, &bob, 400).await;
    assert_eq!(users::forget(app.gate(), || true).await.unwrap(), 0, "nothing was bob's");
    end(&alice, &mia).await;
    earlier(&app, &mia, 366).await;
    assert_eq!(users::forget(app.gate(), || true).await.unwrap(), 1);
    assert_eq!((memories(&app, &mia).await, memories(&app, &bob).await.0), ((0, 0), 0));
    kim.put(&format!("/v1/memories/{both}/"), json!({ "text": "the desk is white" })).await.ok();
}

/// A class is for one organization also where it is handed over together with what it is shared with.
#[tokio::test]
async fn what_would_be_seen_in_two_organizations_is_kept() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [energy, water] = [
        alice.node(ScopeKind::Organization, "Energy").await,
        alice.node(ScopeKind::Organization, "Water").await,
    ];
    let grid = alice.node_in(&energy, ScopeKind::Team, "Grid").await;
    let pumps = alice.node_in(&water, ScopeKind::Team, "Pumps").await;
    let mia = alice.colleague("mia", &grid, Role::Member).await;
    let bob = alice.colleague("bob", &pumps, Role::Member).await;
    alice.colleague("eve", &energy, Role::Viewer).await;
    let body =
        json!({ "messages": "the plant is for sale", "infer": false, "classification": "confidential" });
    let added = mia.post("/v3/memories/add/", body).await.ok();
    let id = added["results"][0]["id"].as_str().unwrap();
    mia.post(&format!("/v1/memories/{id}/shares/"), json!({ "with": grid.label() })).await.ok();
    end(&alice, &mia).await;
    let to_pumps = alice.post(&reassign(&mia), json!({ "scope": pumps.label() })).await.ok();
    assert_eq!(went(&to_pumps), (&json!("done"), &json!(0), &json!(1), &json!(0)));
    bob.get(&format!("/v1/memories/{id}/")).await.assert_problem(404, "not-found", None);
    let to_grid = alice.post(&reassign(&mia), json!({ "scope": energy.label() })).await.ok();
    assert_eq!(went(&to_grid), (&json!("done"), &json!(1), &json!(0), &json!(0)));
}

#[tokio::test]
async fn nobody_hands_a_leavers_memories_to_themselves() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let olga = alice.enterprise_colleague("olga", Role::Owner).await;
    remember(&mia, "my locker is the blue one").await;
    end(&alice, &mia).await;
    let to_alice = json!({ "user_id": alice.user });
    let detail = alice.post(&reassign(&mia), to_alice.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(
        detail,
        "you cannot hand somebody's memories to yourself: name another person or a node as the heir"
    );
    assert_eq!((memories(&app, &mia).await, own(&alice).await), ((1, 1), 0));
    // Somebody else may.
    let told = olga.post(&reassign(&mia), to_alice).await.ok();
    assert_eq!((&told["status"], own(&alice).await), (&json!("done"), 1));
}

#[tokio::test]
async fn what_a_leavers_memories_superseded_is_released_with_a_version_and_a_row_in_the_log() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let mut ids: Vec<String> = Vec::new();
    for place in ["Rome", "Paris", "Oslo"] {
        let supersedes: Vec<&String> = ids.last().into_iter().collect();
        let body = json!({ "messages": format!("The fair is in {place}"), "infer": false, "supersedes": supersedes });
        ids.push(text(&mia.post("/v3/memories/add/", body).await.ok()["results"][0]["id"]));
    }
    let path = format!("/v1/memories/{}/", ids[0]);
    mia.put(&format!("{path}scope/"), json!({ "scope": "enterprise" })).await.ok();
    let before = mia.get(&path).await.ok();
    assert_eq!(before["lifecycle_state"], "superseded");
    assert_eq!(
        alice.get(&path).await.ok()["lifecycle_state"],
        "active",
        "she does not see what superseded it"
    );
    end(&alice, &mia).await;
    earlier(&app, &mia, 366).await;
    assert_eq!(users::forget(app.gate(), || true).await.unwrap(), 2);
    let after = alice.get(&path).await.ok();
    assert_eq!((&after["lifecycle_state"], &after["replaced_by"]), (&json!("active"), &Value::Null));
    let version = before["version"].as_i64().unwrap() + 1;
    assert_eq!(after["version"], version, "once, although two that came after it are gone");
    let history = alice.get(&format!("{path}history/")).await.ok();
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!((&last["version"], &last["editor_id"]), (&json!(version), &Value::Null), "{history}");
    let rows = alice.get(&format!("/v1/audit?memory={}&action=memory.release", ids[0])).await.ok();
    let details = &rows["results"][0]["details"];
    assert_eq!((&details["version"], &details["replaced_by"]), (&json!(version), &Value::Null), "{rows}");
}
