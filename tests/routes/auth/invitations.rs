//! `POST /v1/auth/register` with an invitation.

use chrono::TimeDelta;
use http::Method;
use serde_json::json;

use super::{PASSWORD, Person, address, audited};
use crate::harness::{Answer, Client as _, TestApp};

async fn accept(app: &TestApp, name: &str, token: &str) -> Answer {
    let body = json!({ "email": address(name), "password": PASSWORD, "name": name, "invitation": token });
    Person::visitor(app).post("/v1/auth/register", body).await
}

#[tokio::test]
async fn the_invited_join_with_the_role_that_they_were_offered() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "admin").await;
    assert_eq!(bob.user["enterprise_id"], ada.user["enterprise_id"]);
    let me = bob.get("/v1/auth/me").await.ok();
    assert_eq!(me["memberships"], json!([{ "scope": "enterprise", "role": "admin" }]));
    assert_eq!(audited(&app, "invitation.accept").await, 1);
}

#[tokio::test]
async fn the_invited_to_a_node_see_that_node() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let node = ada.post("/v1/organizations", json!({ "kind": "organization", "name": "Energy" })).await.ok();
    let id = node["id"].as_str().unwrap();
    let offer = json!({ "email": address("bob"), "role": "viewer" });
    let invitation = ada.post(&format!("/v1/organizations/{id}/invitations"), offer).await.ok();
    let bob = accept(&app, "bob", invitation["token"].as_str().unwrap()).await;
    let me = Person::signed_in(&app, &bob).get("/v1/auth/me").await.ok();
    assert_eq!(me["memberships"], json!([{ "scope": format!("organization:{id}"), "role": "viewer" }]));
}

#[tokio::test]
async fn an_invitation_is_accepted_once_by_its_addressee_in_time() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;

    let token = ada.invitation(&address("bob"), "member").await;
    let wrong = accept(&app, "carol", &token).await;
    let detail = wrong.assert_problem(403, "forbidden", None);
    assert_eq!(detail, "the invitation is for another e-mail address");
    accept(&app, "bob", &token).await.assert_status(201);
    let detail = accept(&app, "dave", &token).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "the invitation was accepted already");

    let answer = ada
        .post("/v1/enterprise/invitations", json!({ "email": address("erin"), "role": "member" }))
        .await
        .ok();
    let (id, token) = (answer["id"].as_str().unwrap(), answer["token"].as_str().unwrap());
    ada.delete(&format!("/v1/invitations/{id}")).await.assert_status(204);
    let detail = accept(&app, "erin", token).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "the invitation was withdrawn");

    let token = ada.invitation(&address("frank"), "member").await;
    app.advance(TimeDelta::days(8));
    let detail = accept(&app, "frank", &token).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "the invitation has expired, ask for a new one");

    accept(&app, "grace", "m0in_nothing").await.assert_problem(404, "not-found", None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invitation_accepted_many_times_at_once_makes_one_account() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let token = ada.invitation(&address("bob"), "member").await;
    let attempts: Vec<_> = (0..6)
        .map(|_| {
            let (app, token) = (app.clone(), token.clone());
            tokio::spawn(async move { accept(&app, "bob", &token).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn an_invitation_ends_with_the_account_of_whoever_made_it() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let boss = ada.invites("boss", "owner").await;
    let token = boss.invitation(&address("mal"), "owner").await;
    ada.call(Method::POST, &format!("/v1/users/{}/deactivate", boss.id()), None).await.ok();
    let detail = accept(&app, "mal", &token).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "the invitation was withdrawn");
    assert_eq!(ada.get("/v1/enterprise/invitations").await.ok()["results"], json!([]));
    assert_eq!(audited(&app, "invitation.revoke").await, 1);
    // Nor does it come back with them.
    ada.call(Method::POST, &format!("/v1/users/{}/reactivate", boss.id()), None).await.ok();
    accept(&app, "mal", &token).await.assert_problem(409, "conflict", None);
}

#[tokio::test]
async fn an_invitation_is_no_good_while_whoever_made_it_could_not_make_it() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let boss = ada.invites("boss", "owner").await;
    let token = boss.invitation(&address("mal"), "owner").await;
    let role = format!("/v1/enterprise/members/{}", boss.id());
    let refused = "the person who sent this invitation may no longer invite: ask somebody else for a new one";
    ada.put(&role, json!({ "role": "admin" })).await.ok();
    assert_eq!(accept(&app, "mal", &token).await.assert_problem(409, "conflict", None), refused);
    ada.delete(&role).await.assert_status(204);
    assert_eq!(accept(&app, "mal", &token).await.assert_problem(409, "conflict", None), refused);
    let again = json!({ "user_id": boss.id(), "role": "owner" });
    ada.post("/v1/enterprise/members", again).await.ok();
    accept(&app, "mal", &token).await.assert_status(201);
}

#[tokio::test]
async fn an_account_of_another_enterprise_cannot_accept() {
    let app = TestApp::new().await;
    let (ada, _) = (Person::owner(&app, "ada").await, Person::owner(&app, "bob").await);
    let token = ada.invitation(&address("bob"), "member").await;
    let detail = accept(&app, "bob", &token).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "there is an account with this e-mail address already, log in instead");
    // The invitation is still there to be withdrawn.
    let open = ada.get("/v1/enterprise/invitations").await.ok();
    assert_eq!(open["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn accepted_invitations_do_not_count_against_an_address() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for number in 0..25 {
        let name = format!("colleague{number}");
        let token = ada.invitation(&address(&name), "member").await;
        accept(&app, &name, &token).await.assert_status(201);
    }
}
