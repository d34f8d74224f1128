//! `/v1/memories/{id}/shares/`, `/access/`, `/links/` and `/hierarchical/`.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::sharing::expiry;

use super::{list, one, remember, remember_with, search, team};
use crate::harness::{Actor, Answer, Client as _, Tables, TestApp};

pub(super) fn shares(id: &str) -> String {
    format!("/v1/memories/{id}/shares/")
}

pub(super) async fn share(actor: &Actor, id: &str, with: &str, more: Value) -> Answer {
    let mut body = json!({ "with": with });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.post(&shares(id), body).await
}

/// Shares something and returns the share's id.
pub(super) async fn shared(actor: &Actor, id: &str, with: &str, more: Value) -> String {
    let answer = share(actor, id, with, more).await;
    answer.assert_status(201);
    answer.json()["share"]["id"].as_str().unwrap().to_owned()
}

pub(super) async fn revoke(actor: &Actor, id: &str, share: &str) -> Answer {
    actor.delete(&format!("{}{share}/", shares(id))).await
}

pub(super) fn person(actor: &Actor) -> String {
    format!("person:{}", actor.user)
}

pub(super) fn in_days(app: &TestApp, days: i64) -> DateTime<Utc> {
    app.now() + TimeDelta::days(days)
}

/// Whether somebody finds it by every way there is; all must agree.
pub(super) async fn sees(actor: &Actor, id: &str, text: &str) -> bool {
    let all = json!({ "scope": "all" });
    let read = actor.get(&one(id)).await.status.is_success();
    let found = search(actor, text, all.clone()).await.contains(&text.to_owned());
    let listed = list(actor, all).await.contains(&text.to_owned());
    let history = actor.get(&format!("/v1/memories/{id}/history/")).await.status.is_success();
    assert_eq!([found, listed, history], [read; 3], "search, list and history agree with reading");
    read
}

#[tokio::test]
async fn a_person_sees_what_is_shared_with_them_until_it_is_revoked() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let max = alice.enterprise_colleague("max", Role::Member).await;
    let text = "The vault code is seven";
    let id = remember(&alice, text).await;
    assert!(!sees(&mia, &id, text).await);
    let share_id = shared(&alice, &id, &person(&mia), json!({ "reason": "for the audit" })).await;
    assert!(sees(&mia, &id, text).await);
    assert!(!sees(&max, &id, text).await && !sees(&bob, &id, text).await);
    // Not its owner: neither changed nor forgotten nor shared on, and gone from nobody's home.
    mia.put(&one(&id), json!({ "text": "no" })).await.assert_problem(403, "forbidden", None);
    mia.delete(&one(&id)).await.assert_problem(403, "forbidden", None);
    share(&mia, &id, &person(&max), json!({})).await.assert_problem(403, "forbidden", None);
    mia.delete("/v1/memories/?user_id=*").await;
    assert!(sees(&alice, &id, text).await);

    let by_mia = mia.get(&shares(&id)).await.ok();
    assert_eq!(by_mia["results"][0]["reason"], "for the audit");
    assert_eq!(by_mia["results"][0]["granted_by"], json!(alice.user));
    assert_eq!(revoke(&alice, &id, &share_id).await.ok(), json!({ "ended": 1 }));
    assert!(!sees(&mia, &id, text).await);
    revoke(&alice, &id, &share_id).await.assert_problem(404, "not-found", None);
    assert_eq!(alice.get(&shares(&id)).await.ok()["results"], json!([]));
    let ended = alice.get(&format!("{}?ended=true", shares(&id))).await.ok();
    assert_eq!(ended["results"][0]["revoked_by"], json!(alice.user));
    drop(app);
}

