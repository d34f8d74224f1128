//! Migrations run while the release before still serves. That its statements mean the same afterwards is in `statements`.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;
use shared::config::{DatabaseAuth, DatabaseConfig};
use shared::db::migrate;
use tokio_postgres::Client;

use super::{Environment, memories};
use crate::database_login::Rds;
use crate::harness::TestDatabase;
use crate::statements::released;

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

/// Columns without which no row can be inserted.
const NEEDED: &str = "
    SELECT c.relname || '.' || a.attname
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''";

async fn needed(client: &Client) -> BTreeSet<String> {
    client.query(NEEDED, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// A database with the schema of the release before, as its owner.
async fn before() -> TestDatabase {
    let (released, _) = released::read();
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
        .filter(|(version, _)| *version <= released)
        .collect();
    files.sort();
    for (version, sql) in files {
        superuser.batch_execute(&sql).await.unwrap_or_else(|error| panic!("V{version}: {error:?}"));
    }
    database
}

#[tokio::test]
async fn everything_that_the_release_before_names_is_still_there() {
    let (before, now) = (before().await, TestDatabase::new().await);
    let (old, new) = (named(before.superuser().await).await, named(now.superuser().await).await);
    assert!(old.len() > 100, "{old:?}");
    let (_, statements) = released::read();
    // A function that it could have called, but did not, may be gone.
    let called = |name: &&String| {
        let function = name.split_inclusive('(').next().filter(|it| it.starts_with("mem0."));
        function.is_none_or(|function| statements.iter().any(|it| it.text.contains(function)))
    };
    let gone: Vec<&String> = old.difference(&new).filter(called).collect();
    assert!(gone.is_empty(), "the release before names what is not there any more: {gone:#?}");
    let (before, now) = (needed(before.superuser().await).await, needed(now.superuser().await).await);
    let tables: BTreeSet<&str> = old.iter().filter_map(|name| Some(name.split_once('.')?.0)).collect();
    let is_old = |name: &&String| tables.contains(name.split('.').next().unwrap_or_default());
    let needed: Vec<&String> = now.difference(&before).filter(is_old).collect();
    assert!(needed.is_empty(), "the release before inserts rows without these: {needed:#?}");
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

/// What a migration adds: columns, a table, a trigger that fills it, and an index that takes seconds to build.
const EXPANSION: &str = "
    CREATE FUNCTION later(content text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        PERFORM pg_sleep(0.05);
        RETURN upper(content);
    END $$;
    ALTER TABLE memories ADD COLUMN later_note text, ADD COLUMN later_rank integer NOT NULL DEFAULT 0;
    CREATE TABLE later_notes (memory_id uuid PRIMARY KEY, length integer NOT NULL);
    CREATE FUNCTION note_later() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO public.later_notes VALUES (NEW.id, length(NEW.content));
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_later AFTER INSERT ON memories FOR EACH ROW EXECUTE FUNCTION note_later();
    INSERT INTO later_notes SELECT id, length(content) FROM memories;
    CREATE INDEX later_index ON memories (enterprise_id, later(content));
    DROP INDEX later_index";

/// The same index, built while others write.
const INDEX: &str = "CREATE INDEX CONCURRENTLY later_index ON memories (enterprise_id, later(content))";

#[tokio::test]
async fn clients_that_write_all_the_time_lose_nothing_to_a_migration_that_expands_the_schema() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    let config = rds.config(Some("right"), DatabaseAuth::Password).await;
    let config = DatabaseConfig { statement_timeout: Duration::from_millis(500), ..config };
    let environments: Vec<Environment> = (0..4).map(|_| Environment::with(&config)).collect();
    let (told, turned_away, done) = (Cell::new(0), Cell::new(0), Cell::new(false));
    // Each as a client does it: a text and its key again until there is an answer.
    let write = async |environment: &Environment, text: &str| loop {
        let answer = environment.add(&token, Some(text), text).await;
        if answer.status == 200 {
            return told.set(told.get() + 1);
        }
        assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
        turned_away.set(turned_away.get() + 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let clients = join_all(environments.iter().enumerate().map(async |(place, environment)| {
        for number in 0.. {
            if done.get() {
                break;
            }
            write(environment, &format!("Locker-{place}-{number}")).await;
            let body = json!({ "query": format!("locker {number}") });
            let found = environment.post("/v3/memories/search/", &token, None, body).await;
            assert!(found.status == 200 || found.is_come_again(), "{} {}", found.status, found.body);
        }
    }));
    let until = async |count: i32| {
        while told.get() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let migrating = async {
        until(40).await;
        let migration = rds.database.another_superuser().await;
        migration.batch_execute(EXPANSION).await.unwrap();
        let waited = turned_away.get();
        assert!(waited > 0, "nobody was turned away while everything was locked");
        until(told.get() + 8).await;
        // What waits for nobody's lock turns nobody away.
        let (before, refused) = (told.get(), turned_away.get());
        migration.batch_execute(INDEX).await.unwrap();
        assert!(told.get() > before, "nothing was written while the index was built");
        // On a busy machine, the time of a statement may be over all the same.
        let (wrote, away) = (told.get() - before, turned_away.get() - refused);
        assert!(away < wrote, "{away} turned away, {wrote} written");
        until(told.get() + 8).await;
        migrate::run(&DatabaseConfig::new(rds.database.owner_url().await).unwrap()).await.unwrap();
        done.set(true);
    };
    join(migrating, clients).await;
    let superuser = rds.database.superuser().await;
    let kept = "SELECT count(*), count(DISTINCT content), (SELECT count(*) FROM events), (SELECT count(*) FROM later_notes),
                       (SELECT count(*) FROM memory_versions),
                       (SELECT count(*) FROM audit_log WHERE action = 'memory.remember')
                  FROM memories";
    let kept = superuser.query_one(kept, &[]).await.unwrap();
    let counts: Vec<i64> = (0..kept.len()).map(|column| kept.get(column)).collect();
    assert_eq!(counts, [i64::from(told.get()); 6]);
}
