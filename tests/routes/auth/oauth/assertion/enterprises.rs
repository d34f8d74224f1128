//! Several enterprises that trust the same issuer.

use serde_json::json;

use super::*;

/// Two enterprises share one identity provider, with the same issuer and the same keys.
#[tokio::test]
async fn an_application_of_one_enterprise_gets_tokens_of_that_enterprise_only() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let provider = Signer([7; 32]);
    let mut applications = Vec::new();
    for (owner, domains) in [(&alice, [domain(&alice), domain(&bob)]), (&bob, [domain(&bob), domain(&alice)])]
    {
        let body = json!({ "name": "x", "issuer": ISSUER, "jwks": provider.jwks(), "domains": domains });
        let trusted = owner.post("/v1/auth/identity-providers", body).await.ok();
        let path = format!("/v1/auth/identity-providers/{}/applications", trusted["id"].as_str().unwrap());
        applications.push(Application::of(&owner.post(&path, json!({ "name": "Claude" })).await.ok()));
    }
    let whoami = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} } });
    for (client, own, other) in [(&applications[0], &alice, &bob), (&applications[1], &bob, &alice)] {
        let assertion = |person: &Actor| {
            let mut claims = claims(&app, client, &person.email);
            claims["sub"] = json!(person.user);
            provider.sign(TYPE, &claims, |_| ())
        };
        let answer = brings(&app, client, &assertion(own)).await.ok();
        let told =
            own.with_token(answer["access_token"].as_str().unwrap()).post("/mcp", whoami.clone()).await.ok();
        assert_eq!(told["result"]["structuredContent"]["user_id"], json!(own.user));
        let refused = brings(&app, client, &assertion(other)).await;
        assert!(assert_refused(&refused, 400, "invalid_grant").contains("nobody who has an account here"));
        // The application of one is no credential for an assertion that names the other's.
        let theirs = Application { secret: client.secret.clone(), ..applications[0].clone() };
        if theirs.id != client.id {
            assert_refused(&brings(&app, &theirs, &assertion(own)).await, 401, "invalid_client");
        }
    }
}

/// A subject that one enterprise has linked, with the address of a person of another.
#[tokio::test]
async fn an_assertion_that_two_enterprises_know_needs_an_application_of_one_of_them() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let provider = Signer([7; 32]);
    let mut applications = Vec::new();
    for owner in [&bob, &alice] {
        let body = json!({
            "name": "x", "issuer": ISSUER, "jwks": provider.jwks(), "domains": [domain(&alice), domain(&bob)],
        });
        let trusted = owner.post("/v1/auth/identity-providers", body).await.ok();
        let path = format!("/v1/auth/identity-providers/{}/applications", trusted["id"].as_str().unwrap());
        applications.push(Application::of(&owner.post(&path, json!({ "name": "Claude" })).await.ok()));
    }
    let sign = |client: &Application, email: &str| provider.sign(TYPE, &claims(&app, client, email), |_| ());
    let anybodys = application(&app).await;
    // Links the subject to Bob, and then comes with Alice's address.
    brings(&app, &anybodys, &sign(&anybodys, &bob.email)).await.assert_status(200);
    let refused = brings(&app, &anybodys, &sign(&anybodys, &alice.email)).await;
    assert!(assert_refused(&refused, 400, "invalid_grant").contains("several enterprises"));
    let whoami = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} } });
    for (client, person) in applications.iter().zip([&bob, &alice]) {
        let answer = brings(&app, client, &sign(client, &alice.email)).await.ok();
        let told = person
            .with_token(answer["access_token"].as_str().unwrap())
            .post("/mcp", whoami.clone())
            .await
            .ok();
        assert_eq!(told["result"]["structuredContent"]["user_id"], json!(person.user));
    }
    // An account that is closed does not count.
    let close = "UPDATE users SET status = 'deactivated' WHERE id = $1";
    app.database().superuser().await.execute(close, &[&bob.user.uuid()]).await.unwrap();
    let answer = brings(&app, &anybodys, &sign(&anybodys, &alice.email)).await.ok();
    let told = alice.with_token(answer["access_token"].as_str().unwrap()).post("/mcp", whoami).await.ok();
    assert_eq!(told["result"]["structuredContent"]["user_id"], json!(alice.user));
}
