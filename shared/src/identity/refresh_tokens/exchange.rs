//! Exchanging a refresh token.

use secrecy::SecretString;

use super::{Family, GRACE, Granted, RefreshToken, store};
use crate::access::RequestInfo;
use crate::db::StoreError;
use crate::error::{Error, Result, Unauthenticated};
use crate::identity::Identity;
use crate::identity::accounts::AccountView;
use crate::identity::sessions::{self, SignedIn};
use crate::identity::throttle::{self, Bucket};
use crate::telemetry;

/// The result of an exchange.
pub(in crate::identity) struct Exchanged<T> {
    pub(in crate::identity) family: Family,
    pub(in crate::identity) account: AccountView,
    pub(in crate::identity) successor: SecretString,
    /// The result of checking the terms.
    pub(in crate::identity) terms: T,
}

impl Identity {
    /// Exchanges a login's refresh token for its successor and a new access token.
    pub async fn refresh(&self, request: &RequestInfo, token: SecretString) -> Result<SignedIn> {
        let key = self.signing_keys().current(request.at).await?;
        let exchanged = self.exchange(request, token, None, |_| Ok::<_, Error>(())).await?;
        let Exchanged { family, account, successor, .. } = exchanged;
        let (access_token, expires_in) = key.issue(self.gate().issuer(), &family, request.at)?;
        Ok(SignedIn { access_token, expires_in, refresh_token: successor, account, session: family.session })
    }

    /// Exchanges a refresh token that this application holds, or one of a login if no application is given: in other
    /// hands it is worthless.
    ///
    /// Concurrent requests with the same token wait for each other on its row, and all get the same successor. `terms`
    /// checks the grant before anything is exchanged, so a request that it refuses does not cost its token. Exchanges
    /// are not recorded in the audit log: they change nobody's rights, and the session's start and end are recorded.
    pub(in crate::identity) async fn exchange<T, E: From<Error> + From<StoreError>>(
        &self,
        request: &RequestInfo,
        token: SecretString,
        client: Option<&str>,
        terms: impl FnOnce(Option<&Granted>) -> Result<T, E>,
    ) -> Result<Exchanged<T>, E> {
        let refuse = |why: Unauthenticated| Err(Error::from(why).into());
        let (now, token) = (request.at, RefreshToken(token));
        let tx = self.gate().sign_in("refresh_token.exchange").await?;
        let found = store::lock(&tx, &token.hash()).await?;
        let holder = |found: &store::Found| found.granted.as_ref().map(|granted| granted.client.clone());
        let Some(found) = found.filter(|found| holder(found).as_deref() == client) else {
            let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], now).await?;
            tx.commit().await?;
            attempt.admitted()?;
            return refuse(Unauthenticated::Invalid);
        };
        if found.ended {
            return refuse(Unauthenticated::Invalid);
        }
        match found.rotated_at {
            Some(rotated_at) if now - rotated_at > GRACE => {
                sessions::revoke_family(&tx, request, &found.family).await?;
                tx.commit().await?;
                return refuse(Unauthenticated::Invalid);
            }
            None if found.expires_at <= now || found.family.ends_at <= now => {
                return refuse(Unauthenticated::Expired);
            }
            _ => {}
        }
        let terms = terms(found.granted.as_ref())?;
        let successor = token.successor(&found.successor_salt)?;
        // Otherwise the exchange is a repetition.
        if found.rotated_at.is_none() {
            let new = store::NewToken::new(&successor, &found.family, now)?;
            store::rotate(&tx, &found, &new).await?;
        }
        tx.commit().await?;
        telemetry::authenticated(found.family.enterprise, found.family.user);
        Ok(Exchanged { family: found.family, account: found.account, successor: successor.0, terms })
    }
}
