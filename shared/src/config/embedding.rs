//! The embedding model, and how it is reached.

use std::time::Duration;

use http::Uri;
use secrecy::SecretString;

use super::aws::Lookup;
use super::{AwsCredentials, ConfigError, variable};

/// The embedding model, and how long to wait for it.
#[derive(Debug, Clone)]
pub struct EmbeddingConfig {
    /// `MEM0_EMBEDDER` (`static`): `static`, `openai` or `bedrock`.
    pub model: ModelConfig,
    /// `MEM0_EMBEDDING_QUERY_TIMEOUT_MS` (1500): how long a search waits for the vector of its query, retries included,
    /// before it uses only words.
    pub query_timeout: Duration,
    /// `MEM0_EMBEDDING_TIMEOUT_MS` (5000): how long a write, or a batch of the worker, waits for its vectors before
    /// they are left for later.
    pub timeout: Duration,
    /// `MEM0_EMBEDDING_BATCH` (32, at most 2048): texts per request to an OpenAI-compatible endpoint; one for Bedrock.
    pub batch: usize,
}

/// The source of vectors.
#[derive(Debug, Clone)]
pub enum ModelConfig {
    /// The table compiled into the binary: no network.
    Static,
    /// An endpoint compatible with OpenAI's `POST /v1/embeddings`.
    OpenAi {
        /// `MEM0_EMBEDDING_URL` (`https://api.openai.com/v1`): what `/embeddings` is appended to.
        url: Uri,
        /// `MEM0_EMBEDDING_MODEL` (`text-embedding-3-small`): must support 256 dimensions.
        model: String,
        /// `MEM0_EMBEDDING_KEY`: sent as a bearer token; required by OpenAI itself.
        key: Option<SecretString>,
        /// `MEM0_EMBEDDING_CA`: the PEM bundle that must have signed the endpoint's certificate, instead of the public
        /// roots.
        ca_pem: Option<String>,
    },
    /// Amazon Bedrock: Titan Text Embeddings V2.
    Bedrock {
        /// `MEM0_EMBEDDING_URL` (the region's public endpoint): scheme and host of another endpoint, such as a VPC
        /// endpoint.
        url: Uri,
        /// `MEM0_EMBEDDING_REGION` or `AWS_REGION`.
        region: String,
        /// `MEM0_EMBEDDING_MODEL` (`amazon.titan-embed-text-v2:0`): or the ARN of a substitute for it.
        model: String,
        /// The credentials that sign requests.
        credentials: AwsCredentials,
        /// `MEM0_EMBEDDING_CA`, as above.
        ca_pem: Option<String>,
    },
}

/// Variables that only apply to a remote model.
const REMOTE_ONLY: [&str; 8] = [
    "MEM0_EMBEDDING_URL",
    "MEM0_EMBEDDING_MODEL",
    "MEM0_EMBEDDING_KEY",
    "MEM0_EMBEDDING_CA",
    "MEM0_EMBEDDING_REGION",
    "MEM0_EMBEDDING_BATCH",
    "MEM0_EMBEDDING_QUERY_TIMEOUT_MS",
    "MEM0_EMBEDDING_TIMEOUT_MS",
];

impl EmbeddingConfig {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&variable)
    }

    fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let model = match variable("MEM0_EMBEDDER").as_deref() {
            None | Some("static") => in_process(variable)?,
            Some("openai") => openai(variable)?,
            Some("bedrock") => bedrock(variable)?,
            Some(other) => {
                let problem = format!("{other:?} is not static, openai or bedrock");
                return Err(ConfigError { variable: "MEM0_EMBEDDER", problem });
            }
        };
        let milliseconds = |name, default| number(variable, name, default, 60_000).map(Duration::from_millis);
        Ok(Self {
            model,
            query_timeout: milliseconds("MEM0_EMBEDDING_QUERY_TIMEOUT_MS", 1500)?,
            timeout: milliseconds("MEM0_EMBEDDING_TIMEOUT_MS", 5000)?,
            batch: usize::try_from(number(variable, "MEM0_EMBEDDING_BATCH", 32, 2048)?).unwrap_or(1),
        })
    }
}

