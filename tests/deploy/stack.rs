//! The whole stack on an emulator of AWS: what one process must do, tested through the API Gateway.
//!
//! One test, because bringing a stack up takes as long as many tests; its steps have their own names.

use std::time::{Duration, Instant};

use deploy::{Databases, Stack};
use serde_json::json;
use shared::access::ApiKeyVerb;

use crate::harness::TestDatabase;
use crate::lambda::journey::newcomers;
use crate::lambda::packages;
use crate::lambda::visitor::Visitor;
use crate::python::{self, Keys};
use crate::{mcp_clients, node};

/// A stack and what it stands on.
struct Deployed {
    stack: Stack,
    databases: Databases,
    directory: tempfile::TempDir,
    // Last: used by the functions until they end.
    database: TestDatabase,
}

impl Deployed {
    async fn new() -> Self {
        let database = TestDatabase::unprepared().await;
        let (login, owner) = (database.url().await, database.owner_url().await);
        // All tests share the role.
        let databases = Databases { login, owner, role: String::new() };
        let directory = tempfile::tempdir().unwrap();
        let zips = tokio::task::spawn_blocking(packages::directory).await.unwrap();
        let stack = Stack::up(directory.path(), free_port(), zips, &databases).await.unwrap();
        Self { stack, databases, directory, database }
    }

    fn visitor(&self) -> Visitor {
        Visitor::at(self.stack.url())
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        let _ = Stack::down(self.directory.path());
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn the_stack_serves_what_one_process_serves_and_refuses_a_deployment_whose_migration_fails() {
    if !node::packages::npm_is_there() {
        return;
    }
    let mut deployed = Deployed::new().await;
    assert!(deployed.stack.created() > 100);
    the_database_is_protected_after_the_first_deployment(&deployed).await;
    newcomers(&deployed.visitor()).await;
    other_peoples_clients(&deployed).await;
    messages_and_schedules_reach_the_worker(&deployed).await;
    a_failing_migration_leaves_the_old_code_serving(&mut deployed).await;
    going_back_moves_the_aliases_to_the_code_of_before(&mut deployed).await;
}

async fn the_database_is_protected_after_the_first_deployment(deployed: &Deployed) {
    let databases =
        deployed.stack.emulator().call("rds", "DescribeDBInstances&Version=2014-10-31").await.unwrap();
    assert!(databases.contains("<DeletionProtection>true</DeletionProtection>"), "{databases}");
}

async fn other_peoples_clients(deployed: &Deployed) {
    let (grace, hedy) =
        (deployed.visitor().register("grace").await, deployed.visitor().register("hedy").await);
    let ida = deployed.visitor().register("ida").await.api_key("all", &ApiKeyVerb::ALL).await;
    let keys = Keys {
        owner: grace.api_key("all", &ApiKeyVerb::ALL).await,
        reader: grace.api_key("reader", &[ApiKeyVerb::MemoriesRead]).await,
        other: hedy.api_key("all", &ApiKeyVerb::ALL).await,
        full: None,
    };
    python::client_suite(deployed.stack.url(), &keys).await;
    let mcp = format!("{}/mcp", deployed.stack.url());
    mcp_clients::python_sdk(&mcp, &keys.owner).await;
    mcp_clients::rust_sdk(&mcp, &keys.other).await;
    mcp_clients::typescript_sdks(&mcp, &ida).await;
}

/// A message of the queue is taken over into the outbox and done; one that cannot be understood stays for a while.
async fn messages_and_schedules_reach_the_worker(deployed: &Deployed) {
    let emulator = deployed.stack.emulator();
    let queue = emulator.call("sqs", "GetQueueUrl&QueueName=mem0-enterprise-local-work").await.unwrap();
    let url = queue.split_once("<QueueUrl>").unwrap().1.split_once("</QueueUrl>").unwrap().0;
    let body = json!({ "job": "search.review_tiers" }).to_string().replace('"', "%22");
    emulator.call("sqs", &format!("SendMessage&QueueUrl={url}&MessageBody={body}")).await.unwrap();
    let done = "SELECT count(*) FROM outbox WHERE topic = 'job.run' AND finished_at IS NOT NULL";
    let (database, started) = (deployed.database.superuser().await, Instant::now());
    while database.query_one(done, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(started.elapsed() < Duration::from_secs(90), "nobody did what the message asked for");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn a_failing_migration_leaves_the_old_code_serving(deployed: &mut Deployed) {
    let unreachable = Databases {
        owner: "postgres://nobody:secret@127.0.0.1:1/nowhere".to_owned(),
        ..deployed.databases.clone()
    };
    let zips = packages::directory();
    let refusal = deployed.stack.deploy(zips, &unreachable).await.unwrap_err();
    let refusal = format!("{refusal:#}");
    assert!(refusal.contains("Migration"), "{refusal}");
    assert!(!refusal.contains("secret"), "{refusal}");
    deployed.visitor().register("joan").await;
    // And can be deployed again.
    deployed.stack.deploy(zips, &deployed.databases.clone()).await.unwrap();
    deployed.visitor().register("karen").await;
}

/// The schema stays, and the code before it runs on it. Versions are told by their alias's number.
async fn going_back_moves_the_aliases_to_the_code_of_before(deployed: &mut Deployed) {
    let version = async |deployed: &Deployed, alias: &str| {
        let path = format!("/2015-03-31/functions/mem0-enterprise-local-memories/aliases/{alias}");
        let answer = deployed.stack.emulator().read(&path).await.unwrap();
        answer["FunctionVersion"].as_str().unwrap_or_else(|| panic!("{alias}: {answer}")).to_owned()
    };
    let before = version(deployed, "live").await;
    // Another configuration is another version.
    let mut databases = deployed.databases.clone();
    databases.login.push_str(if databases.login.contains('?') { "&" } else { "?" });
    databases.login.push_str("application_name=next");
    deployed.stack.deploy(packages::directory(), &databases).await.unwrap();
    assert_ne!(version(deployed, "live").await, before);
    assert_eq!(version(deployed, "previous").await, before);
    deployed.stack.roll_back(packages::directory(), &databases).await.unwrap();
    assert_eq!(version(deployed, "live").await, before);
    deployed.visitor().register("lynn").await;
}
