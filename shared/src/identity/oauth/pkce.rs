//! PKCE (RFC 7636), with S256 only: `plain` would let anyone who saw the request redeem its code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Code, OAuthError, Result};

/// Returns the code challenge of an authorization request, if it is valid.
pub(super) fn challenge(challenge: Option<&str>, method: Option<&str>) -> Result<String> {
    let refuse = |what: &str| Err(OAuthError::new(Code::InvalidRequest, what));
    let Some(challenge) = challenge else { return refuse("code_challenge is missing, PKCE is required") };
    if method != Some("S256") {
        return refuse("code_challenge_method must be S256");
    }
    match URL_SAFE_NO_PAD.decode(challenge) {
        Ok(hash) if hash.len() == 32 => Ok(challenge.to_owned()),
        _ => refuse("code_challenge is no SHA-256 in base64url"),
    }
}

/// Whether a verifier matches the challenge.
pub(super) fn verifies(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    well_formed && bool::from(hash.as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_verifies_and_nothing_else() {
        assert!(verifies(VERIFIER, CHALLENGE));
        assert!(!verifies(CHALLENGE, CHALLENGE));
        assert!(!verifies("", CHALLENGE));
        assert!(!verifies(&VERIFIER[1..], CHALLENGE));
    }

    #[test]
    fn only_s256_is_taken() {
        assert!(challenge(Some(CHALLENGE), Some("S256")).is_ok());
        for (given, method) in [
            (None, None),
            (None, Some("S256")),
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("plain")),
            (Some(CHALLENGE), Some("s256")),
            (Some("short"), Some("S256")),
            (Some(""), Some("S256")),
        ] {
            assert!(challenge(given, method).is_err(), "{given:?} {method:?}");
        }
    }
}
