//! How many of the ten nearest memories the vector arm finds: the product's own function against exact search.

use std::collections::HashSet;

use anyhow::Result;
use shared::embedding::{Embedder as _, StaticEmbedder};
use tokio_postgres::Client;

use super::Side;
use crate::statistics::{Percentiles, Samples, milliseconds, rounded};
use crate::text::{Random, topics};

/// Whose scopes, and how search reads them.
const SCOPES: &str = "
    SELECT s.id, s.search_tier = 'broad'
      FROM mem0.principal(sha256(convert_to($1, 'UTF8')), NULL, now(), NULL, NULL) p
      JOIN scopes s ON s.enterprise_id = p.enterprise_id AND s.id = ANY (p.scope_ids)";

const BIND: &str = "
    SELECT set_config('mem0.enterprise', $1, true), set_config('mem0.readable', $2::text, true)";

/// As `memory::store::search` asks, without words.
const PRODUCT: &str = "
    SELECT memory_id::text FROM mem0.search_candidates($1, $2, $3::text::halfvec, $4, '', 40, 120, NULL)
     ORDER BY similarity DESC, memory_id LIMIT 10";

/// Every visible vector is looked at; with those as near as the tenth, because either is right.
const EXACT: &str = "
    SELECT memory_id::text, similarity
      FROM (SELECT memory_id, max(-(embedding <#> $3::text::halfvec)) AS similarity
              FROM memory_scopes WHERE enterprise_id = $1::text::uuid AND scope_id = ANY ($2)
             GROUP BY memory_id) every
     ORDER BY similarity DESC FETCH FIRST 10 ROWS WITH TIES";

/// What was found out.
#[derive(Debug)]
pub(super) struct Recall {
    pub(super) at_10: f64,
    /// The lowest of any search.
    pub(super) worst: f64,
    /// What exact search over everything visible takes in PostgreSQL.
    pub(super) exact_ms: Percentiles,
    pub(super) queries: usize,
}

/// Asks in the name of random people of these companies.
pub(super) async fn measure(client: &Client, sides: &[Side<'_>], queries: usize) -> Result<Recall> {
    let embedder = StaticEmbedder::new();
    let mut random = Random(21);
    let (mut sum, mut worst) = (0.0, 1.0_f64);
    let mut exact_ms = Samples::default();
    client.batch_execute("SET jit = off; SET plan_cache_mode = force_custom_plan").await?;
    for _ in 0..queries {
        let (company, installed) = sides[random.below(sides.len())];
        let person = u32::try_from(random.below(company.people as usize))?;
        let topic = company.asks_about(person, &mut random);
        let embedding = embedder.embed_one(&topics::question(random.next(), topic));
        let numbers: Vec<String> = embedding.as_slice().iter().map(f32::to_string).collect();
        let vector = format!("[{}]", numbers.join(","));
        let rows = client.query(SCOPES, &[&installed.key(person)]).await?;
        let of_tier = |broad: bool| -> Vec<i64> {
            rows.iter().filter(|row| row.get::<_, bool>(1) == broad).map(|row| row.get(0)).collect()
        };
        let (small, broad) = (of_tier(false), of_tier(true));
        let all: Vec<i64> = small.iter().chain(&broad).copied().collect();
        let readable = all.iter().map(i64::to_string).collect::<Vec<_>>().join(",");

        client.batch_execute("BEGIN; SET LOCAL ROLE mem0_app").await?;
        client.execute(BIND, &[&installed.enterprise, &format!("{{{readable}}}")]).await?;
        let rows = client.query(PRODUCT, &[&small, &broad, &vector, &embedder.model()]).await?;
        client.batch_execute("COMMIT").await?;
        let found: HashSet<String> = rows.iter().map(|row| row.get(0)).collect();

        let started = std::time::Instant::now();
        let rows = client.query(EXACT, &[&installed.enterprise, &all, &vector]).await?;
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
    Ok(Recall { at_10, worst, exact_ms: exact_ms.percentiles(), queries })
}
