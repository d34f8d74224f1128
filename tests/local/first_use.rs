//! Starting, using what is printed, stopping, starting again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use local_postgres::Cluster;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::http::{Caller, ok, status};
use super::installation::Installation;
use super::process::{Process, server};

/// The curl of the announcement as a request.
fn printed_curl(said: &str) -> (String, String, Value) {
    let curl = said.split("curl -s ").nth(1).expect("a curl is printed");
    let url = curl.split(' ').next().unwrap();
    let quoted: Vec<&str> = curl.split('\'').skip(1).step_by(2).collect();
    let authorization = quoted[0].strip_prefix("Authorization: ").unwrap();
    assert_eq!(quoted[1], "Content-Type: application/json");
    (url.to_owned(), authorization.to_owned(), serde_json::from_str(quoted[2]).unwrap())
}

#[tokio::test]
async fn what_make_up_prints_works() {
    let installation = Installation::new();
    let server = installation.up();
    let demo = installation.demo();
    let names = ["MEM0_API_KEY", "MEM0_DEMO_EMAIL", "MEM0_DEMO_PASSWORD", "MEM0_MCP_URL", "MEM0_URL"];
    assert_eq!(demo.keys().collect::<Vec<_>>(), names);
    let mode = fs::metadata(installation.file("demo.env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let said = server.said();
    for value in demo.values() {
        assert!(said.contains(value.as_str()), "{value} is printed");
    }

    let (url, authorization, body) = printed_curl(&said);
    #[expect(clippy::disallowed_methods, reason = "a client from outside, not the product's own")]
    let http = Client::builder().build().unwrap();
    let found = ok(http.post(url).header("authorization", authorization).json(&body)).await;
    let first = found["results"][0]["memory"].as_str().expect("the printed search finds something");
    assert!(first.to_lowercase().contains("deploy"), "{first}");

    let credentials = json!({ "email": demo["MEM0_DEMO_EMAIL"], "password": demo["MEM0_DEMO_PASSWORD"] });
    let login = format!("{}/v1/auth/login", demo["MEM0_URL"]);
    let session = ok(http.post(login).json(&credentials)).await;
    let me = http.get(format!("{}/v1/auth/me", demo["MEM0_URL"]));
    let me = ok(me.bearer_auth(session["access_token"].as_str().unwrap())).await;
    assert_eq!(me["user"]["email"], demo["MEM0_DEMO_EMAIL"].as_str());

    let initialize = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } },
    });
    let mcp = http.post(&demo["MEM0_MCP_URL"]).bearer_auth(&demo["MEM0_API_KEY"]).json(&initialize);
    let answer = ok(mcp.header("accept", "application/json, text/event-stream")).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{answer}");
}

#[tokio::test]
async fn ctrl_c_stops_everything_and_the_next_start_goes_on_where_it_was() {
    let installation = Installation::new();
    let mut server = installation.up();
    let before = installation.demo();
    let memories = Caller::new(&installation).get("/v1/stats/?scope=all").await;
    let begun = Instant::now();
    server.interrupt();
    assert_eq!(server.wait_for_end().code(), Some(0), "{}", server.said());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(!Cluster::stop_at(&installation.file("postgres"), &mut |_| {}).unwrap(), "PostgreSQL has ended");

    let _server = installation.up();
    let after = installation.demo();
    for name in ["MEM0_API_KEY", "MEM0_DEMO_EMAIL", "MEM0_DEMO_PASSWORD"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(Caller::new(&installation).get("/v1/stats/?scope=all").await, memories);
}

#[test]
fn ctrl_c_is_no_accident_to_the_log() {
    let installation = Installation::new();
    let log = tempfile::NamedTempFile::new().unwrap();
    let command = installation.command(&["serve", "--embedded"]);
    let mut server = Process::spawn_logging(command, log.reopen().unwrap());
    server.wait_until_it_says("Ctrl-C stops the server");
    server.interrupt();
    assert_eq!(server.wait_for_end().code(), Some(0), "{}", server.said());
    let written = fs::read_to_string(log.path()).unwrap();
    let trouble: Vec<_> =
        written.lines().filter(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\"")).collect();
    assert!(trouble.is_empty(), "{trouble:#?}");
}

#[test]
fn ctrl_c_while_it_starts_stops_what_was_started() {
    let installation = Installation::new();
    let mut server = installation.begin();
    server.wait_until_it_says("schema is at version");
    server.interrupt();
    assert_eq!(server.wait_for_end().code(), Some(0), "{}", server.said());
    assert!(!Cluster::stop_at(&installation.file("postgres"), &mut |_| {}).unwrap(), "PostgreSQL has ended");
}

#[tokio::test]
async fn requests_under_way_are_answered_before_it_stops() {
    let installation = Installation::new();
    let mut server = installation.up();
    let caller = Caller::new(&installation);
    let demo = installation.demo();
    let wrong = json!({ "email": demo["MEM0_DEMO_EMAIL"], "password": "not the password" });
    // Hashing the password takes a while, which is when the interruption comes.
    let login = tokio::spawn(status(caller.request(Method::POST, "/v1/auth/login").json(&wrong)));
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.interrupt();
    assert_eq!(login.await.unwrap(), 401);
    assert_eq!(server.wait_for_end().code(), Some(0), "{}", server.said());
}

#[test]
fn make_down_stops_the_postgresql_of_a_killed_server_and_says_so() {
    let installation = Installation::new();
    let mut server = installation.begin();
    server.wait_until_it_says("schema is at version");
    server.kill();
    let place = installation.file("");
    let place = place.display();
    assert_eq!(
        down(&installation),
        format!(
            "stopping PostgreSQL\nPostgreSQL stopped; the data stays in {place}, `make up` brings it back\n"
        )
    );
    assert_eq!(down(&installation), "nothing was running\n");
}

#[test]
fn make_down_needs_no_installation() {
    let installation = Installation::new();
    assert_eq!(down(&installation), "nothing was running\n");
    assert!(!installation.file("").exists(), "and makes none");
}

fn down(installation: &Installation) -> String {
    let mut process = Process::spawn(installation.command(&["down"]));
    assert_eq!(process.wait_for_end().code(), Some(0), "{}", process.said());
    process.said()
}

#[test]
fn it_tells_what_it_can_do() {
    let output = server(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for command in ["serve", "migrate", "down"] {
        assert!(help.contains(command), "{help}");
    }
}
