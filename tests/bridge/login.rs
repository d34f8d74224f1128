//! `mem0 login` and `mem0 logout`, and a bridge that uses their credential.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::peer::Peer;
use super::program::{Bridge, program};
use super::{call, modern};
use crate::harness::{Browser, Client as _, TestApp, field};

/// The program with nothing but a home directory.
async fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program().await);
    command.args(arguments).env_clear().env("HOME", home).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn file(home: &Path) -> PathBuf {
    home.join(".config/mem0/login.json")
}

fn login(home: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file(home)).unwrap()).unwrap()
}

/// Signs in as somebody who agrees in a browser elsewhere.
async fn sign_in(app: &TestApp, url: &str, home: &Path, email: &str) {
    let mut child = command(home, &["login", "--url", url]).await.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let page = loop {
        let line = lines.next_line().await.unwrap().expect("it shows where to agree");
        if let Some(page) = line.strip_prefix("mem0: open ") {
            break page.to_owned();
        }
    };
    let mut browser = Browser::new(app);
    let login = browser.open(&page).await;
    let code_page = browser.sign_in(&login, email).await;
    let code = json!({ "ticket": field(&code_page, "ticket"), "user_code": field(&code_page, "user_code") });
    let consent = browser.submit("/oauth/device", &code).await;
    let scopes = ["memories:read", "memories:write"];
    let agree = json!({ "ticket": field(&consent, "ticket"), "decision": "allow", "scope": scopes });
    browser.submit("/oauth/device/decision", &agree).await.assert_status(200);
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_bridge_lives_by_the_login_and_renews_it() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let home = tempfile::tempdir().unwrap();
    sign_in(&app, &url, home.path(), &ada.email).await;
    let first = login(home.path());
    assert_eq!(first["url"], json!(url));
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file(home.path())), 0o600);
        assert_eq!(mode(file(home.path()).parent().unwrap()), 0o700);
    }

    let mut bridge = Bridge::at_home(home.path()).await;
    let whoami = bridge.ask(&call(1, "whoami", json!({}))).await;
    assert_eq!(whoami["result"]["structuredContent"]["credential"], "application", "{whoami}");
    // The access token expires under way: nobody notices.
    app.advance(TimeDelta::minutes(16));
    let asked = [2, 3, 4].map(|id| modern(id, "tools/list", json!({})));
    for message in &asked {
        bridge.tell(message).await;
    }
    for _ in &asked {
        let answer = bridge.read().await;
        assert!(answer["result"]["tools"].is_array(), "{answer}");
    }
    bridge.end().await;
    let second = login(home.path());
    assert_ne!(second["refresh_token"], first["refresh_token"]);

    let status = command(home.path(), &["logout"]).await.stderr(Stdio::null()).status().await.unwrap();
    assert!(status.success() && !file(home.path()).exists());
    let ended = ada.with_token(second["token"].as_str().unwrap());
    let host = url.trim_start_matches("http://");
    let request = Request::post("/mcp").header("host", host).header("content-type", "application/json");
    let body = call(1, "whoami", json!({})).to_string();
    ended.send(request.body(body.into()).unwrap()).await.assert_status(401);
    let again = command(home.path(), &["logout"]).await.stderr(Stdio::null()).status().await.unwrap();
    assert!(again.success());
}

#[tokio::test]
async fn who_is_not_let_in_is_told_and_keeps_nothing() {
    let (app, url) = TestApp::published().await;
    let home = tempfile::tempdir().unwrap();
    let other = format!("http://localhost:{}", url.rsplit_once(':').unwrap().1);
    for (url, word) in [
        (other.as_str(), "calls itself"),
        ("http://127.0.0.1:9", "cannot reach"),
        ("http://mem0.example", "unencrypted"),
    ] {
        let output = command(home.path(), &["login", "--url", url]).await.output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(word), "{said}");
    }
    assert!(!file(home.path()).exists());
    drop(app);
}

const REFUSED: &str = r#"{"title":"Unauthenticated","status":401,"detail":"who are you"}"#;

#[tokio::test]
async fn a_login_is_shown_to_its_own_server_only() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let home = tempfile::tempdir().unwrap();
    sign_in(&app, &url, home.path(), &ada.email).await;
    let before = login(home.path());
    let other = Peer::answering(401, "application/problem+json", REFUSED).await;
    let advice = format!("signed in to {url}, not to {}; run mem0 login --url {0}", other.url);

    let mut by_variable = command(home.path(), &["mcp", "serve"]).await;
    by_variable.env("MEM0_URL", &other.url);
    let by_argument = command(home.path(), &["mcp", "serve", "--url", &other.url]).await;
    for command in [by_variable, by_argument] {
        let mut bridge = Bridge::spawn(command);
        let refused = bridge.ask(&modern(1, "tools/list", json!({}))).await;
        let said = refused["error"]["message"].as_str().unwrap();
        assert!(said.contains("who are you") && said.contains(&advice), "{said}");
        bridge.end().await;
        assert_eq!(other.shown(), [""], "it asked once, and showed nothing");
    }
    let verify = ["audit", "verify", "--url", &other.url];
    let output = command(home.path(), &verify).await.output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains(&advice), "{said}");
    assert!(other.shown().is_empty(), "without a key nobody is asked");
    assert_eq!(login(home.path()), before);
}

