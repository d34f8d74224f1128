//! The HTTP end: authentication first, then the envelope, then the SDK.

use axum::extract::{Request, State as Extract};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
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
    let request = http::Request::from_parts(parts, Full::new(body));
    let response = state.transport.handle(request).await.map(axum::body::Body::new);
    let json = |value: &HeaderValue| value.as_bytes().starts_with(b"application/json");
    if response.status().is_client_error() && !response.headers().get(CONTENT_TYPE).is_some_and(json) {
        return in_json(response).await;
    }
    response
}

/// The SDK refuses a request as a whole, for its media types or its host, in plain text.
async fn in_json(response: Response) -> Response {
    let status = response.status();
    match response.into_body().collect().await {
        Ok(text) => {
            let message = String::from_utf8_lossy(&text.to_bytes()).into_owned();
            (status, envelope::Refusal::of_request(message)).into_response()
        }
        Err(error) => Error::internal(error).into_response(),
    }
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
