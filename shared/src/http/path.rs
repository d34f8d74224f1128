//! Path parameters: a path with a malformed id names nothing, and the response says what was expected.

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::words::in_words;
use crate::error::{Error, Result};

/// The parameters of a path, in order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(failure)) => Err(match failure.kind() {
                ErrorKind::Message(message) | ErrorKind::DeserializeError { message, .. } => {
                    Error::UnknownAddress(format!(
                        "there is nothing at this address: {}",
                        in_words(message).1
                    ))
                }
                other => Error::UnknownAddress(format!("there is nothing at this address: {other}")),
            }),
            Err(other) => Err(Error::internal(other)),
        }
    }
}
