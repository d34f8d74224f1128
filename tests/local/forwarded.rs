//! Where requests come from when a proxy stands in front of the server.

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::installation::Installation;
use super::process::Process;

/// A login with a wrong password, or with the right one, through a proxy that says it comes from there.
fn login(http: &Client, url: &str, from: &str, email: &str, password: &str) -> RequestBuilder {
    let body = json!({ "email": email, "password": password });
    http.post(format!("{url}/v1/auth/login")).header("x-forwarded-for", from).json(&body)
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn limits_and_sessions_are_of_the_client_behind_a_trusted_proxy() {
    let installation = Installation::new();
    let mut command = installation.command(&["serve", "--embedded"]);
    command.env("MEM0_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8");
    let mut server = Process::spawn(command);
    server.wait_until_it_says("Ctrl-C stops the server");
    let demo = installation.demo();
    let (url, email, password) = (&demo["MEM0_URL"], &demo["MEM0_DEMO_EMAIL"], &demo["MEM0_DEMO_PASSWORD"]);
    #[expect(clippy::disallowed_methods, reason = "a client from outside, not the product's own")]
    let http = Client::builder().build().unwrap();

    // Another invented address each time does not help: the proxy appended the real one.
    let mut statuses = Vec::new();
    for attempt in 0..31 {
        let from = format!("192.0.2.{attempt}, 203.0.113.7, 10.0.0.9");
        statuses.push(status(login(&http, url, &from, &format!("{attempt}@nobody.example"), "x")).await);
    }
    assert_eq!(statuses[0], StatusCode::UNAUTHORIZED);
    assert_eq!(statuses[30], StatusCode::TOO_MANY_REQUESTS);
    // Nobody else is kept out.
    let answer = login(&http, url, "198.51.100.4", email, password).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let login: Value = answer.json().await.unwrap();
    let sessions = http.get(format!("{url}/v1/auth/sessions"));
    let sessions = sessions.bearer_auth(login["access_token"].as_str().unwrap()).send().await.unwrap();
    let sessions: Value = sessions.json().await.unwrap();
    let current = sessions["results"].as_array().unwrap().iter().find(|one| one["current"] == true);
    assert_eq!(current.unwrap()["ip"], "198.51.100.4");
    server.interrupt();
    server.wait_for_end();
}
