//! Public keys of other parties (JSON Web Key Sets, RFC 7517), and verifying JWTs with them: for assertions by identity
//! providers and by applications.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::fetch::Fetcher;
use crate::error::Error;
use crate::http;

/// The accepted signature algorithms, all of them asymmetric.
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::RS512,
];

/// The tolerated clock skew.
pub(super) const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// The maximum lifetime of an assertion, which is how long it must be remembered.
pub(super) const LONGEST: TimeDelta = TimeDelta::hours(1);

/// The maximum length of an assertion's id (`jti`) or its subject, in bytes.
const LONGEST_NAME: usize = 512;

/// How long keys are used before they are read again, so that a withdrawn key is forgotten.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// The minimum interval between reads, however many signatures fail to verify.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// The audience of a JWT.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Returns the audience, if there is only one. A second audience could present the assertion here as its own.
    pub(super) fn only(&self) -> Option<&str> {
        match self {
            Self::One(one) => Some(one),
            Self::Several(several) => match several.as_slice() {
                [one] => Some(one),
                _ => None,
            },
        }
    }
}

/// Seconds since 1970, with fractions truncated (RFC 7519 section 2, NumericDate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NumericDate(pub(super) i64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The last second of the year 9999.
        const LAST: f64 = 253_402_300_799.0;
        let seconds = f64::deserialize(deserializer)?;
        if !(0.0..=LAST).contains(&seconds) {
            return Err(D::Error::custom("a time is a number of seconds since 1970"));
        }
        #[allow(clippy::cast_possible_truncation, reason = "within the bounds above")]
        Ok(Self(seconds as i64))
    }
}

/// The claims that make an assertion current and usable only once.
pub(super) struct Once<'a> {
    pub(super) jti: &'a str,
    pub(super) exp: NumericDate,
    pub(super) nbf: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
}

impl Once<'_> {
    /// Refuses an assertion that has expired, is not valid yet, or would have to be remembered for too long.
    pub(super) fn check(&self, now: DateTime<Utc>) -> Result<(), String> {
        named("jti", self.jti)?;
        let (at, leeway) = (now.timestamp(), LEEWAY.num_seconds());
        if self.exp.0 + leeway <= at {
            return Err("it has expired".to_owned());
        }
        let later = |from: Option<NumericDate>| from.is_some_and(|from| from.0 > at + leeway);
        if later(self.nbf) {
            return Err("it is not valid yet (nbf)".to_owned());
        }
        if later(self.iat) {
            return Err("it is from the future (iat)".to_owned());
        }
        if self.exp.0 > at + LONGEST.num_seconds() + leeway {
            return Err("it is good for more than an hour (exp)".to_owned());
        }
        Ok(())
    }

    /// Until when the use of the assertion must be remembered.
    pub(super) fn until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        DateTime::from_timestamp(self.exp.0, 0).unwrap_or(now) + LEEWAY
    }
}

/// Refuses a name that is empty or too long.
pub(super) fn named(claim: &str, name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(format!("{claim} has 1 to {LONGEST_NAME} bytes"));
    }
    Ok(())
}

/// Whether keys that were last requested at that time are to be requested again: because they are old, or because no
/// key verifies a signature (`missed`) and they were not requested just now.
pub(super) fn due(asked_at: Option<DateTime<Utc>>, missed: bool, now: DateTime<Utc>) -> bool {
    asked_at.is_none_or(|at| now - at > if missed { PAUSE } else { FRESH })
}

/// Reads the keys at a URL; also returns the document as it is stored.
pub(super) async fn read(fetcher: &Fetcher, address: &str) -> Result<(JwkSet, Value), String> {
    let bytes = fetcher.get(address).await?;
    let document = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    Ok((parse(&document)?, document))
}

/// Parses the keys that can verify signatures. Others in the same document are left out.
pub(super) fn parse(document: &Value) -> Result<JwkSet, String> {
    let all = document["keys"].as_array().ok_or("its keys must be a list")?;
    let keys = all.iter().filter(|key| key["kty"] != "oct" && key["use"] != "enc");
    let keys = keys.filter_map(|key| serde_json::from_value(key.clone()).ok());
    let keys: Vec<Jwk> = keys.filter(|key| DecodingKey::from_jwk(key).is_ok()).collect();
    if keys.is_empty() {
        return Err("there is no public key for signatures in it".to_owned());
    }
    Ok(JwkSet { keys })
}

