//! The binary as it is used: from a command line and as a Lambda function.

#![allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]

use std::process::{Command, Output};

use bytes::Bytes;
use lambda_emulator::{Environment, SpawnOptions};
use local_postgres::{Cluster, Config, SUPERUSER};
use serde_json::{Value, json};
use shared::db::SCHEMA_VERSION;
use tokio_postgres::Client;

const MIGRATE: &str = env!("CARGO_BIN_EXE_migrate");

/// The advisory lock under which the end-to-end tests migrate too: migrations create
/// roles, which belong to the cluster.
const MAKING: i64 = 0x6d65_6d30_7470_6c00;

/// An empty database, while nobody else migrates.
struct Empty {
    cluster: Cluster,
    url: String,
    name: String,
    keeper: Client,
}

impl Empty {
    async fn new(purpose: &str) -> Self {
        let opening = || Cluster::open(&Config::shared_by_tests()?, &mut |_| {});
        let cluster = tokio::task::spawn_blocking(opening).await.unwrap().unwrap();
        let keeper = cluster.connect(SUPERUSER).await.unwrap();
        keeper.execute("SELECT pg_advisory_lock($1)", &[&MAKING]).await.unwrap();
        let name = format!("mem0_migrate_{purpose}");
        keeper.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
        keeper.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self { url: cluster.superuser_url(&name), cluster, name, keeper }
    }

    async fn remove(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.keeper.batch_execute(&drop).await.unwrap();
    }
}

fn migrate(url: &str, arguments: &[&str]) -> Output {
    Command::new(MIGRATE).args(arguments).env_clear().env("MEM0_DATABASE_URL", url).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim_end()
}

#[tokio::test]
async fn the_command_applies_what_is_missing_and_says_so() {
    let database = Empty::new("command").await;
    let first = migrate(&database.url, &[]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let line = text(&first.stdout);
    assert!(line.starts_with("applied V1__tenancy, V2__identity,"), "{line}");
    assert!(line.ends_with(&format!("the schema is now at version {SCHEMA_VERSION}")), "{line}");
    let second = migrate(&database.url, &[]);
    assert_eq!(text(&second.stdout), format!("nothing to do, the schema is at version {SCHEMA_VERSION}"));
    database.remove().await;
}

#[tokio::test]
async fn an_owner_who_did_not_make_the_servers_roles_migrates_all_the_same() {
    let first = Empty::new("first").await;
    assert!(migrate(&first.url, &[]).status.success(), "the roles are there, and a superuser's");
    let (owner, name) = ("mem0_migrate_owner", "mem0_migrate_second");
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    first.keeper.batch_execute(&drop).await.unwrap();
    first.cluster.ensure_role(owner, "password").await.unwrap();
    first.keeper.batch_execute(&format!("ALTER ROLE {owner} CREATEROLE")).await.unwrap();
    first.cluster.ensure_database(name, owner).await.unwrap();
    first.cluster.ensure_extension(name, "vector").await.unwrap();
    let url = first.cluster.url(owner, "password", name);
    let migrated = migrate(&url, &[]);
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    // A role's grant may only be given to a login by its creator: the error says what to do.
    let login = "mem0_migrate_login";
    let mut command = Command::new(MIGRATE);
    command.env_clear().env("MEM0_DATABASE_URL", &url).env("MEM0_DATABASE_LOGIN", login);
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        text(&refused.stderr),
        "error: the owner of the schema may not GRANT mem0_app TO mem0_migrate_login: \
         a superuser must first GRANT mem0_app TO the owner WITH ADMIN OPTION"
    );
    // The owner may not prepare a login that somebody else created, until it is granted to them.
    let made = format!("DROP ROLE {login}; CREATE ROLE {login} LOGIN NOINHERIT; GRANT mem0_app TO {login}");
    first.keeper.batch_execute(&made).await.unwrap();
    let refused = command.output().unwrap();
    assert_eq!(
        text(&refused.stderr),
        "error: the owner of the schema may not ALTER ROLE mem0_migrate_login SET role TO mem0_app: \
         a superuser must first GRANT mem0_migrate_login TO the owner WITH ADMIN OPTION"
    );
    first.keeper.batch_execute(&format!("GRANT {login} TO {owner} WITH ADMIN OPTION")).await.unwrap();
    assert_eq!(text(&command.output().unwrap().stderr), "");
    first.keeper.batch_execute(&format!("DROP ROLE {login}")).await.unwrap();
    first.keeper.batch_execute(&drop).await.unwrap();
    first.keeper.batch_execute(&format!("DROP ROLE {owner}")).await.unwrap();
    first.remove().await;
}

#[test]
fn the_command_says_what_it_needs() {
    let help = migrate("", &["--help"]);
    assert!(help.status.success());
    assert!(text(&help.stdout).contains("MEM0_DATABASE_URL"), "{}", text(&help.stdout));
    for (url, message) in [
        ("", "error: MEM0_DATABASE_URL: not set, expected postgres://user:password@host:port/database"),
        (
            "postgres://a:secret@127.0.0.1:1/b",
            "error: database unavailable: cannot connect to postgres://a@127.0.0.1:1/b: Connection refused (os error 111)",
        ),
    ] {
        let failed = migrate(url, &[]);
        assert_eq!(failed.status.code(), Some(1));
        assert_eq!(text(&failed.stderr), message);
        assert_eq!(text(&failed.stdout), "");
    }
}

#[tokio::test]
async fn on_lambda_any_event_applies_what_is_missing() {
    let database = Empty::new("lambda").await;
    let options = SpawnOptions::new("migrate", MIGRATE).env("MEM0_DATABASE_URL", &database.url);
    let mut environment = Environment::spawn(&options).await.unwrap();
    let event = Bytes::from(json!({ "RequestType": "Create" }).to_string());
    let answer: Value = serde_json::from_slice(&environment.invoke_raw(event).await.unwrap()).unwrap();
    assert_eq!(answer["version"], SCHEMA_VERSION);
    assert_eq!(answer["applied"][0], "V1__tenancy");
    let again = environment.invoke_raw(Bytes::from_static(b"null")).await.unwrap();
    let again: Value = serde_json::from_slice(&again).unwrap();
    assert_eq!(again, json!({ "applied": [], "version": SCHEMA_VERSION }));
    database.remove().await;
}
