//! Forms and query strings: each parameter occurs at most once (RFC 6749 section 3.1), and
//! an empty one counts as absent.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use secrecy::SecretString;
use shared::error::Error;
use shared::identity::oauth::{Code, OAuthError};

/// The parameters, in the order sent.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Parses a query string or a body of that format.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, OAuthError> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text).into_owned().collect();
        if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(OAuthError::new(Code::InvalidRequest, "a parameter contains a NUL character"));
        }
        Ok(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// Returns the value of a parameter.
    pub(crate) fn one(&self, name: &str) -> Result<Option<String>, OAuthError> {
        let mut values = self.all(name).into_iter();
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(OAuthError::new(Code::InvalidRequest, format!("{name} is given more than once"))),
        }
    }

    /// Returns the value of a required parameter.
    pub(crate) fn needed(&self, name: &str) -> Result<String, OAuthError> {
        self.one(name)?.ok_or_else(|| OAuthError::new(Code::InvalidRequest, format!("{name} is missing")))
    }

    /// Returns the value of a required parameter that is secret.
    pub(crate) fn secret(&self, name: &str) -> Result<SecretString, OAuthError> {
        self.needed(name).map(SecretString::from)
    }

    /// Returns every value of a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = super::refused::Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let what = "the content type must be application/x-www-form-urlencoded";
            return Err(OAuthError::new(Code::InvalidRequest, what).into());
        }
        shared::http::plain(request.headers()).map_err(OAuthError::Failed)?;
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            OAuthError::Failed(if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
                Error::TooLarge("the body is larger than this installation accepts".to_owned())
            } else {
                Error::malformed("the body could not be read")
            })
        })?;
        Ok(Self::parse(&body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_twice_is_refused() {
        let form = Form::parse(b"a=1&b=&c=2&c=3&d=x+y%2B").unwrap();
        assert_eq!(form.one("a").unwrap().as_deref(), Some("1"));
        assert_eq!(form.one("b").unwrap(), None);
        assert_eq!(form.one("d").unwrap().as_deref(), Some("x y+"));
        assert!(form.one("c").is_err() && form.needed("e").is_err());
        assert!(Form::parse(b"a=%00").is_err());
    }
}
