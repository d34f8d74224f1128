//! Bodies of JSON lines (NDJSON): one object per line, each accepted or refused individually.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::{idempotent, json};
use crate::error::{Error, Result};
use crate::idempotency::IdempotencyKey;

/// The accepted content types; a single line is also JSON.
const KINDS: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"];

/// The non-empty lines of a body, and the key it may have been sent with.
#[derive(Debug)]
pub struct Lines<T> {
    /// The key, if the client gave one.
    pub key: Option<IdempotencyKey>,
    /// The line number of each line in the body, starting at 1.
    pub numbers: Vec<usize>,
    /// Each line, or what is wrong with it.
    pub lines: Vec<Result<T>>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Lines<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let (key, bytes) = idempotent::read(request, state, &KINDS).await?;
        // Some editors begin a file with a byte order mark.
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let lines = text.split(|byte| *byte == b'\n').enumerate();
        let (numbers, lines) = lines
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(index, line)| (index + 1, json::parse_part("line", line.trim_ascii())))
            .unzip();
        Ok(Self { key, numbers, lines })
    }
}
