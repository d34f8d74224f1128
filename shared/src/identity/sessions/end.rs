//! Ending and listing sessions. A session's refresh tokens end with it; its access tokens are refused from the next
//! request on.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{SessionView, store};
use crate::access::{AuthContext, IdentityTx, RequestInfo};
use crate::audit::{self, Entry};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::identity::refresh_tokens::Family;
use crate::ids::{EnterpriseId, SessionId};
use crate::page::{Cursor, List, QueryHash};

impl Identity {
    /// Ends the caller's session.
    pub async fn logout(&self, caller: &AuthContext) -> Result<()> {
        let session = caller.session()?;
        let tx = self.gate().sign_in("session.logout").await?;
        if store::end(&tx, caller, session, "logout").await? {
            audit::record_as(&tx, caller, Entry::new("session.end", session)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Ends every session of the caller, including this one. API keys remain valid.
    pub async fn logout_everywhere(&self, caller: &AuthContext) -> Result<()> {
        caller.session()?;
        let tx = self.gate().sign_in("session.logout_everywhere").await?;
        let ended = store::end_all(&tx, caller, None, "logout_everywhere").await?;
        let entry = Entry::new("session.end_all", caller.user_id()).with(json!({ "sessions": ended }));
        audit::record_as(&tx, caller, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lists the caller's sessions that have not ended, newest first.
    pub async fn sessions(
        &self,
        caller: &AuthContext,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<SessionView>> {
        let current = caller.session()?;
        let query = QueryHash::of(&["sessions"]);
        let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
        let tx = self.gate().sign_in("session.list").await?;
        let mut results = store::list(&tx, caller, current, after, limit + 1).await?;
        tx.commit().await?;
        let place = |session: &SessionView| Cursor { created_at: session.created_at, id: session.id.uuid() };
        let next = Cursor::cut(&mut results, limit, &query, place);
        Ok(List { results, next })
    }

    /// Ends one of the caller's sessions. Repeating it changes nothing.
    pub async fn end_session(&self, caller: &AuthContext, session: SessionId) -> Result<()> {
        caller.session()?;
        let tx = self.gate().sign_in("session.end").await?;
        if store::end(&tx, caller, session, "ended_by_owner").await? {
            audit::record_as(&tx, caller, Entry::new("session.end", session)).await?;
        } else if !store::exists(&tx, caller, session).await? {
            return Err(Error::NotFound { what: "session" });
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Ends every session of the caller but one.
pub(in crate::identity) async fn end_others(
    tx: &IdentityTx,
    caller: &AuthContext,
    kept: SessionId,
) -> Result<u64, StoreError> {
    store::end_all(tx, caller, Some(kept), "password_changed").await
}

/// Ends one of the caller's sessions; returns false if there is none or it has already ended.
pub(in crate::identity) async fn end_one(
    tx: &IdentityTx,
    caller: &AuthContext,
    session: SessionId,
    reason: &str,
) -> Result<bool, StoreError> {
    store::end(tx, caller, session, reason).await
}

/// Ends a session on behalf of the holder of its tokens; returns false if it has already ended.
pub(in crate::identity) async fn revoke_one(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    session: SessionId,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    store::revoke(tx, enterprise, session, reason, at).await
}

/// Ends a session because its authorization code was presented again: the code is in two hands.
pub(in crate::identity) async fn revoke_code(
    tx: &IdentityTx,
    request: &RequestInfo,
    family: &Family,
) -> Result<(), StoreError> {
    if store::revoke(tx, family.enterprise, family.session, "authorization_code_reuse", request.at).await? {
        let entry = Entry::new("session.authorization_code_reuse", family.session).refused();
        audit::record_sign_in(tx, request, family.enterprise, Some(family.user), entry).await?;
    }
    Ok(())
}

/// Ends a session because one of its refresh tokens was used again after its exchange: the token is in two hands.
pub(in crate::identity) async fn revoke_family(
    tx: &IdentityTx,
    request: &RequestInfo,
    family: &Family,
) -> Result<(), StoreError> {
    if store::revoke(tx, family.enterprise, family.session, "refresh_token_reuse", request.at).await? {
        let entry = Entry::new("session.refresh_token_reuse", family.session).refused();
        audit::record_sign_in(tx, request, family.enterprise, Some(family.user), entry).await?;
    }
    Ok(())
}
