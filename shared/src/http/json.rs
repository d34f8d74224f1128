//! JSON bodies: invalid ones are refused with the place and the reason.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::body::{self, BodyError};
use super::encoding::plain;
use super::rates::{BodyLimit, InstallationLimit};
use super::strict::Strict;
use super::words::in_words;
use crate::error::{Error, Result};

/// A JSON body, in requests and in responses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        parse(&bytes(request, state, &KINDS).await?).map(Self)
    }
}

/// The content types of a JSON body; any type ending in `+json` is accepted as well.
pub(super) const KINDS: [&str; 1] = ["application/json"];

/// Reads a body whose content type is one of these or absent.
pub(super) async fn bytes<S: Send + Sync>(request: Request, state: &S, kinds: &[&str]) -> Result<Bytes> {
    if let Some(kind) = request.headers().get(CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let fits = kinds.iter().any(|known| kind.eq_ignore_ascii_case(known))
            || (kinds == KINDS && kind.to_ascii_lowercase().ends_with("+json"));
        if !fits && !kind.is_empty() {
            let name = if kinds == KINDS { "JSON" } else { "JSON lines" };
            return Err(Error::malformed(format!("content type {kind:?} is not {name}, send {}", kinds[0])));
        }
    }
    plain(request.headers())?;
    let most = request.extensions().get::<BodyLimit>().copied();
    let allowed = request.extensions().get::<InstallationLimit>().copied();
    let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
            let most =
                allowed.map_or_else(String::new, |InstallationLimit(most)| format!(" of {most} bytes"));
            Error::TooLarge(format!("the body is larger than the limit{most} of this installation"))
        } else {
            Error::malformed("the body could not be read")
        }
    })?;
    match most {
        Some(BodyLimit(most)) if bytes.len() > most => Err(Error::TooLarge(format!(
            "the body has {} bytes, the plan allows {most}: send less at a time, or ask for a larger plan",
            bytes.len()
        ))),
        _ => Ok(bytes),
    }
}

/// Parses a body; errors name the path to whatever does not fit.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    parse_part("body", body)
}

/// Parses a body or a line of one; errors say which it is.
pub(super) fn parse_part<T: DeserializeOwned>(part: &str, text: &[u8]) -> Result<T> {
    let wrong = |what: String| Error::malformed(format!("the {part} {what}"));
    let json = std::str::from_utf8(text)
        .map_err(|error| wrong(format!("is not UTF-8, see byte {}", error.valid_up_to())))?;
    if json.trim().is_empty() {
        return Err(wrong("is empty, expected JSON".to_owned()));
    }
    if json.trim_start().starts_with('[') {
        return Err(wrong("is a JSON array, expected an object".to_owned()));
    }
    let value = body::without_nul(text).map_err(|error| {
        let error = match error {
            BodyError::NotJson(error) => error,
            BodyError::Refused { place: Some(place), problem } => return Error::invalid(&place, problem),
            BodyError::Refused { place: None, problem } => return wrong(problem),
        };
        let told = error.to_string();
        let reason = told.split(" at line ").next().unwrap_or_default();
        // The parser's word for `true`, `false` and `null`.
        let reason = if reason == "expected ident" { "unexpected character" } else { reason };
        let place = match (part, error.line(), error.column()) {
            (_, 0, _) => String::new(),
            ("line", _, column) => format!(" at column {column}"),
            (_, line, column) => format!(" at line {line} column {column}"),
        };
        wrong(format!("is not valid JSON: {reason}{place}"))
    })?;
    read(value)
}

/// Reads a type from a value; errors name the path to whatever does not fit.
///
/// # Errors
/// If something does not fit.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| {
        let path = error.path().to_string();
        let place = (path != ".").then_some(path);
        let (missing, message) = in_words(&error.inner().to_string());
        let field = match (place, missing) {
            (Some(place), Some(missing)) => Some(format!("{place}.{missing}")),
            (place, missing) => place.or(missing),
        };
        Error::Invalid { field, message }
    })
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_place() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Body {
            items: Vec<u8>,
            parts: Vec<Part>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Part {
            id: u8,
        }
        let told = |body: &str| match parse::<Body>(body.as_bytes()).unwrap_err() {
            Error::Invalid { field, message } => (field.unwrap_or_default(), message),
            other => panic!("{other:?}"),
        };
        let said = |field: &str, message: &str| (field.to_owned(), message.to_owned());
        assert_eq!(
            told(r#"{"items":[1,"two"]}"#),
            said("items[1]", "expected an integer, found string \"two\"")
        );
        assert_eq!(told(r#"{"items":[]}"#), said("parts", "is missing"));
        assert_eq!(told(r#"{"items":[],"parts":[{}]}"#), said("parts[0].id", "is missing"));
        assert_eq!(
            told(r#"{"items":[],"parts":[[1]]}"#),
            said("parts[0]", "expected an object, found a list")
        );
        assert!(told(r#"{"items":[],"items":[]}"#).1.contains("member \"items\" occurs twice"));
        assert!(parse::<Body>(b"{").unwrap_err().to_string().contains("not valid JSON"));
        assert!(parse::<Body>(b"{\"items\":[]} x").unwrap_err().to_string().contains("not valid JSON"));
        assert!(parse::<Body>(b"\xff").unwrap_err().to_string().contains("UTF-8"));
    }
}
