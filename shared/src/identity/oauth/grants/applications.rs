//! A user's view of the applications that may act for them, and revoking them.

use super::{ApplicationView, store};
use crate::access::AuthContext;
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::identity::{Identity, sessions};
use crate::ids::{GrantId, SessionId};
use crate::page::{Cursor, List, QueryHash};

impl Identity {
    /// Lists the caller's applications that may still act for them, newest first.
    pub async fn applications(
        &self,
        caller: &AuthContext,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<ApplicationView>> {
        caller.session()?;
        let query = QueryHash::of(&["applications"]);
        let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
        let tx = self.gate().sign_in("application.list").await?;
        let mut results = store::list(&tx, caller, after, limit + 1).await?;
        tx.commit().await?;
        let place = |view: &ApplicationView| Cursor { created_at: view.created_at, id: view.id.uuid() };
        let next = Cursor::cut(&mut results, limit, &query, place);
        Ok(List { results, next })
    }

    /// Returns the name of an application that the caller has removed; `None` if it still may act for them, or never
    /// might.
    pub async fn removed_application(&self, caller: &AuthContext, grant: GrantId) -> Result<Option<String>> {
        caller.session()?;
        let tx = self.gate().sign_in("application.removed").await?;
        let removed = store::removed(&tx, caller, grant).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Revokes a grant to an application; its tokens are refused from the next request on. Repeating it changes
    /// nothing.
    pub async fn revoke_application(&self, caller: &AuthContext, grant: GrantId) -> Result<()> {
        caller.session()?;
        let tx = self.gate().sign_in("application.revoke").await?;
        if !store::is_of(&tx, caller, grant).await? {
            return Err(Error::NotFound { what: "application" });
        }
        if sessions::end_one(&tx, caller, SessionId(grant.uuid()), "application_revoked").await? {
            audit::record_as(&tx, caller, Entry::new("application.revoke", grant)).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