fn in_process(variable: Lookup<'_>) -> Result<ModelConfig, ConfigError> {
    match REMOTE_ONLY.into_iter().find(|name| variable(name).is_some()) {
        Some(name) => Err(ConfigError {
            variable: name,
            problem:
                "has no effect with the static embedder: set MEM0_EMBEDDER to openai or bedrock, or unset it"
                    .to_owned(),
        }),
        None => Ok(ModelConfig::Static),
    }
}

fn openai(variable: Lookup<'_>) -> Result<ModelConfig, ConfigError> {
    const OPENAI: &str = "https://api.openai.com/v1";
    let key = variable("MEM0_EMBEDDING_KEY");
    let given = variable("MEM0_EMBEDDING_URL");
    if given.is_none() && key.is_none() {
        return Err(ConfigError {
            variable: "MEM0_EMBEDDING_KEY",
            problem: format!(
                "not set, but {OPENAI} needs one (or set MEM0_EMBEDDING_URL to another endpoint)"
            ),
        });
    }
    Ok(ModelConfig::OpenAi {
        url: url("MEM0_EMBEDDING_URL", given.as_deref().unwrap_or(OPENAI))?,
        model: variable("MEM0_EMBEDDING_MODEL").unwrap_or_else(|| "text-embedding-3-small".to_owned()),
        key: key.map(|key| printable("MEM0_EMBEDDING_KEY", key)).transpose()?,
        ca_pem: ca_pem(variable)?,
    })
}

fn bedrock(variable: Lookup<'_>) -> Result<ModelConfig, ConfigError> {
    let region = variable("MEM0_EMBEDDING_REGION").or_else(|| variable("AWS_REGION"));
    let region = region.ok_or_else(|| ConfigError {
        variable: "MEM0_EMBEDDING_REGION",
        problem: "not set, and neither is AWS_REGION: expected a region such as eu-central-1".to_owned(),
    })?;
    if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let problem = format!("{region:?} is not the name of a region");
        return Err(ConfigError { variable: "MEM0_EMBEDDING_REGION", problem });
    }
    let public = format!("https://bedrock-runtime.{region}.amazonaws.com");
    Ok(ModelConfig::Bedrock {
        url: url("MEM0_EMBEDDING_URL", variable("MEM0_EMBEDDING_URL").as_deref().unwrap_or(&public))?,
        region,
        model: variable("MEM0_EMBEDDING_MODEL").unwrap_or_else(|| "amazon.titan-embed-text-v2:0".to_owned()),
        credentials: aws_credentials(variable)?,
        ca_pem: ca_pem(variable)?,
    })
}

fn aws_credentials(variable: Lookup<'_>) -> Result<AwsCredentials, ConfigError> {
    if let Some(key) = variable("MEM0_EMBEDDING_KEY") {
        return printable("MEM0_EMBEDDING_KEY", key).map(AwsCredentials::BedrockKey);
    }
    AwsCredentials::read(variable)?.ok_or_else(|| ConfigError {
        variable: "MEM0_EMBEDDER",
        problem: "bedrock needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a container's \
                  AWS_CONTAINER_CREDENTIALS_FULL_URI, or a Bedrock API key in MEM0_EMBEDDING_KEY"
            .to_owned(),
    })
}

pub(super) fn url(variable: &'static str, text: &str) -> Result<Uri, ConfigError> {
    let parsed = text.trim_end_matches('/').parse::<Uri>().ok();
    let usable = parsed.filter(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.query().is_none()
            // A part before an @ would be a password in plain sight.
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    });
    usable.ok_or_else(|| ConfigError {
        variable,
        problem: "not an http or https URL without a query or a password".to_owned(),
    })
}

/// Checks that a key fits into a header. The error does not contain the key.
fn printable(variable: &'static str, key: String) -> Result<SecretString, ConfigError> {
    if key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key.into());
    }
    Err(ConfigError { variable, problem: "contains spaces or other characters that no key has".to_owned() })
}

