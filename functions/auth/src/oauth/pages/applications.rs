//! The page of the applications that a person allowed, on which they take access back and sign out.

use std::fmt::Write as _;

use axum::response::Response;
use http::StatusCode;
use shared::access::AuthContext;
use shared::identity::oauth::grants::ApplicationView;
use shared::identity::oauth::redirect_host;

use super::{document, escape, meaning};
use crate::oauth::applications::PATH;
use crate::oauth::visitor::Visitor;

const TITLE: &str = "Your applications";

/// Lists applications. `next` is the URL of the following ones, `removed` the name of one that was just removed.
pub(in crate::oauth) fn page(
    visitor: &Visitor,
    caller: &AuthContext,
    applications: &[ApplicationView],
    (next, removed): (Option<&str>, Option<&str>),
    ticket: &str,
) -> Response {
    let mut list = String::new();
    for one in applications {
        let may = one.scopes.iter().map(|verb| meaning(*verb).0).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            list,
            "<li><div><strong>{name}</strong><small>{may}</small>\
             <small>Allowed on {since} UTC{place}, last used on {used} UTC</small></div>\
             <button class=\"plain\" name=\"remove\" value=\"{id}\" aria-label=\"Remove {name}\">Remove</button></li>",
            name = escape(&one.name),
            since = one.created_at.format("%Y-%m-%d %H:%M"),
            used = one.last_used_at.format("%Y-%m-%d %H:%M"),
            place = place(one),
            id = one.id,
        );
    }
    let list = match list.is_empty() {
        true => "<p>No application may use your memory.</p>".to_owned(),
        false => format!("<ul class=\"list\">\n{list}</ul>"),
    };
    let removed =
        removed.map(|name| format!("<p class=\"note\" role=\"status\">{} was removed.</p>\n", escape(name)));
    let next = next.map(|next| format!("<p><a href=\"{}\">Older ones</a></p>\n", escape(next)));
    let content = format!(
        "<h1>{TITLE}</h1>\n<p class=\"quiet\">These may use the memory of {email}. What you remove is refused from its \
         next request on.</p>\n{removed}\
         <form method=\"post\" action=\"{PATH}\">\n<input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         {list}\n{next}\
         <p class=\"quiet\">Signed in as {email}. <button class=\"link\" name=\"decision\" value=\"sign_out\">Sign \
         out</button></p>\n</form>",
        email = escape(caller.email().unwrap_or_default()),
        ticket = escape(ticket),
        next = next.unwrap_or_default(),
        removed = removed.unwrap_or_default(),
    );
    let mut response = document(StatusCode::OK, TITLE, &content);
    visitor.remember(&mut response);
    response
}

/// Where an application is: several sign-ins of one tool have the same name.
fn place(one: &ApplicationView) -> String {
    let sent_to = one.redirect_uri.as_deref().map(|uri| match redirect_host(uri) {
        (_, true) => " by a program on the computer that it was allowed on".to_owned(),
        (host, false) => format!(" for {}", escape(&host)),
    });
    let from = one.ip.as_deref().map(|ip| format!(" from {}", escape(ip)));
    [sent_to, from].into_iter().flatten().collect()
}

/// Confirms that the browser is signed out.
pub(in crate::oauth) fn signed_out() -> Response {
    let content = format!(
        "<h1>You are signed out</h1>\n<p>The applications that you allowed keep their access.</p>\n\
         <p><a href=\"{PATH}\">Sign in again</a></p>"
    );
    document(StatusCode::OK, "Signed out", &content)
}
