//! The entry point for `fuzz/`: everything that untrusted bytes pass before any lookup. Never part of a shipped binary.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::era::{self, Version};
use crate::message::Message;
use crate::{cursor, discovery, headers};

/// Reads headers (one `name: value` a line), an empty line and a body, as the endpoint does. Panics on answers that a
/// refusal must not have; the fuzzer looks for panics.
pub fn read(data: &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((&[][..], data), |at| (&data[..at], &data[at + 2..]));
    let headers = lines(head);
    let (method, params) = match Message::parse(body) {
        Ok(Message::Request(request)) => (request.method, request.params),
        Ok(Message::Notification { method, params }) => (method, params),
        Ok(Message::Response) => return,
        Err(fault) => {
            assert_eq!(fault.status(Version::MODERN[0]), StatusCode::BAD_REQUEST);
            assert!(fault.object()["code"].is_i64());
            return;
        }
    };
    let Ok(version) = era::version(&headers, &method, &params) else { return };
    let _ = headers::agree(&headers, &method, &params);
    let _ = cursor::of(&params);
    let _ = discovery::initialize(&params);
    if let Ok(terms) = era::terms(version, &headers, &method, &params) {
        assert_eq!(terms.version, version);
        let _ = terms.can_ask();
    }
}

fn lines(head: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n').take(20) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&line[colon + 1..])) {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use std::fs;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// Inputs found by `scripts/fuzz` that reach every place that it has reached.
    #[test]
    fn what_fuzzing_found_passes() {
        let kept = include_str!("../fuzz/kept.base64");
        assert!(kept.lines().count() > 100);
        kept.lines().for_each(|line| read(&STANDARD.decode(line).unwrap()));
    }

    /// libFuzzer's seeds, cut off at every byte and with every byte changed: a few seconds of what it does for minutes.
    #[test]
    fn whatever_becomes_of_a_message_on_its_way_passes() {
        for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds")).unwrap() {
            let seed = fs::read(file.unwrap().path()).unwrap();
            for at in 0..seed.len() {
                read(&seed[..at]);
                for byte in [0, b'"', b'\\', b'{', b']', b'\n', b'9', seed[at] ^ 0x80] {
                    let mut changed = seed.clone();
                    changed[at] = byte;
                    read(&changed);
                }
            }
        }
    }
}
