//! `POST /oauth/token`: issues tokens for every grant type.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use shared::access::RequestInfo;
use shared::http::{Json, Unproven};
use shared::identity::Identity;
use shared::identity::oauth::clients::{Client, Credentials, GrantType};
use shared::identity::oauth::codes::Redemption;
use shared::identity::oauth::grants::Issued;
use shared::identity::oauth::{Code, OAuthError, scope};

use super::form::Form;
use super::refused::Refused;

/// RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// RFC 6749 section 5.1.
#[derive(Serialize)]
struct Tokens<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: String,
}

pub(crate) async fn issue(
    State(identity): State<Identity>,
    Unproven(request): Unproven,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refused> {
    let grant = form.needed("grant_type")?;
    let grant = GrantType::find(&grant).ok_or_else(|| {
        let known = GrantType::ALL.map(GrantType::as_str).join(", ");
        OAuthError::new(Code::UnsupportedGrantType, format!("grant_type must be one of {known}"))
    })?;
    let credentials = credentials(&headers, &form)?;
    let issued = match grant {
        GrantType::ClientCredentials => {
            let (scope, resources) = (form.one("scope")?, form.all("resource"));
            identity.account_token(&request, &credentials, scope.as_deref(), &resources).await?
        }
        grant => {
            let client = identity.authenticate_client(&request, &credentials).await?;
            by_client(&identity, &request, &client, grant, &form).await?
        }
    };
    let tokens = Tokens {
        access_token: issued.access_token.expose_secret(),
        token_type: "Bearer",
        expires_in: issued.expires_in.num_seconds(),
        refresh_token: issued.refresh_token.as_ref().map(|token| token.expose_secret()),
        scope: scope::print(&issued.scopes),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(tokens)).into_response())
}

async fn by_client(
    identity: &Identity,
    request: &RequestInfo,
    client: &Client,
    grant: GrantType,
    form: &Form,
) -> Result<Issued, OAuthError> {
    let (scope, resources) = (form.one("scope")?, form.all("resource"));
    match grant {
        GrantType::AuthorizationCode => {
            let redemption = Redemption {
                code: form.secret("code")?,
                verifier: form.one("code_verifier")?,
                redirect_uri: form.one("redirect_uri")?,
                resources,
            };
            identity.redeem(request, client, redemption).await
        }
        GrantType::RefreshToken => {
            let token = form.secret("refresh_token")?;
            identity.refresh_application(request, client, token, scope.as_deref(), &resources).await
        }
        GrantType::DeviceCode => identity.poll_device(request, client, &form.secret("device_code")?).await,
        GrantType::JwtBearer => {
            let assertion = form.secret("assertion")?;
            identity.accept_assertion(request, client, &assertion, scope.as_deref(), &resources).await
        }
        GrantType::ClientCredentials => {
            Err(OAuthError::new(Code::UnauthorizedClient, "only service accounts get tokens for themselves"))
        }
    }
}

/// Returns the credentials of the application: `Authorization: Basic`, or a secret or an assertion in the body, but
/// only one of them (RFC 6749 section 2.3, RFC 7521 section 4.2).
pub(super) fn credentials(headers: &HeaderMap, form: &Form) -> Result<Credentials, OAuthError> {
    let id = form.one("client_id")?;
    let secret = form.one("client_secret")?.map(SecretString::from);
    let assertion = form.one("client_assertion")?.map(SecretString::from);
    let kind = form.one("client_assertion_type")?;
    if kind.as_deref().map_or(assertion.is_some(), |kind| kind != ASSERTION_TYPE) {
        let what = format!("client_assertion_type must be {ASSERTION_TYPE}");
        return Err(OAuthError::new(Code::InvalidClient, what));
    }
    let twice =
        || OAuthError::new(Code::InvalidRequest, "the application authenticates in more than one way");
    if assertion.is_some() && (secret.is_some() || headers.contains_key(AUTHORIZATION)) {
        return Err(twice());
    }
    if headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        return Err(twice());
    }
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(Credentials { id, secret, assertion }) };
    let (user, password) = basic(value).ok_or_else(|| {
        OAuthError::new(Code::InvalidClient, "Authorization must be Basic, with client_id and secret")
    })?;
    if secret.is_some() || id.is_some_and(|id| id != user) {
        return Err(twice());
    }
    Ok(Credentials { id: Some(user), secret: Some(password.into()), assertion: None })
}

/// Decodes the two parts of `Basic`, which are form-encoded.
fn basic(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = value.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    let decode = |part: &str| {
        let pair = form_urlencoded::parse(part.as_bytes()).next().map(|(text, _)| text.into_owned());
        pair.unwrap_or_default()
    };
    Some((decode(user), decode(password)))
}
