//! `GET /oauth/applications`: the applications that a person allowed. `POST` takes access back or signs the browser out.

use axum::extract::RawQuery;
use axum::response::Response;
use shared::error::Error;
use shared::identity::oauth::browser::{Asked, Question};
use shared::identity::oauth::{Code, OAuthError};
use shared::ids::GrantId;

use super::form::Form;
use super::pages::{Page, applications, login, see_other};
use super::refused::Refused;
use super::visitor::Visitor;

/// Where the page is.
pub(super) const PATH: &str = "/oauth/applications";

/// The number of applications on one page.
const AT_ONCE: u32 = 20;

pub(crate) async fn page(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, Page> {
    let query = Form::parse(query.unwrap_or_default().as_bytes())?;
    let removed = query.one("removed")?.and_then(|grant| grant.parse().ok());
    show(&visitor, query.one("cursor")?.as_deref(), removed).await
}

/// Lists the applications from a cursor on. `removed` is one that was just removed: the name is looked up, because
/// anybody can write a link to this page.
async fn show(visitor: &Visitor, cursor: Option<&str>, removed: Option<GrantId>) -> Result<Response, Page> {
    let asked = Asked::new(Question::Applications)?;
    let Some(caller) = visitor.signed_in().await? else {
        let ticket = visitor.ask(asked).await?;
        return Ok(login::page(visitor, &Question::Applications, &ticket, "", None));
    };
    let list = match visitor.identity.applications(&caller, cursor, AT_ONCE).await {
        // A link that leads nowhere, or not any more.
        Err(Error::Invalid { .. }) if cursor.is_some() => return Ok(see_other(&visitor.address(PATH, &[]))),
        list => list?,
    };
    let removed = match removed {
        Some(grant) => visitor.identity.removed_application(&caller, grant).await?,
        None => None,
    };
    // A form counts for the account whose applications it shows.
    let ticket = visitor.ask(asked.to(&caller)).await?;
    let next = list.next.map(|next| visitor.address(PATH, &[("cursor", &next)]));
    Ok(applications::page(visitor, &caller, &list.results, (next.as_deref(), removed.as_deref()), &ticket))
}

pub(crate) async fn change(visitor: Visitor, form: Result<Form, Refused>) -> Result<Response, Page> {
    let form = form?;
    visitor.same_origin()?;
    let asked = visitor.asked(&form.needed("ticket")?).await?;
    if asked.question != Question::Applications {
        return Err(OAuthError::new(Code::InvalidRequest, "This form belongs to another page.").into());
    }
    let Some(caller) = visitor.signed_in().await?.filter(|caller| asked.is_to(caller)) else {
        return show(&visitor, None, None).await;
    };
    match (form.one("remove")?, form.one("decision")?.as_deref()) {
        (Some(grant), None) => {
            let unknown = |_| Error::NotFound { what: "application" };
            let grant = grant.parse::<GrantId>().map_err(unknown)?;
            visitor.identity.revoke_application(&caller, grant).await?;
            Ok(see_other(&visitor.address(PATH, &[("removed", &grant.to_string())])))
        }
        (None, Some("sign_out")) => {
            let mut response = applications::signed_out();
            visitor.sign_out(&mut response).await?;
            Ok(response)
        }
        _ => {
            let what = "send remove with the id of an application, or decision with sign_out";
            Err(OAuthError::new(Code::InvalidRequest, what).into())
        }
    }
}
