//! Refresh tokens: opaque, hashed at rest, exchanged once.
//!
//! Each exchange returns a successor. A token that comes back later is in two hands, and its owner cannot be told from
//! a thief, so its whole family, the session, ends (RFC 9700 section 4.14.2). But a client that sends the same exchange
//! twice, because a response was lost or two tabs woke up together, is no thief: within [`GRACE`] it gets the very same
//! successor again. The successor is derived from the old token and a salt in the row, so the database can neither
//! reveal it nor fork the family.

mod exchange;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

pub(super) use store::{session_of, unused_until};

use crate::access::{IdentityTx, SecretHash};
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, SessionId, UserId};
use crate::random;

/// The prefix of a refresh token.
pub const PREFIX: &str = "m0rt_";

/// How long a token is valid without being exchanged. Its session may end earlier.
pub const IDLE: TimeDelta = TimeDelta::days(14);

/// The same for tokens of applications: users come back to a tool after a holiday.
pub const IDLE_OF_APPLICATION: TimeDelta = TimeDelta::days(60);

/// How long after its exchange a token still returns the same successor.
pub const GRACE: TimeDelta = TimeDelta::seconds(30);

/// The owner of the tokens, and when they end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: UserId,
    pub(super) session: SessionId,
    /// The end of the session. An exchange does not move it.
    pub(super) ends_at: DateTime<Utc>,
    /// How long a token may be idle.
    pub(super) idle: TimeDelta,
}

/// The terms of an application's token, as the database stores them.
pub(super) struct Granted {
    /// The application's `client_id`.
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    pub(super) resource: String,
}

/// A refresh token in plain text.
struct RefreshToken(SecretString);

impl RefreshToken {
    fn generate() -> Result<Self> {
        random::secret(PREFIX).map(|secret| Self(secret.into()))
    }

    /// Returns the only token that this one is ever exchanged for.
    fn successor(&self, salt: &[u8]) -> Result<Self> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).map_err(Error::internal)?;
        mac.update(b"mem0 refresh token successor");
        mac.update(salt);
        Ok(Self(random::spell(PREFIX, &mac.finalize().into_bytes().into()).into()))
    }

    fn hash(&self) -> SecretHash {
        SecretHash::of(self.0.expose_secret())
    }
}

/// Creates the first token of a family.
pub(super) async fn begin(tx: &IdentityTx, family: &Family, now: DateTime<Utc>) -> Result<SecretString> {
    let token = RefreshToken::generate()?;
    store::insert(tx, family, &store::NewToken::new(&token, family, now)?).await?;
    Ok(token.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_successor_for_each_salt() {
        let token = RefreshToken(SecretString::from("m0rt_AAAA"));
        let successor = |salt: &[u8]| token.successor(salt).unwrap().0.expose_secret().to_owned();
        assert_eq!(successor(b"salt"), successor(b"salt"));
        assert_ne!(successor(b"salt"), successor(b"other"));
        assert_eq!(successor(b"salt").len(), PREFIX.len() + 43);
        let other = RefreshToken(SecretString::from("m0rt_AAAB"));
        assert_ne!(other.successor(b"salt").unwrap().0.expose_secret(), successor(b"salt"));
    }
}
