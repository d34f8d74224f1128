//! Bodies of JSON lines (NDJSON): one object on each, every line refused or read for itself.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::{idempotent, json};
use crate::error::{Error, Result};
use crate::idempotency::IdempotencyKey;

/// What a body may call itself; a single line is JSON as well.
const KINDS: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"];

/// The lines of a body that are not empty, and the key it may have been sent with.
#[derive(Debug)]
pub struct Lines<T> {
    /// The key, if the client gave one.
    pub key: Option<IdempotencyKey>,
    /// The number of each line in the body, from 1.
    pub numbers: Vec<usize>,
    /// Each line, or what is wrong with it.
    pub lines: Vec<Result<T>>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Lines<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let (key, bytes) = idempotent::read(request, state, &KINDS).await?;
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let (numbers, lines) = lines
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(index, line)| (index + 1, json::parse(line.trim_ascii())))
            .unzip();
        Ok(Self { key, numbers, lines })
    }
}
