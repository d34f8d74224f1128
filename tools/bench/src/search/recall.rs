//! How many of the ten nearest memories the vector arm finds: compares the product's own search, in this process and
//! without words, with exact search.

use std::collections::HashSet;

use anyhow::Result;
use shared::access::{Credential, Gate, RequestInfo};
use shared::clock::Clock;
use shared::config::DatabaseConfig;
use shared::db;
use shared::embedding::StaticEmbedder;
use shared::ids::RequestId;
use shared::memory::{Memories, Recall, Scopes, Signal, Weights};

use super::Side;
use crate::database::Database;
use crate::statistics::{Percentiles, Samples, milliseconds, rounded};
use crate::text::{Random, topics};

/// Compares every visible vector, and includes ties with the tenth, because either is right. Memories that
/// have nothing in common with the question are excluded, because no order of them is wrong; in a small tenant
/// they start within the first ten.
const EXACT: &str = "
    SELECT memory_id::text, similarity
      FROM (SELECT memory_id, max(-(embedding <#> $3::text::halfvec)) AS similarity
              FROM memory_scopes WHERE enterprise_id = $1::text::uuid AND scope_id = ANY ($2)
             GROUP BY memory_id) every
     WHERE similarity > 0
     ORDER BY similarity DESC FETCH FIRST 10 ROWS WITH TIES";

/// The figures of the measurement.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) at_10: f64,
    /// The lowest recall of any search.
    pub(super) worst: f64,
    /// The duration of an exact search over everything visible in PostgreSQL.
    pub(super) exact_ms: Percentiles,
    pub(super) queries: usize,
}

/// Searches for random people of these companies.
pub(super) async fn measure(database: &Database, sides: &[Side<'_>], queries: usize) -> Result<Measured> {
    let postgres = database.connect().await?;
    let config = DatabaseConfig { connections: 1, ..DatabaseConfig::new(database.login_url().await?)? };
    let gate = Gate::new(db::Database::new(&config)?, Clock::default(), "https://bench.example");
    let memories = Memories::in_process(gate.clone());
    let embedder = StaticEmbedder::new();
    let mut random = Random(21);
    let (mut sum, mut worst) = (0.0, 1.0_f64);
    let mut exact_ms = Samples::default();
    postgres.batch_execute("SET jit = off; SET plan_cache_mode = force_custom_plan").await?;
    for _ in 0..queries {
        let (company, installed) = sides[random.below(sides.len())];
        let person = u32::try_from(random.below(company.people as usize))?;
        let topic = company.asks_about(person, &mut random);
        let question = topics::question(random.next(), topic);

        let credential = Credential::ApiKey(installed.key(person).into());
        let request =
            RequestInfo { id: RequestId::generate(), at: gate.clock.now(), ip: None, user_agent: None };
        let caller = gate.authenticate(&credential, request).await?;
        let by_meaning = Recall {
            scopes: Scopes::All,
            threshold: 0.0,
            lexical: false,
            weights: Weights::default().only(&[Signal::Semantic]),
            ..Recall::new(question.as_str())
        };
        let found = memories.recall(&caller, by_meaning).await?.found;
        let found: HashSet<String> = found.iter().map(|it| it.memory.id.uuid().to_string()).collect();

        let numbers: Vec<String> =
            embedder.embed_one(&question).as_slice().iter().map(f32::to_string).collect();
        let vector = format!("[{}]", numbers.join(","));
        let scopes: Vec<i64> = caller.scopes().iter().map(|scope| scope.id.0).collect();
        let started = std::time::Instant::now();
        let rows = postgres.query(EXACT, &[&installed.enterprise, &scopes, &vector]).await?;
        exact_ms.push(milliseconds(started.elapsed()));
        let nearest = rows.len().min(10);
        if nearest == 0 {
            continue;
        }
        let hits = rows.iter().filter(|row| found.contains(row.get::<_, &str>(0))).count().min(nearest);
        #[allow(clippy::cast_precision_loss, reason = "ten")]
        let recall = hits as f64 / nearest as f64;
        sum += recall;
        worst = worst.min(recall);
    }
    #[allow(clippy::cast_precision_loss, reason = "thousands")]
    let at_10 = rounded(sum / queries as f64, 4);
    Ok(Measured { at_10, worst, exact_ms: exact_ms.percentiles(), queries })
}
