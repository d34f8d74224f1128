//! Applications that register (RFC 7591), and how they authenticate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

use super::{assert_refused, token};
use crate::harness::{Answer, Client as _, TestApp, challenge, form, register, tokens};

async fn registering(app: &TestApp, metadata: Value) -> Answer {
    app.anonymous().post("/oauth/register", metadata).await
}

#[tokio::test]
async fn what_was_registered_is_said() {
    let app = TestApp::new().await;
    let answer = registering(
        &app,
        json!({
            "client_name": "Assistant", "redirect_uris": ["https://app.example/cb", "http://localhost:33418/"],
            "client_uri": "https://app.example/", "grant_types": ["authorization_code", "refresh_token", "implicit"],
            "response_types": ["code"], "token_endpoint_auth_method": "none", "software_id": "x", "contacts": [],
        }),
    )
    .await;
    answer.assert_status(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut body = answer.json();
    assert!(body["client_id"].as_str().unwrap().starts_with("m0cl_"));
    body.as_object_mut().unwrap().remove("client_id");
    insta::assert_json_snapshot!(body, @r#"
    {
      "client_id_issued_at": 1772442000,
      "client_name": "Assistant",
      "client_uri": "https://app.example/",
      "grant_types": [
        "authorization_code",
        "refresh_token"
      ],
      "redirect_uris": [
        "https://app.example/cb",
        "http://localhost:33418/"
      ],
      "response_types": [
        "code"
      ],
      "token_endpoint_auth_method": "none"
    }
    "#);
}

#[tokio::test]
async fn redirect_uris_that_are_not_allowed_are_left_out() {
    let app = TestApp::new().await;
    // What Cursor registers.
    let sent = [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback",
        "http://localhost:8787/callback",
    ];
    let registered = registering(&app, json!({ "redirect_uris": sent })).await;
    registered.assert_status(201);
    let registered = registered.json();
    assert_eq!(registered["redirect_uris"], json!(sent[1..]));
    let client = registered["client_id"].as_str().unwrap();
    let asks = async |uri: &str| {
        let query = form(&json!({
            "response_type": "code", "client_id": client, "redirect_uri": uri, "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }));
        app.anonymous().get(&format!("/oauth/authorize?{query}")).await
    };
    asks(sent[0]).await.assert_status(400);
    for uri in &sent[1..] {
        asks(uri).await.assert_status(200);
    }
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused() {
    let app = TestApp::new().await;
    for uri in [
        "javascript:alert(1)",
        "http://app.example/",
        "app://callback",
        "https://app.example/#x",
        "https://u@app.example/",
        "*",
        "",
    ] {
        let answer = registering(&app, json!({ "redirect_uris": [uri] })).await;
        assert_refused(&answer, 400, "invalid_redirect_uri");
    }
    let many: Vec<String> = (0..21).map(|n| format!("https://app.example/{n}")).collect();
    assert_refused(&registering(&app, json!({ "redirect_uris": many })).await, 400, "invalid_redirect_uri");
    assert_refused(&registering(&app, json!({ "redirect_uris": [] })).await, 400, "invalid_redirect_uri");
    let uris = json!(["https://app.example/"]);
    for wrong in [
        json!({ "redirect_uris": uris, "grant_types": ["client_credentials"] }),
        json!({ "redirect_uris": uris, "grant_types": ["refresh_token"] }),
        json!({ "redirect_uris": uris, "response_types": ["token"] }),
        json!({ "redirect_uris": uris, "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "redirect_uris": uris, "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "redirect_uris": uris, "client_name": 7 }),
    ] {
        assert_refused(&registering(&app, wrong.clone()).await, 400, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn a_name_is_registered_as_it_can_be_shown() {
    let app = TestApp::new().await;
    for (sent, registered) in [
        ("⚡\u{fe0f} Ray", "⚡ Ray"),
        ("👩\u{200d}👧 fam", "👩👧 fam"),
        ("می\u{200c}خواهم", "میخواهم"),
        ("evil\u{202e}gnp", "evilgnp"),
        ("Cla\u{200b}ude\u{2800}", "Claude"),
        ("two\nlines\u{7}", "two lines"),
        (" \u{200d} ", "An application without a name"),
        ("", "An application without a name"),
        (&"ä".repeat(101), &"ä".repeat(100)),
        (&format!("{} b", "a".repeat(99)), &"a".repeat(99)),
    ] {
        let metadata = json!({ "redirect_uris": ["https://app.example/"], "client_name": sent });
        let answer = registering(&app, metadata).await;
        answer.assert_status(201);
        assert_eq!(answer.json()["client_name"], registered, "{sent:?}");
    }
}

#[tokio::test]
async fn registrations_from_one_address_are_limited() {
    let app = TestApp::new().await;
    let metadata = json!({ "redirect_uris": ["https://app.example/"] });
    for _ in 0..40 {
        registering(&app, metadata.clone()).await.assert_status(201);
    }
    registering(&app, metadata.clone()).await.assert_problem(429, "limit-reached", None);
    app.advance(TimeDelta::minutes(61));
    registering(&app, metadata).await.assert_status(201);
}

#[tokio::test]
async fn what_an_office_uses_does_not_count_against_it() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    // Each is registered, agreed to and used.
    for _ in 0..45 {
        tokens(&app, &ada.email, &json!({})).await;
    }
    register(&app, "https://app.example/").await;
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_said_in_words_of_json() {
    let app = TestApp::new().await;
    for (wrong, code, said) in [
        (json!({ "redirect_uris": "https://app.example/" }), "invalid_redirect_uri", "redirect_uris: "),
        (
            json!({ "redirect_uris": ["https://app.example/"], "grant_types": 7 }),
            "invalid_client_metadata",
            "grant_types: ",
        ),
    ] {
        let why = assert_refused(&registering(&app, wrong).await, 400, code);
        assert!(why.starts_with(said) && why.contains("expected a list, found "), "{why}");
    }
}

#[tokio::test]
async fn who_is_never_used_is_forgotten() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let unused = register(&app, "https://app.example/").await;
    let (used, _) = tokens(&app, &ada.email, &json!({})).await;
    app.advance(TimeDelta::days(29));
    let page = async || {
        let query = form(&json!({
            "response_type": "code", "client_id": unused, "redirect_uri": "https://app.example/",
            "code_challenge": challenge(), "code_challenge_method": "S256",
        }));
        app.anonymous().get(&format!("/oauth/authorize?{query}")).await
    };
    page().await.assert_status(200);
    app.advance(TimeDelta::days(2));
    let forgotten = page().await;
    forgotten.assert_status(400);
    assert!(forgotten.text().contains("not registered here, or not any more"), "{forgotten}");
    assert!(!forgotten.text().contains("begin again"), "{forgotten}");
    let begins = async |client: &str| {
        let fields = json!({ "grant_type": "authorization_code", "client_id": client, "code": "x" });
        token(&app, fields).await
    };
    assert_refused(&begins(&unused).await, 401, "invalid_client");
    assert_refused(&begins(&used).await, 400, "invalid_grant");
    register(&app, "https://app.example/").await;
    let left = "SELECT array_agg(id) FROM oauth_clients WHERE id = ANY ($1)";
    let rows = app.database().superuser().await.query_one(left, &[&vec![&unused, &used]]).await.unwrap();
    assert_eq!(rows.get::<_, Vec<String>>(0), [used]);
}

#[tokio::test]
async fn a_secret_proves_who_it_is_in_either_place_but_not_in_both() {
    let app = TestApp::new().await;
    let metadata = json!({
        "redirect_uris": ["https://app.example/"], "token_endpoint_auth_method": "client_secret_basic",
    });
    let registered = registering(&app, metadata).await.ok();
    let (id, secret) =
        (registered["client_id"].as_str().unwrap(), registered["client_secret"].as_str().unwrap());
    assert!(secret.starts_with("m0cs_"));
    let stored = "SELECT count(*) FROM oauth_clients WHERE oauth_clients::text LIKE '%' || $1 || '%'";
    let stored: i64 = app.database().superuser().await.query_one(stored, &[&secret]).await.unwrap().get(0);
    assert_eq!(stored, 0, "only its hash is kept");

    let ask = async |authorization: Option<String>, more: Value| {
        let mut fields = json!({ "grant_type": "refresh_token", "refresh_token": "m0rt_unknown" });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut request =
            Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        app.anonymous().send(request.body(form(&fields).into()).unwrap()).await
    };
    let basic = |secret: &str| Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    let proven = ask(basic(secret), json!({})).await;
    assert_refused(&proven, 400, "invalid_grant");
    assert_refused(
        &ask(None, json!({ "client_id": id, "client_secret": secret })).await,
        400,
        "invalid_grant",
    );
    assert_refused(&ask(basic(secret), json!({ "client_secret": secret })).await, 400, "invalid_request");
    for (authorization, more) in [
        (basic("wrong"), json!({})),
        (basic(""), json!({})),
        (None, json!({ "client_id": id })),
        (None, json!({ "client_id": id, "client_secret": "m0cs_wrong" })),
        (None, json!({})),
        (Some("Basic %%%".to_owned()), json!({})),
        (Some("Bearer x".to_owned()), json!({ "client_id": id })),
    ] {
        assert_refused(&ask(authorization, more).await, 401, "invalid_client");
    }
}
