//! Starting a session: its row, its first refresh token and its first access token.

use chrono::TimeDelta;

use super::{KEPT_AFTER_END, SignedIn, store};
use crate::access::{IdentityTx, RequestInfo};
use crate::audit;
use crate::db::StoreError;
use crate::error::Result;
use crate::identity::Identity;
use crate::identity::accounts::{Account, AccountView};
use crate::identity::refresh_tokens::{self, Family};
use crate::identity::signing_keys::SigningKey;
use crate::ids::SessionId;
use crate::telemetry;

impl Identity {
    /// Signs an account in, after its owner was authenticated and it was found to be active.
    pub(in crate::identity) async fn start_session(
        &self,
        tx: &IdentityTx,
        request: &RequestInfo,
        account: &Account,
        key: &SigningKey,
        lasting: TimeDelta,
    ) -> Result<SignedIn> {
        let session = SessionId::generate();
        let family = Family {
            enterprise: account.enterprise,
            user: account.id,
            session,
            ends_at: request.at + lasting,
            idle: refresh_tokens::IDLE,
        };
        open(tx, &family, request).await?;
        let refresh_token = refresh_tokens::begin(tx, &family, request.at).await?;
        let (access_token, expires_in) = key.issue(self.gate().issuer(), &family, request.at)?;
        let entry = audit::Entry::new("session.start", session);
        audit::record_sign_in(tx, request, account.enterprise, Some(account.id), entry).await?;
        telemetry::authenticated(account.enterprise, account.id);
        Ok(SignedIn { access_token, expires_in, refresh_token, account: AccountView::from(account), session })
    }
}

/// Creates a session without any tokens.
pub(in crate::identity) async fn open(
    tx: &IdentityTx,
    family: &Family,
    request: &RequestInfo,
) -> Result<(), StoreError> {
    store::insert(tx, family, request, request.at - KEPT_AFTER_END).await
}
