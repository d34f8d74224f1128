//! How people manage the applications that they have authorized.

use serde_json::{Value, json};

use super::{assert_refused, refresh, token};
use crate::harness::{Answer, Browser, Client as _, TestApp, field, tokens};

#[tokio::test]
async fn they_are_listed_and_can_be_taken_back() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    let (client, answer) = tokens(&app, &ada.email, &json!({ "resource": "https://mem0.test" })).await;
    tokens(&app, &ada.email, &json!({ "scope": "memories:read" })).await;
    let list = ada.get("/v1/auth/applications").await;
    insta::assert_json_snapshot!(list.snapshot(), {
        ".results[].client_id" => "[client]",
    }, @r#"
    {
      "next": null,
      "results": [
        {
          "client_id": "[client]",
          "created_at": "2026-03-02T09:00:00Z",
          "expires_at": "2027-03-02T09:00:00Z",
          "id": "[gnt#1]",
          "ip": null,
          "last_used_at": "2026-03-02T09:00:00Z",
          "name": "Northwind Assistant",
          "redirect_uri": "https://app.example/callback",
          "resource": "https://mem0.test/mcp",
          "scopes": [
            "memories:read"
          ]
        },
        {
          "client_id": "[client]",
          "created_at": "2026-03-02T09:00:00Z",
          "expires_at": "2027-03-02T09:00:00Z",
          "id": "[gnt#2]",
          "ip": null,
          "last_used_at": "2026-03-02T09:00:00Z",
          "name": "Northwind Assistant",
          "redirect_uri": "https://app.example/callback",
          "resource": "https://mem0.test",
          "scopes": [
            "memories:read",
            "memories:write"
          ]
        }
      ]
    }
    "#);
    let page = ada.get("/v1/auth/applications?limit=1").await.ok();
    let rest = format!("/v1/auth/applications?limit=1&cursor={}", page["next"].as_str().unwrap());
    let id = ada.get(&rest).await.ok()["results"][0]["id"].as_str().unwrap().to_owned();

    let path = format!("/v1/auth/applications/{id}");
    bob.delete(&path).await.assert_problem(404, "not-found", None);
    let assistant = ada.with_token(answer["access_token"].as_str().unwrap());
    assistant.get("/v1/ping/").await.assert_status(200);
    // An application neither lists nor ends applications, nor makes keys.
    for path in ["/v1/auth/applications", "/v1/auth/sessions", "/v1/api-keys"] {
        assistant.get(path).await.assert_problem(403, "forbidden", None);
    }
    assistant.delete(&path).await.assert_problem(403, "forbidden", None);
    assert_eq!(assistant.get("/v1/auth/me").await.ok()["credential"]["type"], "application");

    ada.delete(&path).await.assert_status(204);
    ada.delete(&path).await.assert_status(204);
    assistant.get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
    assert_refused(&token(&app, refresh(&client, &answer["refresh_token"])).await, 400, "invalid_grant");
    assert_eq!(ada.get("/v1/auth/applications").await.ok()["results"].as_array().unwrap().len(), 1);
    // They are no sessions to the person: one of the registration, and one of each browser.
    assert_eq!(ada.get("/v1/auth/sessions").await.ok()["results"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn logging_out_everywhere_ends_them_too() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, answer) = tokens(&app, &ada.email, &json!({})).await;
    ada.post("/v1/auth/logout-everywhere", json!({})).await.assert_status(204);
    assert_refused(&token(&app, refresh(&client, &answer["refresh_token"])).await, 400, "invalid_grant");
}

fn fields_of(page: &Answer, grant: &str) -> Value {
    json!({ "ticket": field(page, "ticket"), "remove": grant })
}

/// Signs in on the page of the applications.
async fn signed_in(app: &TestApp, email: &str) -> (Browser, Answer) {
    let mut browser = Browser::new(app);
    let login = browser.open("/oauth/applications").await;
    let page = browser.sign_in(&login, email).await;
    (browser, page)
}

#[tokio::test]
async fn a_page_lists_them_and_takes_them_back() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (_, kept) = tokens(&app, &ada.email, &json!({ "scope": "memories:read" })).await;
    app.advance(chrono::TimeDelta::seconds(1));
    let (_, removed) = tokens(&app, &ada.email, &json!({ "scope": "memories:read tenancy:read" })).await;
    let token = |answer: &Value| ada.with_token(answer["access_token"].as_str().unwrap());
    let alive = async |answer: &Value| {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        token(answer).post("/mcp", list).await.status == 200
    };
    let (mut browser, page) = signed_in(&app, &ada.email).await;
    page.assert_status(200);
    for shown in [
        "Northwind Assistant",
        "Search and read memories, See your organization",
        "Allowed on 2026-03-02 09:00 UTC for app.example, last used on 2026-03-02 09:00 UTC",
        &ada.email,
    ] {
        assert!(page.text().contains(shown), "{shown}: {page}");
    }
    assert_eq!(page.text().matches("name=\"remove\"").count(), 2, "{page}");
    // The newest is the first.
    let fields = json!({ "ticket": field(&page, "ticket"), "remove": field(&page, "remove") });
    let done = browser.submit("/oauth/applications", &fields).await;
    done.assert_status(303);
    let page = browser.open(done.header("location").unwrap()).await;
    assert_eq!(page.text().matches("name=\"remove\"").count(), 1, "{page}");
    assert!(page.text().contains("Northwind Assistant was removed."), "{page}");
    // A link to the page says nothing that is not so.
    for link in [field(&page, "remove"), "gnt_nonsense".to_owned(), "You%20won".to_owned()] {
        let page = browser.open(&format!("/oauth/applications?removed={link}")).await;
        assert!(!page.assert_status(200).text().contains("was removed"), "{page}");
    }
    assert!(alive(&kept).await && !alive(&removed).await);
    // Again, as by a second click.
    browser.submit("/oauth/applications", &fields).await.assert_status(303);

    let fields = json!({ "ticket": field(&page, "ticket"), "decision": "sign_out" });
    let copy = browser.clone();
    let out = browser.submit("/oauth/applications", &fields).await;
    assert!(out.text().contains("You are signed out"), "{out}");
    for mut browser in [browser, copy] {
        assert!(browser.open("/oauth/applications").await.text().contains("Sign in"));
    }
    assert!(alive(&kept).await, "signing out takes nothing back");
}

