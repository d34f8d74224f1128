//! Authorization codes: given to the browser after its person agreed, and exchanged once, within a minute, by the
//! application that proves it began the request (PKCE).

mod redeem;
pub(super) mod store;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

pub use redeem::Redemption;

use super::authorize::AuthorizationRequest;
use super::browser::Asked;
use super::{Code, OAuthError, Result, redirect, spent};
use crate::access::{ApiKeyVerb, AuthContext, IdentityTx, SecretHash};
use crate::identity::Identity;
use crate::random;

/// What a code begins with.
const PREFIX: &str = "m0ac_";

/// How long a code is good for.
pub const LIFETIME: TimeDelta = TimeDelta::seconds(60);

impl Identity {
    /// The caller, who was asked, agrees to a request, to all of it or to some of its scopes; where their browser is to go
    /// next, with the code. A question gets one answer.
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
        let tx = self.gate().sign_in("oauth_code.issue").await?;
        answered(&tx, asked, now).await?;
        let new = store::NewCode { hash: SecretHash::of(&code), request, scopes: &scopes };
        store::insert(&tx, caller, &new, now, now + LIFETIME).await?;
        tx.commit().await?;
        Ok(self.answer(request, &[("code", Some(code.as_str()))]))
    }

    /// Whoever was asked refuses; where their browser is to go next. They need not be signed in any more.
    pub async fn decline(
        &self,
        asked: &Asked,
        request: &AuthorizationRequest,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let tx = self.gate().sign_in("oauth_code.decline").await?;
        answered(&tx, asked, now).await?;
        tx.commit().await?;
        let says = [
            ("error", Some(Code::AccessDenied.as_str())),
            ("error_description", Some("the person declined")),
        ];
        Ok(self.answer(request, &says))
    }

    /// An authorization response, with the state that the application gave and who answers (RFC 9207).
    fn answer(&self, asked: &AuthorizationRequest, says: &[(&str, Option<&str>)]) -> String {
        let all = [says, &[("state", asked.state.as_deref()), ("iss", Some(self.gate().issuer()))]].concat();
        redirect::with_query(&asked.redirect_uri, &all)
    }
}

/// Notes that a question was answered; an error if it was answered before.
async fn answered(tx: &IdentityTx, asked: &Asked, now: DateTime<Utc>) -> Result<()> {
    // To nobody: it was on no page with buttons.
    let person = asked.person.ok_or_else(|| OAuthError::new(Code::InvalidRequest, "nobody was asked"))?;
    let until = now + TimeDelta::hours(1);
    if spent::spend(tx, person.enterprise, "oauth.consent", &asked.nonce, until, now).await? {
        return Ok(());
    }
    Err(OAuthError::new(Code::InvalidRequest, "this question was answered already"))
}

/// A code as an application brings it.
pub(super) fn hash(code: &SecretString) -> SecretHash {
    use secrecy::ExposeSecret as _;
    SecretHash::of(code.expose_secret())
}
