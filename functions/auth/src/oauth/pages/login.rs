//! The login page.

use axum::response::Response;
use http::StatusCode;
use shared::identity::oauth::browser::Question;

use super::{document, escape};
use crate::oauth::visitor::Visitor;

/// Asks a person to sign in before they are asked a question. `email` is what they typed
/// before, `problem` what was wrong.
pub(crate) fn page(
    visitor: &Visitor,
    question: &Question,
    ticket: &str,
    email: &str,
    problem: Option<&str>,
) -> Response {
    let purpose = match question {
        Question::Authorize(request) => {
            format!("to continue to <strong>{}</strong>", escape(&request.client_name))
        }
        Question::Applications => "to see the applications that you allowed".to_owned(),
        Question::Device(_) | Question::DeviceConsent(_) => "to connect a device".to_owned(),
    };
    let (alarm, described) = match problem {
        Some(problem) => (
            format!("<p class=\"alarm\" role=\"alert\" id=\"problem\">{}</p>", escape(problem)),
            " aria-describedby=\"problem\" aria-invalid=\"true\"",
        ),
        None => (String::new(), ""),
    };
    // Focuses the field to fill in next.
    let (at_email, at_password) = if email.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    let content = format!(
        "<h1>Sign in</h1>\n<p class=\"quiet\">{purpose}</p>\n{alarm}\n\
         <form method=\"post\" action=\"/oauth/login\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <label for=\"email\">Email address</label>\n\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required maxlength=\"254\" \
         value=\"{email}\"{described}{at_email}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required \
         maxlength=\"512\"{described}{at_password}>\n\
         <button>Sign in</button>\n</form>",
        ticket = escape(ticket),
        email = escape(email),
    );
    let status = if problem.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let mut response = document(status, "Sign in", &content);
    visitor.remember(&mut response);
    response
}
