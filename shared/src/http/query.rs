//! Query strings: invalid ones are refused with a reason, like bodies.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::words::in_words;
use crate::error::{Error, Result};

/// A query string.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map(Self).map_err(
            |error| {
                let path = error.path().to_string();
                let (missing, message) = in_words(&error.inner().to_string());
                match (path != ".").then_some(path).or(missing) {
                    Some(field) => Error::invalid(field, message),
                    None => Error::malformed(format!("query string: {message}")),
                }
            },
        )
    }
}