#[tokio::test]
async fn a_login_elsewhere_meanwhile_is_not_shown_to_the_server_of_before() {
    let home = tempfile::tempdir().unwrap();
    let keep = |url: &str, token: &str| {
        std::fs::create_dir_all(file(home.path()).parent().unwrap()).unwrap();
        std::fs::write(file(home.path()), json!({ "url": url, "token": token }).to_string()).unwrap();
    };
    let peer = Peer::answering(401, "application/problem+json", REFUSED).await;
    keep(&peer.url, "first");
    let mut bridge = Bridge::at_home(home.path()).await;
    bridge.ask(&modern(1, "tools/list", json!({}))).await;
    assert_eq!(peer.shown(), ["Bearer first"]);
    keep("https://mem0.example", "elsewhere");
    let refused = bridge.ask(&modern(2, "tools/list", json!({}))).await;
    assert_eq!(peer.shown(), ["Bearer first"]);
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(said.contains("signed in to https://mem0.example, not to"), "{said}");
    // A new login to the same one is taken up.
    keep(&peer.url, "second");
    bridge.ask(&modern(3, "tools/list", json!({}))).await;
    assert_eq!(peer.shown(), ["Bearer first", "Bearer second"]);
    bridge.end().await;

    // A token that says of no server is for one on this machine.
    std::fs::write(file(home.path()), r#"{ "token": "mine" }"#).unwrap();
    let mut bridge = Bridge::spawn(command(home.path(), &["mcp", "serve", "--url", &peer.url]).await);
    bridge.ask(&modern(4, "tools/list", json!({}))).await;
    assert_eq!(peer.shown(), [""]);
    bridge.end().await;
}

#[tokio::test]
async fn a_login_file_that_is_broken_does_not_stand_in_the_way_of_its_repair() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let home = tempfile::tempdir().unwrap();
    let spoil = || {
        std::fs::create_dir_all(file(home.path()).parent().unwrap()).unwrap();
        std::fs::write(file(home.path()), "{ \"url\": ").unwrap();
    };
    spoil();
    // Who has said everything needs none.
    let mut given = command(home.path(), &["mcp", "serve", "--url", &url]).await;
    given.env("MEM0_API_KEY", &ada.with_api_key().await.token);
    let mut bridge = Bridge::spawn(given);
    assert!(bridge.ask(&modern(1, "tools/list", json!({}))).await["result"].is_object());
    bridge.end().await;
    let bridge = command(home.path(), &["mcp", "serve"]).await.output().await.unwrap();
    let said = String::from_utf8(bridge.stderr).unwrap();
    assert!(!bridge.status.success() && said.contains("mem0 login writes it anew"), "{said}");

    let setup = command(home.path(), &["setup", "cursor", "--url", &url]).await.output().await.unwrap();
    assert!(setup.status.success(), "{setup:?}");
    sign_in(&app, &url, home.path(), &ada.email).await;
    assert_eq!(login(home.path())["url"], json!(url));
    spoil();
    let logout = command(home.path(), &["logout"]).await.output().await.unwrap();
    assert!(logout.status.success() && !file(home.path()).exists(), "{logout:?}");
}

/// Holds back the rest of a renewal until it is released: the server has exchanged the refresh token by then, and has not
/// answered.
async fn hold_back(app: &TestApp, asked: impl AsyncFnOnce()) {
    let holder = app.database().superuser().await;
    holder.batch_execute("BEGIN; LOCK TABLE oauth_grants IN SHARE MODE").await.unwrap();
    asked().await;
    app.database().until_waiting(1).await;
}

async fn release(app: &TestApp) {
    app.database().superuser().await.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn a_login_is_kept_though_nobody_waits_for_its_renewal_any_more() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let home = tempfile::tempdir().unwrap();
    sign_in(&app, &url, home.path(), &ada.email).await;
    let mut before = login(home.path());
    let mut bridge = Bridge::at_home(home.path()).await;
    bridge.ask(&call(1, "whoami", json!({}))).await;
    for end in [false, true] {
        app.advance(TimeDelta::minutes(16));
        hold_back(&app, async || bridge.tell(&call(2, "whoami", json!({}))).await).await;
        if end {
            bridge.signal("TERM").await;
        } else {
            let params = json!({ "requestId": 2 });
            let cancelled =
                json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
            bridge.tell(&cancelled).await;
            // It has read that: what is asked after it is no message.
            bridge.tell_text("{").await;
            assert_eq!(bridge.read().await["error"]["code"], -32700);
        }
        release(&app).await;
        if end {
            bridge.end().await;
            break;
        }
        let whoami = bridge.ask(&call(3, "whoami", json!({}))).await;
        assert_eq!(whoami["id"], 3, "{whoami}");
        assert_eq!(whoami["result"]["structuredContent"]["credential"], "application", "{whoami}");
        let after = login(home.path());
        assert_ne!(after["refresh_token"], before["refresh_token"]);
        before = after;
    }
    assert_ne!(login(home.path())["refresh_token"], before["refresh_token"]);
    // Longer than the server forgives that an old one comes again.
    app.advance(TimeDelta::minutes(1));
    let mut bridge = Bridge::at_home(home.path()).await;
    app.advance(TimeDelta::minutes(16));
    let whoami = bridge.ask(&call(4, "whoami", json!({}))).await;
    assert_eq!(whoami["result"]["structuredContent"]["credential"], "application", "{whoami}");
    bridge.end().await;
}

