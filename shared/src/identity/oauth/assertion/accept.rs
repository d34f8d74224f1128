//! Accepting an assertion.

use secrecy::{ExposeSecret as _, SecretString};

use super::claims::{self, Claims, refuse};
use super::store::{self, Provider};
use crate::access::RequestInfo;
use crate::identity::Identity;
use crate::identity::oauth::clients::{self, Client, GrantType};
use crate::identity::oauth::grants::{Issued, NewGrant};
use crate::identity::oauth::{Code, OAuthError, Result, resource, scope, spent};
use crate::identity::throttle::{self, Bucket};

impl Identity {
    /// Issues a token for a user whom an identity provider vouches for. It cannot be refreshed: the provider must be
    /// asked again.
    pub async fn accept_assertion(
        &self,
        request: &RequestInfo,
        client: &Client,
        assertion: &SecretString,
        asked: Option<&str>,
        resources: &[String],
    ) -> Result<Issued> {
        client.may_use(GrantType::JwtBearer)?;
        if client.is_public() {
            let what = "this grant needs client authentication, and this application is public";
            return Err(OAuthError::new(Code::UnauthorizedClient, what));
        }
        let now = request.at;
        let (provider, claims) = match self.trusted(request, client, assertion.expose_secret()).await {
            Err(refused @ OAuthError::Refused(..)) => {
                let tx = self.gate().sign_in("identity_provider.failure").await?;
                let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], now).await?;
                tx.commit().await?;
                attempt.admitted()?;
                return Err(refused);
            }
            trusted => trusted?,
        };
        if claims.client_id != client.id {
            return Err(refuse("it was made for another application"));
        }
        let meant = claims.resource.clone().list();
        if meant.is_empty() {
            return Err(refuse("the claim resource is missing"));
        }
        let granted = resource::audience(self.gate().issuer(), &meant)?;
        let audience = resource::narrow(self.gate().issuer(), &granted, resources)?;
        let scopes = scope::narrow(&scope::parse(claims.scope.as_deref())?, asked)?;

        let key = self.signing_keys().current(now).await?;
        let tx = self.gate().sign_in("oauth_grant.assertion").await?;
        // Neither is removed until the grant is there to be ended with them.
        if !store::lock(&tx, &provider).await? || !clients::lock(&tx, client).await? {
            return Err(refuse("its issuer or the application was removed"));
        }
        if !spent::spend(
            &tx,
            provider.enterprise,
            "oauth.assertion",
            &format!("{} {}", provider.id, claims.jti),
            claims.once().until(now),
            now,
        )
        .await?
        {
            return Err(refuse("it was used before"));
        }
        let address = address(&provider, &claims);
        let user = store::person(&tx, &provider, &claims.sub, address, now).await?;
        let user = user
            .ok_or_else(|| refuse("it names nobody who has an account here, neither by sub nor by email"))?;
        let grant = NewGrant {
            enterprise: provider.enterprise,
            user,
            client_id: &client.id,
            client_name: &client.name,
            kind: "jwt_bearer",
            scopes: &scopes,
            resource: &audience,
            redirect_uri: None,
            provider: Some(provider.id),
            refreshable: false,
        };
        let started = self.start_grant(&tx, request, &grant, &key).await;
        let (_, issued) = match started {
            Err(OAuthError::Failed(error)) => return Err(OAuthError::of_grant(error, "account")),
            started => started?,
        };
        clients::used(&tx, client, request).await?;
        tx.commit().await?;
        Ok(issued)
    }

    /// Returns the provider that made an assertion, and its claims.
    ///
    /// Several enterprises may trust the same issuer, even with the same keys. An application that an enterprise
    /// registered decides which of them is meant. For any other it is the one that knows the user; if several do,
    /// nobody is: the token could be for the wrong one.
    async fn trusted(
        &self,
        request: &RequestInfo,
        client: &Client,
        assertion: &str,
    ) -> Result<(Provider, Claims)> {
        let (header, issuer) = claims::peek(assertion)?;
        let tx = self.gate().sign_in("identity_provider.of_issuer").await?;
        let providers = store::of_issuer(&tx, &issuer, client.provider).await?;
        tx.commit().await?;
        if providers.is_empty() && client.provider.is_some() {
            return Err(refuse("this application was registered for another identity provider"));
        }
        let us = self.gate().issuer();
        let mut found = Vec::new();
        for provider in providers {
            for missed in [false, true] {
                let Some(keys) = self.provider_keys(&provider, missed, request.at).await? else { break };
                match claims::verify(assertion, &header, &keys, &issuer, us, request.at) {
                    Some(claims) => {
                        found.push((provider, claims?));
                        break;
                    }
                    None => continue,
                }
            }
        }
        if found.len() > 1 {
            found = self.knowing(found).await?;
        }
        match found.len() {
            0 => Err(refuse("nobody here trusts its issuer, or its signature is not the issuer's")),
            1 => Ok(found.remove(0)),
            _ => Err(refuse(
                "several enterprises here know whom it names: use an application that the enterprise registered",
            )),
        }
    }

    /// Returns those that have an account for the user whom they name, or else the first.
    async fn knowing(&self, found: Vec<(Provider, Claims)>) -> Result<Vec<(Provider, Claims)>> {
        let tx = self.gate().sign_in("identity_provider.choose").await?;
        let (mut knowing, mut first) = (Vec::new(), None);
        for (provider, claims) in found {
            if store::knows(&tx, &provider, &claims.sub, address(&provider, &claims)).await? {
                knowing.push((provider, claims));
            } else {
                first.get_or_insert((provider, claims));
            }
        }
        tx.commit().await?;
        if knowing.is_empty() {
            knowing.extend(first);
        }
        Ok(knowing)
    }
}

/// Returns the address in an assertion, if its provider vouches for it.
fn address<'a>(provider: &Provider, claims: &'a Claims) -> Option<&'a str> {
    if claims.email_verified == Some(false) {
        return None;
    }
    claims.email.as_deref().filter(|email| provider.vouches_for(email))
}
