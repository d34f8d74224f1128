//! Exchanging a refresh token.

use secrecy::SecretString;

use super::{GRACE, RefreshToken, store};
use crate::access::RequestInfo;
use crate::error::{Result, Unauthenticated};
use crate::identity::Identity;
use crate::identity::sessions::{self, SignedIn};
use crate::identity::throttle::{self, Bucket};
use crate::telemetry;

impl Identity {
    /// Exchanges a refresh token for its successor and a new access token.
    ///
    /// However many requests bring the same token at the same time, they wait for each other on its row and all get the
    /// same successor. An exchange is not recorded in the audit log: it changes nobody's rights, and the session's start
    /// and end are there.
    pub async fn refresh(&self, request: &RequestInfo, token: SecretString) -> Result<SignedIn> {
        let (now, token) = (request.at, RefreshToken(token));
        let key = self.signing_keys().current(now).await?;
        let tx = self.gate().sign_in("refresh_token.exchange").await?;
        let Some(found) = store::lock(&tx, &token.hash()).await? else {
            let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], now).await?;
            tx.commit().await?;
            attempt.admitted()?;
            return Err(Unauthenticated::Invalid.into());
        };
        if found.ended {
            return Err(Unauthenticated::Invalid.into());
        }
        let successor = token.successor(&found.successor_salt)?;
        match found.rotated_at {
            Some(rotated_at) if now - rotated_at > GRACE => {
                sessions::revoke_family(&tx, request, &found.family).await?;
                tx.commit().await?;
                return Err(Unauthenticated::Invalid.into());
            }
            // The same exchange again.
            Some(_) => {}
            None if found.expires_at <= now => return Err(Unauthenticated::Expired.into()),
            None => {
                let new = store::NewToken::new(&successor, &found.family, now)?;
                store::rotate(&tx, &found, &new).await?;
            }
        }
        let (access_token, expires_in) = key.issue(self.gate().issuer(), &found.family, now)?;
        tx.commit().await?;
        telemetry::authenticated(found.family.enterprise, found.family.user);
        Ok(SignedIn { access_token, expires_in, refresh_token: successor.0, account: found.account })
    }
}
