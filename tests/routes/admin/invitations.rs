//! `…/invitations`: inviting people by e-mail. The tests of registration cover accepting.

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};
use shared::access::{Role, SecretHash};
use shared::tenancy::invitations;

use super::{add_member, column, make, text};
use crate::harness::{Client as _, TestApp};

fn invitation(role: &str) -> Value {
    json!({ "email": " Ida@Example.org", "role": role })
}

async fn accepts(app: &TestApp, token: &str) -> bool {
    let tx = app.gate().sign_in("test.accept").await.unwrap();
    let accepted = invitations::accept(&tx, &SecretHash::of(token), app.now()).await.unwrap();
    accepted.is_some()
}

#[tokio::test]
async fn an_invitation_shows_its_token_once() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let path = format!("/v1/organizations/{energy}/invitations");
    let answer = alice.post(&path, invitation("member")).await;
    answer.assert_status(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    insta::assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "created_at": "2026-03-02T09:00:00Z",
      "email": "ida@example.org",
      "expires_at": "2026-03-09T09:00:00Z",
      "id": "[inv#1]",
      "invited_by": "[usr#1]",
      "role": "member",
      "status": "pending",
      "to": {
        "id": "[org#1]",
        "kind": "organization",
        "name": "Energy",
        "scope": "organization:[org#1]"
      },
      "token": "[m0in#1]"
    }
    "#);
    let mut shown = answer.json();
    shown.as_object_mut().unwrap().remove("token");
    assert_eq!(alice.get(&path).await.ok(), json!({ "results": [shown], "next": null }));
}

#[tokio::test]
async fn an_invitation_ends_by_acceptance_revocation_replacement_or_time() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let path = format!("/v1/organizations/{energy}/invitations");
    let first = alice.post(&path, invitation("member")).await.ok();
    let second = alice.post(&path, invitation("viewer")).await.ok();
    assert_eq!(column(&alice.get(&path).await.ok(), "role"), ["viewer"]);
    assert!(!accepts(&app, &text(&first["token"])).await);
    assert!(accepts(&app, &text(&second["token"])).await);

    let revoke = format!("/v1/invitations/{}", text(&second["id"]));
    alice.delete(&revoke).await.assert_status(204);
    assert!(!accepts(&app, &text(&second["token"])).await);
    alice.delete(&revoke).await.assert_problem(404, "not-found", None);

    let third = alice.post(&path, invitation("viewer")).await.ok();
    app.advance(TimeDelta::days(7));
    assert!(!accepts(&app, &text(&third["token"])).await);
    assert_eq!(column(&alice.get(&path).await.ok(), "status"), ["expired"]);
    let fourth = alice.post(&path, invitation("viewer")).await.ok();
    assert!(accepts(&app, &text(&fourth["token"])).await);
    assert!(!accepts(&app, "m0in_nonsense").await);
}

#[tokio::test]
async fn nobody_invites_above_their_role_or_takes_back_what_is_above_it() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let path = format!("/v1/organizations/{energy}/invitations");
    let (adam, mia) = (alice.stranger("adam").await, alice.stranger("mia").await);
    add_member(&alice, &energy, &adam, "admin").await;
    add_member(&alice, &energy, &mia, "member").await;
    adam.post(&path, invitation("owner")).await.assert_problem(403, "forbidden", None);
    let invited = alice.post(&path, invitation("owner")).await.ok();
    adam.post(&path, invitation("viewer")).await.assert_problem(403, "forbidden", None);
    let revoke = format!("/v1/invitations/{}", text(&invited["id"]));
    adam.delete(&revoke).await.assert_problem(403, "forbidden", None);
    mia.delete(&revoke).await.assert_problem(403, "forbidden", None);
    mia.post(&path, invitation("viewer")).await.assert_problem(403, "forbidden", None);
    bob.delete(&revoke).await.assert_problem(404, "not-found", None);
    bob.post(&path, invitation("viewer")).await.assert_problem(404, "not-found", None);
    alice.stranger("sam").await.delete(&revoke).await.assert_problem(404, "not-found", None);
    assert_eq!(column(&mia.get(&path).await.ok(), "role"), ["owner"]);
}

#[tokio::test]
async fn people_who_are_here_are_added_instead() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Viewer).await;
    let path = "/v1/enterprise/invitations";
    let known = json!({ "email": mia.email.to_uppercase(), "role": "viewer" });
    let detail = alice.post(path, known).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, format!("{} has an account here, add {} as a member instead", mia.email, mia.user));
    // That an address has an account in another enterprise is not told.
    alice.post(path, json!({ "email": bob.email, "role": "viewer" })).await.assert_status(201);
}

#[tokio::test]
async fn bad_invitations_are_refused() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let path = "/v1/enterprise/invitations";
    for (body, field) in [
        (json!({ "email": "ida", "role": "viewer" }), Some("email")),
        (json!({ "email": "i@d@a", "role": "viewer" }), Some("email")),
        (json!({ "email": "ida@example.org", "role": "guest" }), Some("role")),
        (json!({ "email": "ida@example.org", "role": "viewer", "token": "mine" }), Some("token")),
        (json!({ "email": "ida@example.org" }), Some("role")),
    ] {
        alice.post(path, body).await.assert_problem(400, "invalid", field);
    }
    let request =
        Request::post(path).header("idempotency-key", "k").header("content-type", "application/json");
    let request = request.body(invitation("viewer").to_string().into()).unwrap();
    let detail = alice.send(request).await.assert_problem(400, "invalid", None);
    assert!(detail.contains("takes no Idempotency-Key"), "{detail}");
    assert_eq!(alice.get(path).await.ok()["results"], json!([]));
}
