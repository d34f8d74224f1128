//! Migrations run while the previous code still serves.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use shared::config::{DatabaseAuth, DatabaseConfig};
use shared::db::migrate;
use tokio_postgres::Client;

use super::{Environment, memories};
use crate::database_login::Rds;
use crate::harness::TestDatabase;

/// The last migration of the code that served before this one: raise it with each release.
const BEFORE: u32 = 116;

/// Functions that the code before could have called but did not, and that were dropped since.
const UNUSED: [&str; 2] =
    ["mem0.name_too_wide_below(bigint,bigint[],integer)", "mem0.seen_whole(bigint,bigint)"];

/// What statements name: columns of tables, and functions with their arguments and results. Triggers are the schema's own.
const NAMED: &str = "
    SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
       AND c.relname <> 'refinery_schema_history'
     UNION ALL
    SELECT p.oid::regprocedure || ' ' || pg_get_function_result(p.oid)
      FROM pg_proc p
     WHERE p.pronamespace = 'mem0'::regnamespace AND p.prorettype <> 'trigger'::regtype
       AND has_function_privilege('mem0_app', p.oid, 'EXECUTE')";

async fn named(client: &Client) -> BTreeSet<String> {
    client.query(NAMED, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// A database with the schema of the code before, as its owner.
async fn before() -> TestDatabase {
    let database = TestDatabase::unprepared().await;
    let superuser = database.superuser().await;
    superuser
        .batch_execute("CREATE TABLE refinery_schema_history (version integer, name text, applied_on text, checksum text)")
        .await
        .unwrap();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/migrations");
    let mut files: Vec<(u32, String)> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            (name[1..name.find("__").unwrap()].parse().unwrap(), std::fs::read_to_string(&path).unwrap())
        })
        .filter(|(version, _)| *version <= BEFORE)
        .collect();
    files.sort();
    for (version, sql) in files {
        superuser.batch_execute(&sql).await.unwrap_or_else(|error| panic!("V{version}: {error:?}"));
    }
    database
}

#[tokio::test]
async fn everything_that_the_code_before_names_is_still_there() {
    let (before, now) = (before().await, TestDatabase::new().await);
    let (old, new) = (named(before.superuser().await).await, named(now.superuser().await).await);
    assert!(old.len() > 100, "{old:?}");
    let unused = |name: &&String| UNUSED.iter().any(|unused| name.starts_with(unused));
    let gone: Vec<&String> = old.difference(&new).filter(|name| !unused(name)).collect();
    assert!(gone.is_empty(), "the code before names what is not there any more: {gone:#?}");
}

#[tokio::test]
async fn requests_wait_for_a_migration_and_none_is_lost() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    let environments = join_all((0..4).map(|_| Environment::new(&rds))).await;
    let superuser = rds.database.superuser().await;
    let config = DatabaseConfig::new(rds.database.owner_url().await).unwrap();
    let migrating = async {
        for number in 0..5 {
            // What a migration does to a table, and then what `migrate` does when it is run again.
            let change = format!("ALTER TABLE memories ADD COLUMN later_{number} text; SELECT pg_sleep(0.1)");
            superuser.batch_execute(&change).await.unwrap();
            migrate::run(&config).await.unwrap();
        }
    };
    let serving = join_all(environments.iter().enumerate().map(async |(place, environment)| {
        for number in 0..10 {
            let text = format!("Locker {place}-{number} is {}", number * 11);
            let answer = environment.add(&token, None, &text).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }));
    join(migrating, serving).await;
    assert_eq!(memories(&rds).await, 40);
}

#[tokio::test]
async fn a_migration_that_takes_longer_than_statements_may_makes_clients_come_again() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    let config = rds.config(Some("right"), DatabaseAuth::Password).await;
    let config = DatabaseConfig { statement_timeout: Duration::from_millis(300), ..config };
    let environments: Vec<Environment> = (0..4).map(|_| Environment::with(&config)).collect();
    let texts: Vec<String> = (0..4).map(|number| format!("Locker {number} is {}", number * 11)).collect();
    let add = async || {
        let adding = environments.iter().zip(&texts);
        let adding = adding.map(|(environment, text)| environment.add(&token, Some(&text[7..8]), text));
        join_all(adding).await
    };
    let migration = rds.database.another_superuser().await;
    migration.batch_execute("BEGIN; ALTER TABLE memories ADD COLUMN later text").await.unwrap();
    for answer in add().await {
        assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    }
    migration.batch_execute("COMMIT").await.unwrap();
    // Their time is short on a busy machine, too: a client comes again until it is answered.
    let patience = Instant::now() + Duration::from_secs(60);
    let mut answered = 0;
    while answered < 2 {
        let answers = add().await;
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.is_come_again()));
        answered += usize::from(answers.iter().all(|answer| answer.status == 200));
        assert!(Instant::now() < patience, "not answered");
    }
    assert_eq!(memories(&rds).await, 4);
}
