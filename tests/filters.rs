//! A filter gives the same result in PostgreSQL and in Rust for one memory, whatever the filter and the memory.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::memory::filter::Filter;
use shared::memory::filter::strategy::{Sample, filters, memories, scope_id};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::harness::TestDatabase;

#[test]
fn the_compiled_filter_finds_what_the_evaluator_accepts() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::new());
    let client = runtime.block_on(database.superuser());
    // The real columns without keys, triggers and policies: a world need not make sense elsewhere.
    runtime.block_on(client.batch_execute("CREATE TEMP TABLE world (LIKE memories)")).unwrap();
    runtime.block_on(client.batch_execute(RELAX)).unwrap();
    let worlds = (vec(memories(), 1..12), vec(filters(), 8));
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, crate::harness::seeded());
    // How many filters accepted nothing, something and everything: agreeing on nothing alone would prove little.
    let (nothing, something, everything) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let outcome = runner.run(&worlds, |(world, filters)| {
        runtime.block_on(async {
            fill(client, &world).await;
            for filter in filters {
                let accepted = agree(client, &world, &filter).await?;
                let kind = match accepted {
                    0 => &nothing,
                    count if count == world.len() => &everything,
                    _ => &something,
                };
                kind.set(kind.get() + 1);
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let counts = [nothing.get(), something.get(), everything.get()];
    assert!(
        counts.iter().all(|count| *count > 100),
        "the pools no longer make filters that discern: {counts:?}"
    );
    runtime.block_on(async { drop(database) });
}

/// Columns that no filter asks for may stay empty.
const RELAX: &str = "DO $$
DECLARE c record;
BEGIN
    FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = 'world'::regclass AND attnum > 0 LOOP
        EXECUTE format('ALTER TABLE world ALTER COLUMN %I DROP NOT NULL', c.attname);
    END LOOP;
    ALTER TABLE world ADD COLUMN number integer;
END $$";

async fn fill(client: &Client, world: &[Sample]) {
    client.batch_execute("TRUNCATE world").await.unwrap();
    let insert = client
        .prepare(
            "INSERT INTO world (number, id, scope_ids, content, metadata, categories, user_id, agent_id, app_id, run_id,
                                occurred_at, expires_on, created_at, updated_at, classification, author_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::classification, $16)",
        )
        .await
        .unwrap();
    for (number, memory) in (0i32..).zip(world) {
        let scopes: Vec<i64> = memory.scope_ids.iter().map(|scope| scope.0).collect();
        let [user, agent, app, run] = &memory.entities;
        let row: [&(dyn ToSql + Sync); 16] = [
            &number,
            &memory.id.uuid(),
            &scopes,
            &memory.content,
            &memory.metadata,
            &memory.categories,
            user,
            agent,
            app,
            run,
            &memory.occurred_at,
            &memory.expires_on,
            &memory.created_at,
            &memory.updated_at,
            &memory.classification.as_str(),
            &memory.author_id.uuid(),
        ];
        client.execute(&insert, &row).await.unwrap();
    }
}

/// How many memories the filter accepts, in both ways.
async fn agree(client: &Client, world: &[Sample], json: &serde_json::Value) -> Result<usize, TestCaseError> {
    let filter = Filter::parse(json).map_err(|error| TestCaseError::fail(format!("{json}: {error}")))?;
    let compiled = filter.compile(1, scope_id).unwrap();
    let sql = format!("SELECT m.number FROM world m WHERE {} ORDER BY m.number", compiled.sql);
    let params: Vec<&(dyn ToSql + Sync)> =
        compiled.params.iter().map(|param| param.as_ref() as &(dyn ToSql + Sync)).collect();
    let rows = client
        .query(&sql, &params)
        .await
        .map_err(|error| TestCaseError::fail(format!("{json} as {sql}: {error}")))?;
    let found: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    let accepted: Vec<i32> = (0i32..)
        .zip(world)
        .filter(|(_, memory)| filter.matches(&memory.record(), scope_id))
        .map(|(number, _)| number)
        .collect();
    prop_assert_eq!(&found, &accepted, "{} compiled to {}", json, compiled.sql);
    Ok(accepted.len())
}
