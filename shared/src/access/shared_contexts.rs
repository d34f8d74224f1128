//! Contexts that are shared with somebody who is not a member.
//!
//! Roles decide which scopes a caller reads. A share of a context is no role: it may expire, and its memories reach the
//! caller through the scope with which it is shared. So these contexts are looked up only for requests that name one.
//! They let the caller see no other memories, only ask for them by the name of the context.

use std::sync::Arc;

use uuid::Uuid;

use super::{AuthContext, ReadableScope, ScopeName, Simulation, TenantTx};
use crate::db::{Database, StoreError};

impl AuthContext {
    /// Returns the caller as somebody who also reads those of the named contexts that are shared with one of their
    /// scopes at the time of the request. They hold no role there.
    pub async fn reaching(
        self,
        db: &Database,
        names: impl IntoIterator<Item = ScopeName>,
    ) -> Result<Self, StoreError> {
        let unknown = self.unknown(names);
        if unknown.is_empty() {
            return Ok(self);
        }
        let tx = self.begin(db, "access.find_shared_contexts").await?;
        let found = find(&tx, &self, &unknown).await?;
        tx.commit().await?;
        Ok(self.also_reading(found))
    }

    /// Returns the contexts among the names that the caller does not read as a member.
    fn unknown(&self, names: impl IntoIterator<Item = ScopeName>) -> Vec<Uuid> {
        let unknown = names.into_iter().filter(|name| self.resolve(*name).is_err());
        unknown.filter_map(ScopeName::context).map(|id| id.uuid()).collect()
    }

    fn also_reading(self, contexts: Vec<ReadableScope>) -> Self {
        Self { scopes: Arc::new(self.scopes.with(contexts)), ..self }
    }
}

impl Simulation {
    /// Does the same for a simulated user.
    pub async fn reaching(&self, tx: &TenantTx<'_>, name: ScopeName) -> Result<Self, StoreError> {
        let unknown = self.caller.unknown([name]);
        let found = find(tx, &self.caller, &unknown).await?;
        Ok(Self { caller: self.caller.clone().also_reading(found), active: self.active })
    }
}

async fn find(tx: &TenantTx<'_>, who: &AuthContext, ids: &[Uuid]) -> Result<Vec<ReadableScope>, StoreError> {
    const FIND: &str = "-- access.find_shared_contexts
        SELECT s.id AS scope_id, s.kind, s.path, s.search_tier, NULL::text AS role, n.id AS node_id, n.name
          FROM sub_organizations n
          JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id AND s.kind = 'context'
         WHERE n.enterprise_id = $1 AND n.id = ANY ($2)
           AND EXISTS (SELECT FROM shares h
                        WHERE h.enterprise_id = $1 AND h.context_id = n.id AND h.revoked_at IS NULL
                          AND (h.expires_at IS NULL OR h.expires_at > $3) AND h.grantee_scope_id = ANY ($4))";
    let scopes: Vec<i64> = who.scopes().iter().map(|scope| scope.id.0).collect();
    let enterprise = who.enterprise_id().uuid();
    let rows = tx.query(FIND, &[&enterprise, &ids, &who.request().at, &scopes]).await?;
    rows.iter().map(ReadableScope::try_from).collect()
}
