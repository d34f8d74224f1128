//! The enterprise for which requests are made: registered through the API, like any other.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::client::Client;

/// The owner's e-mail address.
pub(crate) const EMAIL: &str = "owner@bench.example";
/// The password of every account.
const PASSWORD: &str = "measured-not-guessed-48-lanterns";
/// The enterprise's name.
pub(crate) const ENTERPRISE: &str = "Bench Limited";

/// The credentials that requests are sent with.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// May do everything with memories and read the tree.
    pub(crate) api_key: String,
    /// The access token of the owner's session.
    pub(crate) access_token: String,
}

impl Account {
    /// Registers an enterprise on an empty installation and creates a key for its owner.
    pub(crate) async fn register(address: SocketAddr) -> Result<Self> {
        let new = json!({ "email": EMAIL, "password": PASSWORD, "name": "Bench Owner", "enterprise_name": ENTERPRISE });
        Self::enter(address, &new).await
    }

    /// Registers another person of the enterprise, by an invitation.
    pub(crate) async fn colleague(&self, address: SocketAddr) -> Result<Self> {
        let mut client = Client::connect(address).await?;
        client.authorize(&self.access_token);
        let email = "colleague@bench.example";
        let invite = json!({ "email": email, "role": "member" });
        let invited = client.post("/v1/enterprise/invitations", &invite).await?;
        let token = text(&invited, "token")?;
        let new =
            json!({ "email": email, "password": PASSWORD, "name": "Bench Colleague", "invitation": token });
        Self::enter(address, &new).await
    }

    async fn enter(address: SocketAddr, new: &Value) -> Result<Self> {
        let mut client = Client::connect(address).await?;
        let registered = client.post("/v1/auth/register", new).await?;
        let access_token = text(&registered, "access_token")?;
        client.authorize(&access_token);
        let scopes = ["memories:read", "memories:write", "tenancy:read"];
        let key = client.post("/v1/api-keys", &json!({ "name": "bench", "scopes": scopes })).await?;
        Ok(Self { api_key: text(&key, "key")?, access_token })
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    answer[field].as_str().map(str::to_owned).with_context(|| format!("the answer has no {field}"))
}
