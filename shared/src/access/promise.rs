//! Background work on behalf of a user who is no longer connected: it may do what that user may do at the time it runs,
//! as long as their account exists.

use std::sync::Arc;

use uuid::Uuid;

use super::context::Epochs;
use super::scopes::Scopes;
use super::{AuthContext, Classification, Gate, Method, RequestInfo};
use crate::db::StoreError;
use crate::ids::{EnterpriseId, RequestId, UserId};

/// A user on whose behalf background work runs.
#[derive(Debug, Clone)]
pub struct Promiser {
    /// The user as a caller, with their present authority.
    pub caller: AuthContext,
    /// Whether their account is active.
    pub active: bool,
}

impl Gate {
    /// Returns the user who requested a piece of work; `None` if the account no longer exists.
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
            policy: None,
            // These were read before any lock is held, so nil epochs force a check for authority lost since. An
            // inactive user gets no check: their work can only be ended.
            epochs: active.then_some(Epochs { tree: Uuid::nil(), access: Uuid::nil() }),
            presumption: None,
            simulated: false,
        };
        Ok(Some(Promiser { caller, active }))
    }
}
