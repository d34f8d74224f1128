//! The resource server: which tokens `POST /mcp` and the API accept, and how they refuse others.

use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use shared::access::AccessClaims;

use crate::harness::{Actor, Answer, Client as _, TestApp, claims, forge, signing_key, tokens};

const METADATA: &str = "resource_metadata=\"https://mem0.test/.well-known/oauth-protected-resource/mcp\"";

async fn list_tools(actor: &Actor) -> Answer {
    actor.post("/mcp", json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).await
}

#[track_caller]
fn challenge(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status.as_u16(), status, "{answer}");
    let challenge = answer.header("www-authenticate").unwrap().to_owned();
    assert!(challenge.starts_with("Bearer ") && challenge.contains(METADATA), "{challenge}");
    challenge
}

#[tokio::test]
async fn who_brings_nothing_is_told_where_to_begin() {
    let app = TestApp::new().await;
    let answer = app.anonymous().post("/mcp", json!({})).await;
    let told = challenge(&answer, 401);
    assert!(told.contains("scope=\"memories:read memories:write\"") && !told.contains("error="), "{told}");
    // Not from the address, whatever is in it.
    let ada = app.owner("ada").await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    for name in ["access_token", "token", "authorization"] {
        let path = format!("/mcp?{name}={}", ada.token);
        challenge(&app.anonymous().post(&path, body.clone()).await, 401);
    }
}

#[tokio::test]
async fn the_rest_of_the_api_names_its_own_metadata() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let wrong = ada.with_token("wrong".to_owned());
    let root = ", resource_metadata=\"https://mem0.test/.well-known/oauth-protected-resource\"";
    for path in ["/v1/ping/", "/v1/auth/me", "/v1/enterprise"] {
        for (answer, error) in
            [(app.anonymous().get(path).await, ""), (wrong.get(path).await, ", error=\"invalid_token\"")]
        {
            answer.assert_problem(401, "unauthenticated", None);
            let expected = format!("Bearer realm=\"mem0\"{error}{root}");
            assert_eq!(answer.header("www-authenticate"), Some(expected.as_str()), "{path}");
        }
    }
    // The metadata describes the resource that tokens for the API are for (RFC 9728, section 3.3).
    let metadata = app.anonymous().get("/.well-known/oauth-protected-resource").await.ok();
    let resource = &metadata["resource"];
    let (_, answer) =
        tokens(&app, &ada.email, &json!({ "resource": resource, "scope": "tenancy:read" })).await;
    let program = ada.with_token(answer["access_token"].as_str().unwrap());
    program.get("/v1/enterprise").await.assert_status(200);
    // So does a missing scope, but not a wrong password, for which no token would help.
    let add = json!({ "messages": "x", "infer": false });
    let refused = program.post("/v3/memories/add/", add).await;
    refused.assert_status(403);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.ends_with(root), "{challenge}");
    let login = json!({ "email": ada.email, "password": "not this one, surely" });
    let refused = app.anonymous().post("/v1/auth/login", login).await;
    refused.assert_problem(401, "unauthenticated", None);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"mem0\""));
}

#[tokio::test]
async fn a_token_for_the_endpoint_opens_nothing_else() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (_, answer) = tokens(&app, &ada.email, &json!({ "resource": "https://mem0.test/mcp" })).await;
    let assistant = ada.with_token(answer["access_token"].as_str().unwrap());
    list_tools(&assistant).await.assert_status(200);
    for path in ["/v1/ping/", "/v1/auth/me", "/v1/enterprise"] {
        let refused = assistant.get(path).await;
        let said = refused.assert_problem(401, "unauthenticated", None);
        assert_eq!(said, "this token is for https://mem0.test/mcp, not for this address");
        assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""), "{refused}");
    }
    // One for everything here is good for the endpoint, too.
    let (_, answer) = tokens(&app, &ada.email, &json!({ "resource": "https://mem0.test" })).await;
    let program = ada.with_token(answer["access_token"].as_str().unwrap());
    list_tools(&program).await.assert_status(200);
    program.get("/v1/ping/").await.assert_status(200);
}