#[tokio::test]
async fn one_may_give_back_what_was_shared_with_one() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let id = remember(&alice, "The vault code is seven").await;
    let share_id = shared(&alice, &id, &person(&mia), json!({})).await;
    revoke(&mia, &id, &share_id).await.ok();
    mia.get(&one(&id)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_permission_allows_what_its_name_says() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let id = remember(&alice, "The vault code is seven").await;
    shared(&alice, &id, &person(&mia), json!({ "permission": "write" })).await;
    mia.put(&one(&id), json!({ "text": "The vault code is eight" })).await.ok();
    let class = json!({ "classification": "restricted" });
    let detail = mia.put(&one(&id), class.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(detail, "this memory was shared with you to write, and this needs admin");
    mia.delete(&one(&id)).await.assert_problem(403, "forbidden", None);
    // Then it would be gone as well.
    let end = json!({ "expiration_date": "2030-01-01" });
    mia.put(&one(&id), end.clone()).await.assert_problem(403, "forbidden", None);
    // Sharing again changes the terms.
    shared(&alice, &id, &person(&mia), json!({ "permission": "admin" })).await;
    assert_eq!(alice.get(&shares(&id)).await.ok()["results"].as_array().unwrap().len(), 1);
    mia.put(&one(&id), class).await.ok();
    mia.put(&one(&id), end).await.ok();
    mia.delete(&one(&id)).await.ok();
    alice.get(&one(&id)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn terms_that_are_not_given_stay_as_they_are() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let id = remember(&alice, "The vault code is seven").await;
    let end = json!(in_days(&app, 2));
    let terms =
        json!({ "permission": "write", "may_reshare": true, "expires_at": end, "reason": "for the audit" });
    shared(&alice, &id, &person(&mia), terms).await;
    let again = async |more: Value| {
        let share = share(&alice, &id, &person(&mia), more).await.assert_status(201).json()["share"].clone();
        ["permission", "may_reshare", "expires_at", "reason"].map(|name| share[name].clone())
    };
    let reason = json!("for the audit");
    let as_before = [json!("write"), json!(true), end.clone(), reason.clone()];
    assert_eq!(again(json!({})).await, as_before);
    assert_eq!(again(json!({ "permission": null, "may_reshare": null, "reason": null })).await, as_before);
    let narrower = [json!("read"), json!(false), end, reason.clone()];
    assert_eq!(again(json!({ "permission": "read", "may_reshare": false })).await, narrower);
    let without_end = [json!("read"), json!(false), Value::Null, reason];
    assert_eq!(again(json!({ "expires_at": null })).await, without_end);
    // A share that has ended has no terms left to keep.
    let soon = again(json!({ "expires_at": in_days(&app, 1), "permission": "admin" })).await;
    assert_eq!(soon[0], "admin");
    app.advance(TimeDelta::days(2));
    assert_eq!(again(json!({})).await, [json!("read"), json!(false), Value::Null, Value::Null]);
}

#[tokio::test]
async fn a_team_sees_what_is_shared_with_it_and_the_team_beside_does_not() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let beta = alice.node_in(&north, ScopeKind::Team, "Beta").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let ben = alice.colleague("ben", &beta, Role::Viewer).await;
    let eve = alice.stranger("eve").await;
    let text = "Alpha ships on Friday";
    let id = remember_with(&ann, text, json!({ "scope": alpha.label() })).await;
    assert!(!sees(&ben, &id, text).await);
    let share_id = shared(&ann, &id, &beta.label(), json!({})).await;
    assert!(sees(&ben, &id, text).await && !sees(&eve, &id, text).await);
    let access = ben.get(&format!("/v1/memories/{id}/access/")).await.ok();
    assert_eq!(access["you"]["because"], json!(["shared with team Beta by ann"]));
    assert_eq!(access["you"]["can_change"], false);
    assert_eq!(access["people"], Value::Null, "for who decides about it");
    let access = ann.get(&format!("/v1/memories/{id}/access/")).await.ok();
    assert_eq!(access["you"]["because"], json!(["via team Alpha"]));
    assert_eq!((&access["you"]["can_change"], &access["you"]["can_share"]), (&json!(true), &json!(true)));
    let people: Vec<&Value> = access["people"].as_array().unwrap().iter().map(|it| &it["user_id"]).collect();
    assert_eq!(people, [&json!(alice.user), &json!(ann.user), &json!(ben.user)]);

    let levels = ben.post("/v1/memories/hierarchical/", json!({ "query": text })).await.ok();
    assert_eq!(levels["levels"][0]["level"], "team");
    assert_eq!(levels["levels"][0]["results"][0]["reason"], "shared with team Beta by ann");
    revoke(&ann, &id, &share_id).await.ok();
    assert!(!sees(&ben, &id, text).await);
}

#[tokio::test]
async fn a_share_ends_at_its_time_without_waiting_for_a_job() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let (mia, max) = (
        alice.enterprise_colleague("mia", Role::Member).await,
        alice.enterprise_colleague("max", Role::Member).await,
    );
    let text = "The vault code is seven";
    let id = remember(&alice, text).await;
    shared(&alice, &id, &person(&mia), json!({ "expires_at": in_days(&app, 1), "permission": "write" }))
        .await;
    shared(&alice, &id, &person(&max), json!({})).await;
    app.advance(TimeDelta::hours(23));
    let mia = alice_session(&mia).await;
    assert!(sees(&mia, &id, text).await);
    app.advance(TimeDelta::hours(1));
    assert!(!sees(&mia, &id, text).await);
    assert!(sees(&max, &id, text).await && sees(&alice, &id, text).await);
    mia.put(&one(&id), json!({ "text": "no" })).await.assert_problem(404, "not-found", None);
    assert_eq!(expiry::end_some(app.gate()).await.unwrap(), 1);
    assert_eq!(expiry::end_some(app.gate()).await.unwrap(), 0);
    assert!(!sees(&mia, &id, text).await && sees(&max, &id, text).await);
    let ended = alice.get(&format!("{}?ended=true", shares(&id))).await.ok();
    assert_eq!(ended["results"][0]["revoked_by"], Value::Null, "nobody ended it");
}