#[tokio::test]
async fn whose_login_has_ended_is_told_to_sign_in_again() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let home = tempfile::tempdir().unwrap();
    sign_in(&app, &url, home.path(), &ada.email).await;
    let listed = ada.get("/v1/auth/applications").await.ok();
    let id = listed["results"][0]["id"].as_str().unwrap();
    ada.delete(&format!("/v1/auth/applications/{id}")).await.assert_status(204);
    let mut bridge = Bridge::at_home(home.path()).await;
    let refused = bridge.ask(&call(1, "whoami", json!({}))).await;
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(said.contains("the login has ended: run mem0 login"), "{said}");
    bridge.end().await;
}

#[tokio::test]
async fn who_signs_in_again_leaves_no_login_behind() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let home = tempfile::tempdir().unwrap();
    sign_in(&app, &url, home.path(), &ada.email).await;
    let first = login(home.path());
    sign_in(&app, &url, home.path(), &ada.email).await;
    assert_ne!(login(home.path())["refresh_token"], first["refresh_token"]);
    let listed = ada.get("/v1/auth/applications").await.ok();
    assert_eq!(listed["results"].as_array().unwrap().len(), 1, "{listed}");
    let mut bridge = Bridge::at_home(home.path()).await;
    let whoami = bridge.ask(&call(1, "whoami", json!({}))).await;
    assert_eq!(whoami["result"]["structuredContent"]["credential"], "application", "{whoami}");
    bridge.end().await;
}

#[tokio::test]
async fn a_server_that_refuses_says_why_and_until_when() {
    let (app, url) = TestApp::published().await;
    let home = tempfile::tempdir().unwrap();
    // Neither these nor the program's have an address here: they are counted together.
    for _ in 0..42 {
        app.anonymous().post("/oauth/device_authorization", json!({ "client_id": "mem0-cli" })).await;
    }
    let mut child = command(home.path(), &["login", "--url", &url]).await;
    let mut child = child.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = lines.next_line().await.unwrap().expect("it says something");
    assert!(
        said.contains("429") && said.contains("too many applications") && said.contains("try again in"),
        "{said}"
    );
}

#[tokio::test]
async fn a_logout_forgets_the_credential_whatever_its_address_is() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(file(home.path()).parent().unwrap()).unwrap();
    std::fs::write(file(home.path()), r#"{ "url": "no address", "token": "t" }"#).unwrap();
    let output = command(home.path(), &["logout"]).await.output().await.unwrap();
    assert!(output.status.success() && !file(home.path()).exists(), "{output:?}");
}

#[tokio::test]
async fn people_see_which_account_their_tools_use() {
    let (app, url) = TestApp::published().await;
    let ada = app.registered("ada").await;
    let home = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str], key: Option<&str>| {
        let mut command = command(home.path(), arguments).await;
        if let Some(key) = key {
            command.env("MEM0_API_KEY", key);
        }
        let output = command.output().await.unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), out, err)
    };
    let (known, _, said) = run(&["whoami", "--url", &url], None).await;
    assert!(!known && said.contains(&format!("run mem0 login --url {url}")), "{said}");

    sign_in(&app, &url, home.path(), &ada.email).await;
    let (known, told, said) = run(&["whoami"], None).await;
    assert!(known, "{said}");
    for text in [&url, &ada.email, "the login of mem0 login", "memories:read, memories:write"] {
        assert!(told.contains(text), "{told}");
    }
    let key = ada.with_api_key().await.token;
    let (_, told, _) = run(&["whoami", "--json"], Some(&key)).await;
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["credential"], "api_key", "{told}");
    // It takes precedence over the login, which is good.
    let (known, _, said) = run(&["whoami"], Some("m0sk_wrong")).await;
    assert!(!known && said.contains("unset it to use mem0 login"), "{said}");

    let (read, _, said) = run(&["audit", "verify"], None).await;
    assert!(
        !read && said.contains("audit:read") && said.contains("mem0 login is for AI tools only"),
        "{said}"
    );
    for wrong in ["garbage", "https://mem0.example:99999"] {
        let (_, _, said) = run(&["whoami", "--url", wrong], None).await;
        assert!(said.contains(&format!("--url: \"{wrong}\"")), "{said}");
    }
}
