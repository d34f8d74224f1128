//! `Idempotency-Key` on requests, `Idempotent-Replayed` on responses. `idempotency` explains their meaning.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use super::json;
use crate::error::{Error, Result};
use crate::idempotency::{IdempotencyKey, Once};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A JSON body and the key it may have been sent with. Two requests are the same if their method, path, query and body
/// bytes are equal.
#[derive(Debug, Clone)]
pub struct Idempotent<T> {
    /// The key, if the client gave one.
    pub key: Option<IdempotencyKey>,
    /// The body.
    pub body: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Idempotent<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let (key, bytes) = read(request, state, &json::KINDS).await?;
        Ok(Self { key, body: json::parse(&bytes)? })
    }
}

/// The key of a request that needs no body. If there is a body, it counts when comparing requests.
#[derive(Debug, Clone)]
pub struct IdempotentEmpty(pub Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequest<S> for IdempotentEmpty {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let (key, _) = read(request, state, &json::KINDS).await?;
        Ok(Self(key))
    }
}

/// Reads the body and its key. The content type must be one of these, or absent.
pub(super) async fn read<S: Send + Sync>(
    request: Request,
    state: &S,
    kinds: &[&str],
) -> Result<(Option<IdempotencyKey>, Bytes)> {
    let key = header(request.headers())?.map(str::to_owned);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let bytes = json::bytes(request, state, kinds).await?;
    let key = key.map(|key| {
        let query = uri.query().unwrap_or_default();
        let parts = [method.as_str().as_bytes(), uri.path().as_bytes(), query.as_bytes(), &bytes];
        IdempotencyKey::new(&key, &parts)
    });
    Ok((key.transpose()?, bytes))
}

/// Refuses a key on a route whose response holds a secret: it could not be replayed without having been stored.
pub fn refuse_key(headers: &HeaderMap) -> Result<()> {
    match header(headers)? {
        None => Ok(()),
        Some(_) => Err(Error::malformed(
            "this route takes no Idempotency-Key, because its answer holds a secret that is not stored",
        )),
    }
}

fn header(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| Error::malformed("Idempotency-Key is not ASCII"))
        }
        _ => Err(Error::malformed("there is more than one Idempotency-Key")),
    }
}

impl<T: IntoResponse> IntoResponse for Once<T> {
    fn into_response(self) -> Response {
        let mut response = self.value.into_response();
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
