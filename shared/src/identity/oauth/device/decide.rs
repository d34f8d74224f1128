//! The user at a browser: identifying the device and deciding about it.

use serde_json::json;

use super::{Waiting, normalized, store, unknown_code};
use crate::access::{ApiKeyVerb, AuthContext};
use crate::audit::{self, Entry};
use crate::identity::oauth::Result;
use crate::identity::oauth::answer::Answer;
use crate::identity::oauth::browser::Asked;
use crate::identity::oauth::clients::Client;
use crate::identity::throttle::{self, Bucket};
use crate::identity::{Identity, sessions};

impl Identity {
    /// Returns the device that shows this code, for the user who is signed in. Wrong codes are counted against that
    /// user.
    pub async fn waiting_device(&self, caller: &AuthContext, typed: &str) -> Result<(Waiting, Client)> {
        let request = caller.request();
        let tx = self.gate().sign_in("oauth_device_code.lookup").await?;
        let attempt = throttle::reserve(&tx, [Bucket::user_code(caller.user_id())], request.at).await?;
        let found = store::waiting(&tx, &normalized(typed), request.at).await?;
        tx.commit().await?;
        let reserved = attempt.admitted()?;
        let found = found.ok_or_else(unknown_code)?;
        let client = self.client(&found.client_id, request).await?;
        let tx = self.gate().sign_in("oauth_device_code.found").await?;
        throttle::forgive(&tx, &reserved, request.at).await?;
        tx.commit().await?;
        Ok((found, client))
    }

    /// Records that the caller, who was asked, authorizes a device to act for them with these scopes, as far as it
    /// requested them, or refuses it if there are none. The same answer a moment later changes nothing.
    pub async fn decide_device(
        &self,
        caller: &AuthContext,
        asked: &Asked,
        user_code: &str,
        scopes: &[ApiKeyVerb],
    ) -> Result<()> {
        if !asked.is_to(caller) {
            return Err(unknown_code());
        }
        let (now, approved, answer) = (caller.request().at, !scopes.is_empty(), Answer::new(asked, scopes)?);
        let tx = self.gate().sign_in("oauth_device_code.decide").await?;
        sessions::lock_caller(&tx, caller).await?;
        let decision = if approved { "approved" } else { "denied" };
        if !store::decide(&tx, caller, &normalized(user_code), decision, scopes).await? {
            return if answer.is_repeated(&tx, now).await? { Ok(()) } else { Err(unknown_code()) };
        }
        answer.remember(&tx, now).await?;
        if !approved {
            let entry =
                Entry::new("application.decline", "").with(json!({ "grant_type": "device_code" })).refused();
            audit::record_as(&tx, caller, entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
