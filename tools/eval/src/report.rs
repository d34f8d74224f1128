//! Progress reports of an evaluation.

use std::time::Duration;

use measuring::report::say;

use crate::figures::Figures;
use crate::timing;

/// Prints one line of figures: recall, recall at 10 of each category, the median time of a search.
pub(crate) fn figures(name: &str, figures: &Figures, mut latency: Vec<Duration>) {
    latency.sort();
    let median = latency.get(latency.len() / 2).copied().unwrap_or_default();
    let ranking = timing::take().map_or_else(String::new, |(median, most)| {
        format!(", of which ranking {:.2} (p95 {:.2})", median as f64 / 1000.0, most as f64 / 1000.0)
    });
    let overall = &figures.overall;
    let categories: Vec<String> = figures
        .categories
        .iter()
        .map(|(name, recall)| format!("{name} {:.3}", recall.recall_at_10))
        .collect();
    say(&format!(
        "{name:38} @1 {:.3} @5 {:.3} @10 {:.3} @20 {:.3} ndcg {:.3}  {}  {:.1} ms{ranking}",
        overall.recall_at_1,
        overall.recall_at_5,
        overall.recall_at_10,
        overall.recall_at_20,
        overall.ndcg_at_10,
        categories.join(" "),
        median.as_secs_f64() * 1000.0,
    ));
}
