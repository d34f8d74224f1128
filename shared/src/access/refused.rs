//! Credentials that are not let in any more, and whose they were.

use uuid::Uuid;

use super::{Gate, IdentityTx, Proof, RequestInfo};
use crate::audit::refusal;
use crate::db::StoreError;
use crate::ids::{EnterpriseId, UserId};

/// A key or session that was revoked or has expired, or whose account is deactivated.
pub(crate) struct Refused {
    pub(crate) enterprise: EnterpriseId,
    pub(crate) user: UserId,
    /// How it was presented, as the audit log spells it.
    pub(crate) method: &'static str,
    pub(crate) credential: Uuid,
    pub(crate) reason: String,
}

impl Gate {
    /// Records that a credential was refused, if it is known whose it was: once a minute for each, so that its holder
    /// cannot fill the log.
    pub(crate) async fn note_refused(&self, proof: Proof, request: &RequestInfo) {
        if !refusal::is_first_refusal(proof, request.at) {
            return;
        }
        if let Err(error) = self.record_refused(&proof, request).await {
            tracing::error!(%error, "a refused credential could not be recorded");
        }
    }

    async fn record_refused(&self, proof: &Proof, request: &RequestInfo) -> Result<(), StoreError> {
        let tx = self.sign_in("access.refuse").await?;
        if let Some(refused) = find(&tx, proof, request).await? {
            refusal::of_credential(&tx, &refused, request).await?;
        }
        tx.commit().await
    }
}

async fn find(tx: &IdentityTx, proof: &Proof, request: &RequestInfo) -> Result<Option<Refused>, StoreError> {
    const FIND: &str = "-- access.find_refused
        SELECT r.enterprise_id, r.user_id, r.credential_id, r.reason FROM mem0.refused_credential($1, $2, $3) r";
    let (hash, session, method) = match proof {
        Proof::ApiKey(hash) => (Some(hash.as_bytes()), None, "api_key"),
        Proof::Session(session) => (None, Some(session.uuid()), "session"),
    };
    let row = tx.query_opt(FIND, &[&hash, &session, &request.at]).await?;
    Ok(row.map(|row| Refused {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        user: UserId(row.get("user_id")),
        method,
        credential: row.get("credential_id"),
        reason: row.get("reason"),
    }))
}
