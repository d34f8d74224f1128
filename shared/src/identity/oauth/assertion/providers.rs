//! The identity providers that an enterprise trusts to vouch for its users. Its owners decide, since whoever adds a
//! provider can become any user there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{keys, store};
use crate::access::{Action, AuthContext};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::identity::oauth::OAuthError;
use crate::identity::{Identity, sessions};
use crate::ids::IdentityProviderId;
use crate::name;
use crate::page::{Cursor, List, QueryHash};

/// The maximum number of providers per enterprise, and of domains per provider.
const MOST: u32 = 20;

/// A provider to trust.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    /// The display name.
    pub name: String,
    /// The issuer, exactly as in `iss`.
    pub issuer: String,
    /// The URL of its keys: https, at a public address.
    pub jwks_uri: Option<String>,
    /// Its keys, if they are not published.
    pub jwks: Option<Value>,
    /// The e-mail domains that it may vouch for.
    pub domains: Vec<String>,
}

/// A provider, as its enterprise sees it.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderView {
    /// `idp_…`.
    pub id: IdentityProviderId,
    /// The display name.
    pub name: String,
    /// The issuer, exactly as in `iss`.
    pub issuer: String,
    /// The URL of its keys.
    pub jwks_uri: Option<String>,
    /// The e-mail domains that it may vouch for.
    pub domains: Vec<String>,
    /// Since when it is trusted.
    pub created_at: DateTime<Utc>,
}

impl Identity {
    /// Adds a trusted provider.
    pub async fn trust_provider(&self, caller: &AuthContext, new: NewProvider) -> Result<ProviderView> {
        may_manage(caller)?;
        let name = name::checked(&new.name, "name")?;
        if !new.issuer.starts_with("https://")
            || new.issuer.len() > 500
            || new.issuer.contains(['#', '?', ' '])
        {
            return Err(Error::invalid("issuer", "an issuer is an https address without query and fragment"));
        }
        let domains = domains(new.domains)?;
        let jwks = match (&new.jwks_uri, new.jwks) {
            (Some(address), None) => {
                self.read_keys(address).await.map_err(|error| told(error, "jwks_uri"))?.1
            }
            (None, Some(jwks)) => {
                keys::parse(&jwks).map_err(|error| told(error, "jwks"))?;
                jwks
            }
            _ => return Err(Error::malformed("send either jwks_uri or jwks")),
        };
        let view = ProviderView {
            id: IdentityProviderId::generate(),
            name,
            issuer: new.issuer,
            jwks_uri: new.jwks_uri,
            domains,
            created_at: caller.request().at,
        };
        let tx = self.gate().sign_in("identity_provider.trust").await?;
        if store::list(&tx, caller, None, MOST).await?.len() >= MOST as usize {
            return Err(Error::Conflict(format!("there are {MOST} identity providers, remove one first")));
        }
        if !store::insert(&tx, caller, &view, &jwks).await? {
            return Err(Error::Conflict(
                "this issuer is trusted already, remove it first to change it".to_owned(),
            ));
        }
        let details = json!({ "issuer": view.issuer, "domains": view.domains, "jwks_uri": view.jwks_uri });
        audit::record_as(&tx, caller, Entry::new("identity_provider.trust", view.id).with(details)).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Lists the providers that the caller's enterprise trusts, oldest first.
    pub async fn providers(
        &self,
        caller: &AuthContext,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<ProviderView>> {
        may_manage(caller)?;
        let query = QueryHash::of(&["identity_providers"]);
        let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
        let tx = self.gate().sign_in("identity_provider.list").await?;
        let mut results = store::list(&tx, caller, after, limit + 1).await?;
        tx.commit().await?;
        let next = Cursor::cut(&mut results, limit, &query, |provider| Cursor {
            created_at: provider.created_at,
            id: provider.id.uuid(),
        });
        Ok(List { results, next })
    }

    /// Removes a provider. Tokens that were issued on its word are refused from the next request on.
    pub async fn distrust_provider(&self, caller: &AuthContext, id: IdentityProviderId) -> Result<()> {
        may_manage(caller)?;
        let tx = self.gate().sign_in("identity_provider.distrust").await?;
        if !store::delete(&tx, caller, id).await? {
            return Err(Error::NotFound { what: "identity provider" });
        }
        let ended = sessions::revoke_grants_of(&tx, caller, id, None, "identity_provider_removed").await?;
        let entry = Entry::new("identity_provider.distrust", id).with(json!({ "sessions": ended }));
        audit::record_as(&tx, caller, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

pub(super) fn may_manage(caller: &AuthContext) -> Result<()> {
    caller.session()?;
    caller.authorize(Action::ManageIdentityProviders, caller.enterprise()?)
}

/// Checks the domains. At least one is required: a provider that may vouch for any address could take over any account
/// that is invited later.
fn domains(domains: Vec<String>) -> Result<Vec<String>> {
    let count = domains.len();
    let checked = domains.into_iter().map(|domain| {
        let domain = domain.trim().to_ascii_lowercase();
        let plain = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let whole = domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.');
        (plain && whole && domain.len() <= 253).then_some(domain)
    });
    let checked: Option<Vec<String>> = checked.collect();
    match checked {
        Some(domains) if (1..=MOST as usize).contains(&count) => Ok(domains),
        _ => Err(Error::invalid("domains", format!("1 to {MOST} domains, like northwind.example"))),
    }
}

pub(super) fn told(error: OAuthError, field: &'static str) -> Error {
    match error {
        OAuthError::Refused(_, problem) => Error::invalid(field, problem),
        OAuthError::Failed(error) => error,
    }
}
