//! People whose enterprise vouches for them (ID-JAG), and service accounts.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::ApiKeyVerb;

use super::signer::Signer;
use super::{assert_refused, token};
use crate::harness::{Actor, Answer, Client as _, TestApp};

const ISSUER: &str = "https://idp.northwind.example";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TYPE: &str = "oauth-id-jag+jwt";

async fn trusts(owner: &Actor, provider: &Signer, domain: &str) -> Answer {
    let body = json!({ "name": "Northwind", "issuer": ISSUER, "jwks": provider.jwks(), "domains": [domain] });
    owner.post("/v1/auth/identity-providers", body).await
}

async fn application(app: &TestApp) -> String {
    let body = json!({ "client_name": "Assistant", "grant_types": [GRANT] });
    app.anonymous().post("/oauth/register", body).await.ok()["client_id"].as_str().unwrap().to_owned()
}

fn claims(app: &TestApp, client: &str, email: &str) -> Value {
    let now = app.now().timestamp();
    json!({
        "iss": ISSUER, "sub": "00u1", "aud": "https://mem0.test", "client_id": client, "jti": format!("{}", TestApp::unique()),
        "iat": now, "exp": now + 300, "resource": "https://mem0.test/mcp", "scope": "memories:read", "email": email,
    })
}

async fn brings(app: &TestApp, client: &str, assertion: &str) -> Answer {
    token(app, json!({ "grant_type": GRANT, "client_id": client, "assertion": assertion })).await
}

fn domain(actor: &Actor) -> String {
    actor.email.split_once('@').unwrap().1.to_owned()
}

#[tokio::test]
async fn an_enterprise_vouches_for_its_people() {
    let app = TestApp::new().await;
    let owner = app.owner("owner").await;
    let ada = owner.stranger("ada").await;
    let provider = Signer([7; 32]);
    trusts(&owner, &provider, &domain(&ada)).await.assert_status(201);
    let client = application(&app).await;
    let answer =
        brings(&app, &client, &provider.sign(TYPE, &claims(&app, &client, &ada.email), |_| ())).await.ok();
    assert_eq!((&answer["scope"], &answer["refresh_token"]), (&json!("memories:read"), &Value::Null));
    let assistant = ada.with_token(answer["access_token"].as_str().unwrap());
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assistant.post("/mcp", list).await.assert_status(200);
    // Known by the subject from now on, whatever the address becomes.
    let renamed = provider.sign(TYPE, &claims(&app, &client, "ada@elsewhere.example"), |_| ());
    brings(&app, &client, &renamed).await.assert_status(200);
    let listed = owner.get("/v1/auth/identity-providers").await.ok();
    let id = listed["results"][0]["id"].as_str().unwrap();
    owner.delete(&format!("/v1/auth/identity-providers/{id}")).await.assert_status(204);
    let late = provider.sign(TYPE, &claims(&app, &client, &ada.email), |_| ());
    assert_refused(&brings(&app, &client, &late).await, 400, "invalid_grant");
}

