//! Conversations: each turn is remembered verbatim, and each question should find the turns that answer it.
//!
//! Each conversation belongs to one person, each session has one run label, and turns have the date of their session.
//! The format is that of LoCoMo (Maharana et al., ACL 2024), whose data is not part of this project: CC BY-NC 4.0.

mod data;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use shared::access::AuthContext;
use shared::identity::accounts::Place;
use shared::ids::MemoryId;
use shared::memory::{Labels, Message, Outcome, Recall, Remember};

use crate::ablation::Variant;
use crate::figures::{Answered, Figures};
use crate::platform::Platform;
use crate::report;
pub(crate) use data::{Conversation, read};
use data::{Question, Session};

/// What to evaluate.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The conversations, a file in LoCoMo's format.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Also try the ranking without each signal, and with few alone; a table on standard error.
    #[arg(long)]
    ablation: bool,
    /// Also try these weights, `signal=weight,…`; can be given more than once.
    #[arg(long, value_parser = Variant::parse)]
    weights: Vec<Variant>,
    /// Take twice as many candidates into the ranking, as `rerank` does.
    #[arg(long)]
    rerank: bool,
    /// Remember each turn with a request of its own, as chat clients do, instead of a session at once.
    #[arg(long)]
    turn_by_turn: bool,
}

/// A conversation after it was remembered.
struct Remembered<'a> {
    caller: AuthContext,
    questions: &'a [Question],
    /// The memory of each turn.
    memories: HashMap<&'a str, MemoryId>,
}

pub(crate) async fn run(
    options: &Options,
    platform: &Platform<'_>,
    conversations: &[Conversation],
) -> Result<Figures> {
    let started = Instant::now();
    let mut remembered = Vec::new();
    for conversation in conversations {
        remembered.push(remember(options, platform, conversation).await?);
    }
    platform.database.settle().await?;
    let turns: usize = remembered.iter().map(|conversation| conversation.memories.len()).sum();
    measuring::report::say(&format!(
        "remembered {turns} turns after {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    let mut variants = if options.ablation { Variant::all() } else { vec![Variant::default()] };
    variants.extend(options.weights.iter().cloned());
    let mut first = None;
    for variant in &variants {
        let (figures, latency) = evaluate(options, platform, &remembered, variant).await?;
        report::figures(&variant.name, &figures, latency);
        first.get_or_insert(figures);
    }
    first.context("nothing was evaluated")
}

async fn remember<'a>(
    options: &Options,
    platform: &Platform<'_>,
    conversation: &'a Conversation,
) -> Result<Remembered<'a>> {
    let person =
        platform.register(&conversation.name, Place::NewEnterprise(conversation.name.clone())).await?;
    let caller = platform.caller(&person).await?;
    let (mut memories, mut skipped) = (HashMap::new(), 0);
    for session in &conversation.sessions {
        let at_once = if options.turn_by_turn { 1 } else { session.turns.len().max(1) };
        for turns in session.turns.chunks(at_once) {
            let request = request(session, turns);
            let done = platform.memories.remember(&caller, request, None).await?.value;
            for (turn, outcome) in turns.iter().zip(&done.outcomes) {
                let id = match outcome {
                    Outcome::Added { id, .. } => *id,
                    Outcome::Skipped { existing, reason, .. } => {
                        skipped += 1;
                        // The existing memory with the same statement is expected instead;
                        // without one, skipping was wrong.
                        existing.with_context(|| format!("{} was skipped: {reason}", turn.dia_id))?
                    }
                };
                memories.insert(turn.dia_id.as_str(), id);
            }
        }
    }
    let (name, count) = (&conversation.name, memories.len());
    measuring::report::say(&format!(
        "{name}: {count} turns, {skipped} of them said before in the same session"
    ));
    Ok(Remembered { caller, questions: &conversation.questions, memories })
}

fn request(session: &Session, turns: &[data::Turn]) -> Remember {
    let message =
        |turn: &data::Turn| Message { role: "user".to_owned(), content: turn.content(), name: None };
    Remember {
        messages: turns.iter().map(message).collect(),
        labels: Labels { run: Some(session.name.clone()), ..Labels::default() },
        occurred_at: Some(session.at),
        ..Remember::default()
    }
}

async fn evaluate(
    options: &Options,
    platform: &Platform<'_>,
    conversations: &[Remembered<'_>],
    variant: &Variant,
) -> Result<(Figures, Vec<Duration>)> {
    let (mut answered, mut latency) = (Vec::new(), Vec::new());
    for conversation in conversations {
        for question in conversation.questions {
            let recall = Recall {
                top_k: 20,
                threshold: 0.0,
                rerank: options.rerank,
                weights: variant.weights,
                ..Recall::new(&question.text)
            };
            let started = Instant::now();
            let found = platform.memories.recall(&conversation.caller, recall).await?.found;
            latency.push(started.elapsed());
            answered.push(Answered {
                category: question.category.clone(),
                evidence: question
                    .evidence
                    .iter()
                    .filter_map(|turn| conversation.memories.get(turn.as_str()).copied())
                    .collect(),
                found: found.iter().map(|recalled| recalled.memory.id).collect(),
            });
        }
    }
    Ok((Figures::of(&answered), latency))
}
