//! Importing: many memories at once from another system.
//!
//! Each line stands alone: an invalid line is refused with a reason and the others are stored, all in one transaction
//! with one event and one audit row, plus one for each status with which scopes were refused. Lines already stored are
//! skipped, so an interrupted import can simply be sent again.
//!
//! Not for live conversations: [`Memories::remember`] extracts statements and records what was captured together.

mod denied;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use denied::Denied;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::{Action, AuthContext, Classification, ReadableScope, ScopeKind, ScopeName, TenantTx};
use crate::audit;
use crate::embedding::{Embedding, Purpose};
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{EventId, MemoryId, ScopeId};
use crate::limits::{quotas, rates};
use crate::memory::classify;
use crate::memory::composed::compose;
use crate::memory::duplicate::Wording;
use crate::memory::gate::{self, Fresh, Terms};
use crate::memory::remember::scope_gone;
use crate::memory::statements::Statement;
use crate::memory::store::events::Done;
use crate::memory::store::insert::{Batch, NewMemory};
use crate::memory::{EventResult, Labels, Memories, Metadata, Outcome, capture, store, validate};
use crate::tenancy::policies::Effective;

/// Maximum number of lines in an import.
pub const MAX_LINES: usize = 2000;
/// Number of lines that count as one request against the rate limits.
const LINES_OF_A_REQUEST: usize = 20;

/// A memory to import.
#[derive(Debug, Clone, Default)]
pub struct ImportLine {
    /// The text, stored as it is.
    pub content: String,
    /// The scope in which it will live.
    pub scope: ScopeName,
    /// The labels by which it can be filtered. Lines of one run are captured together, in order.
    pub labels: Labels,
    /// The caller's own JSON.
    pub metadata: Metadata,
    /// Its categories.
    pub categories: Vec<String>,
    /// When the event it describes happened.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The last day, in UTC, on which it is returned.
    pub expires_on: Option<NaiveDate>,
    /// The class; the scope's default if not given.
    pub classification: Option<Classification>,
}

/// The outcome of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The event under which it can be looked up.
    pub event: EventId,
    /// One outcome per line, in order.
    pub outcomes: Vec<LineOutcome>,
}

/// The outcome of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    /// A new memory was stored.
    Added(MemoryId),
    /// It says nothing new.
    Skipped {
        /// The reason, as a phrase.
        reason: String,
        /// The memory that already says it.
        existing: Option<MemoryId>,
    },
    /// It cannot be stored as it is.
    Refused {
        /// The field at fault, if there is one.
        field: Option<String>,
        /// What is wrong.
        reason: String,
    },
}

