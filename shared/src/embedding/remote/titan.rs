//! Amazon Titan Text Embeddings V2 through Bedrock's `InvokeModel`.
//!
//! Source: Amazon Bedrock API reference, `InvokeModel` (`POST /model/{modelId}/invoke`), and its user guide on the
//! request and response of Titan Text Embeddings V2. One text per request; the vectors should have unit length, and are
//! scaled here anyway.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request, Uri};
use serde::{Deserialize, Serialize};

use super::aws::Signer;
use super::failure::Failure;
use super::{Provider, refused};
use crate::config::ConfigError;
use crate::embedding::DIMENSIONS;

pub(super) struct Titan {
    url: Uri,
    name: String,
    signer: Signer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    input_text: &'a str,
    dimensions: usize,
    normalize: bool,
}

#[derive(Deserialize)]
struct Answer {
    embedding: Vec<f32>,
}

impl Titan {
    pub(super) fn new(base: &Uri, model: &str, signer: Signer) -> Result<Self, ConfigError> {
        // Escape everything but unreserved characters (RFC 3986, section 2.3): a model name has a colon, and an ARN has
        // slashes too.
        let escaped: String = model
            .bytes()
            .map(|byte| match byte {
                b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
                _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let url = format!("{}/model/{escaped}/invoke", base.to_string().trim_end_matches('/'));
        let url = url.parse().map_err(|error| refused("MEM0_EMBEDDING_URL", error))?;
        Ok(Self { url, name: format!("bedrock/{model}/{DIMENSIONS}"), signer })
    }
}

impl Provider for Titan {
    fn name(&self) -> &str {
        &self.name
    }

    fn batch(&self) -> usize {
        1
    }

    async fn request(&self, texts: &[&str]) -> Result<Request<Bytes>, Failure> {
        let text = texts.first().copied().unwrap_or_default();
        let question = Question { input_text: text, dimensions: DIMENSIONS, normalize: true };
        let body = serde_json::to_vec(&question).map_err(|error| Failure::Malformed(error.to_string()))?;
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.url.clone();
        for name in [CONTENT_TYPE, ACCEPT] {
            request.headers_mut().insert(name, HeaderValue::from_static("application/json"));
        }
        self.signer.sign(request).await
    }

    fn read(&self, body: &[u8], _: usize) -> Result<Vec<Vec<f32>>, String> {
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|error| format!("the answer is not an embedding (column {})", error.column()))?;
        Ok(vec![answer.embedding])
    }
}
