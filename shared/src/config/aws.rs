//! AWS credentials and regions.

use http::Uri;
use secrecy::SecretString;

use super::ConfigError;
use super::embedding::url;

/// A function that looks up a variable.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The endpoint of ECS for credentials, to which a relative path is appended.
const ECS: &str = "http://169.254.170.2";

/// Returns the region that a resource names itself, or else `AWS_REGION`.
pub(super) fn region(variable: Lookup<'_>, own: Option<String>) -> Result<String, ConfigError> {
    let region = own.or_else(|| variable("AWS_REGION")).unwrap_or_default();
    if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let problem = format!("{region:?} is not the name of a region such as eu-central-1");
        return Err(ConfigError { variable: "AWS_REGION", problem });
    }
    Ok(region)
}

/// The source of AWS credentials: the first of these that the environment has. Profiles, SSO, web identity and instance
/// metadata are not supported.
#[derive(Debug, Clone)]
pub enum AwsCredentials {
    /// `MEM0_EMBEDDING_KEY`: a Bedrock API key, sent as a bearer token instead of a signature.
    BedrockKey(SecretString),
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, as Lambda sets them.
    Fixed {
        /// The access key id.
        id: String,
        /// The secret access key.
        secret: SecretString,
        /// The session token of temporary credentials.
        token: Option<SecretString>,
    },
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `…_RELATIVE_URI`, as ECS, EKS Pod Identity and SnapStart set them.
    Container {
        /// The endpoint that issues them.
        url: Uri,
        /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`: read again each time, because it is replaced.
        token_file: Option<String>,
        /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
        token: Option<SecretString>,
    },
}

impl AwsCredentials {
    /// Reads credentials that can sign, if the environment has any.
    pub(super) fn read(variable: Lookup<'_>) -> Result<Option<Self>, ConfigError> {
        if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            let token = variable("AWS_SESSION_TOKEN").map(SecretString::from);
            return Ok(Some(Self::Fixed { id, secret: secret.into(), token }));
        }
        let container = match variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Some(path) => Some(url("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &format!("{ECS}{path}"))?),
            None => variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                .map(|full| url("AWS_CONTAINER_CREDENTIALS_FULL_URI", &full))
                .transpose()?,
        };
        Ok(container.map(|url| Self::Container {
            url,
            token_file: variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            token: variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(SecretString::from),
        }))
    }

    /// `AWS_SESSION_TOKEN`, if there is one.
    pub(crate) fn session_token(&self) -> Option<&SecretString> {
        match self {
            Self::Fixed { token, .. } => token.as_ref(),
            Self::BedrockKey(_) | Self::Container { .. } => None,
        }
    }
}