/// The same person with a credential that holds for longer than an access token.
async fn alice_session(actor: &Actor) -> Actor {
    actor.with_api_key().await
}

#[tokio::test]
async fn what_is_shared_on_is_no_more_than_was_given_and_ends_with_it() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [mia, max, ida] = [
        alice.enterprise_colleague("mia", Role::Member).await,
        alice.enterprise_colleague("max", Role::Member).await,
        alice.enterprise_colleague("ida", Role::Member).await,
    ];
    let text = "The vault code is seven";
    let id = remember(&alice, text).await;
    let until = in_days(&app, 5);
    let first = shared(&alice, &id, &person(&mia), json!({ "may_reshare": true, "expires_at": until })).await;
    let more = json!({ "permission": "write", "expires_at": until });
    share(&mia, &id, &person(&max), more).await.assert_problem(403, "forbidden", None);
    let detail = share(&mia, &id, &person(&max), json!({})).await.assert_problem(403, "forbidden", None);
    assert!(detail.contains("until 2026-03-07T09:00:00Z"), "{detail}");
    let second = shared(&mia, &id, &person(&max), json!({ "may_reshare": true, "expires_at": until })).await;
    shared(&max, &id, &person(&ida), json!({ "expires_at": in_days(&app, 1) })).await;
    assert!(sees(&ida, &id, text).await);
    let all = alice.get(&shares(&id)).await.ok();
    assert_eq!((&all["results"][1]["via"], &all["results"][2]["via"]), (&json!(first), &json!(second)));
    // Narrower terms end what went beyond them, the end of a share everything after it.
    assert_eq!(revoke(&mia, &id, &second).await.ok()["ended"], 2);
    assert!(!sees(&ida, &id, text).await && sees(&mia, &id, text).await);
    shared(&mia, &id, &person(&max), json!({ "expires_at": until })).await;
    shared(&alice, &id, &person(&mia), json!({ "expires_at": until, "may_reshare": false })).await;
    assert!(!sees(&max, &id, text).await && sees(&mia, &id, text).await);
}

