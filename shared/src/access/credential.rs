//! The credential of a request, as its headers carry it.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::SecretString;

use crate::error::{Error, Result, Unauthenticated};

/// A credential that has not been checked yet.
#[derive(Debug)]
pub enum Credential {
    /// `m0sk_…`.
    ApiKey(SecretString),
    /// A JWT.
    AccessToken(SecretString),
}

impl Credential {
    /// Reads `Authorization: Bearer …`, `Authorization: Token …` (mem0's clients) or `X-API-Key: …`. Either scheme may
    /// carry an API key or an access token. The URL is never read: URLs are logged and shared.
    ///
    /// # Errors
    /// If there is none, or more than one: others on the way may have read another than we would.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self> {
        for (name, said) in [(AUTHORIZATION.as_str(), "Authorization"), ("x-api-key", "X-API-Key")] {
            if headers.get_all(name).iter().nth(1).is_some() {
                return Err(Error::malformed(format!("send one {said} header, not several")));
            }
        }
        if let Some(value) = headers.get(AUTHORIZATION) {
            let (scheme, secret) = value
                .to_str()
                .ok()
                .and_then(|text| text.trim().split_once(' '))
                .ok_or(Unauthenticated::Invalid)?;
            if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
                return Ok(Self::parse(secret)?);
            }
            return Err(Unauthenticated::Invalid.into());
        }
        match headers.get("x-api-key") {
            Some(value) => Ok(Self::parse(value.to_str().map_err(|_| Unauthenticated::Invalid)?)?),
            None => Err(Unauthenticated::Missing.into()),
        }
    }

    fn parse(secret: &str) -> Result<Self, Unauthenticated> {
        let secret = secret.trim();
        if secret.is_empty() {
            return Err(Unauthenticated::Missing);
        }
        // An access token has exactly two dots; an API key has none.
        Ok(match secret.bytes().filter(|byte| *byte == b'.').count() {
            2 => Self::AccessToken(SecretString::from(secret)),
            _ => Self::ApiKey(SecretString::from(secret)),
        })
    }
}
