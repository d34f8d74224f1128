//! One lock for each tenant: whoever changes the tree, its members or the standing of accounts takes it first.
//!
//! It is the only lock that such changes wait for, always the first, and held until the transaction ends. So they
//! cannot deadlock with each other, two moves cannot close a cycle between them, and the last two owners cannot
//! demote one another. Reading, remembering and recalling never wait for it. Changes of one tenant are rare and take
//! milliseconds; those of different tenants run side by side.

use std::ops::Deref;

use crate::access::{ReadableScope, TenantTx};
use crate::db::{StoreError, Tx};
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, ScopeId};

/// Waits until nobody else changes this tenant's tree or members, and keeps it so until the transaction ends; for whoever signs
/// in. A caller's transaction is [`Locked`].
pub async fn lock(tx: &Tx, enterprise: EnterpriseId) -> Result<(), StoreError> {
    // Advisory, because a row lock would need the right to change the row, which sign-in has not.
    const LOCK: &str = "-- tenancy.lock
        SELECT pg_advisory_xact_lock(hashtextextended('tenancy ' || $1::uuid, 0))";
    tx.query_one(LOCK, &[&enterprise.uuid()]).await.map(drop)
}

/// A caller's transaction that holds the lock. Statements that change the tree or its members take this.
pub(super) struct Locked<'t, 'c>(&'t TenantTx<'c>);

impl<'t, 'c> Locked<'t, 'c> {
    pub(super) async fn take(tx: &'t TenantTx<'c>) -> Result<Self, StoreError> {
        tx.lock_tenant().await?;
        Ok(Self(tx))
    }

    /// A scope as it is now, with the role that the caller holds there now. What they knew when the request began
    /// may have moved or gone while they waited for the lock.
    pub(super) async fn scope(&self, id: ScopeId) -> Result<ReadableScope> {
        const SCOPE: &str = "-- scope.lookup
            SELECT s.id AS scope_id, s.kind, s.path, s.search_tier, n.id AS node_id, n.name,
                   (SELECT max(m.role)::text FROM mem0.held_roles m
                     WHERE m.enterprise_id = $1 AND m.user_id = $3 AND m.scope_id = ANY (s.path)) AS role
              FROM scopes s
              LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
             WHERE s.enterprise_id = $1 AND s.id = $2";
        let caller = self.caller();
        let parameters = (caller.enterprise_id().uuid(), caller.user_id().uuid());
        let row = self.query_opt(SCOPE, &[&parameters.0, &id.0, &parameters.1]).await?;
        let row = row.ok_or(Error::NotFound { what: "organization" })?;
        let scope = ReadableScope::try_from(&row)?;
        // A role over what a narrowed key does not reach is none.
        let role = scope.role.filter(|_| caller.reaches(&scope.path));
        Ok(ReadableScope { role, ..scope })
    }
}

impl<'c> Deref for Locked<'_, 'c> {
    type Target = TenantTx<'c>;

    fn deref(&self) -> &TenantTx<'c> {
        self.0
    }
}
