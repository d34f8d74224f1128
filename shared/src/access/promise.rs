//! Work that goes on without whoever asked for it: on their behalf, as long as they are there, with what they may do then.

use std::sync::Arc;

use uuid::Uuid;

use super::context::Epochs;
use super::scopes::Scopes;
use super::{AuthContext, Classification, Gate, Method, RequestInfo};
use crate::db::StoreError;
use crate::ids::{EnterpriseId, RequestId, UserId};

/// Somebody who promised work.
#[derive(Debug, Clone)]
pub struct Promiser {
    /// What they are as a caller, now.
    pub caller: AuthContext,
    /// Whether their account is still in use.
    pub active: bool,
}

impl Gate {
    /// Whoever promised a piece of work; none if there is no such account any more.
    pub async fn on_behalf(
        &self,
        enterprise: EnterpriseId,
        user: UserId,
        work: Uuid,
    ) -> Result<Option<Promiser>, StoreError> {
        const ON_BEHALF: &str = "-- access.on_behalf
            SELECT email, service, active, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
              FROM mem0.on_behalf($1, $2)";
        let rows =
            self.db.query_alone("access.on_behalf", ON_BEHALF, &[&enterprise.uuid(), &user.uuid()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let request =
            RequestInfo { id: RequestId::generate(), at: self.clock.now(), ip: None, user_agent: None };
        let active: bool = row.get("active");
        let caller = AuthContext {
            enterprise,
            user,
            email: row.get("email"),
            method: Method::Promise(work),
            request,
            ceiling: Classification::Restricted,
            service: row.get("service"),
            withheld: Vec::new(),
            scopes: Arc::new(Scopes::from_row(row)?.unwrap_or_default()),
            within: None,
            // Read before there is a lock, so whatever is lost meanwhile counts. Who left is only told how it ended.
            epochs: active.then_some(Epochs { tree: Uuid::nil(), access: Uuid::nil() }),
            simulated: false,
        };
        Ok(Some(Promiser { caller, active }))
    }
}
