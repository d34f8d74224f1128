//! Signature Version 4: in a header, for requests that are sent, and in a query, for a token that stands for a request.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;

/// The scope of a signature.
pub(crate) struct Scope<'a> {
    pub(crate) service: &'static str,
    pub(crate) region: &'a str,
    pub(crate) at: DateTime<Utc>,
}

/// Adds the `Authorization` header.
pub(crate) fn authorize(
    request: &mut Request<Bytes>,
    credentials: Credentials,
    scope: &Scope<'_>,
) -> Result<(), String> {
    let headers =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let (uri, body) = (request.uri().to_string(), SignableBody::Bytes(request.body()));
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, body);
    let signable = signable.map_err(|error| error.to_string())?;
    let mut settings = SigningSettings::default();
    if scope.service == "s3" {
        // S3 differs: it requires the hash of the body in a header, and unmodified paths.
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    instructions(signable, credentials, scope, settings)?.apply_to_request_http1x(request);
    Ok(())
}

/// Returns the URL with a signed query for GET, valid for this long.
pub(crate) fn presign(
    url: &str,
    credentials: Credentials,
    scope: &Scope<'_>,
    expires_in: Duration,
) -> Result<String, String> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(expires_in);
    let signable = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[]));
    let signable = signable.map_err(|error| error.to_string())?;
    let signed = instructions(signable, credentials, scope, settings)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in signed.params() {
        query.append_pair(name, value);
    }
    Ok(format!("{url}&{}", query.finish()))
}

fn instructions(
    request: SignableRequest<'_>,
    credentials: Credentials,
    scope: &Scope<'_>,
    settings: SigningSettings,
) -> Result<SigningInstructions, String> {
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(SystemTime::from(scope.at))
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    Ok(sign(request, &parameters).map_err(|error| error.to_string())?.into_parts().0)
}