#[tokio::test]
async fn a_token_that_was_not_issued_for_this_is_refused() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let good = AccessClaims {
        aud: "https://mem0.test/mcp".to_owned(),
        client_id: "m0cl_x".to_owned(),
        scope: Some("memories:read".to_owned()),
        ..claims(&app, alice.user, alice.enterprise, alice.session)
    };
    list_tools(&alice.with_token(forge(&good, |_| ()))).await.assert_status(200);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = serde_json::to_value(&good).unwrap();
        change(&mut claims);
        forge(&claims, |_| ())
    };
    // The public key as the secret of a symmetric signature, and no signature at all.
    let confused = {
        let mut head = Header::new(Algorithm::HS256);
        head.typ = Some("at+jwt".to_owned());
        head.kid = Some(signing_key().id);
        jsonwebtoken::encode(&head, &good, &EncodingKey::from_secret(&signing_key().public)).unwrap()
    };
    let unsigned = {
        use base64::Engine as _;
        let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let head = json!({ "alg": "none", "typ": "at+jwt", "kid": signing_key().id });
        format!("{}.{}.", encode(head.to_string()), encode(serde_json::to_string(&good).unwrap()))
    };
    // Where a token is good is said of genuine ones only.
    let mine = with(&|claims| claims["iss"] = json!("https://evil.example"));
    let said = alice.with_token(mine).get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
    assert_eq!(said, "the credential is not valid");
    for (what, token) in [
        ("audience", with(&|claims| claims["aud"] = json!("https://evil.example/mcp"))),
        ("audience, nearly", with(&|claims| claims["aud"] = json!("https://mem0.test/mcp/other"))),
        ("audience missing", with(&|claims| drop(claims.as_object_mut().unwrap().remove("aud")))),
        ("issuer", with(&|claims| claims["iss"] = json!("https://evil.example"))),
        ("another tenant", with(&|claims| claims["enterprise"] = json!(bob.enterprise))),
        ("somebody else", with(&|claims| claims["sub"] = json!(bob.user))),
        ("somebody else's session", with(&|claims| claims["sid"] = json!(bob.session))),
        ("expired", with(&|claims| claims["exp"] = json!(app.now().timestamp()))),
        ("HS256", confused),
        ("none", unsigned),
        ("no access token", forge(&good, |head| head.typ = Some("JWT".to_owned()))),
        ("an unknown key", forge(&good, |head| head.kid = Some("unknown".to_owned()))),
        ("a refresh token", "m0rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
    ] {
        let told = challenge(&list_tools(&alice.with_token(token)).await, 401);
        assert!(told.contains("error=\"invalid_token\""), "{what}: {told}");
    }
}

#[tokio::test]
async fn what_an_application_may_do_decides_what_it_sees_and_what_it_is_told() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let more = json!({ "scope": "memories:read", "resource": "https://mem0.test" });
    let (_, answer) = tokens(&app, &ada.email, &more).await;
    let reader = ada.with_token(answer["access_token"].as_str().unwrap());
    let names = |answer: &Answer| {
        let listed = answer.ok();
        let tools = listed["result"]["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let listed = names(&list_tools(&reader).await);
    assert!(listed.contains(&"search_memories".to_owned()) && !listed.contains(&"add_memory".to_owned()));
    // Whose token it is makes no difference: a key of the same power sees the same, in the same order.
    let key = ada.with_narrow_api_key(&[shared::access::ApiKeyVerb::MemoriesRead]).await;
    assert_eq!(names(&list_tools(&key).await), listed);

    for era in ["2026-07-28", "2025-11-25"] {
        let mut params = json!({ "name": "add_memory", "arguments": { "text": "x" } });
        if era == "2026-07-28" {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": era, "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
        let request = Request::post("/mcp")
            .header("host", "mem0.test")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", era)
            .header("mcp-method", "tools/call")
            .header("mcp-name", "add_memory");
        let answer = reader.send(request.body(body.to_string().into()).unwrap()).await;
        let told = challenge(&answer, 403);
        assert!(told.contains("error=\"insufficient_scope\""), "{told}");
        // Everything that is needed at once, so that asking for it loses nothing.
        assert!(told.contains("scope=\"memories:read memories:write\""), "{told}");
        assert_eq!(answer.json()["id"], 7);
    }
    // What is listed with a scope is asked for by that scope.
    let more = json!({ "scope": "memories:write" });
    let (_, answer) = tokens(&app, &ada.email, &more).await;
    let writer = ada.with_token(answer["access_token"].as_str().unwrap());
    let call =
        |name: &str| json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name } });
    let told = challenge(&writer.post("/mcp", call("list_entities")).await, 403);
    assert!(told.contains("scope=\"memories:read memories:write\""), "{told}");
    let resources = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/list" });
    let listed = writer.post("/mcp", resources).await.ok();
    assert_eq!(listed["result"]["resources"].as_array().unwrap().len(), 1, "only the profile: {listed}");
    // The API says so as well.
    let answer = reader.post("/v3/memories/add/", json!({ "messages": "x", "infer": false })).await;
    answer.assert_status(403);
    assert_eq!(answer.json()["type"], "/problems/insufficient-scope");
    assert!(answer.header("www-authenticate").unwrap().contains("scope=\"memories:read memories:write\""));
    // A key cannot ask for more, and is told by the tool.
    let call = json!({ "name": "add_memory", "arguments": { "text": "x" } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call });
    assert_eq!(key.post("/mcp", body).await.ok()["result"]["isError"], true);
}

