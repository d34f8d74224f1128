//! Sealing: text that a client carries for us, but can neither change nor forge.
//!
//! HMAC-SHA-256 (RFC 2104) with a key that is derived from a signing key's seed for one purpose. A seal can be opened
//! for as long as the signing key is published, which is longer than anything sealed should be valid, so sealed content
//! must contain its own expiry.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{SigningKey, SigningKeys};
use crate::error::{Error, Result};

impl SigningKeys {
    /// Seals text for a purpose: `<kid>.<text>.<code>`, the latter two in base64url. The text is not encrypted.
    pub async fn seal(&self, purpose: &str, text: &[u8], now: DateTime<Utc>) -> Result<String> {
        let key = self.current(now).await?;
        let text = URL_SAFE_NO_PAD.encode(text);
        let code = code(&key, purpose, &text)?.finalize().into_bytes();
        Ok(format!("{}.{text}.{}", key.id, URL_SAFE_NO_PAD.encode(code)))
    }

    /// Returns the text of a seal; `None` if it was not made here for this purpose.
    pub async fn open(&self, purpose: &str, sealed: &str, now: DateTime<Utc>) -> Result<Option<Vec<u8>>> {
        let mut parts = sealed.split('.');
        let (Some(id), Some(text), Some(found), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let Ok(found) = URL_SAFE_NO_PAD.decode(found) else { return Ok(None) };
        let current = self.current(now).await?;
        let key = if current.id == id {
            (*current).clone()
        } else {
            match self.ensure(now).await?.into_iter().find(|key| key.id == id) {
                Some(key) => key,
                None => return Ok(None),
            }
        };
        if code(&key, purpose, text)?.verify_slice(&found).is_err() {
            return Ok(None);
        }
        Ok(URL_SAFE_NO_PAD.decode(text).ok())
    }
}

fn code(key: &SigningKey, purpose: &str, text: &str) -> Result<Hmac<Sha256>> {
    let derived = hmac(&key.seed)?.chain_update(b"mem0.seal\0").chain_update(purpose).finalize().into_bytes();
    Ok(hmac(&derived)?.chain_update(text))
}

fn hmac(key: &[u8]) -> Result<Hmac<Sha256>> {
    Hmac::new_from_slice(key).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_of_one_key_one_purpose_and_one_text() {
        let key = |seed: u8| SigningKey::from_seed([seed; 32], DateTime::UNIX_EPOCH);
        let of = |seed, purpose, text| code(&key(seed), purpose, text).unwrap().finalize().into_bytes();
        let codes = [of(1, "a", "x"), of(2, "a", "x"), of(1, "b", "x"), of(1, "a", "y")];
        for (index, code) in codes.iter().enumerate() {
            assert!(codes[..index].iter().all(|other| other != code));
        }
        assert_eq!(of(1, "a", "x"), codes[0]);
    }
}
