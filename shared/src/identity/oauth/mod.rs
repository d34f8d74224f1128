//! The authorization server (OAuth 2.1): how people let applications act for them, and how those get their tokens.
//!
//! An application is a client ([`clients`]); what a person lets it do is a grant ([`grants`]), which is a session with
//! terms: it ends like one, and its refresh tokens rotate like any. Ways to a grant: [`authorize`] and [`codes`] for
//! what opens a browser, [`device`] for what has none, [`assertion`] for people whose enterprise vouches for them,
//! [`client_credentials`] for service accounts. [`browser`] knows people by a cookie while they are asked.
//!
//! docs/adr/0014 says why it is as it is; docs/guides/oauth.md how it is used.

pub mod assertion;
pub mod authorize;
pub mod browser;
pub mod client_credentials;
pub mod clients;
pub mod codes;
pub mod device;
mod error;
pub mod fetch;
pub mod grants;
pub mod introspect;
pub mod jwks;
mod pkce;
mod redirect;
pub mod refresh;
mod resource;
pub mod revoke;
pub mod scope;
pub mod spent;

pub use error::{Code, OAuthError};
pub use redirect::host as redirect_host;

/// The result of a verb of the authorization server.
pub type Result<T, E = OAuthError> = std::result::Result<T, E>;
