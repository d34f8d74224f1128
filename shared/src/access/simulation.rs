//! Another user's authority, for answering questions about it.
//!
//! A simulation is a caller like any other, so whatever decides about callers decides about it. But no transaction
//! begins in its name, so nothing is read or written as another user.

use std::sync::Arc;

use uuid::Uuid;

use super::scopes::Scopes;
use super::{ApiKeyVerb, AuthContext, Classification, Method, TenantTx};
use crate::db::StoreError;
use crate::ids::{ApiKeyId, ScopeId, SessionId, UserId};

/// A user, as if they were making a request now from a login session.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// The user as a caller.
    pub caller: AuthContext,
    /// Whether their account is active.
    pub active: bool,
}

impl Simulation {
    /// Returns a user of the tenant of the transaction's caller; `None` if there is no such account.
    pub async fn of(tx: &TenantTx<'_>, user: UserId) -> Result<Option<Self>, StoreError> {
        const SIMULATE: &str = "-- access.simulate
            SELECT u.email, u.kind = 'service' AS service, u.status = 'active' AS active,
                   x.scope_ids, x.kinds, x.parents, x.held_on, x.held_as, x.named_ids, x.node_ids, x.names
              FROM users u
              CROSS JOIN LATERAL mem0.readable_scopes(u.enterprise_id, u.id, u.scope_id) x
             WHERE u.enterprise_id = $1 AND u.id = $2";
        let asker = tx.caller();
        let enterprise = asker.enterprise_id();
        let Some(row) = tx.query_opt(SIMULATE, &[&enterprise.uuid(), &user.uuid()]).await? else {
            return Ok(None);
        };
        let caller = AuthContext {
            user,
            email: row.get("email"),
            method: Method::Session(SessionId(Uuid::nil())),
            service: row.get("service"),
            scopes: Arc::new(Scopes::from_row(&row)?.unwrap_or_default()),
            ceiling: Classification::Restricted,
            withheld: Vec::new(),
            within: None,
            simulated: true,
            ..asker.clone()
        };
        Ok(Some(Self { caller, active: row.get("active") }))
    }

    /// The same user through a credential that is restricted to these scopes and what is below them.
    #[must_use]
    pub fn within(&self, roots: &[ScopeId]) -> Self {
        let scopes = Arc::new(self.caller.scopes.within(roots));
        let caller = AuthContext { scopes, within: Some(roots.to_vec()), ..self.caller.clone() };
        Self { caller, active: self.active }
    }

    /// The same user through a credential with this ceiling.
    #[must_use]
    pub fn below(&self, ceiling: Classification) -> Self {
        Self { caller: self.caller.clone().below(ceiling), active: self.active }
    }

    /// The same user through one of their API keys, with all its restrictions.
    #[must_use]
    pub fn through(
        &self,
        key: ApiKeyId,
        verbs: &[ApiKeyVerb],
        within: Option<&[ScopeId]>,
        ceiling: Option<Classification>,
    ) -> Self {
        let narrowed = within.map_or_else(|| self.clone(), |roots| self.within(roots));
        let caller = AuthContext { method: Method::ApiKey(key, verbs.to_vec()), ..narrowed.caller };
        let caller = match ceiling {
            Some(ceiling) => caller.below(ceiling),
            None => caller,
        };
        Self { caller, active: self.active }
    }
}
