//! `GET /oauth/authorize`: where an application sends a person's browser.

use axum::extract::RawQuery;
use axum::response::Response;
use shared::identity::oauth::OAuthError;
use shared::identity::oauth::authorize::{Parameters, Unanswerable};
use shared::identity::oauth::browser::Question;

use super::consent;
use super::form::Form;
use super::pages::Page;
use super::visitor::Visitor;

pub(crate) async fn authorize(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, Page> {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    match visitor.identity.authorization_request(parameters(&form)?, &visitor.request).await {
        Ok(request) => consent::ask(&visitor, Question::Authorize(request)).await,
        Err(Unanswerable::Here(error)) => Err(error.into()),
        Err(Unanswerable::There(error, address)) => Err(Page::with_way_back(error, address)),
    }
}

fn parameters(form: &Form) -> Result<Parameters, OAuthError> {
    let unsupported = ["request", "request_uri", "registration"];
    let mut unsupported = unsupported.into_iter().filter(|name| !form.all(name).is_empty());
    let mode = form.one("response_mode")?.filter(|mode| mode != "query").map(|_| "response_mode");
    Ok(Parameters {
        client_id: form.one("client_id")?,
        redirect_uri: form.one("redirect_uri")?,
        response_type: form.one("response_type")?,
        state: form.one("state")?,
        code_challenge: form.one("code_challenge")?,
        code_challenge_method: form.one("code_challenge_method")?,
        scope: form.one("scope")?,
        resources: form.all("resource"),
        unsupported: unsupported.next().or(mode),
    })
}
