//! Somebody at a browser: which browser, who is signed in there, and whether a form came from one of our own pages.

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::HeaderMap;
use http::header::ORIGIN;
use http::request::Parts;
use shared::access::{AuthContext, RequestInfo};
use shared::error::Error;
use shared::http::Unproven;
use shared::identity::Identity;
use shared::identity::oauth::browser::Asked;
use shared::identity::oauth::{Code, OAuthError};

use super::cookies::Cookie;
use super::pages::Page;
use crate::State;

/// Somebody at a browser.
pub(crate) struct Visitor {
    pub(crate) identity: Identity,
    pub(crate) request: RequestInfo,
    /// Whether this installation is reached over https.
    secure: bool,
    /// The name of the browser; a new one if it had none.
    browser: String,
    headers: HeaderMap,
}

impl FromRequestParts<State> for Visitor {
    type Rejection = Page;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Page> {
        let Unproven(request) = Unproven::from_request_parts(parts, state).await?;
        let identity = state.identity.clone();
        let secure = identity.gate().issuer().starts_with("https://");
        let browser = match Cookie::Browser.read(&parts.headers, secure) {
            Some(browser) => browser,
            None => Identity::new_browser()?,
        };
        Ok(Self { identity, request, secure, browser, headers: parts.headers.clone() })
    }
}

impl Visitor {
    /// Who is signed in.
    pub(crate) async fn signed_in(&self) -> Result<Option<AuthContext>, Page> {
        let Some(cookie) = Cookie::SignedIn.read(&self.headers, self.secure) else { return Ok(None) };
        Ok(self.identity.browser(&cookie, &self.request).await?)
    }

    /// A question for this browser, as its form will carry it.
    pub(crate) async fn ask(&self, asked: Asked) -> Result<String, OAuthError> {
        Ok(self.identity.ticket(asked, &self.browser, self.request.at).await?)
    }

    /// The question that a form or an address carries.
    pub(crate) async fn asked(&self, ticket: &str) -> Result<Asked, Page> {
        let asked = self.identity.question(ticket, &self.browser, self.request.at).await?;
        asked.ok_or_else(|| {
            let what = "This page was open for too long, or was opened in another browser. Begin again in your application.";
            OAuthError::new(Code::InvalidRequest, what).into()
        })
    }

    /// Refuses a form that was not sent by a page of ours. Tickets see to it already; browsers say it too.
    pub(crate) fn same_origin(&self) -> Result<(), Page> {
        let header = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let foreign_origin = header(ORIGIN.as_str()).is_some_and(|origin| {
            // With a referrer policy of none, browsers send "null" from our own pages.
            origin != "null" && !self.is_here(origin)
        });
        let foreign_site =
            header("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
        if foreign_origin || foreign_site {
            return Err(OAuthError::new(Code::InvalidRequest, "This form was sent by another site.").into());
        }
        Ok(())
    }

    /// Whether an origin is ours: that of the public URL, or the one that the request is addressed to.
    fn is_here(&self, origin: &str) -> bool {
        let authority = |url: &str| url.split_once("://").map(|(_, rest)| rest.to_owned());
        let asked = self.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let public = self.identity.gate().issuer();
        let public = public.split('/').take(3).collect::<Vec<_>>().join("/");
        origin == public || (!self.secure && authority(origin).as_deref() == asked)
    }

    /// Signs the browser in.
    pub(crate) fn sign_in(&self, response: &mut Response, cookie: &str) {
        Cookie::SignedIn.set(response.headers_mut(), cookie, self.secure);
    }

    /// Signs out whoever is signed in: a cookie that was kept is worth nothing any more.
    pub(crate) async fn sign_out(&self, response: &mut Response) -> Result<(), Page> {
        if let Some(caller) = self.signed_in().await? {
            self.identity.logout(&caller).await?;
        }
        Cookie::SignedIn.set(response.headers_mut(), "", self.secure);
        Ok(())
    }

    /// Has the browser keep its name.
    pub(crate) fn remember(&self, response: &mut Response) {
        Cookie::Browser.set(response.headers_mut(), &self.browser, self.secure);
    }

    /// A page of ours, relative to where this installation is.
    pub(crate) fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(query);
        let base = if self.secure { self.identity.gate().issuer() } else { "" };
        format!("{base}{path}?{}", encoded.finish())
    }
}

impl From<Error> for Page {
    fn from(error: Error) -> Self {
        OAuthError::Failed(error).into()
    }
}
