//! The memory REST API: the API of mem0's current clients (2.x), extended with scopes.
//!
//! This crate only translates: each file has the request and response types of a noun, and handlers that convert
//! between them around one call of [`Memories`]. Paths keep mem0's trailing slashes exactly, because its clients
//! follow no redirects. Fields that those clients are known to send are accepted; where silence would mislead, a field
//! that has no effect here is named in the answer or refused. Unknown fields are refused.
//!
//! `scope` is our extension: `personal` (the default everywhere), `team:<id>`, `division:<id>`, `department:<id>`,
//! `unit:<id>`, `organization:<id>`, `enterprise`, `public`; for reading also `all`, or a list. mem0's `user_id`,
//! `agent_id`, `app_id` and `run_id` are labels to filter by and have no influence on who may see a memory.
//!
//! Start reading at [`routes`].

use axum::Router;
use shared::http::Routes;
use shared::memory::Memories;

mod approval;
mod context;
mod entity;
mod event;
mod link;
mod memory;
mod page;
mod ping;
mod scope;
mod stats;
mod timestamp;

/// The routes of this function.
#[must_use]
pub fn routes() -> Routes<Memories> {
    Routes::default()
        .get("/v1/ping/", ping::get)
        .post("/v3/memories/add/", memory::add::post)
        .post("/v3/memories/import/", memory::import::post)
        .post("/v3/memories/search/", memory::search::post)
        .post("/v3/memories/", memory::list::post)
        .get("/v1/memories/{id}/", memory::one::get)
        .put("/v1/memories/{id}/", memory::one::put)
        .delete("/v1/memories/{id}/", memory::one::delete)
        .get("/v1/memories/{id}/history/", memory::history::get)
        .put("/v1/memories/{id}/scope/", memory::home::put)
        .get("/v1/memories/{id}/access/", memory::access::get)
        .post("/v1/memories/{id}/shares/", memory::share::post)
        .get("/v1/memories/{id}/shares/", memory::share::list)
        .delete("/v1/memories/{id}/shares/{share_id}/", memory::share::delete)
        .post("/v1/memories/{id}/links/", memory::link::post)
        .get("/v1/memories/{id}/links/", memory::link::list)
        .delete("/v1/memories/{id}/links/{link_id}/", memory::link::delete)
        .post("/v1/memories/hierarchical/", memory::hierarchical::post)
        .get("/v1/links/{token}", link::get)
        .get("/v1/approvals/", approval::list)
        .get("/v1/approvals/export/", approval::export)
        .get("/v1/approvals/{id}/", approval::get)
        .post("/v1/approvals/{id}/approve/", approval::approve)
        .post("/v1/approvals/{id}/deny/", approval::deny)
        .post("/v1/approvals/{id}/withdraw/", approval::withdraw)
        .get("/v1/contexts/", context::list)
        .post("/v1/contexts/", context::create)
        .get("/v1/contexts/{id}/", context::get)
        .patch("/v1/contexts/{id}/", context::change)
        .delete("/v1/contexts/{id}/", context::delete)
        .get("/v1/contexts/{id}/members/", context::members)
        .post("/v1/contexts/{id}/members/", context::add_member)
        .put("/v1/contexts/{id}/members/{user_id}/", context::change_member)
        .delete("/v1/contexts/{id}/members/{user_id}/", context::remove_member)
        .post("/v1/contexts/{id}/shares/", context::share)
        .get("/v1/contexts/{id}/shares/", context::shares)
        .delete("/v1/contexts/{id}/shares/{share_id}/", context::unshare)
        .post("/v1/contexts/{id}/links/", context::add_link)
        .get("/v1/contexts/{id}/links/", context::links)
        .delete("/v1/contexts/{id}/links/{link_id}/", context::remove_link)
        .delete("/v1/memories/", memory::sweep::delete)
        .put("/v1/batch/", memory::batch::put)
        .delete("/v1/batch/", memory::batch::delete)
        .post("/v1/feedback/", memory::feedback::post)
        .get("/v1/entities/", entity::list)
        .delete("/v1/entities/{kind}/{name}/", entity::delete)
        .delete("/v2/entities/{kind}/{name}/", entity::delete)
        .get("/v1/events/", event::list)
        .get("/v1/event/{id}/", event::get)
        .get("/v1/stats/", stats::get)
}

/// The function's router over these memories.
pub fn router(memories: Memories) -> Router {
    routes().into_router(memories)
}
