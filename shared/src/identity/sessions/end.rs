//! Ending and listing sessions. A session's refresh tokens end with it; its access tokens are refused from the next
//! request on.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{SessionView, Sessions, store};
use crate::access::{AuthContext, IdentityTx, RequestInfo};
use crate::audit::{self, Entry};
use crate::db::StoreError;
use crate::error::{Error, Result, Unauthenticated};
use crate::identity::Identity;
use crate::identity::accounts;
use crate::identity::refresh_tokens::Family;
use crate::ids::{EnterpriseId, IdentityProviderId, SessionId, UserId};
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::users;

impl Identity {
    /// Ends the caller's session.
    pub async fn logout(&self, caller: &AuthContext) -> Result<()> {
        let session = caller.session()?;
        let tx = self.gate().sign_in("session.logout").await?;
        if store::end(&tx, caller, caller.user_id(), session, "logout").await? {
            audit::record_as(&tx, caller, Entry::new("session.end", session)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Ends every session of the user, including this one and those of applications, and the codes that were not
    /// exchanged for one yet. API keys remain valid.
    pub async fn end_sessions(&self, caller: &AuthContext, whose: Sessions) -> Result<()> {
        let (tx, user) = self.sessions_of(caller, whose, "session.end_all").await?;
        let at = caller.request().at;
        let reason = match whose {
            Sessions::Own => "logout_everywhere",
            Sessions::Of(_) => "ended_by_administrator",
        };
        let ended = store::end_all(&tx, (caller.enterprise_id(), user), None, reason, at).await?;
        let entry = Entry::new("session.end_all", user).with(json!({ "sessions": ended }));
        audit::record_as(&tx, caller, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lists the user's sessions that have not ended, newest first, without those of applications.
    pub async fn sessions(
        &self,
        caller: &AuthContext,
        whose: Sessions,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<SessionView>> {
        let current = caller.session()?;
        let query = match whose {
            Sessions::Own => QueryHash::of(&["sessions"]),
            Sessions::Of(user) => QueryHash::of(&["sessions", &user.to_string()]),
        };
        let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
        let (tx, user) = self.sessions_of(caller, whose, "session.list").await?;
        let mut results = store::list(&tx, caller, user, current, after, limit + 1).await?;
        if let Sessions::Of(user) = whose {
            audit::record_as(&tx, caller, Entry::new("session.list", user)).await?;
        }
        tx.commit().await?;
        let place = |session: &SessionView| Cursor { created_at: session.created_at, id: session.id.uuid() };
        let next = Cursor::cut(&mut results, limit, &query, place);
        Ok(List { results, next })
    }

    /// Ends one of the user's sessions. Repeating it changes nothing.
    pub async fn end_session(&self, caller: &AuthContext, whose: Sessions, session: SessionId) -> Result<()> {
        let (tx, user) = self.sessions_of(caller, whose, "session.end").await?;
        let reason = match whose {
            Sessions::Own => "ended_by_owner",
            Sessions::Of(_) => "ended_by_administrator",
        };
        if store::end(&tx, caller, user, session, reason).await? {
            let entry = Entry::new("session.end", session);
            let entry = if user == caller.user_id() { entry } else { entry.with(json!({ "user": user })) };
            audit::record_as(&tx, caller, entry).await?;
        } else if !store::exists(&tx, caller, user, session).await? {
            return Err(Error::NotFound { what: "session" });
        }
        tx.commit().await?;
        Ok(())
    }

    /// Begins a transaction about a user's sessions, after checking that the caller may do so.
    async fn sessions_of(
        &self,
        caller: &AuthContext,
        whose: Sessions,
        name: &'static str,
    ) -> Result<(IdentityTx, UserId)> {
        caller.session()?;
        match whose {
            Sessions::Own => Ok((self.gate().sign_in(name).await?, caller.user_id())),
            Sessions::Of(user) => {
                let tx = caller.begin(&self.gate().db, name).await?;
                users::may_administer(&tx, user).await?;
                Ok((tx.into_sign_in().await?, user))
            }
        }
    }
}

/// Ends every session of the caller but one.
pub(in crate::identity) async fn end_others(
    tx: &IdentityTx,
    caller: &AuthContext,
    kept: SessionId,
) -> Result<u64, StoreError> {
    let whose = (caller.enterprise_id(), caller.user_id());
    store::end_all(tx, whose, Some(kept), "password_changed", caller.request().at).await
}

/// Ends every session of a user who is not signed in; returns how many.
pub(in crate::identity) async fn end_all_of(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    store::end_all(tx, (enterprise, user), None, reason, at).await
}

/// Ends one of the caller's sessions; returns false if there is none or it has already ended.
pub(in crate::identity) async fn end_one(
    tx: &IdentityTx,
    caller: &AuthContext,
    session: SessionId,
    reason: &str,
) -> Result<bool, StoreError> {
    store::end(tx, caller, caller.user_id(), session, reason).await
}

/// Locks the account of a caller who agrees to something until the transaction ends, and checks that neither the account
/// nor the session has ended since the request was authenticated.
pub(in crate::identity) async fn lock_caller(tx: &IdentityTx, caller: &AuthContext) -> Result<()> {
    let session = caller.session()?;
    let alive = accounts::lock_active(tx, caller.user_id(), None).await?
        && store::is_alive(tx, caller.enterprise_id(), session, caller.request().at).await?;
    if alive { Ok(()) } else { Err(Unauthenticated::Invalid.into()) }
}

/// Ends the sessions of applications that got them by a provider's assertions; of one application, if given.
pub(in crate::identity) async fn revoke_grants_of(
    tx: &IdentityTx,
    caller: &AuthContext,
    provider: IdentityProviderId,
    client: Option<&str>,
    reason: &str,
) -> Result<u64, StoreError> {
    store::revoke_grants_of(tx, caller, provider, client, reason).await
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
