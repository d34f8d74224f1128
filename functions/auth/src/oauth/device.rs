//! The device flow (RFC 8628): `POST /oauth/device_authorization` for devices, and the page on
//! which a person types the code.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use secrecy::ExposeSecret as _;
use serde_json::json;
use shared::access::{ApiKeyVerb, AuthContext};
use shared::error::Error;
use shared::http::{Json, Unproven};
use shared::identity::Identity;
use shared::identity::oauth::browser::{Asked, Question};
use shared::identity::oauth::device::{INTERVAL, LIFETIME};
use shared::identity::oauth::{Code, OAuthError};

use super::form::Form;
use super::pages::{Notice, Page, device, login, seconds, see_other, wait_for};
use super::refused::Refused;
use super::token::credentials;
use super::visitor::Visitor;

/// `POST /oauth/device_authorization`
pub(crate) async fn begin(
    State(identity): State<Identity>,
    Unproven(request): Unproven,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refused> {
    let client = identity.authenticate_client(&request, &credentials(&headers, &form)?).await?;
    let (scope, resources) = (form.one("scope")?, form.all("resource"));
    let begun = identity.begin_device(&request, &client, scope.as_deref(), &resources).await?;
    let page = format!("{}/oauth/device", identity.gate().issuer());
    let body = json!({
        "device_code": begun.device_code.expose_secret(),
        "user_code": begun.user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", begun.user_code),
        "expires_in": LIFETIME.num_seconds(),
        "interval": INTERVAL,
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// `GET /oauth/device`: asks for the code, which the URL may already contain.
pub(crate) async fn page(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, Page> {
    let code = Form::parse(query.unwrap_or_default().as_bytes())?.one("user_code")?;
    let code = code.map(|code| code.chars().take(20).collect::<String>());
    let question = Question::Device(code.clone());
    let ticket = visitor.ask(Asked::new(question.clone())?).await?;
    Ok(match visitor.signed_in().await? {
        None => login::page(&visitor, &question, &ticket, "", None),
        Some(caller) => {
            device::code_page(&visitor, &caller, &ticket, code.as_deref().unwrap_or_default(), None)
        }
    })
}

/// `POST /oauth/device`: shows the device that has this code.
pub(crate) async fn find(visitor: Visitor, form: Result<Form, Refused>) -> Result<Response, Page> {
    let form = form?;
    visitor.same_origin()?;
    let ticket = form.needed("ticket")?;
    let question = visitor.asked(&ticket).await?.question;
    let Some(caller) = visitor.signed_in().await? else {
        return Ok(login::page(&visitor, &question, &ticket, "", None));
    };
    let code = form.one("user_code")?.unwrap_or_default();
    if form.one("decision")?.as_deref() == Some("switch") {
        return switch(&visitor, &code).await;
    }
    match show(&visitor, &caller, &code, Notice::None).await {
        Err(OAuthError::Refused(Code::InvalidRequest, problem)) => {
            Ok(device::code_page(&visitor, &caller, &ticket, &code, Some(&problem)))
        }
        Err(OAuthError::Failed(Error::LimitReached { retry_after, .. })) => {
            let problem = format!("Too many wrong codes. Try again in {} seconds.", seconds(retry_after));
            let page = device::code_page(&visitor, &caller, &ticket, &code, Some(&problem));
            Ok(wait_for(page, retry_after))
        }
        shown => Ok(shown?),
    }
}

/// Signs out, and asks another account about the device with this code.
async fn switch(visitor: &Visitor, code: &str) -> Result<Response, Page> {
    let code: String = code.chars().take(20).collect();
    let query = [("user_code", code.as_str())];
    let query = if code.is_empty() { &[] } else { &query[..] };
    let mut response = see_other(&visitor.address("/oauth/device", query));
    visitor.sign_out(&mut response).await?;
    Ok(response)
}

/// Asks the account that is signed in whether the device with this code may act for it.
async fn show(
    visitor: &Visitor,
    caller: &AuthContext,
    code: &str,
    notice: Notice,
) -> Result<Response, OAuthError> {
    let (waiting, client) = visitor.identity.waiting_device(caller, code).await?;
    let asked = Asked::new(Question::DeviceConsent(waiting.user_code.clone()))?.to(caller);
    let ticket = visitor.ask(asked).await?;
    Ok(device::consent_page(visitor, caller, (&waiting, &client), &ticket, notice))
}

/// `POST /oauth/device/decision`
pub(crate) async fn decide(visitor: Visitor, form: Result<Form, Refused>) -> Result<Response, Page> {
    let form = form?;
    visitor.same_origin()?;
    let asked = visitor.asked(&form.needed("ticket")?).await?;
    let Question::DeviceConsent(code) = &asked.question else {
        return Err(OAuthError::new(Code::InvalidRequest, "This form belongs to another page.").into());
    };
    let Some(caller) = visitor.signed_in().await? else {
        return Err(
            OAuthError::new(Code::InvalidRequest, "You are not signed in any more. Begin again.").into()
        );
    };
    if !asked.is_to(&caller) {
        return Ok(show(&visitor, &caller, code, Notice::AccountChanged).await?);
    }
    let decision = form.needed("decision")?;
    let scopes: Vec<ApiKeyVerb> = match decision.as_str() {
        "allow" => form.all("scope").iter().filter_map(|scope| scope.parse().ok()).collect(),
        "deny" => Vec::new(),
        "switch" => return switch(&visitor, &device::dashed(code)).await,
        _ => {
            let what = "decision must be allow, deny or switch";
            return Err(OAuthError::new(Code::InvalidRequest, what).into());
        }
    };
    if decision == "allow" && scopes.is_empty() {
        return Ok(show(&visitor, &caller, code, Notice::NothingSelected).await?);
    }
    visitor.identity.decide_device(&caller, &asked, code, &scopes).await?;
    Ok(device::done_page(&visitor, !scopes.is_empty()))
}
