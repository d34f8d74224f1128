//! Asks a person whether an application may act for them: `GET` shows the question again after they
//! signed in, `POST` takes the answer.

use axum::extract::RawQuery;
use axum::response::Response;
use shared::access::ApiKeyVerb;
use shared::identity::oauth::browser::{Asked, Question};
use shared::identity::oauth::{Code, OAuthError};

use super::form::Form;
use super::pages::{Notice, Page, consent, login, onward, see_other};
use super::visitor::Visitor;

/// Asks a question, on the login page if nobody is signed in.
pub(crate) async fn ask(visitor: &Visitor, question: Question) -> Result<Response, Page> {
    show(visitor, &Asked::new(question)?, Notice::None).await
}

/// Shows the question to whoever is signed in now: the answer counts for the account that the page shows.
async fn show(visitor: &Visitor, asked: &Asked, notice: Notice) -> Result<Response, Page> {
    match (visitor.signed_in().await?, &asked.question) {
        (Some(caller), Question::Authorize(request)) => {
            let ticket = visitor.ask(asked.to(&caller)).await?;
            let notice = match asked.is_to_another(&caller) {
                true => Notice::AccountChanged,
                false => notice,
            };
            Ok(consent::page(visitor, &caller, request, &ticket, notice))
        }
        (_, question) => {
            let ticket = visitor.ask(asked.to_anybody()).await?;
            Ok(login::page(visitor, question, &ticket, "", None))
        }
    }
}

pub(crate) async fn show_again(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, Page> {
    let ticket = Form::parse(query.unwrap_or_default().as_bytes())?.needed("ticket")?;
    let asked = visitor.asked(&ticket).await?;
    show(&visitor, &asked, Notice::None).await
}

pub(crate) async fn decide(
    visitor: Visitor,
    form: Result<Form, super::refused::Refused>,
) -> Result<Response, Page> {
    let form = form?;
    visitor.same_origin()?;
    let asked = visitor.asked(&form.needed("ticket")?).await?;
    let Question::Authorize(request) = &asked.question else {
        return Err(OAuthError::new(Code::InvalidRequest, "This form belongs to another page.").into());
    };
    match form.needed("decision")?.as_str() {
        "allow" => {}
        "deny" => {
            let address = visitor.identity.decline(&asked, request, visitor.request.at).await?;
            return Ok(onward::page(&address));
        }
        "switch" => {
            let ticket = visitor.ask(asked.to_anybody()).await?;
            let mut response = see_other(&visitor.address("/oauth/consent", &[("ticket", &ticket)]));
            visitor.sign_out(&mut response).await?;
            return Ok(response);
        }
        _ => {
            return Err(
                OAuthError::new(Code::InvalidRequest, "decision must be allow, deny or switch").into()
            );
        }
    }
    let Some(caller) = visitor.signed_in().await?.filter(|caller| asked.is_to(caller)) else {
        return show(&visitor, &asked, Notice::None).await;
    };
    let scopes: Vec<ApiKeyVerb> = form.all("scope").iter().filter_map(|scope| scope.parse().ok()).collect();
    if !scopes.iter().any(|scope| request.scopes.contains(scope)) {
        return show(&visitor, &asked, Notice::NothingSelected).await;
    }
    let address = visitor.identity.agree(&caller, &asked, request, &scopes).await?;
    Ok(onward::page(&address))
}
