//! People whose enterprise vouches for them (ID-JAG), and service accounts.

mod enterprises;

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

/// An application with a secret: its id, and what it authenticates with.
#[derive(Debug, Clone)]
struct Application {
    id: String,
    secret: String,
}

impl Application {
    fn of(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { id: text("client_id"), secret: text("client_secret") }
    }
}

async fn application(app: &TestApp) -> Application {
    let body = json!({
        "client_name": "Assistant", "grant_types": [GRANT], "token_endpoint_auth_method": "client_secret_post",
    });
    Application::of(&app.anonymous().post("/oauth/register", body).await.ok())
}

fn claims(app: &TestApp, client: &Application, email: &str) -> Value {
    let now = app.now().timestamp();
    json!({
        "iss": ISSUER, "sub": "00u1", "aud": "https://mem0.test", "client_id": client.id, "jti": format!("{}", TestApp::unique()),
        "iat": now, "exp": now + 300, "resource": "https://mem0.test/mcp", "scope": "memories:read", "email": email,
    })
}

async fn brings(app: &TestApp, client: &Application, assertion: &str) -> Answer {
    let fields = json!({
        "grant_type": GRANT, "client_id": client.id, "client_secret": client.secret, "assertion": assertion,
    });
    token(app, fields).await
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
        ("application", with("client_id", json!(other.id))),
        ("no resource", with("resource", Value::Null)),
        ("an empty list of resources", with("resource", json!([]))),
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
    assert!(why(with("aud", json!(["https://mem0.test", "x"]))).await.contains("and nothing else"));
    for (claim, value, said) in [
        ("scope", json!(["a"]), "assertion: scope: expected a string, found a list"),
        ("iss", json!(7), "assertion: iss: expected a string, found 7"),
        ("resource", json!(7), "assertion: resource: expected a string or a list of strings"),
    ] {
        assert_eq!(why(with(claim, value)).await, format!("\"{said}\""));
    }
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
async fn an_application_without_proof_cannot_use_an_assertion() {
    let app = TestApp::new().await;
    let metadata = app.anonymous().get("/.well-known/oauth-authorization-server").await.ok();
    assert_eq!(
        metadata["authorization_grant_profiles_supported"],
        json!(["urn:ietf:params:oauth:grant-profile:id-jag"])
    );
    let register = async |body: Value| app.anonymous().post("/oauth/register", body).await;
    let alone = register(json!({ "grant_types": [GRANT] })).await;
    assert!(assert_refused(&alone, 400, "invalid_client_metadata").contains("client authentication"));
    let both =
        json!({ "grant_types": [GRANT, "authorization_code"], "redirect_uris": ["https://app.example/"] });
    let both = register(both).await.ok();
    assert_eq!(both["grant_types"], json!(["authorization_code"]));
    // One that registered before this was required.
    let widen = "UPDATE oauth_clients SET grant_types = grant_types || $2::text WHERE id = $1";
    let id = both["client_id"].as_str().unwrap();
    app.database().superuser().await.execute(widen, &[&id, &GRANT]).await.unwrap();
    let tried = token(&app, json!({ "grant_type": GRANT, "client_id": id, "assertion": "x" })).await;
    assert_refused(&tried, 400, "unauthorized_client");
}

#[tokio::test]
async fn an_application_that_the_enterprise_registers_lasts_as_long_as_its_provider() {
    let app = TestApp::new().await;
    let owner = app.owner("owner").await;
    let ada = owner.stranger("ada").await;
    let provider = Signer([7; 32]);
    let trusted = trusts(&owner, &provider, &domain(&ada)).await.json();
    let path = format!("/v1/auth/identity-providers/{}/applications", trusted["id"].as_str().unwrap());
    let made = owner.post(&path, json!({ "name": "Claude" })).await;
    made.assert_status(201);
    let client = Application::of(&made.json());
    let keyed = owner.post(&path, json!({ "name": "Signing", "jwks": Signer([9; 32]).jwks() })).await;
    keyed.assert_status(201);
    let keyed = keyed.json();
    assert_eq!(
        (&keyed["token_endpoint_auth_method"], &keyed["client_secret"]),
        (&json!("private_key_jwt"), &Value::Null)
    );
    let listed = owner.get(&path).await.ok();
    let listed_ids: Vec<&Value> =
        listed["results"].as_array().unwrap().iter().map(|row| &row["client_id"]).collect();
    assert!(listed_ids.len() == 2 && listed_ids.contains(&&json!(client.id)), "{listed}");
    assert!(!listed.to_string().contains(&client.secret), "{listed}");
    for limit in [1, 2] {
        let part = owner.get(&format!("{path}?limit={limit}")).await.ok();
        assert_eq!(part["results"].as_array().unwrap().len(), limit);
    }

    // Nobody used it for a year, and others registered meanwhile, which is when expired ones are deleted.
    app.advance(TimeDelta::days(365));
    application(&app).await;
    let owner = owner.with_new_login().await;
    let assertion = provider.sign(TYPE, &claims(&app, &client, &ada.email), |_| ());
    brings(&app, &client, &assertion).await.assert_status(200);
    let wrong = Application { secret: "m0cs_wrong".to_owned(), ..client.clone() };
    let assertion = provider.sign(TYPE, &claims(&app, &client, &ada.email), |_| ());
    assert_refused(&brings(&app, &wrong, &assertion).await, 401, "invalid_client");

    // Another enterprise can neither see nor use it.
    let other = app.owner("other").await;
    other.get(&path).await.assert_problem(404, "not-found", None);
    other.post(&path, json!({ "name": "x" })).await.assert_problem(404, "not-found", None);
    other.delete(&format!("{path}/{}", client.id)).await.assert_problem(404, "not-found", None);
    let theirs = Signer([8; 32]);
    let body = json!({
        "name": "x", "issuer": "https://idp.other.example", "jwks": theirs.jwks(), "domains": [domain(&other)],
    });
    other.post("/v1/auth/identity-providers", body).await.assert_status(201);
    let mut foreign = claims(&app, &client, &other.email);
    foreign["iss"] = json!("https://idp.other.example");
    let refused = brings(&app, &client, &theirs.sign(TYPE, &foreign, |_| ())).await;
    assert!(assert_refused(&refused, 400, "invalid_grant").contains("another identity provider"));

    let keyed = keyed["client_id"].as_str().unwrap();
    owner.delete(&format!("{path}/{keyed}")).await.assert_status(204);
    owner.delete(&format!("{path}/{keyed}")).await.assert_problem(404, "not-found", None);
    let provider_path = path.strip_suffix("/applications").unwrap();
    owner.delete(provider_path).await.assert_status(204);
    let late = provider.sign(TYPE, &claims(&app, &client, &ada.email), |_| ());
    assert_refused(&brings(&app, &client, &late).await, 401, "invalid_client");
}

#[tokio::test]
async fn tokens_end_with_the_application_and_with_the_provider() {
    let app = TestApp::new().await;
    let owner = app.owner("owner").await;
    let ada = owner.stranger("ada").await;
    let provider = Signer([7; 32]);
    let trusted = trusts(&owner, &provider, &domain(&ada)).await.json();
    let trusted = format!("/v1/auth/identity-providers/{}", trusted["id"].as_str().unwrap());
    let path = format!("{trusted}/applications");
    let (first, second) = (
        Application::of(&owner.post(&path, json!({ "name": "First" })).await.json()),
        Application::of(&owner.post(&path, json!({ "name": "Second" })).await.json()),
    );
    let registered = application(&app).await;
    let mut tokens = Vec::new();
    for client in [&first, &second, &registered] {
        let assertion = provider.sign(TYPE, &claims(&app, client, &ada.email), |_| ());
        let answer = brings(&app, client, &assertion).await.ok();
        tokens.push(ada.with_token(answer["access_token"].as_str().unwrap()));
    }
    let assert_alive = async |alive: [bool; 3]| {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        for (token, alive) in tokens.iter().zip(alive) {
            token.post("/mcp", list.clone()).await.assert_status(if alive { 200 } else { 401 });
        }
        let listed = ada.get("/v1/auth/applications").await.ok();
        let count = alive.iter().filter(|alive| **alive).count();
        assert_eq!(listed["results"].as_array().unwrap().len(), count, "{listed}");
    };
    assert_alive([true; 3]).await;
    owner.delete(&format!("{path}/{}", first.id)).await.assert_status(204);
    assert_alive([false, true, true]).await;
    // Those of applications that registered themselves are based on the provider's word too.
    owner.delete(&trusted).await.assert_status(204);
    assert_alive([false; 3]).await;
    ada.get("/v1/auth/me").await.assert_status(200);
    let audited = "SELECT details->>'sessions' FROM audit_log WHERE action LIKE 'identity_provider.%'
                      AND details ? 'sessions' ORDER BY at, id";
    let rows = app.database().superuser().await.query(audited, &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), ["1", "2"]);
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
    // Nobody could write to it.
    let whoami = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} },
    });
    let who = program.post("/mcp", whoami).await.ok();
    assert_eq!(who["result"]["structuredContent"]["email"], Value::Null, "{who}");
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
