//! The client side of SCRAM-SHA-256 (RFC 5802, RFC 7677), using `ring`.
//!
//! It does not use channel binding, although PostgreSQL offers it: it only runs over TLS, to a server whose certificate
//! was issued for its name by one of the configured roots.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;

/// The mechanism's name.
pub(super) const MECHANISM: &str = "SCRAM-SHA-256";

/// The GS2 header of a client without channel binding, and the same in base64.
const HEADER: &str = "n,,";
const HEADER_BASE64: &str = "biws";

/// The maximum number of iterations: more than any server asks for would only keep this process busy.
const MOST_ITERATIONS: u32 = 1_000_000;

/// An exchange in progress.
pub(super) struct Scram {
    nonce: String,
}

/// The signature that proves to the client that the server knows the password as well.
pub(super) struct ServerSignature(hmac::Tag);

impl Scram {
    /// Begins an exchange with a fresh nonce.
    pub(super) fn begin() -> Result<Self, String> {
        let random: [u8; 18] = crate::random::bytes().map_err(|error| error.to_string())?;
        Ok(Self { nonce: BASE64_STANDARD.encode(random) })
    }

    /// The client's first message. PostgreSQL ignores the user name in it, because the startup message has named the
    /// user.
    pub(super) fn first(&self) -> String {
        format!("{HEADER}n=,r={}", self.nonce)
    }

    /// The client's response to the server's first message.
    pub(super) fn answer(
        &self,
        password: &[u8],
        server_first: &str,
    ) -> Result<(String, ServerSignature), String> {
        let attribute = |name: &str| {
            server_first
                .split(',')
                .find_map(|part| part.strip_prefix(name))
                .ok_or("the server's message is no SCRAM")
        };
        let (nonce, salt) = (attribute("r=")?, attribute("s=")?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("the server's nonce does not continue ours".to_owned());
        }
        let salt = BASE64_STANDARD.decode(salt).map_err(|_| "the server's salt is not base64".to_owned())?;
        let iterations = attribute("i=")?.parse::<u32>().ok().filter(|count| *count <= MOST_ITERATIONS);
        let iterations =
            iterations.and_then(NonZeroU32::new).ok_or("the server's iterations are no number")?;

        let mut salted = [0; digest::SHA256_OUTPUT_LEN];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password, &mut salted);
        let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let bare = format!("n=,r={}", self.nonce);
        let without_proof = format!("c={HEADER_BASE64},r={nonce}");
        let message = format!("{bare},{server_first},{without_proof}");
        let signed = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
        let signature = signed(stored_key.as_ref());
        let proof: Vec<u8> = client_key
            .as_ref()
            .iter()
            .zip(signature.as_ref())
            .map(|(key, signature)| key ^ signature)
            .collect();
        let server_key = hmac::sign(&salted, b"Server Key");
        let expected = ServerSignature(signed(server_key.as_ref()));
        Ok((format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)), expected))
    }
}

impl ServerSignature {
    /// Checks that the server's final message proves that it knows the password.
    pub(super) fn verify(&self, server_final: &str) -> Result<(), String> {
        let given = server_final.strip_prefix("v=").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let equal =
            given.is_some_and(|given| bool::from(subtle::ConstantTimeEq::ct_eq(&*given, self.0.as_ref())));
        if equal { Ok(()) } else { Err("the server does not know the password".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677, section 3, without the user's name, which PostgreSQL's clients leave out; the proof
    /// was therefore computed by another implementation (Python's hashlib and hmac).
    const SERVER_FIRST: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    fn scram() -> Scram {
        Scram { nonce: "rOprNGfwEbeRWgbNEkqO".to_owned() }
    }

    #[test]
    fn an_exchange_is_what_another_implementation_computes() {
        let (answer, expected) = scram().answer(b"pencil", SERVER_FIRST).unwrap();
        assert_eq!(
            answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k="
        );
        expected.verify("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=").unwrap();
        assert!(expected.verify("v=AAAA").is_err());
        assert!(expected.verify("e=other-error").is_err());
    }

    #[test]
    fn a_server_that_does_not_play_by_the_rules_is_refused() {
        for first in [
            "",
            "r=someone-elses,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=***,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
            "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000",
        ] {
            assert!(scram().answer(b"pencil", first).is_err(), "{first}");
        }
    }
}
