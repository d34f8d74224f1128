//! `POST /oauth/login`: the form of the login page.

use axum::response::Response;
use shared::email::EmailAddress;
use shared::error::Error;
use shared::identity::oauth::browser::Question;
use shared::identity::passwords::Password;

use super::applications;
use super::form::Form;
use super::pages::{Page, login, seconds, see_other, wait_for};
use super::visitor::Visitor;

pub(crate) async fn login(
    visitor: Visitor,
    form: Result<Form, super::refused::Refused>,
) -> Result<Response, Page> {
    let form = form?;
    visitor.same_origin()?;
    let ticket = form.needed("ticket")?;
    let question = visitor.asked(&ticket).await?.question;
    let (email, password) =
        (form.one("email")?.unwrap_or_default(), form.one("password")?.unwrap_or_default());
    let again = |problem: &str| login::page(&visitor, &question, &ticket, &email, Some(problem));
    let (Ok(address), Ok(given)) = (email.parse::<EmailAddress>(), Password::try_from(password)) else {
        return Ok(again("Enter the email address and the password of your account."));
    };
    match visitor.identity.sign_in_browser(&visitor.request, &address, &given).await {
        Ok(cookie) => {
            let mut response = see_other(&match &question {
                Question::Authorize(_) => visitor.address("/oauth/consent", &[("ticket", &ticket)]),
                Question::Device(code) => {
                    visitor.address("/oauth/device", &[("user_code", code.as_deref().unwrap_or_default())])
                }
                Question::DeviceConsent(code) => visitor.address("/oauth/device", &[("user_code", code)]),
                Question::Applications => visitor.address(applications::PATH, &[]),
            });
            visitor.sign_in(&mut response, &cookie);
            Ok(response)
        }
        Err(Error::Unauthenticated(_)) => Ok(again("The email address or the password is not right.")),
        Err(Error::LimitReached { retry_after, .. }) => {
            let wait = again(&format!("Too many attempts. Try again in {} seconds.", seconds(retry_after)));
            Ok(wait_for(wait, retry_after))
        }
        Err(error) => Err(error.into()),
    }
}
