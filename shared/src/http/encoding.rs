//! `Content-Encoding`: bodies are read as they are.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::{Error, Result};

/// Refuses a body that says that it is compressed: it would be read as something else.
///
/// # Errors
/// If the headers name an encoding.
pub fn plain(headers: &HeaderMap) -> Result<()> {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    let encoded = |value: &http::HeaderValue| {
        let coding = value.to_str().unwrap_or("?").trim();
        !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")
    };
    if codings.into_iter().any(encoded) { Err(Error::Encoded) } else { Ok(()) }
}
