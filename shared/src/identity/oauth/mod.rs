//! The authorization server (OAuth 2.1): how users authorize applications, and how applications get their tokens.
//!
//! An application is a client ([`clients`]). What a user authorizes it to do is a grant ([`grants`]), which is a
//! session with terms: it ends like one, and its refresh tokens rotate like any other. The ways to a grant:
//! [`authorize`] and [`codes`] for applications that open a browser, [`device`] for those that cannot, [`assertion`]
//! for users whose enterprise vouches for them, [`client_credentials`] for service accounts. [`browser`] identifies
//! users by a cookie while they are asked.
//!
//! docs/adr/0014 explains the design; docs/guides/oauth.md explains its use.

mod answer;
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

use crate::access::IdentityTx;
use crate::db::StoreError;
use crate::ids::{EnterpriseId, UserId};

/// Ends what a user agreed to and no application has exchanged for a grant yet: authorization codes and approvals of
/// devices. The account must be locked.
pub(super) async fn end_codes(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
) -> std::result::Result<(), StoreError> {
    codes::end(tx, enterprise, user).await?;
    device::end(tx, enterprise, user).await
}

/// The result of an operation of the authorization server.
pub type Result<T, E = OAuthError> = std::result::Result<T, E>;
