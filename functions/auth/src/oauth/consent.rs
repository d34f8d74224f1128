//! Asking somebody whether an application may act for them: `GET` shows the question again, after they signed in, and
//! `POST` takes the answer.

use axum::extract::RawQuery;
use axum::response::Response;
use shared::access::ApiKeyVerb;
use shared::identity::oauth::browser::Question;
use shared::identity::oauth::{Code, OAuthError};

use super::form::Form;
use super::pages::{Page, consent, login, onward, see_other};
use super::visitor::Visitor;

/// Puts a question to somebody: by the login page, if nobody is signed in.
pub(crate) async fn ask(visitor: &Visitor, question: Question) -> Result<Response, Page> {
    let ticket = visitor.ask(question.clone()).await?;
    show(visitor, &question, &ticket).await
}

async fn show(visitor: &Visitor, question: &Question, ticket: &str) -> Result<Response, Page> {
    match (visitor.signed_in().await?, question) {
        (Some(caller), Question::Authorize(request)) => Ok(consent::page(visitor, &caller, request, ticket)),
        _ => Ok(login::page(visitor, question, ticket, "", None)),
    }
}

pub(crate) async fn show_again(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, Page> {
    let ticket = Form::parse(query.unwrap_or_default().as_bytes())?.needed("ticket")?;
    let question = visitor.asked(&ticket).await?;
    show(&visitor, &question, &ticket).await
}

pub(crate) async fn decide(
    visitor: Visitor,
    form: Result<Form, super::refused::Refused>,
) -> Result<Response, Page> {
    let form = form?;
    visitor.same_origin()?;
    let ticket = form.needed("ticket")?;
    let Question::Authorize(request) = visitor.asked(&ticket).await? else {
        return Err(OAuthError::new(Code::InvalidRequest, "This form belongs to another page.").into());
    };
    let decision = form.needed("decision")?;
    if decision == "deny" {
        return Ok(onward::page(&visitor.identity.decline(&request)));
    }
    if decision == "switch" {
        let mut response = see_other(&visitor.address("/oauth/consent", &[("ticket", &ticket)]));
        visitor.sign_out(&mut response);
        return Ok(response);
    }
    if decision != "allow" {
        return Err(OAuthError::new(Code::InvalidRequest, "decision must be allow, deny or switch").into());
    }
    let Some(caller) = visitor.signed_in().await? else {
        return Ok(login::page(&visitor, &Question::Authorize(request), &ticket, "", None));
    };
    let scopes: Vec<ApiKeyVerb> = form.all("scope").iter().filter_map(|scope| scope.parse().ok()).collect();
    let address = visitor.identity.agree(&caller, &request, &scopes, &ticket).await?;
    Ok(onward::page(&address))
}
