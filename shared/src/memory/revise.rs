//! Revising: changing memories. Each change makes a new version.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use crate::access::{ApiKeyVerb, AuthContext, Classification};
use crate::audit;
use crate::embedding::Purpose;
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::classify;
use crate::memory::composed::compose;
use crate::memory::permission::{self, Permission};
use crate::memory::read::NOT_FOUND;
use crate::memory::store::update::Changed;
use crate::memory::{Memories, Memory, Metadata, store, validate};

/// Maximum number of memories that one request may revise or forget.
pub const MAX_BATCH: usize = 1000;

/// A change to one memory. A field that is `None` stays as it is; a given value replaces the old one entirely.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Revision {
    /// The text.
    pub text: Option<String>,
    /// The caller's own JSON.
    pub metadata: Option<Metadata>,
    /// Its categories.
    pub categories: Option<Vec<String>>,
    /// When the event it describes happened; `Some(None)` removes it.
    pub occurred_at: Option<Option<DateTime<Utc>>>,
    /// The last day on which it is returned; `Some(None)` removes the limit.
    pub expires_on: Option<Option<NaiveDate>>,
    /// Its class.
    pub classification: Option<Classification>,
}

impl Memories {
    /// Changes one memory; see [`Self::revise_all`].
    pub async fn revise(&self, caller: &AuthContext, id: MemoryId, mut revision: Revision) -> Result<Memory> {
        caller.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
        revision.compose();
        revision.validate(caller.request().at)?;
        let missing = |error| if matches!(error, Error::Missing(_)) { NOT_FOUND } else { error };
        let revised = self.store_revisions(caller, vec![(id, revision)], false).await.map_err(missing);
        revised?.pop().ok_or(NOT_FOUND)
    }

    /// Changes up to [`MAX_BATCH`] memories, or none of them if any may not be changed. Returns them as they are
    /// afterwards, in the order of the request. An unchanged memory gets no new version. An expired memory is not
    /// found, unless the change makes it valid again.
    pub async fn revise_all(
        &self,
        caller: &AuthContext,
        mut revisions: Vec<(MemoryId, Revision)>,
    ) -> Result<Vec<Memory>> {
        caller.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
        let ids: Vec<MemoryId> = revisions.iter().map(|(id, _)| *id).collect();
        check_batch(&ids)?;
        for (index, (_, revision)) in revisions.iter_mut().enumerate() {
            let place = format!("memories[{index}]");
            revision.compose();
            revision.validate(caller.request().at).map_err(|error| error.within(&place))?;
        }
        self.store_revisions(caller, revisions, true).await
    }