#[tokio::test]
async fn an_assertion_that_is_not_what_it_should_be_is_refused() {
    let app = TestApp::new().await;
    let owner = app.owner("owner").await;
    let ada = owner.stranger("ada").await;
    let provider = Signer([7; 32]);
    trusts(&owner, &provider, &domain(&ada)).await.assert_status(201);
    let (client, other) = (application(&app).await, application(&app).await);
    let good = claims(&app, &client, &ada.email);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims["jti"] = json!(format!("{}", TestApp::unique()));
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        provider.sign(TYPE, &claims, |_| ())
    };
    let now = app.now().timestamp();
    for (what, assertion) in [
        ("no JWT", "x".to_owned()),
        ("typ", provider.sign(TYPE, &good, |header| header.typ = Some("JWT".to_owned()))),
        ("typ missing", provider.sign(TYPE, &good, |header| header.typ = None)),
        ("unknown key", provider.sign(TYPE, &good, |header| header.kid = Some("unknown".to_owned()))),
        ("other key", Signer([8; 32]).sign(TYPE, &good, |header| header.kid = Some(provider.kid()))),
        ("issuer", with("iss", json!("https://evil.example"))),
        ("audience", with("aud", json!("https://evil.example"))),
        ("audience missing", with("aud", Value::Null)),
        ("several audiences", with("aud", json!(["https://mem0.test", "https://x.example"]))),
        ("no audience", with("aud", json!([]))),
        ("no expiry", with("exp", Value::Null)),
        ("the endpoint as audience", with("aud", json!("https://mem0.test/mcp"))),
        ("application", with("client_id", json!(other))),
        ("application missing", with("client_id", Value::Null)),
        ("expired", with("exp", json!(now - 31))),
        ("good for ever", with("exp", json!(now + 86_400))),
        ("from the future", with("iat", json!(now + 600))),
        ("not yet", with("nbf", json!(now + 999))),
        ("from nobody knows when", with("iat", Value::Null)),
        ("no time", with("exp", json!("tomorrow"))),
        ("beyond all time", with("exp", json!(i64::MAX))),
        ("no jti", with("jti", Value::Null)),
        ("empty jti", with("jti", json!(""))),
        ("long jti", with("jti", json!("j".repeat(513)))),
        ("long subject", with("sub", json!("s".repeat(513)))),
        ("critical extension", provider.sign(TYPE, &good, |header| header.crit = Some(vec!["x".to_owned()]))),
        ("no subject", with("sub", Value::Null)),
        ("nobody here", with("email", json!("nobody@nowhere.example"))),
        ("unverified", with("email_verified", json!(false))),
    ] {
        let answer = brings(&app, &client, &assertion).await;
        assert_eq!(answer.json()["error"], "invalid_grant", "{what}: {answer}");
    }
    let why = async |assertion: String| {
        brings(&app, &client, &assertion).await.json()["error_description"].to_string()
    };
    assert!(why(with("exp", Value::Null)).await.contains("the claim exp is missing"));
    assert!(why(with("aud", json!(["https://mem0.test", "x"]))).await.contains("and nothing beside"));
    let alone = with("aud", json!(["https://mem0.test"]));
    brings(&app, &client, &alone).await.assert_status(200);
    let fractional = provider.sign(
        TYPE,
        &{
            let mut claims = claims(&app, &client, &ada.email);
            claims["exp"] = json!(now as f64 + 300.5);
            claims["nbf"] = json!(now as f64 - 0.5);
            claims
        },
        |_| (),
    );
    brings(&app, &client, &fractional).await.assert_status(200);
    let elsewhere = with("resource", json!("https://evil.example/mcp"));
    assert_refused(&brings(&app, &client, &elsewhere).await, 400, "invalid_target");
    // HS256 with what is published, and none.
    let confused = provider.confused(TYPE, &good);
    assert_refused(&brings(&app, &client, &confused).await, 400, "invalid_grant");

    let once = provider.sign(TYPE, &good, |_| ());
    brings(&app, &client, &once).await.assert_status(200);
    assert!(
        assert_refused(&brings(&app, &client, &once).await, 400, "invalid_grant").contains("used before")
    );
    app.advance(TimeDelta::minutes(6));
    assert_refused(&brings(&app, &client, &once).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_provider_speaks_for_its_own_enterprise_and_domains_only() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let (theirs, ours) = (Signer([7; 32]), Signer([8; 32]));
    // Both trust the same issuer, Bob with keys of his own making and for Alice's domain, too.
    trusts(&alice, &theirs, &domain(&alice)).await.assert_status(201);
    let body = json!({
        "name": "x", "issuer": ISSUER, "jwks": ours.jwks(), "domains": [domain(&alice), domain(&bob)],
    });
    bob.post("/v1/auth/identity-providers", body).await.assert_status(201);
    let client = application(&app).await;
    let forged = ours.sign(TYPE, &claims(&app, &client, &alice.email), |_| ());
    assert_refused(&brings(&app, &client, &forged).await, 400, "invalid_grant");
    let genuine = theirs.sign(TYPE, &claims(&app, &client, &alice.email), |_| ());
    let answer = brings(&app, &client, &genuine).await.ok();
    let whoami = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} } });
    let told = alice.with_token(answer["access_token"].as_str().unwrap()).post("/mcp", whoami).await.ok();
    assert_eq!(told["result"]["structuredContent"]["user_id"], json!(alice.user));
}

#[tokio::test]
async fn only_owners_decide_whom_their_enterprise_trusts() {
    let app = TestApp::new().await;
    let owner = app.owner("owner").await;
    let admin = owner.enterprise_colleague("admin", shared::access::Role::Admin).await;
    let provider = Signer([7; 32]);
    trusts(&admin, &provider, "northwind.example").await.assert_problem(403, "forbidden", None);
    admin.get("/v1/auth/identity-providers").await.assert_problem(403, "forbidden", None);
    let key = owner.with_api_key().await;
    trusts(&key, &provider, "northwind.example").await.assert_problem(403, "forbidden", None);
    let post = async |body: Value| owner.post("/v1/auth/identity-providers", body).await;
    let body = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({ "name": "x", "issuer": ISSUER, "jwks": provider.jwks(), "domains": ["northwind.example"] });
        change(&mut body);
        body
    };
    for (change, field) in [
        (body(&|body| body["issuer"] = json!("http://idp.example")), Some("issuer")),
        (body(&|body| body["domains"] = json!([])), Some("domains")),
        (body(&|body| body["domains"] = json!(["*"])), Some("domains")),
        (body(&|body| body["jwks"] = json!({ "keys": [] })), Some("jwks")),
        (body(&|body| body["jwks"] = json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })), Some("jwks")),
        (body(&|body| drop(body.as_object_mut().unwrap().remove("jwks"))), None),
        (body(&|body| body["jwks_uri"] = json!("https://idp.example/jwks")), None),
    ] {
        post(change).await.assert_problem(400, "invalid", field);
    }
    post(body(&|_| ())).await.assert_status(201);
    post(body(&|_| ())).await.assert_problem(409, "conflict", None);
}

