//! Teams: generated facts of the kind that organizations remember, with everything that makes them hard to find.
//!
//! Two organizations of one enterprise, and another enterprise, have teams of the same names: their facts are
//! identical but for the values, and the person who asks must not see most of them. Some facts were superseded by
//! updates, and only those answer. Questions are asked in the words of the fact, in other words, by ticket key and by
//! time. Everything follows from the templates in [`facts`]; nothing is random.

mod facts;
mod world;

use std::collections::HashSet;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::access::ScopeName;
use shared::ids::MemoryId;
use shared::memory::{Message, Outcome, Recall, Remember, Scopes};

use crate::ablation::Variant;
use crate::figures::{Answered, Figures};
use crate::platform::Platform;
use crate::report;
use facts::{CHATTER, INCIDENTS, KINDS, TASTES, TEAMS, TICKETS};
use world::{Organization, Person, World};

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

/// The figures, and how often somebody was shown what they must not see.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    #[serde(flatten)]
    figures: Figures,
    /// Results, over all questions, that the person who asked may not read.
    leaked: usize,
}

/// A question with its category and evidence.
struct Question {
    category: &'static str,
    text: String,
    evidence: MemoryId,
}

/// The day on which all questions are asked: Wednesday, 3 June 2026.
fn today() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_488_000, 0).unwrap_or_default()
}

pub(crate) async fn run(options: &Options, platform: &Platform<'_>) -> Result<Document> {
    let world = World::new(platform).await?;
    let mut askers = Vec::new();
    for (number, organization) in world.organizations.iter().enumerate() {
        let mut questions = organization_facts(platform, organization, number).await?;
        questions.extend(personal_facts(platform, &organization.member, number).await?);
        askers.push((&organization.member, questions));
    }
    platform.database.settle().await?;
    let seen: Vec<HashSet<MemoryId>> = askers
        .iter()
        .map(|(_, questions)| questions.iter().map(|question| question.evidence).collect())
        .collect();
    measuring::report::say(&format!("remembered the facts of {} organizations", askers.len()));
    let mut variants = if options.ablation { Variant::all() } else { vec![Variant::default()] };
    variants.extend(options.weights.iter().cloned());
    let mut first = None;
    for variant in &variants {
        let (mut answered, mut leaked, mut latency) = (Vec::new(), 0, Vec::new());
        for (index, (person, questions)) in askers.iter().enumerate() {
            let foreign = |id: &MemoryId| {
                seen.iter().enumerate().any(|(other, ids)| other != index && ids.contains(id))
            };
            for question in questions {
                let recall = Recall {
                    top_k: 20,
                    threshold: 0.0,
                    scopes: Scopes::All,
                    reference: Some(today()),
                    weights: variant.weights,
                    ..Recall::new(&question.text)
                };
                let started = std::time::Instant::now();
                let found = platform.memories.recall(&person.caller, recall).await?.found;
                latency.push(started.elapsed());
                let readable = |recalled: &shared::memory::Recalled| {
                    recalled.memory.scopes.iter().any(|scope| person.caller.scope(*scope).is_some())
                };
                leaked += found.iter().filter(|found| !readable(found) || foreign(&found.memory.id)).count();
                answered.push(Answered {
                    category: question.category.to_owned(),
                    evidence: HashSet::from([question.evidence]),
                    found: found.iter().map(|recalled| recalled.memory.id).collect(),
                });
            }
        }
        let figures = Figures::of(&answered);
        report::figures(&variant.name, &figures, latency);
        first.get_or_insert(Document { figures, leaked });
    }
    first.ok_or_else(|| anyhow::anyhow!("nothing was evaluated"))
}

/// Remembers all facts of an organization's teams; returns the questions about them.
async fn organization_facts(
    platform: &Platform<'_>,
    organization: &Organization,
    number: usize,
) -> Result<Vec<Question>> {
    let mut questions = Vec::new();
    for (place, (team, scope)) in TEAMS.iter().zip(&organization.teams).enumerate() {
        let told = |text: &str, days_ago: i64| (text.replace("{team}", team), days_ago);
        let ask = |text: &str| text.replace("{team}", team);
        let (mut facts, mut asked) = (Vec::new(), Vec::new());
        for (index, kind) in KINDS.iter().enumerate() {
            let value =
                |step: usize| kind.values[(place * 3 + number * 5 + index + step) % kind.values.len()];
            let mut category = ("direct", "paraphrase");
            facts.push(told(&kind.statement.replace("{value}", value(0)), 300));
            if let Some(news) = kind.news {
                facts.push(told(&news.replace("{value}", value(1)), 20));
                category = ("superseded", "superseded");
            }
            let fact = facts.len() - 1;
            asked.push((category.0, ask(kind.question), fact));
            asked.push((category.1, ask(kind.paraphrase), fact));
        }
        for (statement, days_ago, question) in INCIDENTS {
            facts.push(told(statement, days_ago));
            asked.push(("time", ask(question), facts.len() - 1));
        }
        for (index, ticket) in TICKETS.iter().enumerate() {
            let initials: String = team.chars().filter(char::is_ascii_alphabetic).take(4).collect();
            let key = format!("{}-{}", initials.to_uppercase(), 1000 + number * 400 + place * 10 + index);
            facts.push((format!("{key} is about {ticket} in {team}"), 40));
            asked.push((
                "identifier",
                if index % 2 == 0 { key } else { format!("what is {key}?") },
                facts.len() - 1,
            ));
        }
        facts.extend(CHATTER.iter().map(|text| told(text, 100)));
        let ids = remember(platform, &organization.owner, *scope, &facts).await?;
        questions.extend(asked.into_iter().map(|(category, text, fact)| Question {
            category,
            text,
            evidence: ids[fact],
        }));
    }
    Ok(questions)
}

async fn personal_facts(platform: &Platform<'_>, person: &Person, number: usize) -> Result<Vec<Question>> {
    let facts: Vec<(String, i64)> = TASTES
        .iter()
        .map(|(statement, _, values)| (statement.replace("{value}", values[number % values.len()]), 60))
        .collect();
    let ids = remember(platform, person, ScopeName::Personal, &facts).await?;
    let asked = TASTES.iter().zip(ids);
    Ok(asked
        .map(|((_, question, _), evidence)| Question {
            category: "personal",
            text: (*question).to_owned(),
            evidence,
        })
        .collect())
}

/// Remembers each fact in its own request: facts arrive one by one.
async fn remember(
    platform: &Platform<'_>,
    person: &Person,
    scope: ScopeName,
    facts: &[(String, i64)],
) -> Result<Vec<MemoryId>> {
    let mut ids = Vec::new();
    for (text, days_ago) in facts {
        let request = Remember {
            messages: vec![Message { role: "user".to_owned(), content: text.clone(), name: None }],
            scope,
            occurred_at: Some(today() - TimeDelta::days(*days_ago)),
            ..Remember::default()
        };
        let outcomes = platform.memories.remember(&person.caller, request, None).await?.value.outcomes;
        match outcomes.first() {
            Some(Outcome::Added { id, .. }) => ids.push(*id),
            other => anyhow::bail!("{text:?} was not added: {other:?}"),
        }
    }
    Ok(ids)
}
