//! Runs the suite and counts its results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::node::packages::{node, packages};

/// In the package: the scenarios that a revision of the specification requires.
const PACKAGE: &str = "node_modules/@modelcontextprotocol/conformance";
/// Of this directory.
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/expected-failures.yml");

/// The suite, installed, and what it is run against.
pub(crate) struct Suite {
    packages: PathBuf,
    url: String,
}

/// What a run found.
pub(crate) struct Outcome {
    /// Scored scenarios in which nothing failed.
    pub(crate) passed: usize,
    /// Scenarios that the revision requires of servers.
    pub(crate) scored: usize,
    /// Whether exactly those fail that must.
    pub(crate) as_expected: bool,
}

impl Suite {
    /// Installs it when it is not there yet.
    pub(crate) fn new(url: String) -> Self {
        Self { packages: packages().expect("npm is needed"), url }
    }

    /// Runs what a revision requires. The suite's own report goes to standard error.
    pub(crate) async fn run(&self, revision: &str) -> Outcome {
        let results = tempfile::tempdir().unwrap();
        let mut command = std::process::Command::new(node(&self.packages));
        command
            .arg(self.packages.join(PACKAGE).join("dist/index.js"))
            .args(["server", "--url", &self.url, "--requirements", revision, "--output-dir"])
            .arg(results.path())
            .stdin(Stdio::null())
            .stdout(Stdio::from(std::io::stderr()));
        // Its own verdict knows of no expected failures, except together with warnings.
        tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap();
        let scored = required(&self.packages.join(PACKAGE).join(format!("requirements/{revision}.yaml")));
        let expected = required(Path::new(EXPECTED));
        let failed: Vec<&String> =
            scored.iter().filter(|scenario| !passed(results.path(), scenario)).collect();
        let must_fail: Vec<&String> = scored.iter().filter(|scenario| expected.contains(scenario)).collect();
        eprintln!("{revision}: {} of {} failed: {failed:?}", failed.len(), scored.len());
        if failed != must_fail {
            eprintln!("{revision}: expected to fail were {must_fail:?}");
        }
        let as_expected = failed == must_fail;
        Outcome { passed: scored.len() - failed.len(), scored: scored.len(), as_expected }
    }
}

/// The scenarios of an authorization server.
const OF_AUTHORIZATION: [&str; 2] = ["authorization-server-metadata-endpoint", "authorization-code-grant"];

impl Suite {
    /// Runs what is required of authorization servers against the one at that issuer. The suite shows an address to be
    /// opened in a browser: `person` is asked to, as in [`crate::harness::person`].
    pub(crate) async fn run_authorization(
        &self,
        issuer: &str,
        client: &str,
        port: u16,
        person: &str,
    ) -> Outcome {
        let results = tempfile::tempdir().unwrap();
        let mut command = tokio::process::Command::new(node(&self.packages));
        command
            .arg(self.packages.join(PACKAGE).join("dist/index.js"))
            .args([
                "authorization",
                "--url",
                issuer,
                "--client-id",
                client,
                "--resource",
                &format!("{issuer}/mcp"),
            ])
            .args(["--port", &port.to_string(), "--output-dir"])
            .arg(results.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            eprintln!("{line}");
            if line.starts_with("http") && line.contains("/oauth/authorize?") {
                let asked = form_urlencoded::byte_serialize(line.trim().as_bytes()).collect::<String>();
                let http = reqwest::Client::default();
                let answer = http.get(format!("{person}{asked}")).send().await.unwrap().text().await.unwrap();
                // What a browser does with a redirect.
                http.get(answer).send().await.unwrap();
            }
        }
        child.wait().await.unwrap();
        let failed: Vec<_> = OF_AUTHORIZATION.iter().filter(|it| !found(results.path(), it)).collect();
        eprintln!("authorization: {} of {} failed: {failed:?}", failed.len(), OF_AUTHORIZATION.len());
        let scored = OF_AUTHORIZATION.len();
        Outcome { passed: scored - failed.len(), scored, as_expected: failed.is_empty() }
    }
}

/// Whether a scenario was run, and none of its checks failed or was left out.
fn found(results: &Path, scenario: &str) -> bool {
    let directories = fs::read_dir(results).unwrap().map(|entry| entry.unwrap());
    let directory =
        directories.into_iter().find(|entry| entry.file_name().to_string_lossy().contains(scenario));
    let Some(directory) = directory else { return false };
    let checks = fs::read(directory.path().join("checks.json")).unwrap();
    let checks: Vec<Value> = serde_json::from_slice(&checks).unwrap();
    !checks.is_empty() && checks.iter().all(|check| check["status"] == "SUCCESS")
}

/// The scenarios listed under `server:`.
fn required(requirements: &Path) -> Vec<String> {
    let text = fs::read_to_string(requirements).unwrap();
    let server = text.lines().skip_while(|line| *line != "server:").skip(1);
    let listed = server.take_while(|line| line.is_empty() || line.starts_with(' '));
    listed.filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect()
}

/// Whether no check of a scenario failed, in `server-<scenario>-<time>/checks.json`. Warnings do not count, as they do not
/// in the suite's own score.
fn passed(results: &Path, scenario: &str) -> bool {
    let directory = fs::read_dir(results).unwrap().map(|entry| entry.unwrap()).find(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let rest = name.strip_prefix("server-").and_then(|name| name.strip_prefix(scenario));
        rest.is_some_and(|rest| rest.starts_with("-20"))
    });
    let Some(directory) = directory else { return false };
    let checks = fs::read(directory.path().join("checks.json")).unwrap();
    let checks: Vec<Value> = serde_json::from_slice(&checks).unwrap();
    checks.iter().all(|check| check["status"] != "FAILURE")
}
