//! The administration of a tenant: its tree, members, invitations and accounts. This crate only translates; the rules
//! are in `shared::tenancy`, those for deactivating accounts in `shared::identity`.
//!
//! Each file is a noun with its handlers: [`organizations`] is the tree; [`members`], [`groups`] and [`invitations`]
//! serve both the enterprise and its nodes.

mod access;
mod approval_delegates;
mod audit;
mod dissolutions;
mod enterprise;
mod group_roles;
mod groups;
mod invitations;
mod members;
mod organizations;
mod reassignments;
mod scopes;
mod sharing_policy;
mod users;

use axum::Router;
use axum::extract::FromRef;
use shared::access::Gate;
use shared::http::Routes;

/// The state that handlers share.
#[derive(Clone)]
pub struct State {
    gate: Gate,
}

impl State {
    /// Creates the state from a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

impl FromRef<State> for Gate {
    fn from_ref(state: &State) -> Self {
        state.gate.clone()
    }
}

/// The routes of this function.
#[must_use]
pub fn routes() -> Routes<State> {
    Routes::default()
        .get("/v1/enterprise", enterprise::show)
        .patch("/v1/enterprise", enterprise::change)
        .get("/v1/enterprise/sharing-policy", sharing_policy::show)
        .put("/v1/enterprise/sharing-policy", sharing_policy::replace)
        .get("/v1/enterprise/approval-delegates", approval_delegates::list)
        .post("/v1/enterprise/approval-delegates", approval_delegates::create)
        .get("/v1/enterprise/members", members::list)
        .post("/v1/enterprise/members", members::add)
        .put("/v1/enterprise/members/{user_id}", members::change)
        .delete("/v1/enterprise/members/{user_id}", members::remove)
        .get("/v1/enterprise/invitations", invitations::list)
        .post("/v1/enterprise/invitations", invitations::invite)
        .get("/v1/organizations", organizations::list)
        .post("/v1/organizations", organizations::create)
        .get("/v1/organizations/{id}", organizations::show)
        .patch("/v1/organizations/{id}", organizations::change)
        .delete("/v1/organizations/{id}", organizations::delete)
        .post("/v1/organizations/{id}/move", organizations::relocate)
        .post("/v1/organizations/{id}/dissolve", organizations::dissolve)
        .get("/v1/dissolutions", dissolutions::list)
        .get("/v1/dissolutions/{id}", dissolutions::show)
        .post("/v1/dissolutions/{id}/cancel", dissolutions::cancel)
        .get("/v1/organizations/{id}/sharing-policy", sharing_policy::show)
        .put("/v1/organizations/{id}/sharing-policy", sharing_policy::replace)
        .get("/v1/organizations/{id}/approval-delegates", approval_delegates::list)
        .post("/v1/organizations/{id}/approval-delegates", approval_delegates::create)
        .delete("/v1/approval-delegates/{id}", approval_delegates::end)
        .get("/v1/organizations/{id}/members", members::list)
        .post("/v1/organizations/{id}/members", members::add)
        .put("/v1/organizations/{id}/members/{user_id}", members::change)
        .delete("/v1/organizations/{id}/members/{user_id}", members::remove)
        .get("/v1/organizations/{id}/invitations", invitations::list)
        .post("/v1/organizations/{id}/invitations", invitations::invite)
        .get("/v1/enterprise/groups", groups::list)
        .post("/v1/enterprise/groups", groups::create)
        .get("/v1/organizations/{id}/groups", groups::list)
        .post("/v1/organizations/{id}/groups", groups::create)
        .get("/v1/groups/{id}", groups::show)
        .patch("/v1/groups/{id}", groups::change)
        .delete("/v1/groups/{id}", groups::delete)
        .get("/v1/groups/{id}/members", groups::members)
        .post("/v1/groups/{id}/members", groups::add_member)
        .delete("/v1/groups/{id}/members/{user_id}", groups::remove_member)
        .get("/v1/enterprise/group-roles", group_roles::list)
        .put("/v1/enterprise/group-roles/{group_id}", group_roles::put)
        .delete("/v1/enterprise/group-roles/{group_id}", group_roles::remove)
        .get("/v1/organizations/{id}/group-roles", group_roles::list)
        .put("/v1/organizations/{id}/group-roles/{group_id}", group_roles::put)
        .delete("/v1/organizations/{id}/group-roles/{group_id}", group_roles::remove)
        .delete("/v1/invitations/{id}", invitations::revoke)
        .get("/v1/users", users::list)
        .get("/v1/users/{id}", users::show)
        .post("/v1/users/{id}/deactivate", users::deactivate)
        .post("/v1/users/{id}/reactivate", users::reactivate)
        .post("/v1/users/{id}/reassign-memories", users::reassign)
        .get("/v1/reassignments", reassignments::list)
        .get("/v1/reassignments/{id}", reassignments::show)
        .get("/v1/users/{id}/access", access::list)
        .post("/v1/access/check", access::check)
        .get("/v1/scopes", scopes::list)
        .get("/v1/audit", audit::list)
        .get("/v1/audit/export", audit::export)
        .get("/v1/audit/anchor", audit::anchor)
        .post("/v1/audit/verify", audit::verify)
        .get("/v1/audit/settings", audit::settings)
        .put("/v1/audit/settings", audit::configure)
}

/// The function's router.
pub fn router(state: State) -> Router {
    routes().into_router(state)
}
