//! Authorization codes: given to the browser after its person agreed, and exchanged once, within a minute, by the
//! application that proves it began the request (PKCE).

mod redeem;
pub(super) mod store;

use chrono::TimeDelta;
use secrecy::SecretString;

pub use redeem::Redemption;

use super::authorize::AuthorizationRequest;
use super::{Code, OAuthError, Result, redirect, spent};
use crate::access::{ApiKeyVerb, AuthContext, SecretHash};
use crate::identity::Identity;
use crate::random;

/// What a code begins with.
const PREFIX: &str = "m0ac_";

/// How long a code is good for.
pub const LIFETIME: TimeDelta = TimeDelta::seconds(60);

impl Identity {
    /// The caller agrees to a request, to all of it or to some of its scopes; where their browser is to go next, with
    /// the code. `ticket` is what they were shown with the question: it is good for one answer.
    pub async fn agree(
        &self,
        caller: &AuthContext,
        asked: &AuthorizationRequest,
        scopes: &[ApiKeyVerb],
        ticket: &str,
    ) -> Result<String> {
        caller.session()?;
        let now = caller.request().at;
        let scopes: Vec<ApiKeyVerb> =
            asked.scopes.iter().copied().filter(|verb| scopes.contains(verb)).collect();
        if scopes.is_empty() {
            return Ok(self.answer(asked, &[("error", Some(Code::AccessDenied.as_str()))]));
        }
        let code = random::secret(PREFIX)?;
        let tx = self.gate().sign_in("oauth_code.issue").await?;
        if !spent::spend(&tx, caller.enterprise_id(), "oauth.consent", ticket, now + TimeDelta::hours(1), now)
            .await?
        {
            return Err(OAuthError::new(Code::InvalidRequest, "this question was answered already"));
        }
        let new = store::NewCode { hash: SecretHash::of(&code), request: asked, scopes: &scopes };
        store::insert(&tx, caller, &new, now, now + LIFETIME).await?;
        tx.commit().await?;
        Ok(self.answer(asked, &[("code", Some(code.as_str()))]))
    }

    /// The caller refuses; where their browser is to go next.
    #[must_use]
    pub fn decline(&self, asked: &AuthorizationRequest) -> String {
        let description = "the person declined";
        self.answer(
            asked,
            &[("error", Some(Code::AccessDenied.as_str())), ("error_description", Some(description))],
        )
    }

    /// An authorization response, with the state that the application gave and who answers (RFC 9207).
    fn answer(&self, asked: &AuthorizationRequest, says: &[(&str, Option<&str>)]) -> String {
        let all = [says, &[("state", asked.state.as_deref()), ("iss", Some(self.gate().issuer()))]].concat();
        redirect::with_query(&asked.redirect_uri, &all)
    }
}

/// A code as an application brings it.
pub(super) fn hash(code: &SecretString) -> SecretHash {
    use secrecy::ExposeSecret as _;
    SecretHash::of(code.expose_secret())
}