#[tokio::test]
async fn the_page_takes_forms_of_its_own_and_for_its_own_account_only() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    tokens(&app, &ada.email, &json!({})).await;
    let (mut browser, page) = signed_in(&app, &ada.email).await;
    let (mut other, theirs) = signed_in(&app, &bob.email).await;
    assert!(theirs.text().contains("No application may use your memory."), "{theirs}");
    let (ticket, grant) = (field(&page, "ticket"), field(&page, "remove"));
    let path = "/oauth/applications";
    // Another site's form has no ticket, that of another browser is bound to it, and the id alone is not enough.
    let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let fields = json!({ "ticket": ticket, "remove": grant });
    for header in foreign {
        browser.submit_with(path, &fields, &[header]).await.assert_status(400);
    }
    browser.submit(path, &json!({ "remove": grant })).await.assert_status(400);
    other.submit(path, &fields).await.assert_status(400);
    other
        .submit(path, &json!({ "ticket": field(&theirs, "ticket"), "remove": grant }))
        .await
        .assert_status(404);
    for more in
        [json!({}), json!({ "decision": "allow" }), json!({ "remove": grant, "decision": "sign_out" })]
    {
        let mut fields = more;
        fields["ticket"] = json!(ticket);
        browser.submit(path, &fields).await.assert_status(400);
    }
    browser.submit(path, &json!({ "ticket": ticket, "remove": "gnt_nonsense" })).await.assert_status(404);
    // A form of another page.
    let device = browser.open("/oauth/device").await;
    let fields = json!({ "ticket": field(&device, "ticket"), "remove": grant });
    browser.submit(path, &fields).await.assert_status(400);
    assert_eq!(ada.get("/v1/auth/applications").await.ok()["results"].as_array().unwrap().len(), 1);
    let nowhere = browser.open("/oauth/applications?cursor=nonsense").await;
    nowhere.assert_status(303);
    assert!(nowhere.header("location").unwrap().ends_with(path), "{nowhere}");
    // What another person removed is not told.
    browser.submit(path, &fields_of(&page, &grant)).await.assert_status(303);
    let told = other.open(&format!("{path}?removed={grant}")).await;
    assert!(!told.assert_status(200).text().contains("was removed"), "{told}");
}

#[tokio::test]
async fn the_page_has_parts() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    for _ in 0..21 {
        tokens(&app, &ada.email, &json!({})).await;
        app.advance(chrono::TimeDelta::seconds(1));
    }
    let (mut browser, page) = signed_in(&app, &ada.email).await;
    assert_eq!(page.text().matches("name=\"remove\"").count(), 20);
    let (_, rest) = page.text().split_once("<a href=\"").unwrap();
    let next = rest.split_once('"').unwrap().0.replace("&amp;", "&");
    let page = browser.open(&next).await;
    assert_eq!(page.text().matches("name=\"remove\"").count(), 1, "{page}");
}
