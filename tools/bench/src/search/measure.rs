//! Measures the latency of searching and adding, and the throughput.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Request;
use serde_json::json;
use tokio_postgres::Client as Postgres;

use super::Side;
use super::backends::Backends;
use crate::client::{Client, post, succeeded};
use crate::statistics::{Percentiles, Samples, milliseconds, rounded};
use crate::text::{Random, topics};

const SEARCH: &str = "/v3/memories/search/";
const ADD: &str = "/v3/memories/add/";
/// Searches before measuring: until PostgreSQL's buffers are full and the pages that most searches need are cached.
const WARM_UP: usize = 2_000;
/// How long each number of clients searches.
const THROUGHPUT: Duration = Duration::from_secs(8);

/// Creates a search request.
pub(super) fn search(query: &str) -> Result<Request<Bytes>> {
    post(SEARCH, &json!({ "query": query, "top_k": 10, "scope": "all" }))
}

/// The latency of searches, and the database's share of processor time.
#[derive(Debug)]
pub(super) struct Searches {
    pub(super) latency: Percentiles,
    pub(super) db_cpu: Percentiles,
    pub(super) queries: usize,
}

/// Searches with one client, for random people of these companies.
pub(super) async fn searches(
    address: SocketAddr,
    postgres: &Postgres,
    sides: &[Side<'_>],
    queries: usize,
) -> Result<Searches> {
    let mut client = Client::connect(address).await?;
    let mut random = Random(11);
    let (mut latency, mut cpu) = (Samples::default(), Samples::default());
    let mut backends = Backends::find(postgres).await?;
    for number in 0..WARM_UP + queries {
        if number == WARM_UP || number % 200 == 0 {
            backends = Backends::find(postgres).await?;
        }
        let side = sides[random.below(sides.len())];
        let request = ask(&mut client, side, &mut random)?;
        let before = backends.cpu_time()?;
        let started = Instant::now();
        let answer = client.send(request).await?;
        let took = started.elapsed();
        succeeded(SEARCH, &answer)?;
        if number >= WARM_UP {
            latency.push(milliseconds(took));
            cpu.push(milliseconds(backends.cpu_time()?.saturating_sub(before)));
        }
    }
    Ok(Searches { latency: latency.percentiles(), db_cpu: cpu.percentiles(), queries })
}

/// Measures the owner's searches: of everything but what is personal.
pub(super) async fn owner_searches(
    address: SocketAddr,
    (company, installed): Side<'_>,
) -> Result<Percentiles> {
    let mut client = Client::connect(address).await?;
    client.authorize(&installed.key(0));
    let mut random = Random(12);
    let mut latency = Samples::default();
    for number in 0..60 {
        let request = search(&topics::question(random.next(), company.asks_about(0, &mut random)))?;
        let started = Instant::now();
        let answer = client.send(request).await?;
        succeeded(SEARCH, &answer)?;
        if number >= 10 {
            latency.push(milliseconds(started.elapsed()));
        }
    }
    Ok(latency.percentiles())
}

/// Adds one memory after the other with one client: most personal, one in six to a team. `seed` must be new every time.
pub(super) async fn adds(
    address: SocketAddr,
    (company, installed): Side<'_>,
    count: usize,
    seed: u64,
) -> Result<Percentiles> {
    let mut client = Client::connect(address).await?;
    let mut random = Random(seed);
    let mut latency = Samples::default();
    for number in 0..count + 20 {
        let person = below(&mut random, company.people);
        client.authorize(&installed.key(person));
        let text = topics::memory(random.next(), company.asks_about(person, &mut random));
        let body = json!({
            "messages": [{ "role": "user", "content": text }], "infer": false, "scope": "personal",
            "metadata": { "n": super::ADDED + person },
        });
        let request = post(ADD, &body)?;
        let started = Instant::now();
        let answer = client.send(request).await?;
        let took = started.elapsed();
        succeeded(ADD, &answer)?;
        let body = String::from_utf8_lossy(answer.body());
        ensure!(body.contains("\"ADD\""), "nothing was added: {body}");
        if number >= 20 {
            latency.push(milliseconds(took));
        }
    }
    Ok(latency.percentiles())
}

/// Measures searches per second with 2, 8 and 32 clients.
pub(super) async fn throughput(address: SocketAddr, side: Side<'_>) -> Result<BTreeMap<&'static str, f64>> {
    let mut figures = BTreeMap::new();
    for (name, clients) in [("2", 2), ("8", 8), ("32", 32u64)] {
        let started = Instant::now();
        let one = async |number| {
            let mut client = Client::connect(address).await?;
            let mut random = Random(100 + number);
            let mut answered = 0u32;
            while started.elapsed() < THROUGHPUT {
                let request = ask(&mut client, side, &mut random)?;
                let answer = client.send(request).await?;
                succeeded(SEARCH, &answer)?;
                answered += 1;
            }
            anyhow::Ok(answered)
        };
        let answered: u32 = try_join_all((0..clients).map(one)).await?.iter().sum();
        figures.insert(name, rounded(f64::from(answered) / started.elapsed().as_secs_f64(), 1));
    }
    Ok(figures)
}

fn ask(client: &mut Client, (company, installed): Side<'_>, random: &mut Random) -> Result<Request<Bytes>> {
    let person = below(random, company.people);
    client.authorize(&installed.key(person));
    let topic = company.asks_about(person, random);
    search(&topics::question(random.next(), topic))
}

fn below(random: &mut Random, bound: u32) -> u32 {
    u32::try_from(random.below(bound as usize)).unwrap_or_default()
}
