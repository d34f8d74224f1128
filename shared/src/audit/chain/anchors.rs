//! Storing the head of each chain in a bucket where nobody can delete it: S3 with Object Lock, which the stack in
//! `infra` creates. Somebody who rewrites a chain in the database cannot rewrite what is stored there.
//!
//! There is one object per head: `<enterprise>/<seq>.json`, one line of JSON as `mem0 audit verify --anchors` reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, IF_NONE_MATCH};
use http::{Request, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::{Anchor, store};
use crate::access::Gate;
use crate::aws::{Identity, Scope, authorize};
use crate::clock::Clock;
use crate::config::AnchorsConfig;
use crate::error::{Error, Result};
use crate::https::Client;
use crate::ids::EnterpriseId;

/// Heads that are fetched at once.
const BATCH: i32 = 100;

/// The maximum size of a response, which only contains an error.
const LARGEST: usize = 64 * 1024;

/// The head of a chain that has grown.
pub(super) struct End {
    pub(super) enterprise: EnterpriseId,
    pub(super) anchor: Anchor,
    pub(super) sealed_at: DateTime<Utc>,
}

/// The bucket.
pub struct Anchors {
    config: AnchorsConfig,
    identity: Identity,
    client: OnceCell<Client>,
}

impl Anchors {
    /// Creates it from its configuration. It does not connect before there is something to store.
    #[must_use]
    pub fn new(config: AnchorsConfig) -> Self {
        Self { identity: Identity::new(config.credentials.clone()), config, client: OnceCell::new() }
    }

    /// Stores one head. An existing object of that name is kept: it was stored earlier, and is the stronger evidence.
    async fn put(&self, end: &End, clock: &Clock) -> Result<(), String> {
        let client = self.client.get_or_try_init(async || Client::new(None)).await?;
        let credentials = self.identity.credentials(|| Ok(client.clone()), clock).await;
        let credentials = credentials.map_err(|error| format!("no AWS credentials: {error}"))?;
        let mut request = self.request(end)?;
        let scope = Scope { service: "s3", region: &self.config.region, at: clock.now() };
        authorize(&mut request, credentials, &scope)?;
        let answer = client.send(request, LARGEST).await?;
        match answer.status() {
            StatusCode::OK => Ok(()),
            StatusCode::PRECONDITION_FAILED => {
                tracing::warn!(tenant.id = %end.enterprise, anchor.seq = end.anchor.seq, "an anchor is there already");
                Ok(())
            }
            status => Err(format!("the bucket answered {status} {}", kind(answer.body()))),
        }
    }

    fn request(&self, end: &End) -> Result<Request<Bytes>, String> {
        let End { enterprise, anchor: Anchor { seq, hash }, sealed_at } = end;
        let line = json!({ "enterprise": enterprise, "seq": seq, "hash": hash, "sealed_at": sealed_at });
        let body = Bytes::from(format!("{line}\n"));
        let url = self.config.url.to_string();
        // A fixed number of digits, so that names sort in the order of the chain.
        let name = format!("{}/{enterprise}/{seq:019}.json", url.trim_end_matches('/'));
        Request::put(name)
            .header(CONTENT_TYPE, "application/json")
            .header(IF_NONE_MATCH, "*")
            // Buckets with Object Lock require a checksum, named as the SDKs name it.
            .header("x-amz-sdk-checksum-algorithm", "SHA256")
            .header("x-amz-checksum-sha256", STANDARD.encode(Sha256::digest(&body)))
            .body(body)
            .map_err(|error| error.to_string())
    }
}

/// The error code in S3's XML: `AccessDenied`.
fn kind(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code =
        text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    code.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(80).collect()
}

/// Stores the heads of all chains that have grown since the last run, as long as there is time; returns how many. It
/// may be interrupted and may run concurrently: a head is marked as stored only once the object exists, and a second
/// writer finds it there.
pub async fn put_away(gate: &Gate, anchors: &Anchors, has_time: impl Fn() -> bool) -> Result<u64> {
    let mut after: Option<EnterpriseId> = None;
    let mut kept = 0;
    loop {
        let tx = gate.upkeep("audit.heads_to_anchor").await?;
        let ends = store::heads_to_anchor(&tx, after, BATCH).await?;
        tx.commit().await?;
        for end in &ends {
            if !has_time() {
                return Ok(kept);
            }
            let put = anchors.put(end, &gate.clock).await;
            put.map_err(|problem| Error::unavailable("an audit anchor cannot be kept", problem))?;
            let tx = gate.upkeep("audit.note_anchor").await?;
            store::note_anchor(&tx, end).await?;
            tx.commit().await?;
            kept += 1;
        }
        match ends.last() {
            Some(last) if ends.len() == usize::try_from(BATCH).unwrap_or_default() => {
                after = Some(last.enterprise)
            }
            _ => return Ok(kept),
        }
    }
}
