//! The audit log: who did what, written in the transaction that did it.
//!
//! Rows are appended and never changed; the schema refuses anything else.

use serde_json::Value;

use crate::access::{AuthContext, IdentityTx, RequestInfo, TenantTx};
use crate::db::{StoreError, Tx};
use crate::ids::{AuditId, EnterpriseId, ScopeId, UserId};

/// What happened. Details never hold memory text, tokens or passwords.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The verb, dotted: `memory.remember`.
    pub action: &'static str,
    /// What it was done to, a printed id.
    pub target: Option<String>,
    /// Where, if it happened in one scope.
    pub scope: Option<ScopeId>,
    /// Whatever else a reader of the log needs.
    pub details: Value,
    /// Whether it was refused.
    pub denied: bool,
}

impl Entry {
    /// An entry without details.
    pub fn new(action: &'static str, target: impl ToString) -> Self {
        Self {
            action,
            target: Some(target.to_string()),
            scope: None,
            details: Value::Object(Default::default()),
            denied: false,
        }
    }

    /// Names the scope in which it happened.
    #[must_use]
    pub fn within(mut self, scope: ScopeId) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Says that it was refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.denied = true;
        self
    }

    /// Adds details.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// Records what the transaction's caller does.
pub async fn record(tx: &TenantTx<'_>, entry: Entry) -> Result<(), StoreError> {
    insert(tx, Actor::caller(tx.caller()), tx.caller().request(), entry).await
}

/// Records what a caller does to accounts and credentials.
pub async fn record_as(tx: &IdentityTx, caller: &AuthContext, entry: Entry) -> Result<(), StoreError> {
    insert(tx, Actor::caller(caller), caller.request(), entry).await
}

/// Records what sign-in does for an account, before there is a caller.
pub async fn record_sign_in(
    tx: &IdentityTx,
    request: &RequestInfo,
    enterprise: EnterpriseId,
    user: Option<UserId>,
    entry: Entry,
) -> Result<(), StoreError> {
    insert(tx, Actor { enterprise, user, method: "none" }, request, entry).await
}

/// Who did it.
struct Actor {
    enterprise: EnterpriseId,
    user: Option<UserId>,
    method: &'static str,
}

impl Actor {
    fn caller(caller: &AuthContext) -> Self {
        let method = caller.method().name();
        Self { enterprise: caller.enterprise_id(), user: Some(caller.user_id()), method }
    }
}

async fn insert(tx: &Tx, actor: Actor, request: &RequestInfo, entry: Entry) -> Result<(), StoreError> {
    const INSERT: &str = "-- audit.insert
        INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, action, target, scope_id, outcome,
                               request_id, ip, user_agent, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    tx.execute(
        INSERT,
        &[
            &actor.enterprise.uuid(),
            &AuditId::generate().uuid(),
            &request.at,
            &actor.user.map(UserId::uuid),
            &actor.method,
            &entry.action,
            &entry.target,
            &entry.scope.map(|scope| scope.0),
            &if entry.denied { "denied" } else { "success" },
            &request.id.uuid(),
            &request.ip,
            &request.user_agent,
            &entry.details,
        ],
    )
    .await
    .map(drop)
}
