//! OpenAI's `POST /v1/embeddings`, which many servers understand (vLLM, text-embeddings-inference, Ollama, LiteLLM, …).
//!
//! Source: the OpenAI API reference, "Create embeddings". Of the optional fields it sends `dimensions` (a model that
//! cannot shorten its vectors is not supported) and `encoding_format`, because base64 is not supported everywhere.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::{Provider, refused};
use crate::config::ConfigError;
use crate::embedding::DIMENSIONS;

pub(super) struct OpenAi {
    url: Uri,
    model: String,
    name: String,
    authorization: Option<HeaderValue>,
    batch: usize,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    dimensions: usize,
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

impl OpenAi {
    /// `base` is the URL to which `/embeddings` is appended.
    pub(super) fn new(
        base: &Uri,
        model: String,
        key: Option<SecretString>,
        batch: usize,
    ) -> Result<Self, ConfigError> {
        let url = format!("{}/embeddings", base.to_string().trim_end_matches('/'));
        let url = url.parse().map_err(|error| refused("MEM0_EMBEDDING_URL", error))?;
        let authorization = key.map(|key| bearer(&key)).transpose()?;
        let name = format!("openai/{model}/{DIMENSIONS}");
        Ok(Self { url, model, name, authorization, batch: batch.max(1) })
    }
}

/// Returns the value of an `Authorization` header, marked as sensitive.
pub(super) fn bearer(key: &SecretString) -> Result<HeaderValue, ConfigError> {
    let value = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()));
    let mut value = value.map_err(|error| refused("MEM0_EMBEDDING_KEY", error))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Provider for OpenAi {
    fn name(&self) -> &str {
        &self.name
    }

    fn batch(&self) -> usize {
        self.batch
    }

    async fn request(&self, texts: &[&str]) -> Result<Request<Bytes>, Failure> {
        let question =
            Question { model: &self.model, input: texts, dimensions: DIMENSIONS, encoding_format: "float" };
        let body = serde_json::to_vec(&question).map_err(|error| Failure::Malformed(error.to_string()))?;
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.url.clone();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    fn read(&self, body: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, String> {
        // Report only the position of the error: its message might quote a text.
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|error| format!("the answer is not a list of embeddings (column {})", error.column()))?;
        if answer.data.len() != texts {
            return Err(format!("{} vectors came back for {texts} texts", answer.data.len()));
        }
        let mut vectors: Vec<Option<Vec<f32>>> = vec![None; texts];
        for Item { index, embedding } in answer.data {
            match vectors.get_mut(index) {
                Some(place @ None) => *place = Some(embedding),
                Some(Some(_)) => return Err(format!("two vectors have the index {index}")),
                None => return Err(format!("a vector has the index {index} of {texts}")),
            }
        }
        Ok(vectors.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, texts: usize) -> Result<Vec<Vec<f32>>, String> {
        let base = "https://models.example/v1".parse().unwrap();
        OpenAi::new(&base, "m".to_owned(), None, 8).unwrap().read(body.as_bytes(), texts)
    }

    #[test]
    fn vectors_are_put_into_the_order_of_the_texts() {
        let body = r#"{"object":"list","data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1.5]}],"usage":{}}"#;
        assert_eq!(read(body, 2).unwrap(), [[1.5], [2.0]]);
    }

    #[test]
    fn an_answer_that_does_not_fit_is_refused() {
        for (body, texts, problem) in [
            (r#"{"data":[]}"#, 1, "0 vectors came back for 1 texts"),
            (
                r#"{"data":[{"index":0,"embedding":[]},{"index":0,"embedding":[]}]}"#,
                2,
                "two vectors have the index 0",
            ),
            (r#"{"data":[{"index":7,"embedding":[]}]}"#, 1, "a vector has the index 7 of 1"),
            (
                r#"{"data":[{"index":0,"embedding":[NaN]}]}"#,
                1,
                "the answer is not a list of embeddings (column 34)",
            ),
            (
                r#"{"data":[{"index":0,"embedding":"AAAA"}]}"#,
                1,
                "the answer is not a list of embeddings (column 38)",
            ),
            ("", 1, "the answer is not a list of embeddings (column 0)"),
        ] {
            assert_eq!(read(body, texts).unwrap_err(), problem);
        }
    }
}
