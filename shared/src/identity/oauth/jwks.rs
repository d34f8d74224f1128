//! The public keys of others (JSON Web Key Sets, RFC 7517), and whether one of them signed a JWT: for assertions of identity
//! providers and of applications.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fetch::Fetcher;

/// Signatures that anybody can check and only the holder of a key can make.
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::RS512,
];

/// How far clocks may differ.
pub(super) const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// The longest that an assertion may be good for: so long it is remembered.
pub(super) const LONGEST: TimeDelta = TimeDelta::hours(1);

/// Keys are believed so long without looking again: one that was withdrawn is forgotten then.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// However many signatures do not fit, keys are not read more often.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Whom a JWT is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// The one that is meant. With a second one, that one could bring the assertion here as its own.
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

/// Whether keys that were last asked for then are to be asked for again: because they are old, or because a signature is by
/// none of them (`missed`) and that was not tried just now.
pub(super) fn due(asked_at: Option<DateTime<Utc>>, missed: bool, now: DateTime<Utc>) -> bool {
    asked_at.is_none_or(|at| now - at > if missed { PAUSE } else { FRESH })
}

/// The keys at an address, also as they are stored.
pub(super) async fn read(fetcher: &Fetcher, address: &str) -> Result<(JwkSet, Value), String> {
    let bytes = fetcher.get(address).await?;
    let document = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    Ok((parse(&document)?, document))
}

/// Keys that signatures can be checked with. Those of other kinds are left out: they are published side by side.
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

/// The header of a JWT and some of its claims, before anything of it is believed.
pub(super) fn peek<T: DeserializeOwned>(jwt: &str) -> Result<(Header, T), String> {
    let header = jsonwebtoken::decode_header(jwt).map_err(|_| "this is no JWT")?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err("its signature is of a kind that is not accepted".to_owned());
    }
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap_or_default());
    let payload = payload.map_err(|_| "this is no JWT")?;
    Ok((header, serde_json::from_slice(&payload).map_err(|error| claim(&error.to_string()))?))
}

/// Its claims, if one of these keys signed it. Signed, but not as `validation` has it, is an error.
pub(super) fn verify<T: DeserializeOwned + Clone>(
    jwt: &str,
    header: &Header,
    keys: &JwkSet,
    validation: &Validation,
) -> Option<Result<T, String>> {
    let fitting = keys.keys.iter().filter(|key| fits(key, header));
    let fitting = fitting.filter_map(|key| DecodingKey::from_jwk(key).ok());
    let mut fitting = fitting.filter(|key| key.family() == header.alg.family());
    fitting.find_map(|key| match jsonwebtoken::decode::<T>(jwt, &key, validation) {
        Ok(data) => Some(Ok(data.claims)),
        Err(error) => match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => None,
            // What is wrong with its claims, and not where in the text.
            _ => Some(Err(claim(&error.to_string()))),
        },
    })
}

/// What is said of a claim that is missing or wrong, without the place in a text that nobody sees.
fn claim(problem: &str) -> String {
    let problem = problem.strip_prefix("JSON error: ").unwrap_or(problem);
    let problem = problem.rsplit_once(" at line ").map_or(problem, |(before, _)| before);
    match problem.strip_prefix("missing field ") {
        Some(name) => format!("the claim {} is missing", name.trim_matches('`')),
        None => problem.to_owned(),
    }
}

/// Whether a key may have made a signature: by its name, and by what it is for.
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
    fn keys_are_read_again_when_they_are_old_or_miss_but_not_all_the_time() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert!(due(None, false, now) && due(None, true, now));
        let ago = |minutes| Some(now - TimeDelta::minutes(minutes));
        assert_eq!([ago(0), ago(2), ago(61)].map(|at| due(at, false, now)), [false, false, true]);
        assert_eq!([ago(0), ago(2), ago(61)].map(|at| due(at, true, now)), [false, true, true]);
    }
}
