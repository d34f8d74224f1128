//! Dumps: what docs/guides/backups.md says to do with `pg_dump` and `pg_restore`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use tokio_postgres::Client;

use crate::harness::{TestApp, TestDatabase, World};

/// PostgreSQL's own programs.
struct Programs(PathBuf);

impl Programs {
    async fn of(client: &Client) -> Self {
        let directory = "SELECT setting FROM pg_config WHERE name = 'BINDIR'";
        Self(client.query_one(directory, &[]).await.unwrap().get::<_, &str>(0).into())
    }

    fn run(&self, name: &str, arguments: &[&str]) -> String {
        let output = Command::new(self.0.join(name)).args(arguments).output().unwrap();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && problem.is_empty(), "{name}: {problem}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The lines of the schema, without what differs from dump to dump: a token, and how expressions are put in
    /// parentheses, broken into lines and named.
    fn schema(&self, url: &str) -> BTreeSet<String> {
        let dump = self.run("pg_dump", &["--schema-only", "--dbname", url]);
        let lines = dump.lines().filter(|line| !line.contains("restrict "));
        let unnamed = lines.map(|line| line.split_once(" AS ").map_or(line, |(expression, _)| expression));
        unnamed.map(|line| line.replace(['(', ')', ',', ' '], "")).collect()
    }
}

/// How many rows each table has.
async fn rows(client: &Client) -> BTreeMap<String, i64> {
    const TABLES: &str = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                           WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let mut counts = BTreeMap::new();
    for table in client.query(TABLES, &[]).await.unwrap() {
        let table: String = table.get(0);
        let count = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0);
        counts.insert(table, count);
    }
    counts
}

#[tokio::test]
async fn a_dump_is_restored_whole_by_a_superuser_and_by_the_owner() {
    let app = TestApp::new().await;
    World::new(&app, "walrus").await;
    let ours = app.database();
    let programs = Programs::of(ours.superuser().await).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mem0.dump");
    let file = file.to_str().unwrap();
    programs.run("pg_dump", &["--format=custom", "--file", file, "--dbname", &ours.owner_url().await]);
    let expected = programs.schema(&ours.superuser_url().await);
    for by_owner in [false, true] {
        let restored = TestDatabase::unprepared().await;
        if by_owner {
            // Loads pgvector first, whose parameters functions set.
            let script = programs.run("pg_restore", &["--no-comments", "--file=-", file]);
            let path = directory.path().join("mem0.sql");
            std::fs::write(&path, format!("SELECT '[1]'::vector;\n{script}")).unwrap();
            let quiet = ["--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--no-psqlrc", "--file"];
            let url = restored.owner_url().await;
            programs.run("psql", &[&quiet[..], &[path.to_str().unwrap(), &url]].concat());
        } else {
            programs
                .run("pg_restore", &["--exit-on-error", "--dbname", &restored.superuser_url().await, file]);
        }
        let found = programs.schema(&restored.superuser_url().await);
        let different: Vec<_> = expected.symmetric_difference(&found).collect();
        assert!(different.is_empty(), "{by_owner}: {different:#?}");
        assert_eq!(rows(ours.superuser().await).await, rows(restored.superuser().await).await, "{by_owner}");
    }
}
