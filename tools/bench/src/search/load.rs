//! Loads a company's memories through the product's own import, each person sending their own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::{Method, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::company::Company;
use super::install::Installed;
use crate::client::{Client, succeeded};
use crate::text::{Random, topics};
use measuring::report::say;

const IMPORT: &str = "/v3/memories/import/";
const BATCH: &str = "/v1/batch/";
/// The most lines of one request.
const LINES: usize = 250;
/// How often one request is attempted at most, and how long the pauses are.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_secs(3);
/// Concurrent requests.
const IMPORTERS: usize = 3;

/// Some memories of one person.
struct Part {
    author: u32,
    numbers: Vec<u32>,
}

#[derive(Deserialize)]
struct Answer {
    added: usize,
    results: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    id: Option<String>,
    event: String,
    reason: Option<String>,
}

/// The result of loading.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loaded {
    pub(super) memories: usize,
    pub(super) seconds: f64,
    /// Processor time of the server and of PostgreSQL.
    pub(super) cpu_seconds: f64,
}

/// Imports everything and deletes what is to be forgotten.
pub(super) async fn load(address: SocketAddr, company: &Company, installed: &Installed) -> Result<Loaded> {
    // A small company is loaded before anybody could read a progress line.
    let says = company.facts.len() >= 10_000;
    let parts = parts(company);
    let (total, lines) = (parts.len(), company.facts.len());
    let started = Instant::now();
    let queue = std::cell::RefCell::new(parts.into_iter().enumerate());
    let importer = async || {
        let mut client = Client::connect(address).await?;
        let mut added = 0;
        let mut forgotten = 0.0;
        loop {
            let Some((number, part)) = queue.borrow_mut().next() else { break };
            if says && number % (total / 20).max(1) == 0 {
                let seconds = started.elapsed().as_secs_f64();
                say(&format!("  {}% of {lines} memories imported in {seconds:.0} s", number * 100 / total));
            }
            client.authorize(&installed.key(part.author));
            let answer = import(&mut client, company, installed, &part).await?;
            added += answer.added;
            let aside = Instant::now();
            forget(&mut client, company, &part, &answer).await?;
            forgotten += aside.elapsed().as_secs_f64();
        }
        anyhow::Ok((added, forgotten))
    };
    let importers = try_join_all((0..IMPORTERS).map(|_| importer())).await?;
    #[allow(clippy::cast_precision_loss, reason = "three")]
    let aside = importers.iter().map(|(_, seconds)| seconds).sum::<f64>() / IMPORTERS as f64;
    let memories = importers.iter().map(|(added, _)| added).sum();
    ensure!((memories + 1) * 1000 >= lines * 999, "only {memories} of {lines} memories were new");
    Ok(Loaded { memories, seconds: started.elapsed().as_secs_f64() - aside, cpu_seconds: 0.0 })
}

/// Splits everybody's memories into parts, in an order in which consecutive parts are seldom by the same person.
fn parts(company: &Company) -> Vec<Part> {
    let mut by_author: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (number, fact) in (company.first..).zip(&company.facts) {
        by_author.entry(fact.author).or_default().push(number);
    }
    let mut parts: Vec<Part> = by_author
        .into_iter()
        .flat_map(|(author, numbers)| {
            let length = numbers.len().div_ceil(2).clamp(1, LINES);
            let chunks: Vec<Part> =
                numbers.chunks(length).map(|chunk| Part { author, numbers: chunk.to_vec() }).collect();
            chunks
        })
        .collect();
    let mut random = Random(7);
    for last in (1..parts.len()).rev() {
        parts.swap(last, random.below(last + 1));
    }
    parts
}

async fn import(
    client: &mut Client,
    company: &Company,
    installed: &Installed,
    part: &Part,
) -> Result<Answer> {
    let mut body = String::with_capacity(part.numbers.len() * 300);
    for number in &part.numbers {
        let fact = company.find(*number).context("a part holds its company's numbers")?;
        let line = json!({
            "memory": topics::memory(u64::from(*number), fact.topic),
            "scope": installed.name(fact.home),
            "metadata": { "n": number },
        });
        body.push_str(&line.to_string());
        body.push('\n');
    }
    let body = Bytes::from(body);
    let mut attempt = 1;
    let answer = loop {
        let request = Request::builder().method(Method::POST).uri(IMPORT);
        let request = request.header(header::CONTENT_TYPE, "application/x-ndjson");
        let answer = client.send(request.body(body.clone())?).await?;
        // The machine is busy with other things. Nothing of the request was stored.
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE && attempt < ATTEMPTS {
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        break answer;
    };
    succeeded(IMPORT, &answer)?;
    let answer: Answer = serde_json::from_slice(answer.body()).context("the import's answer")?;
    ensure!(answer.results.len() == part.numbers.len(), "the import answers for other lines than were sent");
    if let Some(line) = answer.results.iter().find(|line| line.event == "REFUSE") {
        anyhow::bail!("a line was refused: {}", line.reason.as_deref().unwrap_or_default());
    }
    Ok(answer)
}

async fn forget(client: &mut Client, company: &Company, part: &Part, answer: &Answer) -> Result<()> {
    let forgotten = part.numbers.iter().zip(&answer.results).filter(|(number, line)| {
        line.event == "ADD" && company.find(**number).is_some_and(|fact| fact.forgotten)
    });
    let ids: Vec<_> = forgotten.map(|(_, line)| json!({ "memory_id": line.id })).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let request = Request::builder().method(Method::DELETE).uri(BATCH);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let answer = client.send(request.body(json!({ "memories": ids }).to_string().into())?).await?;
    succeeded(BATCH, &answer)
}
