//! `POST /oauth/token`: tokens for whatever an application brings.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
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

/// Who sends a request: by `Authorization: Basic`, or in the body, never both (RFC 6749 section 2.3).
pub(super) fn credentials(headers: &HeaderMap, form: &Form) -> Result<Credentials, OAuthError> {
    let (id, secret) = (form.one("client_id")?, form.one("client_secret")?.map(SecretString::from));
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(Credentials { id, secret }) };
    let wrong =
        || OAuthError::new(Code::InvalidClient, "Authorization must be Basic, with client_id and secret");
    let text = value.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(wrong)?;
    if !text.0.eq_ignore_ascii_case("basic") {
        return Err(wrong());
    }
    let decoded = STANDARD.decode(text.1.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(wrong)?;
    let (user, password) = decoded.split_once(':').ok_or_else(wrong)?;
    let decode = |part: &str| {
        let pair = form_urlencoded::parse(part.as_bytes()).next().map(|(text, _)| text.into_owned());
        pair.unwrap_or_default()
    };
    let (user, password) = (decode(user), decode(password));
    if secret.is_some() || id.is_some_and(|id| id != user) {
        return Err(OAuthError::new(Code::InvalidRequest, "the application says twice who it is"));
    }
    Ok(Credentials { id: Some(user), secret: Some(password.into()) })
}
