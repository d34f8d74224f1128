//! The device: polling for the user's decision.

use secrecy::{ExposeSecret as _, SecretString};

use super::store::{self, Decision};
use crate::access::{RequestInfo, SecretHash};
use crate::identity::oauth::clients::{self, Client, GrantType};
use crate::identity::oauth::grants::{Issued, NewGrant};
use crate::identity::oauth::{Code, OAuthError, Result};
use crate::identity::throttle::{self, Bucket};
use crate::identity::{Identity, accounts};

impl Identity {
    /// Issues the first tokens, once the user has approved.
    pub async fn poll_device(
        &self,
        request: &RequestInfo,
        client: &Client,
        code: &SecretString,
    ) -> Result<Issued> {
        client.may_use(GrantType::DeviceCode)?;
        let now = request.at;
        let key = self.signing_keys().current(now).await?;
        let tx = self.gate().sign_in("oauth_device_code.poll").await?;
        let code = SecretHash::of(code.expose_secret());
        // The account is locked before the code, in the order of everything that ends codes.
        let approver = store::approver(&tx, &code).await?;
        if let Some(user) = approver {
            accounts::lock_active(&tx, user, None).await?;
        }
        let found = store::lock(&tx, &code).await?;
        let Some(found) = found.filter(|found| found.client_id == client.id) else {
            let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], now).await?;
            tx.commit().await?;
            attempt.admitted()?;
            return Err(OAuthError::new(Code::InvalidGrant, "the device code is not valid"));
        };
        if found.redeemed {
            return Err(OAuthError::new(Code::InvalidGrant, "the device code was used before"));
        }
        if found.expires_at <= now {
            return Err(OAuthError::new(Code::ExpiredToken, "nobody agreed in time, begin again"));
        }
        let (enterprise, user) = match found.decision {
            // Approved between the two statements: the account is not locked, the next poll gets the tokens.
            Decision::Approved(..) if approver.is_none() => {
                return Err(OAuthError::new(Code::AuthorizationPending, "nobody has agreed yet"));
            }
            Decision::Waiting if found.too_soon(now) => {
                store::slow_down(&tx, &found, now).await?;
                tx.commit().await?;
                return Err(OAuthError::new(Code::SlowDown, format!("ask every {} s", found.interval + 5)));
            }
            Decision::Waiting => {
                store::polled(&tx, &found, now).await?;
                tx.commit().await?;
                return Err(OAuthError::new(Code::AuthorizationPending, "nobody has agreed yet"));
            }
            Decision::Denied => {
                return Err(OAuthError::new(
                    Code::AccessDenied,
                    "the person declined or the approval was withdrawn",
                ));
            }
            Decision::Approved(enterprise, user) => (enterprise, user),
        };
        let grant = NewGrant {
            enterprise,
            user,
            client_id: &client.id,
            client_name: &client.name,
            kind: "device_code",
            scopes: &found.scopes,
            resource: &found.resource,
            redirect_uri: None,
            provider: None,
            refreshable: client.grant_types.contains(&GrantType::RefreshToken),
        };
        let started = self.start_grant(&tx, request, &grant, &key).await;
        let (_, issued) = match started {
            Err(OAuthError::Failed(error)) => return Err(OAuthError::of_grant(error, "device code")),
            started => started?,
        };
        store::redeemed(&tx, &found, now).await?;
        clients::used(&tx, client, request).await?;
        // The user approved, so the attempt no longer counts against the address.
        throttle::take_back(&tx, &Bucket::device(request)).await?;
        tx.commit().await?;
        Ok(issued)
    }
}
