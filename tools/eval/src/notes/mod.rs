//! Notes: short facts that one team of a company wrote down over a year, asked for in other words.
//!
//! Each question has one right fact. They are asked twice: of somebody who has the facts alone, and of somebody who also
//! has four long documents about something else, which share a word with nearly every question.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use shared::access::AuthContext;
use shared::identity::accounts::Place;
use shared::ids::MemoryId;
use shared::memory::{Message, Outcome, Recall, Remember};

use crate::ablation::Variant;
use crate::figures::{Answered, Figures};
use crate::platform::Platform;
use crate::report;

/// `key|day|text`.
const FACTS: &str = include_str!("facts.txt");
/// `key of the right fact|question`.
const QUESTIONS: &str = include_str!("questions.txt");
const DOCUMENTS: [&str; 4] = [
    include_str!("../../../../docs/guides/audit.md"),
    include_str!("../../../../docs/guides/people.md"),
    include_str!("../../../../docs/guides/mcp.md"),
    include_str!("../../../../LICENSE"),
];
/// Most characters of a document that are remembered.
const LONGEST: usize = 15_000;

/// What to evaluate.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Also try the ranking without each signal, and with few alone; a table on standard error.
    #[arg(long)]
    ablation: bool,
    /// Also try these weights, `signal=weight,…`; can be given more than once.
    #[arg(long, value_parser = Variant::parse)]
    weights: Vec<Variant>,
}

/// Somebody's notes.
struct Notes {
    category: &'static str,
    caller: AuthContext,
    facts: HashMap<&'static str, MemoryId>,
}

pub(crate) async fn run(options: &Options, platform: &Platform<'_>) -> Result<Figures> {
    let both =
        [remember(platform, "alone", &[]).await?, remember(platform, "beside documents", &DOCUMENTS).await?];
    platform.database.settle().await?;
    let mut variants = if options.ablation { Variant::all() } else { vec![Variant::default()] };
    variants.extend(options.weights.iter().cloned());
    let mut first = None;
    for variant in &variants {
        let (mut answered, mut latency) = (Vec::new(), Vec::new());
        for notes in &both {
            for line in QUESTIONS.lines() {
                let (key, question) = line.split_once('|').context("a question has a key")?;
                let evidence = *notes.facts.get(key).with_context(|| format!("{key} is no fact"))?;
                let recall = Recall {
                    top_k: 20,
                    threshold: 0.0,
                    reference: Some(moment("2026-11-29")?),
                    weights: variant.weights,
                    ..Recall::new(question)
                };
                let started = Instant::now();
                let found = platform.memories.recall(&notes.caller, recall).await?.found;
                latency.push(started.elapsed());
                answered.push(Answered {
                    category: notes.category.to_owned(),
                    evidence: HashSet::from([evidence]),
                    found: found.iter().map(|recalled| recalled.memory.id).collect(),
                });
            }
        }
        let figures = Figures::of(&answered);
        report::figures(&variant.name, &figures, latency);
        first.get_or_insert(figures);
    }
    first.context("nothing was evaluated")
}

async fn remember(platform: &Platform<'_>, category: &'static str, documents: &[&str]) -> Result<Notes> {
    let name = category.replace(' ', "-");
    let person = platform.register(&name, Place::NewEnterprise(name.clone())).await?;
    let caller = platform.caller(&person).await?;
    let mut facts = HashMap::new();
    for line in FACTS.lines() {
        let [key, day, text] = line.splitn(3, '|').collect::<Vec<_>>()[..] else {
            bail!("{line:?} is no fact")
        };
        facts.insert(key, add(platform, &caller, text, moment(day)?).await?);
    }
    for document in documents {
        let text: String = document.chars().take(LONGEST).collect();
        add(platform, &caller, &text, moment("2026-06-01")?).await?;
    }
    Ok(Notes { category, caller, facts })
}

async fn add(
    platform: &Platform<'_>,
    caller: &AuthContext,
    text: &str,
    at: DateTime<Utc>,
) -> Result<MemoryId> {
    let request = Remember {
        messages: vec![Message { role: "user".to_owned(), content: text.to_owned(), name: None }],
        occurred_at: Some(at),
        ..Remember::default()
    };
    let outcomes = platform.memories.remember(caller, request, None).await?.value.outcomes;
    match outcomes.first() {
        Some(Outcome::Added { id, .. }) => Ok(*id),
        other => bail!("{text:?} was not added: {other:?}"),
    }
}

fn moment(day: &str) -> Result<DateTime<Utc>> {
    Ok(day.parse::<NaiveDate>()?.and_time(NaiveTime::MIN).and_utc())
}
