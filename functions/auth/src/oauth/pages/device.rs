//! The pages for devices: asking for the code, for consent, and confirming the outcome.

use axum::response::Response;
use http::StatusCode;
use shared::access::AuthContext;
use shared::identity::oauth::clients::Client;
use shared::identity::oauth::device::Waiting;

use super::{NOT_YOU, Notice, boxes, document, escape, resource, take_back};
use crate::oauth::visitor::Visitor;

/// Asks for the code that the device shows.
pub(crate) fn code_page(
    visitor: &Visitor,
    caller: &AuthContext,
    ticket: &str,
    code: &str,
    problem: Option<&str>,
) -> Response {
    let (alarm, described) = match problem {
        Some(problem) => (
            format!("<p class=\"alarm\" role=\"alert\" id=\"problem\">{}</p>", escape(problem)),
            " aria-describedby=\"problem\" aria-invalid=\"true\"",
        ),
        None => (String::new(), ""),
    };
    let content = format!(
        "<h1>Connect a device</h1>\n<p class=\"quiet\">You are signed in as {email}.</p>\n{alarm}\n\
         <form method=\"post\" action=\"/oauth/device\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <label for=\"user_code\">Code that the device shows</label>\n\
         <input class=\"code\" id=\"user_code\" name=\"user_code\" value=\"{code}\" required maxlength=\"20\" \
         autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\"{described} autofocus>\n\
         <button>Continue</button>\n{NOT_YOU}</form>",
        email = escape(caller.email().unwrap_or_default()),
        ticket = escape(ticket),
        code = escape(code),
    );
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut response = document(status, "Connect a device", &content);
    visitor.remember(&mut response);
    response
}

/// A code that is stored without its dash, as devices show it.
pub(in crate::oauth) fn dashed(code: &str) -> String {
    let (first, second) = code.split_at(4.min(code.len()));
    format!("{first}-{second}")
}

/// Asks whether a device may act for a person. The code is shown again, because a link can carry somebody else's code.
pub(in crate::oauth) fn consent_page(
    visitor: &Visitor,
    caller: &AuthContext,
    (waiting, client): (&Waiting, &Client),
    ticket: &str,
    notice: Notice,
) -> Response {
    let address = waiting.ip.as_deref().map(|ip| format!("<dt>Asks from</dt><dd>{}</dd>", escape(ip)));
    let content = format!(
        "<h1>Allow {name} to use your memory?</h1>\n{alarm}\
         <dl><dt>Account</dt><dd>{email}</dd><dt>Code</dt><dd>{code}</dd>{address}\
         <dt>Since</dt><dd>{since} UTC</dd><dt>For</dt><dd>{resource}</dd></dl>\n\
         <form method=\"post\" action=\"/oauth/device/decision\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <fieldset><legend>It may</legend>\n{boxes}</fieldset>\n\
         <p class=\"note\">Allow it only if <strong>your own device shows this code</strong> right now. If somebody sent \
         you the code or a link to it, cancel.</p>\n\
         <div class=\"row\"><button class=\"plain\" name=\"decision\" value=\"deny\">Cancel</button>\
         <button name=\"decision\" value=\"allow\">Allow</button></div>\n{NOT_YOU}</form>\n\
         {take_back}",
        take_back = take_back(),
        alarm = notice.html(),
        boxes = boxes(&waiting.scopes, notice != Notice::NothingSelected),
        name = escape(&client.name),
        code = dashed(&waiting.user_code),
        email = escape(caller.email().unwrap_or_default()),
        address = address.unwrap_or_default(),
        resource = resource(&waiting.resource),
        since = waiting.created_at.format("%H:%M"),
        ticket = escape(ticket),
    );
    let mut response = document(notice.status(), "Allow a device?", &content);
    visitor.remember(&mut response);
    response
}

/// Confirms the outcome.
pub(crate) fn done_page(visitor: &Visitor, approved: bool) -> Response {
    let (title, text) = match approved {
        true => ("The device is connected", "It will notice in a few seconds. You can close this page."),
        false => ("Nothing was connected", "The device was told. You can close this page."),
    };
    let content = format!("<h1>{title}</h1>\n<p>{text}</p>");
    let mut response = document(StatusCode::OK, title, &content);
    visitor.remember(&mut response);
    response
}
