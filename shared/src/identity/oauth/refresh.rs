//! Refreshing (RFC 6749 section 6): the next pair of tokens on the same terms, or on narrower ones.

use secrecy::SecretString;

use super::clients::{self, Client, GrantType};
use super::grants::{Issued, store};
use super::{Code, OAuthError, Result, resource, scope};
use crate::access::RequestInfo;
use crate::identity::Identity;
use crate::identity::refresh_tokens::Granted;
use crate::identity::signing_keys::Terms;
use crate::ids::GrantId;

impl Identity {
    /// Exchanges an application's refresh token. Rotation, reuse detection and the grace period for retries are those
    /// of every refresh token. The terms of the grant remain, even if this access token gets less.
    pub async fn refresh_application(
        &self,
        request: &RequestInfo,
        client: &Client,
        token: SecretString,
        scope: Option<&str>,
        resources: &[String],
    ) -> Result<Issued> {
        client.may_use(GrantType::RefreshToken)?;
        let now = request.at;
        let key = self.signing_keys().current(now).await?;
        let narrowed = |granted: Option<&Granted>| {
            let ended = || OAuthError::new(Code::InvalidGrant, "the grant has ended");
            let granted = granted.ok_or_else(ended)?;
            let scopes = scope::narrow(&scope::stored(&granted.scopes), scope)?;
            Ok((scopes, resource::narrow(self.gate().issuer(), &granted.resource, resources)?))
        };
        let exchanged = self.exchange(request, token, Some(&client.id), narrowed).await;
        let exchanged = exchanged.map_err(|error| match error {
            OAuthError::Failed(error) => OAuthError::of_grant(error, "refresh token"),
            refused @ OAuthError::Refused(..) => refused,
        })?;
        let (family, (scopes, audience)) = (exchanged.family, exchanged.terms);
        let tx = self.gate().sign_in("oauth_grant.refresh").await?;
        store::used(&tx, family.enterprise, GrantId(family.session.uuid()), now).await?;
        clients::used(&tx, client, request).await?;
        tx.commit().await?;
        let terms =
            Terms { audience: &audience, client: &client.id, scope: Some(scope::print(&scopes)), key: None };
        let (access_token, expires_in) = key.issue_on(terms, self.gate().issuer(), &family, now)?;
        Ok(Issued { access_token, expires_in, refresh_token: Some(exchanged.successor), scopes })
    }
}
