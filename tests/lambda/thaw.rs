//! An hour in the freezer: processes of functions that are stopped, and go on when their connections, credentials and
//! what they remember are an hour old, although hardly any time has passed by their monotonic clock.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::access::ApiKeyVerb;
use tempfile::TempDir;

use super::deployment::{Api, options};
use super::visitor::Visitor;
use super::wall_clock::WallClock;
use crate::database_login::{ACCESS_KEY, Rds, SECRET_KEY, iam, secrets};

const HOUR: Duration = Duration::from_secs(3600);
const TEXT: &str = "The launch of the difference engine moved to 3 March.";

/// Functions that go by a clock of their own, with a login to the database as on AWS.
struct Thawing {
    api: Api,
    clock: WallClock,
    // Last: used by the functions until they end.
    rds: Rds,
    _tasks: TempDir,
}

impl Thawing {
    /// An hour ago. The functions find the database at that URL, and log in as these variables say.
    async fn an_hour_ago(clock: WallClock, rds: Rds, url: &str, login: &[(&str, &str)]) -> Self {
        clock.set_behind(HOUR);
        let tasks = tempfile::tempdir().unwrap();
        let certificate = tasks.path().join("rds.pem");
        std::fs::write(&certificate, rds.front.certificate()).unwrap();
        let api = Api::new(|name| {
            let options = clock
                .of(options(name, &tasks, url))
                .env("MEM0_DATABASE_CA", certificate.to_str().unwrap())
                .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
                .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
            login.iter().fold(options, |options, (name, value)| options.env(*name, *value))
        })
        .await;
        Self { api, clock, rds, _tasks: tasks }
    }

    async fn freeze(&self) {
        for function in self.api.functions() {
            function.freeze_all().await;
        }
    }

