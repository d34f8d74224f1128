//! Remembering: messages in, one outcome for every statement in them.
//!
//! With inference off, each message becomes a memory verbatim. Otherwise the deterministic extractor selects the
//! statements worth keeping. Nothing is stored twice: a statement that a memory of the same scope and labels already
//! makes is skipped, and its outcome names that memory.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::{Action, AuthContext, Classification, ReadableScope, ScopeKind, ScopeName, TenantTx};
use crate::audit;
use crate::db::StoreError;
use crate::embedding::{Embedding, Purpose};
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{EventId, MemoryId};
use crate::limits::quotas;
use crate::memory::classify;
use crate::memory::composed::compose;
use crate::memory::gate::{self, Fresh, Terms};
use crate::memory::statements::{self, Statement};
use crate::memory::store::events::Done;
use crate::memory::store::insert::{Batch, NewMemory};
use crate::memory::{EventResult, Labels, Memories, Metadata, capture, store, supersede, validate};

/// A request to remember messages.
#[derive(Debug, Clone, Default)]
pub struct Remember {
    /// A statement to store verbatim, before what the messages say.
    pub stated: Option<String>,
    /// What was said, in order.
    pub messages: Vec<Message>,
    /// The scope in which the memories live.
    pub scope: ScopeName,
    /// The names they can be filtered by.
    pub labels: Labels,
    /// The caller's own JSON, attached to each memory.
    pub metadata: Metadata,
    /// Their categories.
    pub categories: Vec<String>,
    /// Their class; the scope's default if not given.
    pub classification: Option<Classification>,
    /// Whether to extract statements; otherwise messages are stored verbatim.
    pub infer: bool,
    /// When the described events happened.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The last day, in UTC, on which they are returned.
    pub expires_on: Option<NaiveDate>,
    /// Memories of the same scope that the first new memory supersedes.
    pub supersedes: Vec<MemoryId>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `user`, `assistant`, `system`, …
    pub role: String,
    /// What was said.
    pub content: String,
    /// Who said it, where several people share a role; kept in the metadata as `actor_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The outcome of a request to remember.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The event under which it can be looked up.
    pub event: EventId,
    /// What selected the statements.
    pub extractor: Extractor,
    /// One outcome per statement, in the order of the messages.
    pub outcomes: Vec<Outcome>,
}

/// What selected the statements to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extractor {
    /// Nothing: every message was stored as it was.
    Verbatim,
    /// Deterministic rules; no language model is used.
    Deterministic,
}

/// The outcome of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A new memory was stored.
    Added {
        /// Its id.
        id: MemoryId,
        /// Its text.
        text: String,
    },
    /// It was skipped.
    Skipped {
        /// The statement, or its beginning.
        text: String,
        /// The reason, as a phrase.
        reason: String,
        /// The memory that already says it.
        existing: Option<MemoryId>,
    },
}

impl Outcome {
    /// The memory that already says it, if it was skipped for that.
    pub(super) fn existing(&self) -> Option<MemoryId> {
        match self {
            Self::Added { .. } => None,
            Self::Skipped { existing, .. } => *existing,
        }
    }
}

