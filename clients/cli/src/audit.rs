//! `mem0 audit verify`: verifies the hash chain of an enterprise's audit log from outside, and compares it with
//! anchors that were kept elsewhere.
//!
//! Exits with 0 if the log is intact, with 1 if it was tampered with, and with 2 if that could not be determined.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{Client, cause, client};
use crate::config::Config;

/// The exit status for tampering.
const TAMPERED: u8 = 1;
/// The exit status for every other failure.
const TROUBLE: u8 = 2;

/// How long one answer may take: the server follows a part of a chain in seconds.
const PATIENCE: Duration = Duration::from_secs(60);
const MAX_ANSWER: usize = 1024 * 1024;

/// What can be done with the audit log.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Check that nobody has changed, removed, inserted or reordered rows.
    ///
    /// Needs an API key with the scope audit:read, made by an owner of the enterprise, in MEM0_API_KEY.
    /// Exit status: 0 intact, 1 tampered with, 2 it could not be found out.
    Verify(Verify),
}

/// Options of `mem0 audit verify`.
#[derive(clap::Args)]
pub(crate) struct Verify {
    /// The installation's URL; MEM0_URL or that of the last login, if not given.
    #[arg(long)]
    url: Option<String>,
    /// A file of anchors that were kept: one {"seq": …, "hash": "…"} on a line. Each must still be in the chain. Or a directory
    /// of such files, at any depth; anchors of other enterprises in it are passed over.
    #[arg(long, value_name = "PATH")]
    anchors: Option<PathBuf>,
    /// Append the chain's end to this file when it is intact, to be compared with the next time.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// The most anchors in one request: the server refuses more.
const AT_ONCE: usize = 1_000;

/// A position in a chain and its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Anchor {
    seq: i64,
    hash: String,
    /// The enterprise that the chain belongs to, as in the anchors of the server's own bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enterprise: Option<String>,
}

/// The result of verifying a part of a chain.
#[derive(Debug, Deserialize, Serialize)]
struct Verification {
    enterprise: String,
    intact: bool,
    to: Anchor,
    problem: Option<Value>,
    next: Option<Anchor>,
    unsealed: i64,
}

pub(crate) fn run(command: &Command) -> ExitCode {
    let Command::Verify(options) = command;
    match verify(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(TAMPERED),
        Err(error) => {
            crate::say(&format!("error: {error:#}"));
            ExitCode::from(TROUBLE)
        }
    }
}

/// The result of verifying a whole chain.
struct Found {
    verification: Verification,
    /// The number of anchors that it was compared with, if any were to be.
    compared: Option<usize>,
}