#[tokio::test]
async fn an_application_sees_no_more_than_its_person() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    let add = json!({ "messages": "The vault opens at nine", "infer": false });
    ada.post("/v3/memories/add/", add).await.ok();
    let (_, answer) = tokens(&app, &bob.email, &json!({ "resource": "https://mem0.test" })).await;
    let assistant = bob.with_token(answer["access_token"].as_str().unwrap());
    let found =
        assistant.post("/v3/memories/search/", json!({ "query": "vault", "scope": "all" })).await.ok();
    assert_eq!(found["results"], json!([]));
}

/// People type localhost where the public URL says 127.0.0.1, and clients compare.
#[tokio::test]
async fn this_machine_is_called_what_the_client_called_it() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let wrong = ada.with_token("wrong".to_owned());
    let to = async |actor: &Actor, method: &str, host: &str, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .header("content-type", "application/json")
            .header("accept", "application/json");
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        actor.send(request.body(list.to_string().into()).unwrap()).await
    };
    let well_known = "/.well-known/oauth-protected-resource";
    for name in ["localhost", "127.0.0.1", "[::1]"] {
        let here = url.replace("127.0.0.1", name);
        let host = here.strip_prefix("http://").unwrap();
        for (path, resource) in [("/mcp", "/mcp"), ("/v1/auth/me", "")] {
            let method = if path == "/mcp" { "POST" } else { "GET" };
            let refused = to(&wrong, method, host, path).await;
            refused.assert_status(401);
            let told = refused.header("www-authenticate").unwrap();
            assert!(told.contains(&format!("resource_metadata=\"{here}{well_known}{resource}\"")), "{told}");
            let metadata = to(&wrong, "GET", host, &format!("{well_known}{resource}")).await.ok();
            assert_eq!(metadata["resource"], format!("{here}{resource}"));
            assert_eq!(metadata["authorization_servers"], json!([url]));
        }
        let (_, answer) = tokens(&app, &ada.email, &json!({ "resource": format!("{here}/mcp") })).await;
        let token = ada.with_token(answer["access_token"].as_str().unwrap());
        to(&token, "POST", host, "/mcp").await.assert_status(200);
        // It is for the endpoint, whatever it was called.
        to(&token, "GET", host, "/v1/enterprise").await.assert_status(401);
    }
    // What is on another port, or only looks like this machine, is something else.
    let port = url.rsplit(':').next().unwrap();
    for other in [
        "localhost:1",
        "localhost",
        &format!("evil.example:{port}"),
        &format!("localhost.evil.example:{port}"),
    ] {
        let metadata = to(&wrong, "GET", other, &format!("{well_known}/mcp")).await.ok();
        assert_eq!(metadata["resource"], format!("{url}/mcp"), "{other}");
        let fields = json!({ "client_id": "mem0-cli", "resource": format!("http://{other}/mcp") });
        let answer = app.anonymous().post("/oauth/device_authorization", fields).await;
        super::assert_refused(&answer, 400, "invalid_target");
    }
}
