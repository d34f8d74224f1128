//! `GET /v1/ping/`: whether a key is valid, and whose it is. mem0's clients send this first.

use serde::Serialize;
use shared::access::AuthContext;
use shared::http::Json;
use shared::ids::{EnterpriseId, UserId};

#[derive(Serialize)]
pub(crate) struct Ping {
    status: &'static str,
    /// The tenant, in place of the organization that mem0's clients expect.
    org_id: EnterpriseId,
    /// The caller, in place of the project that they expect.
    project_id: UserId,
    /// Null for a service account.
    user_email: Option<String>,
}

pub(crate) async fn get(caller: AuthContext) -> Json<Ping> {
    Json(Ping {
        status: "ok",
        org_id: caller.enterprise_id(),
        project_id: caller.user_id(),
        user_email: caller.email().map(str::to_owned),
    })
}
