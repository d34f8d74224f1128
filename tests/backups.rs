//! Dumps: what docs/guides/backups.md says to do with `pg_dump` and `pg_restore`.

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

    /// The schema, without what differs from dump to dump.
    fn schema(&self, url: &str) -> String {
        let dump = self.run("pg_dump", &["--schema-only", "--dbname", url]);
        dump.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }
}

/// How many rows each table has.
async fn rows(client: &Client) -> String {
    const ROWS: &str = "
        SELECT string_agg(format('%s %s', t.name, (xpath('/row/rows/text()', query_to_xml(
                   format('SELECT count(*) AS rows FROM %s', t.name), false, true, '')))[1]), E'\n' ORDER BY t.name)
          FROM (SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
                 WHERE schemaname NOT IN ('pg_catalog', 'information_schema')) t";
    client.query_one(ROWS, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_dump_is_restored_whole() {
    let app = TestApp::new().await;
    World::new(&app, "walrus").await;
    let (ours, restored) = (app.database(), TestDatabase::unprepared().await);
    let programs = Programs::of(ours.superuser().await).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mem0.dump");
    let (file, from, to) = (file.to_str().unwrap(), ours.superuser_url().await, restored.superuser_url().await);
    programs.run("pg_dump", &["--format=custom", "--file", file, "--dbname", &from]);
    programs.run("pg_restore", &["--exit-on-error", "--dbname", &to, file]);
    let (expected, found) = (programs.schema(&from), programs.schema(&to));
    let missing: Vec<_> = expected.lines().filter(|line| !found.contains(line)).collect();
    assert!(missing.is_empty() && expected.len() == found.len(), "{missing:#?}");
    assert_eq!(rows(ours.superuser().await).await, rows(restored.superuser().await).await);
}
