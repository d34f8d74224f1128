//! Checks every SQL statement of the domain against the migrated schema, because tokio-postgres does
//! not check SQL at compile time.

mod recorder;
pub(crate) mod released;
mod source;

use std::collections::BTreeMap;

use shared::config::variable;
use source::Statement;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement as Prepared};

use crate::harness::TestDatabase;

/// Statements whose text is made at run time, because a filter or an optional condition is part of it. They cannot be
/// prepared here; the tests of the routes that run them do it.
const MADE_AT_RUN_TIME: &[&str] = &[
    "access.commit",
    "approval.list",
    "entity.list",
    "memory.count",
    "memory.count_where",
    "memory.delete_where",
    "memory.list",
    "memory.stats",
    "memory.suggest",
    "search.among",
    "search.few",
    "search.find_unvectored",
    "search.levels",
    "search.nearest",
];

/// SQL that is no statement of a store: it sets up connections and transactions, applies the schema, or is a part of a
/// statement that has a name.
const NAMELESS: &[(&str, &str)] = &[
    ("access/transaction.rs", "SELECT set_config('mem0.enterprise'"),
    ("access/transaction.rs", "SET LOCAL ROLE mem0_identity"),
    ("access/transaction.rs", "SET LOCAL ROLE mem0_upkeep"),
    ("db/migrate.rs", "SELECT pg_advisory_lock"),
    ("db/migrate.rs", "SELECT mem0.ensure_audit_partitions()"),
    ("db/migrate.rs", "SELECT max(version)"),
    ("db/settle.rs", "SELECT (SELECT max(version)"),
    ("db/settle.rs", "SELECT mem0.schema_version()"),
    ("db/requirements.rs", "CREATE EXTENSION IF NOT EXISTS vector"),
    ("db/settle.rs", "SET statement_timeout"),
    ("db/pool.rs", "BEGIN; {prologue}"),
    ("memory/store/levels.rs", "SELECT c.*, false AS too_many"),
    ("memory/store/search.rs", "SELECT c.*, 0 AS level, false AS too_many"),
    ("memory/store/search.rs", "SELECT c.*, 0 AS level, cardinality(a.ids)"),
    ("memory/store/search.rs", "WITH candidates AS"),
];

#[test]
fn every_statement_has_a_name() {
    let nameless: Vec<String> = source::literals()
        .into_iter()
        .filter(|literal| literal.is_sql() && literal.name().is_none())
        .filter(|literal| {
            !NAMELESS.iter().any(|(file, text)| literal.file == *file && literal.text.starts_with(text))
        })
        .map(|literal| format!("{}: {}", literal.file, literal.text))
        .collect();
    assert!(nameless.is_empty(), "begin each with -- noun.verb\n{}", nameless.join("\n"));
}

#[test]
fn a_name_says_noun_and_verb_and_means_one_statement() {
    let mut known = BTreeMap::new();
    for Statement { name, file, text, .. } in source::statements() {
        let well_formed = name.split('.').count() == 2
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'));
        assert!(well_formed, "{file}: {name:?} is not noun.verb");
        if let Some((other, same)) = known.insert(name.clone(), (file.clone(), text.clone())) {
            assert!(same == text, "{name} means one thing in {other} and another in {file}");
        }
    }
    assert!(known.len() > 60, "only {} statements were found", known.len());
}

#[test]
fn statements_made_at_run_time_are_known() {
    let mut made: Vec<String> =
        source::statements().into_iter().filter(|it| it.made).map(|it| it.name).collect();
    made.sort();
    assert_eq!(made, MADE_AT_RUN_TIME);
}

#[tokio::test]
async fn every_statement_can_be_prepared_and_is_permitted() {
    let database = TestDatabase::new().await;
    let client = database.as_app().await;
    let mut failures = Vec::new();
    let mut prepared = 0;
    for statement in source::statements().into_iter().filter(|statement| !statement.made) {
        prepared += 1;
        if let Err(problem) = check(&client, &statement.text).await {
            failures.push(format!("{} {}: {problem}", statement.file, statement.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(prepared > 60, "only {prepared} statements were prepared");
}

/// The release before serves while the migrations of this one run, and reads what its statements give as what they gave.
#[tokio::test]
async fn every_statement_of_the_release_before_takes_and_gives_what_it_did() {
    if variable("MEM0_TEST_RELEASE").is_some() {
        released::write().await;
    }
    let database = TestDatabase::new().await;
    let client = database.as_app().await;
    let mut failures = Vec::new();
    let (_, statements) = released::read();
    for statement in &statements {
        match check(&client, &statement.text).await {
            Ok(shape) if shape == statement.shape => {}
            Ok(shape) => {
                failures.push(format!("{}\nwas  {}\nis   {shape}", statement.text, statement.shape));
            }
            Err(problem) => failures.push(format!("{}\n{problem}", statement.text)),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(statements.len() > 300, "only {} statements were found", statements.len());
}

/// Prepares a statement, and plans it as each role that requests run as: preparing alone checks no privileges. Returns the
/// types of its parameters and its columns.
async fn check(client: &Client, text: &str) -> Result<String, String> {
    let explain = format!("EXPLAIN (GENERIC_PLAN) {text}");
    let mut problems = Vec::new();
    for role in ["mem0_app", "mem0_identity", "mem0_upkeep"] {
        client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        let checked = match client.prepare(text).await {
            // A command, which has no plan.
            Ok(prepared) if text.lines().nth(1).is_some_and(|line| line.trim().starts_with("SET ")) => {
                Ok(shape(&prepared))
            }
            Ok(prepared) => client.simple_query(&explain).await.map(|_| shape(&prepared)),
            Err(error) => Err(error),
        };
        match checked {
            Ok(shape) => return Ok(shape),
            Err(error) => {
                let message =
                    error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
                problems.push(format!("as {role}: {message}"));
            }
        }
    }
    Err(problems.join("; "))
}

/// `(uuid, text) id uuid, content text`
fn shape(prepared: &Prepared) -> String {
    let takes: Vec<&str> = prepared.params().iter().map(Type::name).collect();
    let gives =
        prepared.columns().iter().map(|column| format!("{} {}", column.name(), column.type_().name()));
    format!("({}) {}", takes.join(", "), gives.collect::<Vec<_>>().join(", ")).trim_end().to_owned()
}
