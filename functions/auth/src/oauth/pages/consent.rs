//! The consent page: names the application, where the answer goes, and what the application may do.

use axum::response::Response;
use shared::access::AuthContext;
use shared::identity::oauth::authorize::AuthorizationRequest;
use shared::identity::oauth::redirect_host;

use super::{NOT_YOU, Notice, boxes, document, escape, resource, take_back};
use crate::oauth::visitor::Visitor;

/// Asks whether an application may act for a person. The application chooses its own name; the host, which it cannot
/// choose freely, is shown beside it.
pub(in crate::oauth) fn page(
    visitor: &Visitor,
    caller: &AuthContext,
    request: &AuthorizationRequest,
    ticket: &str,
    notice: Notice,
) -> Response {
    let (host, local) = redirect_host(&request.redirect_uri);
    let place = if local {
        "<p class=\"note\">It says that it runs <strong>on this computer</strong>. Allow it only if you have just \
         started it yourself: any program here could use that name.</p>"
            .to_owned()
    } else {
        String::new()
    };
    let known_by = match request.client_id.strip_prefix("https://") {
        Some(document) => format!(
            "<dt>Described at</dt><dd>{}</dd>",
            escape(document.split('/').next().unwrap_or_default())
        ),
        None => String::new(),
    };
    let content = format!(
        "<h1>Allow {name} to use your memory?</h1>\n{alarm}\
         <dl><dt>Account</dt><dd>{email}</dd>{known_by}<dt>Sends you to</dt><dd>{host}</dd>\
         <dt>For</dt><dd>{resource}</dd></dl>\n\
         <form method=\"post\" action=\"/oauth/consent\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <fieldset><legend>It may</legend>\n{boxes}</fieldset>\n{place}\n\
         <div class=\"row\"><button class=\"plain\" name=\"decision\" value=\"deny\">Cancel</button>\
         <button name=\"decision\" value=\"allow\">Allow</button></div>\n\
         {NOT_YOU}</form>\n{take_back}",
        take_back = take_back(),
        alarm = notice.html(),
        boxes = boxes(&request.scopes, notice != Notice::NothingSelected),
        name = escape(&request.client_name),
        email = escape(caller.email().unwrap_or_default()),
        host = escape(&host),
        resource = resource(&request.resource),
        ticket = escape(ticket),
    );
    let title = format!("Allow {}?", request.client_name);
    let mut response = document(notice.status(), &title, &content);
    visitor.remember(&mut response);
    response
}
