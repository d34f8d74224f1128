//! Access in a company of ten thousand people on five levels: what it costs to expand a person's scopes
//! and to move a part of the tree.
//!
//! The company is inserted as rows; the measured requests go over HTTP. A request for one of the caller's scopes only
//! authenticates, so its processor time minus that of `GET /health` is what the expansion costs.

mod company;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::Request;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::Client as Postgres;

use crate::client::{Client, get, post, succeeded};
use crate::database::Database;
use crate::search::backends::Backends;
use crate::server::Server;
use crate::statistics::{Percentiles, Samples, milliseconds};
use company::Company;
use measuring::report::{say, table};

/// How large the company is, and how often is asked.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// People of the company; twenty to a team, ten teams to a division, ten divisions to an organization.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    people: u32,
    /// Requests for each figure.
    #[arg(long, default_value_t = 1000)]
    requests: u32,
    /// Nodes below the one that is moved.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    subtree: u32,
    /// How often it is moved.
    #[arg(long, default_value_t = 20)]
    moves: u32,
}

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Scopes {
    people: u32,
    nodes: u32,
    /// A request that needs no database, for comparison.
    health: Cost,
    /// People in one or two teams, whose scopes the process has cached.
    member: Cost,
    /// People whose scopes it has not cached yet, or whose role has changed.
    member_first: Cost,
    /// A person who reads every node.
    owner: Cost,
    /// The same after each change of the tree.
    owner_first: Cost,
    /// The same with a transaction, which is bound to every scope that they read.
    owner_transaction: Cost,
    /// Moves of a subtree to another division and back.
    subtree: u32,
    move_ms: Percentiles,
}

/// The cost of one request.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cost {
    /// Processor time of the server and of PostgreSQL.
    cpu_ms: Percentiles,
    /// PostgreSQL's share.
    database_cpu_ms: Percentiles,
    latency_ms: Percentiles,
    requests: u32,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options, server: &Path, directory: &Path) -> Result<Scopes> {
    let database = Database::start(&directory.join("scopes")).await?;
    let server = Server::start(server, &database).await?;
    let postgres = database.connect().await?;
    say(&format!("making a company of {} people", options.people));
    let company = Company::insert(&postgres, options.people, options.subtree).await?;
    postgres.batch_execute("VACUUM (ANALYZE)").await?;
    let mut meter = Meter::new(&server, &postgres).await?;
    let count = options.requests;

    let health = meter.measure(count, |_| get("/health"), |_| None).await?;
    let scopes = |_| get("/v1/scopes?limit=1");
    let person = |number: u32| Some(company.key(1 + number % (options.people - 1)));
    say("asking as people of teams");
    let member_first = meter.measure(count.min(options.people - 1), scopes, person).await?;
    // The same fifty people, repeatedly.
    let member = meter.measure(count, scopes, |number| person(number % 50)).await?;
    say("asking as somebody who reads every node");
    let owner_key = |_| Some(company.key(0));
    let owner = meter.measure(count, scopes, owner_key).await?;
    let enterprise = |_| get("/v1/enterprise");
    let owner_transaction = meter.measure(count, enterprise, owner_key).await?;
    let mut first = Meter::new(&server, &postgres).await?;
    let mut owner_first = Costs::default();
    for number in 0..(count / 10).max(10) {
        company.rename(&postgres, number).await?;
        first.once(&mut owner_first, scopes(0)?, owner_key(0)).await?;
    }
    say(&format!("moving a node with {} below it {} times", options.subtree, options.moves));
    let moves = moves(&server, &company, options.moves).await?;

    let figures = Scopes {
        people: options.people,
        nodes: company.nodes,
        health,
        member,
        member_first,
        owner,
        owner_first: owner_first.cost(),
        owner_transaction,
        subtree: options.subtree,
        move_ms: moves,
    };
    figures.print();
    Ok(figures)
}