impl Memories {
    /// Extracts and stores the statements worth remembering, in one transaction; with an idempotency key, only once.
    pub async fn remember(
        &self,
        caller: &AuthContext,
        mut request: Remember,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Remembered>> {
        let home = caller.resolve(request.scope)?;
        caller.authorize(Action::AddMemory, home)?;
        request.labels.compose();
        request.categories.iter_mut().for_each(compose);
        request.validate(caller.request().at)?;
        let statements = statements::of(request.stated.as_deref(), &request.messages, request.infer)?;
        // Embed before the transaction: it must not hold locks during a network call. If the model is unavailable, the
        // memories are stored anyway and their vectors are made later.
        let embeddings = self.embed(&candidates(&statements), Purpose::Memory).await.ok();

        let tx = caller.begin(&self.gate.db, "memory.remember").await?;
        let work = self.store(&tx, home, &request, &statements, embeddings.as_deref());
        let remembered = idempotency::once(&tx, key, work).await?;
        tx.commit().await?;
        Ok(remembered)
    }

    async fn store(
        &self,
        tx: &TenantTx<'_>,
        home: &ReadableScope,
        request: &Remember,
        statements: &[Statement],
        embeddings: Option<&[Embedding]>,
    ) -> Result<Remembered> {
        let event = EventId::generate();
        let class = classify::new(tx, home.id, request.classification).await?;
        let superseded = supersede::hold(tx, home.id, &request.supersedes).await?;
        // Indexed like the statements: a stated text comes first. Nobody is named as its speaker.
        let stated = request.stated.iter().map(|_| Cow::Borrowed(&request.metadata));
        let said = request.messages.iter().map(|message| request.metadata_of(message));
        let metadata: Vec<Cow<'_, Metadata>> = stated.chain(said).collect();
        let (outcomes, fresh) = {
            let labelled = std::iter::once((&request.labels, statements));
            gate::lock(tx, home.id, labelled, statements.len()).await?;
            let place = gate::Place { home: home.id, labels: &request.labels, model: self.embedder.model() };
            let terms = |message: usize| request.terms(&metadata[message], class);
            gate::pass(tx, &place, statements, embeddings, terms).await?
        };
        if !fresh.is_empty() {
            quotas::memories(tx, fresh.len()).await?;
            let batch = Batch { home: home.id, labels: &request.labels, model: self.embedder.model() };
            let capture = capture::id(event, home.id, &request.labels);
            let memories: Vec<NewMemory<'_>> =
                fresh.iter().map(|fresh| request.memory(capture, class, fresh)).collect();
            store::insert::insert(tx, &batch, &memories).await.map_err(scope_gone)?;
            if home.kind == ScopeKind::Context {
                let added: Vec<MemoryId> = fresh.iter().map(|fresh| fresh.id).collect();
                store::grants::project(tx, &added).await?;
                classify::check_added(tx, home.id, &added, [class]).await?;
            }
        }
        if !superseded.is_empty() {
            let by = supersede::successor(tx, &superseded, &outcomes).await?;
            supersede::replace(tx, self.embedder.model(), superseded, by).await?;
        }
        let results: Vec<EventResult> = outcomes.iter().map(EventResult::of).collect();
        let payload = json!({
            "infer": request.infer, "messages": request.said(), "scope": home.label(),
            "user_id": request.labels.user, "agent_id": request.labels.agent,
            "app_id": request.labels.app, "run_id": request.labels.run,
        });
        let (at, scopes) = (self.gate.clock.now(), vec![home.id]);
        let done = Done { id: event, kind: "ADD", payload, results: &results, at, scopes, class };
        store::events::insert(tx, &done).await?;
        let added: Vec<MemoryId> = fresh.iter().map(|fresh| fresh.id).collect();
        let details =
            json!({ "added": added, "skipped": outcomes.len() - added.len(), "infer": request.infer });
        // The caller is told the ids of memories that say it already, and their classes.
        let existing: Vec<MemoryId> =
            outcomes.iter().filter_map(Outcome::existing).filter(|id| !added.contains(id)).collect();
        let class = (existing.is_empty() && !fresh.is_empty()).then_some(class);
        let entry = audit::Entry::new("memory.remember", event).memories(added).memories(existing);
        let entry = entry.within(home.id).classified(class);
        audit::record(tx, entry.with(details)).await?;
        let extractor = if request.infer { Extractor::Deterministic } else { Extractor::Verbatim };
        Ok(Remembered { event, extractor, outcomes })
    }
}

impl Remember {
    fn validate(&self, now: DateTime<Utc>) -> Result<()> {
        validate::labels(&self.labels)?;
        validate::metadata(&self.metadata)?;
        validate::categories(&self.categories)?;
        validate::occurred_at(self.occurred_at)?;
        validate::last_day(self.expires_on, now)
    }

    /// The number of messages, including the stated text.
    fn said(&self) -> usize {
        self.messages.len() + usize::from(self.stated.is_some())
    }

    /// Returns what a statement comes from.
    fn source(&self, index: usize) -> Message {
        match (&self.stated, index) {
            (Some(text), 0) => Message { role: "user".to_owned(), content: text.clone(), name: None },
            (Some(_), index) => self.messages[index - 1].clone(),
            (None, index) => self.messages[index].clone(),
        }
    }

    /// The metadata of what a message says. Who speaks is kept as mem0 keeps it, if the message names them.
    fn metadata_of(&self, message: &Message) -> Cow<'_, Metadata> {
        let Some(name) = &message.name else { return Cow::Borrowed(&self.metadata) };
        let mut metadata = self.metadata.clone();
        for (key, value) in [(gate::ACTOR, name), ("role", &message.role)] {
            metadata.entry(key).or_insert_with(|| Value::from(value.as_str()));
        }
        Cow::Owned(metadata)
    }

    fn terms<'a>(&'a self, metadata: &'a Metadata, class: Classification) -> Terms<'a> {
        Terms {
            occurred_at: self.occurred_at,
            expires_on: self.expires_on,
            metadata,
            categories: &self.categories,
            class: Some(class),
        }
    }

    fn memory<'a>(
        &'a self,
        capture: Uuid,
        classification: Classification,
        fresh: &Fresh<'a>,
    ) -> NewMemory<'a> {
        NewMemory {
            id: fresh.id,
            content: fresh.text,
            classification,
            wording: fresh.wording,
            embedding: fresh.embedding,
            capture,
            position: fresh.position,
            input: json!([self.source(fresh.message)]),
            metadata: fresh.terms.metadata,
            categories: fresh.terms.categories,
            occurred_at: fresh.terms.occurred_at,
            expires_on: fresh.terms.expires_on,
        }
    }
}

/// Scopes are resolved before the transaction, so one may be deleted in between.
pub(super) fn scope_gone(error: StoreError) -> Error {
    match error.violates("memories_scopes") {
        true => Error::NotFound { what: "scope" },
        false => error.into(),
    }
}

fn candidates(statements: &[Statement]) -> Vec<&str> {
    let texts = statements.iter().map(|statement| match statement {
        Statement::Candidate { text, .. } => Some(text.as_str()),
        Statement::Skipped { .. } => None,
    });
    texts.flatten().collect()
}
