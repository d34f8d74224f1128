//! The HTTP end: authentication first, then the envelope, then the SDK.

use axum::extract::{Request, State as Extract};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use shared::Error;
use shared::access::AuthContext;

use crate::State;
use crate::envelope;

/// The longest message; a tool's arguments are text, not files.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

pub(crate) async fn post(Extract(state): Extract<State>, caller: AuthContext, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    if let Err(refusal) = envelope::check(&body) {
        return refusal.into_response();
    }
    envelope::normalize_headers(&mut parts.headers);
    // The SDK hands the request's parts to the tools, and the caller with them.
    parts.extensions.insert(caller);
    let response = state.transport.handle(http::Request::from_parts(parts, Full::new(body))).await;
    response.map(axum::body::Body::new)
}

async fn read(body: axum::body::Body) -> Result<Bytes, Error> {
    match Limited::new(body, MAX_MESSAGE_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Error::TooLarge(format!("a message may have at most {MAX_MESSAGE_BYTES} bytes")))
        }
        Err(_) => Err(Error::malformed("the body could not be read")),
    }
}
