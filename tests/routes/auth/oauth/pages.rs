//! What pages tell browsers besides their content: security headers.

use serde_json::json;

use crate::harness::{Answer, Browser, TestApp, authorize_url, field};

#[track_caller]
fn assert_guarded(page: &Answer) {
    let header = |name| page.header(name).unwrap_or_else(|| panic!("no {name}: {page}")).to_owned();
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert!(!page.text().contains("<script") && !page.text().contains("javascript:"), "{page}");
}

#[tokio::test]
async fn pages_are_guarded_against_whatever_is_around_them() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let redirect = "https://app.example/callback";
    let body =
        json!({ "client_name": "<script>alert(1)</script>\" onload=\"x", "redirect_uris": [redirect] });
    use crate::harness::Client as _;
    let client =
        app.anonymous().post("/oauth/register", body).await.ok()["client_id"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, redirect, &json!({}))).await;
    assert_guarded(&login);
    let consent = browser.sign_in(&login, &ada.email).await;
    assert_guarded(&consent);
    assert!(consent.text().contains("&lt;script&gt;"), "{consent}");
    assert!(consent.text().contains("href=\"/oauth/applications\""), "{consent}");
    assert_guarded(&browser.open("/oauth/device").await);
    assert_guarded(&browser.open("/oauth/applications").await);
    assert_guarded(&Browser::new(&app).open("/oauth/applications").await);
    assert_guarded(&browser.open("/oauth/authorize").await);
    let failed = browser.open("/oauth/authorize?client_id=%3Cscript%3E").await;
    assert_guarded(&failed);
    assert_guarded(&browser.open(&authorize_url(&client, redirect, &json!({ "scope": "x" }))).await);
    let fields =
        json!({ "ticket": field(&consent, "ticket"), "decision": "allow", "scope": "memories:read" });
    assert_guarded(&browser.submit("/oauth/consent", &fields).await);
}
