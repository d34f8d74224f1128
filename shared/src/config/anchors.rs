//! Where anchors of the audit log are stored.

use http::Uri;

use super::aws::{AwsCredentials, Lookup, region};
use super::embedding::url;
use super::{ConfigError, variable};

const VARIABLE: &str = "MEM0_AUDIT_ANCHORS";

/// A bucket of Amazon S3 or a compatible service.
#[derive(Debug, Clone)]
pub struct AnchorsConfig {
    /// The base URL of objects: `https://bucket.s3.region.amazonaws.com/prefix`, no trailing slash. The bucket is the
    /// first part of the host, or of the path with `AWS_ENDPOINT_URL_S3`.
    pub url: Uri,
    /// `AWS_REGION`.
    pub region: String,
    /// The credentials that sign requests.
    pub credentials: AwsCredentials,
}

impl AnchorsConfig {
    /// `MEM0_AUDIT_ANCHORS` (none): `s3://bucket` or `s3://bucket/prefix`.
    pub fn from_env() -> Result<Option<Self>, ConfigError> {
        variable(VARIABLE).map(|place| Self::read(&variable, &place)).transpose()
    }

    fn read(variable: Lookup<'_>, place: &str) -> Result<Self, ConfigError> {
        let wrong = |problem: String| ConfigError { variable: VARIABLE, problem };
        let rest = place.strip_prefix("s3://").unwrap_or_default().trim_end_matches('/');
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |text: &str, more: &[u8]| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte))
        };
        // Without dots: no certificate matches a host with an additional level.
        if bucket.len() < 3 || !plain(bucket, b"-") || !plain(prefix, b"-_/") || prefix.contains("//") {
            return Err(wrong(format!("{place:?} is not s3://bucket or s3://bucket/prefix, in lower case")));
        }
        let region = region(variable, None)?;
        let path = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        let endpoint = "AWS_ENDPOINT_URL_S3";
        let url = match variable(endpoint) {
            Some(own) => url(endpoint, &format!("{}/{bucket}{path}", own.trim_end_matches('/')))?,
            None => url(VARIABLE, &format!("https://{bucket}.s3.{region}.amazonaws.com{path}"))?,
        };
        let credentials = AwsCredentials::read(variable)?.ok_or_else(|| {
            wrong(
                "needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a container's \
                 AWS_CONTAINER_CREDENTIALS_FULL_URI"
                    .to_owned(),
            )
        })?;
        Ok(Self { url, region, credentials })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(place: &str, more: &[(&str, &str)]) -> Result<String, String> {
        let known = |name: &str| {
            let given = more.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            given.or_else(|| match name {
                "AWS_REGION" => Some("eu-central-1".to_owned()),
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("x".to_owned()),
                _ => None,
            })
        };
        let config = AnchorsConfig::read(&known, place).map_err(|error| error.to_string())?;
        Ok(config.url.to_string())
    }

    #[test]
    fn a_bucket_is_named_as_aws_names_it() {
        let host = "https://anchors.s3.eu-central-1.amazonaws.com/";
        assert_eq!(read("s3://anchors", &[]).unwrap(), host);
        assert_eq!(read("s3://anchors/", &[]).unwrap(), host);
        assert_eq!(read("s3://anchors/mem0/prod", &[]).unwrap(), format!("{host}mem0/prod"));
        let own = [("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000/")];
        assert_eq!(read("s3://anchors/mem0", &own).unwrap(), "http://127.0.0.1:9000/anchors/mem0");
    }

    #[test]
    fn what_names_no_bucket_is_refused() {
        for wrong in [
            "anchors",
            "s3://",
            "s3://a",
            "s3://An-chors",
            "s3://my.anchors",
            "s3://anchors/a//b",
            "s3://anchors/a?b",
        ] {
            let said = read(wrong, &[]).unwrap_err();
            assert!(said.starts_with("MEM0_AUDIT_ANCHORS: ") && said.contains(wrong), "{said}");
        }
        assert!(read("s3://anchors", &[("AWS_REGION", "")]).unwrap_err().starts_with("AWS_REGION"));
        assert!(
            read("s3://anchors", &[("AWS_ENDPOINT_URL_S3", "x")]).unwrap_err().starts_with("AWS_ENDPOINT")
        );
    }
}
