//! The applications that an enterprise registers to exchange its provider's assertions. A provider writes a fixed
//! `client_id` into each assertion, so the registration must last: these do not expire, unlike those that applications
//! make for themselves.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::providers::{may_manage, told};
use super::store;
use crate::access::AuthContext;
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::identity::oauth::clients::{self, Metadata, RegisteredApplication};
use crate::identity::{Identity, sessions};
use crate::ids::IdentityProviderId;
use crate::name;
use crate::page::{Cursor, List, QueryHash};

/// The maximum number of applications per provider.
const MOST: u32 = 20;

/// An application to register.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    /// The display name.
    pub name: String,
    /// The URL of its keys, if it authenticates with a signature.
    pub jwks_uri: Option<String>,
    /// Its keys, if they have no URL. With neither, it gets a secret.
    pub jwks: Option<Value>,
}

impl Identity {
    /// Registers an application; returns it with its secret, if it has one, which is shown only once.
    pub async fn add_application(
        &self,
        caller: &AuthContext,
        provider: IdentityProviderId,
        new: NewApplication,
    ) -> Result<(RegisteredApplication, Option<SecretString>)> {
        may_manage(caller)?;
        let name = name::checked(&new.name, "name")?;
        let field = if new.jwks_uri.is_some() { "jwks_uri" } else { "jwks" };
        let keys = match (new.jwks_uri, new.jwks) {
            (None, None) => None,
            (jwks_uri, jwks) => {
                let metadata = Metadata { jwks_uri, jwks, ..Metadata::default() };
                Some(metadata.keys(self.fetcher()).map_err(|error| told(error, field))?)
            }
        };
        let (client, secret) = clients::confidential(name, provider, keys)?;
        let tx = self.gate().sign_in("identity_provider.add_application").await?;
        if !store::exists(&tx, caller, provider).await? {
            return Err(Error::NotFound { what: "identity provider" });
        }
        if clients::of_provider(&tx, caller, provider, None, MOST).await?.len() >= MOST as usize {
            return Err(Error::Conflict(format!("there are {MOST} applications, remove one first")));
        }
        let application = clients::put_for_good(&tx, caller, provider, &client).await?;
        let details = json!({ "client_id": application.client_id, "name": application.name });
        let entry = Entry::new("identity_provider.add_application", provider).with(details);
        audit::record_as(&tx, caller, entry).await?;
        tx.commit().await?;
        Ok((application, secret))
    }

    /// Lists the applications of a provider, oldest first.
    pub async fn applications_of(
        &self,
        caller: &AuthContext,
        provider: IdentityProviderId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<RegisteredApplication>> {
        may_manage(caller)?;
        let query = QueryHash::of(&["identity_provider_applications", &provider.to_string()]);
        let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
        let tx = self.gate().sign_in("identity_provider.applications").await?;
        if !store::exists(&tx, caller, provider).await? {
            return Err(Error::NotFound { what: "identity provider" });
        }
        let mut results = clients::of_provider(&tx, caller, provider, after, limit + 1).await?;
        tx.commit().await?;
        let next = Cursor::cut(&mut results, limit, &query, |one| Cursor {
            created_at: one.created_at,
            id: one.key,
        });
        Ok(List { results, next })
    }

    /// Removes an application. Its tokens are refused from the next request on.
    pub async fn remove_application(
        &self,
        caller: &AuthContext,
        provider: IdentityProviderId,
        client: &str,
    ) -> Result<()> {
        may_manage(caller)?;
        let tx = self.gate().sign_in("identity_provider.remove_application").await?;
        if !clients::remove(&tx, caller, provider, client).await? {
            return Err(Error::NotFound { what: "application" });
        }
        let ended =
            sessions::revoke_grants_of(&tx, caller, provider, Some(client), "application_removed").await?;
        let entry = Entry::new("identity_provider.remove_application", provider);
        audit::record_as(&tx, caller, entry.with(json!({ "client_id": client, "sessions": ended }))).await?;
        tx.commit().await?;
        Ok(())
    }
}
