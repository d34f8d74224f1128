//! Applications: who they are, how they become known, and how they prove who they are.
//!
//! Three kinds: our own program ([`CLI`]), those that register ([`register`], RFC 7591), and those whose id is the
//! address of a document about them ([`document`]). Who is not public proves itself ([`authenticate`]) by a secret or by a
//! signature ([`assertion`]).

mod assertion;
mod authenticate;
mod document;
mod metadata;
mod register;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Algorithm;
use serde_json::Value;

pub use authenticate::Credentials;
pub use metadata::Metadata;
pub use register::Registered;

use super::{Code, OAuthError, Result};
use crate::access::{AuthContext, IdentityTx, RequestInfo, SecretHash};
use crate::db::StoreError;
use crate::identity::Identity;
use crate::identity::throttle::{self, Bucket};
use crate::ids::UserId;

/// The program of `clients/cli`: public, on devices only.
pub const CLI: &str = "mem0-cli";

/// What the id of a registered application begins with.
const PREFIX: &str = "m0cl_";

/// What the secret of one begins with.
const SECRET_PREFIX: &str = "m0cs_";

/// A registration that nobody used is forgotten after this time.
pub const UNUSED: TimeDelta = TimeDelta::hours(24);

/// One that was used is kept so long after its last use: longer than any of its refresh tokens may lie idle.
const KEPT: TimeDelta = TimeDelta::days(180);

/// A way to a token.
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
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::JwtBearer,
    ];

    /// As requests spell it.
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

    /// The one that is spelled so.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

/// How an application proves who it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Proof {
    /// Not at all: it is in everybody's hands.
    None,
    /// By a secret.
    Secret(SecretHash),
    /// By a signature.
    Keys(Keys),
}

/// Public keys of an application: at an address, or as it sent them.
#[derive(Debug, Clone, PartialEq)]
pub struct Keys {
    /// Where they are.
    pub uri: Option<String>,
    /// The keys (RFC 7517), if they are known already.
    pub jwks: Option<Value>,
    /// The only algorithm that it signs with.
    pub algorithm: Option<Algorithm>,
    /// When they were last asked for.
    read_at: Option<DateTime<Utc>>,
}

/// How an application may say that it signs.
pub(super) const PRIVATE_KEY_JWT: &str = "private_key_jwt";

/// What an application may say of how it proves who it is.
pub const AUTH_METHODS: [&str; 4] = ["none", "client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT];

/// The same, where who is only named is told nothing.
pub const PROVING_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT];

/// Who asks about a token that it holds.
#[derive(Debug)]
pub enum Holder {
    /// An application.
    Client(Client),
    /// A service account.
    Account(AuthContext),
}

/// How new what is known of an application must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It is put before somebody: as it is now.
    Now,
    /// It has something to prove itself by: also as it was, if it cannot be read now.
    Known,
}

/// An application.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// Its name, as it says itself.
    pub name: String,
    /// Its home page, as it says itself.
    pub uri: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// How it may get tokens.
    pub grant_types: Vec<GrantType>,
    pub(super) proof: Proof,
}

impl Client {
    /// Whether it is only named, and proves nothing.
    pub(super) fn is_public(&self) -> bool {
        self.proof == Proof::None
    }

    /// Its keys, if it proves by them who it is.
    #[must_use]
    pub fn keys(&self) -> Option<&Keys> {
        match &self.proof {
            Proof::Keys(keys) => Some(keys),
            Proof::None | Proof::Secret(_) => None,
        }
    }

    /// Whether it may get tokens in this way.
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
            proof: Proof::None,
        }
    }
}

impl Identity {
    /// The application or service account that sends a request.
    pub async fn authenticate_holder(&self, request: &RequestInfo, given: &Credentials) -> Result<Holder> {
        match given.id.as_deref().map(str::parse::<UserId>) {
            Some(Ok(_)) => self.authenticate_account(request, given).await.map(Holder::Account),
            _ => self.authenticate_client(request, given).await.map(Holder::Client),
        }
    }

    /// The application of that id, as it describes itself by now.
    pub async fn client(&self, id: &str, request: &RequestInfo) -> Result<Client> {
        self.client_that(id, request, Need::Now).await
    }

    pub(super) async fn client_that(&self, id: &str, request: &RequestInfo, need: Need) -> Result<Client> {
        let unknown = || OAuthError::new(Code::InvalidClient, "client_id is not known here");
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

/// Notes that an application was given something. The first time, its registration is no longer one of those by which an
/// address is limited: an office sets up more tools than anybody should be able to register for nothing.
pub(super) async fn used(tx: &IdentityTx, client: &Client, request: &RequestInfo) -> Result<(), StoreError> {
    if store::used(tx, client, request.at).await? {
        throttle::take_back(tx, &Bucket::register_client(request)).await?;
    }
    Ok(())
}