    async fn store_revisions(
        &self,
        caller: &AuthContext,
        revisions: Vec<(MemoryId, Revision)>,
        batch: bool,
    ) -> Result<Vec<Memory>> {
        let ids: Vec<MemoryId> = revisions.iter().map(|(id, _)| *id).collect();
        let texts: Vec<&str> =
            revisions.iter().filter_map(|(_, revision)| revision.text.as_deref()).collect();
        // If the model is unavailable, the new texts are stored anyway and their vectors are made later.
        let mut embeddings = self.embed(&texts, Purpose::Memory).await.unwrap_or_default().into_iter();

        let tx = caller.begin(&self.gate.db, "memory.revise").await?;
        let reclassify = revisions.iter().any(|(_, revision)| revision.classification.is_some());
        if reclassify {
            // As for a pin: before the memories are locked.
            store::grants::keep_contexts(&tx, &ids).await?;
        }
        let locked = store::lookup::lock(&tx, &ids).await?;
        if reclassify {
            // Those to which they were pinned in the meantime.
            store::grants::keep_contexts(&tx, &ids).await?;
        }
        let mut locked: HashMap<MemoryId, Memory> =
            locked.into_iter().map(|memory| (memory.id, memory)).collect();
        let (mut answer, mut changes, mut classified) = (Vec::new(), Vec::new(), Vec::new());
        for (id, revision) in revisions {
            let embedding = revision.text.is_some().then(|| embeddings.next()).flatten();
            let missing = || Error::Missing(id.to_string());
            let before = locked.remove(&id).ok_or_else(missing)?;
            let mut after = revision.applied_to(&before);
            if !after.holds_on(caller.request().at.date_naive())
                && !before.holds_on(caller.request().at.date_naive())
            {
                return Err(missing());
            }
            // Those with write permission may change its content; changing its class needs admin permission, and so does
            // changing when it expires, because it is gone then.
            let reclassified = after.classification != before.classification;
            let decides = reclassified || after.expires_on != before.expires_on;
            let needed = if decides { Permission::Admin } else { Permission::Write };
            match batch {
                true => permission::require_each(&tx, "memories", [&before], needed).await?,
                false => permission::require(&tx, [&before], needed).await?,
            }
            if reclassified {
                classify::change(&tx, caller, &before, after.classification).await?;
                classified.push(id);
            }
            if after != before {
                after.version += 1;
                after.updated_at = caller.request().at;
                let embedding = embedding.filter(|_| after.content != before.content);
                changes.push(Changed { before, after: after.clone(), embedding });
            }
            answer.push(after);
        }
        if !changes.is_empty() {
            store::update::update(&tx, self.embedder.model(), &changes).await?;
            classify::check_seen(&tx, &classified).await?;
            for Changed { before, after, .. } in &changes {
                let details = json!({ "version": after.version, "fields": changed_fields(before, after) });
                let entry =
                    audit::Entry::new("memory.revise", after.id).memories([after.id]).within(after.home);
                // Both texts are visible in its history.
                let entry = entry.classified([before.classification, after.classification]);
                audit::record(&tx, entry.with(details)).await?;
            }
        }
        tx.commit().await?;
        Ok(answer)
    }
}

impl Revision {
    fn compose(&mut self) {
        self.categories.iter_mut().flatten().for_each(compose);
    }

    fn validate(&self, now: DateTime<Utc>) -> Result<()> {
        if *self == Self::default() {
            return Err(Error::malformed(
                "nothing to change, give at least one of text, metadata, categories, timestamp, \
                 expiration_date or classification",
            ));
        }
        self.text.iter().try_for_each(|text| validate::text("text", text))?;
        self.metadata.iter().try_for_each(validate::metadata)?;
        self.categories.iter().try_for_each(|categories| validate::categories(categories))?;
        validate::occurred_at(self.occurred_at.flatten())?;
        validate::last_day(self.expires_on.flatten(), now)
    }

    fn applied_to(self, memory: &Memory) -> Memory {
        let mut memory = memory.clone();
        if let Some(text) = self.text {
            memory.content = text;
        }
        if let Some(metadata) = self.metadata {
            memory.metadata = metadata;
        }
        if let Some(categories) = self.categories {
            memory.categories = categories;
        }
        memory.classification = self.classification.unwrap_or(memory.classification);
        memory.occurred_at = self.occurred_at.unwrap_or(memory.occurred_at);
        if let Some(expires_on) = self.expires_on {
            memory.expires_on = expires_on;
        }
        memory
    }
}

/// Checks that there are one to [`MAX_BATCH`] memories, each listed once.
pub(super) fn check_batch(ids: &[MemoryId]) -> Result<()> {
    if ids.is_empty() {
        return Err(Error::invalid("memories", "must have at least one memory"));
    }
    if ids.len() > MAX_BATCH {
        return Err(Error::invalid("memories", format!("more than {MAX_BATCH} memories in one request")));
    }
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::invalid("memories", format!("{} occurs more than once", pair[0]))),
        None => Ok(()),
    }
}

fn changed_fields(before: &Memory, after: &Memory) -> Vec<&'static str> {
    [
        ("text", before.content != after.content),
        ("metadata", before.metadata != after.metadata),
        ("categories", before.categories != after.categories),
        ("timestamp", before.occurred_at != after.occurred_at),
        ("classification", before.classification != after.classification),
        ("expiration_date", before.expires_on != after.expires_on),
    ]
    .into_iter()
    .filter_map(|(field, changed)| changed.then_some(field))
    .collect()
}