    /// A number that a statement counts.
    async fn count(&self, sql: &str) -> i64 {
        self.rds.database.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn change(&self, sql: &str) {
        self.rds.database.superuser().await.batch_execute(sql).await.unwrap();
    }

    /// Waits until no function has a session any more.
    async fn until_alone(&self) {
        let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", self.rds.role);
        let patience = Instant::now() + Duration::from_secs(60);
        while self.count(&sessions).await > 0 {
            assert!(Instant::now() < patience, "sessions stay");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn assert_nobody_was_replaced(&self) {
        for function in self.api.functions() {
            assert!(function.cold_starts() <= 1, "{} lives on", function.name());
        }
    }
}

fn message(text: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": text }], "infer": false })
}

/// Adds a memory, as a client that may send the same again.
async fn add(visitor: &Visitor, key: &str, text: &str) -> Value {
    let request = visitor.request(reqwest::Method::POST, "/v3/memories/add/");
    let request = request.header("idempotency-key", key).json(&message(text));
    visitor.send(request).await.assert_status(200).json()
}

#[tokio::test]
async fn after_an_hour_in_the_freezer_nothing_of_before_is_trusted_and_nobody_notices() {
    let Some(clock) = WallClock::find() else { return };
    let rds = iam::rds().await;
    let url = rds.url(None).await;
    // As the guide says, only sooner: the server itself ends the sessions of those who are frozen.
    let impatient = format!("ALTER ROLE {} SET idle_session_timeout TO '1s'", rds.role);
    rds.database.superuser().await.batch_execute(&impatient).await.unwrap();
    rds.front.judge_tokens_later_by(-3600);
    let thawing = Thawing::an_hour_ago(clock, rds, &url, &[("MEM0_DATABASE_AUTH", "iam")]).await;
    let ada = thawing.api.visitor().register("ada").await;
    let verbs = [ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite];
    let laptop = ada.with_token(&ada.api_key("laptop", &verbs).await);
    let added = add(&laptop, "before", TEXT).await;
    let id = json!({ "memory_id": added["results"][0]["id"] });
    // `mcp` knows the caller from now on, and `memories` has leased more tokens than it has spent.
    laptop.call_tool("get_memory", id.clone()).await;
    laptop.call_tool("get_memory", id.clone()).await;
    for _ in 0..8 {
        laptop.get("/v1/ping/").await.assert_status(200);
    }
    let recently = "SELECT count(*) FROM api_keys WHERE last_used_at > now() - interval '1 minute'";
    assert_eq!(thawing.count(recently).await, 0, "it was used an hour ago");

    thawing.freeze().await;
    thawing.until_alone().await;
    thawing.clock.set_behind(Duration::ZERO);
    thawing.rds.front.judge_tokens_later_by(0);
    thawing.change("CREATE TABLE thaw AS SELECT now() AS at").await;

    assert_eq!(laptop.call_tool("get_memory", id).await["memory"], TEXT);
    assert_eq!(thawing.count(recently).await, 1, "the database was asked who the caller is");
    // Meanwhile other environments have used up the key's rate, which a lease of an hour ago would not know.
    thawing.change("UPDATE rate_limits SET tokens = -6000, at = now()").await;
    let refused = laptop.get("/v1/ping/").await;
    refused.assert_problem(429, "limit-reached", None);
    thawing.change("DELETE FROM rate_limits").await;
    let second = "The engine is shown in the west wing.";
    for _ in 0..2 {
        add(&laptop, "after", second).await;
    }
    // Its access token was for a quarter of an hour.
    ada.get("/v1/auth/me").await.assert_problem(401, "unauthenticated", None);

    assert_eq!(thawing.rds.front.refused_tokens(), 0, "each login made a token of its own time");
    let written = format!(
        "SELECT count(*) FROM memories WHERE content = '{second}' AND created_at >= (SELECT at FROM thaw)"
    );
    assert_eq!(thawing.count(&written).await, 1);
    // The log has the times of before and of after, and none between.
    let audited = async |condition: &str| {
        thawing.count(&format!("SELECT count(*) FROM audit_log, thaw WHERE audit_log.at {condition}")).await
    };
    assert!(audited("< thaw.at - interval '58 minutes'").await >= 3);
    assert_eq!(audited("BETWEEN thaw.at - interval '58 minutes' AND thaw.at").await, 0);
    assert!(audited("BETWEEN thaw.at AND now()").await >= 2);
    assert_eq!(audited("> now()").await, 0);
    thawing.assert_nobody_was_replaced();
}

#[tokio::test]
async fn a_secret_that_was_rotated_during_the_freeze_is_read_again_and_a_silent_connection_given_up() {
    let Some(clock) = WallClock::find() else { return };
    let rds = Rds::start("first", false).await;
    let secret = |password: &str| {
        let value = json!({ "username": rds.role, "password": password }).to_string();
        json!({ "SecretString": value })
    };
    let (first, second) = (secret("first"), secret("second"));
    let kept = Arc::new(Mutex::new(first));
    let (service, asked) = secrets::service(0, Arc::clone(&kept)).await;
    let url = rds.url(None).await.replace(&format!("user={}", rds.role), "");
    let endpoint = service.to_string();
    let login =
        [("MEM0_DATABASE_SECRET", secrets::SECRET), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint.as_str())];
    let thawing = Thawing::an_hour_ago(clock, rds, &url, &login).await;
    let ada = thawing.api.visitor().register("ada").await;
    let verbs = [ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite];
    let laptop = ada.with_token(&ada.api_key("laptop", &verbs).await);
    add(&laptop, "before", TEXT).await;

    thawing.freeze().await;
    // The network forgets the connections and tells nobody; the password changes.
    thawing.rds.front.silence();
    *kept.lock().unwrap() = second;
    thawing.rds.rotate("second").await;
    thawing.clock.set_behind(Duration::ZERO);
    let (asked_before, connections) = (asked.load(Ordering::SeqCst), thawing.rds.front.connections());

    let thawed = Instant::now();
    for _ in 0..2 {
        add(&laptop, "after", "The engine is shown in the west wing.").await;
    }
    assert!(thawed.elapsed() < Duration::from_secs(30), "{:?}", thawed.elapsed());
    assert_eq!(asked.load(Ordering::SeqCst) - asked_before, 1, "what was read an hour ago is not kept");
    assert_eq!(thawing.rds.front.connections() - connections, 1, "and nobody has tried it");
    assert_eq!(thawing.count("SELECT count(*) FROM memories").await, 2);
    thawing.assert_nobody_was_replaced();
}
