//! Converts a function's reply to an HTTP response.
//!
//! Source: "Lambda function response format" for payload format 2.0. A reply without `statusCode` is taken as the body
//! of a 200, as the service does. `multiValueHeaders` is not part of the format; its values are added so that the
//! reply of a function written for format 1.0 remains readable.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use crate::{InvokeError, event::HOP_BY_HOP};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Converts a reply to the response that a client sees.
///
/// # Errors
/// [`InvokeError::MalformedReply`].
pub(crate) fn to_response(reply: &Bytes) -> Result<Response<Bytes>, InvokeError> {
    let value: Value = serde_json::from_slice(reply).map_err(malformed)?;
    if value.get("statusCode").is_none_or(Value::is_null) {
        let mut response = Response::new(reply.clone());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let reply = Reply::deserialize(value).map_err(malformed)?;

    let body = reply.body.unwrap_or_default();
    let body =
        if reply.is_base64_encoded { BASE64_STANDARD.decode(body).map_err(malformed)? } else { body.into() };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(reply.status_code).map_err(malformed)?;

    let single = reply.headers.unwrap_or_default().into_iter().map(|(name, value)| (name, scalar(value)));
    let multiple = reply.multi_value_headers.unwrap_or_default().into_iter();
    let multiple =
        multiple.flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let cookies = reply.cookies.unwrap_or_default().into_iter();
    let cookies = cookies.map(|cookie| (header::SET_COOKIE.to_string(), cookie));
    for (name, value) in single.chain(multiple).chain(cookies) {
        let name = HeaderName::try_from(name).map_err(malformed)?;
        let value = HeaderValue::try_from(value).map_err(malformed)?;
        // The gateway frames the response itself.
        if name != header::CONTENT_LENGTH && !HOP_BY_HOP.contains(&name.as_str()) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

/// Returns a header value; numbers and booleans are accepted, as the service does.
fn scalar(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn malformed(error: impl std::fmt::Display) -> InvokeError {
    InvokeError::MalformedReply(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(reply: &Value) -> Result<Response<Bytes>, InvokeError> {
        to_response(&Bytes::from(reply.to_string()))
    }

    #[test]
    fn status_headers_cookies_and_text_are_carried_over() {
        let response = response(&json!({
            "statusCode": 201,
            "headers": { "Content-Type": "text/plain", "x-count": 3, "content-length": "99", "connection": "close" },
            "multiValueHeaders": { "vary": ["origin", "accept"] },
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "hé",
            "isBase64Encoded": false,
        }))
        .unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(response.headers()["x-count"], "3");
        assert_eq!(response.headers().get_all("vary").iter().count(), 2);
        assert_eq!(
            response.headers().get_all("set-cookie").iter().collect::<Vec<_>>(),
            ["a=1; Path=/", "b=2"]
        );
        assert_eq!(response.headers().get("content-length"), None);
        assert_eq!(response.headers().get("connection"), None);
        assert_eq!(response.body(), "hé");
    }

    #[test]
    fn base64_is_decoded() {
        let response =
            response(&json!({ "statusCode": 200, "body": "AP8=", "isBase64Encoded": true })).unwrap();
        assert_eq!(response.body().as_ref(), [0, 255]);
    }

    #[test]
    fn a_reply_without_a_status_is_the_body_of_a_200() {
        let response = response(&json!({ "message": "hello" })).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.body(), r#"{"message":"hello"}"#);
    }

    #[test]
    fn what_no_gateway_could_send_is_malformed() {
        for reply in [
            json!({ "statusCode": 20 }),
            json!({ "statusCode": "200" }),
            json!({ "statusCode": 200, "headers": { "bad name": "x" } }),
            json!({ "statusCode": 200, "headers": { "name": "line\nbreak" } }),
            json!({ "statusCode": 200, "body": "%%", "isBase64Encoded": true }),
            json!({ "statusCode": 200, "body": { "not": "text" } }),
        ] {
            assert!(matches!(response(&reply), Err(InvokeError::MalformedReply(_))), "{reply}");
        }
        assert!(matches!(to_response(&Bytes::from_static(b"not json")), Err(InvokeError::MalformedReply(_))));
    }
}
