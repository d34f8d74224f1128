//! The claims of an assertion, and whether its issuer made it for us.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Header, Validation};
use serde::Deserialize;

use crate::identity::oauth::jwks::{self, Audience, NumericDate, Once};
use crate::identity::oauth::{Code, OAuthError, Result};

/// The `typ` of an assertion, so that no other JWT of the provider is accepted as one.
const TYPE: &str = "oauth-id-jag+jwt";

/// The claims that are used here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    aud: Audience,
    pub(super) jti: String,
    pub(super) client_id: String,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    iat: NumericDate,
    pub(super) resource: Resources,
    pub(super) scope: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<bool>,
}

impl Claims {
    /// The claims that make it current and usable only once.
    pub(super) fn once(&self) -> Once<'_> {
        Once { jti: &self.jti, exp: self.exp, nbf: self.nbf, iat: Some(self.iat) }
    }
}

/// One or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub(super) enum Resources {
    One(String),
    Several(Vec<String>),
}

impl Resources {
    pub(super) fn list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Several(several) => several,
        }
    }
}

pub(super) fn refuse(what: impl Into<String>) -> OAuthError {
    OAuthError::new(Code::InvalidGrant, format!("assertion: {}", what.into()))
}

/// Returns the header of an assertion and the issuer it names, before any of it is verified.
pub(super) fn peek(assertion: &str) -> Result<(Header, String)> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let (header, Issuer { iss }) = jwks::peek(assertion).map_err(refuse)?;
    if !header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE)) {
        return Err(refuse(format!("typ must be {TYPE}")));
    }
    Ok((header, iss))
}

/// Verifies the claims: signed by one of these keys, meant for us, and current.
pub(super) fn verify(
    assertion: &str,
    header: &Header,
    keys: &JwkSet,
    issuer: &str,
    audience: &str,
    now: DateTime<Utc>,
) -> Option<Result<Claims>> {
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[issuer]);
    // The type requires the mandatory claims; the rest is checked below, times by the request's clock.
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    validation.validate_exp = false;
    let claims = jwks::verify::<Claims>(assertion, header, keys, &validation)?;
    Some(
        claims
            .map_err(refuse)
            .and_then(|claims| for_us(claims, audience))
            .and_then(|claims| timely(claims, now)),
    )
}

/// The audience must be this installation alone: any other audience could present the assertion here as its own.
fn for_us(claims: Claims, audience: &str) -> Result<Claims> {
    if claims.aud.only() != Some(audience) {
        return Err(refuse(format!("aud must be {audience}, and nothing else")));
    }
    Ok(claims)
}

fn timely(claims: Claims, now: DateTime<Utc>) -> Result<Claims> {
    jwks::named("sub", &claims.sub).map_err(refuse)?;
    claims.once().check(now).map_err(refuse)?;
    Ok(claims)
}
