//! A user's answer to a question at a browser. A question is answered once, but a second click sends the same form
//! again, and browsers show the response to the last one: for a moment, the same answer is taken again.

use chrono::{DateTime, TimeDelta, Utc};

use super::browser::{Asked, Person};
use super::{Code, OAuthError, Result, scope, spent};
use crate::access::{ApiKeyVerb, IdentityTx, SecretHash};
use crate::db::StoreError;

/// How long the same answer is taken again.
pub(super) const AGAIN: TimeDelta = TimeDelta::seconds(10);

/// How long it is remembered that a question was answered: longer than it can be asked.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// An answer: the question, which only one browser can answer, the account that it was for, and what was decided.
pub(super) struct Answer<'a> {
    asked: &'a Asked,
    person: Person,
    text: String,
}

impl<'a> Answer<'a> {
    /// The answer to a question: these scopes, or none.
    ///
    /// # Errors
    /// If the question was addressed to nobody: it was on no page that could be submitted.
    pub(super) fn new(asked: &'a Asked, scopes: &[ApiKeyVerb]) -> Result<Self> {
        let person = asked.person.ok_or_else(|| OAuthError::new(Code::InvalidRequest, "nobody was asked"))?;
        let text = format!("{} {} {}", asked.nonce, person.user, scope::print(scopes));
        Ok(Self { asked, person, text })
    }

    /// What identifies the answer in the database.
    pub(super) fn hash(&self) -> SecretHash {
        SecretHash::of(&self.text)
    }

    /// Marks the question as answered; returns false if it was answered before.
    pub(super) async fn is_first(&self, tx: &IdentityTx, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let (enterprise, until) = (self.person.enterprise, now + REMEMBERED);
        spent::spend(tx, enterprise, "oauth.consent", &self.asked.nonce, until, now).await
    }

    /// Remembers this answer for a moment.
    pub(super) async fn remember(&self, tx: &IdentityTx, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (enterprise, until) = (self.person.enterprise, now + AGAIN);
        spent::spend(tx, enterprise, "oauth.answer", &self.text, until, now).await.map(drop)
    }

    /// Whether this answer was remembered a moment ago.
    pub(super) async fn is_repeated(&self, tx: &IdentityTx, now: DateTime<Utc>) -> Result<bool, StoreError> {
        spent::is_spent(tx, self.person.enterprise, "oauth.answer", &self.text, now).await
    }
}
