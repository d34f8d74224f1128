//! Client credentials (RFC 6749 section 4.4): a service account gets a token for itself.
//!
//! The `client_id` is the account's id, and the `client_secret` one of its API keys. The token stands for that key: it
//! is valid for as long as the key is, sees what the key sees, and lasts a quarter of an hour. Its purpose is to hand
//! part of the key's powers to something that should not hold the key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;

use super::clients::Credentials;
use super::grants::Issued;
use super::{Code, OAuthError, Result, resource, scope};
use crate::access::{AuthContext, Credential, Method, Proof, RequestInfo, SecretHash};
use crate::error::Error;
use crate::identity::Identity;
use crate::identity::refresh_tokens::{Family, IDLE};
use crate::identity::signing_keys::{ACCESS_TOKEN_LIFETIME, Terms};
use crate::identity::throttle::{self, Bucket};
use crate::ids::{SessionId, UserId};

impl Identity {
    /// Authenticates the service account that sends a request.
    pub async fn authenticate_account(
        &self,
        request: &RequestInfo,
        given: &Credentials,
    ) -> Result<AuthContext> {
        let (Some(id), Some(secret)) = (&given.id, &given.secret) else { return Err(wrong()) };
        let account = id.parse::<UserId>().map_err(|_| wrong())?;
        let key = Credential::ApiKey(secret.clone());
        let caller = match self.gate().authenticate(&key, request.clone()).await {
            Ok(caller) => Some(caller).filter(|it| it.user_id() == account && it.is_service()),
            Err(Error::Unauthenticated(_)) => None,
            Err(error) => return Err(error.into()),
        };
        if caller.is_none() {
            let tx = self.gate().sign_in("oauth_client.failure").await?;
            let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], request.at).await?;
            tx.commit().await?;
            attempt.admitted()?;
            let proof = Proof::ApiKey(SecretHash::of(secret.expose_secret()));
            self.gate().note_refused(proof, request).await;
        }
        caller.ok_or_else(wrong)
    }

    /// Issues a token for a service account.
    pub async fn account_token(
        &self,
        request: &RequestInfo,
        given: &Credentials,
        asked: Option<&str>,
        resources: &[String],
    ) -> Result<Issued> {
        let Credentials { secret: Some(secret), .. } = given else { return Err(wrong()) };
        let caller = self.authenticate_account(request, given).await?;
        let Method::ApiKey(id, verbs) = caller.method() else { return Err(wrong()) };
        let scopes = scope::narrow(verbs, asked)?;
        let audience = resource::audience(self.gate().issuer(), resources)?;
        let family = Family {
            enterprise: caller.enterprise_id(),
            user: caller.user_id(),
            session: SessionId(id.uuid()),
            ends_at: request.at + ACCESS_TOKEN_LIFETIME,
            idle: IDLE,
        };
        let hash = SecretHash::of(secret.expose_secret());
        let client = caller.user_id().to_string();
        let terms = Terms {
            audience: &audience,
            client: &client,
            scope: Some(scope::print(&scopes)),
            key: Some(URL_SAFE_NO_PAD.encode(hash.as_bytes())),
        };
        let signing = self.signing_keys().current(request.at).await?;
        let (access_token, expires_in) =
            signing.issue_on(terms, self.gate().issuer(), &family, request.at)?;
        Ok(Issued { access_token, expires_in, refresh_token: None, scopes })
    }
}

fn wrong() -> OAuthError {
    let what = "client_id must be a service account, client_secret an API key of it";
    OAuthError::new(Code::InvalidClient, what)
}
