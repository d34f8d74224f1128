//! Randomness and the secrets made from it: opaque strings of 256 bits with a prefix that says what they are for, so
//! that a person, a log scrubber or a secret scanner recognizes a leaked one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};

/// Returns bytes from the operating system's generator.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// Generates a secret: the prefix and 43 characters of base64url.
pub(crate) fn secret(prefix: &str) -> Result<String> {
    bytes::<32>().map(|bytes| spell(prefix, &bytes))
}

/// Formats 256 bits as a secret.
pub(crate) fn spell(prefix: &str, bytes: &[u8; 32]) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}
