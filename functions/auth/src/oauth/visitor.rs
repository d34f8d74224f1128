//! A person at a browser: which browser it is, who is signed in, and whether a form came from one of our own pages.

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

/// A person at a browser.
pub(crate) struct Visitor {
    pub(crate) identity: Identity,
    pub(crate) request: RequestInfo,
    /// Whether this installation is reached over https.
    secure: bool,
    /// The identity of the browser; a new one if it had none.
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
    /// Returns who is signed in.
    pub(crate) async fn signed_in(&self) -> Result<Option<AuthContext>, Page> {
        let Some(cookie) = Cookie::SignedIn.read(&self.headers, self.secure) else { return Ok(None) };
        Ok(self.identity.browser(&cookie, &self.request).await?)
    }

    /// Seals a question for this browser into the ticket that a form carries.
    pub(crate) async fn ask(&self, asked: Asked) -> Result<String, OAuthError> {
        Ok(self.identity.ticket(asked, &self.browser, self.request.at).await?)
    }

    /// Returns the question in the ticket of a form or a URL.
    pub(crate) async fn asked(&self, ticket: &str) -> Result<Asked, Page> {
        let asked = self.identity.question(ticket, &self.browser, self.request.at).await?;
        asked.ok_or_else(|| {
            let what = "This page was open for too long, or was opened in another browser, or the browser does not \
                        keep cookies.";
            OAuthError::new(Code::InvalidRequest, what).into()
        })
    }

    /// Refuses a form that was not sent by one of our pages. Tickets ensure this already; browsers report it too.
    pub(crate) fn same_origin(&self) -> Result<(), Page> {
        let header = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let foreign_origin = header(ORIGIN.as_str()).is_some_and(|origin| {
            // With the referrer policy `no-referrer`, browsers send "null" from our own pages.
            origin != "null" && !self.is_here(origin)
        });
        let foreign_site =
            header("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
        if foreign_origin || foreign_site {
            return Err(OAuthError::new(Code::InvalidRequest, "This form was sent by another site.").into());
        }
        Ok(())
    }

    /// Returns whether an origin is ours: that of the public URL or, without https, of the host that the request names.
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

    /// Signs out whoever is signed in. Ending the session makes copies of the cookie worthless.
    pub(crate) async fn sign_out(&self, response: &mut Response) -> Result<(), Page> {
        if let Some(caller) = self.signed_in().await? {
            self.identity.logout(&caller).await?;
        }
        Cookie::SignedIn.set(response.headers_mut(), "", self.secure);
        Ok(())
    }

    /// Sets the cookie that identifies the browser.
    pub(crate) fn remember(&self, response: &mut Response) {
        Cookie::Browser.set(response.headers_mut(), &self.browser, self.secure);
    }

    /// Returns the URL of one of our pages; relative if the installation has no https.
    pub(crate) fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(query);
        let base = if self.secure { self.identity.gate().issuer() } else { "" };
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{base}{path}{mark}{}", encoded.finish())
    }
}

impl From<Error> for Page {
    fn from(error: Error) -> Self {
        OAuthError::Failed(error).into()
    }
}