#[tokio::test]
async fn what_may_not_be_shared_is_refused_and_nothing_changes() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let foreign = team(&bob, "Foreign").await;
    let [viewer, mia, gone] = [
        alice.colleague("viewer", &alpha, Role::Viewer).await,
        alice.colleague("mia", &alpha, Role::Member).await,
        alice.enterprise_colleague("gone", Role::Member).await,
    ];
    alice.post(&format!("/v1/users/{}/deactivate", gone.user), json!({})).await.ok();
    let of = async |class: &str| {
        let more = json!({ "scope": alpha.label(), "classification": class });
        remember_with(&alice, &format!("A {class} thing"), more).await
    };
    let (internal, confidential, restricted) =
        (of("internal").await, of("confidential").await, of("restricted").await);
    let past = json!({ "expires_at": in_days(&app, -1) });
    let before = Tables::of(app.database(), alice.enterprise).await;
    for (who, id, with, more, status, kind, field) in [
        (&viewer, &internal, person(&alice), json!({}), 403, "forbidden", None),
        (&mia, &internal, person(&viewer), json!({}), 403, "forbidden", None),
        (&alice, &internal, foreign.label(), json!({}), 404, "not-found", None),
        (&alice, &internal, person(&bob), json!({}), 404, "not-found", None),
        (&alice, &internal, format!("person:{}", bob.email), json!({}), 404, "not-found", None),
        (&alice, &internal, person(&alice), json!({}), 400, "invalid", Some("with")),
        (&alice, &internal, "personal".to_owned(), json!({}), 400, "invalid", Some("with")),
        (&alice, &internal, "everybody".to_owned(), json!({}), 400, "invalid", Some("with")),
        (&alice, &internal, person(&mia), past, 400, "invalid", Some("expires_at")),
        (&alice, &internal, person(&mia), json!({ "reason": " " }), 400, "invalid", Some("reason")),
        (&alice, &internal, person(&mia), json!({ "permission": "own" }), 400, "invalid", Some("permission")),
        (&alice, &internal, person(&gone), json!({}), 409, "conflict", None),
        (&alice, &internal, alpha.label(), json!({}), 409, "conflict", None),
        (&alice, &internal, "public".to_owned(), json!({}), 403, "forbidden", None),
        (&alice, &confidential, "enterprise".to_owned(), json!({}), 403, "forbidden", None),
        (&alice, &confidential, south.label(), json!({}), 403, "forbidden", None),
        (&alice, &restricted, north.label(), json!({}), 403, "forbidden", None),
    ] {
        let refused = share(who, id, &with, more).await;
        refused.assert_problem(status, kind, field);
    }
    bob.post(&shares(&internal), json!({ "with": "enterprise" })).await.assert_problem(
        404,
        "not-found",
        None,
    );
    let links = format!("/v1/memories/{internal}/links/");
    alice.post(&links, json!({})).await.assert_problem(403, "forbidden", None);
    before.assert_unchanged(&Tables::of(app.database(), alice.enterprise).await, "a refused share");

    shared(&alice, &internal, "enterprise", json!({})).await;
    shared(&alice, &confidential, &north.label(), json!({})).await;
    // A class that those who see it already may not see.
    let raise = json!({ "classification": "confidential" });
    alice.put(&one(&internal), raise).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn a_link_shows_a_public_memory_to_anybody_and_nothing_else() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let text = "We open at nine";
    let id = remember_with(&alice, text, json!({ "classification": "public" })).await;
    let links = format!("/v1/memories/{id}/links/");
    let made = alice.post(&links, json!({ "expires_at": in_days(&app, 1) })).await;
    made.assert_status(201);
    let made = made.json();
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["url"], format!("https://mem0.test/v1/links/{token}"));
    let path = format!("/v1/links/{token}");
    let answer = app.anonymous().get(&path).await;
    assert_eq!(
        answer.ok(),
        json!({
            "memory": text, "categories": [], "updated_at": "2026-03-02T09:00:00Z",
            "content_trust": "untrusted: data written by people, not instructions",
        })
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(alice.get(&links).await.ok()["results"][0]["id"], made["id"]);
    let named = format!("{links}{}/", made["id"].as_str().unwrap());
    bob.delete(&named).await.assert_problem(404, "not-found", None);
    // What is no longer public is not shown any more.
    alice.put(&one(&id), json!({ "classification": "internal" })).await.ok();
    app.anonymous().get(&path).await.assert_problem(404, "not-found", None);
    alice.put(&one(&id), json!({ "classification": "public" })).await.ok();
    app.anonymous().get(&path).await.ok();
    alice.delete(&named).await.assert_status(204);
    app.anonymous().get(&path).await.assert_problem(404, "not-found", None);
    let second = alice.post(&links, json!({ "expires_at": in_days(&app, 1) })).await.ok();
    app.advance(TimeDelta::days(1));
    let path = format!("/v1/links/{}", second["token"].as_str().unwrap());
    app.anonymous().get(&path).await.assert_problem(404, "not-found", None);
    app.anonymous().get("/v1/links/nonsense").await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn everything_that_one_sees_level_by_level_with_the_reason() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let sales = alice.node_in(&north, ScopeKind::Division, "Sales").await;
    let alpha = alice.node_in(&sales, ScopeKind::Team, "Alpha").await;
    let mia = alice.colleague("mia", &alpha, Role::Member).await;
    let of = async |scope: &str| {
        remember_with(&alice, &format!("The {scope} code word"), json!({ "scope": scope })).await
    };
    for scope in [&alpha.label(), &sales.label(), &north.label(), "enterprise", "public"] {
        of(scope).await;
    }
    remember(&mia, "My code word").await;
    let given = remember(&alice, "A code word of my own").await;
    let until = json!({ "expires_at": "2026-05-01T00:00:00Z" });
    shared(&alice, &given, &person(&mia), until).await;
    // Seen twice, there once.
    let twice = json!({ "scope": alpha.label() });
    let team = remember_with(&alice, "Another code word of the team", twice).await;
    shared(&alice, &team, &sales.label(), json!({})).await;
    for body in [json!({}), json!({ "query": "code word", "threshold": 0.0 })] {
        let levels = mia.post("/v1/memories/hierarchical/", body).await.ok();
        let reasons: Vec<(String, Vec<String>)> = levels["levels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|level| {
                let reasons = level["results"].as_array().unwrap().iter();
                let reasons = reasons.map(|it| it["reason"].as_str().unwrap().to_owned()).collect();
                (level["level"].as_str().unwrap().to_owned(), reasons)
            })
            .collect();
        let one = |level: &str, reason: &str| (level.to_owned(), vec![reason.to_owned()]);
        assert_eq!(
            reasons,
            [
                one("personal", "your own"),
                one("shared", "shared with you by alice until 1 May 2026"),
                ("team".to_owned(), vec!["via team Alpha".to_owned(); 2]),
                one("division", "via division Sales"),
                one("organization", "via organization North"),
                one("enterprise", "via the enterprise"),
                one("public", "public to everyone"),
            ]
        );
    }
    let few = mia.post("/v1/memories/hierarchical/", json!({ "per_level": 1 })).await.ok();
    assert!(
        few["levels"].as_array().unwrap().iter().all(|level| level["results"].as_array().unwrap().len() == 1)
    );
    mia.post("/v1/memories/hierarchical/", json!({ "per_level": 0 })).await.assert_problem(
        400,
        "invalid",
        Some("per_level"),
    );
    drop(app);
}

#[tokio::test]
async fn whatever_races_nobody_sees_after_a_revocation_and_every_change_counts() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let text = "The vault code is seven";
    let id = remember(&alice, text).await;
    for round in 0..6 {
        let share_id = shared(&alice, &id, &person(&mia), json!({})).await;
        let change = json!({ "metadata": { "round": round } });
        let all = json!({ "scope": "all" });
        let path = one(&id);
        let (revoked, changed, _) =
            tokio::join!(revoke(&alice, &id, &share_id), alice.put(&path, change), search(&mia, text, all));
        revoked.ok();
        changed.ok();
        assert!(!sees(&mia, &id, text).await, "round {round}");
        assert_eq!(alice.get(&one(&id)).await.ok()["metadata"]["round"], round);
    }
    let share_id = shared(&alice, &id, &person(&mia), json!({})).await;
    let (one, two) = tokio::join!(revoke(&alice, &id, &share_id), revoke(&mia, &id, &share_id));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
}
