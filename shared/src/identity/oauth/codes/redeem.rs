//! Exchanging a code for tokens.

use secrecy::SecretString;

use super::{hash, store};
use crate::access::RequestInfo;
use crate::identity::oauth::clients::{self, Client, GrantType};
use crate::identity::oauth::grants::{Issued, NewGrant};
use crate::identity::oauth::{Code, OAuthError, Result, pkce, resource};
use crate::identity::throttle::{self, Bucket};
use crate::identity::{Identity, accounts, sessions};

/// A code, and the proof that the right application presents it.
#[derive(Debug)]
pub struct Redemption {
    /// `m0ac_…`.
    pub code: SecretString,
    /// The code verifier, which hashes to the challenge of the request.
    pub verifier: Option<String>,
    /// As in the request; optional in OAuth 2.1.
    pub redirect_uri: Option<String>,
    /// As in the request, or empty.
    pub resources: Vec<String>,
}

impl Identity {
    /// Issues the first tokens of a new grant. A code that is presented twice is in two hands, so the grant it was
    /// exchanged for ends.
    pub async fn redeem(&self, request: &RequestInfo, client: &Client, given: Redemption) -> Result<Issued> {
        let refuse = |what: &str| Err(OAuthError::new(Code::InvalidGrant, what));
        client.may_use(GrantType::AuthorizationCode)?;
        let now = request.at;
        let key = self.signing_keys().current(now).await?;
        let tx = self.gate().sign_in("oauth_code.redeem").await?;
        let code = hash(&given.code);
        // The account is locked before the code, in the order of everything that ends codes.
        let holder = store::holder(&tx, &code).await?;
        let active = match holder {
            Some(user) => accounts::lock_active(&tx, user, None).await?,
            None => false,
        };
        let found = store::lock(&tx, &code).await?.filter(|_| active);
        let Some(found) = found.filter(|found| found.client_id == client.id) else {
            let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], now).await?;
            tx.commit().await?;
            attempt.admitted()?;
            return refuse("the code is not valid");
        };
        if found.redeemed_at.is_some() {
            if let Some(family) = found.family() {
                sessions::revoke_code(&tx, request, &family).await?;
                tx.commit().await?;
            }
            return refuse("the code was used before; what it was exchanged for has ended");
        }
        if found.expires_at <= now {
            return refuse("the code has expired");
        }
        if given.redirect_uri.is_some_and(|uri| uri != found.redirect_uri) {
            return refuse("redirect_uri is not that of the authorization request");
        }
        match given.verifier {
            None => return Err(OAuthError::new(Code::InvalidRequest, "code_verifier is missing")),
            Some(verifier) if !pkce::verifies(&verifier, &found.challenge) => {
                // It is in other hands than those that began the request.
                store::delete(&tx, &found).await?;
                tx.commit().await?;
                return refuse("code_verifier does not fit the code_challenge; the code has ended");
            }
            Some(_) => {}
        }
        let audience = resource::narrow(self.gate().issuer(), &found.resource, &given.resources)?;
        let grant = NewGrant {
            enterprise: found.enterprise,
            user: found.user,
            client_id: &client.id,
            client_name: &client.name,
            kind: "authorization_code",
            scopes: &found.scopes,
            resource: &audience,
            redirect_uri: Some(&found.redirect_uri),
            provider: None,
            refreshable: client.grant_types.contains(&GrantType::RefreshToken),
        };
        let started = self.start_grant(&tx, request, &grant, &key).await;
        let (id, issued) = match started {
            Err(OAuthError::Failed(error)) => return Err(OAuthError::of_grant(error, "code")),
            started => started?,
        };
        store::redeemed(&tx, &found, id, now).await?;
        clients::used(&tx, client, request).await?;
        tx.commit().await?;
        Ok(issued)
    }
}
