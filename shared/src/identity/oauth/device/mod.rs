//! Device authorization (RFC 8628): a program without a browser shows a short code, which its user types elsewhere.

mod decide;
mod poll;
mod store;

use chrono::TimeDelta;
use secrecy::SecretString;

pub use store::Waiting;
pub(super) use store::end;

use super::clients::{Client, GrantType};
use super::{Code, OAuthError, Result, resource, scope};
use crate::access::{RequestInfo, SecretHash};
use crate::identity::Identity;
use crate::identity::throttle::{self, Bucket};
use crate::random;

/// The prefix of a device code.
const PREFIX: &str = "m0dc_";

/// How long a code may wait for its user.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The minimum polling interval of a device, in seconds. A device that polls too soon must wait longer each time.
pub const INTERVAL: i32 = 5;

/// No vowels, so that codes form no words, and no letters that are easily confused (RFC 8628 section 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The response to a device.
#[derive(Debug)]
pub struct Begun {
    /// The code that it polls with: `m0dc_…`.
    pub device_code: SecretString,
    /// The code that its user types: `WDJB-MJHT`.
    pub user_code: String,
}

impl Identity {
    /// Starts the authorization of a device.
    pub async fn begin_device(
        &self,
        request: &RequestInfo,
        client: &Client,
        scope: Option<&str>,
        resources: &[String],
    ) -> Result<Begun> {
        client.may_use(GrantType::DeviceCode)?;
        let scopes = scope::parse(scope)?;
        let audience = resource::audience(self.gate().issuer(), resources)?;
        let tx = self.gate().sign_in("oauth_device_code.attempt").await?;
        let attempt = throttle::reserve(&tx, [Bucket::device(request)], request.at).await?;
        tx.commit().await?;
        attempt.admitted()?;
        let secret = random::secret(PREFIX)?;
        // A code has 34 bits, of which few are in use at a time, so one or two attempts always suffice.
        for _ in 0..5 {
            let code = user_code()?;
            let new = store::NewDevice {
                hash: SecretHash::of(&secret),
                user_code: &code,
                client_id: &client.id,
                scopes: &scopes,
                resource: &audience,
            };
            let tx = self.gate().sign_in("oauth_device_code.begin").await?;
            let taken = !store::insert(&tx, &new, request, request.at + LIFETIME).await?;
            tx.commit().await?;
            if !taken {
                return Ok(Begun {
                    device_code: secret.into(),
                    user_code: format!("{}-{}", &code[..4], &code[4..]),
                });
            }
        }
        Err(crate::Error::unavailable("no code is free right now", "user codes collide").into())
    }
}

/// Normalizes a typed code: without dash, in upper case.
pub(super) fn normalized(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric).take(16);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

fn user_code() -> Result<String> {
    let mut code = String::new();
    while code.len() < 8 {
        for byte in random::bytes::<16>()? {
            // 240 is the largest multiple of 20 below 256, so every letter is equally likely.
            if byte < 240 && code.len() < 8 {
                code.push(char::from(ALPHABET[usize::from(byte % 20)]));
            }
        }
    }
    Ok(code)
}

/// The error for a code that is not known.
fn unknown_code() -> OAuthError {
    OAuthError::new(
        Code::InvalidRequest,
        "This code is not known, or it is too old. Check it, or begin again on the device.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_however_they_are_typed() {
        let code = user_code().unwrap();
        assert!(code.len() == 8 && code.bytes().all(|letter| ALPHABET.contains(&letter)), "{code}");
        assert_eq!(normalized(&format!(" {}-{} ", code[..4].to_lowercase(), &code[4..])), code);
    }
}
