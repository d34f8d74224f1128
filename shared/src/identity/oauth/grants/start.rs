//! Starting a grant: its session, its terms and its first tokens.

use serde_json::json;

use super::{Issued, LONGEST, NewGrant, store};
use crate::access::{IdentityTx, RequestInfo};
use crate::audit;
use crate::error::Unauthenticated;
use crate::identity::Identity;
use crate::identity::oauth::{Result, scope};
use crate::identity::refresh_tokens::{self, Family, IDLE_OF_APPLICATION};
use crate::identity::signing_keys::{ACCESS_TOKEN_LIFETIME, SigningKey, Terms};
use crate::identity::{accounts, sessions};
use crate::ids::{GrantId, SessionId};
use crate::telemetry;

impl Identity {
    /// Starts a grant for an account that is still active, and returns the first tokens.
    pub(in crate::identity::oauth) async fn start_grant(
        &self,
        tx: &IdentityTx,
        request: &RequestInfo,
        grant: &NewGrant<'_>,
        key: &SigningKey,
    ) -> Result<(GrantId, Issued)> {
        let now = request.at;
        if !accounts::lock_active(tx, grant.user, None).await? {
            return Err(crate::Error::from(Unauthenticated::Invalid).into());
        }
        let lifetime = if grant.refreshable { LONGEST } else { ACCESS_TOKEN_LIFETIME };
        let session = SessionId::generate();
        let family = Family {
            enterprise: grant.enterprise,
            user: grant.user,
            session,
            ends_at: now + lifetime,
            idle: IDLE_OF_APPLICATION,
        };
        let id = GrantId(session.uuid());
        sessions::open(tx, &family, request).await?;
        store::insert(tx, id, grant, now).await?;
        let refresh_token = match grant.refreshable {
            true => Some(refresh_tokens::begin(tx, &family, now).await?),
            false => None,
        };
        let scopes = grant.scopes.to_vec();
        let terms = Terms {
            audience: grant.resource,
            client: grant.client_id,
            scope: Some(scope::print(&scopes)),
            key: None,
        };
        let (access_token, expires_in) = key.issue_on(terms, self.gate().issuer(), &family, now)?;
        let entry = audit::Entry::new("application.authorize", id).with(json!({
            "client_id": grant.client_id, "name": grant.client_name, "scopes": scopes, "resource": grant.resource,
            "grant_type": grant.kind,
        }));
        audit::record_sign_in(tx, request, grant.enterprise, Some(grant.user), entry).await?;
        telemetry::authenticated(grant.enterprise, grant.user);
        Ok((id, Issued { access_token, expires_in, refresh_token, scopes }))
    }
}
