//! Authorization codes: given to the browser after the user agrees, and exchanged once, within a minute, by the
//! application that proves it began the request (PKCE).

mod redeem;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

pub use redeem::Redemption;
pub(super) use store::end;

use super::answer::{AGAIN, Answer};
use super::authorize::AuthorizationRequest;
use super::browser::Asked;
use super::{Code, OAuthError, Result, redirect};
use crate::access::{ApiKeyVerb, AuthContext, SecretHash};
use crate::identity::{Identity, sessions};
use crate::random;

/// The prefix of a code.
const PREFIX: &str = "m0ac_";

/// The lifetime of a code.
pub const LIFETIME: TimeDelta = TimeDelta::seconds(60);

impl Identity {
    /// Records that the caller, who was asked, approves all or some of the scopes of a request; returns where their
    /// browser is to go next, with the code. A question is answered only once; the same answer a moment later gets a
    /// code that replaces the first, unless that was exchanged already.
    pub async fn agree(
        &self,
        caller: &AuthContext,
        asked: &Asked,
        request: &AuthorizationRequest,
        scopes: &[ApiKeyVerb],
    ) -> Result<String> {
        caller.session()?;
        let now = caller.request().at;
        let scopes: Vec<ApiKeyVerb> =
            request.scopes.iter().copied().filter(|verb| scopes.contains(verb)).collect();
        if scopes.is_empty() || !asked.is_to(caller) {
            return self.decline(asked, request, now).await;
        }
        let code = random::secret(PREFIX)?;
        let answer = Answer::new(asked, &scopes)?;
        let new =
            store::NewCode { hash: SecretHash::of(&code), answer: answer.hash(), request, scopes: &scopes };
        let tx = self.gate().sign_in("oauth_code.issue").await?;
        sessions::lock_caller(&tx, caller).await?;
        if answer.is_first(&tx, now).await? {
            store::insert(&tx, caller, &new, now, now + LIFETIME).await?;
        } else if !store::replace(&tx, caller, &new, now - AGAIN, now).await? {
            return Err(answered_before());
        }
        tx.commit().await?;
        Ok(self.answer(request, &[("code", Some(code.as_str()))]))
    }

    /// Records that the user refuses; returns where their browser is to go next. They need not be signed in any more.
    pub async fn decline(
        &self,
        asked: &Asked,
        request: &AuthorizationRequest,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let tx = self.gate().sign_in("oauth_code.decline").await?;
        let answer = Answer::new(asked, &[])?;
        if answer.is_first(&tx, now).await? {
            answer.remember(&tx, now).await?;
        } else if !answer.is_repeated(&tx, now).await? {
            return Err(answered_before());
        }
        tx.commit().await?;
        let says = [
            ("error", Some(Code::AccessDenied.as_str())),
            ("error_description", Some("the person declined")),
        ];
        Ok(self.answer(request, &says))
    }

    /// Builds an authorization response, with the application's state and our issuer (RFC 9207).
    fn answer(&self, asked: &AuthorizationRequest, says: &[(&str, Option<&str>)]) -> String {
        let all = [says, &[("state", asked.state.as_deref()), ("iss", Some(self.gate().issuer()))]].concat();
        redirect::with_query(&asked.redirect_uri, &all)
    }
}

fn answered_before() -> OAuthError {
    OAuthError::new(Code::InvalidRequest, "You have answered this already.")
}

/// Hashes a code for lookup.
pub(super) fn hash(code: &SecretString) -> SecretHash {
    use secrecy::ExposeSecret as _;
    SecretHash::of(code.expose_secret())
}