impl Memories {
    /// Stores every line that can be stored, in one transaction; with an idempotency key, only once. If the caller may
    /// store no line where it wants to be stored, the import fails with the error of the first.
    ///
    /// Lines that could not be parsed are passed as the error that says why.
    pub async fn import(
        &self,
        caller: &AuthContext,
        lines: Vec<Result<ImportLine>>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Imported>> {
        caller.authorize_verb(Action::AddMemory.verb())?;
        if lines.is_empty() || lines.len() > MAX_LINES {
            let found = lines.len();
            return Err(Error::malformed(format!("expected 1 to {MAX_LINES} lines, found {found}")));
        }
        rates::charge(caller, &self.gate.db, tokens(lines.len())).await?;
        let mut import = Import::new(lines.len());
        let policies = self.policies(caller, &lines).await?;
        let lines = import.admit(caller, &policies, lines)?;
        let groups = Import::group(caller, &lines)?;
        let texts: Vec<&str> = groups.iter().flat_map(Group::texts).collect();
        // Embed before the transaction: it must not hold locks during a network call. If the model is unavailable, the
        // memories are stored anyway and their vectors are made later.
        let embeddings = match texts.is_empty() {
            true => None,
            false => self.embed(&texts, Purpose::Memory).await.ok(),
        };

        let tx = caller.begin(&self.gate.db, "memory.import").await?;
        let work = self.store_import(&tx, import, &groups, embeddings.as_deref());
        let imported = idempotency::once(&tx, key, work).await?;
        tx.commit().await?;
        Ok(imported)
    }

    /// Reads the policy of each scope that the lines name, before any line is refused for its class.
    async fn policies(
        &self,
        caller: &AuthContext,
        lines: &[Result<ImportLine>],
    ) -> Result<HashMap<ScopeId, Effective>> {
        let named = lines.iter().flatten().filter_map(|line| caller.resolve(line.scope).ok());
        let homes: HashSet<ScopeId> = named.map(|scope| scope.id).collect();
        let tx = caller.begin(&self.gate.db, "memory.import_policies").await?;
        let mut policies = HashMap::new();
        for home in homes {
            policies.insert(home, classify::policy(&tx, home).await?);
        }
        tx.commit().await?;
        Ok(policies)
    }

    async fn store_import(
        &self,
        tx: &TenantTx<'_>,
        mut import: Import,
        groups: &[Group<'_>],
        embeddings: Option<&[Embedding]>,
    ) -> Result<Imported> {
        let event = EventId::generate();
        import.denied.record(tx, event).await?;
        let mut class = Classification::Public;
        let mut rest = embeddings;
        let all = import.outcomes.len();
        // Groups are ordered by home, the order in which every transaction takes these locks.
        for groups in groups.chunk_by(|one, next| one.home.id == next.home.id) {
            let labelled = groups.iter().map(|group| (group.labels, group.statements.as_slice()));
            gate::lock(tx, groups[0].home.id, labelled, all).await?;
        }
        // Determine everything that is new before storing any of it, so that the quota is checked once, after all other
        // locks are taken.
        let mut new: Vec<(&Group<'_>, Vec<Fresh<'_>>)> = Vec::with_capacity(groups.len());
        for group in groups {
            let (own, others) = rest.map(|rest| rest.split_at(group.statements.len())).unzip();
            rest = others;
            let model = self.embedder.model();
            let place = gate::Place { home: group.home.id, labels: group.labels, model };
            let terms = |message: usize| group.terms(message);
            let (outcomes, fresh) = gate::pass(tx, &place, &group.statements, own, terms).await?;
            for ((number, _), outcome) in group.lines.iter().zip(&outcomes) {
                import.outcomes[*number] = Some(LineOutcome::of(outcome));
            }
            new.push((group, fresh));
        }
        let count: usize = new.iter().map(|(_, fresh)| fresh.len()).sum();
        if count > 0 {
            quotas::memories(tx, count).await?;
        }
        for (group, fresh) in &new {
            let memories = group.memories(event, fresh);
            class = memories.iter().map(|memory| memory.classification).fold(class, Classification::max);
            if !memories.is_empty() {
                let model = self.embedder.model();
                let batch = Batch { home: group.home.id, labels: group.labels, model };
                store::insert::insert(tx, &batch, &memories).await.map_err(scope_gone)?;
                if group.home.kind == ScopeKind::Context {
                    let added: Vec<MemoryId> = memories.iter().map(|memory| memory.id).collect();
                    store::grants::project(tx, &added).await?;
                    let classes: BTreeSet<_> = memories.iter().map(|memory| memory.classification).collect();
                    classify::check_added(tx, group.home.id, &added, classes).await?;
                }
            }
        }
        let outcomes: Vec<LineOutcome> = import.outcomes.into_iter().flatten().collect();
        let results: Vec<EventResult> = outcomes.iter().map(LineOutcome::result).collect();
        let scopes: BTreeMap<String, usize> = groups.iter().fold(BTreeMap::new(), |mut scopes, group| {
            *scopes.entry(group.home.label()).or_default() += group.statements.len();
            scopes
        });
        let payload = json!({ "lines": outcomes.len(), "scopes": scopes });
        let (at, homes) = (self.gate.clock.now(), groups.iter().map(|group| group.home.id).collect());
        let done = Done { id: event, kind: "IMPORT", payload, results: &results, at, scopes: homes, class };
        store::events::insert(tx, &done).await?;
        let count = |kind: &str| results.iter().filter(|result| result.event == kind).count();
        let details = json!({
            "added": count("ADD"), "skipped": count("SKIP"), "refused": count("REFUSE"), "scopes": scopes,
        });
        // The caller is told the ids of memories that say it already, too.
        let mut named: Vec<MemoryId> = results.iter().filter_map(|result| result.id).collect();
        named.sort_unstable();
        named.dedup();
        let entry = audit::Entry::new("memory.import", event).memories(named);
        audit::record(tx, entry.with(details)).await?;
        Ok(Imported { event, outcomes })
    }
}

/// Returns the rate limit cost of an import, in addition to the request itself.
fn tokens(lines: usize) -> i32 {
    i32::try_from(lines.div_ceil(LINES_OF_A_REQUEST)).unwrap_or(i32::MAX) - 1
}

/// An import in progress: the outcome of each line so far.
struct Import {
    outcomes: Vec<Option<LineOutcome>>,
    /// Lines refused because of their scope.
    denied: Denied,
}

impl Import {
    fn new(lines: usize) -> Self {
        Self { outcomes: vec![None; lines], denied: Denied::default() }
    }

    /// Returns the lines that are valid in themselves and refuses all others.
    fn admit(
        &mut self,
        caller: &AuthContext,
        policies: &HashMap<ScopeId, Effective>,
        lines: Vec<Result<ImportLine>>,
    ) -> Result<Vec<Option<ImportLine>>> {
        let mut admitted = Vec::with_capacity(lines.len());
        let mut denied = None;
        for (number, line) in lines.into_iter().enumerate() {
            let scope = line.as_ref().ok().map(|line| line.scope);
            match line.and_then(|line| admit(caller, policies, line)) {
                Ok(line) => admitted.push(Some(line)),
                Err(error) => {
                    self.refuse(number, &error);
                    self.denied.note(scope, &error);
                    denied = denied.or(Some(error));
                    admitted.push(None);
                }
            }
        }
        match denied {
            Some(error) if self.denied.count() == admitted.len() => Err(error),
            _ => Ok(admitted),
        }
    }

    fn refuse(&mut self, number: usize, error: &Error) {
        let (field, reason) = match error {
            Error::Invalid { field, message } => (field.clone(), message.clone()),
            // The scope is at fault: not found, not writable, or not open to this class.
            error => (Some("scope".to_owned()), error.to_string()),
        };
        self.outcomes[number] = Some(LineOutcome::Refused { field, reason });
    }

    /// Groups the lines by home and labels, since the gate checks such lines together.
    fn group<'a>(caller: &'a AuthContext, lines: &'a [Option<ImportLine>]) -> Result<Vec<Group<'a>>> {
        let mut groups: BTreeMap<_, Group<'a>> = BTreeMap::new();
        for (number, line) in lines.iter().enumerate() {
            let Some(line) = line else { continue };
            let home = caller.resolve(line.scope)?;
            let group = groups.entry((home.id, &line.labels)).or_insert_with(|| Group {
                home,
                labels: &line.labels,
                statements: Vec::new(),
                lines: Vec::new(),
            });
            group.push(number, line);
        }
        Ok(groups.into_values().collect())
    }
}

/// Checks whether a line may be stored, judging by the line alone.
fn admit(
    caller: &AuthContext,
    policies: &HashMap<ScopeId, Effective>,
    mut line: ImportLine,
) -> Result<ImportLine> {
    let home = caller.resolve(line.scope)?;
    caller.authorize(Action::AddMemory, home)?;
    validate::text("memory", &line.content)?;
    line.labels.compose();
    line.categories.iter_mut().for_each(compose);
    validate::labels(&line.labels)?;
    validate::metadata(&line.metadata)?;
    validate::categories(&line.categories)?;
    validate::occurred_at(line.occurred_at)?;
    validate::last_day(line.expires_on, caller.request().at)?;
    let policy = policies.get(&home.id).ok_or(Error::NotFound { what: "scope" })?;
    line.classification = Some(policy.class_of_new(line.classification, caller.ceiling())?);
    Ok(line)
}

/// Lines with the same home and labels.
struct Group<'a> {
    home: &'a ReadableScope,
    labels: &'a Labels,
    statements: Vec<Statement>,
    /// The line of each statement, and its index.
    lines: Vec<(usize, &'a ImportLine)>,
}

impl<'a> Group<'a> {
    fn push(&mut self, number: usize, line: &'a ImportLine) {
        let (text, message) = (line.content.clone(), self.lines.len());
        self.statements.push(Statement::Candidate { wording: Wording::of(&text), text, message });
        self.lines.push((number, line));
    }

    /// What a line gives along with its text.
    fn terms(&self, message: usize) -> Terms<'a> {
        let (_, line) = self.lines[message];
        Terms {
            occurred_at: line.occurred_at,
            expires_on: line.expires_on,
            metadata: &line.metadata,
            categories: &line.categories,
            class: line.classification,
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().filter_map(|statement| match statement {
            Statement::Candidate { text, .. } => Some(text.as_str()),
            Statement::Skipped { .. } => None,
        })
    }

    fn memories<'m>(&self, event: EventId, fresh: &[Fresh<'m>]) -> Vec<NewMemory<'m>> {
        let memory = |fresh: &Fresh<'m>| {
            let (number, line) = self.lines[fresh.message];
            // Without a common run, a line is unrelated to the lines around it.
            let together = line.labels.run.is_some();
            let capture =
                if together { capture::id(event, self.home.id, &line.labels) } else { fresh.id.uuid() };
            Some(NewMemory {
                id: fresh.id,
                content: fresh.text,
                classification: line.classification?,
                wording: fresh.wording,
                embedding: fresh.embedding,
                capture,
                position: i32::try_from(number).unwrap_or(i32::MAX),
                input: json!([{ "role": "user", "content": fresh.text }]),
                metadata: fresh.terms.metadata,
                categories: fresh.terms.categories,
                occurred_at: fresh.terms.occurred_at,
                expires_on: fresh.terms.expires_on,
            })
        };
        fresh.iter().filter_map(memory).collect()
    }
}

impl LineOutcome {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Added { id, .. } => Self::Added(*id),
            Outcome::Skipped { reason, existing, .. } => {
                Self::Skipped { reason: reason.clone(), existing: *existing }
            }
        }
    }

    /// The outcome as recorded in the event.
    fn result(&self) -> EventResult {
        let (id, event, reason) = match self {
            Self::Added(id) => (Some(*id), "ADD", None),
            Self::Skipped { reason, existing } => (*existing, "SKIP", Some(reason.clone())),
            Self::Refused { reason, .. } => (None, "REFUSE", Some(reason.clone())),
        };
        EventResult { id, event: event.to_owned(), reason, text: None, omitted: false }
    }
}
