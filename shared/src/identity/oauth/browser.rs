//! Users at a browser: identified by a cookie after they sign in, and asked through forms that only their browser can
//! answer.
//!
//! Both the cookie and the form carry sealed text, so nothing is stored while the user decides. The sign-in cookie
//! names a session, and is worthless once that session has ended. A ticket is the question as it was asked, bound to
//! the browser by another cookie: a form on another site's page can have neither.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::authorize::AuthorizationRequest;
use crate::access::{AuthContext, RequestInfo};
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::identity::passwords::Password;
use crate::ids::{EnterpriseId, SessionId, UserId};
use crate::random;

/// How long a browser stays signed in.
pub const SIGNED_IN_FOR: TimeDelta = TimeDelta::hours(12);

/// How long a question may wait for an answer.
const TICKET_FOR: TimeDelta = TimeDelta::minutes(30);

const SESSION: &str = "oauth.browser";
const TICKET: &str = "oauth.ticket";

#[derive(Serialize, Deserialize)]
struct SignIn {
    session: SessionId,
    /// Seconds since 1970.
    expires: i64,
}

/// What a user is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// An application's request.
    Authorize(AuthorizationRequest),
    /// Which device: the code, if it was in the URL.
    Device(Option<String>),
    /// Whether to authorize the device with this code.
    DeviceConsent(String),
    /// Which of the applications that they allowed to remove.
    Applications,
}

/// The user whose account a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: UserId,
}

impl Person {
    fn of(caller: &AuthContext) -> Self {
        Self { enterprise: caller.enterprise_id(), user: caller.user_id() }
    }
}

/// A question, and who was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// What they are asked.
    pub question: Question,
    /// The account that the page shows; `None` while nobody is signed in.
    #[serde(default)]
    pub(super) person: Option<Person>,
    /// The same on every page with this question, so that it is answered only once.
    pub(super) nonce: String,
}

impl Asked {
    /// Creates a question, addressed to whoever signs in.
    pub fn new(question: Question) -> Result<Self> {
        Ok(Self { question, person: None, nonce: URL_SAFE_NO_PAD.encode(random::bytes::<12>()?) })
    }

    /// The same question, addressed to the caller.
    #[must_use]
    pub fn to(&self, caller: &AuthContext) -> Self {
        Self { person: Some(Person::of(caller)), ..self.clone() }
    }

    /// The same question, addressed to whoever signs in next.
    #[must_use]
    pub fn to_anybody(&self) -> Self {
        Self { person: None, ..self.clone() }
    }

    /// Whether the page showed the caller's account.
    #[must_use]
    pub fn is_to(&self, caller: &AuthContext) -> bool {
        self.person == Some(Person::of(caller))
    }

    /// Whether the page showed an account other than the caller's.
    #[must_use]
    pub fn is_to_another(&self, caller: &AuthContext) -> bool {
        self.person.is_some() && !self.is_to(caller)
    }
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    #[serde(flatten)]
    asked: Asked,
    /// Hash of the browser's cookie.
    browser: String,
    /// Seconds since 1970.
    expires: i64,
}

impl Identity {
    /// Signs a user in at a browser; returns the value of its cookie.
    pub async fn sign_in_browser(
        &self,
        request: &RequestInfo,
        email: &EmailAddress,
        password: &Password,
    ) -> Result<String> {
        // A new session each time, so that a cookie planted beforehand is worthless (session fixation).
        let signed_in = self.login_for(request, email, password, SIGNED_IN_FOR).await?;
        let content =
            SignIn { session: signed_in.session, expires: (request.at + SIGNED_IN_FOR).timestamp() };
        self.sealed(SESSION, &content, request.at).await
    }

    /// Returns the user signed in at a browser with this cookie; `None` if the session has ended.
    pub async fn browser(&self, cookie: &str, request: &RequestInfo) -> Result<Option<AuthContext>> {
        let Some(content) = self.opened::<SignIn>(SESSION, cookie, request.at).await? else {
            return Ok(None);
        };
        if content.expires <= request.at.timestamp() {
            return Ok(None);
        }
        match self.gate().resume(content.session, request.clone()).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Error::Unauthenticated(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Generates an identifier for a new browser, which tickets are bound to.
    pub fn new_browser() -> Result<String> {
        random::secret("")
    }

    /// Seals a question for a form.
    pub async fn ticket(&self, asked: Asked, browser: &str, now: DateTime<Utc>) -> Result<String> {
        let expires = (now + TICKET_FOR).timestamp();
        self.sealed(TICKET, &Ticket { asked, browser: bound(browser), expires }, now).await
    }

    /// Opens the question that a form answers; `None` if it was asked in another browser, or too long ago.
    pub async fn question(&self, ticket: &str, browser: &str, now: DateTime<Utc>) -> Result<Option<Asked>> {
        let opened = self.opened::<Ticket>(TICKET, ticket, now).await?;
        let valid = opened.filter(|it| it.browser == bound(browser) && it.expires > now.timestamp());
        Ok(valid.map(|it| it.asked))
    }

    async fn sealed(&self, purpose: &str, content: &impl Serialize, now: DateTime<Utc>) -> Result<String> {
        let text = serde_json::to_vec(content).map_err(Error::internal)?;
        self.signing_keys().seal(purpose, &text, now).await
    }

    async fn opened<T: serde::de::DeserializeOwned>(
        &self,
        purpose: &str,
        sealed: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<T>> {
        let text = self.signing_keys().open(purpose, sealed, now).await?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }
}

fn bound(browser: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(browser.as_bytes()))
}
