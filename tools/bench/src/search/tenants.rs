//! Many small tenants beside a large one: whether that costs them time, or memories that they should find.
//!
//! Half of the small ones share the large one's partition of the projection, half are in another, in the same database
//! and the same run. Two medium tenants keep everything in one scope, which is searched through the graph; one of them
//! shares the large one's graph.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
use serde::Serialize;
use tokio_postgres::Client as Postgres;

use super::company::Company;
use super::install::{self, Installed};
use super::{Side, load, measure, recall};
use crate::database::Database;
use crate::server::Server;
use crate::statistics::Percentiles;
use crate::text::Random;
use measuring::report::{say, table};

/// The numbers of their memories start here, with a thousand for each small tenant.
const FIRST: u32 = 12_000_000;
const FIRST_MIDDLE: u32 = 18_000_000;
/// Memories of a medium tenant.
const MIDDLE: u32 = 12_000;
/// The partitions: the large tenant's, and another.
const PARTITIONS: [(&str, i32); 2] = [("beside", 0), ("apart", 1)];

/// How many there are, and how much is asked.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Memories of the large tenant, loaded before by `search --keep` with the same number.
    #[arg(long, default_value_t = 1_000_000)]
    memories: u32,
    /// Small tenants, of 50 to 500 memories each.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(2..=5000))]
    tenants: u32,
    /// Searches on either side.
    #[arg(long, default_value_t = 1000)]
    queries: usize,
    /// Searches on either side for the recall.
    #[arg(long, default_value_t = 200)]
    recall_queries: usize,
}

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Tenants {
    memories: u32,
    tenants: u32,
    tenant_memories: usize,
    /// Small tenants in the large one's partition (`beside`) and in another (`apart`).
    small: BTreeMap<&'static str, Figures>,
    middle: BTreeMap<&'static str, Figures>,
}

#[derive(Debug, Serialize)]
struct Figures {
    latency_ms: Percentiles,
    db_cpu_ms: Percentiles,
    recall_at_10: f64,
    worst_recall_at_10: f64,
    queries: usize,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options, server: &Path, directory: &Path) -> Result<Tenants> {
    let database = Database::keep(&directory.join(format!("search-{}", options.memories))).await?;
    let server = Server::start(server, &database).await?;
    let postgres = database.connect().await?;
    ensure!(
        super::loaded(&postgres).await?.is_some(),
        "the large tenant is not there: run `cargo xtask bench search --keep --memories {}` first",
        options.memories
    );
    let mut small = Vec::new();
    let mut middle = Vec::new();
    for (partition, (name, number)) in (0..).zip(PARTITIONS) {
        let half = options.tenants / 2;
        // The first two ids in the large one's partition are taken.
        let ids = install::in_partition(&postgres, number, i64::from(half) + 3).await?;
        let mut ids = ids.into_iter().skip(2);
        let mut plan = |company: Company, tag| {
            let installed = ids.next().map(|id| Installed::plan(&company, id, tag));
            Some((company, installed?))
        };
        middle
            .push((name, plan(Company::gathered(FIRST_MIDDLE + partition * MIDDLE, MIDDLE), 2 + partition)));
        for tenant in (0..half).map(|tenant| partition * half + tenant) {
            let mut random = Random(u64::from(tenant));
            // Most are at the small end.
            let size = 50 + random.below(451).min(random.below(451));
            small.push((name, plan(Company::new(FIRST + tenant * 1000, u32::try_from(size)?), 10 + tenant)));
        }
    }
    let of = |all: Vec<(&'static str, Option<(Company, Installed)>)>| -> Vec<_> {
        all.into_iter().filter_map(|(name, side)| side.map(|side| (name, side))).collect()
    };
    let (small, middle) = (of(small), of(middle));
    let tenant_memories = small.iter().chain(&middle).map(|(_, (company, _))| company.facts.len()).sum();
    fill(&database, &postgres, &server, middle.iter().chain(&small)).await?;
    let small = compare(&database, &postgres, &server, &small, options).await?;
    let middle = compare(&database, &postgres, &server, &middle, options).await?;
    let figures =
        Tenants { memories: options.memories, tenants: options.tenants, tenant_memories, small, middle };
    figures.print();
    Ok(figures)
}

type Named = (&'static str, (Company, Installed));

/// Installs and loads the companies that do not exist yet.
async fn fill(
    database: &Database,
    postgres: &Postgres,
    server: &Server,
    all: impl Iterator<Item = &Named>,
) -> Result<()> {
    const THERE: &str = "SELECT count(*) FROM memories WHERE enterprise_id = $1::text::uuid";
    let mut loaded = 0;
    for (number, (_, (company, installed))) in all.enumerate() {
        if number % 100 == 0 {
            say(&format!("  {number} tenants are there"));
        }
        let there: i64 = postgres.query_one(THERE, &[&installed.enterprise]).await?.get(0);
        if there > 0 {
            continue;
        }
        installed.insert(postgres, company).await?;
        postgres.batch_execute(install::NEXT_SCOPE).await?;
        load::load(server.address, company, installed).await?;
        loaded += 1;
    }
    if loaded > 0 {
        say("settling");
        database.settle().await?;
    }
    Ok(())
}

async fn compare(
    database: &Database,
    postgres: &Postgres,
    server: &Server,
    all: &[Named],
    options: &Options,
) -> Result<BTreeMap<&'static str, Figures>> {
    let mut figures = BTreeMap::new();
    for (name, _) in PARTITIONS {
        let sides: Vec<Side<'_>> = all
            .iter()
            .filter(|(side, _)| *side == name)
            .map(|(_, (company, installed))| (company, installed))
            .collect();
        ensure!(!sides.is_empty(), "there is no tenant {name}");
        say(&format!("searching in {} tenants {name}", sides.len()));
        let searches = measure::searches(server.address, postgres, &sides, options.queries).await?;
        let recall = recall::measure(database, &sides, options.recall_queries).await?;
        let measured = Figures {
            latency_ms: searches.latency,
            db_cpu_ms: searches.db_cpu,
            recall_at_10: recall.at_10,
            worst_recall_at_10: recall.worst,
            queries: searches.queries,
        };
        figures.insert(name, measured);
    }
    Ok(figures)
}

impl Tenants {
    fn print(&self) {
        let rows: Vec<Vec<String>> = [("small", &self.small), ("middle", &self.middle)]
            .into_iter()
            .flat_map(|(size, sides)| {
                sides.iter().map(move |(name, figures)| {
                    let Figures { latency_ms, db_cpu_ms, recall_at_10, .. } = figures;
                    let numbers =
                        [latency_ms.p50, latency_ms.p95, db_cpu_ms.p50, db_cpu_ms.p95, *recall_at_10];
                    let numbers = numbers.iter().map(|number| format!("{number:.3}"));
                    std::iter::once(format!("{size} {name}")).chain(numbers).collect()
                })
            })
            .collect();
        table(&["ms", "p50", "p95", "db cpu p50", "db cpu p95", "recall@10"], &rows);
    }
}