#[tokio::test]
async fn a_service_account_gets_a_token_that_lives_as_long_as_its_key() {
    let app = TestApp::new().await;
    let owner = app.owner("owner").await;
    let robot = owner.enterprise_colleague("robot", shared::access::Role::Member).await;
    let database = app.database().superuser().await;
    let key = robot.with_narrow_api_key(&[shared::access::ApiKeyVerb::MemoriesRead]).await;
    let ask = async |more: Value| {
        let mut fields = json!({
            "grant_type": "client_credentials", "client_id": robot.user, "client_secret": key.token,
            "resource": "https://mem0.test",
        });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        token(&app, fields).await
    };
    // A person's key is no account's secret.
    assert_refused(&ask(json!({})).await, 401, "invalid_client");
    let become_service = "UPDATE users SET kind = 'service', owner_scope_id = $2 WHERE id = $1";
    database.execute(become_service, &[&robot.user.uuid(), &owner.root.0]).await.unwrap();
    assert_refused(&ask(json!({ "client_secret": "m0sk_wrong" })).await, 401, "invalid_client");
    assert_refused(&ask(json!({ "client_id": owner.user })).await, 401, "invalid_client");
    assert_refused(&ask(json!({ "scope": "memories:write" })).await, 400, "invalid_scope");
    let answer = ask(json!({})).await.ok();
    assert_eq!((&answer["scope"], &answer["refresh_token"]), (&json!("memories:read"), &Value::Null));
    let program = robot.with_token(answer["access_token"].as_str().unwrap());
    program.get("/v1/ping/").await.assert_status(200);
    // It may ask about it, with what it got it with, and is told that it ends with the key.
    let about = |secret: &str| json!({ "client_id": robot.user, "client_secret": secret, "token": answer["access_token"] });
    let told = app.anonymous().post("/oauth/introspect", about(&key.token)).await.ok();
    assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!("memories:read")), "{told}");
    assert_eq!((&told["sub"], &told["client_id"]), (&json!(robot.user), &json!(robot.user)));
    let wrong = app.anonymous().post("/oauth/introspect", about("m0sk_wrong")).await;
    assert_refused(&wrong, 401, "invalid_client");
    let of_person = json!({ "client_id": robot.user, "client_secret": key.token, "token": owner.token });
    let told = app.anonymous().post("/oauth/introspect", of_person.clone()).await.ok();
    assert_eq!(told, json!({ "active": false }));
    let revoked = app.anonymous().post("/oauth/revoke", about(&key.token)).await;
    assert!(assert_refused(&revoked, 400, "unsupported_token_type").contains("API key"));
    app.anonymous().post("/oauth/revoke", of_person).await.assert_status(200);
    let add = json!({ "messages": "x", "infer": false });
    program.post("/v3/memories/add/", add).await.assert_problem(403, "forbidden", None);
    // What its key has and this token has not, it could ask for.
    let wide = robot.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite]).await;
    let narrowed = json!({
        "client_secret": wide.token, "scope": "memories:read", "resource": "https://mem0.test/mcp",
    });
    let narrowed = ask(narrowed).await.ok();
    let adds = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "add_memory", "arguments": { "text": "x" } },
    });
    let refused =
        robot.with_token(narrowed["access_token"].as_str().unwrap()).post("/mcp", adds.clone()).await;
    refused.assert_status(403);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("error=\"insufficient_scope\", scope=\"memories:read memories:write\""),
        "{challenge}"
    );
    assert!(refused.text().contains("this token lacks the scope memories:write"), "{refused}");
    // What the key has not, no token has.
    let refused = key.post("/mcp", adds).await;
    assert!(refused.ok()["result"]["content"][0]["text"].as_str().unwrap().contains("this API key lacks"));
    database
        .execute("UPDATE api_keys SET revoked_at = created_at WHERE user_id = $1", &[&robot.user.uuid()])
        .await
        .unwrap();
    program.get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
}
