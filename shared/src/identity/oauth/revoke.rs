//! Revocation (RFC 7009): an application gives its tokens back. Revoking either token ends the whole grant, because an
//! application that discards one does not need the other.

use secrecy::{ExposeSecret as _, SecretString};

use super::clients::Holder;
use super::grants::store;
use super::introspect::{account_claims, grant_of};
use super::{Code, OAuthError, Result};
use crate::access::RequestInfo;
use crate::audit::{self, Entry};
use crate::identity::{Identity, sessions};
use crate::ids::SessionId;

impl Identity {
    /// Ends the grant of a token that this application holds. Any other token is ignored. A service account's own
    /// tokens stand for its key and end with it.
    pub async fn revoke_token(
        &self,
        request: &RequestInfo,
        holder: &Holder,
        token: &SecretString,
    ) -> Result<()> {
        let client = match holder {
            Holder::Client(client) => client,
            Holder::Account(account) => {
                return match account_claims(self, request, account, token).await? {
                    None => Ok(()),
                    Some(_) => {
                        let what =
                            "this token ends within a quarter of an hour, or with its API key: revoke that";
                        Err(OAuthError::new(Code::UnsupportedTokenType, what))
                    }
                };
            }
        };
        let Some(grant) = grant_of(self, request, token.expose_secret()).await? else { return Ok(()) };
        let tx = self.gate().sign_in("oauth_grant.revoke").await?;
        let holder = store::holder(&tx, grant, request.at).await?;
        let Some(holder) = holder.filter(|holder| holder.client == client.id) else { return Ok(()) };
        let session = SessionId(grant.uuid());
        if sessions::revoke_one(&tx, holder.enterprise, session, "application_logout", request.at).await? {
            let entry = Entry::new("application.logout", grant);
            audit::record_sign_in(&tx, request, holder.enterprise, Some(holder.user), entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
