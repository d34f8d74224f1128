//! The audit log: who did what, written in the transaction that did it.
//!
//! Rows are appended and never changed; the schema refuses anything else.

use serde_json::Value;

use crate::access::{IdentityTx, RequestInfo, TenantTx};
use crate::db::StoreError;
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
}

impl Entry {
    /// An entry without details.
    pub fn new(action: &'static str, target: impl ToString) -> Self {
        Self {
            action,
            target: Some(target.to_string()),
            scope: None,
            details: Value::Object(Default::default()),
        }
    }

    /// Names the scope in which it happened.
    #[must_use]
    pub fn within(mut self, scope: ScopeId) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Adds details.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

const INSERT: &str = "-- audit.insert
    INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, action, target, scope_id, request_id, ip,
                           user_agent, details)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Records what the transaction's caller does.
pub async fn record(tx: &TenantTx<'_>, entry: Entry) -> Result<(), StoreError> {
    let caller = tx.caller();
    let request = caller.request();
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &AuditId::generate().uuid(),
            &request.at,
            &Some(caller.user_id().uuid()),
            &caller.method().name(),
            &entry.action,
            &entry.target,
            &entry.scope.map(|scope| scope.0),
            &request.id.uuid(),
            &request.ip,
            &request.user_agent,
            &entry.details,
        ],
    )
    .await
    .map(drop)
}

/// Records what sign-in does for an account, before there is a caller.
pub async fn record_sign_in(
    tx: &IdentityTx,
    request: &RequestInfo,
    enterprise: EnterpriseId,
    user: Option<UserId>,
    entry: Entry,
) -> Result<(), StoreError> {
    tx.execute(
        INSERT,
        &[
            &enterprise.uuid(),
            &AuditId::generate().uuid(),
            &request.at,
            &user.map(UserId::uuid),
            &"none",
            &entry.action,
            &entry.target,
            &entry.scope.map(|scope| scope.0),
            &request.id.uuid(),
            &request.ip,
            &request.user_agent,
            &entry.details,
        ],
    )
    .await
    .map(drop)
}
