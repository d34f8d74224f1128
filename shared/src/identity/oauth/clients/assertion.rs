//! Client authentication by a signature (`private_key_jwt`, RFC 7521 section 4.2, RFC 7523 section 3, OpenID Connect Core
//! section 9): an application signs who it is and for whom it says so, each time anew.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{Client, Keys, store};
use crate::identity::Identity;
use crate::identity::oauth::jwks::{self, Audience, NumericDate, Once};
use crate::identity::oauth::{Code, OAuthError, Result};

/// The `typ` of an assertion that says what it is for. Older libraries leave it out or say what it is made of.
const TYPES: [&str; 2] = ["client-authentication+jwt", "jwt"];

/// What an assertion says.
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

/// Whom an assertion says that it is from, for requests without `client_id`.
pub(super) fn subject(assertion: &SecretString) -> Result<String> {
    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }
    let (_, Subject { sub }) = jwks::peek(assertion.expose_secret()).map_err(refuse)?;
    Ok(sub)
}

impl Identity {
    /// Believes an assertion, once: it must be the application's, for us, of now, signed by one of its keys, and new.
    pub(super) async fn believe(
        &self,
        client: &Client,
        keys: &Keys,
        assertion: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let assertion = assertion.expose_secret();
        let (header, claims) = jwks::peek::<Claims>(assertion).map_err(refuse)?;
        // Nobody is made to read keys for what would be refused anyway.
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
            return Err(format!("aud must be {}, or {}, and nothing beside", audiences[0], audiences[1]));
        }
        claims.once().check(now)
    }

    /// The keys of an application, read again if they are old, or if `missed` and that was not tried just now. `None` if
    /// there are none that were not tried.
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
        // An attempt counts, whatever came of it: nobody has an address asked more often by way of us.
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
    // What it says was looked at already, by the request's clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jwks::verify::<Claims>(assertion, header, keys, &validation).is_some_and(|claims| claims.is_ok())
}