/// Returns whether the log is intact.
fn verify(options: &Verify) -> Result<bool> {
    let anchors = match options.anchors.as_deref() {
        // The file to which new anchors are appended does not exist yet on the first run.
        Some(path) if options.keep.as_deref() == Some(path) && !path.exists() => None,
        given => given.map(|path| anything(path, read(path)?)).transpose()?,
    };
    let config = Config::read(options.url.as_deref())?;
    // A login is for MCP and cannot read the log; an API key in the login's place can.
    let key = config.credential.as_ref().map(|credential| credential.expose_secret());
    if key.is_none_or(|key| config.renewable && !key.starts_with("m0sk_")) {
        bail!(
            "this needs an API key with the scope audit:read: set MEM0_API_KEY (mem0 login is for AI tools only)"
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(follow(&config, anchors, options.anchors.as_deref()))?;
    let Found { verification: found, compared } = found;
    if options.json {
        let mut told = serde_json::to_value(&found)?;
        told["compared"] = json!(compared);
        crate::print(&told.to_string())?;
    }
    let Anchor { seq, hash, .. } = &found.to;
    match &found.problem {
        None => {
            let waiting = match found.unsealed {
                0 => String::new(),
                rows => format!("; {rows} rows are not chained yet"),
            };
            let compared = match compared {
                None => String::new(),
                Some(1) => ", compared with 1 anchor".to_owned(),
                Some(many) => format!(", compared with {many} anchors"),
            };
            crate::say(&format!("intact up to link {seq} ({hash}){compared}{waiting}"));
            if let Some(path) = &options.keep {
                keep(path, &found.to)?;
            }
        }
        Some(problem) => crate::say(&format!("tampered with: {}", in_words(problem))),
    }
    Ok(found.intact)
}

/// Returns the anchors, of which there must be one: a log that was compared with nothing must not pass for intact.
fn anything(path: &Path, anchors: Vec<Anchor>) -> Result<Vec<Anchor>> {
    if anchors.is_empty() {
        bail!("there is no anchor in {}, so the log was compared with nothing", path.display());
    }
    Ok(anchors)
}

/// Verifies the whole chain, part by part. Of the anchors, those of this enterprise are compared.
async fn follow(config: &Config, anchors: Option<Vec<Anchor>>, path: Option<&Path>) -> Result<Found> {
    let client = client(&config.endpoint).context("TLS cannot be used")?;
    let mut after: Option<Anchor> = None;
    let mut part = ask(&client, config, &json!({ "after": after })).await?;
    let anchors = anchors.map(|anchors| {
        let ours = |anchor: &Anchor| anchor.enterprise.as_ref().is_none_or(|of| *of == part.enterprise);
        let ours: Vec<Anchor> = anchors.into_iter().filter(ours).collect();
        if ours.is_empty() {
            let path = path.unwrap_or(Path::new("")).display();
            bail!(
                "there is no anchor of {} in {path}, so its log was compared with nothing",
                part.enterprise
            );
        }
        Ok(ours)
    });
    let anchors = anchors.transpose()?;
    let compared = anchors.as_ref().map(Vec::len);
    let anchors: Vec<Value> = anchors
        .into_iter()
        .flatten()
        .map(|Anchor { seq, hash, .. }| json!({ "seq": seq, "hash": hash }))
        .collect();
    // Any part can compare any anchors: their positions do not matter to the server.
    let mut anchors = anchors.chunks(AT_ONCE);
    loop {
        match part.next.clone() {
            None if part.intact && anchors.len() > 0 => {}
            Some(next) if after.as_ref() != Some(&next) => after = Some(next),
            Some(_) => bail!("the server does not get any further than link {}", part.to.seq),
            None => return Ok(Found { verification: part, compared }),
        }
        let compare = anchors.next().unwrap_or_default();
        part = ask(&client, config, &json!({ "after": after, "anchors": compare })).await?;
    }
}

/// Describes a fault.
fn in_words(problem: &Value) -> String {
    let at = problem["seq"].as_i64().map(|seq| format!("link {seq}: ")).unwrap_or_default();
    let row = problem["id"].as_str().map(|id| format!(" ({id})")).unwrap_or_default();
    let what = match problem["fault"].as_str() {
        Some("changed") => "a row was changed",
        Some("removed") => "a row or a link was removed",
        Some("inserted") => "a row was inserted later than it says",
        Some("reordered") => "the order of the rows was changed",
        Some("rewritten") => "the chain is not the one that the anchor was taken from",
        Some("unknown") => {
            "the chain ends before the anchor: its end was removed, or the anchor is of another chain"
        }
        _ => return problem.to_string(),
    };
    format!("{at}{what}{row}")
}

async fn ask(client: &Client, config: &Config, body: &Value) -> Result<Verification> {
    let url = format!("{}/v1/audit/verify", config.endpoint.to_string().trim_end_matches("/mcp"));
    let mut request = Request::post(&url)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("mem0-cli/", env!("CARGO_PKG_VERSION")));
    if let Some(credential) = &config.credential {
        request = request.header(AUTHORIZATION, format!("Bearer {}", credential.expose_secret()));
    }
    let request = request.body(Full::new(Bytes::from(body.to_string())))?;
    let asked = async {
        let answer = client.request(request).await.map_err(|error| anyhow::anyhow!("{}", cause(&error)))?;
        let status = answer.status();
        let limited = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let bytes = limited.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes();
        anyhow::Ok((status, bytes))
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await;
    let (status, bytes) = asked
        .with_context(|| format!("{url} does not answer"))?
        .with_context(|| format!("{url} cannot be reached"))?;
    if status != StatusCode::OK {
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or("it did not say why");
        bail!("{url} answered {status}: {detail}");
    }
    serde_json::from_slice(&bytes).with_context(|| format!("{url} answered something else"))
}

/// Reads anchors from a file, one per line, or from all files of a directory and those below it.
fn read(path: &Path) -> Result<Vec<Anchor>> {
    if path.is_dir() {
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.with_context(|| format!("cannot read {}", path.display()))?;
        let within = entries.iter().map(|entry| read(&entry.path()));
        return Ok(within.collect::<Result<Vec<_>>>()?.concat());
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("{}, line {}, is no anchor", path.display(), number + 1))
        })
        .collect()
}

fn keep(path: &Path, anchor: &Anchor) -> Result<()> {
    // Nothing has changed since the last run.
    let same = |last: &Anchor| (last.seq, &last.hash) == (anchor.seq, &anchor.hash);
    if path.is_file() && read(path)?.last().is_some_and(same) {
        return Ok(());
    }
    let write = || {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        writeln!(file, "{}", serde_json::to_string(anchor)?)
    };
    write().with_context(|| format!("cannot write to {}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use super::*;

    #[test]
    fn anchors_that_were_kept_are_read_again_and_what_is_none_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("anchors");
        let anchors = [1, 2].map(|seq| Anchor { seq, hash: "ab".repeat(32), enterprise: None });
        for anchor in &anchors {
            keep(&path, anchor).unwrap();
        }
        keep(&path, &anchors[1]).unwrap();
        assert_eq!(read(&path).unwrap(), anchors, "the last one is kept once");
        assert_eq!(read(directory.path()).unwrap(), anchors);
        assert!(anything(&path, Vec::new()).unwrap_err().to_string().contains("no anchor"));
        let below = directory.path().join("mem0/ent_1");
        fs::create_dir_all(&below).unwrap();
        let line = r#"{"enterprise":"ent_1","seq":3,"hash":"cd","at":"2026-03-02T09:00:00Z"}"#;
        fs::write(below.join("0000000000000000003.json"), line).unwrap();
        let all = read(directory.path()).unwrap();
        assert!(
            all.len() == 3 && all.iter().any(|one| one.enterprise.as_deref() == Some("ent_1")),
            "{all:?}"
        );
        fs::write(&path, "{\"seq\": 1, \"hash\": \"\"}\n\nnonsense\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 3"));
    }
}
