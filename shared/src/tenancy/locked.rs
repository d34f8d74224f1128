//! One lock per tenant: anything that changes the tree, its members or the status of accounts takes it first.
//!
//! It is the only lock that such changes wait for, always the first, and held until the transaction ends. So they
//! cannot deadlock with each other, two moves cannot create a cycle, and the last two owners cannot demote one another.
//! Reading, remembering and recalling never wait for it. Changes to one tenant are rare and take milliseconds; those of
//! different tenants run in parallel.

use std::ops::Deref;

use crate::access::{ReadableScope, TenantTx};
use crate::db::{StoreError, Tx};
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, ScopeId};

/// Waits until nobody else changes this tenant's tree or members, and prevents such changes until the transaction ends;
/// for sign-in. A caller's transaction uses [`Locked`].
pub async fn lock(tx: &Tx, enterprise: EnterpriseId) -> Result<(), StoreError> {
    // An advisory lock, because a row lock would need the privilege to update the row, which sign-in does not have.
    const LOCK: &str = "-- tenancy.lock
        SELECT pg_advisory_xact_lock(hashtextextended('tenancy ' || $1::uuid, 0))";
    tx.query_one(LOCK, &[&enterprise.uuid()]).await.map(drop)
}

/// A caller's transaction that holds the lock. Statements that change the tree or its members require this type.
pub(super) struct Locked<'t, 'c>(&'t TenantTx<'c>);

impl<'t, 'c> Locked<'t, 'c> {
    pub(super) async fn take(tx: &'t TenantTx<'c>) -> Result<Self, StoreError> {
        tx.lock_tenant().await?;
        Ok(Self(tx))
    }

    /// Returns a scope as it is now, with the caller's present role on it. What was known when the request began may
    /// have been moved or deleted while it waited for the lock.
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
        // A role does not count outside of what a restricted key reaches.
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
