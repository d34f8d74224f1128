//! Introspection (RFC 7662): what a token is good for, told to the application that holds it. Of all others it says only
//! that they are not active.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::clients::{Client, Holder};
use super::grants::store;
use super::{Code, OAuthError, Result, scope};
use crate::access::{AccessClaims, AuthContext, Credential, MCP, RequestInfo, SecretHash};
use crate::error::Error;
use crate::identity::{Identity, refresh_tokens};
use crate::ids::{GrantId, UserId};

/// An answer: [`Introspection::default`] is that of every token that there is nothing to say about.
#[derive(Debug, Default, Serialize)]
pub struct Introspection {
    /// Whether it would be let in now.
    pub active: bool,
    /// What it is for, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Who holds it.
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
    /// Whose behalf it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<UserId>,
    /// Where it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
}

impl Identity {
    /// What a token is good for. Who is only named is told nothing (RFC 7662 section 2.1).
    pub async fn introspect(
        &self,
        request: &RequestInfo,
        holder: &Holder,
        token: &SecretString,
    ) -> Result<Introspection> {
        match holder {
            Holder::Account(account) => self.introspect_own(request, account, token).await,
            Holder::Client(client) if client.is_public() => {
                let what = "a public application cannot ask: it proves by nothing who it is";
                Err(OAuthError::new(Code::InvalidClient, what))
            }
            Holder::Client(client) => self.introspect_grant(request, client, token).await,
        }
    }

    /// What a service account's token is good for: as long as it is let in.
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

/// What a token says that a service account got for itself; none if it is no such token.
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

/// The grant that a token of either kind belongs to; none if it is no token of ours or is too old.
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
