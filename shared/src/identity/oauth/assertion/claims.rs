//! What an assertion says, and whether its issuer said it to us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;

use crate::identity::oauth::{Code, OAuthError, Result};

/// The `typ` of an assertion, so that no other JWT of the provider's passes for one.
const TYPE: &str = "oauth-id-jag+jwt";

/// Signatures that anybody can check and only the provider can make.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::RS512,
];

/// How far clocks may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// The longest that an assertion may be good for: so long it is remembered.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// The claims that mean something here.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) jti: String,
    pub(super) client_id: String,
    pub(super) exp: i64,
    pub(super) iat: Option<i64>,
    pub(super) resource: Option<Resources>,
    pub(super) scope: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<bool>,
}

/// One or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
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

/// The header of an assertion and who it says issued it, before anything of it is believed.
pub(super) fn peek(assertion: &str) -> Result<(Header, String)> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| refuse("this is no JWT"))?;
    if !header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE)) {
        return Err(refuse(format!("typ must be {TYPE}")));
    }
    if !ALGORITHMS.contains(&header.alg) {
        return Err(refuse("its signature is of a kind that is not accepted"));
    }
    let payload = assertion.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).ok();
    let issuer = payload.and_then(|bytes| serde_json::from_slice::<Issuer>(&bytes).ok());
    Ok((header, issuer.ok_or_else(|| refuse("iss is missing"))?.iss))
}

/// The claims, if one of these keys signed them, for us, and not too long ago.
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
    // Ours, and under no other name of ours: nobody else may hand on what was meant for them.
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Against the request's clock, below.
    validation.validate_exp = false;
    let fitting = keys.keys.iter().filter(|key| fits(key, header));
    let claims =
        fitting.filter_map(|key| DecodingKey::from_jwk(key).ok()).find_map(
            |key| match jsonwebtoken::decode::<Claims>(assertion, &key, &validation) {
                Ok(data) => Some(Ok(data.claims)),
                Err(error) => match error.kind() {
                    jsonwebtoken::errors::ErrorKind::InvalidSignature => None,
                    _ => Some(Err(refuse(format!("it was not made for this server: {error}")))),
                },
            },
        )?;
    Some(claims.and_then(|claims| timely(claims, now)))
}

fn timely(claims: Claims, now: DateTime<Utc>) -> Result<Claims> {
    let at = now.timestamp();
    if claims.exp + LEEWAY.num_seconds() <= at {
        return Err(refuse("it has expired"));
    }
    if claims.exp > at + LONGEST.num_seconds()
        || claims.iat.is_some_and(|iat| iat > at + LEEWAY.num_seconds())
    {
        return Err(refuse("it is good for too long, or from the future"));
    }
    Ok(claims)
}

/// Whether a key may have made a signature: by its name, and by what it is for.
fn fits(key: &Jwk, header: &Header) -> bool {
    let named = match (&header.kid, &key.common.key_id) {
        (Some(asked), Some(known)) => asked == known,
        (Some(_), None) => false,
        (None, _) => true,
    };
    let algorithm =
        key.common.key_algorithm.is_none_or(|known| known.to_string() == format!("{:?}", header.alg));
    named && algorithm
}
