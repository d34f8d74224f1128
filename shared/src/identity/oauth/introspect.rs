//! Introspection (RFC 7662): tells an application about the tokens it holds. All other tokens are reported as not
//! active.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::clients::{Client, Holder};
use super::grants::store;
use super::{Code, OAuthError, Result, scope};
use crate::access::{AccessClaims, AuthContext, Credential, MCP, RequestInfo, SecretHash};
use crate::error::Error;
use crate::identity::{Identity, refresh_tokens};
use crate::ids::{GrantId, UserId};

/// A response. [`Introspection::default`] is the one for every token that nothing is said about.
#[derive(Debug, Default, Serialize)]
pub struct Introspection {
    /// Whether the token would be accepted now.
    pub active: bool,
    /// Its scopes, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The application that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `Bearer`, for access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// The user on whose behalf it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<UserId>,
    /// Its audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Its issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
}

impl Identity {
    /// Returns what a token is good for. A client that does not authenticate is told nothing (RFC 7662 section 2.1).
    pub async fn introspect(
        &self,
        request: &RequestInfo,
        holder: &Holder,
        token: &SecretString,
    ) -> Result<Introspection> {
        match holder {
            Holder::Account(account) => self.introspect_own(request, account, token).await,
            Holder::Client(client) if client.is_public() => {
                let what = "a public application cannot introspect tokens, because it does not authenticate";
                Err(OAuthError::new(Code::InvalidClient, what))
            }
            Holder::Client(client) => self.introspect_grant(request, client, token).await,
        }
    }

    /// Returns what a service account's token is good for, if it would be accepted.
    async fn introspect_own(
        &self,
        request: &RequestInfo,
        account: &AuthContext,
        token: &SecretString,
    ) -> Result<Introspection> {
        let Some(claims) = account_claims(self, request, account, token).await? else {
            return Ok(Introspection::default());
        };
        let credential = Credential::AccessToken(token.clone());
        match self.gate().before(MCP).authenticate(&credential, request.clone()).await {
            Ok(_) => Ok(Introspection {
                active: true,
                scope: claims.scope,
                client_id: Some(claims.client_id),
                token_type: Some("Bearer"),
                exp: Some(claims.exp),
                iat: Some(claims.iat),
                sub: Some(claims.sub),
                aud: Some(claims.aud),
                iss: Some(claims.iss),
            }),
            Err(Error::Unauthenticated(_)) => Ok(Introspection::default()),
            Err(error) => Err(error.into()),
        }
    }

    async fn introspect_grant(
        &self,
        request: &RequestInfo,
        client: &Client,
        token: &SecretString,
    ) -> Result<Introspection> {
        let token = token.expose_secret();
        let Some(grant) = grant_of(self, request, token).await? else { return Ok(Introspection::default()) };
        let tx = self.gate().sign_in("oauth_grant.introspect").await?;
        let holder = store::holder(&tx, grant, request.at).await?;
        let refresh = refresh_tokens::unused_until(&tx, &SecretHash::of(token), request.at).await?;
        tx.commit().await?;
        let Some(holder) = holder.filter(|holder| holder.client == client.id && holder.alive) else {
            return Ok(Introspection::default());
        };
        let common = Introspection {
            active: true,
            client_id: Some(holder.client),
            sub: Some(holder.user),
            iss: Some(self.gate().issuer().to_owned()),
            ..Introspection::default()
        };
        if let Ok(claims) = self.gate().inspect(token, request).await {
            return Ok(Introspection {
                scope: claims.scope,
                token_type: Some("Bearer"),
                exp: Some(claims.exp),
                iat: Some(claims.iat),
                aud: Some(claims.aud),
                ..common
            });
        }
        Ok(match refresh {
            None => Introspection::default(),
            Some(until) => Introspection {
                scope: Some(scope::print(&holder.scopes)),
                exp: Some(until.timestamp()),
                aud: Some(holder.resource),
                ..common
            },
        })
    }
}

/// Returns the claims of a token that a service account got for itself; `None` if it is not such a token.
pub(super) async fn account_claims(
    identity: &Identity,
    request: &RequestInfo,
    account: &AuthContext,
    token: &SecretString,
) -> Result<Option<AccessClaims>> {
    match identity.gate().inspect(token.expose_secret(), request).await {
        Ok(claims) => Ok(Some(claims).filter(|claims| claims.client_id == account.user_id().to_string())),
        Err(Error::Unauthenticated(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns the grant that an access or refresh token belongs to; `None` if the token is not one of ours or is too old.
pub(super) async fn grant_of(
    identity: &Identity,
    request: &RequestInfo,
    token: &str,
) -> Result<Option<GrantId>> {
    if token.bytes().filter(|byte| *byte == b'.').count() == 2 {
        return match identity.gate().inspect(token, request).await {
            Ok(claims) => Ok(Some(GrantId(claims.sid.uuid()))),
            Err(Error::Unauthenticated(_)) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    let tx = identity.gate().sign_in("oauth_grant.of_token").await?;
    let session = refresh_tokens::session_of(&tx, &SecretHash::of(token)).await?;
    tx.commit().await?;
    Ok(session.map(|session| GrantId(session.uuid())))
}
