//! Client authentication with a signature (`private_key_jwt`, RFC 7521 section 4.2, RFC 7523 section 3, OpenID Connect
//! Core section 9): a client signs who it is and for whom the assertion is meant, anew each time.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{Client, Keys, store};
use crate::identity::Identity;
use crate::identity::oauth::jwks::{self, Audience, NumericDate, Once};
use crate::identity::oauth::{Code, OAuthError, Result};

/// The accepted `typ` of an assertion. Older libraries leave it out or use the generic one.
const TYPES: [&str; 2] = ["client-authentication+jwt", "jwt"];

/// The claims of an assertion.
#[derive(Debug, Clone, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    jti: String,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
}

impl Claims {
    fn once(&self) -> Once<'_> {
        Once { jti: &self.jti, exp: self.exp, nbf: self.nbf, iat: self.iat }
    }
}

fn refuse(what: impl AsRef<str>) -> OAuthError {
    OAuthError::new(Code::InvalidClient, format!("client_assertion: {}", what.as_ref()))
}

/// Returns the client that an assertion names, for requests without `client_id`.
pub(super) fn subject(assertion: &SecretString) -> Result<String> {
    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }
    let (_, Subject { sub }) = jwks::peek(assertion.expose_secret()).map_err(refuse)?;
    Ok(sub)
}

impl Identity {
    /// Accepts an assertion once: it must name the client, be meant for us, be current, be signed by one of the
    /// client's keys, and not have been used before.
    pub(super) async fn believe(
        &self,
        client: &Client,
        keys: &Keys,
        assertion: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let assertion = assertion.expose_secret();
        let (header, claims) = jwks::peek::<Claims>(assertion).map_err(refuse)?;
        // Checked first, so that nobody can make us read keys for an assertion that would be refused anyway.
        self.check(client, keys, &header, &claims, now).map_err(refuse)?;
        let mut signed = false;
        for missed in [false, true] {
            if let Some(set) = self.client_keys(client, keys, missed, now).await? {
                signed = signature(assertion, &header, &set);
            }
            if signed {
                break;
            }
        }
        if !signed {
            return Err(refuse("its signature is by none of the application's keys"));
        }
        let tx = self.gate().sign_in("oauth_client.assertion").await?;
        let until = claims.once().until(now);
        let new = store::spend(&tx, &client.id, &claims.jti, until, now).await?;
        tx.commit().await?;
        if new { Ok(()) } else { Err(refuse("it was used before")) }
    }

    fn check(
        &self,
        client: &Client,
        keys: &Keys,
        header: &Header,
        claims: &Claims,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        if typ.is_some_and(|typ| !TYPES.contains(&typ.as_str())) {
            return Err(format!("typ must be {}", TYPES.join(" or ")));
        }
        if keys.algorithm.is_some_and(|registered| registered != header.alg) {
            return Err("alg is not the one that the application registered".to_owned());
        }
        if claims.iss != client.id || claims.sub != client.id {
            return Err("iss and sub must be the client_id".to_owned());
        }
        let issuer = self.gate().issuer();
        let audiences = [issuer.to_owned(), format!("{issuer}/oauth/token")];
        if !claims.aud.only().is_some_and(|audience| audiences.iter().any(|ours| ours == audience)) {
            return Err(format!("aud must be {}, or {}, and nothing else", audiences[0], audiences[1]));
        }
        claims.once().check(now)
    }

    /// Returns the keys of a client, read again if they are old, or if `missed` and this was not tried just now; `None`
    /// if there are no keys left to try.
    async fn client_keys(
        &self,
        client: &Client,
        keys: &Keys,
        missed: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<JwkSet>> {
        let known = || keys.jwks.as_ref().filter(|_| !missed).and_then(|jwks| jwks::parse(jwks).ok());
        let address = keys.uri.as_deref().filter(|_| jwks::due(keys.read_at, missed, now));
        let Some(address) = address else { return Ok(known()) };
        let read = jwks::read(self.fetcher(), address).await;
        // Every attempt counts, whatever its result, so that nobody can use us to send requests to a URL more often.
        let tx = self.gate().sign_in("oauth_client.keys").await?;
        store::update_keys(&tx, client, read.as_ref().ok().map(|(_, document)| document), now).await?;
        tx.commit().await?;
        match read {
            Ok((set, _)) => Ok(Some(set)),
            Err(problem) => match known() {
                Some(known) => Ok(Some(known)),
                None => Err(refuse(format!("the keys at jwks_uri could not be read: {problem}"))),
            },
        }
    }
}

fn signature(assertion: &str, header: &Header, keys: &JwkSet) -> bool {
    let mut validation = Validation::new(header.alg);
    // The claims have already been checked, by the request's clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jwks::verify::<Claims>(assertion, header, keys, &validation).is_some_and(|claims| claims.is_ok())
}
