//! Invariants of every share in the product, independent of the model: it leads, share by share, to somebody who may
//! share the memory by their role, each grants no more and lasts no longer than the one before, and none forms a cycle.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use shared::ids::{MemoryId, ShareId, UserId};

use super::Pair;

/// Every share that is live, as the database has it.
const LIVE: &str = "
    SELECT id, memory_id, granted_by, via_share_id, permission::text, expires_at AS until
      FROM shares
     WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1) AND memory_id IS NOT NULL";

struct Row {
    memory: String,
    by: String,
    via: Option<ShareId>,
    /// Ordered, as they are declared.
    permission: shared::memory::Permission,
    until: Option<DateTime<Utc>>,
}

impl Pair {
    pub(super) async fn assert_chains(&self, after: &impl std::fmt::Debug) {
        let database = self.app.database().superuser().await;
        let rows = database.query(LIVE, &[&self.app.now()]).await.unwrap();
        let rows: BTreeMap<ShareId, Row> = rows
            .iter()
            .map(|row| {
                let share = Row {
                    memory: MemoryId(row.get("memory_id")).to_string(),
                    by: UserId(row.get("granted_by")).to_string(),
                    via: row.get::<_, Option<_>>("via_share_id").map(ShareId),
                    permission: row.get::<_, &str>("permission").parse().unwrap(),
                    until: row.get("until"),
                };
                (ShareId(row.get("id")), share)
            })
            .collect();
        for (id, first) in &rows {
            let (mut share, mut steps) = (first, 0);
            while let Some(via) = share.via {
                let before = rows.get(&via).unwrap_or_else(|| panic!("{id} leads nowhere, after {after:?}"));
                let longer = before.until.is_some_and(|end| share.until.is_none_or(|until| until > end));
                assert!(
                    share.permission <= before.permission && !longer,
                    "{id} goes further than it may, after {after:?}"
                );
                (share, steps) = (before, steps + 1);
                assert!(steps <= rows.len(), "{id} leads back to itself, after {after:?}");
            }
            let memory = self.memories.iter().position(|known| *known == share.memory).unwrap();
            let by = self.people.iter().position(|person| person.user.to_string() == share.by).unwrap();
            let could = self.model.sharers.contains(&(memory, by));
            assert!(could, "{id} leads to person {by}, who never could share it, after {after:?}");
        }
    }
}