/// Moves the subtree back and forth through the API.
async fn moves(server: &Server, company: &Company, times: u32) -> Result<Percentiles> {
    let mut client = Client::connect(server.address).await?;
    client.authorize(&company.key(0));
    let mut took = Samples::default();
    for number in 0..times {
        let parent = company.homes[usize::try_from((number + 1) % 2)?].clone();
        let path = format!("/v1/organizations/{}/move", company.subtree);
        let request = post(&path, &json!({ "parent": parent }))?;
        let started = Instant::now();
        let answer = client.send(request).await?;
        took.push(milliseconds(started.elapsed()));
        succeeded(&path, &answer)?;
        let moved: Value = serde_json::from_slice(answer.body()).context("a moved node is json")?;
        anyhow::ensure!(!moved["parent"].is_null(), "the node was not moved: {moved}");
    }
    Ok(took.percentiles())
}

/// Sends requests one after the other and measures the cost of each.
struct Meter<'a> {
    server: &'a Server,
    client: Client,
    backends: Backends,
    postgres: &'a Postgres,
}

#[derive(Default)]
struct Costs {
    cpu: Samples,
    database: Samples,
    latency: Samples,
}

impl Costs {
    fn cost(&self) -> Cost {
        Cost {
            cpu_ms: self.cpu.percentiles(),
            database_cpu_ms: self.database.percentiles(),
            latency_ms: self.latency.percentiles(),
            requests: u32::try_from(self.cpu.len()).unwrap_or(u32::MAX),
        }
    }
}

impl<'a> Meter<'a> {
    async fn new(server: &'a Server, postgres: &'a Postgres) -> Result<Self> {
        let client = Client::connect(server.address).await?;
        let backends = Backends::find(postgres).await?;
        Ok(Self { server, client, backends, postgres })
    }

    async fn measure(
        &mut self,
        count: u32,
        request: impl Fn(u32) -> Result<Request<Bytes>>,
        key: impl Fn(u32) -> Option<String>,
    ) -> Result<Cost> {
        let mut samples = Costs::default();
        for number in 0..count {
            if number % 100 == 0 {
                self.backends = Backends::find(self.postgres).await?;
            }
            self.once(&mut samples, request(number)?, key(number)).await?;
        }
        Ok(samples.cost())
    }

    async fn once(
        &mut self,
        samples: &mut Costs,
        request: Request<Bytes>,
        key: Option<String>,
    ) -> Result<()> {
        if let Some(key) = key {
            self.client.authorize(&key);
        }
        let path = request.uri().path().to_owned();
        let (server, database) = (self.server.precise_cpu_time()?, self.backends.cpu_time()?);
        let started = Instant::now();
        let answer = self.client.send(request).await?;
        let took = started.elapsed();
        succeeded(&path, &answer)?;
        let database = self.backends.cpu_time()?.saturating_sub(database);
        let server = self.server.precise_cpu_time()?.saturating_sub(server);
        samples.cpu.push(milliseconds(server + database));
        samples.database.push(milliseconds(database));
        samples.latency.push(milliseconds(took));
        Ok(())
    }
}

impl Scopes {
    fn print(&self) {
        let costs = [
            ("health", &self.health),
            ("member", &self.member),
            ("member, first", &self.member_first),
            ("owner", &self.owner),
            ("owner, first", &self.owner_first),
            ("owner, transaction", &self.owner_transaction),
        ];
        let rows = costs.map(|(name, cost)| {
            let Cost { cpu_ms, database_cpu_ms, latency_ms, .. } = cost;
            let figures = [cpu_ms.p50, cpu_ms.p95, database_cpu_ms.p50, database_cpu_ms.p95, latency_ms.p50];
            std::iter::once(name.to_owned()).chain(figures.map(|figure| format!("{figure:.3}"))).collect()
        });
        table(&["", "CPU p50", "CPU p95", "of it database p50", "p95", "latency p50 ms"], &rows);
        say(&format!(
            "moving {} nodes: {:.0} ms, p95 {:.0}",
            self.subtree, self.move_ms.p50, self.move_ms.p95
        ));
    }
}