/// Returns the header of a JWT and some of its claims, before any of it is verified.
pub(super) fn peek<T: DeserializeOwned>(jwt: &str) -> Result<(Header, T), String> {
    let header = jsonwebtoken::decode_header(jwt).map_err(|_| "this is no JWT")?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err("its signature is of a kind that is not accepted".to_owned());
    }
    // Extensions that the signer requires to be understood: none are supported here (RFC 7515 section 4.1.11).
    if header.crit.is_some() {
        return Err("its header names extensions in crit, and none is understood here".to_owned());
    }
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap_or_default());
    let payload = payload.map_err(|_| "this is no JWT")?;
    Ok((header, claims(http::value(&payload).map_err(|_| "its claims are not valid JSON")?)?))
}

/// Returns the claims if one of these keys signed the JWT. If one did but `validation` fails, the result is an error.
pub(super) fn verify<T: DeserializeOwned>(
    jwt: &str,
    header: &Header,
    keys: &JwkSet,
    validation: &Validation,
) -> Option<Result<T, String>> {
    let fitting = keys.keys.iter().filter(|key| fits(key, header));
    let fitting = fitting.filter_map(|key| DecodingKey::from_jwk(key).ok());
    let mut fitting = fitting.filter(|key| key.family() == header.alg.family());
    fitting.find_map(|key| match jsonwebtoken::decode::<Value>(jwt, &key, validation) {
        Ok(data) => Some(claims(data.claims)),
        Err(error) => match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => None,
            _ => Some(Err(error.to_string())),
        },
    })
}

/// Reads claims. An error names the claim that is missing or of the wrong type.
fn claims<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    http::read(value).map_err(|error| match error {
        Error::Invalid { field: Some(name), message } if message == "is missing" => {
            format!("the claim {name} is missing")
        }
        other => other.to_string(),
    })
}

/// Whether a key may have made a signature, judging by its id and algorithm.
fn fits(key: &Jwk, header: &Header) -> bool {
    let named = match (&header.kid, &key.common.key_id) {
        (Some(asked), Some(known)) => asked == known,
        (Some(_), None) => false,
        (None, _) => true,
    };
    let algorithm =
        key.common.key_algorithm.is_none_or(|known| known.to_string() == format!("{:?}", header.alg));
    named && algorithm
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_and_keys_for_other_purposes_are_no_keys() {
        let ed =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let mut sealing = ed.clone();
        sealing["use"] = json!("enc");
        let secret = json!({ "kty": "oct", "k": "AAAA" });
        let strange = json!({ "kty": "lattice" });
        assert_eq!(parse(&json!({ "keys": [secret, sealing, strange, ed] })).unwrap().keys.len(), 1);
        for none in [
            json!([]),
            json!({}),
            json!({ "keys": {} }),
            json!({ "keys": [] }),
            json!({ "keys": [secret, sealing] }),
        ] {
            assert!(parse(&none).is_err(), "{none}");
        }
    }

    #[test]
    fn a_time_may_have_a_fraction_and_is_one_of_this_world() {
        let read = |text: &str| serde_json::from_str::<NumericDate>(text).ok().map(|date| date.0);
        assert_eq!(["1800000000", "1800000000.9", "1.8e9"].map(read), [Some(1_800_000_000); 3]);
        for wrong in ["-1", "9223372036854775807", "1e300", "\"1800000000\"", "null", "[]"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_wrong_claim_is_named_with_what_was_found() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "only read")]
        struct Claims {
            aud: Audience,
            exp: NumericDate,
            scope: Option<String>,
        }
        let wrong = |name: &str, value: Value| {
            let mut good = json!({ "aud": "https://mem0.test", "exp": 1_800_000_000, "scope": null });
            good[name] = value;
            claims::<Claims>(good).unwrap_err()
        };
        assert_eq!(wrong("scope", json!(["a"])), "scope: expected a string, found a list");
        assert_eq!(wrong("exp", json!("tomorrow")), "exp: expected a number, found string \"tomorrow\"");
        assert_eq!(wrong("exp", json!(-1)), "exp: a time is a number of seconds since 1970");
        assert_eq!(wrong("aud", json!(7)), "aud: expected a string or a list of strings");
        assert_eq!(claims::<Claims>(json!({ "aud": "x" })).unwrap_err(), "the claim exp is missing");
    }

    #[test]
    fn keys_are_read_again_when_they_are_old_or_miss_but_not_all_the_time() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert!(due(None, false, now) && due(None, true, now));
        let ago = |minutes| Some(now - TimeDelta::minutes(minutes));
        assert_eq!([ago(0), ago(2), ago(61)].map(|at| due(at, false, now)), [false, false, true]);
        assert_eq!([ago(0), ago(2), ago(61)].map(|at| due(at, true, now)), [false, true, true]);
    }
}
