//! Forgetting: memories disappear from every search and list at once; their history stays visible to those who could
//! change them.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::access::{Action, ApiKeyVerb, AuthContext, ReadableScope, ScopeName};
use crate::audit;
use crate::error::{Error, Result};
use crate::ids::{EventId, MemoryId};
use crate::memory::filter::{Entity, Filter};
use crate::memory::permission::{self, Permission};
use crate::memory::read::NOT_FOUND;
use crate::memory::revise::check_batch;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::store::events::Done;
use crate::memory::{Memories, store, supersede};

/// The outcome of a bulk deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// The event under which it can be looked up.
    pub event: EventId,
    /// How many memories were forgotten.
    pub count: u64,
}

impl Memories {
    /// Forgets one memory. With `linked`, also forgets the memories that it superseded, directly or through others, even if
    /// something else has superseded them since, or none if any of them may not be forgotten. Returns how many linked
    /// memories were forgotten with it.
    pub async fn forget(&self, caller: &AuthContext, id: MemoryId, linked: bool) -> Result<u64> {
        caller.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
        let tx = caller.begin(&self.gate.db, "memory.forget").await?;
        let mut ids = vec![id];
        if linked {
            ids.extend(store::lookup::linked(&tx, id).await?);
        }
        store::delete::hold_succession(&tx, &ids).await?;
        let memories = store::lookup::lock(&tx, &ids).await?;
        let memory = memories.iter().find(|memory| memory.id == id).ok_or(NOT_FOUND)?;
        permission::require(&tx, &memories, Permission::Admin).await?;
        let count = store::delete::delete(&tx, &ids).await?.saturating_sub(1);
        supersede::release(&tx, &ids).await?;
        let entry = audit::Entry::new("memory.forget", id).memories(ids.clone()).within(memory.home);
        audit::record(&tx, entry.with(json!({ "linked": ids[1..] }))).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Checks whether the caller may forget a memory, and returns an error if not.
    pub async fn may_forget(&self, caller: &AuthContext, id: MemoryId) -> Result<()> {
        caller.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
        let tx = caller.begin(&self.gate.db, "memory.may_forget").await?;
        let memories = store::lookup::lock(&tx, &[id]).await?;
        if memories.is_empty() {
            return Err(NOT_FOUND);
        }
        permission::require(&tx, &memories, Permission::Admin).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets up to [`super::MAX_BATCH`] memories, or none of them if any may not be forgotten.
    pub async fn forget_all(&self, caller: &AuthContext, ids: Vec<MemoryId>) -> Result<u64> {
        caller.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
        check_batch(&ids)?;
        let tx = caller.begin(&self.gate.db, "memory.forget_all").await?;
        store::delete::hold_succession(&tx, &ids).await?;
        let memories = store::lookup::lock(&tx, &ids).await?;
        if let Some(missing) = ids.iter().find(|id| memories.iter().all(|memory| memory.id != **id)) {
            return Err(Error::Missing(missing.to_string()));
        }
        permission::require_each(&tx, "memories", &memories, Permission::Admin).await?;
        let count = store::delete::delete(&tx, &ids).await?;
        supersede::release(&tx, &ids).await?;
        for memory in &memories {
            let entry = audit::Entry::new("memory.forget", memory.id).memories([memory.id]);
            audit::record(&tx, entry.within(memory.home)).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    /// Returns how many memories [`Self::forget_where`] would forget.
    pub async fn forgettable(&self, caller: &AuthContext, scope: ScopeName, filter: &Filter) -> Result<u64> {
        let scope = caller.resolve(scope)?;
        let only_own = only_own(caller, scope)?;
        let selection =
            Selection { scopes: &[scope], filter, latest_only: false, homes: None, expired: true };
        let condition = Condition::new(caller, &selection)?;
        let tx = caller.begin(&self.gate.db, "memory.forgettable").await?;
        let count = store::delete::count_where(&tx, condition, scope.id, only_own).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Forgets every memory of one scope that matches the filter and that the caller may change, limited to those not
    /// added or changed after `until`, if given. An empty filter is refused.
    pub async fn forget_where(
        &self,
        caller: &AuthContext,
        scope: ScopeName,
        filter: Filter,
        until: Option<DateTime<Utc>>,
    ) -> Result<Forgotten> {
        if filter.is_empty() {
            return Err(Error::malformed("at least one filter is required, nothing was deleted"));
        }
        self.sweep(caller, Sweep { kind: "DELETE_ALL", scope, filter, until }).await
    }

    /// Forgets every memory of one scope that has this label and that the caller may change. There may be none: mem0's
    /// clients delete one label after another, and a memory may have several.
    pub async fn forget_entity(
        &self,
        caller: &AuthContext,
        scope: ScopeName,
        entity: Entity,
        name: &str,
        until: Option<DateTime<Utc>>,
    ) -> Result<Forgotten> {
        let filter = Filter::parse(&json!({ entity.field(): { "in": [name] } }))?;
        self.sweep(caller, Sweep { kind: "DELETE_ENTITY", scope, filter, until }).await
    }

    async fn sweep(&self, caller: &AuthContext, sweep: Sweep) -> Result<Forgotten> {
        let scope = caller.resolve(sweep.scope)?;
        let only_own = only_own(caller, scope)?;
        let filter = match sweep.until {
            Some(until) => {
                let asked = json!({ "created_at": { "lte": until }, "updated_at": { "lte": until } });
                sweep.filter.and(Filter::parse(&asked)?)
            }
            None => sweep.filter,
        };
        let selection =
            Selection { scopes: &[scope], filter: &filter, latest_only: false, homes: None, expired: true };
        let condition = Condition::new(caller, &selection)?;
        let tx = caller.begin(&self.gate.db, "memory.sweep").await?;
        let gone = store::delete::delete_where(&tx, condition, scope.id, only_own).await?;
        supersede::release(&tx, &gone.ids).await?;
        let count = gone.ids.len() as u64;
        let event = EventId::generate();
        let payload = json!({ "scope": scope.label(), "count": count });
        let at = self.gate.clock.now();
        // The event covers everything that the caller could see.
        let (scopes, class) = (vec![scope.id], caller.ceiling());
        let done =
            Done { id: event, kind: sweep.kind, payload: payload.clone(), results: &[], at, scopes, class };
        store::events::insert(&tx, &done).await?;
        let entry = audit::Entry::new("memory.forget_where", event).within(scope.id).with(payload);
        audit::record_many(&tx, &entry.classified(gone.class), &gone.ids).await?;
        tx.commit().await?;
        Ok(Forgotten { event, count })
    }
}

struct Sweep {
    kind: &'static str,
    scope: ScopeName,
    filter: Filter,
    /// Memories added or changed later are kept.
    until: Option<DateTime<Utc>>,
}

/// Returns whether a sweep must spare memories added by others; fails if the caller may not even forget their own.
fn only_own(caller: &AuthContext, scope: &ReadableScope) -> Result<bool> {
    match caller.authorize(Action::EditAnyMemory, scope) {
        Ok(()) => Ok(false),
        Err(_) => caller.authorize(Action::EditOwnMemory, scope).map(|()| true),
    }
}
