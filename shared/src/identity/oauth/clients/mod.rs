//! OAuth clients (applications): what they are, how they become known, and how they authenticate.
//!
//! There are four kinds: our own program ([`CLI`]), those that register ([`register`], RFC 7591), those whose id is the
//! URL of a document about them ([`document`]), and those that an enterprise registers for its identity provider
//! ([`application`]). A confidential client authenticates ([`authenticate`]) with a
//! secret or with a signature ([`assertion`]).

mod application;
mod assertion;
mod authenticate;
mod document;
mod metadata;
mod register;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Algorithm;
use serde_json::Value;

pub use application::RegisteredApplication;
pub(super) use application::confidential;
pub use authenticate::Credentials;
pub use metadata::Metadata;
pub use register::Registered;
pub(super) use store::{of_provider, put_for_good, remove};

use super::{Code, OAuthError, Result};
use crate::access::{AuthContext, IdentityTx, RequestInfo, SecretHash};
use crate::db::StoreError;
use crate::identity::Identity;
use crate::identity::throttle::{self, Bucket};
use crate::ids::{IdentityProviderId, UserId};

/// The program in `clients/cli`: a public client, limited to the device flow.
pub const CLI: &str = "mem0-cli";

/// What is said of a `client_id` that does not exist.
pub(super) const UNKNOWN: &str = "client_id is not known here";

/// The prefix of a registered client's id.
const PREFIX: &str = "m0cl_";

/// The prefix of a registered client's secret.
const SECRET_PREFIX: &str = "m0cs_";

/// An unused registration is deleted after this time. Tools keep their `client_id` and cannot register again by
/// themselves, so it is long enough for somebody who adds a tool and signs in after a holiday.
pub const UNUSED: TimeDelta = TimeDelta::days(30);

/// A used registration is kept for this long after its last use: longer than any of its refresh tokens may be idle.
const KEPT: TimeDelta = TimeDelta::days(180);

/// A grant type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// RFC 6749 section 4.1.
    AuthorizationCode,
    /// RFC 6749 section 6.
    RefreshToken,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 8628.
    DeviceCode,
    /// RFC 7523.
    JwtBearer,
}

impl GrantType {
    /// Every grant type.
    pub const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::JwtBearer,
    ];

    /// The grant type as requests spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// Finds a grant type by its spelling.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

/// How a client authenticates.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Proof {
    /// Not at all: it is a public client.
    None,
    /// With a secret.
    Secret(SecretHash),
    /// With a signature.
    Keys(Keys),
}

/// The public keys of a client: at a URL, or as it sent them.
#[derive(Debug, Clone, PartialEq)]
pub struct Keys {
    /// Their URL.
    pub uri: Option<String>,
    /// The keys (RFC 7517), if they are known already.
    pub jwks: Option<Value>,
    /// The only algorithm that it uses.
    pub algorithm: Option<Algorithm>,
    /// When they were last requested.
    read_at: Option<DateTime<Utc>>,
}

/// The name of authentication by a signature.
pub(super) const PRIVATE_KEY_JWT: &str = "private_key_jwt";

/// The authentication methods that a client may register.
pub const AUTH_METHODS: [&str; 4] = ["none", "client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT];

/// The same without `none`, for endpoints that public clients may not use.
pub const PROVING_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT];

/// The holder of a token.
#[derive(Debug)]
pub enum Holder {
    /// An application.
    Client(Client),
    /// A service account.
    Account(AuthContext),
}

/// How current the data about a client must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Current: it is about to be shown to a user.
    Now,
    /// Possibly outdated if it cannot be read now: the client has other proof of its rights.
    Known,
}

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// Its name, as it gives it.
    pub name: String,
    /// Its home page, as it gives it.
    pub uri: Option<String>,
    /// The URIs that codes may be sent to.
    pub redirect_uris: Vec<String>,
    /// The grant types that it may use.
    pub grant_types: Vec<GrantType>,
    /// The identity provider that it was registered for; its assertions are the only ones that it may exchange.
    pub(super) provider: Option<IdentityProviderId>,
    pub(super) proof: Proof,
}

impl Client {
    /// Whether it is a public client, which does not authenticate.
    pub(super) fn is_public(&self) -> bool {
        self.proof == Proof::None
    }

    /// Its keys, if it authenticates with a signature.
    #[must_use]
    pub fn keys(&self) -> Option<&Keys> {
        match &self.proof {
            Proof::Keys(keys) => Some(keys),
            Proof::None | Proof::Secret(_) => None,
        }
    }

    /// Checks that it may use a grant type.
    pub(super) fn may_use(&self, grant: GrantType) -> Result<()> {
        if self.grant_types.contains(&grant) {
            return Ok(());
        }
        let what = format!("this application did not register the grant type {}", grant.as_str());
        Err(OAuthError::new(Code::UnauthorizedClient, what))
    }

    fn cli() -> Self {
        Self {
            id: CLI.to_owned(),
            name: "mem0 command line".to_owned(),
            uri: None,
            redirect_uris: Vec::new(),
            grant_types: vec![GrantType::DeviceCode, GrantType::RefreshToken],
            provider: None,
            proof: Proof::None,
        }
    }
}

impl Identity {
    /// Authenticates the client or service account that sends a request.
    pub async fn authenticate_holder(&self, request: &RequestInfo, given: &Credentials) -> Result<Holder> {
        match given.id.as_deref().map(str::parse::<UserId>) {
            Some(Ok(_)) => self.authenticate_account(request, given).await.map(Holder::Account),
            _ => self.authenticate_client(request, given).await.map(Holder::Client),
        }
    }

    /// Returns the client with this id, as it currently describes itself.
    pub async fn client(&self, id: &str, request: &RequestInfo) -> Result<Client> {
        self.client_that(id, request, Need::Now).await
    }

    pub(super) async fn client_that(&self, id: &str, request: &RequestInfo, need: Need) -> Result<Client> {
        let unknown = || OAuthError::new(Code::InvalidClient, UNKNOWN);
        if id == CLI {
            return Ok(Client::cli());
        }
        if id.starts_with("https://") || (id.starts_with("http://") && self.fetcher().reaches_loopback()) {
            return self.documented_client(id, request, need).await;
        }
        if !id.starts_with(PREFIX) || id.len() > 100 {
            return Err(unknown());
        }
        let tx = self.gate().sign_in("oauth_client.lookup").await?;
        let found = store::lookup(&tx, id, "registration", request.at).await?;
        tx.commit().await?;
        found.ok_or_else(unknown)
    }
}

/// Locks a client that is registered until the transaction ends, so that it is not removed meanwhile; returns false if
/// it was.
pub(super) async fn lock(tx: &IdentityTx, client: &Client) -> Result<bool, StoreError> {
    Ok(!client.id.starts_with(PREFIX) || store::lock(tx, &client.id).await?)
}

/// Records that a client was given tokens. The first time, its registration no longer counts against the limit of the
/// address it came from: an office sets up more tools than anybody should be able to register without using them.
pub(super) async fn used(tx: &IdentityTx, client: &Client, request: &RequestInfo) -> Result<(), StoreError> {
    if store::used(tx, client, request.at).await? {
        throttle::take_back(tx, &Bucket::register_client(request)).await?;
    }
    Ok(())
}