fn ca_pem(variable: Lookup<'_>) -> Result<Option<String>, ConfigError> {
    let read = |path: String| {
        std::fs::read_to_string(&path).map_err(|error| ConfigError {
            variable: "MEM0_EMBEDDING_CA",
            problem: format!("{path} cannot be read: {error}"),
        })
    };
    variable("MEM0_EMBEDDING_CA").map(read).transpose()
}

fn number(variable: Lookup<'_>, name: &'static str, default: u64, most: u64) -> Result<u64, ConfigError> {
    let Some(text) = variable(name) else { return Ok(default) };
    text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| ConfigError {
        variable: name,
        problem: format!("{text:?} is not a number from 1 to {most}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<EmbeddingConfig, String> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        EmbeddingConfig::read(&|name| find(name).map(|(_, value)| (*value).to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_configuration_nothing_leaves_the_process() {
        assert!(matches!(read(&[]).unwrap().model, ModelConfig::Static));
    }

    #[test]
    fn a_key_alone_means_openai_itself() {
        let config = read(&[("MEM0_EMBEDDER", "openai"), ("MEM0_EMBEDDING_KEY", "sk-1")]).unwrap();
        let ModelConfig::OpenAi { url, model, .. } = config.model else { panic!() };
        assert_eq!(
            (url.to_string().as_str(), model.as_str()),
            ("https://api.openai.com/v1", "text-embedding-3-small")
        );
        assert_eq!(
            (config.query_timeout.as_millis(), config.timeout.as_millis(), config.batch),
            (1500, 5000, 32)
        );
    }

    #[test]
    fn lambda_needs_no_further_variable_for_bedrock() {
        let lambda = [
            ("MEM0_EMBEDDER", "bedrock"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
        ];
        let ModelConfig::Bedrock { url, credentials, .. } = read(&lambda).unwrap().model else { panic!() };
        assert_eq!(url.to_string(), "https://bedrock-runtime.eu-central-1.amazonaws.com/");
        assert!(matches!(credentials, AwsCredentials::Fixed { token: Some(_), .. }));
    }

    #[test]
    fn what_is_wrong_is_said_in_one_sentence_without_secrets() {
        let openai = ("MEM0_EMBEDDER", "openai");
        let cases: [(&[(&str, &str)], &str); 8] = [
            (&[("MEM0_EMBEDDER", "gpt")], "MEM0_EMBEDDER: \"gpt\" is not static, openai or bedrock"),
            (
                &[("MEM0_EMBEDDING_KEY", "sk-1")],
                "MEM0_EMBEDDING_KEY: has no effect with the static embedder: set MEM0_EMBEDDER to openai or bedrock, or unset it",
            ),
            (
                &[openai],
                "MEM0_EMBEDDING_KEY: not set, but https://api.openai.com/v1 needs one (or set MEM0_EMBEDDING_URL to another endpoint)",
            ),
            (
                &[openai, ("MEM0_EMBEDDING_URL", "https://user:pw@host/v1")],
                "MEM0_EMBEDDING_URL: not an http or https URL without a query or a password",
            ),
            (
                &[openai, ("MEM0_EMBEDDING_KEY", "sk 1\n")],
                "MEM0_EMBEDDING_KEY: contains spaces or other characters that no key has",
            ),
            (
                &[openai, ("MEM0_EMBEDDING_KEY", "k"), ("MEM0_EMBEDDING_BATCH", "0")],
                "MEM0_EMBEDDING_BATCH: \"0\" is not a number from 1 to 2048",
            ),
            (
                &[("MEM0_EMBEDDER", "bedrock")],
                "MEM0_EMBEDDING_REGION: not set, and neither is AWS_REGION: expected a region such as eu-central-1",
            ),
            (
                &[("MEM0_EMBEDDER", "bedrock"), ("AWS_REGION", "eu-central-1")],
                "MEM0_EMBEDDER: bedrock needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a container's \
                 AWS_CONTAINER_CREDENTIALS_FULL_URI, or a Bedrock API key in MEM0_EMBEDDING_KEY",
            ),
        ];
        for (variables, expected) in cases {
            assert_eq!(read(variables).unwrap_err(), expected);
        }
    }
}
