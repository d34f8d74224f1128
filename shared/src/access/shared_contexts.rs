//! Contexts that are shared with somebody who is not a member.
//!
//! Roles decide which scopes a caller reads. A share of a context is no role: it may expire, and its memories reach the
//! caller through the scope with which it is shared. So these contexts are looked up only for requests that name one or
//! list scopes. They let the caller see no other memories, only ask for them by the name of the context.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{AuthContext, ReadableScope, ScopeName, Simulation, TenantTx};
use crate::db::{Database, StoreError};
use crate::ids::{ScopeId, ShareId, UserId};

/// The share through which somebody reaches a context: the one with the highest permission, and among these the one
/// that ends last.
#[derive(Debug, Clone, Serialize)]
pub struct Lending {
    /// The share.
    pub share_id: ShareId,
    /// The scope of the caller's with which the context is shared, as requests name it.
    pub with: String,
    /// The name of that scope, if it has one.
    pub with_name: Option<String>,
    /// What it permits: `read` or `write`.
    pub permission: String,
    /// Who shared it.
    pub granted_by: UserId,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

impl AuthContext {
    /// Lists the contexts that are shared with one of the caller's scopes at the time of the request, unless they are
    /// a member.
    pub async fn shared_contexts(
        &self,
        tx: &TenantTx<'_>,
    ) -> Result<Vec<(ReadableScope, Lending)>, StoreError> {
        const LIST: &str = "-- access.list_shared_contexts
            SELECT DISTINCT ON (n.id)
                   s.id AS scope_id, s.kind, s.path, s.search_tier, NULL::text AS role, n.id AS node_id, n.name,
                   h.id AS share_id, h.grantee_scope_id, h.permission::text AS permission, h.granted_by, h.expires_at
              FROM shares h
              JOIN sub_organizations n ON n.enterprise_id = h.enterprise_id AND n.id = h.context_id
              JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id AND s.kind = 'context'
             WHERE h.enterprise_id = $1 AND h.context_id IS NOT NULL AND h.revoked_at IS NULL
               AND (h.expires_at IS NULL OR h.expires_at > $2) AND h.grantee_scope_id = ANY ($3) AND s.id <> ALL ($3)
             ORDER BY n.id, h.permission DESC, h.expires_at DESC NULLS FIRST, h.id";
        let scopes: Vec<i64> = self.scopes().iter().map(|scope| scope.id.0).collect();
        let rows = tx.query(LIST, &[&self.enterprise_id().uuid(), &self.request().at, &scopes]).await?;
        rows.iter().map(|row| Ok((ReadableScope::try_from(row)?, self.lending(row)))).collect()
    }

    fn lending(&self, row: &Row) -> Lending {
        let with = self.scope(ScopeId(row.get("grantee_scope_id")));
        Lending {
            share_id: ShareId(row.get("share_id")),
            with: with.map(ReadableScope::label).unwrap_or_default(),
            with_name: with.and_then(|scope| scope.name.clone()),
            permission: row.get("permission"),
            granted_by: UserId(row.get("granted_by")),
            expires_at: row.get("expires_at"),
        }
    }

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
